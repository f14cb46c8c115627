"""Which differences of R2 are more than chance: blocks of places are drawn again and again, for all models alike."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK_DEGREES = 2.0
FEWEST_BLOCKS = 10  # draws of fewer are too much alike: their intervals would be too narrow, of one block without width
DRAWS, AT_A_TIME = 10_000, 500
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A value and the interval that holds it with the level asked for; low and high are NaN where there is none."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0

    def in_words(self, numbers: str = ".3f") -> str:
        return f"{self.low:{numbers}} to {self.high:{numbers}}" if np.isfinite(self.low) else "no interval"


def blocks_of(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of the BLOCK_DEGREES cell of each point."""
    cells = np.floor(np.column_stack((longitude, latitude)) / BLOCK_DEGREES).astype(np.int64)
    _, which = np.unique(cells, axis=0, return_inverse=True)
    number: NDArray[np.intp] = which.ravel()
    return number


class BlockDraws:
    """R2 of models on blocks that are drawn with replacement; every model sees the same draws. There are no intervals
    with fewer than FEWEST_BLOCKS.

    truth, block: shape (cases,). errors: squared errors of each model, shape (models, cases).
    """

    def __init__(self, truth: NDArray[np.float64], errors: NDArray[np.float64], block: NDArray[np.intp],
                 seed: int) -> None:
        count = int(block.max()) + 1
        centred = truth - truth.mean()
        sums = np.array([np.bincount(block, values, count) for values in
                         (np.ones(len(truth)), centred, centred**2, *errors)])
        generator, share = np.random.default_rng(seed), np.full(count, 1 / count)
        drawn = [sums @ generator.multinomial(count, share, AT_A_TIME).T for _ in range(DRAWS // AT_A_TIME)]
        self._observed, self._drawn = _r2(sums.sum(axis=1)[:, None])[:, 0], _r2(np.concatenate(drawn, axis=1))
        self.blocks = count

    def r2(self, model: int, level: float = LEVEL) -> Interval:
        return self._interval(self._observed[model], self._drawn[model], level)

    def difference(self, model: int, other: int, level: float = LEVEL) -> Interval:
        """R2 of a model less that of another."""
        return self._interval(self._observed[model] - self._observed[other], self._drawn[model] - self._drawn[other],
                              level)

    def _interval(self, observed: float, drawn: NDArray[np.float64], level: float) -> Interval:
        known = drawn[np.isfinite(drawn)]
        if self.blocks < FEWEST_BLOCKS or len(known) == 0:
            return Interval(float(observed), float("nan"), float("nan"))
        low, high = np.quantile(known, ((1 - level) / 2, (1 + level) / 2))
        return Interval(float(observed), float(low), float(high))


def joint_level(comparisons: Sequence[object]) -> float:
    """The level of each interval with which all of them hold together (Bonferroni)."""
    return 1 - (1 - LEVEL) / max(1, len(comparisons))


def _r2(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """From counts, sums, squares and errors, shape (3 + models, draws), the R2 of shape (models, draws)."""
    count, total, squares, *errors = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = squares - total**2 / count
        return np.where(spread > 0, 1 - np.array(errors) / spread, np.nan)
