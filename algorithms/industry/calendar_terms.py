"""What the calendar alone says of output: growth, the season and the Spring Festival, as terms of a logarithm."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .months import COVARIATES, HOLIDAY_DAYS, calendar_covariates

HARMONICS = 3
TERMS = 3 + 2 * HARMONICS
YEAR, MOST_OF_YEAR = 12, 9  # months


def calendar_terms(months: NDArray[np.int32], origin: int) -> NDArray[np.float64]:
    """Constant, years since origin, HARMONICS sines and cosines of the year, and the share of the Spring Festival's
    days, shape (months, TERMS)."""
    years = (months - origin) / 12
    turns = 2 * np.pi * years[:, None] * np.arange(1, HARMONICS + 1)
    festival = calendar_covariates(months)[:, COVARIATES.index("spring_festival_days")] / HOLIDAY_DAYS
    return np.column_stack((np.ones(len(months)), years, np.sin(turns), np.cos(turns), np.nan_to_num(festival)))


def terms_told(first: NDArray[np.int32], last: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which terms sums over such periods tell apart, (TERMS,): waves longer than two periods (Nyquist), and the Spring
    Festival where periods are months. The length that counts is the shortest whose periods reach most of the year."""
    length = resolution(first, last)
    waves = [2 * length * wave < YEAR for wave in range(1, HARMONICS + 1)]
    return np.array([True, True, *waves, *waves, length == 1])


def terms_left_out(first: NDArray[np.int32], last: NDArray[np.int32]) -> str:
    """A sentence about the terms that terms_told doesn't have, empty where it has all."""
    told = terms_told(first, last)
    if told.all():
        return ""
    waves = int(told[2:2 + HARMONICS].sum())
    lost = f"{HARMONICS - waves} of {HARMONICS}" if waves else "all"
    season = "growth, the waves that are left" if waves else "growth"
    return (f"The totals are mostly sums of {resolution(first, last)} months: {lost} waves of the year and the Spring "
            f"Festival can't be told from them and are left out. Inside a total, estimates follow {season} and light "
            "alone.")


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
