"""Flares, fires and faults: what is far above its own cell's past, and above nearly all of the region."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .robust import NORMAL, medians


def cut_flares(values: NDArray[np.float32], reference: NDArray[np.bool_], floor: float, deviations: float) -> int:
    """Cuts values of shape (months, ...) in place; returns how many.

    A cell's limit is its median plus deviations robust standard deviations over the reference months, but never below
    floor, the quantile of the whole region. So an opening factory isn't cut although its cell was dark before, and a
    lasting lamp isn't because its median is high.
    """
    series = values.reshape(len(values), -1)
    suspects = np.flatnonzero(np.fmax.reduce(series, axis=0) > floor)
    if not len(suspects):
        return 0
    bright = series[:, suspects]
    past = bright[reference]
    median = medians(past)
    limit = np.fmax(median + deviations * NORMAL * medians(np.abs(past - median)), np.float32(floor))
    cut = bright > limit
    series[:, suspects] = np.where(cut, limit, bright)
    return int(cut.sum())
