"""The page and the figures of a comparison of region models."""
from __future__ import annotations

import json
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..reports import Report
from .evaluation import Evaluation, scores
from .evaluation_summary import SCORES, rounds_text, score_text, summary, without_nan
from .region_layers import Region
from .settings import CompareRegionSettings
from .splits import too_few_rounds
from .train_semigtx_report import SPLIT_NAMES

PAIRED_LEVEL = 0.9


def comparison_metrics(evaluation: Evaluation, settings: CompareRegionSettings) -> dict[str, Any]:
    """Scores of every method and target, and differences from SemiGTX, for other programs."""
    found: dict[str, Any] = without_nan({"split": settings.split, "scores": summary(scores(evaluation)),
                                         "differences": differences(evaluation, reference(evaluation))})
    return found


def write_metrics(path: str, evaluation: Evaluation, settings: CompareRegionSettings) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(comparison_metrics(evaluation, settings), file, indent=1)
        file.write("\n")


def write_report(path: str, evaluation: Evaluation, region: Region, settings: CompareRegionSettings) -> None:
    """Writes the page as HTML."""
    report, base = Report("Region models compared"), reference(evaluation)
    rounds = len(next(iter(evaluation.estimates.values())))
    report.paragraph(f"{len(region.units)} units in {len(region.districts)} districts, {len(region.names)} features, "
                     f"{region.flows.nnz} flows. All methods: the same folds ({SPLIT_NAMES[settings.split]}; "
                     f"{rounds_text(rounds)}), the same features and flows. Networks learn by the loss "
                     f"{settings.loss}, with the width, layers and epochs of the configuration "
                     f"{settings.configuration}; regressions learn roots of totals per unit, floors roots of totals. "
                     f"Up to {settings.search} candidates are tried on known districts: learning rates of networks, "
                     "settings of regressions on features. Ridge regressions choose their penalty by leave-one-out "
                     "instead, from one list of values; other regressions on representations have fixed settings.")
    few = too_few_rounds(settings.split, settings.repeats)
    if few:
        report.paragraph(few)
    for target in evaluation.targets:
        report.heading(target)
        found = summary(scores(evaluation))
        gaps = differences(evaluation, base)
        report.table(("Method", *SCORES.values(), f"MAE less that of {base} ({PAIRED_LEVEL:.0%} interval)"),
                     [(method, *(score_text(*score) for score in found[method][target].values()),
                       _gap(gaps[method][target])) for method in evaluation.estimates])
    report.figure(_bars(evaluation), "R2 of totals: mean over the rounds; the line spans the rounds.")
    report.paragraph("The intervals are of the mean difference of absolute errors of the same districts, drawn 1,000 "
                     "times by district. An interval that holds 0 orders nothing; neither does a single split.")
    report.write(path)


def reference(evaluation: Evaluation) -> str:
    """The method that others are compared with: SemiGTX where it is there."""
    names = list(evaluation.estimates)
    return next((name for name in ("semigtx", "alpha 0.5", "encodings LapPE+RWSE") if name in names), names[0])


def differences(evaluation: Evaluation, base: str) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Method and target to the mean difference of absolute errors from the base method's, with its interval."""
    generator = np.random.default_rng(0)
    errors = {name: np.abs(found - evaluation.totals) for name, found in evaluation.estimates.items()}
    drawn = generator.integers(0, len(evaluation.totals), (1000, len(evaluation.totals)))
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for name, values in errors.items():
        gap = values - errors[base]
        known = np.isfinite(gap)
        districts = np.where(known.any(axis=0), np.nansum(gap, axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)
        means = np.nanmean(districts[drawn], axis=1)
        low, high = np.nanquantile(means, ((1 - PAIRED_LEVEL) / 2, (1 + PAIRED_LEVEL) / 2), axis=0)
        found[name] = {target: (float(np.nanmean(districts[:, number])), float(low[number]), float(high[number]))
                       for number, target in enumerate(evaluation.targets)}
    return found


def _gap(gap: tuple[float, float, float]) -> str:
    return f"{gap[0]:+.3g} ({gap[1]:+.3g} to {gap[2]:+.3g})"


def _bars(evaluation: Evaluation) -> Figure:
    rows: dict[tuple[str, str], list[float]] = {}
    for score in scores(evaluation):
        rows.setdefault((score.method, score.target), []).append(score.r2)
    names = list(evaluation.estimates)
    figure = Figure(figsize=(3.2 * len(evaluation.targets) + 1.8, 0.24 * len(names) + 1))
    shared = None
    for number, target in enumerate(evaluation.targets):
        axes = figure.add_subplot(1, len(evaluation.targets), number + 1, sharey=shared)
        shared = shared or axes
        values = [np.array(rows[name, target]) for name in names]
        places = np.arange(len(names))[::-1]
        axes.hlines(places, [each.min() for each in values], [each.max() for each in values], color="#99aacc")
        axes.plot([each.mean() for each in values], places, "o", color="#4477aa", markersize=4)
        axes.set_yticks(places, names, fontsize=7)
        axes.set_xlim(max(-0.5, axes.get_xlim()[0]), 1)
        axes.set_xlabel(f"R2, {target}", fontsize=8)
        axes.grid(axis="x", alpha=0.3)
        if number:
            axes.tick_params(labelleft=False)
    figure.tight_layout()
    return figure
