"""CBDs of several years, linked by overlap: what was born, grew, shrank, moved, split, merged or went."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform_bounds
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, shapes_of, transform_shapes
from ..overlaps import best_jaccards, overlaps
from ..progress import Progress
from ..projections import WGS84, equal_area_crs, transform_points
from ..rasters import RasterInput
from .annual_light import light_of_years
from .sensor_offsets import light_factors
from .settings import EvolutionSettings

FIRST, SAME, BORN, GROWN, SHRUNK, MOVED, SPLIT, MERGED, GONE, UNCERTAIN = EVENTS = (
    "first", "same", "born", "grown", "shrunk", "moved", "split", "merged", "gone", "uncertain")
ROUNDING = 1e-9  # by which the Jaccard index of equal outlines may miss 1


@dataclass(frozen=True)
class Stage:
    """A CBD in one year, or one that is gone in it.

    track: number of the CBD through the years. from_tracks: other tracks that it came from. from_year: the year that it
    is compared with, None for the city's first. change: 1 minus the best Jaccard index of what is linked, 1 where
    nothing is. instability: what the change must exceed. area_km2: 0 where it is gone. mean_light: nW/cm2/sr.
    longitude, latitude: centre of light, without light the centroid. shift_m: from where that was. outline: shapely
    MultiPolygon in the layer's CRS, the last one where it is gone.
    """

    city: str
    year: int
    track: int
    event: str
    from_tracks: tuple[int, ...]
    from_year: int | None
    change: float | None
    instability: float
    area_km2: float
    mean_light: float | None
    longitude: float
    latitude: float
    shift_m: float | None
    outline: Any


@dataclass(frozen=True)
class Evolution:
    """stages: by city, year and track. missing: city to years between the layer's first and last that it lacks."""

    crs: CRS
    stages: list[Stage]
    missing: dict[str, list[int]]

    def count(self, event: str) -> int:
        return sum(stage.event == event for stage in self.stages)


def evolve(table: FeatureTable, year_field: str, city_field: str, cbd_field: str, settings: EvolutionSettings,
           annual: RasterInput | None = None, progress: Progress | None = None) -> Evolution:
    """Follows the CBDs of a layer through its years.

    city_field: empty = all is one city. cbd_field: rows in which it is 0 or empty are no CBDs, but tell that their city
    was looked at in their year; empty = all rows are CBDs. Fields stability, sensor and collection are used where they
    are there. annual: a stack with one band per year. Raises InputError for what can't be compared.
    """
    progress = progress or Progress()
    years = _years(table, year_field)
    cities = table.texts(city_field, "CITY_FIELD") if city_field else np.full(len(table), "all", dtype=object)
    cities[cities == None] = ""  # noqa: E711
    if len(set(years)) < 2:
        raise InputError("YEAR_FIELD", f"'{year_field}' has the year {years[0]} only" if len(years) else
                         f"{table.parameter} is empty", "give CBDs of at least two years")
    crs, shapes = crs_of(table), shapes_of(table)
    chosen = shapely.area(shapes) > 0
    if cbd_field:
        chosen &= table.numbers(cbd_field, "CBD_FIELD") > 0
    rows = np.flatnonzero(chosen)
    if not len(rows):
        raise InputError(table.parameter, "it has no CBD", "choose a layer with at least one")
    factors = light_factors(table, cities, settings.offset)[rows]
    stability = table.numbers("stability")[rows] if "stability" in table.columns else np.full(len(rows), np.nan)
    outlines = shapes[rows]
    light, centres = np.full(len(rows), np.nan), _centroids(outlines, crs)
    if annual is not None:
        light, lit_centres = light_of_years(annual, outlines, crs, years[rows].tolist(), progress.part(0, 0.6))
        centres = np.where(np.isfinite(lit_centres), lit_centres, centres)
    instability = np.asarray(np.where(np.isfinite(stability), 1 - stability, settings.instability), dtype=np.float64)
    cbds = _Cbds(cities[rows], years[rows], outlines, instability, light * factors, centres)
    stages: list[Stage] = []
    missing: dict[str, list[int]] = {}
    names = sorted(set(cities))
    for index, city in enumerate(names):
        progress.report(0.6 + 0.4 * index / len(names))
        looked_at = sorted(set(years[cities == city].tolist()))
        absent = sorted(set(range(min(years), max(years) + 1)) - set(looked_at))
        if absent:
            missing[city] = absent
        follower = _Follower(city, cbds, crs, settings.min_overlap, max((stage.track for stage in stages), default=0))
        stages += follower.follow(looked_at)
    progress.report(1)
    return Evolution(crs, stages, missing)


@dataclass(frozen=True)
class _Cbds:
    """All CBDs of the layer; centres: longitude and latitude, shape (n, 2)."""

    cities: NDArray[np.object_]
    years: NDArray[np.intp]
    outlines: NDArray[np.object_]
    instability: NDArray[np.float64]
    light: NDArray[np.float64]
    centres: NDArray[np.float64]


class _Follower:
    """Links the CBDs of one city from year to year and numbers them."""

    def __init__(self, city: str, cbds: _Cbds, crs: CRS, min_overlap: float, last_track: int) -> None:
        self._city, self._cbds, self._min_overlap, self._last = city, cbds, min_overlap, last_track
        own = np.flatnonzero(cbds.cities == city)
        self._shapes = dict(zip(own, _in_equal_area(cbds.outlines[own], crs)))
        self._tracks: dict[int, int] = {}  # row to track

    def follow(self, years: Sequence[int]) -> Iterator[Stage]:
        before: NDArray[np.intp] = np.empty(0, np.intp)
        for index, year in enumerate(years):
            now = np.flatnonzero((self._cbds.cities == self._city) & (self._cbds.years == year))
            if index == 0:
                for row in now:
                    self._tracks[row] = self._new_track()
                    yield self._stage(row, year, FIRST)
            else:
                stages = [stage for old, new in self._linked(before, now)
                          for stage in self._compared(old, new, years[index - 1], year)]
                yield from sorted(stages, key=lambda stage: stage.track)
            before = now

    def _linked(self, before: NDArray[np.intp], now: NDArray[np.intp]) -> Iterator[tuple[list[int], list[int]]]:
        """Groups of rows of two years that overlap enough, directly or through others."""
        first, second = self._of(before), self._of(now)
        rows, columns, areas = overlaps(first, second)
        enough = areas >= self._min_overlap * np.minimum(shapely.area(first[rows]), shapely.area(second[columns]))
        total = len(before) + len(now)
        links = coo_matrix((np.ones(enough.sum()), (rows[enough], len(before) + columns[enough])), (total, total))
        count, groups = connected_components(links, directed=False)
        for group in range(count):
            yield (before[groups[:len(before)] == group].tolist(), now[groups[len(before):] == group].tolist())

    def _compared(self, old: list[int], new: list[int], from_year: int, year: int) -> Iterator[Stage]:
        first, second = self._of(old), self._of(new)
        change = 1 - float(best_jaccards(first, second).max(initial=0))
        instability = float(self._cbds.instability[[*old, *new]].max())
        event = self._event(first, second, change, instability)
        compared = {"from_year": from_year, "change": change, "instability": instability}
        if not new:
            for row in old:
                yield self._stage(row, year, event, area_km2=0.0, mean_light=None, **compared)
            return
        heirs = self._heirs(old, new)
        for row in new:
            heir_of = heirs.get(row)
            self._tracks[row] = self._new_track() if heir_of is None else self._tracks[heir_of]
        for row in new:
            others = tuple(sorted({self._tracks[each] for each in old} - {self._tracks[row]}))
            yield self._stage(row, year, event, from_tracks=others,
                              shift_m=self._shift(heirs[row], row) if row in heirs else None, **compared)

    def _event(self, old: NDArray[np.object_], new: NDArray[np.object_], change: float, instability: float) -> str:
        if change <= instability + ROUNDING:
            return SAME if len(old) and len(new) else UNCERTAIN
        if not len(old) or not len(new):
            return BORN if len(new) else GONE
        if len(old) != len(new):
            return SPLIT if len(new) > len(old) else MERGED
        growth = float(shapely.area(new).sum() / shapely.area(old).sum())
        if min(growth, 1 / growth) < 1 - instability:
            return GROWN if growth > 1 else SHRUNK
        return MOVED

    def _heirs(self, old: list[int], new: list[int]) -> dict[int, int]:
        """New row to the old one whose track it takes over: the pairs with the largest shared area."""
        rows, columns, areas = overlaps(self._of(old), self._of(new))
        heirs: dict[int, int] = {}
        for pair in np.argsort(-areas, kind="stable"):
            ancestor, row = old[rows[pair]], new[columns[pair]]
            if row not in heirs and ancestor not in heirs.values():
                heirs[row] = ancestor
        return heirs

    def _stage(self, row: int, year: int, event: str, **more: Any) -> Stage:
        light = float(self._cbds.light[row])
        longitude, latitude = self._cbds.centres[row].tolist()
        known: dict[str, Any] = {
            "from_tracks": (), "from_year": None, "change": None, "instability": float(self._cbds.instability[row]),
            "area_km2": float(shapely.area(self._shapes[row])) / 1e6,
            "mean_light": light if np.isfinite(light) else None, "shift_m": None, **more}
        return Stage(self._city, year, self._tracks[row], event, longitude=longitude, latitude=latitude,
                     outline=_multi(self._cbds.outlines[row]), **known)

    def _shift(self, old: int, new: int) -> float:
        """Metres between the centres of two years."""
        longitude, latitude = self._cbds.centres[[old, new]].T
        local = equal_area_crs((longitude.min(), latitude.min(), longitude.max(), latitude.max()))
        x, y = transform_points(WGS84, local, longitude, latitude)
        return float(np.hypot(x[1] - x[0], y[1] - y[0]))

    def _of(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.object_]:
        shapes = np.empty(len(rows), dtype=object)
        shapes[:] = [self._shapes[row] for row in rows]
        return shapes

    def _new_track(self) -> int:
        self._last += 1
        return self._last


def _years(table: FeatureTable, field: str) -> NDArray[np.intp]:
    """Whole years, from a number or a date field."""
    if table.kinds.get(field) in ("date", "text"):
        values = np.array([np.nan if day is None else day.year for day in table.dates(field, "YEAR_FIELD")])
    else:
        values = table.numbers(field, "YEAR_FIELD")
    bad = ~((values == np.floor(values)) & (values >= 1900) & (values <= 2200))
    if bad.any():
        raise InputError("YEAR_FIELD", f"'{field}' has {int(bad.sum())} rows without a year",
                         "give a year in every row")
    return values.astype(np.intp)


def _in_equal_area(shapes: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    if not len(shapes):
        return shapes
    return transform_shapes(shapes, crs, equal_area_crs(transform_bounds(crs, WGS84, *shapely.total_bounds(shapes))))


def _centroids(shapes: NDArray[np.object_], crs: CRS) -> NDArray[np.float64]:
    points = shapely.centroid(shapes)
    return np.column_stack(transform_points(crs, WGS84, shapely.get_x(points), shapely.get_y(points)))


def _multi(shape: Any) -> Any:
    return shapely.MultiPolygon([part for part in shapely.get_parts(shapely.get_parts(shape))
                                 if part.geom_type == "Polygon"])
