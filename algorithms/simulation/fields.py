"""Smooth random fields."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .constants import Generator


def smooth_field(numbers: Generator, shape: tuple[int, ...], size: float) -> NDArray[np.float64]:
    """Gaussian noise of shape (rows, columns), smoothed over size cells; expected mean 0, standard deviation 1."""
    noise = gaussian_filter(numbers.standard_normal(shape), size, mode="wrap", truncate=3)
    return np.asarray(noise * (2 * size * np.sqrt(np.pi)), dtype=np.float64)
