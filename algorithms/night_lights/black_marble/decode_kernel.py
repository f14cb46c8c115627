"""Decoding of stored cells in one compiled pass that doesn't branch: clouds lie where no processor foresees them."""
from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(nogil=True, cache=True, error_model="numpy")
def decode_cells(stored: Any, keep: Any, scale: float, offset: float, fill: Any, values: Any) -> None:
    """As granule.decode_cells, same values to the last bit."""
    for row in range(stored.shape[0]):
        for column in range(stored.shape[1]):
            cell = stored[row, column]
            valid = keep[row, column] & (cell == cell)
            if fill is not None:
                valid &= cell != fill
            value = np.float32(np.float64(cell) * scale + offset)
            values[row, column] = value if valid else np.float32(np.nan)
