"""The branches of a pruned tree: impossible categories are dropped, leaves of the same class become one branch."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .cases import Attribute, Cases
from .tree import CUT, LEAF, SMALLEST_LEAF, SUBSETS, VALUES, Node

Possible = dict[int, frozenset[int]]


def simplify_subsets(root: Node, attributes: Sequence[Attribute]) -> None:
    """Of tests of subsets, in place: levels that occur nowhere keep a branch only where they can still arrive."""
    _simplify(root, {number: frozenset(range(len(attribute.levels))) for number, attribute in enumerate(attributes)
                     if attribute.levels})


def _simplify(node: Node, possible: Possible) -> None:
    if node.kind != SUBSETS:
        for branch in node.branches:
            _simplify(branch, possible)
        return
    node.subsets[-1] &= possible[node.attribute]
    if not node.subsets[-1]:
        del node.subsets[-1], node.branches[-1]
    for levels, branch in zip(node.subsets, node.branches):
        _simplify(branch, {**possible, node.attribute: frozenset(levels)})
    first = 0
    while first < len(node.branches) - 1:
        leaf = node.branches[first]
        for second in reversed(_leaves_like(node, leaf, first + 1)):
            node.subsets[first] |= node.subsets[second]
        for second in _leaves_like(node, leaf, first + 1):
            _add_cases(leaf, node.branches[second])
        for second in reversed(_leaves_like(node, leaf, first + 1)):
            del node.subsets[second], node.branches[second]
        first += 1


def _leaves_like(node: Node, leaf: Node, start: int) -> list[int]:
    if leaf.kind != LEAF:
        return []
    return [number for number in range(start, len(node.branches))
            if node.branches[number].kind == LEAF and node.branches[number].leaf == leaf.leaf]


def compress_values(node: Node, empty_only: bool) -> None:
    """Of tests with a branch per level, in place: empty leaves become one branch, and so do those of the same class
    with cases unless empty_only."""
    for branch in node.branches:
        compress_values(branch, empty_only)
    if node.kind != VALUES or len(node.branches) < 3:
        return
    groups: list[list[int]] = []
    for number, branch in enumerate(node.branches):
        group = next((group for group in groups if _alike(node.branches[group[0]], branch, empty_only)), None)
        if group is None:
            groups.append([number])
        else:
            group.append(number)
    if len(groups) == len(node.branches):
        return
    for first, *others in groups:
        for other in others:
            _add_cases(node.branches[first], node.branches[other])
    node.kind, node.subsets = SUBSETS, [set(group) for group in groups]
    node.branches = [node.branches[group[0]] for group in groups]


def _alike(first: Node, second: Node, empty_only: bool) -> bool:
    if first.kind != LEAF or second.kind != LEAF:
        return False
    empty = first.cases < SMALLEST_LEAF, second.cases < SMALLEST_LEAF
    return all(empty) if empty_only else empty[0] == empty[1] and first.leaf == second.leaf


def _add_cases(leaf: Node, other: Node) -> None:
    leaf.counts = leaf.counts + other.counts
    leaf.cases = float(np.float32(leaf.cases + other.cases))
    leaf.errors = float(np.float32(leaf.errors + other.errors))


def snap_cuts(node: Node, cases: Cases, sorted_values: dict[int, NDArray[np.float32]] | None = None) -> None:
    """Moves every cut, in place, to the greatest value of the training cases that isn't above it."""
    known = {} if sorted_values is None else sorted_values
    if node.kind == CUT:
        if node.attribute not in known:
            values = cases.values[node.attribute]
            known[node.attribute] = np.sort(values[~np.isnan(values)])
        values = known[node.attribute]
        node.cut = float(values[np.searchsorted(values, np.float32(node.cut), side="right") - 1])
    for branch in node.branches:
        snap_cuts(branch, cases, known)
