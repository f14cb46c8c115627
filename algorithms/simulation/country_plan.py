"""The land of the simulated country and where its monitors stand."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from scipy.ndimage import gaussian_filter

from ..projections import WGS84, transform_points
from ..rasters import Grid
from .constants import Generator
from .fields import smooth_field
from .ranges import Draws

CELL_KM = 25.0
COUNTRY_CRS = "+proj=laea +lat_0=45 +lon_0=-150 +datum=WGS84 +units=m"  # open ocean: no real country
SIGMAS_PER_RANGE = 2 * np.sqrt(3)  # smoothing of noise over s leaves a correlation of exp(-(d / 2 s)^2), 0.05 here
AROUND = 3  # cells within which a cell is high or low ground


@dataclass(frozen=True)
class CountryPlan:
    """elevation in m; valley: 0 on plains and ridges to 1 in deep valleys; developed, bare, vegetation: shares; roads:
    km per km2. All of shape (rows, columns). Monitors, shape (monitors,): row and column, longitude and latitude in
    degrees, and interval: days from one measurement to the next."""

    grid: Grid
    elevation: NDArray[np.float64]
    valley: NDArray[np.float64]
    developed: NDArray[np.float64]
    bare: NDArray[np.float64]
    vegetation: NDArray[np.float64]
    roads: NDArray[np.float64]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    interval: NDArray[np.int8]

    @property
    def shape(self) -> tuple[int, int]:
        return self.grid.height, self.grid.width


def country_field(numbers: Generator, shape: tuple[int, int], reach_km: float) -> NDArray[np.float64]:
    """Mean 0, standard deviation 1, correlation 0.05 at reach_km. Opposite edges know nothing of each other."""
    size = reach_km / CELL_KM / SIGMAS_PER_RANGE
    margin = int(np.ceil(4 * size))
    return smooth_field(numbers, (shape[0] + margin, shape[1] + margin), size)[:shape[0], :shape[1]]


def plan_country(draws: Draws, numbers: Generator, rows: int, columns: int) -> CountryPlan:
    """A country of rows x columns cells."""
    shape, side = (rows, columns), 1000 * CELL_KM
    grid = Grid(CRS.from_proj4(COUNTRY_CRS), Affine(side, 0, -side * columns / 2, 0, -side, side * rows / 2), columns,
                rows)
    height = country_field(numbers, shape, draws.one("size of mountains"))
    rough = country_field(numbers, shape, 60)
    elevation = draws.one("relief of the country") * np.clip(0.3 + 0.25 * height + 0.08 * rough, 0.01, None)
    lower = gaussian_filter(elevation, AROUND) - elevation
    valley = np.clip(lower / max(float(np.quantile(lower, 0.98)), 1.0), 0, 1)
    bare = _bare(draws, numbers, shape)
    developed = _developed(draws, numbers, elevation)
    green = 0.75 * (1 - bare) * (1 - 0.7 * developed)
    vegetation = np.clip(green + 0.05 * country_field(numbers, shape, 60), 0.02, 0.95)
    roads = 0.2 + 6 * developed * np.exp(0.2 * numbers.standard_normal(shape))
    row, column = _monitors(draws, numbers, developed)
    x = (column + numbers.uniform(0.02, 0.98, len(column))) * side + grid.transform.c
    y = grid.transform.f - (row + numbers.uniform(0.02, 0.98, len(row))) * side
    longitude, latitude = transform_points(grid.crs, WGS84, x, y)
    lot, third = numbers.random(len(row)), draws.one("every third day")
    interval = np.where(lot < third, 3, np.where(lot < third + draws.one("every sixth day"), 6, 1)).astype(np.int8)
    return CountryPlan(grid, elevation, valley, developed, bare, vegetation, roads, row, column, longitude, latitude,
                       interval)


def _bare(draws: Draws, numbers: Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    bearing = np.radians(draws.one("bearing of the dry region"))
    row, column = np.indices(shape)
    along = column / shape[1] * np.sin(bearing) - row / shape[0] * np.cos(bearing)
    ground = along + 0.08 * country_field(numbers, shape, 300)
    edge = np.quantile(ground, 1 - draws.one("dry share"))
    return np.asarray(1 / (1 + np.exp(-(ground - edge) / 0.05)), dtype=np.float64)


def _developed(draws: Draws, numbers: Generator, elevation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cities on low ground, the first one the largest."""
    low = np.exp(-elevation / 400).ravel()
    count, fall = round(draws.one("cities")), draws.one("fall of city sizes")
    places = numbers.choice(low.size, count, replace=False, p=low / low.sum())
    row, column = np.indices(elevation.shape)
    built = np.full(elevation.shape, 0.01)
    for rank, place in enumerate(places, 1):
        away = np.hypot(row - place // elevation.shape[1], column - place % elevation.shape[1])
        built += 0.9 * rank**-fall * np.exp(-away / (0.6 + 1.2 * rank**-fall))
    return np.minimum(built, 0.95)


def _monitors(draws: Draws, numbers: Generator,
              developed: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    count, share = round(draws.one("monitors")), draws.one("monitors in cities")
    built = developed - developed.min()
    weight = share * built / built.sum() + (1 - share) / built.size
    place = numbers.choice(developed.size, count, p=weight.ravel())
    row, column = np.unravel_index(np.sort(place), developed.shape)
    return np.asarray(row, dtype=np.intp), np.asarray(column, dtype=np.intp)
