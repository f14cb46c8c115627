"""Small rendered street views: sky, ground and two rows of houses in perspective, drawn by what stands there."""
from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from .constants import Generator

SUPERSAMPLING = 2
DEPTHS = 8  # houses of a row
EYE = 1.7  # metres above the ground
Colour = NDArray[np.float64]


@dataclass(frozen=True)
class Street:
    """Shares from 0 to 1: how built-up, how industrial, how commercial; what is left is farmland with trees."""

    built_up: float
    industry: float
    commerce: float


def draw_street(street: Street, side: int, numbers: Generator) -> NDArray[np.uint8]:
    """A picture (side, side, 3)."""
    size = side * SUPERSAMPLING
    light = numbers.uniform(0.65, 1.1)
    canvas = _ground(street, size, numbers)
    for depth in range(DEPTHS, 0, -1):
        for hand in (-1, 1):
            if numbers.uniform() < 0.15 + 0.8 * street.built_up:
                _house(canvas, street, depth, hand, numbers)
            elif numbers.uniform() < 0.8:
                _tree(canvas, depth, hand, numbers)
    if street.commerce > 0.2:
        for _ in range(int(numbers.poisson(10 * street.commerce))):
            _car(canvas, numbers)
    canvas = canvas * light + numbers.normal(0, 0.015, canvas.shape)
    small = canvas.reshape(side, SUPERSAMPLING, side, SUPERSAMPLING, 3).mean(axis=(1, 3))
    return np.asarray(np.clip(255 * small, 0, 255), dtype=np.uint8)


def draw_any_street(side: int, numbers: Generator) -> NDArray[np.uint8]:
    """A picture of any kind of street."""
    return draw_street(Street(*numbers.uniform(size=3)), side, numbers)


def write_picture(path: str, picture: NDArray[np.uint8]) -> None:
    """A PNG file. Raises OSError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="PNG", width=picture.shape[1], height=picture.shape[0], count=3,
                           dtype="uint8") as file:
            file.write(picture.transpose(2, 0, 1))


def _ground(street: Street, size: int, numbers: Generator) -> Colour:
    rows = np.linspace(0, 1, size)[:, None, None]
    columns = np.linspace(-1, 1, size)[None, :, None]
    grey = numbers.uniform(0, 0.6)
    sky = np.array([0.35, 0.58, 0.9]) * (1 - grey) + np.array([0.75, 0.75, 0.76]) * grey
    green = np.array([0.30, 0.42, 0.18]) * numbers.uniform(0.7, 1.3) * (1 - street.built_up)
    earth = green + np.array([0.5, 0.48, 0.45]) * street.built_up
    canvas = np.where(rows < 0.5, sky + 0.25 * rows, np.broadcast_to(earth, (size, size, 3)))
    width = numbers.uniform(0.5, 0.9)
    on_road = (rows > 0.5) & (np.abs(columns) < width * 2 * (rows - 0.5))
    canvas = np.where(on_road, np.full(3, numbers.uniform(0.25, 0.4)), canvas)
    dashed = (np.floor(6 / np.maximum(rows - 0.5, 1e-3)) % 2 == 0) & (np.abs(columns) < 0.06 * (rows - 0.5))
    return np.where(on_road & dashed, 0.85, canvas)


def _box(canvas: Colour, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    """Fills a box in picture coordinates from -1 to 1, y upwards."""
    size = len(canvas)
    columns = [int(np.clip((x + 1) / 2 * size, 0, size)) for x in (left, right)]
    rows = [int(np.clip((1 - y) / 2 * size, 0, size)) for y in (top, bottom)]
    canvas[min(rows):max(rows), min(columns):max(columns)] = colour


def _house(canvas: Colour, street: Street, depth: int, hand: int, numbers: Generator) -> None:
    is_works = numbers.uniform() < street.industry * (1 - 0.5 * street.commerce)
    height = numbers.uniform(6, 14) if is_works else numbers.uniform(4, 8 + 70 * street.commerce * street.built_up)
    wall = np.array([0.62, 0.66, 0.7]) if is_works else numbers.uniform(0.35, 0.9) * numbers.uniform(0.8, 1.1, 3)
    near, far = 8.0 * depth, 8.0 * depth + 7
    inner, outer = 6.0, numbers.uniform(16, 26)
    scale_near, scale_far = 1.0 / near, 1.0 / far
    x_near, x_far = hand * inner * scale_near * 1.2, hand * outer * scale_near * 1.2
    top, bottom = (height - EYE) * scale_near * 1.2, -EYE * scale_near * 1.2
    _box(canvas, hand * inner * scale_far * 1.2, top * 0.98, x_near, bottom * scale_far / scale_near, wall * 0.75)
    _box(canvas, x_near, top, x_far, bottom, wall)
    floors = max(1, int(height / 3.2))
    if is_works:
        _box(canvas, x_near, top * 0.9, x_far, top * 0.75, wall * 0.6)
        return
    across = 2 + int(outer - inner) // 4
    window = np.array([0.2, 0.25, 0.32]) * numbers.uniform(0.7, 1.4)
    for floor in range(floors):
        low = bottom + (top - bottom) * (floor + 0.3) / floors
        high = bottom + (top - bottom) * (floor + 0.75) / floors
        shop = floor == 0 and numbers.uniform() < street.commerce
        colour = numbers.uniform(0.2, 1, 3) if shop else window
        for number in range(across):
            start = x_near + (x_far - x_near) * (number + 0.2) / across
            _box(canvas, start, high, start + (x_far - x_near) * (0.75 if shop else 0.5) / across, low, colour)


def _tree(canvas: Colour, depth: int, hand: int, numbers: Generator) -> None:
    scale = 1.2 / (8.0 * depth + 2)
    x, height = hand * numbers.uniform(6, 12) * scale, numbers.uniform(5, 11)
    _box(canvas, x - 0.2 * scale, (height / 2 - EYE) * scale, x + 0.2 * scale, -EYE * scale,
         np.array([0.28, 0.2, 0.13]))
    size = len(canvas)
    rows, columns = np.mgrid[0:size, 0:size]
    crown = height * 0.35 * scale
    across = (2 * columns / size - 1 - x) / crown
    upwards = (1 - 2 * rows / size - (height * 0.65 - EYE) * scale) / crown
    inside = across**2 + upwards**2 < 1
    canvas[inside] = np.array([0.13, 0.3, 0.1]) * numbers.uniform(0.7, 1.5)


def _car(canvas: Colour, numbers: Generator) -> None:
    scale = 1.2 / numbers.uniform(6, 40)
    x = numbers.uniform(-3, 3) * scale
    colour = numbers.uniform(0.1, 1, 3)
    _box(canvas, x - 0.9 * scale, (0.7 - EYE) * scale, x + 0.9 * scale, (0.2 - EYE) * scale, colour)
    _box(canvas, x - 0.7 * scale, (1.4 - EYE) * scale, x + 0.7 * scale, (0.7 - EYE) * scale, colour * 0.5)
