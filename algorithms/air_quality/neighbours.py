"""Values of other monitors on the same day, weighted by distance."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..distances import arc_km, chord, unit_vectors
from .site_days import ONE_PLACE_KM


@dataclass(frozen=True)
class Donors:
    """Who gives a value, where and when. day: ordinals; arrays of shape (donors,)."""

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    day: NDArray[np.int32]
    value: NDArray[np.float64]


@dataclass(frozen=True)
class Neighbours:
    """The nearest donors of each row on its day, nearest first.

    distance: shape (rows, count), kilometres, infinite where there are fewer. value: likewise, 0 there.
    """

    distance: NDArray[np.float64]
    value: NDArray[np.float64]

    def inverse_distance(self, power: float) -> NDArray[np.float64]:
        """Inverse distance weighting; NaN without a neighbour."""
        weight = np.where(np.isfinite(self.distance), np.maximum(self.distance, 1e-3) ** -power, 0)
        total = weight.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray((weight * self.value).sum(axis=1) / total, dtype=np.float64)

    def kernel_mean(self, length_km: float, shrinkage: float) -> NDArray[np.float64]:
        """Mean weighted by exp(-distance / length), drawn to 0 as if a donor of weight shrinkage had said 0."""
        weight = np.where(np.isfinite(self.distance), np.exp(-self.distance / length_km), 0)
        return np.asarray((weight * self.value).sum(axis=1) / (weight.sum(axis=1) + shrinkage), dtype=np.float64)


def find_neighbours(longitude: NDArray[np.float64], latitude: NDArray[np.float64], day: NDArray[np.int32],
                    donors: Donors, count: int = 9, nearest: float = ONE_PLACE_KM,
                    farthest: float = np.inf) -> Neighbours:
    """The count nearest donors of the same day, farther than nearest km and up to farthest km.

    Whoever lies nearer, the row itself above all, never gives.
    """
    shape = len(day), count
    found = Neighbours(np.full(shape, np.inf), np.zeros(shape))
    order, donor_order = np.argsort(day, kind="stable"), np.argsort(donors.day, kind="stable")
    points, donor_points = unit_vectors(longitude, latitude), unit_vectors(donors.longitude, donors.latitude)
    limit = chord(farthest) if np.isfinite(farthest) else np.inf
    for today in np.unique(day):
        rows = order[slice(*np.searchsorted(day[order], (today, today + 1)))]
        givers = donor_order[slice(*np.searchsorted(donors.day[donor_order], (today, today + 1)))]
        if len(givers) == 0:
            continue
        tree = cKDTree(donor_points[givers])
        # How many lie too near isn't known beforehand: ask for more until every row has enough.
        close = tree.query_ball_point(points[rows], chord(nearest), return_length=True)
        asked = min(len(givers), count + int(close.max()))
        chords, index = tree.query(points[rows], k=np.arange(1, asked + 1), distance_upper_bound=limit)
        kilometres = arc_km(chords)
        kilometres[kilometres <= nearest] = np.inf
        best = np.argsort(kilometres, axis=1, kind="stable")[:, :count]
        distance = np.take_along_axis(kilometres, best, axis=1)
        given = donors.value[givers[np.minimum(np.take_along_axis(index, best, axis=1), len(givers) - 1)]]
        found.distance[rows, :distance.shape[1]] = distance
        found.value[rows, :distance.shape[1]] = np.where(np.isfinite(distance), given, 0)
    return found
