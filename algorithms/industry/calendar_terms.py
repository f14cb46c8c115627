"""What the calendar alone says of output: growth, the season and its days, as terms of a logarithm."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .months import HOLIDAY_DAYS, WORKING_DAYS, calendar_covariates
from .settings import DAYS, FESTIVAL

HARMONICS = 3
YEAR, MOST_OF_YEAR = 12, 9  # months
WEEK = 5  # working days


def calendar_terms(months: NDArray[np.int32], origin: int, days: str = FESTIVAL) -> NDArray[np.float64]:
    """Constant, years since origin, HARMONICS sines and cosines of the year, and what DAYS names: the share of the
    Spring Festival's days, and weeks of working days above the mean month's; shape (months, terms)."""
    years = (months - origin) / 12
    turns = 2 * np.pi * years[:, None] * np.arange(1, HARMONICS + 1)
    working, festival = np.nan_to_num(calendar_covariates(months)).T
    of_days = {"working_days": (working - WORKING_DAYS) / WEEK, "spring_festival_days": festival / HOLIDAY_DAYS}
    return np.column_stack((np.ones(len(months)), years, np.sin(turns), np.cos(turns),
                            *(of_days[name] for name in DAYS[days])))


def terms_told(first: NDArray[np.int32], last: NDArray[np.int32], days: str = FESTIVAL) -> NDArray[np.bool_]:
    """Which terms sums over such periods tell apart, (terms,): waves longer than two periods (Nyquist), and days where
    periods are months. The length that counts is the shortest whose periods reach most of the year."""
    length = resolution(first, last)
    waves = [2 * length * wave < YEAR for wave in range(1, HARMONICS + 1)]
    return np.array([True, True, *waves, *waves, *(length == 1 for _ in DAYS[days])])


def terms_left_out(first: NDArray[np.int32], last: NDArray[np.int32]) -> str:
    """A sentence about the terms that terms_told doesn't have, empty where it has all."""
    told = terms_told(first, last)
    if told.all():
        return ""
    waves = int(told[2:2 + HARMONICS].sum())
    lost = f"{HARMONICS - waves} of {HARMONICS}" if waves else "all"
    season = "growth, the waves that are left" if waves else "growth"
    return (f"The totals are mostly sums of {resolution(first, last)} months: {lost} waves of the year, the Spring "
            "Festival and working days can't be told from them and are left out. Inside a total, estimates follow "
            f"{season} and light alone.")


def resolution(first: NDArray[np.int32], last: NDArray[np.int32]) -> int:
    """Months of the periods up to whose length MOST_OF_YEAR calendar months are reached; of the longest where none
    are."""
    lengths = last - first + 1
    reached: set[int] = set()
    for length in np.unique(lengths).tolist():
        for start in np.unique(first[lengths == length] % YEAR).tolist():
            reached.update((start + month) % YEAR for month in range(length))
        if len(reached) >= MOST_OF_YEAR:
            break
    return int(length)
