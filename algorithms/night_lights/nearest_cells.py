"""Rasters that may not be interpolated, brought to another grid: each cell takes the cell that holds its centre."""
from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.warp import transform_bounds

from ..errors import InputError
from ..progress import Progress
from ..rasters import Grid, RasterInput, open_raster, read_grid
from ..resampling import nearest_indices
from .angular_fit import NEGATIVE, NO_DATA, NONE, POSITIVE, U_SHAPED
from .centre_field import read_part, window_around

CODES = (NONE, NEGATIVE, POSITIVE, U_SHAPED)


def read_nearest(source: RasterInput, band: int, target: Grid, progress: Progress | None = None) -> NDArray[np.float32]:
    """A band (from 1) of shape (target rows, target columns), NaN without data and outside the raster."""
    progress = progress or Progress()
    values = np.full((target.height, target.width), np.nan, dtype=np.float32)
    with open_raster(source) as dataset:
        whole = read_grid(source, dataset)
        window = window_around(transform_bounds(target.crs, whole.crs, *target.bounds), whole)
        if window is None:
            return values
        own = read_part(dataset, band, window, progress)
    rows, columns = nearest_indices(whole.part(window), target)
    inside = rows >= 0
    values[inside] = own[rows[inside], columns[inside]]
    return values


def read_classes(source: RasterInput, target: Grid, progress: Progress | None = None) -> NDArray[np.float32]:
    """Angular classes on another grid: 0 to 3, NaN without data. Raises InputError for a raster with other codes."""
    name = Path(source.path).name
    what_to_do = "choose the class raster that 'Angular effects' wrote"
    with open_raster(source) as dataset:
        if dataset.count != 1:
            raise InputError(source.parameter, f"'{name}' has {dataset.count} bands", what_to_do)
    classes = read_nearest(source, 1, target, progress)
    classes[classes == NO_DATA] = np.nan
    other = classes[np.isfinite(classes) & ~np.isin(classes, CODES)]
    if len(other):
        raise InputError(source.parameter, f"'{name}' has the value {other[0]:g}, and classes are 0 to 3 and 255",
                         what_to_do)
    return classes


def band_named(source: RasterInput, description: str) -> int:
    """The band of this description. Raises InputError where there is none."""
    with open_raster(source) as dataset:
        if description not in dataset.descriptions:
            raise InputError(source.parameter, f"'{Path(source.path).name}' has no band '{description}'",
                             "choose the statistics that 'Angular effects' wrote")
        return int(dataset.descriptions.index(description)) + 1
