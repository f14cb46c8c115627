"""Factory areas: which part of the light of which cells is a factory's."""
from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .samples import FactorySamples


class FactoryAreas:
    """The cells of factories as pairs of a factory and a cell, factory by factory.

    factory, cell: shape (pairs,), indexes into samples.factories and rows of samples.light. own: the cells that can be
    a factory's, shape (factories, side^2).
    """

    def __init__(self, samples: FactorySamples, own: NDArray[np.bool_]) -> None:
        chosen = own & (samples.claim > 0)
        self._samples = samples
        self.factory = np.nonzero(chosen)[0].astype(np.int32)
        self.cell = samples.cells[chosen]
        self._claim = samples.claim[chosen]
        self._ring = self.factory * len(samples.radii) + samples.ring[chosen]
        self._is_open = samples.factories.is_open(samples.months)

    @cached_property
    def _mean_light(self) -> NDArray[np.float64]:
        """Over the months in which they were observed, of the rows of samples.light."""
        light = self._samples.light
        with np.errstate(invalid="ignore"):
            return np.asarray(np.nansum(light, axis=1, dtype=np.float64) / np.isfinite(light).sum(axis=1), np.float64)

    def per_factory(self, values: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
        """Sums of values of shape (pairs,), shape (factories,)."""
        return np.asarray(np.bincount(self.factory, values, len(self._is_open)), np.float64)

    def shares_and_light(self, month: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Both of shape (pairs,); month: its index in samples.

        share: the factory's part of the cell over all its parts, so that they add up to 1, or to 0 while it is closed.
        light: its part of the cell's radiance in nW/cm2/sr; negative ones are 0, unobserved ones the mean of the ring,
        and in a month in which nothing was observed the cell's mean over the others.
        """
        samples = self._samples
        total = samples.claimed[self.cell, month if samples.claimed.shape[1] > 1 else 0]
        weights = np.where(self._is_open[self.factory, month], self._claim, 0) / np.where(total > 0, total, 1)
        radiance = samples.light[self.cell, month]
        if not np.isfinite(samples.light[:, month]).any():
            radiance = self._mean_light[self.cell]
        known = np.isfinite(radiance)
        radiance = np.where(known, np.maximum(radiance, 0), 0)
        seen, bright = (np.bincount(self._ring, each) for each in (known, radiance))
        mean = bright / np.maximum(seen, 1)
        light = weights * np.where(known, radiance, mean[self._ring])
        whole = self.per_factory(weights)
        return (weights / np.where(whole > 0, whole, 1)[self.factory]).astype(np.float32), light
