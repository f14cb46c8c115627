"""Which cities are simulated: place, type, business districts and seed of each, drawn for a whole set of cities."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .constants import Generator, generator
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

    spread: within which share of the city's radius the centres stand. cities, total: cities of the type, and centres
    with negative pixels in all of them (Tables 6 and 8). Where centres differ by use: brightness, factor on the drawn
    radiance, because what is found as a centre is larger and dimmer than what stands there; other_size, factor on the
    radii of centres that are no CBD.
    """

    name: str
    radiance: tuple[float, float]
    centres: tuple[int, int]
    spread: float
    cities: int
    total: int
    brightness: float
    other_size: float


CITY_TYPES = (CityType("usa_like", (111.41, 174.36), (1, 4), 0.45, 10, 20, 1.7, 0.8),
              CityType("mixed", (56.62, 111.81), (1, 9), 0.7, 16, 88, 1.3, 0.95),
              CityType("china_like", (50.99, 79.74), (10, 15), 0.9, 6, 72, 1.3, 1.15))
NAMES = ("Noctilia", "Fulgora", "Candela", "Vesperia", "Lucerna", "Phosphora", "Selenia", "Astraea")


@dataclass(frozen=True)
class CitySpecification:
    """One city of a set. cloudy: its clear share is drawn below CLOUDY_SHARE, whatever its type. clear: it is the
    highest, without season. centres: the number of negative ones, None = drawn. uses: whether they differ by what
    stands on them."""

    name: str
    kind: CityType
    window: TileWindow
    seed: int
    cbds: int = 1
    cloudy: bool = False
    clear: bool = False
    centres: int | None = None
    uses: bool = False


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


def draw_published_mixture(seed: int, cells: int = CELLS) -> list[CitySpecification]:
    """32 cities as in Jie et al. (2024): types, centres of each type, and CBDs as in Tables 6 and 8; centres by use.

    One city has no CBD and two have two. Types, clear nights and CBDs are drawn independently of each other.
    """
    numbers = generator(seed, 21)
    centres = {kind.name: _dealt(numbers, kind) for kind in CITY_TYPES}
    kinds = [kind for kind in CITY_TYPES for _ in range(kind.cities)]
    cities = [replace(city, kind=kinds[index], centres=centres[kinds[index].name].pop(), uses=True, cbds=1)
              for city, index in zip(draw_cities(seed, len(kinds), cells), numbers.permutation(len(kinds)))]
    order = numbers.permutation(len(cities))
    without = int(order[0])
    several = [int(index) for index in order[1:] if cities[index].centres != 1]
    for index, cbds in ((without, 0), (several[0], 2), (several[1], 2)):
        cities[index] = replace(cities[index], cbds=cbds)
    return cities


def _dealt(numbers: Generator, kind: CityType) -> list[int]:
    """Centres of each city of a type, within its range, so many in all as were published."""
    low, high = kind.centres
    counts = numbers.integers(low, high + 1, kind.cities)
    while counts.sum() != kind.total:
        step = int(np.sign(kind.total - counts.sum()))
        index = int(numbers.integers(kind.cities))
        counts[index] = np.clip(counts[index] + step, low, high)
    return [int(count) for count in counts]


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
