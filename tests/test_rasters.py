"""The one raster reader and writer: windows, values, what a written file says of itself, full disks, threads."""
from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import InputError, OutputError
from nocturne.algorithms.rasters import (
    BANDS_TOGETHER,
    CACHE_BYTES,
    Grid,
    RasterClass,
    RasterInput,
    RasterWriter,
    band_dates,
    open_raster,
    plan_windows,
    read_grid,
    read_values,
)
from rasterio.crs import CRS
from rasterio.env import get_gdal_config
from rasterio.transform import from_origin
from rasterio.windows import Window

ROOT = Path(__file__).resolve().parents[1]
UTM = CRS.from_epsg(32651)


def grid_of(width, height, cell=500.0):
    return Grid(UTM, from_origin(300000, 3500000, cell, cell), width, height)


# plan_windows

SIZES = st.integers(1, 700)
BLOCKS = st.tuples(st.integers(1, 300), st.integers(1, 300))
BUDGETS = st.integers(1, 400_000)


@settings(max_examples=200, deadline=None)
@given(SIZES, SIZES, BLOCKS, BUDGETS, st.integers(0, 500))
def test_windows_cover_every_cell_exactly_once(width, height, block, cells, first_row):
    seen = np.zeros((height, width), dtype=np.uint8)
    # At least a 200th of the grid, or the small budgets would only make the test slow.
    for window in plan_windows(width, height, block, 4.0, 4.0 * max(cells, width * height // 200), first_row):
        rows, columns = window.toslices()
        assert window.width > 0
        assert window.height > 0
        seen[rows, columns] += 1
    assert (seen == 1).all()


@settings(max_examples=200, deadline=None)
@given(SIZES, SIZES, BLOCKS, BUDGETS, st.floats(0.5, 5000))
def test_windows_keep_the_budget(width, height, block, cells, bytes_per_cell):
    cells = max(cells, width * height // 200)
    for window in plan_windows(width, height, block, bytes_per_cell, cells * bytes_per_cell * 1.0001):
        assert window.width * window.height <= cells * 1.001


@settings(max_examples=200, deadline=None)
@given(SIZES, SIZES, BLOCKS, BUDGETS, st.integers(0, 500))
def test_windows_that_may_hold_a_block_follow_the_storage(width, height, block, cells, first_row):
    cells = max(cells, width * height // 200)
    assume(min(block[0], height) * min(block[1], width) <= cells)
    for window in plan_windows(width, height, block, 1.0, cells, first_row):
        assert window.col_off % block[1] == 0
        assert window.row_off == 0 or (window.row_off + first_row) % block[0] == 0 or block[0] >= height


def test_windows_come_in_reading_order():
    windows = plan_windows(500, 500, (64, 64), 1.0, 64 * 128)
    assert [(window.row_off, window.col_off) for window in windows] == sorted(
        (window.row_off, window.col_off) for window in windows)


# Reading

@pytest.fixture
def raster(tmp_path):
    """Writes values (bands, rows, columns) with rasterio itself."""
    def write(values, nodata=None, mask=None, scales=None, offsets=None, alpha=None, crs=UTM,
              transform=from_origin(300000, 3500000, 500, 500), descriptions=()):  # noqa: B008
        values = np.asarray(values)
        path = tmp_path / "raster.tif"
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(
                path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                dtype=values.dtype, crs=crs, transform=transform, nodata=nodata,
                **({"alpha": "yes"} if alpha else {})) as dataset:
            dataset.write(values)
            if mask is not None:
                dataset.write_mask(mask)
            if scales is not None:
                dataset.scales, dataset.offsets = scales, offsets
            for band, description in enumerate(descriptions, start=1):
                dataset.set_band_description(band, description)
        return RasterInput("RADIANCE", str(path))

    return write


def read(source, bands=None, window=None):
    with open_raster(source) as dataset:
        return read_values(dataset, bands or list(range(1, dataset.count + 1)),
                           window or Window(0, 0, dataset.width, dataset.height))


FIELD = np.arange(12, dtype=np.float32).reshape(1, 3, 4)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_values_are_float32_whatever_is_stored(raster, dtype):
    found = read(raster(FIELD.astype(dtype)))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, FIELD)


@pytest.mark.parametrize(("dtype", "nodata"), [
    ("uint8", 7), ("int16", 7), ("uint16", 7), ("float32", 7), ("float64", 7), ("float32", math.nan)])
def test_no_data_is_not_a_number(raster, dtype, nodata):
    stored = FIELD.astype(dtype)
    if math.isnan(nodata):
        stored[stored == 7] = np.nan
    np.testing.assert_array_equal(read(raster(stored, nodata)), np.where(FIELD == 7, np.nan, FIELD))


def test_the_lowest_number_as_no_data_is_recognised(raster):
    lowest = np.finfo(np.float32).min
    stored = np.where(FIELD == 7, lowest, FIELD)
    np.testing.assert_array_equal(read(raster(stored, float(lowest))), np.where(FIELD == 7, np.nan, FIELD))


def test_a_mask_inside_the_file_is_applied_to_every_band(raster):
    stored = np.concatenate([FIELD, FIELD + 100])
    found = read(raster(stored, mask=FIELD[0] != 7))
    np.testing.assert_array_equal(found, np.where(FIELD == 7, np.nan, stored))


def test_scale_and_offset_are_those_of_each_band(raster):
    stored = np.stack([FIELD[0], FIELD[0]]).astype(np.int16)
    found = read(raster(stored, nodata=7, scales=(0.5, 1.0), offsets=(10.0, -1.0)))
    np.testing.assert_array_equal(found[0], np.where(FIELD[0] == 7, np.nan, FIELD[0] * 0.5 + 10))
    np.testing.assert_array_equal(found[1], np.where(FIELD[0] == 7, np.nan, FIELD[0] - 1))


def test_more_bands_than_one_call_reads_come_in_the_order_asked_for(raster):
    count = 2 * BANDS_TOGETHER + 5
    stored = np.arange(count, dtype=np.int16)[:, None, None] * np.ones((1, 2, 3), dtype=np.int16)
    bands = [int(band) for band in np.random.default_rng(1).permutation(count) + 1]
    found = read(raster(stored, nodata=3), bands)
    np.testing.assert_array_equal(found[:, 0, 0], [np.nan if band == 4 else band - 1 for band in bands])


def test_a_window_is_a_part_of_the_whole(raster):
    source = raster(np.arange(600, dtype=np.float32).reshape(2, 15, 20))
    np.testing.assert_array_equal(read(source, [2], Window(3, 5, 7, 4)), read(source)[1:, 5:9, 3:10])


def test_a_file_that_does_not_exist_is_named(tmp_path):
    source = RasterInput("ZENITH", str(tmp_path / "nothing.tif"))
    with pytest.raises(InputError, match=r"ZENITH: '.*nothing\.tif' can't be opened as a raster"), open_raster(source):
        pass


def test_dates_are_the_descriptions_of_the_bands(raster):
    source = raster(np.ones((2, 3, 3), np.float32), descriptions=("2023-12-31", "2024-01-01"))
    with open_raster(source) as dataset:
        assert band_dates(source, dataset) == [date(2023, 12, 31), date(2024, 1, 1)]


@pytest.mark.parametrize("descriptions", [
    (), ("2023-12-31",), ("2023-12-31", "1 January"), ("2023-02-29", "2023-03-01"), ("2023-12-31", "2023-12-31")],
    ids=str)
def test_missing_wrong_and_repeated_dates_are_refused(raster, descriptions):
    source = raster(np.ones((2, 3, 3), np.float32), descriptions=descriptions)
    with open_raster(source) as dataset, pytest.raises(InputError, match="RADIANCE: band"):
        band_dates(source, dataset)


def test_a_grid_knows_its_bounds_and_its_neighbours(raster):
    source = raster(np.ones((1, 3, 4), np.float32))
    with open_raster(source) as dataset:
        grid = read_grid(source, dataset)
    assert grid == grid_of(4, 3)
    assert grid.bounds == (300000, 3498500, 302000, 3500000)
    assert grid.same_cells(grid_of(4, 3))
    assert not grid.same_cells(grid_of(4, 3, 501.0))
    assert not grid.same_cells(Grid(CRS.from_epsg(32650), grid.transform, 4, 3))
    assert grid.part(Window(1, 2, 2, 1)).bounds == (300500, 3498500, 301500, 3499000)


def test_a_grid_without_a_crs_takes_the_one_of_qgis_and_is_refused_without(raster):
    source = raster(np.ones((1, 3, 4), np.float32), crs=None)
    with open_raster(source) as dataset:
        with pytest.raises(InputError, match="no coordinate reference system"):
            read_grid(source, dataset)
        for text in ("EPSG:32651", UTM.to_wkt()):
            assert read_grid(RasterInput("RADIANCE", source.path, text), dataset).crs == UTM


# Writing

CLASSES = (RasterClass(0, "none", (60, 60, 68)), RasterClass(1, "A & B", (226, 74, 51)),
           RasterClass(4, "<four>", (67, 147, 195)))


def write(path, values, **options):
    values = np.asarray(values)
    grid = grid_of(values.shape[2], values.shape[1])
    given = {"descriptions": [f"band {band}" for band in range(len(values))], "dtype": "float32", "nodata": math.nan,
             **options}
    with RasterWriter("CLASSES", str(path), grid, **given) as writer:
        writer.write(values, Window(0, 0, grid.width, grid.height))


def test_what_is_written_in_windows_is_read_whole(tmp_path):
    values = np.random.default_rng(1).random((3, 150, 200), dtype=np.float32)
    with RasterWriter("R", str(tmp_path / "r.tif"), grid_of(200, 150), list("abc"), "float32", math.nan) as writer:
        for window in plan_windows(200, 150, (64, 64), 4, 4 * 3000):
            rows, columns = window.toslices()
            writer.write(values[:2, rows, columns], window, bands=(1, 2))
            writer.write(values[2:, rows, columns], window, bands=(3,))
    with rasterio.open(tmp_path / "r.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), values)


def test_a_file_says_what_it_holds(tmp_path):
    write(tmp_path / "r.tif", np.ones((2, 3, 4), np.float32), descriptions=["2024-01-01", "2024-01-02"],
          unit="nW/cm2/sr")
    with rasterio.open(tmp_path / "r.tif") as dataset:
        assert dataset.descriptions == ("2024-01-01", "2024-01-02")
        assert dataset.units == ("nW/cm2/sr", "nW/cm2/sr")
        assert math.isnan(dataset.nodata)
        assert dataset.crs == UTM
        assert dataset.transform == grid_of(4, 3).transform
        assert dataset.compression.name == "deflate"
        assert dataset.interleaving.name == "band"
    assert [path.name for path in tmp_path.iterdir()] == ["r.tif"]


GDAL_READS = """
import json, sys
from osgeo import gdal
gdal.UseExceptions()
dataset = gdal.Open(sys.argv[1])  # must outlive its band
band = dataset.GetRasterBand(1)
table = band.GetDefaultRAT()
colours = band.GetColorTable()
sys.stdout.write(json.dumps({
    "names": [table.GetNameOfCol(column) for column in range(table.GetColumnCount())],
    "usage": [table.GetUsageOfCol(column) for column in range(table.GetColumnCount())],
    "rows": [[table.GetValueAsString(row, column) for column in range(table.GetColumnCount())]
             for row in range(table.GetRowCount())],
    "categories": band.GetCategoryNames(),
    "colours": [colours.GetColorEntry(value)[:3] for value in (0, 1, 4)],
    "nodata": band.GetNoDataValue()}))
"""


def test_gdal_reads_names_and_colours_of_the_classes(tmp_path):
    write(tmp_path / "c.tif", np.ones((1, 3, 4), np.uint8), dtype="uint8", nodata=255, classes=CLASSES)
    done = subprocess.run(["/usr/bin/python3", "-c", GDAL_READS, str(tmp_path / "c.tif")], check=True, text=True,
                          capture_output=True, env={"PATH": "/usr/bin:/bin"})
    assert json.loads(done.stdout) == {
        "names": ["Value", "Class", "Red", "Green", "Blue"],
        "usage": [5, 2, 6, 7, 8],  # MinMax, Name, Red, Green, Blue
        "rows": [["0", "none", "60", "60", "68"], ["1", "A & B", "226", "74", "51"],
                 ["4", "<four>", "67", "147", "195"]],
        "categories": ["none", "A & B", "", "", "<four>"],
        "colours": [[60, 60, 68], [226, 74, 51], [67, 147, 195]],
        "nodata": 255}


def test_a_folder_that_is_missing_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"CLASSES: 'c\.tif' could not be written"):
        write(tmp_path / "missing" / "c.tif", np.ones((1, 3, 4), np.float32))


FULL_DISK = """
import resource, sys
sys.path.insert(0, {dev!r})
import numpy as np, rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window
from nocturne.algorithms.errors import OutputError
from nocturne.algorithms.rasters import Grid, RasterWriter

side = {side}
grid = Grid(rasterio.crs.CRS.from_epsg(32651), from_origin(0, 1e6, 500, 500), side, side)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with RasterWriter("STATISTICS", "full.tif", grid, ["a"], "float32", np.nan) as writer:
        for row in range(0, side, 32):  # half a tile, which waits in GDAL's cache for its other half
            writer.write(np.random.default_rng(row).random((1, 32, side), dtype=np.float32), Window(0, row, side, 32))
        sys.stdout.write("written;")
except OutputError as error:
    sys.stdout.write(str(error))
"""


@pytest.mark.parametrize("side", [192, 4096], ids=["noticed when it is closed", "noticed while it is written"])
def test_a_disk_that_is_full_raises_with_the_system_s_reason(tmp_path, side):
    done = subprocess.run([sys.executable, "-c", FULL_DISK.format(dev=str(ROOT / ".dev"), side=side)], cwd=tmp_path,
                          text=True, capture_output=True, check=True, timeout=600)
    sentence = ("STATISTICS: 'full.tif' could not be written (File too large); choose a folder that can be written and "
                "has room.")
    assert done.stdout == ("written;" if side == 192 else "") + sentence
    assert "Traceback" not in done.stderr


def test_a_failure_of_the_caller_is_not_hidden_by_the_writer(tmp_path):
    def fail():
        with RasterWriter("R", str(tmp_path / "r.tif"), grid_of(10, 10), ["a"], "float32", math.nan):
            raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        fail()


# GDAL's cache and Python's lock

def test_the_cache_is_small_while_a_dataset_is_open_and_what_it_was_afterwards(raster):
    before = get_gdal_config("GDAL_CACHEMAX")
    source = raster(FIELD)
    with open_raster(source):
        with open_raster(source):
            assert get_gdal_config("GDAL_CACHEMAX") == CACHE_BYTES
        assert get_gdal_config("GDAL_CACHEMAX") == CACHE_BYTES
    assert get_gdal_config("GDAL_CACHEMAX") == before != CACHE_BYTES


THREADS = """
import sys, threading
sys.path.insert(0, {dev!r})
import numpy as np, rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window
from nocturne.algorithms import rasters
from nocturne.algorithms.rasters import Grid, RasterInput, RasterWriter, open_raster, read_values

rasters.CACHE_BYTES = 4 * 2**20
side, bands = 256, 16
grid = Grid(rasterio.crs.CRS.from_epsg(32651), from_origin(0, 1e6, 500, 500), side, side)
names = [str(band) for band in range(bands)]
field = np.random.default_rng(1).random((bands, side, side), dtype=np.float32)
with RasterWriter("R", "source.tif", grid, names, "float32", np.nan) as writer:
    writer.write(field, Window(0, 0, side, side))
stop = threading.Event()

def read():
    while not stop.is_set():
        for row in range(0, side, 64):
            with open_raster(RasterInput("R", "source.tif")) as dataset:
                read_values(dataset, list(range(1, bands + 1)), Window(0, row, side, 64))

readers = [threading.Thread(target=read, daemon=True) for _ in range(3)]
for reader in readers:
    reader.start()
for _ in range(12):
    with RasterWriter("W", "written.tif", grid, names, "float32", np.nan) as writer:
        for row in range(0, side, 32):  # half a row of tiles: they stay in the cache until a reader needs their place
            writer.write(field[:, row:row + 32], Window(0, row, side, 32))
stop.set()
for reader in readers:
    reader.join()
with rasterio.open("written.tif") as dataset:
    assert (dataset.read() == field).all()
sys.stdout.write("done")
"""


def test_threads_that_read_and_one_that_writes_never_wait_for_each_other_for_ever(tmp_path):
    done = subprocess.run([sys.executable, "-c", THREADS.format(dev=str(ROOT / ".dev"))], cwd=tmp_path, text=True,
                          capture_output=True, check=False, timeout=600)
    assert (done.returncode, done.stdout) == (0, "done"), done.stderr
