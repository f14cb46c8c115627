"""What the producers of the simulated region make in every month, and how much of it light could tell."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from ..industry.months import FIRST_YEAR, NEW_YEARS, month_number
from .constants import Generator
from .ranges import Draws
from .region_plan import DAY_SHIFT, LIT, NORTHERN, OFFICE, SECTORS, RegionPlan

FIRST_MONTH = 12 * 2014
SHOCK_YEAR = 2020
HOLIDAY_FROM, HOLIDAY_DAYS = -3, 14  # days off New Year's day in which factories stand still
LONGEST_LAG = 2
UNIT = 1e6  # of the published totals per unit of size, only to make them look like money


@dataclass(frozen=True)
class Output:
    """made: shape (producers, months), float64, at constant prices; its first LONGEST_LAG months lie before the
    series. open: likewise, bool. oracle: (producers, months of the series): output as one would estimate it who knows
    factory light, elasticity and sizes, but not the swings of day-shift factories and head offices. oracle_r2: of the
    monthly totals."""

    made: NDArray[np.float64]
    open: NDArray[np.bool_]
    oracle: NDArray[np.float64]
    oracle_r2: float

    @property
    def series(self) -> NDArray[np.float64]:
        return self.made[:, LONGEST_LAG:]


def simulate_output(draws: Draws, numbers: Generator, plan: RegionPlan, months: int, with_shock: bool) -> Output:
    """The shock takes effect or not without changing any other random number."""
    time = np.arange(months + LONGEST_LAG) + FIRST_MONTH - LONGEST_LAG
    expected = _sector_index(draws, numbers, time, with_shock)[plan.sector]
    advantage = draws.one("advantage of the north")
    years = (time - FIRST_MONTH) / 12
    expected *= np.exp(advantage * np.where(NORTHERN[plan.producer_zone], 0.5, -0.5)[:, None] * years)
    is_open = _open(draws, numbers, plan, len(time))
    expected *= plan.size[:, None] * is_open
    own = draws.one("spread of a factory") * _autoregression(numbers, (len(plan.size), len(time)), 0.8)
    seen = plan.kind == LIT
    made = expected * np.exp(np.where(seen[:, None], own, 0))
    unseen = expected * (1 - seen[:, None]) * np.tanh(_unseen_swings(numbers, plan, len(time)))
    target = draws.one("R2 of the oracle")
    scale = _scale(made[:, LONGEST_LAG:].sum(axis=0), unseen[:, LONGEST_LAG:].sum(axis=0), target)
    oracle = made[:, LONGEST_LAG:].copy()
    made = np.maximum(made + scale * unseen, 0)
    total = made[:, LONGEST_LAG:].sum(axis=0)
    reached = 1 - ((total - oracle.sum(axis=0))**2).sum() / ((total - total.mean())**2).sum()
    return Output(made * UNIT, is_open, oracle * UNIT, float(reached))


def _sector_index(draws: Draws, numbers: Generator, time: NDArray[np.int_],
                  with_shock: bool) -> NDArray[np.float64]:
    """Growth, season, holidays, cycle and shock, shape (sectors, months), about 1 at the start."""
    sectors = len(SECTORS)
    years = (time - FIRST_MONTH) / 12
    growth = draws.many("growth of sectors", sectors)[:, None] * years
    season = draws.many("season", sectors)[:, None] * (
        np.sin(2 * np.pi * years + numbers.uniform(0, 2 * np.pi, (sectors, 1)))
        + 0.4 * np.sin(4 * np.pi * years + numbers.uniform(0, 2 * np.pi, (sectors, 1))))
    cycle = draws.many("spread of the business cycle", sectors)[:, None] * _second_order(numbers, (sectors, len(time)))
    index = np.exp(growth + season + cycle) * (1 - draws.one("loss at Spring Festival") * _holidays(time))
    shock = _shock(draws, time)
    strength = numbers.uniform(0.6, 1.4, (sectors, 1))
    return np.asarray(index * (1 - strength * shock) if with_shock else index, np.float64)


def _holidays(time: NDArray[np.int_]) -> NDArray[np.float64]:
    """Share of the Spring Festival's days that lie in each month, shape (months,)."""
    share = np.zeros(len(time))
    for year in sorted({int(month) // 12 for month in time}):
        start = date(year, *divmod(NEW_YEARS[year - FIRST_YEAR], 100)) + timedelta(HOLIDAY_FROM)
        for day in range(HOLIDAY_DAYS):
            share[time == month_number(start + timedelta(day))] += 1 / HOLIDAY_DAYS
    return share


def _shock(draws: Draws, time: NDArray[np.int_]) -> NDArray[np.float64]:
    """Lost share, shape (months,): a fall, an exponential recovery, and a part that lasts."""
    depth, lasts = draws.one("depth of the shock"), draws.one("part that lasts")
    since = time - (12 * SHOCK_YEAR + round(draws.one("first month of the shock")))
    fall, recovery = round(draws.one("fall of the shock")), draws.one("recovery of the shock")
    falling = np.clip((since + 1) / (fall + 1), 0, 1)
    left = lasts + (1 - lasts) * np.exp(-np.maximum(since - fall, 0) / recovery)
    return np.asarray(depth * falling * left, np.float64)


def _open(draws: Draws, numbers: Generator, plan: RegionPlan, months: int) -> NDArray[np.bool_]:
    """Shape (producers, months). Openings and closures are uniform in time; head offices stay."""
    chance = draws.one("openings and closures") * months / 12
    lot, when = numbers.random(len(plan.size)), numbers.integers(0, months, len(plan.size))
    opens, closes = lot < chance, lot > 1 - chance
    opens[plan.kind == OFFICE] = closes[plan.kind == OFFICE] = False
    time = np.arange(months)
    is_open: NDArray[np.bool_] = ((~opens[:, None] | (time >= when[:, None]))
                                  & (~closes[:, None] | (time <= when[:, None])))
    return is_open


def _unseen_swings(numbers: Generator, plan: RegionPlan, months: int) -> NDArray[np.float64]:
    """What moves day-shift factories and head offices together, in the region and in their zones, and each alone."""
    count = len(plan.size)
    shared = _autoregression(numbers, (1, months), 0.6)
    zones = _autoregression(numbers, (len(NORTHERN), months), 0.6)[plan.producer_zone]
    alone = _autoregression(numbers, (count, months), 0.6)
    strength = np.where(plan.kind == DAY_SHIFT, 0.8, 1.0)[:, None]
    swings: NDArray[np.float64] = (0.6 * shared + 0.4 * zones + 0.3 * alone) * strength
    return swings


def _scale(expected: NDArray[np.float64], swings: NDArray[np.float64], target: float) -> float:
    """The factor on the swings at which what is expected explains the target share of the variance of the sum."""
    def r2(factor: float) -> float:
        total = expected + factor * swings
        return 1 - float(((factor * swings)**2).sum() / ((total - total.mean())**2).sum())

    low, high = 0.0, 1.0
    while r2(high) > target and high < 64:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if r2(middle) > target else (low, middle)
    return low


def _autoregression(numbers: Generator, shape: tuple[int, int], memory: float) -> NDArray[np.float64]:
    """First-order, over the second axis, mean 0 and standard deviation 1."""
    noise = numbers.standard_normal(shape)
    values = noise.copy()
    for step in range(1, shape[1]):
        values[:, step] = memory * values[:, step - 1] + np.sqrt(1 - memory**2) * noise[:, step]
    return values


def _second_order(numbers: Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """A damped cycle of about four years, mean 0 and standard deviation 1 over the series."""
    damping, period = 0.95, 48.0
    noise = numbers.standard_normal((shape[0], shape[1] + 100))
    values = noise.copy()
    for step in range(2, noise.shape[1]):
        values[:, step] += (2 * damping * np.cos(2 * np.pi / period) * values[:, step - 1]
                            - damping**2 * values[:, step - 2])
    values = values[:, 100:]
    return np.asarray((values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True), np.float64)
