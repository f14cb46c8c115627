"""Black Marble files to stacks: radiance, zenith, number of observations, and what became of every night."""
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ...errors import InputError
from ...execution import blocks_in_flight, run_blocks
from ...progress import Progress
from ...rasters import BLOCK, Grid, RasterWriter, plan_windows
from ...settings import Resources
from ..settings import BlackMarbleSettings
from .catalogue import NightRecord
from .products import PLATFORM_TITLES, TILE_CELLS
from .resample import ResampledSeries, target_grid
from .series import NO_COUNT, Block, LightSeries, open_series

AnySeries = Union[LightSeries, ResampledSeries]

BYTES_PER_CELL = 32  # of a block: stored values, flags, masks, and two float32 results
BYTES_PER_RESAMPLED_CELL = 24  # of nights: index, radiance, zenith; the index of a window is shared by its blocks
BYTES_PER_INTERPOLATED_CELL = 160  # of composites: positions, weights and index arrays in 64 bits
BLOCKS_SHARE = 0.6  # of the memory; the rest is for GDAL's cache and the writers


@dataclass(frozen=True)
class BlackMarbleOutputs:
    """Paths of the GeoTIFFs; zenith and coverage are optional."""

    radiance: str
    zenith: str | None = None
    coverage: str | None = None


@dataclass(frozen=True)
class BlackMarbleResult:
    """What was written. zenith_written is false where no file has zeniths. valid_cells: sum over all bands."""

    nights: list[NightRecord]
    grid: Grid
    bands: int
    valid_cells: int
    zenith_written: bool


def read_black_marble(folder: str, settings: BlackMarbleSettings, outputs: BlackMarbleOutputs,
                      resources: Resources, progress: Progress) -> BlackMarbleResult:
    """Writes one band per night with any valid cell, float32 with NaN, described by its ISO date.

    COVERAGE (uint16, NO_COUNT outside all tiles) holds the number of valid nights in one band; for composites the
    product's own count in one band per date. Files are read twice: what a night holds must be known before the
    outputs' bands are made. Raises InputError and OutputError.
    """
    source = open_series(folder, settings, outputs.zenith is not None, resources, progress.part(0, 0.1))
    grid = target_grid(source, settings)
    series: AnySeries = source if grid is None else ResampledSeries(source, grid)
    windows = _windows(series, source, resources)
    _announce(source, series, progress)
    daily_coverage = outputs.coverage if settings.product == "daily" else None
    valid, cells = _count_valid(series, windows, daily_coverage, resources, progress.part(0.1, 0.45))
    used = [night for night, count in enumerate(valid) if count]
    if not used:
        raise InputError("QUALITY", f"none of {len(valid)} dates has a valid cell in the window under QUALITY "
                         f"{settings.quality}, CLOUD {settings.cloud}, SNOW {settings.snow}",
                         "choose other dates, a larger EXTENT or choices that keep more")
    _write_values(series, windows, used, outputs, resources, progress.part(0.45, 0.9))
    if outputs.coverage and not daily_coverage:
        _write_counts(series, windows, used, outputs.coverage, resources, progress.part(0.9, 1.0))
    records = source.records([count / max(1, cells) for count in valid], [count > 0 for count in valid])
    result = BlackMarbleResult(records, series.grid, len(used), sum(valid), bool(outputs.zenith and series.has_zenith))
    _summarise(result, source, progress)
    return result


def _windows(series: AnySeries, source: LightSeries, resources: Resources) -> list[Window]:
    grid = series.grid
    bytes_per_cell: float = BYTES_PER_CELL
    least = 0.0
    if isinstance(series, ResampledSeries):
        source_cells = source.grid.width * source.grid.height / (grid.width * grid.height)
        bytes_per_cell = 1.5 * BYTES_PER_CELL * source_cells + (  # 1.5: the window lies aslant on the source
            BYTES_PER_INTERPOLATED_CELL if series.bilinear else BYTES_PER_RESAMPLED_CELL)
        least = bytes_per_cell * BLOCK**2  # whole blocks, so that values don't depend on the memory
    budget = BLOCKS_SHARE * resources.max_bytes / blocks_in_flight(resources)
    most = bytes_per_cell * TILE_CELLS**2  # larger blocks gain nothing and answer a cancel late
    return plan_windows(grid.width, grid.height, (BLOCK, BLOCK), bytes_per_cell, max(least, min(budget, most)))


def _announce(source: LightSeries, series: AnySeries, progress: Progress) -> None:
    selection = source.selection
    files = {granule.name for night in source.nights for granule in (*night.light.values(), *night.zenith.values())}
    layers = 2 if series.has_zenith else 1
    size = series.grid.width * series.grid.height * len(source.nights) * 4 * layers / 2**20
    progress.message(
        f"{selection.layer} of {PLATFORM_TITLES[selection.platform]}, collection {selection.collection:03d}: "
        f"dates {len(source.nights)} ({source.dates[0]} to {source.dates[-1]}), files {len(files)}, "
        f"cells {series.grid.width} x {series.grid.height}, outputs up to {size:.1f} MiB before compression.")


def _count_valid(series: AnySeries, windows: list[Window], coverage: str | None, resources: Resources,
                 progress: Progress) -> tuple[list[int], int]:
    """Valid cells of every night, and the cells of the grid inside tiles. Writes the number of valid nights."""
    nights = len(series.nights)
    valid = [0] * nights
    cells = 0

    def mask(block: tuple[Window, int]) -> NDArray[np.bool_]:
        return ~np.isnan(series.read_block(block[1], block[0], with_zenith=False).radiance)

    results = run_blocks(mask, [(window, night) for window in windows for night in range(nights)], resources, progress)
    with ExitStack() as stack:
        writer = None
        if coverage:
            writer = stack.enter_context(RasterWriter(
                "COVERAGE", coverage, series.grid, ["valid nights"], "uint16", NO_COUNT))
        for window in windows:
            inside = series.inside_tiles(window)
            cells += int(np.count_nonzero(inside))
            counts = np.where(inside, np.uint16(0), np.uint16(NO_COUNT))
            for night in range(nights):
                seen = next(results)
                valid[night] += int(np.count_nonzero(seen))
                counts += seen
            if writer:
                writer.write(counts[None], window)
    return valid, cells


def _write_values(series: AnySeries, windows: list[Window], used: list[int], outputs: BlackMarbleOutputs,
                  resources: Resources, progress: Progress) -> None:
    dates = [series.nights[night].day.isoformat() for night in used]
    with ExitStack() as stack:
        radiance = stack.enter_context(RasterWriter(
            "RADIANCE", outputs.radiance, series.grid, dates, "float32", np.nan, series.unit))
        zenith = None
        if outputs.zenith and series.has_zenith:
            zenith = stack.enter_context(RasterWriter(
                "ZENITH", outputs.zenith, series.grid, dates, "float32", np.nan, "degrees"))

        def read(block: tuple[Window, int]) -> Block:
            return series.read_block(used[block[1]], block[0], with_zenith=zenith is not None)

        blocks = [(window, band) for window in windows for band in range(len(used))]
        for (window, band), values in zip(blocks, run_blocks(read, blocks, resources, progress)):
            radiance.write(values.radiance[None], window, [band + 1])
            if zenith and values.zenith is not None:
                zenith.write(values.zenith[None], window, [band + 1])


def _write_counts(series: AnySeries, windows: list[Window], used: list[int], path: str, resources: Resources,
                  progress: Progress) -> None:
    """Composites: the product's own number of observations; 1 and 0 for a layer that has none beside it."""
    dates = [series.nights[night].day.isoformat() for night in used]

    def read(block: tuple[Window, int]) -> NDArray[np.uint16]:
        window, night = block[0], used[block[1]]
        if series.count_layer:
            return series.read_count(night, window)
        seen = ~np.isnan(series.read_block(night, window, with_zenith=False).radiance)
        return np.where(series.inside_tiles(window), seen, NO_COUNT).astype(np.uint16)

    blocks = [(window, band) for window in windows for band in range(len(used))]
    with RasterWriter("COVERAGE", path, series.grid, dates, "uint16", NO_COUNT, "observations") as writer:
        for (window, band), counts in zip(blocks, run_blocks(read, blocks, resources, progress)):
            writer.write(counts[None], window, [band + 1])


def _summarise(result: BlackMarbleResult, source: LightSeries, progress: Progress) -> None:
    empty = len(source.nights) - result.bands
    refused = len(source.selection.rejected)
    progress.message(
        f"Bands written: {result.bands}, valid cells: {result.valid_cells}, dates without a valid cell: {empty}, "
        f"files not used: {refused}{' (NIGHTS says why)' if empty or refused else ''}.")
