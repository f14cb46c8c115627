"""The page about a run that identified CBDs: what became of every city, and its picture."""
from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from matplotlib.colors import ListedColormap, PowerNorm
from matplotlib.figure import Figure

from ..feature_tables import FeatureTable
from ..progress import Progress
from ..reports import Report
from .identify import FAILED, FOUND, NONE, UNDECIDED, CityOutcome, CityPicture, Identified
from .settings import IdentifyCbdSettings

HEAD = ("City", "Result", "Nights", "From", "To", "Median clear nights", "Urban area with enough nights",
        "Annual radiance", "Type", "Centres", "With negative pixels", "CBDs", "Mean radiance", "SD")
NEGATIVE_COLOUR, CENTRE_COLOUR, CBD_COLOUR = "#e24a33", "#5ac8fa", "#ffe94d"


def write_report(path: str, found: Identified, settings: IdentifyCbdSettings, model: str, progress: Progress) -> None:
    """Writes the page as HTML. model: what decided which centre is a CBD."""
    report = Report("Central business districts from night lights")
    report.paragraph(", ".join(f"{found.count(status)} {status}" for status in (FOUND, NONE, UNDECIDED, FAILED))
                     + f". Decided by: {model}. Outlines: {settings.cbd_boundary}.")
    if found.count(UNDECIDED):
        report.paragraph("Not decidable means that too few nights were clear, not that a city has no CBD.")
    report.table(HEAD, [_row(each) for each in found.outcomes])
    report.paragraph("Mean radiance and standard deviation (nW/cm2/sr) are those of the urban area, to which the "
                     "Z-scores refer.")
    for each in found.outcomes:
        if each.why:
            report.paragraph(f"{each.city}: {each.why}", bad=each.status == FAILED)
    if len(found.cbds):
        report.heading("CBDs")
        report.table(("City", "Centre", "Area (km2)", "Outline", "Probability", "Rule"), _cbd_rows(found.cbds))
    report.heading("Cities")
    for index, outcome in enumerate(found.outcomes):
        progress.report(index / len(found.outcomes))
        if outcome.picture is not None:
            report.figure(_picture(outcome.city, outcome.picture),
                          f"{outcome.city}: {outcome.status}. Annual radiance, negative pixels in red, centres in "
                          "blue, CBDs in yellow.")
    report.write(path)


def _row(outcome: CityOutcome) -> list[str]:
    used, light = outcome.used, outcome.light
    base = light.base if light is not None else None
    return [outcome.city, outcome.status, *([str(used.nights), str(used.first), str(used.last)] if used else [""] * 3),
            _shown(outcome.observations, "{:.0f}"), _shown(outcome.fitted, "{:.0%}"), str(outcome.annual_year or ""),
            outcome.city_type, *([str(light.centres), str(light.with_negative)] if light else [""] * 2),
            str(outcome.cbds) if outcome.status in (FOUND, NONE) else "",
            *([f"{base.mean:.1f}", f"{base.sd:.1f}"] if base else [""] * 2)]


def _cbd_rows(cbds: FeatureTable) -> list[list[str]]:
    return [[str(city), f"{centre:.0f}", f"{area:.2f}", str(outline), _shown(probability, "{:.2f}"), str(rule or "")]
            for city, centre, area, outline, probability, rule in zip(*(cbds.columns[name] for name in (
                "city", "centre_id", "area_km2", "outline", "cbd_probability", "rule")))]


def _shown(value: float, form: str) -> str:
    return "" if value is None or math.isnan(value) else form.format(value)


def _picture(city: str, picture: CityPicture) -> Figure:
    grid = picture.grid
    left, bottom, right, top = (side / 1000 for side in grid.bounds)
    west, south = (left + right) / 2, (bottom + top) / 2
    extent = (left - west, right - west, bottom - south, top - south)
    figure = Figure(figsize=(5, 5))
    axes = figure.add_subplot(aspect="equal", facecolor="black")
    axes.imshow(picture.light, extent=extent, cmap="gray", norm=PowerNorm(0.4))
    negative = np.where(picture.negative & np.isfinite(picture.light), 1.0, np.nan)
    axes.imshow(negative, extent=extent, cmap=ListedColormap([NEGATIVE_COLOUR]), alpha=0.8, interpolation="nearest")
    for shapes, colour, width in ((picture.centres, CENTRE_COLOUR, 0.8), (picture.cbds, CBD_COLOUR, 1.8)):
        for shape in shapes:
            _outline(axes, shape, west, south, colour, width)
    axes.set_xlim(extent[:2])
    axes.set_ylim(extent[2:])
    axes.set_title(city, fontsize=10)
    axes.set_xlabel("km east")
    axes.set_ylabel("km north")
    return figure


def _outline(axes: Any, shape: Any, west: float, south: float, colour: str, width: float) -> None:
    for edge in shapely.get_parts(shapely.boundary(shapely.get_parts(shape))):
        x, y = shapely.get_coordinates(edge).T / 1000
        axes.plot(x - west, y - south, color=colour, linewidth=width)
