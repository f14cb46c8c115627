"""How trees do on the cases that they were grown from, as C5.0 reports it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cases import Cases
from .classify import Costs, Walk, likeliest, votes_in_training
from .tree import Node, tree_size


@dataclass(frozen=True)
class Evaluation:
    """sizes, errors, costs: of each tree: leaves with cases, cases that it gets wrong, and mean cost. total_errors,
    total_cost: of all trees together. confusion: cases by actual and by given class. usage: share of the cases on which
    each attribute decides."""

    cases: int
    sizes: tuple[int, ...]
    errors: tuple[int, ...]
    costs: tuple[float, ...]
    total_errors: int
    total_cost: float
    confusion: tuple[tuple[int, ...], ...]
    usage: tuple[float, ...]


def evaluate(trees: Sequence[Node], cases: Cases, classes: NDArray[np.intp], costs: Costs | None) -> Evaluation:
    """classes: of each case. Without costs, costs of the result are shares of errors."""
    class_count = len(trees[0].counts)
    matrix = 1.0 - np.eye(class_count) if costs is None else costs
    used = np.zeros((cases.count, len(cases.attributes)), bool)
    rows = np.arange(cases.count)
    votes = np.zeros((cases.count, class_count))
    chosen: list[NDArray[np.intp]] = []
    for tree in trees:
        given, confidence = votes_in_training(tree, Walk(cases, in_training=True, used=used), costs)
        chosen.append(given)
        votes[rows, given] += confidence
    together = chosen[0] if len(trees) == 1 else likeliest(votes, trees[0].leaf)
    confusion = np.zeros((class_count, class_count), int)
    np.add.at(confusion, (classes, together), 1)
    return Evaluation(
        cases.count, tuple(tree_size(tree) for tree in trees),
        tuple(int((given != classes).sum()) for given in chosen),
        tuple(float(matrix[given, classes].mean()) for given in chosen), int((together != classes).sum()),
        float(matrix[together, classes].mean()), tuple(tuple(int(count) for count in row) for row in confusion),
        tuple(float(share) for share in used.mean(axis=0)))
