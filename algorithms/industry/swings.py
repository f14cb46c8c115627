"""What factories make above or below their usual output, read from noisy light: best linear unbiased prediction.

Swings of a factory = those of its group + its own, both first-order autoregressions. Light shows GAIN of them, and
noise. Both are drawn to 0 as far as noise asks. The normal equations are solved by turns for the groups and for all
factories at once; an autoregression's precision is tridiagonal (Rue and Held 2005, section 1.1), so a turn costs the
same for every month.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from .light_signals import LightChanges

GAIN = 0.3  # of the cell's light to output: elasticity 0.35 (Henderson et al. 2012: about 0.3) x share of factories
GROUP_SPREAD, GROUP_MEMORY = 0.15, 0.9  # logarithm of output; correlation of a month with the next
OWN_SPREAD, OWN_MEMORY = 0.2, 0.8
MOST_SWING = 1.0
TURNS = 20  # what is left falls by half or more in each


def factory_swings(changes: LightChanges, group: NDArray[np.intp], progress: Progress) -> NDArray[np.float64]:
    """Logarithm of output over its usual level as light has it, (factories, months). group: (factories,), from 0."""
    count, months = changes.values.shape
    groups = int(group.max(initial=0)) + 1
    seen = np.isfinite(changes.values)
    light = np.where(seen, changes.values, 0)
    trust = np.where(seen, 1 / changes.variance, 0)
    of_group = np.zeros((groups, months))
    np.add.at(of_group, group, GAIN**2 * trust)
    common, own = np.zeros((groups, months)), np.zeros((count, months))
    for turn in range(TURNS):
        pull = np.zeros((groups, months))
        np.add.at(pull, group, GAIN * trust * (light - GAIN * own))
        common = _smooth(of_group, pull, GROUP_SPREAD, GROUP_MEMORY)
        own = _smooth(GAIN**2 * trust, GAIN * trust * (light - GAIN * common[group]), OWN_SPREAD, OWN_MEMORY)
        progress.report((turn + 1) / TURNS)
    return np.asarray(np.clip(common[group] + own, -MOST_SWING, MOST_SWING), np.float64)


def _smooth(precision: NDArray[np.float64], pull: NDArray[np.float64], spread: float,
            memory: float) -> NDArray[np.float64]:
    """Solves (autoregression's precision + diagonal precision) x = pull for all rows, (n, months), by elimination."""
    scale = 1 / (spread**2 * (1 - memory**2))
    months = pull.shape[1]
    diagonal = precision + scale * (1 + memory**2)
    diagonal[:, 0] -= scale * memory**2
    diagonal[:, -1] -= scale * memory**2
    beside = -scale * memory
    right = pull.copy()
    for month in range(1, months):
        factor = beside / diagonal[:, month - 1]
        diagonal[:, month] -= factor * beside
        right[:, month] -= factor * right[:, month - 1]
    right[:, -1] /= diagonal[:, -1]
    for month in range(months - 2, -1, -1):
        right[:, month] = (right[:, month] - beside * right[:, month + 1]) / diagonal[:, month]
    return right
