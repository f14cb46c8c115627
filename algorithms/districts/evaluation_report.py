"""The parts of reports that show an evaluation: scores, error by group and size, densities and maps."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..reports import Report
from ..scores import r2
from .district_maps import maps
from .evaluation import SIZE_CLASSES, Evaluation, mean_estimates, scores, size_class
from .evaluation_summary import SCORES, score_text, summary

Groups = Mapping[str, NDArray[np.bool_]]  # name of a group to its districts


def score_table(report: Report, evaluation: Evaluation) -> None:
    """One row per method and target: mean and standard deviation over the rounds."""
    rows = [(method, target, *(score_text(*score) for score in values.values()))
            for method, targets in summary(scores(evaluation)).items() for target, values in targets.items()]
    report.table(("Method", "Target", *SCORES.values()), rows)


def errors_by_group(report: Report, evaluation: Evaluation, method: str, groups: Sequence[Groups], head: str) -> None:
    """Totals and absolute errors in each group of districts, per target, as in Appendix C of Cao et al. 2025. groups:
    those of every target."""
    estimates, rows = mean_estimates(evaluation, method), []
    for column, target in enumerate(evaluation.targets):
        truth, found = evaluation.totals[:, column], estimates[:, column]
        for name, inside in groups[column].items():
            known = inside & np.isfinite(truth) & np.isfinite(found)
            if known.any():
                error, mean = np.abs(found - truth)[known], float(truth[known].mean())
                skill = r2(truth[known], found[known])
                rows.append((target, name, int(known.sum()), _spread(truth[known]), _spread(error),
                             f"{error.mean() / mean:.0%}" if mean > 0 else "",
                             f"{skill:.2f}" if np.isfinite(skill) else ""))
    report.table(("Target", head, "Districts", "Total: mean, SD (range)", "Absolute error: mean, SD (range)",
                  "Error / total", "R2"), rows)


def size_groups(totals: NDArray[np.float64]) -> list[Groups]:
    """For every target (districts, targets), thirds of the districts by their total of it."""
    classes = [size_class(column) for column in totals.T]
    return [{name: found == number for number, name in enumerate(SIZE_CLASSES)} for found in classes]


def city_groups(city: NDArray[np.intp], counts: NDArray[np.float64]) -> Groups:
    """Thirds of the cities by their number of units. city: (districts,) numbers; counts: (districts,) units."""
    found = size_class(np.bincount(city, counts).astype(np.float64))[city]
    return {f"{name} cities": found == number for number, name in enumerate(SIZE_CLASSES) if (found == number).any()}


def group_densities(evaluation: Evaluation, method: str, groups: Groups) -> Figure:
    """Distribution of totals and of absolute errors in groups of districts, square-root scale: a column per target."""
    errors = np.abs(mean_estimates(evaluation, method) - evaluation.totals)
    figure = Figure(figsize=(4 * len(evaluation.targets), 5.2))
    rows = figure.subplots(2, len(evaluation.targets), squeeze=False)
    for axes_of, values, label in zip(rows, (evaluation.totals, errors), ("observed", "absolute error")):
        for axes, column, target in zip(axes_of, values.T, evaluation.targets):
            parts = {name: np.sqrt(column[inside & np.isfinite(column)]) for name, inside in groups.items()}
            _draw_densities(axes, {name: roots for name, roots in parts.items() if len(roots) > 1},
                            ("#aa3377", "#4477aa", "#ccaa33"))
            axes.set_xlabel(f"{target}, {label}", fontsize=8)
    rows[0, 0].legend(fontsize=7)
    figure.tight_layout()
    return figure


def densities(evaluation: Evaluation, method: str) -> Figure:
    """Distribution of observed and estimated totals, square-root scale, one panel per target."""
    estimates = mean_estimates(evaluation, method)
    figure = Figure(figsize=(4 * len(evaluation.targets), 2.8))
    for column, target in enumerate(evaluation.targets):
        axes = figure.add_subplot(1, len(evaluation.targets), column + 1)
        known = np.isfinite(evaluation.totals[:, column]) & np.isfinite(estimates[:, column])
        observed, estimated = (np.sqrt(np.maximum(values[known, column], 0))
                               for values in (evaluation.totals, estimates))
        _draw_densities(axes, {"observed": observed, "estimated": estimated}, ("#222222", "#4477aa"))
        axes.set_xlabel(target, fontsize=8)
    figure.axes[0].set_ylabel("density")
    figure.axes[0].legend(fontsize=8)
    figure.tight_layout()
    return figure


def _draw_densities(axes: Axes, roots: Mapping[str, NDArray[np.float64]], colours: Sequence[str]) -> None:
    """roots: label to square roots of values."""
    top = 1.1 * max([1e-9, *(float(each.max()) for each in roots.values())])
    places = np.linspace(0, top, 200)
    for (label, values), colour in zip(roots.items(), colours):
        axes.plot(places**2, _density(values, places), label=label, color=colour)
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    ticks = np.linspace(0, top, 5)**2
    axes.set_xticks(ticks, [f"{tick:.2g}" if tick < 100 else f"{tick:.0f}" for tick in ticks], fontsize=7)
    axes.set_yticks([])


def _spread(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.4g}, {values.std():.4g} ({values.min():.4g} to {values.max():.4g})"


def error_maps(report: Report, evaluation: Evaluation, method: str, shapes: NDArray[np.object_],
               district: NDArray[np.intp]) -> None:
    """Observed and estimated totals per unit of the district, and their absolute difference."""
    estimates = mean_estimates(evaluation, method) / evaluation.counts[:, None]
    observed = evaluation.totals / evaluation.counts[:, None]
    for column, target in enumerate(evaluation.targets):
        both = {"observed": observed[district, column], "estimated": estimates[district, column]}
        report.figure(maps(shapes, both, "per unit"), f"{target} of each district over the number of its units.")
        error = np.abs(estimates - observed)[district, column]
        report.figure(maps(shapes, {"absolute error": error}, "per unit", "magma_r"),
                      f"{target}: absolute error of each district over the number of its units.")


def scatter(evaluation: Evaluation, method: str) -> Figure:
    """Estimated against observed totals of all rounds, one panel per target."""
    figure = Figure(figsize=(3.6 * len(evaluation.targets), 3.4))
    for column, target in enumerate(evaluation.targets):
        axes = figure.add_subplot(1, len(evaluation.targets), column + 1)
        truth = evaluation.totals[:, column]
        for found in evaluation.estimates[method][:, :, column]:
            axes.plot(truth, found, ".", color="#4477aa", alpha=0.5, markersize=4)
        top = np.nanmax(truth)
        axes.plot((0, top), (0, top), color="#888888", linewidth=0.8)
        for set_scale in (axes.set_xscale, axes.set_yscale):
            set_scale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        axes.set_xlabel(f"{target}, observed")
        axes.set_ylabel("estimated")
    figure.tight_layout()
    return figure


def _density(values: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian kernel density with Silverman's bandwidth."""
    width = max(float(values.std()) * 1.06 * len(values) ** -0.2, 1e-9)
    found: NDArray[np.float64] = np.exp(-0.5 * ((places[:, None] - values) / width)**2).mean(axis=1)
    return found
