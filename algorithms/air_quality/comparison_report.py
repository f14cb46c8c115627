"""The page about a comparison of location features."""
from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..reports import Report
from .block_bootstrap import BLOCK_DEGREES, FEWEST_BLOCKS
from .comparison import FAR_KM, NO_LOCATION, NO_RESIDUALS, Comparison
from .comparison_summary import JUDGED_BY, RESIDUALS_IN_WORDS, Summary, conclusions, site_errors
from .spatial_scores import FEWEST, HIGH, KINDS, NAMES

COLUMNS = 4  # of small pictures
KIND_TITLES = {"": "All site-days", "day_": "Median of the days, over sites", "site_": "Median of the sites, over days",
               "high_": f"Site-days of at least {HIGH:g} ug/m3"}
WHO_GIVES = {"none": "none", "all": "all monitors", "beyond_100_km": f"monitors {FAR_KM:g} km from every test place"}


def write_report(path: str, found: Comparison, summary: Summary) -> None:
    """Writes the page as HTML."""
    report, settings = Report("Location features compared"), found.settings
    report.paragraph(
        f"{len(found.data.windows.target)} site-days at {len(np.unique(found.data.place))} places; "
        f"{len(found.data.site_days.names)} covariates; windows of {settings.window} days; {len(found.seeds)} seeds. "
        "Every variant is trained and judged on the same folds.")
    report.heading("R2")
    report.paragraph(f"Mean over seeds and, on checkerboards, four offsets. Intervals of 95 % from blocks of places of "
                     f"{BLOCK_DEGREES:g} degrees that are drawn again and again "
                     f"({', '.join(f'{name}: {count} blocks' for name, count in summary.blocks.items())}); fewer than "
                     f"{FEWEST_BLOCKS} blocks give no interval.")
    report.table(("Protocol", "Location", "Residuals of", "R2", "Interval", "Seeds"),
                 [(protocol, variant.label, WHO_GIVES[residuals], f"{each.r2.value:.3f}",
                   each.r2.in_words(), f"{min(each.seeds):.3f} to {max(each.seeds):.3f}")
                  for (protocol, variant, residuals), each in summary.overall.items()])
    report.figure(_scores_figure(found, summary), "R2 of every variant without residuals of neighbours: interval from "
                  "blocks of places (line), seeds (dots), no location (dashed).")
    _offsets(report, found, summary)
    _other_scores(report, found, summary)
    if summary.curves:
        report.heading("By distance to the nearest training place")
        report.figure(_distance_figure(found, summary), "R2 within each distance, over all protocols that keep places "
                      "apart.")
    report.heading("Where the errors are")
    for protocol in found.protocols:
        report.figure(_error_maps(found, protocol), f"{protocol}: mean error (estimate less measured) of each site "
                      "without residuals of neighbours.")
    if found.matched is not None:
        report.heading("Distances of the map and of the folds (knndm)")
        report.figure(_matching_figure(found), f"Gap between both: {found.matched.gap_km:.1f} km.")
    if found.artefacts:
        _artefacts(report, found)
    _differences(report, found, summary)
    report.write(path)


def _offsets(report: Report, found: Comparison, summary: Summary) -> None:
    names = list(dict.fromkeys(layout.name for layout in found.layouts if layout.protocol == "checkerboard"))
    if names:
        report.heading("Each checkerboard")
        report.table(("Location", "Residuals of", *(name.split(", ")[-1] for name in names)),
                     [(variant.label, WHO_GIVES[residuals], *(f"{each.layouts[name]:.3f}" for name in names))
                      for (protocol, variant, residuals), each in summary.overall.items()
                      if protocol == "checkerboard"])


def _other_scores(report: Report, found: Comparison, summary: Summary) -> None:
    report.heading("Further scores")
    report.paragraph("RMSE, MAE and MBE in ug/m3; MBE is positive where estimates are too high. Days and sites count "
                     f"with at least {FEWEST} site-days. R2 of site-days that were chosen by their value is low.")
    for kind in KINDS:
        report.table((KIND_TITLES[kind], "Location", "Residuals of", "R2", "RMSE", "MAE", "MBE"),
                     [(protocol, variant.label, WHO_GIVES[residuals],
                       *(_number(each.scores[f"{kind}{name}"]) for name in NAMES))
                      for (protocol, variant, residuals), each in summary.overall.items()])


def _artefacts(report: Report, found: Comparison) -> None:
    report.heading("Artefacts of the encoders")
    report.paragraph("A model of all places estimates one day of mean covariates at every cell of a grid, so that only "
                     "the place differs. Waves faster than the encoder's own, lines in its directions and a jump at "
                     "180 degrees are patterns of the encoder and not of the air.")
    report.figure(_effects_figure(found), "Effect of the place on the estimate, ug/m3.")
    report.table(("Location", "Spread (ug/m3)", "Fastest waves of the encoder (degrees)", "Energy beyond them",
                  "Lines along the graticule", "Strongest lines", "Jump at 180 degrees (ug/m3)", "Suspicious"),
                 [(variant.label, f"{each.spread:.2f}", f"{each.finest:.1f}", f"{each.beyond:.1%}",
                   f"{each.along_graticule:.1f} times", f"{each.strongest:.1f} times ({each.direction:.0f} degrees)",
                   f"{each.jump:.2f}", "; ".join(each.found(variant.geolocation)) or "nothing")
                  for variant, each in found.artefacts.items()])


def _differences(report: Report, found: Comparison, summary: Summary) -> None:
    report.heading("Which differences are real")
    report.paragraph("Differences of R2 on the same draws of blocks. The intervals of a protocol hold together with "
                     "95 % (Bonferroni). A difference is called real where its interval leaves out 0 and all seeds "
                     "agree. Intervals don't hold what other folds would have changed.")
    report.table(("Protocol", "Model", "Against", "Residuals of", "Difference of R2", "Interval", "Seeds", "Real"),
                 [(each.protocol, each.model[0].label, each.other[0].label,
                   " against ".join(dict.fromkeys((WHO_GIVES[each.model[1]], WHO_GIVES[each.other[1]]))),
                   f"{each.r2.value:+.3f}", each.r2.in_words("+.3f"),
                   f"{min(each.seeds):+.3f} to {max(each.seeds):+.3f}", "yes" if each.is_real else "no")
                  for each in summary.differences])
    for sentence in conclusions(found, summary):
        report.paragraph(sentence)


def _scores_figure(found: Comparison, summary: Summary) -> Figure:
    figure = Figure(figsize=(4 * len(found.protocols) + 1.5, 0.4 * len(found.variants) + 1.2))
    every = figure.subplots(1, len(found.protocols), sharey=True, squeeze=False)[0]
    rows = np.arange(len(found.variants))[::-1]
    for axes, protocol in zip(every, found.protocols):
        for row, variant in zip(rows, found.variants):
            each = summary.overall[protocol, variant, NO_RESIDUALS]
            axes.plot((each.r2.low, each.r2.high), (row, row), color="#888888", lw=2)
            axes.plot(each.seeds, [row] * len(each.seeds), "o", color="#cc6677", ms=4)
            axes.plot(each.r2.value, row, "|", color="black", ms=12, mew=2)
        without = summary.overall[protocol, NO_LOCATION, NO_RESIDUALS].r2.value
        axes.axvline(without, color="#4477aa", ls="--", lw=1)
        axes.set_yticks(rows, [variant.label for variant in found.variants])
        axes.set_xlabel("R2")
        axes.set_title(protocol)
    return figure


def _distance_figure(found: Comparison, summary: Summary) -> Figure:
    kinds = [kind for kind in JUDGED_BY if kind in found.residual_kinds]
    figure = Figure(figsize=(6 * len(kinds) + 1, 3.6))
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    bins = sorted({(each.low_km, each.high_km) for curve in summary.curves.values() for each in curve})
    names = [f"{low:g} to {high:g}" if np.isfinite(high) else f"over {low:g}" for low, high in bins]
    for axes, kind in zip(panels, kinds):
        for number, variant in enumerate(found.variants):
            curve = {(each.low_km, each.high_km): each.r2 for each in summary.curves[variant, kind]}
            axes.plot(range(len(bins)), [curve.get(each, np.nan) for each in bins], marker="os^Dv<>P*X"[number % 10],
                      ms=5, label=variant.label)
        axes.set_xticks(range(len(bins)), names)
        axes.set_xlabel("km to the nearest training place")
        axes.set_title(RESIDUALS_IN_WORDS[kind])
    panels[0].set_ylabel("R2")
    panels[0].legend(fontsize=8)
    return figure


def _error_maps(found: Comparison, protocol: str) -> Figure:
    figure, panels = _panels(len(found.variants))
    longitude, latitude = found.data.site_days.longitude, found.data.site_days.latitude
    errors = [site_errors(found, protocol, variant, NO_RESIDUALS) for variant in found.variants]
    limit = max(float(np.quantile(np.abs(np.concatenate([each.mean for each in errors])), 0.95)), 1e-6)
    for axes, variant, each in zip(panels, found.variants, errors):
        drawn = axes.scatter(longitude[each.site], latitude[each.site], c=each.mean, cmap="RdBu_r", vmin=-limit,
                             vmax=limit, s=7, lw=0)
        _map_axes(axes, variant.label, float(latitude.mean()))
    figure.colorbar(drawn, ax=panels, label="ug/m3", shrink=0.8)
    return figure


def _effects_figure(found: Comparison) -> Figure:
    figure, panels = _panels(len(found.artefacts))
    for axes, (variant, each) in zip(panels, found.artefacts.items()):
        limit = max(float(np.abs(each.effect).max()), 1e-6)
        drawn = axes.pcolormesh(each.longitude, each.latitude, each.effect, cmap="RdBu_r", vmin=-limit, vmax=limit,
                                shading="nearest", rasterized=True)
        _map_axes(axes, variant.label, float(each.latitude.mean()))
        figure.colorbar(drawn, ax=axes, shrink=0.7)
    return figure


def _matching_figure(found: Comparison) -> Figure:
    figure = Figure(figsize=(6, 3))
    axes = figure.add_subplot()
    if found.matched is not None:
        for values, name in ((found.matched.map_km, "places of the map to the nearest monitor"),
                             (found.matched.test_km, "test places to the nearest training place")):
            axes.plot(np.sort(values), np.arange(1, len(values) + 1) / len(values), label=name)
    axes.set_xlabel("km")
    axes.set_ylabel("share of the places")
    axes.legend(fontsize=8)
    return figure


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(count, COLUMNS)
    rows = -(-count // columns)
    figure = Figure(figsize=(3.2 * columns, 2.3 * rows), layout="constrained")
    every = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in every[count:]:
        axes.remove()
    return figure, every[:count]


def _map_axes(axes: Axes, title: str, latitude: float) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_aspect(1 / max(0.1, float(np.cos(np.radians(latitude)))))
    axes.tick_params(labelsize=7)


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "-"
