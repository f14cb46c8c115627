"""Constants of a simulation: drawn by the seed from stated ranges and kept with the truth."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator


def generator(seed: int, *stream: int) -> Generator:
    """An independent stream of random numbers, the same on every run: results don't depend on the order of work."""
    return np.random.default_rng([seed, *stream])


class Constants:
    """Draws constants and remembers for each its value, its range and its unit."""

    def __init__(self, numbers: Generator) -> None:
        self._numbers = numbers
        self._records: dict[str, dict[str, Any]] = {}

    def draw(self, name: str, low: float, high: float, unit: str = "") -> float:
        """One number, uniform between low and high."""
        return float(self.draw_many(name, low, high, 1, unit)[0])

    def draw_many(self, name: str, low: float, high: float, count: int, unit: str = "") -> NDArray[np.float64]:
        """count numbers of shape (count,), uniform between low and high, kept under one name."""
        values: NDArray[np.float64] = np.round(self._numbers.uniform(low, high, count), 6)
        self._records[name] = {"value": values.tolist() if count > 1 else float(values[0]), "low": low, "high": high,
                               "unit": unit}
        return values

    def as_records(self) -> dict[str, dict[str, Any]]:
        """name -> value, low, high, unit; ready for JSON."""
        return dict(self._records)
