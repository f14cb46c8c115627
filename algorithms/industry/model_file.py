"""A fitted estimator of output as a model file, and back."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.registry import Model, save_model
from ...models.sa_cnn import SaCnn
from ..errors import InputError
from .course import NO_COURSE, Course
from .estimator import GvioEstimator
from .factory_shares import Scale
from .settings import LINEAR, TRAINED, GvioSettings
from .trained_reading import reader_version

KIND = "gvio"
NETWORK, ARRAYS = "network.", ("months", "calendar", "gains")
COURSE = "course.{}.{}"  # member, zone


def save_estimator(path: str, estimator: GvioEstimator, about: Mapping[str, Any]) -> None:
    """Writes weights and card. about: what the card says beyond the model itself: title, licence, metrics, versions."""
    quantile = estimator.interval_quantile
    card = {"settings": asdict(estimator.settings), "zones": list(estimator.zones),
            "sectors": list(estimator.sectors), "land_names": list(estimator.land_names),
            "network_weight": estimator.network_weight, "radii": list(estimator.radii),
            "interval_quantile": quantile if math.isfinite(quantile) else None,
            **asdict(estimator.scale), "reader": _reader(estimator.settings),
            "courses": [[{"first": each.first, "memory": each.memory} for each in member]
                        for member in estimator.courses]}
    arrays: dict[str, NDArray[Any]] = {name: getattr(estimator, name) for name in ARRAYS}
    for member, courses in enumerate(estimator.courses):
        arrays.update({COURSE.format(member, zone): each.values for zone, each in enumerate(courses)})
    if estimator.network is not None:
        arrays.update({NETWORK + name: values.numpy() for name, values in estimator.network.state_dict().items()})
    save_model(path, KIND, {**about, **card}, arrays)


def read_estimator(model: Model) -> GvioEstimator:
    """The estimator of a model file of the kind gvio; older ones have no course and no sum of parts, and read light
    linearly. Raises InputError where light was read by networks of another version."""
    card, arrays = model.card, model.weights
    known = {each.name for each in fields(GvioSettings)}
    stored = {"reading": LINEAR, **card["settings"]}
    settings = GvioSettings(**{name: value for name, value in stored.items() if name in known})
    if card.get("reader") != _reader(settings):
        raise InputError("MODEL", f"'{model.name}' reads light by networks of another version of the plugin",
                         "train it again")
    quantile = card["interval_quantile"]
    zones, sectors, radii = (tuple(card[name]) for name in ("zones", "sectors", "radii"))
    months, calendar, gains = (np.array(arrays[name]) for name in ARRAYS)
    courses = tuple(tuple(Course(each["first"], np.array(arrays[COURSE.format(member, zone)]), each["memory"])
                          for zone, each in enumerate(zoned)) for member, zoned in enumerate(card.get("courses", ())))
    state = {name[len(NETWORK):]: torch.from_numpy(np.array(values)) for name, values in arrays.items()
             if name.startswith(NETWORK)}
    network = None
    if state:
        joined, channels = state["joined.weight"], len(state["first.weight"])
        network = SaCnn(joined.shape[1] - 4 * channels, channels, len(joined)).eval()
        network.load_state_dict(state)
    return GvioEstimator(settings, zones, sectors, radii, months, calendar, gains,
                         courses or ((NO_COURSE,) * (len(zones) + 1),) * len(calendar), tuple(card["land_names"]),
                         network, card["network_weight"], float("nan") if quantile is None else quantile,
                         Scale(card.get("size_median"), card.get("part_sum")))


def _reader(settings: GvioSettings) -> int | None:
    return reader_version() if settings.reading == TRAINED else None
