"""How estimates of New York's tracts rank inside counties beside workers arriving, which no model reads; resumes.

python -m nocturne.benchmarks.inside_counties RESULTS.jsonl

Arrivals measure jobs, not value added.
"""
from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import out_of_fold_region
from nocturne.algorithms.districts.unit_shares import unit_spacing
from nocturne.benchmarks.new_york import NewYork, read_new_york
from scipy.stats import rankdata, wilcoxon

SHUFFLES = (8, 9, 10, 11, 12)  # as in district_evidence
FOLDS, FEWEST, DRAWS = 10, 10, 2000
CHOSEN_ON = 2024  # seed of the half of the counties on which settings were chosen
Folds = list[np.ndarray]


def without_flows(region: NewYork, folds: Folds, seed: int, spaced: bool = True) -> np.ndarray:
    return out_of_fold_region(region.features, None, region.gdp, folds, SemiGtxSettings(network=False, seed=seed),
                              region.district, spacing=unit_spacing(region.place) if spaced else None).units[:, 0]


def number_of_places(region: NewYork, folds: Folds, seed: int) -> np.ndarray:
    whole = (region.features == np.floor(region.features)).all(axis=0)
    return region.features[:, whole].sum(axis=1)


def booster(region: NewYork, folds: Folds, seed: int, spaced: bool = True) -> np.ndarray:
    """Trained on the arrivals of other counties: what the same inputs can tell at most, about."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    inputs = np.column_stack((region.features, unit_spacing(region.place))) if spaced else region.features
    logs, known, found = np.log1p(arrivals(region)), with_flows(region), np.zeros(len(region.district))
    for tested in folds:
        inside = np.isin(region.district, tested)
        model = HistGradientBoostingRegressor(max_iter=200, learning_rate=0.05, max_leaf_nodes=15, random_state=seed)
        found[inside] = model.fit(inputs[known & ~inside], logs[known & ~inside]).predict(inputs[inside])
    return found


METHODS = {"without flows": without_flows, "without flows and spacing": partial(without_flows, spaced=False),
           "number of places": number_of_places, "ceiling: booster": booster,
           "ceiling: booster without spacing": partial(booster, spaced=False)}


def arrivals(region: NewYork) -> np.ndarray:
    return np.asarray(region.flows.sum(axis=0)).ravel()


def with_flows(region: NewYork) -> np.ndarray:
    return arrivals(region) + np.asarray(region.flows.sum(axis=1)).ravel() > 0


def judged_counties(region: NewYork) -> np.ndarray:
    """Numbers of those with ten or more tracts with flows."""
    return np.flatnonzero(np.bincount(region.district, with_flows(region)) >= FEWEST)


def unseen_counties(region: NewYork) -> np.ndarray:
    """The half of judged_counties on which nothing was chosen."""
    counties = judged_counties(region)
    return np.sort(np.random.default_rng(CHOSEN_ON).permutation(counties)[len(counties) // 2:])


def rank_correlations(region: NewYork, estimates: np.ndarray) -> np.ndarray:
    """Spearman's of estimates (tracts,) and arrivals inside each of judged_counties; 0 where all estimates are one."""
    truth, known, found = arrivals(region), with_flows(region), []
    for county in judged_counties(region):
        inside = known & (region.district == county)
        ranks = [rankdata(values[inside]) for values in (truth, estimates)]
        found.append(0.0 if min(map(np.ptp, ranks)) == 0 else float(np.corrcoef(*ranks)[0, 1]))
    return np.array(found)


def evidence(region: NewYork, results: Path, shuffles: tuple[int, ...] = SHUFFLES) -> dict[str, np.ndarray]:
    """Rank correlations (shuffles, judged_counties) by method; what stands in the file isn't computed again."""
    done = {}
    for line in results.read_text("utf-8").splitlines() if results.exists() else []:
        row = json.loads(line)
        done[row["method"], row["shuffle"]] = np.array(row["rank_correlations"])
    for shuffle in shuffles:
        folds = np.array_split(np.random.default_rng(shuffle).permutation(len(region.gdp)), FOLDS)
        for method, estimate in METHODS.items():
            if (method, shuffle) not in done:
                found = done[method, shuffle] = rank_correlations(region, estimate(region, folds, shuffle))
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"method": method, "shuffle": shuffle,
                                           "rank_correlations": found.tolist()}) + "\n")
    return {method: np.array([done[method, shuffle] for shuffle in shuffles]) for method in METHODS}


def paired(gains: np.ndarray, seed: int = 0) -> tuple[float, float, float, float]:
    """Mean of the gains of counties, its 95 % interval (bootstrap) and the p-value of Wilcoxon's signed ranks."""
    drawn = np.random.default_rng(seed).integers(0, len(gains), (DRAWS, len(gains)))
    low, high = np.quantile(gains[drawn].mean(axis=1), (0.025, 0.975))
    return float(gains.mean()), float(low), float(high), float(wilcoxon(gains).pvalue)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    region = read_new_york()
    found = evidence(region, parser.parse_args().results)
    every = judged_counties(region)
    for name, counties in (("all", every), ("half on which nothing was chosen", unseen_counties(region))):
        chosen = np.isin(every, counties)
        print(f"{name}: {chosen.sum()} counties")
        for method, correlations in found.items():
            rounds = correlations[:, chosen].mean(axis=1)
            print(f"  {method:34} {rounds.mean():.3f} +- {rounds.std():.3f}")
        gain, low, high, p = paired((found["without flows"] - found["number of places"]).mean(axis=0)[chosen])
        print(f"  gain over the number of places: {gain:.3f} ({low:.3f} to {high:.3f}), p = {p:.4f}")


if __name__ == "__main__":
    main()
