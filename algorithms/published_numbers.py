"""Numbers as statistics offices print them: with thousands separators, in either style."""
from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .feature_tables import FeatureTable

SPACES = re.compile(r"[\s\u00a0\u202f'’_]")
GROUPED = re.compile(r"[+-]?\d{1,3}([.,])\d{3}(\1\d{3})*")  # 1,234 or 1.234.567
PLAIN = re.compile(r"[+-]?(\d+([.]\d*)?|[.]\d+)")


def parse_numbers(texts: Sequence[str | None] | NDArray[np.object_], parameter: str,
                  field: str) -> NDArray[np.float64]:
    """Numbers of shape (rows,), NaN for empty ones.

    Whether commas group thousands and a point begins the decimals, or the other way round, is decided for the whole
    column: points group and a comma begins decimals where any number says so, such as 1.234,5 or 12,5 or 1.234.567.
    Raises InputError for what is no number.
    """
    cleaned = [SPACES.sub("", text) if text else "" for text in texts]
    comma = any(_has_decimal_comma(text) or (text.count(".") > 1 and GROUPED.fullmatch(text)) for text in cleaned)
    decimal, group = ",." if comma else ".,"
    return np.array([_number(text, decimal, group, parameter, field) for text in cleaned], np.float64)


def read_numbers(table: FeatureTable, field: str, parameter: str) -> NDArray[np.float64]:
    """A numeric field, or one of text with numbers, as plain CSV files have; NaN where it is empty."""
    if table.kinds.get(field) == "text":
        return parse_numbers(table.texts(field, parameter), parameter, field)
    return table.numbers(field, parameter)


def _has_decimal_comma(text: str) -> bool:
    if "," not in text:
        return False
    if "." in text:
        return text.rindex(",") > text.rindex(".")
    return text.count(",") == 1 and not GROUPED.fullmatch(text)


def _number(text: str, decimal: str, group: str, parameter: str, field: str) -> float:
    if not text:
        return float("nan")
    whole, point, decimals = text.partition(decimal)
    grouped = GROUPED.fullmatch(whole)
    plain = (whole.replace(group, "") if grouped else whole) + (f".{decimals}" if point else "")
    if (group in whole and not grouped) or not PLAIN.fullmatch(plain):
        raise InputError(parameter, f"'{text}' in the field '{field}' isn't a number", "give plain numbers there")
    return float(plain)
