"""Clouds of many nights: a clear share that follows the season, in spells, drawn coarsely and interpolated."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .clouds import CLOUD_SIZE_CELLS, PROBABLY_CLEAR_WIDTH, PROBABLY_CLOUDY_WIDTH, SUSPECT_WIDTH
from .constants import Generator
from .fields import smooth_field

STEP = 4  # cells between the nodes of the coarse field: clouds are many times larger
DAYS_PER_YEAR = 365.25
CLEAREST, CLOUDIEST = 0.97, 0.01


@dataclass(frozen=True)
class Weather:
    """coarse: standard normal fields of shape (nights, rows, columns); edges: what lies below is clear, (nights,)."""

    coarse: NDArray[np.float32]
    edges: NDArray[np.float64]
    shape: tuple[int, int]

    def night(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Cloud-mask codes 0 (confident clear) to 3, and clear cells right beside a cloud, both (rows, columns)."""
        rows, columns = self.shape
        down, across = _interpolation(rows, self.coarse.shape[1]), _interpolation(columns, self.coarse.shape[2])
        field = down @ self.coarse[index] @ across.T
        edge = self.edges[index]
        confidence = np.zeros(self.shape, dtype=np.uint8)
        for width in (0, PROBABLY_CLEAR_WIDTH, PROBABLY_CLOUDY_WIDTH):
            confidence += field > edge + width
        return confidence, (field <= edge) & (field > edge - SUSPECT_WIDTH)


def simulate_weather(numbers: Generator, days: NDArray[np.float64], shape: tuple[int, int], clear_share: float,
                     amplitude: float, clearest_day: float, persistence: float) -> Weather:
    """days: days of the year, one for each night.

    The share of clear nights is clear_share on average, and by amplitude of itself higher and lower over the year.
    """
    nodes = (shape[0] // STEP + 2, shape[1] // STEP + 2)
    fields = np.empty((len(days), *nodes), dtype=np.float32)
    weather, field = numbers.standard_normal(), smooth_field(numbers, nodes, CLOUD_SIZE_CELLS / STEP)
    innovation = np.sqrt(1 - persistence**2)
    for night in range(len(days)):
        fields[night] = (field + weather) / np.sqrt(2)
        weather = persistence * weather + innovation * numbers.standard_normal()
        field = persistence * field + innovation * smooth_field(numbers, nodes, CLOUD_SIZE_CELLS / STEP)
    season = np.cos(2 * np.pi * (days - clearest_day) / DAYS_PER_YEAR)
    return Weather(fields, ndtri(np.clip(clear_share * (1 + amplitude * season), CLOUDIEST, CLEAREST)), shape)


@lru_cache(maxsize=8)
def _interpolation(cells: int, nodes: int) -> NDArray[np.float32]:
    """Weights of shape (cells, nodes) of linear interpolation between nodes that stand STEP cells apart."""
    distance = np.abs(np.arange(cells)[:, None] / STEP - np.arange(nodes))
    return np.maximum(1 - distance, 0).astype(np.float32)
