"""Which districts are tested together: the rounds of an evaluation."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..compact_blocks import compact_blocks
from ..errors import InputError

SPLITS = ("blocked_folds", "random_folds", "holdout_712", "leave_city_out")
TEST_SHARE = 0.2  # 7:1:2; the tenth for choosing belongs to the known districts, whose inner folds choose
ENOUGH_HOLDOUTS = 20  # rounds of a fifth of the districts, before their scores say anything

Round = list[NDArray[np.intp]]  # numbers of the districts of each fold


def make_rounds(split: str, known: NDArray[np.bool_], centres: NDArray[np.float64], city: NDArray[np.intp] | None,
                folds: int, repeats: int, seed: int) -> list[Round]:
    """Rounds of folds; within a round no district is tested twice.

    known: (districts,), those with a total. centres: (districts, 2) longitude and latitude, degrees. city: number of
    every district's city. blocked_folds: compact blocks of neighbours; random_folds: at random; holdout_712: one fifth
    per round; leave_city_out: one city per fold. Raises InputError where there are too few districts or no cities.
    """
    districts = np.flatnonzero(known)
    if len(districts) < 2:
        raise InputError("TARGET_FIELDS", f"{len(districts)} districts have a total", "give totals of at least 2")
    generator = np.random.default_rng(seed)
    if split == "leave_city_out":
        if city is None or len(np.unique(city[districts])) < 2:
            raise InputError("SPLIT", "leave_city_out was chosen and the districts don't lie in two or more cities",
                             "give CITY_FIELD, or choose another split")
        return [[districts[city[districts] == number] for number in np.unique(city[districts])]]
    if split == "holdout_712":
        size = max(1, round(TEST_SHARE * len(districts)))
        return [[np.sort(generator.permutation(districts)[:size])] for _ in range(repeats)]
    count = min(folds, len(districts))
    if split == "random_folds":
        return [[np.sort(part) for part in np.array_split(generator.permutation(districts), count)]
                for _ in range(repeats)]
    return [_blocked(districts, centres, count, generator) for _ in range(repeats)]


def too_few_rounds(split: str, repeats: int) -> str:
    """What to say of a holdout of too few rounds; empty where there is nothing to say."""
    if split != "holdout_712" or repeats >= ENOUGH_HOLDOUTS:
        return ""
    return (f"{repeats} rounds of holdout_712 say little, because scores of a fifth of the districts depend on which "
            f"they are: take {ENOUGH_HOLDOUTS} REPEATS or more.")


def _blocked(districts: NDArray[np.intp], centres: NDArray[np.float64], folds: int,
             generator: np.random.Generator) -> Round:
    """Blocks across seeded directions, so that rounds differ; dealt to folds in turn where there are more blocks."""
    angle = generator.uniform(0, math.pi)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    wide = centres[districts] * [math.cos(math.radians(float(centres[districts, 1].mean()))), 1.0]
    block = compact_blocks(wide @ turn, math.ceil(math.log2(folds)))
    numbers = generator.permutation(np.unique(block))
    merged = [np.sort(districts[np.isin(block, numbers[first::folds])]) for first in range(folds)]
    return [fold for fold in merged if len(fold)]
