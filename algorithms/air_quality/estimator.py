"""The PM2.5 estimator: networks, boosted trees, ridge regression and the residuals of neighbours.

Public: Data (what it reads), fit_estimator and fit_and_check (fit everything on training windows only), fit_networks,
Estimator.estimate (estimates with intervals), covariates (what a row holds, coordinates included). Nothing of a test
window enters a fitted model.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ..conformal import blocked_quantile
from ..distances import nearest_km
from ..errors import InputError
from ..progress import Progress
from .area_of_applicability import Applicability, fit_applicability
from .inner_folds import Sides, block_folds, random_place_folds, spatial_blocks
from .linear import Ridge, fit_ridge
from .location_features import AS_COVARIATES, LocationScaler
from .mixture import Mixture, best_weights
from .neighbours import Donors, find_neighbours
from .network import RECIPES, Network, Samples, train_network
from .scaling import Scaler
from .settings import Pm25Settings
from .site_days import ONE_PLACE_KM, SiteDays
from .tree_ensemble import TreeEnsemble, grow_boosted_trees
from .window_features import window_features
from .windows import Windows

INNER_FOLDS = 3
TREE_SEEDS = 2
LENGTHS_KM = (25.0, 50.0, 100.0, 200.0, 400.0)
SHRINKAGES = (0.1, 0.3, 1.0, 3.0)
NEIGHBOURS = 12
FARTHEST_KM = 2000.0
PLACE = "(place)"  # name of all location features together, which no field has
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
    def place(self) -> NDArray[np.int32]:
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
           day: NDArray[np.int32], nearest_km: float = ONE_PLACE_KM) -> NDArray[np.float64]:
        """What neighbours add; those within nearest_km don't speak."""
        found = find_neighbours(longitude, latitude, day, self.donors, NEIGHBOURS, nearest_km, FARTHEST_KM)
        return found.kernel_mean(self.length_km, self.shrinkage)


@dataclass(frozen=True)
class Estimates:
    """value: shape (windows,), ug/m3, residuals of neighbours included. low, high: 90 % interval. attention: (windows,
    days), mean of the networks."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    attention: NDArray[np.float32]


@dataclass(frozen=True)
class Members:
    """Fitted models, each of which estimates alone; without trees or ridge where they are turned off."""

    settings: Pm25Settings
    scaler: Scaler
    location: LocationScaler | None
    networks: tuple[Network, ...]
    trees: tuple[TreeEnsemble, ...]
    ridge: Ridge | None

    def estimate(self, data: Data, windows: NDArray[np.intp], device: torch.device,
                 progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Estimates of the networks' mean, the trees' and the ridge, (members, windows); attention (windows, days)."""
        samples, count = _samples(data, self.scaler, self.location, self.settings), len(self.networks)
        found = [network.estimate(samples, windows, device, progress.part(index / count, (index + 1) / count))
                 for index, network in enumerate(self.networks)]
        values = [np.mean([value for value, _ in found], axis=0)]
        if self.trees:
            features = _tree_features(data, self.settings, self.location)[windows]
            values.append(np.mean([tree.predict(features) for tree in self.trees], axis=0))
        if self.ridge is not None:
            values.append(self.ridge.predict(samples.rows[data.windows.target[windows]]))
        return np.array(values), np.mean([attention for _, attention in found], axis=0, dtype=np.float32)


@dataclass(frozen=True)
class Estimator:
    """A fitted model. names: of the covariates. The mixture's intervals are halves of 90 % intervals over (estimate +
    SCALE_OFFSET). applicability: over what predictors() gives; None where importance wasn't measured."""

    names: tuple[str, ...]
    members: Members
    mixture: Mixture
    residuals: Residuals | None
    applicability: Applicability | None = None

    @property
    def settings(self) -> Pm25Settings:
        return self.members.settings

    def estimate(self, data: Data, windows: NDArray[np.intp], device: torch.device, progress: Progress,
                 donors_beyond_km: float = ONE_PLACE_KM) -> Estimates:
        """Estimates of some windows. donors_beyond_km: only monitors farther than this add their residuals; where a
        window's own monitor may be among them, it mustn't be less than the default."""
        values, attention = self.members.estimate(data, windows, device, progress)
        where = data.where(windows)
        value, half = self.mixture.apply(values, *where[:2])
        if self.residuals is not None:
            value = value + self.residuals.at(*where, donors_beyond_km)
        value = np.maximum(value, 0)
        half = half * (value + SCALE_OFFSET)
        return Estimates(value, np.maximum(value - half, 0), value + half, attention)

    def predictors(self, data: Data, windows: NDArray[np.intp]) -> NDArray[np.float64]:
        """What is known on the day of some windows, standardised and not clipped, 0 where missing, and of their places.

        Shape (windows, covariates + location features).
        """
        scaler, location = self.members.scaler, self.members.location
        rows = covariates(data, self.settings, data.windows.target[windows]).astype(np.float64)
        parts = [np.nan_to_num((rows - scaler.mean) / scaler.spread)]
        if location is not None and data.places is not None:
            parts.append(location.apply(data.places[data.site[windows]]).astype(np.float64))
        return np.concatenate(parts, axis=1)

    def with_applicability(self, data: Data, train: NDArray[np.intp], importance: Mapping[str, float]) -> Estimator:
        """The same with its area of applicability; the folds are those of blocks of places.

        importance: of every covariate, and of the place under PLACE, which its features share.
        """
        known = self.predictors(data, train)
        own = [importance[name] for name in self.names]
        features = known.shape[1] - len(own)
        place = importance.get(PLACE, 0.0) / np.sqrt(max(1, features))
        longitude, latitude, _ = data.where(train)
        folds = block_folds(np.arange(len(train)), longitude, latitude, INNER_FOLDS, self.settings.seed)
        return replace(self, applicability=fit_applicability(known, np.array([*own, *[place] * features]), folds))

    def dissimilarity(self, data: Data, windows: NDArray[np.intp]) -> NDArray[np.float64]:
        """How unlike the training data windows are, in shares of what is still applicable: above 1 outside of it."""
        if self.applicability is None:
            return np.full(len(windows), np.nan)
        return self.applicability.dissimilarity(self.predictors(data, windows)) / self.applicability.threshold


def fit_estimator(data: Data, train: NDArray[np.intp], settings: Pm25Settings, device: torch.device,
                  progress: Progress) -> Estimator:
    """Fits everything on the training windows, as fit_and_check does."""
    return fit_and_check(data, train, settings, device, progress)[0]


def fit_and_check(data: Data, train: NDArray[np.intp], settings: Pm25Settings, device: torch.device,
                  progress: Progress) -> tuple[Estimator, NDArray[np.float64]]:
    """Fits scalers, components, members, weights, residuals, intervals; gives the estimates of the folds beside them.

    train: numbers of the windows to learn from. Weights and intervals near the training places come from estimates of
    INNER_FOLDS folds of single places, those far from them from folds of blocks of places; the models of the folds have
    as many members as the final one. The reach of residuals is chosen on the folds of single places.
    The folds' estimates have the shape (2, windows to learn from): by models without the place, and without its block.
    """
    longitude, latitude, _ = data.where(train)
    final = _fit_members(data, train, settings, settings.seed, device, progress.part(0, 0.2))
    truth = data.target[train].astype(np.float64)
    layouts = (random_place_folds(train, data.place[train], INNER_FOLDS, settings.seed),
               block_folds(train, longitude, latitude, INNER_FOLDS, settings.seed))
    blind, distances, weights = [], [], []
    for number, folds in enumerate(layouts):
        part = progress.part(0.2 + 0.4 * number, 0.6 + 0.4 * number)
        known, away = _fold_estimates(data, train, folds, settings, device, part)
        weights.append(best_weights(truth, known))
        blind.append(weights[-1] @ known)
        distances.append(float(np.median(away)))
    alone = settings.configuration == "published"
    residuals = _best_residuals(data, train, truth - blind[0]) if settings.residuals and not alone else None
    if residuals is not None:
        blind[0] = blind[0] + residuals.at(*data.where(train))
    groups = (data.place[train], spatial_blocks(longitude, latitude))
    intervals = [_interval(truth, value, group) for value, group in zip(blind, groups)]
    distances[1] = max(distances[1], distances[0] + 1)
    sites = np.unique(data.site[train])
    mixture = Mixture(np.array(distances), np.array(weights), np.array(intervals), data.site_days.longitude[sites],
                      data.site_days.latitude[sites])
    return Estimator(data.site_days.names, final, mixture, residuals), np.maximum(blind, 0)


def fit_networks(data: Data, train: NDArray[np.intp], settings: Pm25Settings, device: torch.device,
                 progress: Progress) -> Estimator:
    """Networks and, where settings want them, residuals of neighbours: without weights to choose and intervals.

    For comparisons of many models: with residuals three networks' worth of training, without them one.
    """
    settings = replace(settings, boosting=False, ridge=False)
    longitude, latitude, _ = data.where(train)
    wanted = settings.residuals and settings.configuration != "published"
    share = 1 / 3 if wanted else 1.0
    members = _fit_members(data, train, settings, settings.seed, device, progress.part(0, share))
    residuals = None
    if wanted:
        folds = random_place_folds(train, data.place[train], INNER_FOLDS, settings.seed)
        known, _ = _fold_estimates(data, train, folds, settings, device, progress.part(share, 1))
        residuals = _best_residuals(data, train, data.target[train].astype(np.float64) - known[0])
    mixture = Mixture(np.array([0.0, 1.0]), np.ones((2, 1)), np.full(2, np.inf), longitude, latitude)
    return Estimator(data.site_days.names, members, mixture, residuals)


def _fold_estimates(data: Data, train: NDArray[np.intp], folds: list[Sides], settings: Pm25Settings,
                    device: torch.device, progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimates (members, windows) of each fold by models that haven't seen it; kilometres to their nearest place."""
    known: NDArray[np.float64] | None = None
    away = np.empty(len(data.windows.target))
    for number, (learn, check) in enumerate(folds):
        step = progress.part(number / len(folds), (number + 1) / len(folds))
        inner = _fit_members(data, learn, settings, settings.seed + 1000 + number, device, step)
        found, _ = inner.estimate(data, check, device, Progress())
        if known is None:
            known = np.empty((len(found), len(away)))
        known[:, check] = found
        away[check] = nearest_km(*data.where(check)[:2], *data.where(learn)[:2])
    if known is None:
        raise InputError("INPUT", "all windows to learn from lie at one place", "give at least two places")
    return known[:, train], away[train]


def _interval(truth: NDArray[np.float64], estimate: NDArray[np.float64], groups: NDArray[np.intp]) -> float:
    floor = np.maximum(estimate, 0)
    return blocked_quantile(np.abs(truth - floor) / (floor + SCALE_OFFSET), groups)


def covariates(data: Data, settings: Pm25Settings, rows: NDArray[np.intp] | None = None) -> NDArray[np.float32]:
    """What is known on some rows (None = all): the features, and coordinates where they are covariates."""
    chosen = slice(None) if rows is None else rows
    values: NDArray[np.float32] = data.site_days.values[chosen]
    if settings.geolocation in AS_COVARIATES and data.places is not None:
        values = np.concatenate((values, data.places[data.site_days.site[chosen]]), axis=1)
    return values


def _fit_members(data: Data, train: NDArray[np.intp], settings: Pm25Settings, seed: int, device: torch.device,
                 progress: Progress) -> Members:
    alone = settings.configuration == "published"
    networks, trees = 1 if alone else settings.members, TREE_SEEDS if settings.boosting and not alone else 0
    values = covariates(data, settings)
    rows = np.unique(data.windows.rows[train])
    scaler = Scaler.fit(values[rows[rows >= 0]])
    location = None
    if data.places is not None and settings.geolocation not in (*AS_COVARIATES, "none"):
        location = LocationScaler.fit(data.places[np.unique(data.site[train])], settings)
    recipe, siren = RECIPES[settings.configuration], settings.geolocation == "harmonics_siren"
    samples, steps = _samples(data, scaler, location, settings), networks + trees
    trained = tuple(train_network(samples, data.target, train, data.place, recipe, settings.epochs, settings.fusion,
                                  siren, seed + member, device, progress.part(member / steps, (member + 1) / steps))
                    for member in range(networks))
    grown: list[TreeEnsemble] = []
    if trees:
        features = _tree_features(data, settings, location)[train]
        for member in range(trees):
            grown.append(grow_boosted_trees(features, data.target[train], seed + member))
            progress.report((networks + member + 1) / steps)
    ridge = None
    if settings.ridge and not alone:
        folds = block_folds(np.arange(len(train)), *data.where(train)[:2], INNER_FOLDS, seed)
        ridge = fit_ridge(samples.rows[data.windows.target[train]], data.target[train], folds)
    return Members(settings, scaler, location, trained, tuple(grown), ridge)


def _samples(data: Data, scaler: Scaler, location: LocationScaler | None, settings: Pm25Settings) -> Samples:
    places = None if location is None or data.places is None else location.apply(data.places)[data.site]
    return Samples(scaler.apply(covariates(data, settings)), data.windows, places)


def _tree_features(data: Data, settings: Pm25Settings, location: LocationScaler | None) -> NDArray[np.float32]:
    places = None if location is None or data.places is None else location.apply(data.places)[data.site]
    return window_features(covariates(data, settings), data.windows, settings.direction == "centred", places)


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
