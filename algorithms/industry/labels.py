"""Published totals as labels: each is the sum over a zone and over a group of months.

January and February together, a quarter and a year are the same case: a label has a first and a last month, both
included, and a zone. Within a zone, labels neither overlap nor leave months out. Year-to-date columns are differenced.
A model is trained so that its sums over the factories of a zone and the months of a group match the labels.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..published_numbers import read_numbers
from .months import month_number, month_text, span_text
from .periods import parse_period
from .settings import LabelSettings

WHOLE = "the whole region"


@dataclass(frozen=True)
class Labels:
    """Labels in the order of zones and months.

    zone: shape (labels,), index into zones. first, last: (labels,), month numbers, both included. value: (labels,),
    float64, in the unit of the table, at constant prices where a deflator was named. zones: names, or WHOLE alone.
    """

    zone: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    value: NDArray[np.float64]
    zones: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.value)

    def covers(self, months: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether each month is one of each label's, shape (labels, months)."""
        return (months >= self.first[:, None]) & (months <= self.last[:, None])

    def select(self, chosen: NDArray[np.bool_]) -> Labels:
        return Labels(self.zone[chosen], self.first[chosen], self.last[chosen], self.value[chosen], self.zones)

    def within(self, months: NDArray[np.int32], progress: Progress) -> Labels:
        """The labels whose months are all there; the others are counted in a message.

        Raises InputError where no month of the table is one of the stack's, or no label is whole.
        """
        shared = self.covers(months).sum(axis=1)
        if not shared.any():
            raise InputError("MONTHLY_TOTALS", f"it covers {span_text(int(self.first.min()), int(self.last.max()))}, "
                             f"and RADIANCE {span_text(int(months.min()), int(months.max()))}",
                             "give statistics and light of the same months")
        whole = shared == self.last - self.first + 1
        if not whole.any():
            raise InputError("MONTHLY_TOTALS", "no row has all its months in RADIANCE",
                             "give light of all months that a row sums up")
        if not whole.all():
            progress.message(f"{int((~whole).sum())} of {len(self)} rows of the statistics are left out, because light "
                             "of some of their months isn't there.")
        return self.select(whole)


def zones_of_zeros(labels: Labels) -> NDArray[np.int32]:
    """Indices of the zones whose labels are all 0."""
    return np.setdiff1d(labels.zone, labels.zone[labels.value > 0])


def read_labels(table: FeatureTable, settings: LabelSettings, date_field: str, value_field: str, zone_field: str = "",
                end_field: str = "", deflator_field: str = "") -> Labels:
    """Labels of a table with one row per zone and period.

    date_field: a date, or text as parse_period reads it; with FORM year_to_date the last month of the sum. end_field:
    the last month of the group, where date_field is its first. deflator_field: price index of the row's months, 100 =
    base. Rows without a value count as not there. Raises InputError for text and negative values, months without a
    row, periods that overlap or repeat.
    """
    first, last = _periods(table, date_field, end_field)
    value = _values(table, value_field, "VALUE_FIELD")
    zone, zones = _zones(table, zone_field)
    deflator = _values(table, deflator_field, "DEFLATOR_FIELD") if deflator_field else np.full(len(table), 100.0)
    there = np.isfinite(value)
    if not there.any():
        raise InputError("VALUE_FIELD", f"'{value_field}' is empty in all {len(table)} rows", "choose another field")
    if not (deflator[there] > 0).all():
        raise InputError("DEFLATOR_FIELD", f"'{deflator_field}' is empty or zero in a row with a value",
                         "give every row its price index, 100 = base")
    order = np.lexsort((last, zone))
    order = order[there[order]]
    first, last, zone, value, deflator = first[order], last[order], zone[order], value[order], deflator[order]
    if settings.form == "year_to_date":
        first, value = _differenced(zone, last, value, zones)
    _check_groups(zone, first, last, zones)
    return Labels(zone, first, last, value / (deflator / 100), zones)


def _periods(table: FeatureTable, date_field: str, end_field: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    spans = _spans(table, date_field, "DATE_FIELD")
    if not end_field:
        return spans[:, 0], spans[:, 1]
    ends = _spans(table, end_field, "END_FIELD")
    wrong = np.flatnonzero(ends[:, 1] < spans[:, 0])
    if len(wrong):
        raise InputError("END_FIELD", f"a row begins in {month_text(int(spans[wrong[0], 0]))} and ends in "
                         f"{month_text(int(ends[wrong[0], 1]))}", "exchange the two fields")
    return spans[:, 0], ends[:, 1]


def _spans(table: FeatureTable, field: str, parameter: str) -> NDArray[np.int32]:
    """First and last month of each row, shape (rows, 2)."""
    is_date = table.kinds.get(field) == "date"
    cells = table.dates(field, parameter) if is_date else table.texts(field, parameter)
    empty = sum(cell is None or not str(cell).strip() for cell in cells)
    if empty or not len(cells):
        raise InputError(parameter, f"'{field}' is empty in {empty} of {len(cells)} rows",
                         "give every row its month")
    spans = [(month_number(cell),) * 2 if is_date else parse_period(cell, parameter, field) for cell in cells]
    return np.array(spans, np.int32)


def _values(table: FeatureTable, field: str, parameter: str) -> NDArray[np.float64]:
    values = read_numbers(table, field, parameter)
    below = np.flatnonzero(values < 0)
    if len(below):
        raise InputError(parameter, f"{values[below[0]]:g} in the field '{field}' is negative",
                         "give sums that are zero or more")
    return values


def _zones(table: FeatureTable, field: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    if not field:
        return np.zeros(len(table), np.int32), (WHOLE,)
    texts = table.texts(field, "ZONE_FIELD")
    empty = sum(text is None for text in texts)
    if empty:
        raise InputError("ZONE_FIELD", f"'{field}' is empty in {empty} rows", "name the zone of every row")
    names, numbers = np.unique(texts.astype(str), return_inverse=True)
    return numbers.astype(np.int32).ravel(), tuple(str(name) for name in names)


def _differenced(zone: NDArray[np.int32], last: NDArray[np.int32], value: NDArray[np.float64],
                 zones: tuple[str, ...]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """First months and values of the rows of year-to-date sums, sorted by zone and last month."""
    follows = np.zeros(len(last), bool)
    follows[1:] = (zone[1:] == zone[:-1]) & (last[1:] // 12 == last[:-1] // 12)
    first, own = last // 12 * 12, value.copy()
    rows = np.flatnonzero(follows)
    first[rows], own[rows] = last[rows - 1] + 1, value[rows] - value[rows - 1]
    falling = np.flatnonzero((own < 0) & (first <= last))
    if len(falling):
        raise InputError("VALUE_FIELD", f"the year-to-date sum falls in {month_text(int(last[falling[0]]))} "
                         f"({zones[zone[falling[0]]]})", "correct it, or choose FORM periods")
    return first, own


def _check_groups(zone: NDArray[np.int32], first: NDArray[np.int32], last: NDArray[np.int32],
                  zones: tuple[str, ...]) -> None:
    """Raises InputError where the rows of a zone, sorted by their last month, aren't one after the other."""
    same = zone[1:] == zone[:-1]
    for row in np.flatnonzero(same & (first[1:] != last[:-1] + 1)):
        before, after = span_text(int(first[row]), int(last[row])), span_text(int(first[row + 1]), int(last[row + 1]))
        name = zones[zone[row]]
        if last[row + 1] == last[row]:
            raise InputError("DATE_FIELD", f"{month_text(int(last[row]))} ends two rows ({name})",
                             "keep one row per period and zone")
        if first[row + 1] <= last[row]:
            raise InputError("DATE_FIELD", f"{before} and {after} overlap ({name})",
                             "keep months or their sums, not both")
        missing = span_text(int(last[row]) + 1, int(first[row + 1]) - 1)
        raise InputError("DATE_FIELD", f"there is no row for {missing} ({name})",
                         "add it, or write the row that includes it as a group such as 2019-01..02")
