"""PM2.5 at points and days from the monitors of those days, by an interpolation model."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..distances import nearest_km, unit_vectors
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..named_models import named_model
from ..progress import Progress
from .interpolation import FEWEST_MONITORS, KIND, Interpolator, by_day, read_interpolation
from .neighbours import Donors
from .row_estimates import RowEstimates
from .site_days import point_positions, row_days

BUNDLED = "pm25_us_interpolation"
TOGETHER = 4096  # points


def interpolate_points(points: FeatureTable, point_date_field: str, monitors: FeatureTable, date_field: str,
                       pm25_field: str, model_file: str, progress: Progress) -> RowEstimates:
    """Estimates of every row, in its order, NaN on days with too few monitors. outside: farther from the monitors of
    the day, or from all places that the model was fitted on, than it was checked. Raises InputError, Cancelled."""
    model = read_interpolation(named_model(model_file, BUNDLED, KIND, progress))
    given = dict(by_day(donors := read_monitors(monitors, date_field, pm25_field)))
    longitude, latitude = point_positions(points).T
    places, which = np.unique(unit_vectors(longitude, latitude), axis=0, return_inverse=True)
    which, courses = which.ravel(), model.courses_at(places)
    outside = far_from_model(model, longitude, latitude)
    value, low, high = np.full((3, len(points)), np.nan)
    wanted = Donors(longitude, latitude, row_days(points, point_date_field, "POINT_DATE_FIELD").astype(np.int32), value)
    days = list(by_day(wanted))
    for number, (day, rows) in enumerate(days):
        today = given.get(day, np.empty(0, np.intp))
        if len(today) < FEWEST_MONITORS:
            continue
        field = model.day_field(donors, today, day)
        for start in range(0, len(rows), TOGETHER):
            part = rows[start:start + TOGETHER]
            found = field.at(places[which[part]], courses[which[part]])
            value[part], low[part], high[part] = found.value, found.low, found.high
            outside[part] |= found.away > model.farthest_km
            progress.check()
        progress.report((number + 1) / len(days))
    lacking = sorted({day for day, _ in days if len(given.get(day, ())) < FEWEST_MONITORS})
    if lacking:
        progress.warning(f"On {len(lacking)} of {len(days)} days there are fewer than {FEWEST_MONITORS} monitors, so "
                         "these days get no estimate.")
    estimates = RowEstimates(value, low, high, outside)
    warn_outside(estimates.outside_count, estimates.count, progress)
    return estimates


def warn_outside(outside: int, estimates: int, progress: Progress) -> None:
    if outside:
        progress.warning(f"{outside} of {estimates} estimates lie farther from monitors than the model was checked; "
                         "they may be far off.")


def read_monitors(table: FeatureTable, date_field: str, pm25_field: str) -> Donors:
    """What monitors measured; rows without a value are left out. Raises InputError where no day has enough."""
    values = table.numbers(pm25_field, "PM25_FIELD")
    known = np.isfinite(values)
    longitude, latitude = point_positions(table)[known].T
    day = row_days(table, date_field)[known].astype(np.int32)
    fullest = int(np.unique(day, return_counts=True)[1].max(initial=0))
    if fullest < FEWEST_MONITORS:
        raise InputError(table.parameter, f"the day with most monitors has {fullest} with a value",
                         f"give at least {FEWEST_MONITORS} of a day")
    return Donors(longitude, latitude, day, values[known])


def far_from_model(model: Interpolator, longitude: NDArray[np.float64],
                   latitude: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Points that lie farther from all places of the model than it was checked."""
    return np.asarray(nearest_km(longitude, latitude, model.longitude, model.latitude) > model.farthest_km)
