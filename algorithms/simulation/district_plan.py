"""The plan of the simulated districts: fictitious polygons with the published areas, people, and the surfaces behind.

No border is a real one: a rectangle is cut into cities, districts and units and bent by shears, which keep areas.
"""
from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from .constants import Generator
from .ranges import Draws

PUBLISHED = Path(__file__).resolve().parents[2] / "examples" / "pearl_river_districts.csv"
SECTORS = ("primary", "secondary", "tertiary")
CITY_UNITS = 30  # of a city that is one district
WAVES = ((9.0, 95.0), (7.0, 80.0), (3.0, 31.0), (2.5, 27.0))  # km: height and length of the shears, x and y in turn
STEP = 1.0  # km between the points of an edge
COSINES = 200  # that a surface is the sum of

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True)
class DistrictTable:
    """Published totals: value (districts, 3) in 100 million yuan, area in km2, population in people."""

    city: tuple[str, ...]
    name: tuple[str, ...]
    value: NDArray[np.float64]
    area: NDArray[np.float64]
    population: NDArray[np.float64]


@dataclass(frozen=True)
class DistrictPlan:
    """Units: shapes (units,) in km, district number, centre (units, 2), area in km2, people, built-up share 0 to 1, and
    surfaces (units, 3): logs of fertility, of the density of industry and of services."""

    districts: DistrictTable
    shapes: NDArray[np.object_]
    district: NDArray[np.intp]
    centre: NDArray[np.float64]
    area: NDArray[np.float64]
    people: NDArray[np.float64]
    built_up: NDArray[np.float64]
    surfaces: NDArray[np.float64]

    def city(self) -> NDArray[np.intp]:
        """Number of each unit's city, in the order of their names."""
        return np.unique(self.districts.city, return_inverse=True)[1].ravel()[self.district].astype(np.intp)


def published_districts() -> DistrictTable:
    """The 50 districts of the Pearl River Delta in Appendix B of the SemiGTX paper."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return DistrictTable(tuple(row["city"] for row in rows), tuple(row["district"] for row in rows),
                         np.array([[float(row[sector]) for sector in SECTORS] for row in rows]),
                         np.array([float(row["area_km2"]) for row in rows]),
                         np.array([float(row["population"]) for row in rows]))


def plan_districts(draws: Draws, numbers: Generator) -> DistrictPlan:
    """Units of the published districts on fictitious ground."""
    table = published_districts()
    counts = np.round(draws.many("units of a district", len(table.name))).astype(int)
    counts[[table.city.count(city) == 1 for city in table.city]] = CITY_UNITS
    spread = draws.one("spread of areas")
    shares = [np.exp(spread * numbers.standard_normal(count)) for count in counts]
    district = np.repeat(np.arange(len(counts)), counts)
    area = np.concatenate([whole * share / share.sum() for whole, share in zip(table.area, shares)])
    shapes = _bent(_rectangles(table, district, area))
    centre = shapely.get_coordinates(shapely.centroid(shapes))
    surfaces = np.column_stack([
        width * _surface(numbers, centre, size) for width, size in zip(
            draws.many("spread of the surfaces", 4), draws.many("range of the surfaces", 4))])
    people = _shared(table.population, district, area * np.exp(surfaces[:, 3]))
    density = people / area
    built_up = density / (density + draws.one("half built-up"))
    return DistrictPlan(table, shapes, district, centre, area, people, built_up, surfaces[:, :3])


def _shared(totals: NDArray[np.float64], district: NDArray[np.intp],
            weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Totals of districts shared among their units by weight, (units,)."""
    shared: NDArray[np.float64] = totals[district] * weight / np.bincount(district, weight)[district]
    return shared


def share_values(totals: NDArray[np.float64], district: NDArray[np.intp],
                 weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for each column: totals (districts, n) and weights (units, n) give (units, n)."""
    return np.column_stack([_shared(total, district, weight) for total, weight in zip(totals.T, weights.T)])


def _surface(numbers: Generator, places: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """A Gaussian field of mean 0 and standard deviation 1 at places (n, 2), correlated over size km."""
    waves = numbers.standard_normal((2, COSINES)) / size
    phase = numbers.uniform(0, 2 * np.pi, COSINES)
    field: NDArray[np.float64] = np.cos(places @ waves + phase).sum(axis=1) * np.sqrt(2 / COSINES)
    return field


def _rectangles(table: DistrictTable, district: NDArray[np.intp], area: NDArray[np.float64]) -> list[Rectangle]:
    """One rectangle per unit, side by side by city and district, with the areas."""
    width = float(np.sqrt(area.sum() * 1.4))
    cities = list(dict.fromkeys(table.city))
    in_city = [np.flatnonzero([name == city for name in table.city]) for city in cities]
    found: dict[int, Rectangle] = {}
    whole = (0.0, 0.0, width, float(area.sum()) / width)
    for members, ground in zip(in_city, _cut([float(table.area[each].sum()) for each in in_city], whole)):
        for member, part in zip(members, _cut(table.area[members].tolist(), ground)):
            units = np.flatnonzero(district == member)
            found.update(zip(units.tolist(), _cut(area[units].tolist(), part)))
    return [found[unit] for unit in range(len(area))]


def _cut(areas: Sequence[float], ground: Rectangle) -> list[Rectangle]:
    """The ground cut into rectangles of these areas, across the longer side in turn."""
    if len(areas) == 1:
        return [ground]
    left, bottom, right, top = ground
    half = len(areas) // 2
    share = sum(areas[:half]) / sum(areas)
    if right - left > top - bottom:
        middle = left + share * (right - left)
        parts = (left, bottom, middle, top), (middle, bottom, right, top)
    else:
        middle = bottom + share * (top - bottom)
        parts = (left, bottom, right, middle), (left, middle, right, top)
    return _cut(areas[:half], parts[0]) + _cut(areas[half:], parts[1])


def _bent(rectangles: Sequence[Rectangle]) -> NDArray[np.object_]:
    """Polygons whose edges have the corners of their neighbours too, bent by shears."""
    upright: defaultdict[float, set[float]] = defaultdict(set)
    level: defaultdict[float, set[float]] = defaultdict(set)
    for left, bottom, right, top in rectangles:
        for x in (left, right):
            upright[x] |= {bottom, top}
        for y in (bottom, top):
            level[y] |= {left, right}
    shapes = [shapely.Polygon([
        *((left, y) for y in _between(bottom, top, upright[left])),
        *((x, top) for x in _between(left, right, level[top])),
        *((right, y) for y in _between(bottom, top, upright[right])[::-1]),
        *((x, bottom) for x in _between(left, right, level[bottom])[::-1])])
        for left, bottom, right, top in rectangles]
    bent: NDArray[np.object_] = shapely.transform(np.array(shapes, dtype=object), _shear)
    return bent


def _between(start: float, end: float, corners: set[float]) -> list[float]:
    """Coordinates from start to end, with the corners and multiples of STEP on the way."""
    steps = np.arange(np.floor(start / STEP) + 1, np.ceil(end / STEP)) * STEP
    return sorted({start, end, *(each for each in corners if start < each < end), *steps.tolist()})


def _shear(points: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = points.copy()
    for number, (height, length) in enumerate(WAVES):
        axis = number % 2
        moved[:, axis] += height * np.sin(2 * np.pi * moved[:, 1 - axis] / length + number)
    return moved
