"""What a comparison of location features says: scores, differences with intervals, errors by distance and by site."""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..progress import Progress
from ..scores import r2
from .block_bootstrap import BLOCK_DEGREES, FEWEST_BLOCKS, LEVEL, BlockDraws, Interval, blocks_of, joint_level
from .comparison import ALL_RESIDUALS, NO_LOCATION, NO_RESIDUALS, Comparison, Judged, Variant
from .spatial_scores import ALL_NAMES, DistanceBin, all_scores, by_distance

ALL_FOLDS = "all"
JUDGED_BY = (NO_RESIDUALS, ALL_RESIDUALS)  # with which variants are told apart
RESIDUALS_IN_WORDS = {NO_RESIDUALS: "without residuals of neighbours", ALL_RESIDUALS: "with residuals of neighbours"}


@dataclass(frozen=True)
class Overall:
    """Of a protocol, variant and kind of residuals. r2: the mean over layouts and seeds with its interval; seeds: R2 of
    each seed; layouts: R2 of each layout; scores: mean over layouts and seeds of ALL_NAMES."""

    r2: Interval
    seeds: list[float]
    layouts: dict[str, float]
    scores: dict[str, float]


@dataclass(frozen=True)
class Difference:
    """Of R2: a model less another, each a variant with a kind of residuals. r2: holds jointly with the other
    differences of the protocol. seeds: of every seed alone."""

    protocol: str
    model: tuple[Variant, str]
    other: tuple[Variant, str]
    r2: Interval
    seeds: list[float]

    @property
    def is_real(self) -> bool:
        """The interval leaves out 0, and every seed agrees."""
        return self.r2.excludes_zero and len({value > 0 for value in self.seeds}) == 1

    def in_words(self) -> str:
        (variant, residuals), (other, others) = self.model, self.other
        if residuals != others:
            return f"residuals of neighbours {self._change()} with {_name(variant)}."
        return f"{variant.label} {self._change()} against {_name(other)}, {RESIDUALS_IN_WORDS[residuals]}."

    def _change(self) -> str:
        word = "raise" if self.r2.value > 0 else "lower"
        verb = word if self.model[1] != self.other[1] else f"{word}s"
        return f"{verb} R2 by {abs(self.r2.value):.3f} ({self.r2.in_words('+.3f')})"


@dataclass(frozen=True)
class Summary:
    """overall: by protocol, variant and kind of residuals. curves: by variant and kind of residuals, over all protocols
    that test places apart from the training places."""

    overall: dict[tuple[str, Variant, str], Overall]
    differences: list[Difference]
    curves: dict[tuple[Variant, str], list[DistanceBin]]
    blocks: dict[str, int]


def summarise(found: Comparison, progress: Progress) -> Summary:
    """Scores and intervals of what was judged. Raises Cancelled."""
    overall: dict[tuple[str, Variant, str], Overall] = {}
    differences: list[Difference] = []
    blocks = {}
    for protocol in found.protocols:
        models = [(variant, residuals) for variant in found.variants for residuals in found.residual_kinds]
        errors, windows = _mean_errors(found, protocol, models)
        truth = found.data.target[windows].astype(np.float64)
        draws = BlockDraws(truth, errors, blocks_of(*found.data.where(windows)[:2]), found.settings.seed)
        blocks[protocol] = draws.blocks
        for number, (variant, residuals) in enumerate(models):
            progress.check()
            overall[protocol, variant, residuals] = _overall(found, protocol, variant, residuals, draws.r2(number))
        pairs = _pairs(found)
        level = joint_level(pairs)
        for model, other in pairs:
            seeds = [one - two for one, two in zip(
                *(overall[protocol, variant, residuals].seeds for variant, residuals in (model, other)))]
            interval = draws.difference(models.index(model), models.index(other), level)
            differences.append(Difference(protocol, model, other, interval, seeds))
    apart = [each for each in found.judged if each.layout.protocol != "random_rows"]
    curves = {(variant, residuals): _curve(found, [each for each in apart if (each.variant, each.residuals)
                                                   == (variant, residuals)])
              for variant in found.variants for residuals in found.residual_kinds} if apart else {}
    return Summary(overall, differences, curves, blocks)


def conclusions(found: Comparison, summary: Summary) -> list[str]:
    """Plain sentences: which differences are real, how many aren't, and where that can't be said."""
    sentences: list[str] = []
    located = any(variant.knows_place for variant in found.variants)
    for protocol in found.protocols:
        if summary.blocks[protocol] < FEWEST_BLOCKS:
            sentences.append(f"{protocol}: too few blocks of {BLOCK_DEGREES:g} degrees to tell differences from "
                             f"chance: {summary.blocks[protocol]}.")
            continue
        mine = [each for each in summary.differences if each.protocol == protocol]
        real = [each for each in mine if each.is_real]
        sentences.extend(f"{protocol}: {each.in_words()}" for each in real)
        left = [each for each in mine if each not in real]
        if left:
            largest = max(abs(each.r2.value) for each in left)
            sentences.append(f"{protocol}: {len(left)} of {len(mine)} differences, up to {largest:.3f} in R2, can't be "
                             "told from chance.")
        gains = [each for each in real if each.model[0].knows_place and each.other[0] == each.model[0].control
                 and each.r2.value > 0]
        if located and not gains:
            sentences.append(f"{protocol}: no location feature is shown to be better than the same network without it.")
    if len(found.seeds) == 1:
        sentences.append("With one seed the chance of training isn't known; take SEEDS of at least 3 before you "
                         "believe a difference.")
    return sentences


def score_rows(found: Comparison) -> Iterator[list[Any]]:
    """Protocol, layout, fold, seed, geolocation, fusion, residuals, site-days, places, ALL_NAMES: of each fold, and of
    the folds of a layout together."""
    for layout, seed, variant, residuals, parts in _by_layout(found):
        for name, folds in [*((each.fold, [each]) for each in parts), (ALL_FOLDS, parts)]:
            windows, estimate = _joined(folds)
            yield [layout, folds[0].layout.name, name, seed, variant.geolocation, variant.fusion, residuals,
                   len(windows), len(np.unique(found.data.place[windows])),
                   *_scores(found, windows, estimate).values()]


@dataclass(frozen=True)
class SiteErrors:
    """Of the tested sites over all folds and seeds, shape (sites,). site: numbers; site_days: how many of each; mean,
    rmse: ug/m3; distance_km: to the nearest training place, mean."""

    site: NDArray[np.intp]
    site_days: NDArray[np.intp]
    mean: NDArray[np.float64]
    rmse: NDArray[np.float64]
    distance_km: NDArray[np.float64]


def site_errors(found: Comparison, protocol: str, variant: Variant, residuals: str) -> SiteErrors:
    parts = _select(found, protocol, variant, residuals)
    windows, estimate = _joined(parts)
    away = np.concatenate([each.distance_km for each in parts])
    error, site = estimate - found.data.target[windows], found.data.site[windows]
    count = np.bincount(site)
    tested = np.flatnonzero(count)
    mean, square, distance = (np.bincount(site, values)[tested] / count[tested] for values in (error, error**2, away))
    times = len(found.seeds) * sum(layout.protocol == protocol for layout in found.layouts)
    return SiteErrors(tested, count[tested] // times, mean, np.sqrt(square), distance)


def error_points(found: Comparison) -> Iterator[tuple[list[Any], bytes]]:
    """Site, protocol, geolocation, fusion, residuals, site-days, mean error, RMSE, distance, and the point as WKB."""
    site_days = found.data.site_days
    points = shapely.to_wkb(shapely.points(site_days.longitude, site_days.latitude))
    for protocol, variant, residuals in product(found.protocols, found.variants, found.residual_kinds):
        each = site_errors(found, protocol, variant, residuals)
        for site, count, *errors in zip(each.site, each.site_days, each.mean, each.rmse, each.distance_km):
            yield ([site_days.sites[site], protocol, variant.geolocation, variant.fusion, residuals, int(count),
                    *map(float, errors)], points[site])


def metrics(found: Comparison, summary: Summary) -> dict[str, Any]:
    """All figures for other programs."""
    return {name: _plain(figures) for name, figures in {
        "settings": asdict(found.settings), "site_days": len(found.data.windows.target),
        "places": len(np.unique(found.data.place)), "blocks": summary.blocks, "level": LEVEL,
        "scores": [{"protocol": protocol, "geolocation": variant.geolocation, "fusion": variant.fusion,
                    "residuals": residuals, **asdict(each)}
                   for (protocol, variant, residuals), each in summary.overall.items()],
        "differences": [{"protocol": each.protocol, "model": [each.model[0].label, each.model[1]],
                         "other": [each.other[0].label, each.other[1]], **asdict(each.r2), "seeds": each.seeds,
                         "real": each.is_real} for each in summary.differences],
        "by_distance": [{"geolocation": variant.geolocation, "fusion": variant.fusion, "residuals": residuals,
                         "bins": [asdict(each) for each in bins]}
                        for (variant, residuals), bins in summary.curves.items()],
        "artefacts": [{"geolocation": variant.geolocation, "fusion": variant.fusion, "spread": each.spread,
                       "finest_degrees": each.finest, "energy_beyond": each.beyond,
                       "along_graticule": each.along_graticule, "strongest": each.strongest,
                       "direction": each.direction, "jump": each.jump, "found": each.found(variant.geolocation)}
                      for variant, each in found.artefacts.items()],
        "knndm_gap_km": None if found.matched is None else found.matched.gap_km,
        "conclusions": conclusions(found, summary)}.items()}


def write_metrics(path: str, found: Comparison, summary: Summary) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(metrics(found, summary), file, indent=1)
        file.write("\n")


def _name(variant: Variant) -> str:
    return "no location" if variant == NO_LOCATION else variant.label


def _pairs(found: Comparison) -> list[tuple[tuple[Variant, str], tuple[Variant, str]]]:
    """Each variant against none and against its control, fusions of one encoder against each other, and residuals
    against none."""
    kinds = [kind for kind in JUDGED_BY if kind in found.residual_kinds]
    pairs = [((variant, kind), (NO_LOCATION, kind)) for kind in kinds for variant in found.variants
             if variant != NO_LOCATION]
    pairs += [((variant, kind), (variant.control, kind)) for kind in kinds for variant in found.variants
              if variant.knows_place and variant.control != NO_LOCATION]
    pairs += [((one, kind), (two, kind)) for kind in kinds for one, two in combinations(found.variants, 2)
              if one.geolocation == two.geolocation]
    return pairs + [((NO_LOCATION, kind), (NO_LOCATION, NO_RESIDUALS)) for kind in kinds if kind != NO_RESIDUALS]


def _mean_errors(found: Comparison, protocol: str,
                 models: list[tuple[Variant, str]]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Squared errors of the models, mean over layouts and seeds, shape (models, windows), and the tested windows."""
    count = len(found.data.windows.target)
    sums, times = np.zeros((len(models), count)), np.zeros(count)
    position = {model: number for number, model in enumerate(models)}
    for each in found.judged:
        if each.layout.protocol == protocol:
            number = position[each.variant, each.residuals]
            sums[number, each.windows] += (found.data.target[each.windows] - each.estimate) ** 2
            if number == 0:
                times[each.windows] += 1
    windows = np.flatnonzero(times)
    return sums[:, windows] / times[windows], windows


def _overall(found: Comparison, protocol: str, variant: Variant, residuals: str, interval: Interval) -> Overall:
    parts = _select(found, protocol, variant, residuals)

    def pooled(some: list[Judged]) -> float:
        windows, estimate = _joined(some)
        return r2(found.data.target[windows], estimate)

    each_layout = list(dict.fromkeys(each.layout.name for each in parts))
    runs = [[each for each in parts if (each.layout.name, each.seed) == (layout, seed)]
            for layout in each_layout for seed in found.seeds]
    scores = [_scores(found, *_joined(run)) for run in runs]
    return Overall(interval, [pooled([each for each in parts if each.seed == seed]) for seed in found.seeds],
                   {name: pooled([each for each in parts if each.layout.name == name]) for name in each_layout},
                   {name: float(np.mean([each[name] for each in scores])) for name in ALL_NAMES})


def _scores(found: Comparison, windows: NDArray[np.intp], estimate: NDArray[np.float64]) -> dict[str, float]:
    data = found.data
    return all_scores(data.target[windows].astype(np.float64), estimate, data.where(windows)[2], data.site[windows])


def _curve(found: Comparison, parts: list[Judged]) -> list[DistanceBin]:
    windows, estimate = _joined(parts)
    return by_distance(found.data.target[windows].astype(np.float64), estimate,
                       np.concatenate([each.distance_km for each in parts]), windows)


def _select(found: Comparison, protocol: str, variant: Variant, residuals: str) -> list[Judged]:
    return [each for each in found.judged
            if (each.layout.protocol, each.variant, each.residuals) == (protocol, variant, residuals)]


def _by_layout(found: Comparison) -> Iterator[tuple[str, int, Variant, str, list[Judged]]]:
    grouped: dict[tuple[str, str, int, Variant, str], list[Judged]] = {}
    for each in found.judged:
        key = (each.layout.protocol, each.layout.name, each.seed, each.variant, each.residuals)
        grouped.setdefault(key, []).append(each)
    for (protocol, _, seed, variant, residuals), parts in grouped.items():
        yield protocol, seed, variant, residuals, parts


def _joined(parts: list[Judged]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    return np.concatenate([each.windows for each in parts]), np.concatenate([each.estimate for each in parts])


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value
