"""Cloud fields: smooth in space, persistent from night to night, thresholded to a clear share."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import Generator
from .fields import smooth_field

CONFIDENT_CLEAR, PROBABLY_CLEAR, PROBABLY_CLOUDY, CONFIDENT_CLOUDY = range(4)

CLOUD_SIZE_CELLS = 18.0
PROBABLY_CLEAR_WIDTH = 0.06  # in standard deviations of the field
PROBABLY_CLOUDY_WIDTH = 0.14
SUSPECT_WIDTH = 0.05


@dataclass(frozen=True)
class Clouds:
    """confidence: cloud-mask codes 0 to 3; suspect: clear cells right beside a cloud. Shape (nights, rows, columns)."""

    confidence: NDArray[np.uint8]
    suspect: NDArray[np.bool_]


def simulate_clouds(numbers: Generator, nights: int, shape: tuple[int, int], clear_share: float,
                    persistence: float) -> Clouds:
    """clear_share: share of confidently clear cells over all nights; persistence: correlation from day to day."""
    fields = np.empty((nights, *shape), dtype=np.float32)
    weather = numbers.standard_normal()
    field = smooth_field(numbers, shape, CLOUD_SIZE_CELLS)
    innovation = np.sqrt(1 - persistence**2)
    for night in range(nights):
        fields[night] = (field + weather) / np.sqrt(2)
        weather = persistence * weather + innovation * numbers.standard_normal()
        field = persistence * field + innovation * smooth_field(numbers, shape, CLOUD_SIZE_CELLS)
    edge = np.quantile(fields, clear_share)
    thresholds = edge + np.array([0, PROBABLY_CLEAR_WIDTH, PROBABLY_CLOUDY_WIDTH])
    confidence = np.searchsorted(thresholds, fields).astype(np.uint8)
    return Clouds(confidence, (fields <= edge) & (fields > edge - SUSPECT_WIDTH))
