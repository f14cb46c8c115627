"""Which light a model has been trained on, and what lies outside it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from ..settings import Resources
from .samples import FactorySamples, statistics_blocks

RANGED = ("mean", "sd", "max")
COMMON = (0.001, 0.999)  # quantiles: a single odd factory doesn't widen a range


def input_ranges(samples: FactorySamples, months: NDArray[np.bool_], resources: Resources,
                 progress: Progress) -> dict[str, list[float]]:
    """Low and high of ring statistics over the factories and the chosen months, shape (months,); for a model's card."""
    names, columns = _columns(samples)
    blocks = [block[:, months][:, :, columns] for _, block in statistics_blocks(samples, resources, progress)]
    values = np.concatenate(blocks).reshape(-1, len(columns))
    ranges = {}
    for name, column in zip(names, values.T):
        known = column[np.isfinite(column)]
        if len(known):
            ranges[name] = [float(each) for each in np.quantile(known, COMMON)]
    return ranges


def outside_ranges(ranges: Mapping[str, Sequence[float]], samples: FactorySamples, resources: Resources,
                   progress: Progress) -> NDArray[np.bool_]:
    """Whether any ring statistic of a factory and month lies outside, shape (factories, months)."""
    outside = np.zeros((len(samples.factories), len(samples.months)), bool)
    names, columns = _columns(samples)
    limits = np.array([ranges.get(name, (-np.inf, np.inf)) for name in names])
    for factories, block in statistics_blocks(samples, resources, progress):
        values = block[:, :, columns]
        outside[factories] = ((values < limits[:, 0]) | (values > limits[:, 1])).any(axis=2)
    return outside


def _columns(samples: FactorySamples) -> tuple[list[str], list[int]]:
    ringed = [(name, index) for index, name in enumerate(samples.statistic_names)
              if name.startswith("ring_") and name.rpartition("_")[2] in RANGED]
    return [name for name, _ in ringed], [index for _, index in ringed]
