"""Factories: points of a factory layer, or of a layer of all kinds of places by their categories."""
from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from scipy.spatial import cKDTree

from ..category_names import plain_category
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..progress import Progress
from ..rasters import Grid
from .months import month_number

SHIPPED_CATEGORIES = Path(__file__).resolve().parents[2] / "examples" / "factory_categories.csv"
SAME_PLACE = 1.0  # metres
ALWAYS = (-(2**31), 2**31 - 1)


@dataclass(frozen=True)
class FactoryFields:
    """Names of the fields of a factory layer; empty = not there."""

    identity: str = ""
    category: str = ""
    opened: str = ""
    closed: str = ""


@dataclass(frozen=True)
class Factories:
    """Factories in the order of the layer.

    names: of the identity field, else the number of the row from 1. x, y: shape (factories,), in the CRS of the grid.
    opened, closed: (factories,), first and last month with production; ALWAYS where no date was given. row: of the
    layer, (factories,).
    """

    names: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    opened: NDArray[np.int32]
    closed: NDArray[np.int32]
    row: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.names)

    def is_open(self, months: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Shape (factories, months)."""
        return (months >= self.opened[:, None]) & (months <= self.closed[:, None])

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Factories:
        kept = np.arange(len(self))[chosen]
        return Factories(tuple(self.names[index] for index in kept), self.x[kept], self.y[kept], self.opened[kept],
                         self.closed[kept], self.row[kept])


def read_factories(table: FeatureTable, fields: FactoryFields, categories: FeatureTable | None, grid: Grid,
                   duplicates: str, progress: Progress) -> Factories:
    """The factories on the grid, whose CRS is in metres.

    Polygons and multipoints count by their centroids. categories: a table with one category per row in its first text
    field, None = the shipped one; without fields.category all rows are factories. duplicates: refuse, one or share.
    Raises InputError where no row is a factory or none lies on the grid, for bad dates, and for factories at one place
    where they are refused. Those outside the grid are counted in a warning.
    """
    places = shapely.get_coordinates(shapely.centroid(_geometries(table, grid.crs)))
    chosen = np.ones(len(table), bool)
    if fields.category:
        chosen = _is_factory(table, fields.category, categories)
    opened, closed = _opening(table, fields)
    names = table.texts(fields.identity, "FACTORY_FIELD") if fields.identity else [None] * len(table)
    named = tuple(name or str(row + 1) for row, name in enumerate(names))
    everything = Factories(named, places[:, 0], places[:, 1], opened, closed, np.arange(len(table), dtype=np.int32))
    found = _on_grid(everything.select(chosen), table.parameter, grid, progress)
    return found if duplicates == "share" else _one_per_place(found, table.parameter, duplicates, progress)


def _geometries(table: FeatureTable, crs: CRS) -> NDArray[np.object_]:
    if not len(table):
        raise InputError(table.parameter, "it has no feature", "choose a layer with factories")
    if not table.wkb:
        raise InputError(table.parameter, "it is a table without geometry", "make points of its coordinates first")
    shapes = shapes_in(table, crs)
    empty = int(shapely.is_missing(shapes).sum() + shapely.is_empty(shapes).sum())
    if empty:
        raise InputError(table.parameter, f"{empty} of {len(table)} rows have no geometry",
                         "choose a layer of points or polygons")
    return shapes


def _is_factory(table: FeatureTable, field: str, categories: FeatureTable | None) -> NDArray[np.bool_]:
    """Rows whose category, or field=category as OpenStreetMap writes tags, is listed; several are parted by ;."""
    wanted = _shipped() if categories is None else _own(categories)
    given = table.texts(field, "CATEGORY_FIELD")
    known: dict[str, bool] = {}
    for text in given:
        if text is not None and text not in known:
            parts = [plain_category(part) for part in text.split(";")]
            known[text] = any(part in wanted or f"{plain_category(field)}={part}" in wanted for part in parts)
    chosen = np.array([text is not None and known[text] for text in given], bool)
    if not chosen.any():
        common = ", ".join(f"'{text}'" for text, _ in Counter(text for text in given if text).most_common(3))
        raise InputError("CATEGORY_FIELD", f"no row has a category of factories (there are {common or 'none'})",
                         "name those of factories in a table in CATEGORIES, or choose another field")
    return chosen


def _shipped() -> set[str]:
    with SHIPPED_CATEGORIES.open(encoding="utf-8", newline="") as file:
        return {plain_category(row["category"]) for row in csv.DictReader(file)}


def _own(categories: FeatureTable) -> set[str]:
    fields = [field for field, kind in categories.kinds.items() if kind in ("text", "integer")]
    if not fields:
        raise InputError(categories.parameter, "it has no text field", "give a table whose first field has categories")
    field = "category" if "category" in fields else fields[0]
    return {plain_category(text) for text in categories.texts(field) if text}


def _opening(table: FeatureTable, fields: FactoryFields) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    ends = []
    for field, parameter, missing in ((fields.opened, "OPENED", ALWAYS[0]), (fields.closed, "CLOSED", ALWAYS[1])):
        days: list[date | None] = list(table.dates(field, parameter)) if field else [None] * len(table)
        ends.append(np.array([missing if day is None else month_number(day) for day in days], np.int32))
    wrong = np.flatnonzero(ends[1] < ends[0])
    if len(wrong):
        raise InputError("CLOSED", f"{len(wrong)} factories closed before they opened (the first in row "
                         f"{wrong[0] + 1})", "correct the dates")
    return ends[0], ends[1]


def _on_grid(factories: Factories, parameter: str, grid: Grid, progress: Progress) -> Factories:
    left, bottom, right, top = grid.bounds
    inside = (factories.x >= left) & (factories.x < right) & (factories.y > bottom) & (factories.y <= top)
    if not inside.any():
        raise InputError(parameter, f"none of {len(factories)} factories lies on RADIANCE ({grid})",
                         "choose factories and light of one region")
    if not inside.all():
        first = factories.names[int(np.argmin(inside))]
        progress.warning(f"{parameter}: {int((~inside).sum())} of {len(factories)} factories lie outside RADIANCE and "
                         f"are left out (the first is '{first}').")
    return factories.select(inside)


def _one_per_place(factories: Factories, parameter: str, duplicates: str, progress: Progress) -> Factories:
    kept = _first_of_place(factories)
    repeated = np.flatnonzero(kept != np.arange(len(factories)))
    if not len(repeated):
        return factories
    other, one = factories.names[repeated[0]], factories.names[kept[repeated[0]]]
    if duplicates == "refuse":
        raise InputError(parameter, f"'{one}' and '{other}' stand at one place ({len(repeated)} factories stand where "
                         "another does)", "choose DUPLICATES one or share, or correct the layer")
    progress.warning(f"{parameter}: {len(repeated)} factories stand where another does and are left out (the first is "
                     f"'{other}', at the place of '{one}').")
    return factories.select(np.setdiff1d(np.arange(len(factories)), repeated))


def _first_of_place(factories: Factories) -> NDArray[np.intp]:
    """Index of the factory that is kept within SAME_PLACE of each, (factories,): itself, or an earlier one."""
    places, first, place = np.unique(np.column_stack((factories.x, factories.y)), axis=0, return_index=True,
                                     return_inverse=True)
    kept = np.arange(len(factories))
    near = np.sort(first[cKDTree(places).query_pairs(SAME_PLACE, output_type="ndarray")], axis=1)
    for earlier, later in near[np.lexsort(near.T)].tolist():
        if kept[earlier] == earlier and kept[later] == later:
            kept[later] = earlier
    return np.asarray(kept[first[place.ravel()]], np.intp)
