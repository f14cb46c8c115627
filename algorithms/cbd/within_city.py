"""Where a centre stands among those of its city: what a threshold over all cities can't tell."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .index_names import COUNT_RANK, COUNT_SHARE


def within_city(counts: ArrayLike, cities: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Place (1 = most, equal ones share the better place) and share of the most, by number of negative pixels.

    counts: of centres with negative pixels, shape (centres,). cities: number of the city of each.
    """
    number, city = np.asarray(counts, np.float64), np.asarray(cities)
    rank, share = np.full(len(number), np.nan), np.full(len(number), np.nan)
    for each in np.unique(city):
        rows = np.flatnonzero(city == each)
        own = number[rows]
        rank[rows] = 1 + (own[None, :] > own[:, None]).sum(axis=1)
        share[rows] = own / own.max()
    return {COUNT_RANK: rank, COUNT_SHARE: share}
