"""What the calendar alone says of output: growth, the season and the Spring Festival, as terms of a logarithm."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .months import COVARIATES, HOLIDAY_DAYS, calendar_covariates

HARMONICS = 3
TERMS = 3 + 2 * HARMONICS


def calendar_terms(months: NDArray[np.int32], origin: int) -> NDArray[np.float64]:
    """Constant, years since origin, HARMONICS sines and cosines of the year, and the share of the Spring Festival's
    days, shape (months, TERMS)."""
    years = (months - origin) / 12
    turns = 2 * np.pi * years[:, None] * np.arange(1, HARMONICS + 1)
    festival = calendar_covariates(months)[:, COVARIATES.index("spring_festival_days")] / HOLIDAY_DAYS
    return np.column_stack((np.ones(len(months)), years, np.sin(turns), np.cos(turns), np.nan_to_num(festival)))
