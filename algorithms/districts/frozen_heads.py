"""Simple estimators of district totals over a frozen representation."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RIDGES = np.logspace(-1, 4, 16)  # penalties that leave-one-out chooses from


@dataclass(frozen=True)
class FrozenHead:
    """rows: (districts, columns) of the districts learnt from; wanted: (districts,). It is fitted whenever it is asked,
    which gives the same estimates every time and needs no stored forest."""

    kind: str
    seed: int
    rows: NDArray[np.float64]
    wanted: NDArray[np.float64]

    def estimate(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (districts,)."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        fitted = make_pipeline(StandardScaler(), _estimator(self.kind, self.seed)).fit(self.rows, self.wanted)
        return np.asarray(fitted.predict(rows), dtype=np.float64)


def _estimator(kind: str, seed: int) -> Any:
    if kind == "svm":
        from sklearn.svm import SVR

        return SVR(C=3.0)
    if kind == "forest":
        from sklearn.ensemble import RandomForestRegressor

        return RandomForestRegressor(300, min_samples_leaf=2, max_features=0.33, random_state=seed)
    if kind == "mlp":
        from sklearn.neural_network import MLPRegressor

        return MLPRegressor(hidden_layer_sizes=(32,), solver="lbfgs", alpha=3.0, max_iter=500, random_state=seed)
    if kind == "kernel_ridge":
        from sklearn.kernel_ridge import KernelRidge

        return KernelRidge(0.3, kernel="rbf")
    from sklearn.linear_model import RidgeCV

    return RidgeCV(RIDGES)
