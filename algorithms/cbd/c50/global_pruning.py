"""Pruning of the whole tree: the least useful subtrees go while errors rise by no more than one standard error."""
from __future__ import annotations

import math

from .information import single
from .tree import LEAF, Node

FEW_CASES = 0.1  # a branch with less weight isn't looked at
NO_CASES = 1e-3
LARGEST = 1e38


def prune_globally(root: Node, base_errors: float | None, case_count: int) -> None:
    """Collapses, in place, the subtrees with the fewest extra errors per leaf saved.

    base_errors: weight of the training cases that the tree gets wrong; None takes the sum over its leaves.
    """
    _link(root, None)
    base = root.errors if base_errors is None else base_errors
    budget = math.sqrt(base * (1 - base / case_count))
    while budget > 0:
        search = _Search(budget)
        search.visit(root)
        if not search.found or search.extra > budget:
            return
        for node in search.found:
            node.become_leaf()
            more_errors = _own_errors(node) - node.errors
            fewer_leaves = 1 - node.leaves
            above: Node | None = node
            while above is not None:
                above.errors = single(above.errors + more_errors)
                above.leaves += fewer_leaves
                above = above.parent
            budget -= more_errors


class _Search:
    """Subtrees with the lowest cost complexity, and the errors that collapsing all of them adds."""

    def __init__(self, budget: float) -> None:
        self.budget, self.lowest = budget, single(LARGEST)
        self.found: list[Node] = []
        self.extra = 0.0

    def visit(self, node: Node) -> None:
        if node.kind == LEAF:
            return
        extra_before, lowest_before, found_before = self.extra, self.lowest, len(self.found)
        for branch in node.branches:
            if branch.cases > FEW_CASES:
                self.visit(branch)
        extra = _own_errors(node) - node.errors
        if node.leaves == 1:
            complexity = math.copysign(math.inf, extra) if extra else math.nan
        else:
            complexity = extra / (node.leaves - 1)
        if not extra <= self.budget:
            return
        if complexity < self.lowest or (complexity <= self.lowest and complexity < lowest_before):
            self.lowest, self.found, self.extra = single(complexity), [node], extra
        elif complexity <= self.lowest:
            if len(self.found) > found_before:  # ties among its descendants would count twice
                del self.found[found_before:]
                self.extra = extra_before
            self.found.append(node)
            self.extra += extra


def _own_errors(node: Node) -> float:
    return single(node.cases - float(node.counts[node.leaf]))


def _link(node: Node, parent: Node | None) -> None:
    """Notes parents, leaves with cases, and errors of the training cases."""
    node.parent, node.errors, node.leaves = parent, 0.0, 0
    for branch in node.branches:
        _link(branch, node)
        node.errors = single(node.errors + branch.errors)
        node.leaves += branch.leaves
    if node.kind == LEAF and node.cases > NO_CASES:
        node.errors, node.leaves = _own_errors(node), 1
