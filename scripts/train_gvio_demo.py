"""Trains the bundled estimator of industrial output on simulated regions, and writes its weights and card.

.venv/bin/python scripts/train_gvio_demo.py

Every region gives one member of the ensemble, so that its spread says how much regions differ. Each region is then
estimated by the members of the others: that gives the card's scores and the intervals.
"""
from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.conformal import blocked_quantile
from nocturne.algorithms.industry.course import NO_COURSE
from nocturne.algorithms.industry.cross_estimates import Case
from nocturne.algorithms.industry.estimator import GvioEstimator, fit_estimator
from nocturne.algorithms.industry.model_file import save_estimator
from nocturne.algorithms.industry.ranges import input_ranges
from nocturne.algorithms.industry.region_labels import whole_region
from nocturne.algorithms.industry.settings import GvioSettings
from nocturne.algorithms.industry.traits import FactoryTraits
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.provenance import plugin_version
from nocturne.algorithms.scores import r2
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import simulate_region
from nocturne.benchmarks.gvio_region import region_case
from nocturne.models.registry import bundled_path

REGIONS = tuple(range(101, 111))
ONE = GvioSettings(members=1)
CARD = {
    "title": "Industrial output of simulated regions",
    "warning": "Trained on simulated regions alone: its levels mean nothing elsewhere, and how light follows output "
               "is that of the simulator.",
    "licence": "GPL-3.0-or-later, as the plugin",
    "what": "Monthly output of factories from the night lights around them, fitted to sums over a region (after Gong "
            "et al. 2025, whose network isn't published). The network is that of one region, the first in which it "
            "counts; calendars and gains are one of each.",
}


def of_whole_region(seed: int) -> Case:
    """A simulated region whose totals are known for the whole of it, and whose factories have no sizes and sectors."""
    case = region_case(simulate_region(seed))
    traits = FactoryTraits(np.zeros_like(case.traits.zone))
    return Case(whole_region(case.labels)[0], case.months, traits, None, case.sample)


def together(members: list[GvioEstimator]) -> GvioEstimator:
    """One ensemble; the network is that of the first region in which it counts. What a region's totals did besides
    calendar and light says nothing elsewhere."""
    calendar, gains = (np.concatenate([getattr(each, name) for each in members]) for name in ("calendar", "gains"))
    first = next((each for each in members if each.network_weight), members[0])
    return replace(first, settings=replace(ONE, members=len(members)), calendar=calendar, gains=gains,
                   courses=((NO_COURSE,) * 2,) * len(members))


def main() -> None:
    cases = [of_whole_region(seed) for seed in REGIONS]
    samples = [case.sample(np.ones(len(case.months), bool), Progress()) for case in cases]
    members = [fit_estimator(each, case.traits, case.labels, ONE, Progress()) for case, each in zip(cases, samples)]
    scores, region, held = [], [], []
    for index, (case, each) in enumerate(zip(cases, samples)):
        others = together(members[:index] + members[index + 1:])
        found = others.estimate(each, case.traits, Progress())
        sums, spread, truth = case.sums(found.values), case.sums(found.spread), case.labels.value
        scores.append(np.abs(np.log(truth / sums)) / (spread / sums))
        region.append(np.full(len(truth), index))
        held.append(r2(truth, sums * truth.mean() / sums.mean()))
    quantile = blocked_quantile(np.concatenate(scores), np.concatenate(region))
    ranges = [input_ranges(each, np.ones(len(each.months), bool), Resources(threads=1), Progress())
              for each in samples]
    card = {
        **CARD, "version": plugin_version(), "seed": ONE.seed,
        "training": {"simulated_regions": list(REGIONS), "months": len(cases[0].months),
                     "factories": sum(len(case.traits.zone) for case in cases), "sizes": False},
        "metrics": {"how": "each region by the members of the others; its level taken from itself, because regions "
                           "differ in nothing as much as in that",
                    "r2_of_months_mean": float(np.mean(held)), "r2_of_months_lowest": float(min(held)),
                    "regions": len(held)},
        "ranges": {name: [min(each[name][0] for each in ranges), max(each[name][1] for each in ranges)]
                   for name in ranges[0]},
    }
    save_estimator(bundled_path("gvio_demo"), replace(together(members), interval_quantile=quantile), card)
    sys.stdout.write(f"{json.dumps(card['metrics'])}, interval quantile {quantile:.2f}\n")


if __name__ == "__main__":
    main()
