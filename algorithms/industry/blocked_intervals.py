"""Intervals of estimated totals: conformal, on residuals of months that weren't learnt from, scaled by the spread."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..conformal import blocked_quantile, coverage
from .labels import Labels


@dataclass(frozen=True)
class BlockedIntervals:
    """quantile: an interval reaches from estimate / w to estimate x w, w the exponential of quantile x the relative
    spread; infinite where there are too few months. low, high: shape (labels,), each by the quantile of the other
    folds' residuals. coverage: share of labels inside; cases: how many those are."""

    quantile: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    coverage: float
    cases: int


def blocked_intervals(labels: Labels, estimates: NDArray[np.float64], spread: NDArray[np.float64],
                      fold: NDArray[np.int32]) -> BlockedIntervals:
    """estimates, spread, fold: shape (labels,); fold 0 = not tested. The labels of one period count as one case,
    because their errors go together."""
    tested = (fold > 0) & (estimates > 0) & (labels.value > 0)
    relative = np.divide(spread, estimates, out=np.full(len(labels), np.nan), where=tested)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.abs(np.log(labels.value / estimates)) / relative
    low, high = np.full((2, len(labels)), np.nan)
    for number in np.unique(fold[tested]):
        inside, others = tested & (fold == number), tested & (fold != number)
        quantile = blocked_quantile(scores[others], labels.last[others])
        width = np.exp(quantile * relative[inside]) if np.isfinite(quantile) else np.nan
        low[inside], high[inside] = estimates[inside] / width, estimates[inside] * width
    known = np.isfinite(high)
    return BlockedIntervals(blocked_quantile(scores[tested], labels.last[tested]), low, high,
                            coverage(labels.value[known], low[known], high[known]), int(known.sum()))
