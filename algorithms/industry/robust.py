"""Medians and robust spreads, which a few faults don't move."""
from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", np.float32, np.float64)
NORMAL = 1.4826  # standard deviations of a normal distribution in its median absolute deviation


def medians(values: NDArray[Real]) -> NDArray[Real]:
    """Over the first axis, of what is no NaN; NaN where nothing is. Keeps the type."""
    if not len(values):
        return np.full(values.shape[1:], np.nan, values.dtype)
    ordered = np.sort(values, axis=0)  # NaN come last
    count = np.isfinite(values).sum(axis=0)
    lower, upper = (np.take_along_axis(ordered, each[None], axis=0)[0] for each in ((count - 1) // 2, count // 2))
    return np.asarray((lower + upper) / values.dtype.type(2), values.dtype)
