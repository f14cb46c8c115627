"""What the satellite brings home from the city night by night: view, radiance, noise, clouds, snow and quality."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ..progress import Progress
from .city_plan import CURVES, City
from .clouds import CONFIDENT_CLEAR, simulate_clouds
from .constants import Constants, Generator, generator
from .fields import smooth_field
from .light_curves import relative_radiance, through_footprint
from .noise import Noise
from .orbit import TRACK_SPACING, View, choose_pass, track_offset, view
from .sky import Sky, lunar_irradiance, sky_at
from .window import TileWindow

HIGH, EPHEMERAL, POOR, NO_RETRIEVAL = 0, 1, 2, 255  # collection 1's codes
LAST_NIGHT = date(2021, 12, 30)
GROUND_ALBEDO, CLOUD_ALBEDO = 0.12, 0.5
LIGHT_THROUGH_CLOUD = 0.4
SNOW_NIGHTS = 2
SNOW_SIZE_CELLS = 12.0
LAST_SNOW_NIGHT = 0.75  # share of the nights that lies before it

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Night:
    """One night; arrays of shape (rows, columns), radiances in nW/cm2/sr.

    clean: radiance through the footprint without noise and snow. radiance: the corrected value, NaN without retrieval.
    gap_filled and days_since_retrieval: the last high-quality value and its age. at_sensor: with moonlight, also
    through cloud. quality: collection 1's codes. utc_hour: decimal hour of each column, shape (columns,).
    """

    day: date
    view: View
    utc_hour: NDArray[np.float64]
    sky: Sky
    clean: Values
    radiance: Values
    gap_filled: Values
    days_since_retrieval: NDArray[np.uint8]
    at_sensor: Values
    confidence: NDArray[np.uint8]
    quality: NDArray[np.uint8]
    snow: NDArray[np.bool_]


def simulate_nights(constants: Constants, seed: int, city: City, window: TileWindow, count: int,
                    progress: Progress) -> list[Night]:
    """The last `count` nights of the year, in order. Raises Cancelled."""
    first_offset = constants.draw("longitude of the city from the track on the first night", 0, TRACK_SPACING,
                                  "degrees")
    neighbour_share = constants.draw("share of nights that keep the neighbouring pass where both see", 0, 0.4)
    noise = Noise(constants.draw("noise of bright cells", 0.08, 0.12),
                  constants.draw("noise of dim cells", 0.18, 0.25),
                  constants.draw("noise that the city shares", 0, 0.03))
    poor_share = constants.draw("share of poor retrievals away from clouds", 0.01, 0.03)
    clouds = simulate_clouds(generator(seed, 2), count, (window.rows, window.columns),
                             constants.draw("clear share", 0.82, 0.9),
                             constants.draw("persistence of clouds per day", 0.5, 0.65))
    snow = _snow(generator(seed, 3), count, (window.rows, window.columns),
                 constants.draw("brightening by snow", 1.2, 2.5))
    days = [LAST_NIGHT - timedelta(count - 1 - index) for index in range(count)]
    nights: list[Night] = []
    history = noise.apply(generator(seed, 4), _clean(city, window, view(np.zeros(1), window.latitudes()[:, None])))
    age = np.zeros(history.shape, dtype=np.uint8)
    for index, day in enumerate(days):
        numbers = generator(seed, 5, index)
        offset = np.broadcast_to(
            track_offset(first_offset + window.longitudes() - window.centre[0], index), history.shape)
        seen = view(choose_pass(offset, window.latitudes()[:, None], bool(numbers.random() < neighbour_share)),
                    window.latitudes()[:, None])
        clean, brightening = _clean(city, window, seen), snow[index]
        measured = noise.apply(numbers, clean * brightening)
        night = retrieve(numbers, Observation(day, seen, window, clean, measured, clouds.confidence[index],
                                              clouds.suspect[index], brightening > 1), poor_share, history, age)
        history, age = night.gap_filled, night.days_since_retrieval
        nights.append(night)
        progress.report((index + 1) / count)
    return nights


def _clean(city: City, window: TileWindow, seen: View) -> Values:
    curves = relative_radiance(CURVES[city.districts], city.amount, seen.zenith)
    return through_footprint(city.brightness * curves, window.centre[1])


@dataclass(frozen=True)
class Observation:
    """What the sensor sees of a window before anything is judged; arrays of shape (rows, columns), as in Night.

    measured: radiance with everything that disturbs it. suspect: clear cells right beside a cloud.
    """

    day: date
    view: View
    window: TileWindow
    clean: Values
    measured: Values
    confidence: NDArray[np.uint8]
    suspect: NDArray[np.bool_]
    snow: NDArray[np.bool_]


def retrieve(numbers: Generator, seen: Observation, poor_share: float, history: Values,
             age: NDArray[np.uint8]) -> Night:
    """The night as the product delivers it: quality, gaps and what fills them.

    history, age: gap_filled and days_since_retrieval of the night before.
    """
    window, day, clean, confidence = seen.window, seen.day, seen.clean, seen.confidence
    measured = seen.measured.copy()
    utc_hour = np.mod(seen.view.local_solar_time[window.rows // 2] - window.longitudes() / 15, 24)
    sky = sky_at(datetime(day.year, day.month, day.day) + timedelta(hours=float(utc_hour[window.columns // 2])),
                 *window.centre)
    quality = np.full(clean.shape, HIGH, dtype=np.uint8)
    flickers = numbers.random(clean.shape) < 0.01 + 0.15 * np.exp(-clean / 3)
    quality[flickers] = EPHEMERAL
    poor = seen.suspect | (numbers.random(clean.shape) < poor_share)
    quality[poor] = POOR
    measured[poor] *= numbers.uniform(0.5, 0.9, int(poor.sum())).astype(np.float32)
    covered = confidence != CONFIDENT_CLEAR
    quality[covered] = NO_RETRIEVAL
    good = quality <= EPHEMERAL
    moon = lunar_irradiance(sky) / np.pi
    through_cloud = LIGHT_THROUGH_CLOUD * gaussian_filter(clean, 3, mode="nearest") + CLOUD_ALBEDO * moon
    return Night(
        day, seen.view, utc_hour, sky, clean, np.where(covered, np.float32(np.nan), measured),
        np.where(good, measured, history), np.where(good, 0, np.minimum(age, 253) + 1).astype(np.uint8),
        np.where(covered, through_cloud, measured + GROUND_ALBEDO * moon).astype(np.float32), confidence, quality,
        seen.snow)


def _snow(numbers: Generator, count: int, shape: tuple[int, int], brightening: float) -> Values:
    """Factor on radiance of shape (nights, rows, columns): snow lies on a part of the land on a few nights."""
    factor = np.ones((count, *shape), dtype=np.float32)
    lies = smooth_field(numbers, shape, SNOW_SIZE_CELLS) > 0.2
    last = int(count * LAST_SNOW_NIGHT)
    for index in range(last - SNOW_NIGHTS, last):
        factor[index][lies] = brightening
    return factor
