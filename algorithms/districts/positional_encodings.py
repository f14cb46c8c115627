"""Where a unit stands in the graph of flows: Laplacian and random-walk encodings (Rampasek et al. 2022)."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from ..progress import Progress

DENSE_NODES = 512  # components up to this size are solved whole
SOLVER_TOLERANCE = 1e-7
RETURN_STEPS = 20
EXACT_WORK = 2e10  # multiplications; beyond them return probabilities are estimated
PROBES = 128
BLOCK = 256
SPARE = 10  # frequencies beyond those asked for, for the space of the last one
NEARLY_EQUAL = 1e-4  # eigenvalues with smaller gaps are one space: its basis is arbitrary


@dataclass(frozen=True)
class LaplacianEncoding:
    """vectors, shape (units, frequencies): eigenvectors of unit length within their component. values, same shape:
    each unit's eigenvalues. present, same shape: False where the unit's component has no such frequency. magnitudes,
    same shape: see space_magnitudes."""

    vectors: NDArray[np.float64]
    values: NDArray[np.float64]
    present: NDArray[np.bool_]
    magnitudes: NDArray[np.float64]


def symmetric_log_flows(flows: sp.spmatrix | NDArray[np.float64]) -> sp.csr_matrix:
    """log(1 + count) of both directions added, without flows of a unit to itself, shape (units, units)."""
    counts = sp.csr_matrix(flows, dtype=np.float64, copy=True)
    counts = counts - sp.diags(counts.diagonal())
    counts = counts + counts.T
    counts.eliminate_zeros()
    counts.data = np.log1p(counts.data)
    return counts


def laplacian_encoding(flows: sp.spmatrix | NDArray[np.float64], frequencies: int = 10,
                       progress: Progress | None = None) -> LaplacianEncoding:
    """The lowest non-trivial frequencies of I - D^-1/2 A D^-1/2 per connected component, A the symmetric log flows.

    Signs are fixed: the entry of largest absolute value is positive. Isolated units have no frequency.
    """
    progress = progress or Progress()
    weights = symmetric_log_flows(flows)
    units = weights.shape[0]
    vectors, values, magnitudes = (np.zeros((units, frequencies)) for _ in range(3))
    present = np.zeros((units, frequencies), dtype=bool)
    for members in _components(weights):
        progress.check()
        count = min(frequencies, len(members) - 1)
        if count < 1:
            continue
        found_values, found = _lowest(weights[members][:, members], min(frequencies + SPARE, len(members) - 1))
        vectors[members, :count], values[members, :count] = found[:, :count], found_values[:count]
        magnitudes[members, :count] = space_magnitudes(found, found_values)[:, :count]
        present[members, :count] = True
    return LaplacianEncoding(vectors, values, present, magnitudes)


def space_magnitudes(vectors: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square of the vectors (units, frequencies) over the space of nearly equal ascending values
    (frequencies,): neither signs nor rotations within a space change it. Shape of vectors."""
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > NEARLY_EQUAL)
    sizes = np.diff(starts, append=len(values))
    means = np.add.reduceat(vectors**2, starts, axis=1) / sizes
    found: NDArray[np.float64] = np.sqrt(np.repeat(means, sizes, axis=1))
    return found


def return_probabilities(flows: sp.spmatrix | NDArray[np.float64], steps: int = RETURN_STEPS, seed: int = 0,
                         progress: Progress | None = None) -> NDArray[np.float64]:
    """Probability of being back after 1..steps steps of the directed walk, shape (units, steps).

    Units without outflow step to themselves; flows of other units to themselves are left out. Large graphs are
    estimated with random signs (Bekas et al. 2007); then the same seed gives the same values.
    """
    progress = progress or Progress()
    walk = _walk(flows)
    units = walk.shape[0]
    found = np.zeros((units, steps))
    if not are_returns_estimated(walk, steps):
        for start in range(0, units, BLOCK):
            numbers = np.arange(start, min(start + BLOCK, units))
            state = np.zeros((units, len(numbers)))
            state[numbers, np.arange(len(numbers))] = 1
            for step in range(steps):
                state = walk @ state
                found[numbers, step] = state[numbers, np.arange(len(numbers))]
            progress.report(min(1.0, (start + BLOCK) / units))
        return found
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(units, PROBES))
    state = signs
    for step in range(steps):
        state = walk @ state
        found[:, step] = np.clip((signs * state).mean(axis=1), 0, 1)
        progress.report((step + 1) / steps)
    return found


def are_returns_estimated(flows: sp.csr_matrix, steps: int = RETURN_STEPS) -> bool:
    """Whether flows (units, units) are too many for exact return probabilities."""
    return bool(float(flows.nnz) * flows.shape[0] * steps > EXACT_WORK)


def _components(weights: sp.csr_matrix) -> Iterator[NDArray[np.intp]]:
    _, labels = connected_components(weights, directed=False)
    order = np.argsort(labels, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _lowest(weights: sp.csr_matrix, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    root = np.sqrt(np.asarray(weights.sum(axis=1)).ravel())
    scale = sp.diags(1 / root)
    similarity = (scale @ weights @ scale).tocsr()
    size = len(root)
    if size <= DENSE_NODES:
        values, vectors = eigh(np.eye(size) - similarity.toarray(), subset_by_index=[1, count])
    else:  # largest of the similarity = lowest of the Laplacian
        trivial = root / np.linalg.norm(root)
        similarity = similarity + sp.eye(size)  # no negative eigenvalues
        start = np.random.default_rng(0).standard_normal(size)
        start -= trivial * (trivial @ start)
        values, vectors = eigsh(similarity, count + 1, which="LA", v0=start + trivial,
                                ncv=min(size - 1, 3 * count + 20), tol=SOLVER_TOLERANCE)
        order = np.argsort(-values)[1:]
        values, vectors = 2 - values[order], vectors[:, order]
    largest = np.argmax(np.abs(vectors).round(9), axis=0)
    return values, vectors * np.where(vectors[largest, np.arange(count)] < 0, -1.0, 1.0)


def _walk(flows: sp.spmatrix | NDArray[np.float64]) -> sp.csr_matrix:
    counts = sp.csr_matrix(flows, dtype=np.float64, copy=True)
    counts = counts - sp.diags(counts.diagonal())
    counts.eliminate_zeros()
    leaving = np.asarray(counts.sum(axis=1)).ravel()
    stays = leaving == 0
    return (sp.diags(np.where(stays, 0, 1 / np.where(stays, 1, leaving))) @ counts + sp.diags(stays * 1.0)).tocsr()
