"""Estimates of PM2.5 at the rows of a table."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RowEstimates:
    """value, low, high: shape (rows,), ug/m3, NaN where a row can't be estimated; low and high also where the model
    knows no interval. outside: beyond what the model was fitted on or checked for."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    outside: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Rows with an estimate."""
        return int(np.isfinite(self.value).sum())

    @property
    def outside_count(self) -> int:
        """Those of them that lie outside."""
        return int((self.outside & np.isfinite(self.value)).sum())
