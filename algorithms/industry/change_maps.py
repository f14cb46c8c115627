"""Level, trend and yearly change of monthly series, cell by cell."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

YEAR = 12
NORMAL_90 = 1.645  # standard deviations to either side that hold 90 % of a normal distribution
MOST_MEMORY = 0.95  # of a month in the next one's rest, with which trends are still judged
TOGETHER = 4096  # cells
BANDS = ("level", "level_low", "level_high", "trend", "trend_low", "trend_high", "change", "change_low", "change_high",
         "outside_range")


def last_years(series: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean of the last year of months and of the one before, shape (cells, 2); NaN for one that isn't whole. A series
    of less than a year counts as one."""
    months = series.shape[1]
    means = np.full((len(series), 2), np.nan)
    means[:, 0] = series[:, -YEAR:].mean(axis=1, dtype=np.float64)
    if months >= 2 * YEAR:
        means[:, 1] = series[:, -2 * YEAR:-YEAR].mean(axis=1, dtype=np.float64)
    return means


def yearly_change(middle: NDArray[np.float64], low: NDArray[np.float64],
                  high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percent from the year before to the last one, middle, low and high, shape (cells, 3); all as of last_years.

    The errors of the two years are taken as independent of each other, those of the months of a year as one.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.log(middle[:, 0] / middle[:, 1])
        above, below = np.log(high / middle), np.log(middle / low)
        up, down = np.hypot(above[:, 0], below[:, 1]), np.hypot(below[:, 0], above[:, 1])
        percent = 100 * np.expm1(np.column_stack((change, change - down, change + up)))
    percent[~np.isfinite(percent)] = np.nan
    return np.asarray(percent, np.float64)


def trends(months: NDArray[np.int32], series: NDArray[np.float32]) -> NDArray[np.float64]:
    """Percent of the mean per year, middle, low and high (90 %), shape (cells, 3); NaN below two years of months.

    The slope of a straight line beside a mean for every calendar month. Its standard error counts as many months as
    the rest's correlation with that of the month before leaves.
    """
    found = np.full((len(series), 3), np.nan)
    design = np.column_stack(((months - months.mean()) / YEAR, months[:, None] % YEAR == np.unique(months % YEAR)))
    spare = len(months) - design.shape[1]
    if len(months) < 2 * YEAR or spare < 1:
        return found
    inverse = np.linalg.pinv(design)
    spread = np.sqrt((inverse[0]**2).sum())
    for start in range(0, len(series), TOGETHER):
        values = series[start:start + TOGETHER].astype(np.float64)
        fitted = values @ inverse.T
        rest = values - fitted @ design.T
        squares = (rest**2).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            memory = np.clip((rest[:, 1:] * rest[:, :-1]).sum(axis=1) / squares, 0, MOST_MEMORY)
            error = spread * np.sqrt(squares / spare * (1 + memory) / (1 - memory))
            error[squares == 0] = 0
            percent = 100 * (fitted[:, :1] + NORMAL_90 * error[:, None] * (0, -1, 1)) / values.mean(axis=1)[:, None]
        percent[~np.isfinite(percent)] = np.nan
        found[start:start + TOGETHER] = percent
    return found
