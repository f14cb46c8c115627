"""Estimates of factories as monthly maps, by the linear relation between the radiance of factory areas and estimates.

A factory's line is value = base + slope x radiance of its area. A line is linear in the cells too: each gets its share
of the base and slope x its own light, so a map sums up to what the lines say of the factories (Gong et al. 2025 name
the linear relation, and no equation).
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from .factory_areas import FactoryAreas


@dataclass(frozen=True)
class Lines:
    """base, slope: shape (factories, months), float64, both at least 0."""

    base: NDArray[np.float64]
    slope: NDArray[np.float64]


def area_radiance(areas: FactoryAreas, months: int, progress: Progress) -> NDArray[np.float64]:
    """Radiance of the factories' areas, shape (factories, months); 0 while they are closed."""
    columns = []
    for month in range(months):
        progress.report(month / months)
        columns.append(areas.per_factory(areas.shares_and_light(month)[1]))
    return np.column_stack(columns)


def fit_lines(relation: str, radiance: NDArray[np.float64], values: NDArray[np.float64],
              is_open: NDArray[np.bool_], group: NDArray[np.int32]) -> Lines:
    """radiance, values, is_open: shape (factories, months). group: (factories,), such as zones; each has its own lines.

    relation factory: the line of every factory and month through 0, which keeps its estimate. month, pooled: one line
    for all factories of the group, in each month or in all, that holds the sum of their estimates.
    """
    values = np.where(is_open, values, 0)
    if relation == "factory":
        lit = radiance > 0
        slope = np.divide(values, radiance, out=np.zeros_like(values), where=lit)
        return Lines(np.where(lit, 0, values), slope)
    base, slope = np.zeros_like(values), np.zeros_like(values)
    months = np.arange(values.shape[1])
    for each in np.unique(group):
        members = group == each
        for together in ([month] for month in months) if relation == "month" else [months]:
            chosen = np.ix_(members, together)
            there = is_open[chosen]
            line = _line(radiance[chosen][there], values[chosen][there])
            base[chosen], slope[chosen] = line[0] * there, line[1] * there
    return Lines(base, slope)


def _line(radiance: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """Base and slope of least squares; where one of them would be negative, the other alone. In every case what the
    line says adds up to the values, which least squares through 0 wouldn't keep."""
    if not len(values):
        return 0.0, 0.0
    centred = radiance - radiance.mean()
    spread = float((centred**2).sum())
    slope = float((centred * values).sum()) / spread if spread > 0 else 0.0
    if slope <= 0:
        return float(values.mean()), 0.0
    base = float(values.mean() - slope * radiance.mean())
    return (base, slope) if base >= 0 else (0.0, float(values.sum() / radiance.sum()))


def cell_series(areas: FactoryAreas, lines: Lines, cells: int, progress: Progress) -> NDArray[np.float32]:
    """What is made on each of the cells, shape (cells, months)."""
    months = lines.base.shape[1]
    series = np.empty((cells, months), np.float32)
    for month in range(months):
        progress.report(month / months)
        share, light = areas.shares_and_light(month)
        values = lines.base[areas.factory, month] * share + lines.slope[areas.factory, month] * light
        series[:, month] = np.bincount(areas.cell, values, cells + 1)[:cells]
    return series
