"""The light at factories: how far it departs from its usual level in every month, and how surely that is known."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .calendar_terms import YEAR
from .month_effects import brightened
from .robust import NORMAL, medians
from .samples import FactorySamples
from .settings import GvioSettings

FLOOR = 0.1  # nW/cm2/sr: usual levels below it are noise
DARKEST = 0.3  # of the usual level
MOST_CHANGE = 0.3  # of the logarithm: what lies beyond is a fault or another building
WIDE_DARKEST, WIDE_CHANGE = 0.1, 1.0
OF_NOISE = 0.6  # of the variance between factories in a month: the rest is their own
LEAST_NOISE, ADDITIVE_NOISE, UNKNOWN_NOISE = 0.02, 0.25, 0.5  # of the logarithm, nW/cm2/sr, of the logarithm
TOGETHER = 20_000  # cells
LEAST_FACTORIES = 10
LEAST_OF_YEAR = 6  # months
MORE_DRIFT, LEAST_DRIFT = 2.0, 0.03  # within years as well; of the logarithm


@dataclass(frozen=True)
class LightChanges:
    """values: shape (factories, months), logarithm of the light of a factory's cell over its usual level; NaN where it
    isn't known. variance: likewise, of its noise. usual: (factories,), nW/cm2/sr, while it is open.
    seen_open: (factories,), whether in any reference month. drift: (factories,), standard deviation over the years of
    what the cell does and others don't: lamps, building, neighbours that open."""

    values: NDArray[np.float64]
    variance: NDArray[np.float64]
    usual: NDArray[np.float64]
    seen_open: NDArray[np.bool_]
    drift: NDArray[np.float64]


def cell_changes(samples: FactorySamples, settings: GvioSettings, reference: NDArray[np.bool_],
                 visible: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The same of every row of samples.light, (cells + 1, months), NaN where it isn't known."""
    return _changes(_corrected(samples, samples.light, settings, visible), reference)[0]


def wide_changes(samples: FactorySamples, settings: GvioSettings, reference: NDArray[np.bool_],
                 visible: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Changes of every cell as far as a lamp or a factory that opens makes them, (cells, months), NaN where not known,
    and usual levels, (cells,)."""
    cells = len(samples.light) - 1
    changes, usual = np.empty((cells, len(samples.months)), np.float32), np.empty(cells)
    for start in range(0, cells, TOGETHER):
        part = slice(start, min(start + TOGETHER, cells))
        light = _corrected(samples, samples.light[part], settings, visible)
        changes[part], usual[part] = _changes(light, reference, WIDE_DARKEST, WIDE_CHANGE)
    return changes, usual


def light_changes(samples: FactorySamples, settings: GvioSettings, reference: NDArray[np.bool_],
                  visible: NDArray[np.bool_]) -> LightChanges:
    """reference: months that usual levels are taken from. visible: months whose light may be looked at."""
    own = samples.light[samples.cells[:, samples.side**2 // 2]]
    light = _corrected(samples, own, settings, visible)
    light[~samples.factories.is_open(samples.months)] = np.nan
    values, usual = _changes(light, reference)
    noise = np.maximum(OF_NOISE * _scatter(values)**2, LEAST_NOISE**2)
    return LightChanges(values, noise + (ADDITIVE_NOISE / usual[:, None])**2, usual,
                        np.isfinite(values[:, reference]).any(axis=1), _drift(values))


def _corrected(samples: FactorySamples, light: NDArray[np.float32], settings: GvioSettings,
               visible: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Without what the month adds to all; NaN in months that may not be seen or are brightened."""
    corrected = light.astype(np.float64)
    if not settings.masking:
        corrected = np.nan_to_num(corrected)
    left_out = ~visible
    if settings.region_statistics:
        corrected = corrected - samples.foot
        left_out = left_out | brightened(samples.slope, samples.months, visible)
    corrected[:, left_out] = np.nan
    return corrected


def _changes(light: NDArray[np.float64], reference: NDArray[np.bool_], darkest: float = DARKEST,
             most: float = MOST_CHANGE) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithms over usual levels, and those levels, at least FLOOR."""
    usual = _usual_levels(light, reference)
    with np.errstate(invalid="ignore"):
        values = np.log(np.maximum(light / usual[:, None], darkest))
    return np.clip(values - _means(values, reference)[:, None], -most, most), usual


def _scatter(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Robust standard deviation between factories in each month, (months,)."""
    spread = np.full(values.shape[1], UNKNOWN_NOISE)
    for month, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if len(known) >= LEAST_FACTORIES:
            spread[month] = NORMAL * np.median(np.abs(known - np.median(known)))
    return spread


def _drift(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(factories,), at least LEAST_DRIFT; of the means of twelve months, of values over the median of all."""
    seen = np.isfinite(values)
    apart = np.nan_to_num(values - medians(values))
    starts = np.arange(0, values.shape[1], YEAR)
    count = np.add.reduceat(seen, starts, axis=1, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        means = np.add.reduceat(apart, starts, axis=1) / count
    means[count < LEAST_OF_YEAR] = np.nan
    years = np.maximum(np.isfinite(means).sum(axis=1), 1)
    middle = np.nansum(means, axis=1) / years
    found = np.sqrt(np.nansum((means - middle[:, None])**2, axis=1) / years)
    return np.asarray(np.maximum(MORE_DRIFT * found, LEAST_DRIFT), np.float64)


def _usual_levels(light: NDArray[np.float64], reference: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Medians of the reference months, (factories,); of all where none of those is known."""
    known, every = medians(light[:, reference].T), medians(light.T)
    return np.maximum(np.nan_to_num(np.where(np.isfinite(known), known, every)), FLOOR)


def _means(values: NDArray[np.float64], reference: NDArray[np.bool_]) -> NDArray[np.float64]:
    means = []
    for part in (values[:, reference], values):
        there = np.isfinite(part)
        with np.errstate(invalid="ignore"):
            means.append(np.where(there, part, 0).sum(axis=1) / there.sum(axis=1))
    return np.nan_to_num(np.where(np.isfinite(means[0]), means[0], means[1]))
