"""Dated rasters to one stack: GeoTIFFs with dates in their names, or the steps of a netCDF file.

Values are copied, never resampled: negative radiances stay, and what was not observed becomes no data.
"""
from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.windows import Window

from ..errors import InputError
from ..progress import Progress
from ..projections import extent_window
from ..rasters import BLOCK, Grid, RasterWriter, open_raster, plan_windows, read_grid, read_values
from ..settings import Resources
from .black_marble.products import UNIT
from .dates_in_names import Period
from .series_files import NETCDF_NAME, PACKED, VIIRS_LAYERS, Slice, count_beside, count_slices, file_slices
from .series_netcdf import netcdf_slices
from .settings import RasterSeriesSettings

BYTES_PER_CELL = 24  # values, what is read, its mask and its copy; the counts
BLOCKS_SHARE = 0.5  # of the memory; the rest is for GDAL's caches
MOST_CELLS = 4 * 2**20  # read or written at once: larger pieces gain nothing and answer a cancel late


@dataclass(frozen=True)
class SeriesSources:
    """What a run reads: GeoTIFFs and folders of them, or one netCDF file; counts of observations, of either kind."""

    files: Sequence[str] = ()
    file: str = ""
    coverage_files: Sequence[str] = ()


@dataclass(frozen=True)
class SeriesResult:
    """What was written. valid_cells, negative_cells and zero_cells: sums over all bands."""

    dates: list[date]
    grid: Grid
    valid_cells: int
    negative_cells: int
    zero_cells: int


@dataclass(frozen=True)
class _Band:
    light: Slice
    counts: Slice | None


def write_raster_series(sources: SeriesSources, output: str, settings: RasterSeriesSettings, resources: Resources,
                        progress: Progress) -> SeriesResult:
    """Writes one float32 band per date in order, NaN where there is no data, described by the period's first day.

    Rasters must have the same cells. A cell whose count is below MIN_COVERAGE, or has none, is no data; so are 255 of
    DMSP-OLS and NODATA. Raises InputError and OutputError.
    """
    parameter = _named_source(sources)
    slices = file_slices(parameter, sources.files, settings.layer, settings.dates) if sources.files else \
        netcdf_slices(parameter, sources.file, settings.layer, settings.dates)
    slices = [replace(each, period=_period(each.period, settings.period)) for each in _with_crs(slices, settings)]
    counts = _counts(slices, sources, settings)
    bands = _bands(parameter, slices, counts, settings, progress)
    grid = _common_grid(bands, progress.part(0, 0.05))
    window = extent_window(settings.extent, grid)
    size = window.width * window.height * len(bands) * 4 / 2**20
    progress.message(f"Dates {len(bands)} ({bands[0].light.period.first_day} to {bands[-1].light.period.first_day}), "
                     f"cells {window.width} x {window.height}, output up to {size:.1f} MiB before compression.")
    result = _write(bands, grid.part(window), window, output, settings, resources, progress.part(0.05, 1))
    if not result.valid_cells:
        raise InputError(parameter, f"no cell of {len(bands)} dates has a value here",
                         "choose another EXTENT, NODATA or a lower MIN_COVERAGE")
    _summarise(result, bands, progress)
    return result


def _named_source(sources: SeriesSources) -> str:
    if bool(sources.files) == bool(sources.file):
        found = "FILE was given too" if sources.file else "neither FILES nor FILE was given"
        raise InputError("FILES", found, "give GeoTIFFs in FILES or one netCDF file in FILE")
    return "FILES" if sources.files else "FILE"


def _with_crs(slices: list[Slice], settings: RasterSeriesSettings) -> list[Slice]:
    return [replace(each, raster=replace(each.raster, crs=settings.crs)) for each in slices]


def _counts(slices: Sequence[Slice], sources: SeriesSources, settings: RasterSeriesSettings) -> list[Slice | None]:
    """The slice of observation counts for each slice, None where there is none at all. Raises InputError."""
    if settings.min_coverage == 0:
        return [None] * len(slices)
    if not sources.coverage_files:
        beside = [count_beside(each) for each in slices]
        missing = [each.name for each, count in zip(slices, beside) if count is None]
        if missing and len(missing) < len(slices):
            raise InputError("COVERAGE_FILES", f"{missing[0]} has no cf_cvg file beside it, and others have",
                             "add the file, name all of them, or set MIN_COVERAGE to 0")
        return [Slice(replace(count, crs=settings.crs), each.period, f"'{Path(count.path).name}'") if count else None
                for each, count in zip(slices, beside)]
    counts = [replace(each, period=_period(each.period, settings.period))
              for each in _with_crs(_named_counts(sources, settings.dates), settings)]
    if [each.period.first_day for each in counts] == [each.period.first_day for each in slices]:
        return list(counts)
    by_day: dict[date, Slice] = {}
    for count in counts:
        other = by_day.setdefault(count.period.first_day, count)
        if other is not count:
            raise InputError("COVERAGE_FILES", f"{other.name} and {count.name} have the same date "
                             f"{count.period.first_day}", "keep one per date")
    lacking = [each for each in slices if each.period.first_day not in by_day]
    if lacking:
        raise InputError("COVERAGE_FILES", f"none has the date {lacking[0].period.first_day} of {lacking[0].name}",
                         "add the one that is missing")
    return [by_day[each.period.first_day] for each in slices]


def _named_counts(sources: SeriesSources, dates: str) -> list[Slice]:
    given = sources.coverage_files
    if len(given) == 1 and NETCDF_NAME.fullmatch(given[0]):
        return netcdf_slices("COVERAGE_FILES", given[0], "", dates if sources.file else "")
    return count_slices("COVERAGE_FILES", given, dates)


def _bands(parameter: str, slices: Sequence[Slice], counts: Sequence[Slice | None], settings: RasterSeriesSettings,
           progress: Progress) -> list[_Band]:
    """In the order of the dates, one per date. Raises InputError for mixed periods and for repeated dates."""
    first_of_length: dict[str, Slice] = {}
    for each in slices:
        first_of_length.setdefault(each.period.length, each)
    if len(first_of_length) > 1:
        found = " and ".join(f"{each.name} is dated by the {length}" for length, each in first_of_length.items())
        raise InputError(parameter, found, "give one kind, or say it in PERIOD")
    by_day: dict[date, list[_Band]] = {}
    for each, count in zip(slices, counts):
        by_day.setdefault(each.period.first_day, []).append(_Band(each, count))
    repeated = {day: bands for day, bands in sorted(by_day.items()) if len(bands) > 1}
    for day, bands in repeated.items():
        names = " and ".join(band.light.name for band in bands)
        if settings.duplicates == "refuse":
            raise InputError(parameter, f"{names} have the same date {day}",
                             "choose DUPLICATES first or last to take one of them, or give the right dates in DATES")
        progress.warning(f"Of {names}, all dated {day}, the {settings.duplicates} one is taken.")
    kept = 0 if settings.duplicates == "first" else -1
    return [by_day[day][kept] for day in sorted(by_day)]


def _common_grid(bands: Sequence[_Band], progress: Progress) -> Grid:
    """The grid that all rasters share. Raises InputError for another one."""
    grids: dict[str, Grid] = {}
    first: tuple[Slice, Grid] | None = None
    for done, band in enumerate(bands):
        progress.report(done / len(bands))
        for each in (band.light, band.counts):
            if each is None or each.raster.path in grids:
                continue
            with open_raster(each.raster) as dataset:
                grid = grids[each.raster.path] = _grid_of(each, dataset)
            first = first or (each, grid)
            if not grid.same_cells(first[1]):
                raise InputError(each.raster.parameter, f"the grid of {each.name} ({grid}) isn't that of "
                                 f"{first[0].name} ({first[1]})", "warp one of them onto the other's cells first")
    if first is None:
        raise InputError("FILES", "no raster was found", "choose others")
    return first[1]


def _grid_of(each: Slice, dataset: rasterio.DatasetReader) -> Grid:
    named = _crs(each.raster.crs) if each.raster.crs else None
    if not dataset.crs and not named:
        raise InputError("CRS", f"{each.name} has no coordinate reference system",
                         "name it, EPSG:4326 for longitudes and latitudes")
    if dataset.crs and named and dataset.crs != named:
        raise InputError("CRS", f"{each.name} is in {dataset.crs.to_string()}, and another one was given",
                         "leave it empty")
    if each.band == 1 and dataset.driver == "GTiff" and dataset.count != 1:
        raise InputError(each.raster.parameter, f"{each.name} has {dataset.count} bands", "give one raster per date")
    return read_grid(each.raster, dataset)


def _crs(text: str) -> CRS:
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise InputError("CRS", f"'{text}' isn't a coordinate reference system",
                         "give one such as EPSG:4326") from error


def _write(bands: Sequence[_Band], grid: Grid, window: Window, output: str, settings: RasterSeriesSettings,
           resources: Resources, progress: Progress) -> SeriesResult:
    """Date by date and downwards, which is how packed files can be read without starting again."""
    budget = BLOCKS_SHARE * resources.max_bytes
    most = BYTES_PER_CELL * max(MOST_CELLS, BLOCK * grid.width)
    blocks = plan_windows(grid.width, grid.height, (BLOCK, BLOCK), BYTES_PER_CELL, min(budget, most))
    sums = np.zeros(3, np.int64)
    dates = [band.light.period.first_day for band in bands]
    with RasterWriter("SERIES", output, grid, [day.isoformat() for day in dates], "float32", np.nan,
                      _unit(bands[0].light)) as writer:
        for number, band in enumerate(bands):
            with ExitStack() as opened:
                light = opened.enter_context(open_raster(band.light.raster))
                counts = opened.enter_context(open_raster(band.counts.raster)) if band.counts else None
                for dataset in filter(None, (light, counts)):
                    _approach(dataset, window, progress)
                for done, block in enumerate(blocks):
                    values, cells = _read_block(band, light, counts, _inside(block, window), settings, progress)
                    sums += cells
                    for piece in plan_windows(block.width, block.height, (BLOCK, BLOCK), 1, MOST_CELLS):
                        writer.write(values[piece.toslices()][None], _inside(piece, block), [number + 1])
                        progress.check()
                    progress.report((number + (done + 1) / len(blocks)) / len(bands))
    return SeriesResult(dates, grid, *map(int, sums))


def _read_block(band: _Band, light: rasterio.DatasetReader, counts: rasterio.DatasetReader | None, block: Window,
                settings: RasterSeriesSettings,
                progress: Progress) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Values of shape (rows, columns), and how many are valid, below zero and zero."""
    values = np.empty((block.height, block.width), np.float32)
    sums = np.zeros(3, np.int64)
    for piece in plan_windows(block.width, block.height, light.block_shapes[band.light.band - 1], 1, MOST_CELLS):
        place = _inside(piece, block)
        part = read_values(light, [band.light.band], place)[0]
        seen = read_values(counts, [band.counts.band], place)[0] if counts and band.counts else None
        _clear(part, seen, band.light, settings)
        values[piece.toslices()] = part
        sums += [np.isfinite(part).sum(), (part < 0).sum(), (part == 0).sum()]
        progress.check()
    return values, sums


def _inside(piece: Window, window: Window) -> Window:
    """A piece of a window as a window of what that one is part of."""
    return Window(window.col_off + piece.col_off, window.row_off + piece.row_off, piece.width, piece.height)


def _approach(dataset: rasterio.DatasetReader, window: Window, progress: Progress) -> None:
    """Packed files are inflated from their start: in steps, so that a cancel is heard on the way to the window."""
    if dataset.name.startswith(PACKED):
        for row in range(0, window.row_off, max(1, MOST_CELLS // dataset.width)):
            dataset.read(1, window=Window(0, row, 1, 1))
            progress.check()


def _clear(values: NDArray[np.float32], counts: NDArray[np.float32] | None, light: Slice,
           settings: RasterSeriesSettings) -> None:
    """Sets what isn't an observation to NaN, in place."""
    values[~np.isfinite(values)] = np.nan
    for no_data in (light.no_data, settings.nodata):
        if no_data is not None:
            values[values == np.float32(no_data)] = np.nan
    if counts is not None:
        values[~(counts >= settings.min_coverage)] = np.nan  # a cell without a count was not observed either


def _unit(light: Slice) -> str:
    if light.layer in VIIRS_LAYERS:
        return UNIT
    with open_raster(light.raster) as dataset:
        return dataset.units[light.band - 1] or ""


def _summarise(result: SeriesResult, bands: Sequence[_Band], progress: Progress) -> None:
    progress.message(f"Bands written: {len(bands)}, valid cells: {result.valid_cells}, of which below zero: "
                     f"{result.negative_cells} (kept), exactly zero: {result.zero_cells}.")
    if result.zero_cells and bands[0].counts is None and bands[0].light.period.length == "month":
        progress.warning("Counts of observations were not used: zeros of monthly composites can mean that nothing was "
                         "observed; give the cf_cvg files in COVERAGE_FILES.")
    days = [band.light.period.first_day for band in bands]
    if bands[0].light.period.length == "day" and _looks_monthly(days):
        progress.warning("The dates lie a month or more apart and inside the months; PERIOD month dates every band by "
                         "the first day.")


def _looks_monthly(days: Sequence[date]) -> bool:
    return len(days) > 1 and all(day.day != 1 for day in days) and all(
        (later - earlier).days >= 27 for earlier, later in zip(days, days[1:]))


def _period(period: Period, choice: str) -> Period:
    """The period that PERIOD makes of it."""
    if choice == "auto":
        return period
    first = period.first_day
    if choice == "month":
        first = first.replace(day=1)
    elif choice == "year":
        first = first.replace(month=1, day=1)
    return Period(first, choice)
