"""Kriging with two ranges on the sphere (Cressie 1993, Statistics for Spatial Data, chapter 3)."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from ..distances import EARTH_KM
from ..progress import Progress

SHORTEST_KM, LONGEST_KM = 5.0, 5000.0
STEPS = 80  # of the search for the likeliest covariance


@dataclass(frozen=True)
class Covariance:
    """Shares of one variance: short fades as exp(-distance / short_km), nugget is a point's own, the rest fades as
    exp(-distance / long_km)."""

    short: float
    nugget: float
    short_km: float
    long_km: float

    def between(self, points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        """Without the nugget, of shape (points, others). Both are unit vectors.

        Distances are straight lines through the earth, which keeps the function positive definite on the sphere.
        """
        squares = 2 - 2 * (points @ others.T)
        kilometres = EARTH_KM * np.sqrt(np.maximum(squares, 0))
        long = (1 - self.short - self.nugget) * np.exp(-kilometres / self.long_km)
        return np.asarray(self.short * np.exp(-kilometres / self.short_km) + long, dtype=np.float64)


class Field:
    """What was measured at some points, for estimates between them by ordinary kriging.

    variance: the values' own, from their likelihood.
    """

    def __init__(self, points: NDArray[np.float64], values: NDArray[np.float64], covariance: Covariance) -> None:
        """points: unit vectors, shape (n, 3). values: shape (n,)."""
        self._points, self._covariance = points, covariance
        matrix = covariance.between(points, points)
        matrix[np.diag_indices_from(matrix)] = 1 - 1e-9 if covariance.nugget == 0 else 1
        self._factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        self._ones = self._solve(np.ones(len(values)))
        self.mean = float(self._ones @ values / self._ones.sum())
        self._weights = self._solve(values - self.mean)
        self.variance = float((values - self.mean) @ self._weights) / max(1, len(values) - 1)

    def log_likelihood(self) -> float:
        """Of the values under the covariance with its best mean and variance, but for a constant."""
        count = len(self._points)
        determinant = 2 * np.log(np.diag(self._factor[0])).sum()
        return -0.5 * float(count * np.log(max(self.variance, 1e-12)) + determinant)

    def at(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Estimates, and the standard deviation of a new measurement around them, at unit vectors; shape (points,)."""
        towards = self._covariance.between(points, self._points)
        solved = self._solve(towards.T)
        mean_part = (1 - towards @ self._ones) ** 2 / self._ones.sum()
        share = np.maximum(1 - np.einsum("ij,ji->i", towards, solved) + mean_part, 0)
        return self.mean + towards @ self._weights, np.sqrt(share * self.variance)

    def mean_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Estimates alone."""
        return np.asarray(self.mean + self._covariance.between(points, self._points) @ self._weights)

    def _solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cho_solve(self._factor, right, check_finite=False))


def likeliest_covariance(samples: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
                         progress: Progress) -> Covariance:
    """The covariance that all samples share but for their mean and variance, by maximum likelihood.

    samples: unit vectors (n, 3) and values (n,).
    """
    tries = 0

    def disbelief(numbers: NDArray[np.float64]) -> float:
        nonlocal tries
        tries += 1
        progress.report(min(1.0, tries / STEPS))
        covariance = _covariance(numbers)
        return -sum(Field(points, values, covariance).log_likelihood() for points, values in samples)

    start = np.array([0.0, -0.5, np.log(100), np.log(8)])
    found = minimize(disbelief, start, method="Nelder-Mead", options={
        "maxfev": STEPS, "initial_simplex": start + np.vstack((np.zeros(4), np.eye(4)))})
    return _covariance(found.x)


def _covariance(numbers: NDArray[np.float64]) -> Covariance:
    """Shares by softmax over short, nugget and long; the long range is so many times the short one."""
    weights = np.exp(np.clip([numbers[0], numbers[1], 1.0], -8, 8))
    short, nugget, _ = weights / weights.sum()
    short_km = float(np.clip(np.exp(numbers[2]), SHORTEST_KM, LONGEST_KM))
    return Covariance(float(short), float(nugget), short_km,
                      float(np.clip(short_km * np.exp(max(numbers[3], 0.0)), SHORTEST_KM, LONGEST_KM)))
