"""The page about a trained SemiGTX model, and its scores as JSON."""
from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..conformal import LEVEL
from ..reports import Report
from .evaluation import Evaluation, scores
from .evaluation_report import (
    city_groups,
    densities,
    error_maps,
    errors_by_group,
    group_densities,
    scatter,
    score_table,
    size_groups,
)
from .evaluation_summary import rounds_text, summary, without_nan
from .judge_semigtx import OURS
from .settings import SemiGtxSettings
from .splits import too_few_rounds
from .train_semigtx import TrainedRegion, shares_text
from .unit_shares import UnitShares

SPLIT_NAMES = {"blocked_folds": "blocks of neighbouring districts", "random_folds": "districts at random",
               "holdout_712": "a fifth of the districts at random", "leave_city_out": "one city after the other"}
EVALUATIONS = {"transductive": "Their totals are hidden and their units stay in the graph (transductive)",
               "inductive": "Their totals are hidden and their units are removed while training (inductive)"}


def metrics(trained: TrainedRegion) -> dict[str, Any]:
    """Mean and standard deviation over the rounds of each score, for other programs."""
    judgement, region, settings = trained.judgement, trained.region, trained.settings
    found = {"split": trained.split.split, "rounds": len(judgement.evaluation.estimates[OURS]),
             "evaluation": settings.evaluation, "readout": settings.readout, "loss": settings.loss,
             "alpha": settings.infomax_share,
             "units": len(region.units), "districts": len(region.districts), "features": len(region.names),
             "flows": int(region.flows.nnz),
             "batches": trained.batches, "network_share": trained.network_shares,
             "scores": summary(scores(judgement.evaluation))}
    if judgement.random is not None:
        found["random_folds"] = summary(scores(judgement.random))[OURS]
    plain: dict[str, Any] = without_nan(found)
    return plain


def write_metrics(path: str, trained: TrainedRegion) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(metrics(trained), file, indent=1)
        file.write("\n")


def write_report(path: str, trained: TrainedRegion) -> None:
    """Writes the page as HTML."""
    region, evaluation, report = trained.region, trained.judgement.evaluation, Report("SemiGTX: district economy")
    report.paragraph(f"{len(region.units)} units in {len(region.districts)} districts, {len(region.names)} features, "
                     f"{region.flows.nnz} flows. Configuration {trained.settings.configuration}, seed "
                     f"{trained.settings.seed}.")
    report.paragraph(_network(trained))
    if trained.batches > 1:
        report.paragraph(f"To stay within MAX_MEMORY the network learnt in {trained.batches} batches of whole "
                         "districts: its attention sees one batch at a time, and flows between batches aren't edges. "
                         "Encodings are those of the whole graph.")
    report.heading("Districts that the model hasn't seen")
    few = too_few_rounds(trained.split.split, trained.split.repeats)
    report.paragraph(f"Left out: {SPLIT_NAMES[trained.split.split]}; {rounds_text(len(evaluation.estimates[OURS]))}. "
                     f"{_way(trained.settings)} Per unit: totals over the number of units, which tells more than size. "
                     "The floors are ridge regression on the number of units, and on it with the sums of the features, "
                     f"or with the flows that come from other districts, go there, and stay. {few}")
    score_table(report, evaluation)
    if trained.judgement.random is not None:
        report.paragraph(_flattery(evaluation, trained.judgement.random))
    report.paragraph(_intervals(trained))
    if trained.model.unit_shares is not None:
        report.paragraph(_sharing(trained, trained.model.unit_shares))
    report.figure(scatter(evaluation, OURS), "Estimated against observed totals, all rounds.")
    report.figure(densities(evaluation, OURS), "How observed and estimated totals are distributed.")
    report.heading("Errors by size and city")
    errors_by_group(report, evaluation, OURS, size_groups(evaluation.totals), "Size")
    if region.city is not None:
        city, several = region.city, len(evaluation.targets)
        groups = city_groups(city, region.counts)
        report.paragraph("Small, middle and large cities: thirds by their number of units.")
        errors_by_group(report, evaluation, OURS, [groups] * several, "Cities")
        report.figure(group_densities(evaluation, OURS, groups), "Totals, and absolute errors in districts left out.")
        errors_by_group(report, evaluation, OURS,
                        [{name: city == number for number, name in enumerate(region.cities)}] * several, "City")
    report.heading("Maps")
    error_maps(report, evaluation, OURS, region.shapes, region.district)
    report.write(path)


def _way(settings: SemiGtxSettings) -> str:
    """How scores are obtained, in one sentence."""
    learnt = f"; the network has readout {settings.readout}, loss {settings.loss} and alpha {settings.infomax_share:g}"
    return f"{EVALUATIONS[settings.evaluation]}{learnt if settings.network else ''}."


def _network(trained: TrainedRegion) -> str:
    if trained.model.network is None:
        return "Kernel ridge alone, without the network."
    if not trained.model.partners:
        return "The network alone, without kernel ridge."
    return ("The network's share in the estimates, chosen on known districts that it was trained without: "
            f"{shares_text(trained.network_shares)}; the rest is kernel ridge.")


def _flattery(evaluation: Evaluation, random: Evaluation) -> str:
    ours, flattered = summary(scores(evaluation))[OURS], summary(scores(random))[OURS]
    parts = [f"{target} {flattered[target]['r2'][0] - values['r2'][0]:+.2f}" for target, values in ours.items()]
    return ("Random folds, whose districts have neighbours among those that the model learnt from, would change R2 by "
            f"{', '.join(parts)}.")


def _sharing(trained: TrainedRegion, shares: UnitShares) -> str:
    rates = ", ".join(f"{np.expm1(-decay):+.1%} ({target})"
                      for target, decay in zip(trained.region.targets, shares.decay))
    return (f"Units share their district's total by {len(shares.columns)} features that are counts, whose weights come "
            f"from the totals, and by their distance to neighbours: {rates} per km.")


def _intervals(trained: TrainedRegion) -> str:
    if not np.isfinite(trained.widths).all():
        return f"There are too few districts for intervals of {LEVEL:.0%}."
    widths = ", ".join(f"{width:.3g} ({target})" for target, width in zip(trained.region.targets, trained.widths))
    return (f"Intervals of {LEVEL:.0%} come from the errors in these districts: the root of a total per unit lies "
            f"within {widths}.")
