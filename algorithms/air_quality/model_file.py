"""A fitted estimator as a model file, and back."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.location_weights import file_sha256
from ...models.registry import Model, save_model
from ..distances import unwrapped
from ..errors import InputError
from ..feature_tables import FeatureTable
from .area_of_applicability import Applicability
from .estimator import Data, Estimator, Members, Residuals, covariates
from .linear import Ridge
from .location_features import LocationScaler
from .mixture import Mixture
from .neighbours import Donors
from .network import RECIPES, Network, build_network
from .scaling import Scaler
from .settings import Pm25Settings
from .site_days import SiteDays
from .tree_ensemble import TreeEnsemble

KIND = "pm25"
ROUNDING = 1e-9  # degrees
DONORS = ("longitude", "latitude", "day", "value")


def save_estimator(path: str, estimator: Estimator, data: Data, train: NDArray[np.intp],
                   about: Mapping[str, Any], checkpoint: str = "") -> None:
    """Writes weights and card. about: what the card says beyond the model itself: title, licence, metrics, versions.
    checkpoint: weights of the location encoder, whose fingerprint the card keeps."""
    members = estimator.members
    arrays: dict[str, NDArray[Any]] = {**members.scaler.to_arrays(), **estimator.mixture.to_arrays()}
    for part in (members.location, members.ridge, estimator.applicability):
        arrays.update({} if part is None else part.to_arrays())
    for index, network in enumerate(members.networks):
        arrays.update({f"network.{index}.{name}": values.numpy() for name, values in
                       network.module.state_dict().items()})
    for index, tree in enumerate(members.trees):
        arrays.update(tree.to_arrays(f"trees.{index}"))
    if estimator.residuals is not None:
        arrays.update({f"donors.{name}": np.asarray(getattr(estimator.residuals.donors, name)) for name in DONORS})
    card = {**about, **_card(estimator, data, train)}
    if checkpoint:
        card["location_weights"] = {"file": Path(checkpoint).name, "sha256": file_sha256(checkpoint)}
    save_model(path, KIND, card, arrays)


def _card(estimator: Estimator, data: Data, train: NDArray[np.intp]) -> dict[str, Any]:
    rows = data.windows.target[train]
    site_days = data.site_days
    known = site_days.values[rows].astype(np.float64)
    longitude, latitude, day = data.where(train)
    members, lengths = estimator.members, estimator.residuals
    return {
        "settings": asdict(estimator.settings),
        "inputs": [{"name": name, "low": _limit(np.nanmin, column), "high": _limit(np.nanmax, column),
                    "same_everywhere": bool(same)}
                   for name, column, same in zip(site_days.names, known.T, _same_everywhere(known, day))],
        "training": {"windows": len(train), "places": len(np.unique(data.place[train])), "first_day": int(day.min()),
                     "last_day": int(day.max()),
                     "bounds": region_bounds(longitude, latitude)},
        "network_inputs": int(members.scaler.apply(covariates(data, estimator.settings)[:1]).shape[1]),
        "location_inputs": 0 if members.location is None or data.places is None else int(
            members.location.apply(data.places[:1]).shape[1]),
        "networks": [{"mean": network.mean, "spread": network.spread} for network in members.networks],
        "trees": len(members.trees),
        "residuals": None if lengths is None else {"length_km": lengths.length_km, "shrinkage": lengths.shrinkage}}


def _same_everywhere(values: NDArray[np.float64], day: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Columns that have one value on each day. values: shape (rows, columns)."""
    order = np.argsort(day, kind="stable")
    starts = np.unique(day[order], return_index=True)[1]
    lowest, highest = (pick.reduceat(values[order], starts, axis=0) for pick in (np.fmin, np.fmax))
    return np.asarray(~(highest > lowest).any(axis=0))


def _limit(limit: Any, column: NDArray[np.float64]) -> float | None:
    return float(limit(column)) if np.isfinite(column).any() else None


def read_estimator(model: Model) -> Estimator:
    """The estimator of a model file of the kind pm25."""
    card, arrays = model.card, model.weights
    known = {each.name for each in fields(Pm25Settings)}
    settings = Pm25Settings(**{name: value for name, value in card["settings"].items() if name in known})
    siren = settings.geolocation == "harmonics_siren"
    networks = []
    for index, about in enumerate(card["networks"]):
        module = build_network(RECIPES[settings.configuration], card["network_inputs"], card["location_inputs"],
                               settings.fusion, siren)
        prefix = f"network.{index}."
        module.load_state_dict({name[len(prefix):]: torch.from_numpy(np.array(values))
                                for name, values in arrays.items() if name.startswith(prefix)})
        networks.append(Network(module.eval(), about["mean"], about["spread"]))
    residuals = None
    if card["residuals"]:
        residuals = Residuals(Donors(*(arrays[f"donors.{name}"] for name in DONORS)), **card["residuals"])
    members = Members(
        settings, Scaler.from_arrays(arrays),
        LocationScaler.from_arrays(arrays) if "place.mean" in arrays else None, tuple(networks),
        tuple(TreeEnsemble.from_arrays(arrays, f"trees.{index}") for index in range(card["trees"])),
        Ridge.from_arrays(arrays) if "ridge.weights" in arrays else None)
    applicability = Applicability.from_arrays(arrays) if "applicability.weights" in arrays else None
    return Estimator(tuple(each["name"] for each in card["inputs"]), members, Mixture.from_arrays(arrays), residuals,
                     applicability)


def region_bounds(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> list[float]:
    """West, south, east, north of places, degrees; east is beyond 180 where the places lie on both sides of it."""
    eastward = unwrapped(longitude)
    return [float(eastward.min()), float(latitude.min()), float(eastward.max()), float(latitude.max())]


def outside_ranges(model: Model, site_days: SiteDays, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Rows with a covariate, or a place, outside those that the model was trained on. Shape (rows,)."""
    values = site_days.values[rows]
    low, high = (np.array([np.nan if each[side] is None else each[side] for each in model.card["inputs"]])
                 for side in ("low", "high"))
    with np.errstate(invalid="ignore"):
        beyond = ((values < low) | (values > high)).any(axis=1)
    west, south, east, north = model.card["training"]["bounds"]
    longitude, latitude = site_days.longitude[site_days.site[rows]], site_days.latitude[site_days.site[rows]]
    away = ((longitude - west) % 360 > east - west + ROUNDING) | (latitude < south) | (latitude > north)
    return np.asarray(beyond | away)


def check_location_weights(model: Model, checkpoint: str) -> None:
    """Raises InputError where the model was trained with another checkpoint, as far as its card knows."""
    known = model.card.get("location_weights")
    if known and checkpoint and file_sha256(checkpoint) != known["sha256"]:
        raise InputError("CHECKPOINT", f"'{Path(checkpoint).name}' has other weights than the file that the model was "
                         f"trained with, '{known['file']}'", "give that file")


def check_features(model: Model, table: FeatureTable) -> None:
    """Raises InputError where a layer lacks a covariate of the model."""
    wanted = [each["name"] for each in model.card["inputs"]]
    lacking = [name for name in wanted if name not in table.columns]
    if lacking:
        raise InputError(table.parameter, f"the field '{lacking[0]}' of the model isn't there "
                         f"({len(lacking)} of {len(wanted)} are missing)", "give the covariates that it was trained on")


def check_units(model: Model, values: NDArray[np.float32], parameter: str) -> None:
    """Raises InputError where all values of a covariate lie farther from its training range than that is wide.

    values: shape (rows, covariates). A region or season that the model doesn't know moves covariates less; Kelvin in
    place of degrees Celsius, or per cent in place of shares, move them so far. Covariates that are the same everywhere,
    such as the day of the year, are left to outside_ranges.
    """
    for about, column in zip(model.card["inputs"], values.T):
        known = column[np.isfinite(column)]
        if about["low"] is None or about["same_everywhere"] or not len(known):
            continue
        low, high = float(about["low"]), float(about["high"])
        if high > low and (known.min() > 2 * high - low or known.max() < 2 * low - high):
            raise InputError(parameter, f"'{about['name']}' goes from {known.min():g} to {known.max():g}, in the "
                             f"training from {low:g} to {high:g}", "give it in the unit that the model was trained on")
