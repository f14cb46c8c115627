"""Light indexes of urban centres, city by city, on the metric grid that the centres were found on (Jie et al. 2024)."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from ..boundaries import Boundary, outside
from ..cbd.index_names import COUNT, HAS_NEGATIVE
from ..cbd.settings import LightIndexesSettings
from ..cell_areas import cell_areas
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, shapes_of, transform_shapes
from ..progress import Progress
from ..rasters import Grid, RasterInput, open_raster, read_grid
from ..resampling import resample_bilinear
from ..settings import Resources
from .centre_field import SOURCE_BYTES, check_band, check_memory, metric_grid, read_part, window_around
from .nearest_cells import band_named, read_classes, read_nearest
from .pixel_indexes import FIELDS, CentreCells, LightBase, light_base, pixel_indexes

CELL_BYTES = 80  # of a city's grid: radiance, classes, statistics, areas, and the indexes that bring them there

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class LightSources:
    """What light indexes are counted from.

    radiance: annual, in nW/cm2/sr, of which the band (from 1) is taken. classes, statistics: as the angular effects
    wrote them, on any grid. city_field: of the centres, and of the polygon layers that have it; empty for one city.
    """

    centres: FeatureTable
    radiance: RasterInput
    band: int
    classes: RasterInput
    statistics: RasterInput | None = None
    urban_area: FeatureTable | None = None
    boundary: FeatureTable | None = None
    city_field: str = ""


@dataclass(frozen=True)
class CityLight:
    """One city: its centres, those with negative cells, and what its Z-scores refer to; None without a base."""

    city: str
    centres: int
    with_negative: int
    base: LightBase | None
    nights: float


@dataclass(frozen=True)
class LightIndexes:
    """columns: field to one value per centre in their order, NaN for unknown; FIELDS has the fields and kinds."""

    columns: Mapping[str, NDArray[np.float64]]
    cities: list[CityLight]


@dataclass(frozen=True)
class CityCells:
    """The rasters of a city on one metric grid, of shape (rows, columns); see CentreCells for each."""

    grid: Grid
    light: NDArray[np.float32]
    classes: NDArray[np.float32]
    change: NDArray[np.float32]
    nights: NDArray[np.float32]


def light_indexes(sources: LightSources, settings: LightIndexesSettings, resources: Resources,
                  progress: Progress | None = None) -> LightIndexes:
    """The indexes of all centres; a centre without a valid cell has none.

    Z-scores are missing without polygons that they could refer to. Raises InputError for what can't be used, and where
    rasters or urban areas lie elsewhere than the centres.
    """
    progress = progress or Progress()
    if settings.z_base == "boundary" and sources.boundary is None:
        raise InputError("BOUNDARY", "it is empty, and Z_BASE is boundary", "name it or choose urban_area")
    if settings.z_base == "urban_area" and sources.urban_area is None:
        progress.warning("There are no Z-scores, because URBAN_AREA is empty.")
    shapes = shapes_of(sources.centres)
    columns = {name: np.full(len(shapes), np.nan) for name in FIELDS}
    rows_of = cities_of(sources.centres, sources.city_field)
    cities = []
    for index, (city, rows) in enumerate(rows_of.items()):
        step = progress.part(index / len(rows_of), (index + 1) / len(rows_of))
        found, light = _city_indexes(city, shapes[rows], sources, settings, resources, step)
        for name, values in found.items():
            columns[name][rows] = values
        cities.append(light)
    _check_overlap(sources, columns)
    return LightIndexes(columns, cities)


def cities_of(table: FeatureTable, city_field: str) -> dict[str, NDArray[np.intp]]:
    """City to its rows, in the order of their first rows; all rows under an empty name where no field is named.

    Raises InputError for rows without a city and for a layer without rows.
    """
    if len(table) == 0:
        raise InputError(table.parameter, "it has no feature", "choose a layer with at least one")
    if not city_field:
        return {"": np.arange(len(table))}
    names = table.texts(city_field, "CITY_FIELD")
    nameless = sum(name is None for name in names)
    if nameless:
        raise InputError("CITY_FIELD", f"'{city_field}' is empty in {nameless} of {len(names)} features",
                         "fill it in or choose another field")
    return {city: np.flatnonzero(names == city) for city in dict.fromkeys(names)}


def indexes_of_centres(cells: CityCells, centres: Sequence[Any] | Shapes, base: LightBase | None,
                       progress: Progress | None = None) -> dict[str, NDArray[np.float64]]:
    """Every field of FIELDS for centres (shapely polygons or None, in the grid's CRS); NaN for unknown."""
    progress = progress or Progress()
    columns = {name: np.full(len(centres), np.nan) for name in FIELDS}
    for index, centre in enumerate(centres):
        progress.report(index / len(centres))
        window = None if centre is None or centre.is_empty else window_around(centre.bounds, cells.grid)
        if window is None:
            continue
        part, place = cells.grid.part(window), window.toslices()
        inside = ~outside([centre], part)
        light, classes, change, nights = (each[place][inside].astype(np.float64) for each in (
            cells.light, cells.classes, cells.change, cells.nights))
        own = CentreCells(light, classes, cell_areas(part)[inside], change, nights)
        for name, value in pixel_indexes(own, base).items():
            columns[name][index] = value
    return columns


def _city_indexes(city: str, centres: Shapes, sources: LightSources, settings: LightIndexesSettings,
                  resources: Resources,
                  progress: Progress) -> tuple[dict[str, NDArray[np.float64]], CityLight]:
    nothing = {name: np.full(len(centres), np.nan) for name in FIELDS}
    own_crs = crs_of(sources.centres)
    base_polygons = _base_polygons(city, centres, sources, settings)
    cells = _read_cells(centres, own_crs, base_polygons, sources, settings, resources, progress.part(0, 0.5))
    if cells is None:
        progress.warning(f"The centres{_of(city)} lie outside RADIANCE and have no indexes.")
        return nothing, CityLight(city, len(centres), 0, None, math.nan)
    shapes = transform_shapes(centres, own_crs, cells.grid.crs)
    base = _base(city, base_polygons, shapes, cells, progress) if base_polygons else None
    found = indexes_of_centres(cells, shapes, base, progress.part(0.5, 1))
    empty = int(np.isnan(found[COUNT]).sum())
    if empty:
        progress.warning(f"{empty} of {len(centres)} centres{_of(city)} have no cell with radiance and a class.")
    return found, CityLight(city, len(centres), int(np.nansum(found[HAS_NEGATIVE])), base,
                            float(np.nanmedian(found["Nights"])) if np.isfinite(found["Nights"]).any() else math.nan)


def _base_polygons(city: str, centres: Shapes, sources: LightSources,
                   settings: LightIndexesSettings) -> list[Boundary]:
    """What Z-scores refer to: where all of these overlap; empty where nothing was given."""
    layers = [sources.boundary] if settings.z_base == "boundary" else [sources.urban_area, sources.boundary]
    if layers[0] is None:
        return []
    return [_polygons_of(city, centres, layer, sources) for layer in layers if layer is not None]


def _polygons_of(city: str, centres: Shapes, layer: FeatureTable, sources: LightSources) -> Boundary:
    """The city's part of a polygon layer: by CITY_FIELD where the layer has it, else what touches its centres.

    The whole layer where there is only one city.
    """
    field = sources.city_field
    if not field:
        rows = np.arange(len(layer))
    elif field in layer.columns:
        rows = np.flatnonzero(layer.texts(field) == city)
    else:
        own = transform_shapes(centres, crs_of(sources.centres), crs_of(layer))
        rows = np.unique(shapely.STRtree(shapes_of(layer)).query(own, predicate="intersects")[1])
    polygons = [wkb for wkb in (layer.wkb[row] for row in rows) if wkb is not None]
    if not polygons:
        raise InputError(layer.parameter, f"it has no polygon{_of(city)}", "choose a layer that covers all centres")
    return Boundary(layer.parameter, polygons, layer.crs)


def _read_cells(centres: Shapes, own_crs: CRS, base_polygons: Sequence[Boundary], sources: LightSources,
                settings: LightIndexesSettings, resources: Resources, progress: Progress) -> CityCells | None:
    """The rasters around a city's centres and base; None where the raster is elsewhere."""
    with open_raster(sources.radiance) as dataset:
        whole = read_grid(sources.radiance, dataset)
        check_band(sources.radiance, dataset, sources.band)
        window = _window(transform_shapes(centres, own_crs, whole.crs), [each.near(whole) for each in base_polygons],
                         whole)
        if window is None:
            return None
        grid = whole.part(window)
        target = metric_grid(grid, _target_crs(settings, own_crs, grid), settings.cell_size)
        shape = (target.height, target.width)
        check_memory(grid.width * grid.height * SOURCE_BYTES + math.prod(shape) * CELL_BYTES, shape, resources)
        values = read_part(dataset, sources.band, window, progress.part(0, 0.3))
    values[~np.isfinite(values)] = np.nan
    light = resample_bilinear(values, grid, target, progress.part(0.3, 0.5))
    classes = read_classes(sources.classes, target, progress.part(0.5, 0.7))
    change, nights = (np.full(shape, np.nan, np.float32) if sources.statistics is None else
                      read_nearest(sources.statistics, band_named(sources.statistics, name), target, part)
                      for name, part in (("relative_change", progress.part(0.7, 0.85)),
                                         ("observations", progress.part(0.85, 1))))
    return CityCells(target, light, classes, change, nights)


def _window(centres: Shapes, bases: Sequence[Shapes], grid: Grid) -> Window | None:
    """The cells around the centres and where the bounds of all bases overlap; None where the centres are elsewhere."""
    bounds = shapely.total_bounds(centres)
    if not np.isfinite(bounds).all() or window_around(bounds, grid) is None:
        return None
    if bases:
        base = np.array([shapely.total_bounds(each) for each in bases])
        bounds = [*np.minimum(bounds[:2], base[:, :2].max(axis=0)), *np.maximum(bounds[2:], base[:, 2:].min(axis=0))]
    return window_around(bounds, grid)


def _target_crs(settings: LightIndexesSettings, centres_crs: CRS, grid: Grid) -> str:
    """The centres were found in their own CRS; where that is the raster's too, urbancentres would choose the cells."""
    if settings.target_crs or not centres_crs.is_projected or centres_crs == grid.crs:
        return settings.target_crs
    return str(centres_crs.to_wkt())


def _base(city: str, polygons: Sequence[Boundary], centres: Shapes, cells: CityCells,
          progress: Progress) -> LightBase | None:
    inside = np.ones(cells.light.shape, dtype=bool)
    for each in polygons:
        inside &= ~outside(each.near(cells.grid), cells.grid)
    parameter = polygons[0].parameter
    known = [centre for centre in centres if centre is not None and not centre.is_empty]
    if not (inside & ~outside(known, cells.grid)).any():
        raise InputError(parameter, f"none of its polygons lies over the centres{_of(city)}",
                         "choose the polygons of the same city")
    light = cells.light[inside & np.isfinite(cells.light)].astype(np.float64)
    if not len(light) or light.min() == light.max():
        progress.warning(f"There are no Z-scores{_of(city)}, because the radiance inside {parameter} has no data or "
                         "doesn't vary.")
    return light_base(light) if len(light) else None


def _check_overlap(sources: LightSources, columns: Mapping[str, NDArray[np.float64]]) -> None:
    if np.isnan(columns["Mean"]).all():
        raise InputError("RADIANCE", "it has no data under any of the centres",
                         "choose rasters and centres of the same place")
    if np.isnan(columns[COUNT]).all():
        raise InputError("CLASSES", "it has no class under any of the centres",
                         "choose rasters and centres of the same place")


def _of(city: str) -> str:
    return f" of '{city}'" if city else ""
