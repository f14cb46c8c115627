"""Location features, fusions and protocols compared in one run: every model is judged on the same folds."""
from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ..devices import pick_device
from ..errors import InputError
from ..execution import torch_threads
from ..progress import Progress
from ..settings import Resources
from .artefacts import Artefacts, Encode, find_artefacts
from .distances import nearest_km
from .estimator import Data, Estimator, fit_estimator, fit_networks
from .geographic_folds import OFFSETS, Fold, checkerboard, held_out_places, random_places, random_rows
from .knndm import Matched, knndm
from .location_features import AS_COVARIATES, site_features
from .neighbours import Donors
from .settings import FUSIONS, PROTOCOLS, ComparisonSettings, names_in
from .site_days import SiteDays
from .train_pm25 import FEWEST_PLACES, make_data

NO_RESIDUALS, ALL_RESIDUALS, FAR_RESIDUALS = "none", "all", "beyond_100_km"
FAR_KM = 100.0


@dataclass(frozen=True)
class Variant:
    """A location encoder and how its features are joined with the days; fusion is empty where there is none."""

    geolocation: str
    fusion: str = ""

    @property
    def label(self) -> str:
        return f"{self.geolocation}, {self.fusion}" if self.fusion else self.geolocation


NO_LOCATION = Variant("none")


@dataclass(frozen=True)
class Layout:
    """Folds that test every window (held_out_places: a part of them) once. A checkerboard has one per offset."""

    protocol: str
    folds: Sequence[Fold]

    @property
    def name(self) -> str:
        """Such as 'checkerboard 8 degrees, offset 2'."""
        return self.folds[0].name.rsplit(", ", 1)[0]


@dataclass(frozen=True)
class Judged:
    """Estimates of a fold's test windows by a model that hasn't seen them.

    residuals: whose residuals were added: none, all or those of monitors beyond FAR_KM of every test place. windows:
    numbers of the test windows; estimate: ug/m3; distance_km: to the nearest training place; all of shape (tested,).
    """

    layout: Layout
    fold: str
    seed: int
    variant: Variant
    residuals: str
    windows: NDArray[np.intp]
    estimate: NDArray[np.float64]
    distance_km: NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """All that was judged. data: without features of places. artefacts: of every variant but no location. matched: what
    the protocol knndm found, None without it."""

    data: Data
    settings: ComparisonSettings
    layouts: Sequence[Layout]
    variants: Sequence[Variant]
    judged: Sequence[Judged]
    artefacts: dict[Variant, Artefacts]
    matched: Matched | None

    @property
    def protocols(self) -> list[str]:
        return list(dict.fromkeys(layout.protocol for layout in self.layouts))

    @property
    def residual_kinds(self) -> list[str]:
        return list(dict.fromkeys(each.residuals for each in self.judged))

    @property
    def seeds(self) -> range:
        return seeds_of(self.settings)


def compare_geolocation(site_days: SiteDays, settings: ComparisonSettings, checkpoint: str,
                        map_points: NDArray[np.float64] | None, resources: Resources, progress: Progress) -> Comparison:
    """Fits every variant on every fold with every seed, and looks for artefacts in a model of all places.

    checkpoint: SatCLIP's weights. map_points: longitude and latitude of the places that shall be mapped, for knndm.
    Raises InputError where the table, the protocols or the encoders can't be used, Cancelled.
    """
    variants = variants_of(settings)
    base = make_data(site_days, site_days.measured, settings.of_model("none", FUSIONS[0], settings.seed), "", resources,
                     progress)
    places = len(np.unique(base.place))
    if places < FEWEST_PLACES:
        raise InputError("INPUT", f"the target was measured at {places} places",
                         f"give site-days of at least {FEWEST_PLACES}")
    layouts, matched = make_layouts(site_days, settings, map_points)
    data, encoders = _encoded(base, settings, variants, checkpoint, resources)
    device = torch.device(pick_device(resources.device, progress))
    judged: list[Judged] = []
    folds = [(layout, fold, *_sides(base, fold)) for layout in layouts for fold in layout.folds]
    jobs = [(seed, *fold, variant) for seed in seeds_of(settings) for fold in folds for variant in variants]
    _say_cost(jobs, settings, progress)
    started = time.monotonic()
    with torch_threads(resources):
        for number, (seed, layout, fold, train, test, variant) in enumerate(jobs):
            step = progress.part(0.9 * number / len(jobs), 0.9 * (number + 1) / len(jobs))
            estimator = _fit(data[variant], train, settings, variant, seed, device, step)
            away = nearest_km(*base.where(test)[:2], *base.where(train)[:2])
            for residuals, model in _with_and_without(estimator, base, test):
                value = model.estimate(data[variant], test, device, Progress()).value
                judged.append(Judged(layout, fold.name, seed, variant, residuals, test, value, away))
            if number + 1 == min(len(variants), len(jobs) - 1):
                minutes = (time.monotonic() - started) / (number + 1) * (len(jobs) - number - 1) / 60
                progress.message(f"About {max(1, round(minutes))} minutes are left.")
        located = [variant for variant in variants if variant != NO_LOCATION]
        artefacts = {}
        for number, variant in enumerate(located):
            step = progress.part(0.9 + 0.1 * number / len(located), 0.9 + 0.1 * (number + 1) / len(located))
            alone = replace(settings, residuals=False, boosting=False, ridge=False)
            whole = np.arange(len(base.windows.target))
            estimator = _fit(data[variant], whole, alone, variant, settings.seed, device, step.part(0, 0.7))
            artefacts[variant] = find_artefacts(estimator, data[variant], encoders[variant], device, step.part(0.7, 1))
    return Comparison(base, settings, layouts, variants, judged, artefacts, matched)


def seeds_of(settings: ComparisonSettings) -> range:
    return range(settings.seed, settings.seed + settings.seeds)


def variants_of(settings: ComparisonSettings) -> list[Variant]:
    """No location first, then each encoder with each fusion where it has one."""
    found = [NO_LOCATION]
    for geolocation in (each.strip() for each in settings.geolocations.replace(";", ",").split(",")):
        if geolocation in AS_COVARIATES:
            found.append(Variant(geolocation))
        elif geolocation not in ("", "none"):
            found.extend(Variant(geolocation, fusion) for fusion in names_in(settings.fusions, "FUSIONS", FUSIONS))
    return list(dict.fromkeys(found))


def make_layouts(site_days: SiteDays, settings: ComparisonSettings,
                 map_points: NDArray[np.float64] | None) -> tuple[list[Layout], Matched | None]:
    """The folds of all protocols; the same for every variant and seed."""
    layouts: list[Layout] = []
    matched = None
    for protocol in names_in(settings.protocols, "PROTOCOLS", PROTOCOLS):
        if protocol == "checkerboard":
            layouts.extend(Layout(protocol, checkerboard(site_days, settings.cell_degrees, offset, settings.buffer_km))
                           for offset in range(len(OFFSETS)))
        elif protocol == "knndm":
            folds, matched = knndm(site_days, settings.folds, map_points, settings.seed)
            layouts.append(Layout(protocol, folds))
        elif protocol == "held_out_places":
            layouts.append(Layout(protocol, held_out_places(site_days, 1 / settings.folds, settings.seed)))
        else:
            deal = random_rows if protocol == "random_rows" else random_places
            layouts.append(Layout(protocol, deal(site_days, settings.folds, settings.seed)))
    return layouts, matched


def _encoded(base: Data, settings: ComparisonSettings, variants: Sequence[Variant], checkpoint: str,
             resources: Resources) -> tuple[dict[Variant, Data], dict[Variant, Encode]]:
    """The data of every variant, and its encoder for other places."""
    names = {variant: settings.of_model(variant.geolocation, FUSIONS[0], settings.seed).geolocation
             for variant in variants}
    if checkpoint and "satclip" not in names.values():
        raise InputError("CHECKPOINT", "SatCLIP isn't among the locations", "leave it empty or add satclip")
    encoders: dict[str, Encode] = {
        name: partial(site_features, encoder=name, checkpoint=checkpoint if name == "satclip" else "",
                      resources=resources, progress=Progress())
        for name in names.values() if name != "none"}
    try:
        features = {name: encode(base.site_days.longitude, base.site_days.latitude)
                    for name, encode in encoders.items()}
    except InputError as error:
        parameter = "GEOLOCATIONS" if error.parameter == "ENCODER" else error.parameter
        raise InputError(parameter, error.found, error.what_to_do) from error
    data = {variant: replace(base, places=features.get(name)) for variant, name in names.items()}
    return data, {variant: encoders[name] for variant, name in names.items() if name != "none"}


def _sides(data: Data, fold: Fold) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers of the windows to learn from and to test."""
    train, test = (np.flatnonzero(np.isin(data.windows.target, rows)) for rows in (fold.train, fold.test))
    places = len(np.unique(data.place[train]))
    if places < 2 or len(test) == 0:
        raise InputError("PROTOCOLS", f"'{fold.name}' has {places} places to learn from and {len(test)} site-days to "
                         "test", "give more places, other folds or cells, or fewer MIN_DAYS")
    return train, test


def _fit(data: Data, train: NDArray[np.intp], settings: ComparisonSettings, variant: Variant, seed: int,
         device: torch.device, progress: Progress) -> Estimator:
    wanted = settings.of_model(variant.geolocation, variant.fusion or FUSIONS[0], seed)
    alone = wanted.configuration == "published" or not (wanted.boosting or wanted.ridge)
    return (fit_networks if alone else fit_estimator)(data, train, wanted, device, progress)


def _with_and_without(estimator: Estimator, data: Data, test: NDArray[np.intp]) -> Iterator[tuple[str, Estimator]]:
    """The model without residuals of neighbours, with all, and with those far from every test place."""
    yield NO_RESIDUALS, replace(estimator, residuals=None)
    if not estimator.settings.residuals or estimator.settings.configuration == "published":
        return
    yield ALL_RESIDUALS, estimator
    residuals = estimator.residuals
    if residuals is not None:
        donors = residuals.donors
        far = nearest_km(donors.longitude, donors.latitude, *data.where(test)[:2]) >= FAR_KM
        donors = Donors(donors.longitude[far], donors.latitude[far], donors.day[far], donors.value[far])
        residuals = replace(residuals, donors=donors)
    yield FAR_RESIDUALS, replace(estimator, residuals=residuals)


def _say_cost(jobs: Sequence[object], settings: ComparisonSettings, progress: Progress) -> None:
    networks = settings.members if settings.configuration == "default" else 1
    each = 7 if settings.boosting or settings.ridge else 3 if settings.residuals else 1
    each = 1 if settings.configuration == "published" else each
    progress.message(f"{len(jobs)} models are fitted, each with {networks * each} networks, and one more per location "
                     "for the search for artefacts; how long that takes is said after the first ones.")
