"""The page about city types: the elbow, the cities, and how far the types can be trusted."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..reports import Report
from .city_types import PUBLISHED_RANGES, CityTypes
from .index_names import CHINA_LIKE, MIXED, USA_LIKE
from .typed_cities import Trust, TypedCities

COLOURS = {USA_LIKE: "#d7301f", MIXED: "#e8a33d", CHINA_LIKE: "#2b5c8a"}
OTHER_COLOURS = ("#d7301f", "#e8a33d", "#2b5c8a", "#4d9221", "#7b3294", "#008b8b", "#8c510a", "#666666")
MOST_LABELS = 40


def write_report(path: str, typed: TypedCities) -> None:
    """Writes the page as HTML."""
    report = Report("City types")
    cities, given = typed.cities, typed.assignment
    report.paragraph("Cities by the mean radiance and the number of their centres with negative pixels." + (
        "" if typed.curve is not None else " The types are those of a model or of the published ranges: nothing was "
        "fitted to these cities."))
    if typed.curve is not None and len(typed.curve) > 1:
        report.figure(_elbow(typed.curve, len(typed.types.names)),
                      "Inertia by number of clusters; the elbow is where the curve lies farthest below its chord "
                      "(Kneedle), and the filled point is the number that was taken")
    report.figure(_scatter(typed), "Cities; boxes are the ranges of each type, crosses its centre")
    report.heading("Types")
    report.table(("Type", "Cities", "Mean radiance (nW/cm2/sr)", "Centres", "Published mean radiance",
                  "Published centres"),
                 [_type_row(name, typed) for name in typed.types.names])
    if typed.trust is not None:
        _trust(report, typed.trust)
    report.heading("Cities")
    report.table(("City", "Mean radiance (nW/cm2/sr)", "Centres with negative pixels", "Type", "Distance",
                  "Distance to the next type", "Outside the type's ranges"),
                 [(name or "All centres", _shown(mean), f"{count:g}", kind or "", _shown(own, 3), _shown(following, 3),
                   "yes" if outside else "")
                  for name, mean, count, kind, own, following, outside in zip(
                      cities.names, cities.means, cities.counts, given.types, given.distances, given.next_distances,
                      given.outside_range)])
    report.write(path)


def _trust(report: Report, trust: Trust) -> None:
    report.heading("How far the types can be trusted")
    report.table(("Measure", "Value"), [
        *((f"Stability of {name} (mean bootstrap Jaccard index)", _shown(value))
          for name, value in trust.jaccards.items()),
        ("Mean silhouette", _shown(trust.silhouette)),
        *((f"Agreement with {name} normalisation (adjusted Rand index)", _shown(value))
          for name, value in trust.agreement.items())])
    report.paragraph("Hennig (2007) calls a cluster stable above 0.85, and dissolved below 0.6. A silhouette of 1 is a "
                     "perfect separation, 0 none; an adjusted Rand index of 0 is what chance gives.")


def _type_row(name: str, typed: TypedCities) -> tuple[str, ...]:
    mean, count = typed.types.ranges[typed.types.names.index(name)]
    published = [_span(*each) for each in PUBLISHED_RANGES[name]] if name in PUBLISHED_RANGES else ["", ""]
    number = int((typed.assignment.types == name).sum())
    return name, str(number), _span(*mean), _span(*count), published[0], published[1]


def _elbow(curve: NDArray[np.float64], taken: int) -> Figure:
    figure = Figure(figsize=(4.6, 3.2))
    axes = figure.add_subplot()
    numbers = np.arange(1, len(curve) + 1)
    axes.plot(numbers, curve, "o-", color="#333333", markerfacecolor="white")
    axes.plot(numbers[[0, -1]], curve[[0, -1]], color="#999999", linestyle="--", linewidth=1)
    if taken <= len(curve):
        axes.plot(taken, curve[taken - 1], "o", color="#d7301f", markersize=9)
    axes.set_xlabel("clusters")
    axes.set_ylabel("inertia")
    axes.set_xticks(numbers)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _scatter(typed: TypedCities) -> Figure:
    figure = Figure(figsize=(6.4, 4.4))
    axes = figure.add_subplot()
    cities, types = typed.cities, typed.types
    for index, name in enumerate(types.names):
        colour = COLOURS.get(name, OTHER_COLOURS[index % len(OTHER_COLOURS)])
        (low, high), (fewest, most) = types.ranges[index]
        axes.fill([low, high, high, low], [fewest, fewest, most, most], facecolor=colour, edgecolor=colour, alpha=0.12)
        rows = typed.assignment.types == name
        axes.plot(cities.means[rows], cities.counts[rows], "o", color=colour, label=name)
    centres = _centres(types)
    axes.plot(centres[:, 0], centres[:, 1], "x", color="#222222", markersize=8)
    if len(cities.names) <= MOST_LABELS:
        for city, mean, count in zip(cities.names, cities.means, cities.counts):
            if np.isfinite(mean):
                axes.annotate(city, (mean, count), xytext=(4, 3), textcoords="offset points", fontsize=7)
    axes.set_xlabel("mean radiance of centres with negative pixels (nW/cm2/sr)")
    axes.set_ylabel("centres with negative pixels")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _centres(types: CityTypes) -> NDArray[np.float64]:
    """Mean radiance and number of each type's centroid, (types, 2); none for published ranges."""
    values = np.array(types.centroids).reshape(-1, 2) * types.scale + types.shift
    return np.asarray(np.exp(values) if types.normalise == "log-z-score" else values, dtype=np.float64)


def _span(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}"


def _shown(value: float, digits: int = 2) -> str:
    return "" if np.isnan(value) else f"{value:.{digits}f}"
