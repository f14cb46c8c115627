"""Baselines that see no light: what the calendar and last year's figures alone say of the months to be estimated."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .labels import Labels
from .months import COVARIATES, HOLIDAY_DAYS, WORKING_DAYS, calendar_covariates

LAST_YEAR, TREND, HOLIDAYS = "same month last year", "trend and season", "trend, season and holidays"
OTHER_YEARS = (-1, 1, -2, 2, -3, 3, -4, 4)
HARMONICS = 2
FEW = 18  # labels of a zone: with fewer the season is a single wave and covariates are left out


def no_light_estimates(labels: Labels, train: NDArray[np.bool_],
                       size: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Estimates of all labels by what the training labels say, shape (labels,), by the name of the baseline.

    size: shape (zones,), such as the number of factories; a zone without training labels gets as much per size as the
    others together. NaN where a baseline says nothing.
    """
    return {LAST_YEAR: same_month_last_year(labels, train, size),
            TREND: trend_and_season(labels, train, size, holidays=False),
            HOLIDAYS: trend_and_season(labels, train, size, holidays=True)}


def same_month_last_year(labels: Labels, train: NDArray[np.bool_], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """The training label of the same months of the year before, else of the nearest year that has one."""
    known: dict[tuple[int, int, int], float] = {}
    for row in np.flatnonzero(train):
        known[int(labels.zone[row]), int(labels.first[row]), int(labels.last[row])] = float(labels.value[row])
    estimates = np.full(len(labels), np.nan)
    for row, (zone, first, last) in enumerate(zip(labels.zone.tolist(), labels.first.tolist(), labels.last.tolist())):
        like = _zones_like(zone, labels, train)
        for years in OTHER_YEARS:
            months = first + 12 * years, last + 12 * years
            found = [each for each in like if (each, *months) in known]
            if found:
                total = sum(known[each, months[0], months[1]] for each in found)
                estimates[row] = total * size[zone] / size[found].sum()
                break
    return estimates


def trend_and_season(labels: Labels, train: NDArray[np.bool_], size: NDArray[np.float64],
                     holidays: bool) -> NDArray[np.float64]:
    """Per zone: least squares of the logarithm of the monthly mean on time, sines and cosines of the year and, with
    holidays, working days and days of the Spring Festival."""
    means, logs = np.zeros((len(labels.zones), len(labels))), log_means(labels)
    for zone in np.unique(labels.zone[train]):
        chosen = train & (labels.zone == zone) & (labels.value > 0)
        terms = period_terms(labels, 1 if chosen.sum() < FEW else HARMONICS, holidays and chosen.sum() >= FEW)
        means[zone] = np.exp(terms @ np.linalg.lstsq(terms[chosen], logs[chosen], rcond=None)[0])
    estimates = np.empty(len(labels))
    for zone in np.unique(labels.zone):
        here, like = labels.zone == zone, _zones_like(zone, labels, train)
        estimates[here] = means[like][:, here].sum(axis=0) * size[zone] / size[like].sum()
    return estimates * lengths(labels)


def _zones_like(zone: int, labels: Labels, train: NDArray[np.bool_]) -> list[int]:
    """The zone itself where it has training labels, else all that have."""
    trained: list[int] = np.unique(labels.zone[train]).tolist()
    return [zone] if zone in trained else trained


def period_terms(labels: Labels, harmonics: int = HARMONICS, holidays: bool = True) -> NDArray[np.float64]:
    """Constant, years, harmonics and covariates as means over each label's months, shape (labels, terms)."""
    months = np.arange(labels.first.min(), labels.last.max() + 1, dtype=np.int32)
    years = (months - months.mean()) / 12
    turns = 2 * np.pi * (months % 12)[:, None] / 12 * np.arange(1, harmonics + 1)
    columns = [np.ones((len(months), 1)), years[:, None], np.sin(turns), np.cos(turns)]
    if holidays:
        covariates = np.nan_to_num(calendar_covariates(months).astype(np.float64))
        columns += [covariates[:, :1] / WORKING_DAYS - 1,
                    covariates[:, COVARIATES.index("spring_festival_days")][:, None] / HOLIDAY_DAYS]
    terms: NDArray[np.float64] = labels.covers(months) @ np.concatenate(columns, axis=1) / lengths(labels)[:, None]
    return terms


def lengths(labels: Labels) -> NDArray[np.float64]:
    """Months of each label."""
    return (labels.last - labels.first + 1).astype(np.float64)


def log_means(labels: Labels) -> NDArray[np.float64]:
    """Logarithm of each label's mean month, -inf for labels of zero."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(labels.value / lengths(labels)), np.float64)
