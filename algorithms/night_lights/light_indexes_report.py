"""The page about light indexes: what the Z-scores of every city refer to (as Figure 3 of Jie et al. 2024)."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..reports import Report
from .light_indexes import CityLight

MEAN_COLOUR, SD_COLOUR = "#e0a030", "#5b6fb5"


def write_report(path: str, cities: Sequence[CityLight]) -> None:
    """Writes the page as HTML."""
    report = Report("Light indexes")
    report.paragraph("Mean and population standard deviation of the annual radiance, in nW/cm2/sr, of the cells that "
                     "the Z-scores refer to, on the grid of the indexes.")
    report.table(("City", "Mean", "SD", "Cells", "Centres", "With negative pixels", "Median nights"),
                 [(_name(each), *(("", "", "") if each.base is None else (
                     f"{each.base.mean:.2f}", f"{each.base.sd:.2f}", each.base.cells)), each.centres,
                   each.with_negative, "" if np.isnan(each.nights) else f"{each.nights:g}") for each in cities])
    shown = [each for each in cities if each.base is not None]
    if shown:
        report.figure(_bars(shown), "Mean and standard deviation of the radiance by city")
    else:
        report.paragraph("There are no Z-scores, because no polygons were given that they could refer to.", bad=True)
    report.write(path)


def _bars(cities: Sequence[CityLight]) -> Figure:
    figure = Figure(figsize=(max(4.0, 1.6 + 0.42 * len(cities)), 3.6))
    axes = figure.add_subplot()
    places = np.arange(len(cities))
    for offset, label, colour, values in (
            (-0.2, "mean", MEAN_COLOUR, [each.base.mean for each in cities if each.base]),
            (0.2, "standard deviation", SD_COLOUR, [each.base.sd for each in cities if each.base])):
        axes.bar(places + offset, values, 0.38, label=label, color=colour)
    axes.set_xticks(places, [_name(each) for each in cities], rotation=90 if len(cities) > 6 else 0)
    axes.set_ylabel("nW/cm2/sr")
    axes.margins(y=0.18)
    axes.legend(frameon=False, ncol=2, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _name(city: CityLight) -> str:
    return city.city or "All centres"
