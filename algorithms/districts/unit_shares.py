"""How the total of a district is shared among its units, learnt from the totals of districts alone."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.spatial import cKDTree

from ..distances import arc_km, unit_vectors

NEIGHBOURS = 5
OF_DECAY, OF_LEVEL, OF_WEIGHTS = 10.0, 0.1, 3.0  # penalties, chosen on half of New York's counties and simulated units
EXTREME = 20.0  # logs


@dataclass(frozen=True)
class UnitShares:
    """columns: numbers of the features that are counts. weights: (columns, targets), of one that is counted, where the
    unit itself weighs 1. decay: (targets,), per km of spacing."""

    columns: NDArray[np.intp]
    weights: NDArray[np.float64]
    decay: NDArray[np.float64]

    def sizes(self, features: NDArray[np.float64], spacing: NDArray[np.float64]) -> NDArray[np.float64]:
        """What units weigh when they share the total of their district, (units, targets), above 0.

        features: (units, columns); spacing: (units,), as in fit_unit_shares.
        """
        counted = 1 + np.maximum(np.nan_to_num(features[:, self.columns]), 0) @ self.weights
        found: NDArray[np.float64] = counted * np.exp(np.clip(-spacing[:, None] * self.decay, -EXTREME, EXTREME))
        return found


def fit_unit_shares(features: NDArray[np.float64], spacing: NDArray[np.float64], district: NDArray[np.intp],
                    totals: NDArray[np.float64]) -> UnitShares:
    """features: (units, columns), NaN where unknown, which counts as 0. spacing: (units,) km to the nearest other
    units, 0 where it isn't known. totals: (districts, targets), 0 or more, NaN where masked.

    A unit's size is (1 + sum of weight x count) exp(-decay x spacing), and a district's total follows the sum of sizes:
    a dasymetric regression with the deviance of the gamma distribution. Counts are the columns of whole numbers. As
    some dozens of totals tell little of single columns, parameters are held near these: every count weighs the same,
    all counts together as much as all units, and no decay.
    """
    counts = np.nan_to_num(features)
    columns = np.flatnonzero(((counts >= 0) & (counts == np.floor(counts))).all(axis=0) & counts.any(axis=0))
    counts = counts[:, columns]
    mean, distance = max(float(counts.sum(axis=1).mean()), 1e-300), max(float(spacing.mean()), 1e-300)
    weights, decay = np.ones((len(columns), totals.shape[1])), np.zeros(totals.shape[1])
    for target, values in enumerate(totals.T):
        known = np.intersect1d(np.flatnonzero(np.isfinite(values)), district)
        inside = np.flatnonzero(np.isin(district, known))
        of_unit = np.searchsorted(known, district[inside])
        member = sp.csr_matrix((np.ones(len(inside)), (of_unit, np.arange(len(inside)))), (len(known), len(inside)))
        decay[target], weights[:, target] = _fit(counts[inside] / mean, spacing[inside] / distance, member,
                                                 values[known])
    return UnitShares(columns, weights / mean, decay / distance)


def unit_spacing(positions: ArrayLike) -> NDArray[np.float64]:
    """Mean distance in km, (units,), of every unit to its nearest neighbours. positions: (units, 2), longitude and
    latitude of their centres."""
    points = unit_vectors(*np.asarray(positions, dtype=np.float64).T)
    if len(points) < 2:
        return np.zeros(len(points))
    nearest = np.arange(2, min(NEIGHBOURS + 1, len(points)) + 1)  # the first is the unit itself
    kilometres: NDArray[np.float64] = arc_km(cKDTree(points).query(points, k=nearest)[0]).mean(axis=1)
    return kilometres


def _fit(counts: NDArray[np.float64], distance: NDArray[np.float64], member: sp.csr_matrix,
         totals: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Decay and weights of counts (units, columns) and distances (units,) whose means are about 1."""

    def cost(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        decay, level, logs = parameters[0], parameters[1], parameters[2:]
        weights = np.exp(level + logs)
        near = np.exp(np.clip(-decay * distance, -EXTREME, EXTREME))
        weighed = counts @ weights
        sums = member @ ((1 + weighed) * near)
        ratios = totals / sums
        mean = max(float(ratios.mean()), 1e-300)  # the scale of the totals, at its best
        slopes = member.T @ ((1 - ratios / mean) / sums) * near
        value = len(totals) * np.log(mean) + np.log(sums).sum()
        of_logs = weights * (counts.T @ slopes)
        gradient = np.concatenate(([-(slopes * (1 + weighed) * distance).sum() + OF_DECAY * decay,
                                    of_logs.sum() + OF_LEVEL * level], of_logs + OF_WEIGHTS * logs))
        return value + (OF_DECAY * decay**2 + OF_LEVEL * level**2 + OF_WEIGHTS * (logs**2).sum()) / 2, gradient

    found = minimize(cost, np.zeros(2 + counts.shape[1]), jac=True, method="L-BFGS-B").x
    return found[0], np.exp(found[1] + found[2:])
