"""Intervals of estimates by conformal prediction on residuals of cases that the model hasn't seen."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.9


def conformal_quantile(scores: ArrayLike, level: float = LEVEL) -> float:
    """The ceil((n + 1) level)-th smallest score (Vovk et al. 2005); infinite where there are too few of them."""
    values = np.sort(np.asarray(scores, dtype=np.float64).ravel())
    rank = int(np.ceil((len(values) + 1) * level - 1e-9))
    return float(values[rank - 1]) if 0 < rank <= len(values) else float("inf")


def blocked_quantile(scores: ArrayLike, blocks: ArrayLike, level: float = LEVEL) -> float:
    """The quantile that treats every block (place, district, month) alike, however many cases it has.

    Cases of a block depend on each other, so they count as one: each has the weight 1 / its block's cases, and one
    block more, of unknown score, stands for the new case (weighted conformal prediction, Tibshirani et al. 2019).
    scores, blocks: shape (n,). Infinite where there are too few blocks.
    """
    values = np.asarray(scores, dtype=np.float64).ravel()
    _, block, counts = np.unique(np.asarray(blocks), return_inverse=True, return_counts=True)
    order = np.argsort(values, kind="stable")
    weights: NDArray[np.float64] = (1.0 / counts[block])[order]
    reached = np.cumsum(weights) >= level * (len(counts) + 1) - 1e-9
    return float(values[order][np.argmax(reached)]) if reached.any() else float("inf")


def coverage(truth: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of the known truths inside their intervals, ends included."""
    values = np.asarray(truth, dtype=np.float64)
    known = np.isfinite(values)
    inside = (values >= np.asarray(low)) & (values <= np.asarray(high))
    return float(inside[known].mean()) if known.any() else float("nan")
