"""The parts of reports that show an evaluation: scores, error by group and size, densities and maps."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..reports import Report
from ..scores import mae, r2
from .district_maps import maps
from .evaluation import SIZE_CLASSES, Evaluation, mean_estimates, scores, size_class
from .evaluation_summary import SCORES, summary


def score_table(report: Report, evaluation: Evaluation) -> None:
    """One row per method and target: mean and standard deviation over the rounds."""
    rows = [(method, target, *(f"{mean:.3g} ± {spread:.2g}" for mean, spread in values.values()))
            for method, targets in summary(scores(evaluation)).items() for target, values in targets.items()]
    report.table(("Method", "Target", *SCORES.values()), rows)


def errors_by_group(report: Report, evaluation: Evaluation, method: str, groups: Mapping[str, NDArray[np.bool_]],
                    head: str) -> None:
    """Districts, mean total, mean absolute and relative error and R2 of each group of districts, per target."""
    estimates, rows = mean_estimates(evaluation, method), []
    for column, target in enumerate(evaluation.targets):
        truth, found = evaluation.totals[:, column], estimates[:, column]
        for name, inside in groups.items():
            known = inside & np.isfinite(truth) & np.isfinite(found)
            if known.any():
                error, mean = mae(truth[known], found[known]), float(truth[known].mean())
                relative = f"{error / mean:.0%}" if mean > 0 else ""
                rows.append((target, name, int(known.sum()), f"{mean:.4g}", f"{error:.4g}", relative,
                             f"{r2(truth[known], found[known]):.2f}"))
    report.table(("Target", head, "Districts", "Mean total", "MAE", "MAE / mean", "R2"), rows)


def size_groups(totals: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Thirds of the districts by their first target."""
    found = size_class(totals[:, 0])
    return {name: found == number for number, name in enumerate(SIZE_CLASSES)}


def densities(evaluation: Evaluation, method: str) -> Figure:
    """Distribution of observed and estimated totals, square-root scale, one panel per target."""
    estimates = mean_estimates(evaluation, method)
    figure = Figure(figsize=(4 * len(evaluation.targets), 2.8))
    for column, target in enumerate(evaluation.targets):
        axes = figure.add_subplot(1, len(evaluation.targets), column + 1)
        known = np.isfinite(evaluation.totals[:, column]) & np.isfinite(estimates[:, column])
        roots = [np.sqrt(np.maximum(values[known, column], 0)) for values in (evaluation.totals, estimates)]
        places = np.linspace(0, 1.1 * max(1e-9, *(float(each.max()) for each in roots)), 200)
        for values, label, colour in zip(roots, ("observed", "estimated"), ("#222222", "#4477aa")):
            axes.plot(places**2, _density(values, places), label=label, color=colour)
        axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        axes.set_xlabel(target)
        axes.set_yticks([])
    figure.axes[0].set_ylabel("density")
    figure.axes[0].legend(fontsize=8)
    figure.tight_layout()
    return figure


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
