"""What the light of a region is like in each month, in town and outside: the context that factories are seen in."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .radiance_histogram import RadianceHistogram

PARTS = ("urban", "rural")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
LIT_RADIANCE = 1.0  # nW/cm2/sr: above the noise of a dark cell
NAMES = (*(f"{part}_{name}" for part in PARTS for name in (
    "mean", "sd", *(f"q{round(100 * share):02d}" for share in QUANTILES), "lit", "valid")), "contrast")


@dataclass(frozen=True)
class RegionStatistics:
    """values: shape (months, len(NAMES)), float32.

    Of urban and of rural cells: mean, standard deviation and quantiles (nW/cm2/sr), share of lit ones among the
    observed, share of observed ones; contrast is (urban mean - rural mean) / (their sum), means below 0 taken as 0. NaN
    where nothing was observed.
    """

    values: NDArray[np.float32]


class RegionSums:
    """Adds blocks; keeps counts only."""

    def __init__(self, months: int) -> None:
        self._parts = [_PartSums(months) for _ in PARTS]

    def add(self, values: NDArray[np.float32], urban: NDArray[np.bool_], rural: NDArray[np.bool_]) -> None:
        """values: shape (months, rows, columns); urban, rural: (rows, columns)."""
        for part, mask in zip(self._parts, (urban, rural)):
            part.add(values[:, mask])

    def statistics(self) -> RegionStatistics:
        columns = [part.columns() for part in self._parts]
        urban, rural = (np.maximum(each[:, 0], 0) for each in columns)
        with np.errstate(invalid="ignore", divide="ignore"):
            contrast = (urban - rural) / (urban + rural)
        contrast[~np.isfinite(contrast)] = np.nan
        return RegionStatistics(np.column_stack((*columns, contrast)).astype(np.float32))


class _PartSums:
    def __init__(self, months: int) -> None:
        self._cells = 0
        self._count, self._lit, self._sum, self._squares = np.zeros((4, months))
        self._histograms = [RadianceHistogram() for _ in range(months)]

    def add(self, values: NDArray[np.float32]) -> None:
        known = np.isfinite(values)
        there = np.where(known, values, 0).astype(np.float64)
        self._cells += values.shape[1]
        self._count += known.sum(axis=1)
        self._lit += (values > LIT_RADIANCE).sum(axis=1)
        self._sum += there.sum(axis=1)
        self._squares += (there**2).sum(axis=1)
        for histogram, month in zip(self._histograms, values):
            histogram.add(month)

    def columns(self) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._sum / self._count
            deviation = np.sqrt(np.maximum(self._squares / self._count - mean**2, 0))
            lit, valid = self._lit / self._count, self._count / np.float64(self._cells)
        quantiles = np.array([[each.quantile(share) for share in QUANTILES] for each in self._histograms])
        return np.column_stack((mean, deviation, quantiles, lit, valid))
