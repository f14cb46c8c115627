"""Monthly light in blocks, on square cells in metres: from dated stacks, or from arrays."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from ..cell_areas import cell_areas
from ..errors import InputError
from ..night_lights.centre_field import metric_grid, window_around
from ..progress import Progress
from ..projections import automatic_metric_crs, wgs84_bounds
from ..rasters import BLOCK, Grid, RasterInput, band_dates, open_raster, plan_windows, read_grid, read_values
from ..resampling import projected_grid, resample_bilinear
from .months import month_number, month_text, span_text
from .settings import SamplingSettings

BYTES_PER_VALUE = 24  # read, masked, resampled, cut
MOST_VALUES = 8 * 2**20  # of a block: larger ones gain nothing and answer a cancel late
TRUE_TO_SCALE = 0.02  # by which a metre of the grid may differ from one on the ground


class MonthlyLight(Protocol):
    """grid: square cells, in metres. months: shape (months,), rising month numbers."""

    @property
    def grid(self) -> Grid: ...

    @property
    def months(self) -> NDArray[np.int32]: ...

    def blocks(self, max_bytes: float, progress: Progress) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        """Windows that cover the grid, and their values of shape (months, rows, columns), NaN = not observed.

        The values may be changed by whoever gets them.
        """


@dataclass(frozen=True)
class ArrayLight:
    """Light that is in memory: values of shape (months, rows, columns)."""

    grid: Grid
    months: NDArray[np.int32]
    values: NDArray[np.float32]

    def blocks(self, max_bytes: float, progress: Progress) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        windows = _windows(self.grid, len(self.months), max_bytes)
        for done, window in enumerate(windows):
            progress.report(done / len(windows))
            rows, columns = window.toslices()
            yield window, self.values[:, rows, columns].copy()


def held_in_memory(light: MonthlyLight, max_bytes: float, progress: Progress) -> MonthlyLight:
    """All of the light, read once for whoever needs it many times; the light as it is where it takes more."""
    shape = len(light.months), light.grid.height, light.grid.width
    if 4 * np.prod(shape, dtype=np.float64) > max_bytes:
        return light
    values = np.empty(shape, np.float32)
    for window, block in light.blocks(max_bytes, progress):
        rows, columns = window.toslices()
        values[:, rows, columns] = block
    return ArrayLight(light.grid, light.months, values)


class RasterLight:
    """Light of a dated stack, with cells that COVERAGE counts no observation for as not observed.

    has_band: shape (months,), False only with whole, which puts months without a band in as not observed, so that
    neighbours in the stack are neighbours in time. Raises InputError for a stack without dates, two bands of one month,
    months outside START and END, counts of other cells or months, and, with whole, fewer bands than missing months.
    """

    def __init__(self, radiance: RasterInput, coverage: RasterInput | None, settings: SamplingSettings,
                 whole: bool = False) -> None:
        self._radiance, self._coverage = radiance, coverage
        with open_raster(radiance) as dataset:
            self._source = read_grid(radiance, dataset)
            bands = _bands_by_month(radiance, band_dates(radiance, dataset))
        chosen = [month for month in sorted(bands) if _is_between(month, settings.start, settings.end)]
        if not chosen:
            raise InputError("START", f"no month of RADIANCE ({span_text(min(bands), max(bands))}) lies between START "
                             "and END", "choose others")
        self.months = np.arange(chosen[0], chosen[-1] + 1, dtype=np.int32) if whole else np.array(chosen, np.int32)
        self.has_band = np.isin(self.months, chosen)
        self._check_gaps(radiance.parameter)
        self._bands = [bands[month] for month in chosen]
        self._count_bands = self._counted(coverage, chosen) if coverage else []
        self.grid = working_grid(self._source, settings.cell_size)

    def _check_gaps(self, parameter: str) -> None:
        missing = self.months[~self.has_band]
        if 2 * len(missing) > len(self.months):
            raise InputError(parameter, f"it has bands for {self.has_band.sum()} of the {len(self.months)} months "
                             f"{span_text(int(self.months[0]), int(self.months[-1]))}, and none for "
                             f"{month_text(int(missing[0]))}", "give light of every month, or choose START and END")

    def warn_of_gaps(self, progress: Progress) -> None:
        missing = self.months[~self.has_band]
        if len(missing):
            progress.warning(f"RADIANCE: it has no band for {len(missing)} months (the first is "
                             f"{month_text(int(missing[0]))}); they count as not observed.")

    def _counted(self, coverage: RasterInput, months: list[int]) -> list[int]:
        with open_raster(coverage) as dataset:
            grid = read_grid(coverage, dataset)
            bands = _bands_by_month(coverage, band_dates(coverage, dataset))
        if not grid.same_cells(self._source):
            raise InputError(coverage.parameter, f"its grid ({grid}) isn't that of RADIANCE ({self._source})",
                             "warp one of them onto the other's cells first")
        missing = [month for month in months if month not in bands]
        if missing:
            raise InputError(coverage.parameter, f"it has no band for {month_text(missing[0])} ({len(missing)} months "
                             "are missing)", "give counts of the same months")
        return [bands[month] for month in months]

    def blocks(self, max_bytes: float, progress: Progress) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        windows = _windows(self.grid, len(self.months), max_bytes)
        with ExitStack() as opened:
            light = opened.enter_context(open_raster(self._radiance))
            counts = opened.enter_context(open_raster(self._coverage)) if self._coverage else None
            for done, window in enumerate(windows):
                progress.report(done / len(windows))
                yield window, self._read(light, counts, window, progress)

    def _read(self, light: rasterio.DatasetReader, counts: rasterio.DatasetReader | None, window: Window,
              progress: Progress) -> NDArray[np.float32]:
        target = self.grid.part(window)
        if self.grid is self._source:
            return self._observed(light, counts, window)
        part = window_around(transform_bounds(target.crs, self._source.crs, *target.bounds, densify_pts=21),
                             self._source)
        if part is None:
            return np.full((len(self.months), target.height, target.width), np.nan, np.float32)
        values = self._observed(light, counts, part)
        return resample_bilinear(values, self._source.part(part), target, progress.part(0, 0))

    def _observed(self, light: rasterio.DatasetReader, counts: rasterio.DatasetReader | None,
                  window: Window) -> NDArray[np.float32]:
        values = read_values(light, self._bands, window)
        values[~np.isfinite(values)] = np.nan
        if counts is not None:
            values[~(read_values(counts, self._count_bands, window) > 0)] = np.nan
        if self.has_band.all():
            return values
        every = np.full((len(self.months), *values.shape[1:]), np.nan, np.float32)
        every[self.has_band] = values
        return every


def working_grid(grid: Grid, cell_size: float) -> Grid:
    """The grid itself where it has square cells of this size on the ground, in metres; else one that has."""
    target = metric_grid(grid, "", cell_size)
    if target is not grid:
        return target
    middle = grid.part(Window(grid.width // 2, grid.height // 2, 1, 1))
    side = float(np.sqrt(cell_areas(middle)[0, 0] * 1e6))
    if abs(side / cell_size - 1) <= TRUE_TO_SCALE:
        return grid
    return projected_grid(grid, automatic_metric_crs(wgs84_bounds(grid)), cell_size)


def _windows(grid: Grid, months: int, max_bytes: float) -> list[Window]:
    return plan_windows(grid.width, grid.height, (BLOCK, BLOCK), BYTES_PER_VALUE * months,
                        min(max_bytes, BYTES_PER_VALUE * MOST_VALUES))


def _bands_by_month(source: RasterInput, days: Sequence[date]) -> dict[int, int]:
    """Month number to band. Raises InputError for two bands of one month."""
    bands: dict[int, int] = {}
    for band, day in enumerate(days, start=1):
        month = month_number(day)
        if month in bands:
            raise InputError(source.parameter, f"bands {bands[month]} and {band} are both of {month_text(month)}",
                             "give a stack with one band per month")
        bands[month] = band
    return bands


def _is_between(month: int, start: date | None, end: date | None) -> bool:
    return (start is None or month >= month_number(start)) and (end is None or month <= month_number(end))
