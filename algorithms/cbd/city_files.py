"""What a folder of Black Marble files tells of one city: the nights to use, its angular classes, its annual light."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..boundaries import Boundary, outside
from ..execution import run_blocks
from ..night_lights.angular_effects import classify
from ..night_lights.black_marble.catalogue import NightRecord, scan, select
from ..night_lights.black_marble.granule import Granule
from ..night_lights.black_marble.series import LightSeries
from ..night_lights.night_sources import FileNights
from ..night_lights.settings import AngularEffectsSettings, BlackMarbleSettings
from ..progress import Progress
from ..projections import WGS84, transform_points
from ..rasters import BLOCK, RasterInput, RasterWriter, open_raster, plan_windows, read_grid
from ..settings import Bounds, Resources

READ_BYTES = 32 * 2**20
CELL_BYTES = 32  # of a block while it is read


@dataclass(frozen=True)
class BlackMarbleFolder:
    """The usable files of a folder and its subfolders, scanned once for all cities."""

    granules: list[Granule]
    rejected: list[NightRecord]

    @classmethod
    def scan(cls, folder: str, resources: Resources, progress: Progress) -> BlackMarbleFolder:
        """Raises InputError for a missing folder and for one without a usable file."""
        return cls(*scan(folder, resources, progress))

    def has(self, level: str) -> bool:
        return any(granule.level == level for granule in self.granules)

    def series(self, settings: BlackMarbleSettings, with_zenith: bool) -> LightSeries:
        """What the settings choose. Raises InputError where that is nothing."""
        return LightSeries(select(self.granules, self.rejected, settings, with_zenith))


@dataclass(frozen=True)
class UsedNights:
    """Dates of the nights that were fitted; sensor and collection of their files."""

    first: date
    last: date
    nights: int
    sensor: str
    collection: int


def write_classes(folder: BlackMarbleFolder, settings: BlackMarbleSettings, angular: AngularEffectsSettings,
                  urban_area: Boundary, best_years: bool, classes: str, statistics: str, resources: Resources,
                  progress: Progress) -> UsedNights:
    """Fits the nights of the window in settings.extent and writes CLASSES and STATISTICS.

    best_years: only the two neighbouring years with the most clear nights inside the urban area. Raises InputError.
    """
    series = folder.series(settings, True)
    if best_years:
        years = two_years(series, urban_area, resources, progress.part(0, 0.4))
        first, last = date(years[0], 1, 1), date(years[-1], 12, 31)
        series = folder.series(replace(settings, start=max(first, settings.start or first),
                                       end=min(last, settings.end or last)), True)
    classify(FileNights(series), classes, statistics, angular, resources, progress.part(0.4 if best_years else 0, 1))
    return UsedNights(series.dates[0], series.dates[-1], len(series.dates), series.selection.platform,
                      series.selection.collection)


def two_years(series: LightSeries, urban_area: Boundary, resources: Resources, progress: Progress) -> list[int]:
    """The two neighbouring years with the most clear nights inside the urban area, or the only year; ties: the later.

    A year counts the sum over its nights of the share of the area's cells that have radiance.
    """
    years = sorted({day.year for day in series.dates})
    pairs = [[year, year + 1] for year in years if year + 1 in years] or [[year] for year in years]
    if len(pairs) == 1:
        return pairs[0]
    clear = clear_nights(series, ~outside(urban_area.near(series.grid), series.grid), resources, progress)
    best = max(pairs, key=lambda pair: (sum(clear[year] for year in pair), pair[0]))
    progress.message("Clear nights inside the urban area: "
                     + ", ".join(f"{year} {clear[year]:.0f}" for year in years)
                     + f"; used: {' and '.join(map(str, best))}.")
    return best


def clear_nights(series: LightSeries, inside: NDArray[np.bool_], resources: Resources,
                 progress: Progress) -> dict[int, float]:
    """Year to the sum over its nights of the share of the cells inside, of shape (rows, columns), with radiance."""
    grid = series.grid
    windows = plan_windows(grid.width, grid.height, series.chunk_shape, CELL_BYTES, READ_BYTES, series.window.row)

    def cells(block: tuple[int, Window]) -> int:
        night, window = block
        seen = np.isfinite(series.read_block(night, window, with_zenith=False).radiance)
        return int(np.count_nonzero(seen & inside[window.toslices()]))

    blocks = [(night, window) for night in range(len(series.nights)) for window in windows]
    clear = dict.fromkeys((day.year for day in series.dates), 0.0)
    for (night, _), count in zip(blocks, run_blocks(cells, blocks, resources, progress)):
        clear[series.dates[night].year] += count / max(1, np.count_nonzero(inside))
    return clear


def write_annual(folder: BlackMarbleFolder, settings: BlackMarbleSettings, wanted: int, path: str,
                 progress: Progress) -> int:
    """Writes the annual radiance of the wanted year, or of the year nearest to it, and returns that year."""
    series = folder.series(replace(settings, product="annual", start=None, end=None), False)
    nearest = min(range(len(series.dates)), key=lambda index: (abs(series.dates[index].year - wanted), -index))
    grid = series.grid
    with RasterWriter("ANNUAL", path, grid, [str(series.dates[nearest])], "float32", np.nan, series.unit) as writer:
        for window in plan_windows(grid.width, grid.height, (BLOCK, BLOCK), CELL_BYTES, READ_BYTES):
            progress.check()
            writer.write(series.read_block(nearest, window, with_zenith=False).radiance[None], window)
    return series.dates[nearest].year


def covering(rasters: Sequence[RasterInput], bounds: Bounds) -> RasterInput | None:
    """The first raster whose grid holds the middle of the bounds, in WGS 84 degrees; None where none does."""
    longitude, latitude = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    for raster in rasters:
        with open_raster(raster) as dataset:
            grid = read_grid(raster, dataset)
        x, y = transform_points(WGS84, grid.crs, np.array([longitude]), np.array([latitude]))
        left, bottom, right, top = grid.bounds
        if left <= x[0] <= right and bottom <= y[0] <= top:
            return raster
    return None
