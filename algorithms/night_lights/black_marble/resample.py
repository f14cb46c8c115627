"""A light series on another grid: nearest cells for nights, bilinear from valid cells for composites."""
from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.windows import Window, union

from ...errors import InputError
from ...projections import WGS84
from ...rasters import BLOCK, Grid
from ...resampling import nearest_indices, projected_grid, resample_bilinear
from ..settings import BlackMarbleSettings
from .products import CELLS_PER_DEGREE, is_category
from .series import NO_COUNT, Block, LightSeries

Scalar = TypeVar("Scalar", bound=np.generic)

DEFAULT_METRES = 500.0
MOST_CELLS = 2**31


@dataclass(frozen=True)
class _Piece:
    """A block of the target grid that lies on part of the source grid: both in cells of their grids."""

    window: Window
    part: Window


@dataclass(frozen=True)
class _Footprint:
    """What a window of the target grid lies on. part: of the source grid, None = nothing of it.

    nearest: flat index in part of the cell that a target cell's centre lies in, -1 = outside.
    """

    part: Window | None
    nearest: NDArray[np.int64]
    pieces: list[_Piece]

    def pick(self, values: NDArray[Scalar], outside: float) -> NDArray[Scalar]:
        """The values of the nearest cells."""
        found = values.reshape(-1)[self.nearest]
        found[self.nearest < 0] = outside
        return found


class ResampledSeries:
    """The same face as LightSeries on the target grid.

    Positions are found per block of BLOCK x BLOCK cells, so that a cell's value doesn't depend on the window that it is
    read in, as long as windows consist of whole blocks.
    """

    def __init__(self, source: LightSeries, grid: Grid) -> None:
        self.source = source
        self.grid = grid
        self.nights = source.nights
        self.has_zenith = source.has_zenith
        self.count_layer = source.count_layer
        self.unit = source.unit
        self.bilinear = not is_category(source.selection.layer)
        self._lock = threading.Lock()
        self._kept: tuple[Window, _Footprint] | None = None

    def read_block(self, night: int, window: Window, with_zenith: bool = True) -> Block:
        below = self._footprint(window)
        if below.part is None:
            empty = np.full(below.nearest.shape, np.nan, np.float32)
            return Block(empty, empty.copy() if with_zenith and self.has_zenith else None)
        block = self.source.read_block(night, below.part, with_zenith)
        if self.bilinear:
            return Block(self._interpolate(block.radiance, window, below), None)
        zenith = None if block.zenith is None else below.pick(block.zenith, np.nan)
        return Block(below.pick(block.radiance, np.nan), zenith)

    def read_count(self, night: int, window: Window) -> NDArray[np.uint16]:
        below = self._footprint(window)
        if below.part is None:
            return np.full(below.nearest.shape, NO_COUNT, np.uint16)
        return below.pick(self.source.read_count(night, below.part), NO_COUNT)

    def inside_tiles(self, window: Window) -> NDArray[np.bool_]:
        below = self._footprint(window)
        if below.part is None:
            return np.zeros(below.nearest.shape, np.bool_)
        return below.pick(self.source.inside_tiles(below.part), False)

    def _interpolate(self, values: NDArray[np.float32], window: Window, below: _Footprint) -> NDArray[np.float32]:
        found: NDArray[np.float32] = np.full(below.nearest.shape, np.nan, np.float32)
        for piece in below.pieces:
            found[_cells(piece.window, window)] = resample_bilinear(
                values[_cells(piece.part, below.part)], _part_of(self.source.grid, piece.part),
                _part_of(self.grid, piece.window))
        return found

    def _footprint(self, window: Window) -> _Footprint:
        """The last one is kept, because all nights of a window are read one after the other."""
        with self._lock:
            if self._kept is None or self._kept[0] != window:
                self._kept = None
                self._kept = window, self._locate(window)
            return self._kept[1]

    def _locate(self, window: Window) -> _Footprint:
        grid = self.source.grid
        nearest = np.full((int(window.height), int(window.width)), -1, np.int64)
        pieces = []
        for target in _blocks(window):
            rows, columns = nearest_indices(grid, _part_of(self.grid, target))
            inside = rows >= 0
            if inside.any():
                # one cell more on every side, for the interpolation
                top, left = max(0, int(rows[inside].min()) - 1), max(0, int(columns[inside].min()) - 1)
                bottom, right = min(grid.height, int(rows.max()) + 2), min(grid.width, int(columns.max()) + 2)
                pieces.append(_Piece(target, Window(left, top, right - left, bottom - top)))
                nearest[_cells(target, window)] = np.where(inside, rows * np.int64(grid.width) + columns, -1)
        if not pieces:
            return _Footprint(None, nearest, [])
        part = union([piece.part for piece in pieces])
        inside = nearest >= 0
        rows, columns = np.divmod(nearest[inside], grid.width)
        nearest[inside] = (rows - part.row_off) * part.width + columns - part.col_off
        return _Footprint(part, nearest, pieces)


def _blocks(window: Window) -> list[Window]:
    right, bottom = int(window.col_off + window.width), int(window.row_off + window.height)
    return [Window(column, row, min(BLOCK, right - column), min(BLOCK, bottom - row))
            for row in range(int(window.row_off), bottom, BLOCK) for column in range(int(window.col_off), right, BLOCK)]


def _cells(window: Window, whole: Window) -> tuple[slice, slice]:
    row, column = int(window.row_off - whole.row_off), int(window.col_off - whole.col_off)
    return slice(row, row + int(window.height)), slice(column, column + int(window.width))


def _part_of(grid: Grid, window: Window) -> Grid:
    return Grid(grid.crs, grid.transform * Affine.translation(window.col_off, window.row_off), int(window.width),
                int(window.height))


def target_grid(source: LightSeries, settings: BlackMarbleSettings) -> Grid | None:
    """Cells of TARGET_CRS at multiples of CELL_SIZE that cover the window; None = the files' own grid.

    Raises InputError for a CRS that can't be used and a cell size in degrees.
    """
    if not settings.target_crs:
        return None
    try:
        crs = CRS.from_user_input(settings.target_crs)
    except CRSError as error:
        raise InputError("TARGET_CRS", f"'{settings.target_crs}' isn't a coordinate reference system",
                         "give an authority code such as EPSG:32651") from error
    if not crs.is_projected:
        if settings.cell_size is not None:
            raise InputError("CELL_SIZE", "it was given with a TARGET_CRS in degrees", "choose a projected TARGET_CRS")
        if crs == WGS84:
            return None
    cell = settings.cell_size or (
        DEFAULT_METRES / crs.linear_units_factor[1] if crs.is_projected else 1 / CELLS_PER_DEGREE)
    grid = projected_grid(source.grid, crs, cell)
    if grid.width * grid.height > MOST_CELLS:
        raise InputError("CELL_SIZE", f"{cell:g} makes {grid.width} x {grid.height} cells",
                         "choose a larger cell or a smaller EXTENT")
    return grid
