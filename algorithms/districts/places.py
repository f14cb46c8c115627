"""Places: how many of each category stand in each unit."""
from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ..category_names import plain_category
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..progress import Progress
from .units import Units

SHIPPED_MAPPING = Path(__file__).resolve().parents[2] / "examples" / "place_categories.csv"
LEVEL_FIELDS = {"classes": "class", "categories": "category"}
MOST_CATEGORIES = 500  # columns of a layer


def count_places(table: FeatureTable, category_fields: Sequence[str], mapping: FeatureTable | None, level: str,
                 units: Units, progress: Progress) -> dict[str, NDArray[np.float64]]:
    """Category to the number of its places in every unit, NaN in units without a single place: nothing was mapped.

    Polygons and lines count by their centroids. category_fields: of several fields, as OpenStreetMap has them, the
    first that isn't empty and is known counts. level: as_given, classes or categories of the mapping, None = shipped.
    Raises InputError where no place has a category or none lies in a unit.
    """
    units.have_areas(table.parameter)
    if not category_fields:
        raise InputError("CATEGORY_FIELD", "no field was named", f"name the field of {table.parameter}")
    if not table.wkb:
        raise InputError(table.parameter, "it is a table without geometry", "make points of its coordinates first")
    known = None if level == "as_given" else _mapping(mapping, LEVEL_FIELDS[level])
    given = _categories(table, category_fields, known)
    shapes = shapes_in(table, units.crs)
    unit = units.of_points(shapely.centroid(shapes))
    named = given != None  # noqa: E711
    counted = named & (unit >= 0)
    if not counted.any():
        raise InputError(table.parameter, f"none of {len(table)} places has a category and lies in a unit (categories: "
                         f"{int(named.sum())}, in units: {int((unit >= 0).sum())})",
                         "choose places of the same region, and a field or MAPPING with their categories")
    names, number = np.unique(given[counted].astype(str), return_inverse=True)
    if len(names) > MOST_CATEGORIES:
        raise InputError("CATEGORY_FIELD", f"it has {len(names)} values", f"choose a field with at most "
                         f"{MOST_CATEGORIES}, or bring them to classes by CATEGORIES")
    counts = np.zeros((len(units), len(names)))
    np.add.at(counts, (unit[counted], number.ravel()), 1)
    bare = counts.sum(axis=1) == 0
    counts[bare] = np.nan
    progress.message(f"Places: {int(counted.sum())} of {len(table)} in {len(names)} categories; left out: "
                     f"{int((~named).sum())} without a known category, {int((named & (unit < 0)).sum())} outside the "
                     f"units. Units without a place, whose counts are missing: {int(bare.sum())}.")
    return {str(name): counts[:, index] for index, name in enumerate(names)}


def _categories(table: FeatureTable, fields: Sequence[str], known: dict[str, str] | None) -> NDArray[np.object_]:
    """Category of each row, None where there is none; of values that are parted by ; the first known."""
    found = np.full(len(table), None, dtype=object)
    for field in fields:
        texts = table.texts(field, "CATEGORY_FIELD")
        category = {text: _category(text, field, known) for text in set(texts) - {None}}
        own = np.array([category.get(text) for text in texts], dtype=object)
        found = np.where(found == None, own, found)  # noqa: E711
    return found


def _category(text: str, field: str, known: dict[str, str] | None) -> str | None:
    if known is None:
        return text.strip() or None
    for part in (plain_category(part) for part in text.split(";")):
        for tag in (f"{plain_category(field)}={part}", part):
            if tag in known:
                return known[tag]
    return None


def _mapping(table: FeatureTable | None, wanted: str) -> dict[str, str]:
    """Tag or code to class or category."""
    if table is None:
        with SHIPPED_MAPPING.open(encoding="utf-8", newline="") as file:
            rows = [(row["tag"], row[wanted]) for row in csv.DictReader(file)]
    else:
        missing = [field for field in ("tag", wanted) if field not in table.kinds]
        if missing:
            raise InputError(table.parameter, f"it has no field '{missing[0]}'",
                             f"give a table with the fields tag and {wanted}, as examples/place_categories.csv has")
        rows = [(tag, name) for tag, name in zip(table.texts("tag"), table.texts(wanted)) if tag and name]
    tags = Counter(plain_category(tag) for tag, _ in rows)
    repeated = [tag for tag, count in tags.items() if count > 1]
    if repeated:
        raise InputError("MAPPING", f"'{repeated[0]}' stands in it {tags[repeated[0]]} times", "list every tag once")
    return {plain_category(tag): name for tag, name in rows}
