"""How good estimates are: the scores that all reports share."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def r2(truth: ArrayLike, estimate: ArrayLike) -> float:
    """Coefficient of determination, 1 - SSE / SST around the truth's own mean; NaN where the truth doesn't vary."""
    measured, residuals = _pair(truth, estimate)
    spread = float(((measured - measured.mean()) ** 2).sum()) if len(measured) else 0.0
    return 1 - float((residuals**2).sum()) / spread if spread > 0 else float("nan")


def rmse(truth: ArrayLike, estimate: ArrayLike) -> float:
    _, residuals = _pair(truth, estimate)
    return float(np.sqrt((residuals**2).mean())) if len(residuals) else float("nan")


def mae(truth: ArrayLike, estimate: ArrayLike) -> float:
    _, residuals = _pair(truth, estimate)
    return float(np.abs(residuals).mean()) if len(residuals) else float("nan")


def mbe(truth: ArrayLike, estimate: ArrayLike) -> float:
    """Mean bias error: positive where the estimates are too high."""
    _, residuals = _pair(truth, estimate)
    return float(residuals.mean()) if len(residuals) else float("nan")


def wilson_interval(hits: float, trials: float, deviate: float = 1.959964) -> tuple[float, float]:
    """Interval of a share (Wilson 1927), 95 % by default; (0, 1) without trials."""
    if trials <= 0:
        return 0.0, 1.0
    share, square = hits / trials, deviate**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = deviate / (1 + square / trials) * np.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _pair(truth: ArrayLike, estimate: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The truth and estimate minus truth, where both are numbers."""
    measured, estimated = np.asarray(truth, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    known = np.isfinite(measured) & np.isfinite(estimated)
    return measured[known], estimated[known] - measured[known]
