"""PM2.5 between monitors of the same day, without covariates: a yearly course of every place, and kriging of the day.

The square root of PM2.5 is taken for normal. What a place has beyond the mean of its day follows a yearly course, whose
coefficients are kriged from the monitors that the model was fitted on; what the day's monitors have beyond their
courses is kriged from them. Public: Interpolator, fit_interpolation, save_interpolation, read_interpolation.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...models.registry import Model, save_model
from ..conformal import blocked_quantile
from ..distances import arc_km, groups_within, unit_vectors
from ..errors import InputError
from ..progress import Progress
from .inner_folds import block_folds, random_place_folds, spatial_blocks
from .kriging import Covariance, Field, likeliest_covariance
from .neighbours import Donors
from .site_days import MOVED, ONE_PLACE_KM

KIND = "pm25_interpolation"
YEAR = 365.25
HARMONICS = 2
COURSE_PENALTY = np.array([1.0, 5, 5, 5, 5])  # days that say 0: for the level and for the waves
FEWEST_MONITORS = 10  # on a day
FITTED_DAYS = 16  # on which the covariance is fitted
CHECKED_DAYS = 60  # on which intervals are
INNER_FOLDS = 3
CHECKED_SHARE = 0.95  # of the distances to the nearest monitor on these folds is what counts as checked
ARRAYS = ("longitude", "latitude", "courses")


@dataclass(frozen=True)
class Interpolator:
    """longitude, latitude: shape (places,), of the monitors it was fitted on. courses: (places, 1 + 2 HARMONICS).
    width: half of a 90 % interval in standard deviations of the kriging. farthest_km: distance to the nearest monitor
    of the day up to which it was checked."""

    day: Covariance
    course: Covariance
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    courses: NDArray[np.float64]
    width: float
    farthest_km: float

    def courses_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coefficients of the yearly courses at unit vectors, shape (points, 1 + 2 HARMONICS)."""
        return np.column_stack([field.mean_at(points) for field in self._course_fields])

    @cached_property
    def _course_fields(self) -> list[Field]:
        own = unit_vectors(self.longitude, self.latitude)
        return [Field(own, each, self.course) for each in self.courses.T]

    def day_field(self, monitors: Donors, rows: NDArray[np.intp], day: int) -> DayField:
        """The field of one day from its rows of the monitors' values."""
        points = unit_vectors(monitors.longitude[rows], monitors.latitude[rows])
        return self.field_between(points, self.courses_at(points), monitors.value[rows], day)

    def field_between(self, monitors: NDArray[np.float64], monitor_courses: NDArray[np.float64],
                      values: NDArray[np.float64], day: int) -> DayField:
        """The same where the courses at the monitors are known. monitors: unit vectors (n, 3); values: ug/m3, (n,)."""
        rest = np.sqrt(np.maximum(values, 0)) - monitor_courses @ waves(np.array([day]))[0]
        return DayField(self, Field(monitors, rest, self.day), monitors, waves(np.array([day]))[0])


@dataclass(frozen=True)
class Interpolated:
    """value, low, high: ug/m3, shape (points,). away: kilometres to the nearest monitor of the day."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    away: NDArray[np.float64]


@dataclass(frozen=True)
class DayField:
    """Estimates of one day."""

    model: Interpolator
    field: Field
    monitors: NDArray[np.float64]
    waves: NDArray[np.float64]

    def roots(self, points: NDArray[np.float64],
              courses: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Square root of PM2.5 and its standard deviation."""
        rest, spread = self.field.at(points)
        return rest + courses @ self.waves, spread

    def at(self, points: NDArray[np.float64], courses: NDArray[np.float64]) -> Interpolated:
        """points: unit vectors; courses: of courses_at."""
        root, spread = self.roots(points, courses)
        low, high = (np.square(np.maximum(root + side * spread, 0)) for side in (-self.model.width, self.model.width))
        # The mean of a squared normal variable is its squared mean plus its variance.
        value = np.clip(np.maximum(root, 0) ** 2 + spread**2, low, high)
        return Interpolated(value, low, high, self.away(points))

    def away(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Kilometres to the nearest monitor."""
        return arc_km(cKDTree(self.monitors).query(points)[0])


def waves(day: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """1, and cosine and sine of one and two waves a year, shape (days, 1 + 2 HARMONICS)."""
    angle = 2 * np.pi * np.asarray(day, float)[:, None] / YEAR * np.arange(1, HARMONICS + 1)
    return np.concatenate((np.ones((len(angle), 1)), np.cos(angle), np.sin(angle)), axis=1)


def by_day(monitors: Donors) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Every day and its rows."""
    order = np.argsort(monitors.day, kind="stable")
    days, first = np.unique(monitors.day[order], return_index=True)
    for day, rows in zip(days, np.split(order, first[1:])):
        yield int(day), rows


def fit_interpolation(monitors: Donors, progress: Progress, intervals: bool = True) -> Interpolator:
    """Fits courses and covariances on all that the monitors measured, and intervals on folds of them.

    intervals: False leaves them out (infinite), which takes a fraction of the time.
    """
    place, which = np.unique(np.round(np.column_stack((monitors.longitude, monitors.latitude)) / MOVED).astype(int),
                             axis=0, return_inverse=True)
    which = which.ravel()
    if len(place) < FEWEST_MONITORS:
        raise InputError("MONITORS", f"there are {len(place)} places", f"give at least {FEWEST_MONITORS}")
    longitude, latitude = place.T * MOVED
    root = np.sqrt(np.maximum(monitors.value, 0))
    courses = _courses(which, len(place), monitors.day, root)
    points = unit_vectors(longitude, latitude)
    course = likeliest_covariance([(points, each) for each in courses.T], progress.part(0, 0.3))
    model = Interpolator(course, course, longitude, latitude, courses, np.inf, 0.0)
    smooth = model.courses_at(points)
    enough = [(day, rows) for day, rows in by_day(monitors) if len(rows) >= FEWEST_MONITORS]
    if not enough:
        raise InputError("MONITORS", f"no day has {FEWEST_MONITORS} of them", "give days with more monitors")
    samples = [(points[which[rows]], root[rows] - smooth[which[rows]] @ waves(np.array([day]))[0])
               for day, rows in _some(enough, FITTED_DAYS)]
    model = replace(model, day=likeliest_covariance(samples, progress.part(0.3, 0.8)))
    return _with_intervals(model, monitors, which, _some(enough, CHECKED_DAYS), progress) if intervals else model


def _courses(place: NDArray[np.intp], places: int, day: NDArray[np.int32],
             root: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ridge regression of every place's differences from the day's mean on the waves, shape (places, waves)."""
    _, today = np.unique(day, return_inverse=True)
    mean = np.bincount(today, root) / np.bincount(today)
    rest, wave = root - mean[today], waves(day)
    squares = np.zeros((places, wave.shape[1], wave.shape[1]))
    right = np.zeros((places, wave.shape[1]))
    for column in range(wave.shape[1]):
        right[:, column] = np.bincount(place, rest * wave[:, column], places)
        for other in range(wave.shape[1]):
            squares[:, column, other] = np.bincount(place, wave[:, column] * wave[:, other], places)
    return np.asarray(np.linalg.solve(squares + np.diag(COURSE_PENALTY), right[..., None])[..., 0])


def _with_intervals(model: Interpolator, monitors: Donors, place: NDArray[np.intp],
                    days: list[tuple[int, NDArray[np.intp]]], progress: Progress) -> Interpolator:
    """Widths that hold at places, and in blocks of places, that were left out; the wider of both."""
    every, alone = np.arange(len(model.longitude)), groups_within(ONE_PLACE_KM, model.longitude, model.latitude)
    points, block = unit_vectors(model.longitude, model.latitude), spatial_blocks(model.longitude, model.latitude)
    layouts = ((alone, random_place_folds(every, alone, INNER_FOLDS, 1)),
               (block, block_folds(every, model.longitude, model.latitude, INNER_FOLDS, 1)))
    widths, away = [], []
    for group, folds in layouts:
        scores, groups = [], []
        for learn, check in folds:
            progress.check()
            inner = replace(model, longitude=model.longitude[learn], latitude=model.latitude[learn],
                            courses=model.courses[learn])
            courses = inner.courses_at(points)
            for day, rows in days:
                held = np.isin(place[rows], check)
                if held.all() or not held.any():
                    continue
                known, unknown = place[rows[~held]], place[rows[held]]
                field = inner.field_between(points[known], courses[known], monitors.value[rows[~held]], day)
                root, spread = field.roots(points[unknown], courses[unknown])
                scores.append(np.abs(np.sqrt(np.maximum(monitors.value[rows[held]], 0)) - root) / spread)
                groups.append(group[unknown])
                away.append(field.away(points[unknown]))
        if scores:
            widths.append(blocked_quantile(np.concatenate(scores), np.concatenate(groups)))
    if not widths:
        return model
    return replace(model, width=max(widths), farthest_km=float(np.quantile(np.concatenate(away), CHECKED_SHARE)))


def _some(items: list[tuple[int, NDArray[np.intp]]], count: int) -> list[tuple[int, NDArray[np.intp]]]:
    numbers = np.unique(np.linspace(0, len(items) - 1, count).round().astype(int))
    return [items[number] for number in numbers]


def save_interpolation(path: str, model: Interpolator, about: Mapping[str, Any]) -> None:
    """Writes weights and card. about: what the card says beyond the model itself."""
    numbers = {"day": asdict(model.day), "course": asdict(model.course), "width": model.width,
               "farthest_km": model.farthest_km}
    save_model(path, KIND, {**about, **numbers}, {name: getattr(model, name).astype(np.float32) for name in ARRAYS})


def read_interpolation(model: Model) -> Interpolator:
    """The interpolator of a model file of the kind pm25_interpolation."""
    card = model.card
    longitude, latitude, courses = (model.weights[name].astype(np.float64) for name in ARRAYS)
    return Interpolator(Covariance(**card["day"]), Covariance(**card["course"]), longitude, latitude, courses,
                        card["width"], card["farthest_km"])
