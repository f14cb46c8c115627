"""Flows as a table lists them: origin, destination, how many, and on which day."""
from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..published_numbers import read_numbers

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNKNOWN, EMPTY = -1, -2  # numbers of what is no place
KINDS = ((0, 1, 2, 3, 4), (5, 6))  # weekdays that stand in for each other: working days and weekends


@dataclass(frozen=True)
class FlowFields:
    """Names of the fields of a flow table; time is empty where counts are totals already."""

    origin: str
    destination: str
    count: str
    time: str = ""


@dataclass(frozen=True)
class FlowMatrix:
    """Flows between known places, and what lies outside them.

    counts: (places, places) from row to column. unknown: sum of the flows with an end that isn't one of the places, and
    unknown_rows: how many rows of the table. total: of the whole table.
    """

    counts: sp.csr_matrix
    unknown: float
    unknown_rows: int
    total: float


def read_flows(table: FeatureTable, fields: FlowFields, places: Sequence[str], progress: Progress) -> FlowMatrix:
    """Flows between the places, whose ids origin and destination name; with a time field, of a whole year.

    Raises InputError for a table without rows, for counts that are no numbers or negative, and where no row's ends are
    both places. Rows without a count, an end or a day are left out with a warning.
    """
    if not len(table):
        raise InputError(table.parameter, "it has no row", "choose a table of flows")
    for field, parameter in ((fields.origin, "ORIGIN_FIELD"), (fields.destination, "DESTINATION_FIELD"),
                             (fields.count, "COUNT_FIELD")):
        if not field:
            raise InputError(parameter, "no field was named", f"name the field of {table.parameter}")
    counts = read_numbers(table, fields.count, "COUNT_FIELD")
    wrong = np.flatnonzero(counts < 0)
    if len(wrong):
        raise InputError("COUNT_FIELD", f"{len(wrong)} counts are negative (the first, {counts[wrong[0]]:g}, in row "
                         f"{wrong[0] + 1})", "correct or leave out these rows")
    origin, destination = (_numbers(table.texts(field, parameter), places) for field, parameter in (
        (fields.origin, "ORIGIN_FIELD"), (fields.destination, "DESTINATION_FIELD")))
    kept = np.isfinite(counts) & (origin != EMPTY) & (destination != EMPTY)
    if fields.time:
        days = table.dates(fields.time, "TIME_FIELD")
        kept &= days != None  # noqa: E711
        counts = counts * _year_factors(days, kept, progress)
    if not kept.all():
        progress.warning(f"{table.parameter}: {int((~kept).sum())} of {len(table)} rows have no count, end or day and "
                         "are left out.")
    inside = kept & (origin >= 0) & (destination >= 0)
    if not inside.any():
        raise InputError(table.parameter, f"no flow goes from one known place to another (ORIGIN_FIELD has "
                         f"'{table.texts(fields.origin)[0]}', the places are such as '{places[0]}')",
                         "choose fields with the same ids, or name the cells of the flows in FLOW_GRID")
    matrix = sp.csr_matrix((counts[inside], (origin[inside], destination[inside])), (len(places), len(places)))
    unknown = kept & ~inside
    return FlowMatrix(matrix, float(counts[unknown].sum()), int(unknown.sum()), float(counts[kept].sum()))


def _numbers(texts: NDArray[np.object_], places: Sequence[str]) -> NDArray[np.intp]:
    """Number of the place of each text, UNKNOWN or EMPTY."""
    number = {place: index for index, place in enumerate(places)}
    return np.array([EMPTY if not text else number.get(text, UNKNOWN) for text in texts], np.intp)


def _year_factors(days: NDArray[np.object_], kept: NDArray[np.bool_], progress: Progress) -> NDArray[np.float64]:
    """What each row's count is multiplied with, so that the sum over all rows is that of a year.

    The mean of every weekday over the observed days, times the number of such days in the year that most days are of.
    A weekday that was never observed is taken for the others of its kind (working days, weekends), else for all.
    """
    observed = sorted(set(days[kept]))
    if not observed:
        raise InputError("TIME_FIELD", "no row has a day", "choose a field with dates")
    years = [day.year for day in observed]
    year = max(sorted(set(years)), key=years.count)
    seen = np.bincount([day.weekday() for day in observed], minlength=7)
    in_year = _weekdays_of(year).astype(np.float64)
    wanted = np.where(seen > 0, in_year, 0.0)
    for weekday in np.flatnonzero(seen == 0):
        kind = next(kind for kind in KINDS if weekday in kind)
        stand_ins = [other for other in kind if seen[other]] or list(np.flatnonzero(seen))
        wanted[stand_ins] += in_year[weekday] / len(stand_ins)
    if (seen == 0).any():
        missing = ", ".join(WEEKDAYS[weekday] for weekday in np.flatnonzero(seen == 0))
        progress.warning(f"TIME_FIELD: there is no day for {missing}; other weekdays stand in.")
    progress.message(f"Flows: {len(observed)} observed days, {observed[0]} to {observed[-1]}, brought to the year "
                     f"{year}.")
    factor = wanted / np.maximum(seen, 1)
    return np.array([factor[day.weekday()] if isinstance(day, date) else np.nan for day in days])


def _weekdays_of(year: int) -> NDArray[np.int64]:
    """How often each weekday occurs in a year, from Monday on."""
    counts = np.full(7, 52)
    first = date(year, 1, 1).weekday()
    counts[[(first + extra) % 7 for extra in range(1 + calendar.isleap(year))]] += 1
    return counts
