"""What the estimator of output is worth on simulated regions, in months never seen; resumes where it stopped.

python -m nocturne.benchmarks.gvio_evidence RESULTS.jsonl [--regions 11 12 ...]

Modes: full; no shock (2020 is like other years); null (light says nothing); map (monthly grids against the totals that
were planted in zones, after training on zones and on the whole region); without ... (one idea turned off, on the first
regions only).
"""
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nocturne.algorithms.industry.blocked_intervals import BlockedIntervals, blocked_intervals
from nocturne.algorithms.industry.cross_estimates import (
    ESTIMATE,
    Case,
    CrossEstimates,
    cross_estimates,
    grid_sums,
    zone_sizes,
)
from nocturne.algorithms.industry.estimator import LEAST_MONTHS, fit_estimator
from nocturne.algorithms.industry.floors import light_sums, zone_statistics
from nocturne.algorithms.industry.gvio_scores import BASELINES, REGION, score_levels
from nocturne.algorithms.industry.labels import Labels
from nocturne.algorithms.industry.region_labels import whole_region
from nocturne.algorithms.industry.settings import GvioSettings
from nocturne.algorithms.industry.time_folds import blocked_folds, forward_folds
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import CELLS, MONTHS, Region, simulate_region
from nocturne.benchmarks.gvio_region import SAMPLING, region_case

REGIONS, WITHOUT_ON = tuple(range(41, 51)), 3  # constants were chosen on draws 1 to 10 and 31 to 40
FULL, NO_SHOCK, NULL, MAP = "full", "no shock", "null", "map"
WITHOUT = {"buffers": {}, "urban and rural statistics": {"region_statistics": False}, "land use": {"land_use": False},
           "masking": {"masking": False}, "light sharing": {"light_sharing": False}, "shrinkage": {"shrinkage": False},
           "network": {"network": False}}
MODES = (FULL, NULL, MAP, NO_SHOCK, *(f"without {idea}" for idea in WITHOUT))
RELATIONS = ("factory", "month", "pooled")
ORACLE = "oracle"
RESOURCES = Resources(threads=1)


def evidence(results: Path, regions: Sequence[int], modes: Sequence[str], settings: GvioSettings,
             months: int = MONTHS, cells: int = CELLS) -> list[dict[str, Any]]:
    """A line of figures per region and mode; those that stand in the file aren't computed again."""
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(line["seed"], line["mode"]) for line in lines}
    for mode, seed in _jobs(regions, modes):
        if (seed, mode) in done:
            continue
        start = time.process_time()
        region = simulate_region(seed, null=mode == NULL, with_shock=mode != NO_SHOCK, months=months, cells=cells)
        found = maps(region, settings) if mode == MAP else trial(region, mode, settings)
        lines.append({"seed": seed, "mode": mode, "seconds": round(time.process_time() - start, 1), **found})
        with results.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    return lines


def _jobs(regions: Sequence[int], modes: Sequence[str]) -> Iterator[tuple[str, int]]:
    for mode in modes:
        for seed in regions[:WITHOUT_ON] if mode.startswith("without") else regions:
            yield mode, seed


def trial(region: Region, mode: str, settings: GvioSettings) -> dict[str, Any]:
    """Scores of sums over all zones by protocol and method, and how many totals intervals hold."""
    idea = mode.partition("without ")[2]
    case = region_case(region, replace(SAMPLING, buffers="500") if idea == "buffers" else SAMPLING)
    settings = replace(settings, **WITHOUT.get(idea, {}))
    found: dict[str, Any] = {}
    for folds in [blocked_folds(case.labels, LEAST_MONTHS), *([] if idea else [forward_folds(case.labels,
                                                                                             LEAST_MONTHS)])]:
        estimates = cross_estimates(case, folds, settings, RESOURCES, "cpu", Progress(), beside=mode == FULL)
        estimates.values[ORACLE] = np.where(estimates.fold > 0, oracle(region, case.labels), np.nan)
        found[estimates.protocol] = {
            "scores": {method: asdict(each)
                       for method, each in score_levels(case.labels, estimates)[REGION].items()},
            "intervals": {level: {"coverage": each.coverage, "cases": each.cases}
                          for level, each in _intervals(case.labels, estimates).items()}}
    return found


def _intervals(labels: Labels, found: CrossEstimates) -> dict[str, BlockedIntervals]:
    """Of zones, and of the region."""
    values = found.values[ESTIMATE]
    whole, rows = whole_region(labels)
    return {"zones": blocked_intervals(labels, values, found.spread, found.fold),
            "region": blocked_intervals(whole, values[rows].sum(axis=1), found.spread[rows].sum(axis=1),
                                        found.fold[rows].min(axis=1))}


def oracle(region: Region, labels: Labels) -> np.ndarray:
    """What one estimates who knows factory light and elasticity, shape (labels,)."""
    zones = np.zeros((len(labels.zones), len(region.months)))
    np.add.at(zones, region.plan.producer_zone, region.output.oracle)
    return (zones[labels.zone] * labels.covers(region.months)).sum(axis=1)


def maps(region: Region, settings: GvioSettings) -> dict[str, Any]:
    """R2 of grids in months never seen, totals not preserved, against what was planted in zones, pooled over zones and
    periods; and of the true total of the region shared among zones by light, count of factories, and equally."""
    case = region_case(region)
    labels = case.labels
    whole, rows = whole_region(labels)
    one = replace(case.traits, zone=np.zeros_like(case.traits.zone))
    alone = Case(whole, case.months, one, None, case.sample)
    found: dict[str, Any] = {"zones": _grids(case, case, settings), "region": _grids(alone, case, settings)}
    samples = case.sample(np.ones(len(case.months), bool), Progress())
    light = light_sums(samples, zone_statistics(samples, case.traits, len(labels.zones), RESOURCES, Progress()))
    size = {"light": (np.maximum(light, 0)[labels.zone] * labels.covers(case.months)).sum(axis=1),
            "count": zone_sizes(replace(case.traits, size=None), len(labels.zones))[labels.zone],
            "equally": np.ones(len(labels))}
    for name, weight in size.items():
        shared = whole.value[:, None] * weight[rows] / weight[rows].sum(axis=1, keepdims=True)
        found[f"shared by {name}" if name != "equally" else "shared equally"] = r2(labels.value[rows], shared)
    return found


def _grids(learnt: Case, judged: Case, settings: GvioSettings) -> dict[str, float]:
    """R2 by relation; learnt: what the models see. judged: the zones that the grids are summed over."""
    sums = {relation: np.full(len(judged.labels), np.nan) for relation in RELATIONS}
    for fold in blocked_folds(learnt.labels, LEAST_MONTHS):
        train = learnt.labels.select(fold.train)
        samples = learnt.sample(learnt.covered(train), Progress())
        estimates = fit_estimator(samples, learnt.traits, train, settings, Progress()).estimate(
            samples, learnt.traits, Progress())
        tested = learnt.labels.select(fold.test)
        inside = (judged.labels.first >= tested.first.min()) & (judged.labels.last <= tested.last.max())
        for relation in RELATIONS:
            sums[relation][inside] = grid_sums(judged, samples, estimates.values, relation, Progress())[inside]
    return {relation: r2(judged.labels.value, values) for relation, values in sums.items()}


def summary(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Means over regions, and the lowest."""
    for mode in MODES:
        chosen = [line for line in lines if line["mode"] == mode]
        if not chosen:
            continue
        yield f"{mode}: {len(chosen)} regions, {sum(line['seconds'] for line in chosen):.0f} s of processor time"
        yield from _map_summary(chosen) if mode == MAP else _trial_summary(chosen)


def _trial_summary(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    for protocol in ("blocked", "forward"):
        trials = [line[protocol] for line in lines if protocol in line]
        if not trials:
            continue
        for method in (ESTIMATE,) if lines[0]["mode"].startswith("without") else trials[0]["scores"]:
            each = [trial["scores"][method] for trial in trials]
            columns = "  ".join(f"{name} {np.mean([one[name] for one in each]):6.3f} "
                                f"({min(one[name] for one in each):6.3f})" for name in ("r2", "r2_change", "skill"))
            yield f"  {protocol:8} {method:26} {columns}"
        best = [max(trial["scores"][name]["r2"] for name in BASELINES) for trial in trials]
        yield f"  {protocol:8} best baseline's R2 {np.mean(best):.3f}"
        for level in ("zones", "region"):
            cases = sum(trial["intervals"][level]["cases"] for trial in trials)
            held = sum(trial["intervals"][level]["cases"] * trial["intervals"][level]["coverage"] for trial in trials)
            yield f"  {protocol:8} 90 % intervals of {level} hold {held / max(cases, 1):.3f} of {cases} totals"


def _map_summary(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    for source in ("zones", "region"):
        for relation in RELATIONS:
            values = [line[source][relation] for line in lines]
            yield f"  learnt from {source:7} grid by {relation:8} R2 {np.mean(values):6.3f} ({min(values):6.3f})"
    for name in ("shared by light", "shared by count", "shared equally"):
        values = [line[name] for line in lines]
        yield f"  {name:36} R2 {np.mean(values):6.3f} ({min(values):6.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--regions", nargs="+", type=int, default=list(REGIONS))
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--members", type=int, default=GvioSettings().members)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for line in summary(evidence(options.results, options.regions, options.modes,
                                 GvioSettings(members=options.members))):
        print(line)


if __name__ == "__main__":
    main()
