"""The PM2.5 estimator: networks, boosted trees and the residuals of neighbours, fitted on training windows only."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..conformal import blocked_quantile
from ..progress import Progress
from .location_features import AS_COVARIATES, LocationScaler
from .neighbours import Donors, find_neighbours
from .network import RECIPES, Network, Samples, train_network
from .scaling import Scaler
from .settings import Pm25Settings
from .site_days import SiteDays
from .tree_ensemble import TreeEnsemble, grow_boosted_trees
from .window_features import window_features
from .windows import Windows

INNER_FOLDS = 4
TREE_SEEDS = 2
NETWORK_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
LENGTHS_KM = (25.0, 50.0, 100.0, 200.0, 400.0)
SHRINKAGES = (0.1, 0.3, 1.0, 3.0)
NEIGHBOURS = 12
FARTHEST_KM = 2000.0
SCALE_OFFSET = 5.0  # ug/m3; errors grow with the estimate plus this


@dataclass(frozen=True)
class Data:
    """Site-days, the windows over them, and the features of every site's place, shape (sites, width), or None."""

    site_days: SiteDays
    windows: Windows
    places: NDArray[np.float32] | None

    @property
    def target(self) -> NDArray[np.float32]:
        return self.site_days.target[self.windows.target]

    @property
    def site(self) -> NDArray[np.int32]:
        return self.site_days.site[self.windows.target]

    @property
    def place(self) -> NDArray[np.intp]:
        return self.site_days.place()[self.windows.target]

    def where(self, windows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
        """Longitude, latitude and day of some windows."""
        rows = self.windows.target[windows]
        site = self.site_days.site[rows]
        return self.site_days.longitude[site], self.site_days.latitude[site], self.site_days.day[rows]


@dataclass(frozen=True)
class Residuals:
    """What training monitors had beyond an estimate that didn't know their place, and how far it reaches."""

    donors: Donors
    length_km: float
    shrinkage: float

    def at(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64],
           day: NDArray[np.int32], nearest_km: float | None = None) -> NDArray[np.float64]:
        """What neighbours add; those within nearest_km don't speak (None = co-located ones)."""
        limits = {} if nearest_km is None else {"nearest": nearest_km}
        found = find_neighbours(longitude, latitude, day, self.donors, NEIGHBOURS, farthest=FARTHEST_KM, **limits)
        return found.kernel_mean(self.length_km, self.shrinkage)


@dataclass(frozen=True)
class Estimates:
    """value, before residuals: shape (windows,), ug/m3. low, high: 90 % interval. attention: (windows, days), mean of
    the networks."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    attention: NDArray[np.float32]


@dataclass(frozen=True)
class Estimator:
    """A fitted model. network_share: weight of the networks against the trees. interval: half of the 90 % interval over
    (estimate + SCALE_OFFSET)."""

    settings: Pm25Settings
    names: tuple[str, ...]
    scaler: Scaler
    location: LocationScaler | None
    networks: tuple[Network, ...]
    trees: tuple[TreeEnsemble, ...]
    network_share: float
    residuals: Residuals | None
    interval: float

    def estimate(self, data: Data, windows: NDArray[np.intp], device: torch.device, progress: Progress,
                 donors_beyond_km: float | None = None) -> Estimates:
        """Estimates of some windows. donors_beyond_km: only monitors farther than this add their residuals."""
        value, attention = _mean_of_members(self, data, windows, device, progress)
        if self.residuals is not None:
            value = value + self.residuals.at(*data.where(windows), donors_beyond_km)
        value = np.maximum(value, 0)
        half = self.interval * (value + SCALE_OFFSET)
        return Estimates(value, np.maximum(value - half, 0), value + half, attention)


def fit_estimator(data: Data, train: NDArray[np.intp], settings: Pm25Settings, device: torch.device,
                  progress: Progress) -> Estimator:
    """Fits everything on the training windows: scalers, components, networks, trees, shares, residuals, interval.

    train: numbers of the windows to learn from. Shares, reach of residuals and the interval are chosen by estimates of
    INNER_FOLDS folds of training places, each without its own places.
    """
    alone = settings.configuration == "published"
    boosts, corrects = settings.boosting and not alone, settings.residuals and not alone
    full = _fit_members(data, train, settings, 1 if alone else settings.members, TREE_SEEDS if boosts else 0,
                        settings.seed, device, progress.part(0, 0.6))
    known = np.full((2, len(data.windows.target)), np.nan)
    for number, (learn, check) in enumerate(_inner_folds(data, train, settings.seed)):
        step = progress.part(0.6 + 0.4 * number / INNER_FOLDS, 0.6 + 0.4 * (number + 1) / INNER_FOLDS)
        inner = _fit_members(data, learn, settings, 1, 1 if boosts else 0, settings.seed + 1000 + number, device, step)
        known[0, check] = _network_mean(inner, data, check, device, Progress())[0]
        if boosts:
            known[1, check] = _tree_mean(inner, data, check)
    truth = data.target[train].astype(np.float64)
    share = _best_share(truth, known[:, train]) if boosts else 1.0
    blind = share * known[0, train] + (1 - share) * known[1, train] if boosts else known[0, train]
    residuals = _best_residuals(data, train, truth - blind) if corrects else None
    if residuals is not None:
        blind = blind + residuals.at(*data.where(train))
    blind = np.maximum(blind, 0)
    interval = blocked_quantile(np.abs(truth - blind) / (blind + SCALE_OFFSET), data.place[train])
    return Estimator(settings, data.site_days.names, full.scaler, full.location, full.networks, full.trees, share,
                     residuals, interval)


def covariates(data: Data, settings: Pm25Settings) -> NDArray[np.float32]:
    """What is known on each row: the features, and coordinates where they are covariates."""
    values = data.site_days.values
    if settings.geolocation in AS_COVARIATES and data.places is not None:
        values = np.concatenate((values, data.places[data.site_days.site]), axis=1)
    return values


def _fit_members(data: Data, train: NDArray[np.intp], settings: Pm25Settings, networks: int, trees: int, seed: int,
                 device: torch.device, progress: Progress) -> Estimator:
    values = covariates(data, settings)
    rows = np.unique(data.windows.rows[train])
    scaler = Scaler.fit(values[rows[rows >= 0]])
    location = None
    if data.places is not None and settings.geolocation not in (*AS_COVARIATES, "none"):
        location = LocationScaler.fit(data.places[np.unique(data.site[train])], settings)
    recipe, siren = RECIPES[settings.configuration], settings.geolocation == "harmonics_siren"
    samples, steps = _samples(data, scaler, location, settings), networks + trees
    members = tuple(train_network(samples, data.target, train, data.place, recipe, settings.epochs, settings.fusion,
                                  siren, seed + member, device, progress.part(member / steps, (member + 1) / steps))
                    for member in range(networks))
    grown: list[TreeEnsemble] = []
    if trees:
        features = _tree_features(data, settings, location)[train]
        for member in range(trees):
            grown.append(grow_boosted_trees(features, data.target[train], seed + member))
            progress.report((networks + member + 1) / steps)
    return Estimator(settings, data.site_days.names, scaler, location, members, tuple(grown), 1.0, None, np.inf)


def _samples(data: Data, scaler: Scaler, location: LocationScaler | None, settings: Pm25Settings) -> Samples:
    places = None if location is None or data.places is None else location.apply(data.places)[data.site]
    return Samples(scaler.apply(covariates(data, settings)), data.windows, places)


def _tree_features(data: Data, settings: Pm25Settings, location: LocationScaler | None) -> NDArray[np.float32]:
    places = None if location is None or data.places is None else location.apply(data.places)[data.site]
    return window_features(covariates(data, settings), data.windows, settings.direction == "centred", places)


def _mean_of_members(model: Estimator, data: Data, windows: NDArray[np.intp], device: torch.device,
                     progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    value, attention = _network_mean(model, data, windows, device, progress)
    if model.trees:
        value = model.network_share * value + (1 - model.network_share) * _tree_mean(model, data, windows)
    return value, attention


def _network_mean(model: Estimator, data: Data, windows: NDArray[np.intp], device: torch.device,
                  progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    samples = _samples(data, model.scaler, model.location, model.settings)
    count = len(model.networks)
    found = [network.estimate(samples, windows, device, progress.part(index / count, (index + 1) / count))
             for index, network in enumerate(model.networks)]
    return (np.mean([value for value, _ in found], axis=0),
            np.mean([attention for _, attention in found], axis=0, dtype=np.float32))


def _tree_mean(model: Estimator, data: Data, windows: NDArray[np.intp]) -> NDArray[np.float64]:
    features = _tree_features(data, model.settings, model.location)[windows]
    return np.asarray(np.mean([tree.predict(features) for tree in model.trees], axis=0), dtype=np.float64)


def _inner_folds(data: Data, train: NDArray[np.intp],
                 seed: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Training windows without and with a fold of places."""
    place = data.place[train]
    unique = np.unique(place)
    number = np.empty(int(unique.max()) + 1, dtype=int)
    number[np.random.default_rng(seed).permutation(unique)] = np.arange(len(unique)) % INNER_FOLDS
    for fold in range(INNER_FOLDS):
        held = number[place] == fold
        yield train[~held], train[held]


def _best_share(truth: NDArray[np.float64], known: NDArray[np.float64]) -> float:
    errors = [float(((share * known[0] + (1 - share) * known[1] - truth) ** 2).mean()) for share in NETWORK_SHARES]
    return NETWORK_SHARES[int(np.argmin(errors))]


def _best_residuals(data: Data, train: NDArray[np.intp], residual: NDArray[np.float64]) -> Residuals | None:
    """The reach and strength with the smallest error on training monitors that give nothing to themselves; None where
    neighbours don't help."""
    where = data.where(train)
    donors = Donors(*where, residual)
    found = find_neighbours(*where, donors, NEIGHBOURS, farthest=FARTHEST_KM)
    best, smallest = None, float((residual**2).mean())
    for length in LENGTHS_KM:
        for shrinkage in SHRINKAGES:
            error = float(((residual - found.kernel_mean(length, shrinkage)) ** 2).mean())
            if error < smallest:
                best, smallest = Residuals(donors, length, shrinkage), error
    return best
