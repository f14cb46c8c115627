"""Trained trees that tell CBDs from other centres, and their file."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.registry import load_model, save_model
from ..errors import InputError
from .c50.model import Model, predict, probabilities
from .c50.paths import paths
from .c50.tree_json import from_json, to_json
from .city_types import CityTypes
from .classification import Columns, Verdict
from .index_names import COUNT, ORIGINAL_INDEXES, WITHIN_CITY
from .settings import CBD

KIND = "cbd_trees"
ALL = "all"  # the tree for city types that have none of their own
LIGHT = "nW/cm2/sr"
UNITS = {COUNT: "cells", **dict.fromkeys(ORIGINAL_INDEXES[1:], LIGHT)}
Range = tuple[float, float]


def least_votes(cost: float) -> float:
    """Share of the votes above which calling a centre a CBD costs less than missing one."""
    return 1 / (1 + cost)


def judge(tree: Model, columns: Columns, cost: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which rows are CBDs, and how probable it is.

    A single tree was grown with the cost; of several the cost says how many votes are needed.
    """
    probability = probabilities(tree, columns)[:, tree.classes.index(CBD)]
    if tree.settings.trials == 1:
        return predict(tree, columns) == CBD, probability
    return probability > least_votes(cost), probability


@dataclass(frozen=True)
class CbdModel:
    """cost: of a missed CBD. trees: by city type, ALL for the others. about: what else the card says.

    strategy: one of index_names.STRATEGIES. ranges: smallest and largest value in training of each numeric field.
    """

    name: str
    strategy: str
    cost: float
    trees: Mapping[str, Model]
    types: CityTypes
    ranges: Mapping[str, Range]
    about: Mapping[str, Any]

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(attribute.name for attribute in self.trees[ALL].attributes)

    @property
    def fields(self) -> tuple[str, ...]:
        """That a layer must have."""
        return tuple(name for name in self.attributes if name not in WITHIN_CITY)

    def decide(self, columns: Columns, city_types: NDArray[np.object_]) -> Verdict:
        """The tree of each centre's city type decides."""
        count = len(city_types)
        verdict = Verdict(np.zeros(count), np.zeros(count), np.full(count, None, dtype=object))
        own = np.array([each if each in self.trees else ALL for each in city_types], dtype=object)
        for name in set(own.tolist()):
            rows, tree = np.flatnonzero(own == name), self.trees[name]
            given = {field: columns[field][rows] for field in self.attributes}
            verdict.cbd[rows], verdict.probability[rows] = judge(tree, given, self.cost)
            verdict.rules[rows] = paths(tree, given)
            if len(tree.trees) > 1:
                verdict.rules[rows] = [f"{share:.0%} of the votes of {len(tree.trees)} trees; the first: {words}"
                                       for words, share in zip(verdict.rules[rows], verdict.probability[rows])]
        return verdict


def save_cbd_model(path: str, model: CbdModel) -> None:
    """Writes the model as JSON that a person can read."""
    fields = {name: {"unit": UNITS.get(name, ""),
                     "least": model.ranges[name][0], "most": model.ranges[name][1]}
              if name in model.ranges else {"unit": "category"} for name in model.attributes}
    save_model(path, KIND, {
        **model.about, "name": model.name, "strategy": model.strategy,
        "cost_of_a_missed_cbd": model.cost, "fields": fields,
        "city_types": model.types.to_json(), "trees": {name: to_json(tree) for name, tree in model.trees.items()}})


def read_cbd_model(path: str, parameter: str = "MODEL") -> CbdModel:
    """Raises InputError for a file that isn't one, or was changed by hand."""
    card = dict(load_model(path, KIND, parameter).card)
    try:
        trees = {name: from_json(tree) for name, tree in card.pop("trees").items()}
        fields = card.pop("fields")
        ranges = {name: (field["least"], field["most"]) for name, field in fields.items() if "least" in field}
        return CbdModel(card.pop("name"), card.pop("strategy"), float(card.pop("cost_of_a_missed_cbd")),
                        {ALL: trees.pop(ALL), **trees}, CityTypes.from_json(card.pop("city_types")), ranges, card)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(parameter, "the model lacks a part or has one of another kind",
                         "train it again") from error
