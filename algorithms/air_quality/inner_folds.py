"""Folds within the training places: at random, as for estimates among monitors, and in blocks, as for those beyond."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..compact_blocks import compact_blocks
from ..distances import unit_vectors

Sides = tuple[NDArray[np.intp], NDArray[np.intp]]

HALVINGS = 4  # into 16 blocks


def random_place_folds(train: NDArray[np.intp], place: NDArray[np.int32], folds: int, seed: int) -> list[Sides]:
    """Training windows without and with each fold of places. train: numbers of windows; place: of each of them."""
    _, which = np.unique(place, return_inverse=True)
    return list(_sides(train, which.ravel(), folds, seed))


def block_folds(train: NDArray[np.intp], longitude: NDArray[np.float64], latitude: NDArray[np.float64], folds: int,
                seed: int) -> list[Sides]:
    """The same with compact blocks of places in place of single ones."""
    return list(_sides(train, spatial_blocks(longitude, latitude), folds, seed))


def spatial_blocks(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of each point's compact block; shape (points,)."""
    return compact_blocks(unit_vectors(longitude, latitude), HALVINGS)


def _sides(train: NDArray[np.intp], group: NDArray[np.intp], folds: int, seed: int) -> Iterator[Sides]:
    unique, which = np.unique(group, return_inverse=True)
    number = np.random.default_rng(seed).permutation(len(unique)) % folds
    for fold in range(folds):
        held = number[which.ravel()] == fold
        if held.any() and not held.all():
            yield train[~held], train[held]
