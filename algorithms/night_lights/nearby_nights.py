"""Single pixels of a source of nights; those around the last one are kept, because whole chunks are inflated anyway."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..execution import run_blocks
from ..progress import Progress
from ..settings import Resources
from .night_sources import Nights, NightSource

THREADS = 2  # share the inflating, which takes the time


class NearbyNights:
    """Serves several threads.

    side: rows and columns that are kept; never more rows than those of one chunk. together: nights that are read
    between two looks at whether the user has clicked elsewhere.
    """

    def __init__(self, source: NightSource, side: int, together: int) -> None:
        self.source = source
        self._side, self._together = side, together
        self._kept: tuple[Window, Nights] | None = None

    def read(self, row: int, column: int, progress: Progress) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Radiance and zenith of a pixel, each of shape (nights,). Raises InputError for files that are gone."""
        window = self._around(row, column)
        kept = self._kept
        if kept is None or kept[0] != window:
            kept = self._kept = window, self._read(window, progress)
        radiance, zenith = (values[:, row - window.row_off, column - window.col_off].copy() for values in kept[1])
        return radiance, zenith

    def _around(self, row: int, column: int) -> Window:
        source, height = self.source, self.source.block_shape[0]
        inside = (row + source.first_row) % height  # of its chunk
        top, left = row - inside % self._side, column - column % self._side
        bottom = min(top + self._side, row - inside + height, source.grid.height)
        top = max(top, 0)
        return Window(left, top, min(self._side, source.grid.width - left), bottom - top)

    def _read(self, window: Window, progress: Progress) -> Nights:
        nights = range(len(self.source.dates))
        batches = [nights[begin:begin + self._together] for begin in range(0, len(nights), self._together)]
        parts = list(run_blocks(lambda batch: self.source.read(batch, window), batches, Resources(threads=THREADS),
                                progress))
        radiance, zenith = (np.concatenate([part[stack] for part in parts]) for stack in (0, 1))
        return radiance, zenith
