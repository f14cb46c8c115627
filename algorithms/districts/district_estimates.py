"""Estimates of districts and of their units that agree, with intervals, and with known totals where wanted."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimates:
    """Middle, low and high (90 %) of districts (districts, targets) and of units (units, targets)."""

    districts: NDArray[np.float64]
    districts_low: NDArray[np.float64]
    districts_high: NDArray[np.float64]
    units: NDArray[np.float64]
    units_low: NDArray[np.float64]
    units_high: NDArray[np.float64]


def agreeing_estimates(units: NDArray[np.float64], districts: NDArray[np.float64], district: NDArray[np.intp],
                       widths: NDArray[np.float64], known: NDArray[np.float64] | None = None) -> Estimates:
    """Units scaled so that they add up to their district.

    units: (units, targets) estimates, 0 or more; districts: (districts, targets) estimates; district: (units,). widths:
    (targets,) half widths of intervals of the root of a district's total per unit. known: (districts, targets) totals
    that are preserved where they aren't NaN; those have no interval of their own, and their units keep the relative one
    of the estimate, or any share of the total where the estimate is 0. A district whose units are all 0 is shared
    equally.
    """
    counts = np.bincount(district, minlength=len(districts)).astype(np.float64)[:, None]
    roots = np.sqrt(np.maximum(districts, 0) / counts)
    low, high = np.maximum(roots - widths, 0)**2 * counts, (roots + widths)**2 * counts
    sums = np.zeros(districts.shape)
    np.add.at(sums, district, units)
    shares = np.where(sums[district] > 0, units / np.where(sums > 0, sums, 1)[district], 1 / counts[district])
    preserved = np.isfinite(known) if known is not None else np.zeros(districts.shape, dtype=bool)
    middle = np.where(preserved, np.nan_to_num(known), districts) if known is not None else districts
    found = shares * middle[district]
    lowest = np.where(preserved, _scaled(low, districts, middle, 0.0), low)
    highest = np.where(preserved, _scaled(high, districts, middle, counts * middle), high)
    return Estimates(
        middle, np.where(preserved, middle, np.minimum(low, middle)),
        np.where(preserved, middle, np.maximum(high, middle)), found,
        np.minimum(shares * lowest[district], found), np.maximum(shares * highest[district], found))


def _scaled(limit: NDArray[np.float64], districts: NDArray[np.float64], middle: NDArray[np.float64],
            otherwise: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Limits (districts, targets) of estimates, brought to other totals; otherwise where an estimate is about 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = limit / districts * middle
    return np.where(np.isfinite(found) | np.isinf(limit), found, otherwise)


def outside_ranges(features: NDArray[np.float64], low: NDArray[np.float64],
                   high: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Units with a known feature outside the ranges (columns,) that a model was trained on; NaN ranges hold nothing."""
    with np.errstate(invalid="ignore"):
        return np.asarray(((features < low) | (features > high)).any(axis=1))
