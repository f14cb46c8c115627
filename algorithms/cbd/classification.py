"""Which urban centres are CBDs, by trees or by rules that a person wrote."""
from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..progress import Progress
from .city_types import CityTypes, published_types
from .index_names import CITY_TYPE, COUNT, WITHIN_CITY
from .rule_files import Rule
from .typed_cities import FIELDS as TYPE_KINDS
from .typed_cities import column_of, read_cities
from .within_city import within_city

CBD_KINDS = {"cbd": "flag", "cbd_probability": "number", "rule": "text", "model": "text", "forced": "flag"}
WITHOUT_NEGATIVE = "it has no negative pixel"

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Verdict:
    """One value per centre. cbd: 1, 0, or NaN where unknown values leave it open. probability: NaN where nothing tells.
    rules: why, in words."""

    cbd: NDArray[np.float64]
    probability: NDArray[np.float64]
    rules: NDArray[np.object_]


class Decider(Protocol):
    """Trees or rules. name: for people. fields: that a layer must have. types: for cities whose type isn't given.

    ranges: smallest and largest value of fields in training.
    """

    @property
    def name(self) -> str: ...

    @property
    def fields(self) -> tuple[str, ...]: ...

    @property
    def types(self) -> CityTypes: ...

    @property
    def ranges(self) -> Mapping[str, tuple[float, float]]: ...

    def decide(self, columns: Columns, city_types: NDArray[np.object_]) -> Verdict:
        """columns: the fields and WITHIN_CITY, of centres with negative pixels; city_types: of their cities."""


@dataclass(frozen=True)
class RuleDecider:
    """Rules of a file; each applies to some city types. A type without a rule has no CBD."""

    name: str
    rules: Sequence[Rule]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(sorted({name for rule in self.rules for name in rule.expression.names} - set(WITHIN_CITY)))

    @property
    def types(self) -> CityTypes:
        return published_types()

    @property
    def ranges(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def decide(self, columns: Columns, city_types: NDArray[np.object_]) -> Verdict:
        cbd, why = np.zeros(len(city_types)), np.full(len(city_types), None, dtype=object)
        for rule in self.rules:
            rows = np.flatnonzero([rule.applies(each) for each in city_types])
            held = rule.expression.evaluate({name: columns[name][rows] for name in rule.expression.names}, len(rows))
            cbd[rows] = held
            said = {1.0: rule.expression.text, 0.0: f"not ({rule.expression.text})"}
            why[rows] = [said.get(value) for value in held]
        return Verdict(cbd, np.full(len(cbd), np.nan), why)


def check_fields(decider: Decider, fields: Container[str], parameter: str = "MODEL") -> None:
    """Raises InputError for a field that isn't there."""
    missing = [name for name in (COUNT, *decider.fields) if name not in fields]
    if missing:
        raise InputError(parameter, f"'{decider.name}' needs '{missing[0]}', which the centres don't have",
                         "give centres with all light indexes, or another model or rule")


def classify(table: FeatureTable, decider: Decider, city_field: str = "", type_field: str = "",
             one_per_city: bool = False,
             progress: Progress | None = None) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """CBD_KINDS and, where type_field is empty, the types of the cities: columns of the centres, and their kinds.

    Centres without negative pixels are no CBDs, as published. one_per_city: the most probable centre of a city without
    a CBD, of equal ones that with the most negative pixels, is made one. Raises InputError for missing fields.
    """
    check_fields(decider, table.columns)
    count, cities = table.numbers(COUNT), read_cities(table, "", "", city_field)
    types: dict[str, NDArray[Any]] = {}
    if not type_field:
        given = decider.types.assign(cities.means, cities.counts)
        beyond = np.where(np.equal(given.types, None), np.nan, given.outside_range)  # type: ignore[call-overload]
        values = (given.types, given.distances, given.next_distances, beyond.astype(np.float64))
        types = {name: value[cities.row_of] for name, value in zip(TYPE_KINDS, values)}
    city_types = table.texts(type_field, "TYPE_FIELD") if type_field else types[CITY_TYPE]
    rows = np.flatnonzero(count > 0)
    known = {name: column_of(table, name, "MODEL")[rows] for name in decider.fields}
    if progress is not None:
        _warn_outside(known, decider, progress)
    verdict = decider.decide({**known, **within_city(count[rows], cities.row_of[rows])}, city_types[rows])
    cbd, probability = np.where(np.isnan(count), np.nan, 0.0), np.full(len(table), np.nan)
    rules = np.array([WITHOUT_NEGATIVE if number == 0 else None for number in count], dtype=object)
    cbd[rows], probability[rows], rules[rows] = verdict.cbd, verdict.probability, verdict.rules
    forced = forced_centres(cbd, probability, count, cities.row_of) if one_per_city else np.zeros(len(table))
    cbd[forced > 0] = 1
    columns = {"cbd": cbd, "cbd_probability": probability, "rule": rules,
               "model": np.full(len(table), decider.name, dtype=object), "forced": forced}
    return {**types, **columns}, {**(TYPE_KINDS if types else {}), **CBD_KINDS}


def _warn_outside(columns: Columns, decider: Decider, progress: Progress) -> None:
    """Of values that the model has never seen."""
    for name, (low, high) in decider.ranges.items():
        values = columns.get(name)
        beyond = 0 if values is None else int(((values < low) | (values > high)).sum())
        if values is not None and beyond:
            progress.warning(f"'{name}' of {beyond} of {len(values)} centres with negative pixels lies outside {low:g} "
                             f"to {high:g}, which '{decider.name}' was trained with.")


def forced_centres(cbd: NDArray[Any], probability: NDArray[np.float64], count: NDArray[np.float64],
                   city_of: NDArray[np.intp]) -> NDArray[np.float64]:
    """1 for the most probable centre with negative pixels of each city without a CBD; of equal ones, for that with the
    most of them. All of shape (centres,)."""
    forced = np.zeros(len(cbd))
    for city in range(int(city_of.max()) + 1):
        rows = np.flatnonzero((city_of == city) & (count > 0))
        if len(rows) and not (cbd[rows] == 1).any():
            likely = np.where(np.isnan(probability[rows]), -1, probability[rows])
            forced[rows[np.lexsort((-count[rows], -likely))[0]]] = 1
    return forced
