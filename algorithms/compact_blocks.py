"""Compact blocks of neighbouring places, for folds that leave whole areas out."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def compact_blocks(points: NDArray[np.float64], halvings: int) -> NDArray[np.intp]:
    """Number of each point's block, 0 to 2**halvings - 1; shape (points,).

    points: (points, axes). Places are halved again and again, across the axis along which they spread most. A block
    that holds one place isn't halved, and points of one place stay together.
    """
    places, which = np.unique(points, axis=0, return_inverse=True)
    block = np.zeros(len(places), dtype=np.intp)
    for halving in range(halvings):
        for number in range(2**halving):
            inside = np.flatnonzero(block == number)
            if len(inside) > 1:
                axis = int(np.argmax(np.ptp(places[inside], axis=0)))
                order = np.argsort(places[inside, axis], kind="stable")
                block[inside[order[len(inside) // 2:]]] += 2**halving
    found: NDArray[np.intp] = block[which.ravel()]
    return found
