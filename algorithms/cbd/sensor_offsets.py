"""Factors between sensors and collections: years that differ in them are compared only where the user names one."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable

FIELDS = ("sensor", "collection")


def light_factors(table: FeatureTable, cities: NDArray[np.object_], offset: str) -> NDArray[np.float64]:
    """By what the light of each row is multiplied.

    cities: name per row. offset: 'value=factor, ...' with values of the fields sensor and collection. Raises InputError
    where a city mixes values and OFFSET doesn't name all but one of them, and where it names one that isn't there.
    """
    factors = _parsed(offset)
    values = {field: table.texts(field) for field in FIELDS if field in table.columns}
    known = {value for column in values.values() for value in column if value is not None}
    for name in factors:
        if name not in known:
            raise InputError("OFFSET", f"'{name}' is in neither of the fields {' and '.join(FIELDS)}",
                             f"name one of {', '.join(sorted(known))}" if known else "leave it empty")
    result = np.ones(len(table))
    for field, column in values.items():
        for city in sorted(set(cities)):
            mixed = sorted({value or "" for value in column[cities == city]})
            unnamed = [value for value in mixed if value not in factors]
            if len(mixed) > 1 and len(unnamed) > 1:
                raise InputError(table.parameter, f"in '{city}' the field {field} differs: {', '.join(mixed)}",
                                 f"give a factor in OFFSET, such as {unnamed[-1]}=1.05")
        result *= [factors.get(value, 1.0) for value in column]
    return result


def _parsed(offset: str) -> dict[str, float]:
    factors: dict[str, float] = {}
    for part in offset.replace(";", ",").split(","):
        if not part.strip():
            continue
        name, _, number = part.partition("=")
        try:
            factor = float(number)
        except ValueError:
            factor = math.nan
        if not (name.strip() and math.isfinite(factor) and factor > 0):
            raise InputError("OFFSET", f"'{part.strip()}' was given", "write a name, = and a factor above 0, such as "
                             "noaa20=1.05")
        factors[name.strip()] = factor
    return factors
