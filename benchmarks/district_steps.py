"""From the published SemiGTX to the default, step by step, on one holdout of New York's counties; resumes.

python -m nocturne.benchmarks.district_steps RESULTS.jsonl [--epochs 3]
"""
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from nocturne.algorithms.districts.district_inputs import fit_scaler
from nocturne.algorithms.districts.flow_profiles import fit_flow_basis
from nocturne.algorithms.districts.network import network_estimates, region_graph, train_network
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.splits import make_rounds
from nocturne.algorithms.districts.target_scales import target_scale
from nocturne.algorithms.districts.training import out_of_fold
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2
from nocturne.benchmarks.district_evidence import floor, places, tracts
from nocturne.benchmarks.new_york import NewYork, read_new_york

SEEDS = (0, 1, 2)
PUBLISHED = SemiGtxSettings(configuration="published", readout="district-embedding")
SMALL = SemiGtxSettings(readout="district-embedding", alpha=0.5, profiles=False)
Estimate = Callable[[NewYork, np.ndarray, SemiGtxSettings], np.ndarray]


def fitted(region: NewYork, tested: np.ndarray, settings: SemiGtxSettings) -> np.ndarray:
    return out_of_fold(region.features, region.flows, region.gdp, [tested], settings, region.district)


def network_alone(region: NewYork, tested: np.ndarray, settings: SemiGtxSettings) -> np.ndarray:
    """Of the default's size, without kernel ridge."""
    columns = fit_scaler(region.features).scale(region.features)
    if settings.profiles:
        profile = fit_flow_basis(region.flows).profiles(region.flows, np.arange(len(columns)))
        columns = np.column_stack((columns, profile))
    totals = region.gdp[:, None].copy()
    totals[tested] = np.nan
    graph, scale = region_graph(columns, region.flows, settings.seed, Progress()), target_scale(
        settings.loss, totals, region.counts)
    network = train_network(graph, region.district, totals, scale, settings, Progress())
    found, _ = network_estimates(network, graph, region.district, len(totals), scale, settings)
    return scale.totals(found, region.counts)[:, 0]


def ridge(columns: Callable[[NewYork], np.ndarray]) -> Estimate:
    estimate = floor(columns)
    return lambda region, tested, settings: estimate(region, [tested], settings)


METHODS: dict[str, tuple[Estimate, SemiGtxSettings, tuple[int, ...]]] = {
    "ridge, number of tracts": (ridge(tracts), SMALL, (0,)),
    "ridge, places and roads": (ridge(places), SMALL, (0,)),
    "kernel ridge alone": (fitted, SemiGtxSettings(network=False), (0,)),
    "published": (fitted, PUBLISHED, SEEDS),
    "default": (fitted, SemiGtxSettings(), SEEDS),
    "small network": (network_alone, SMALL, SEEDS),
    "small network, units add up": (network_alone, replace(SMALL, readout="sum-of-units"), SEEDS),
    "the same, alpha 0.1": (network_alone, SemiGtxSettings(profiles=False), SEEDS),
    "the same, with flow profiles": (network_alone, SemiGtxSettings(), SEEDS)}


def steps(region: NewYork, results: Path, epochs: int) -> list[dict]:
    """A row per method and seed; what stands in the file isn't computed again. epochs: of the published network."""
    known = np.ones(len(region.gdp), dtype=bool)
    tested = make_rounds("holdout_712", known, np.zeros((len(known), 2)), None, 2, 1, 0)[0][0]
    rows = [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []
    done = {(row["method"], row["seed"]) for row in rows}
    for method, (estimate, settings, seeds) in METHODS.items():
        for seed in seeds:
            if (method, seed) in done:
                continue
            started = time.process_time()
            more = {"epochs": epochs} if settings.configuration == "published" else {}
            found = estimate(region, tested, replace(settings, seed=seed, **more))[tested]
            rows.append({"method": method, "seed": seed, **more, "seconds": time.process_time() - started,
                         "tested": tested.tolist(), "estimates": found.tolist()})
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    return rows


def scores(region: NewYork, row: dict) -> tuple[float, float]:
    """R2 of log GDP and of log GDP per tract on the holdout."""
    tested = np.array(row["tested"])
    logs = np.log(np.maximum(row["estimates"], region.gdp.min() / 100))
    truth, size = np.log(region.gdp[tested]), np.log(region.counts[tested])
    return r2(truth, logs), r2(truth - size, logs - size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--epochs", type=int, default=0, help="of the published network; 0 takes its own 300")
    options = parser.parse_args()
    region = read_new_york()
    rows = steps(region, options.results, options.epochs)
    for method in METHODS:
        own = [row for row in rows if row["method"] == method]
        total, per_tract = np.array([scores(region, row) for row in own]).T
        print(f"{method:30} {len(own)} seeds  {total.mean():.3f} +- {total.std():.3f}  {per_tract.mean():.2f} +- "
              f"{per_tract.std():.2f}  {np.mean([row['seconds'] for row in own]):.0f} s")


if __name__ == "__main__":
    main()
