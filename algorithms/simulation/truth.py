"""What the simulation planted: the class of every cell from its curve without noise.

Shares nothing with the code that estimates angular effects.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NONE, NEGATIVE, POSITIVE, U_SHAPED, OUTSIDE = 0, 1, 2, 3, 255
SMALLEST_EFFECT = 0.05
MAX_ZENITH = 60.0


@dataclass(frozen=True)
class Truth:
    """Arrays of shape (rows, columns).

    classes: NONE, NEGATIVE, POSITIVE, U_SHAPED or OUTSIDE. change: radiance at the largest over that at the smallest
    observed angle, minus 1. depth: how far the lowest value in between lies below the lower end, as a share of that
    end, 0 where it doesn't. NaN where nothing is planted.
    """

    classes: NDArray[np.uint8]
    change: NDArray[np.float32]
    depth: NDArray[np.float32]


def planted_effects(zenith: NDArray[np.float64], radiance: NDArray[np.float32], observed: NDArray[np.bool_],
                    inside: NDArray[np.bool_]) -> Truth:
    """Classes from noise-free radiance.

    zenith, radiance, observed: shape (nights, rows, columns); observed nights up to MAX_ZENITH make the curve.
    inside: shape (rows, columns). A curve is U-shaped if its interior minimum lies at least SMALLEST_EFFECT below both
    ends, else negative or positive if its end differs from its start by at least SMALLEST_EFFECT, else none.
    Cells outside, or observed under fewer than three angles, are OUTSIDE.
    """
    used = observed & (zenith <= MAX_ZENITH)
    order = np.argsort(np.where(used, zenith, np.inf), axis=0, kind="stable")
    curve = np.take_along_axis(np.where(used, radiance, np.nan).astype(np.float64), order, axis=0)
    count = used.sum(axis=0)
    first = curve[0]
    last = np.take_along_axis(curve, np.maximum(count - 1, 0)[None], axis=0)[0]
    position = np.arange(len(curve))[:, None, None]
    interior = np.where((position > 0) & (position < count - 1), curve, np.inf).min(axis=0)
    known = inside & (count >= 3) & (first > 0) & (last > 0)
    lower_end = np.where(known, np.minimum(first, last), 1.0)
    depth = np.maximum(1 - np.where(known, interior, 1.0) / lower_end, 0)
    change = np.where(known, last, 1.0) / np.where(known, first, 1.0) - 1
    classes = np.select([~known, depth >= SMALLEST_EFFECT, change <= -SMALLEST_EFFECT, change >= SMALLEST_EFFECT],
                        [OUTSIDE, U_SHAPED, NEGATIVE, POSITIVE], NONE).astype(np.uint8)
    return Truth(classes, np.where(known, change, np.nan).astype(np.float32),
                 np.where(known, depth, np.nan).astype(np.float32))
