"""Areas of the cells of a grid."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .projections import equal_area_crs, wgs84_bounds
from .rasters import Grid
from .resampling import CoordinateLattice

TOLERANCE = 1e-3  # metres


def cell_areas(grid: Grid) -> NDArray[np.float64]:
    """km2 on the ellipsoid, of shape (rows, columns)."""
    lattice = CoordinateLattice(grid, equal_area_crs(wgs84_bounds(grid)), TOLERANCE)
    x, y = lattice.at_crossings(np.arange(grid.width + 1.0), np.arange(grid.height + 1.0))
    falling = (x[1:, 1:] - x[:-1, :-1]) * (y[:-1, 1:] - y[1:, :-1])  # half the product of a quadrangle's diagonals
    rising = (x[:-1, 1:] - x[1:, :-1]) * (y[1:, 1:] - y[:-1, :-1])
    areas: NDArray[np.float64] = np.abs(falling - rising) / 2e6
    return areas
