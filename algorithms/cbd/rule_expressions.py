"""Expressions over the fields of a layer, such as `Count_A >= 6 and Max_Z > 2.0`; nothing in them is ever run as code.

An expression is parsed into Python's syntax tree, of which a short list of nodes is accepted and interpreted here.
Logic has three values (Kleene 1952): what compares an unknown number is unknown, but `false and unknown` is false.
"""
from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Numbers = NDArray[np.float64]  # NaN is unknown; as truth 1 is true and 0 is false

LONGEST = 2000  # characters
DEEPEST = 50  # levels of brackets and operators
LARGEST = 1e300
EXAMPLE = "write it like 'Count_A >= 6 and Max_Z > 2.0', with and, or, not, brackets, + - * / and < <= > >= == !="
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


@dataclass(frozen=True)
class Expression:
    """A condition; text as it was written, names the fields in it."""

    text: str
    names: tuple[str, ...]
    root: ast.expr

    def evaluate(self, columns: Mapping[str, Numbers], rows: int) -> Numbers:
        """1 where it holds, 0 where it doesn't and NaN where unknown values leave it open, of shape (rows,).

        columns: field to values of shape (rows,), NaN for unknown.
        """
        with np.errstate(all="ignore"):  # what divides by zero is unknown
            return np.broadcast_to(_truth(self.root, columns), rows).astype(np.float64)


def parse_expression(text: str, parameter: str = "MODEL") -> Expression:
    """Raises InputError for what isn't one condition made of comparisons."""
    text = " ".join(text.split())
    try:
        if len(text) > LONGEST:
            raise ValueError(f"has {len(text)} characters")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            root = ast.parse(text, mode="eval").body
        _Check(text).condition(root, 0)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise InputError(parameter, f"the expression '{_shortened(text)}' can't be read", EXAMPLE) from error
    except ValueError as error:
        raise InputError(parameter, f"the expression '{_shortened(text)}' {error}", EXAMPLE) from error
    names = {node.id for node in ast.walk(root) if isinstance(node, ast.Name)}
    return Expression(text, tuple(sorted(names)), root)


class _Check:
    """Raises ValueError for the first node that has no place in an expression."""

    def __init__(self, text: str) -> None:
        self._text = text

    def condition(self, node: ast.expr, depth: int) -> None:
        self._depth(depth)
        if isinstance(node, ast.BoolOp):
            for each in node.values:
                self.condition(each, depth + 1)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.condition(node.operand, depth + 1)
        elif isinstance(node, ast.Compare) and all(type(each) in COMPARISONS for each in node.ops):
            for side in (node.left, *node.comparators):
                self.number(side, depth + 1)
        else:
            raise ValueError(f"has '{self._part(node)}' where a comparison is needed")

    def number(self, node: ast.expr, depth: int) -> None:
        self._depth(depth)
        if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            self.number(node.left, depth + 1)
            self.number(node.right, depth + 1)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            self.number(node.operand, depth + 1)
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value is not True \
                and node.value is not False:
            if abs(node.value) > LARGEST:
                raise ValueError("has a number that is too large")
        elif not isinstance(node, ast.Name):
            raise ValueError(f"has '{self._part(node)}' where a number or a field is needed")

    def _depth(self, depth: int) -> None:
        if depth > DEEPEST:
            raise ValueError("is nested too deeply")

    def _part(self, node: ast.expr) -> str:
        return _shortened(ast.get_source_segment(self._text, node) or "", 40)


def _shortened(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[:length - 3]}..."


def _truth(node: ast.expr, columns: Mapping[str, Numbers]) -> Numbers:
    if isinstance(node, ast.BoolOp):
        parts = [_truth(each, columns) for each in node.values]
        return _all(parts) if isinstance(node.op, ast.And) else 1 - _all([1 - part for part in parts])
    if isinstance(node, ast.UnaryOp):
        return 1 - _truth(node.operand, columns)
    if not isinstance(node, ast.Compare):
        raise TypeError(f"{type(node).__name__} isn't a condition")
    sides = [_number(each, columns) for each in (node.left, *node.comparators)]
    return _all([np.where(np.isfinite(left) & np.isfinite(right), COMPARISONS[type(sign)](left, right), np.nan)
                 for left, sign, right in zip(sides, node.ops, sides[1:])])


def _all(parts: list[Numbers]) -> Numbers:
    """False where one is false, else unknown where one is unknown, else true."""
    aligned = np.stack(np.broadcast_arrays(*parts))
    return np.where((aligned == 0).any(axis=0), 0.0, np.where(np.isnan(aligned).any(axis=0), np.nan, 1.0))


def _number(node: ast.expr, columns: Mapping[str, Numbers]) -> Numbers:
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return np.asarray(node.value, dtype=np.float64)
    if isinstance(node, ast.UnaryOp):
        value = _number(node.operand, columns)
        return -value if isinstance(node.op, ast.USub) else value
    if not isinstance(node, ast.BinOp):
        raise TypeError(f"{type(node).__name__} isn't a number")
    result: Numbers = ARITHMETIC[type(node.op)](_number(node.left, columns), _number(node.right, columns))
    return result
