"""Rows of a layer or a table as columns: what vector inputs are to the science."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError


@dataclass(frozen=True)
class FeatureTable:
    """What a user named as a layer or a table.

    parameter: the Processing parameter. columns: field name to values of shape (rows,), float64 with NaN for numbers
    and flags, objects (str, date or None) for the rest. kinds: field name to integer, number, text, date or flag.
    wkb: one geometry or None per row; empty for a table. crs: authority code or WKT. wkb_type: OGC's number of the
    layer's geometry type, 100 for a table.
    """

    parameter: str
    columns: Mapping[str, NDArray[Any]]
    kinds: Mapping[str, str]
    wkb: tuple[bytes | None, ...] = ()
    crs: str = ""
    wkb_type: int = 100

    def __len__(self) -> int:
        return len(self.wkb) if self.wkb else len(next(iter(self.columns.values()), ()))

    def take(self, rows: NDArray[np.intp]) -> FeatureTable:
        """Some rows, in their order."""
        return replace(self, columns={name: values[rows] for name, values in self.columns.items()},
                       wkb=tuple(self.wkb[row] for row in rows) if self.wkb else ())

    def numbers(self, field: str, parameter: str = "") -> NDArray[np.float64]:
        """A numeric field, NaN where it is empty. parameter: the one that named the field.

        Raises InputError where the field isn't there or isn't numeric.
        """
        if self._kind(field, parameter) not in ("integer", "number", "flag"):
            raise InputError(parameter or self.parameter, f"the field '{field}' isn't numeric",
                             "choose a numeric field")
        values: NDArray[np.float64] = self.columns[field]
        return values

    def texts(self, field: str, parameter: str = "") -> NDArray[np.object_]:
        """A field as text, None where it is empty; whole numbers without a decimal point."""
        kind = self._kind(field, parameter)
        return np.array([_text(value, kind) for value in self.columns[field]], dtype=object)

    def dates(self, field: str, parameter: str = "") -> NDArray[np.object_]:
        """A date field, or a text field in ISO form, as dates; None where it is empty. Raises InputError for others."""
        kind = self._kind(field, parameter)
        if kind == "date":
            return self.columns[field]
        if kind != "text":
            raise InputError(parameter or self.parameter, f"the field '{field}' has no dates",
                             "choose a date field, or text as YYYY-MM-DD")
        return np.array([self._date(value, field, parameter) for value in self.columns[field]], dtype=object)

    def _date(self, value: str | None, field: str, parameter: str) -> date | None:
        if value is None or not value.strip():
            return None
        try:
            return date.fromisoformat(value.strip()[:10])
        except ValueError as error:
            raise InputError(parameter or self.parameter, f"'{value}' in the field '{field}' isn't a date",
                             "write dates as YYYY-MM-DD") from error

    def _kind(self, field: str, parameter: str) -> str:
        if not field:
            raise InputError(parameter or self.parameter, "no field was named", "choose one")
        if field not in self.columns:
            raise InputError(parameter or self.parameter,
                             f"there is no field '{field}' (there are: {', '.join(self.columns) or 'none'})",
                             "choose one that is there")
        return self.kinds[field]


def _text(value: Any, kind: str) -> str | None:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return str(int(value)) if kind in ("integer", "flag") else str(value)
