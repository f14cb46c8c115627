"""Vectors of street views, pooled over the images of each unit."""
from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..progress import Progress
from ..published_numbers import read_numbers
from .graph_columns import VIEW
from .units import NOWHERE, Units


def pool_views(table: FeatureTable, unit_field: str, pooling: str, units: Units,
               progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vector of every unit (units, length), NaN without images, and its number of images (units,).

    table: one row per image with its vector in the fields view_...; the image's unit is named by unit_field, or where
    that is empty the one that its point lies in. pooling: mean or sum.
    Raises InputError where there are no vectors, or none in a unit.
    """
    fields = [field for field in table.kinds if field.startswith(VIEW)]
    if not fields:
        raise InputError(table.parameter, f"it has no field whose name begins with '{VIEW}'",
                         "choose what 'Encode street views' wrote")
    vectors = np.column_stack([read_numbers(table, field, table.parameter) for field in fields])
    unit = units_of_views(table, unit_field, units)
    whole = np.isfinite(vectors).all(axis=1)
    used = whole & (unit != NOWHERE)
    if not used.any():
        raise InputError(table.parameter, f"none of {len(table)} images has a vector and lies in a unit",
                         "choose images of the same region")
    count = np.bincount(unit[used], minlength=len(units)).astype(np.float64)
    sums = np.zeros((len(units), len(fields)))
    np.add.at(sums, unit[used], vectors[used])
    pooled = np.where(count[:, None] > 0, sums / (np.maximum(count, 1)[:, None] if pooling == "mean" else 1), np.nan)
    progress.message(f"Street views: {int(used.sum())} of {len(table)} images; left out: {int((~whole).sum())} without "
                     f"a vector, {int((whole & ~used).sum())} outside the units. Units without an image, whose vectors "
                     f"are missing: {int((count == 0).sum())}.")
    return pooled, count


def units_of_views(table: FeatureTable, unit_field: str, units: Units) -> NDArray[np.intp]:
    """Number of the unit of each row, by the field or where that is empty by position; NOWHERE outside all.

    Raises InputError for a table with neither.
    """
    if unit_field:
        number = {name: index for index, name in enumerate(units.names)}
        return np.array([number.get(text, NOWHERE) for text in table.texts(unit_field, "EMBEDDING_UNIT_FIELD")],
                        np.intp)
    if not table.wkb:
        raise InputError("EMBEDDING_UNIT_FIELD", "no field was named, and the table has no points",
                         "name the field with the unit of each image")
    units.have_areas(table.parameter)
    return units.of_points(shapely.centroid(shapes_in(table, units.crs)))
