"""The page about a trained PM2.5 estimator, and its figures as JSON."""
from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..conformal import LEVEL
from ..reports import Report
from ..scores import mae, mbe, r2, rmse
from .settings import Pm25Settings
from .train_pm25 import Trained

NEAR_AND_FAR = ("place left out", "block of places left out")
MOST_COVARIATES = 20
SCORES = {"r2": r2, "rmse": rmse, "mae": mae, "mbe": mbe}


def metrics(trained: Trained) -> dict[str, Any]:
    """Scores of the folds' estimates, weights of the members, attention and importance, for other programs."""
    truth, mixture, residuals = trained.data.target, trained.estimator.mixture, trained.estimator.residuals
    protocols = {
        name: {**{score: function(truth, estimate) for score, function in SCORES.items()},
               "median_km_to_nearest_place": float(distance),
               "weights": dict(zip(member_names(trained), map(float, weights)))}
        for name, estimate, distance, weights in zip(NEAR_AND_FAR, trained.checked, mixture.distances, mixture.weights)}
    return {"windows": len(truth), "places": len(np.unique(trained.data.place)),
            "short_windows": trained.data.windows.short, "left_out": trained.data.windows.left_out,
            "protocols": protocols, "attention": [float(weight) for weight in trained.attention],
            "importance": trained.importance,
            "residuals": None if residuals is None else {"length_km": residuals.length_km,
                                                         "shrinkage": residuals.shrinkage}}


def member_names(trained: Trained) -> list[str]:
    members = trained.estimator.members
    return ["networks", *(["trees"] if members.trees else []), *(["ridge"] if members.ridge is not None else [])]


def write_metrics(path: str, trained: Trained) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(metrics(trained), file, indent=1)
        file.write("\n")


def write_report(path: str, trained: Trained) -> None:
    """Writes the page as HTML."""
    report, found, data = Report("PM2.5 estimator"), metrics(trained), trained.data
    days = data.site_days.day[data.windows.target]
    report.paragraph(f"{found['windows']} site-days at {found['places']} places, "
                     f"{date.fromordinal(int(days.min()))} to {date.fromordinal(int(days.max()))}; "
                     f"{len(trained.estimator.names)} covariates; windows of {data.windows.rows.shape[1]} days, "
                     f"{found['short_windows']} of them with masked days, {found['left_out']} left out.")
    report.heading("Estimates of places that the model hasn't seen")
    report.paragraph("Every estimate is by models without the place (near), or without the whole block of places that "
                     "it lies in (far). The weights of the members were chosen on these estimates, so the scores are a "
                     "little too good. Between both distances weights and intervals change gradually.")
    report.table(("Protocol", "R2", "RMSE (ug/m3)", "MAE (ug/m3)", "MBE (ug/m3)", "Median distance (km)", "Weights"),
                 [(name, *(f"{each[score]:.3f}" for score in SCORES), f"{each['median_km_to_nearest_place']:.0f}",
                   ", ".join(f"{member} {weight:.1f}" for member, weight in each["weights"].items()))
                  for name, each in found["protocols"].items()])
    report.paragraph(_intervals(trained))
    report.paragraph(residuals_in_words(trained.estimator.settings, found["residuals"]))
    report.heading("Attention per day")
    report.figure(_attention(trained), "Mean weight that the networks give to each day of the window.")
    report.heading("Importance of covariates")
    report.table(("Covariate", "Growth of the RMSE when it is shuffled (ug/m3)"),
                 [(name, f"{growth:.3f}") for name, growth in list(trained.importance.items())[:MOST_COVARIATES]])
    report.paragraph("Measured on site-days of the training places. Covariates that say the same share their "
                     "importance.")
    report.write(path)


def residuals_in_words(settings: Pm25Settings, residuals: Mapping[str, float] | None) -> str:
    """What neighbours add, or why they don't. residuals: length_km and shrinkage, None where nothing is added."""
    if residuals is not None:
        return f"Residuals of monitors of the same day are added; they fade over {residuals['length_km']:g} km."
    if settings.configuration == "published":
        why = "the published configuration has none"
    else:
        why = "they were tried and don't help here" if settings.residuals else "RESIDUALS is turned off"
    return f"Residuals of neighbouring monitors aren't added: {why}."


def _intervals(trained: Trained) -> str:
    widths = trained.estimator.mixture.intervals
    if not np.isfinite(widths).all():
        return f"There are too few places or blocks for an interval of {LEVEL:.0%}: its upper ends are empty."
    return (f"Intervals of {LEVEL:.0%} come from the errors of these estimates, each place or block counted as one: "
            f"{widths[0]:.2f} (near) and {widths[1]:.2f} (far) times the estimate plus 5 ug/m3 to either side.")


def _attention(trained: Trained) -> Figure:
    figure = Figure(figsize=(6, 2.6))
    axes = figure.add_subplot()
    axes.bar(trained.data.windows.offsets, trained.attention, color="#4477aa")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("days from the day that is estimated")
    axes.set_ylabel("attention")
    return figure
