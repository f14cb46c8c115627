"""Months as numbers, 12 x year + month - 1, and what the calendar says about them."""
from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

# Month and day of New Year's day in the Chinese calendar, from 1990 on: a day between 21 January and 20 February.
FIRST_YEAR = 1990
NEW_YEARS = (127, 215, 204, 123, 210, 131, 219, 207, 128, 216, 205, 124, 212, 201, 122, 209, 129, 218, 207, 126, 214,
             203, 123, 210, 131, 219, 208, 128, 216, 205, 125, 212, 201, 122, 210, 129, 217, 207, 126, 213, 202, 123,
             211, 131, 219, 208, 128, 215, 204, 124, 212, 201, 122, 210, 130, 217, 206, 126, 214, 202, 123)
HOLIDAY_DAYS = 7  # public holiday in China, counted from New Year's day
COVARIATES = ("working_days", "spring_festival_days")
WORKING_DAYS = 21.7  # in a month, on average


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def month_text(month: int) -> str:
    """Such as 2019-02."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def span_text(first: int, last: int) -> str:
    """Such as 2019-01..2019-02, or the one month."""
    return month_text(first) if first == last else f"{month_text(first)}..{month_text(last)}"


def calendar_covariates(months: Sequence[int] | NDArray[np.int32]) -> NDArray[np.float32]:
    """COVARIATES of each month, shape (months, 2): Mondays to Fridays, and days of the seven from the Chinese New Year.

    Festival days are NaN for years outside the table. They are among the working days too: both are to be used, or one.
    """
    return np.array([(_working_days(int(month)), _festival_days(int(month))) for month in months],
                    np.float32).reshape(-1, len(COVARIATES))


def _working_days(month: int) -> int:
    first_weekday, days = calendar.monthrange(month // 12, month % 12 + 1)
    return sum((first_weekday + day) % 7 < 5 for day in range(days))


def _festival_days(month: int) -> float:
    index = month // 12 - FIRST_YEAR
    if not 0 <= index < len(NEW_YEARS):
        return float("nan")
    start = date(month // 12, *divmod(NEW_YEARS[index], 100))
    return sum(month_number(start + timedelta(day)) == month for day in range(HOLIDAY_DAYS))
