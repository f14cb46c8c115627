"""Training and new cases as arrays: attributes by number, categories by code."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

MISSING = -1


@dataclass(frozen=True)
class Attribute:
    """A column. levels: the categories in their order; empty for a numeric attribute."""

    name: str
    levels: tuple[str, ...] = ()

    @property
    def is_numeric(self) -> bool:
        return not self.levels


@dataclass(frozen=True)
class Cases:
    """values: of each attribute, shape (cases,), float32 with NaN where missing, or codes with MISSING."""

    attributes: tuple[Attribute, ...]
    values: tuple[NDArray[Any], ...]
    count: int

    def is_missing(self, attribute: int) -> NDArray[np.bool_]:
        values = self.values[attribute]
        return np.asarray(np.isnan(values) if self.attributes[attribute].is_numeric else values == MISSING)


def read_attributes(columns: Mapping[str, Any]) -> tuple[Attribute, ...]:
    """Columns of numbers are numeric, others have their distinct texts, sorted, as levels."""
    attributes = []
    for name, column in columns.items():
        values = np.asarray(column)
        if values.dtype.kind in "fiub":
            attributes.append(Attribute(name))
            continue
        levels = sorted({str(value) for value in values.tolist() if not is_none(value)})
        # A column without a single value can't tell; as a number it is never tested.
        attributes.append(Attribute(name, tuple(levels)))
    return tuple(attributes)


def read_cases(columns: Mapping[str, Any], attributes: Sequence[Attribute]) -> Cases:
    """Raises InputError where a column is missing, of another kind or of another length. Unknown levels are missing."""
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise InputError("INPUT", f"columns have {min(lengths)} to {max(lengths)} rows", "give columns of one length")
    count = lengths.pop() if lengths else 0
    values: list[NDArray[Any]] = []
    for attribute in attributes:
        if attribute.name not in columns:
            raise InputError("INPUT", f"there is no column '{attribute.name}'", "give the columns of the training")
        column = np.asarray(columns[attribute.name])
        if attribute.is_numeric:
            try:
                # C5.0 keeps numbers in single precision.
                numbers = column.astype(np.float32)
            except (TypeError, ValueError) as error:
                raise InputError("INPUT", f"the column '{attribute.name}' isn't numeric",
                                 "give numbers as in the training") from error
            values.append(np.where(np.isfinite(numbers), numbers, np.float32(np.nan)))
        else:
            codes = {level: code for code, level in enumerate(attribute.levels)}
            values.append(np.array([MISSING if is_none(value) else codes.get(str(value), MISSING)
                                    for value in column.tolist()], dtype=np.int32))
    return Cases(tuple(attributes), tuple(values), count)


def is_none(value: Any) -> bool:
    return value is None or value != value
