"""Location features, fusions and protocols compared in one run: every model is judged on the same folds."""
from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ..devices import pick_device
from ..distances import nearest_km
from ..errors import InputError, renamed
from ..execution import torch_threads
from ..progress import Progress
from ..settings import Resources
from .artefacts import Artefacts, find_artefacts
from .estimator import Data, Estimator, fit_estimator, fit_networks
from .geographic_folds import OFFSETS, Fold, checkerboard, held_out_places, random_places, random_rows
from .knndm import Matched, knndm
from .location_features import AS_COVARIATES, Encode, site_encoder
from .neighbours import Donors
from .network import fitting_resources
from .settings import FULL, FUSIONS, GEOLOCATIONS, PROTOCOLS, SAME_EVERYWHERE, ComparisonSettings, names_in
from .site_days import SiteDays, check_covariates
from .train_pm25 import check_targets, make_data

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

    @property
    def knows_place(self) -> bool:
        return self.geolocation not in ("none", SAME_EVERYWHERE)

    @property
    def control(self) -> Variant:
        """The same network without knowledge of the place."""
        return Variant(SAME_EVERYWHERE, self.fusion) if self.fusion else NO_LOCATION


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


@dataclass(frozen=True)
class Job:
    """One model to fit and to judge. train, test: numbers of windows."""

    seed: int
    layout: Layout
    fold: Fold
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    variant: Variant


@dataclass(frozen=True)
class Plan:
    """What shall be compared. base: data without features of places; data: with those of each variant; encoders: that
    give them elsewhere."""

    base: Data
    settings: ComparisonSettings
    layouts: Sequence[Layout]
    data: dict[Variant, Data]
    encoders: dict[Variant, Encode]
    matched: Matched | None

    def jobs(self) -> list[Job]:
        """Seed by seed, fold by fold, all variants."""
        folds = [(layout, fold, *_sides(self.base, fold)) for layout in self.layouts for fold in layout.folds]
        return [Job(seed, *fold, variant) for seed in seeds_of(self.settings) for fold in folds
                for variant in self.data]

    def compared(self, judged: Sequence[Judged], artefacts: dict[Variant, Artefacts]) -> Comparison:
        return Comparison(self.base, self.settings, self.layouts, list(self.data), judged, artefacts, self.matched)


def compare_geolocation(site_days: SiteDays, settings: ComparisonSettings, checkpoint: str,
                        map_points: NDArray[np.float64] | None, resources: Resources, progress: Progress) -> Comparison:
    """Fits every variant on every fold with every seed, and looks for artefacts in a model of all places.

    checkpoint: SatCLIP's weights. map_points: longitude and latitude of the places that shall be mapped, for knndm.
    Raises InputError where the table, the protocols or the encoders can't be used, Cancelled.
    """
    plan = make_plan(site_days, settings, checkpoint, map_points, resources, progress)
    jobs = plan.jobs()
    _say_cost(len(jobs), settings, progress)
    device = torch.device(pick_device(resources.device, progress))
    judged: list[Judged] = []
    started = time.monotonic()
    with torch_threads(fitting_resources(settings.configuration, resources)):
        for number, job in enumerate(jobs):
            step = progress.part(0.9 * number / len(jobs), 0.9 * (number + 1) / len(jobs))
            judged.extend(judge(plan, job, device, step))
            if number + 1 == len(plan.data) < len(jobs):
                minutes = (time.monotonic() - started) / (number + 1) * (len(jobs) - number - 1) / 60
                progress.message(f"About {max(1, round(minutes))} minutes are left.")
        artefacts = search_artefacts(plan, device, progress.part(0.9, 1))
    return plan.compared(judged, artefacts)


def make_plan(site_days: SiteDays, settings: ComparisonSettings, checkpoint: str,
              map_points: NDArray[np.float64] | None, resources: Resources, progress: Progress) -> Plan:
    """Windows, folds and features of places; raises InputError where they can't be made."""
    check_covariates(site_days)
    base = make_data(site_days, site_days.measured, settings.of_model("none", FUSIONS[0], settings.seed), "", resources,
                     progress)
    check_targets(base)
    layouts, matched = make_layouts(site_days, settings, map_points)
    data, encoders = _encoded(base, settings, checkpoint, resources)
    return Plan(base, settings, layouts, data, encoders, matched)


def judge(plan: Plan, job: Job, device: torch.device, progress: Progress) -> Iterator[Judged]:
    """Fits a model; its estimates of the test windows with each kind of residuals."""
    data = plan.data[job.variant]
    estimator = _fit(data, job.train, plan.settings, job.variant, job.seed, device, progress)
    away = nearest_km(*data.where(job.test)[:2], *data.where(job.train)[:2])
    for residuals, model in _with_and_without(estimator, data, job.test):
        value = model.estimate(data, job.test, device, Progress()).value
        yield Judged(job.layout, job.fold.name, job.seed, job.variant, residuals, job.test, value, away)


def search_artefacts(plan: Plan, device: torch.device, progress: Progress) -> dict[Variant, Artefacts]:
    """Of a network of all places with each location."""
    alone = replace(plan.settings, residuals=False, boosting=False, ridge=False)
    every = np.arange(len(plan.base.windows.target))
    found = {}
    for number, (variant, encode) in enumerate(plan.encoders.items()):
        step = progress.part(number / len(plan.encoders), (number + 1) / len(plan.encoders))
        estimator = _fit(plan.data[variant], every, alone, variant, plan.settings.seed, device, step.part(0, 0.7))
        found[variant] = find_artefacts(estimator, plan.data[variant], encode, device, step.part(0.7, 1))
    return found


def seeds_of(settings: ComparisonSettings) -> range:
    return range(settings.seed, settings.seed + settings.seeds)


def variants_of(settings: ComparisonSettings) -> list[Variant]:
    """No location and the controls of the fusions first, then each encoder with each fusion where it has one."""
    found: list[Variant] = []
    fusions = names_in(settings.fusions, "FUSIONS", FUSIONS)
    for geolocation in names_in(settings.geolocations, "GEOLOCATIONS", GEOLOCATIONS):
        plain = geolocation.replace(FULL, "")
        if settings.of_model(plain, fusions[0], settings.seed).components == 0:
            geolocation = plain  # which takes all features too
        if geolocation in AS_COVARIATES:
            found.append(Variant(geolocation))
        elif geolocation != NO_LOCATION.geolocation:
            found.extend(Variant(geolocation, fusion) for fusion in fusions)
    controls = dict.fromkeys(variant.control for variant in found)
    return list(dict.fromkeys((NO_LOCATION, *controls, *found)))


def make_layouts(site_days: SiteDays, settings: ComparisonSettings,
                 map_points: NDArray[np.float64] | None) -> tuple[list[Layout], Matched | None]:
    """The folds of all protocols; the same for every variant and seed."""
    layouts: list[Layout] = []
    matched, protocols = None, names_in(settings.protocols, "PROTOCOLS", PROTOCOLS)
    if map_points is not None and "knndm" not in protocols:
        raise InputError("PREDICTION", "knndm, which alone looks at it, isn't among the protocols",
                         "leave it empty or add knndm")
    for protocol in protocols:
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


def _encoded(base: Data, settings: ComparisonSettings, checkpoint: str,
             resources: Resources) -> tuple[dict[Variant, Data], dict[Variant, Encode]]:
    """The data of every variant, and its encoder for other places."""
    names = {variant: variant.geolocation.replace(FULL, "") for variant in variants_of(settings)
             if variant.knows_place}
    if checkpoint and "satclip" not in names.values():
        raise InputError("CHECKPOINT", "SatCLIP isn't among the locations", "leave it empty or add satclip")
    with renamed("ENCODER", "GEOLOCATIONS"):
        encoders = {name: site_encoder(name, checkpoint if name == "satclip" else "", resources)
                    for name in names.values()}
    features = {name: encode(base.site_days.longitude, base.site_days.latitude) for name, encode in encoders.items()}
    same = np.zeros((len(base.site_days.sites), 1), np.float32)
    data = {variant: replace(base, places=features[names[variant]] if variant in names else same if variant.fusion
                             else None) for variant in variants_of(settings)}
    return data, {variant: encoders[name] for variant, name in names.items()}


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


def _say_cost(models: int, settings: ComparisonSettings, progress: Progress) -> None:
    networks = settings.members if settings.configuration == "default" else 1
    each = 7 if settings.boosting or settings.ridge else 3 if settings.residuals else 1
    each = 1 if settings.configuration == "published" else each
    progress.message(f"{models} models are fitted, each with {networks * each} networks, and one more per location "
                     "for the search for artefacts; how long that takes is said after the first ones.")
    if settings.configuration == "published" and settings.residuals:
        progress.warning("The published configuration has no residuals of neighbours: RESIDUALS isn't used.")
