"""A simulated country on arrays: monitors, covariates of every day, PM2.5, and the truth behind it.

What makes PM2.5 is drawn from another family than any estimator here assumes: products, plumes, thresholds.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..air_quality.site_days import SiteDays
from .constants import Generator, generator
from .country_air import Air, Field, Weather, simulate_air, simulate_weather
from .country_plan import CountryPlan, plan_country
from .country_ranges import COUNTRY_RANGES
from .ranges import Draws

ROWS, COLUMNS, DAYS = 48, 64, 60
FIRST_DAY = date(2021, 1, 1)
FINE_OFFSET = 4.0  # ug/m3: fine-scale noise grows with the value plus this
UNRELATED_MEMORY = 0.7  # per day
LEAST = 0.5  # ug/m3
EFFECTS = ("planted", "located", "none")
_PLAN, _WEATHER, _AIR, _MEASURED, _NULL = range(80, 85)  # streams of random numbers
UNITS = {"aod": "", "ndvi": "", "elevation": "m", "valley_depth": "share", "temperature": "degrees C", "humidity": "%",
         "wind_speed": "m/s", "rain": "mm/day", "boundary_layer": "m", "cloud": "share", "snow": "share",
         "developed": "share", "bare_ground": "share", "road_density": "km/km2", "day_of_year": ""}


@dataclass(frozen=True)
class Country:
    """covariates: by the names of UNITS, float32, shape (days, rows, columns), NaN where not seen. pm25: what the air
    of each cell holds, likewise float64. place: what of it belongs to the place alone, (rows, columns). measured: shape
    (monitors, days), NaN where nothing was. shares: of the variance of what was measured, by cause."""

    seed: int
    effects: str
    plan: CountryPlan
    weather: Weather
    air: Air
    covariates: dict[str, NDArray[np.float32]]
    pm25: Field
    place: Field
    measured: Field
    shares: dict[str, float]
    constants: dict[str, dict[str, Any]]

    @property
    def days(self) -> list[date]:
        return [FIRST_DAY + timedelta(day) for day in range(len(self.pm25))]

    def site_days(self) -> SiteDays:
        """Every monitor on every day, with its target where it measured."""
        monitors, days = self.measured.shape
        at = np.s_[:, self.plan.row, self.plan.column]
        values = np.stack([self.covariates[name][at].T.ravel() for name in UNITS], axis=1)
        return SiteDays(
            np.repeat(np.arange(monitors, dtype=np.int32), days),
            np.tile(np.arange(days, dtype=np.int32) + FIRST_DAY.toordinal(), monitors), self.plan.longitude,
            self.plan.latitude, values, self.measured.ravel().astype(np.float32), tuple(UNITS),
            tuple(monitor_name(number) for number in range(monitors)))


def monitor_name(number: int) -> str:
    return f"M{number + 1:03d}"


def simulate_country(seed: int, effects: str = "planted", days: int = DAYS, rows: int = ROWS,
                     columns: int = COLUMNS) -> Country:
    """The country of a seed.

    effects: planted: given the covariates, a place says nothing more on average over the days. located: a field of
    places is added that no covariate knows. none: every monitor has a series of its own that nothing else knows. All
    else stays as it is drawn.
    """
    draws = [Draws(generator(seed, stream, 0), COUNTRY_RANGES) for stream in (_PLAN, _WEATHER, _AIR, _MEASURED)]
    plan = plan_country(draws[0], generator(seed, _PLAN, 1), rows, columns)
    weather = simulate_weather(draws[1], generator(seed, _WEATHER, 1), plan, days)
    air = simulate_air(draws[2], generator(seed, _AIR, 1), plan, weather)
    numbers = generator(seed, _MEASURED, 1)
    due = _due(draws[3], numbers, plan, days)
    fine, error = (numbers.standard_normal(due.shape) for _ in range(2))
    places, noise = draws[3].one("share of places"), draws[3].one("fine-scale share")
    wrong = draws[3].one("error of monitors")
    at = np.s_[:, plan.row, plan.column]
    # Such that places have their share of what the cells' values then vary by.
    spread = air.pm25[at].T[due].std() * np.sqrt(places / (1 - places)) if effects == "located" else 0
    place = spread * _standard(air.place, plan, due)
    pm25 = np.maximum(air.pm25 + place, LEAST)
    known = pm25[at].T
    if effects == "none":
        known = _unrelated(generator(seed, _NULL), pm25, (len(plan.row), days))
        pm25 = np.full_like(pm25, known.mean())
    fine *= known + FINE_OFFSET
    scale = np.sqrt(noise / (1 - noise)) * known[due].std() / fine[due].std()
    measured = np.where(due, known + scale * fine + wrong * error, np.nan)
    total = float(measured[due].var())
    shares = {"fine scale": float((scale * fine)[due].var()) / total,
              "monitors": float((wrong * error)[due].var()) / total,
              "places": float(np.repeat(place[plan.row, plan.column], due.sum(axis=1)).var()) / total}
    constants = {name: record for each in draws for name, record in each.constants.as_records().items()}
    return Country(seed, effects, plan, weather, air, _covariates(plan, weather, air, days), pm25, place, measured,
                   shares, constants)


def _due(draws: Draws, numbers: Generator, plan: CountryPlan, days: int) -> NDArray[np.bool_]:
    """Which monitors measured when, shape (monitors, days); all of one interval measure on the same days."""
    due = np.arange(days) % plan.interval[:, None] == 0
    kept: NDArray[np.bool_] = due & (numbers.random(due.shape) >= draws.one("lost measurements"))
    return kept


def _standard(field: Field, plan: CountryPlan, due: NDArray[np.bool_]) -> Field:
    """Mean 0 and standard deviation 1 over the measurements."""
    values = np.repeat(field[plan.row, plan.column], due.sum(axis=1))
    return np.asarray((field - values.mean()) / values.std(), dtype=np.float64)


def _unrelated(numbers: Generator, pm25: Field, shape: tuple[int, int]) -> Field:
    """Series of about the same level and spread, one for each monitor, that persist from day to day."""
    noise = numbers.standard_normal(shape)
    series = noise.copy()
    for day in range(1, shape[1]):
        series[:, day] = UNRELATED_MEMORY * series[:, day - 1] + np.sqrt(1 - UNRELATED_MEMORY**2) * noise[:, day]
    series -= series.mean(axis=1, keepdims=True)
    return np.asarray(np.exp(np.log(pm25).mean() + np.log(pm25).std() * series), dtype=np.float64)


def _covariates(plan: CountryPlan, weather: Weather, air: Air, days: int) -> dict[str, NDArray[np.float32]]:
    shape = air.pm25.shape
    day_of_year = np.array([(FIRST_DAY + timedelta(day)).timetuple().tm_yday for day in range(days)])[:, None, None]
    values = (air.aod, plan.vegetation, plan.elevation, plan.valley, weather.temperature, weather.humidity,
              weather.wind, weather.rain, weather.boundary_layer, weather.cloud, weather.snow, plan.developed,
              plan.bare, plan.roads, day_of_year)
    return {name: np.broadcast_to(each, shape).astype(np.float32) for name, each in zip(UNITS, values)}
