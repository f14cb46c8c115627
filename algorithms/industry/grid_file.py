"""Writes values of some cells as the bands of a raster, strip by strip."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from ..rasters import TILE, Grid, RasterWriter, plan_windows
from ..settings import Resources

STRIP_SHARE = 0.1  # of the memory


def write_cells(parameter: str, path: str, grid: Grid, positions: NDArray[np.int32], values: NDArray[Any],
                descriptions: Sequence[str], unit: str, resources: Resources, progress: Progress) -> None:
    """positions: flat indexes in the grid, rising. values: shape (cells, bands); all other cells have no data."""
    bands = len(descriptions)
    windows = plan_windows(grid.width, grid.height, (TILE, TILE), 8 * bands, STRIP_SHARE * resources.max_bytes)
    row, column = np.divmod(positions, grid.width)
    with RasterWriter(parameter, path, grid, descriptions, "float32", np.nan, unit) as writer:
        for done, window in enumerate(windows):
            progress.report(done / len(windows))
            first, last = np.searchsorted(row, (window.row_off, window.row_off + window.height))
            inside = np.flatnonzero((column[first:last] >= window.col_off)
                                    & (column[first:last] < window.col_off + window.width)) + first
            part = np.full((bands, window.height, window.width), np.nan, np.float32)
            part[:, row[inside] - window.row_off, column[inside] - window.col_off] = values[inside].T
            writer.write(part, window)
