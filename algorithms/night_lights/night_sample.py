"""A seeded sample of nights, so that windows with many and with few clear nights are judged by equally many."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rasterio.windows import Window

from ..execution import run_blocks
from ..progress import Progress
from ..rasters import Grid
from ..settings import Resources
from .angular_fit import observation
from .night_sources import Nights, NightSource, plan_blocks


class SampledNights:
    """Some nights of a source, which are numbered anew."""

    def __init__(self, source: NightSource, nights: Sequence[int]) -> None:
        self._source, self._nights = source, nights
        self.parameter: str = source.parameter
        self.grid: Grid = source.grid
        self.dates: list[date] = [source.dates[night] for night in nights]
        self.block_shape, self.first_row = source.block_shape, source.first_row

    def read(self, nights: Sequence[int], window: Window, spare: Nights | None = None) -> Nights:
        return self._source.read([self._nights[night] for night in nights], window, spare)


def equal_nights(shares: ArrayLike, wanted: float, seed: int) -> list[int]:
    """Nights, in their order, drawn one by one until a pixel has so many valid ones in the mean; all if they don't do.

    shares: of shape (nights,), of the pixels that are valid.
    """
    valid = np.asarray(shares, dtype=np.float64)
    order = np.random.default_rng(seed).permutation(len(valid))
    enough = np.cumsum(valid[order]) >= wanted - 1e-9
    drawn = order[:int(np.argmax(enough)) + 1] if enough.any() else order
    return [int(night) for night in np.sort(drawn)]


def valid_shares(source: NightSource, limit: np.float32, resources: Resources,
                 progress: Progress) -> NDArray[np.float64]:
    """Per night, the share of the pixels with a valid night at all that are valid; one pass over the source.

    limit: largest zenith in degrees.
    """
    plan = plan_blocks(source, resources)

    def count(window: Window) -> tuple[NDArray[np.int64], int]:
        valid = np.zeros(len(source.dates), dtype=np.int64)
        seen = np.zeros((int(window.height), int(window.width)), dtype=bool)
        for batch in plan.batches:
            radiance, zenith = source.read(batch, window)
            for night, lit, angle in zip(batch, radiance, zenith):
                use = observation(lit, angle, True, limit)
                valid[night] = np.count_nonzero(use)
                seen |= use
        return valid, int(np.count_nonzero(seen))

    counts = list(run_blocks(count, plan.windows, resources, progress))
    total = sum(valid for valid, _ in counts)
    return np.asarray(total / max(1, sum(seen for _, seen in counts)), dtype=np.float64)
