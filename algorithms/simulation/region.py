"""A simulated industrial region on arrays: light, places and published totals, with the truth behind them.

Truth and light are drawn from another family than any estimator here assumes: sums of powers, autoregressions and lags.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .constants import generator
from .ranges import Draws
from .region_light import RegionLight, simulate_light
from .region_output import FIRST_MONTH, Output, simulate_output
from .region_places import Places, list_places
from .region_plan import ZONES, RegionPlan, plan_region
from .region_ranges import REGION_RANGES

CELLS = 90
MONTHS = 96
_PLAN, _OUTPUT, _LIGHT, _PLACES = range(60, 64)  # streams of random numbers


@dataclass(frozen=True)
class Region:
    """months: shape (months,), month numbers. price: (months,), index of current prices, 1 at the start. The producers
    of plan and output are the truth of factories; see cell_output and zone_totals for cells and zones."""

    seed: int
    plan: RegionPlan
    output: Output
    light: RegionLight
    places: Places
    months: NDArray[np.int32]
    price: NDArray[np.float64]
    constants: dict[str, dict[str, Any]]

    def zone_totals(self) -> NDArray[np.float64]:
        """What is made in each zone and month at constant prices, shape (len(ZONES), months)."""
        totals = np.zeros((len(ZONES), len(self.months)))
        np.add.at(totals, self.plan.producer_zone, self.output.series)
        return totals

    def cell_output(self) -> NDArray[np.float64]:
        """The same of each cell, shape (months, rows, columns)."""
        shape = self.plan.land_use.shape
        cells = np.zeros((*shape, len(self.months)))
        np.add.at(cells, (self.plan.row, self.plan.column), self.output.series)
        return cells.transpose(2, 0, 1)


def simulate_region(seed: int, null: bool = False, with_shock: bool = True, months: int = MONTHS,
                    cells: int = CELLS) -> Region:
    """The region of a seed. null: light has nothing to do with output. with_shock: 2020 breaks in.

    Both leave all else as it is drawn. Totals and light begin in January 2014.
    """
    draws = [Draws(generator(seed, stream, 0), REGION_RANGES) for stream in (_PLAN, _OUTPUT, _LIGHT, _PLACES)]
    plan = plan_region(draws[0], generator(seed, _PLAN, 1), cells)
    output = simulate_output(draws[1], generator(seed, _OUTPUT, 1), plan, months, with_shock)
    light = simulate_light(draws[2], generator(seed, _LIGHT, 1), plan, output, null)
    places = list_places(draws[3], generator(seed, _PLACES, 1), plan, output)
    price = np.exp(draws[1].one("price index") * np.arange(months) / 12)
    constants = {name: record for each in draws for name, record in each.constants.as_records().items()}
    return Region(seed, plan, output, light, places, (FIRST_MONTH + np.arange(months)).astype(np.int32), price,
                  constants)
