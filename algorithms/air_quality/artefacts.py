"""What a model makes of the place alone, on a dense grid, and whether the encoder's own pattern shows in it."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal.windows import blackmanharris

from ..progress import Progress
from .estimator import Data, Estimator
from .location_features import AS_COVARIATES, Encode
from .site_days import SiteDays
from .windows import Windows

CELLS, FEWEST_CELLS = 160, 16  # along the longer and at least along the shorter side
MARGIN = 0.5  # degrees around the places
BLOCK = 1024  # cells at a time, between which a run can be cancelled
HELD = 0.99  # share of its energy that the encoder has below its highest frequency
FEWEST_CYCLES = 8  # across the longer side: slower waves have a direction by chance
NEGLIGIBLE = 1e-3  # share of the energy
WEDGE = 5.0  # degrees to either side of a direction
DIRECTIONS = np.arange(0.0, 180.0, 2 * WEDGE)
GRATICULE = (0.0, 90.0)
# Beyond these a figure is suspicious. Random fields without directions reach 4 times in 1 of 100 cases.
MUCH_BEYOND, MUCH_ALONG, MUCH_JUMP = 0.1, 4.0, 0.1
SMALL_EFFECT = 0.05  # ug/m3, below which a pattern doesn't matter
ALL_DIRECTIONS = ("geoclip", "geoclip_full")  # whose waves run in every direction; those of others along the graticule


@dataclass(frozen=True)
class Artefacts:
    """The effect of the place on a day of mean covariates, and what is suspicious in it.

    longitude: shape (columns,); latitude: (rows,); effect: (rows, columns), ug/m3 around their mean. finest: degrees of
    latitude per cycle of the fastest waves that the encoder has. beyond: share of the effect's energy in faster waves.
    along_graticule, strongest: energy of waves across meridians or parallels, and in the direction that has most, over
    that of a field alike in all directions. direction: of the strongest waves, degrees from east to north. jump: root
    mean square, ug/m3, of what changes between longitude 180 and -180, which are one meridian.
    """

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    effect: NDArray[np.float64]
    finest: float
    beyond: float
    along_graticule: float
    strongest: float
    direction: float
    jump: float

    @property
    def spread(self) -> float:
        """Standard deviation of the effect, ug/m3."""
        return float(self.effect.std())

    def found(self, geolocation: str) -> list[str]:
        """What is suspicious, in words."""
        if self.spread < SMALL_EFFECT:
            return []
        sayings = []
        if self.beyond > MUCH_BEYOND:
            sayings.append(f"{self.beyond:.0%} of its energy is in waves shorter than the {self.finest:.1f} degrees of "
                           "the encoder's own")
        if geolocation not in ALL_DIRECTIONS and self.along_graticule > MUCH_ALONG:
            sayings.append(f"lines along the graticule have {self.along_graticule:.1f} times their share")
        if geolocation in ALL_DIRECTIONS and self.strongest > MUCH_ALONG:
            sayings.append(f"lines across {self.direction:.0f} degrees have {self.strongest:.1f} times their share")
        if self.jump > MUCH_JUMP * self.spread:
            sayings.append(f"it jumps by {self.jump:.2f} ug/m3 at 180 degrees of longitude")
        return sayings


def find_artefacts(estimator: Estimator, data: Data, encode: Encode, device: torch.device,
                   progress: Progress) -> Artefacts:
    """Evaluates the networks of an estimator on a grid over all places. encode: longitude and latitude (degrees) to
    features of the place, as the model's data has them."""
    longitude, latitude = _axes(data.site_days)
    shape = len(latitude), len(longitude)
    east, north = (each.ravel() for each in np.meshgrid(longitude, latitude))
    features, effect = _evaluate(estimator, data, encode, east, north, device, progress)
    effect = (effect - effect.mean()).reshape(shape)
    steps = latitude[1] - latitude[0], (longitude[1] - longitude[0]) * float(np.cos(np.radians(latitude.mean())))
    images = features.T.reshape(-1, *shape)
    finest = _highest_frequency(np.mean([_energy(image) for image in images], axis=0), _frequency(shape, steps))
    along, strongest, direction = line_energy(effect, steps)
    rim = np.full(len(latitude), 180.0)
    sides = [_evaluate(estimator, data, encode, side, latitude, device, Progress())[1] for side in (rim, -rim)]
    return Artefacts(longitude, latitude, effect, 1 / finest, energy_beyond(effect, steps, finest), along, strongest,
                     direction, float(np.sqrt(((sides[0] - sides[1]) ** 2).mean())))


def energy_beyond(image: NDArray[np.float64], steps: tuple[float, float], frequency: float) -> float:
    """Share of the energy of an image's deviations in waves of more cycles than so many per unit of its steps."""
    energy = _energy(image)
    total = energy.sum()
    return float(energy[_frequency(image.shape, steps) > frequency * (1 + 1e-9)].sum() / total) if total > 0 else 0.0


def line_energy(image: NDArray[np.float64], steps: tuple[float, float]) -> tuple[float, float, float]:
    """Energy along the rows or columns, whichever has more, and in the strongest of DIRECTIONS, over that of an image
    with the same waves in all directions, and that direction. steps: between rows and columns.

    Every octave of frequencies that holds more than NEGLIGIBLE is looked at alone, and the one with most counts: slow
    waves would hide fast ones.
    """
    energy, frequency, angle = _energy(image), _frequency(image.shape, steps), _angle(image.shape, steps)
    cycles = frequency * max(image.shape[0] * steps[0], image.shape[1] * steps[1])
    ring = np.round(cycles).astype(int)
    usual = np.bincount(ring.ravel(), energy.ravel()) / np.maximum(np.bincount(ring.ravel()), 1)
    relative = energy / np.maximum(usual, np.finfo(float).tiny)[ring]
    ratios = np.ones(len(DIRECTIONS))
    low, highest = FEWEST_CYCLES, cycles.max() * 0.5 / max(steps) / frequency.max()  # beyond, corners lack directions
    while 2 * low <= highest:
        octave = (cycles >= low) & (cycles < 2 * low)
        if energy[octave].sum() > NEGLIGIBLE * energy.sum():
            inside = [octave & (np.abs((angle - direction + 90) % 180 - 90) <= WEDGE) for direction in DIRECTIONS]
            ratios = np.maximum(ratios, [relative[each].mean() if each.any() else 1.0 for each in inside])
        low *= 2
    return (float(ratios[np.isin(DIRECTIONS, GRATICULE)].max()), float(ratios.max()),
            float(DIRECTIONS[int(np.argmax(ratios))]))


def _axes(site_days: SiteDays) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    west, east = site_days.longitude.min() - MARGIN, site_days.longitude.max() + MARGIN
    south, north = max(-90.0, site_days.latitude.min() - MARGIN), min(90.0, site_days.latitude.max() + MARGIN)
    step = max(east - west, north - south) / CELLS
    columns, rows = (max(FEWEST_CELLS, round(side / step)) for side in (east - west, north - south))
    return (west + (east - west) / columns * (np.arange(columns) + 0.5),
            south + (north - south) / rows * (np.arange(rows) + 0.5))


def _evaluate(estimator: Estimator, data: Data, encode: Encode, longitude: NDArray[np.float64],
              latitude: NDArray[np.float64], device: torch.device,
              progress: Progress) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Location features as the network sees them, (points, width), and estimates of a day of mean covariates."""
    used = np.unique(data.windows.rows[data.windows.rows >= 0])
    with np.errstate(invalid="ignore"):
        mean = np.nanmean(data.site_days.values[used], axis=0, dtype=np.float64).astype(np.float32)
    features, estimates = [], []
    for start in range(0, len(longitude), BLOCK):
        part = slice(start, start + BLOCK)
        places = encode(longitude[part], latitude[part])
        here = _same_day_everywhere(data, mean, longitude[part], latitude[part], places)
        step = progress.part(start / len(longitude), min(1.0, (start + BLOCK) / len(longitude)))
        found, _ = estimator.members.estimate(here, np.arange(len(places)), device, step)
        features.append(_as_seen(estimator, places))
        estimates.append(found[0])
    return np.concatenate(features), np.concatenate(estimates)


def _as_seen(estimator: Estimator, places: NDArray[np.float32]) -> NDArray[np.float32]:
    if estimator.settings.geolocation in AS_COVARIATES or estimator.members.location is None:
        return places
    return estimator.members.location.apply(places)


def _same_day_everywhere(data: Data, mean: NDArray[np.float32], longitude: NDArray[np.float64],
                         latitude: NDArray[np.float64], places: NDArray[np.float32]) -> Data:
    """One window per point, all of whose days have the mean covariates."""
    count, steps = len(longitude), len(data.windows.offsets)
    number = np.arange(count, dtype=np.int32)
    site_days = SiteDays(number, np.full(count, data.site_days.day[0]), longitude, latitude, np.tile(mean, (count, 1)),
                         np.full(count, np.nan, np.float32), data.site_days.names, tuple(map(str, range(count))))
    since = np.ones((count, steps), np.int16)
    since[:, 0] = 0
    windows = Windows(np.repeat(number[:, None], steps, axis=1), since, data.windows.offsets, number.astype(np.intp),
                      0, 0)
    return Data(site_days, windows, places)


def _energy(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the Fourier transform under a Blackman-Harris window, the mean taken out: weaker ones leak along the axes."""
    window = np.outer(*(blackmanharris(size, sym=False) for size in image.shape))
    centred = image - (window * image).sum() / window.sum()
    return np.asarray(np.abs(np.fft.fft2(centred * window)) ** 2)


def _frequency(shape: tuple[int, ...], steps: tuple[float, float]) -> NDArray[np.float64]:
    return np.asarray(np.hypot.outer(*(np.fft.fftfreq(size, step) for size, step in zip(shape, steps))))


def _angle(shape: tuple[int, ...], steps: tuple[float, float]) -> NDArray[np.float64]:
    """Direction of each wave, degrees from the columns' to the rows' axis, 0 to 180."""
    rows, columns = (np.fft.fftfreq(size, step) for size, step in zip(shape, steps))
    return np.asarray(np.degrees(np.arctan2.outer(rows, columns)) % 180)


def _highest_frequency(energy: NDArray[np.float64], frequency: NDArray[np.float64]) -> float:
    """Below which HELD of the energy lies; the slowest wave's where there is none."""
    order = np.argsort(frequency, axis=None, kind="stable")
    reached = np.cumsum(energy.ravel()[order])
    slowest = float(frequency[frequency > 0].min())
    if reached[-1] <= 0:
        return slowest
    return max(slowest, float(frequency.ravel()[order][np.searchsorted(reached, HELD * reached[-1])]))
