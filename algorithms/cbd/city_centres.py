"""The urban centres of one city with their light indexes, from its annual radiance and its angular classes."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..boundaries import Boundary
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..night_lights.light_indexes import CityLight, LightSources, light_indexes
from ..night_lights.pixel_indexes import FIELDS
from ..night_lights.settings import UrbanCentresSettings
from ..night_lights.urban_centres import UrbanCentre, find_urban_centres
from ..progress import Progress
from ..projections import WGS84
from ..rasters import RasterInput
from ..settings import Resources
from .index_names import CENTRE_ID
from .settings import LightIndexesSettings

CITY = "city"
OBJECT_KINDS = ("text", "date")  # of which columns hold objects
MULTIPOLYGON = 6  # OGC
CENTRE_KINDS = {CITY: "text", CENTRE_ID: "integer", "contour_value": "number", "area_km2": "number",
                "max_value": "number", "touches_edge": "flag", "above_threshold": "number", "stability": "number"}


@dataclass(frozen=True)
class CityLayers:
    """What is known of a city. radiance: annual, of which the first band is taken, nW/cm2/sr. boundary: the city;
    urban_area: what its Z-scores refer to."""

    name: str
    radiance: RasterInput
    classes: RasterInput
    statistics: RasterInput
    boundary: FeatureTable
    urban_area: FeatureTable


def find_centres(city: CityLayers, settings: UrbanCentresSettings, resources: Resources,
                 progress: Progress) -> FeatureTable:
    """One row per centre with CENTRE_KINDS, in the centres' own CRS. Raises InputError for what can't be used."""
    found = find_urban_centres(city.radiance, 1, boundary_of(city.boundary), settings, resources, progress)
    return _table(city.name, found.centres, found.crs.to_wkt())


def with_indexes(centres: FeatureTable, city: CityLayers, settings: UrbanCentresSettings, resources: Resources,
                 progress: Progress) -> tuple[FeatureTable, CityLight]:
    """The centres, of which there must be one, with their light indexes. Raises InputError for what can't be used."""
    sources = LightSources(centres, city.radiance, 1, city.classes, city.statistics, city.urban_area, city.boundary)
    indexes = light_indexes(sources, LightIndexesSettings(cell_size=settings.cell_size), resources, progress)
    return with_columns(centres, indexes.columns, FIELDS), indexes.cities[0]


def with_unknown(table: FeatureTable, kinds: Mapping[str, str]) -> FeatureTable:
    """The same rows with empty columns."""
    return with_columns(table, {name: np.full(len(table), None, dtype=object) if kind in OBJECT_KINDS else
                                np.full(len(table), np.nan) for name, kind in kinds.items()}, kinds)


def with_columns(table: FeatureTable, columns: Mapping[str, NDArray[Any]], kinds: Mapping[str, str]) -> FeatureTable:
    """The same rows with more columns."""
    return replace(table, columns={**table.columns, **columns}, kinds={**table.kinds, **kinds})


def joined(tables: Sequence[FeatureTable], kinds: Mapping[str, str], parameter: str) -> FeatureTable:
    """The rows of all tables, which have these fields, in WGS 84."""
    columns = {name: np.concatenate([table.columns[name] for table in tables]) for name in kinds}
    wkb = [shape.wkb for table in tables if len(table) for shape in shapes_in(table, WGS84)]
    return FeatureTable(parameter, columns, kinds, tuple(wkb), WGS84.to_string(), MULTIPOLYGON)


def boundary_of(table: FeatureTable) -> Boundary:
    """The polygons of a layer as a boundary."""
    return Boundary(table.parameter, [wkb for wkb in table.wkb if wkb is not None], table.crs)


def _table(city: str, centres: list[UrbanCentre], crs: str) -> FeatureTable:
    def column(name: str) -> NDArray[Any]:
        if name == CITY:
            return np.full(len(centres), city, dtype=object)
        values = [getattr(centre, name) for centre in centres]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    return FeatureTable("CENTRES", {name: column(name) for name in CENTRE_KINDS}, CENTRE_KINDS,
                        tuple(centre.outline.wkb for centre in centres), crs, MULTIPOLYGON)
