"""Which class a tree gives to cases."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cases import MISSING, Cases
from .tree import CUT, LEAF, NOWHERE, Node

NO_CASES = 1e-4
SMALLEST_PART = {True: np.float32(0.01), False: np.float32(1e-6)}  # of a case that still goes down a cut

Numbers = NDArray[np.float64]
Costs = NDArray[np.float64]  # [predicted, actual]


@dataclass(frozen=True)
class Shares:
    """Of every case: shape (cases, classes), the shares of the classes in the leaves that it reaches, and shape
    (cases,), the weight of their training cases. A case without a value reaches several leaves in part."""

    classes: Numbers
    leaf_cases: Numbers


class Walk:
    """Sends cases down a tree. in_training: as while training, where small parts of cases are left out.

    used: if not None, shape (cases, attributes), marks the attributes that decide on each case.
    """

    def __init__(self, cases: Cases, in_training: bool, used: NDArray[np.bool_] | None = None) -> None:
        self._cases, self._smallest, self._used = cases, SMALLEST_PART[in_training], used

    def shares(self, root: Node) -> Shares:
        shares = Shares(np.zeros((self._cases.count, len(root.counts))), np.zeros(self._cases.count))
        self._visit(root, root, np.arange(self._cases.count), np.ones(self._cases.count, np.float32), shares)
        return shares

    def _visit(self, node: Node, parent: Node, rows: NDArray[np.intp], parts: NDArray[np.float32],
               shares: Shares) -> None:
        if node.kind == LEAF:
            _arrive(node, parent, rows, parts, shares)
            return
        outcome = node.outcomes(self._cases, rows)
        absent = outcome == MISSING
        if self._used is not None:
            self._used[rows[~absent], node.attribute] = True
        for number, branch in enumerate(node.branches):
            here = outcome == number
            if node.kind == CUT:
                here &= parts >= self._smallest
            below, below_parts = rows[here], parts[here]
            if branch.cases > NO_CASES and absent.any():
                sent = parts[absent] * np.float32(branch.cases) / np.float32(node.cases)
                below, below_parts = np.concatenate((below, rows[absent])), np.concatenate((below_parts, sent))
            if len(below):
                self._visit(branch, node, below, below_parts, shares)
        nowhere = outcome == NOWHERE
        if nowhere.any():
            _arrive(node, parent, rows[nowhere], parts[nowhere], shares)


def _arrive(node: Node, parent: Node, rows: NDArray[np.intp], parts: NDArray[np.float32], shares: Shares) -> None:
    leaf = node if node.cases >= NO_CASES else parent
    cases = np.float32(leaf.cases)
    shares.classes[rows] += parts[:, np.newaxis] * leaf.counts / cases
    shares.leaf_cases[rows] += parts * cases


def likeliest(shares: Numbers, default: int) -> NDArray[np.intp]:
    """The class with the largest share of each row; the default where it ties with others, else the first."""
    best = np.argmax(shares, axis=1)
    return np.where(shares[:, default] == shares[np.arange(len(shares)), best], default, best)


def expected_costs(shares: Numbers, costs: Costs) -> Numbers:
    """Of deciding for each class, shape (cases, classes)."""
    return shares @ costs.T


def votes_in_training(root: Node, walk: Walk, costs: Costs | None) -> tuple[NDArray[np.intp], Numbers]:
    """The class of each case and the confidence in it, from the shares of training cases alone."""
    shares = walk.shares(root).classes
    rows = np.arange(len(shares))
    if costs is None:
        chosen = likeliest(shares, 0)
        return chosen, shares[rows, chosen]
    expected = expected_costs(shares, costs)
    chosen = np.argmin(expected, axis=1)
    return chosen, 1 - expected[rows, chosen] / expected.sum(axis=1)


def votes(root: Node, walk: Walk, costs: Costs | None) -> tuple[NDArray[np.intp], Numbers]:
    """The class of each case and the probabilities of all classes: (n p + prior) / (n + 1), with the share p of a class
    among the n training cases of a leaf and its share in the whole tree."""
    shares = walk.shares(root)
    if costs is None:
        chosen = likeliest(shares.classes, root.leaf)
    else:
        expected = np.where(shares.classes > 0, expected_costs(shares.classes, costs), np.inf)
        chosen = np.argmin(expected, axis=1)
    prior = (root.counts / np.float32(root.cases)).astype(np.float64)
    number = shares.leaf_cases[:, np.newaxis]
    return chosen, (number * shares.classes + prior) / (number + 1)
