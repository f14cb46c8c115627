"""C5.0 decision trees: training, classes, probabilities, and a form that can be kept.

Source: Quinlan's C4.5 (1993) and the behaviour of C5.0 release 2.07, as the R package C50 has it; docs/c50.md says what
was compared with its printed results.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...progress import Progress
from ..settings import C50Settings
from .boosting import TrainingSet, grow_trees
from .cases import Attribute, Cases, is_none, read_attributes, read_cases
from .classify import Costs, Walk, likeliest, votes
from .evaluation import Evaluation, evaluate
from .tree import Node

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """trees: one, or those of boosting. classes: their names, in the order of probabilities' columns.
    costs: [predicted, actual], or None."""

    attributes: tuple[Attribute, ...]
    classes: tuple[str, ...]
    trees: tuple[Node, ...]
    costs: Costs | None
    settings: C50Settings
    evaluation: Evaluation


def train(columns: Columns, target: Any, settings: C50Settings | None = None, weights: Any = None,
          progress: Progress | None = None) -> Model:
    """Grows and prunes a tree, or settings.trials of them by boosting.

    columns: name to array of one length, numbers for numeric attributes and texts for categorical ones, NaN and None
    for missing values. target: the class of each row. weights: of each row, or None; what isn't above 0 counts as 1.
    Raises InputError where there are no rows, fewer than two classes, rows without a class, columns of other lengths,
    or costs of a class that doesn't occur.
    """
    attributes = read_attributes(columns)
    cases = read_cases(columns, attributes)
    names = np.asarray(target, dtype=object)
    if not attributes or not len(names):
        raise InputError("INPUT", f"there are {len(attributes)} columns with {len(names)} rows to train with",
                         "give at least one column and two rows")
    if len(names) != cases.count:
        raise InputError("INPUT", f"there are {cases.count} rows and {len(names)} classes", "give each row a class")
    if any(is_none(name) for name in names):
        raise InputError("INPUT", "a row has no class", "leave such rows out")
    classes = tuple(sorted({str(name) for name in names}))
    if len(classes) < 2:
        raise InputError("INPUT", f"all rows have the class '{classes[0]}'", "give rows of at least two classes")
    numbers = {name: number for number, name in enumerate(classes)}
    of_rows = np.array([numbers[str(name)] for name in names], dtype=np.intp)
    settings = settings or C50Settings()
    costs = _cost_matrix(settings.costs, classes)
    data = TrainingSet(cases, of_rows, len(classes), _relative(weights, cases.count),
                       _multiplier(costs, np.bincount(of_rows)), costs)
    trees = grow_trees(data, settings, progress or Progress())
    return Model(attributes, classes, tuple(trees), costs, settings, evaluate(trees, cases, of_rows, costs))


def predict(model: Model, columns: Columns) -> NDArray[np.object_]:
    """The class of each row. Raises InputError where a column of the training is missing or of another kind."""
    chosen, _ = _votes(model, read_cases(columns, model.attributes))
    return np.array(model.classes, dtype=object)[chosen]


def probabilities(model: Model, columns: Columns) -> NDArray[np.float64]:
    """Shape (rows, classes). Of one tree smoothed leaf shares, of several trees their votes. Raises as predict does."""
    return _votes(model, read_cases(columns, model.attributes))[1]


def _votes(model: Model, cases: Cases) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    walk = Walk(cases, in_training=False)
    if len(model.trees) == 1:
        return votes(model.trees[0], walk, model.costs)
    total = np.zeros((cases.count, len(model.classes)))
    rows = np.arange(cases.count)
    for tree in model.trees:
        chosen, shares = votes(tree, walk, model.costs)
        total[rows, chosen] += shares[rows, chosen]
    total /= total.sum(axis=1, keepdims=True)
    return likeliest(total, model.trees[0].leaf), total


def _cost_matrix(costs: Mapping[tuple[str, str], float], classes: tuple[str, ...]) -> Costs | None:
    """From (predicted, actual) to cost; 1 where nothing is said. None where all are 1."""
    matrix = 1.0 - np.eye(len(classes))
    for pair, cost in costs.items():
        if not set(pair) <= set(classes) or pair[0] == pair[1]:
            raise InputError("COST", f"a cost names the classes {' and '.join(pair)}",
                             f"name two of {', '.join(classes)}")
        if not cost > 0:
            raise InputError("COST", f"a cost of {cost:g} was given", "give costs above 0")
        matrix[classes.index(pair[0]), classes.index(pair[1])] = cost
    return None if (matrix == 1.0 - np.eye(len(classes))).all() else matrix


def _multiplier(costs: Costs | None, counts: NDArray[np.intp]) -> NDArray[np.float32] | None:
    """With two classes, weights in proportion to what a wrong case of the class costs, and 1 on average."""
    if costs is None or len(counts) != 2:
        return None
    cost = np.array([costs[1, 0], costs[0, 1]])
    return np.asarray(cost / ((counts * cost).sum() / counts.sum()), dtype=np.float32)


def _relative(weights: Any, count: int) -> NDArray[np.float32]:
    if weights is None:
        return np.ones(count, np.float32)
    given = np.asarray(weights, dtype=np.float64)
    if len(given) != count:
        raise InputError("INPUT", f"there are {count} rows and {len(given)} weights", "give each row a weight")
    usable = given > 0
    mean = given[usable].mean() if usable.any() else 1.0
    return np.where(usable, given / mean, 1.0).astype(np.float32)
