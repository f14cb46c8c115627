"""The one automatic metric CRS, and areas on the ellipsoid."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window

from .errors import InputError
from .rasters import Grid
from .settings import Bounds

WGS84 = CRS.from_epsg(4326)
WIDEST_UTM_DEGREES = 6.0


def wgs84_bounds(grid: Grid) -> Bounds:
    """West, south, east and north of the grid in degrees."""
    west, south, east, north = transform_bounds(grid.crs, WGS84, *grid.bounds)
    if west > east:  # across the date line; east then lies beyond 180 degrees
        east += 360
    return west, south, east, north


def extent_window(extent: Bounds | None, grid: Grid) -> Window:
    """The cells that EXTENT (WGS 84 degrees) touches, all of them where it is None. Raises InputError for none."""
    if extent is None:
        return Window(0, 0, grid.width, grid.height)
    left, bottom, right, top = transform_bounds(WGS84, grid.crs, *extent)
    own_left, own_bottom, own_right, own_top = grid.bounds
    if left >= own_right or right <= own_left or bottom >= own_top or top <= own_bottom:
        raise InputError("EXTENT", f"it lies outside the rasters, {grid}", "choose an extent that they cover")
    slack = 1e-6  # cells, for edges that fall on cell edges but for rounding
    first_column = max(0, math.floor((left - own_left) / grid.cell_width + slack))
    first_row = max(0, math.floor((own_top - top) / grid.cell_height + slack))
    last_column = min(grid.width, math.ceil((right - own_left) / grid.cell_width - slack))
    last_row = min(grid.height, math.ceil((own_top - bottom) / grid.cell_height - slack))
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def automatic_metric_crs(bounds: Bounds) -> CRS:
    """UTM zone of the centre; for what is wider than 6 degrees, Albers equal-area.

    The standard parallels of the Albers stand at 1/6 and 5/6 of the height.
    """
    west, south, east, north = bounds
    longitude, latitude = ((west + east) / 2 + 180) % 360 - 180, (south + north) / 2
    if east - west <= WIDEST_UTM_DEGREES and -80 <= latitude <= 84:
        zone = min(60, math.floor((longitude + 180) / 6) + 1)
        return CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)
    lower, upper = south + (north - south) / 6, south + (north - south) * 5 / 6
    if abs(lower + upper) < 1e-6:  # Albers has no cone for parallels that mirror each other at the equator
        return CRS.from_proj4(f"+proj=cea +lat_ts={upper:.9g} +lon_0={longitude:.9g} +datum=WGS84 +units=m +no_defs")
    return CRS.from_proj4(f"+proj=aea +lat_1={lower:.9g} +lat_2={upper:.9g} +lat_0={latitude:.9g} "
                          f"+lon_0={longitude:.9g} +datum=WGS84 +units=m +no_defs")


def equal_area_crs(bounds: Bounds) -> CRS:
    """Lambert's azimuthal equal-area projection around the centre: planar areas in it are areas on the ellipsoid."""
    west, south, east, north = bounds
    return CRS.from_proj4(f"+proj=laea +lat_0={(south + north) / 2:.9g} +lon_0={(west + east) / 2:.9g} "
                          "+datum=WGS84 +units=m +no_defs")


def cell_positions(grid: Grid, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of the centres of a window's cells, row by row."""
    columns, rows = np.meshgrid(window.col_off + np.arange(window.width) + 0.5,
                                window.row_off + np.arange(window.height) + 0.5)
    x, y = grid.transform * (columns.ravel(), rows.ravel())
    longitude, latitude = transform_points(grid.crs, WGS84, x, y)
    return wrapped(longitude), latitude


def wrapped(longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitudes in [-180, 180); those that are keep every bit."""
    inside = (longitude >= -180) & (longitude < 180)
    return np.where(inside, longitude, (longitude + 180) % 360 - 180)


def checked_positions(points: NDArray[np.float64], parameter: str) -> NDArray[np.float64]:
    """Longitude and latitude of shape (points, 2), longitudes of 180 to 360 brought to [-180, 180).

    Raises InputError, which names the parameter, for what is no position on the globe.
    """
    longitude, latitude = points.T
    for name, values, low, high in (("latitude", latitude, -90, 90), ("longitude", longitude, -180, 360)):
        beyond = np.flatnonzero(~((values >= low) & (values <= high)))
        if len(beyond):
            raise InputError(parameter, f"a point has the {name} {values[beyond[0]]:g}",
                             "check that the layer's CRS is right and that latitude isn't given first")
    return np.column_stack((wrapped(longitude), latitude))


def transform_points(source: CRS, target: CRS, x: NDArray[np.float64],
                     y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of shape (n,) from one CRS in the other, in x, y order."""
    if source == target or len(x) == 0:
        return x, y
    new_x, new_y = transform(source, target, x, y)
    return np.asarray(new_x, dtype=np.float64), np.asarray(new_y, dtype=np.float64)
