"""A window as one row of numbers, for boosted trees: the day itself, the days beside it, the window's mean."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .windows import MASKED, Windows

LAGS = 2  # days before (and after, where the window is centred)
BLOCK = 65_536  # windows at a time


def window_features(values: NDArray[np.float32], windows: Windows, centred: bool,
                    location: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Shape (windows, columns), NaN where missing. values: shape (rows, features). location: of each window."""
    steps = windows.rows.shape[1]
    middle = steps // 2 if centred else steps - 1
    lags = [middle - back for back in range(1, LAGS + 1) if middle >= back]
    if centred:
        lags += [middle + ahead for ahead in range(1, LAGS + 1) if middle + ahead < steps]
    parts = [np.concatenate([values[windows.target], *(_step(values, windows, lag) for lag in lags),
                             _means(values, windows)], axis=1)]
    if location is not None:
        parts.append(location)
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _step(values: NDArray[np.float32], windows: Windows, step: int) -> NDArray[np.float32]:
    rows = windows.rows[:, step]
    gathered: NDArray[np.float32] = values[rows]
    gathered[rows == MASKED] = np.nan
    return gathered


def _means(values: NDArray[np.float32], windows: Windows) -> NDArray[np.float32]:
    """Mean over the window's days that have a value, NaN without any."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0)
    means = np.empty((len(windows.rows), values.shape[1]), np.float32)
    for start in range(0, len(windows.rows), BLOCK):
        rows = windows.rows[start:start + BLOCK]
        total = np.zeros((len(rows), values.shape[1]), np.float64)
        count = np.zeros((len(rows), values.shape[1]), np.int32)
        for step in range(rows.shape[1]):
            there = rows[:, step] != MASKED
            total[there] += filled[rows[there, step]]
            count[there] += known[rows[there, step]]
        means[start:start + BLOCK] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means
