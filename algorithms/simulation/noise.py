"""Noise of one night: of each cell, of the whole city, and of the instrument."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import Generator

DIM_RADIANCE = 10.0  # where the noise is halfway between that of bright and of dim cells
FLOOR_NOISE = 0.5  # nW/cm2/sr


@dataclass(frozen=True)
class Noise:
    """Standard deviations: of bright and of dim cells and shared by all cells as shares, and additive (nW/cm2/sr)."""

    bright: float
    dim: float
    shared: float
    additive: float = FLOOR_NOISE

    def apply(self, numbers: Generator, clean: NDArray[np.float32]) -> NDArray[np.float32]:
        """Noisy radiance of shape (rows, columns), never below 0."""
        spread = self.bright + (self.dim - self.bright) / (1 + clean / DIM_RADIANCE)
        factor = (1 + spread * numbers.standard_normal(clean.shape)) * (1 + self.shared * numbers.standard_normal())
        noisy = clean * factor + self.additive * numbers.standard_normal(clean.shape)
        return np.asarray(np.maximum(noisy, 0), dtype=np.float32)
