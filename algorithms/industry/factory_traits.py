"""Reads what a factory layer says of factories beside their places: size and sector."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from .factories import Factories
from .traits import UNKNOWN, FactoryTraits


def read_traits(layer: FeatureTable, size_field: str, sector_field: str, factories: Factories,
                zone: NDArray[np.int32]) -> FactoryTraits:
    """size_field, sector_field: of the layer that factories were read from, empty = none. zone: see FactoryTraits.

    Raises InputError for sizes below zero, and where none is above.
    """
    size: NDArray[np.float64] | None = None
    if size_field:
        size = layer.numbers(size_field, "WEIGHT_FIELD")[factories.row]
        if (size < 0).any() or not (size > 0).any():
            raise InputError("WEIGHT_FIELD", f"'{size_field}' is negative or empty", "give sizes above zero")
    if not sector_field:
        return FactoryTraits(zone, size)
    texts = layer.texts(sector_field, "SECTOR_FIELD")[factories.row]
    sectors = tuple(sorted({text for text in texts if text is not None}))
    sector = np.array([UNKNOWN if text is None else sectors.index(text) for text in texts], np.int32)
    return FactoryTraits(zone, size, sector, sectors)
