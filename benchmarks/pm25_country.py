"""What can be learnt on simulated countries, with and without coordinates: R2 of boosting by place and beyond.

python -m nocturne.benchmarks.pm25_country [--estimator]
With --estimator it is the default estimator with and without location, on fewer folds.
"""
from __future__ import annotations

import argparse

import numpy as np
import torch
from nocturne.algorithms.air_quality.estimator import fit_estimator
from nocturne.algorithms.air_quality.geographic_folds import (
    OFFSETS,
    Fold,
    checkerboard,
    held_out_places,
    random_places,
)
from nocturne.algorithms.air_quality.settings import Pm25Settings
from nocturne.algorithms.air_quality.site_days import SiteDays
from nocturne.algorithms.air_quality.train_pm25 import make_data
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.country import EFFECTS, simulate_country

CELL_DEGREES, WINDOW = 5, 5


def judge(site_days: SiteDays, folds: list[Fold], coordinates: bool) -> float:
    """R2 pooled over the folds."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    values = site_days.values
    if coordinates:
        values = np.column_stack((values, site_days.longitude[site_days.site], site_days.latitude[site_days.site]))
    truth, estimate = [], []
    for fold in folds:
        model = HistGradientBoostingRegressor(max_iter=120, learning_rate=0.06, max_leaf_nodes=12, min_samples_leaf=20,
                                              l2_regularization=10, random_state=1)
        model.fit(values[fold.train], site_days.target[fold.train])
        estimate.append(model.predict(values[fold.test]))
        truth.append(site_days.target[fold.test])
    return r2(np.concatenate(truth), np.concatenate(estimate))


def judge_estimator(site_days: SiteDays, folds: list[Fold], located: bool) -> float:
    """R2 pooled over the folds."""
    geolocation = Pm25Settings.geolocation if located else "none"
    settings, device = Pm25Settings(window=WINDOW, geolocation=geolocation), torch.device("cpu")
    data = make_data(site_days, site_days.measured, settings, "", Resources(threads=1), Progress())
    truth, estimate = [], []
    for fold in folds:
        train, test = (np.flatnonzero(np.isin(data.windows.target, rows)) for rows in (fold.train, fold.test))
        model = fit_estimator(data, train, settings, device, Progress())
        estimate.append(model.estimate(data, test, device, Progress()).value)
        truth.append(data.target[test])
    return r2(np.concatenate(truth), np.concatenate(estimate))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--estimator", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for seed in options.seeds:
        for effects in EFFECTS:
            site_days = simulate_country(seed, effects).site_days()
            if options.estimator:
                layouts = held_out_places(site_days, 0.2, 1), checkerboard(site_days, CELL_DEGREES)
                found = [judge_estimator(site_days, folds, located) for folds in layouts for located in (False, True)]
                print(f"| {seed}, {effects} | {' | '.join(f'{value:.3f}' for value in found)} |", flush=True)
                continue
            boards = [fold for offset in range(len(OFFSETS)) for fold in checkerboard(site_days, CELL_DEGREES, offset)]
            found = [judge(site_days, folds, coordinates) for folds in (random_places(site_days, 5, 1), boards)
                     for coordinates in (False, True)]
            print(f"| {seed}, {effects} | {' | '.join(f'{value:.2f}' for value in found)} |", flush=True)


if __name__ == "__main__":
    main()
