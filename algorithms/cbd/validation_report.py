"""The page about a validation: both floors beside the result, every CBD as a row, and a picture of both outlines."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from matplotlib.figure import Figure

from ..progress import Progress
from ..reports import Report
from ..scores import wilson_interval
from .validation import BRIGHTEST, COMPUTED, LOCATED, Comparison, Summary, Validation

HEAD = ("City", "CBD", "Computed (km2)", "Reference (km2)", "Overlap (km2)", "Precision", "Recall", "F1", "Jaccard",
        "Distance (m)", "Located", "Strictly")
COMPUTED_COLOUR, REFERENCE_COLOUR = "#d7301f", "#2b5c8a"


def write_report(path: str, validation: Validation, progress: Progress) -> None:
    """Writes the page as HTML."""
    report = Report("Validation of central business districts")
    report.paragraph(f"A CBD counts as located if its precision or its recall is at least {LOCATED:g} (the rule of Jie "
                     "et al. 2024, which any large polygon over the CBD passes), and strictly if both are. Areas are "
                     "in an equal-area projection around each city.")
    report.table(("Method", "Located", "95 % interval", "Strictly", "Mean precision", "Mean recall", "Mean F1",
                  "Mean Jaccard", "Median computed over reference area", "Cities with a computed CBD and no reference"),
                 [_summary_row(each) for each in validation.summaries])
    report.paragraph("Means are over the reference CBDs; one without a computed CBD counts as 0, and is left out of "
                     "the mean precision and of the median.")
    if any(each.method == BRIGHTEST for each in validation.summaries):
        report.paragraph("The floors call the brightest or the largest centre of every city its CBD, without any tree.")
    for summary in validation.summaries:
        report.heading(f"Per CBD: {summary.method}")
        total = ("Total", "", *_areas_and_ratios(summary.total), "", "", "")
        report.table(HEAD, [*(_row(each) for each in validation.comparisons if each.method == summary.method), total])
    report.heading("Outlines")
    drawn = [each for each in validation.comparisons if each.method == COMPUTED]
    for index, comparison in enumerate(drawn):
        progress.report(index / len(drawn))
        report.figure(_picture(comparison), f"{_name(comparison)}: computed in red, reference in blue")
    report.write(path)


def _summary_row(summary: Summary) -> Sequence[str]:
    low, high = wilson_interval(summary.located, summary.references)
    return (summary.method, f"{summary.located} of {summary.references}", f"{low:.2f} to {high:.2f}",
            str(summary.located_strictly), *map(_shown, (summary.precision, summary.recall, summary.f1,
                                                         summary.jaccard, summary.area_ratio)), str(summary.unfounded))


def _row(comparison: Comparison) -> Sequence[str]:
    agreement = comparison.agreement
    distance = "" if comparison.distance_m is None else f"{comparison.distance_m:.0f}"
    return (comparison.city, str(comparison.number or ""), *_areas_and_ratios(agreement), distance,
            "yes" if agreement.located else "no", "yes" if agreement.located_strictly else "no")


def _areas_and_ratios(agreement: Any) -> list[str]:
    return [_shown(value) for value in (agreement.computed_km2, agreement.reference_km2, agreement.overlap_km2,
                                        agreement.precision, agreement.recall, agreement.f1, agreement.jaccard)]


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _name(comparison: Comparison) -> str:
    return f"{comparison.city} {comparison.number}" if comparison.number > 1 else comparison.city


def _picture(comparison: Comparison) -> Figure:
    figure = Figure(figsize=(4, 4))
    axes = figure.add_subplot(aspect="equal")
    for shape, colour, label in ((comparison.reference, REFERENCE_COLOUR, "reference"),
                                 (comparison.computed, COMPUTED_COLOUR, "computed")):
        for edge in shapely.get_parts(shapely.boundary(shapely.get_parts(shape))):
            x, y = shapely.get_coordinates(edge).T / 1000
            axes.plot(x, y, color=colour, linewidth=1.8, label=label)
            label = ""
    agreement = comparison.agreement
    axes.set_title(f"{_name(comparison)}: F1 {_shown(agreement.f1) or 'none'}", fontsize=10)
    axes.set_xlabel("km east")
    axes.set_ylabel("km north")
    axes.legend(fontsize=8)
    return figure
