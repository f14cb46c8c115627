"""The page about a trained estimator of output, its figures as JSON, and its rows of a table."""
from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..conformal import LEVEL
from ..reports import Report
from .calendar_terms import terms_left_out
from .cross_estimates import ESTIMATE, GRID, MONTH_ONLY, RELATION, SHUFFLED, CrossEstimates
from .floors import FOREST, LIGHT_SUM
from .gvio_scores import REGION, ZONES, Scores, best_baseline
from .months import first_day, span_text
from .no_light import HOLIDAYS, LAST_YEAR, TREND
from .time_folds import BLOCKED, FORWARD, ZONES_LEFT_OUT
from .train_gvio import Trained

MEANINGS = {
    ESTIMATE: "this estimator", GRID: f"its monthly grid (RELATION {RELATION}), totals not preserved",
    MONTH_ONLY: "negative control: this estimator with the same light in all months",
    SHUFFLED: "negative control: this estimator with patches permuted among the factories in every month",
    LAST_YEAR: "no light: the total of the same months of the year before, or of the nearest year",
    TREND: "no light: growth and two waves of the year", HOLIDAYS: "no light: the same with working days and Spring "
    "Festival", FOREST: "floor: trees on the same statistics of light, beside trend and season",
    LIGHT_SUM: "floor: one line from the sum of light to the total"}
PROTOCOLS = {
    BLOCKED: "Blocks of 12 months that weren't learnt from, nor the month on either side.",
    FORWARD: "Years that weren't learnt from, nor anything after them, as one would use it.",
    ZONES_LEFT_OUT: "Blocks and zones that both weren't learnt from; levels of zones are unknown then."}
LEVELS = {REGION: "sums over all zones", ZONES: "single zones over their means"}
HARDLY = 0.05  # of what the best baseline leaves unexplained
MOST_PLOTS, COLUMNS = 9, 3
ROW_FIELDS = {"protocol": "text", "fold": "integer", "seed": "integer", "zone": "text", "first_month": "date",
              "last_month": "date", "published": "number", "estimate": "number", "estimate_low": "number",
              "estimate_high": "number"}
METHODS = tuple(method for method in MEANINGS if method != ESTIMATE)


def headline(trained: Trained) -> dict[str, float]:
    """R2 and skill on blocks, of sums over all zones; empty where nothing could be tried."""
    scores = _tried(trained, BLOCKED)
    if not scores:
        return {}
    return {"R2_ESTIMATE": scores[ESTIMATE].r2, "R2_GRID": scores[GRID].r2, "SKILL": scores[ESTIMATE].skill,
            "R2_FOREST": scores[FOREST].r2, "R2_BASELINE": scores[best_baseline(scores)].r2}


def is_light_sharing(trained: Trained) -> bool | None:
    """Whether shuffled patches estimate hardly worse; None where that wasn't tried, or where they are worse than an
    estimate that itself has no skill, or none beyond the month index."""
    scores = _tried(trained, BLOCKED)
    if not scores or SHUFFLED not in scores:
        return None
    if not scores[ESTIMATE].skill - scores[SHUFFLED].skill > HARDLY:
        return True
    return False if scores[ESTIMATE].skill > max(0, scores[MONTH_ONLY].skill) else None


def _tried(trained: Trained, protocol: str) -> dict[str, Scores]:
    """Scores of sums over all zones, or of zones where no period has all of them."""
    levels = trained.scores.get(protocol, {})
    return levels.get(REGION) or levels.get(ZONES) or {}


def metrics(trained: Trained) -> dict[str, Any]:
    """All scores, intervals and headlines as plain values, None for what isn't known."""
    scores = {protocol: {level: {method: _plain(asdict(each)) for method, each in methods.items()}
                         for level, methods in levels.items()} for protocol, levels in trained.scores.items()}
    intervals = {protocol: _plain({"quantile": each.quantile, "coverage": each.coverage, "cases": each.cases})
                 for protocol, each in trained.intervals.items()}
    return {**_plain(headline(trained)), "how": "models fitted without the labels that they are judged on",
            "interval_level": LEVEL, "light_sharing_only": is_light_sharing(trained), "scores": scores,
            "intervals": intervals}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def write_metrics(path: str, trained: Trained) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(metrics(trained), file, indent=1)
        file.write("\n")


def row_fields() -> dict[str, str]:
    return {**ROW_FIELDS, **{_field(method): "number" for method in METHODS}}


def rows(trained: Trained) -> Iterator[list[Any]]:
    """A row per protocol and label that it tested, in the order of row_fields."""
    labels, seed = trained.case.labels, trained.estimator.settings.seed
    for protocol, found in trained.found.items():
        ends = trained.intervals[protocol]
        columns = [labels.value, found.values[ESTIMATE], ends.low, ends.high,
                   *(found.values.get(method, np.full(len(labels), np.nan)) for method in METHODS)]
        for row in np.flatnonzero(found.fold):
            yield [protocol, int(found.fold[row]), seed, labels.zones[labels.zone[row]],
                   first_day(int(labels.first[row])), first_day(int(labels.last[row])),
                   *(float(column[row]) if math.isfinite(column[row]) else None for column in columns)]


def _field(method: str) -> str:
    return method.replace(",", "").replace(" ", "_")


def write_report(path: str, trained: Trained) -> None:
    """Writes the page as HTML."""
    report, case = Report("Monthly industrial output: the trained model"), trained.case
    covered = case.months[case.covered(case.labels)]
    report.paragraph(f"Learnt from {len(case.labels)} totals of {len(case.labels.zones)} zones "
                     f"({span_text(int(covered[0]), int(covered[-1]))}) and the light of {len(case.traits.zone)} "
                     f"factories, seed {trained.estimator.settings.seed}.")
    left_out = terms_left_out(case.labels.first, case.labels.last)
    if left_out:
        report.paragraph(left_out)
    if not trained.found:
        report.paragraph("The totals cover too few months to try the model on months that it hasn't seen: nothing is "
                         "known of its errors.", bad=True)
    for protocol, levels in trained.scores.items():
        report.heading(protocol.capitalize())
        report.paragraph(PROTOCOLS[protocol])
        for level, methods in levels.items():
            report.table((f"Method ({LEVELS[level]})", "R2", "RMSE", "MAE", "R2 of yearly change", "Skill"),
                         [(f"{method}: {MEANINGS[method]}", *_cells(methods[method]))
                          for method in MEANINGS if method in methods])
        if protocol == BLOCKED:
            _controls(report, trained)
    if trained.found:
        report.paragraph("Skill: 1 - squared errors / those of the best baseline without light on the very same "
                         "totals. R2 of levels says little, because trend and season alone make it high.")
        report.heading("Intervals")
        for protocol, ends in trained.intervals.items():
            report.paragraph(_interval_sentence(protocol, ends.coverage, ends.cases, ends.quantile))
        report.heading("Published and estimated totals")
        report.figure(_series(trained, next(iter(trained.found.values()))), "Per month: published (steps), estimated "
                      f"by models that hadn't seen the months (line), {LEVEL:.0%} intervals (band).")
    report.write(path)


def _cells(scores: Scores) -> list[str]:
    values = (scores.r2, scores.rmse, scores.mae, scores.r2_change, scores.skill)
    return ["" if math.isnan(value) else f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}" for value in values]


def _controls(report: Report, trained: Trained) -> None:
    scores = _tried(trained, BLOCKED)
    best = best_baseline(scores)
    report.paragraph(f"The best baseline without light is '{best}' (R2 {scores[best].r2:.3f}). Of the skill of "
                     f"{scores[ESTIMATE].skill:.2f} the same estimator makes {scores[MONTH_ONLY].skill:.2f} without "
                     "light, from the calendar, dates of factories and the totals of other months; what is above that "
                     "comes from light.")
    sharing = is_light_sharing(trained)
    if SHUFFLED not in scores:
        report.paragraph("Shuffled patches weren't tried: they need more memory than MAX_MEMORY allows.")
        return
    fall = f"from {scores[ESTIMATE].r2:.3f} to {scores[SHUFFLED].r2:.3f}"
    if sharing:
        report.paragraph(f"When patches are permuted among the factories in every month, R2 hardly falls ({fall}): "
                         "the map below the zones is light sharing, not learning.", bad=True)
    elif sharing is None:
        report.paragraph(f"When patches are permuted among the factories in every month, R2 falls {fall}, but the "
                         "estimator has no skill to lose beyond the month index: nothing shows that it learns from "
                         "light.", bad=True)
    else:
        report.paragraph(f"When patches are permuted among the factories in every month, R2 falls {fall}: the "
                         "estimates depend on which factory the light belongs to.")


def _interval_sentence(protocol: str, covered: float, cases: int, quantile: float) -> str:
    if not math.isfinite(quantile):
        return f"{protocol.capitalize()}: too few totals, or members of the ensemble, for intervals."
    kept = " These are the model's." if protocol == BLOCKED else ""
    return (f"{protocol.capitalize()}: {LEVEL:.0%} intervals, each by the errors of the other folds, hold "
            f"{covered:.1%} of {cases} totals of zones.{kept}")


def _series(trained: Trained, found: CrossEstimates) -> Figure:
    labels, ends = trained.case.labels, trained.intervals[found.protocol]
    size = np.bincount(labels.zone, labels.value, len(labels.zones))
    shown = sorted(np.argsort(-size, kind="stable")[:MOST_PLOTS].tolist())
    lines = -(-len(shown) // COLUMNS)
    figure = Figure(figsize=(11, 1 + 2.2 * lines))
    axes = figure.subplots(lines, min(COLUMNS, len(shown)), squeeze=False, sharex=True).ravel()
    for axis in axes[len(shown):]:
        axis.set_visible(False)
    for axis, zone in zip(axes, shown):
        here = np.flatnonzero((labels.zone == zone) & (found.fold > 0))
        start, stop = labels.first[here] / 12, (labels.last[here] + 1) / 12
        months = labels.last[here] - labels.first[here] + 1
        axis.hlines(labels.value[here] / months, start, stop, color="black", linewidth=1)
        middle = (start + stop) / 2
        axis.plot(middle, found.values[ESTIMATE][here] / months, color="#1b6ca8", linewidth=1.2)
        axis.fill_between(middle, ends.low[here] / months, ends.high[here] / months, color="#1b6ca8", alpha=0.25,
                          linewidth=0)
        axis.set_title(labels.zones[zone], fontsize=10)
        axis.set_ylim(bottom=0)
        axis.tick_params(labelsize=8)
    figure.tight_layout()
    return figure
