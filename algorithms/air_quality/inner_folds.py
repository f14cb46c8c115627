"""Folds within the training places: at random, as for estimates among monitors, and in blocks, as for those beyond."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .distances import unit_vectors

Sides = tuple[NDArray[np.intp], NDArray[np.intp]]

SPLITS = 4  # into 16 blocks


def random_place_folds(train: NDArray[np.intp], place: NDArray[np.intp], folds: int, seed: int) -> list[Sides]:
    """Training windows without and with each fold of places. train: numbers of windows; place: of each of them."""
    _, which = np.unique(place, return_inverse=True)
    return list(_sides(train, which.ravel(), folds, seed))


def block_folds(train: NDArray[np.intp], longitude: NDArray[np.float64], latitude: NDArray[np.float64], folds: int,
                seed: int) -> list[Sides]:
    """The same with compact blocks of places in place of single ones."""
    return list(_sides(train, spatial_blocks(longitude, latitude), folds, seed))


def spatial_blocks(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of each point's block: places are halved again and again, across the axis along which they spread most.

    A block that holds one place isn't halved. Returns shape (points,).
    """
    places, which = np.unique(np.column_stack((longitude, latitude)), axis=0, return_inverse=True)
    points = unit_vectors(places[:, 0], places[:, 1])
    block = np.zeros(len(places), dtype=np.intp)
    for split in range(SPLITS):
        for number in range(2**split):
            inside = np.flatnonzero(block == number)
            if len(inside) > 1:
                axis = int(np.argmax(np.ptp(points[inside], axis=0)))
                order = np.argsort(points[inside, axis], kind="stable")
                block[inside[order[len(inside) // 2:]]] += 2**split
    found: NDArray[np.intp] = block[which.ravel()]
    return found


def _sides(train: NDArray[np.intp], group: NDArray[np.intp], folds: int, seed: int) -> Iterator[Sides]:
    unique, which = np.unique(group, return_inverse=True)
    number = np.random.default_rng(seed).permutation(len(unique)) % folds
    for fold in range(folds):
        held = number[which.ravel()] == fold
        if held.any() and not held.all():
            yield train[~held], train[held]
