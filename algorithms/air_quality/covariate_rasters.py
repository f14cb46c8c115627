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
from ..rasters import Grid, RasterInput, open_raster, read_grid, read_values

PARAMETER = "RASTERS"


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


def find_covariate_rasters(folder: str, names: Sequence[str], progress: Progress) -> CovariateRasters:
    """The GeoTIFFs below a folder with a day in their names. names: of the wanted covariates.

    Raises InputError where there are none, a day has two, a covariate is lacking, or grids differ.
    """
    days: dict[date, Path] = {}
    for path in files_below(Path(folder)):
        if path.suffix.lower() not in (".tif", ".tiff"):
            continue
        found = periods_in_name(path.name)
        if len(found) != 1 or found[0].length != "day":
            raise InputError(PARAMETER, f"the name of '{path.name}' says no single day",
                             "name every file by its day, such as covariates_2020-01-31.tif")
        if found[0].first_day in days:
            raise InputError(PARAMETER, f"'{days[found[0].first_day].name}' and '{path.name}' are of the same day",
                             "keep one file per day")
        days[found[0].first_day] = path
    if not days:
        raise InputError(PARAMETER, f"'{folder}' has no GeoTIFF", "give a folder with one multi-band GeoTIFF per day")
    files = [RasterInput(PARAMETER, str(days[day])) for day in sorted(days)]
    with open_raster(files[0]) as dataset:
        grid, block = read_grid(files[0], dataset), dataset.block_shapes[0]
    bands = []
    for day, source in zip(sorted(days), files):
        with open_raster(source) as dataset:
            own = read_grid(source, dataset)
            described = [description or "" for description in dataset.descriptions]
        if not own.same_cells(grid):
            raise InputError(PARAMETER, f"'{days[day].name}' has other cells ({own}) than the first day's ({grid})",
                             "bring all days onto one grid")
        lacking = [name for name in names if name not in described]
        if lacking:
            raise InputError(PARAMETER, f"no band of '{days[day].name}' is described as '{lacking[0]}' "
                             f"({len(lacking)} of {len(names)} covariates are missing)",
                             "describe every band by the name of its covariate")
        bands.append(tuple(described.index(name) + 1 for name in names))
        progress.check()
    return CovariateRasters(tuple(sorted(days)), tuple(files), tuple(bands), grid, block)
