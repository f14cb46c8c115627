"""The window of one Black Marble tile that the demonstration city fills."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..projections import WGS84
from ..rasters import Grid
from ..settings import Bounds

TILE_CELLS = 2400
CELLS_PER_DEGREE = 240
KM_PER_CELL = 0.4633  # north to south


@dataclass(frozen=True)
class TileWindow:
    """Cells row to row + rows, column to column + columns of tile (horizontal, vertical)."""

    horizontal: int
    vertical: int
    row: int
    column: int
    rows: int
    columns: int

    @property
    def tile_bounds(self) -> Bounds:
        west, north = -180 + 10 * self.horizontal, 90 - 10 * self.vertical
        return west, north - 10, west + 10, north

    @property
    def grid(self) -> Grid:
        west, _, _, north = self.tile_bounds
        cell = 1 / CELLS_PER_DEGREE
        return Grid(WGS84, Affine(cell, 0, west + self.column / CELLS_PER_DEGREE, 0, -cell,
                                  north - self.row / CELLS_PER_DEGREE),
                    self.columns, self.rows)

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude."""
        west, south, east, north = self.grid.bounds
        return (west + east) / 2, (south + north) / 2

    @property
    def km_per_column(self) -> float:
        return float(KM_PER_CELL * np.cos(np.radians(self.centre[1])))

    def longitudes(self) -> NDArray[np.float64]:
        """Cell centres, shape (columns,)."""
        return np.asarray(self.grid.bounds[0] + (np.arange(self.columns) + 0.5) / CELLS_PER_DEGREE, dtype=np.float64)

    def latitudes(self) -> NDArray[np.float64]:
        """Cell centres, shape (rows,)."""
        return np.asarray(self.grid.bounds[3] - (np.arange(self.rows) + 0.5) / CELLS_PER_DEGREE, dtype=np.float64)

    def plane(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """km east and km north of the centre for every cell, shapes (rows, columns)."""
        x = (np.arange(self.columns) - (self.columns - 1) / 2) * self.km_per_column
        y = -(np.arange(self.rows) - (self.rows - 1) / 2) * KM_PER_CELL
        return np.meshgrid(x, y)[0], np.meshgrid(x, y)[1]

    def to_degrees(self, x: float, y: float) -> tuple[float, float]:
        """Longitude and latitude of a point in km east and north of the centre."""
        longitude, latitude = self.centre
        return (longitude + x / self.km_per_column / CELLS_PER_DEGREE,
                latitude + y / KM_PER_CELL / CELLS_PER_DEGREE)


# Its bounds are whole tenths of a degree: an extent typed by hand meets the cells exactly.
SMALL = TileWindow(horizontal=29, vertical=5, row=2112, column=1272, rows=168, columns=168)
