"""What makes output hard to read from light: the estimator on simulated regions with one difficulty taken away.

python -m nocturne.benchmarks.gvio_difficulties [--regions 1 2 ...]

And how much light moves where listed factories stand, beside the calendar, by industry, by all other light and by the
sensor: the logarithm of the light of their cells, mean by size, standard deviation over months.
"""
from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
from nocturne.algorithms.industry.cross_estimates import ESTIMATE, Case, cross_estimates
from nocturne.algorithms.industry.estimator import LEAST_MONTHS
from nocturne.algorithms.industry.gvio_scores import REGION, score_levels
from nocturne.algorithms.industry.settings import GvioSettings
from nocturne.algorithms.industry.time_folds import blocked_folds, forward_folds
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import Region, simulate_region
from nocturne.algorithms.simulation.region_light import blurred
from nocturne.algorithms.simulation.region_output import LONGEST_LAG
from nocturne.algorithms.simulation.region_places import CATEGORIES, NO_FACTORY, Places, true_dates
from nocturne.benchmarks.gvio_bound import calendar_departures, sensor_light
from nocturne.benchmarks.gvio_region import region_case

REGIONS = tuple(range(1, 11))
SETTINGS = GvioSettings(members=1, network=False)
TRUE_SIZE = 1000  # employees of a factory of size 1: fine enough for the smallest


def as_it_is(region: Region) -> Region:
    return region


def true_layer(region: Region) -> Region:
    """No wrong factories, true sizes, all dates of opening and closing."""
    places = region.places
    made = (places.producer != NO_FACTORY) & region.output.open[places.producer, LONGEST_LAG:].any(axis=1)
    places = _select(places, made | ~places.listed_as_factory)
    real = places.producer != NO_FACTORY
    size = np.ceil(TRUE_SIZE * region.plan.size[places.producer]).astype(np.int32)
    return _dated(region, replace(places, employees=np.where(real, size, places.employees)))


def whole_layer(region: Region) -> Region:
    """The true layer, with the factories that it misses."""
    region = true_layer(region)
    places, plan = region.places, region.plan
    missing = np.setdiff1d(np.flatnonzero(region.output.open[:plan.factories, LONGEST_LAG:].any(axis=1)),
                           places.producer)
    empty = np.zeros(len(missing), np.int32)
    added = Places(plan.x[missing], plan.y[missing], np.full(len(missing), CATEGORIES[0]), missing.astype(np.int32),
                   empty, empty, plan.sector[missing], np.ceil(TRUE_SIZE * plan.size[missing]).astype(np.int32))
    return _dated(region, Places(*(np.concatenate((getattr(places, each.name), getattr(added, each.name)))
                                   for each in fields(Places))))


def still_light(region: Region) -> Region:
    """Other light is the same in all months; noise stays as it was drawn."""
    light = region.light
    clean = light.clean + _still(light.clean - _industry(region, light.factories))
    return replace(region, light=replace(light, clean=clean, radiance=light.radiance + (clean - light.clean)))


def perfect_sensor(region: Region) -> Region:
    return replace(region, light=replace(region.light, radiance=region.light.clean))


def nothing_hard(region: Region) -> Region:
    return perfect_sensor(still_light(whole_layer(region)))


DIFFICULTIES: dict[str, Callable[[Region], Region]] = {
    "as it is": as_it_is,
    "true sizes and dates, no wrong factories": true_layer,
    "the same, none missing": whole_layer,
    "other light never changes": still_light,
    "a perfect sensor": perfect_sensor,
    "all of these": nothing_hard}


def skills(case: Case) -> dict[str, float]:
    """Of sums over all zones, over the best baseline without light, by protocol; one member without network."""
    found = {}
    for folds in (blocked_folds(case.labels, LEAST_MONTHS), forward_folds(case.labels, LEAST_MONTHS)):
        estimates = cross_estimates(case, folds, SETTINGS, Resources(threads=1), "cpu", Progress(), beside=False)
        found[estimates.protocol] = score_levels(case.labels, estimates)[REGION][ESTIMATE].skill
    return found


def movements(region: Region) -> dict[str, float]:
    """Standard deviation over months, beside the calendar, of the logarithm of light, mean by size over the cells of
    listed factories that are always open; by what moves it (industry: neighbours that open or close among it)."""
    always = region.output.open[:, LONGEST_LAG:].all(axis=1) & (region.light.factories > 0).all(axis=1)
    listed = np.isin(np.arange(len(always)), region.places.producer[region.places.listed_as_factory])
    chosen = np.flatnonzero(always & listed)
    plan, light = region.plan, region.light
    cells = plan.row[chosen] * plan.land_use.shape[1] + plan.column[chosen]
    factories = light.factories.astype(float)
    shines = factories > 0
    mean = factories.sum(axis=1) / np.maximum(shines.sum(axis=1), 1)
    usual = np.where(shines, factories * np.exp(-calendar_departures(region, factories)), mean[:, None])
    clean = light.clean.reshape(len(region.months), -1).T[cells].astype(float)
    industry = (_industry(region, factories) - _industry(region, usual)).reshape(len(region.months), -1).T[cells]
    without = np.log(np.maximum(clean - industry, 1e-3))
    seen = np.log(np.maximum(sensor_light(region)[cells], 1e-3))
    moved = {"industry": np.log(clean) - without, "other light": without, "sensor": seen - np.log(clean)}
    weight = plan.size[chosen] / plan.size[chosen].sum()
    means = {name: np.nansum(weight[:, None] * _beside_calendar(region, values), axis=0)
             for name, values in moved.items()}
    return {name: float(values.std()) for name, values in means.items()}


def _beside_calendar(region: Region, logarithms: np.ndarray) -> np.ndarray:
    return calendar_departures(region, np.exp(logarithms))


def _industry(region: Region, factories: np.ndarray) -> np.ndarray:
    return blurred(region.plan, factories, np.zeros((factories.shape[1], *region.plan.land_use.shape)))


def _still(light: np.ndarray) -> np.ndarray:
    """What turns light of shape (months, ...) into its mean."""
    return (light.mean(axis=0) - light).astype(np.float32)


def _select(places: Places, chosen: np.ndarray) -> Places:
    return Places(*(getattr(places, each.name)[chosen] for each in fields(Places)))


def _dated(region: Region, places: Places) -> Region:
    opened, closed = true_dates(region.output.open, places.producer)
    return replace(region, places=replace(places, opened=opened, closed=closed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", nargs="+", type=int, default=list(REGIONS))
    regions = [simulate_region(seed) for seed in parser.parse_args().regions]
    moved = [movements(region) for region in regions]
    print("light moves, beside the calendar, by", *(
        f"{name} {np.mean([each[name] for each in moved]):.4f}" for name in moved[0]), flush=True)
    for name, without in DIFFICULTIES.items():
        found = [skills(region_case(without(region))) for region in regions]
        columns = (f"{protocol} {np.mean([each[protocol] for each in found]):6.3f} "
                   f"({min(each[protocol] for each in found):6.3f})" for protocol in found[0])
        print(f"{name:42}", *columns, flush=True)


if __name__ == "__main__":
    main()
