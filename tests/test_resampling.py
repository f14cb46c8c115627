"""Coordinates, bilinear values and nearest cells against exact transforms and plain loops."""
import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.rasters import Grid
from nocturne.algorithms.resampling import CoordinateLattice, nearest_indices, projected_grid, resample_bilinear
from rasterio.crs import CRS
from rasterio.warp import transform

WGS84 = CRS.from_epsg(4326)
UTM = CRS.from_epsg(32651)


def degrees(west, north, cell, width, height):
    return Grid(WGS84, Affine(cell, 0, west, 0, -cell, north), width, height)


def metres(cell, width, height, left=0.0, top=0.0):
    return Grid(UTM, Affine(cell, 0, left, 0, -cell, top), width, height)


def exact_places(grid, target, columns, rows):
    x = target.transform.c + (columns + 0.5) * target.cell_width
    y = target.transform.f - (rows + 0.5) * target.cell_height
    lon, lat = (np.array(each) for each in transform(target.crs, grid.crs, x, y))
    return (lon - grid.transform.c) / grid.cell_width, (grid.transform.f - lat) / grid.cell_height


@pytest.mark.parametrize(("crs", "cell"), [(UTM, 500), (CRS.from_epsg(32649), 700), (CRS.from_epsg(3857), 450),
                                           (CRS.from_proj4("+proj=laea +lat_0=0 +lon_0=90 +datum=WGS84"), 900)])
def test_places_are_exact_to_a_thousandth_of_a_cell(crs, cell):
    grid = degrees(118, 33, 1 / 240, 700, 500)
    target = projected_grid(grid, crs, cell)
    lattice = CoordinateLattice(target, WGS84, 1e-3 * grid.cell_width)
    generator = np.random.default_rng(3)
    columns, rows = generator.uniform(0, target.width, 5000), generator.uniform(0, target.height, 5000)
    lon, lat = lattice.at(columns + 0.5, rows + 0.5)
    column, row = exact_places(grid, target, columns, rows)
    assert np.abs((lon - 118) / grid.cell_width - column).max() < 1e-3
    assert np.abs((33 - lat) / grid.cell_height - row).max() < 1e-3


def test_lattice_of_points_and_of_crossings_agree():
    grid = degrees(118, 33, 1 / 240, 130, 90)
    lattice = CoordinateLattice(grid, UTM, 0.5, first_row=20, rows=40)
    columns, rows = np.arange(0.5, 130), np.arange(20.5, 60)
    x, y = lattice.at_crossings(columns, rows)
    each = np.meshgrid(columns, rows)
    x_at, y_at = lattice.at(each[0].ravel(), each[1].ravel())
    np.testing.assert_allclose(x.ravel(), x_at, rtol=0, atol=1e-6)
    np.testing.assert_allclose(y.ravel(), y_at, rtol=0, atol=1e-6)


def test_target_grid_covers_the_raster_on_whole_multiples():
    grid = degrees(118, 33, 1 / 240, 700, 500)
    target = projected_grid(grid, UTM, 500)
    assert all(edge % 500 == 0 for edge in target.bounds)
    east, south = 118 + np.linspace(0, 700, 400) / 240, 33 - np.linspace(0, 500, 400) / 240
    x = np.concatenate([east, east, np.full(400, east[0]), np.full(400, east[-1])])
    y = np.concatenate([np.full(400, south[0]), np.full(400, south[-1]), south, south])
    east, north = (np.array(each) for each in transform(WGS84, UTM, x, y))
    left, bottom, right, top = target.bounds
    assert left <= east.min() < left + 500
    assert right - 500 < east.max() <= right
    assert bottom <= north.min() < bottom + 500
    assert top - 500 < north.max() <= top


def test_target_grid_of_a_grid_that_stands_on_multiples_is_the_same():
    grid = metres(500, 7, 5, left=300_000, top=3_450_000)
    assert projected_grid(grid, UTM, 500).same_cells(grid)


def test_projection_that_cannot_hold_the_raster():
    far_side = CRS.from_proj4("+proj=gnom +lat_0=0 +lon_0=-60 +datum=WGS84")
    with pytest.raises(InputError, match=r"^TARGET_CRS: .*; .*\.$"):
        projected_grid(degrees(118, 33, 1 / 240, 70, 50), far_side, 500)


def bilinear_by_loop(values, grid, target):
    result = np.full((target.height, target.width), np.nan)
    for row in range(target.height):
        for column in range(target.width):
            x = (target.transform.c + (column + 0.5) * target.cell_width - grid.transform.c) / grid.cell_width - 0.5
            y = (grid.transform.f - target.transform.f + (row + 0.5) * target.cell_height) / grid.cell_height - 0.5
            weights = total = 0.0
            for i in (int(np.floor(y)), int(np.floor(y)) + 1):
                for j in (int(np.floor(x)), int(np.floor(x)) + 1):
                    weight = (1 - abs(y - i)) * (1 - abs(x - j))
                    if 0 <= i < grid.height and 0 <= j < grid.width and np.isfinite(values[i, j]):
                        weights += weight
                        total += weight * values[i, j]
            if weights >= 0.5 - 1e-9:
                result[row, column] = total / weights
    return result


@settings(max_examples=150, deadline=None)
@given(hnp.arrays(np.float32, (6, 5), elements=st.one_of(st.floats(-100, 100, width=32), st.just(float("nan")))),
       st.sampled_from([0.3, 0.5, 1.0, 1.7]), st.sampled_from([0.0, 0.25, 0.5, -0.75]))
def test_bilinear_is_the_renormalised_mean_of_valid_cells(values, cell, shift):
    grid, target = metres(1.0, 5, 6), metres(cell, 9, 7, left=shift - 1, top=1 - shift)
    np.testing.assert_allclose(resample_bilinear(values, grid, target), bilinear_by_loop(values, grid, target),
                               rtol=1e-5, atol=1e-4)


def test_half_of_the_weight_is_enough():
    values = np.array([[3.0, np.nan]], dtype=np.float32)
    halfway, beyond = metres(1.0, 1, 1, left=0.5), metres(1.0, 1, 1, left=0.51)
    assert resample_bilinear(values, metres(1.0, 2, 1), halfway) == 3
    assert np.isnan(resample_bilinear(values, metres(1.0, 2, 1), beyond)).all()


def test_a_plane_in_degrees_is_kept_by_projecting():
    grid = degrees(118, 33, 1 / 240, 300, 200)
    columns, rows = np.meshgrid(np.arange(300), np.arange(200))
    plane = (2 * columns - 3 * rows).astype(np.float32)
    target = projected_grid(grid, UTM, 500)
    both = resample_bilinear(np.stack([plane, plane + 1]), grid, target)
    assert both.shape == (2, target.height, target.width)
    target_columns, target_rows = np.meshgrid(np.arange(target.width), np.arange(target.height))
    column, row = exact_places(grid, target, target_columns.ravel(), target_rows.ravel())
    expected = (2 * (column - 0.5) - 3 * (row - 0.5)).reshape(target.height, target.width)
    inside = ((column > 0.5) & (column < 299.5) & (row > 0.5) & (row < 199.5)).reshape(expected.shape)
    assert inside.sum() > 10_000
    assert np.abs(both[0] - expected)[inside].max() < 0.01
    np.testing.assert_allclose(both[1], both[0] + 1, atol=1e-3)


def test_the_same_cells_are_copied():
    values = np.array([[1.0, np.nan], [2.0, 3.0]], dtype=np.float32)
    copied = resample_bilinear(values, metres(10, 2, 2), metres(10, 2, 2))
    np.testing.assert_array_equal(copied, values)
    assert not np.shares_memory(copied, values)


@pytest.mark.parametrize("west", [178.0, -182.0])
def test_across_the_antimeridian(west):
    grid = degrees(west, -16, 1 / 60, 240, 120)
    values = np.tile(np.arange(240, dtype=np.float32), (120, 1))
    target = projected_grid(degrees(178, -16, 1 / 60, 240, 120), CRS.from_epsg(32760), 2000)
    resampled = resample_bilinear(values, grid, target)
    assert np.isfinite(resampled).mean() > 0.9
    assert (np.diff(resampled, axis=1)[np.isfinite(np.diff(resampled, axis=1))] > 0.5).all()


def test_nearest_names_the_cell_that_holds_the_centre():
    grid = degrees(118, 33, 1 / 24, 40, 30)
    target = projected_grid(grid, UTM, 1500)
    rows, columns = nearest_indices(grid, target)
    target_columns, target_rows = np.meshgrid(np.arange(target.width), np.arange(target.height))
    column, row = (each.reshape(rows.shape) for each in
                   exact_places(grid, target, target_columns.ravel(), target_rows.ravel()))
    inside = (column >= 0) & (column < 40) & (row >= 0) & (row < 30)
    clear = (np.abs(column - np.rint(column)) > 2e-3) & (np.abs(row - np.rint(row)) > 2e-3)
    np.testing.assert_array_equal(rows[clear], np.where(inside, np.floor(row), -1)[clear])
    np.testing.assert_array_equal(columns[clear], np.where(inside, np.floor(column), -1)[clear])
    assert ((rows == -1) == (columns == -1)).all()
