"""Where everything of the simulated region stands: land use, zones, town, factories and head offices."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from scipy.special import erfinv

from ..rasters import Grid
from .constants import Generator
from .fields import smooth_field
from .ranges import Draws

CELL = 500.0
LAND_USES = ("water", "farmland", "forest", "housing", "commerce", "industry", "port", "greenhouses", "stadium")
WATER, FARMLAND, FOREST, HOUSING, COMMERCE, INDUSTRY, PORT, GREENHOUSES, STADIUM = range(len(LAND_USES))
ZONES = ("North 1", "North 2", "North 3", "South 1", "South 2", "South 3")
NORTHERN = np.array([name.startswith("North") for name in ZONES])
SECTORS = ("metals", "chemicals", "machinery", "electronics", "food")
LIT, DAY_SHIFT, OFFICE = range(3)
OFFICES = 6
GREEN = (FARMLAND, FOREST)


@dataclass(frozen=True)
class RegionPlan:
    """land_use, zone: shape (rows, columns), indexes into LAND_USES and ZONES; town: likewise, bool.

    Producers are factories and, last, the head offices that book output. x, y: metres in the grid's CRS; row, column:
    their cells; kind: LIT, DAY_SHIFT or OFFICE; sector, size (mean output of a month, any unit); all (producers,).
    """

    grid: Grid
    land_use: NDArray[np.int8]
    zone: NDArray[np.int8]
    town: NDArray[np.bool_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    kind: NDArray[np.int8]
    sector: NDArray[np.int8]
    size: NDArray[np.float64]

    @property
    def factories(self) -> int:
        return int((self.kind != OFFICE).sum())

    @property
    def producer_zone(self) -> NDArray[np.int8]:
        return self.zone[self.row, self.column]


def plan_region(draws: Draws, numbers: Generator, cells: int) -> RegionPlan:
    """A region of cells x cells with a river, a town, parks, villages, and factories."""
    side = cells * CELL
    grid = Grid(CRS.from_epsg(32651), Affine(CELL, 0, 300_000, 0, -CELL, 3_450_000 + side), cells, cells)
    x, y = np.meshgrid((np.arange(cells) + 0.5) * CELL, (cells - 0.5 - np.arange(cells)) * CELL)
    middle = side / 2 + numbers.uniform(-0.06, 0.06, 2) * side
    rough = smooth_field(numbers, x.shape, 3)
    from_town = np.hypot(x - middle[0], y - middle[1]) / (1000 * draws.one("radius of the town"))
    town = from_town + 0.15 * rough < 1
    parks = _parks(draws, numbers, middle, side)
    land_use = np.full(x.shape, FARMLAND, np.int8)
    land_use[smooth_field(numbers, x.shape, 5) > 0.9] = FOREST
    land_use[smooth_field(numbers, x.shape, 2) > 1.8] = GREENHOUSES
    land_use[(smooth_field(numbers, x.shape, 1.5) > 1.9) | town] = HOUSING
    land_use[from_town + 0.1 * rough < 0.35] = COMMERCE
    for park in parks:
        land_use[np.hypot(x - park[0], y - park[1]) + 300 * rough < 1500] = INDUSTRY
    course = middle[0] + 0.5 * side * (0.3 * np.sin(2 * np.pi * y / side + numbers.uniform(0, 6)) + 0.25)
    land_use[np.abs(x - course) < 400] = WATER
    bank = np.abs(x - course - 1000) < 600
    land_use[bank & (np.abs(y - numbers.uniform(0.2, 0.8) * side) < 1500)] = PORT
    land_use[np.unravel_index(np.argmin(np.abs(from_town - 0.7)), x.shape)] = STADIUM
    zone = _zones(numbers, x, y, side)
    places = _factory_places(draws, numbers, parks, land_use, side)
    offices = middle + numbers.normal(0, 700, (OFFICES, 2))
    places = np.concatenate((places, offices))
    column, row = (places[:, 0] // CELL).astype(np.intp), cells - 1 - (places[:, 1] // CELL).astype(np.intp)
    kind, size = _kinds_and_sizes(draws, numbers, len(places))
    return RegionPlan(grid, land_use, zone, town, places[:, 0] + grid.transform.c, places[:, 1] + grid.bounds[1], row,
                      column, kind, numbers.integers(len(SECTORS), size=len(places)).astype(np.int8), size)


def _parks(draws: Draws, numbers: Generator, middle: NDArray[np.float64], side: float) -> NDArray[np.float64]:
    count = round(draws.one("industrial parks"))
    distance = 1000 * draws.many("distance of parks from the town", count)
    bearing = 2 * np.pi * (np.arange(count) + numbers.random(count)) / count  # all around, so that every zone gets one
    places = middle + (distance * np.array([np.cos(bearing), np.sin(bearing)])).T
    return np.asarray(np.clip(places, 2500, side - 2500), np.float64)


def _zones(numbers: Generator, x: NDArray[np.float64], y: NDArray[np.float64], side: float) -> NDArray[np.int8]:
    """Zones side by side in two rows, with crooked borders."""
    bend_x, bend_y = (0.03 * side * smooth_field(numbers, x.shape, 12) for _ in range(2))
    southern = (y + bend_y < side / 2).astype(np.int8)
    third = np.clip((x + bend_x) // (side / 3), 0, 2).astype(np.int8)
    zone: NDArray[np.int8] = 3 * southern + third
    return zone


def _factory_places(draws: Draws, numbers: Generator, parks: NDArray[np.float64], land_use: NDArray[np.int8],
                    side: float) -> NDArray[np.float64]:
    """Metres from the south-west corner, shape (factories, 2)."""
    count = round(draws.one("factories"))
    in_parks = round(count * draws.one("factories in parks"))
    radii = 1000 * draws.many("radius of parks with factories", len(parks))
    park = numbers.integers(len(parks), size=in_parks)
    inside = parks[park] + radii[park][:, None] * numbers.standard_normal((in_parks, 2))
    rows, columns = np.nonzero((land_use == HOUSING) | (land_use == INDUSTRY) | (land_use == PORT))
    chosen = numbers.integers(len(rows), size=count - in_parks)
    alone = np.column_stack((columns[chosen], land_use.shape[0] - 1 - rows[chosen])) * CELL
    alone = alone + numbers.uniform(0, CELL, alone.shape)
    return np.asarray(np.clip(np.concatenate((inside, alone)), 1, side - 1), np.float64)


def _kinds_and_sizes(draws: Draws, numbers: Generator, count: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    factories = count - OFFICES
    kind = np.where(numbers.random(count) < draws.one("day-shift factories"), DAY_SHIFT, LIT).astype(np.int8)
    kind[factories:] = OFFICE
    spread = 2 * erfinv(draws.one("inequality of size"))  # of a log-normal distribution with this Gini coefficient
    size = np.exp(spread * numbers.standard_normal(count))
    share = draws.one("output without light")
    weights = numbers.dirichlet(np.full(OFFICES, 3.0))
    size[factories:] = weights * size[:factories].sum() * share / (1 - share)
    return kind, size
