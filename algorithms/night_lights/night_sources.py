"""Nights of one grid, read window by window: from two stacks or straight from Black Marble files."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from ..errors import InputError
from ..execution import blocks_in_flight, thread_count
from ..rasters import BANDS_TOGETHER, Grid, RasterInput, band_dates, open_raster, plan_windows, read_grid, read_values
from ..settings import Resources

if TYPE_CHECKING:
    from .black_marble.series import LightSeries

FEWEST_NIGHTS = 5
BLOCKS_SHARE = 0.5  # of the memory; the rest is for GDAL's cache and for what the allocator keeps
NIGHT_BYTES = 8  # of a cell: radiance and zenith
READ_BYTES = 9  # of a cell and a night while it is read, of BANDS_TOGETHER nights at once
CELL_BYTES = 88 + 15 * 12 + 1  # sums, quantities, classes

Nights = tuple[NDArray[np.float32], NDArray[np.float32]]  # radiance, zenith: (nights, rows, columns), NaN = none


class NightSource(Protocol):
    """What the angular effects are fitted to; read() serves several threads.

    read(): spare may be what it gave before for the same window and at least as many nights. It is overwritten then,
    which saves the time that the pages of new arrays take.

    block_shape: rows and columns that are stored together; first_row: the row of the storage on which the grid begins.
    parameter: named in errors.
    """

    parameter: str
    grid: Grid
    dates: list[date]
    block_shape: tuple[int, int]
    first_row: int

    def read(self, nights: Sequence[int], window: Window, spare: Nights | None = None) -> Nights: ...


@dataclass(frozen=True)
class BlockPlan:
    """How a source is walked: windows, and the nights that are held at once in each."""

    windows: list[Window]
    batches: list[range]


def plan_blocks(source: NightSource, resources: Resources) -> BlockPlan:
    """Windows that follow the storage, so that no block is inflated twice, with as many nights as the memory takes."""
    budget = BLOCKS_SHARE * resources.max_bytes / blocks_in_flight(resources)
    nights, (rows, columns) = len(source.dates), source.block_shape
    cells = min(rows, source.grid.height) * min(columns, source.grid.width)
    free = budget / cells - CELL_BYTES
    together = max(free // (NIGHT_BYTES + READ_BYTES), (free - READ_BYTES * BANDS_TOGETHER) // NIGHT_BYTES)
    together = int(min(nights, max(1, together)))
    bytes_per_cell = CELL_BYTES + NIGHT_BYTES * together + READ_BYTES * min(together, BANDS_TOGETHER)
    # A grid of few blocks is shared among the threads.
    share = max(cells, source.grid.width * source.grid.height // thread_count(resources)) * bytes_per_cell
    windows = plan_windows(source.grid.width, source.grid.height, source.block_shape, bytes_per_cell,
                           min(budget, share), source.first_row)
    return BlockPlan(windows, [range(begin, min(begin + together, nights)) for begin in range(0, nights, together)])


class StackNights:
    """A radiance and a zenith stack with the same grid and dates; zenith bands are found by their dates.

    Raises InputError for stacks that don't belong together.
    """

    parameter = "RADIANCE"
    first_row = 0

    def __init__(self, radiance: RasterInput, zenith: RasterInput) -> None:
        self._radiance, self._zenith = radiance, zenith
        with open_raster(radiance) as first, open_raster(zenith) as second:
            self.grid = read_grid(radiance, first)
            zenith_grid = read_grid(zenith, second)
            _check_nights(radiance, first)
            _check_nights(zenith, second)
            if not self.grid.same_cells(zenith_grid):
                raise InputError("ZENITH", f"its grid ({zenith_grid}) isn't that of RADIANCE ({self.grid})",
                                 "give two stacks of the same grid, as readblackmarble writes them")
            self.dates = band_dates(radiance, first)
            self._bands = pair_bands(self.dates, band_dates(zenith, second))
            self.block_shape = first.block_shapes[0]

    def read(self, nights: Sequence[int], window: Window, spare: Nights | None = None) -> Nights:
        with open_raster(self._radiance) as dataset:
            radiance = read_values(dataset, [self._bands[night][0] for night in nights], window)
        with open_raster(self._zenith) as dataset:
            return radiance, read_values(dataset, [self._bands[night][1] for night in nights], window)


class FileNights:
    """Daily Black Marble files with zeniths, on their own grid. Raises InputError where there are no A1 files."""

    parameter = "FOLDER"

    def __init__(self, series: LightSeries) -> None:
        if not series.has_zenith:
            raise InputError("FOLDER", "there are no A1 files, so no night has view zenith angles",
                             "add the A1 files of the same tiles and dates")
        self._series = series
        self.grid = series.grid
        self.dates = series.dates
        self.block_shape = series.chunk_shape
        self.first_row = series.window.row

    def read(self, nights: Sequence[int], window: Window, spare: Nights | None = None) -> Nights:
        if spare is None:
            shape = (len(nights), int(window.height), int(window.width))
            spare = np.empty(shape, np.float32), np.empty(shape, np.float32)
        radiance, zenith = (values[:len(nights)] for values in spare)
        for index, night in enumerate(nights):
            self._series.read_into(night, window, radiance[index], zenith[index])
        return radiance, zenith


def _check_nights(source: RasterInput, dataset: rasterio.DatasetReader) -> None:
    if dataset.count < FEWEST_NIGHTS:
        bands = "1 band" if dataset.count == 1 else f"{dataset.count} bands"
        raise InputError(source.parameter, f"'{source.path}' has {bands}",
                         f"give a stack with one band per night and at least {FEWEST_NIGHTS} nights")


def pair_bands(radiance_dates: Sequence[date], zenith_dates: Sequence[date]) -> list[tuple[int, int]]:
    """Bands of both stacks by date, in the radiance's order."""
    differing = sorted(set(radiance_dates) ^ set(zenith_dates))
    if differing:
        raise InputError("ZENITH", f"its dates aren't those of RADIANCE ({len(differing)} differ, the first is "
                         f"{differing[0]})", "give two stacks of the same nights, as readblackmarble writes them")
    zenith_bands = {day: band for band, day in enumerate(zenith_dates, start=1)}
    return [(band, zenith_bands[day]) for band, day in enumerate(radiance_dates, start=1)]
