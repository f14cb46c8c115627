"""Trees one after another, each grown with more weight on the cases that the one before got wrong."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress
from ..settings import C50Settings
from .branches import compress_values, simplify_subsets, snap_cuts
from .cases import Cases
from .classify import Costs, Walk, expected_costs, votes_in_training
from .extra_errors import ExtraErrors
from .global_pruning import prune_globally
from .grow import Grower, Training, Weights
from .local_pruning import LocalPruner
from .tree import LEAF, SMALLEST_LEAF, SUBSETS, Node, tree_size

FEW_ERRORS = 0.1  # weight of wrong cases below which boosting stops
WORTHLESS = 0.49  # share of wrong weight from which it does
SMALLEST_WEIGHT = 1e-3
SIZE_MARGIN = 1.1  # by which a later tree may have more leaves per case than the first
TRIMMED_CASES, TRIMMED_WEIGHT = 4001, 0.2  # of larger sets the lightest cases are left out of growing
FEWEST_TRIALS = 3


@dataclass(frozen=True)
class TrainingSet:
    """classes: of each case, by number. multiplier: by which costs raise the weight of each of two classes, or None."""

    cases: Cases
    classes: NDArray[np.intp]
    class_count: int
    weights: Weights
    multiplier: NDArray[np.float32] | None
    costs: Costs | None


def grow_trees(data: TrainingSet, settings: C50Settings, progress: Progress) -> list[Node]:
    """One pruned tree, or as many as boosting makes of settings.trials."""
    multiplier = data.multiplier
    smallest = 1.0 if multiplier is None else min(1.0, float(multiplier.min()))
    training = Training(data.cases, data.classes, data.class_count, settings.min_cases * smallest, settings.subset,
                        multiplier)
    grower = Grower(training, progress)
    extra = ExtraErrors(settings.confidence, multiplier)
    weights = data.weights if multiplier is None else (data.weights * multiplier[data.classes]).astype(np.float32)
    if settings.trials == 1:
        return [_tree(data, settings, grower, extra, np.arange(data.cases.count), weights, first=True)]
    boosting = _Boosting(data, weights, settings.trials, smallest)
    trees: list[Node] = []
    while len(trees) < boosting.trials:
        tree = _tree(data, settings, grower, extra, boosting.rows, boosting.weights, first=not trees)
        trees.append(tree)
        if len(trees) < boosting.trials:
            boosting.learn(tree, len(trees) - 1)
        if len(trees) == 1:
            leaves = tree_size(tree) if settings.subset else _expanded_leaves(tree)
            grower.leaf_ratio = float(np.float32(SIZE_MARGIN * leaves / data.cases.count))
        progress.report(len(trees) / settings.trials)
    return trees[:boosting.trials if boosting.trials >= FEWEST_TRIALS else 1]


def _tree(data: TrainingSet, settings: C50Settings, grower: Grower, extra: ExtraErrors, rows: NDArray[np.intp],
          weights: Weights, first: bool) -> Node:
    """rows: of the cases to grow from; all take part in pruning."""
    every = np.flatnonzero(weights > 0)
    tree = grower.grow(rows, weights[rows])
    LocalPruner(grower, extra, regrow=first).prune(tree, every, weights[every])
    if data.costs is not None:
        _restore_counts(tree, data)
    elif settings.global_pruning:
        prune_globally(tree, _wrong_weight(tree, data, weights), data.cases.count)
    simplify_subsets(tree, data.cases.attributes)
    if not settings.subset:
        compress_values(tree, empty_only=not first)
    snap_cuts(tree, data.cases)
    return tree


def _wrong_weight(tree: Node, data: TrainingSet, weights: Weights) -> float | None:
    """Weight of the cases that a tree gets wrong, where cases may have been divided; else None."""
    if not any(data.cases.is_missing(attribute).any() for attribute in tree.attributes()):
        return None
    chosen, _ = votes_in_training(tree, Walk(data.cases, in_training=True), None)
    return float(weights[chosen != data.classes].sum(dtype=np.float64))


def _restore_counts(node: Node, data: TrainingSet) -> None:
    """Takes what costs added out of the weights, and gives each node the class with the least expected cost."""
    for branch in node.branches:
        _restore_counts(branch, data)
    if node.cases < SMALLEST_LEAF or data.costs is None:
        return
    if data.multiplier is not None:
        node.counts = node.counts / data.multiplier
        node.cases = float(node.counts.sum(dtype=np.float32))
    node.leaf = int(np.argmin(expected_costs(node.counts[np.newaxis].astype(np.float64), data.costs)))
    node.errors = float(np.float32(node.cases - node.counts[node.leaf]))


def _expanded_leaves(node: Node) -> int:
    """Leaves with cases, each level of a merged leaf counted."""
    if node.kind == LEAF:
        return 1
    total = 0
    for number, branch in enumerate(node.branches):
        if branch.cases >= SMALLEST_LEAF:
            merged = node.kind == SUBSETS and branch.kind == LEAF
            total += len(node.subsets[number]) if merged else _expanded_leaves(branch)
    return total


class _Boosting:
    """Weights of the cases from trial to trial. rows: the cases that trees are grown from. trials: how many there will
    be."""

    def __init__(self, data: TrainingSet, weights: Weights, trials: int, smallest: float) -> None:
        self.rows, self.weights, self.trials = np.arange(data.cases.count), weights.copy(), trials
        self._data, self._smallest = data, smallest
        self._votes = np.zeros((data.cases.count, data.class_count), np.float32)
        self._leading = np.full(data.cases.count, -1)

    def learn(self, tree: Node, trial: int) -> None:
        """Weighs the cases anew, or ends boosting."""
        data, weights = self._data, self.weights
        every = np.arange(data.cases.count)
        chosen, confidence = votes_in_training(tree, Walk(data.cases, in_training=True), data.costs)
        active = weights > 0
        self._votes[every[active], chosen[active]] += confidence[active].astype(np.float32)
        vote = self._votes[every, chosen]
        leading = np.where(self._leading < 0, np.float32(0), self._votes[every, self._leading])
        self._leading = np.where(active & (vote > leading), chosen, self._leading)
        if trial + 1 > self.trials / 2:
            lead = self._votes[every, self._leading] - self._votes[every, data.classes]
            weights[active & (lead > self.trials - 1 - trial)] = 0
            active = weights > 0
        wrong = active & (chosen != data.classes)
        right = active & ~wrong
        error_weight, right_weight = (float(weights[rows].sum(dtype=np.float64)) for rows in (wrong, right))
        count = int(active.sum())
        if error_weight < FEW_ERRORS:
            self.trials = trial + 1
            return
        if (trial and tree.kind == LEAF) or error_weight / count >= WORTHLESS:
            self.trials = trial or 1
            return
        extra = 0.25 * (right_weight - error_weight)  # half of what lies between them
        shrink, added = (right_weight - extra) / right_weight, extra / int(wrong.sum())
        scale = count / (right_weight + error_weight)
        self._smallest *= shrink * scale
        weights[wrong] = scale * (weights[wrong] + added)
        weights[right] = np.maximum(weights[right] * (scale * shrink), SMALLEST_WEIGHT)
        grown = active
        if data.cases.count >= TRIMMED_CASES and self._smallest <= TRIMMED_WEIGHT:
            grown = active & (weights > self._smallest + SMALLEST_WEIGHT)
        self.rows = np.flatnonzero(grown)
