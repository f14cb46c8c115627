"""What the reader of swings sees: series of the cells that hold factories, and of the brightest cells around them."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .light_signals import FLOOR, wide_changes
from .samples import FactorySamples
from .settings import GvioSettings
from .zones import NOWHERE

CHANGE_UNIT = 0.1  # of the logarithm of light, and of output
LINEAR_SERIES = 5  # the place of the linear reading
NEAR, WIDE = 1, 3  # cells on either side
PURE = 0.7  # share of a cell that is of one land use
LEAST_PURE = 5  # cells
PART_ADDED = 0.05  # of the usual share: what is closed isn't infinitely less


@dataclass(frozen=True)
class ReaderInputs:
    """series: (cells, 6, months), change of light, whether it is known, change of the light around, near and wide, and
    of the listed share, and the linear reading. traits: (cells, 6), logarithms of usual light, of usual light over
    other light, of the share; whether factories are listed, how many, and the logarithm of other light. listed: (cells,
    months), shares of the region's output; bright: (cells,), shares of the light beyond that of other light. cell:
    (factories,), of each its cell. zone: (cells,), that of the factory whose patch holds the cell. rows: (cells,),
    indexes into samples.light."""

    series: NDArray[np.float32]
    traits: NDArray[np.float32]
    listed: NDArray[np.float32]
    bright: NDArray[np.float32]
    cell: NDArray[np.intp]
    zone: NDArray[np.int32]
    rows: NDArray[np.intp]


def reader_inputs(samples: FactorySamples, share: NDArray[np.float64], linear: NDArray[np.float64],
                  zone: NDArray[np.int32], settings: GvioSettings, reference: NDArray[np.bool_],
                  visible: NDArray[np.bool_]) -> ReaderInputs:
    """share: of factories, and linear: their swings by linear prediction, (factories, months); zone: (factories,).
    reference, visible: see light_changes."""
    changes, usual = wide_changes(samples, settings, reference, visible)
    own = samples.cells[:, samples.side**2 // 2]
    rows, cell = np.unique(own, return_inverse=True)
    held = np.zeros(len(usual), bool)
    held[rows] = True
    other = _other_light(samples, usual, held, settings)
    above = np.where(held, -np.inf, usual - other)
    most = min(len(rows), len(usual) - len(rows))
    rows = np.concatenate((rows, np.argsort(-above, kind="stable")[:most]))
    listed, swing = np.zeros((2, len(rows), share.shape[1]))
    np.add.at(listed, cell, share)
    np.add.at(swing, cell, share * linear)
    swing = np.divide(swing, listed, out=np.zeros_like(swing), where=listed > 0)
    mean = listed.mean(axis=1, keepdims=True)
    relative = np.where(mean > 0, np.log((listed + PART_ADDED * mean + 1e-9) / ((1 + PART_ADDED) * mean + 1e-9)), 0)
    known = np.isfinite(changes)
    there = np.where(known, changes, 0)
    near, wide = _around(samples, there, known, usual, rows)
    parts = (there[rows] / CHANGE_UNIT, known[rows], near / CHANGE_UNIT, wide / CHANGE_UNIT, relative,
             swing / CHANGE_UNIT)
    series = np.stack(parts, axis=1)
    light, background = usual[rows], np.maximum(other[rows], FLOOR)
    count = np.bincount(cell, minlength=len(rows))
    traits = np.column_stack((np.log(light) / 1.5 - 1.3, np.log(light / background), np.log(1e-4 + mean[:, 0]) + 6,
                              count > 0, np.minimum(count, 5) / 2, np.log(background) / 1.5 - 1))
    bright = np.maximum(light - other[rows], 0)
    first = np.full(len(usual) + 1, NOWHERE, np.int32)
    first[samples.cells[::-1].ravel()] = np.repeat(zone[::-1], samples.cells.shape[1])
    first[own] = zone
    return ReaderInputs(series.astype(np.float32), traits.astype(np.float32),
                        (listed / np.maximum(share.sum(axis=0), 1e-9)).astype(np.float32),
                        (bright / max(bright.sum(), 1e-9)).astype(np.float32), cell.astype(np.intp), first[rows], rows)


def _other_light(samples: FactorySamples, usual: NDArray[np.float64], held: NDArray[np.bool_],
                 settings: GvioSettings) -> NDArray[np.float64]:
    """What cells of the same land use without a listed factory shine, (cells,), nW/cm2/sr; of all such cells where land
    use isn't known."""
    free = ~held if not held.all() else held
    median = float(np.median(usual[free]))
    land = samples.land[:-1].astype(np.float64)
    if not land.shape[1] or not settings.land_use:
        return np.full(len(usual), median)
    levels = np.full(land.shape[1], median)
    for number, part in enumerate(land.T):
        pure = free & (part > PURE)
        if pure.sum() > LEAST_PURE:
            levels[number] = np.median(usual[pure])
    whole = land.sum(axis=1)
    return np.where(whole > 0, land @ levels / np.maximum(whole, 1e-6), median)


def _around(samples: FactorySamples, changes: NDArray[np.float32], known: NDArray[np.bool_], usual: NDArray[np.float64],
            rows: NDArray[np.intp]) -> list[NDArray[np.float32]]:
    """Mean change of the cells around each of rows, weighted by their usual light, near and wide, (rows, months)."""
    order = np.argsort(samples.positions, kind="stable")
    rising = samples.positions[order]
    row, column = np.divmod(samples.positions[rows], samples.grid.width)
    found, sums = [], np.zeros((2, len(rows), changes.shape[1]), np.float32)
    for reach in range(1, WIDE + 1):
        for down, right in _square(reach):
            inside = (column + right >= 0) & (column + right < samples.grid.width)
            wanted = (row + down) * samples.grid.width + column + right
            place = np.minimum(np.searchsorted(rising, wanted), len(rising) - 1)
            to = np.flatnonzero(inside & (rising[place] == wanted))
            of = order[place[to]]
            weight = usual[of, None].astype(np.float32)
            sums[0][to] += weight * changes[of]
            sums[1][to] += weight * known[of]
        if reach in (NEAR, WIDE):
            found.append(sums[0] / np.maximum(sums[1], np.float32(1e-3)))
    return found


def _square(reach: int) -> list[tuple[int, int]]:
    """Offsets of the cells at exactly this distance, by the larger of rows and columns."""
    span = range(-reach, reach + 1)
    return [(down, right) for down in span for right in span if max(abs(down), abs(right)) == reach]
