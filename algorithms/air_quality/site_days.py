"""Site-days: what monitors measured and what is known about their places, one row per site and day."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ..distances import groups_within
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..progress import Progress
from ..projections import WGS84, checked_positions

MOVED = 1e-4  # degrees, about 10 m; a site that stands further away on another day moves
ONE_PLACE_KM = 0.5  # width of a place, whose monitors see the same air


@dataclass(frozen=True)
class SiteDays:
    """Rows in the order of sites and days.

    site, day: shape (rows,), the number of the site and the proleptic ordinal of the date. longitude, latitude: shape
    (sites,), degrees. values: (rows, features), float32, NaN where missing. target: (rows,), float32, NaN where not
    measured. names: of the features; sites: names of the sites.
    """

    site: NDArray[np.int32]
    day: NDArray[np.int32]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    values: NDArray[np.float32]
    target: NDArray[np.float32]
    names: tuple[str, ...]
    sites: tuple[str, ...]

    @property
    def measured(self) -> NDArray[np.intp]:
        """Rows with a target."""
        return np.flatnonzero(np.isfinite(self.target))

    def dates(self) -> list[date]:
        """The date of every row."""
        return [date.fromordinal(int(day)) for day in self.day]

    def place(self) -> NDArray[np.int32]:
        """The number of every row's place, shape (rows,); no place is wider than ONE_PLACE_KM."""
        places: NDArray[np.int32] = groups_within(ONE_PLACE_KM, self.longitude, self.latitude)[self.site]
        return places

    def keys(self) -> NDArray[np.int64]:
        """One number per row, in the order of sites and days, the same for the same site and day."""
        keys: NDArray[np.int64] = (self.site.astype(np.int64) << 32) + self.day
        return keys

    def with_days_of(self, other: SiteDays) -> SiteDays:
        """These rows and those of others, about the same sites, for days on which a site has no row here; a row here
        without any covariate takes those of the other and keeps its target."""
        own, others = self.keys(), other.keys()
        empty = np.flatnonzero(~np.isfinite(self.values).any(axis=1))
        _, at, further = np.intersect1d(own[empty], others, assume_unique=True, return_indices=True)
        values, new = self.values.copy(), ~np.isin(others, own)
        values[empty[at]] = other.values[further]
        return replace(self, site=np.r_[self.site, other.site[new]], day=np.r_[self.day, other.day[new]],
                       values=np.concatenate((values, other.values[new])),
                       target=np.r_[self.target, other.target[new]]).in_order()

    def in_order(self) -> SiteDays:
        """Rows by site and day."""
        order = np.argsort(self.keys(), kind="stable")
        return replace(self, site=self.site[order], day=self.day[order], values=self.values[order],
                       target=self.target[order])


def read_site_days(table: FeatureTable, date_field: str, site_field: str, target_field: str,
                   feature_fields: Sequence[str], calendar: FeatureTable | None, progress: Progress,
                   fewest_sites: int = 2, named_by: str = "FEATURE_FIELDS") -> SiteDays:
    """Site-days of a layer of points; without a target field all targets are NaN. Covariates may be missing everywhere.

    calendar: further rows (site, date, features) for days on which a site didn't measure; rows of the table that have
    any feature win.
    named_by: the parameter that named the features, for errors.
    Raises InputError for dates that don't parse or repeat within a site, sites that move, features that aren't
    numeric, vanish in 32 bits or are the target, a single site, a calendar of other sites.
    """
    if not feature_fields:
        raise InputError("FEATURE_FIELDS", "no field was named", "choose the covariates")
    if target_field in feature_fields:
        raise InputError("FEATURE_FIELDS", f"'{target_field}' is the field of the target too",
                         "leave it out of the covariates")
    names, numbers = _sites(table, site_field)
    if len(names) < fewest_sites:
        raise InputError("SITE_FIELD", f"'{site_field}' holds one site only", "give at least two sites")
    longitude, latitude = _positions(table, numbers, names)
    target = np.full(len(table), np.nan, np.float32)
    if target_field:
        target = table.numbers(target_field, "TARGET_FIELD").astype(np.float32)
    site_days = SiteDays(
        numbers.astype(np.int32), row_days(table, date_field).astype(np.int32), longitude, latitude,
        _features(table, feature_fields, named_by), target, tuple(feature_fields), tuple(names)).in_order()
    _check_days(site_days, table.parameter)
    if calendar is not None:
        further = _calendar(calendar, date_field, site_field, site_days, progress)
        _check_days(further, calendar.parameter)
        site_days = site_days.with_days_of(further)
    return site_days


def check_covariates(site_days: SiteDays) -> None:
    """Raises InputError where a covariate is missing everywhere, so that nothing can be learnt from it."""
    empty = [name for name, column in zip(site_days.names, site_days.values.T) if not np.isfinite(column).any()]
    if empty:
        raise InputError("FEATURE_FIELDS", f"'{empty[0]}' has no value in any row", "leave it out or fill it")


def _calendar(table: FeatureTable, date_field: str, site_field: str, site_days: SiteDays,
              progress: Progress) -> SiteDays:
    """The rows of a table that are about known sites, without targets. Raises InputError where there are none."""
    names, numbers = _sites(table, site_field, table.parameter)
    position = {name: index for index, name in enumerate(site_days.sites)}
    site = np.array([position.get(name, -1) for name in names], dtype=np.int32)[numbers]
    known = site >= 0
    if not known.any():
        raise InputError(table.parameter, f"none of its sites ('{site_field}') is one of the site-days",
                         "name the sites in both alike")
    lacking = len(site_days.sites) - len(np.unique(site[known]))
    if lacking:
        progress.warning(f"{lacking} of {len(site_days.sites)} sites have no row in {table.parameter}.")
    days = row_days(table, date_field, table.parameter).astype(np.int32)
    return replace(site_days, site=site[known], day=days[known],
                   values=_features(table, site_days.names, table.parameter)[known],
                   target=np.full(int(known.sum()), np.nan, np.float32)).in_order()


def _check_days(site_days: SiteDays, parameter: str) -> None:
    twice = np.flatnonzero(np.diff(site_days.keys()) == 0)
    if len(twice):
        row = twice[0]
        name, when = site_days.sites[site_days.site[row]], date.fromordinal(int(site_days.day[row]))
        raise InputError(parameter, f"the site '{name}' has {when} more than once ({len(twice)} repeated rows)",
                         "keep one row per site and date")


def _sites(table: FeatureTable, field: str, parameter: str = "SITE_FIELD") -> tuple[list[str], NDArray[np.intp]]:
    texts = table.texts(field, parameter)
    if any(text is None for text in texts):
        raise InputError(parameter, f"'{field}' is empty in {sum(text is None for text in texts)} rows",
                         "name the site of every row")
    names, numbers = np.unique(texts.astype(str), return_inverse=True)
    return [str(name) for name in names], numbers.ravel()


def point_positions(table: FeatureTable) -> NDArray[np.float64]:
    """Longitude and latitude of every row of a layer of points, shape (rows, 2). Raises InputError for a row without
    one and for what is no position on the globe."""
    import shapely

    shapes = shapes_in(table, WGS84)
    if any(shape is None for shape in shapes):
        raise InputError(table.parameter, "a row has no geometry", "choose a layer of points")
    return checked_positions(shapely.get_coordinates(shapely.centroid(shapes)), table.parameter)


def row_days(table: FeatureTable, field: str, parameter: str = "DATE_FIELD") -> NDArray[np.int64]:
    """Ordinal of every row's date. Raises InputError where one is empty or isn't a date."""
    days = table.dates(field, parameter)
    if any(day is None for day in days):
        raise InputError(parameter, f"'{field}' is empty or no date in {sum(day is None for day in days)} rows",
                         "give every row a date")
    return np.array([day.toordinal() for day in days], dtype=np.int64)


def _positions(table: FeatureTable, numbers: NDArray[np.intp],
               names: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = point_positions(table)
    low, high = np.full((2, len(names), 2), [[[np.inf]], [[-np.inf]]])
    np.minimum.at(low, numbers, points)
    np.maximum.at(high, numbers, points)
    moved = np.flatnonzero(((high - low) > MOVED).any(axis=1))
    if len(moved):
        raise InputError("SITE_FIELD", f"the site '{names[moved[0]]}' moves ({len(moved)} sites do)",
                         "give every position its own site name")
    return low[:, 0].copy(), low[:, 1].copy()


def _features(table: FeatureTable, fields: Sequence[str], parameter: str) -> NDArray[np.float32]:
    return np.column_stack([_covariate(table, field, parameter) for field in fields])


def _covariate(table: FeatureTable, field: str, parameter: str) -> NDArray[np.float32]:
    """A field's numbers. One without any value is missing, whatever its kind: formats without kinds call it text."""
    if table.kinds.get(field) in ("text", "date") and not any(table.texts(field, parameter)):
        return np.full(len(table), np.nan, np.float32)
    values = table.numbers(field, parameter)
    single = values.astype(np.float32)
    largest = np.abs(values).max(initial=0, where=np.isfinite(values))
    if largest > 0 and not np.nan_to_num(single).any():
        raise InputError(parameter, f"the largest value of '{field}' is {largest:g}, which is 0 in 32 bits (maybe "
                         "integers that were stored as other numbers)", "give numbers in a usual unit")
    return single
