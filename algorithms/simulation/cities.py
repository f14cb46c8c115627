"""Which cities are simulated: place, type, business districts and seed of each, drawn for a whole set of cities."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .constants import generator
from .ranges import RANGES
from .window import CELLS_PER_DEGREE, TILE_CELLS, TileWindow

CELLS = 200
NORTHERNMOST, SOUTHERNMOST = 55.0, -40.0
SPARSE_SHARE = 1 / 8  # of the cities, with CLOUDY_SHARE of clear nights at most
CLOUDY_SHARE = 0.08
LOWEST_CLEAR_SHARE, HIGHEST_CLEAR_SHARE = RANGES["mean clear share"].low, RANGES["mean clear share"].high


@dataclass(frozen=True)
class CityType:
    """Ranges of Jie et al. (2024), Table 6: mean radiance (nW/cm2/sr) and number of the centres with negative pixels.

    spread: within which share of the city's radius the centres stand.
    """

    name: str
    radiance: tuple[float, float]
    centres: tuple[int, int]
    spread: float


CITY_TYPES = (CityType("usa_like", (111.41, 174.36), (1, 4), 0.45),
              CityType("mixed", (56.62, 111.81), (1, 9), 0.7),
              CityType("china_like", (50.99, 79.74), (10, 15), 0.9))
NAMES = ("Noctilia", "Fulgora", "Candela", "Vesperia", "Lucerna", "Phosphora", "Selenia", "Astraea")


@dataclass(frozen=True)
class CitySpecification:
    """One city of a set. cloudy: its clear share is drawn below CLOUDY_SHARE, whatever its type."""

    name: str
    kind: CityType
    window: TileWindow
    seed: int
    cbds: int = 1
    cloudy: bool = False


def draw_cities(seed: int, count: int, cells: int = CELLS) -> list[CitySpecification]:
    """count cities whose types take turns.

    Clear nights are drawn independently of the type, an eighth of the cities is cloudy; of 32 cities and more, one has
    no CBD and one has two.
    """
    numbers = generator(seed, 20)
    cloudy = set(numbers.permutation(count)[:int(count * SPARSE_SHARE)].tolist())
    special = [int(index) for index in numbers.permutation(count)[:2]] if count >= 32 else [-1, -1]
    cities = []
    for index in range(count):
        longitude, latitude = numbers.uniform(-170, 170), numbers.uniform(SOUTHERNMOST, NORTHERNMOST)
        turn, letter = divmod(index, len(NAMES))
        name = NAMES[letter] + (f" {turn + 1}" if turn else "")
        cities.append(CitySpecification(
            f"{name} (simulated)", CITY_TYPES[index % len(CITY_TYPES)], window_at(longitude, latitude, cells),
            int(numbers.integers(2**31)), {special[0]: 0, special[1]: 2}.get(index, 1), index in cloudy))
    return cities


def cloudy_share(clear: float) -> float:
    """The clear share of a city with few clear nights, from one that was drawn for any city."""
    place = (clear - LOWEST_CLEAR_SHARE) / (HIGHEST_CLEAR_SHARE - LOWEST_CLEAR_SHARE)
    return LOWEST_CLEAR_SHARE + place * (CLOUDY_SHARE - LOWEST_CLEAR_SHARE)


def window_at(longitude: float, latitude: float, cells: int) -> TileWindow:
    """The window of cells x cells around a place, moved to where its tile holds it whole."""
    column, row = (longitude + 180) * CELLS_PER_DEGREE, (90 - latitude) * CELLS_PER_DEGREE
    horizontal, vertical = int(column // TILE_CELLS), int(row // TILE_CELLS)
    corner = np.clip(np.array([row % TILE_CELLS, column % TILE_CELLS]) - cells / 2, 0, TILE_CELLS - cells)
    top, left = (int(each) for each in np.round(corner))
    return TileWindow(horizontal, vertical, top, left, cells, cells)
