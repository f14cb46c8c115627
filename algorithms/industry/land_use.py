"""Land use of cells: the share of each that every class covers."""
from __future__ import annotations

import re

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.windows import Window

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..progress import Progress
from ..rasters import Grid

MOST_CLASSES = 8
OTHER = "other"
FINE = 5  # parts of a cell's side
STRIP_ROWS = 256


def land_use_shares(table: FeatureTable, field: str, grid: Grid,
                    progress: Progress) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names of the classes, and shares of shape (rows x columns, classes), from 25 points per cell.

    Where polygons overlap the later one counts. Beyond MOST_CLASSES the smaller classes are OTHER. What no polygon
    covers is no class. Raises InputError for a layer without polygons on the grid or without classes.
    """
    shapes, texts = shapes_in(table, grid.crs), table.texts(field, "LANDUSE_FIELD")
    named = np.array([text is not None for text in texts], dtype=bool)
    near = shapely.intersects(shapes, shapely.box(*grid.bounds)) & named & (shapely.area(shapes) > 0)
    if not near.any():
        raise InputError(table.parameter, f"it has no polygon with a class in '{field}' on RADIANCE",
                         "choose land use of the same region")
    shapes, classes = shapes[near], texts[near].astype(str)
    names, number = _common(classes, shapely.area(shapes))
    shares = np.zeros((grid.height, grid.width, len(names)), np.float32)
    tree = shapely.STRtree(shapes)
    for top in range(0, grid.height, STRIP_ROWS):
        progress.check()
        strip = grid.part(Window(0, top, grid.width, min(STRIP_ROWS, grid.height - top)))
        found = np.sort(tree.query(shapely.box(*strip.bounds)))
        if not len(found):
            continue
        fine = rasterize(zip(shapes[found], (number[found] + 1).tolist()), (strip.height * FINE, strip.width * FINE),
                         0, transform=strip.transform * strip.transform.scale(1 / FINE), dtype="uint8")
        points = fine.reshape(strip.height, FINE, strip.width, FINE)
        for index in range(len(names)):
            shares[top:top + strip.height, :, index] = (points == index + 1).mean(axis=(1, 3))
    return names, shares.reshape(-1, len(names))


def _common(classes: NDArray[np.str_], areas: NDArray[np.float64]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Names of the largest classes in alphabetical order, OTHER last, and each polygon's index among them."""
    names, number = np.unique(classes, return_inverse=True)
    number = number.ravel()
    if len(names) <= MOST_CLASSES:
        return tuple(str(name) for name in names), number
    sums = np.bincount(number, areas)
    largest = np.sort(np.argsort(-sums, kind="stable")[:MOST_CLASSES - 1])
    place = np.full(len(names), MOST_CLASSES - 1)
    place[largest] = np.arange(len(largest))
    return (*(str(name) for name in names[largest]), OTHER), place[number]


def field_name(name: str) -> str:
    """A class as a part of a field's name."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "class"
