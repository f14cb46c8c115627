"""What is made in each unit of the simulated districts, and what places, views and flows show of it.

Activity is value over productivity: inputs follow the activity, so that the totals can't be read off exactly.
"""
from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import Generator
from .district_plan import PUBLISHED, SECTORS, DistrictPlan, share_values
from .ranges import Draws

MAPPING = PUBLISHED.parent / "place_categories.csv"
CLASS_SECTORS = {  # weights of primary, secondary and tertiary activity behind the places of a class
    "Food": (0.1, 0.2, 0.7), "Shopping": (0.1, 0.2, 0.7), "Living Services": (0.1, 0.2, 0.7),
    "Leisure": (0.05, 0.1, 0.85), "Medical": (0.15, 0.15, 0.7), "Hospitality": (0.15, 0.1, 0.75),
    "Tourist Attraction": (0.4, 0.05, 0.55), "Culture and Education": (0.15, 0.1, 0.75),
    "Transportation": (0.15, 0.35, 0.5), "Automotive": (0.15, 0.5, 0.35), "Finance": (0.02, 0.13, 0.85),
    "Business": (0.02, 0.33, 0.65), "Industry and Agriculture": (0.3, 0.65, 0.05), "Government": (0.2, 0.2, 0.6),
    "Residential": (0.1, 0.3, 0.6), "Public Facilities": (0.25, 0.2, 0.55)}
CONCENTRATION = 6.0  # how near the categories of a class are to its weights
VECTOR = 768
RURAL = 0.3  # built-up share below which a unit is rural
NEAREST = 1.0  # km that all distances are longer by
BALANCING = 60  # rounds in which origins and destinations are met


@dataclass(frozen=True)
class Activity:
    """value: (units, 3) in 100 million yuan, which adds up to the published totals. head_offices: the part of it that
    no input shows. active: (units, 3), what inputs follow, in the unit of value."""

    value: NDArray[np.float64]
    head_offices: NDArray[np.float64]
    active: NDArray[np.float64]

    def oracle(self, district: NDArray[np.intp]) -> NDArray[np.float64]:
        """R2 of each sector's totals of districts for one who sees the activity and no more, with one factor."""
        totals, seen = (np.column_stack([np.bincount(district, column) for column in values.T])
                        for values in (self.value, self.active))
        factor = (totals * seen).sum(axis=0) / (seen**2).sum(axis=0)
        missed = ((totals - factor * seen)**2).sum(axis=0)
        skill: NDArray[np.float64] = 1 - missed / ((totals - totals.mean(axis=0))**2).sum(axis=0)
        return skill


def simulate_activity(draws: Draws, numbers: Generator, plan: DistrictPlan) -> Activity:
    """Primary value by area, fertility and what isn't built up; the others by people and surfaces of their own."""
    open_land = plan.area * (1 - plan.built_up)
    weights = np.column_stack((open_land, np.sqrt(plan.area * plan.people), plan.people)) * np.exp(plan.surfaces)
    value = share_values(plan.districts.value, plan.district, weights)
    offices = _head_offices(draws, numbers, plan)
    value[:, 2] = (1 - offices.share) * value[:, 2] + offices.share * offices.value
    booked = np.zeros_like(value)
    booked[:, 2] = offices.share * offices.value
    of_district = numbers.standard_normal(plan.districts.value.shape) * draws.many("productivity of districts", 3)
    of_unit = numbers.standard_normal(value.shape) * draws.many("productivity of units", 3)
    return Activity(value, booked, (value - booked) * np.exp(-of_district[plan.district] - of_unit))


@dataclass(frozen=True)
class _Offices:
    share: float
    value: NDArray[np.float64]  # (units,): the tertiary totals of districts in the units with head offices


def _head_offices(draws: Draws, numbers: Generator, plan: DistrictPlan) -> _Offices:
    share, few = draws.one("tertiary value of head offices"), draws.one("units with head offices")
    value = np.zeros(len(plan.area))
    for number, total in enumerate(plan.districts.value[:, 2]):
        units = np.flatnonzero(plan.district == number)
        chosen = numbers.choice(units, max(1, round(few * len(units))), replace=False,
                                p=plan.people[units] / plan.people[units].sum())
        value[chosen] = total / len(chosen)
    return _Offices(share, value)


def place_categories() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The 140 shipped categories and the class of each."""
    with MAPPING.open(encoding="utf-8", newline="") as file:
        class_of = {row["category"]: row["class"] for row in csv.DictReader(file)}
    return tuple(class_of), tuple(class_of.values())


def simulate_places(draws: Draws, numbers: Generator, plan: DistrictPlan, activity: Activity) -> NDArray[np.int64]:
    """Listed places (units, 140): Poisson around powers of the activity, thinned by the coverage of cities."""
    classes = place_categories()[1]
    mixture = np.array([numbers.dirichlet(CONCENTRATION * np.array(CLASS_SECTORS[each])) for each in classes])
    exponent = draws.many("growth of places with activity", len(classes))
    relative = activity.active / activity.active.mean(axis=0)
    rate = sum(mixture[:, sector] * relative[:, sector, None] ** exponent for sector in range(len(SECTORS)))
    noise = numbers.choice(len(classes), round(draws.one("categories of noise")), replace=False)
    rate[:, noise] = (plan.area / plan.area.mean())[:, None]
    rate = rate * np.exp(draws.one("noise of places") * numbers.standard_normal(rate.shape))
    popularity = np.exp(draws.one("popularity of categories") * numbers.standard_normal(len(classes)))
    rate *= popularity / (rate.mean(axis=0) * popularity.sum()) * draws.one("places of a unit")
    city = plan.city()
    town = draws.many("coverage of cities", int(city.max()) + 1)[city]
    country = draws.one("coverage of the countryside")
    covered = town * (country + (1 - country) * plan.built_up)
    return np.asarray(numbers.poisson(rate * covered[:, None]), dtype=np.int64)


def simulate_views(draws: Draws, numbers: Generator, plan: DistrictPlan, activity: Activity,
                   null: bool) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Mean vector of each unit's images (units, 768), NaN without any, and their number (units,).

    null: noise with the mean and spread that every number of the vectors has.
    """
    factors = round(draws.one("latent factors"))
    sight = [draws.one(f"sight of the {sector} sector") for sector in SECTORS]
    density = np.log1p(1000 * activity.active / plan.area[:, None])
    seen = np.column_stack((density, np.log(plan.people / plan.area)))
    seen = (seen - seen.mean(axis=0)) / seen.std(axis=0) * np.array([*sight, 0.5])
    latent = np.column_stack((seen, numbers.standard_normal((len(seen), factors - seen.shape[1]))))
    hidden = np.tanh(latent @ numbers.standard_normal((factors, 2 * factors)) / np.sqrt(factors))
    vectors = hidden @ numbers.standard_normal((2 * factors, VECTOR)) / np.sqrt(2 * factors)
    images = numbers.poisson(draws.one("images of a unit"), len(seen)) + 1
    noise = draws.one("noise of images") * vectors.std() * numbers.standard_normal(vectors.shape)
    vectors = vectors + noise / np.sqrt(images)[:, None]
    unseen = (plan.built_up < RURAL) & (numbers.uniform(size=len(seen)) < draws.one("rural units without views"))
    if null:
        vectors = vectors.mean(axis=0) + vectors.std(axis=0) * numbers.standard_normal(vectors.shape)
    images[unseen] = 0
    vectors[unseen] = np.nan
    return vectors.astype(np.float32), images


def simulate_flows(draws: Draws, numbers: Generator, plan: DistrictPlan, activity: Activity,
                   null: bool) -> NDArray[np.float64]:
    """Seen trips of a working day (units, units): gravity, met at both ends, seen by an operator.

    null: the units at both ends are exchanged at random, so that flows say nothing about them.
    """
    apart = plan.centre[:, None] - plan.centre[None]
    distance = NEAREST + np.hypot(apart[..., 0], apart[..., 1])
    np.fill_diagonal(distance, NEAREST + 0.4 * np.sqrt(plan.area))
    trips = distance ** -draws.one("decay with distance")
    trips *= np.exp(draws.one("noise of flows") * numbers.standard_normal(trips.shape))
    leaving = plan.people * draws.one("trips of a person")
    reached = (activity.active[:, 1:].sum(axis=1) + activity.head_offices[:, 2]) ** 0.9
    reached *= leaving.sum() / reached.sum()
    for _ in range(BALANCING):
        trips *= (leaving / trips.sum(axis=1))[:, None]
        trips *= reached / trips.sum(axis=0)
    city = plan.city()
    operator = draws.many("share of the operator", int(city.max()) + 1)[city]
    flows = numbers.poisson(trips * operator[:, None]).astype(np.float64)
    if null:
        order = numbers.permutation(len(flows))
        flows = flows[order][:, order]
    return flows
