"""Grows a tree by gain ratio."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress
from .cases import MISSING, Cases
from .categories import NO_GAIN, best_subsets, level_counts, multiway_gain
from .cuts import best_cut
from .information import bits, single, single_sum, total_information, weighted_counts
from .tree import CUT, SMALLEST_LEAF, SUBSETS, VALUES, Node

EPSILON = 1e-4
PURE = 0.999
UNLIMITED = 10**6
FEW, MANY = 500, 1000  # cases per class between which the smallest gain turns from the mean gain to its description
DESCRIPTION_WEIGHT = 0.9
LIGHT, LIGHT_CASES, LIGHT_BRANCHES = 0.1, 1000, 9  # many light cases without a value aren't sent down many branches

Rows = NDArray[np.intp]
Weights = NDArray[np.float32]


def weight_of(weights: Weights) -> float:
    return single(weights.sum(dtype=np.float64))


@dataclass(frozen=True)
class Training:
    """What a tree is grown from. classes: of each case. multiplier: by which costs raised the weight of each class, or
    None. min_cases: in at least two branches of a test. subset: whether levels may be grouped."""

    cases: Cases
    classes: NDArray[np.intp]
    class_count: int
    min_cases: float
    subset: bool
    multiplier: NDArray[np.float32] | None

    def true_weight(self, rows: Rows, weights: Weights) -> float:
        """Weight of some cases without what costs added."""
        if self.multiplier is None:
            return weight_of(weights)
        return weight_of(weights / self.multiplier[self.classes[rows]])


@dataclass(frozen=True)
class Share:
    """The cases that go to a branch, those without a value first and with a part of their weight."""

    rows: Rows
    weights: Weights
    cases: float


def shares(node: Node, training: Training, rows: Rows, weights: Weights) -> list[Share]:
    """How a node's cases are divided among its branches: a case without a value goes down all of them, with weights in
    proportion to the cases that have one."""
    outcome = node.outcomes(training.cases, rows)
    branches = range(len(node.branches) or _branch_count(node, training))
    absent = outcome == MISSING
    if not absent.any():
        parts = [(rows[here], weights[here]) for here in (outcome == branch for branch in branches)]
        return [Share(*part, weight_of(part[1])) for part in parts]
    missing_rows, missing_weights = rows[absent], weights[absent]
    missing = weight_of(missing_weights)
    known = single(weight_of(weights) - missing) if training.multiplier is None else \
        training.true_weight(rows[~absent], weights[~absent])
    shared = []
    for branch in branches:
        here = outcome == branch
        factor = single(training.true_weight(rows[here], weights[here]) / known) if known else 0.0
        sent = (missing_weights * factor).astype(np.float32)
        shared.append(Share(np.concatenate((missing_rows, rows[here])), np.concatenate((sent, weights[here])),
                            single(weight_of(weights[here]) + factor * missing)))
    return shared


def _branch_count(node: Node, training: Training) -> int:
    if node.kind == CUT:
        return 2
    return len(node.subsets) if node.kind == SUBSETS else len(training.cases.attributes[node.attribute].levels)


class Grower:
    """Grows trees from one set of training cases.

    mean_weight, description_weight: how the smallest gain of a test is made of the mean gain of all tests and of what
    it takes to name one of them; by the cases per class.
    """

    def __init__(self, training: Training, progress: Progress) -> None:
        self.training, self.progress = training, progress
        per_class = training.cases.count // training.class_count
        fraction = single(min(max((per_class - FEW) / (MANY - FEW), 0), 1))
        self.mean_weight, self.description_weight = 1 - fraction, DESCRIPTION_WEIGHT * fraction
        self.leaf_ratio = 0.0

    def grow(self, rows: Rows, weights: Weights, tested: frozenset[int] = frozenset()) -> Node:
        """tested: attributes whose levels are tested above already."""
        self.progress.check()
        training = self.training
        counts = weighted_counts(training.classes[rows], weights, training.class_count)
        leaf = int(np.argmax(counts))
        cases = single_sum(counts)
        node = Node(leaf, counts.astype(np.float32), cases, single(cases - counts[leaf]))
        largest = int(np.rint(self.leaf_ratio * cases)) if self.leaf_ratio > 0 else UNLIMITED
        if counts[leaf] >= PURE * cases or cases < 2 * training.min_cases or largest < 2:
            return node
        base = total_information(counts) / cases
        if not self._choose(node, rows, weights, base, largest, tested):
            return node
        self.divide(node, rows, weights, tested | {node.attribute})
        errors = single_sum(branch.errors for branch in node.branches)
        if errors >= PURE * node.errors:
            node.become_leaf()
        else:
            node.errors = errors
        return node

    def divide(self, node: Node, rows: Rows, weights: Weights, tested: frozenset[int]) -> None:
        """Grows a branch for each outcome of the node's test."""
        absent = self.training.cases.is_missing(node.attribute)[rows]
        if len(rows) > LIGHT_CASES and absent.sum() > 0.5 * len(rows) and \
                _branch_count(node, self.training) >= LIGHT_BRANCHES:
            kept = ~(absent & (weights < LIGHT))
            rows, weights = rows[kept], weights[kept]
        node.branches = []
        grown = []
        for share in shares(node, self.training, rows, weights):
            if share.cases >= SMALLEST_LEAF:
                grown.append(self.grow(share.rows, share.weights, tested))
            else:
                grown.append(empty_leaf(node.leaf, self.training.class_count))
        node.branches = grown

    def _choose(self, node: Node, rows: Rows, weights: Weights, base: float, largest: int,
                tested: frozenset[int]) -> bool:
        """Gives the node its test; False where no test is worth it."""
        training = self.training
        cases, classes = training.cases, training.classes[rows]
        total = node.cases
        gains, splits, branches = [], [], []
        details: list[Any] = []
        for number, attribute in enumerate(cases.attributes):
            values = cases.values[number][rows]
            count, detail = 3, None
            if attribute.is_numeric:
                gain, split, detail = best_cut(values, classes, weights, training.class_count, base,
                                               training.min_cases)
            else:
                counts = level_counts(values, classes, weights, len(attribute.levels), training.class_count)
                if training.subset and len(attribute.levels) >= 3:
                    gain, split, detail = best_subsets(*counts, total, base, training.min_cases)
                    count = leaves = len(detail)
                elif number not in tested:
                    gain, split, leaves = multiway_gain(*counts, total, base, training.min_cases)
                    count = 3 if len(attribute.levels) <= 2 else len(attribute.levels) + 1
                else:
                    gain, split, leaves = NO_GAIN, NO_GAIN, 0
                if leaves > largest + 1:
                    gain = NO_GAIN
            gains.append(single(gain))
            splits.append(single(split))
            branches.append(count)
            details.append(detail)
        best = self._best(gains, splits, branches, total)
        if best is None:
            return False
        node.attribute = best
        if cases.attributes[best].is_numeric:
            node.kind, node.cut = CUT, float(details[best])
        elif details[best] is None:
            node.kind = VALUES
        else:
            node.kind, node.subsets = SUBSETS, details[best]
        return True

    def _best(self, gains: list[float], splits: list[float], branches: list[int],
              total: float) -> int | None:
        """The attribute with the highest gain ratio among those that gain enough; fewer branches, then more gain,
        decide where ratios are within a thousandth."""
        attributes, count = self.training.cases.attributes, self.training.cases.count
        crowded = [len(attribute.levels) + 1 >= 0.3 * count if attribute.levels else False for attribute in attributes]
        many = self.training.subset or all(crowded)
        possible = [number for number, gain in enumerate(gains)
                    if gain >= EPSILON and (many or not crowded[number])]
        if not possible:
            return None
        mean = sum(gains[number] for number in possible) / len(possible)
        smallest = mean * self.mean_weight + bits(len(possible)) / total * self.description_weight
        best, best_ratio, fewest = None, -EPSILON, 0
        for number in possible:
            if gains[number] < PURE * smallest or splits[number] <= 0:
                continue
            ratio = single(gains[number] / splits[number])
            close = best is not None and ratio > PURE * best_ratio and (
                branches[number] < fewest or (branches[number] == fewest and gains[number] > gains[best]))
            if ratio > best_ratio or close:
                best, best_ratio, fewest = number, ratio, branches[number]
        return best


def empty_leaf(leaf: int, class_count: int) -> Node:
    return Node(leaf, np.zeros(class_count, np.float32), 0.0)
