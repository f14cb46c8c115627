"""Central business districts of many cities in one run, from daily files to outlines (Jie et al. 2024)."""
from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ..boundaries import Boundary, outside
from ..errors import InputError, NocturneError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, shapes_in, shapes_of, transform_shapes
from ..night_lights.angular_fit import NO_DATA, STATISTICS
from ..night_lights.centre_field import read_field
from ..night_lights.light_indexes import CityLight, cities_of
from ..night_lights.nearest_cells import read_classes
from ..night_lights.pixel_indexes import FIELDS
from ..night_lights.smoothing import mean_filter
from ..progress import Progress
from ..projections import WGS84, equal_area_crs
from ..rasters import Grid, RasterInput, open_raster, read_grid
from ..settings import Bounds, Resources
from .city_centres import (
    CENTRE_KINDS,
    CityLayers,
    boundary_of,
    find_centres,
    joined,
    with_columns,
    with_indexes,
    with_unknown,
)
from .city_files import BlackMarbleFolder, UsedNights, covering, write_annual, write_classes
from .class_mosaic import check_extent, write_mosaic
from .classification import CBD_KINDS, Decider, check_fields, classify
from .core_boundary import Core, core_boundary
from .index_names import CITY_TYPE
from .settings import IdentifyCbdSettings
from .typed_cities import FIELDS as TYPE_KINDS

FOUND, NONE, UNDECIDED, FAILED = "CBD found", "no CBD", "not decidable", "failed"
WIDEST_CITY = 5.0  # degrees
LEAST_FITTED = 0.5  # share of the urban area's cells that need enough nights
PERIOD_KINDS = {"status": "text", "start": "date", "end": "date", "year": "integer", "sensor": "text",
                "collection": "integer"}
OUTLINE_KINDS = {"outline": "text", "core_z": "number", "area_km2": "number"}
ALL_KINDS = {**CENTRE_KINDS, **FIELDS, **TYPE_KINDS, **CBD_KINDS, **PERIOD_KINDS}


@dataclass(frozen=True)
class IdentifyInputs:
    """folder: of daily and, where annual is empty, annual files. annual: rasters in nW/cm2/sr. cities: polygons, rows
    with the same name in city_field being one city, empty for one. classes: where the classes of all go, or None."""

    folder: str
    annual: Sequence[RasterInput]
    cities: FeatureTable
    city_field: str
    urban_area: FeatureTable
    classes: str | None = None


@dataclass(frozen=True)
class CityPicture:
    """A city's radiance, negative cells and outlines on one grid; light and negative of shape (rows, columns)."""

    grid: Grid
    light: NDArray[np.float32]
    negative: NDArray[np.bool_]
    centres: list[shapely.Geometry]
    cbds: list[shapely.Geometry]


@dataclass(frozen=True)
class CityOutcome:
    """What became of a city. why: for one that is undecided or failed. fitted: share of the cells of its urban area
    with enough nights. observations: median of these cells. annual_year: 0 where a raster was given."""

    city: str
    status: str
    why: str = ""
    used: UsedNights | None = None
    fitted: float = math.nan
    observations: float = math.nan
    annual_year: int = 0
    city_type: str = ""
    light: CityLight | None = None
    cbds: int = 0
    picture: CityPicture | None = None


@dataclass(frozen=True)
class Identified:
    """outcomes: one per city. centres, cbds: with the fields of ALL_KINDS, in WGS 84."""

    outcomes: list[CityOutcome]
    centres: FeatureTable
    cbds: FeatureTable

    def count(self, status: str) -> int:
        return sum(each.status == status for each in self.outcomes)


@dataclass(frozen=True)
class _City:
    outcome: CityOutcome
    centres: FeatureTable
    cbds: FeatureTable
    classes: RasterInput


def identify_cbds(inputs: IdentifyInputs, decider: Decider, settings: IdentifyCbdSettings, resources: Resources,
                  progress: Progress) -> Identified:
    """City by city, so that memory doesn't grow with their number; a city that fails is told and the others go on.

    Raises InputError where the inputs can't be used, what the first city raised where none can be done, and Cancelled.
    """
    check_fields(decider, {**CENTRE_KINDS, **FIELDS})
    rows_of = cities_of(inputs.cities, inputs.city_field)
    if inputs.classes is not None:
        check_extent(_bounds(inputs.cities))
    folder = BlackMarbleFolder.scan(inputs.folder, resources, progress.part(0, 0.05))
    if not inputs.annual and not folder.has("A4"):
        raise InputError("ANNUAL", "it is empty, and FOLDER holds no annual (A4) files", "name an annual raster")
    found: list[_City] = []
    outcomes: list[CityOutcome] = []
    first_error: NocturneError | None = None
    with tempfile.TemporaryDirectory(prefix="nocturne-") as temporary:
        for index, (name, rows) in enumerate(rows_of.items()):
            step = progress.part(0.05 + 0.9 * index / len(rows_of), 0.05 + 0.9 * (index + 1) / len(rows_of))
            place = os.path.join(temporary, str(index))
            os.mkdir(place)
            progress.message(f"{name or 'The city'} ({index + 1} of {len(rows_of)})")
            try:
                city = _identify(name, inputs.cities.take(rows), inputs, folder, decider, settings, place, resources,
                                 step)
            except NocturneError as error:
                first_error = first_error or error
                progress.warning(f"{name or 'The city'} failed: {error}")
                outcomes.append(CityOutcome(name, FAILED, str(error)))
                continue
            found.append(city)
            outcomes.append(city.outcome)
        if first_error and not found:
            raise first_error
        if inputs.classes is not None:
            write_mosaic([city.classes for city in found], inputs.classes, progress.part(0.95, 1))
    return Identified(outcomes, joined([city.centres for city in found], ALL_KINDS, "CENTRES"),
                      joined([city.cbds for city in found], {**ALL_KINDS, **OUTLINE_KINDS}, "CBD"))


def _identify(name: str, polygons: FeatureTable, inputs: IdentifyInputs, folder: BlackMarbleFolder, decider: Decider,
              settings: IdentifyCbdSettings, place: str, resources: Resources, progress: Progress) -> _City:
    bounds = _bounds(polygons)
    if max(bounds[2] - bounds[0], bounds[3] - bounds[1]) > WIDEST_CITY:
        raise InputError("CITY_FIELD", f"the polygons of one city lie more than {WIDEST_CITY:g} degrees apart",
                         "name the field that tells the cities apart")
    urban = _urban_area(name, polygons, inputs)
    black_marble = replace(settings.black_marble(), extent=bounds)
    classes, statistics = (RasterInput(parameter, os.path.join(place, f"{parameter.lower()}.tif"))
                           for parameter in ("CLASSES", "STATISTICS"))
    used = write_classes(folder, black_marble, settings.angular(), boundary_of(urban), settings.years == "best",
                         classes.path, statistics.path, resources, progress.part(0, 0.8))
    radiance, year = covering(inputs.annual, bounds), 0
    if radiance is None:
        if inputs.annual:
            raise InputError("ANNUAL", "no raster lies over it", "give one that covers the city")
        radiance = RasterInput("ANNUAL", os.path.join(place, "annual.tif"))
        year = write_annual(folder, black_marble, used.last.year, radiance.path, progress)
    fitted, observations = observed(classes, statistics, boundary_of(urban))
    layers = CityLayers(name, radiance, classes, statistics, polygons, urban)
    centres, light = find_centres(layers, settings.centres(), resources, progress.part(0.8, 0.9)), None
    decided = fitted >= LEAST_FITTED
    if decided and len(centres):
        centres, light = with_indexes(centres, layers, settings.centres(), resources, progress.part(0.9, 1))
        centres = with_columns(centres, *classify(centres, decider, one_per_city=settings.one_per_city))
    else:
        centres = with_unknown(centres, {**FIELDS, **TYPE_KINDS, **CBD_KINDS})
    chosen = np.flatnonzero(centres.numbers("cbd") > 0)
    status = UNDECIDED if not decided else FOUND if len(chosen) else NONE
    why = "" if decided else (f"{fitted:.0%} of its urban area has {settings.min_observations} clear nights, "
                              f"{LEAST_FITTED:.0%} are needed")
    cores, picture = _cores(layers, centres, chosen, settings, resources)
    city_type = next((each for each in centres.columns[CITY_TYPE] if each), "")
    outcome = CityOutcome(name, status, why, used, fitted, observations, year, city_type, light, len(chosen), picture)
    centres = with_columns(centres, _period(len(centres), used, status), PERIOD_KINDS)
    return _City(outcome, centres, _with_outlines(centres.take(chosen), cores), classes)


def _bounds(polygons: FeatureTable) -> Bounds:
    west, south, east, north = shapely.total_bounds(shapes_in(polygons, WGS84)).tolist()
    if not math.isfinite(west + south + east + north):
        raise InputError(polygons.parameter, "a city has no polygon", "choose a polygon layer")
    return west, south, east, north


def _urban_area(name: str, polygons: FeatureTable, inputs: IdentifyInputs) -> FeatureTable:
    """By CITY_FIELD where the layer has it, else what touches the city."""
    layer = inputs.urban_area
    if inputs.city_field and inputs.city_field in layer.columns:
        rows = np.flatnonzero(layer.texts(inputs.city_field) == name)
    else:
        rows = np.unique(shapely.STRtree(shapes_of(layer)).query(shapes_in(polygons, crs_of(layer)),
                                                                 predicate="intersects")[1])
    if not len(rows):
        raise InputError(layer.parameter, "it has no polygon over the city", "choose a layer that covers all cities")
    return layer.take(rows)


def observed(classes: RasterInput, statistics: RasterInput, urban: Boundary) -> tuple[float, float]:
    """Of the cells of the urban area: the share with a class, and the median number of observations."""
    with open_raster(classes) as dataset:
        grid = read_grid(classes, dataset)
        inside = ~outside(urban.near(grid), grid)
        known = dataset.read(1)[inside] != NO_DATA
    with open_raster(statistics) as dataset:
        observations = dataset.read(STATISTICS.index("observations") + 1)[inside]
    if not len(known):
        raise InputError(urban.parameter, "none of its polygons lies over the city", "choose the one of the same city")
    return float(known.mean()), float(np.nanmedian(observations))


def _cores(city: CityLayers, centres: FeatureTable, chosen: NDArray[np.intp], settings: IdentifyCbdSettings,
           resources: Resources) -> tuple[list[Core], CityPicture]:
    """The outlines of the chosen centres, and the picture of the city."""
    own = settings.centres()
    field, grid = read_field(city.radiance, 1, boundary_of(city.boundary), own, resources)
    classes = read_classes(city.classes, grid)
    shapes = shapes_of(centres)
    cores = [Core(shape, None, None) for shape in shapes[chosen]]
    if settings.cbd_boundary == "core" and len(chosen):
        smoothed = mean_filter(field, own.smoothing_cells, Progress())
        codes = np.where(np.isfinite(classes), classes, NO_DATA).astype(np.uint8)
        cores = [core_boundary(smoothed, grid, codes, shape, value, own.interval_value, own.min_area)
                 for shape, value in zip(shapes[chosen], centres.numbers("contour_value")[chosen])]
    return cores, CityPicture(grid, field, classes == 1, list(shapes), [core.outline for core in cores])


def _period(count: int, used: UsedNights, status: str) -> dict[str, NDArray[np.object_]]:
    values = (status, used.first, used.last, used.last.year, used.sensor, used.collection)
    return {name: np.full(count, value, dtype=np.float64 if kind == "integer" else object)
            for (name, kind), value in zip(PERIOD_KINDS.items(), values)}


def _with_outlines(cbds: FeatureTable, cores: Sequence[Core]) -> FeatureTable:
    """The CBDs with their own outlines and areas."""
    areas = []
    for core in cores:
        west, south, east, north = transform_shapes(
            np.array([shapely.box(*core.outline.bounds)]), crs_of(cbds), WGS84)[0].bounds
        local = equal_area_crs((west, south, east, north))
        areas.append(transform_shapes(np.array([core.outline]), crs_of(cbds), local)[0].area / 1e6)
    columns = {"outline": np.array(["centre" if core.z is None else "core" for core in cores], dtype=object),
               "core_z": np.array([np.nan if core.z is None else core.z for core in cores], dtype=np.float64),
               "area_km2": np.array(areas, dtype=np.float64)}
    told = with_columns(cbds, columns, OUTLINE_KINDS)
    return replace(told, wkb=tuple(core.outline.wkb for core in cores))
