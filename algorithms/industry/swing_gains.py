"""How many months before light output swings: fitted to published totals.

Sums of output over a bag of factories and months are, in logarithms, what the calendar says plus the mean swing by
share. Every sector has a lag of 0 to LAGS - 1 months; lags are averaged by how well they explain the labels (Bayesian
model averaging, Hoeting et al. 1999).
"""
from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LAGS = 3
TWO_YEARS = 24  # months
MOST_GROUPS = 5  # with lags of their own: 3^5 combinations
TRUST = 0.2  # in the gain 1, in units of the squared swings of labels


@dataclass(frozen=True)
class Rows:
    """One row per label. bag: sum of shares over its factories and months. weights: (rows, months), each month's part
    of the bag. terms: (rows, terms), mean by share. swings: (rows, groups, LAGS), mean by share of the swings so many
    months later."""

    zone: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    value: NDArray[np.float64]
    bag: NDArray[np.float64]
    weights: NDArray[np.float64]
    terms: NDArray[np.float64]
    swings: NDArray[np.float64]

    @property
    def target(self) -> NDArray[np.float64]:
        return np.asarray(np.log(self.value / self.bag), np.float64)

    @property
    def year(self) -> NDArray[np.int32]:
        """Of twelve months from the first label on."""
        return np.asarray((self.first - self.first.min()) // 12, np.int32)

    def added(self, gain: NDArray[np.float64]) -> NDArray[np.float64]:
        """What light adds, for gains of shape (groups, LAGS)."""
        return np.asarray((self.swings * gain).sum(axis=(1, 2)), np.float64)

    def select(self, chosen: NDArray[np.bool_]) -> Rows:
        return Rows(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def of_all_zones(self) -> Rows:
        """Sums over the zones that have two years of labels, of the periods that each of them has one for; where those
        are fewer than two years, the rows of the one zone with the largest total."""
        months = np.bincount(self.zone, self.last - self.first + 1)
        long = months >= TWO_YEARS
        if not long.any():
            return self
        if not long[self.zone].all():
            return self.select(long[self.zone]).of_all_zones()
        periods, row = np.unique(np.column_stack((self.first, self.last)), axis=0, return_inverse=True)
        row = row.ravel()
        count = np.bincount(row)
        common = count == len(np.unique(self.zone))
        if (periods[common, 1] - periods[common, 0] + 1).sum() < TWO_YEARS:
            return self.select(self.zone == np.bincount(self.zone, self.value).argmax())
        bag, value = np.zeros((2, len(periods)))
        np.add.at(bag, row, self.bag)
        np.add.at(value, row, self.value)
        share = self.bag / bag[row]
        part = self.value / value[row]
        weights = np.zeros((len(periods), self.weights.shape[1]))
        terms = np.zeros((len(periods), self.terms.shape[1]))
        swings = np.zeros((len(periods), *self.swings.shape[1:]))
        np.add.at(weights, row, share[:, None] * self.weights)
        np.add.at(terms, row, share[:, None] * self.terms)
        np.add.at(swings, row, part[:, None, None] * self.swings)
        return Rows(np.zeros(len(periods), np.int32), periods[:, 0].astype(np.int32), periods[:, 1].astype(np.int32),
                    value, bag, weights, terms, swings).select(common)


def later(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """Series of shape (n, months) as they will be 0 to LAGS - 1 months later, (n, months, LAGS); the last value beyond
    the end."""
    padded = np.concatenate((series, np.repeat(series[:, -1:], LAGS - 1, axis=1)), axis=1)
    return np.stack([padded[:, lag:lag + series.shape[1]] for lag in range(LAGS)], axis=2)


def fit_gains(rows: Rows, trust: float, weight: NDArray[np.float64], most_lags: int = LAGS) -> NDArray[np.float64]:
    """Gains by lag, (groups, LAGS), 0 from most_lags on. trust: weight of the gain 1 against the labels. weight: of
    each row. Light that swings much and not with the labels gets a gain near 0."""
    groups = rows.swings.shape[1]
    lags = _lag_combinations(groups, most_lags)
    added = rows.swings[:, np.arange(groups)[None], lags].sum(axis=2).T  # (combinations, rows)
    root = np.sqrt(weight)
    basis = np.linalg.qr(rows.terms * root[:, None] if _is_one_zone(rows) else _zone_terms(rows) * root[:, None])[0]
    rest = rows.target * root - basis @ (basis.T @ (rows.target * root))
    light = added * root - (added * root) @ basis @ basis.T
    gain = (light @ rest + trust) / np.maximum((light**2).sum(axis=1) + trust, 1e-12)
    errors = ((rest - gain[:, None] * light)**2).sum(axis=1)
    freedom = max(1, len(rest) - basis.shape[1])
    odds = np.exp(-0.5 * freedom * np.log(np.maximum(errors, 1e-12) / max(errors.min(), 1e-12)))
    odds = odds / odds.sum()
    return np.array([np.bincount(lags[:, group], odds * gain, minlength=LAGS) for group in range(groups)])


def _is_one_zone(rows: Rows) -> bool:
    return bool((rows.zone == rows.zone[0]).all())


def _zone_terms(rows: Rows) -> NDArray[np.float64]:
    """The calendar of every zone on its own, (rows, zones x terms)."""
    own = np.zeros((len(rows.zone), int(rows.zone.max()) + 1, rows.terms.shape[1]))
    own[np.arange(len(rows.zone)), rows.zone] = rows.terms
    return own.reshape(len(rows.zone), -1)


def _lag_combinations(groups: int, most_lags: int) -> NDArray[np.intp]:
    """Lags of every group, (combinations, groups): all there are up to MOST_GROUPS groups, else the same for all."""
    if groups > MOST_GROUPS:
        return np.repeat(np.arange(most_lags)[:, None], groups, axis=1)
    return np.array(list(itertools.product(range(most_lags), repeat=groups)), np.intp)
