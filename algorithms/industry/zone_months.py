"""Shares and swings of zones in single months, and what estimates add up to over the months of long labels."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .swing_gains import LAGS, Rows, later

SHORT = 2  # months of a label whose months are taken for alike: their sum is that of the mean month


@dataclass(frozen=True)
class ZoneMonths:
    """months: (months,). terms: of the calendar, (months, terms). share: (zones, months), sum over the factories.
    swings: (zones, groups, months), sum of share x swing."""

    months: NDArray[np.int32]
    terms: NDArray[np.float64]
    share: NDArray[np.float64]
    swings: NDArray[np.float64]

    def later(self) -> NDArray[np.float64]:
        """later() of each zone and group, (zones, groups, months, LAGS)."""
        zones, groups, months = self.swings.shape
        return later(self.swings.reshape(-1, months)).reshape(zones, groups, months, LAGS)

    def sums(self, rows: Rows, calendar: NDArray[np.float64], gain: NDArray[np.float64],
             course: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of estimates over the months of each row, (rows,): those of short ones are the bag x the exponential of the
        mean, those of longer ones are added up. calendar: (zones or more, terms). gain: (groups, LAGS). course:
        (zones or more, months)."""
        total = rows.bag * np.exp((rows.terms * calendar[rows.zone]).sum(axis=1) + rows.added(gain)
                                  + (rows.weights * course[rows.zone]).sum(axis=1))
        long = np.flatnonzero(rows.last - rows.first >= SHORT)
        if len(long):
            added = np.divide(np.einsum("zgml,gl->zm", self.later(), gain), self.share,
                              out=np.zeros_like(self.share), where=self.share > 0)
            values = self.share * np.exp(added + calendar[:len(self.share)] @ self.terms.T
                                         + course[:len(self.share)])
            inside = (self.months >= rows.first[long, None]) & (self.months <= rows.last[long, None])
            total[long] = (values[rows.zone[long]] * inside).sum(axis=1)
        return np.asarray(total, np.float64)
