"""What factories make above or below their usual output, read from noisy light: best linear unbiased prediction.

Swings of a factory = those of all + of its group + its own, first-order autoregressions. Light shows GAIN of them, a
slow drift of the cell's other light, and noise. All are drawn to 0 as far as noise asks. The normal equations are
solved by turns; an autoregression's precision is tridiagonal (Rue and Held 2005, section 1.1), so a turn costs the same
for every month.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from .light_signals import LightChanges

GAIN = 0.3  # of the cell's light to output: elasticity 0.35 (Henderson et al. 2012: about 0.3) x share of factories
COMMON_SPREAD, COMMON_MEMORY = 0.1, 0.9  # logarithm of output; correlation of a month with the next
GROUP_SPREAD, GROUP_MEMORY = 0.1, 0.9
OWN_SPREAD, OWN_MEMORY = 0.15, 0.8
DRIFT_MEMORY = 0.97  # of other light: three years
MOST_SWING = 1.0
TURNS = 40  # what is left then is 3 to 6 % of the spread of swings


def factory_swings(changes: LightChanges, group: NDArray[np.intp], progress: Progress) -> NDArray[np.float64]:
    """Logarithm of output over its usual level as light has it, (factories, months). group: (factories,), from 0."""
    count, months = changes.values.shape
    groups = int(group.max(initial=0)) + 1
    seen = np.isfinite(changes.values)
    light = np.where(seen, changes.values, 0)
    trust = np.where(seen, 1 / changes.variance, 0)
    drift_spread = changes.drift[:, None]
    of_group = _sums(GAIN**2 * trust, group, groups)
    of_all = of_group.sum(axis=0, keepdims=True)
    common, grouped = np.zeros((1, months)), np.zeros((groups, months))
    own, drift = np.zeros((count, months)), np.zeros((count, months))
    for turn in range(TURNS):
        progress.check()
        rest = light - GAIN * own - drift
        common = _smooth(of_all, (GAIN * trust * (rest - GAIN * grouped[group])).sum(axis=0, keepdims=True),
                         COMMON_SPREAD, COMMON_MEMORY)
        grouped = _smooth(of_group, _sums(GAIN * trust * (rest - GAIN * common), group, groups), GROUP_SPREAD,
                          GROUP_MEMORY)
        shared = GAIN * (common + grouped[group])
        own = _smooth(GAIN**2 * trust, GAIN * trust * (light - shared - drift), OWN_SPREAD, OWN_MEMORY)
        rest = light - shared - GAIN * own
        drift = drift_spread * _smooth(drift_spread**2 * trust, drift_spread * trust * rest, 1, DRIFT_MEMORY)
        progress.report((turn + 1) / TURNS)
    return np.asarray(np.clip(common + grouped[group] + own, -MOST_SWING, MOST_SWING), np.float64)


def _sums(values: NDArray[np.float64], group: NDArray[np.intp], groups: int) -> NDArray[np.float64]:
    """Over the factories of each group, (groups, months)."""
    sums = np.zeros((groups, values.shape[1]))
    np.add.at(sums, group, values)
    return sums


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
