"""Totals that are known for districts, brought to the units of each."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..published_numbers import read_numbers
from .units import Units


def district_targets(table: FeatureTable, district_field: str, fields: Sequence[str], units: Units,
                     progress: Progress) -> dict[str, NDArray[np.float64]]:
    """Field to the total of every unit's district (units,), NaN where it is unknown: never to be summed over units.

    fields: empty takes all numeric ones. Raises InputError for districts that repeat and where none is known.
    """
    if not district_field:
        raise InputError("TARGET_DISTRICT_FIELD", "no field was named", f"name the field of {table.parameter} with the "
                         "district")
    texts = table.texts(district_field, "TARGET_DISTRICT_FIELD")
    listed = [(text or "").strip() for text in texts]
    repeated = sorted({name for name in listed if name and listed.count(name) > 1})
    if repeated:
        raise InputError("TARGET_DISTRICT_FIELD", f"{len(repeated)} districts repeat (the first is '{repeated[0]}')",
                         "give one row per district")
    names, number = units.districts()
    row_of = {name: row for row, name in enumerate(listed) if name}
    rows = np.array([row_of.get(name, -1) for name in names])
    if not (rows >= 0).any():
        raise InputError(table.parameter, f"it has none of the districts (it has '{listed[0] if listed else ''}', the "
                         f"units have '{names[0]}')", "choose fields with the same names or codes")
    chosen = list(fields) or [field for field in table.kinds if field != district_field and _is_numeric(table, field)]
    if not chosen:
        raise InputError(table.parameter, "it has no numeric field", "choose a table with totals")
    found = {}
    for field in chosen:
        values = np.where(rows >= 0, read_numbers(table, field, "TARGET_FIELDS")[rows], np.nan)
        if not np.isfinite(values).any():
            raise InputError("TARGET_FIELDS", f"'{field}' is empty for all {len(names)} districts",
                             "fill it for some districts or leave it out")
        found[field] = values[number]
    progress.message(f"Totals: {', '.join(chosen)} of {int((rows >= 0).sum())} of {len(names)} districts; rows of "
                     f"other districts, left out: {len(row_of) - int((rows >= 0).sum())}.")
    return found


def _is_numeric(table: FeatureTable, field: str) -> bool:
    if table.kinds[field] != "text":
        return table.kinds[field] in ("integer", "number")
    try:
        return bool(np.isfinite(read_numbers(table, field, "TARGET_FIELDS")).any())
    except InputError:
        return False
