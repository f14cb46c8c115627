"""Regressions on inputs of districts, with the target transform and the search budget of the networks' rivals."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frozen_heads import RIDGES
from .splits import Round

REGRESSORS = ("ridge", "kernel_ridge", "svm", "forest", "mlp")
CANDIDATES = 4  # settings of each regressor that inner folds choose from
INNER_FOLDS = 4


def regressor_totals(name: str, inputs: NDArray[np.float64], totals: NDArray[np.float64],
                     counts: NDArray[np.float64], folds: Round, seed: int,
                     search: int = CANDIDATES) -> NDArray[np.float64]:
    """Out-of-fold estimates (districts, targets), learnt from roots of totals per unit; NaN for untested districts.

    inputs: (districts, columns), NaN counts as the mean of the known districts. totals: (districts, targets), NaN where
    unknown. counts: (districts,). search: how many candidates inner folds choose from.
    """
    found = np.full(totals.shape, np.nan)
    roots = np.sqrt(totals / counts[:, None])
    for fold in folds:
        tested = np.isin(np.arange(len(totals)), fold)
        for target in range(totals.shape[1]):
            train = np.isfinite(totals[:, target]) & ~tested
            estimate = _search(name, int(train.sum()), seed, search).fit(inputs[train], roots[train, target]).predict(
                inputs[tested])
            found[tested, target] = np.maximum(estimate, 0)**2 * counts[tested]
    return found


def _search(name: str, rows: int, seed: int, search: int) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regressor, grid = _candidates(name, seed)
    steps = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), regressor)
    model = TransformedTargetRegressor(steps, transformer=StandardScaler())
    prefix = f"regressor__{type(regressor).__name__.lower()}__"
    folds = KFold(min(INNER_FOLDS, rows), shuffle=True, random_state=seed)
    return GridSearchCV(model, [{prefix + key: [value] for key, value in each.items()} for each in grid[:search]],
                        cv=folds, scoring="neg_mean_squared_error")


def _candidates(name: str, seed: int) -> tuple[Any, list[dict[str, Any]]]:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import RidgeCV
    from sklearn.neural_network import MLPRegressor
    from sklearn.svm import SVR

    if name == "ridge":
        return RidgeCV(RIDGES), [{}]
    if name == "kernel_ridge":
        return KernelRidge(kernel="rbf"), [{"alpha": alpha, "gamma": gamma} for alpha in (0.03, 0.3)
                                           for gamma in (0.003, 0.03)]
    if name == "svm":
        return SVR(), [{"C": cost, "gamma": gamma} for cost in (1.0, 10.0) for gamma in (0.003, 0.03)]
    if name == "forest":
        return RandomForestRegressor(100, random_state=seed), [
            {"min_samples_leaf": leaf, "max_features": share} for leaf in (1, 3) for share in (0.3, 1.0)]
    return MLPRegressor(hidden_layer_sizes=(64, 32), max_iter=400, random_state=seed), [
        {"alpha": alpha, "learning_rate_init": rate} for alpha in (0.01, 1.0) for rate in (0.001, 0.01)]
