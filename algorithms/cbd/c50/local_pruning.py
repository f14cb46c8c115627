"""Bottom-up pruning by the errors that leaves are expected to make."""
from __future__ import annotations

import numpy as np

from .extra_errors import ExtraErrors
from .grow import Grower, Rows, Weights, shares
from .information import Counts, single, single_sum, weighted_counts
from .tree import CUT, LEAF, SMALLEST_LEAF, Node

BETTER = 0.1  # errors by which a larger tree must be better
LARGE_BRANCH = 0.1  # part of a node's cases from which a branch may take its place
MOST_CASES = 0.95  # a branch that held less of the cases of the node whose place it takes is grown again


class LocalPruner:
    """Replaces nodes by a leaf or by their largest branch where that isn't expected to err more.

    regrow: whether the branches of a node that took another's place are grown again from all its cases.
    """

    def __init__(self, grower: Grower, extra: ExtraErrors, regrow: bool) -> None:
        self._grower, self._training, self._extra, self._regrow = grower, grower.training, extra, regrow

    def prune(self, root: Node, rows: Rows, weights: Weights) -> None:
        """Prunes a tree in place; its counts are those of the given cases afterwards."""
        self._update(root, rows, weights, self._regrow)

    def _update(self, node: Node, rows: Rows, weights: Weights, regrow: bool) -> float:
        """Prunes a node and returns its expected errors."""
        self._grower.progress.check()
        counts, cases, leaf = self._frequencies(rows, weights)
        node.counts, node.cases, node.leaf = counts.astype(np.float32), cases, leaf
        as_leaf = self._leaf_errors(counts, cases, leaf)
        if node.kind == LEAF:
            return as_leaf
        as_tree = self._branch_errors(node, rows, weights, regrow, update=True)
        best = self._largest_branch(node)
        as_branch = self._estimate(best, rows, weights) if best else self._training.cases.count + 1.0
        if as_leaf <= min(as_branch, as_tree) + BETTER:
            node.become_leaf()
            return as_leaf
        if best is None or as_branch > as_tree + BETTER:
            return as_tree
        share = best.cases / cases
        node.become(best)
        node.cases = cases
        if node.kind != LEAF and regrow and share < MOST_CASES:
            self._grower.divide(node, rows, weights, frozenset())
        return self._update(node, rows, weights, regrow=False)

    def _estimate(self, node: Node, rows: Rows, weights: Weights) -> float:
        """Expected errors of a node with other cases than it has, without changing it."""
        if node.kind == LEAF:
            return self._leaf_errors(*self._frequencies(rows, weights))
        return self._branch_errors(node, rows, weights, regrow=False, update=False)

    def _branch_errors(self, node: Node, rows: Rows, weights: Weights, regrow: bool, update: bool) -> float:
        total = small_cases = 0.0
        small = np.zeros(self._training.class_count)
        for branch, share in zip(node.branches, shares(node, self._training, rows, weights)):
            if share.cases < SMALLEST_LEAF:
                continue
            if update:
                errors = self._update(branch, share.rows, share.weights, regrow)
            else:
                errors = self._estimate(branch, share.rows, share.weights)
            if share.cases < self._training.min_cases:
                small += weighted_counts(self._training.classes[share.rows], share.weights, len(small))
                small_cases = single(small_cases + share.cases)
            else:
                total = single(total + errors)
        if small_cases:
            leaf = int(np.argmax(small))
            errors = single(small_cases - small[leaf])
            total = single(total + single(errors + self._extra(small_cases, errors, leaf)))
        return total

    def _frequencies(self, rows: Rows, weights: Weights) -> tuple[Counts, float, int]:
        counts = weighted_counts(self._training.classes[rows], weights, self._training.class_count)
        return counts, single_sum(counts), int(np.argmax(counts))

    def _leaf_errors(self, counts: Counts, cases: float, leaf: int) -> float:
        errors = single(cases - counts[leaf])
        return single(errors + self._extra(cases, errors, leaf))

    def _largest_branch(self, node: Node) -> Node | None:
        """The largest branch that may take the node's place: it tests something else and holds enough cases."""
        best = None
        for branch in node.branches:
            cascade = branch.kind == CUT and branch.attribute == node.attribute
            if branch.kind == LEAF or cascade or branch.cases < LARGE_BRANCH * node.cases:
                continue
            if best is None or branch.cases > best.cases:
                best = branch
        return best
