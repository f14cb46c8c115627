"""What can be learnt on simulated countries, with and without coordinates: R2 of boosting by place and beyond.

python -m nocturne.benchmarks.pm25_country
"""
from __future__ import annotations

import argparse

import numpy as np
from nocturne.algorithms.air_quality.geographic_folds import OFFSETS, Fold, checkerboard, random_places
from nocturne.algorithms.air_quality.site_days import SiteDays
from nocturne.algorithms.scores import r2
from nocturne.algorithms.simulation.country import EFFECTS, simulate_country

CELL_DEGREES = 5


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    for seed in parser.parse_args().seeds:
        for effects in EFFECTS:
            site_days = simulate_country(seed, effects).site_days()
            boards = [fold for offset in range(len(OFFSETS)) for fold in checkerboard(site_days, CELL_DEGREES, offset)]
            found = [judge(site_days, folds, coordinates) for folds in (random_places(site_days, 5, 1), boards)
                     for coordinates in (False, True)]
            print(f"| {seed}, {effects} | {' | '.join(f'{value:.2f}' for value in found)} |", flush=True)


if __name__ == "__main__":
    main()
