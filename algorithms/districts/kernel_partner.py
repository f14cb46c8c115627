"""Kernel ridge over inputs of districts: the strongest simple rival of the graph network, and its partner."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Blocks = Mapping[str, NDArray[np.float64]]  # name to columns, each (districts, columns)

RIDGES = np.array([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
LENGTHS = (0.7, 1.5, 3.0, 6.0, 12.0)  # root mean square distances of standardised columns
CONSTANT = 1.0  # added to every kernel: an intercept that hardly shrinks
AVERAGED = 8


@dataclass(frozen=True)
class KernelPartner:
    """The mean of the best kernel ridge regressions of one target.

    blocks: standardised rows of the districts learnt from, with centre and spread of their columns. sets, lengths and
    coefficients (members, districts): one each per member. left_out: (districts,) estimates of the districts learnt
    from, each by members that left it out.
    """

    blocks: dict[str, NDArray[np.float64]]
    centres: dict[str, NDArray[np.float64]]
    spreads: dict[str, NDArray[np.float64]]
    sets: tuple[tuple[str, ...], ...]
    lengths: tuple[float, ...]
    coefficients: NDArray[np.float64]
    mean: float
    spread: float
    left_out: NDArray[np.float64]

    def estimate(self, blocks: Blocks) -> NDArray[np.float64]:
        """Of districts whose blocks have the columns that were learnt from, shape (districts,)."""
        distances = {name: _squared_distances((blocks[name] - self.centres[name]) / self.spreads[name], rows)
                     for name, rows in self.blocks.items()}
        found = np.mean([_kernel(distances, names, length) @ weights
                         for names, length, weights in zip(self.sets, self.lengths, self.coefficients)], axis=0)
        estimates: NDArray[np.float64] = found * self.spread + self.mean
        return estimates


def fit_kernel_partner(blocks: Blocks, target: NDArray[np.float64]) -> KernelPartner:
    """target: (districts,). Averages the candidates (which blocks, length, ridge) with the least squared error over
    districts left out one by one, which one eigendecomposition per kernel gives for all ridges (Rifkin and Lippert
    2007, Notes on regularized least squares). Blocks weigh the same whatever the number of their columns.
    """
    mean, spread = float(target.mean()), max(float(target.std()), 1e-12)
    wanted = (target - mean) / spread
    centres = {name: columns.mean(axis=0) for name, columns in blocks.items()}
    spreads = {name: _spread(columns) for name, columns in blocks.items()}
    rows = {name: (columns - centres[name]) / spreads[name] for name, columns in blocks.items()}
    distances = {name: _squared_distances(columns, columns) for name, columns in rows.items()}
    scored: list[tuple[float, int, tuple[str, ...], float, NDArray[np.float64], NDArray[np.float64]]] = []
    for names, length in product(_sets(tuple(blocks)), LENGTHS):
        values, vectors = np.linalg.eigh(_kernel(distances, names, length))
        inverse = 1 / (np.maximum(values, 0)[:, None] + RIDGES)
        weights = vectors @ (inverse * (vectors.T @ wanted)[:, None])
        left_out = wanted[:, None] - weights / (vectors**2 @ inverse)
        errors = ((left_out - wanted[:, None])**2).mean(axis=0)
        scored += [(float(errors[number]), len(scored) + number, names, length, weights[:, number], left_out[:, number])
                   for number in range(len(RIDGES))]
    best = sorted(scored, key=lambda each: each[:2])[:AVERAGED]
    used = sorted({name for each in best for name in each[2]})
    return KernelPartner({name: rows[name] for name in used}, {name: centres[name] for name in used},
                         {name: spreads[name] for name in used}, tuple(each[2] for each in best),
                         tuple(each[3] for each in best), np.array([each[4] for each in best]), mean, spread,
                         np.mean([each[5] for each in best], axis=0) * spread + mean)


def _sets(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Every block alone, and every number of first blocks together."""
    return list(dict.fromkeys([(name,) for name in names] + [names[:count] for count in range(2, len(names) + 1)]))


def _spread(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation; columns of one value weigh nothing."""
    found = columns.std(axis=0)
    return np.where(found > 1e-12, found, np.inf)


def _squared_distances(columns: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the columns, shape (rows, rows of others)."""
    distances = (columns**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * columns @ others.T
    found: NDArray[np.float64] = np.maximum(distances, 0) / max(columns.shape[1], 1)
    return found


def _kernel(distances: Mapping[str, NDArray[np.float64]], names: tuple[str, ...], length: float) -> NDArray[np.float64]:
    mean = sum((distances[name] for name in names), np.zeros(())) / len(names)
    found: NDArray[np.float64] = np.exp(-mean / (2 * length**2)) + CONSTANT
    return found
