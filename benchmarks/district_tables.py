"""The SemiGTX paper's Tables 4 to 7 on simulated districts with the published totals, over repeated splits; resumes.

python -m nocturne.benchmarks.district_tables RESULTS.jsonl
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from nocturne.algorithms.districts.comparison import all_methods
from nocturne.algorithms.districts.evaluation import Estimate
from nocturne.algorithms.districts.graph_columns import PLACE, VIEW
from nocturne.algorithms.districts.judge_semigtx import OURS, methods
from nocturne.algorithms.districts.region_layers import Region
from nocturne.algorithms.districts.settings import CompareRegionSettings, SemiGtxSettings
from nocturne.algorithms.districts.splits import make_rounds
from nocturne.algorithms.districts.units import Units
from nocturne.algorithms.execution import torch_threads
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.projections import WGS84
from nocturne.algorithms.scores import mae, r2
from nocturne.algorithms.simulation.district_plan import SECTORS
from nocturne.algorithms.simulation.districts import Districts, simulate_districts

DRAWS = tuple(range(101, 111))  # of the region; others served to choose settings
SPLITS = 2  # of each draw
SETTINGS = CompareRegionSettings(alpha=0.5, epochs=20, split="holdout_712", repeats=SPLITS, threads=1)
PARTNER = "kernel ridge alone"
PUBLISHED = {  # R2 of the three sectors in the paper
    "alpha 0": (0.64, 0.90, 0.89), "alpha 0.1": (0.73, 0.89, 0.93), "alpha 0.3": (0.85, 0.96, 0.93),
    "alpha 0.5": (0.93, 0.96, 0.94), "alpha 0.7": (0.88, 0.94, 0.76), "alpha 0.9": (0.86, 0.97, 0.93),
    "encodings none": (0.77, 0.79, 0.76), "encodings LapPE": (0.81, 0.90, 0.85), "encodings RWSE": (0.85, 0.86, 0.89),
    "encodings LapPE+RWSE": (0.93, 0.96, 0.94), "places only, ridge": (0.54, 0.84, 0.65),
    "places only, svm": (0.47, 0.71, 0.36), "places only, forest": (0.72, 0.80, 0.76),
    "places only, mlp": (0.42, 0.81, 0.45), "views only, ridge": (0.85, 0.45, 0.71),
    "views only, svm": (0.86, 0.61, 0.57), "views only, forest": (0.29, 0.24, 0.40),
    "views only, mlp": (0.86, 0.26, 0.66), "all features, ridge": (0.60, 0.71, 0.84),
    "all features, svm": (0.32, 0.77, 0.43), "all features, forest": (0.75, 0.75, 0.72),
    "all features, mlp": (0.55, 0.70, 0.81), "gcn": (0.52, 0.46, 0.33), "gatedgcn": (0.63, 0.67, 0.22),
    "gat": (0.62, 0.66, 0.60), "transformer": (0.24, 0.78, 0.78), "bigbird": (0.14, 0.81, 0.80),
    "performer": (0.33, 0.86, 0.84), "simclr": (0.86, 0.78, 0.75), "dgi": (0.86, 0.79, 0.84),
    "semigtx-gt": (0.88, 0.89, 0.89), "semigtx": (0.93, 0.96, 0.94)}


@dataclass(frozen=True)
class Row:
    """Estimates (tested, 3) of the tested districts by one method, on a split of a draw."""

    draw: int
    split: int
    method: str
    tested: tuple[int, ...]
    estimates: tuple[tuple[float, ...], ...]


def simulated_region(drawn: Districts) -> Region:
    """As 'Region graph' would read it; flows are those of a working day."""
    plan, table = drawn.plan, drawn.plan.districts
    flows = drawn.flows.copy()
    np.fill_diagonal(flows, 0)
    names = (*(f"{PLACE}{number}" for number in range(drawn.places.shape[1])),
             *(f"{VIEW}{number}" for number in range(drawn.views.shape[1])))
    cities, city = np.unique(table.city, return_inverse=True)
    of_unit = tuple(table.name[number] for number in plan.district)
    units = Units(tuple(map(str, range(len(of_unit)))), of_unit, tuple(table.city[number] for number in plan.district),
                  plan.shapes, WGS84, FeatureTable("NODES", {}, {}))
    return Region(units, table.name, plan.district, tuple(map(str, cities)), city.ravel(), names, drawn.features(),
                  sp.csr_matrix(flows), SECTORS, table.value, plan.shapes)


def region_methods(region: Region, settings: CompareRegionSettings) -> dict[str, Estimate]:
    """Those of 'Compare region models', SemiGTX by its default configuration, and the kernel ridge in it."""
    ours = SemiGtxSettings(epochs=settings.epochs, threads=settings.threads)
    return {**all_methods(region, settings), f"{OURS}, default": methods(region, ours)[OURS],
            PARTNER: methods(region, replace(ours, network=False))[OURS]}


def compute(results: Path, settings: CompareRegionSettings = SETTINGS, draws: Iterable[int] = DRAWS) -> list[Row]:
    """Of every draw, split and method; what stands in the file isn't computed again."""
    rows = [_row(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []
    done = {(row.draw, row.split, row.method) for row in rows}
    for draw in draws:
        region = simulated_region(simulate_districts(draw))
        known = np.isfinite(region.totals).any(axis=1)
        rounds = make_rounds(settings.split, known, region.district_centres, region.city, settings.folds,
                             settings.repeats, draw)
        found = region_methods(region, settings)
        for split, (tested,) in enumerate(rounds):
            for method, estimate in found.items():
                if (draw, split, method) not in done:
                    with torch_threads(settings):
                        estimates = estimate([tested], draw, Progress())[tested]
                    rows.append(Row(draw, split, method, tuple(tested.tolist()), tuple(map(tuple, estimates.tolist()))))
                    with results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(vars(rows[-1])) + "\n")
    return rows


def scores(rows: Iterable[Row], totals: np.ndarray) -> dict[str, dict[tuple[int, int], np.ndarray]]:
    """Method, draw and split to R2 and MAE of the three sectors, (2, 3)."""
    found: dict[str, dict[tuple[int, int], np.ndarray]] = {}
    for row in rows:
        truth, estimates = totals[list(row.tested)].T, np.array(row.estimates).T
        found.setdefault(row.method, {})[row.draw, row.split] = np.array(
            [[score(*each) for each in zip(truth, estimates)] for score in (r2, mae)])
    return found


def table(found: Mapping[str, Mapping[tuple[int, int], np.ndarray]]) -> str:
    """Markdown: median R2 with quartiles and mean MAE of each sector over the splits, and the paper's R2."""
    lines = ["| method | splits | primary | secondary | tertiary | MAE | paper's R2 |", "|---|---|---|---|---|---|---|"]
    for method, of_split in found.items():
        values = np.array(list(of_split.values()))
        low, middle, high = np.quantile(values[:, 0], (0.25, 0.5, 0.75), axis=0)
        cells = [f"{b:.2f} ({a:.2f} to {c:.2f})" for a, b, c in zip(low, middle, high)]
        errors = ", ".join(f"{value:.3g}" for value in values[:, 1].mean(axis=0))
        paper = ", ".join(f"{value:.2f}" for value in PUBLISHED.get(method, ()))
        lines.append(f"| {method} | {len(values)} | {' | '.join(cells)} | {errors} | {paper} |")
    return "\n".join(lines)


def _row(line: str) -> Row:
    read = json.loads(line)
    return Row(read["draw"], read["split"], read["method"], tuple(read["tested"]), tuple(map(tuple, read["estimates"])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    rows = compute(parser.parse_args().results)
    oracles = np.array([simulate_districts(draw).oracle_r2 for draw in DRAWS])
    print("R2 of one who sees the activity:", ", ".join(f"{value:.2f}" for value in np.median(oracles, axis=0)))
    print(table(scores(rows, simulate_districts(DRAWS[0]).plan.districts.value)))


if __name__ == "__main__":
    main()
