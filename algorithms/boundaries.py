"""Polygons that limit a computation to an area."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.features import geometry_mask
from rasterio.warp import transform_bounds
from shapely.errors import ShapelyError

from .errors import InputError
from .projections import transform_points
from .rasters import Grid

MARGIN = 0.1  # of the grid's width and height
SEGMENTS = 200  # pieces that an edge as long as the whole boundary is cut into, so that it bends with the projection


@dataclass(frozen=True)
class Boundary:
    """Polygons that the user named: the parameter, their WKB, and their CRS as an authority code or WKT."""

    parameter: str
    polygons: Sequence[bytes]
    crs: str

    def near(self, grid: Grid) -> NDArray[np.object_]:
        """What of the polygons lies on or near the grid, as shapely geometries in its CRS.

        Raises InputError for what is no area and for polygons elsewhere.
        """
        try:
            shapes: NDArray[np.object_] = shapely.make_valid(
                shapely.force_2d(shapely.from_wkb(list(self.polygons))))
        except ShapelyError as error:
            raise InputError(self.parameter, f"a geometry can't be read ({error})", "repair the layer") from error
        shapes = shapes[shapely.area(shapes) > 0]
        if len(shapes) == 0:
            raise InputError(self.parameter, "it has no polygon with an area", "choose a polygon layer")
        if not self.crs:
            raise InputError(self.parameter, "it has no coordinate reference system",
                             "assign the right one to the layer")
        own = CRS.from_user_input(self.crs)
        if own == grid.crs:
            return shapes
        shapes = self._clipped(shapes, own, grid)
        left, bottom, right, top = shapely.total_bounds(shapes)
        bent = shapely.segmentize(shapes, max(right - left, top - bottom) / SEGMENTS)
        moved: NDArray[np.object_] = shapely.transform(
            bent, lambda points: np.column_stack(transform_points(own, grid.crs, points[:, 0], points[:, 1])))
        if not np.isfinite(shapely.total_bounds(moved)).all():
            raise InputError(self.parameter, f"it can't be projected to {grid.crs.to_string()}",
                             "choose polygons near the raster")
        return moved

    def _clipped(self, shapes: NDArray[np.object_], own: CRS, grid: Grid) -> NDArray[np.object_]:
        """A projection is only good near its middle: what lies far from the grid must not be projected."""
        left, bottom, right, top = transform_bounds(grid.crs, own, *grid.bounds, densify_pts=SEGMENTS)
        if left > right:  # across the date line
            return shapes
        wide, high = MARGIN * (right - left), MARGIN * (top - bottom)
        clipped = shapely.intersection(shapes, shapely.box(left - wide, bottom - high, right + wide, top + high))
        near: NDArray[np.object_] = clipped[shapely.area(clipped) > 0]
        if len(near) == 0:
            raise InputError(self.parameter, "its polygons lie outside the raster",
                             "choose polygons that the raster covers")
        return near


def outside(shapes: Sequence[Any] | NDArray[np.object_], grid: Grid) -> NDArray[np.bool_]:
    """Whether the centre of each cell lies outside all shapes, which are in the grid's CRS."""
    mask: NDArray[np.bool_] = geometry_mask(shapes, (grid.height, grid.width), grid.transform)
    return mask
