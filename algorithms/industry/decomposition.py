"""Trend, season and rest of monthly series: STL with a season that repeats (Cleveland et al. 1990), on logarithms.

Season is the mean of each calendar month of what the trend leaves, trend is loess of what the season leaves, in turn.
Their product with the rest is the series.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_MONTHS = 24
SPAN = 19  # months: the next odd number above 1.5 x 12, as the authors advise for a season that repeats
ROUNDS = 20
METHOD = "STL on logarithms with a season that repeats (Cleveland et al. 1990)"


@dataclass(frozen=True)
class Decomposition:
    """trend in the unit of the series, season and rest as factors, each of shape (..., months); NaN where the series
    is shorter than LEAST_MONTHS, not above 0 throughout, or has gaps."""

    trend: NDArray[np.float64]
    season: NDArray[np.float64]
    rest: NDArray[np.float64]


def decompose(months: NDArray[np.int32], values: NDArray[np.float64]) -> Decomposition:
    """months: shape (months,), rising month numbers. values: (..., months)."""
    nothing = np.full(values.shape, np.nan)
    whole = len(months) >= LEAST_MONTHS and bool((np.diff(months) == 1).all())
    good = (np.isfinite(values) & (values > 0)).all(axis=-1)
    if not whole or not good.any():
        return Decomposition(nothing, nothing.copy(), nothing.copy())
    logs = np.log(values[good])
    smoother, by_month = _loess(len(months), SPAN), _monthly_means(months)
    season = np.zeros_like(logs)
    for _ in range(ROUNDS):
        trend = (logs - season) @ smoother.T
        season = (logs - trend) @ by_month.T
        season -= (season[:, :12]).mean(axis=1, keepdims=True)
    trend = (logs - season) @ smoother.T
    parts = []
    for each in (trend, season, logs - trend - season):
        part = nothing.copy()
        part[good] = np.exp(each)
        parts.append(part)
    return Decomposition(*parts)


def _loess(count: int, span: int) -> NDArray[np.float64]:
    """The matrix of local straight lines with tricube weights over the nearest span places, shape (count, count)."""
    place = np.arange(count, dtype=np.float64)
    matrix = np.empty((count, count))
    for row in range(count):
        distance = np.abs(place - row)
        reach = np.sort(distance)[min(span, count) - 1] * max(1, span / count)
        weights = np.clip(1 - (distance / (reach + 1e-9))**3, 0, None)**3
        centre = (weights * place).sum() / weights.sum()
        spread = (weights * (place - centre)**2).sum()
        matrix[row] = weights / weights.sum() + weights * (place - centre) * (row - centre) / spread
    return matrix


def _monthly_means(months: NDArray[np.int32]) -> NDArray[np.float64]:
    """The matrix that replaces each month by the mean of its calendar month."""
    same = (months[:, None] - months) % 12 == 0
    return np.asarray(same / same.sum(axis=1, keepdims=True), np.float64)
