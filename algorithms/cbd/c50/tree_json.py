"""Models as JSON that a person can read: tests and classes by name, cases by class."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError
from ..settings import C50Settings
from .cases import Attribute
from .evaluation import Evaluation
from .model import Model
from .tree import CUT, LEAF, SUBSETS, VALUES, Node

SETTINGS = ("min_cases", "confidence", "trials", "global_pruning", "subset")


def to_json(model: Model) -> dict[str, Any]:
    """The model as what json can write."""
    evaluation = model.evaluation
    return {
        "attributes": {attribute.name: list(attribute.levels) or "number" for attribute in model.attributes},
        "classes": list(model.classes),
        "settings": {**{name: getattr(model.settings, name) for name in SETTINGS},
                     "costs": [{"predicted": predicted, "actual": actual, "cost": cost}
                               for (predicted, actual), cost in model.settings.costs.items()]},
        "costs": None if model.costs is None else model.costs.tolist(),
        "trees": [_tree(tree, model) for tree in model.trees],
        "training": {
            "cases": evaluation.cases, "leaves": list(evaluation.sizes), "errors": list(evaluation.errors),
            "costs": list(evaluation.costs), "total_errors": evaluation.total_errors,
            "total_cost": evaluation.total_cost, "confusion": [list(row) for row in evaluation.confusion],
            "usage": {attribute.name: share for attribute, share in zip(model.attributes, evaluation.usage)}}}


def from_json(content: Any) -> Model:
    """Raises InputError where the content isn't what to_json makes."""
    try:
        return _model(content)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError("MODEL", f"its trees can't be read ({type(error).__name__}: {error})",
                         "give a model as it was written") from error


def _tree(node: Node, model: Model) -> dict[str, Any]:
    about: dict[str, Any] = {
        "class": model.classes[node.leaf], "cases": node.cases,
        "cases_by_class": {name: float(count) for name, count in zip(model.classes, node.counts)}}
    if node.kind == LEAF:
        return about
    attribute = model.attributes[node.attribute]
    below = [_tree(branch, model) for branch in node.branches]
    if node.kind == CUT:
        return {**about, "attribute": attribute.name, "cut": node.cut, "up_to": below[0], "above": below[1]}
    groups = node.subsets if node.kind == SUBSETS else [{number} for number in range(len(attribute.levels))]
    return {**about, "attribute": attribute.name, "test": node.kind, "branches": [
        {"levels": [attribute.levels[level] for level in sorted(group)], "then": branch}
        for group, branch in zip(groups, below)]}


def _model(content: dict[str, Any]) -> Model:
    attributes = tuple(Attribute(name, () if levels == "number" else tuple(levels))
                       for name, levels in content["attributes"].items())
    classes = tuple(content["classes"])
    given, training = content["settings"], content["training"]
    settings = C50Settings(**{name: given[name] for name in SETTINGS}, costs={
        (cost["predicted"], cost["actual"]): cost["cost"] for cost in given["costs"]})
    costs = None if content["costs"] is None else np.array(content["costs"], dtype=np.float64)
    trees = tuple(_node(tree, attributes, classes) for tree in content["trees"])
    if not trees:
        raise ValueError("no trees")
    return Model(attributes, classes, trees, costs, settings, Evaluation(
        training["cases"], tuple(training["leaves"]), tuple(training["errors"]), tuple(training["costs"]),
        training["total_errors"], training["total_cost"], tuple(tuple(row) for row in training["confusion"]),
        tuple(training["usage"][attribute.name] for attribute in attributes)))


def _node(content: dict[str, Any], attributes: tuple[Attribute, ...], classes: tuple[str, ...]) -> Node:
    counts = np.array([content["cases_by_class"][name] for name in classes], dtype=np.float32)
    node = Node(classes.index(content["class"]), counts, float(content["cases"]))
    node.errors = float(np.float32(node.cases - counts[node.leaf]))
    if "attribute" not in content:
        return node
    node.attribute = [attribute.name for attribute in attributes].index(content["attribute"])
    if "cut" in content:
        node.kind, node.cut = CUT, float(content["cut"])
        node.branches = [_node(content[side], attributes, classes) for side in ("up_to", "above")]
        return node
    levels = attributes[node.attribute].levels
    node.kind = VALUES if content["test"] == VALUES else SUBSETS
    node.branches = [_node(branch["then"], attributes, classes) for branch in content["branches"]]
    groups = [{levels.index(level) for level in branch["levels"]} for branch in content["branches"]]
    if node.kind == SUBSETS:
        node.subsets = groups
    elif groups != [{number} for number in range(len(levels))]:
        raise ValueError(f"the branches of '{content['attribute']}' aren't its levels")
    return node
