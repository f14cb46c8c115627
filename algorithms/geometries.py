"""Geometries of feature tables as shapely's, in any CRS."""
from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from shapely.errors import ShapelyError

from .errors import InputError
from .feature_tables import FeatureTable
from .projections import transform_points

SEGMENTS = 200  # pieces that an edge as long as all polygons together is cut into, so that it bends with the projection


def shapes_of(table: FeatureTable) -> NDArray[np.object_]:
    """Valid 2D geometries of shape (rows,), None where a row has none. Raises InputError for what can't be read."""
    try:
        shapes: NDArray[np.object_] = shapely.force_2d(shapely.from_wkb(np.array(table.wkb, dtype=object)))
    except ShapelyError as error:
        raise InputError(table.parameter, f"a geometry can't be read ({error})", "repair the layer") from error
    broken = ~shapely.is_valid(shapes) & (shapes != None)  # noqa: E711
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def crs_of(table: FeatureTable) -> CRS:
    """Raises InputError for a layer without one."""
    if not table.crs:
        raise InputError(table.parameter, "it has no coordinate reference system", "assign the right one to the layer")
    return CRS.from_user_input(table.crs)


def shapes_in(table: FeatureTable, crs: CRS) -> NDArray[np.object_]:
    """The same in another CRS. Raises InputError where they can't be projected."""
    shapes, own = shapes_of(table), crs_of(table)
    if own == crs:
        return shapes
    moved = transform_shapes(shapes, own, crs)
    if not np.isfinite(shapely.bounds(moved[shapes != None])).all():  # noqa: E711
        raise InputError(table.parameter, f"it can't be projected to {crs.to_string()}", "choose layers of one region")
    return moved


def transform_shapes(shapes: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    """Geometries of shape (n,) from one CRS in another; long edges bend with the projection."""
    left, bottom, right, top = shapely.total_bounds(shapes)
    length = max(right - left, top - bottom) / SEGMENTS
    bent = shapely.segmentize(shapes, length) if length > 0 else shapes
    moved: NDArray[np.object_] = shapely.transform(
        bent, lambda points: np.column_stack(transform_points(source, target, points[:, 0], points[:, 1])))
    return moved
