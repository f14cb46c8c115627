"""Dated rasters become one stack: values, missing observations, windows, and what can't be used."""
import gzip
import hashlib
import math
import tracemalloc
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nocturne.algorithms.errors import Cancelled, InputError, OutputError
from nocturne.algorithms.night_lights.raster_series import SeriesSources, write_raster_series
from nocturne.algorithms.night_lights.settings import RasterSeriesSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from scipy.io import netcdf_file

STEP = 1 / 240
EOG = Affine(STEP, 0, 120 - STEP / 2, 0, -STEP, 31 + STEP / 2)
LIGHT = np.float32([[-0.3, 0.0, 1.5], [0.0, 36.0, 7.25]])
MONTHS = ("20140101-20140131", "20140201-20140228", "20140301-20140331")


class Ears(Progress):
    def __init__(self, calls=math.inf):
        self.calls, self.warnings, self.messages, self.fractions = calls, [], [], []

    def message(self, text):
        self.messages.append(text)

    def warning(self, text):
        self.warnings.append(text)

    def set_fraction(self, fraction):
        self.fractions.append(fraction)

    def is_cancelled(self):
        self.calls -= 1
        return self.calls < 0


def put(path, values=LIGHT, *, transform=EOG, crs="EPSG:4326", dtype="float32", **profile):
    values = np.asarray(values)
    values = values[None] if values.ndim == 2 else values
    packed, path = path.suffix == ".gz", path.with_name(path.name.removesuffix(".gz"))
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype=dtype, crs=crs, transform=transform, **profile) as file:
        file.write(values.astype(dtype))
    if packed:
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return path


def monthly(folder, layer="avg_rade9h", months=MONTHS, ending=".tif", **options):
    for number, month in enumerate(months):
        values = options.get("values", LIGHT + np.float32(number))
        put(folder / f"SVDNB_npp_{month}_75N060E_vcmcfg_v10_c201506171538.{layer}{ending}", values,
            **{key: value for key, value in options.items() if key != "values"})


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "rasters"
    made.mkdir()
    return made


@pytest.fixture
def stack(tmp_path):
    """Runs and reads: the values of shape (dates, rows, columns), the descriptions, the result and what was said."""
    def run(*files, file="", coverage=(), resources=Resources(), progress=None, **options):  # noqa: B008
        output, progress = tmp_path / "series.tif", progress or Ears()
        result = write_raster_series(SeriesSources([str(each) for each in files], str(file), list(map(str, coverage))),
                                     str(output), RasterSeriesSettings(**options), resources, progress)
        with rasterio.open(output) as written:
            assert math.isnan(written.nodata)
            assert set(written.dtypes) == {"float32"}
            assert list(written.descriptions) == [day.isoformat() for day in result.dates]
            values = written.read()
            assert written.transform.almost_equals(result.grid.transform)
        return values, result, progress

    return run


def refused(call, parameter, *phrases):
    with pytest.raises(InputError) as error:
        call()
    assert error.value.parameter == parameter, str(error.value)
    for phrase in phrases:
        assert phrase in str(error.value)


# Values


def test_monthly_files_become_bands_in_the_order_of_their_dates(folder, stack):
    monthly(folder, months=MONTHS[::-1])
    values, result, _ = stack(folder)
    assert result.dates == [date(2014, 1, 1), date(2014, 2, 1), date(2014, 3, 1)]
    np.testing.assert_array_equal(values, np.stack([LIGHT + np.float32(2 - number) for number in range(3)]))


def test_negative_values_are_kept_and_counted(folder, stack):
    monthly(folder, months=MONTHS[:1])
    values, result, ears = stack(folder)
    assert values.min() == np.float32(-0.3)
    assert (result.negative_cells, result.zero_cells, result.valid_cells) == (1, 2, 6)
    assert "below zero: 1 (kept)" in ears.messages[-1]


def test_a_zero_without_an_observation_is_no_data_and_a_dark_one_is_zero(folder, stack):
    monthly(folder, values=LIGHT)
    monthly(folder, "cf_cvg", values=[[3, 0, 2], [5, 4, 0]], dtype="uint16")
    monthly(folder, "cvg", values=np.full((2, 3), 9), dtype="uint16")
    values, _, ears = stack(folder)
    expected = np.float32([[-0.3, math.nan, 1.5], [0.0, 36.0, math.nan]])
    np.testing.assert_array_equal(values, np.stack([expected] * 3))
    assert ears.warnings == []
    fewer, _, _ = stack(folder, min_coverage=4)
    assert np.isnan(fewer[0]).tolist() == [[True, True, True], [False, False, True]]
    everything, _, ears = stack(folder, min_coverage=0)
    np.testing.assert_array_equal(everything[0], LIGHT)
    assert "zeros of monthly composites" in ears.warnings[0]


def test_counts_can_be_named_and_a_cell_without_a_count_was_not_observed(folder, tmp_path, stack):
    monthly(folder, values=LIGHT, months=MONTHS[:1])
    count = tmp_path / "clear nights of 2014-01.tif"
    put(count, [[3, 0, 2], [255, 4, 1]], dtype="uint8", nodata=255)
    values, _, _ = stack(folder, coverage=[count])
    assert np.isnan(values[0]).tolist() == [[False, True, False], [True, False, False]]


def test_counts_themselves_can_be_the_series(folder, stack):
    monthly(folder)
    monthly(folder, "cf_cvg", values=[[3, 0, 2], [5, 4, 0]], dtype="uint16")
    values, _, _ = stack(folder, layer="cf_cvg")
    assert values[0].tolist() == [[3, 0, 2], [5, 4, 0]]


def test_annual_files_with_irregular_names_and_packed_ones_become_one_stack(folder, stack):
    names = ("VNL_v21_npp_201204-201212_global_vcmcfg_c202205302300.average_masked.dat.tif.gz",
             "VNL_v21_npp_2013_global_vcmslcfg_c202205302300.average_masked.dat.tif",
             "VNL_v2_npp_2021_global_vcmslcfg_c202203152300.average_masked.tif.gz")
    for number, name in enumerate(names):
        put(folder / name, LIGHT + np.float32(number))
        put(folder / name.replace("average_masked", "median"), LIGHT)
        put(folder / name.replace("average_masked", "cf_cvg"), [[3, 0, 2], [5, 4, 1]], dtype="uint16")
    values, result, _ = stack(folder, layer="average_masked")
    assert result.dates == [date(2012, 4, 1), date(2013, 1, 1), date(2021, 1, 1)]
    for number in range(3):
        expected = LIGHT + np.float32(number)
        expected[0, 1] = np.nan
        np.testing.assert_array_equal(values[number], expected)


def test_255_of_dmsp_is_no_data_and_other_bytes_are_not(folder, stack):
    put(folder / "F182013.v4c_web.stable_lights.avg_vis.tif", [[63, 0, 255]], dtype="uint8")
    values, _, _ = stack(folder)
    np.testing.assert_array_equal(values[0], np.float32([[63, 0, math.nan]]))
    put(folder / "other_2013.tif", [[63, 0, 255]], dtype="uint8")
    values, _, _ = stack(folder / "other_2013.tif")
    assert values[0].tolist() == [[63, 0, 255]]


def test_declared_and_named_no_data_scales_and_infinities(folder, stack):
    put(folder / "a_2013.tif", [[-9999, np.inf, 5, -1]], nodata=-9999)
    values, _, _ = stack(folder, nodata=-1)
    np.testing.assert_array_equal(values[0], np.float32([[math.nan, math.nan, 5, math.nan]]))


def test_the_truncated_step_of_the_distributor_is_the_same_grid(folder, stack):
    width = 4000
    put(folder / "a_2013.tif", np.ones((1, width)), transform=Affine(STEP, 0, 120, 0, -STEP, 31))
    put(folder / "b_2014.tif", np.ones((1, width)), transform=Affine(0.0041666667, 0, 120, 0, -0.0041666667, 31))
    assert len(stack(folder)[1].dates) == 2


@pytest.mark.parametrize("transform", [EOG * Affine.translation(0.5, 0.5), EOG * Affine.scale(2)])
def test_a_shift_of_half_a_cell_or_another_cell_size_is_refused(folder, stack, transform):
    put(folder / "a_2013.tif")
    put(folder / "b_2014.tif", transform=transform)
    refused(lambda: stack(folder), "FILES", "the grid of 'b_2014.tif'", "isn't that of 'a_2013.tif'", "warp")


def test_an_extent_keeps_the_cells_that_it_touches(folder, stack):
    field = np.arange(100, dtype=np.float32).reshape(10, 10)
    put(folder / "a_2013.tif", field)
    box = (120 + 1.6 * STEP, 31 - 4.4 * STEP, 120 + 3.4 * STEP, 31 - 1.6 * STEP)
    values, result, _ = stack(folder, extent=box)
    np.testing.assert_array_equal(values[0], field[2:5, 2:4])
    assert result.grid.transform.almost_equals(EOG * Affine.translation(2, 2))
    aligned = (EOG.c + 2 * STEP, EOG.f - 5 * STEP, EOG.c + 4 * STEP, EOG.f - 2 * STEP)
    np.testing.assert_array_equal(stack(folder, extent=aligned)[0][0], field[2:5, 2:4])


def test_a_window_of_a_packed_file_is_that_of_the_plain_one(folder, stack):
    field = np.random.default_rng(2).normal(5, 2, (5000, 1000)).astype(np.float32)
    put(folder / "a_2013.tif", field)
    put(folder / "b_2014.tif.gz", field)
    box = (EOG.c + 10 * STEP, EOG.f - 4900 * STEP, EOG.c + 30 * STEP, EOG.f - 4800 * STEP)
    values, _, _ = stack(folder, extent=box)
    for band in values:
        np.testing.assert_array_equal(band, field[4800:4900, 10:30])


@given(first=hnp.arrays(np.float32, (2, 7, 9), elements=st.floats(-2, 100, width=32)), split=st.integers(1, 6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_window_equals_the_window_of_the_whole(tmp_path, stack, first, split):
    folder = tmp_path / "drawn"
    folder.mkdir(exist_ok=True)
    for number, values in enumerate(first):
        put(folder / f"x_201{number}.tif", values)
    whole, _, _ = stack(folder)
    np.testing.assert_array_equal(whole, first)
    box = (EOG.c + split * STEP, EOG.f - 7 * STEP, EOG.c + 9 * STEP, EOG.f - split * STEP)
    np.testing.assert_array_equal(stack(folder, extent=box)[0], first[:, split:, split:])


def test_blocks_and_runs_give_the_same_bytes(folder, tmp_path, stack):
    put(folder / "a_2013.tif", np.random.default_rng(1).normal(5, 3, (700, 2600)), tiled=True)
    digests = set()
    for memory in (64, 64, 4096):
        stack(folder, resources=Resources(max_memory=memory))
        digests.add(hashlib.sha256((tmp_path / "series.tif").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_memory_stays_bounded(folder, stack):
    put(folder / "a_2013.tif", np.ones((3000, 3000), np.float32), tiled=True)
    output = folder / "out.tif"
    tracemalloc.start()
    write_raster_series(SeriesSources([str(folder / "a_2013.tif")]), str(output), RasterSeriesSettings(),
                        Resources(max_memory=64), Progress())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 2**20  # the whole band would be 36 MB, its copies as much again


# Dates


def test_repeated_dates_are_named_or_chosen(folder, stack):
    put(folder / "F142000.v4b_web.avg_vis.tif", LIGHT)
    put(folder / "F152000.v4b_web.avg_vis.tif", LIGHT + 1)
    refused(lambda: stack(folder), "FILES", "'F142000.v4b_web.avg_vis.tif' and 'F152000.v4b_web.avg_vis.tif' have the "
            "same date 2000-01-01", "DUPLICATES")
    np.testing.assert_array_equal(stack(folder, duplicates="first")[0][0], LIGHT)
    values, _, ears = stack(folder, duplicates="last")
    np.testing.assert_array_equal(values[0], LIGHT + 1)
    assert "the last one is taken" in ears.warnings[0]


def test_names_with_several_dates_need_a_pattern(folder, stack):
    for year in (2013, 2016):
        put(folder / f"NTL_VIIRS_2013_2022_{year}.tif")
    refused(lambda: stack(folder), "FILES", "holds more than one date (2013-01-01, 2022-01-01)", "DATES")
    assert stack(folder, dates="*_YYYY.tif")[1].dates == [date(2013, 1, 1), date(2016, 1, 1)]


def test_given_dates_follow_the_order_of_the_files(folder, stack):
    for name, value in (("a", 1), ("b", 2)):
        put(folder / f"{name}.tif", np.full((1, 1), value))
    values, result, _ = stack(folder / "b.tif", folder / "a.tif", dates="2020-05, 2020-04")
    assert result.dates == [date(2020, 4, 1), date(2020, 5, 1)]
    assert values.ravel().tolist() == [1, 2]


def test_a_period_dates_by_its_first_day(folder, stack):
    for day in ("2013-01-15", "2013-02-14"):
        put(folder / f"x_{day}.tif")
    _, result, ears = stack(folder)
    assert result.dates[0] == date(2013, 1, 15)
    assert "PERIOD month" in ears.warnings[-1]
    assert stack(folder, period="month")[1].dates == [date(2013, 1, 1), date(2013, 2, 1)]
    assert stack(folder, period="year", duplicates="first")[1].dates == [date(2013, 1, 1)]


def test_months_and_years_are_not_mixed(folder, stack):
    put(folder / "x_2013.tif")
    put(folder / "x_2014-01.tif")
    refused(lambda: stack(folder), "FILES", "dated by the year", "dated by the month", "PERIOD")
    assert len(stack(folder, period="month")[1].dates) == 2


# netCDF


def netcdf(path, values, times, units="days since 1900-01-01 00:00:00", *, south_up=False, calendar=None,
           names=("radiance",), **attributes):
    """A classic netCDF file with cell centres as coordinates; values of shape (times, rows, columns), north up."""
    rows, columns = values.shape[1:]
    with netcdf_file(path, "w") as file:
        for name, size in (("time", len(times)), ("lat", rows), ("lon", columns)):
            file.createDimension(name, size)
        time = file.createVariable("time", "d", ("time",))
        time[:], time.units = times, units
        if calendar:
            time.calendar = calendar
        latitudes = 31 - STEP * np.arange(rows)
        for name, centres, unit in (("lat", latitudes[::-1] if south_up else latitudes, "degrees_north"),
                                    ("lon", 120 + STEP * np.arange(columns), "degrees_east")):
            axis = file.createVariable(name, "d", (name,))
            axis[:], axis.units = centres, unit
        for name in names:
            variable = file.createVariable(name, "f", ("time", "lat", "lon"))
            variable[:] = values[:, ::-1] if south_up else values
            for key, value in attributes.items():
                setattr(variable, key, value)
    return path


CUBE = np.float32([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, -0.5]]])


@pytest.mark.parametrize("south_up", [False, True])
def test_netcdf_rows_are_north_up_and_coordinates_are_centres(tmp_path, stack, south_up):
    file = netcdf(tmp_path / "cube.nc", CUBE, [40998, 41028], south_up=south_up)
    values, result, _ = stack(file=file, crs="EPSG:4326")
    np.testing.assert_array_equal(values, CUBE)
    assert result.dates == [date(2012, 4, 1), date(2012, 5, 1)]
    assert result.grid.transform.almost_equals(EOG)


@pytest.mark.parametrize(("units", "times", "second"), [
    ("hours since 2012-01-01", [0, 24 * 31], date(2012, 2, 1)),
    ("seconds since 2012-01-01T00:00:00Z", [0, 86400 * 2 - 0.001], date(2012, 1, 3)),
    ("minutes since 2012-1-1 0:00", [0, 1440], date(2012, 1, 2)),
    ("Days since 2012-01-01 12:00:00.0", [0, 0.6], date(2012, 1, 2)),
    ("months since 2011-12-01", [0, 13], date(2013, 1, 1)),
    ("years since 2011-01-01", [0, 2], date(2013, 1, 1)),
])
def test_times_are_decoded(tmp_path, stack, units, times, second):
    file = netcdf(tmp_path / "cube.nc", CUBE, times, units)
    assert stack(file=file, crs="EPSG:4326")[1].dates[1] == second


def test_fill_values_scales_and_variables(tmp_path, stack):
    file = netcdf(tmp_path / "cube.nc", CUBE, [0, 31], "days since 2012-01-01", names=("light", "other"),
                  _FillValue=np.float32(5), scale_factor=2.0, add_offset=1.0)
    refused(lambda: stack(file=file, crs="EPSG:4326"), "LAYER", "has the variables light, other")
    refused(lambda: stack(file=file, layer="x"), "LAYER", "has no variable 'x'; choose one of", "light")
    values, _, _ = stack(file=file, crs="EPSG:4326", layer="other")
    expected = CUBE * 2 + 1
    expected[0, 1, 1] = np.nan
    np.testing.assert_array_equal(values, expected)


def test_steps_of_the_same_date_are_named_chosen_or_dated_again(tmp_path, stack):
    file = netcdf(tmp_path / "cube.nc", CUBE, [0, 0], "days since 2012-11-01")
    counts = netcdf(tmp_path / "counts.nc", np.float32([[[1, 1, 1], [1, 1, 1]], [[1, 0, 1], [1, 1, 1]]]), [0, 0],
                    "days since 2012-11-01")
    refused(lambda: stack(file=file, crs="EPSG:4326"), "FILE", "step 1 of 'cube.nc' and step 2 of 'cube.nc' have the "
            "same date 2012-11-01", "DUPLICATES first or last")
    values, _, _ = stack(file=file, coverage=[counts], crs="EPSG:4326", duplicates="last")
    assert np.isnan(values[0]).sum() == 1  # each step has its own counts
    _, result, _ = stack(file=file, coverage=[counts], crs="EPSG:4326", dates="2=2012-12-01")
    assert result.dates == [date(2012, 11, 1), date(2012, 12, 1)]


@pytest.mark.parametrize(("options", "given", "parameter", "phrase"), [
    ({}, {}, "CRS", "step 1 of 'cube.nc' has no coordinate reference system; name it, EPSG:4326"),
    ({}, {"crs": "nowhere"}, "CRS", "isn't a coordinate reference system"),
    ({}, {"dates": "x_YYYY"}, "DATES", "a pattern can't date the steps"),
    ({}, {"dates": "2012"}, "DATES", "it has 1 dates for 2 rasters"),
    ({"units": "days"}, {}, "FILE", "has the unit 'days'; give the date of every step in DATES"),
    ({"units": "fortnights since 2012-01-01"}, {}, "FILE", "can't be decoded"),
    ({"units": "months since 2012-01-01", "times": [0, 0.5]}, {}, "FILE", "can't be decoded"),
    ({"calendar": "noleap"}, {}, "FILE", "has the calendar 'noleap'"),
    ({"times": [0, 1e12]}, {}, "FILE", "can't be decoded"),
])
def test_a_netcdf_file_that_lacks_something_is_refused(tmp_path, stack, options, given, parameter, phrase):
    options = {"times": [0, 31], "units": "days since 2012-01-01", **options}
    file = netcdf(tmp_path / "cube.nc", CUBE, **options)
    refused(lambda: stack(file=file, **given), parameter, phrase)


def test_a_file_that_is_no_netcdf_is_refused(tmp_path, stack):
    text = tmp_path / "cube.nc"
    text.write_text("no netCDF", "utf-8")
    refused(lambda: stack(file=text), "FILE", "cube.nc")
    refused(lambda: stack(file=tmp_path / "missing.nc"), "FILE", "there is no file")


# What can't be used


def test_one_kind_of_source_is_needed(folder, stack):
    put(folder / "a_2013.tif")
    refused(stack, "FILES", "neither FILES nor FILE was given")
    refused(lambda: stack(folder, file="x.nc"), "FILES", "FILE was given too")


def nothing(folder):
    pass


def no_raster(folder):
    (folder / "composites.tgz").write_bytes(b"packed")


def no_date(folder):
    put(folder / "radiance.tif")


def only_counts(folder):
    monthly(folder, "cf_cvg", dtype="uint16", values=[[1]])


def two_layers(folder):
    for layer in ("average", "median"):
        put(folder / f"VNL_v21_npp_2013_global_vcmslcfg_c202205302300.{layer}.dat.tif")


def a_missing_count(folder):
    monthly(folder)
    monthly(folder, "cf_cvg", MONTHS[1:], dtype="uint16", values=[[1, 1, 1], [1, 1, 1]])


def several_bands(folder):
    put(folder / "a_2013.tif", np.zeros((3, 2, 2)))


def without_crs(folder):
    put(folder / "a_2013.tif", crs=None)


def unreadable(folder):
    (folder / "a_2013.tif").write_text("no raster", "utf-8")


def south_up(folder):
    put(folder / "a_2013.tif", transform=Affine(STEP, 0, 120, 0, STEP, 30))


def all_no_data(folder):
    put(folder / "a_2013.tif", np.full((2, 2), np.nan))


@pytest.mark.parametrize(("fill", "options", "parameter", "phrase"), [
    (nothing, {}, "FILES", "holds no .tif or .tif.gz file"),
    (no_raster, {}, "FILES", "unpack .tgz files first"),
    (no_date, {}, "FILES", "the name 'radiance.tif' holds no date; say in DATES"),
    (only_counts, {}, "FILES", "it holds only cf_cvg"),
    (two_layers, {}, "LAYER", "FILES holds files of average, median; name the one"),
    (two_layers, {"layer": "maximum"}, "LAYER", "no name in FILES ends in 'maximum'; choose one of average, median"),
    (a_missing_count, {}, "COVERAGE_FILES", "20140101-20140131"),
    (several_bands, {}, "FILES", "'a_2013.tif' has 3 bands; give one raster per date"),
    (without_crs, {}, "CRS", "'a_2013.tif' has no coordinate reference system"),
    (unreadable, {}, "FILES", "can't be opened as a raster file"),
    (south_up, {}, "FILES", "isn't a north-up grid"),
    (all_no_data, {}, "FILES", "no cell of 1 dates has a value here"),
    (two_layers, {"layer": "median", "crs": "EPSG:32651"}, "CRS", "is in EPSG:4326, and another one was given"),
    (two_layers, {"layer": "median", "extent": (0, 0, 1, 1)}, "EXTENT", "it lies outside the rasters"),
    (two_layers, {"layer": "median", "dates": "2013, 2014"}, "DATES", "it has 2 dates for 1 rasters"),
], ids=lambda value: value.__name__ if callable(value) else "")
def test_a_folder_that_cannot_be_used_is_refused(folder, stack, fill, options, parameter, phrase):
    fill(folder)
    refused(lambda: stack(folder, **options), parameter, phrase)


def test_files_that_are_not_there_or_of_another_kind_are_refused(folder, stack):
    refused(lambda: stack(folder / "a_2013.tif"), "FILES", "there is no file or folder")
    (folder / "a_2013.nc").write_bytes(b"CDF")
    refused(lambda: stack(folder / "a_2013.nc"), "FILES", "'a_2013.nc' isn't a GeoTIFF; name it as FILE")


def test_counts_of_other_dates_grids_or_repeated_ones_are_refused(folder, tmp_path, stack):
    monthly(folder, months=MONTHS[:2])
    counts = tmp_path / "counts"
    counts.mkdir()
    put(counts / "n_2014-01.tif")
    refused(lambda: stack(folder, coverage=[counts]), "COVERAGE_FILES", "none has the date 2014-02-01")
    put(counts / "n_2014-02.tif", transform=EOG * Affine.translation(1, 0))
    refused(lambda: stack(folder, coverage=[counts]), "COVERAGE_FILES", "the grid of 'n_2014-02.tif'")
    put(counts / "again_2014-02.tif")
    refused(lambda: stack(folder, coverage=[counts]), "COVERAGE_FILES", "have the same date 2014-02-01")


def test_an_output_that_cannot_be_written_is_refused(folder, tmp_path):
    put(folder / "a_2013.tif")
    with pytest.raises(OutputError, match=r"^SERIES: "):
        write_raster_series(SeriesSources([str(folder)]), str(tmp_path / "none" / "x.tif"), RasterSeriesSettings(),
                            Resources(), Progress())


@pytest.mark.parametrize("calls", [0, 2, 5])
def test_a_run_can_be_stopped_at_any_time(folder, stack, calls):
    monthly(folder, months=MONTHS)
    monthly(folder, "cf_cvg", values=np.ones((2, 3)), dtype="uint16")
    with pytest.raises(Cancelled):
        stack(folder, progress=Ears(calls))


def test_progress_grows_to_the_end(folder, stack):
    monthly(folder)
    _, _, ears = stack(folder)
    assert ears.fractions == sorted(ears.fractions)
    assert ears.fractions[-1] == 1.0
