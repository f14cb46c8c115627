"""Simulated districts on arrays: published totals on fictitious units, with places, views and flows of them.

Truth is drawn from another family than any estimator here assumes: surfaces, powers, gravity and unseen head offices.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .constants import generator
from .district_plan import DistrictPlan, plan_districts
from .district_ranges import DISTRICT_RANGES
from .district_signals import (
    Activity,
    place_categories,
    simulate_activity,
    simulate_flows,
    simulate_places,
    simulate_views,
)
from .ranges import Draws

_PLAN, _ACTIVITY, _PLACES, _VIEWS, _FLOWS, _DAYS = range(80, 86)  # streams of random numbers
NULLS = ("", "views", "flows", "all")


@dataclass(frozen=True)
class Districts:
    """The region of a seed. The totals are plan.districts.value; activity.value is the truth of units.

    places: (units, 140) counts of categories. views: (units, 768), NaN without images; images: (units,). flows: (units,
    units) of a working day, with trips inside units on the diagonal. oracle_r2: of each sector's totals. weekend,
    missing_days: of the flows in files.
    """

    seed: int
    plan: DistrictPlan
    activity: Activity
    categories: tuple[str, ...]
    places: NDArray[np.int64]
    views: NDArray[np.float32]
    images: NDArray[np.int64]
    flows: NDArray[np.float64]
    oracle_r2: NDArray[np.float64]
    weekend: float
    missing_days: float
    constants: dict[str, dict[str, Any]]

    def features(self, places: bool = True, views: bool = True) -> NDArray[np.float64]:
        """What is known of every unit, (units, columns): places as counts, views with NaN where there are none."""
        blocks = [self.places.astype(np.float64)] * places + [self.views.astype(np.float64)] * views
        return np.column_stack(blocks)


def simulate_districts(seed: int, null: str = "") -> Districts:
    """The districts of a seed. null: views are noise, flows are exchanged among units, or all; the rest is as drawn."""
    draws = [Draws(generator(seed, stream, 0), DISTRICT_RANGES) for stream in range(_PLAN, _DAYS + 1)]
    numbers = [generator(seed, stream, 1) for stream in range(_PLAN, _DAYS)]
    plan = plan_districts(draws[0], numbers[0])
    activity = simulate_activity(draws[1], numbers[1], plan)
    places = simulate_places(draws[2], numbers[2], plan, activity)
    views, images = simulate_views(draws[3], numbers[3], plan, activity, null in ("views", "all"))
    flows = simulate_flows(draws[4], numbers[4], plan, activity, null in ("flows", "all"))
    weekend, missing = draws[5].one("trips on weekends"), draws[5].one("missing days")
    constants = {name: record for each in draws for name, record in each.constants.as_records().items()}
    return Districts(seed, plan, activity, place_categories()[0], places, views, images, flows,
                     activity.oracle(plan.district), weekend, missing, constants)
