"""Daily rasters of covariates: one GeoTIFF per day, whose bands are described by the names of covariates."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..errors import InputError
from ..folders import files_below
from ..night_lights.dates_in_names import periods_in_name
from ..progress import Progress
from ..projections import WGS84, transform_points
from ..rasters import Grid, RasterInput, open_raster, read_grid, read_values


@dataclass(frozen=True)
class CovariateRasters:
    """Files in the order of their days, the numbers of the wanted bands in each, their grid and storage blocks (rows,
    columns)."""

    days: tuple[date, ...]
    files: tuple[RasterInput, ...]
    bands: tuple[tuple[int, ...], ...]
    grid: Grid
    block: tuple[int, int]

    def read(self, window: Window, progress: Progress) -> NDArray[np.float32]:
        """Values of shape (rows, columns, days, covariates), NaN where there is no data."""
        values = np.empty((window.height, window.width, len(self.files), len(self.bands[0])), np.float32)
        for number, (source, bands) in enumerate(zip(self.files, self.bands)):
            with open_raster(source) as dataset:
                values[:, :, number] = np.moveaxis(read_values(dataset, bands, window), 0, 2)
            progress.check()
        return values

    def at_points(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64],
                  progress: Progress) -> NDArray[np.float32]:
        """Values of the cells that hold some points, shape (points, days, covariates), NaN where there are none.

        Only storage blocks with points are read, one at a time.
        """
        x, y = transform_points(WGS84, self.grid.crs, longitude, latitude)
        if self.grid.crs.is_geographic:
            x = self.grid.bounds[0] + (x - self.grid.bounds[0]) % 360
        column, row = (np.floor(each) for each in ~self.grid.transform * (x, y))
        inside = (column >= 0) & (column < self.grid.width) & (row >= 0) & (row < self.grid.height)
        points = np.flatnonzero(inside)
        row, column = row[points].astype(int), column[points].astype(int)
        _, block = np.unique(np.column_stack((row // self.block[0], column // self.block[1])), axis=0,
                             return_inverse=True)
        values = np.full((len(longitude), len(self.files), len(self.bands[0])), np.nan, np.float32)
        for number, (source, bands) in enumerate(zip(self.files, self.bands)):
            with open_raster(source) as dataset:
                for here in (np.flatnonzero(block.ravel() == index) for index in range(block.max(initial=-1) + 1)):
                    top, left = row[here].min(), column[here].min()
                    window = Window(left, top, column[here].max() + 1 - left, row[here].max() + 1 - top)
                    cells = read_values(dataset, bands, window)
                    values[points[here], number] = cells[:, row[here] - top, column[here] - left].T
                    progress.check()
            progress.report((number + 1) / len(self.files))
        return values


def find_covariate_rasters(folder: str, names: Sequence[str], progress: Progress,
                           parameter: str = "RASTERS") -> CovariateRasters:
    """The GeoTIFFs below a folder with a day in their names. names: of the wanted covariates. parameter: for errors.

    Raises InputError where there are none, a day has two, a covariate is lacking, or grids differ.
    """
    days: dict[date, Path] = {}
    for path in files_below(Path(folder)):
        if path.suffix.lower() not in (".tif", ".tiff"):
            continue
        found = periods_in_name(path.name)
        if len(found) != 1 or found[0].length != "day":
            raise InputError(parameter, f"the name of '{path.name}' says no single day",
                             "name every file by its day, such as covariates_2020-01-31.tif")
        if found[0].first_day in days:
            raise InputError(parameter, f"'{days[found[0].first_day].name}' and '{path.name}' are of the same day",
                             "keep one file per day")
        days[found[0].first_day] = path
    if not days:
        raise InputError(parameter, f"'{folder}' has no GeoTIFF", "give a folder with one multi-band GeoTIFF per day")
    files = [RasterInput(parameter, str(days[day])) for day in sorted(days)]
    with open_raster(files[0]) as dataset:
        grid, block = read_grid(files[0], dataset), dataset.block_shapes[0]
    bands = []
    for day, source in zip(sorted(days), files):
        with open_raster(source) as dataset:
            own = read_grid(source, dataset)
            described = [description or "" for description in dataset.descriptions]
        if not own.same_cells(grid):
            raise InputError(parameter, f"'{days[day].name}' has other cells ({own}) than the first day's ({grid})",
                             "bring all days onto one grid")
        lacking = [name for name in names if name not in described]
        if lacking:
            raise InputError(parameter, f"no band of '{days[day].name}' is described as '{lacking[0]}' "
                             f"({len(lacking)} of {len(names)} covariates are missing)",
                             "describe every band by the name of its covariate")
        bands.append(tuple(described.index(name) + 1 for name in names))
        progress.check()
    return CovariateRasters(tuple(sorted(days)), tuple(files), tuple(bands), grid, block)
