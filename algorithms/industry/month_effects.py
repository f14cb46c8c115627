"""What one month does to the light of a whole region: airglow adds to it, snow brightens it."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .region_statistics import NAMES, PARTS, QUANTILES

ROUNDS = 15
BRIGHTER, DEVIATIONS = 0.04, 3.5  # a month is left out beyond both, of the logarithm and in robust deviations
CURVE = 3  # powers of time
COLUMNS = tuple(NAMES.index(f"{part}_q{round(100 * share):02d}") for part in PARTS for share in QUANTILES)


def month_effects(region: NDArray[np.float32], months: NDArray[np.int32],
                  reference: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Radiance that a month adds to all cells, (months,), and months that are brightened, (months,).

    region: RegionStatistics.values. Each month's quantiles are a line of their means over the reference months: its
    foot is what was added; its slope is the light of the region, and jumps over a smooth course with a yearly season
    when snow lies. 0 and False where too little was observed.
    """
    quantiles = region[:, COLUMNS].astype(np.float64)
    known = np.isfinite(quantiles)
    usable = known[reference].any(axis=0)
    usual = np.full(len(COLUMNS), np.nan)
    usual[usable] = np.nanmean(quantiles[reference][:, usable], axis=0)
    foot, slope = np.zeros(len(months)), np.full(len(months), np.nan)
    for month in range(len(months)):
        there = known[month] & usable
        if there.sum() < 4:
            continue
        weight = 1 / (1 + np.maximum(usual[there], 0))
        line = np.column_stack((usual[there], np.ones(there.sum())))
        slope[month], foot[month] = np.linalg.lstsq(line * weight[:, None], quantiles[month, there] * weight,
                                                    rcond=None)[0]
    return foot, _jumps(slope, months, reference)


def _jumps(slope: NDArray[np.float64], months: NDArray[np.int32],
           reference: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Months whose slope lies above its course, which is fitted with falling weight on what departs from it."""
    there = np.isfinite(slope) & (slope > 0)
    learn = there & reference
    if learn.sum() < 24:
        return np.zeros(len(slope), bool)
    years = (months - months[learn][0]) / 12
    middle = years[learn].mean()
    turns = 2 * np.pi * years[:, None] * np.array([1, 2])
    powers = ((years - middle) / 4)[:, None]**np.arange(CURVE + 1)
    terms = np.concatenate((powers, np.sin(turns), np.cos(turns)), axis=1)
    logarithm = np.log(np.where(there, slope, 1))
    weight = np.ones(int(learn.sum()))
    for _ in range(ROUNDS):
        fitted = np.linalg.lstsq(terms[learn] * weight[:, None], logarithm[learn] * weight, rcond=None)[0]
        distance = logarithm - terms @ fitted
        spread = max(1.4826 * float(np.median(np.abs(distance[learn]))), 1e-6)
        weight = np.minimum(1, np.sqrt(1.5 * spread / np.maximum(np.abs(distance[learn]), 1e-9)))
    return np.asarray(there & (distance > max(DEVIATIONS * spread, BRIGHTER)), np.bool_)
