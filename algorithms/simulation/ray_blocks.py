"""The second family of light models: blocks of random boxes on a street grid, lit by lamps and windows, seen by rays.

Light leaves lit streets, facades, roofs and lamp heads; whether it reaches the sensor is found by walking along the
ray over the heights of the block, which repeats in both directions. No curve is assumed.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from .city_plan import CURVES, City
from .constants import Generator
from .curve_tables import ZENITHS, CurveTable
from .fields import smooth_field
from .light_curves import LOW, MIDDLE, TOWER, through_footprint
from .orbit import AZIMUTH_OF_EASTERN_SENSOR, AZIMUTH_OF_WESTERN_SENSOR
from .ranges import Draws

CELL_M = 5.0
RAY_STEP_M = 2.5
SIDE = 48  # cells of a block
VARIANTS = 4  # blocks of each kind
RAY_ZENITHS = np.arange(0, 72, 6.0)
RAY_AZIMUTHS = np.arange(0, 360, 45.0)
FACADE_SAMPLES = 6  # heights on each facade
LAMP_HEIGHT_M = 7.0
LAMP_SPACING = 5  # cells
PITCH = {LOW: 12, MIDDLE: 16, TOWER: 16}  # cells from street to street
STREET = {LOW: 2, MIDDLE: 3, TOWER: 4}  # cells
BOX = {LOW: 3, MIDDLE: 6, TOWER: 6}  # largest side of a box in cells
STREET_ALBEDO_OF_YARDS = 0.3  # light of the ground between buildings over that of the street

Field = NDArray[np.float64]


@dataclass(frozen=True)
class Emitters:
    """Points that shine: x, y, z in metres; weight in units of one lit street cell; normal: facades point along it
    (radians clockwise from north), others upwards (NaN). lamps: heads that shine sideways."""

    x: Field
    y: Field
    z: Field
    weight: Field
    normal: Field
    lamps: NDArray[np.bool_]


def ray_library(draws: Draws, numbers: Generator, progress: Progress) -> dict[int, Field]:
    """Radiance over that at the nadir, by kind of building: shape (VARIANTS, zeniths, azimuths) at RAY_ZENITHS and
    RAY_AZIMUTHS. Azimuths are those of the sensor, clockwise from a street's direction. Raises Cancelled."""
    heights = {LOW: draws.between("height of low houses"), MIDDLE: draws.between("height of mid-rise"),
               TOWER: draws.between("height of towers")}
    facades = {LOW: draws.between("lit facades of houses"), MIDDLE: draws.between("lit facades of mid-rise"),
               TOWER: draws.between("lit facades of towers")}
    built, lamps, roofs = draws.one("built share of lots"), draws.one("lamps seen from the side"), draws.one(
        "lit roofs")
    library = {}
    for kind in (LOW, MIDDLE, TOWER):
        blocks = []
        for facade in np.linspace(*facades[kind], VARIANTS):
            progress.check()
            ground = build_block(numbers, kind, heights[kind], built)
            # Towers hide their lamps; between houses they stand free.
            blocks.append(seen_radiance(ground, emitters(ground, kind, facade, roofs,
                                                         lamps if kind == LOW else 0.0)))
        library[kind] = np.stack(blocks)
    return library


def build_block(numbers: Generator, kind: int, heights: tuple[float, float], built: float) -> Field:
    """Heights in metres of shape (SIDE, SIDE): random boxes in the lots between streets, 0 on the ground."""
    ground = np.zeros((SIDE, SIDE))
    pitch, street, largest = PITCH[kind], STREET[kind], BOX[kind]
    lot = pitch - street
    for top in range(street, SIDE, pitch):
        for left in range(street, SIDE, pitch):
            plot = ground[top:top + lot, left:left + lot]
            while (plot > 0).mean() < built:
                high, wide = numbers.integers(max(1, largest // 2), largest + 1, 2)
                row, column = numbers.integers(0, lot - high + 1), numbers.integers(0, lot - wide + 1)
                plot[row:row + high, column:column + wide] = numbers.uniform(*heights)
    return ground


def emitters(ground: Field, kind: int, facade: float, roof: float, lamp: float) -> Emitters:
    """What shines in a block. facade, roof: luminance over that of the street; lamp: sideways light of one lamp."""
    rows, columns = np.indices(ground.shape)
    street = np.zeros(ground.shape, dtype=bool)
    offset = np.arange(SIDE) % PITCH[kind] < STREET[kind]
    street[offset], street[:, offset] = True, True
    flat_weight = np.where(street, 1.0, np.where(ground > 0, roof, STREET_ALBEDO_OF_YARDS))
    parts = [(columns + 0.5, rows + 0.5, ground, flat_weight, np.full(ground.shape, np.nan), False)]
    for axis, step, degrees in ((0, -1, 0), (1, 1, 90), (0, 1, 180), (1, -1, 270)):
        beside = np.roll(ground, -step, axis)
        row, column = np.nonzero(ground > beside)
        low, high = beside[row, column], ground[row, column]
        for sample in range(FACADE_SAMPLES):
            down, right = (step, 0) if axis == 0 else (0, step)
            # A hair in front of the wall, so that it doesn't hide itself.
            parts.append((column + 0.5 + 0.51 * right, row + 0.5 + 0.51 * down,
                          low + (high - low) * (sample + 0.5) / FACADE_SAMPLES,
                          facade * (high - low) / FACADE_SAMPLES / CELL_M, np.full(len(row), np.radians(degrees)),
                          False))
    if lamp:
        row, column = np.nonzero(street & (rows % LAMP_SPACING == 0) & (columns % LAMP_SPACING == 0))
        parts.append((column + 0.5, row + 0.5, np.full(len(row), LAMP_HEIGHT_M),
                      np.full(len(row), lamp * LAMP_SPACING**2), np.full(len(row), np.nan), True))
    x, y, z, weight, normal = (np.concatenate([np.ravel(part[index]) for part in parts]) for index in range(5))
    lamps = np.concatenate([np.full(np.size(part[0]), part[5]) for part in parts])
    return Emitters(x * CELL_M, y * CELL_M, z, weight, normal, lamps)


def seen_radiance(ground: Field, shining: Emitters) -> Field:
    """Shape (zeniths, azimuths), over the mean at the nadir."""
    radiance = np.empty((len(RAY_ZENITHS), len(RAY_AZIMUTHS)))
    facade = np.isfinite(shining.normal)
    for first, zenith in enumerate(np.radians(RAY_ZENITHS)):
        slope = np.tan(zenith)
        for second, azimuth in enumerate(np.radians(RAY_AZIMUTHS)):
            # Projected area of each emitter over that of the ground.
            towards = np.where(facade, np.maximum(np.cos(shining.normal - azimuth), 0) * slope,
                               np.where(shining.lamps, slope, 1.0))
            seen = _visible(ground, shining, slope, azimuth) if zenith > 0 else ~facade
            radiance[first, second] = (shining.weight * towards * seen).sum()
    return np.asarray(radiance / radiance[0].mean())


def _visible(ground: Field, shining: Emitters, slope: float, azimuth: float) -> NDArray[np.bool_]:
    """Which emitters no box hides from a sensor at this azimuth; slope: tangent of its zenith."""
    highest = ground.max()
    visible = np.ones(len(shining.x), dtype=bool)
    open_yet = np.arange(len(shining.x))
    east, south = np.sin(azimuth), -np.cos(azimuth)
    for distance in np.arange(RAY_STEP_M, highest * slope + RAY_STEP_M, RAY_STEP_M):
        height = shining.z[open_yet] + distance / slope
        open_yet, height = open_yet[height < highest], height[height < highest]
        if not len(open_yet):
            break
        row = np.floor((shining.y[open_yet] + distance * south) / CELL_M).astype(np.intp) % SIDE
        column = np.floor((shining.x[open_yet] + distance * east) / CELL_M).astype(np.intp) % SIDE
        hidden = ground[row, column] > height
        visible[open_yet[hidden]] = False
        open_yet = open_yet[~hidden]
    return visible


def table_of_rays(city: City, latitude: float, draws: Draws, numbers: Generator, progress: Progress) -> CurveTable:
    """The city of blocks: each cell takes one of its kind, its streets turn slowly over the city."""
    shape = city.districts.shape
    kind = CURVES[city.districts]
    library = ray_library(draws, numbers, progress)
    variant = np.clip((smooth_field(numbers, shape, 2.0) + 2) / 4 * VARIANTS, 0, VARIANTS - 1).astype(np.intp)
    streets = 45 * smooth_field(numbers, shape, 12)  # degrees clockwise from north
    sides = []
    for sensor in (AZIMUTH_OF_WESTERN_SENSOR, AZIMUTH_OF_EASTERN_SENSOR):
        turn = np.mod(sensor - streets, 360) / 45
        first, share = np.floor(turn).astype(np.intp) % len(RAY_AZIMUTHS), turn % 1
        second = (first + 1) % len(RAY_AZIMUTHS)
        relative = np.ones((len(RAY_ZENITHS), *shape))
        for each, blocks in library.items():
            here = kind == each
            number = variant[here]
            relative[:, here] = ((1 - share[here]) * blocks[number, :, first[here]].T
                                 + share[here] * blocks[number, :, second[here]].T)
        sides.append([through_footprint((city.brightness * _at(relative, zenith)).astype(np.float32), latitude)
                      for zenith in ZENITHS])
    return CurveTable(np.array(sides, dtype=np.float32))


def _at(relative: Field, zenith: float) -> Field:
    """Linear between RAY_ZENITHS, constant beyond the last one."""
    position = min(zenith / (RAY_ZENITHS[1] - RAY_ZENITHS[0]), len(RAY_ZENITHS) - 1.0)
    below = min(int(position), len(RAY_ZENITHS) - 2)
    return np.asarray(relative[below] + (position - below) * (relative[below + 1] - relative[below]))
