"""Which cells lie around a factory, in which of its rings, and how much of their light counts as its own."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rasters import Grid

NO_CELL = -1


@dataclass(frozen=True)
class Neighbourhoods:
    """Square patches of side x side cells around factories, row by row from the north-west corner.

    cell: shape (factories, side^2), flat index in the grid, NO_CELL beyond its edge. ring: (factories, side^2), the
    buffer that the cell's centre lies in, 0 = the innermost, the number of buffers = in none. claim: (factories,
    side^2), the factory's claim to the cell's light, 0 outside its buffers.
    """

    side: int
    cell: NDArray[np.int32]
    ring: NDArray[np.uint8]
    claim: NDArray[np.float32]


def patch_side(radii: Sequence[float], cell_size: float) -> int:
    """Cells on the side of the smallest patch that holds all cells within the outermost radius, wherever in its cell
    the factory stands."""
    return 2 * int(np.floor(radii[-1] / cell_size + 0.5)) + 1


def find_neighbourhoods(x: NDArray[np.float64], y: NDArray[np.float64], grid: Grid,
                        radii: Sequence[float]) -> Neighbourhoods:
    """x, y: shape (factories,), on the grid. A claim falls with distance d as 1 / (1 + (d / innermost radius)^2)."""
    side = patch_side(radii, grid.cell_width)
    offsets = np.arange(side) - side // 2
    down, right = (each.ravel() for each in np.meshgrid(offsets, offsets, indexing="ij"))
    left, _, _, top = grid.bounds
    column_place, row_place = (x - left) / grid.cell_width, (top - y) / grid.cell_height
    column = np.floor(column_place).astype(np.int32)[:, None] + right.astype(np.int32)
    row = np.floor(row_place).astype(np.int32)[:, None] + down.astype(np.int32)
    inside = (column >= 0) & (column < grid.width) & (row >= 0) & (row < grid.height)
    cell = np.where(inside, row * grid.width + column, NO_CELL).astype(np.int32)
    squared = (((column + 0.5 - column_place[:, None]) * grid.cell_width)**2
               + ((row + 0.5 - row_place[:, None]) * grid.cell_height)**2)
    ring = np.searchsorted(np.square(radii), squared, side="left").astype(np.uint8)
    claim = np.where(inside & (ring < len(radii)), 1 / (1 + squared / radii[0]**2), 0).astype(np.float32)
    return Neighbourhoods(side, cell, ring, claim)
