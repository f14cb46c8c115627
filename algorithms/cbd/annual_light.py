"""Light inside polygons of single years, from a stack with one band per year."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from ..boundaries import outside
from ..errors import InputError
from ..geometries import transform_shapes
from ..night_lights.centre_field import window_around
from ..progress import Progress
from ..projections import WGS84, transform_points
from ..rasters import RasterInput, band_dates, open_raster, read_grid, read_values


def light_of_years(annual: RasterInput, shapes: NDArray[np.object_], crs: CRS, years: Sequence[int],
                   progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean radiance (nW/cm2/sr) inside each shape in its year, and its centre of light (degrees), shapes (n,), (n, 2).

    NaN where no cell centre with data lies inside. Raises InputError where a year has no band or two.
    """
    means, centres = np.full(len(shapes), np.nan), np.full((len(shapes), 2), np.nan)
    with open_raster(annual) as dataset:
        grid = read_grid(annual, dataset)
        bands: dict[int, int] = {}
        for band, day in enumerate(band_dates(annual, dataset), start=1):
            if day.year in bands:
                raise InputError(annual.parameter, f"bands {bands[day.year]} and {band} are both of {day.year}",
                                 "give a stack with one band per year")
            bands[day.year] = band
        missing = sorted(set(years) - set(bands))
        if missing:
            raise InputError(annual.parameter, f"it has no band of {', '.join(map(str, missing))}",
                             "give a stack with a band for every year of INPUT")
        moved = transform_shapes(shapes, crs, grid.crs)
        for index, (shape, year) in enumerate(zip(moved, years)):
            progress.report(index / len(moved))
            window = window_around(shapely.bounds(shape), grid)
            if window is None:
                continue
            part = grid.part(window)
            light = read_values(dataset, [bands[year]], window)[0].astype(np.float64)
            rows, columns = np.nonzero(~outside([shape], part) & np.isfinite(light))
            if len(rows):
                values = light[rows, columns]
                means[index] = values.mean()
                centres[index] = _centre(values, part.transform * (columns + 0.5, rows + 0.5), grid.crs)
    return means, centres


def _centre(light: NDArray[np.float64], place: Any, crs: CRS) -> NDArray[np.float64]:
    """Longitude and latitude of the mean place, weighted by light."""
    weights = np.maximum(light, 0)
    if not weights.any():
        return np.array([np.nan, np.nan])
    x, y = (np.array([np.average(each, weights=weights)]) for each in place)
    return np.concatenate(transform_points(crs, WGS84, x, y))
