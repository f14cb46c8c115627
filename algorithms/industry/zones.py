"""Zones that statistics are published for: named polygons that don't overlap."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.features import rasterize

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..overlaps import first_containing, overlaps
from ..rasters import Grid

SLIVER = 1e-3  # of the smaller zone: what neighbours may share by careless drawing
NOWHERE = -1


@dataclass(frozen=True)
class Zones:
    """names: one per zone, sorted. shapes: shapely geometries of shape (zones,), in crs."""

    names: tuple[str, ...]
    shapes: NDArray[np.object_]
    crs: CRS

    def of_points(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
        """Index of the zone of each place (in crs), shape (n,); NOWHERE outside all, the first on a shared edge."""
        return first_containing(self.shapes, shapely.points(x, y)).astype(np.int32)

    def of_cells(self, grid: Grid) -> NDArray[np.int32]:
        """Index of the zone that the centre of each cell lies in, shape (rows, columns); grid in crs."""
        burnt: NDArray[np.int32] = rasterize(
            zip(self.shapes, range(len(self.shapes))), (grid.height, grid.width), NOWHERE, transform=grid.transform,
            dtype="int32")
        return burnt


def read_zones(table: FeatureTable, zone_field: str, crs: CRS) -> Zones:
    """Zones in another CRS; polygons of one name are one zone. Raises InputError where zones overlap."""
    texts, shapes = table.texts(zone_field, "ZONE_FIELD"), shapes_in(table, crs)
    there = (texts != None) & (shapely.area(shapes) > 0)  # noqa: E711
    if not there.any():
        raise InputError(table.parameter, f"it has no polygon with a name in '{zone_field}'",
                         "choose a polygon layer and the field that names its zones")
    names, number = np.unique(texts[there].astype(str), return_inverse=True)
    polygons = shapes[there]
    joined = np.array([shapely.union_all(polygons[number.ravel() == zone]) for zone in range(len(names))], object)
    first, second, shared = overlaps(joined, joined)
    areas = shapely.area(joined)
    wrong = np.flatnonzero((first < second) & (shared > SLIVER * np.minimum(areas[first], areas[second])))
    if len(wrong):
        one, other = names[first[wrong[0]]], names[second[wrong[0]]]
        raise InputError(table.parameter, f"the zones '{one}' and '{other}' overlap",
                         "correct the layer so that every place has one zone")
    return Zones(tuple(str(name) for name in names), joined, crs)
