"""Samples whose light says less than it did: what an estimator still reaches on them isn't learnt from light."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .region_statistics import RegionStatistics
from .samples import FactorySamples


def without_months(samples: FactorySamples, reference: NDArray[np.bool_]) -> FactorySamples:
    """The same light in all months, the mean of the reference months: only the month itself is left to learn from."""
    values, months = samples.region.values, len(samples.months)
    return replace(samples, light=np.repeat(_means(samples.light.T[reference])[:, None], months, axis=1),
                   region=RegionStatistics(np.repeat(_means(values[reference])[None], months, axis=0)),
                   foot=np.zeros(months), slope=np.ones(months))


def shuffled_patches(samples: FactorySamples, seed: int) -> FactorySamples:
    """Patches of light permuted among the factories, anew in every month; places, shares and the region stay."""
    factories, cells = samples.cells.shape
    generator = np.random.default_rng(seed)
    light = np.full((factories * cells + 1, len(samples.months)), np.nan, np.float32)
    for month in range(len(samples.months)):
        light[:-1, month] = samples.light[samples.cells[generator.permutation(factories)], month].ravel()
    own = samples.cells.ravel()
    return replace(samples, light=light, cells=np.arange(factories * cells, dtype=np.int32).reshape(factories, cells),
                   positions=np.append(samples.positions, 0)[own], claimed=_with_last(samples.claimed, own),
                   land=_with_last(samples.land, own))


def shuffled_bytes(samples: FactorySamples) -> int:
    """What shuffled_patches takes."""
    return samples.cells.size * (len(samples.months) + samples.claimed.shape[1] + samples.land.shape[1] + 2) * 4


def _means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the first axis, of what isn't NaN; NaN where nothing is."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / known.sum(axis=0)
    return np.asarray(means, np.float32)


def _with_last(values: NDArray[np.float32], rows: NDArray[np.int32]) -> NDArray[np.float32]:
    return np.concatenate((values[rows], values[-1:]))
