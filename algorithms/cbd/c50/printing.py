"""Trees and their evaluation as text, in the form in which C5.0 prints them."""
from __future__ import annotations

import math

from .evaluation import Evaluation
from .model import Model
from .tree import CUT, LEAF, SMALLEST_LEAF, SUBSETS, Node, depth

WIDTH, STEP = 80, 4
FIRST, OTHER, LAST = ":...", ":   ", "    "
SMALLEST_ERROR = 0.05
CUT_LENGTH, SUBSET_EXTRA, LEAF_EXTRA, TEST_EXTRA = 4, 6, 6, 4  # by which C5.0 estimates the length of a line
MOST_CLASSES = 20  # in a table of confusion


def print_tree(model: Model) -> str:
    """The trees, their errors on the training cases, the table of confusion, and the use of attributes."""
    boosted = len(model.trees) > 1
    parts = []
    for number, tree in enumerate(model.trees):
        title = f"-----  Trial {number}:  -----\n\nDecision tree:\n" if boosted else "Decision tree:\n"
        parts.append(title + _Printer(model).tree(tree))
    evaluation = model.evaluation
    parts.append(f"\nEvaluation on training data ({evaluation.cases} cases):\n\n"
                 + _errors(evaluation, model.costs is not None))
    parts.append(_confusion(evaluation, model.classes))
    usage = _usage(evaluation, [attribute.name for attribute in model.attributes])
    return "\n".join(parts + ([usage] if usage else []))


class _Printer:
    """Prints one tree; subtrees that don't fit the width follow it."""

    def __init__(self, model: Model) -> None:
        self._attributes, self._classes = model.attributes, model.classes
        self._later: list[Node] = []

    def tree(self, root: Node) -> str:
        text = self._below(root, []) + "\n"
        printed = 0
        while printed < len(self._later):
            printed += 1
            text += f"\nSubTree [S{printed}]\n" + self._below(self._later[printed - 1], []) + "\n"
        return text

    def _below(self, node: Node, last: list[bool]) -> str:
        """What follows a branch's test. last: of the tests above, whether their last branch is being printed."""
        if node.kind == LEAF:
            return f" {self._classes[node.leaf]} ({_leaf_cases(node)})"
        if last and len(last) * STEP + self._line_length(node) > WIDTH:
            self._later.append(node)
            return f" [S{len(self._later)}]"
        text = ""
        order = _simplest_first(node)
        for position, number in enumerate(order):
            above = [*last, position == len(order) - 1]
            test = self._test(node, number, above)
            text += _indent(last, position == 0) + test + ":" + self._below(node.branches[number], above)
        return text

    def _test(self, node: Node, number: int, last: list[bool]) -> str:
        attribute = self._attributes[node.attribute]
        if node.kind == CUT:
            return f"{attribute.name} {'<=' if number == 0 else '>'} {node.cut:.7g}"
        levels = sorted(node.subsets[number]) if node.kind == SUBSETS else [number]
        if len(levels) == 1:
            return f"{attribute.name} = {attribute.levels[levels[0]]}"
        branch = node.branches[number]
        margin = len(attribute.name) + len("in") + 3
        text, length = f"{attribute.name} in {{", margin + (len(last) - 1) * STEP
        first = True
        for level in levels:
            name = attribute.levels[level]
            end = 1 if level != levels[-1] or branch.kind != LEAF else self._leaf_length(branch)
            if not first and length + len(name) + end + 1 > WIDTH:
                bar = LAST if last[-1] and branch.kind == LEAF else OTHER
                text += _indent(last[:-1], False) + bar + " " * (margin - STEP)
                length = margin + (len(last) - 1) * STEP
            text += name + ("}" if level == levels[-1] else ",")
            length += len(name) + 1
            first = False
        return text

    def _leaf_length(self, leaf: Node) -> int:
        errors = 0 if leaf.errors < SMALLEST_ERROR else 1 + _digits(leaf.errors)
        return 2 + len(self._classes[leaf.leaf]) + 3 + _digits(leaf.cases) + errors

    def _line_length(self, node: Node) -> int:
        attribute = self._attributes[node.attribute]
        longest = 0
        for number, branch in enumerate(node.branches):
            if node.kind == CUT:
                length = CUT_LENGTH
            elif node.kind == SUBSETS:
                length = max(len(attribute.levels[level]) for level in node.subsets[number]) + SUBSET_EXTRA
            else:
                length = len(attribute.levels[number]) + 1
            if branch.kind == LEAF:
                length += len(self._classes[branch.leaf]) + LEAF_EXTRA
            longest = max(longest, length)
        return len(attribute.name) + TEST_EXTRA + longest


def _indent(last: list[bool], first: bool) -> str:
    bars = [LAST if each else OTHER for each in last]
    if bars and first:
        bars[-1] = FIRST
    return "\n" + "".join(bars)


def _simplest_first(node: Node) -> list[int]:
    """Branches by depth; of those without a test, empty ones first, the last of them foremost."""
    depths = [float(depth(branch)) for branch in node.branches]
    order: list[int] = []
    for _ in node.branches:
        best = 0
        for number in range(1, len(depths)):
            empty = depths[number] == 1 and not node.branches[number].cases
            if depths[number] < depths[best] or empty:
                best = number
        order.append(best)
        depths[best] = float("inf")
    return order


def _leaf_cases(leaf: Node) -> str:
    errors = leaf.cases - float(leaf.counts[leaf.leaf])
    shown = leaf.cases >= SMALLEST_LEAF and errors >= SMALLEST_ERROR
    return _tenths(leaf.cases) + (f"/{_tenths(errors)}" if shown else "")


def _tenths(value: float) -> str:
    return f"{int(value * 10 + 0.5) / 10:.8g}"


def _digits(value: float) -> int:
    """Characters that C5.0 expects a number to take."""
    return 3 if value < 10 else int(3 + math.log(value - 1) / math.log(10))


def _errors(evaluation: Evaluation, costs: bool) -> str:
    boosted = len(evaluation.sizes) > 1
    margin = ("Trial\t", "-----\t", "\t") if boosted else ("\t",) * 3
    titles = ("       Decision Tree   ", "  -----------------------  ", "  Size      Errors   Cost  ") if costs else \
        ("    Decision Tree   ", "  ----------------  ", "  Size      Errors  ")
    lines = [start + title for start, title in zip(margin, titles)] + [""]
    for number, (size, errors, cost) in enumerate(zip(evaluation.sizes, evaluation.errors, evaluation.costs)):
        start = f"{number:4d}\t" if boosted else "\t"
        lines.append(f"{start}  {size:4d} {errors:4d}({100 * errors / evaluation.cases:4.1f}%)"
                     + (f"{cost:7.2f}" if costs else ""))
    if boosted:
        share = 100 * evaluation.total_errors / evaluation.cases
        lines.append(f"boost\t       {evaluation.total_errors:4d}({share:4.1f}%)"
                     + (f"{evaluation.total_cost:7.2f}" if costs else ""))
    lines[-1] += "   <<"
    return "\n".join(lines) + "\n"


def _confusion(evaluation: Evaluation, classes: tuple[str, ...]) -> str:
    if len(classes) > MOST_CLASSES:
        return _error_breakdown(evaluation, classes)
    largest = max(10_000, *(count for row in evaluation.confusion for count in row))
    width = len(str(largest + 100)) + 1
    letters = [chr(ord("a") + number) for number in range(len(classes))]
    lines = ["", "\t" + "".join(f"({letter})".rjust(width) for letter in letters) + "    <-classified as",
             "\t" + "".join(("-" * (width - 2)).rjust(width) for _ in letters)]
    for letter, name, row in zip(letters, classes, evaluation.confusion):
        lines.append("\t" + "".join((str(count) if count else "").rjust(width) for count in row)
                     + f"    ({letter}): class {name}")
    return "\n".join(lines) + "\n"


def _error_breakdown(evaluation: Evaluation, classes: tuple[str, ...]) -> str:
    width = max(len("Class"), *(len(name) for name in classes))
    number = 7
    lines = ["", f"\t  {'Class':<{width}} {'Cases':>{number}} {'False':>{number}} {'False':>{number}}",
             f"\t  {'':<{width}} {'':>{number}} {'Pos':>{number}} {'Neg':>{number}}",
             f"\t  {'-----':<{width}} {'-----':>{number}} {'-----':>{number}} {'-----':>{number}}"]
    for index, (name, row) in enumerate(zip(classes, evaluation.confusion)):
        given = sum(other[index] for other in evaluation.confusion)
        lines.append(f"\t  {name:<{width}} {sum(row):{number}d} {given - row[index]:{number}d} "
                     f"{sum(row) - row[index]:{number}d}")
    return "\n".join(lines) + "\n"


def _usage(evaluation: Evaluation, names: list[str]) -> str:
    used = sorted((-share, number) for number, share in enumerate(evaluation.usage) if share > 0)
    lines = [f"\t{-100 * share:6.2f}%\t{names[number]}" for share, number in used]
    return "\n".join(["\n\tAttribute usage:\n", *lines]) + "\n" if lines else ""
