"""From one grid to another: the metric target grid, bilinear values from valid cells only, and nearest cells.

Coordinates are transformed exactly on a lattice of the grid and interpolated linearly between its points. The lattice
is refined until that costs less than a thousandth of a cell, so that no cell needs a transform of its own.
"""
from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform_bounds

from .errors import InputError
from .progress import Progress
from .projections import transform_points
from .rasters import Grid

TOLERANCE_CELLS = 1e-3
WIDEST_STEP = 64  # cells between the points of the first, coarsest lattice
STRIP_ROWS = 128
LEAST_WEIGHT = 0.5 - 1e-9  # valid share of the bilinear weights; exactly one half is enough


def projected_grid(grid: Grid, crs: CRS, cell_size: float) -> Grid:
    """Square cells of cell_size (unit of crs) that cover the grid.

    The edges stand on whole multiples of the cell size, so rasters of the same place get the same cells.
    Raises InputError when crs can't hold the grid.
    """
    try:
        left, bottom, right, top = transform_bounds(grid.crs, crs, *grid.bounds, densify_pts=101)
    except CRSError:
        left = bottom = right = top = math.nan
    if not all(map(math.isfinite, (left, bottom, right, top))):
        raise InputError("TARGET_CRS", f"{crs.to_string()} has no coordinates for the raster's extent",
                         "choose a projection for this part of the world")
    slack = TOLERANCE_CELLS
    first_column, last_column = math.floor(left / cell_size + slack), math.ceil(right / cell_size - slack)
    first_row, last_row = math.floor(bottom / cell_size + slack), math.ceil(top / cell_size - slack)
    transform = Affine(cell_size, 0, first_column * cell_size, 0, -cell_size, last_row * cell_size)
    return Grid(crs, transform, max(1, last_column - first_column), max(1, last_row - first_row))


class CoordinateLattice:
    """Coordinates in another CRS for the places of some rows of a grid.

    Places are columns and rows counted from the upper left corner of the grid, cell centres at one half.
    tolerance: the largest error, in the unit of crs. first_row, rows: the strip of the grid that is asked for.
    Coordinates that don't exist are NaN or infinite.
    """

    def __init__(self, grid: Grid, crs: CRS, tolerance: float, first_row: int = 0, rows: int | None = None) -> None:
        self._first_row = first_row
        rows = grid.height - first_row if rows is None else rows
        step = float(WIDEST_STEP)
        coarse = _exact(grid, crs, first_row, rows, step)
        while True:
            fine = _exact(grid, crs, first_row, rows, step / 2)
            # the error falls to a quarter when the step halves: what the coarse lattice misses bounds the fine one's
            missed = np.abs(_halved(coarse)[:, :fine.shape[1], :fine.shape[2]] - fine)
            step /= 2
            if step < 1 or (missed <= 2 * tolerance).all():
                break
            coarse = fine
        self._step, self._points = step, fine

    def at(self, columns: NDArray[np.float64],
           rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y of shape (n,) at n places."""
        column, right = self._split(columns, 2)
        row, below = self._split(rows - self._first_row, 1)
        x, y = ((1 - below) * ((1 - right) * points[row, column] + right * points[row, column + 1])
                + below * ((1 - right) * points[row + 1, column] + right * points[row + 1, column + 1])
                for points in self._points)
        return x, y

    def at_crossings(self, columns: NDArray[np.float64],
                     rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y of shape (rows, columns) where each of the rows crosses each of the columns."""
        column, right = self._split(columns, 2)
        row, below = self._split(rows - self._first_row, 1)
        x, y = (along[:, column] * (1 - right) + along[:, column + 1] * right
                for along in (points[row] * (1 - below)[:, None] + points[row + 1] * below[:, None]
                              for points in self._points))
        return x, y

    def _split(self, places: NDArray[np.float64], axis: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        scaled = places / self._step
        before = np.clip(scaled.astype(np.intp), 0, self._points.shape[axis] - 2)
        return before, scaled - before


def _exact(grid: Grid, crs: CRS, first_row: int, rows: int, step: float) -> NDArray[np.float64]:
    """x and y, shape (2, lattice rows, lattice columns), of lattice points step cells apart."""
    columns = np.arange(math.ceil(grid.width / step) + 1) * step
    down = first_row + np.arange(math.ceil(rows / step) + 1) * step
    x, y = np.meshgrid(grid.transform.c + columns * grid.cell_width, grid.transform.f - down * grid.cell_height)
    new_x, new_y = transform_points(grid.crs, crs, x.ravel(), y.ravel())
    if crs.is_geographic:  # no jump at the antimeridian
        first = new_x[np.isfinite(new_x)][:1]
        with np.errstate(invalid="ignore"):
            new_x = first + (new_x - first + 180) % 360 - 180 if len(first) else new_x
    return np.stack([new_x.reshape(x.shape), new_y.reshape(y.shape)])


def _halved(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lattice with linearly interpolated points between its points, shape (2, 2 rows - 1, 2 columns - 1)."""
    halved = np.empty((2, 2 * points.shape[1] - 1, 2 * points.shape[2] - 1))
    halved[:, ::2, ::2] = points
    halved[:, 1::2, ::2] = (points[:, 1:] + points[:, :-1]) / 2
    halved[:, :, 1::2] = (halved[:, :, 2::2] + halved[:, :, :-2:2]) / 2
    return halved


def resample_bilinear(values: NDArray[np.float32], grid: Grid, target_grid: Grid,
                      progress: Progress | None = None) -> NDArray[np.float32]:
    """Bilinear values at the centres of the target cells, shape (..., target rows, target columns).

    values: shape (..., rows, columns) on grid, NaN where there is no data. The four cells around a place count with
    their bilinear weights, valid ones only, renormalised; below half of the weight the result is NaN. Nothing is
    averaged when the target cells are larger than the source's.
    """
    progress = progress or Progress()
    bands = values.reshape(-1, grid.height, grid.width)
    resampled = np.empty((len(bands), target_grid.height, target_grid.width), dtype=np.float32)
    if grid.same_cells(target_grid):
        resampled[:] = bands
        return resampled.reshape(*values.shape[:-2], target_grid.height, target_grid.width)
    border = np.pad(bands, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)  # what lies outside is no data
    valid = np.isfinite(border)
    border[~valid] = 0
    flat, flat_valid = border.reshape(len(bands), -1), valid.reshape(len(bands), -1)
    for first_row, columns, rows in _positions(grid, target_grid):
        corners = _corners(columns - 0.5, rows - 0.5, grid)
        for band in range(len(bands)):
            progress.report((first_row + band / len(bands) * len(columns)) / target_grid.height)
            total = np.zeros(columns.shape)
            weights = np.zeros(columns.shape)
            for cells, weight in corners:
                total += weight * flat[band].take(cells)
                weights += weight * flat_valid[band].take(cells)
            with np.errstate(invalid="ignore", divide="ignore"):
                total /= weights
            total[~(weights >= LEAST_WEIGHT)] = np.nan
            resampled[band, first_row:first_row + len(columns)] = total
    return resampled.reshape(*values.shape[:-2], target_grid.height, target_grid.width)


def nearest_indices(grid: Grid, target_grid: Grid) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Row and column in grid of the cell that holds the centre of each target cell; both -1 outside the grid.

    Shapes: (target rows, target columns).
    """
    shape = (target_grid.height, target_grid.width)
    row_indices, column_indices = np.full(shape, -1, dtype=np.int32), np.full(shape, -1, dtype=np.int32)
    for first_row, columns, rows in _positions(grid, target_grid):
        inside = (columns >= 0) & (columns < grid.width) & (rows >= 0) & (rows < grid.height)
        row_indices[first_row:first_row + len(rows)][inside] = rows[inside].astype(np.int32)
        column_indices[first_row:first_row + len(rows)][inside] = columns[inside].astype(np.int32)
    return row_indices, column_indices


def _positions(grid: Grid, target_grid: Grid) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Per strip of target rows: its first row, and column and row in grid of the centres of its cells."""
    tolerance = TOLERANCE_CELLS * min(grid.cell_width, grid.cell_height)
    left, _, right, top = grid.bounds
    for first_row in range(0, target_grid.height, STRIP_ROWS):
        rows = min(STRIP_ROWS, target_grid.height - first_row)
        lattice = CoordinateLattice(target_grid, grid.crs, tolerance, first_row, rows)
        x, y = lattice.at_crossings(np.arange(target_grid.width) + 0.5, first_row + np.arange(rows) + 0.5)
        if grid.crs.is_geographic:  # the longitude in the turn that the grid is in
            finite = x[np.isfinite(x)]
            x -= 360 * np.round((finite.mean() - (left + right) / 2) / 360) if len(finite) else 0
        yield first_row, (x - left) / grid.cell_width, (top - y) / grid.cell_height


def _corners(columns: NDArray[np.float64], rows: NDArray[np.float64],
             grid: Grid) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Flat index in the grid with a border of one cell, and weight, of the four cells around each place."""
    outside = ~((columns > -1) & (columns < grid.width) & (rows > -1) & (rows < grid.height))
    columns, rows = np.where(outside, -1.0, columns), np.where(outside, -1.0, rows)
    left, top = np.floor(columns), np.floor(rows)
    right_weight, lower_weight = columns - left, rows - top
    stride = grid.width + 2
    first = ((top + 1) * stride + left + 1).astype(np.intp)
    return [(first, (1 - lower_weight) * (1 - right_weight)), (first + 1, (1 - lower_weight) * right_weight),
            (first + stride, lower_weight * (1 - right_weight)), (first + stride + 1, lower_weight * right_weight)]
