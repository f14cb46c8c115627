"""How unlike the training data something is (Meyer and Pebesma 2021, Methods in Ecology and Evolution 12, 1620)."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .inner_folds import Sides

MOST_REFERENCES = 2000
TOGETHER = 2048  # rows whose distances are in memory
ARRAYS = ("weights", "references", "limits")


@dataclass(frozen=True)
class Applicability:
    """weights: importance of each predictor, shape (width,). references: training data times weights, (n, width).
    limits: mean distance between them, and the dissimilarity up to which the folds' errors speak."""

    weights: NDArray[np.float64]
    references: NDArray[np.float64]
    limits: NDArray[np.float64]

    def dissimilarity(self, predictors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance to the nearest training data over their mean distance. predictors: (rows, width)."""
        return np.asarray(nearest(predictors * self.weights, self.references) / self.limits[0])

    @property
    def threshold(self) -> float:
        return float(self.limits[1])

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"applicability.weights": self.weights.astype(np.float32), "applicability.limits": self.limits,
                "applicability.references": self.references.astype(np.float32)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Applicability:
        return cls(*(arrays[f"applicability.{name}"].astype(np.float64) for name in ARRAYS))


def fit_applicability(predictors: NDArray[np.float64], importance: NDArray[np.float64],
                      folds: list[Sides]) -> Applicability:
    """predictors: of the training data, shape (rows, width). importance: (width,), of each over its spread, negative
    counts as 0.

    folds: rows that were learnt from and checked. The threshold is the largest dissimilarity of a row to those of the
    folds that don't hold it, outliers (beyond 1.5 interquartile ranges above the third quartile) left out. Of many rows
    some are taken, the same every time.
    """
    importance = np.maximum(importance, 0) if (importance > 0).any() else np.ones(len(importance))
    spread = predictors.std(axis=0)
    weights = np.divide(importance, spread, out=np.zeros(len(spread)), where=spread > 1e-9)
    weights = weights.astype(np.float32).astype(np.float64)
    chosen = np.zeros(len(predictors), dtype=bool)
    chosen[np.random.default_rng(1).permutation(len(predictors))[:MOST_REFERENCES]] = True
    weighted = (predictors * weights).astype(np.float32).astype(np.float64)
    references = weighted[chosen]
    mean = _mean_distance(references)
    apart = np.full(len(predictors), np.nan)
    for learn, check in folds:
        known = learn[chosen[learn]]
        if len(known):
            apart[check] = nearest(weighted[check], weighted[known]) / mean
    apart = apart[np.isfinite(apart)]
    if not len(apart):
        return Applicability(weights, references, np.array([mean, np.inf]))
    first, third = np.quantile(apart, (0.25, 0.75))
    largest = apart[apart <= third + 1.5 * (third - first)].max()
    return Applicability(weights, references, np.array([mean, max(largest, 1e-12)]))


def nearest(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of every point to the nearest other one, shape (points,)."""
    found = np.empty(len(points))
    for start in range(0, len(points), TOGETHER):
        found[start:start + TOGETHER] = np.sqrt(_squares(points[start:start + TOGETHER], others).min(axis=1))
    return found


def _mean_distance(points: NDArray[np.float64]) -> float:
    count = len(points)
    total = sum(float(np.sqrt(_squares(points[start:start + TOGETHER], points)).sum())
                for start in range(0, count, TOGETHER))
    return max(total / max(1, count * (count - 1)), 1e-12)


def _squares(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    products = points @ others.T
    return np.asarray(np.maximum((points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * products, 0))
