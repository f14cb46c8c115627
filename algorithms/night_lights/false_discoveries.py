"""Control of false discoveries over all pixels of a window (Benjamini and Hochberg 1995)."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def corrected_level(candidates: NDArray[np.float64], tests: int, alpha: float) -> float:
    """The level that replaces alpha in `p < level`: 0 where nothing is a discovery.

    candidates: all p-values up to alpha, in any order. tests: how many p-values there are in all.
    The level lies halfway to the next p-value, so that rounding in a quantile of it can't lose the last discovery.
    """
    ordered = np.sort(candidates)
    passed = np.flatnonzero(ordered <= alpha * np.arange(1, len(ordered) + 1) / max(tests, 1))
    if not len(passed):
        return 0.0
    last = ordered[passed[-1]]
    beyond = ordered[ordered > last]
    return float(max((last + (beyond[0] if len(beyond) else alpha)) / 2, np.nextafter(last, 1)))
