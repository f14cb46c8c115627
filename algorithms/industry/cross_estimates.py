"""Estimates of labels by models that haven't seen them: the estimator, baselines, floors and negative controls."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from ..settings import Resources
from .estimator import LEAST_MONTHS, Estimates, fit_estimator
from .floors import floor_estimates
from .gvio_maps import CellMaps, find_areas
from .labels import Labels
from .negative_controls import shuffled_bytes, shuffled_patches, without_months
from .no_light import HOLIDAYS, no_light_estimates
from .preservation import label_sums
from .samples import FactorySamples
from .settings import GvioSettings
from .time_folds import BLOCKED, ZONES_LEFT_OUT, Fold, blocked_folds, forward_folds, zone_folds
from .traits import FactoryTraits
from .zone_economy import zone_sums
from .zones import NOWHERE, Zones

ESTIMATE, GRID, MONTH_ONLY, SHUFFLED = "estimate", "grid", "month index only", "shuffled patches"
RELATION = "month"  # of the grid: as Gong et al. (2025) name it, one line for the factories of a month


@dataclass(frozen=True)
class Case:
    """What is learnt from. labels: whole within months, shape (months,), those of the light. zones: None = the whole
    region is one. sample: samples of the factories; limits of flares and towns come from the months of the mask."""

    labels: Labels
    months: NDArray[np.int32]
    traits: FactoryTraits
    zones: Zones | None
    sample: Callable[[NDArray[np.bool_], Progress], FactorySamples]

    def covered(self, labels: Labels) -> NDArray[np.bool_]:
        """Months of the light that any of the labels covers, shape (months,)."""
        months: NDArray[np.bool_] = labels.covers(self.months).any(axis=0)
        return months

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Values of (factories, months) over the zone and months of each label, shape (labels,)."""
        names = self.labels.zones
        return label_sums(self.labels, names, self.months, zone_sums(values, self.traits.zone, len(names)))


@dataclass(frozen=True)
class CrossEstimates:
    """Of one protocol. fold: shape (labels,), number of the fold that tests a label, 0 = none. values: method to
    (labels,), NaN where none tests it or the method says nothing. spread: (labels,), of the estimator's ensemble."""

    protocol: str
    fold: NDArray[np.int32]
    values: dict[str, NDArray[np.float64]]
    spread: NDArray[np.float64]


def protocol_folds(labels: Labels, seed: int) -> list[list[Fold]]:
    """Folds of every protocol that the labels allow; none where they cover too few months."""
    return [folds for folds in (blocked_folds(labels, LEAST_MONTHS), forward_folds(labels, LEAST_MONTHS),
                                zone_folds(labels, LEAST_MONTHS, seed)) if folds]


def cross_estimates(case: Case, folds: list[Fold], settings: GvioSettings, resources: Resources, device: str,
                    progress: Progress, beside: bool = True) -> CrossEstimates:
    """What the folds of one protocol test, each by models that were fitted to its training labels alone.

    beside: whether floors, negative controls and the grid are tried too, or the estimator and baselines alone.
    """
    count = len(case.labels)
    found = CrossEstimates(folds[0].protocol, np.zeros(count, np.int32), {}, np.full(count, np.nan))
    for index, fold in enumerate(folds):
        part = progress.part(index / len(folds), (index + 1) / len(folds))
        spread, estimates = _fold_estimates(case, fold, settings, resources, device, part, beside)
        found.fold[fold.test] = fold.number
        found.spread[fold.test] = spread[fold.test]
        for method, values in estimates.items():
            found.values.setdefault(method, np.full(count, np.nan))[fold.test] = values[fold.test]
    return found


def _fold_estimates(case: Case, fold: Fold, settings: GvioSettings, resources: Resources, device: str,
                    progress: Progress, beside: bool) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """The ensemble's spread and estimates by method, each of shape (labels,). The grid and shuffled patches are tried
    on blocks only."""
    labels, traits = case.labels, case.traits
    train = labels.select(fold.train)
    known = case.covered(train)
    samples = case.sample(known, progress.part(0, 0.1))

    def fitted(seen: FactorySamples, part: Progress, chosen: GvioSettings = settings) -> Estimates:
        estimator = fit_estimator(seen, traits, train, chosen, part.part(0, 0.8), device)
        return estimator.estimate(seen, traits, part.part(0.8, 1), device)

    baselines = no_light_estimates(labels, fold.train, zone_sizes(traits, len(labels.zones)))
    estimates = fitted(samples, progress.part(0.1, 0.4))
    found = {ESTIMATE: case.sums(estimates.values), **baselines}
    if not beside:
        return case.sums(estimates.spread), found
    if fold.protocol != ZONES_LEFT_OUT:
        blind = replace(settings, network=False)  # patches that never change say nothing
        found[MONTH_ONLY] = case.sums(fitted(without_months(samples, known), progress.part(0.4, 0.6), blind).values)
    found.update(floor_estimates(samples, traits, labels, fold.train, baselines[HOLIDAYS], settings.seed, resources,
                                 progress.part(0.6, 0.7)))
    if fold.protocol == BLOCKED:
        found[GRID] = grid_sums(case, samples, estimates.values, RELATION, progress.part(0.7, 0.75))
        if shuffled_bytes(samples) <= resources.max_bytes // 2:
            shuffled = shuffled_patches(samples, settings.seed)
            found[SHUFFLED] = case.sums(fitted(shuffled, progress.part(0.75, 1)).values)
    return case.sums(estimates.spread), found


def zone_sizes(traits: FactoryTraits, zones: int) -> NDArray[np.float64]:
    """Number of factories of each zone, or their size where it is known, shape (zones,)."""
    inside = traits.zone != NOWHERE
    size = np.ones(len(traits.zone)) if traits.size is None else np.nan_to_num(traits.size)
    return np.maximum(np.bincount(traits.zone[inside], size[inside], zones).astype(np.float64), 1e-9)


def grid_sums(case: Case, samples: FactorySamples, values: NDArray[np.float32], relation: str,
              progress: Progress) -> NDArray[np.float64]:
    """The monthly grid, without preservation of totals, over the zone and months of each label, shape (labels,)."""
    areas = find_areas(samples, case.zones)
    maps = CellMaps(samples, areas, relation, progress.part(0, 0.5))
    series = maps.series(values.astype(np.float64), progress.part(0.5, 1))
    return label_sums(case.labels, areas.names, case.months, maps.sums(series))
