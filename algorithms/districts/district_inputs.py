"""What estimators read about units and districts: scaled features, totals and profiles of flows."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

SKEWED = 10.0  # times the mean: columns with larger values are taken as logs
COMPONENTS = 5  # principal components of the unit features that a district's mean is taken of


@dataclass(frozen=True)
class FeatureScaler:
    """kept: numbers of the columns that vary. logs: (kept,), mean of columns whose logs are taken, else 0. directions:
    (kept, components) to whitened principal components."""

    columns: int
    kept: NDArray[np.intp]
    logs: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    directions: NDArray[np.float64]

    def scale(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standardised, shape (units, kept); a missing feature counts as the mean."""
        logs = _logs(features[:, self.kept], self.logs)
        found: NDArray[np.float64] = np.nan_to_num((logs - self.centre) / self.spread)
        return found

    def slopes(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivatives of the scaled columns by the features, (units, kept); those of a missing feature at its mean."""
        values, means = np.maximum(np.nan_to_num(features[:, self.kept]), 0), np.where(self.logs > 0, self.logs, 1.0)
        found: NDArray[np.float64] = np.where(self.logs > 0, SKEWED / (means + SKEWED * values), 1.0) / self.spread
        return found


def fit_scaler(features: NDArray[np.float64]) -> FeatureScaler:
    """features: (units, columns), NaN where unknown. Columns of one value are left out."""
    known = np.isfinite(features)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, features, 0.0)
    mean = filled.sum(axis=0) / count
    skewed = (np.where(known, features, np.inf).min(axis=0, initial=np.inf) >= 0) & (filled.max(axis=0) > SKEWED * mean)
    logs = np.where(skewed, mean, 0.0)
    scaled = np.where(known, _logs(filled, logs), 0.0)
    centre = scaled.sum(axis=0) / count
    spread = np.sqrt((np.where(known, scaled - centre, 0.0)**2).sum(axis=0) / count)
    kept = np.flatnonzero(spread > 1e-12)
    scaler = FeatureScaler(features.shape[1], kept, logs[kept], centre[kept], spread[kept], np.zeros((len(kept), 0)))
    if not len(kept):
        return scaler
    covariance = np.cov(scaler.scale(features), rowvar=False).reshape(len(kept), -1)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:COMPONENTS], vectors[:, ::-1][:, :COMPONENTS]
    directions = (vectors / np.sqrt(np.maximum(values, 1e-9)))[:, values > 1e-9]
    return FeatureScaler(features.shape[1], kept, logs[kept], centre[kept], spread[kept], directions)


def district_blocks(columns: NDArray[np.float64], directions: NDArray[np.float64], flows: sp.csr_matrix,
                    district: NDArray[np.intp], districts: int, profile: NDArray[np.float64] | None,
                    ) -> dict[str, NDArray[np.float64]]:
    """Blocks of columns, each (districts, columns), by name.

    flows: logs of what arrives, leaves and stays, balance, and units with flows. features: mean over the units, of
    principal components where districts have many units. Both with the log number of units where it differs. rows:
    what log flows of every unit go and come, only where units are districts (sums of many units say little about single
    partners). Flows of a unit to itself must have been left out before.
    """
    member = _membership(district, districts)
    counts = np.maximum(np.bincount(district, minlength=districts), 1).astype(np.float64)
    single = len(district) == districts
    size = np.zeros((districts, 0)) if single else np.log(counts)[:, None]
    blocks = {}
    if flows.nnz:
        reached = np.asarray(flows.sum(axis=0)).ravel() + np.asarray(flows.sum(axis=1)).ravel() > 0
        totals = np.log1p(np.column_stack((flow_sums(flows, district, districts),
                                           member @ reached.astype(np.float64))))
        blocks["flows"] = np.column_stack((size, totals, totals[:, 0] - totals[:, 1]))
    if columns.shape[1]:
        used = columns if single else columns @ directions
        blocks["features"] = np.column_stack((size, member @ used / counts[:, None]))
    if profile is not None and single:
        blocks["rows"] = np.asarray(member @ profile)
    return blocks or {"units": np.log(counts)[:, None]}


def flow_sums(flows: sp.csr_matrix, district: NDArray[np.intp], districts: int) -> NDArray[np.float64]:
    """What arrives in the units of a district, leaves them, and stays within it, (districts, 3)."""
    member = _membership(district, districts)
    into, out = np.asarray(flows.sum(axis=0)).ravel(), np.asarray(flows.sum(axis=1)).ravel()
    within = np.asarray((member @ flows).multiply(member).sum(axis=1)).ravel()
    return np.stack((member @ into, member @ out, within), axis=1)


def _membership(district: NDArray[np.intp], districts: int) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(district)), (district, np.arange(len(district)))), (districts, len(district)))


def _logs(values: NDArray[np.float64], logs: NDArray[np.float64]) -> NDArray[np.float64]:
    means = np.where(logs > 0, logs, 1.0)
    found: NDArray[np.float64] = np.where(logs > 0, np.log1p(np.maximum(values, 0) / means * SKEWED), values)
    return found
