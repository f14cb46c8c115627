"""One city of the full simulation, night by night, on arrays: for evidence and for files."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import Progress
from .cities import HIGHEST_CLEAR_SHARE, CitySpecification, cloudy_share
from .clouds import CONFIDENT_CLEAR
from .constants import Generator, generator
from .curve_tables import table_of_curves
from .disturbances import LightChanges, SkyChanges, Snow, ViewChanges
from .nights import Observation
from .noise import Noise
from .orbit import View, choose_pass, track_offset, view
from .ranges import Draws
from .ray_blocks import table_of_rays
from .settings import FAMILIES
from .sky import sky_at
from .truth import MAX_ZENITH, Truth
from .typed_plan import plan_typed_city
from .weather import simulate_weather

FIRST_NIGHT = date(2020, 1, 1)
TWO_YEARS = 731

# Everything but the noise of pixels; each can be left out to see what it does.
DISTURBANCES = ("shared_noise", "time_of_night", "azimuth", "haze", "terrain", "season", "drift", "snow", "moon",
                "thin_cloud", "spikes", "shift")
ALL = frozenset(DISTURBANCES)
_PLAN, _LIGHT, _WEATHER, _CHANGES, _PIXELS, _NIGHT = range(30, 36)  # streams of random numbers


@dataclass(frozen=True)
class Stack:
    """Nights that can be used: radiance in nW/cm2/sr, NaN where it can't, and zenith in degrees, both of shape (nights,
    rows, columns); nights: their numbers."""

    radiance: NDArray[np.float32]
    zenith: NDArray[np.float32]
    nights: NDArray[np.intp]


class Scene:
    """A city with its light, its weather and its disturbances; the same arguments give the same nights.

    family: curves or ray_cast. planted: False is the null mode, in which no light depends on the view zenith.
    disturbances: which of DISTURBANCES act; the random numbers don't depend on it. Raises InputError for unknown names,
    and Cancelled.
    """

    def __init__(self, specification: CitySpecification, family: str = "curves", planted: bool = True,
                 disturbances: Collection[str] = ALL, nights: int = TWO_YEARS,
                 progress: Progress | None = None) -> None:
        unknown = sorted(set(disturbances) - ALL)
        if unknown:
            raise InputError("DISTURBANCES", f"'{unknown[0]}' was given", f"choose from {', '.join(DISTURBANCES)}")
        if family not in FAMILIES:
            raise InputError("LIGHT_MODEL", f"'{family}' was given", f"choose one of {', '.join(FAMILIES)}")
        self.specification, self.window, self.nights = specification, specification.window, nights
        self._active = frozenset(disturbances)
        seed, window = specification.seed, specification.window
        shape, latitude = (window.rows, window.columns), window.centre[1]
        self._draws = draws = Draws(generator(seed, _PLAN, 0))
        self.plan = plan_typed_city(draws, generator(seed, _PLAN, 1), specification)
        city = self.plan.city
        if family == "curves":
            table = table_of_curves(city, latitude)
        else:
            table = table_of_rays(city, latitude, draws, generator(seed, _LIGHT), progress or Progress())
        self.table = table if planted else table.flat()
        # Apart from those of the city, so that both families and the null mode have the same nights.
        self._night_draws = draws = Draws(generator(seed, _PLAN, 2))
        self._first_offset = draws.one("longitude from the track")
        self._neighbour = draws.one("nights of the neighbouring pass")
        self.poor_share = draws.one("poor retrievals")
        days = np.array([self.day(index).timetuple().tm_yday for index in range(nights)], dtype=np.float64)
        clear, amplitude = draws.one("mean clear share"), draws.one("amplitude of the clear share")
        if specification.cloudy:
            clear = cloudy_share(clear)
        elif specification.clear:
            clear, amplitude = HIGHEST_CLEAR_SHARE, 0.0
        self._weather = simulate_weather(
            generator(seed, _WEATHER), days, shape, clear, amplitude, draws.one("clearest day"),
            draws.one("persistence of clouds"))
        self._days = days
        shared = draws.one("noise that the city shares")
        self.noise = Noise(draws.one("noise of bright cells"), draws.one("noise of dim cells"),
                           shared if "shared_noise" in self._active else 0.0, draws.one("additive noise"))
        self._light = LightChanges(draws, generator(seed, _CHANGES, 0), city, latitude, nights)
        self._looks = ViewChanges(draws, generator(seed, _CHANGES, 1), city, self.table.values[0, 0], latitude)
        self._sky = SkyChanges.draw(draws, generator(seed, _CHANGES, 2), city)
        self._snow = Snow(draws, generator(seed, _CHANGES, 3), days, shape, latitude)

    def constants(self) -> dict[str, dict[str, object]]:
        """name -> value, low, high, unit of everything that was drawn."""
        return {**self._draws.constants.as_records(), **self._night_draws.constants.as_records()}

    @property
    def slope(self) -> NDArray[np.float64]:
        """Of the hills in degrees, shape (rows, columns)."""
        return self._looks.slope

    def day(self, index: int) -> date:
        return FIRST_NIGHT + timedelta(index)

    def observe(self, index: int) -> Observation:
        """Night number index with all that disturbs it."""
        numbers = generator(self.specification.seed, _NIGHT, index)
        return self._observe(numbers, index, self._view(numbers, index))

    def _observe(self, numbers: Generator, index: int, seen: View) -> Observation:
        seed, window = self.specification.seed, self.window
        confidence, suspect = self._weather.night(index)
        clean = self.table.at(seen)
        lies, flagged = self._snow.night(index)
        if "snow" not in self._active:
            lies = flagged = np.zeros_like(lies)
        disturbed = self._disturbed(numbers, index, seen, clean, lies)
        measured = self.noise.apply(generator(seed, _PIXELS, index), disturbed)
        if "spikes" in self._active:
            measured = self._sky.with_spikes(numbers, measured)
        return Observation(self.day(index), seen, window, clean, measured, confidence, suspect, flagged)

    def _view(self, numbers: Generator, index: int) -> View:
        window = self.window
        offset = np.broadcast_to(
            track_offset(self._first_offset + window.longitudes() - window.centre[0], index),
            (window.rows, window.columns))
        latitudes = window.latitudes()[:, None]
        return view(choose_pass(offset, latitudes, bool(numbers.random() < self._neighbour)), latitudes)

    def _disturbed(self, numbers: Generator, index: int, seen: View, clean: NDArray[np.float32],
                   lies: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Every source takes its random numbers in every case, so leaving one out changes no other."""
        active = self._active
        light = clean.astype(np.float64)
        if "time_of_night" in active:
            light *= self._light.time_of_night(seen)
        if "season" in active:
            light *= self._light.season(self._days[index])
        if "drift" in active:
            light *= self._light.drift(index)
        if "azimuth" in active:
            light *= self._looks.azimuth(seen)
        if "terrain" in active:
            light *= self._looks.terrain(seen)
        light *= self._snow.brightening(lies)
        haze = self._looks.haze(numbers, seen)
        if "haze" in active:
            light += haze
        if "moon" in active:
            middle = self.window.rows // 2, self.window.columns // 2
            hour = float(seen.local_solar_time[middle] - self.window.centre[0] / 15) % 24
            day = self.day(index)
            sky = sky_at(datetime(day.year, day.month, day.day) + timedelta(hours=hour), *self.window.centre)
            light += self._sky.residual_moon(sky.moon_illumination, sky.lunar_zenith)
        radiance = np.maximum(light, 0).astype(np.float32)
        if "terrain" in active:
            radiance = self._looks.displaced(radiance, seen)
        shifted = self._sky.shifted(numbers, radiance)
        radiance = shifted if "shift" in active else radiance
        clouded = self._sky.thin_cloud(numbers, radiance)
        return clouded if "thin_cloud" in active else radiance

    def stack(self, progress: Progress | None = None) -> Stack:
        """All nights on which a cell is clear, free of flagged snow, and seen within MAX_ZENITH."""
        progress = progress or Progress()
        radiance, zenith, kept = [], [], []
        for index in range(self.nights):
            progress.report(index / self.nights)
            if not (self._weather.coarse[index] <= self._weather.edges[index]).any():
                continue
            numbers = generator(self.specification.seed, _NIGHT, index)
            view_of_night = self._view(numbers, index)
            if not (view_of_night.zenith <= MAX_ZENITH).any():
                continue
            seen = self._observe(numbers, index, view_of_night)
            usable = (seen.confidence == CONFIDENT_CLEAR) & ~seen.suspect & ~seen.snow & (
                seen.view.zenith <= MAX_ZENITH)
            if usable.any():
                radiance.append(np.where(usable, seen.measured, np.float32(np.nan)))
                zenith.append(seen.view.zenith.astype(np.float32))
                kept.append(index)
        if not kept:
            empty = np.empty((0, self.window.rows, self.window.columns), dtype=np.float32)
            return Stack(empty, empty, np.empty(0, dtype=np.intp))
        return Stack(np.stack(radiance), np.stack(zenith), np.array(kept))

    def truth(self, stack: Stack) -> Truth:
        """What is planted between the zeniths under which each cell of the stack was used."""
        used = np.isfinite(stack.radiance)
        lowest = np.where(used, stack.zenith, np.inf).min(axis=0, initial=np.inf)
        highest = np.where(used, stack.zenith, -np.inf).max(axis=0, initial=-np.inf)
        return self.table.planted(lowest, highest, self.plan.city.municipality)
