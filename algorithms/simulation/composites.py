"""Annual composites of the simulated nights: all angles, near nadir, off nadir; without and with snow."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .nights import EPHEMERAL, Night

ANGLES = {"AllAngle": (0.0, 90.0), "NearNadir": (0.0, 20.0), "OffNadir": (40.0, 60.0)}  # degrees of sensor zenith
SNOW = {"Snow_Free": False, "Snow_Covered": True}
FAINTEST = 0.5  # nW/cm2/sr; what lies below is written as 0
GOOD, POOR, NOT_OBSERVED = 0, 1, 255
MANY_OBSERVATIONS = 4


@dataclass(frozen=True)
class Composite:
    """Arrays of shape (rows, columns): mean and standard deviation in nW/cm2/sr (NaN without observation), number of
    observations, quality code."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    number: NDArray[np.uint16]
    quality: NDArray[np.uint8]


def annual_composites(nights: Sequence[Night]) -> dict[str, Composite]:
    """Composites named as in the product, such as NearNadir_Composite_Snow_Free."""
    sums = CompositeSums(nights[0].radiance.shape)
    for night in nights:
        sums.add(night)
    return sums.composites()


class CompositeSums:
    """Adds nights one by one, so that a year of them needn't be kept."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._parts = {f"{angle}_Composite_{state}": _Sums(shape, *limits, covered)
                       for angle, limits in ANGLES.items() for state, covered in SNOW.items()}

    def add(self, night: Night) -> None:
        for part in self._parts.values():
            part.add(night)

    def composites(self) -> dict[str, Composite]:
        """Composites of the nights so far, named as in the product."""
        return {name: part.composite() for name, part in self._parts.items()}


class _Sums:
    def __init__(self, shape: tuple[int, ...], lowest: float, highest: float, covered: bool) -> None:
        self._lowest, self._highest, self._covered = lowest, highest, covered
        self._number, self._total, self._squares = np.zeros(shape, dtype=np.uint16), np.zeros(shape), np.zeros(shape)

    def add(self, night: Night) -> None:
        zenith = night.view.zenith
        used = ((night.quality <= EPHEMERAL) & (night.snow == self._covered) & (zenith >= self._lowest)
                & (zenith <= self._highest))
        self._number += used
        values = np.where(used, night.radiance, 0).astype(np.float64)
        self._total += values
        self._squares += values**2

    def composite(self) -> Composite:
        number = self._number.copy()
        seen = number > 0
        mean = self._total / np.maximum(number, 1)
        deviation = np.sqrt(np.maximum(self._squares / np.maximum(number, 1) - mean**2, 0))
        mean[mean < FAINTEST] = 0
        quality = np.select([number >= MANY_OBSERVATIONS, seen], [GOOD, POOR], NOT_OBSERVED)
        return Composite(np.where(seen, mean, np.nan).astype(np.float32),
                         np.where(seen, deviation, np.nan).astype(np.float32), number, quality.astype(np.uint8))
