"""Boosted trees that can be stored as arrays: grown by scikit-learn, applied here."""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..execution import one_library_thread

LEAF = -1
SMALL = 50_000  # rows, below which further threads only wait for each other


@dataclass(frozen=True)
class TreeEnsemble:
    """Sum of trees. Arrays over all nodes of all trees: feature (LEAF at leaves), threshold, left and right (numbers of
    nodes), missing_left, value. roots: shape (trees,). baseline: what is added to the sum."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    roots: NDArray[np.int32]
    baseline: float

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """features: shape (rows, features), NaN where missing. Returns shape (rows,)."""
        total = np.full(len(features), self.baseline)
        rows = np.arange(len(features))
        for root in self.roots:
            node = np.full(len(features), root)
            while True:
                test = self.feature[node]
                inner = test != LEAF
                if not inner.any():
                    break
                value = features[rows, np.maximum(test, 0)]
                left = np.where(np.isnan(value), self.missing_left[node], value <= self.threshold[node])
                node = np.where(inner, np.where(left, self.left[node], self.right[node]), node)
            total += self.value[node]
        return total

    def to_arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        return {f"{name}.feature": self.feature, f"{name}.threshold": self.threshold, f"{name}.left": self.left,
                f"{name}.right": self.right, f"{name}.missing_left": self.missing_left.astype(np.uint8),
                f"{name}.value": self.value, f"{name}.roots": self.roots,
                f"{name}.baseline": np.array([self.baseline])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> TreeEnsemble:
        part = {key: arrays[f"{name}.{key}"] for key in ("feature", "threshold", "left", "right", "value", "roots")}
        return cls(part["feature"].astype(np.int32), part["threshold"].astype(np.float64),
                   part["left"].astype(np.int32), part["right"].astype(np.int32),
                   arrays[f"{name}.missing_left"].astype(np.bool_), part["value"].astype(np.float64),
                   part["roots"].astype(np.int32), float(arrays[f"{name}.baseline"][0]))


def grow_boosted_trees(features: NDArray[np.float32], target: NDArray[np.float32], seed: int) -> TreeEnsemble:
    """Histogram gradient boosting, regularised for few places: small trees, slow steps, a third of the features each.

    features: shape (rows, features), NaN where missing. target: shape (rows,).
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        learning_rate=0.04, max_iter=400, max_leaf_nodes=12, min_samples_leaf=20, l2_regularization=10.0,
        max_features=0.3, early_stopping=False, random_state=seed)
    with one_library_thread() if len(features) < SMALL else nullcontext():
        model.fit(features, target)
    # scikit-learn has no public access to these trees; a test compares with its own estimates.
    nodes = [predictors[0].nodes for predictors in model._predictors]
    sizes = np.array([len(each) for each in nodes])
    start = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    every = np.concatenate(nodes)
    offset = np.repeat(start, sizes)
    leaf = every["is_leaf"].astype(bool)
    return TreeEnsemble(
        np.where(leaf, LEAF, every["feature_idx"]).astype(np.int32), every["num_threshold"].astype(np.float64),
        (every["left"] + offset).astype(np.int32), (every["right"] + offset).astype(np.int32),
        every["missing_go_to_left"].astype(bool), every["value"].astype(np.float64), start.astype(np.int32),
        float(np.ravel(model._baseline_prediction)[0]))
