"""Covariates as networks take them: standardised, clipped, with marks where they are missing."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLIP = 4.0  # standard deviations
MARKED_SHARE = 0.05  # a feature that is missing more often in training gets a mark of its own


@dataclass(frozen=True)
class Scaler:
    """Fitted on the rows of training windows only. mean, spread: shape (features,). marked: features with a mark."""

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    marked: NDArray[np.int32]

    @classmethod
    def fit(cls, values: NDArray[np.float32]) -> Scaler:
        """values: training rows, shape (rows, features), NaN where missing."""
        known = np.isfinite(values)
        count = known.sum(axis=0)
        filled = np.where(known, values, 0).astype(np.float64)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        variance = (np.where(known, filled - mean, 0) ** 2).sum(axis=0) / np.maximum(count, 1)
        spread = np.sqrt(variance)
        spread = np.where(spread > 1e-6 * np.maximum(1e-6, np.abs(mean)), spread, 1)
        marked = np.flatnonzero((count < (1 - MARKED_SHARE) * len(values)) & (count > 0))
        return cls(mean.astype(np.float32), spread.astype(np.float32), marked.astype(np.int32))

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (rows, features + marks); 0 where missing."""
        known = np.isfinite(values)
        scaled = np.clip((np.where(known, values, self.mean) - self.mean) / self.spread, -CLIP, CLIP)
        return np.concatenate((scaled, ~known[:, self.marked]), axis=1, dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"scaler.mean": self.mean, "scaler.spread": self.spread, "scaler.marked": self.marked}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Scaler:
        return cls(arrays["scaler.mean"].astype(np.float32), arrays["scaler.spread"].astype(np.float32),
                   arrays["scaler.marked"].astype(np.int32))
