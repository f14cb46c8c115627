"""The mean filter that leaves cells without data out."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress


def mean_filter(field: NDArray[np.float32], size: int, progress: Progress | None = None) -> NDArray[np.float32]:
    """Mean of the valid cells among the size x size around each valid cell; NaN stays NaN.

    field: shape (rows, columns). size: odd number of cells. The sums are plain ones in float64, not running ones: equal
    neighbourhoods get equal means wherever they lie, so plateaus stay plateaus.
    """
    if size == 1:
        return field
    progress = progress or Progress()
    valid = np.isfinite(field)
    sums = np.where(valid, field, 0).astype(np.float64)
    counts = valid.astype(np.float64)
    for axis in (0, 1):
        sums = _window_sums(sums, size // 2, axis, progress)
        counts = _window_sums(counts, size // 2, axis, progress)
    with np.errstate(invalid="ignore"):
        sums /= np.where(valid, counts, np.nan)
    return sums.astype(np.float32)


def _window_sums(values: NDArray[np.float64], reach: int, axis: int, progress: Progress) -> NDArray[np.float64]:
    """Sums over reach cells to either side, cells beyond the edge left out."""
    sums = values.copy()
    source, target = np.moveaxis(values, axis, 0), np.moveaxis(sums, axis, 0)
    for shift in range(1, min(reach, len(source) - 1) + 1):
        progress.check()
        target[shift:] += source[:-shift]
        target[:-shift] += source[shift:]
    return sums
