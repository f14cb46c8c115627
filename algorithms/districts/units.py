"""Units: the polygons that become the nodes of a region graph, with the district and the city of each."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, shapes_in, shapes_of
from ..overlaps import first_containing
from ..progress import Progress
from ..projections import WGS84, equal_area_crs

NOWHERE = -1


@dataclass(frozen=True)
class Units:
    """names, district, city: one per unit; city is empty where none was named. shapes: shapely geometries of shape
    (units,), in crs, whose areas are true and whose unit is the metre. table: the layer that they come from."""

    names: tuple[str, ...]
    district: tuple[str, ...]
    city: tuple[str, ...]
    shapes: NDArray[np.object_]
    crs: CRS
    table: FeatureTable

    def __len__(self) -> int:
        return len(self.names)

    def districts(self) -> tuple[tuple[str, ...], NDArray[np.intp]]:
        """Names of the districts, sorted, and the number of every unit's district."""
        names, number = np.unique(np.array(self.district, dtype=str), return_inverse=True)
        return tuple(str(name) for name in names), number.ravel().astype(np.intp)

    def take(self, rows: NDArray[np.intp]) -> Units:
        """Some units, in their order."""
        names, district, city = (tuple(each[row] for row in rows) for each in (self.names, self.district, self.city))
        return Units(names, district, city, self.shapes[rows], self.crs, self.table.take(rows))

    def have_areas(self, parameter: str) -> None:
        """Raises InputError where a unit is no polygon, which the parameter needs."""
        if not (shapely.area(self.shapes) > 0).all():
            raise InputError(self.table.parameter, f"not every unit is a polygon, which {parameter} needs",
                             f"choose a polygon layer or leave {parameter} empty")

    def of_points(self, points: NDArray[np.object_]) -> NDArray[np.intp]:
        """Number of the unit of each shapely point (in crs), NOWHERE outside all, the first on a shared edge."""
        return first_containing(self.shapes, points)


def read_units(table: FeatureTable, unit_field: str, district_field: str, city_field: str,
               progress: Progress) -> Units:
    """Units of a layer of polygons, or of points where nothing is looked for by place.

    A unit without a district belongs to the district that has its city's name. Raises InputError for ids that are
    empty or repeat, units without district and city, a district in two cities, and geometries that are missing.
    """
    if not len(table):
        raise InputError(table.parameter, "it has no feature", "choose a layer of units")
    if not table.wkb:
        raise InputError(table.parameter, "it is a table without geometry", "choose a layer of polygons")
    names = table.texts(unit_field, "UNIT_FIELD")
    _check_names(names, unit_field)
    city = _filled(table.texts(city_field, "CITY_FIELD") if city_field else None, len(table))
    district = _filled(table.texts(district_field, "DISTRICT_FIELD") if district_field else None, len(table))
    district = [own or of_city for own, of_city in zip(district, city)]
    _check_districts(names.tolist(), district, city, district_field)
    own = crs_of(table)
    shapes = shapes_of(table)
    _check_shapes(names.tolist(), shapes, table)
    crs = equal_area_crs(transform_bounds(own, WGS84, *shapely.total_bounds(shapes)))
    broken = int((~shapely.is_valid(shapely.from_wkb(np.array(table.wkb, dtype=object)))).sum())
    if broken:
        progress.warning(f"{table.parameter}: {broken} of {len(table)} polygons are invalid and were repaired for "
                         "measuring.")
    return Units(tuple(names), tuple(district), tuple(city), shapes_in(table, crs), crs, table)


def _filled(texts: NDArray[np.object_] | None, rows: int) -> list[str]:
    return [""] * rows if texts is None else [(text or "").strip() for text in texts]


def _check_names(names: NDArray[np.object_], field: str) -> None:
    empty = np.flatnonzero([not name for name in names])
    if len(empty):
        raise InputError("UNIT_FIELD", f"'{field}' is empty in {len(empty)} of {len(names)} rows (the first is row "
                         f"{empty[0] + 1})", "choose a field with an id for every unit")
    values, counts = np.unique(names.astype(str), return_counts=True)
    if (counts > 1).any():
        raise InputError("UNIT_FIELD", f"{int((counts > 1).sum())} ids repeat in '{field}' (the first is "
                         f"'{values[counts > 1][0]}')", "choose a field whose values differ, or dissolve the layer by "
                         "it")


def _check_districts(names: Sequence[str], district: Sequence[str], city: Sequence[str], field: str) -> None:
    without = [name for name, own in zip(names, district) if not own]
    if without and not field:
        raise InputError("DISTRICT_FIELD", f"no field was named, and {len(without)} of {len(names)} units have no city",
                         "name the field with the district of each unit")
    if without:
        raise InputError("DISTRICT_FIELD", f"{len(without)} of {len(names)} units have neither district nor city (the "
                         f"first is '{without[0]}')", "fill the field, or name CITY_FIELD for cities without districts")
    city_of: dict[str, str] = {}
    for own, of_city in zip(district, city):
        if city_of.setdefault(own, of_city) != of_city:
            raise InputError("DISTRICT_FIELD", f"'{own}' lies in the cities '{city_of[own]}' and '{of_city}'",
                             "choose a field whose values differ between cities, such as codes")


def _check_shapes(names: Sequence[str], shapes: NDArray[np.object_], table: FeatureTable) -> None:
    missing = np.flatnonzero(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if len(missing):
        raise InputError(table.parameter, f"{len(missing)} of {len(shapes)} units have no geometry (the first is "
                         f"'{names[missing[0]]}')", "add it or leave these units out")
