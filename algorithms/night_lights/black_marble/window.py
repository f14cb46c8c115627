"""Windows of whole cells on the one global grid of Black Marble, and the tiles below them."""
from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from affine import Affine

from ...errors import InputError
from ...projections import WGS84
from ...rasters import Grid
from ...settings import Bounds
from .products import CELLS_PER_DEGREE, TILE_CELLS, Tile, tile_name

SNAP = 1e-6  # of a cell: an extent that was computed from cell edges doesn't grow by a cell


@dataclass(frozen=True)
class CellWindow:
    """Rows from 90 N and columns from 180 W of the global grid; stops are excluded."""

    row: int
    column: int
    row_stop: int
    column_stop: int

    @property
    def grid(self) -> Grid:
        west = (self.column - 180 * CELLS_PER_DEGREE) / CELLS_PER_DEGREE
        north = (90 * CELLS_PER_DEGREE - self.row) / CELLS_PER_DEGREE
        cell = 1 / CELLS_PER_DEGREE
        return Grid(WGS84, Affine(cell, 0, west, 0, -cell, north), self.column_stop - self.column,
                    self.row_stop - self.row)

    def intersection(self, other: CellWindow) -> CellWindow | None:
        row, column = max(self.row, other.row), max(self.column, other.column)
        row_stop, column_stop = min(self.row_stop, other.row_stop), min(self.column_stop, other.column_stop)
        return CellWindow(row, column, row_stop, column_stop) if row < row_stop and column < column_stop else None


def tile_window(tile: Tile) -> CellWindow:
    column, row = tile[0] * TILE_CELLS, tile[1] * TILE_CELLS
    return CellWindow(row, column, row + TILE_CELLS, column + TILE_CELLS)


def snap_outwards(extent: Bounds) -> CellWindow:
    """The whole cells that an extent in degrees touches."""
    west, south, east, north = extent
    columns = [(degrees + 180) * CELLS_PER_DEGREE for degrees in (west, east)]
    rows = [(90 - degrees) * CELLS_PER_DEGREE for degrees in (north, south)]
    return CellWindow(math.floor(rows[0] + SNAP), math.floor(columns[0] + SNAP),
                      math.ceil(rows[1] - SNAP), math.ceil(columns[1] - SNAP))


def tiles_in(extent: Bounds | None, tiles: Collection[Tile]) -> set[Tile]:
    """The tiles that an extent touches. Raises InputError when it touches none."""
    if extent is None:
        return set(tiles)
    window = snap_outwards(extent)
    kept = {tile for tile in tiles if window.intersection(tile_window(tile))}
    if not kept:
        raise InputError("EXTENT", f"it touches none of the tiles {_names(tiles)}",
                         "choose an extent inside them (longitude and latitude in degrees)")
    return kept


def choose_window(extent: Bounds | None, tiles: Collection[Tile]) -> tuple[CellWindow, list[str]]:
    """The window of a run over tiles that touch, and sentences on what it doesn't cover. Raises InputError."""
    parts = _connected(tiles)
    if len(parts) > 1:
        raise InputError("FOLDER", f"the tiles {_names(parts[0])} and {_names(parts[1])} don't touch",
                         "choose an EXTENT that holds tiles that touch, or run once per group")
    windows = [tile_window(tile) for tile in tiles]
    box = CellWindow(min(each.row for each in windows), min(each.column for each in windows),
                     max(each.row_stop for each in windows), max(each.column_stop for each in windows))
    notes = []
    window = box
    if extent is not None:
        wanted = snap_outwards(extent)
        window = wanted.intersection(box) or box
        if window != wanted:
            notes.append("EXTENT reaches beyond the tiles; the outputs end where the tiles end.")
    covered = sum(_cells(window.intersection(each)) for each in windows)
    if covered < _cells(window):
        notes.append("The window holds tiles of which there is no file; they are no data.")
    return window, notes


def _cells(window: CellWindow | None) -> int:
    return (window.row_stop - window.row) * (window.column_stop - window.column) if window else 0


def _connected(tiles: Collection[Tile]) -> list[list[Tile]]:
    """Groups of tiles that touch along an edge, in the order of their first tiles."""
    left, groups = set(tiles), []
    while left:
        group, front = [], [min(left)]
        left.discard(front[0])
        while front:
            column, row = front.pop()
            group.append((column, row))
            near = {(column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)} & left
            left -= near
            front.extend(sorted(near))
        groups.append(sorted(group))
    return groups


def _names(tiles: Collection[Tile]) -> str:
    return ", ".join(tile_name(tile) for tile in sorted(tiles))
