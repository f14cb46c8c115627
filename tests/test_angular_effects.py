"""Angular effects of stacks in files: no data, scales, dates, blocks, memory, refusals and the wish to stop."""
from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.night_lights import angular_effects, angular_fit
from nocturne.algorithms.night_lights.angular_effects import classify_stacks
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterInput
from nocturne.algorithms.settings import Resources
from rasterio.transform import from_origin
from rasterio.windows import Window

ROOT = Path(__file__).resolve().parents[1]
NIGHTS = 36
DATES = [(date(2023, 1, 1) + timedelta(days=index)).isoformat() for index in range(NIGHTS)]
GRID = from_origin(120.0, 32.0, 1 / 240, 1 / 240)


def write_stack(path, values, dates=DATES, nodata=math.nan, crs="EPSG:4326", transform=GRID, scale=1.0, offset=0.0,
                **profile):
    values = np.asarray(values)
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype=values.dtype, crs=crs, nodata=nodata, transform=transform, **profile) as dataset:
        dataset.write(values)
        dataset.scales, dataset.offsets = (scale,) * len(values), (offset,) * len(values)
        for band, day in enumerate(dates, start=1):
            dataset.set_band_description(band, day)
    return str(path)


def values(rows=9, columns=14, nights=NIGHTS, seed=1, missing=0.1):
    """Radiance with all kinds of effects, some nights missing (NaN), and zenith: float32 (nights, rows, columns)."""
    random = np.random.default_rng(seed)
    zenith = random.uniform(1, 59, (nights, rows, columns))
    slope, curvature = random.normal(0, 0.2, (rows, columns)), random.normal(0, 0.01, (rows, columns))
    radiance = 50 + slope * (zenith - 30) + curvature * (zenith - 30) ** 2 + random.normal(0, 2, zenith.shape)
    radiance[random.random(zenith.shape) < missing] = np.nan
    return radiance.astype(np.float32), zenith.astype(np.float32)


@pytest.fixture
def classify(tmp_path):
    """Writes both stacks, runs, and returns counts, classes and statistics; stacks are (values, options) or values."""
    def call(radiance, zenith, resources=Resources(threads=2), progress=None, **chosen):  # noqa: B008
        paths = []
        for name, stack in (("radiance", radiance), ("zenith", zenith)):
            content, options = stack if isinstance(stack, tuple) else (stack, {})
            paths.append(write_stack(tmp_path / f"{name}.tif", content, **options))
        classes, statistics = tmp_path / "classes.tif", tmp_path / "statistics.tif"
        counts = classify_stacks(RasterInput("RADIANCE", paths[0]), RasterInput("ZENITH", paths[1]), str(classes),
                                 str(statistics), AngularEffectsSettings(**{"min_observations": 20, **chosen}),
                                 resources, progress or Progress())
        with rasterio.open(classes) as first, rasterio.open(statistics) as second:
            return counts, first.read(1), second.read()

    return call


def fitted(radiance, zenith, limit=60.0, **chosen):
    """The same by the numpy engine in memory: classes and statistics."""
    settings = AngularEffectsSettings(**{"min_observations": 20, **chosen})
    state = angular_fit.empty_sums(*radiance.shape[1:])
    angular_fit.add_nights(radiance, zenith, None, limit, *state)
    return angular_fit.fit_block(*state, angular_fit.Thresholds(len(radiance), settings), settings)


# What is read

@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_files_hold_the_fit_of_their_values(classify, engine, monkeypatch):
    if engine == "numpy":
        monkeypatch.setattr(angular_effects, "_engine", lambda resources, progress: angular_fit)
    radiance, zenith = values()
    counts, classes, statistics = classify(radiance, zenith)
    expected_classes, expected = fitted(radiance, zenith)
    np.testing.assert_array_equal(classes, expected_classes)
    np.testing.assert_allclose(statistics, expected, rtol=1e-6, atol=1e-7)
    assert (counts.none, counts.negative, counts.positive, counts.u_shaped, counts.no_data) == tuple(
        int(np.sum(expected_classes == value)) for value in (0, 1, 2, 3, 255))
    assert min(counts.none, counts.negative, counts.positive, counts.u_shaped) > 0


def test_a_no_data_value_is_the_same_as_not_a_number(classify):
    radiance, zenith = values()
    zenith[np.isnan(radiance)] = np.nan
    _, classes, statistics = classify(radiance, zenith)
    by_value = [(np.nan_to_num(each, nan=-999.0), {"nodata": -999.0}) for each in (radiance, zenith)]
    _, other_classes, other_statistics = classify(*by_value)
    np.testing.assert_array_equal(classes, other_classes)
    np.testing.assert_array_equal(statistics, other_statistics)


def test_integers_are_scaled(classify):
    radiance, zenith = values()
    stored_radiance = np.where(np.isnan(radiance), 65535, np.round((radiance + 100) * 100)).astype(np.uint16)
    stored_zenith = np.round(zenith * 100).astype(np.uint16)
    _, classes, statistics = classify((stored_radiance, {"nodata": 65535, "scale": 0.01, "offset": -100.0}),
                                      (stored_zenith, {"nodata": 65535, "scale": 0.01}))
    rounded = np.where(np.isnan(radiance), np.nan, stored_radiance * 0.01 - 100).astype(np.float32)
    expected_classes, expected = fitted(rounded, (stored_zenith * 0.01).astype(np.float32))
    np.testing.assert_array_equal(classes, expected_classes)
    np.testing.assert_allclose(statistics, expected, rtol=1e-3, atol=1e-5)


def test_the_zenith_bands_are_matched_by_their_dates(classify):
    radiance, zenith = values()
    _, classes, statistics = classify(radiance, zenith)
    order = np.random.default_rng(3).permutation(NIGHTS)
    _, other_classes, other_statistics = classify(radiance, (zenith[order], {"dates": [DATES[each] for each in order]}))
    np.testing.assert_array_equal(classes, other_classes)
    np.testing.assert_array_equal(statistics, other_statistics)


@pytest.mark.parametrize(("given", "limit"), [(60, 60.0), (35, 35.0), (0, math.inf)])
def test_nights_beyond_the_greatest_zenith_are_left_out_and_zero_leaves_out_none(classify, given, limit):
    radiance, zenith = values(missing=0)
    zenith *= 1.4
    _, _, statistics = classify(radiance, zenith, max_zenith=given, min_observations=5)
    np.testing.assert_array_equal(statistics[9], np.sum(zenith <= limit, axis=0))


def test_nothing_but_no_data_is_refused(classify):
    radiance, zenith = values()
    with pytest.raises(InputError, match="RADIANCE: no pixel has a night"):
        classify(np.full_like(radiance, np.nan), zenith)
    with pytest.raises(InputError, match="MAX_ZENITH"):
        classify(radiance, zenith, max_zenith=0.5)


def test_too_few_nights_everywhere_give_no_data_and_a_warning(classify):
    class Listening(Progress):
        def __init__(self):
            self.warnings = []

        def warning(self, text):
            self.warnings.append(text)

    progress = Listening()
    counts, classes, _ = classify(*values(), min_observations=NIGHTS + 1, progress=progress)
    assert counts.fitted == 0
    assert (classes == 255).all()
    assert progress.warnings == [f"No pixel has {NIGHTS + 1} valid nights: every class is 255 (no data)."]


# What is written

def test_the_class_raster_names_its_classes_and_its_no_data(classify, tmp_path):
    classify(*values())
    with rasterio.open(tmp_path / "classes.tif") as dataset:
        assert dataset.dtypes == ("uint8",)
        assert dataset.nodata == 255
        assert dataset.transform == GRID
        assert dataset.crs.to_epsg() == 4326
        colours = dataset.colormap(1)
    assert len({colours[value] for value in range(4)}) == 4
    assert "U-shaped" in (tmp_path / "classes.tif.aux.xml").read_text("utf-8")


def test_the_statistics_are_named_in_the_promised_order(classify, tmp_path):
    classify(*values())
    with rasterio.open(tmp_path / "statistics.tif") as dataset:
        assert dataset.descriptions == (
            "linear_intercept", "linear_slope", "linear_r2", "linear_p", "quadratic_intercept", "quadratic_slope",
            "quadratic_curvature", "quadratic_r2", "quadratic_p", "observations", "quadratic_curvature_p",
            "relative_change", "zenith_minimum", "zenith_maximum")
        assert set(dataset.dtypes) == {"float32"}
        assert math.isnan(dataset.nodata)


@pytest.mark.parametrize("storage", [
    {}, {"tiled": True, "blockxsize": 64, "blockysize": 64, "interleave": "band", "compress": "deflate"},
    {"tiled": True, "blockxsize": 128, "blockysize": 32, "interleave": "pixel"}], ids=["strips", "tiles", "pixels"])
def test_memory_and_threads_change_no_pixel(classify, storage):
    radiance, zenith = values(150, 210, nights=40)
    stacks = [(each, {**storage, "dates": [str(date(2023, 1, 1) + timedelta(days=day)) for day in range(40)]})
              for each in (radiance, zenith)]
    runs = [classify(*stacks, resources=Resources(max_memory=memory, threads=threads))
            for memory, threads in ((64, 1), (64, 16), (4096, 1), (4096, 2))]
    for counts, classes, statistics in runs[1:]:
        assert counts == runs[0][0]
        np.testing.assert_array_equal(classes, runs[0][1])
        np.testing.assert_array_equal(statistics, runs[0][2])


# What is refused

MOVED = from_origin(120.01, 32.0, 1 / 240, 1 / 240)
COARSE = from_origin(120.0, 32.0, 1 / 120, 1 / 120)
ROTATED = Affine.translation(120, 32) * Affine.rotation(10) * Affine.scale(1 / 240, -1 / 240)
FLIPPED = Affine(1 / 240, 0, 120, 0, 1 / 240, 30)


@pytest.mark.parametrize(("stack", "options", "sentence"), [
    ("ZENITH", {"transform": MOVED}, "ZENITH: its grid .* isn't that of RADIANCE"),
    ("ZENITH", {"transform": COARSE}, "ZENITH: its grid .* isn't that of RADIANCE"),
    ("ZENITH", {"crs": "EPSG:4490"}, "ZENITH: its grid .* isn't that of RADIANCE"),
    ("ZENITH", {"dates": ["2024-01-01", *DATES[1:]]}, "ZENITH: its dates .* first is 2023-01-01"),
    ("ZENITH", {"dates": [DATES[1], *DATES[1:]]}, "ZENITH: bands 1 and 2 have the same date 2023-01-02"),
    ("RADIANCE", {"dates": [DATES[1], *DATES[1:]]}, "RADIANCE: bands 1 and 2 have the same date 2023-01-02"),
    ("RADIANCE", {"dates": ()}, "RADIANCE: band 1 is described as ''"),
    ("RADIANCE", {"dates": [*DATES[:-1], "31 December"]}, "RADIANCE: band 36 is described as '31 December'"),
    ("RADIANCE", {"crs": None}, "RADIANCE: .* has no coordinate reference system"),
    ("ZENITH", {"transform": ROTATED}, "ZENITH: .* isn't a north-up grid"),
    ("RADIANCE", {"transform": FLIPPED}, "RADIANCE: .* isn't a north-up grid"),
], ids=lambda value: ",".join(value) if isinstance(value, dict) else None)
def test_stacks_that_do_not_fit_are_refused(classify, tmp_path, stack, options, sentence):
    radiance, zenith = values()
    given = {"RADIANCE": (radiance, {}), "ZENITH": (zenith, {})}
    given[stack] = (given[stack][0], options)
    with pytest.raises(InputError, match=sentence):
        classify(given["RADIANCE"], given["ZENITH"])
    assert not (tmp_path / "classes.tif").exists()


@pytest.mark.parametrize(("nights", "sentence"), [(1, "RADIANCE: .* has 1 band;"), (4, "RADIANCE: .* has 4 bands;")])
def test_a_raster_that_is_no_stack_is_refused(classify, nights, sentence):
    radiance, zenith = values(nights=nights)
    with pytest.raises(InputError, match=sentence):
        classify((radiance, {"dates": DATES[:nights]}), (zenith, {"dates": DATES[:nights]}))


def test_another_number_of_nights_is_refused(classify):
    radiance, zenith = values()
    with pytest.raises(InputError, match="1 differ, the first is 2023-02-05"):
        classify(radiance, (zenith[:-1], {"dates": DATES[:-1]}))


def test_a_file_that_is_no_raster_is_refused(tmp_path):
    (tmp_path / "radiance.tif").write_text("no raster", "utf-8")
    source = RasterInput("RADIANCE", str(tmp_path / "radiance.tif"))
    with pytest.raises(InputError, match=r"RADIANCE: .* can't be opened as a raster"):
        classify_stacks(source, source, str(tmp_path / "c.tif"), None, AngularEffectsSettings(), Resources(),
                        Progress())


def test_the_crs_that_qgis_knows_stands_in_for_a_missing_one(tmp_path):
    radiance, zenith = values()
    sources = [RasterInput(name, write_stack(tmp_path / f"{name}.tif", each, crs=None), "EPSG:4326")
               for name, each in (("RADIANCE", radiance), ("ZENITH", zenith))]
    classify_stacks(*sources, str(tmp_path / "c.tif"), None, AngularEffectsSettings(), Resources(), Progress())
    with rasterio.open(tmp_path / "c.tif") as dataset:
        assert dataset.crs.to_epsg() == 4326


# Stopping

def test_a_cancel_is_heard_within_a_second_while_a_block_is_being_fitted(classify, monkeypatch):
    pressed = threading.Event()

    class Slow:
        """An engine whose blocks take far longer than a second."""

        fit_block = staticmethod(angular_fit.fit_block)

        @staticmethod
        def add_nights(*arguments):
            pressed.set()
            release.wait(20)

    class Pressing(Progress):
        def is_cancelled(self):
            return pressed.is_set()

    release = threading.Event()
    monkeypatch.setattr(angular_effects, "_engine", lambda resources, progress: Slow)
    stacks = values()
    begin = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            classify(*stacks, progress=Pressing())
        assert time.monotonic() - begin < 1
    finally:
        release.set()


def test_a_cancel_between_blocks_stops_the_rest(classify):
    class AfterTwo(Progress):
        def __init__(self):
            self.reports = 0

        def set_fraction(self, fraction):
            self.reports += 1

        def is_cancelled(self):
            return self.reports >= 2

    progress = AfterTwo()
    with pytest.raises(Cancelled):
        classify(*values(300, 300), resources=Resources(max_memory=64, threads=16), progress=progress)
    assert progress.reports == 2


# Memory

MEASURE = """
import sys
sys.path.insert(0, {dev!r})
from nocturne.algorithms.night_lights.angular_effects import classify_stacks
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterInput
from nocturne.algorithms.settings import Resources

def peak():  # of this program alone: getrusage begins with what the parent had taken when it forked
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))

def run(radiance, zenith):
    classify_stacks(RasterInput("RADIANCE", radiance), RasterInput("ZENITH", zenith), "classes.tif", "statistics.tif",
                    AngularEffectsSettings(), Resources(max_memory=128, threads=2), Progress())

run("small.tif", "small.tif")  # loads and compiles what belongs to the libraries
before = peak()
run("radiance.tif", "zenith.tif")
sys.stdout.write(str(peak() - before))
"""


def write_large_stack(path, nights=400, side=512):
    """419 MB of values, of which only a quarter is on the disk: what is absent reads as no data."""
    plane = np.random.default_rng(len(path.name)).uniform(0, 60, (256, 256)).astype(np.float32)
    with rasterio.open(path, "w", driver="GTiff", width=side, height=side, count=nights, dtype="float32", nodata=-999.0,
                       crs="EPSG:32651", transform=from_origin(0, 1e6, 500, 500), tiled=True, blockxsize=256,
                       blockysize=256, interleave="band", sparse_ok=True) as dataset:
        for band in range(1, nights + 1):
            dataset.write(np.roll(plane, 7 * band), band, window=Window(0, 0, 256, 256))
            dataset.set_band_description(band, str(date(2020, 1, 1) + timedelta(days=band)))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system doesn't say how much memory was taken")
def test_memory_is_bounded_by_the_setting_and_not_by_the_stack(tmp_path):
    radiance, _ = values()
    write_stack(tmp_path / "small.tif", radiance)
    for name in ("radiance.tif", "zenith.tif"):
        write_large_stack(tmp_path / name)
    try:
        done = subprocess.run([sys.executable, "-c", MEASURE.format(dev=str(ROOT / ".dev"))], cwd=tmp_path, text=True,
                              capture_output=True, check=True, timeout=600)
    finally:
        for name in ("radiance.tif", "zenith.tif"):
            (tmp_path / name).unlink()
    assert 10 < float(done.stdout) < 128
