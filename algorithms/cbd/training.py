"""Trees from labelled centres, by the strategies of Jie et al. (2024), and what a missed CBD should cost."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from .c50.model import Model, train
from .cbd_model import ALL, judge
from .city_types import FEWEST_FOR_ELBOW, CityTypes, fit_city_types, types_of_groups
from .index_names import STRATEGIES
from .settings import CBD, OTHER, TrainCbdTreeSettings
from .training_centres import TrainingCentres

COSTS = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)
FOLDS = 5

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Trees:
    """by_type: trees by city type, and ALL for other types. types: of the cities, None where one tree is for all."""

    by_type: dict[str, Model]
    types: CityTypes | None


def fields_of(settings: TrainCbdTreeSettings, attributes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*STRATEGIES[settings.strategy][0], *attributes)))


def grow(centres: TrainingCentres, rows: Rows, fields: Sequence[str], settings: TrainCbdTreeSettings, cost: float,
         types: CityTypes | None = None) -> Trees:
    """Trees, and types unless they are given, from some centres alone.

    A type whose centres are all of one kind gets the tree for all.
    """
    by_type = {ALL: _tree(centres, rows, fields, settings, cost)}
    if not STRATEGIES[settings.strategy][1]:
        return Trees(by_type, None)
    types = types or fit_types(centres, rows, settings)
    own = types_of_centres(centres, types)
    for name in types.names:
        part = rows & (own == name)
        if len(np.unique(centres.cbd[part])) == 2:
            by_type[name] = _tree(centres, part, fields, settings, cost)
    return Trees(by_type, types)


def decide(trees: Trees, centres: TrainingCentres, rows: Rows, fields: Sequence[str],
           cost: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether some centres are CBDs when a missed one costs so much, and how probable it is; shape (chosen rows,)."""
    own = np.full(len(centres), ALL, dtype=object)
    if trees.types is not None:
        given = types_of_centres(centres, trees.types)
        own = np.array([name if name in trees.by_type else ALL for name in given], dtype=object)
    cbd, probability = np.zeros(len(centres), bool), np.zeros(len(centres))
    for name in set(own[rows].tolist()):
        tree, part = trees.by_type[name], rows & (own == name)
        cbd[part], probability[part] = judge(tree, centres.select(fields, part), cost)
    return cbd[rows], probability[rows]


def fit_types(centres: TrainingCentres, rows: Rows, settings: TrainCbdTreeSettings) -> CityTypes:
    """From the cities of some centres: clusters, no more than there are cities, or the given types as they are."""
    cities = np.unique(centres.city[rows])
    means = np.array([centres.columns["Mean"][rows & (centres.city == city)].mean() for city in cities])
    counts = centres.counts[cities]
    if centres.given_types is not None:
        return types_of_groups(means, counts, centres.given_types[cities], settings.normalise)
    clusters = min(settings.clusters, len(cities))
    if not clusters and len(cities) < FEWEST_FOR_ELBOW:
        clusters = 1
    return fit_city_types(means, counts, replace(settings.types(), clusters=clusters))


def types_of_centres(centres: TrainingCentres, types: CityTypes) -> NDArray[np.object_]:
    """The type of each centre's city, given or found by its mean radiance and number of centres."""
    of_cities = centres.given_types
    if of_cities is None:
        of_cities = types.assign(centres.means, centres.counts).types
    own: NDArray[np.object_] = of_cities[centres.city]
    return own


def choose_cost(centres: TrainingCentres, rows: Rows, fields: Sequence[str], settings: TrainCbdTreeSettings,
                progress: Progress) -> float:
    """settings.cost, or the best of COSTS on cities left out of growing; only some centres are looked at."""
    if settings.cost:
        return settings.cost
    order = np.random.default_rng(settings.seed).permutation(np.unique(centres.city[rows]))
    hits, called = np.zeros(len(COSTS)), np.zeros(len(COSTS))
    for fold in np.array_split(order, min(FOLDS, len(order))):
        progress.check()
        inside, outside = rows & ~np.isin(centres.city, fold), rows & np.isin(centres.city, fold)
        if len(np.unique(centres.cbd[inside])) < 2:
            continue
        types = fit_types(centres, inside, settings) if STRATEGIES[settings.strategy][1] else None
        trees = grow(centres, inside, fields, settings, 1.0, types)
        for index, cost in enumerate(COSTS):
            if settings.trials == 1:
                trees = grow(centres, inside, fields, settings, cost, types)
            cbd, _ = decide(trees, centres, outside, fields, cost)
            hits[index] += (cbd & centres.cbd[outside]).sum()
            called[index] += cbd.sum()
    found, right = hits / centres.cbd[rows].sum(), hits / np.maximum(called, 1)
    return COSTS[int(np.argmax(5 * right * found / np.maximum(4 * right + found, 1e-9)))]  # F2 (van Rijsbergen 1979)


def _tree(centres: TrainingCentres, rows: Rows, fields: Sequence[str], settings: TrainCbdTreeSettings,
          cost: float) -> Model:
    return train(centres.select(fields, rows), np.where(centres.cbd[rows], CBD, OTHER), settings.c50(cost))
