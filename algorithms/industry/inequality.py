"""How unevenly something is spread: 0 where all have the same."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy


def gini(values: ArrayLike) -> float:
    """The Gini coefficient of values of at least 0, shape (n,); NaN where nothing is there to share."""
    shares = _sorted(values)
    count, total = len(shares), shares.sum()
    if not total > 0:
        return float("nan")
    rank = np.arange(1, count + 1)
    return float(((2 * rank - count - 1) * shares).sum() / (count * total))


def theil(values: ArrayLike) -> float:
    """Theil's T of values of at least 0: the mean of v log v, v in parts of the mean; NaN likewise."""
    shares = _sorted(values)
    if not shares.sum() > 0:
        return float("nan")
    parts = shares / shares.mean()
    return float(xlogy(parts, parts).mean())


def _sorted(values: ArrayLike) -> NDArray[np.float64]:
    return np.sort(np.asarray(values, np.float64).ravel())
