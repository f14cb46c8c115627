"""The layer of places of the simulated region: as incomplete, wrong and displaced as real ones are."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import Generator
from .ranges import Draws
from .region_output import FIRST_MONTH, LONGEST_LAG, Output
from .region_plan import COMMERCE, HOUSING, SECTORS, RegionPlan

CATEGORIES = ("man_made=works", "building=industrial", "industrial=factory")
OTHERS = ("shop=supermarket", "amenity=restaurant", "amenity=school", "office=company")
OTHER_PLACES = 200
ASTRAY = 1500.0  # metres, standard deviation of wrong factories around a real one
EMPLOYEES, STAFFING = 60.0, 0.8  # of a factory of size 1, and the exponent of size
NO_FACTORY = -1
UNKNOWN = 0


@dataclass(frozen=True)
class Places:
    """x, y: metres in the grid's CRS. category: tag as OpenStreetMap writes it. producer: index of the factory that
    stands there, NO_FACTORY for places that aren't one. opened, closed: month numbers, UNKNOWN where the layer doesn't
    say. sector: index into SECTORS, that of the factory or any. employees: 0 for places that aren't listed as
    factories. All of shape (places,)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    category: NDArray[np.str_]
    producer: NDArray[np.int32]
    opened: NDArray[np.int32]
    closed: NDArray[np.int32]
    sector: NDArray[np.int8]
    employees: NDArray[np.int32]

    @property
    def listed_as_factory(self) -> NDArray[np.bool_]:
        return np.isin(self.category, CATEGORIES)


def list_places(draws: Draws, numbers: Generator, plan: RegionPlan, output: Output) -> Places:
    count = plan.factories
    known = np.flatnonzero(numbers.random(count) >= draws.one("missing factories"))
    twice = known[numbers.random(len(known)) < draws.one("points on one site")]
    listed = np.concatenate((known, twice))
    share = draws.one("wrong factories")
    wrong = round(len(listed) * share / (1 - share))
    error = draws.one("error of position") / np.sqrt(2)
    near = numbers.integers(count, size=wrong)
    spread = np.concatenate((np.full(len(listed), error), np.full(wrong, ASTRAY)))
    x = plan.x[np.concatenate((listed, near))] + spread * numbers.standard_normal(len(spread))
    y = plan.y[np.concatenate((listed, near))] + spread * numbers.standard_normal(len(spread))
    producer = np.concatenate((listed, np.full(wrong, NO_FACTORY))).astype(np.int32)
    opened, closed = _dates(draws, numbers, output.open, producer)
    rows, columns = np.nonzero((plan.land_use == HOUSING) | (plan.land_use == COMMERCE))
    chosen = numbers.integers(len(rows), size=OTHER_PLACES)
    left, bottom, right, top = plan.grid.bounds
    x = np.concatenate((x, left + (columns[chosen] + numbers.random(OTHER_PLACES)) * plan.grid.cell_width))
    y = np.concatenate((y, top - (rows[chosen] + numbers.random(OTHER_PLACES)) * plan.grid.cell_height))
    category = np.concatenate((np.array(CATEGORIES)[numbers.integers(len(CATEGORIES), size=len(producer))],
                               np.array(OTHERS)[numbers.integers(len(OTHERS), size=OTHER_PLACES)]))
    empty = np.zeros(OTHER_PLACES, np.int32)
    size = np.concatenate((plan.size[listed], plan.size[near]))
    spread = draws.one("error of employees") * numbers.standard_normal(len(size))
    employees = EMPLOYEES * size**STAFFING * np.exp(spread)
    sector = np.concatenate((plan.sector[listed], numbers.integers(len(SECTORS), size=wrong + OTHER_PLACES)))
    order = np.argsort(x, kind="stable")  # from west to east, so that it says nothing about what is real
    return Places(np.clip(x, left + 1, right - 1)[order], np.clip(y, bottom + 1, top - 1)[order], category[order],
                  np.concatenate((producer, empty + NO_FACTORY))[order], np.concatenate((opened, empty))[order],
                  np.concatenate((closed, empty))[order], sector.astype(np.int8)[order],
                  np.concatenate((np.ceil(employees).astype(np.int32), empty))[order])


def _dates(draws: Draws, numbers: Generator, is_open: NDArray[np.bool_],
           producer: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """First and last open month where the layer says it."""
    shown = numbers.random(len(producer)) < draws.one("dates that are known")
    opened, closed = (np.where(shown, each, UNKNOWN) for each in true_dates(is_open, producer))
    return opened, closed


def true_dates(is_open: NDArray[np.bool_],
               producer: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """First and last open month of each place's producer, where it opens or closes within the series."""
    history = is_open[np.maximum(producer, 0)][:, LONGEST_LAG:]
    made = history.any(axis=1) & (producer != NO_FACTORY)
    first = FIRST_MONTH + history.argmax(axis=1)
    last = FIRST_MONTH + history.shape[1] - 1 - history[:, ::-1].argmax(axis=1)
    opened = np.where(made & ~history[:, 0], first, UNKNOWN)
    closed = np.where(made & ~history[:, -1], last, UNKNOWN)
    return opened.astype(np.int32), closed.astype(np.int32)
