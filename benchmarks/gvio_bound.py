"""How far light can go on simulated regions: readers who know ever less of the truth, in months never seen.

python -m nocturne.benchmarks.gvio_bound [--regions 1 2 ...]

Every reader knows what factories and all other light do by the calendar, the blur, the noise and how often a month was
observed. What is left, the swings of factories, is read by best linear prediction from all cells in which they shine.
Calendar and course of totals are learnt as the estimator does.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from nocturne.algorithms.industry.calendar_terms import calendar_terms
from nocturne.algorithms.industry.course import GAIN_SPREAD, fit_course
from nocturne.algorithms.industry.cross_estimates import Case, zone_sizes
from nocturne.algorithms.industry.estimator import LEAST_MONTHS
from nocturne.algorithms.industry.no_light import no_light_estimates
from nocturne.algorithms.industry.region_labels import whole_region
from nocturne.algorithms.industry.swing_gains import Rows
from nocturne.algorithms.industry.time_folds import Fold, blocked_folds, forward_folds
from nocturne.algorithms.simulation.region import Region, simulate_region
from nocturne.algorithms.simulation.region_light import BLUR_CELLS
from nocturne.algorithms.simulation.region_output import LONGEST_LAG
from nocturne.algorithms.simulation.region_plan import LIT, OFFICE, SECTORS
from nocturne.benchmarks.gvio_region import region_case
from scipy.linalg import cho_factor, cho_solve
from scipy.ndimage import gaussian_filter

DEVELOPMENT = (*range(1, 11), *range(31, 41))
MEMORY, OWN_MEMORY = 0.9, 0.8
SECTOR_SPREAD, REGION_SPREAD = 0.06, 0.08  # of the logarithm of output, from its calendar; the shock is in the second
USUAL_RESPONSE, USUAL_LAG = 0.24, 1  # a usual elasticity, less the day-shift factories; months
REACH = 2  # cells
MOST_DEVIATIONS = 5  # of noise: what lies beyond is a flare


@dataclass(frozen=True)
class Reader:
    """Of which factories, all or the listed ones; whether it knows their output or must read their light; whether it
    knows when they open and close; whether it knows elasticities, lags, day shifts and sizes, or only employees."""

    every: bool = True
    light: bool = True
    dates: bool = True
    traits: bool = True


READERS = {
    "output of all factories": Reader(light=False),
    "output of the listed factories": Reader(every=False, light=False),
    "light of all factories": Reader(),
    "the same, elasticities, lags and day shifts unknown": Reader(traits=False),
    "the same, openings and closures unknown too": Reader(traits=False, dates=False),
    "light of the listed factories": Reader(every=False),
    "the same, elasticities, lags, day shifts unknown, employees for sizes": Reader(every=False, traits=False)}


def skills(region: Region, case: Case, reader: Reader) -> dict[str, float]:
    """Of sums over all zones, over the best baseline without light, by protocol."""
    share, swings = read(region, reader)
    total = share.sum(axis=0)
    return {folds[0].protocol: _skill(case, folds, total, (share * swings).sum(axis=0) / total)
            for folds in (blocked_folds(case.labels, LEAST_MONTHS), forward_folds(case.labels, LEAST_MONTHS))}


def _skill(case: Case, folds: Sequence[Fold], total: np.ndarray, swing: np.ndarray) -> float:
    """Of totals estimated from open shares and mean swings, (months,) each."""
    whole, rows = whole_region(case.labels)
    weights = whole.covers(case.months) * total
    bag = weights.sum(axis=1)
    weights = weights / bag[:, None]
    terms, light = weights @ calendar_terms(case.months, int(case.months[0])), weights @ swing
    region = Rows(whole.zone, whole.first, whole.last, whole.value, bag, weights, terms, light[:, None, None])
    errors = []
    for fold in folds:
        train, test = (mask[rows].all(axis=1) for mask in (fold.train, fold.test))
        course, gain = fit_course(region.select(train), case.months, light[train], GAIN_SPREAD, np.ones(train.sum()))
        rest = gain * light + weights @ course.at(case.months)
        calendar = np.linalg.lstsq(terms[train], (region.target - rest)[train], rcond=None)[0]
        baselines = no_light_estimates(case.labels, fold.train, zone_sizes(case.traits, len(case.labels.zones)))
        guesses = np.array([bag * np.exp(terms @ calendar + rest),
                            *(each[rows].sum(axis=1) for each in baselines.values())])
        errors.append(((guesses - whole.value)[:, test]**2).sum(axis=1))
    reached, *others = np.sum(errors, axis=0)
    return float(1 - reached / min(others))


def read(region: Region, reader: Reader) -> tuple[np.ndarray, np.ndarray]:
    """Sizes while open, and the logarithm of output over its calendar, (factories, months)."""
    plan, places = region.plan, region.places
    known = plan.kind != OFFICE
    size = plan.size.copy()
    if not reader.every:
        listed = (places.producer >= 0) & places.listed_as_factory
        known &= np.isin(np.arange(len(known)), places.producer[listed])
        if not reader.traits:
            size[places.producer[listed]] = places.employees[listed]
    is_open = region.output.open[known, LONGEST_LAG:] if reader.dates else np.ones((known.sum(), len(region.months)))
    swings = _from_light(region, known, reader) if reader.light else _from_output(region, known)
    return size[known, None] * is_open, swings


def _from_output(region: Region, known: np.ndarray) -> np.ndarray:
    """Of lit factories their own; of the others, whose swings are no light's, the mean of their sector."""
    swings = calendar_departures(region, region.output.series[known])
    lit, sector = region.plan.kind[known] == LIT, region.plan.sector[known]
    swings[~lit] = np.nan
    for number in range(len(SECTORS)):
        here = sector == number
        swings[here] = np.where(np.isfinite(swings[here]), swings[here], np.nanmean(swings[here], axis=0))
    return np.nan_to_num(swings)


def _from_light(region: Region, known: np.ndarray, reader: Reader) -> np.ndarray:
    plan, shape = region.plan, region.plan.land_use.shape
    light = region.light.factories[known].astype(float)
    calendar = light * np.exp(-np.nan_to_num(calendar_departures(region, light)))
    blur = np.array([_spread(row, column, shape) for row, column in zip(plan.row[known], plan.column[known])]).T
    cells = np.flatnonzero(blur.sum(axis=1) > 0.1)
    blur = blur[cells]
    clean = region.light.clean.reshape(len(light.T), -1).T[cells].astype(float)
    missing = sensor_light(region)[cells] - (clean - blur @ light + blur @ calendar)
    count = region.light.counts.reshape(len(light.T), -1).T[cells]
    noise = (region.constants["noise of one night"]["value"] * clean)**2 / np.maximum(count, 1)
    noise += region.constants["additive noise"]["value"]**2
    missing[np.abs(missing) > MOST_DEVIATIONS * np.sqrt(noise) + 0.5 * clean] = np.nan
    lit, sector = plan.kind[known] == LIT, plan.sector[known]
    response = np.full(len(lit), USUAL_RESPONSE)
    lag = np.full(len(lit), USUAL_LAG)
    if reader.traits:
        response = np.where(lit, np.array(region.constants["elasticity of light"]["value"])[sector], 0)
        lag = np.round(region.constants["lag of light"]["value"]).astype(int)[sector]
    groups = np.column_stack((np.eye(len(lit)), np.eye(len(SECTORS))[sector], np.ones(len(lit))))
    spread = np.repeat((region.constants["spread of a factory"]["value"], SECTOR_SPREAD, REGION_SPREAD),
                       (len(lit), len(SECTORS), 1))
    memory = np.repeat((OWN_MEMORY, MEMORY), (len(lit), len(SECTORS) + 1))
    states = _predict(blur * (calendar.mean(axis=1) * response) @ groups, missing, noise, spread, memory)
    if reader.traits:
        states[:len(lit)][~lit] = 0
    later = np.minimum(np.arange(len(light.T)) + lag[:, None], len(light.T) - 1)
    return np.take_along_axis(groups @ states, later, axis=1)


def _predict(response: np.ndarray, seen: np.ndarray, noise: np.ndarray, spread: np.ndarray,
             memory: np.ndarray) -> np.ndarray:
    """Best linear prediction of first-order autoregressions, (states, months), from what all months show of them:
    elimination month by month in the normal equations. response: (cells, states); seen, noise: (cells, months)."""
    trust = np.where(np.isfinite(seen), 1 / noise, 0)
    scale = 1 / (spread**2 * (1 - memory**2))
    beside = -scale * memory
    factors, pulls = [], []
    for month, (weight, values) in enumerate(zip(trust.T, np.nan_to_num(seen).T)):
        inner = 0 < month < seen.shape[1] - 1
        matrix = response.T @ (weight[:, None] * response) + np.diag(scale * (1 + inner * memory**2))
        pull = response.T @ (weight * values)
        if factors:
            matrix -= beside[:, None] * cho_solve(factors[-1], np.diag(beside))
            pull -= beside * cho_solve(factors[-1], pulls[-1])
        factors.append(cho_factor(matrix))
        pulls.append(pull)
    states = np.zeros((len(spread), seen.shape[1]))
    following = np.zeros(len(spread))
    for month in range(seen.shape[1] - 1, -1, -1):
        following = cho_solve(factors[month], pulls[month] - beside * following)
        states[:, month] = following
    return states


def sensor_light(region: Region) -> np.ndarray:
    """Radiance without snow and without what airglow and background add, (cells, months); the clean light tells."""
    measured = []
    for clean, seen in zip(region.light.clean, region.light.radiance):
        used = np.isfinite(seen) & (seen < 300)
        weight = 1 / (1 + clean[used])
        line = np.column_stack((clean[used], np.ones(used.sum()))) * weight[:, None]
        slope, foot = np.linalg.lstsq(line, seen[used] * weight, rcond=None)[0] if used.sum() > 2 else (1, 0)
        measured.append((seen.ravel() - foot) / slope)
    return np.array(measured).T


def calendar_departures(region: Region, values: np.ndarray) -> np.ndarray:
    """Of the logarithm from each row's calendar, (n, months); NaN where a value is 0."""
    terms = calendar_terms(region.months, int(region.months[0]))
    found = np.full(values.shape, np.nan)
    for row, series in zip(found, values):
        there = series > 0
        logarithm = np.log(series[there])
        row[there] = logarithm - terms[there] @ np.linalg.lstsq(terms[there], logarithm, rcond=None)[0]
    return found


def _spread(row: int, column: int, shape: tuple[int, int]) -> np.ndarray:
    """The sensor's blur of a cell over all cells, flat."""
    cells = np.zeros(shape)
    near = slice(max(row - REACH, 0), row + REACH + 1), slice(max(column - REACH, 0), column + REACH + 1)
    point = np.zeros(cells[near].shape)
    point[row - near[0].start, column - near[1].start] = 1
    cells[near] = gaussian_filter(point, BLUR_CELLS, mode="nearest")
    return cells.ravel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", nargs="+", type=int, default=list(DEVELOPMENT))
    regions = [simulate_region(seed) for seed in parser.parse_args().regions]
    cases = [region_case(region) for region in regions]
    for name, reader in READERS.items():
        found = [skills(region, case, reader) for region, case in zip(regions, cases)]
        columns = (f"{protocol} {np.mean([each[protocol] for each in found]):6.3f} "
                   f"({min(each[protocol] for each in found):6.3f})" for protocol in found[0])
        print(f"{name:70}", *columns, flush=True)


if __name__ == "__main__":
    main()
