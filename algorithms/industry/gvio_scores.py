"""How good estimates of published totals are: levels, yearly change, and skill over what the calendar knows."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..scores import mae, r2, rmse
from .cross_estimates import CrossEstimates
from .labels import Labels
from .no_light import HOLIDAYS, LAST_YEAR, TREND
from .region_labels import whole_region

BASELINES = (LAST_YEAR, TREND, HOLIDAYS)
REGION, ZONES = "region", "zones"
NAN = float("nan")


@dataclass(frozen=True)
class Scores:
    """r2, rmse, mae: of levels. r2_change: of the logarithm of the change from a year before. skill: 1 - SSE / that of
    the best baseline without light. cases: labels that all methods have an estimate of."""

    r2: float
    rmse: float
    mae: float
    r2_change: float
    skill: float
    cases: int


def score_levels(labels: Labels, found: CrossEstimates) -> dict[str, dict[str, Scores]]:
    """REGION: sums over all zones of a period, in the unit of the labels. ZONES, where there are several: every zone's
    labels over their mean. Each by method."""
    scored = {}
    whole, rows = whole_region(labels)
    tested = (found.fold[rows] > 0).all(axis=1)
    if tested.any():
        sums = {method: values[rows].sum(axis=1)[tested] for method, values in found.values.items()}
        scored[REGION] = score_methods(whole.select(tested), sums)
    if len(labels.zones) > 1:
        chosen = found.fold > 0
        mean = np.array([labels.value[labels.zone == zone].mean() for zone in range(len(labels.zones))])
        size = np.where(mean > 0, mean, 1)[labels.zone[chosen]]
        relative = labels.select(chosen)
        relative = Labels(relative.zone, relative.first, relative.last, relative.value / size, relative.zones)
        scored[ZONES] = score_methods(relative, {method: values[chosen] / size
                                                 for method, values in found.values.items()})
    return scored


def score_methods(labels: Labels, estimates: Mapping[str, NDArray[np.float64]]) -> dict[str, Scores]:
    """Scores of every method on the labels that all have an estimate of; methods without any have NaN."""
    there = {method: np.isfinite(values) for method, values in estimates.items()}
    common = np.logical_and.reduce([known for known in there.values() if known.any()], initial=True)
    chosen = labels.select(np.broadcast_to(common, len(labels)))
    kept = {method: values[common] for method, values in estimates.items()}
    best = min((_squares(chosen, kept[name]) for name in BASELINES if name in kept), default=NAN)
    return {method: Scores(r2(chosen.value, values), rmse(chosen.value, values), mae(chosen.value, values),
                           r2(*yearly_changes(chosen, values)),
                           1 - _squares(chosen, values) / best if best > 0 else NAN, len(chosen))
            for method, values in kept.items()}


def yearly_changes(labels: Labels, estimates: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithm of the change from the same months of the year before, published and estimated, where both are there
    and positive."""
    rows = {(int(zone), int(first), int(last)): row
            for row, (zone, first, last) in enumerate(zip(labels.zone, labels.first, labels.last))}
    pairs = np.array([(rows[zone, first - 12, last - 12], row) for (zone, first, last), row in rows.items()
                      if (zone, first - 12, last - 12) in rows], np.intp).reshape(-1, 2)
    positive = ((labels.value[pairs] > 0) & (estimates[pairs] > 0)).all(axis=1)
    before, now = pairs[positive].T
    return (np.log(labels.value[now] / labels.value[before]), np.log(estimates[now] / estimates[before]))


def best_baseline(scores: Mapping[str, Scores]) -> str:
    return min((name for name in BASELINES if name in scores), key=lambda name: scores[name].rmse)


def _squares(labels: Labels, estimates: NDArray[np.float64]) -> float:
    return float(((labels.value - estimates)**2).sum())
