"""The angular classes of several cities in one raster."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..errors import InputError
from ..night_lights.angular_effects import CLASSES
from ..night_lights.angular_fit import NO_DATA
from ..night_lights.black_marble.products import CELLS_PER_DEGREE
from ..progress import Progress
from ..rasters import BLOCK, Grid, RasterInput, RasterWriter, open_raster, plan_windows, read_grid
from ..settings import Bounds

MOST_CELLS = 400_000_000
BLOCK_BYTES = 16 * 2**20


def write_mosaic(parts: Sequence[RasterInput], path: str, progress: Progress) -> None:
    """Writes CLASSES over all parts, which share the cells of one grid; where parts overlap the first class counts."""
    grids = [_grid_of(part) for part in parts]
    whole = _union(grids)
    places = [_place(grid, whole) for grid in grids]
    with RasterWriter("CLASSES", path, whole, ["angular effect"], "uint8", NO_DATA, classes=CLASSES) as writer:
        for window in plan_windows(whole.width, whole.height, (BLOCK, BLOCK), 1, BLOCK_BYTES):
            progress.check()
            classes = np.full((1, window.height, window.width), NO_DATA, dtype=np.uint8)
            for part, place in zip(parts, places):
                _paste(part, place, window, classes)
            writer.write(classes, window)


def check_extent(bounds: Bounds) -> None:
    """Raises InputError where one raster over bounds, in WGS 84 degrees, would be too large."""
    west, south, east, north = bounds
    width, height = (round(degrees * CELLS_PER_DEGREE) for degrees in (east - west, north - south))
    if width * height > MOST_CELLS:
        raise InputError("CLASSES", f"one raster of all cities has {width} x {height} cells",
                         "leave it empty, or select cities that lie nearer together")


def _grid_of(part: RasterInput) -> Grid:
    with open_raster(part) as dataset:
        return read_grid(part, dataset)


def _union(grids: Sequence[Grid]) -> Grid:
    first = grids[0]
    places = [_place(grid, first) for grid in grids]
    left, top = min(place.col_off for place in places), min(place.row_off for place in places)
    right = max(place.col_off + place.width for place in places)
    bottom = max(place.row_off + place.height for place in places)
    return first.part(Window(left, top, right - left, bottom - top))


def _place(grid: Grid, whole: Grid) -> Window:
    """Where a grid lies in another one with the same cells."""
    column = round((grid.transform.c - whole.transform.c) / whole.cell_width)
    row = round((whole.transform.f - grid.transform.f) / whole.cell_height)
    return Window(column, row, grid.width, grid.height)


def _paste(part: RasterInput, place: Window, window: Window, classes: NDArray[np.uint8]) -> None:
    left, top = max(place.col_off, window.col_off), max(place.row_off, window.row_off)
    right = min(place.col_off + place.width, window.col_off + window.width)
    bottom = min(place.row_off + place.height, window.row_off + window.height)
    if left >= right or top >= bottom:
        return
    with open_raster(part) as dataset:
        own = dataset.read(1, window=Window(left - place.col_off, top - place.row_off, right - left, bottom - top))
    target = classes[0, top - window.row_off:bottom - window.row_off, left - window.col_off:right - window.col_off]
    np.copyto(target, own, where=target == NO_DATA)
