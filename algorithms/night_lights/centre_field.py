"""The radiance field that urban centres are found in: read, cut to the boundary, projected and resampled."""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.windows import Window

from ..boundaries import Boundary, outside
from ..errors import InputError
from ..progress import Progress
from ..projections import automatic_metric_crs, wgs84_bounds
from ..rasters import Grid, RasterInput, open_raster, plan_windows, read_grid, read_values
from ..resampling import TOLERANCE_CELLS, projected_grid, resample_bilinear
from ..settings import Resources
from .settings import UrbanCentresSettings

SOURCE_BYTES = 16  # per cell of the raster, to read and resample
FIELD_BYTES = 40  # per cell of the field, to smooth it and to find its edges
READ_BYTES = 16 * 2**20
MARGIN = 2  # cells around an area that bilinear values and contours need


def read_field(radiance: RasterInput, band: int, boundary: Boundary | None, settings: UrbanCentresSettings,
               resources: Resources, progress: Progress | None = None) -> tuple[NDArray[np.float32], Grid]:
    """Values of shape (rows, columns), NaN without data and outside the boundary, and their grid.

    Raises InputError for what can't be used, and where the run would take more than Resources.max_memory.
    """
    progress = progress or Progress()
    with open_raster(radiance) as dataset:
        whole = read_grid(radiance, dataset)
        check_band(radiance, dataset, band)
        window = _window_of(boundary, whole)
        grid = whole.part(window)
        target = metric_grid(grid, settings.target_crs, settings.cell_size)
        shape = (target.height, target.width)
        check_memory(grid.width * grid.height * SOURCE_BYTES + math.prod(shape) * FIELD_BYTES, shape, resources)
        values = read_part(dataset, band, window, progress.part(0, 0.5))
    values[~np.isfinite(values)] = np.nan
    if np.isnan(values).all():
        raise InputError(radiance.parameter, f"band {band} of '{radiance.path}' has no data here",
                         "choose another band, raster or boundary")
    field = resample_bilinear(values, grid, target, progress.part(0.5, 1))
    if boundary is not None:
        field[outside(boundary.near(target), target)] = np.nan
    if np.isnan(field).all():
        name = boundary.parameter if boundary else "CELL_SIZE"
        raise InputError(name, f"no cell centre of the grid of {target} has data" + (" inside" if boundary else ""),
                         "choose a larger boundary or a smaller cell size")
    return field, target


def check_band(radiance: RasterInput, dataset: rasterio.DatasetReader, band: int) -> None:
    """Raises InputError for a band that the raster doesn't have."""
    if not 1 <= band <= dataset.count:
        raise InputError("BAND", f"band {band} was asked for, and '{radiance.path}' has {dataset.count}",
                         f"choose one from 1 to {dataset.count}")


def _window_of(boundary: Boundary | None, grid: Grid) -> Window:
    """The part of the grid that holds the boundary, and the cells around that bilinear values need."""
    if boundary is None:
        return Window(0, 0, grid.width, grid.height)
    window = window_around(shapely.total_bounds(boundary.near(grid)), grid)
    if window is None:
        raise InputError(boundary.parameter, "its polygons lie outside the raster",
                         "choose polygons that the raster covers")
    return window


def window_around(bounds: Sequence[float] | NDArray[np.float64], grid: Grid) -> Window | None:
    """The cells within bounds (left, bottom, right, top), and MARGIN cells around them; None where it has none."""
    left, bottom, right, top = bounds
    own_left, own_bottom, own_right, own_top = grid.bounds
    if left >= own_right or right <= own_left or bottom >= own_top or top <= own_bottom:
        return None
    first_column = max(0, math.floor((left - own_left) / grid.cell_width) - MARGIN)
    first_row = max(0, math.floor((own_top - top) / grid.cell_height) - MARGIN)
    last_column = min(grid.width, math.ceil((right - own_left) / grid.cell_width) + MARGIN)
    last_row = min(grid.height, math.ceil((own_top - bottom) / grid.cell_height) + MARGIN)
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def metric_grid(grid: Grid, target_crs: str, cell_size: float) -> Grid:
    """The grid to work on; the raster's own where it is projected at the cell size already, or its CRS is asked for."""
    if target_crs:
        try:
            crs = CRS.from_user_input(target_crs)
        except CRSError as error:
            raise InputError("TARGET_CRS", f"'{target_crs}' isn't a coordinate reference system",
                             "give one such as EPSG:32651") from error
        if crs == grid.crs:
            return grid
        if not crs.is_projected:
            raise InputError("TARGET_CRS", f"{crs.to_string()} has degrees where a unit of length is needed",
                             "choose a projected one or leave it empty")
    else:
        sizes = np.array([grid.cell_width, grid.cell_height])
        if grid.crs.is_projected and (abs(sizes / cell_size - 1) <= TOLERANCE_CELLS).all():
            return grid
        crs = automatic_metric_crs(wgs84_bounds(grid))
    target = projected_grid(grid, crs, cell_size)
    if min(target.width, target.height) < 2:
        raise InputError("CELL_SIZE", f"{cell_size:g} leaves {target.width} x {target.height} cells of the "
                         "raster", "give a smaller one")
    return target


def check_memory(needed: float, shape: tuple[int, ...], resources: Resources) -> None:
    """Raises InputError where a field of shape (rows, columns) needs more bytes than Resources.max_memory allows."""
    if needed > resources.max_bytes:
        raise InputError("MAX_MEMORY", f"a field of {shape[1]} x {shape[0]} cells needs about "
                         f"{math.ceil(needed / 2**20)} MiB, and {resources.max_memory} MiB are allowed",
                         "raise it, give a BOUNDARY or a larger CELL_SIZE")


def read_part(dataset: rasterio.DatasetReader, band: int, window: Window, progress: Progress) -> NDArray[np.float32]:
    """A band's values in a window, of shape (rows, columns), read piece by piece; NaN where there is no data."""
    values = np.empty((window.height, window.width), dtype=np.float32)
    blocks = plan_windows(window.width, window.height, dataset.block_shapes[band - 1], 4, READ_BYTES)
    for done, block in enumerate(blocks):
        place = Window(window.col_off + block.col_off, window.row_off + block.row_off, block.width, block.height)
        values[block.toslices()] = read_values(dataset, [band], place)[0]
        progress.report((done + 1) / len(blocks))
    return values
