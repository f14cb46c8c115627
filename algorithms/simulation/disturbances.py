"""What else changes the light of a city between two nights: none of it is an angular effect of its buildings."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift

from .city_plan import BELOW_HILLS, CURVES, HISTORIC, LOW_HOUSES, MID_RISE, PARK, RIVER, TOWN, City
from .constants import Generator
from .fields import smooth_field
from .light_curves import CELL_HEIGHT_M, MIDDLE, TOWER, through_footprint
from .orbit import CROSSING_HOUR, View
from .ranges import Draws

HAZE_CELLS = 4.0  # how far light is scattered
HILL_CELLS = 8.0
LED_DISTRICTS = 24
LEAF_MIDDLE, LEAF_HALF = 197, 75  # day of the year, days: mid-July in the north
DAYS_PER_YEAR = 365.25
THIN_CLOUD = (0.3, 0.9)  # transmission
THIN_CLOUD_CELLS = (1.0, 3.0)  # blur
NO_SNOW_BELOW, FULL_SNOW_FROM = 25.0, 45.0  # degrees of latitude

Field = NDArray[np.float64]
Values = NDArray[np.float32]


def blurred(values: NDArray[np.generic], latitude: float) -> Values:
    return through_footprint(np.asarray(values, dtype=np.float32), latitude)


class LightChanges:
    """Season, holidays, trend, LED change and time of night: factors on the light that leaves the city."""

    def __init__(self, draws: Draws, numbers: Generator, city: City, latitude: float, nights: int) -> None:
        self._nights = nights
        per_district = draws.many("fall of light per hour", RIVER + 1)
        lived_in = np.select([city.districts == HISTORIC, city.districts == BELOW_HILLS], [MID_RISE, LOW_HOUSES],
                             city.districts)
        self._fall = blurred(per_district[lived_in], latitude)
        trees = np.select([city.districts == PARK, np.isin(city.districts, (LOW_HOUSES, TOWN))], [1.0, 0.6], 0.2)
        self._canopy = draws.one("loss by canopy in leaf") * blurred(trees, latitude)
        self._leaf_middle = LEAF_MIDDLE + (DAYS_PER_YEAR / 2 if latitude < 0 else 0)
        festive = np.isin(city.districts, (LOW_HOUSES, MID_RISE, TOWN))
        self._holiday = draws.one("brightening on holidays") * blurred(festive, latitude)
        self._holidays = int(draws.one("nights of holidays"))
        self._first_holiday = int(numbers.integers(0, 365))
        self._trend = draws.one("trend over two years")
        block = numbers.permutation(LED_DISTRICTS)[self._blocks(numbers, city.districts.shape)]
        changed = round(draws.one("districts with LED change") * LED_DISTRICTS)
        loss = draws.one("loss by LED")
        starts = numbers.integers(0, nights, LED_DISTRICTS)
        self._led = [(int(starts[index]), loss * blurred(block == index, latitude)) for index in range(changed)]

    @staticmethod
    def _blocks(numbers: Generator, shape: tuple[int, ...]) -> NDArray[np.intp]:
        """Numbers of administrative districts: bands of two smooth fields."""
        first, second = smooth_field(numbers, shape, 20), smooth_field(numbers, shape, 20)
        ranks = [np.clip((field + 1.5) / 3, 0, 0.999) for field in (first, second)]
        return np.asarray((ranks[0] * 6).astype(np.intp) * 4 + (ranks[1] * 4).astype(np.intp))

    def time_of_night(self, view: View) -> Field:
        return np.asarray(1 - self._fall * (view.local_solar_time - CROSSING_HOUR))

    def season(self, day_of_year: float) -> Field:
        away = (day_of_year - self._leaf_middle + DAYS_PER_YEAR / 2) % DAYS_PER_YEAR - DAYS_PER_YEAR / 2
        leaf = np.clip(1.5 - abs(away) / LEAF_HALF, 0, 1)
        festive = (day_of_year - self._first_holiday) % DAYS_PER_YEAR < self._holidays
        return np.asarray((1 - leaf * self._canopy) * (1 + festive * self._holiday))

    def drift(self, index: int) -> Field | float:
        """Trend and LED changes up to night index."""
        factor: Field | float = 1 + self._trend * index / self._nights
        for start, loss in self._led:
            if index >= start:
                factor = factor * (1 - loss)
        return factor


class ViewChanges:
    """What depends on where the sensor stands but isn't planted: east against west, hills, haze.

    slope: of the hills in degrees, shape (rows, columns).
    """

    def __init__(self, draws: Draws, numbers: Generator, city: City, nadir: Values, latitude: float) -> None:
        shape = city.districts.shape
        canyon = np.isin(CURVES[city.districts], (TOWER, MIDDLE))
        strength = np.where(canyon, 1.0, draws.one("difference outside canyons"))
        facing = np.clip(smooth_field(numbers, shape, 6), -1, 1)  # the side to which facades and streets look
        self._asymmetry = draws.one("difference between east and west") * blurred(strength * facing, latitude)
        self._path = draws.one("path radiance of haze") * gaussian_filter(nadir, HAZE_CELLS, mode="nearest")
        self._forward = draws.one("forward scatter of haze")
        self._spread = draws.one("spread of aerosol")
        self._rise, ground = self._hills(draws, numbers, shape)
        northwards, self._eastwards = np.gradient(ground, CELL_HEIGHT_M)
        self.slope: Field = np.degrees(np.arctan(np.hypot(northwards, self._eastwards)))
        self._largest_shift = draws.one("shift over high ground")

    @staticmethod
    def _hills(draws: Draws, numbers: Generator, shape: tuple[int, ...]) -> tuple[Field, Field]:
        """Height over the highest ground, and in metres."""
        angle = np.radians(draws.one("bearing of the hills"))
        relief = draws.one("relief")
        rows, columns = (np.linspace(-1, 1, size) for size in shape)
        side = np.clip(columns * np.cos(angle) - rows[:, None] * np.sin(angle) + 0.2, 0, 1)
        height = np.maximum(side * (1 + smooth_field(numbers, shape, HILL_CELLS)), 0)
        height /= max(float(height.max()), 1e-9)
        return height, height * relief

    def azimuth(self, view: View) -> Field:
        return np.asarray(1 + _side(view) * self._asymmetry * np.sin(np.radians(view.zenith)) / (
            2 * np.sin(np.radians(50))))

    def terrain(self, view: View) -> Field:
        """Slopes that fall away from the sensor hide a part of their lights."""
        hidden = np.tan(np.radians(view.zenith)) * np.maximum(self._eastwards * _side(view), 0)
        return np.asarray(np.clip(1 - hidden, 0.1, 1))

    def displaced(self, radiance: Values, view: View) -> Values:
        """High ground moves away from the nadir: towards the sensor's far side, by part of a cell."""
        share = self._largest_shift * self._rise * np.minimum((view.zenith / 60) ** 2, 1)
        neighbour = np.where(_side(view) > 0, np.roll(radiance, -1, axis=1), np.roll(radiance, 1, axis=1))
        return np.asarray(radiance + share * (neighbour - radiance), dtype=np.float32)

    def haze(self, numbers: Generator, view: View) -> Field:
        """Radiance that is scattered into the view, nW/cm2/sr."""
        aerosol = np.exp(self._spread * numbers.standard_normal() - self._spread**2 / 2)
        longer = 1 / np.cos(np.radians(np.minimum(view.zenith, 75))) - 1
        return np.asarray(aerosol * longer * (1 + self._forward * _side(view)) * self._path)


def _side(view: View) -> Field:
    """1 where the sensor stands in the east, -1 in the west."""
    return np.where(view.azimuth > 0, 1.0, -1.0)


@dataclass(frozen=True)
class SkyChanges:
    """Residual moonlight, thin cloud, spikes and the shift of the grid."""

    moonlight: float
    thin_share: float
    spikes: float
    spike_height: float
    largest_shift: float
    ground: Values

    @classmethod
    def draw(cls, draws: Draws, numbers: Generator, city: City) -> SkyChanges:
        """ground: brightness of the ground over that of the brightest, from the same land uses as the light."""
        bare = np.where(city.districts == RIVER, 0.2, 0.6 + 0.4 * np.clip(
            smooth_field(numbers, city.districts.shape, 4) / 2, -1, 1))
        return cls(draws.one("residual moonlight"), draws.one("nights with thin cloud"), draws.one("spikes") * 1e-6,
                   draws.one("height of spikes"), draws.one("shift of a night"), bare.astype(np.float32))

    def residual_moon(self, illuminated_percent: float, lunar_zenith: float) -> Values | float:
        if lunar_zenith >= 90:
            return 0.0
        return np.asarray(self.moonlight * (illuminated_percent / 100) * self.ground, dtype=np.float32)

    def thin_cloud(self, numbers: Generator, radiance: Values) -> Values:
        """On few nights a cloud that no mask shows dims and blurs."""
        transmission, cells = numbers.uniform(*THIN_CLOUD), numbers.uniform(*THIN_CLOUD_CELLS)
        if numbers.random() >= self.thin_share:
            return radiance
        return np.asarray(transmission * gaussian_filter(radiance, cells, mode="nearest"), dtype=np.float32)

    def shifted(self, numbers: Generator, radiance: Values) -> Values:
        """The whole grid displaced by a part of a cell."""
        down, right = self.largest_shift * numbers.uniform(-1, 1, 2)
        return np.asarray(shift(radiance, (down, right), order=1, mode="nearest"), dtype=np.float32)

    def with_spikes(self, numbers: Generator, radiance: Values) -> Values:
        count = int(numbers.poisson(self.spikes * radiance.size))
        cells = numbers.integers(0, radiance.size, count)
        heights = numbers.exponential(self.spike_height, count)
        radiance.reshape(-1)[cells] += heights.astype(np.float32)
        return radiance


class Snow:
    """Nights on which snow lies on a part of the land."""

    def __init__(self, draws: Draws, numbers: Generator, days: Field, shape: tuple[int, ...], latitude: float) -> None:
        cold = np.clip((abs(latitude) - NO_SNOW_BELOW) / (FULL_SNOW_FROM - NO_SNOW_BELOW), 0, 1)
        count = draws.one("nights with snow") * cold
        midwinter = 15 if latitude >= 0 else 197
        away = np.abs((days - midwinter + DAYS_PER_YEAR / 2) % DAYS_PER_YEAR - DAYS_PER_YEAR / 2)
        self._lies = away < count / 2
        self._where = smooth_field(numbers, shape, 12) > -0.3
        self._factor = draws.one("brightening by snow")
        self._missed = self._lies & (numbers.random(len(days)) < draws.one("snow that no flag shows"))

    def night(self, index: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Where snow lies and where the flag says so, both of shape (rows, columns)."""
        lies = self._where & self._lies[index]
        return lies, lies & ~self._missed[index]

    def brightening(self, lies: NDArray[np.bool_]) -> Field:
        return np.where(lies, self._factor, 1.0)
