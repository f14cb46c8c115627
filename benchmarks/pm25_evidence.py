"""R2 of the PM2.5 estimator and of simple methods on airpred, by place and on checkerboards; resumes where it stopped.

python -m nocturne.benchmarks.pm25_evidence RESULTS.jsonl
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nocturne.algorithms.air_quality.estimator import Data, Estimates, fit_estimator
from nocturne.algorithms.air_quality.geographic_folds import OFFSETS, Fold, checkerboard, random_places
from nocturne.algorithms.air_quality.location_features import site_encoder
from nocturne.algorithms.air_quality.neighbours import Donors, find_neighbours
from nocturne.algorithms.air_quality.scaling import Scaler
from nocturne.algorithms.air_quality.settings import Pm25Settings
from nocturne.algorithms.air_quality.window_features import window_features
from nocturne.algorithms.air_quality.windows import make_windows
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks.airpred import read_airpred

SETTINGS = Pm25Settings(window=10, min_days=1)
CELL_DEGREES = 8
SEEDS = (1, 11, 21)  # so far apart that none of their networks share a seed


def estimator(data: Data, train: np.ndarray, test: np.ndarray, settings: Pm25Settings,
              device: torch.device) -> Estimates:
    return fit_estimator(data, train, settings, device, Progress()).estimate(data, test, device, Progress())


def without_location(data: Data, train: np.ndarray, test: np.ndarray, settings: Pm25Settings,
                     device: torch.device) -> Estimates:
    return estimator(replace(data, places=None), train, test, replace(settings, geolocation="none"), device)


def with_geoclip(data: Data, train: np.ndarray, test: np.ndarray, settings: Pm25Settings,
                 device: torch.device) -> Estimates:
    encode = site_encoder("geoclip", "", Resources(threads=1))
    places = encode(data.site_days.longitude, data.site_days.latitude)
    return estimator(replace(data, places=places), train, test, replace(settings, geolocation="geoclip"), device)


def ridge(data: Data, train: np.ndarray, test: np.ndarray, *_: object) -> np.ndarray:
    from sklearn.linear_model import RidgeCV

    features = Scaler.fit(data.site_days.values[data.windows.target[train]]).apply(
        data.site_days.values)[data.windows.target]
    return RidgeCV(np.logspace(0, 4, 9)).fit(features[train], data.target[train]).predict(features[test])


def boosting(data: Data, train: np.ndarray, test: np.ndarray, settings: Pm25Settings, *_: object) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingRegressor

    features = data.site_days.values[data.windows.target]
    return HistGradientBoostingRegressor(random_state=settings.seed).fit(
        features[train], data.target[train]).predict(features[test])


def boosting_with_lags(data: Data, train: np.ndarray, test: np.ndarray, settings: Pm25Settings,
                       *_: object) -> np.ndarray:
    from nocturne.algorithms.air_quality.tree_ensemble import grow_boosted_trees

    features = window_features(data.site_days.values, data.windows, False, None)
    return grow_boosted_trees(features[train], data.target[train], settings.seed).predict(features[test])


def inverse_distance(data: Data, train: np.ndarray, test: np.ndarray, *_: object) -> np.ndarray:
    donors = Donors(*data.where(train), data.target[train].astype(np.float64))
    found = find_neighbours(*data.where(test), donors).inverse_distance(2)
    return np.where(np.isfinite(found), found, data.target[train].mean())


METHODS = {"ridge": ridge, "boosting": boosting, "boosting with lags": boosting_with_lags,
           "inverse distance": inverse_distance, "estimator": estimator, "without location": without_location,
           "with GeoCLIP": with_geoclip}


def protocols(data: Data, seed: int) -> dict[str, list[Fold]]:
    boards = {f"board {offset}": checkerboard(data.site_days, CELL_DEGREES, offset) for offset in range(len(OFFSETS))}
    return {"by place": random_places(data.site_days, 5, seed), **boards}


def evidence(data: Data, results: Path, settings: Pm25Settings, methods: list[str], seeds: tuple[int, ...],
             device: torch.device) -> dict[tuple[str, str, int], float]:
    """R2 pooled over the folds of each method, protocol and seed; folds that stand in the file aren't computed again.

    Each line of the file is one fold: its windows, the sum and squares of what was measured, the squared errors, and of
    the estimator how many values lie in their 90 % intervals.
    """
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(line["method"], line["protocol"], line["seed"], line["fold"]) for line in lines}
    for method, protocol, seed, number, fold in _jobs(data, methods, seeds):
        if (method, protocol, seed, number) in done:
            continue
        train, test = (np.flatnonzero(np.isin(data.windows.target, rows)) for rows in (fold.train, fold.test))
        found = METHODS[method](data, train, test, replace(settings, seed=seed), device)
        truth = data.target[test].astype(float)
        value = found.value if isinstance(found, Estimates) else found
        lines.append({"method": method, "protocol": protocol, "seed": seed, "fold": number, "windows": len(test),
                      "sum": float(truth.sum()), "squares": float((truth**2).sum()),
                      "errors": float(((truth - value) ** 2).sum())})
        if isinstance(found, Estimates):
            lines[-1]["covered"] = int(((found.low <= truth) & (truth <= found.high)).sum())
        with results.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    return pooled(lines)


def pooled(lines: list[dict[str, Any]]) -> dict[tuple[str, str, int], float]:
    """R2 of each method, protocol and seed from the sums of its folds."""
    grouped: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for line in lines:
        grouped.setdefault((line["method"], line["protocol"], line["seed"]), []).append(line)
    found = {}
    for key, folds in grouped.items():
        windows, total, squares, errors = (sum(fold[name] for fold in folds)
                                           for name in ("windows", "sum", "squares", "errors"))
        found[key] = 1 - errors / (squares - total**2 / windows)
    return found


def covered(results: Path) -> dict[tuple[str, str, int], float]:
    """Share of the values in their intervals, of the same; without the methods that give none."""
    values: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
    for line in map(json.loads, results.read_text().splitlines()):
        if "covered" in line:
            values.setdefault((line["method"], line["protocol"], line["seed"]), []).append(
                (line["covered"], line["windows"]))
    return {key: sum(inside for inside, _ in folds) / sum(windows for _, windows in folds)
            for key, folds in values.items()}


def _jobs(data: Data, methods: list[str], seeds: tuple[int, ...]) -> Iterator[tuple[str, str, int, int, Fold]]:
    for seed in seeds:
        for protocol, folds in protocols(data, seed).items():
            for method in methods:
                for number, fold in enumerate(folds):
                    yield method, protocol, seed, number, fold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--networks", type=int, default=SETTINGS.members)
    options = parser.parse_args()
    torch.set_num_threads(1)
    site_days = read_airpred()
    windows = make_windows(site_days, site_days.measured, SETTINGS.window, SETTINGS.min_days)
    encode = site_encoder(SETTINGS.geolocation, "", Resources(threads=1))
    data = Data(site_days, windows, encode(site_days.longitude, site_days.latitude))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = replace(SETTINGS, members=options.networks)
    found = evidence(data, options.results, settings, options.methods, tuple(options.seeds), device)
    for (method, protocol, seed), value in found.items():
        print(f"{method:20} {protocol:10} seed {seed}  R2 {value:.3f}")
    for (method, protocol, seed), share in covered(options.results).items():
        print(f"{method:20} {protocol:10} seed {seed}  in the 90 % interval {share:.1%}")


if __name__ == "__main__":
    main()
