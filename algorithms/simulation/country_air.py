"""Weather, aerosol and PM2.5 of every day over the simulated country."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import Generator
from .country_plan import CELL_KM, CountryPlan, country_field
from .ranges import Draws

Field = NDArray[np.float64]

SNOW_BELOW = -1.0  # degrees C at which half of the ground is white
HEAVY_RAIN = 8.0  # mm/day
LOWEST_LAYER, USUAL_LAYER = 80.0, 600.0  # m
MASS_TO_AOD = 6e-6  # per (ug/m3 m): 10 ug/m3 below 1000 m make 0.06 in dry air


@dataclass(frozen=True)
class Weather:
    """Shape (days, rows, columns): degrees C, %, m/s, mm/day, m, share, share; stagnation without unit."""

    temperature: Field
    humidity: Field
    wind: Field
    rain: Field
    boundary_layer: Field
    cloud: Field
    snow: Field
    stagnation: Field


@dataclass(frozen=True)
class Air:
    """pm25 in ug/m3 and AOD, NaN where not seen, shape (days, rows, columns). place: what belongs to the place alone,
    (rows, columns). day: the regional field of each day. smoky: shape (days,)."""

    pm25: Field
    aod: Field
    place: Field
    day: Field
    smoky: NDArray[np.bool_]


def simulate_weather(draws: Draws, numbers: Generator, plan: CountryPlan, days: int) -> Weather:
    """From 1 January on; stagnation comes from high pressure, cloud and rain from moisture without it."""
    shape, size = plan.shape, draws.one("size of weather")
    memory = draws.one("persistence of weather")
    high, moist, warm = (day_fields(numbers, shape, days, size, memory) for _ in range(3))
    season = -np.cos(2 * np.pi * (np.arange(days) - 20) / 365)[:, None, None]
    north = np.linspace(0.5, -0.5, shape[0])[:, None]
    temperature = 14 + 11 * season - 9 * north - 0.0055 * plan.elevation + 4 * warm
    wind = 3.5 * np.exp(0.35 * (day_fields(numbers, shape, days, 0.5 * size, memory) - high) - 0.1 * plan.valley)
    layer = np.maximum(USUAL_LAYER * np.exp(0.45 * (-high + 0.5 * season) + 0.15 * warm), LOWEST_LAYER)
    wet = moist - 0.6 * high
    rain = np.maximum(wet - np.quantile(wet, 1 - draws.one("rainy share")), 0) * HEAVY_RAIN
    humidity = np.clip(62 + 14 * wet - 15 * plan.bare - 4 * warm, 8, 100)
    cloud = 1 / (1 + np.exp(-1.6 * wet))
    snow = 1 / (1 + np.exp((temperature - SNOW_BELOW) / 1.5))
    return Weather(temperature, humidity, wind, rain, layer, cloud, snow, high)


def simulate_air(draws: Draws, numbers: Generator, plan: CountryPlan, weather: Weather) -> Air:
    """Without what belongs to places; they are drawn all the same, as a field of standard deviation 1."""
    days, shape = len(weather.stagnation), plan.shape
    day = day_fields(numbers, shape, days, draws.one("reach of the day"), draws.one("persistence of the day"))
    day -= day.mean(axis=0)  # so that over the days no place is favoured
    background = draws.one("background") * np.exp(
        draws.one("strength of the day") * day + draws.one("strength of stagnation") * weather.stagnation)
    background *= 1 - draws.one("washout") * np.clip(weather.rain / HEAVY_RAIN, 0, 1)
    urban = draws.one("urban increment") * plan.developed**0.7 * np.sqrt(USUAL_LAYER / weather.boundary_layer)
    cold = weather.snow / (1 + np.exp(-2 * weather.stagnation))
    inversion = draws.one("increment of inversions") * plan.valley * cold
    gust = np.clip(weather.wind / 5, 0, 2) ** 2
    dust = draws.one("dust") * plan.bare * gust
    smoke, smoky = _smoke(draws, numbers, days, shape)
    pm25 = background * (1 - 0.4 * plan.bare) + urban + inversion + dust + smoke
    place = country_field(numbers, shape, draws.one("size of places"))
    return Air(pm25, _aod(draws, numbers, plan, weather, pm25 + 2 * dust), place, day, smoky)


def day_fields(numbers: Generator, shape: tuple[int, int], days: int, reach_km: float, memory: float) -> Field:
    """Fields that persist from day to day, each with mean 0 and standard deviation 1; shape (days, rows, columns)."""
    fields = np.empty((days, *shape))
    fields[0] = country_field(numbers, shape, reach_km)
    for day in range(1, days):
        fields[day] = memory * fields[day - 1] + np.sqrt(1 - memory**2) * country_field(numbers, shape, reach_km)
    return fields


def _smoke(draws: Draws, numbers: Generator, days: int,
           shape: tuple[int, int]) -> tuple[Field, NDArray[np.bool_]]:
    """Plumes: narrow at the fire, wider and thinner with the distance."""
    count = max(1, round(draws.one("days with smoke") * days))
    smoky = np.zeros(days, dtype=bool)
    smoky[numbers.choice(days, count, replace=False)] = True
    row, column = np.indices(shape)
    smoke, thickest = np.zeros((days, *shape)), draws.one("smoke")
    for day in np.flatnonzero(smoky):
        bearing = numbers.uniform(0, 2 * np.pi)
        east = (column - numbers.uniform(0.2, 0.8) * shape[1]) * CELL_KM
        south = (row - numbers.uniform(0.2, 0.8) * shape[0]) * CELL_KM
        along, across = (east * np.cos(bearing) + south * np.sin(bearing),
                         south * np.cos(bearing) - east * np.sin(bearing))
        width = 40 + 0.2 * np.maximum(along, 0)
        plume = np.exp(-(across / width) ** 2 - np.maximum(along, 0) / 500) * 40 / width
        smoke[day] = thickest * (0.5 + numbers.exponential(0.5)) * np.where(along > -CELL_KM, plume, 0)
    return smoke, smoky


def _aod(draws: Draws, numbers: Generator, plan: CountryPlan, weather: Weather, seen: Field) -> Field:
    """Light that particles of the whole column take away; cloud and snow hide it."""
    damp = np.clip(weather.humidity / 100, 0, 0.95)
    aod = 0.02 + MASS_TO_AOD * seen * weather.boundary_layer * (1 - damp) ** -0.5
    noise = numbers.standard_normal((2, *aod.shape))
    aod = np.maximum(aod * (1 + 0.1 * noise[0]) + draws.one("error of AOD") * noise[1], 0.0)
    hidden = np.maximum(weather.cloud + 0.1 * country_field(numbers, plan.shape, 60), weather.snow)
    aod[hidden > np.quantile(hidden, 1 - draws.one("missing AOD"))] = np.nan
    return np.asarray(aod, dtype=np.float64)
