"""From labelled centres to a model and what it is worth (Jie et al. 2024, section 3.4)."""
from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..progress import Progress
from .accuracy import Calls, Score, floors, frontier, leave_cities_out, one_per_city, random_splits, score
from .cbd_model import CbdModel
from .labels import Labels
from .settings import TrainCbdTreeSettings
from .training import choose_cost, fields_of, fit_types, grow, types_of_centres
from .training_centres import TrainingCentres, read_training_centres

ALL_TYPES = "all"
LEFT_OUT, FORCED = "cities left out", "cities left out, at least one CBD per city"
FLOOR = "without a tree"


@dataclass(frozen=True)
class Line:
    """One line of the table of accuracies. cost: of a missed CBD; None where it changes or nothing is grown."""

    protocol: str
    method: str
    city_type: str
    cost: float | None
    score: Score


@dataclass(frozen=True)
class Trained:
    """splits: strategy to accuracies of random_splits. frontier: scores by cost. types: of the centres' cities."""

    model: CbdModel
    centres: TrainingCentres
    labels: Labels
    fields: Sequence[str]
    types: NDArray[np.object_]
    calls: Calls
    lines: Sequence[Line]
    splits: dict[str, NDArray[np.float64]]
    frontier: dict[float, Score]
    settings: TrainCbdTreeSettings
    configuration: str


def train_cbd(table: FeatureTable, labels: Labels, city_field: str, type_field: str, attributes: Sequence[str],
              settings: TrainCbdTreeSettings, name: str, progress: Progress) -> Trained:
    """attributes: fields of the layer that trees may test beside the strategy's. name: of the model.

    Raises InputError for what can't be trained with.
    """
    centres = read_training_centres(table, labels, city_field, type_field, settings.strategy, attributes)
    if not type_field and len(centres.cities) < settings.clusters:
        raise InputError("CLUSTERS", f"{settings.clusters} city types were asked for, and there are "
                         f"{len(centres.cities)} cities with negative pixels",
                         "lower it, or name the field of the types in TYPE_FIELD")
    for remark in labels.remarks:
        progress.warning(remark)
    every = np.ones(len(centres), bool)
    fields = fields_of(settings, attributes)
    types = fit_types(centres, every, settings)
    calls = leave_cities_out(centres, fields, settings, progress.part(0.05, 0.4))
    own = types_of_centres(centres, types)
    costs = frontier(centres, fields, settings, progress.part(0.4, 0.6))
    splits = random_splits(centres, attributes, settings, progress.part(0.6, 0.95))
    cost = choose_cost(centres, every, fields, settings, progress)
    if not settings.cost:
        progress.message(f"A missed CBD costs {cost:g} times a wrong one.")
    trees = grow(centres, every, fields, settings, cost, types)
    lines = list(_lines(centres, own, calls, settings))
    configuration = f"{zlib.crc32(json.dumps([asdict(settings), list(fields)], sort_keys=True).encode()):08x}"
    model = CbdModel(name, settings.strategy, cost, trees.by_type, types, _ranges(centres, fields),
                     _card(centres, settings, lines, configuration))
    return Trained(model, centres, labels, fields, own, calls, lines, splits, costs, settings, configuration)


def _lines(centres: TrainingCentres, types: NDArray[np.object_], calls: Calls,
           settings: TrainCbdTreeSettings) -> Iterator[Line]:
    cost = settings.cost or None
    for protocol, called in ((LEFT_OUT, calls.cbd), (FORCED, one_per_city(calls, centres))):
        yield Line(protocol, settings.strategy, ALL_TYPES, cost, score(called, centres))
        for name in sorted({str(each) for each in types}):
            yield Line(protocol, settings.strategy, name, cost, score(called, centres, types == name))
    for name, called in floors(centres).items():
        yield Line(FLOOR, name, ALL_TYPES, None, score(called, centres))


def _ranges(centres: TrainingCentres, fields: Sequence[str]) -> dict[str, tuple[float, float]]:
    ranges = {}
    for name in fields:
        values = centres.columns[name]
        if values.dtype.kind == "f" and np.isfinite(values).any():
            ranges[name] = float(np.nanmin(values)), float(np.nanmax(values))
    return ranges


def _card(centres: TrainingCentres, settings: TrainCbdTreeSettings, lines: Sequence[Line],
          configuration: str) -> dict[str, object]:
    """What the model's card says beside its trees."""
    found = lines[0].score
    producers, users = found.intervals()
    return {
        "what": "C5.0 trees that tell central business districts from other urban centres by night lights "
                "(after Jie et al. 2024).",
        "training": {"cities": len(centres.cities), "centres": len(centres), "cbds": int(centres.cbd.sum()),
                     "known_cbds": int(centres.known)},
        "metrics": {"how": "every city was judged by trees, types and a cost that were found on the other cities",
                    "producers_accuracy": found.producers if found.labelled else None, "producers_95": list(producers),
                    "users_accuracy": found.users if found.called else None, "users_95": list(users)},
        "settings": asdict(settings), "configuration": configuration, "seed": settings.seed}
