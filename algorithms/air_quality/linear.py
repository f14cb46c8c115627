"""Ridge regression that can be stored as arrays."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .inner_folds import Sides

PENALTIES = np.logspace(0, 5, 11)


@dataclass(frozen=True)
class Ridge:
    """weights: shape (features,), ug/m3 per unit of a feature. baseline: the estimate where all features are 0."""

    weights: NDArray[np.float64]
    baseline: float

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """features: shape (rows, features). Returns shape (rows,)."""
        return np.asarray(features @ self.weights + self.baseline, dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"ridge.weights": self.weights, "ridge.baseline": np.array([self.baseline])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Ridge:
        return cls(arrays["ridge.weights"].astype(np.float64), float(arrays["ridge.baseline"][0]))


def fit_ridge(features: NDArray[np.float32], target: NDArray[np.float32], folds: Sequence[Sides]) -> Ridge:
    """The penalty is the one with the smallest squared error over the folds, without folds the middle one.

    features: shape (rows, features), standardised. target: shape (rows,). folds: rows to learn from and to check.
    """
    from sklearn.linear_model import Ridge as RidgeRegression

    values, truth = features.astype(np.float64), target.astype(np.float64)
    errors = [sum(float(((RidgeRegression(penalty).fit(values[learn], truth[learn]).predict(values[check])
                          - truth[check]) ** 2).sum()) for learn, check in folds) for penalty in PENALTIES]
    penalty = PENALTIES[int(np.argmin(errors))] if folds else PENALTIES[len(PENALTIES) // 2]
    model = RidgeRegression(penalty).fit(values, truth)
    return Ridge(np.asarray(model.coef_, dtype=np.float64), float(model.intercept_))
