"""How the radiance of a district changes with the zenith angle of the sensor.

Families: intensity that falls linearly (towers), a skewed half sine (mid-rise), 1 - cosine (facades of low houses),
constant. None is the parabola that angular effects get fitted with.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

FLAT, TOWER, MIDDLE, LOW = range(4)

FOOTPRINT_M = 742.0
CELL_HEIGHT_M = 463.3
TURN_EXPONENT = 1.15  # puts the minimum of a mid-rise curve at 33 degrees
SIGMA_PER_WIDTH = 1 / np.sqrt(8 * np.log(2))

Values = NDArray[np.float32]


def relative_radiance(shape: NDArray[np.uint8], amount: Values, zenith: NDArray[np.float64]) -> Values:
    """Radiance over that of the view from straight above; all arrays broadcast.

    amount: for TOWER the share c of intensity that is lost at 60 degrees, radiance = (1 - c theta / 60) / cos(theta);
    for MIDDLE the depth of the minimum; for LOW the gain at 60 degrees; unused for FLAT.
    """
    share = zenith / 60
    cosine = np.cos(np.radians(zenith))
    tower = np.maximum(1 - amount * share, 0) / cosine
    middle = 1 - amount * np.sin(np.pi * share**TURN_EXPONENT)
    low = 1 + 2 * amount * (1 - cosine)
    return np.asarray(np.choose(shape, (np.ones_like(tower), tower, middle, low)), dtype=np.float32)


def through_footprint(radiance: Values, latitude: float) -> Values:
    """Radiance of shape (rows, columns) as the sensor mixes it: Gaussian, its width at half height FOOTPRINT_M."""
    sigma = FOOTPRINT_M * SIGMA_PER_WIDTH / CELL_HEIGHT_M
    return np.asarray(gaussian_filter(radiance, (sigma, sigma / np.cos(np.radians(latitude))), mode="nearest"),
                      dtype=np.float32)
