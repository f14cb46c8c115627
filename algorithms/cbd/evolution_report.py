"""The page about an evolution: what happened in which year, and per city a plot of areas and a map of outlines."""
from __future__ import annotations

from collections.abc import Sequence

import shapely
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..progress import Progress
from ..reports import Report
from .evolution import EVENTS, GONE, UNCERTAIN, Evolution, Stage

HEAD = ("City", "Year", "Track", "Event", "From tracks", "Compared with", "Change", "Instability", "Area (km2)",
        "Mean light (nW/cm2/sr)", "Longitude", "Latitude", "Shift (m)")


def write_report(path: str, evolution: Evolution, progress: Progress) -> None:
    """Writes the page as HTML."""
    report = Report("Evolution of central business districts")
    report.paragraph("Change is 1 minus the best Jaccard index between the linked outlines of two years. An event is "
                     "named only where the change exceeds the instability of the outlines, which is what other "
                     "settings of the contours change about them in a single year; below that an outline is the same, "
                     "and what appears or disappears is uncertain.")
    for city, years in evolution.missing.items():
        report.paragraph(f"{city}: nothing is known of {', '.join(map(str, years))}; changes are between the years "
                         "around.", bad=True)
    report.table(("Event", "Number"), [(event, evolution.count(event)) for event in EVENTS])
    report.table(HEAD, [_row(stage) for stage in evolution.stages])
    cities = sorted({stage.city for stage in evolution.stages})
    for index, city in enumerate(cities):
        progress.report(index / len(cities))
        report.heading(city)
        stages = [stage for stage in evolution.stages if stage.city == city]
        report.figure(_picture(stages), "Area by year and track, and outlines from the first year (dark) to the last "
                      "(bright).")
    report.write(path)


def _row(stage: Stage) -> Sequence[object]:
    return (stage.city, stage.year, stage.track, stage.event, ", ".join(map(str, stage.from_tracks)),
            stage.from_year or "", _shown(stage.change, 2), _shown(stage.instability, 2), _shown(stage.area_km2, 2),
            _shown(stage.mean_light, 1), _shown(stage.longitude, 4), _shown(stage.latitude, 4),
            _shown(stage.shift_m, 0))


def _shown(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def _picture(stages: Sequence[Stage]) -> Figure:
    figure = Figure(figsize=(9, 4))
    areas, outlines = figure.subplots(1, 2)
    for track in sorted({stage.track for stage in stages}):
        own = [stage for stage in stages if stage.track == track]
        areas.plot([stage.year for stage in own], [stage.area_km2 for stage in own], marker="o", label=f"track {track}")
    areas.set_xlabel("Year")
    areas.set_ylabel("Area (km2)")
    areas.set_ylim(bottom=0)
    areas.xaxis.set_major_locator(MaxNLocator(integer=True))
    areas.legend(fontsize=8)
    first, last = min(stage.year for stage in stages), max(stage.year for stage in stages)
    for stage in stages:
        if stage.event in (GONE, UNCERTAIN) and not stage.area_km2:
            continue
        colour = colormaps["viridis"](0.9 * (stage.year - first) / max(1, last - first))
        for ring in shapely.get_parts(shapely.boundary(shapely.get_parts(stage.outline))):
            outlines.plot(*shapely.get_coordinates(ring).T, color=colour, linewidth=1.4)
    outlines.set_aspect("equal")
    outlines.set_xticks([])
    outlines.set_yticks([])
    figure.tight_layout()
    return figure
