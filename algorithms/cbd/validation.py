"""How well computed CBDs agree with reference CBDs in place, area and outline (Jie et al. 2024, equations 6 to 9)."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, shapes_of, transform_shapes
from ..overlaps import overlaps
from ..progress import Progress
from ..projections import WGS84, equal_area_crs
from ..settings import Bounds

LOCATED = 0.6  # precision or recall from which the paper calls a CBD located
COMPUTED, BRIGHTEST, LARGEST = "computed", "brightest centre", "largest centre"
BRIGHTNESS_FIELDS = ("Max", "max_value")


@dataclass(frozen=True)
class Agreement:
    """Areas in km2 and what follows from them; None where a ratio has no denominator."""

    computed_km2: float
    reference_km2: float
    overlap_km2: float

    @property
    def precision(self) -> float | None:
        return _ratio(self.overlap_km2, self.computed_km2)

    @property
    def recall(self) -> float | None:
        return _ratio(self.overlap_km2, self.reference_km2)

    @property
    def f1(self) -> float | None:
        return _ratio(2 * self.overlap_km2, self.computed_km2 + self.reference_km2)

    @property
    def jaccard(self) -> float | None:
        return _ratio(self.overlap_km2, self.computed_km2 + self.reference_km2 - self.overlap_km2)

    @property
    def area_ratio(self) -> float | None:
        """Computed over reference area."""
        return _ratio(self.computed_km2, self.reference_km2)

    @property
    def located(self) -> bool:
        """The paper's rule: precision or recall is high. Any large polygon over the CBD passes it."""
        return max(self.precision or 0.0, self.recall or 0.0) >= LOCATED

    @property
    def located_strictly(self) -> bool:
        """Both are high."""
        return min(self.precision or 0.0, self.recall or 0.0) >= LOCATED


@dataclass(frozen=True)
class Comparison:
    """One reference CBD, or what was computed in a city that has none (number 0).

    method: COMPUTED, BRIGHTEST or LARGEST. distance_m: between the centroids, None where one is missing. computed,
    reference: shapely geometries in a local equal-area CRS in metres, empty where there is none.
    """

    method: str
    city: str
    number: int
    agreement: Agreement
    distance_m: float | None
    computed: Any
    reference: Any


@dataclass(frozen=True)
class Summary:
    """All cities by one method.

    total: areas of all cities together, each city's polygons counted once. precision, recall, f1, jaccard: means over
    the reference CBDs, 0 for one without a computed CBD; precision is the mean over those with one. area_ratio: median
    over those with one. references, located, located_strictly: counts of reference CBDs. unfounded: cities without a
    reference CBD in which one was computed.
    """

    method: str
    total: Agreement
    precision: float | None
    recall: float
    f1: float
    jaccard: float
    area_ratio: float | None
    references: int
    located: int
    located_strictly: int
    unfounded: int


@dataclass(frozen=True)
class Validation:
    """comparisons: by method, then city. summaries: that of the computed CBDs first, then those of the floors."""

    comparisons: list[Comparison]
    summaries: list[Summary]

    def rows(self) -> Iterator[tuple[str, str, int | None, Agreement, float | None]]:
        """Method, city, number of the CBD, agreement and distance; the total of each method ends its rows."""
        for summary in self.summaries:
            for each in self.comparisons:
                if each.method == summary.method:
                    yield each.method, each.city, each.number or None, each.agreement, each.distance_m
            yield summary.method, "total", None, summary.total, None


def validate(computed: FeatureTable, reference: FeatureTable, city_field: str = "", cbd_field: str = "",
             centres: FeatureTable | None = None, progress: Progress | None = None) -> Validation:
    """Compares polygons city by city; cities that only one layer has count too.

    city_field: field of all layers that names the city; empty = all is one city. cbd_field: field of the computed
    layer; rows in which it is 0 or empty are no CBDs. centres: all centres of the cities, for the two floors. A
    computed polygon counts for every reference CBD of its city that it overlaps, and for the nearest if it overlaps
    none. Layers of one place without a common area agree with 0; raises InputError for what can't be compared.
    """
    progress = progress or Progress()
    found = _polygons(computed, city_field)
    if cbd_field:
        found = found.only(computed.numbers(cbd_field, "CBD_FIELD")[found.rows] > 0)
    truth = _polygons(reference, city_field)
    if not len(found.shapes):
        raise InputError(computed.parameter, "it has no CBD", "choose a layer with at least one")
    if not set(found.cities) & set(truth.cities):
        raise InputError("CITY_FIELD", f"no city of {computed.parameter}, such as '{found.cities[0]}', is in "
                         f"{reference.parameter}, which has '{truth.cities[0]}'", "name the cities alike")
    if not shapely.intersects(shapely.box(*_extent(found)), shapely.box(*_extent(truth))):
        raise InputError(reference.parameter, f"none of its {len(truth.shapes)} polygons overlaps the extent of "
                         f"{computed.parameter}", "choose layers of the same places and check their coordinate "
                         "reference systems")
    sets = {COMPUTED: found, **({} if centres is None else _floors(centres, city_field))}
    comparisons, summaries = [], []
    for step, (method, polygons) in enumerate(sets.items()):
        rows: list[Comparison] = []
        totals = np.zeros(3)
        cities = sorted(set(polygons.cities) | set(truth.cities))
        for index, city in enumerate(cities):
            progress.report((step + index / len(cities)) / len(sets))
            own, theirs = _in_equal_area(polygons.of(city), truth.of(city))
            rows += _compare(method, city, own, theirs)
            totals += _areas(shapely.union_all(own), shapely.union_all(theirs))
        comparisons += rows
        summaries.append(_summary(method, Agreement(*totals.tolist()), rows))
    progress.report(1)
    return Validation(comparisons, summaries)


@dataclass(frozen=True)
class _Polygons:
    """shapes: those with an area, in the layer's CRS. cities: their names. rows: where they stand in the layer."""

    shapes: NDArray[np.object_]
    cities: NDArray[np.object_]
    rows: NDArray[np.intp]
    crs: CRS

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> _Polygons:
        return _Polygons(self.shapes[chosen], self.cities[chosen], self.rows[chosen], self.crs)

    def of(self, city: str) -> _Polygons:
        return self.only(self.cities == city)


def _polygons(table: FeatureTable, city_field: str) -> _Polygons:
    shapes = shapes_of(table)
    rows = np.flatnonzero(shapely.area(shapes) > 0)
    if not len(rows):
        raise InputError(table.parameter, "it has no polygon with an area", "choose a polygon layer")
    cities = table.texts(city_field, "CITY_FIELD") if city_field else np.full(len(table), "all", dtype=object)
    cities[cities == None] = ""  # noqa: E711
    return _Polygons(shapes[rows], cities[rows], rows, crs_of(table))


def _floors(centres: FeatureTable, city_field: str) -> dict[str, _Polygons]:
    """The brightest and the largest centre of each city."""
    field = next((name for name in BRIGHTNESS_FIELDS if name in centres.columns), "")
    if not field:
        raise InputError(centres.parameter, f"it has none of the fields {' and '.join(BRIGHTNESS_FIELDS)}",
                         "give light indexes or urban centres")
    polygons = _polygons(centres, city_field)
    areas = np.zeros(len(polygons.shapes))
    for city in set(polygons.cities):
        areas[polygons.cities == city] = shapely.area(_in_equal_area(polygons.of(city))[0])
    light = centres.numbers(field)[polygons.rows]
    lit = np.isfinite(light)
    return {BRIGHTEST: polygons.only(lit).only(_first_of_each(polygons.cities[lit], light[lit])),
            LARGEST: polygons.only(_first_of_each(polygons.cities, areas))}


def _first_of_each(cities: NDArray[np.object_], rank: NDArray[np.float64]) -> NDArray[np.intp]:
    """Row of the highest rank in each city, the first of equal ones."""
    return np.array([np.flatnonzero(cities == city)[np.argmax(rank[cities == city])] for city in sorted(set(cities))],
                    dtype=np.intp)


def _extent(polygons: _Polygons) -> Bounds:
    """In WGS 84 degrees."""
    extent: Bounds = transform_bounds(polygons.crs, WGS84, *shapely.total_bounds(polygons.shapes))
    return extent


def _in_equal_area(*layers: _Polygons) -> list[NDArray[np.object_]]:
    """Shapes of layers of one city in the equal-area CRS around all of them."""
    known = [layer for layer in layers if len(layer.shapes)]
    bounds = np.array([_extent(layer) for layer in known])
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    local = equal_area_crs((west, south, east, north))
    return [transform_shapes(layer.shapes, layer.crs, local) if len(layer.shapes) else layer.shapes
            for layer in layers]


def _compare(method: str, city: str, computed: NDArray[np.object_],
             reference: NDArray[np.object_]) -> Iterator[Comparison]:
    """One comparison per reference CBD, or one of all that was computed where there is none."""
    if not len(reference):
        yield _comparison(method, city, 0, computed, shapely.Polygon())
        return
    chosen = np.zeros((len(computed), len(reference)), dtype=bool)
    rows, columns, _ = overlaps(computed, reference)
    chosen[rows, columns] = True
    for row in np.flatnonzero(~chosen.any(axis=1)):
        chosen[row, np.argmin(shapely.distance(computed[row], reference))] = True
    for column, shape in enumerate(reference):
        yield _comparison(method, city, column + 1, computed[chosen[:, column]], shape)


def _comparison(method: str, city: str, number: int, computed: Sequence[Any] | NDArray[np.object_],
                reference: Any) -> Comparison:
    whole = shapely.union_all(computed)
    gap = shapely.distance(shapely.centroid(whole), shapely.centroid(reference))
    return Comparison(method, city, number, Agreement(*_areas(whole, reference).tolist()),
                      float(gap) if np.isfinite(gap) else None, whole, reference)


def _areas(computed: Any, reference: Any) -> NDArray[np.float64]:
    """Computed, reference and shared area in km2."""
    return np.array([shapely.area(shape) / 1e6 for shape in (
        computed, reference, shapely.intersection(computed, reference))])


def _summary(method: str, total: Agreement, comparisons: Sequence[Comparison]) -> Summary:
    known = [each.agreement for each in comparisons if each.number]
    precisions = [each.precision for each in known if each.precision is not None]
    ratios = [each.area_ratio for each in known if each.area_ratio]
    return Summary(
        method, total, float(np.mean(precisions)) if precisions else None,
        float(np.mean([each.recall or 0.0 for each in known])), float(np.mean([each.f1 or 0.0 for each in known])),
        float(np.mean([each.jaccard or 0.0 for each in known])), float(np.median(ratios)) if ratios else None,
        len(known), sum(each.located for each in known), sum(each.located_strictly for each in known),
        len(comparisons) - len(known))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
