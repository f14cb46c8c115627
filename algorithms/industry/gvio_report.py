"""The page about estimates of industrial output: series, decomposition, inequality, and two zones compared."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..progress import Progress
from ..reports import Report
from .decomposition import METHOD, decompose
from .labels import Labels
from .zone_economy import ZoneEconomy

MOST_PLOTS = 9
COLUMNS = 3
COLOURS = ("#1b6ca8", "#d95f02")


@dataclass(frozen=True)
class Findings:
    """What the page tells of. notes: sentences about model, relation and reach. published: totals within the months, if
    there are any. agreement: R2 of the map and these, before any scaling. compared: indexes of two zones, or none."""

    economy: ZoneEconomy
    notes: Sequence[str]
    published: Labels | None
    agreement: float
    compared: tuple[int, ...]


def write_report(path: str, findings: Findings, progress: Progress) -> None:
    """Writes the page as HTML."""
    economy = findings.economy
    report = Report("Monthly industrial output")
    for note in findings.notes:
        report.paragraph(note)
    if findings.published is not None:
        report.paragraph(f"Published totals and sums of the map before any scaling: R2 {findings.agreement:.3f} over "
                         f"{len(findings.published)} periods of zones. Totals that the model was trained on say "
                         "little about others.")
    report.heading("Monthly output")
    report.figure(_series(findings), "Estimates (line) with their 90 % interval (band)"
                  + (", and published totals per month (steps)." if findings.published is not None else "."))
    progress.report(0.3)
    _zones(report, economy)
    if np.isfinite(economy.parts.trend).any():
        report.heading("Trend, season and rest")
        report.figure(_decomposition(economy), f"All zones together, by {METHOD}: the series is the product of the "
                      "three.")
    progress.report(0.6)
    report.heading("Inequality")
    report.figure(_inequality(economy), "Among the cells of factory areas, of each year's output: 0 where all have the "
                  "same.")
    if findings.compared:
        _comparison(report, economy, findings.compared)
    progress.report(1)
    report.write(path)


def _time(economy: ZoneEconomy) -> NDArray[np.float64]:
    """Years as numbers, at the middle of each month."""
    return np.asarray((economy.months + 0.5) / 12, np.float64)


def _series(findings: Findings) -> Figure:
    economy = findings.economy
    shown = np.argsort(-economy.sums.value.sum(axis=1), kind="stable")[:MOST_PLOTS]
    rows = -(-len(shown) // COLUMNS)
    figure = Figure(figsize=(11, 1 + 2.2 * rows))
    axes = figure.subplots(rows, min(COLUMNS, len(shown)), squeeze=False, sharex=True).ravel()
    for axis in axes[len(shown):]:
        axis.set_visible(False)
    time = _time(economy)
    for axis, zone in zip(axes, sorted(shown.tolist())):
        _steps(axis, findings, zone)
        axis.plot(time, economy.sums.value[zone], color=COLOURS[0], linewidth=1.2, marker="." if len(time) < 3 else "")
        if np.isfinite(economy.sums.high[zone]).any():
            axis.fill_between(time, economy.sums.low[zone], economy.sums.high[zone], color=COLOURS[0], alpha=0.25,
                              linewidth=0)
        axis.set_title(economy.names[zone], fontsize=10)
        axis.set_ylim(bottom=0)
        axis.tick_params(labelsize=8)
    figure.tight_layout()
    return figure


def _steps(axis: Axes, findings: Findings, zone: int) -> None:
    """Published totals per month; a group of months is a longer step."""
    labels = findings.published
    if labels is None:
        return
    name = findings.economy.names[zone]
    for index in np.flatnonzero(np.array(labels.zones)[labels.zone] == name):
        first, last = int(labels.first[index]), int(labels.last[index]) + 1
        axis.plot((first / 12, last / 12), (labels.value[index] / (last - first),) * 2, color="black", linewidth=1)


def _zones(report: Report, economy: ZoneEconomy) -> None:
    report.heading("Zones")
    report.table(("Zone", "Output of the last year", "Months of it", "Change (%)", "Pace of the trend (% per year)",
                  "Gini", "Theil", "From factories outside the model's ranges (%)"),
                 [(name, f"{economy.yearly[zone, -1]:.4g}", economy.counted[-1], _shown(economy.growth[zone, -1]),
                   _shown(economy.pace[zone]), _shown(economy.gini[zone, -1], 3), _shown(economy.theil[zone, -1], 3),
                   _shown(100 * np.nanmean(economy.sums.outside[zone]) if np.isfinite(economy.sums.outside[zone]).any()
                          else np.nan, 0))
                  for zone, name in enumerate(economy.names)])


def _decomposition(economy: ZoneEconomy) -> Figure:
    whole = economy.sums.value.sum(axis=0, keepdims=True)
    parts = decompose(economy.months, whole)
    figure = Figure(figsize=(9, 6))
    time = _time(economy)
    for axis, (name, values) in zip(figure.subplots(4, 1, sharex=True), (
            ("series", whole), ("trend", parts.trend), ("season", parts.season), ("rest", parts.rest))):
        axis.plot(time, values[0], color=COLOURS[0], linewidth=1.2)
        axis.set_ylabel(name)
        if name in ("season", "rest"):
            axis.axhline(1, color="grey", linewidth=0.6)
    figure.tight_layout()
    return figure


def _inequality(economy: ZoneEconomy) -> Figure:
    figure = Figure(figsize=(9, 3.2))
    for axis, (name, values) in zip(figure.subplots(1, 2), (("Gini", economy.gini), ("Theil", economy.theil))):
        for zone in np.argsort(-economy.sums.value.sum(axis=1), kind="stable")[:MOST_PLOTS]:
            axis.plot(economy.years, values[zone], marker=".", label=economy.names[zone])
        axis.set_ylabel(name)
        axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    return figure


def _comparison(report: Report, economy: ZoneEconomy, compared: tuple[int, ...]) -> None:
    first, second = (economy.names[zone] for zone in compared)
    report.heading(f"{first} and {second}")
    report.table(("", first, second), [
        (name, *(shown(values[zone]) for zone in compared)) for name, values, shown in (
            ("Output over all months", economy.sums.value.sum(axis=1), lambda value: f"{value:.4g}"),
            ("Pace of the trend (% per year)", economy.pace, _shown),
            (f"Gini {economy.years[0]}", economy.gini[:, 0], lambda value: _shown(value, 3)),
            (f"Gini {economy.years[-1]}", economy.gini[:, -1], lambda value: _shown(value, 3)),
            (f"Theil {economy.years[-1]}", economy.theil[:, -1], lambda value: _shown(value, 3)))])
    report.paragraph(_words(economy, compared))
    figure = Figure(figsize=(9, 3.4))
    axis = figure.subplots()
    for zone, colour in zip(compared, COLOURS):
        values = economy.sums.value[zone]
        start = values[:12].mean()
        if start > 0:
            axis.plot(_time(economy), 100 * values / start, color=colour, linewidth=0.7, alpha=0.6)
            axis.plot(_time(economy), 100 * economy.parts.trend[zone] / start, color=colour, linewidth=2,
                      label=economy.names[zone])
    axis.set_ylabel("mean of the first year = 100")
    axis.legend(fontsize=8)
    report.figure(figure, "Estimates (thin) and their trends (thick).")


def _words(economy: ZoneEconomy, compared: tuple[int, ...]) -> str:
    """Which of the two grew faster, and which is spread more evenly."""
    said = []
    for values, more, sign in ((economy.pace, "grew faster", 1), (economy.gini[:, -1], "is spread more evenly", -1)):
        one, other = (sign * values[zone] for zone in compared)
        if np.isfinite(one) and np.isfinite(other) and one != other:
            said.append(f"{economy.names[compared[0] if one > other else compared[1]]} {more}")
    return f"{'; '.join(said)}." if said else "Neither can be said to grow faster or to be spread more evenly."


def _shown(value: float, decimals: int = 1) -> str:
    return f"{value:.{decimals}f}" if np.isfinite(value) else ""
