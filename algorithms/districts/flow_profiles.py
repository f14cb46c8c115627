"""Flows as columns of units: log flows from and to every unit learnt from, and their singular vectors."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

RANK = 16


@dataclass(frozen=True)
class FlowBasis:
    """origins, destinations: (units learnt from, rank), singular vectors of their log flows. centre, spread: (columns,)
    of the profiles of those units."""

    origins: NDArray[np.float64]
    destinations: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]

    def profiles(self, flows: sp.csr_matrix, known_units: NDArray[np.intp]) -> NDArray[np.float64]:
        """Standardised, (units, columns), of units whose flows (units, units) include those with the units learnt from.

        known_units: their numbers, in the order learnt.
        """
        found: NDArray[np.float64] = (_project(flows, known_units, self.origins, self.destinations) - self.centre
                                      ) / self.spread
        return found


def fit_flow_basis(flows: sp.csr_matrix) -> FlowBasis:
    """flows: (units, units) counts without a diagonal, at least one above 0 and three units."""
    logs = log_flows(flows)
    rank = min(RANK, logs.shape[0] - 2)
    left, values, right = svds(logs, rank, v0=np.ones(logs.shape[0]), solver="arpack")
    left, right = left[:, values > 1e-9], right.T[:, values > 1e-9]
    columns = _project(flows, np.arange(logs.shape[0]), left, right)
    return FlowBasis(left, right, columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-12))


def log_rows(flows: sp.csr_matrix, known_units: NDArray[np.intp]) -> NDArray[np.float64]:
    """Log flows to and from the units learnt from, dense, (units, 2 * units learnt from)."""
    logs = log_flows(flows)
    return np.column_stack((logs[:, known_units].toarray(), logs[known_units].T.toarray()))


def log_flows(flows: sp.csr_matrix) -> sp.csr_matrix:
    logs = flows.copy()
    logs.data = np.log1p(logs.data)
    return logs


def _project(flows: sp.csr_matrix, known_units: NDArray[np.intp], origins: NDArray[np.float64],
             destinations: NDArray[np.float64]) -> NDArray[np.float64]:
    logs = log_flows(flows)
    totals = np.log1p(np.column_stack((np.asarray(flows.sum(axis=0)).ravel(), np.asarray(flows.sum(axis=1)).ravel())))
    return np.column_stack((logs[:, known_units] @ destinations, logs[known_units].T @ origins, totals))
