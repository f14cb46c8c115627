"""Periods as statistics name them: 2019-03, 2019-01..02, 2019Q1, 2019, and dates."""
from __future__ import annotations

import re

from ..errors import InputError

MONTH = r"(?P<year{0}>\d{{4}})(?P<mark{0}>[-/.]?)(?P<month{0}>\d{{1,2}})(?:(?P=mark{0})\d{{1,2}})?"
RANGE = re.compile(MONTH.format(1) + r"\s*(?:\.\.|/)\s*(?:" + MONTH.format(2) + r"|(?P<last>\d{1,2}))")
SINGLE = re.compile(MONTH.format(1) + r"(?:[T ]\d{2}:.*)?")
QUARTER = re.compile(r"(?P<year>\d{4})[- ]?Q(?P<quarter>[1-4])", re.IGNORECASE)
YEAR = re.compile(r"(?P<year>\d{4})")
CHINESE = re.compile(r"(?P<year>\d{4})年(?:(?P<first>\d{1,2})(?:[-~至](?P<last>\d{1,2}))?月)?")
FORMS = "write 2019-03, 2019-01..02, 2019Q1 or 2019"


def parse_period(text: str, parameter: str, field: str) -> tuple[int, int]:
    """First and last month, both included. Raises InputError for what isn't a period."""
    words = text.strip()
    span = _span(words)
    if span is None or not all(1 <= month <= 12 for _, month in span):
        raise InputError(parameter, f"'{text}' in the field '{field}' isn't a month, quarter or year", FORMS)
    first, last = (year * 12 + month - 1 for year, month in span)
    if last < first:
        raise InputError(parameter, f"'{text}' in the field '{field}' ends before it begins", FORMS)
    return first, last


def _span(words: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    found = YEAR.fullmatch(words)
    if found:
        return (int(found["year"]), 1), (int(found["year"]), 12)
    found = QUARTER.fullmatch(words)
    if found:
        last = 3 * int(found["quarter"])
        return (int(found["year"]), last - 2), (int(found["year"]), last)
    found = CHINESE.fullmatch(words)
    if found:
        until = found["last"] or found["first"] or "12"
        return (int(found["year"]), int(found["first"] or "1")), (int(found["year"]), int(until))
    found = SINGLE.fullmatch(words)
    if found:
        one = int(found["year1"]), int(found["month1"])
        return one, one
    found = RANGE.fullmatch(words)
    if found:
        begin = int(found["year1"]), int(found["month1"])
        return begin, (begin[0], int(found["last"])) if found["last"] else (int(found["year2"]), int(found["month2"]))
    return None
