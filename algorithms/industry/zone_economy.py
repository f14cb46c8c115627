"""The economy of zones: monthly sums of the map, trend, season and rest, and per year growth and inequality."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..errors import InputError
from .decomposition import Decomposition, decompose
from .inequality import gini, theil

YEAR = 12
LARGEST = 2


@dataclass(frozen=True)
class Sums:
    """Of cells in zones, each of shape (zones, months): estimates with their ends, and the part of them that comes from
    factories outside the model's ranges."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    outside: NDArray[np.float64]


@dataclass(frozen=True)
class ZoneEconomy:
    """names: of the zones. months: (months,). sums, parts: per zone and month. years: (years,). counted: (years,),
    months of each year that are there. yearly: (zones, years), sums. growth: likewise, percent over the year before,
    NaN where one of the two isn't whole. gini, theil: likewise, among the zone's cells in factory areas. pace:
    (zones,), percent per year of the trend, from its first month to its last."""

    names: tuple[str, ...]
    months: NDArray[np.int32]
    sums: Sums
    parts: Decomposition
    years: NDArray[np.int32]
    counted: NDArray[np.int32]
    yearly: NDArray[np.float64]
    growth: NDArray[np.float64]
    gini: NDArray[np.float64]
    theil: NDArray[np.float64]
    pace: NDArray[np.float64]


def zone_sums(values: NDArray[Any], zone: NDArray[np.int32], zones: int) -> NDArray[np.float64]:
    """Sums over the rows (cells, factories) of each zone, shape (zones, months); zone: (rows,), below 0 = in none."""
    inside = np.flatnonzero(zone >= 0)
    by_zone = csr_matrix((np.ones(len(inside)), (zone[inside], inside)), shape=(zones, len(zone)))
    return np.asarray(by_zone @ values, np.float64)


def zone_economy(names: tuple[str, ...], months: NDArray[np.int32], sums: Sums, series: NDArray[np.float32],
                 zone: NDArray[np.int32], in_area: NDArray[np.bool_]) -> ZoneEconomy:
    """series: what is made on each cell, shape (cells, months). zone: index into names of each cell, below 0 = in none.
    in_area: whether a cell lies in any factory's area, (cells,)."""
    parts = decompose(months, sums.value)
    years, year = np.unique(months // YEAR, return_inverse=True)
    counted = np.bincount(year.ravel()).astype(np.int32)
    yearly = np.column_stack([sums.value[:, year == index].sum(axis=1) for index in range(len(years))])
    growth = np.full(yearly.shape, np.nan)
    whole = (counted[1:] == YEAR) & (counted[:-1] == YEAR) & (np.diff(years) == 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        growth[:, 1:][:, whole] = 100 * (yearly[:, 1:] / yearly[:, :-1] - 1)[:, whole]
        pace = 100 * ((parts.trend[:, -1] / parts.trend[:, 0])**(YEAR / max(1, len(months) - 1)) - 1)
    growth[~np.isfinite(growth)] = np.nan
    uneven = np.full((2, *yearly.shape), np.nan)
    for index in range(len(years)):
        made = series[:, year == index].sum(axis=1, dtype=np.float64)
        for place in range(len(names)):
            cells = made[(zone == place) & in_area]
            uneven[:, place, index] = gini(cells), theil(cells)
    return ZoneEconomy(names, months, sums, parts, years.astype(np.int32), counted, yearly, growth, uneven[0],
                       uneven[1], pace)


def compared_zones(economy: ZoneEconomy, compare: str) -> tuple[int, ...]:
    """Indexes of the zones that named_zones finds, else of the two with the largest output; empty where there is one
    zone."""
    if compare.strip():
        return named_zones(economy.names, compare)
    order = np.argsort(-economy.sums.value.sum(axis=1), kind="stable")[:LARGEST]
    return tuple(sorted(order.tolist())) if len(order) == LARGEST else ()


def named_zones(zones: tuple[str, ...], compare: str) -> tuple[int, ...]:
    """Indexes of the two zones that a user names, parted by ;, none where compare is empty. Raises InputError for what
    isn't two zones."""
    if not compare.strip():
        return ()
    names = [name.strip() for name in compare.split(";")]
    if len(set(names)) != LARGEST or not set(names) <= set(zones):
        known = ", ".join(f"'{name}'" for name in zones[:6])
        raise InputError("COMPARE", f"'{compare}' was given, and the zones are {known}",
                         "name two of them, parted by ;")
    return tuple(zones.index(name) for name in names)
