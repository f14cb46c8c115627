"""Kernel ridge over inputs of districts: the strongest simple rival of the graph network, and its partner."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Blocks = Mapping[str, NDArray[np.float64]]  # name to columns, each (districts, columns)

RIDGES = np.array([0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
LENGTHS = (0.7, 1.5, 3.0, 6.0, 12.0)  # root mean square distances of standardised columns
CONSTANT = 1.0  # added to every kernel: an intercept that hardly shrinks
AVERAGED = 12
STEPS, LARGEST_STEP, SETTLED = 40, 2.0, 1e-4  # of Fisher scoring
EXTREME = 15.0  # logs


@dataclass(frozen=True)
class Member:
    """One kernel ridge: of square roots, or by deviance (logarithmic link). coefficients: (districts learnt from,)."""

    deviance: bool
    blocks: tuple[str, ...]
    length: float
    coefficients: NDArray[np.float64]


@dataclass(frozen=True)
class KernelPartner:
    """The mean of the best kernel ridge regressions of one target.

    blocks: standardised rows of the districts learnt from, with centre and spread of their columns. level: mean of the
    target; mean and spread: of its square root in multiples of the level.
    """

    blocks: dict[str, NDArray[np.float64]]
    centres: dict[str, NDArray[np.float64]]
    spreads: dict[str, NDArray[np.float64]]
    members: tuple[Member, ...]
    level: float
    mean: float
    spread: float

    def estimate(self, blocks: Blocks) -> NDArray[np.float64]:
        """Of districts whose blocks have the columns that were learnt from, shape (districts,)."""
        distances = {name: _squared_distances((blocks[name] - self.centres[name]) / self.spreads[name], rows)
                     for name, rows in self.blocks.items()}
        roots = []
        for member in self.members:
            found = _kernel(distances, member.blocks, member.length) @ member.coefficients
            roots.append(_link_roots(found) if member.deviance else _plain_roots(found, self.mean, self.spread))
        estimates: NDArray[np.float64] = np.mean(roots, axis=0)**2 * self.level
        return estimates


def fit_kernel_partner(blocks: Blocks, target: NDArray[np.float64]) -> KernelPartner:
    """target: (districts,), 0 or more. Averages the square roots of the candidates (which blocks, length, ridge, square
    roots or deviance) whose square roots err least over districts left out one by one, which one eigendecomposition per
    kernel gives for all ridges (Rifkin and Lippert 2007, Notes on regularized least squares).

    Blocks weigh the same whatever the number of their columns. The deviance is Tweedie's of power 2, whose Fisher
    weights are 1, so that the same decomposition serves every step; a target of 0 is allowed.
    """
    level = max(float(target.mean()), 1e-300)
    relative = target / level
    roots = np.sqrt(relative)
    mean, spread = float(roots.mean()), max(float(roots.std()), 1e-12)
    centres = {name: columns.mean(axis=0) for name, columns in blocks.items()}
    spreads = {name: _spread(columns) for name, columns in blocks.items()}
    rows = {name: (columns - centres[name]) / spreads[name] for name, columns in blocks.items()}
    distances = {name: _squared_distances(columns, columns) for name, columns in rows.items()}
    scored: list[tuple[float, int, Member]] = []
    for names, length in product(_sets(tuple(blocks)), LENGTHS):
        kernel = _kernel(distances, names, length)
        values, vectors = np.linalg.eigh(kernel)
        inverse = 1 / (np.maximum(values, 0)[:, None] + RIDGES)
        plain, plain_left = _solve(vectors, inverse, ((roots - mean) / spread)[:, None])
        linked, linked_left = _solve(vectors, inverse, _working_response(kernel, vectors, inverse, relative))
        for deviance, weights, left in ((False, plain, _plain_roots(plain_left, mean, spread)),
                                        (True, linked, _link_roots(linked_left))):
            errors = ((left - roots[:, None])**2).mean(axis=0)
            scored += [(float(errors[number]), len(scored) + number,
                        Member(deviance, names, length, weights[:, number]))
                       for number in range(len(RIDGES))]
    best = sorted(scored, key=lambda each: each[:2])[:AVERAGED]
    used = sorted({name for _, _, member in best for name in member.blocks})
    return KernelPartner({name: rows[name] for name in used}, {name: centres[name] for name in used},
                         {name: spreads[name] for name in used}, tuple(member for _, _, member in best), level, mean,
                         spread)


def _solve(vectors: NDArray[np.float64], inverse: NDArray[np.float64],
           wanted: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and estimates of districts left out, both (districts, ridges)."""
    coefficients = vectors @ (inverse * (vectors.T @ wanted))
    return coefficients, wanted - coefficients / (vectors**2 @ inverse)


def _working_response(kernel: NDArray[np.float64], vectors: NDArray[np.float64], inverse: NDArray[np.float64],
                      relative: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of Fisher scoring when it has settled, (districts, ridges)."""
    found = np.repeat(np.log(0.9 * relative + 0.1)[:, None], len(RIDGES), axis=1)
    for _ in range(STEPS):
        after = kernel @ _solve(vectors, inverse, found + _step(relative, found))[0]
        moved = float(np.abs(after - found).max())
        found = after
        if moved < SETTLED:
            break
    return found + _step(relative, found)


def _step(relative: NDArray[np.float64], logs: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.minimum(relative[:, None] * np.exp(-np.clip(logs, -EXTREME, EXTREME)) - 1,
                                            LARGEST_STEP)
    return found


def _plain_roots(found: NDArray[np.float64], mean: float, spread: float) -> NDArray[np.float64]:
    roots: NDArray[np.float64] = np.maximum(found * spread + mean, 0)
    return roots


def _link_roots(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    roots: NDArray[np.float64] = np.exp(np.clip(logs, -EXTREME, EXTREME) / 2)
    return roots


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
