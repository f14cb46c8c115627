"""City types of a layer, one row per city or per centre, and how far the types can be trusted."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, silhouette_score

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..night_lights.light_indexes import cities_of
from ..progress import Progress
from .city_types import (
    Assignment,
    CityTypes,
    elbow_of,
    fit_city_types,
    inertia_curve,
    known_cities,
    published_types,
    read_city_types,
)
from .clusters import bootstrap_jaccards
from .index_names import CITY_TYPE, COUNT
from .settings import CityTypesSettings

NORMALISATIONS = ("min-max", "z-score", "log-z-score")
FIELDS = {CITY_TYPE: "text", "type_distance": "number", "next_type_distance": "number", "outside_range": "flag"}


@dataclass(frozen=True)
class Cities:
    """names, means (nW/cm2/sr) and counts of shape (cities,); row_of: the city of each row of the layer.

    means: NaN for a city without a centre with negative pixels.
    """

    names: list[str]
    means: NDArray[np.float64]
    counts: NDArray[np.float64]
    row_of: NDArray[np.intp]


@dataclass(frozen=True)
class Trust:
    """jaccards: mean bootstrap Jaccard index by type. agreement: adjusted Rand index with other normalisations."""

    jaccards: Mapping[str, float]
    silhouette: float
    agreement: Mapping[str, float]


@dataclass(frozen=True)
class TypedCities:
    """curve: inertia of 1, 2, ... clusters. curve and trust are None where the types weren't fitted to the cities."""

    cities: Cities
    types: CityTypes
    assignment: Assignment
    curve: NDArray[np.float64] | None
    trust: Trust | None

    def columns(self) -> dict[str, NDArray[np.object_]]:
        """Field to one value per row of the layer; FIELDS has the kinds."""
        given, rows = self.assignment, self.cities.row_of
        outside = np.where(np.equal(given.types, None), None, given.outside_range)  # type: ignore[call-overload]
        values = (given.types, given.distances, given.next_distances, outside)
        return {name: np.asarray(value, dtype=object)[rows] for name, value in zip(FIELDS, values)}


def type_cities(table: FeatureTable, mean_field: str, count_field: str, city_field: str, model: str,
                settings: CityTypesSettings, progress: Progress | None = None) -> TypedCities:
    """Types of the cities of a layer, fitted to them or taken from a model file or from the published ranges.

    With mean_field and count_field every row is a city; without them every row is a centre with its light indexes.
    """
    progress = progress or Progress()
    cities = read_cities(table, mean_field, count_field, city_field)
    without = [name for name, count in zip(cities.names, cities.counts) if not count > 0]
    if without:
        progress.warning(f"{len(without)} of {len(cities.names)} cities have no centre with negative pixels and get no "
                         f"type: {', '.join(without[:10])}.")
    if settings.types_by != "clusters":
        types = read_city_types(model) if settings.types_by == "model" else published_types()
        return TypedCities(cities, types, types.assign(cities.means, cities.counts), None, None)
    curve = inertia_curve(cities.means, cities.counts, settings, progress.part(0, 0.3))
    if not settings.clusters:
        settings = replace(settings, clusters=elbow_of(curve))
        progress.message(f"The elbow of the curve of inertia gives {settings.clusters} types.")
    types = fit_city_types(cities.means, cities.counts, settings)
    trust = _trust(cities, types, settings, progress.part(0.3, 1))
    return TypedCities(cities, types, types.assign(cities.means, cities.counts), curve, trust)


def read_cities(table: FeatureTable, mean_field: str, count_field: str, city_field: str) -> Cities:
    """Mean radiance and number of the centres with negative pixels of every city of a layer.

    Of centres, their fields Mean and Count_A give the mean over the city's centres with negative pixels and their
    number. Raises InputError for fields that aren't there.
    """
    if bool(mean_field) != bool(count_field):
        missing = "COUNT_FIELD" if mean_field else "MEAN_FIELD"
        raise InputError(missing, "it is empty", "name both fields, or none for a layer of centres")
    if mean_field:
        rows_of = cities_of(table, "")[""]
        given = table.texts(city_field, "CITY_FIELD") if city_field else [None] * len(rows_of)
        counts = table.numbers(count_field, "COUNT_FIELD")
        means = np.where(counts > 0, table.numbers(mean_field, "MEAN_FIELD"), np.nan)
        return Cities([name or f"row {row + 1}" for row, name in zip(rows_of, given)], means,
                      np.where(np.isfinite(means), counts, 0), rows_of)
    cities = cities_of(table, city_field)
    negative, light = table.numbers(COUNT) > 0, table.numbers("Mean")
    row_of = np.empty(len(table), dtype=np.intp)
    means, counts = np.full(len(cities), np.nan), np.zeros(len(cities))
    for index, rows in enumerate(cities.values()):
        row_of[rows] = index
        counts[index] = negative[rows].sum()
        if counts[index]:
            means[index] = light[rows][negative[rows]].mean()
    return Cities(list(cities), means, counts, row_of)


def column_of(table: FeatureTable, field: str, parameter: str) -> NDArray[Any]:
    """Numbers, or texts with None where they are empty. Raises InputError for dates and fields that aren't there."""
    if table.kinds.get(field) == "text":
        return table.texts(field, parameter)
    return table.numbers(field, parameter)


def _trust(cities: Cities, types: CityTypes, settings: CityTypesSettings, progress: Progress) -> Trust | None:
    """None for one type, which nothing speaks against."""
    known = known_cities(cities.means, cities.counts)
    if len(types.names) < 2:
        return None
    points = types.points(known[:, 0], known[:, 1])
    labels = _labels(types, known)
    jaccards = bootstrap_jaccards(points, labels, len(types.names), settings.seed, progress)
    apart = len(types.names) < len(points)  # else every city is a type
    silhouette = float(silhouette_score(points, labels)) if apart else np.nan
    agreement = {}
    for normalise in NORMALISATIONS:
        if normalise == settings.normalise or (normalise == "log-z-score" and (known <= 0).any()):
            continue
        other = fit_city_types(known[:, 0], known[:, 1], replace(settings, normalise=normalise))
        agreement[normalise] = float(adjusted_rand_score(labels, _labels(other, known)))
    return Trust(dict(zip(types.names, jaccards.tolist())), silhouette, agreement)


def _labels(types: CityTypes, known: NDArray[np.float64]) -> NDArray[np.int32]:
    given = types.assign(known[:, 0], known[:, 1]).types
    return np.array([types.names.index(name) for name in given], dtype=np.int32)
