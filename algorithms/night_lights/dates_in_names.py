"""Dates of rasters: what a file name says, and what DATES gives for names that say nothing.

Names follow the distributors: the Earth Observation Group's monthly and annual VIIRS files and DMSP-OLS, and Black
Marble's A and day of the year.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ..errors import InputError

YEAR = r"(?P<y>19[7-9]\d|20\d\d)"
MONTH = r"(?P<m>0[1-9]|1[0-2])"
DAY = r"(?P<d>0[1-9]|[12]\d|3[01])"
DAY_OF_YEAR = r"(?P<n>[0-3]\d\d)"
ALONE, END = r"(?<!\d)", r"(?!\d)"  # a date takes all digits that stand together

CREATION_STAMP = re.compile(r"(?<![A-Za-z])c\d{8,}")  # _c202001140900: when the file was made
RANGE = re.compile(rf"{ALONE}{YEAR}{MONTH}{DAY}?-(?P<end>\d{{6}}(?:\d\d)?){END}")
# The finest kind that a name holds decides.
KINDS = (
    ("day", re.compile(rf"{ALONE}{YEAR}{DAY_OF_YEAR}{END}")),
    ("day", re.compile(rf"{ALONE}{YEAR}(?P<between>[-_.]?){MONTH}(?P=between){DAY}{END}")),
    ("month", re.compile(rf"{ALONE}{YEAR}(?:{MONTH}{END}|[-_.](?P<apart>0[1-9]|1[0-2])(?![0-9A-Za-z]))")),
    ("year", re.compile(rf"(?<![A-Za-z0-9])F\d\d{YEAR}{END}")),  # DMSP: satellite and year
    ("year", re.compile(rf"{ALONE}{YEAR}{END}")),
)
DMSP_NAME = KINDS[3][1]
GIVEN_DATE = re.compile(rf"{YEAR}(?:-{MONTH}(?:-{DAY})?)?")
PATTERN_PARTS = {"YYYY": YEAR, "MM": MONTH, "DDD": DAY_OF_YEAR, "DD": DAY, "*": ".*", "?": "."}
SHORTEST_MONTH, SHORTEST_YEAR = 27, 200  # days; the first VIIRS year has April to December only


@dataclass(frozen=True, order=True)
class Period:
    """What a raster is about: its first day, and whether it is a day, a month or a year."""

    first_day: date
    length: str


def periods_in_name(name: str) -> list[Period]:
    """The different periods of the finest kind in a file name; empty where there is none."""
    text = CREATION_STAMP.sub("", name)
    ranges = {period for match in RANGE.finditer(text) for period in _range(match)}
    if ranges:
        return sorted(ranges)
    without_dmsp = DMSP_NAME.sub("", text)  # F152000 isn't a month of 1520
    for length, pattern in KINDS:
        searched = text if pattern is DMSP_NAME else without_dmsp
        found = {period for match in pattern.finditer(searched) for period in _period(match, length)}
        if found:
            return sorted(found)
    return []


def given_periods(dates: str, names: Sequence[str]) -> list[Period | None]:
    """What DATES gives for each name, None where it gives nothing.

    dates: a pattern with YYYY, MM, DD or DDD (day of the year), * and ?; one date per name in their order; or entries
    such as name=2013-05 for single names. Raises InputError for what doesn't fit the names.
    """
    if "YYYY" in dates:
        pattern = _compiled(dates.strip())
        return [_by_pattern(pattern, dates, name) for name in names]
    entries = [entry.strip() for entry in re.split(r"[,;\n]", dates) if entry.strip()]
    if not entries:
        return [None] * len(names)
    named = ["=" in entry for entry in entries]
    if all(named):
        return _by_name(entries, names)
    if any(named):
        raise InputError("DATES", "it mixes dates with and without a name",
                         "give name=date for every entry or dates only")
    if len(entries) != len(names):
        raise InputError("DATES", f"it has {len(entries)} dates for {len(names)} rasters", "give one per raster")
    return [_given(entry) for entry in entries]


def _range(match: re.Match[str]) -> list[Period]:
    """20191201-20191231, or 201204-201303 in whole months."""
    start = _day(match["y"], match["m"], match["d"] or "01")
    end = _day(match["end"][:4], match["end"][4:6], match["end"][6:] or "28")
    if start is None or end is None or end < start or bool(match["d"]) != (len(match["end"]) == 8):
        return []
    days = (end - start).days + 1
    return [Period(start, "year" if days >= SHORTEST_YEAR else "month" if days >= SHORTEST_MONTH else "day")]


def _period(match: re.Match[str], length: str) -> list[Period]:
    parts = match.groupdict()
    if parts.get("n"):
        year, number = int(parts["y"]), int(parts["n"])
        day: date | None = date(year, 1, 1) + timedelta(number - 1) if number else None
        day = day if day and day.year == year else None
    else:
        day = _day(parts["y"], parts.get("m") or parts.get("apart") or "01", parts.get("d") or "01")
    return [Period(day, length)] if day else []


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(YYYY|MM|DDD|DD|\*|\?)", pattern)
    try:
        return re.compile("".join(PATTERN_PARTS.get(piece) or re.escape(piece) for piece in pieces))
    except re.error as error:
        raise InputError("DATES", f"the pattern '{pattern}' names a part of the date twice",
                         "use each of YYYY, MM, DD and DDD at most once") from error


def _by_pattern(pattern: re.Pattern[str], text: str, name: str) -> Period:
    match = pattern.fullmatch(name)
    parts = match.groupdict() if match else {}
    length = "day" if parts.get("d") or parts.get("n") else "month" if parts.get("m") else "year"
    found = _period(match, length) if match else []
    if not found:
        raise InputError("DATES", f"the pattern '{text}' gives no date for '{name}'",
                         "write the whole name with YYYY, MM, DD or DDD in place of the date and * for any text")
    return found[0]


def _by_name(entries: Sequence[str], names: Sequence[str]) -> list[Period | None]:
    given: dict[str, Period] = {}
    for entry in entries:
        name, _, day = (part.strip() for part in entry.rpartition("="))
        if name not in names:
            raise InputError("DATES", f"there is no raster '{name}'",
                             "name files as they are called, and steps of a netCDF file by their numbers from 1")
        given[name] = _given(day)
    return [given.get(name) for name in names]


def _given(text: str) -> Period:
    match = GIVEN_DATE.fullmatch(text.strip())
    parts = match.groupdict() if match else {}
    found = _period(match, "day" if parts["d"] else "month" if parts["m"] else "year") if match else []
    if not found:
        raise InputError("DATES", f"'{text.strip()}' isn't a date", "write YYYY, YYYY-MM or YYYY-MM-DD")
    return found[0]
