"""Scores of estimates in space and time: pooled, per day over sites, per site over days, on high days, by distance."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import scores

HIGH = 35.0  # ug/m3
FEWEST = 5  # cases of a day or a site that is scored alone
NAMES = ("r2", "rmse", "mae", "mbe")
KINDS = ("", "day_", "site_", "high_")
ALL_NAMES = tuple(f"{kind}{name}" for kind in KINDS for name in NAMES)
DISTANCE_EDGES = (0.0, 10.0, 25.0, 50.0, 100.0, 200.0, 400.0, np.inf)  # km


@dataclass(frozen=True)
class DistanceBin:
    """Scores of the windows whose place lies so many kilometres from the nearest training place. windows: how many;
    the scores are over all their estimates."""

    low_km: float
    high_km: float
    windows: int
    r2: float
    rmse: float


def plain_scores(truth: NDArray[np.float64], estimate: NDArray[np.float64]) -> dict[str, float]:
    """R2, RMSE, MAE, MBE (ug/m3, positive where estimates are too high) over all cases."""
    return {name: float(getattr(scores, name)(truth, estimate)) for name in NAMES}


def all_scores(truth: NDArray[np.float64], estimate: NDArray[np.float64], day: NDArray[np.int32],
               site: NDArray[np.int32]) -> dict[str, float]:
    """The keys are ALL_NAMES: pooled; medians over the days of scores over the sites (day_) and over the sites of
    scores over the days (site_), of those with FEWEST cases; pooled over what is at least HIGH (high_). NaN without
    cases. All arrays have the shape (cases,)."""
    high = truth >= HIGH
    found = [plain_scores(truth, estimate), _medians(truth, estimate, day), _medians(truth, estimate, site),
             plain_scores(truth[high], estimate[high])]
    return {f"{kind}{name}": each[name] for kind, each in zip(KINDS, found) for name in NAMES}


def by_distance(truth: NDArray[np.float64], estimate: NDArray[np.float64],
                distance_km: NDArray[np.float64], window: NDArray[np.intp]) -> list[DistanceBin]:
    """Scores in the bins of DISTANCE_EDGES that hold at least FEWEST windows; R2 is over the bin's own variance.

    All arrays have the shape (estimates,). window: numbers, the same where a window was tested again.
    """
    found = []
    for low, high in zip(DISTANCE_EDGES, DISTANCE_EDGES[1:]):
        inside = (distance_km >= low) & (distance_km < high)
        windows = len(np.unique(window[inside]))
        if windows >= FEWEST:
            found.append(DistanceBin(low, high, windows, scores.r2(truth[inside], estimate[inside]),
                                     scores.rmse(truth[inside], estimate[inside])))
    return found


def _medians(truth: NDArray[np.float64], estimate: NDArray[np.float64], group: NDArray[np.int32]) -> dict[str, float]:
    """The median over groups with FEWEST cases of each score."""
    _, which, counts = np.unique(group, return_inverse=True, return_counts=True)
    kept = counts >= FEWEST

    def means(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(which.ravel(), values, len(counts)) / counts)

    error = estimate - truth
    variance, squared = means((truth - means(truth)[which.ravel()]) ** 2), means(error**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = {"r2": np.where(variance > 0, 1 - squared / variance, np.nan), "rmse": np.sqrt(squared),
                "mae": means(np.abs(error)), "mbe": means(error)}
    known = {name: values[kept & np.isfinite(values)] for name, values in each.items()}
    return {name: float(np.median(values)) if len(values) else float("nan") for name, values in known.items()}
