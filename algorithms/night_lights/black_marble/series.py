"""Nights (or months, or years) of one grid, assembled from the files' tiles window by window."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ...errors import InputError
from ...progress import Progress
from ...settings import Resources
from ..settings import BlackMarbleSettings
from .catalogue import NightRecord, Selection, by_date, scan, select
from .granule import Field, Granule
from .hdf5 import UnusableFile
from .products import UNIT, ZENITH, Tile, composite_base, is_radiance, tile_name
from .window import CellWindow, tile_window

NO_COUNT = 65535  # of COVERAGE: outside all tiles, or where the product itself has no count


@dataclass(frozen=True)
class Block:
    """A window of one night, float32 of shape (rows, columns), NaN = no data.

    zenith has values wherever the flags accept the cell, also where the radiance is fill.
    """

    radiance: NDArray[np.float32]
    zenith: NDArray[np.float32] | None


class LightSeries:
    """What a folder holds under the settings, on the files' own grid; nights are in the order of their dates.

    read_block can be called from several threads; no file stays open between calls.
    """

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.window = selection.window
        self.grid = selection.window.grid
        self.nights = selection.nights
        self.has_zenith = bool(selection.nights[0].zenith)
        self.tiles = sorted({tile for night in selection.nights for tile in night.light})
        self.count_layer = self._count_layer()

    @property
    def dates(self) -> list[date]:
        return [night.day for night in self.nights]

    @property
    def unit(self) -> str:
        """Of the layer, as the raster's bands carry it."""
        if is_radiance(self.selection.layer):
            return UNIT
        granule = next(iter(self.nights[0].light.values()))
        return self._fields(granule, [self.selection.layer])[0].unit

    @property
    def chunk_shape(self) -> tuple[int, int]:
        """Rows and columns of the layer's HDF5 chunks: blocks that follow them inflate nothing twice."""
        granule = next(iter(self.nights[0].light.values()))
        return self._fields(granule, [self.selection.layer])[0].array.chunk_shape

    def read_block(self, night: int, window: Window, with_zenith: bool = True) -> Block:
        """Radiance and zenith of a night in a window of the grid. Raises InputError for a damaged file."""
        shape = int(window.height), int(window.width)
        radiance: NDArray[np.float32] = np.empty(shape, np.float32)
        zenith: NDArray[np.float32] | None = np.empty(shape, np.float32) if with_zenith and self.has_zenith else None
        self.read_into(night, window, radiance, zenith)
        return Block(radiance, zenith)

    def read_into(self, night: int, window: Window, radiance: NDArray[np.float32],
                  zenith: NDArray[np.float32] | None) -> None:
        """As read_block, into arrays of the window's shape; zenith only for a series that has it."""
        cells = self._cells(window)
        files = self.nights[night]
        overlaps = {tile: cells.intersection(tile_window(tile)) for tile in files.light}
        if cells not in overlaps.values():  # no tile covers the window
            for values in (radiance, zenith):
                if values is not None:
                    values.fill(np.nan)
        for tile, granule in files.light.items():
            overlap = overlaps[tile]
            if overlap:
                target = (slice(overlap.row - cells.row, overlap.row_stop - cells.row),
                          slice(overlap.column - cells.column, overlap.column_stop - cells.column))
                keep = self._read_light(granule, tile, overlap, radiance[target])
                if zenith is not None:
                    (angle,), (stored,) = self._read(files.zenith[tile], tile, [ZENITH], overlap)
                    angle.decode(stored, keep, zenith[target])

    def read_count(self, night: int, window: Window) -> NDArray[np.uint16]:
        """The product's own number of observations; NO_COUNT where it has none. Needs count_layer."""
        cells = self._cells(window)
        counts = np.full((cells.row_stop - cells.row, cells.column_stop - cells.column), NO_COUNT, np.uint16)
        for tile, granule in self.nights[night].light.items():
            overlap = cells.intersection(tile_window(tile))
            if overlap:
                fields, stored = self._read(granule, tile, [self.count_layer], overlap)
                part = counts[overlap.row - cells.row:overlap.row_stop - cells.row,
                              overlap.column - cells.column:overlap.column_stop - cells.column]
                part[...] = np.where(fields[0].has_data(stored[0]), stored[0], NO_COUNT)
        return counts

    def inside_tiles(self, window: Window) -> NDArray[np.bool_]:
        """True for cells of the window in a tile of which there is any file."""
        cells = self._cells(window)
        inside = np.zeros((cells.row_stop - cells.row, cells.column_stop - cells.column), np.bool_)
        for tile in self.tiles:
            overlap = cells.intersection(tile_window(tile))
            if overlap:
                inside[overlap.row - cells.row:overlap.row_stop - cells.row,
                       overlap.column - cells.column:overlap.column_stop - cells.column] = True
        return inside

    def records(self, shares: Sequence[float | None], used: list[bool]) -> list[NightRecord]:
        """The NIGHTS table: valid share and use of every night, and the files that were refused.

        shares: None for nights that MAX_NIGHTS left out.
        """
        nights = []
        for night, share, is_used in zip(self.nights, shares, used):
            missing = [tile_name(tile) for tile in self.tiles if tile not in night.light]
            unused = "it has no valid cell in the window" if share is not None else "it isn't in the sample of nights"
            reasons = [*([unused] if not is_used else []),
                       *([f"there is no file of {', '.join(missing)}"] if missing else [])]
            nights.append(NightRecord(night.day, _names(night.light), _names(night.zenith), share, is_used,
                                      "; ".join(reasons)))
        return by_date([*nights, *self.selection.rejected])

    def _count_layer(self) -> str:
        base = composite_base(self.selection.layer)
        layer = f"{base}_Num"
        files = [granule for night in self.nights for granule in night.light.values()]
        return layer if base and all(layer in granule.field_names for granule in files) else ""

    def _cells(self, window: Window) -> CellWindow:
        row, column = self.window.row + int(window.row_off), self.window.column + int(window.col_off)
        return CellWindow(row, column, row + int(window.height), column + int(window.width))

    def _read_light(self, granule: Granule, tile: Tile, cells: CellWindow,
                    radiance: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Puts the radiance into the array; where the flags accept it."""
        choice = self.selection.choice
        flags = choice.flag_fields(granule)
        fields, stored = self._read(granule, tile, [*flags, self.selection.layer], cells)
        keep = choice.accepts(flags, fields[:-1], stored[:-1], stored[-1].shape)
        fields[-1].decode(stored[-1], keep, radiance)
        return keep

    def _read(self, granule: Granule, tile: Tile, names: list[str],
              cells: CellWindow) -> tuple[list[Field], list[NDArray[Any]]]:
        """Fields and stored values of a window that lies in the tile."""
        origin = tile_window(tile)
        rows = slice(cells.row - origin.row, cells.row_stop - origin.row)
        columns = slice(cells.column - origin.column, cells.column_stop - origin.column)
        fields = self._fields(granule, names)
        try:
            return fields, granule.read_window(names, rows, columns)
        except UnusableFile as reason:
            raise _damaged(granule, reason) from reason

    def _fields(self, granule: Granule, names: list[str]) -> list[Field]:
        try:
            return granule.fields(names)
        except UnusableFile as reason:
            raise _damaged(granule, reason) from reason


def open_series(folder: str, settings: BlackMarbleSettings, with_zenith: bool, resources: Resources,
                progress: Progress) -> LightSeries:
    """Scans the folder and decides what is read. Raises InputError in one sentence for whatever can't be used."""
    granules, rejected = scan(folder, resources, progress)
    series = LightSeries(select(granules, rejected, settings, with_zenith))
    for note in series.selection.notes:
        progress.warning(note)
    return series


def _damaged(granule: Granule, reason: UnusableFile) -> InputError:
    return InputError("FOLDER", f"'{granule.name}' is damaged: {reason}", "download it again or remove it")


def _names(files: dict[Tile, Granule]) -> str:
    return ", ".join(files[tile].name for tile in sorted(files))
