"""What other sources tell of a city: heights of buildings, slopes, and places by category.

They follow the uses of the districts, never the light, and miss a part of the places.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .city_plan import (
    BELOW_HILLS,
    CBD,
    HISTORIC,
    HOUSING,
    LOW_HOUSES,
    MID_RISE,
    MIXED,
    PORT,
    SECONDARY,
    STADIUM,
    TOWN,
    Place,
)
from .constants import generator
from .fields import smooth_field
from .scene import Scene
from .window import KM_PER_CELL

# Mean height of what stands in a cell, m, lowest and highest [J].
HEIGHTS = {CBD: (35, 90), SECONDARY: (30, 80), HOUSING: (35, 80), HISTORIC: (14, 28), BELOW_HILLS: (4, 10),
           MID_RISE: (10, 22), MIXED: (5, 15), LOW_HOUSES: (3, 8), TOWN: (3, 7), PORT: (4, 12), STADIUM: (10, 30)}
HILL_SLOPE = (4.0, 12.0)  # degrees around houses below hills [J]
CATEGORIES = ("business", "shops", "housing", "sights")
# Places per km2, in the order of CATEGORIES [J].
PLACES = {CBD: (12, 10, 4, 2), SECONDARY: (9, 10, 4, 1), HOUSING: (2, 5, 12, 0.3), HISTORIC: (4, 9, 6, 8),
          BELOW_HILLS: (0.7, 1.5, 6, 0.3), MID_RISE: (1.5, 3, 4, 0.3), MIXED: (0.5, 1, 2, 0.1),
          LOW_HOUSES: (0.3, 0.8, 3, 0.1), TOWN: (0.3, 1, 2, 0.1)}
COMPLETENESS = (0.5, 1.0)  # share of the places that are known, one for each city [J]
_SURROUNDINGS = 50  # stream of random numbers


@dataclass(frozen=True)
class Surroundings:
    """height: metres, slope: degrees, both of shape (rows, columns); places: km east and north, and category."""

    height: NDArray[np.float32]
    slope: NDArray[np.float32]
    places: list[tuple[Place, str]]


def surroundings_of(scene: Scene) -> Surroundings:
    """The same scene gives the same surroundings."""
    numbers = generator(scene.specification.seed, _SURROUNDINGS)
    districts, window = scene.plan.city.districts, scene.window
    share = np.clip(0.5 + smooth_field(numbers, districts.shape, 1.5) / 4, 0, 1)
    height = np.zeros(districts.shape)
    for code, (low, high) in HEIGHTS.items():
        height = np.where(districts == code, low + (high - low) * share, height)
    hill = HILL_SLOPE[0] + (HILL_SLOPE[1] - HILL_SLOPE[0]) * share
    slope = np.where(districts == BELOW_HILLS, np.maximum(hill, scene.slope), scene.slope)
    cell_km2 = KM_PER_CELL * window.km_per_column
    known = numbers.uniform(*COMPLETENESS)
    x, y = window.plane()
    places: list[tuple[Place, str]] = []
    for code, rates in PLACES.items():
        for category, rate in zip(CATEGORIES, rates):
            counts = numbers.poisson(known * rate * cell_km2, districts.shape) * (districts == code)
            rows, columns = np.nonzero(counts)
            for row, column in zip(np.repeat(rows, counts[rows, columns]), np.repeat(columns, counts[rows, columns])):
                east, north = numbers.uniform(-0.5, 0.5, 2)
                places.append(((float(x[row, column] + east * window.km_per_column),
                                float(y[row, column] + north * KM_PER_CELL)), category))
    return Surroundings(height.astype(np.float32), slope.astype(np.float32), places)
