"""Covariates of sites from daily rasters, for days on which they have no row."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.air_quality.raster_days import with_raster_days
from nocturne.algorithms.air_quality.site_days import SiteDays, check_covariates
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.projections import WGS84, transform_points
from rasterio.crs import CRS
from rasterio.transform import from_origin

FIRST, DAYS, ROWS, COLUMNS = date(2021, 2, 27), 3, 40, 60
GRIDS = {"degrees": ("EPSG:4326", from_origin(-100, 50, 0.5, 0.25)),
         "degrees to 360": ("EPSG:4326", from_origin(260, 50, 0.5, 0.25)),
         "metres": ("EPSG:5070", from_origin(-400_000, 2_400_000, 20_000, 25_000))}


def write_days(folder, grid, values):
    folder.mkdir()
    crs, transform = GRIDS[grid]
    for day, bands in enumerate(values):
        with rasterio.open(folder / f"{FIRST + timedelta(day)}.tif", "w", driver="GTiff", width=COLUMNS, height=ROWS,
                           count=2, dtype="float32", crs=crs, nodata=-1, transform=transform, tiled=True, blockxsize=16,
                           blockysize=16) as dataset:
            dataset.write(np.where(np.isnan(bands), -1, bands))
            dataset.descriptions = ("wind", "haze")
    return folder


def centres(grid, rows, columns):
    crs, transform = GRIDS[grid]
    x, y = transform * (np.array(columns) + 0.5, np.array(rows) + 0.5)
    longitude, latitude = transform_points(CRS.from_string(crs), WGS84, x, y)
    return (longitude + 180) % 360 - 180, latitude


@pytest.mark.parametrize("grid", GRIDS)
def test_sites_get_the_cells_of_the_days_without_a_row(tmp_path, grid):
    values = np.random.default_rng(1).random((DAYS, 2, ROWS, COLUMNS)).astype(np.float32)
    values[1, :, 20, 33] = np.nan
    rows, columns = [0, 20, 39], [0, 33, 59]
    longitude, latitude = (np.r_[each, beyond] for each, beyond in zip(centres(grid, rows, columns), (0.0, -50.0)))
    site_days = SiteDays(np.arange(4, dtype=np.int32), np.full(4, FIRST.toordinal(), np.int32), longitude, latitude,
                         np.full((4, 2), 7, np.float32), np.ones(4, np.float32), ("haze", "wind"), tuple("abcd"))
    found = with_raster_days(site_days, str(write_days(tmp_path / "days", grid, values)), Progress())
    assert list(found.site) == [0, 0, 0, 1, 1, 2, 2, 2, 3]  # no value on a day, and a site outside
    assert list(found.day - FIRST.toordinal()) == [0, 1, 2, 0, 2, 0, 1, 2, 0]
    own = found.day == FIRST.toordinal()
    np.testing.assert_array_equal(found.values[own], 7)
    np.testing.assert_array_equal(np.isfinite(found.target), own)
    cells = zip(np.array(rows)[found.site[~own]], np.array(columns)[found.site[~own]])
    expected = [values[day, ::-1, row, column] for day, (row, column)
                in zip(found.day[~own] - FIRST.toordinal(), cells)]
    np.testing.assert_array_equal(found.values[~own], expected)


def test_covariates_may_come_from_rasters_alone(tmp_path):
    grid = "degrees"
    values = np.random.default_rng(1).random((DAYS, 2, ROWS, COLUMNS)).astype(np.float32)
    longitude, latitude = centres(grid, [3, 4], [5, 6])
    days = np.full(2, FIRST.toordinal(), np.int32)
    alone = SiteDays(np.arange(2, dtype=np.int32), days, longitude, latitude, np.full((2, 2), np.nan, np.float32),
                     np.array([5, 6], np.float32), ("haze", "wind"), ("a", "b"))
    with pytest.raises(InputError, match="FEATURE_FIELDS: 'haze' has no value in any row"):
        check_covariates(alone)
    found = with_raster_days(alone, str(write_days(tmp_path / "days", grid, values)), Progress())
    check_covariates(found)
    assert len(found.site) == 2 * DAYS
    np.testing.assert_array_equal(found.values[found.measured], [values[0, ::-1, 3, 5], values[0, ::-1, 4, 6]])
    np.testing.assert_array_equal(found.target[found.measured], [5, 6])


def test_rasters_of_another_region_are_named(tmp_path):
    folder = write_days(tmp_path / "days", "degrees", np.ones((1, 2, ROWS, COLUMNS), np.float32))
    site_days = SiteDays(np.zeros(1, np.int32), np.ones(1, np.int32), np.array([10.0]), np.array([45.0]),
                         np.ones((1, 2), np.float32), np.ones(1, np.float32), ("haze", "wind"), ("a",))
    with pytest.raises(InputError, match="CALENDAR_RASTERS: no site lies on a cell with data"):
        with_raster_days(site_days, str(folder), Progress())
    assert with_raster_days(site_days, "", Progress()) is site_days
