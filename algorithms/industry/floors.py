"""Simple regressions on the same light, which a better estimator has to beat."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from ..progress import Progress
from ..settings import Resources
from .labels import Labels
from .no_light import lengths, log_means, period_terms
from .samples import FactorySamples, statistics_blocks
from .traits import FactoryTraits
from .zones import NOWHERE

FOREST, LIGHT_SUM = "random forest", "sum of light"
TREES, LEAST_LEAF = 100, 5
SUMS = ("_sum",)


def zone_statistics(samples: FactorySamples, traits: FactoryTraits, zones: int, resources: Resources,
                    progress: Progress) -> NDArray[np.float64]:
    """Statistics of the factories of each zone, shape (zones, months, statistics): sums of sums, else means."""
    names = samples.statistic_names
    totals = np.zeros((zones, len(samples.months), len(names)))
    counts = np.zeros_like(totals)
    for factories, block in statistics_blocks(samples, resources, progress):
        inside = traits.zone[factories] != NOWHERE
        np.add.at(totals, traits.zone[factories][inside], np.nan_to_num(block[inside]))
        np.add.at(counts, traits.zone[factories][inside], np.isfinite(block[inside]))
    summed = np.array([name.endswith(SUMS) for name in names])
    return np.where(summed, totals, totals / np.maximum(counts, 1))


def light_sums(samples: FactorySamples, statistics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light of all rings by the factories' shares, shape (zones, months)."""
    rings = [index for index, name in enumerate(samples.statistic_names)
             if name.startswith("ring") and name.endswith(SUMS)]
    total: NDArray[np.float64] = statistics[:, :, rings].sum(axis=2)
    return total


def floor_estimates(samples: FactorySamples, traits: FactoryTraits, labels: Labels, train: NDArray[np.bool_],
                    expected: NDArray[np.float64], seed: int, resources: Resources,
                    progress: Progress) -> dict[str, NDArray[np.float64]]:
    """Estimates of all labels, shape (labels,), by the name of the method; fitted to the training labels.

    expected: what trend and season say of all labels, which trees correct.
    """
    learnt = train & (labels.value > 0)
    statistics = zone_statistics(samples, traits, len(labels.zones), resources, progress)
    covered = labels.covers(samples.months) / lengths(labels)[:, None]
    light = (light_sums(samples, statistics)[labels.zone] * covered).sum(axis=1)
    own = np.einsum("lm,lms->ls", covered, statistics[labels.zone])
    features = np.column_stack((np.log(np.maximum(light, 1e-3)), own,
                                covered @ np.nan_to_num(samples.region.values.astype(np.float64))))
    return {FOREST: _forest(features, labels, learnt, expected, seed), LIGHT_SUM: _line(features[:, 0], labels, learnt)}


def _forest(features: NDArray[np.float64], labels: Labels, train: NDArray[np.bool_], expected: NDArray[np.float64],
            seed: int) -> NDArray[np.float64]:
    """What is expected, times the exponential of what trees make of the features' departures from their own trend and
    season."""
    known = np.zeros(len(labels), bool)  # labels of zones left out too: the light of those months may be looked at
    for span in {(int(labels.first[row]), int(labels.last[row])) for row in np.flatnonzero(train)}:
        known |= (labels.first == span[0]) & (labels.last == span[1])
    terms, departures = period_terms(labels), np.empty_like(features)
    for zone in np.unique(labels.zone):
        here = labels.zone == zone
        fitted = np.linalg.lstsq(terms[here & known], features[here & known], rcond=None)[0]
        departures[here] = features[here] - terms[here] @ fitted
    rest = np.zeros(len(labels))
    rest[train] = (log_means(labels) - np.log(expected / lengths(labels)))[train]
    trees = RandomForestRegressor(TREES, min_samples_leaf=LEAST_LEAF, max_features=1 / 3, random_state=seed, n_jobs=1)
    trees.fit(departures[train], rest[train])
    return np.asarray(expected * np.exp(trees.predict(departures)), np.float64)


def _line(log_light: NDArray[np.float64], labels: Labels, train: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logarithm of output on the logarithm of light: one slope, a constant for each zone, the mean one elsewhere."""
    target = log_means(labels)
    middle = np.zeros((2, len(labels.zones)))
    trained = np.unique(labels.zone[train])
    for zone in trained:
        chosen = train & (labels.zone == zone)
        middle[:, zone] = log_light[chosen].mean(), target[chosen].mean()
    away = log_light[train] - middle[0, labels.zone[train]]
    slope = float((away * target[train]).sum() / max(float((away**2).sum()), 1e-12))
    constant = middle[1] - slope * middle[0]
    constant[np.setdiff1d(np.arange(len(labels.zones)), trained)] = constant[trained].mean()
    return np.asarray(np.exp(constant[labels.zone] + slope * log_light) * lengths(labels), np.float64)
