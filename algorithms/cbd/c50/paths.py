"""In words, what leads a case to its leaf."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .cases import MISSING, Attribute, read_cases
from .model import Columns, Model
from .tree import CUT, LEAF, NOWHERE, SUBSETS, Node


@dataclass
class _Conditions:
    """Of one attribute along a path: the narrowest range, or the levels that are left."""

    above: float = -np.inf
    up_to: float = np.inf
    levels: set[int] | None = None
    unknown: bool = False

    def words(self, attribute: Attribute) -> list[str]:
        parts = [f"{attribute.name} unknown"] if self.unknown else []
        if self.above > -np.inf:
            parts.append(f"{attribute.name} > {self.above:.7g}")
        if self.up_to < np.inf:
            parts.append(f"{attribute.name} <= {self.up_to:.7g}")
        if self.levels is not None:
            names = [attribute.levels[level] for level in sorted(self.levels)]
            parts.append(f"{attribute.name} = {names[0]}" if len(names) == 1 else
                         f"{attribute.name} in {{{', '.join(names)}}}")
        return parts


@dataclass
class _Path:
    conditions: dict[int, _Conditions] = field(default_factory=dict)

    def then(self, node: Node, branch: int, missing: bool) -> _Path:
        own = self.conditions.get(node.attribute, _Conditions())
        new = _Conditions(own.above, own.up_to, own.levels, own.unknown or missing)
        if missing:
            pass
        elif node.kind == CUT and branch == 0:
            new.up_to = min(own.up_to, node.cut)
        elif node.kind == CUT:
            new.above = max(own.above, node.cut)
        else:
            new.levels = set(node.subsets[branch]) if node.kind == SUBSETS else {branch}
        return _Path({**self.conditions, node.attribute: new})


def paths(model: Model, columns: Columns) -> NDArray[np.object_]:
    """The tests that each row passes on its way down the first tree, joined by and; where a value is missing, the way
    of most training cases. A tree that is a leaf says 'always'. Shape (rows,)."""
    cases = read_cases(columns, model.attributes)
    said = np.full(cases.count, "", dtype=object)

    def visit(node: Node, rows: NDArray[np.intp], path: _Path) -> None:
        if not len(rows):
            return
        if node.kind == LEAF:
            words = [word for number, each in path.conditions.items() for word in each.words(model.attributes[number])]
            said[rows] = " and ".join(words) or "always"
            return
        outcome = node.outcomes(cases, rows)
        largest = int(np.argmax([branch.cases for branch in node.branches]))
        for number, branch in enumerate(node.branches):
            visit(branch, rows[outcome == number], path.then(node, number, missing=False))
        away = (outcome == MISSING) | (outcome == NOWHERE)
        visit(node.branches[largest], rows[away], path.then(node, largest, missing=True))

    visit(model.trees[0], np.arange(cases.count), _Path())
    return said
