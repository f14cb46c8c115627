"""Trains the estimator of output on published totals, and tries it on months and zones that it hasn't seen."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..devices import pick_device
from ..errors import InputError
from ..execution import torch_threads
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..settings import Resources
from .blocked_intervals import BlockedIntervals, blocked_intervals
from .calendar_terms import terms_left_out
from .cross_estimates import ESTIMATE, Case, CrossEstimates, cross_estimates, protocol_folds
from .estimator import LEAST_MONTHS, GvioEstimator, fit_estimator
from .factories import Factories, read_factories
from .factory_traits import read_traits
from .gvio_scores import Scores, score_levels
from .labels import WHOLE, Labels, zones_of_zeros
from .monthly_light import RasterLight, held_in_memory
from .months import month_text
from .ranges import input_ranges
from .samples import FactorySamples
from .sampling import BLOCKS_SHARE, SamplingInputs, sample_factories
from .settings import GvioSettings, SamplingSettings
from .time_folds import BLOCKED
from .zones import NOWHERE, Zones, read_zones


@dataclass(frozen=True)
class TrainingInputs:
    """labels: published totals. zones: polygons of the labels' zones, with names in zone_field; None = the labels are
    those of the whole region. size_field, sector_field: of the factory layer, empty = none."""

    sampling: SamplingInputs
    labels: Labels
    zones: FeatureTable | None
    zone_field: str
    size_field: str
    sector_field: str


@dataclass(frozen=True)
class Trained:
    """found, scores and intervals: by protocol; scores then by level (region, zones) and method. ranges: of the light
    that it learnt from, by statistic."""

    case: Case
    estimator: GvioEstimator
    found: dict[str, CrossEstimates]
    scores: dict[str, dict[str, dict[str, Scores]]]
    intervals: dict[str, BlockedIntervals]
    ranges: Mapping[str, list[float]]


def train_gvio(inputs: TrainingInputs, sampling: SamplingSettings, settings: GvioSettings, resources: Resources,
               progress: Progress) -> Trained:
    """Raises InputError for what can't be learnt from, Cancelled."""
    case = read_case(inputs, sampling, resources, progress)
    device = pick_device(resources.device, progress)
    with torch_threads(resources):
        return train_case(case, settings, resources, device, progress)


def train_case(case: Case, settings: GvioSettings, resources: Resources, device: str, progress: Progress) -> Trained:
    """Fits the estimator to all labels after it was tried by every protocol that they allow."""
    protocols = protocol_folds(case.labels, settings.seed)
    count = sum(len(folds) for folds in protocols)
    progress.message(f"{len(case.labels)} totals of {len(case.labels.zones)} zones, {len(case.traits.zone)} factories. "
                     f"The estimator is fitted to all of them and, to see what it is worth, without {count} parts.")
    _tell_zeros(case, progress)
    left_out = terms_left_out(case.labels.first, case.labels.last)
    if left_out:
        progress.message(left_out)
    if not protocols:
        progress.warning("MONTHLY_TOTALS: it covers too few months to try the model on months that it hasn't seen; "
                         "give three years at least.")
    found, done = {}, 0
    for folds in protocols:
        part = progress.part(0.95 * done / count, 0.95 * (done + len(folds)) / count)
        found[folds[0].protocol] = cross_estimates(case, folds, settings, resources, device, part)
        done += len(folds)
    intervals = {protocol: blocked_intervals(case.labels, each.values[ESTIMATE], each.spread, each.fold)
                 for protocol, each in found.items()}
    known = case.covered(case.labels)
    samples = case.sample(known, progress.part(0.95, 0.96))
    estimator = fit_estimator(samples, case.traits, case.labels, settings, progress.part(0.96, 0.99), device)
    if BLOCKED in intervals and np.isfinite(intervals[BLOCKED].quantile):
        estimator = replace(estimator, interval_quantile=intervals[BLOCKED].quantile)
    ranges = input_ranges(samples, known, resources, progress.part(0.99, 1))
    return Trained(case, estimator, found, {protocol: score_levels(case.labels, each)
                                            for protocol, each in found.items()}, intervals, ranges)


def _tell_zeros(case: Case, progress: Progress) -> None:
    """Says which totals aren't learnt from. Raises InputError where all are 0."""
    labels, traits = case.labels, case.traits
    zeros = int((labels.value == 0).sum())
    if zeros == len(labels):
        raise InputError("VALUE_FIELD", f"all {zeros} totals are 0", "give totals above 0")
    if zeros:
        empty = [labels.zones[zone] for zone in zones_of_zeros(labels)]
        made = f"; zones that have no other get an output of 0 ({_few(empty)})" if empty else ""
        progress.message(f"VALUE_FIELD: {zeros} of {len(labels)} totals are 0 and don't enter the fit, which is one of "
                         f"logarithms{made}.")
    if traits.size is not None:
        sized = np.unique(traits.zone[traits.size != 0])
        without = [labels.zones[zone] for zone in np.setdiff1d(labels.zone, sized)]
        if without:
            progress.warning(f"WEIGHT_FIELD: all factories have the size 0 in {_few(without)}; totals there "
                             "can't be learnt from.")


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def read_case(inputs: TrainingInputs, settings: SamplingSettings, resources: Resources, progress: Progress) -> Case:
    """Raises InputError for light, totals, zones and factories that don't belong together or don't suffice."""
    sampling = inputs.sampling
    light = RasterLight(sampling.radiance, sampling.coverage, settings, whole=True)
    light.warn_of_gaps(progress)
    months = light.months[light.has_band]
    if len(months) < LEAST_MONTHS:
        _refuse_light(months)
    labels = inputs.labels.within(months, progress)
    covered = int(labels.covers(months).any(axis=0).sum())
    if covered < LEAST_MONTHS:
        raise InputError("MONTHLY_TOTALS", f"it has totals of {covered} months of RADIANCE",
                         f"give at least {LEAST_MONTHS}")
    factories = read_factories(sampling.layer, sampling.fields, sampling.categories, light.grid, settings.duplicates,
                               progress)
    zones = None if inputs.zones is None else read_zones(inputs.zones, inputs.zone_field, light.grid.crs)
    labels, zone = _zones_of_factories(labels, zones, factories, progress)
    traits = read_traits(sampling.layer, inputs.size_field, inputs.sector_field, factories, zone)
    held = held_in_memory(light, BLOCKS_SHARE * resources.max_bytes, progress.part(0, 0))

    def sample(reference: NDArray[np.bool_], part: Progress) -> FactorySamples:
        return sample_factories(factories, held, sampling.surroundings, settings, resources, part, reference)

    return Case(labels, light.months, traits, zones if labels.zones != (WHOLE,) else None, sample)


def _refuse_light(months: NDArray[np.int32]) -> None:
    if len(months) == 1:
        raise InputError("RADIANCE", f"it has one month ({month_text(int(months[0]))}), which a trained model can "
                         "estimate, but in which nothing changes that could be learnt from",
                         f"give a stack of at least {LEAST_MONTHS} months")
    raise InputError("RADIANCE", f"it has {len(months)} months", f"give a stack of at least {LEAST_MONTHS}")


def _zones_of_factories(labels: Labels, zones: Zones | None, factories: Factories,
                        progress: Progress) -> tuple[Labels, NDArray[np.int32]]:
    """Labels of zones with factories, and the index of each factory's zone among theirs."""
    if labels.zones == (WHOLE,):
        if zones is not None:
            progress.message("The totals name no zones (TOTALS_ZONE_FIELD): they count for the whole region.")
        return labels, np.zeros(len(factories), np.int32)
    if zones is None:
        raise InputError("ZONES", f"none were given, and MONTHLY_TOTALS has {len(labels.zones)} zones",
                         "give their polygons")
    unknown = [name for name in labels.zones if name not in zones.names]
    if unknown:
        raise InputError("TOTALS_ZONE_FIELD", f"'{unknown[0]}' is none of ZONES ({', '.join(zones.names[:4])})",
                         "name zones alike in both")
    of_layer = zones.of_points(factories.x, factories.y)
    used = [index for index, name in enumerate(labels.zones) if (of_layer == zones.names.index(name)).any()]
    if not used:
        raise InputError("ZONES", "no factory lies in a zone with totals", "choose zones and factories of one region")
    if len(used) < len(labels.zones):
        empty = sorted(set(labels.zones) - {labels.zones[index] for index in used})
        progress.warning(f"ZONES: no factory lies in {', '.join(empty[:4])}; the totals of {len(empty)} zones are left "
                         "out.")
    names = tuple(labels.zones[index] for index in used)
    zone = np.full(len(factories), NOWHERE, np.int32)
    for index, name in enumerate(names):
        zone[of_layer == zones.names.index(name)] = index
    if (zone == NOWHERE).any():
        progress.warning(f"FACTORIES: {int((zone == NOWHERE).sum())} of {len(zone)} lie in no zone with totals.")
    kept = labels.select(np.isin(labels.zone, used))
    return Labels(np.searchsorted(used, kept.zone).astype(np.int32), kept.first, kept.last, kept.value, names), zone


def about(trained: Trained) -> dict[str, Any]:
    """What the card says beyond the model itself."""
    labels, months = trained.case.labels, trained.case.covered(trained.case.labels)
    covered = trained.case.months[months]
    return {"ranges": dict(trained.ranges),
            "training": {"zones": len(labels.zones), "totals": len(labels), "factories": len(trained.case.traits.zone),
                         "sizes": trained.case.traits.size is not None,
                         "first_month": month_text(int(covered[0])), "last_month": month_text(int(covered[-1]))}}
