"""Samples: the light around every factory in every month, kept once per cell however many factories share it.

`FactorySamples` is what models are trained on. Patches and statistics of 100,000 factories and 96 months would take
gigabytes; so the light of the cells that lie in any patch is kept, with the index of each factory's cells, and patches,
weights and statistics are gathered for the factories and months that are asked for.

- `light[cells[f]]` is the patch of factory f over all months: (side^2, months), north-west corner first. NaN is what
  was not observed, or lies beyond the raster (the last row of `light`). Negative values are kept, flares are cut.
- `weights` are shares: over the open factories that hold a cell in their buffers they add up to 1, so a sum of weights
  x light over factories counts no light twice.
- `statistics` are columns named by `statistic_names`; `region` has one row per month for all factories.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..execution import run_blocks
from ..progress import Progress
from ..rasters import Grid
from ..settings import Resources
from .factories import Factories
from .neighbourhoods import NO_CELL, Neighbourhoods
from .region_statistics import RegionStatistics

RING_STATISTICS = ("mean", "sd", "sum", "max", "valid")
LAND_STATISTICS = ("mean", "sum")
MOST_ROWS = 1_000_000
TOGETHER = 128  # factories: their patches over all months stay in the processor's cache


@dataclass(frozen=True)
class FactorySamples:
    """light: shape (cells + 1, months), float32. cells: (factories, side^2), int32, rows of light. positions: (cells,),
    flat index of each row in the grid. ring: (factories, side^2), see Neighbourhoods. claim: likewise, float32.
    claimed: (cells + 1, months), float32, sum of the claims of the open factories; (cells + 1, 1) where all are always
    open. land: (cells + 1, classes), float32, share of each class. foot, slope: (months,), see month_effects.py. cut:
    values of all cells that were cut as flares.
    """

    factories: Factories
    grid: Grid
    months: NDArray[np.int32]
    radii: tuple[float, ...]
    side: int
    light: NDArray[np.float32]
    cells: NDArray[np.int32]
    positions: NDArray[np.int32]
    ring: NDArray[np.uint8]
    claim: NDArray[np.float32]
    claimed: NDArray[np.float32]
    land_names: tuple[str, ...]
    land: NDArray[np.float32]
    region: RegionStatistics
    foot: NDArray[np.float64]
    slope: NDArray[np.float64]
    cut: int

    def patches(self, factory: NDArray[np.intp], month: NDArray[np.intp]) -> NDArray[np.float32]:
        """Radiance of shape (n, side, side) for n pairs of a factory and a month (both as indexes)."""
        patches: NDArray[np.float32] = self.light[self.cells[factory], month[:, None]]
        return patches.reshape(-1, self.side, self.side)

    def weights(self, factory: NDArray[np.intp], month: NDArray[np.intp]) -> NDArray[np.float32]:
        """Share of each cell's light that is the factory's, shape (n, side, side); 0 while it is closed."""
        months = self.months[month]
        is_open = (months >= self.factories.opened[factory]) & (months <= self.factories.closed[factory])
        total = self.claimed[self.cells[factory], month[:, None] if self.claimed.shape[1] > 1 else 0]
        return _shares(self.claim[factory] * is_open[:, None], total).reshape(-1, self.side, self.side)

    @property
    def statistic_names(self) -> tuple[str, ...]:
        """Such as ring_1_mean for the innermost ring and, for the class at index 0, land_0_mean."""
        rings = (f"ring_{number}_{name}" for number in range(1, len(self.radii) + 1) for name in RING_STATISTICS)
        lands = (f"land_{index}_{name}" for index in range(len(self.land_names)) for name in LAND_STATISTICS)
        return (*rings, *lands)

    def statistics(self, factory: NDArray[np.intp]) -> NDArray[np.float32]:
        """Shape (n, months, len(statistic_names)) for n factories by index.

        Per ring: mean, standard deviation and maximum of the observed cells; sum: weights x light, with the mean of the
        ring's observed cells for those that weren't observed; share of observed cells. Per land use, over all rings:
        mean by the share of the class, and the sum of weights x share x light. NaN where nothing was observed.
        """
        light = self.light[self.cells[factory]]
        known = np.isfinite(light)
        ring, claim = self.ring[factory], self.claim[factory]
        total = self.claimed[self.cells[factory]]
        is_open = self.factories.select(factory).is_open(self.months)[:, :total.shape[2]]
        weights = _shares(claim[:, :, None] * is_open[:, None], total)
        parts = [_ring_columns(*_of_ring(ring == index, light, known, weights)) for index in range(len(self.radii))]
        if self.land_names:
            there = np.where(known, light, 0)
            inside = (claim > 0)[:, :, None]
            land = self.land[self.cells[factory]] * inside
            parts.append(_land_columns(land, there, known, weights))
        return np.concatenate(parts, axis=2)


def statistics_blocks(samples: FactorySamples, resources: Resources,
                      progress: Progress) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Indexes of factories and their statistics, all factories in order, some at a time."""
    every = np.arange(len(samples.factories))
    blocks = [every[start:start + TOGETHER] for start in range(0, len(every), TOGETHER)]
    yield from zip(blocks, run_blocks(samples.statistics, blocks, resources, progress))


def _shares(claim: NDArray[np.float32], total: NDArray[np.float32]) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = np.divide(claim, total, out=np.zeros(np.broadcast(claim, total).shape, np.float32),
                                            where=total > 0)
    return shares


def _of_ring(chosen: NDArray[np.bool_], light: NDArray[np.float32], known: NDArray[np.bool_],
             weights: NDArray[np.float32],
             ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32], NDArray[np.intp]]:
    """Light, whether it is known, and weights of the ring's cells alone, shape (n, most cells, months), and how many
    cells each ring has; it is filled up with unknown cells without weight."""
    size = chosen.sum(axis=1)
    width = max(1, int(size.max(initial=0)))
    order = np.argsort(~chosen, axis=1, kind="stable")[:, :width]
    rows = np.arange(len(order))[:, None]
    real = (np.arange(width) < size[:, None])[:, :, None]
    return light[rows, order], known[rows, order] & real, weights[rows, order] * real, size


def _ring_columns(light: NDArray[np.float32], known: NDArray[np.bool_], weights: NDArray[np.float32],
                  size: NDArray[np.intp]) -> NDArray[np.float32]:
    """RING_STATISTICS of shape (n, months, 5)."""
    count = known.sum(axis=1, dtype=np.float32)
    there = np.where(known, light, np.float32(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = there.sum(axis=1) / count
        deviation = np.sqrt((np.where(known, light - mean[:, None], np.float32(0))**2).sum(axis=1) / count)
        # Not observed isn't dark: unseen cells count with the mean of those that were seen.
        unseen = np.where(known, np.float32(0), weights).sum(axis=1) * mean
        total = (there * weights).sum(axis=1) + unseen
        highest = np.where(known, light, -np.float32(np.inf)).max(axis=1)
        valid = count / size[:, None].astype(np.float32)
    highest[count == 0] = np.nan
    return np.stack((mean, deviation, total, highest, valid), axis=2)


def _land_columns(land: NDArray[np.float32], light: NDArray[np.float32], known: NDArray[np.bool_],
                  weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """LAND_STATISTICS of shape (n, months, 2 x classes); land: (n, cells, classes), light 0 where not known."""
    by_class = land.transpose(0, 2, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = by_class @ light / (by_class @ known.astype(np.float32))
    total = by_class @ (light * weights)
    columns = np.stack((mean, total), axis=2)  # (n, classes, 2, months)
    return columns.reshape(len(land), -1, light.shape[2]).transpose(0, 2, 1)


def check_memory(around: Neighbourhoods, used: int, months: int, dated: bool, resources: Resources) -> None:
    """Raises InputError where samples of so many cells and months need more than Resources.max_memory allows."""
    needed = 13 * around.cell.size + 4 * used * months * (2 if dated else 1)
    if needed > resources.max_bytes // 2:
        raise InputError("MAX_MEMORY", f"the light around {len(around.cell)} factories ({used} cells, {months} months) "
                         f"needs about {2 * needed // 2**20} MiB, and {resources.max_memory} are allowed",
                         "raise it, or choose fewer months or factories")


def check_rows(parameter: str, factories: Factories, months: NDArray[np.int32], what_to_do: str) -> None:
    """Raises InputError where a layer with a row per factory and open month would have more than MOST_ROWS."""
    rows = int(factories.is_open(months).sum())
    if rows > MOST_ROWS:
        raise InputError(parameter, f"{rows} rows would be written ({len(factories)} factories, {len(months)} months)",
                         f"{what_to_do}, for at most {MOST_ROWS} rows")


def number_cells(around: Neighbourhoods) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Positions of the cells in any patch, rising, and each patch's cells as indexes into them; those beyond the grid
    get the number after the last."""
    positions = np.unique(around.cell)
    positions = positions[positions != NO_CELL]
    cells = np.where(around.cell == NO_CELL, len(positions), np.searchsorted(positions, around.cell))
    return positions.astype(np.int32), cells.astype(np.int32)
