"""Nodes of a tree, and which branch a case takes."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .cases import MISSING, Cases

LEAF, CUT, VALUES, SUBSETS = "leaf", "cut", "values", "subsets"
SMALLEST_LEAF = 0.05  # weight of cases that a leaf must hold to count
NOWHERE = -2  # a category that no branch holds


@dataclass(eq=False)
class Node:
    """leaf: number of the class that is best here. counts: weight of the training cases of each class.

    cases: their sum. errors: of the training cases; both in single precision. A test has an attribute, and by its kind
    a cut (values up to it take the first branch), one branch per level, or subsets of levels.
    """

    leaf: int
    counts: NDArray[np.float32]
    cases: float
    errors: float = 0.0
    kind: str = LEAF
    attribute: int = -1
    cut: float = 0.0
    subsets: list[set[int]] = field(default_factory=list)
    branches: list[Node] = field(default_factory=list)
    leaves: int = 0
    parent: Node | None = None

    def become_leaf(self) -> None:
        self.kind, self.branches, self.subsets = LEAF, [], []

    def become(self, other: Node) -> None:
        """Takes the place of this node's content by another's."""
        self.__dict__.update(other.__dict__)

    def attributes(self) -> set[int]:
        """Numbers of the attributes that are tested here or below."""
        if self.kind == LEAF:
            return set()
        return {self.attribute}.union(*(branch.attributes() for branch in self.branches))

    def outcomes(self, cases: Cases, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The branch of each case: MISSING where its value is, NOWHERE where no branch holds its category."""
        values = cases.values[self.attribute][rows]
        if self.kind == CUT:
            return np.asarray(np.where(np.isnan(values), MISSING, np.where(values <= np.float32(self.cut), 0, 1)))
        if self.kind == VALUES:
            return values.astype(np.intp)
        branch = np.full(len(cases.attributes[self.attribute].levels) + 1, NOWHERE)  # the last one for MISSING
        for number, levels in enumerate(self.subsets):
            branch[list(levels)] = number
        branch[MISSING] = MISSING
        return np.asarray(branch[values])


def tree_size(node: Node) -> int:
    """Leaves with cases."""
    if node.kind == LEAF:
        return int(node.cases >= SMALLEST_LEAF)
    return sum(tree_size(branch) for branch in node.branches)


def depth(node: Node) -> int:
    return 1 + max((depth(branch) for branch in node.branches), default=0)
