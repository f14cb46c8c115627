"""R2 of log GDP and of log GDP per tract of New York's counties, out of fold, beside simple floors; resumes.

python -m nocturne.benchmarks.district_evidence RESULTS.jsonl
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import out_of_fold
from nocturne.algorithms.scores import r2
from nocturne.benchmarks.new_york import NewYork, read_new_york

SHUFFLES = (8, 9, 10, 11, 12)  # 0 to 2 served to choose settings; on 3 to 7 earlier ones fell short
FOLDS = 10
DRAWS = 2000
LAYOUTS = ("shuffled", "blocks")
Folds = list[np.ndarray]


def with_flows(region: NewYork, folds: Folds, settings: SemiGtxSettings) -> np.ndarray:
    return out_of_fold(region.features, region.flows, region.gdp, folds, settings, region.district)


def without_flows(region: NewYork, folds: Folds, settings: SemiGtxSettings) -> np.ndarray:
    return out_of_fold(region.features, None, region.gdp, folds, settings, region.district)


def inductive(region: NewYork, folds: Folds, settings: SemiGtxSettings) -> np.ndarray:
    return with_flows(region, folds, replace(settings, evaluation="inductive"))


def floor(columns: Callable[[NewYork], np.ndarray],
          per_tract: bool = False) -> Callable[[NewYork, Folds, SemiGtxSettings], np.ndarray]:
    """Ridge of log GDP, or of log GDP per tract."""
    def estimate(region: NewYork, folds: Folds, _: SemiGtxSettings) -> np.ndarray:
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rows, size, found = columns(region), region.counts if per_tract else 1.0, np.zeros(len(region.gdp))
        logs = np.log(region.gdp / size)
        for tested in folds:
            kept = np.setdiff1d(np.arange(len(logs)), tested)
            fitted = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 16))).fit(rows[kept], logs[kept])
            found[tested] = fitted.predict(rows[tested])
        return np.exp(found) * size

    return estimate


def tracts(region: NewYork) -> np.ndarray:
    return np.log(region.counts)[:, None]


def places(region: NewYork) -> np.ndarray:
    return np.log1p(_member(region) @ (region.features / region.features.mean(axis=0)))


def flow_totals(region: NewYork) -> np.ndarray:
    """From other counties, to them, and within."""
    member = _member(region)
    flows = (member @ region.flows @ member.T).toarray()
    within = np.diag(flows)
    return np.log1p(np.column_stack((flows.sum(axis=0) - within, flows.sum(axis=1) - within, within)))


FLOORS = {"tracts": tracts, "places and roads": places,
          "places, roads and tracts": lambda region: np.column_stack((places(region), tracts(region))),
          "flow totals": flow_totals,
          "flow totals and tracts": lambda region: np.column_stack((flow_totals(region), tracts(region)))}
METHODS = {"with flows": with_flows, "without flows": without_flows, "with flows, inductive": inductive,
           **{f"floor: {name}": floor(columns) for name, columns in FLOORS.items()},
           **{f"floor: {name}, GDP per tract": floor(columns, True) for name, columns in FLOORS.items()}}


def layouts(region: NewYork, seed: int) -> dict[str, Folds]:
    """Shuffled folds of counties, and blocks of neighbouring counties."""
    from sklearn.cluster import KMeans

    counties = len(region.gdp)
    shuffled = np.array_split(np.random.default_rng(seed).permutation(counties), FOLDS)
    centres = (_member(region) @ region.place) / region.counts[:, None]
    blocks = KMeans(min(FOLDS, counties), n_init=10, random_state=seed).fit_predict(centres)
    return {"shuffled": shuffled, "blocks": [np.flatnonzero(blocks == block) for block in np.unique(blocks)]}


def evidence(region: NewYork, results: Path, settings: SemiGtxSettings, shuffles: tuple[int, ...] = SHUFFLES,
             ) -> dict[tuple[str, str], np.ndarray]:
    """Estimates (shuffles, counties) by method and layout; what stands in the file isn't computed again."""
    done = {}
    for line in results.read_text("utf-8").splitlines() if results.exists() else []:
        row = json.loads(line)
        done[row["method"], row["layout"], row["shuffle"]] = np.array(row["estimates"])
    for shuffle in shuffles:
        for layout, folds in layouts(region, shuffle).items():
            for method, estimate in METHODS.items():
                if (method, layout, shuffle) in done:
                    continue
                found = done[method, layout, shuffle] = estimate(region, folds, replace(settings, seed=shuffle))
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"method": method, "layout": layout, "shuffle": shuffle,
                                           "estimates": found.tolist()}) + "\n")
    return {(method, layout): np.array([done[method, layout, shuffle] for shuffle in shuffles])
            for method in METHODS for layout in LAYOUTS}


def scores(region: NewYork, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R2 of log GDP and of log GDP per tract, each (shuffles,)."""
    floor_value = region.gdp.min() / 100  # a square root may have met 0
    logs, truth, size = np.log(np.maximum(estimates, floor_value)), np.log(region.gdp), np.log(region.counts)
    return np.array([r2(truth, row) for row in logs]), np.array([r2(truth - size, row - size) for row in logs])


def paired(region: NewYork, estimates: np.ndarray, others: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Mean difference in squared error of log GDP (others minus estimates) with its 95 % interval over counties."""
    truth, least = np.log(region.gdp), region.gdp.min() / 100
    gained = sum(sign * ((np.log(np.maximum(each, least)) - truth)**2).mean(axis=0)
                 for sign, each in ((-1, estimates), (1, others)))
    drawn = np.random.default_rng(seed).integers(0, len(gained), (DRAWS, len(gained)))
    low, high = np.quantile(gained[drawn].mean(axis=1), (0.025, 0.975))
    return float(gained.mean()), float(low), float(high)


def _member(region: NewYork) -> sp.csr_matrix:
    tracts_ = len(region.district)
    return sp.csr_matrix((np.ones(tracts_), (region.district, np.arange(tracts_))), (len(region.gdp), tracts_))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--network", action="store_true", help="train the graph network too, else kernel ridge alone")
    options = parser.parse_args()
    region = read_new_york()
    found = evidence(region, options.results, SemiGtxSettings(network=options.network))
    for (method, layout), estimates in found.items():
        total, per_tract = scores(region, estimates)
        print(f"{method:51} {layout:9} {total.mean():.4f} +- {total.std():.4f}  {per_tract.mean():.3f} +- "
              f"{per_tract.std():.3f}")
    for ours, layout in product(("with flows", "without flows", "with flows, inductive"), LAYOUTS):
        for other in METHODS:
            if other.startswith("floor") and ("flow" not in other or ours != "without flows"):
                gain, low, high = paired(region, found[ours, layout], found[other, layout])
                print(f"{layout}, {ours} gains over {other}: {gain:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
