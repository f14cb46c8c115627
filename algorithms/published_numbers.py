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

    Whether a comma groups thousands or begins the decimals is decided for the whole column: it begins decimals where
    any number says so, such as 1.234,5 or 12,5. A single point begins decimals, several group thousands.
    Raises InputError for what is no number.
    """
    cleaned = [SPACES.sub("", text) if text else "" for text in texts]
    comma = any(_has_decimal_comma(text) for text in cleaned)
    return np.array([_number(text, comma, parameter, field) for text in cleaned], np.float64)


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


def _number(text: str, decimal_comma: bool, parameter: str, field: str) -> float:
    if not text:
        return float("nan")
    plain = text
    if decimal_comma:
        plain = text.replace(".", "").replace(",", ".")
    elif "," in text:
        whole, _, decimals = text.partition(".")
        plain = whole.replace(",", "") + (f".{decimals}" if decimals else "") if GROUPED.fullmatch(whole) else ""
    elif text.count(".") > 1 and GROUPED.fullmatch(text):
        plain = text.replace(".", "")
    if not PLAIN.fullmatch(plain):
        raise InputError(parameter, f"'{text}' in the field '{field}' isn't a number", "give plain numbers there")
    return float(plain)
