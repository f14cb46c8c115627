"""R2 of interpolated daily PM2.5 at AQS monitors that give nothing, within the region and on checkerboards; resumes.

python -m nocturne.benchmarks.pm25_interpolation RESULTS.jsonl [--every 1]
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from nocturne.algorithms.air_quality.interpolation import FEWEST_MONITORS, by_day, fit_interpolation
from nocturne.algorithms.air_quality.neighbours import Donors, find_neighbours
from nocturne.algorithms.air_quality.site_days import ONE_PLACE_KM
from nocturne.algorithms.distances import groups_within, unit_vectors
from nocturne.algorithms.progress import Progress
from nocturne.benchmarks.aqs import read_aqs
from nocturne.benchmarks.pm25_evidence import pooled

FOLDS = 5
CELLS = (2, 5, 8)
METHODS = ("inverse distance", "kriging")


def sides(monitors: Donors, site: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The fold of every value: places dealt at random, and the colours of checkerboards from 0 degrees on.

    The seed moves nothing but the random places.
    """
    first = np.unique(site, return_index=True)[1]
    longitude, latitude = monitors.longitude[first], monitors.latitude[first]
    place = groups_within(ONE_PLACE_KM, longitude, latitude)
    which = np.unique(site, return_inverse=True)[1]
    dealt = np.random.default_rng(seed).permutation(place.max() + 1) % FOLDS
    found = {"random places": dealt[place][which]}
    for cell in CELLS:
        found[f"{cell} degrees"] = ((np.floor(longitude / cell) + np.floor(latitude / cell)) % 2).astype(int)[which]
    return found


def inverse_distance(known: Donors, unknown: Donors) -> np.ndarray:
    return find_neighbours(unknown.longitude, unknown.latitude, unknown.day, known, nearest=0.0).inverse_distance(2)


def kriging(known: Donors, unknown: Donors) -> np.ndarray:
    """Fitted on the known monitors alone, which then give their values of each day."""
    model = fit_interpolation(known, Progress(), intervals=False)
    points, others = (unit_vectors(each.longitude, each.latitude) for each in (known, unknown))
    places = np.unique(np.concatenate((points, others)), axis=0)
    course = dict(zip(map(tuple, places), model.courses_at(places)))
    given = dict(by_day(known))
    found = np.full(len(unknown.value), np.nan)
    for day, rows in by_day(unknown):
        if day in given and len(given[day]) >= FEWEST_MONITORS:
            today = given[day]
            field = model.field_between(points[today], np.array([course[tuple(each)] for each in points[today]]),
                               known.value[today], day)
            found[rows] = field.at(others[rows], np.array([course[tuple(each)] for each in others[rows]])).value
    return found


def part(monitors: Donors, rows: np.ndarray) -> Donors:
    return Donors(*(getattr(monitors, name)[rows] for name in ("longitude", "latitude", "day", "value")))


def evidence(monitors: Donors, site: np.ndarray, results: Path, seeds: tuple[int, ...]) -> dict:
    """R2 of each method, protocol and seed; folds that stand in the file aren't computed again."""
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(line["method"], line["protocol"], line["seed"], line["fold"]) for line in lines}
    for seed in seeds:
        for protocol, fold in sides(monitors, site, seed).items():
            if seed != seeds[0] and protocol != "random places":
                continue  # nothing in them is drawn
            for method in METHODS:
                for number in np.unique(fold):
                    if (method, protocol, seed, int(number)) in done:
                        continue
                    known, unknown = part(monitors, fold != number), part(monitors, fold == number)
                    found = {"kriging": kriging, "inverse distance": inverse_distance}[method](known, unknown)
                    there = np.isfinite(found)
                    truth, found = unknown.value[there], found[there]
                    lines.append({"method": method, "protocol": protocol, "seed": seed, "fold": int(number),
                                  "windows": len(truth), "sum": float(truth.sum()),
                                  "squares": float((truth**2).sum()), "errors": float(((truth - found)**2).sum())})
                    with results.open("a") as file:
                        file.write(json.dumps(lines[-1]) + "\n")
    return pooled(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take one day of so many")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    options = parser.parse_args()
    monitors, site = read_aqs(every=options.every)
    for (method, protocol, seed), value in evidence(monitors, site, options.results, tuple(options.seeds)).items():
        print(f"{method:20} {protocol:14} seed {seed}  R2 {value:.3f}")


if __name__ == "__main__":
    main()
