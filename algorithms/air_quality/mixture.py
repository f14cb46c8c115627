"""How the members of an estimator are weighed: near the training places as errors there advise, far as errors there."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..distances import nearest_km

STEPS = 10  # weights are tenths
ARRAYS = ("distances", "weights", "intervals", "longitude", "latitude")


@dataclass(frozen=True)
class Mixture:
    """Weights of the members and half widths of the interval at two distances from the nearest training place.

    distances: shape (2,), kilometres, near and far; between them all follows a straight line. weights: (2, members),
    rows sum to 1. intervals: (2,), infinite where there were too few places. longitude, latitude: of the training
    places.
    """

    distances: NDArray[np.float64]
    weights: NDArray[np.float64]
    intervals: NDArray[np.float64]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]

    def apply(self, members: NDArray[np.float64], longitude: NDArray[np.float64],
              latitude: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """members: estimates, shape (members, windows). Returns their mean and the interval's half width, (windows,).
        """
        away = nearest_km(longitude, latitude, self.longitude, self.latitude)
        farness = np.interp(away, self.distances, (0, 1))
        weights = np.multiply.outer(self.weights[0], 1 - farness) + np.multiply.outer(self.weights[1], farness)
        widest = np.full(len(away), self.intervals.max())
        known = np.isfinite(self.intervals).all()
        return (weights * members).sum(axis=0), np.interp(away, self.distances, self.intervals) if known else widest

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {f"mixture.{name}": getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Mixture:
        return cls(*(arrays[f"mixture.{name}"].astype(np.float64) for name in ARRAYS))


def best_weights(truth: NDArray[np.float64], members: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights in tenths that sum to 1 with the smallest squared error. members: shape (members, cases)."""
    count = len(members)
    choices = [(*part, STEPS - sum(part)) for part in product(range(STEPS + 1), repeat=count - 1) if sum(part) <= STEPS]
    errors = [float(((np.array(choice) / STEPS @ members - truth) ** 2).mean()) for choice in choices]
    return np.array(choices[int(np.argmin(errors))]) / STEPS
