"""City types by the mean radiance and the number of centres with negative pixels (Jie et al. 2024, sections 3.2, 4.1).

A set of types can be fitted to some cities and assigned to others, so that accuracies can be found for cities that the
types weren't fitted to; it goes into models as JSON.
"""
from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..progress import Progress
from .clusters import elbow, inertias, k_means
from .index_names import CHINA_LIKE, CITY_TYPES, MIXED, USA_LIKE
from .settings import CityTypesSettings

Range = tuple[float, float]
FEWEST_FOR_ELBOW = 3

# Table 6: mean radiance (nW/cm2/sr) and number of centres with negative pixels.
PUBLISHED_RANGES: dict[str, tuple[Range, Range]] = {
    USA_LIKE: ((111.41, 174.36), (1, 4)), MIXED: ((56.62, 111.81), (1, 9)), CHINA_LIKE: ((50.99, 79.74), (10, 15))}


@dataclass(frozen=True)
class Assignment:
    """Types of cities, of shape (cities,), None and NaN for a city without a centre with negative pixels.

    distances: to the own type, and to the next one, on the normalised scale. outside_range: whether mean radiance or
    number lie outside what the cities of the type had.
    """

    types: NDArray[np.object_]
    distances: NDArray[np.float64]
    next_distances: NDArray[np.float64]
    outside_range: NDArray[np.bool_]


@dataclass(frozen=True)
class CityTypes:
    """Named types: a city belongs to the nearest centroid, or to the nearest box of ranges where there are none.

    normalise: as in CityTypesSettings; shift and scale: of mean radiance and number. centroids: normalised. ranges:
    smallest and largest mean radiance and number of the cities of each type.
    """

    names: tuple[str, ...]
    normalise: str
    shift: Range
    scale: Range
    centroids: tuple[Range, ...]
    ranges: tuple[tuple[Range, Range], ...]

    def points(self, means: ArrayLike, counts: ArrayLike) -> NDArray[np.float64]:
        """Normalised mean radiance and number, of shape (cities, 2)."""
        values = _values(means, counts, self.normalise)
        return np.asarray((values - self.shift) / self.scale, dtype=np.float64)

    def assign(self, means: ArrayLike, counts: ArrayLike) -> Assignment:
        """Types of cities by the mean radiance and the number of their centres with negative pixels."""
        raw = np.column_stack([np.asarray(means, np.float64), np.asarray(counts, np.float64)])
        known = np.isfinite(raw).all(axis=1) & (raw[:, 1] > 0)
        low, high = np.moveaxis(np.array(self.ranges, dtype=np.float64), 2, 0)  # each (types, 2)
        boxes = raw[known, None, :]
        points = self.points(raw[known, 0], raw[known, 1])[:, None, :]
        if self.centroids:
            distances = np.linalg.norm(points - np.array(self.centroids), axis=2)
        else:
            edges = np.clip(boxes, low, high).reshape(-1, 2)
            nearest = self.points(edges[:, 0], edges[:, 1]).reshape(len(points), len(low), 2)
            distances = np.linalg.norm(points - nearest, axis=2)
        order = np.argsort(distances, axis=1, kind="stable")
        own = order[:, 0]
        rows = np.arange(len(own))
        beyond = ((boxes < low) | (boxes > high)).any(axis=2)[rows, own]
        ordered = np.take_along_axis(distances, order, axis=1)
        second = ordered[:, 1] if len(self.names) > 1 else np.full(len(own), np.nan)
        types = np.full(len(raw), None, dtype=object)
        types[known] = np.array(self.names, dtype=object)[own]
        return Assignment(types, _spread(ordered[:, 0], known), _spread(second, known), _spread(beyond, known) == 1)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> CityTypes:
        """What to_json gave, also after JSON. Raises ValueError for anything else."""
        try:
            names = tuple(str(name) for name in document["names"])
            ranges = tuple((_range(mean), _range(count)) for mean, count in document["ranges"])
            types = cls(names, str(document["normalise"]), _range(document["shift"]), _range(document["scale"]),
                        tuple(_range(each) for each in document["centroids"]), ranges)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("these aren't city types") from error
        if (not names or len(ranges) != len(names) or len(types.centroids) not in (0, len(names))
                or types.normalise not in ("min-max", "z-score", "log-z-score") or min(types.scale) <= 0):
            raise ValueError("these aren't city types")
        return types


def published_types() -> CityTypes:
    """Table 6: distances are to the edge of a type's ranges, 0 inside, on a scale where all of them span 0 to 1."""
    boxes = np.array(list(PUBLISHED_RANGES.values()))
    low, high = boxes[..., 0].min(axis=0), boxes[..., 1].max(axis=0)
    return CityTypes(tuple(PUBLISHED_RANGES), "min-max", _range(low), _range(high - low), (),
                     tuple(PUBLISHED_RANGES.values()))


def read_city_types(path: str, parameter: str = "MODEL") -> CityTypes:
    """The entry city_types of a JSON file. Raises InputError for a file without."""
    if not path:
        raise InputError(parameter, "it is empty, and TYPES_BY is model", "name a model, or choose published_ranges")
    try:
        return CityTypes.from_json(json.loads(Path(path).read_text("utf-8"))["city_types"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(parameter, f"'{Path(path).name}' has no city types",
                         "choose a model that was trained with city types") from error


def fit_city_types(means: ArrayLike, counts: ArrayLike, settings: CityTypesSettings) -> CityTypes:
    """K-means over cities; settings.clusters 0 takes the elbow.

    Cities without a centre with negative pixels (mean NaN or number 0) take no part. Raises InputError for fewer
    different cities than clusters.
    """
    fitted = known_cities(means, counts)
    points, shift, scale = _normalised(fitted, settings.normalise)
    clusters = settings.clusters or elbow_of(inertia_curve(means, counts, settings))
    different = len(np.unique(points, axis=0))
    if different < clusters:
        raise InputError("CLUSTERS", f"{clusters} were asked for, and there are {_cities(different)} with negative "
                         "pixels", "lower it, or choose published_ranges in TYPES_BY")
    labels, centroids, _ = k_means(points, clusters, settings.seed)
    means_of = np.array([fitted[labels == cluster].mean(axis=0) for cluster in range(clusters)])
    order, names = named_order(means_of)
    members = [fitted[labels == cluster] for cluster in order]
    return CityTypes(names, settings.normalise, _range(shift), _range(scale),
                     tuple(_range(centroids[cluster]) for cluster in order),
                     tuple(_ranges(rows) for rows in members))


def types_of_groups(means: ArrayLike, counts: ArrayLike, groups: NDArray[np.object_], normalise: str) -> CityTypes:
    """The types of cities whose type is known, by name; cities without one take no part."""
    raw = np.column_stack([np.asarray(means, np.float64), np.asarray(counts, np.float64)])
    known = ~np.equal(groups, None)  # type: ignore[call-overload]
    if not known.any():
        raise InputError("TYPE_FIELD", "no city has a type", "choose the field of the types, or leave it empty")
    points, shift, scale = _normalised(raw[known], normalise)
    names = tuple(sorted({str(name) for name in groups[known]}))
    members = [groups[known] == name for name in names]
    return CityTypes(names, normalise, _range(shift), _range(scale),
                     tuple(_range(points[rows].mean(axis=0)) for rows in members),
                     tuple(_ranges(raw[known][rows]) for rows in members))


def inertia_curve(means: ArrayLike, counts: ArrayLike, settings: CityTypesSettings,
                  progress: Progress | None = None) -> NDArray[np.float64]:
    """Inertia of 1, 2, ... clusters of the cities, as far as there are different ones."""
    return inertias(_normalised(known_cities(means, counts), settings.normalise)[0], settings.seed, progress)


def elbow_of(curve: NDArray[np.float64]) -> int:
    """Number of clusters at the elbow. Raises InputError for a curve of too few cities."""
    if len(curve) < FEWEST_FOR_ELBOW:
        raise InputError("INPUT", f"{_cities(len(curve))} with negative pixels can't be clustered", "give at least "
                         f"{FEWEST_FOR_ELBOW}, or choose published_ranges in TYPES_BY")
    return elbow(curve)


def named_order(clusters: NDArray[np.float64]) -> tuple[list[int], tuple[str, ...]]:
    """The order in which clusters are listed, and their names. clusters: mean radiance and mean number, (clusters, 2).

    Of three, by the meaning of Table 6, the brightest is usa_like, of the others the one with more centres china_like.
    Other numbers are type_1, type_2 and so on from the brightest.
    """
    order = np.argsort(-clusters[:, 0], kind="stable").tolist()
    if len(order) != len(CITY_TYPES):
        return order, tuple(f"type_{number}" for number in range(1, len(order) + 1))
    rest = sorted(order[1:], key=lambda cluster: clusters[cluster, 1])
    return [order[0], *rest], CITY_TYPES


def known_cities(means: ArrayLike, counts: ArrayLike) -> NDArray[np.float64]:
    """Mean radiance and number, of shape (n, 2), of the cities with a centre with negative pixels."""
    values = np.column_stack([np.asarray(means, np.float64), np.asarray(counts, np.float64)])
    known: NDArray[np.float64] = values[np.isfinite(values).all(axis=1) & (values[:, 1] > 0)]
    return known


def _values(means: ArrayLike, counts: ArrayLike, normalise: str) -> NDArray[np.float64]:
    values = np.column_stack([np.asarray(means, np.float64), np.asarray(counts, np.float64)])
    if normalise == "log-z-score":
        if (values <= 0).any():
            raise InputError("NORMALISE", "log-z-score was chosen, and a mean radiance isn't positive",
                             "choose another one")
        values = np.log(values)
    return values


def _normalised(cities: NDArray[np.float64],
                normalise: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Points, and the shift and scale of shape (2,) that gave them; what doesn't vary keeps its unit."""
    values = _values(cities[:, 0], cities[:, 1], normalise)
    if len(values) == 0:
        return values, np.zeros(2), np.ones(2)
    shift = values.min(axis=0) if normalise == "min-max" else values.mean(axis=0)
    scale = np.ptp(values, axis=0) if normalise == "min-max" else values.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return (values - shift) / scale, shift, scale


def _spread(values: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    spread = np.full(len(known), np.nan)
    spread[known] = values
    return spread


def _range(pair: Sequence[float] | NDArray[np.float64]) -> Range:
    first, second = (float(value) for value in pair)
    if not (math.isfinite(first) and math.isfinite(second)):
        raise ValueError("not finite")
    return first, second


def _ranges(rows: NDArray[np.float64]) -> tuple[Range, Range]:
    """Smallest and largest mean radiance and number of some cities."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    return _range((low[0], high[0])), _range((low[1], high[1]))


def _cities(number: int) -> str:
    return "1 city" if number == 1 else f"{number} different cities"
