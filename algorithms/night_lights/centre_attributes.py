"""Further attributes of urban centres: means of rasters such as building heights, and places by category."""
from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import DatasetReader
from rasterio.windows import Window

from ..boundaries import outside
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, shapes_in, shapes_of
from ..progress import Progress
from ..rasters import Grid, RasterInput, open_raster, plan_windows, read_grid, read_values
from .centre_field import window_around

READ_BYTES = 32 * 2**20
CELL_BYTES = 32  # of a block: values, their square deviations and the mask
MOST_CATEGORIES = 100


def raster_attributes(centres: FeatureTable, rasters: Sequence[RasterInput],
                      progress: Progress | None = None) -> dict[str, NDArray[np.float64]]:
    """<name>_mean and <name>_sd of each raster's first band over its own cells whose centre lies in a centre.

    <name> is that of the file. NaN where there is no cell with data. Raises InputError for names that stand twice, and
    for a raster that has no data under any centre.
    """
    progress = progress or Progress()
    columns: dict[str, NDArray[np.float64]] = {}
    for index, raster in enumerate(rasters):
        name = field_name(Path(raster.path).stem)
        if f"{name}_mean" in columns:
            raise InputError(raster.parameter, f"two rasters are named '{name}'", "rename one of the files")
        mean, sd = _zonal(centres, raster, progress.part(index / len(rasters), (index + 1) / len(rasters)))
        if np.isnan(mean).all():
            raise InputError(raster.parameter, f"'{Path(raster.path).name}' has no data under any of the centres",
                             "choose rasters and centres of the same place")
        columns.update({f"{name}_mean": mean, f"{name}_sd": sd})
    return columns


def _zonal(centres: FeatureTable, raster: RasterInput,
           progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and population standard deviation per centre, block by block (Chan et al. 1979)."""
    mean, sd = np.full(len(centres), np.nan), np.full(len(centres), np.nan)
    with open_raster(raster) as dataset:
        whole = read_grid(raster, dataset)
        shapes = shapes_in(centres, whole.crs)
        for row, shape in enumerate(shapes):
            progress.report(row / len(shapes))
            count, middle, squares = 0, 0.0, 0.0
            for values in _blocks_inside(shape, whole, dataset):
                progress.check()
                step, total = values.mean() - middle, count + len(values)
                squares += ((values - values.mean()) ** 2).sum() + step**2 * count * len(values) / total
                middle += step * len(values) / total
                count = total
            if count:
                mean[row], sd[row] = middle, math.sqrt(squares / count)
    return mean, sd


def _blocks_inside(shape: Any, grid: Grid, dataset: DatasetReader) -> Iterator[NDArray[np.float64]]:
    """Values of the cells with data whose centre lies inside, some at a time."""
    window = None if shape is None or shape.is_empty else window_around(shape.bounds, grid)
    if window is None:
        return
    for block in plan_windows(window.width, window.height, dataset.block_shapes[0], CELL_BYTES, READ_BYTES):
        place = Window(window.col_off + block.col_off, window.row_off + block.row_off, block.width, block.height)
        values = read_values(dataset, [1], place)[0][~outside([shape], grid.part(place))]
        known = values[np.isfinite(values)].astype(np.float64)
        if len(known):
            yield known


def place_counts(centres: FeatureTable, places: FeatureTable,
                 category_field: str = "") -> dict[str, NDArray[np.float64]]:
    """Points inside each centre: places, or places_<category> for every category in the field.

    Points without a category are left out. Raises InputError for too many categories.
    """
    crs = crs_of(centres)
    shapes, points = shapes_of(centres), shapes_in(places, crs)
    names = np.full(len(points), "places", dtype=object)
    if category_field:
        texts = places.texts(category_field, "CATEGORY_FIELD")
        names = np.array([None if text is None else f"places_{field_name(text)}" for text in texts], dtype=object)
        if not len(set(names) - {None}):
            raise InputError("CATEGORY_FIELD", f"'{category_field}' is empty everywhere", "choose another field")
    categories = sorted(set(names) - {None})
    if len(categories) > MOST_CATEGORIES:
        raise InputError("CATEGORY_FIELD", f"'{category_field}' has {len(categories)} different values",
                         f"choose a field with at most {MOST_CATEGORIES}")
    owner, parts = shapely.get_parts(points, return_index=True)[::-1]
    rows, hits = shapely.STRtree(parts).query(shapes, predicate="intersects")
    columns = {}
    for category in categories:
        counts = np.bincount(rows[names[owner[hits]] == category], minlength=len(shapes)).astype(np.float64)
        columns[category] = np.where([shape is None for shape in shapes], np.nan, counts)
    return columns


def field_name(text: str) -> str:
    """Lower-case letters, digits and single underscores, as all formats allow for a field."""
    return re.sub(r"\W+", "_", text.strip().lower()).strip("_") or "unnamed"
