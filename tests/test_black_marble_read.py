"""Stacks from Black Marble files, against the stored values that the files were made of."""
import hashlib
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.night_lights.black_marble.identity import identify
from nocturne.algorithms.night_lights.black_marble.read import BlackMarbleOutputs, read_black_marble
from nocturne.algorithms.night_lights.settings import BlackMarbleSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.black_marble_files import FLOAT_FILL, good_night, write_granule

REAL = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "blackmarble-vnp46a2"
DAYS = [date(2018, 8, day) for day in (13, 14, 15)]
RANDOM = np.random.default_rng(11)
CITY = (-75.0, 34.75, -74.75, 35.0)  # 60 x 60 cells whose first is row 1200, column 1200 of h10v05
ROW = COLUMN = 1200
BASE = "AllAngle_Composite_Snow_Free"


def run(source, target, zenith=True, resources=None, progress=None, **settings):
    """The result, and the arrays of radiance, zenith and coverage; descriptions and profiles are checked here."""
    target.mkdir(exist_ok=True)
    paths = [str(target / f"{name}.tif") for name in ("radiance", "zenith", "coverage")]
    outputs = BlackMarbleOutputs(paths[0], paths[1] if zenith else None, paths[2])
    result = read_black_marble(str(source), BlackMarbleSettings(**settings), outputs, resources or Resources(),
                               progress or Progress())
    bands = []
    for path in paths[:1] + paths[1:2] * result.zenith_written + paths[2:]:
        with rasterio.open(path) as dataset:
            bands.append(dataset.read())
            assert dataset.shape == (result.grid.height, result.grid.width)
            if "coverage" not in path:
                used = [night.date.isoformat() for night in result.nights if night.used]
                assert list(dataset.descriptions) == used
                assert np.isnan(dataset.nodata)
                assert dataset.dtypes[0] == "float32"
                assert dataset.units[0] == ("degrees" if "zenith" in path else "nW/cm2/sr")
    return result, bands


def test_a_daily_pair_cell_by_cell(tmp_path):
    stored = np.array([[0, 3, 5, 65534], [65535, 10, 20, 30]], np.uint16)
    zenith = np.array([[100, 200, -32768, 400], [500, 600, 700, 800]], np.int16)
    quality = np.array([[0, 0, 0, 1], [0, 2, 0, 0]], np.uint8)
    night = good_night(stored, ROW, COLUMN, quality=(255, ROW, COLUMN, quality))
    write_granule(tmp_path / "in", "VNP46A2", values=night)
    write_granule(tmp_path / "in", "VNP46A1", values={"Sensor_Zenith": (0, ROW, COLUMN, zenith)})
    extent = (-75, 35 - 2 / 240, -75 + 4 / 240, 35)
    result, (radiance, angles, coverage) = run(tmp_path / "in", tmp_path / "out", extent=extent)
    nan = np.nan
    expected = np.array([[0, 0.3, 0.5, nan], [nan, nan, 2.0, 3.0]], np.float32)
    np.testing.assert_array_equal(radiance[0], expected)
    np.testing.assert_array_equal(angles[0], np.array([[1, 2, nan, nan], [5, nan, 7, 8]], np.float32))
    np.testing.assert_array_equal(coverage[0], [[1, 1, 1, 0], [0, 0, 1, 1]])
    night = result.nights[0]
    assert (night.valid_share, night.used, night.reason) == (5 / 8, True, "")
    assert night.radiance_file.startswith("VNP46A2")
    assert night.zenith_file.startswith("VNP46A1")
    loose, (radiance, _, _) = run(tmp_path / "in", tmp_path / "out", extent=extent, quality="high_and_ephemeral")
    assert loose.valid_cells == 6
    assert radiance[0, 0, 3] == np.float32(6553.4)


def test_collection_2_keeps_large_and_negative_values_and_its_quality_1_is_poor(tmp_path):
    stored = np.array([[7000.25, 0, -0.5, 12.5, FLOAT_FILL, np.nan]], np.float32)
    quality = np.array([[0, 0, 0, 1, 0, 0]], np.uint8)
    write_granule(tmp_path / "in", "VJ146A2", 2, axes="centres",
                  values=good_night(stored, ROW, COLUMN, quality=(255, ROW, COLUMN, quality)))
    extent = (-75, 35 - 1 / 240, -75 + 6 / 240, 35)
    for choice in ("high", "high_and_ephemeral"):
        _, (radiance, _) = run(tmp_path / "in", tmp_path / "out", extent=extent, quality=choice)
        np.testing.assert_array_equal(radiance[0, 0], np.array([7000.25, 0, -0.5, *[np.nan] * 3], np.float32))
    _, (radiance, _) = run(tmp_path / "in", tmp_path / "out", extent=extent, quality="all_valid")
    assert radiance[0, 0, 3] == 12.5


def test_nights_without_a_valid_cell_stay_in_the_table_and_get_no_band(tmp_path):
    for number, day in enumerate(DAYS):
        stored = np.full((60, 60), 10 * number + 1, np.uint16)
        cloud = 0b1111 << 4 if number == 1 else 48
        write_granule(tmp_path / "in", day=day, values=good_night(stored, ROW, COLUMN, cloud=cloud))
    result, (radiance, coverage) = run(tmp_path / "in", tmp_path / "out", zenith=False, extent=CITY)
    assert [(night.date, night.valid_share, night.used, night.reason) for night in result.nights] == [
        (DAYS[0], 1.0, True, ""), (DAYS[1], 0.0, False, "it has no valid cell in the window"), (DAYS[2], 1.0, True, "")]
    assert radiance.shape == (2, 60, 60)
    assert (coverage == 2).all()
    with pytest.raises(InputError, match=r"QUALITY: none of 1 dates has a valid cell .* CLOUD confident_clear"):
        run(tmp_path / "in", tmp_path / "out", zenith=False, extent=CITY, start=DAYS[1], end=DAYS[1])


def test_two_tiles_become_one_grid_and_a_missing_one_is_named(tmp_path):
    left, right = (RANDOM.integers(0, 9000, (30, 20)).astype(np.uint16) for _ in range(2))
    write_granule(tmp_path / "in", tile=(10, 5), values=good_night(left, 100, 2380), name="l.h5")
    write_granule(tmp_path / "in", tile=(11, 5), values=good_night(right, 100, 0), name="r.h5")
    write_granule(tmp_path / "in", tile=(11, 5), day=DAYS[1], values=good_night(right, 100, 0), name="r2.h5")
    extent = (-70 - 20 / 240, 40 - 130 / 240, -70 + 20 / 240, 40 - 100 / 240)
    result, (radiance, coverage) = run(tmp_path / "in", tmp_path / "out", zenith=False, extent=extent)
    decoded = (np.hstack([left, right]) * 0.1).astype(np.float32)
    np.testing.assert_array_equal(radiance[0], decoded)
    np.testing.assert_array_equal(radiance[1], np.hstack([np.full((30, 20), np.nan, np.float32), decoded[:, 20:]]))
    np.testing.assert_array_equal(coverage[0], np.hstack([np.full((30, 20), 1), np.full((30, 20), 2)]))
    assert result.nights[0].radiance_file == "l.h5, r.h5"
    assert (result.nights[1].valid_share, result.nights[1].reason) == (0.5, "there is no file of h10v05")


def test_coverage_outside_all_tiles_is_no_data(tmp_path):
    for tile in ((10, 5), (11, 5), (11, 6)):
        write_granule(tmp_path / "in", tile=tile, values=good_night(np.ones((2400, 24), np.uint16), 0, 0))
    extent = (-70.05, 29.95, -69.95, 30.05)
    result, (_, coverage) = run(tmp_path / "in", tmp_path / "out", zenith=False, extent=extent)
    assert coverage.shape == (1, 24, 24)
    assert (coverage[0, 12:, :12] == 65535).all()
    assert (coverage[0, :, 12:] == 1).all()
    assert (coverage[0, :12, :12] == 0).all()
    assert result.nights[0].valid_share == 2 / 3


def composite(tmp_path, product, collection, values, **more):
    write_granule(tmp_path / "in", product, collection, day=date(2020, 1, 1), values=values, **more)


@pytest.mark.parametrize(("product", "setting"), [("VNP46A3", "monthly"), ("VJ146A4", "annual")])
@pytest.mark.parametrize("collection", [1, 2])
def test_composites_carry_their_own_count_and_their_zeros_are_data(tmp_path, product, setting, collection):
    fill = 65535 if collection == 1 else FLOAT_FILL
    stored = np.array([[0, 20, 30, 40, fill]], "u2" if collection == 1 else "f4")
    scale = 0.1 if collection == 1 else 1
    composite(tmp_path, product, collection, {
        BASE: (fill, ROW, COLUMN, stored), f"{BASE}_Std": (fill, ROW, COLUMN, stored[:, ::-1]),
        f"{BASE}_Quality": (255, ROW, COLUMN, np.array([[0, 0, 1, 2, 255]], "u1")),
        f"{BASE}_Num": (65535, ROW, COLUMN, np.array([[9, 4, 2, 0, 65535]], "u2"))})
    extent = (-75, 35 - 1 / 240, -75 + 5 / 240, 35)
    options = dict(product=setting, extent=extent)
    _, (radiance, coverage) = run(tmp_path / "in", tmp_path / "out", **options)
    nan = np.nan
    np.testing.assert_array_equal(radiance[0, 0], np.array([0, 20 * scale, nan, nan, nan], np.float32))
    np.testing.assert_array_equal(coverage[0, 0], [9, 4, 2, 0, 65535])
    _, (radiance, _) = run(tmp_path / "in", tmp_path / "out", quality="all_valid", **options)
    np.testing.assert_array_equal(radiance[0, 0], np.array([0, 20 * scale, 30 * scale, 40 * scale, nan], np.float32))
    _, (deviation, coverage) = run(tmp_path / "in", tmp_path / "out", layer=f"{BASE}_Std", **options)
    np.testing.assert_array_equal(deviation[0, 0], np.array([nan, 40 * scale, nan, nan, nan], np.float32))
    np.testing.assert_array_equal(coverage[0, 0], [9, 4, 2, 0, 65535])


def test_the_offset_of_collection_1_brightness_is_added(tmp_path):
    write_granule(tmp_path / "in", "VNP46A1", values={
        "BrightnessTemperature_M12": (65535, ROW, COLUMN, np.array([[0, 40000]], "u2")), "QF_Cloud_Mask": 48,
        "Sensor_Zenith": 100})
    target = tmp_path / "out.tif"
    read_black_marble(str(tmp_path / "in"), BlackMarbleSettings(
        layer="BrightnessTemperature_M12", extent=(-75, 35 - 1 / 240, -75 + 2 / 240, 35)),
        BlackMarbleOutputs(str(target)), Resources(), Progress())
    with rasterio.open(target) as dataset:
        assert dataset.read(1).tolist() == [[203.0, 303.0]]
        assert dataset.units == ("K",)


def test_nights_are_resampled_by_the_nearest_cell_with_zenith_and_flags_alike(tmp_path):
    stored = RANDOM.integers(1, 9000, (60, 60)).astype(np.uint16)
    cloud = RANDOM.choice([48, 48, 48, 0], (60, 60)).astype(np.uint16)
    zenith = RANDOM.integers(0, 6000, (60, 60)).astype(np.int16)
    write_granule(tmp_path / "in", values=good_night(stored, ROW, COLUMN, cloud=(65535, ROW, COLUMN, cloud)))
    write_granule(tmp_path / "in", "VNP46A1", values={"Sensor_Zenith": (-32768, ROW, COLUMN, zenith)})
    result, (radiance, angles, coverage) = run(tmp_path / "in", tmp_path / "out", extent=CITY, target_crs="EPSG:32618",
                                               cell_size=400)
    grid = result.grid
    assert grid.cell_width == 400
    assert grid.transform.c % 400 == 0
    rows, columns = np.indices((grid.height, grid.width)) + 0.5
    x, y = grid.transform * (columns.ravel(), rows.ravel())
    longitude, latitude = map(np.array, rasterio.warp.transform(grid.crs, "EPSG:4326", x, y))
    places = np.array([(35 - latitude) * 240, (longitude + 75) * 240])
    sure = (np.abs(places - np.round(places)) > 2e-3).all(axis=0)  # of the cell: the centre isn't on its edge
    assert sure.mean() > 0.98
    row, column = np.floor(places).astype(int)
    inside = (row >= 0) & (row < 60) & (column >= 0) & (column < 60)
    row, column = row.clip(0, 59), column.clip(0, 59)
    keep = inside & (cloud[row, column] == 48)
    for found, expected in ((radiance, np.where(keep, stored[row, column] * 0.1, np.nan).astype("f4")),
                            (angles, np.where(keep, zenith[row, column] * 0.01, np.nan).astype("f4")),
                            (coverage, np.where(inside, keep, 65535))):
        np.testing.assert_array_equal(found[0].ravel()[sure], expected[sure])
    np.testing.assert_array_equal(np.isnan(radiance), np.isnan(angles))


def test_composites_are_resampled_bilinearly(tmp_path):
    rows, columns = np.indices((100, 100))
    plane = (50 + 0.25 * rows + 0.5 * columns).astype(np.float32)
    composite(tmp_path, "VNP46A4", 2, {BASE: (FLOAT_FILL, ROW - 20, COLUMN - 20, plane), f"{BASE}_Quality": 0,
                                       f"{BASE}_Num": 7})
    result, (radiance, coverage) = run(tmp_path / "in", tmp_path / "out", product="annual", extent=CITY,
                                       target_crs="EPSG:32618")
    grid = result.grid
    assert grid.cell_width == 500
    rows, columns = np.indices((grid.height, grid.width)) + 0.5
    x, y = grid.transform * (columns.ravel(), rows.ravel())
    longitude, latitude = map(np.array, rasterio.warp.transform(grid.crs, "EPSG:4326", x, y))
    row, column = (35 - latitude) * 240 - 0.5, (longitude + 75) * 240 - 0.5
    plane_there = 50 + 0.25 * (row + 20) + 0.5 * (column + 20)
    within = (row > 0) & (row < 59) & (column > 0) & (column < 59)
    np.testing.assert_allclose(radiance[0].ravel()[within], plane_there[within], rtol=2e-6)
    assert (coverage[0].ravel()[within] == 7).all()


def test_interpolation_renormalises_over_valid_cells_and_needs_half_of_the_weight(tmp_path):
    values = RANDOM.uniform(50, 60, (60, 60)).astype(np.float32)
    values[RANDOM.uniform(size=values.shape) < 0.4] = FLOAT_FILL
    composite(tmp_path, "VNP46A3", 2, {BASE: (FLOAT_FILL, ROW, COLUMN, values), f"{BASE}_Quality": 0, f"{BASE}_Num": 7})
    result, (radiance, _) = run(tmp_path / "in", tmp_path / "out", product="monthly", extent=CITY,
                                target_crs="EPSG:32618", cell_size=700)
    grid = result.grid
    compared = [0, 0]
    for (row, column), found in np.ndenumerate(radiance[0]):
        x, y = grid.transform * (column + 0.5, row + 0.5)
        (longitude,), (latitude,) = rasterio.warp.transform(grid.crs, "EPSG:4326", [x], [y])
        source_row, source_column = (35 - latitude) * 240 - 0.5, (longitude + 75) * 240 - 0.5
        total = weights = 0.0
        for near_row in (int(np.floor(source_row)), int(np.floor(source_row)) + 1):
            for near_column in (int(np.floor(source_column)), int(np.floor(source_column)) + 1):
                weight = (1 - abs(source_row - near_row)) * (1 - abs(source_column - near_column))
                if 0 <= near_row < 60 and 0 <= near_column < 60 and values[near_row, near_column] != FLOAT_FILL:
                    total += weight * values[near_row, near_column]
                    weights += weight
        if abs(weights - 0.5) > 0.005:
            compared[weights > 0.5] += 1
            np.testing.assert_allclose(found, total / weights if weights > 0.5 else np.nan, atol=0.05)
    assert min(compared) > 200


def test_target_grids_that_cannot_be(tmp_path):
    write_granule(tmp_path / "in", values=good_night(np.ones((60, 60), np.uint16), ROW, COLUMN))
    for options, sentence in (
            ({"target_crs": "EPSG:4269", "cell_size": 500}, "CELL_SIZE: it was given with a TARGET_CRS in degrees"),
            ({"target_crs": "nonsense"}, "TARGET_CRS: 'nonsense' isn't a coordinate reference system"),
            ({"cell_size": 500}, "CELL_SIZE: it was given without TARGET_CRS"),
            ({"target_crs": "EPSG:32618", "cell_size": 1}, "CELL_SIZE: 1 makes")):
        with pytest.raises(InputError, match=sentence):
            run(tmp_path / "in", tmp_path / "out", extent=None if options.get("cell_size") == 1 else CITY, **options)


def test_a_geographic_target_that_is_the_files_own_changes_nothing(tmp_path):
    stored = RANDOM.integers(1, 9000, (60, 60)).astype(np.uint16)
    write_granule(tmp_path / "in", values=good_night(stored, ROW, COLUMN))
    _, (own, _) = run(tmp_path / "in", tmp_path / "a", extent=CITY)
    _, (same, _) = run(tmp_path / "in", tmp_path / "b", extent=CITY, target_crs="EPSG:4326")
    np.testing.assert_array_equal(own, same)


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_memory_and_threads_do_not_change_a_value(tmp_path):
    for number, day in enumerate(DAYS):
        stored = RANDOM.integers(1, 9000, (700, 900)).astype(np.uint16)
        write_granule(tmp_path / "in", day=day, values=good_night(stored, 100 + number, 200))
        write_granule(tmp_path / "in", "VNP46A1", day=day, values={"Sensor_Zenith": 100 * number})
    extent = (-79.5, 36.5, -75, 39.8)
    results = []
    for memory, threads in ((64, 8), (2048, 1), (2048, 1)):
        results.append(run(tmp_path / "in", tmp_path / f"{len(results)}", extent=extent,
                           resources=Resources(max_memory=memory, threads=threads)))
    for _, bands in results[1:]:
        for mine, theirs in zip(bands, results[0][1]):
            np.testing.assert_array_equal(mine, theirs)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


@pytest.mark.parametrize("product", ["VNP46A2", "VNP46A4"])
def test_memory_does_not_change_a_resampled_value(tmp_path, product):
    stored = RANDOM.integers(1, 9000, (2400, 200)).astype(np.uint16)
    values = good_night(stored, 0, 100)
    if product == "VNP46A4":
        values = {BASE: (65535, 0, 100, stored), f"{BASE}_Quality": 0, f"{BASE}_Num": 5}
    write_granule(tmp_path / "in", product, day=date(2019, 1, 1), values=values)
    results = [run(tmp_path / "in", tmp_path / str(memory), extent=(-79.6, 30, -79.25, 40), target_crs="EPSG:32617",
                   product="daily" if product == "VNP46A2" else "annual",
                   resources=Resources(max_memory=memory, threads=4))[1] for memory in (64, 4096)]
    for small, large in zip(*results):
        np.testing.assert_array_equal(small, large)


def test_cancel_takes_less_than_a_second_and_leaves_no_thread(tmp_path):
    for number in range(20):
        stored = np.ones((2400, 2400), np.uint16)
        write_granule(tmp_path / "in", day=date(2018, 1, 1 + number), values=good_night(stored) if number < 2 else {})

    class Stop(Progress):
        asked: float = 0

        def set_fraction(self, fraction):
            if fraction > 0.2 and not self.asked:
                self.asked = time.perf_counter()

        def is_cancelled(self):
            return bool(self.asked)

    progress = Stop()
    with pytest.raises(Cancelled):
        run(tmp_path / "in", tmp_path / "out", progress=progress)
    assert time.perf_counter() - progress.asked < 1
    deadline = time.perf_counter() + 5
    while any(each.name.startswith("nocturne") for each in threading.enumerate()) and time.perf_counter() < deadline:
        time.sleep(0.05)
    assert not any(each.name.startswith("nocturne") for each in threading.enumerate())


def test_a_file_that_breaks_while_it_is_read_is_named(tmp_path):
    path = write_granule(tmp_path / "in", values=good_night(
        RANDOM.integers(1, 9000, (60, 60)).astype(np.uint16), ROW, COLUMN), name="broken.h5")
    array = identify(path, "broken.h5").fields(["DNB_BRDF-Corrected_NTL"])[0].array
    middle = int(array.offsets[12, 0] + array.sizes[12, 0] // 2)
    content = bytearray(Path(path).read_bytes())
    content[middle:middle + 16] = b"\xaa" * 16
    Path(path).write_bytes(content)
    with pytest.raises(InputError, match=r"FOLDER: 'broken.h5' is damaged: a chunk can't be inflated; download it"):
        run(tmp_path / "in", tmp_path / "out", extent=CITY)


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data aren't beside the checkout")
@pytest.mark.parametrize(("options", "valid", "largest"), [
    ({"quality": "all_valid", "cloud": "any", "snow": "include"}, 351_280, 254.2),
    ({"layer": "Gap_Filled_DNB_BRDF-Corrected_NTL", "quality": "all_valid", "cloud": "any", "snow": "include"},
     1_479_545, 1344.2),
    ({}, 316_695, None),
])
def test_the_real_granule(tmp_path, options, valid, largest):
    result, (radiance, coverage) = run(REAL, tmp_path / "out", **options)
    assert result.valid_cells == valid
    assert result.nights[0].valid_share == valid / 2400**2
    assert str(result.nights[0].date) == "2018-08-13"
    assert result.grid.bounds == pytest.approx((-80, 30, -70, 40), abs=1e-9)
    assert (coverage[0] == 1).sum() == valid
    assert np.nanmin(radiance) == 0
    if largest:
        assert np.nanmax(radiance) == np.float32(largest)
