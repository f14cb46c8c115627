"""The centres that trees are trained with: those with negative pixels, their labels and their cities."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from .index_names import COUNT, STRATEGIES, WITHIN_CITY
from .labels import Labels
from .typed_cities import column_of, read_cities
from .within_city import within_city

FEWEST_CITIES = 2
BRIGHTNESS, AREA = "Max", "area_km2"  # fields of the floors


@dataclass(frozen=True)
class TrainingCentres:
    """columns: fields of shape (centres,). cbd: their labels. city: number of the city of each.

    city_names, means (nW/cm2/sr) and counts: of the cities, as the types need them. given_types: of the cities, or None
    where types are to be fitted. known: CBDs that there are, also those no centre with negative pixels covers. pairs:
    centre and number of the CBD that it covers, of shape (pairs, 2): a CBD may have several centres, and the reverse.
    """

    columns: Mapping[str, NDArray[Any]]
    cbd: NDArray[np.bool_]
    city: NDArray[np.intp]
    city_names: Sequence[str]
    means: NDArray[np.float64]
    counts: NDArray[np.float64]
    given_types: NDArray[np.object_] | None
    known: int
    pairs: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.cbd)

    @property
    def cities(self) -> NDArray[np.intp]:
        """Numbers of the cities that have such centres."""
        return np.unique(self.city)

    def select(self, fields: Sequence[str], rows: NDArray[np.bool_] | NDArray[np.intp]) -> dict[str, NDArray[Any]]:
        return {name: self.columns[name][rows] for name in fields}


def read_training_centres(table: FeatureTable, labels: Labels, city_field: str, type_field: str,
                          strategy: str, attributes: Sequence[str]) -> TrainingCentres:
    """The fields of a strategy and attributes, further ones that trees may test, and what other strategies can be
    compared with. Raises InputError for fields that aren't there, fewer than two cities, labels of one kind, and types
    that differ within a city or are missing."""
    cities = read_cities(table, "", "", city_field)
    count = table.numbers(COUNT)
    rows = np.flatnonzero(count > 0)
    city = cities.row_of[rows]
    if len(np.unique(city)) < FEWEST_CITIES:
        raise InputError("CITY_FIELD", "there is one city with negative pixels" if len(rows) else
                         "no centre has negative pixels", "name the field of the city, and give at least two cities")
    cbd = labels.cbd[rows]
    if cbd.all() or not cbd.any():
        raise InputError("INPUT", f"all {len(cbd)} centres with negative pixels are "
                         f"{'CBDs' if cbd.all() else 'no CBDs'}", "give centres of both kinds")
    needed = {name for name in STRATEGIES[strategy][0] if name not in WITHIN_CITY}
    others = {name for names, _ in STRATEGIES.values() for name in names if name in table.columns}
    columns: dict[str, NDArray[Any]] = {name: table.numbers(name)[rows] for name in sorted(needed | others)}
    for name in attributes:
        columns[name] = column_of(table, name, "ATTRIBUTES")[rows]
    columns.update({name: table.numbers(name)[rows] for name in (BRIGHTNESS, AREA) if name in table.columns})
    columns.update(within_city(count[rows], city))
    types = _types_of(table, type_field, cities.row_of, len(cities.names))
    if types is not None and None in types[city]:
        raise InputError("TYPE_FIELD", "a city with negative pixels has no type", "give every city one")
    pairs = _pairs(labels, rows)
    known = max(labels.known, len(np.unique(pairs[:, 1])))
    return TrainingCentres(columns, cbd, city, cities.names, cities.means, cities.counts, types, known, pairs)


def _pairs(labels: Labels, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of the centres in these rows of the layer, by their number among them."""
    pairs = labels.pairs
    if pairs is None:
        pairs = np.column_stack((np.flatnonzero(labels.cbd),) * 2)
    kept = pairs[np.isin(pairs[:, 0], rows)]
    return np.column_stack((np.searchsorted(rows, kept[:, 0]), kept[:, 1]))


def _types_of(table: FeatureTable, field: str, row_of: NDArray[np.intp], count: int) -> NDArray[np.object_] | None:
    if not field:
        return None
    types = np.full(count, None, dtype=object)
    for row, name in enumerate(table.texts(field, "TYPE_FIELD")):
        city = row_of[row]
        if name is not None and types[city] not in (None, name):
            raise InputError("TYPE_FIELD", f"a city has the types '{types[city]}' and '{name}'",
                             "give all centres of a city the same type")
        types[city] = types[city] or name
    return types
