"""Bad input through the real qgis_process: exit code 1, one sentence, and what stood under an output's name stays."""
from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from affine import Affine
from nocturne.tests.black_marble_files import good_night, write_granule

EARLIER = b"what an earlier run wrote"
SENTENCE = re.compile(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.")
DEGREES = Affine(1 / 240, 0, 120.0, 0, -1 / 240, 31.0)
METRES = Affine(500.0, 0, 300_000.0, 0, -500.0, 3_500_000.0)
SMALL = 12
NIGHTS = 40


@pytest.fixture
def out(tmp_path):
    """A folder in which one output of an earlier run stands under each of the names that the tests use."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("earlier.tif", "earlier.gpkg"):
        (folder / name).write_bytes(EARLIER)
    return folder


def assert_refused(run, out, parameter, *phrases):
    """One sentence that begins with the parameter; in the folder of the outputs nothing was added, changed or lost."""
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    sentence = SENTENCE.fullmatch(run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    for phrase in phrases:
        assert phrase in run.error
    assert_untouched(out)


def assert_untouched(out):
    assert {path.name: path.read_bytes() for path in out.rglob("*")} == {
        "earlier.tif": EARLIER, "earlier.gpkg": EARLIER}


def write_stack(path, values=None, *, nights=NIGHTS, first=date(2021, 1, 1), crs="EPSG:32651", transform=METRES):
    """A stack as readblackmarble writes it; without values a small one that the algorithms accept."""
    if values is None:
        values = np.random.default_rng(1).uniform(5, 50, (nights, SMALL, SMALL))
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype="float32", nodata=np.nan, crs=crs, transform=transform) as file:
        file.write(values.astype("float32"))
        for band in range(len(values)):
            file.set_band_description(band + 1, (first + timedelta(band)).isoformat())
    return path


def lit():
    return good_night(np.full((5, 5), 100, "u2"))


def angles():
    return {"Sensor_Zenith": 3000}


# Folders of Black Marble files


def only_a_missing_folder(folder):
    shutil.rmtree(folder)


def no_usable_file(folder):
    (folder / "readme.txt").write_text("no granule", "utf-8")


def a_text_file_named_h5(folder):
    (folder / "notes.h5").write_text("no granule\n" * 100, "utf-8")


def a_truncated_file(folder):
    path = Path(write_granule(folder, values=lit()))
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def another_product(folder):
    write_granule(folder, values=lit(), short_name="VNP21A1D")


def another_hdf5_layout(folder):
    with h5py.File(folder / "MOD11A1.h5", "w") as file:
        file["LST_Day_1km"] = np.zeros((10, 10))


def only_a1(folder):
    write_granule(folder, "VNP46A1", values=angles())


def a1_of_another_night(folder):
    write_granule(folder, values=lit())
    write_granule(folder, "VNP46A1", day=date(2018, 8, 14), values=angles())


def two_collections(folder):
    write_granule(folder, values=lit())
    write_granule(folder, collection=2)


def two_platforms(folder):
    write_granule(folder, values=lit())
    write_granule(folder, "VJ146A2", values=lit())


def tiles_apart(folder):
    for column in (10, 12):
        write_granule(folder, tile=(column, 5), values=lit())


def only_fill(folder):
    write_granule(folder)


def another_period(folder):
    write_granule(folder, "VNP46A4", day=date(2018, 1, 1))


FOLDERS = [
    (only_a_missing_folder, "FOLDER", "there is no folder"),
    (no_usable_file, "FOLDER", "hold no .h5 file"),
    (a_text_file_named_h5, "FOLDER", "of 'notes.h5' it isn't an HDF5 file"),
    (a_truncated_file, "FOLDER", "it is truncated"),
    (another_product, "FOLDER", "it is a VNP21A1D file"),
    (another_hdf5_layout, "FOLDER", "of 'MOD11A1.h5' it isn't a VNP46, VJ146 or VJ246 file"),
    (only_a1, "FOLDER", "it holds only A1 files"),
    (a1_of_another_night, "FOLDER", "none of its A1 files has the tile and date of an A2 file"),
    (two_collections, "FOLDER", "it mixes collection 001"),
    (two_platforms, "PLATFORM", "FOLDER mixes NOAA-20 and Suomi NPP"),
    (tiles_apart, "FOLDER", "the tiles h10v05 and h12v05 don't touch"),
    (only_fill, "QUALITY", "none of 1 dates has a valid cell"),
    (another_period, "PRODUCT", "FOLDER holds no daily file, but VNP46A4"),
]


@pytest.mark.parametrize(("fill", "parameter", "phrase"), FOLDERS, ids=[fill.__name__ for fill, *_ in FOLDERS])
def test_a_folder_that_cannot_be_read_is_refused(qgis_process, tmp_path, out, fill, parameter, phrase):
    folder = tmp_path / "granules"
    folder.mkdir()
    fill(folder)
    run = qgis_process("nocturne:readblackmarble", FOLDER=folder, RADIANCE=out / "earlier.tif",
                       ZENITH=out / "zenith.tif", COVERAGE=out / "coverage.tif", NIGHTS=out / "nights.gpkg")
    assert_refused(run, out, parameter, phrase)


@pytest.fixture(scope="session")
def one_night(tmp_path_factory):
    """A folder with one good daily file."""
    folder = tmp_path_factory.mktemp("night")
    write_granule(folder, values=lit())
    return folder


CHOICES = [
    ({"EXTENT": "0,1,0,1 [EPSG:4326]"}, "EXTENT", "it touches none of the tiles h10v05"),
    ({"EXTENT": "the city"}, "EXTENT", "'the city' isn't an extent"),
    ({"TARGET_CRS": "EPSG:32617", "CELL_SIZE": "0.004"}, "CELL_SIZE", "0.004 was given; give a number of at least 1"),
    ({"TARGET_CRS": "EPSG:4326", "CELL_SIZE": "500"}, "CELL_SIZE", "TARGET_CRS in degrees"),
    ({"TARGET_CRS": "EPSG:9999999"}, "TARGET_CRS", "isn't a coordinate reference system"),
    ({"QUALITY": "best"}, "QUALITY", "choose one of high, high_and_ephemeral, all_valid"),
    ({"START": "2018-13-45"}, "START", "give it as YYYY-MM-DD"),
    ({"START": "2018-08-14"}, "START", "no daily file lies between START and END"),
    ({"LAYER": "Moonlight"}, "LAYER", "no file has a data set 'Moonlight'"),
    ({"MAX_MEMORY": "much"}, "MAX_MEMORY", "'much' was given; give a number"),
]


@pytest.mark.parametrize(("options", "parameter", "phrase"), CHOICES, ids=[str(options) for options, *_ in CHOICES])
def test_a_choice_that_cannot_be_met_is_refused(qgis_process, one_night, out, options, parameter, phrase):
    run = qgis_process("nocturne:readblackmarble", FOLDER=one_night, RADIANCE=out / "earlier.tif",
                       NIGHTS=out / "nights.gpkg", COVERAGE=out / "coverage.tif", **options)
    assert_refused(run, out, parameter, phrase)


# Stacks


def test_radiance_and_zenith_with_other_grids_are_refused(qgis_process, tmp_path, out):
    radiance = write_stack(tmp_path / "radiance.tif")
    zenith = write_stack(tmp_path / "zenith.tif", transform=METRES * Affine.translation(1, 0))
    run = effects(qgis_process, out, radiance, zenith)
    assert_refused(run, out, "ZENITH", "isn't that of RADIANCE")


def test_radiance_and_zenith_with_other_dates_are_refused(qgis_process, tmp_path, out):
    radiance = write_stack(tmp_path / "radiance.tif")
    zenith = write_stack(tmp_path / "zenith.tif", first=date(2021, 1, 2))
    run = effects(qgis_process, out, radiance, zenith)
    assert_refused(run, out, "ZENITH", "its dates aren't those of RADIANCE (2 differ, the first is 2021-01-01)")


def test_a_stack_with_one_band_is_refused(qgis_process, tmp_path, out):
    stack = write_stack(tmp_path / "radiance.tif", nights=1)
    assert_refused(effects(qgis_process, out, stack, stack), out, "RADIANCE", "has 1 band", "one band per night")


def test_a_stack_without_any_value_is_refused(qgis_process, tmp_path, out):
    radiance = write_stack(tmp_path / "radiance.tif", np.full((NIGHTS, SMALL, SMALL), np.nan))
    run = effects(qgis_process, out, radiance, write_stack(tmp_path / "zenith.tif"))
    assert_refused(run, out, "RADIANCE", "no pixel has a night with radiance")


def test_a_stack_without_crs_is_refused(qgis_process, tmp_path, out):
    stack = write_stack(tmp_path / "radiance.tif", crs=None)
    run = effects(qgis_process, out, stack, write_stack(tmp_path / "zenith.tif"))
    assert_refused(run, out, "RADIANCE", "has no coordinate reference system")


def effects(qgis_process, out, radiance, zenith, **options):
    return qgis_process("nocturne:angulareffects", RADIANCE=radiance, ZENITH=zenith, CLASSES=out / "earlier.tif",
                        STATISTICS=out / "statistics.tif", **options)


# Rasters for urban centres


@pytest.fixture(scope="session")
def town(tmp_path_factory):
    """One peak of 90 nW/cm2/sr on a dark plain, in metres."""
    rows, columns = np.mgrid[:40, :40]
    light = 90 * np.exp(-((rows - 20) ** 2 + (columns - 20) ** 2) / 60)
    return write_stack(tmp_path_factory.mktemp("town") / "town.tif", light[np.newaxis])


def centres(qgis_process, out, radiance, **options):
    return qgis_process("nocturne:urbancentres", RADIANCE=radiance, CENTRES=out / "earlier.gpkg",
                        TREE=out / "tree.gpkg", **options)


SETTINGS = [
    ({"INTERVAL": "-2"}, "INTERVAL", "-2 was given; give a number above 0"),
    ({"THRESHOLD": "500"}, "THRESHOLD", "the maximum of the smoothed raster is"),
    ({"THRESHOLD": "bright"}, "THRESHOLD", "'bright' is not a number"),
    ({"SMOOTHING": "4"}, "SMOOTHING", "give an odd whole number"),
    ({"CELL_SIZE": "0.0045"}, "CELL_SIZE", "0.0045 was given; give a number from 1 to 100000"),
    ({"TARGET_CRS": "EPSG:4326"}, "TARGET_CRS", "has degrees where a unit of length is needed"),
    ({"BAND": "2"}, "BAND", "band 2 was asked for"),
]


@pytest.mark.parametrize(("options", "parameter", "phrase"), SETTINGS, ids=[str(options) for options, *_ in SETTINGS])
def test_settings_that_the_raster_cannot_meet_are_refused(qgis_process, town, out, options, parameter, phrase):
    assert_refused(centres(qgis_process, out, town, **options), out, parameter, phrase)


def test_a_raster_without_any_value_is_refused(qgis_process, tmp_path, out):
    raster = write_stack(tmp_path / "empty.tif", np.full((1, SMALL, SMALL), np.nan))
    assert_refused(centres(qgis_process, out, raster), out, "RADIANCE", "has no data here")


def test_a_raster_without_crs_is_refused(qgis_process, tmp_path, out):
    raster = write_stack(tmp_path / "nowhere.tif", nights=1, crs=None)
    assert_refused(centres(qgis_process, out, raster), out, "RADIANCE", "has no coordinate reference system")


def test_a_raster_that_does_not_exist_is_refused(qgis_process, tmp_path, out):
    assert_refused(centres(qgis_process, out, tmp_path / "missing.tif"), out, "RADIANCE", "missing.tif",
                   "choose a raster file that exists")


def test_a_web_map_is_refused(qgis_process, tmp_path, out):
    tiles = f"wms://type=xyz&url=file://{tmp_path}/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmin=0&zmax=3"
    assert_refused(centres(qgis_process, out, tiles), out, "RADIANCE", "a layer of the kind 'wms'",
                   "save it as a GeoTIFF first")


def test_a_raster_that_only_qgis_can_open_is_refused(qgis_process, tmp_path, out):
    from osgeo import gdal

    driver = gdal.GetDriverByName("FITS")
    if driver is None:
        pytest.skip("this GDAL has no FITS driver, the format that rasterio's own GDAL lacks")
    path = tmp_path / "sky.fits"
    raster = driver.Create(str(path), SMALL, SMALL, 1, gdal.GDT_Float32)
    raster.GetRasterBand(1).WriteArray(np.full((SMALL, SMALL), 50, "float32"))
    del raster
    assert_refused(centres(qgis_process, out, path), out, "RADIANCE", "can't be opened as a raster file",
                   "save the layer as a GeoTIFF first")


def test_a_boundary_elsewhere_is_refused(qgis_process, town, tmp_path, out):
    boundary = tmp_path / "boundary.geojson"
    boundary.write_text('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}', "utf-8")
    assert_refused(centres(qgis_process, out, town, BOUNDARY=boundary), out, "BOUNDARY", "lie outside the raster")


# Outputs


def test_a_raster_output_below_a_file_is_refused(qgis_process, one_night, out):
    run = qgis_process("nocturne:readblackmarble", FOLDER=one_night, RADIANCE=out / "earlier.tif" / "radiance.tif",
                       COVERAGE=out / "coverage.tif")
    assert_refused(run, out, "RADIANCE", "Not a directory", "choose a folder")


def test_a_vector_output_below_a_file_is_refused(qgis_process, town, out):
    run = qgis_process("nocturne:urbancentres", RADIANCE=town, CENTRES=out / "earlier.gpkg" / "centres.gpkg",
                       TREE=out / "tree.gpkg")
    assert_refused(run, out, "CENTRES", "Not a directory", "choose a folder")


def test_folders_that_were_made_for_an_output_go_with_it(qgis_process, town, out):
    run = qgis_process("nocturne:urbancentres", RADIANCE=town, CENTRES=out / "new" / "deep" / "centres.gpkg",
                       TREE=out / "earlier.gpkg" / "tree.gpkg")
    assert_refused(run, out, "TREE", "Not a directory")


def test_an_output_that_is_a_folder_is_refused(qgis_process, town, tmp_path, out):
    taken = tmp_path / "taken.gpkg"
    taken.mkdir()
    run = qgis_process("nocturne:urbancentres", RADIANCE=town, CENTRES=taken, TREE=out / "earlier.gpkg")
    assert_refused(run, out, "CENTRES", "is a folder")
    assert list(taken.iterdir()) == []


# The limit stands for a full disk: the write fails with the system's own error. What QGIS itself writes is smaller.
FULL_DISK = "ulimit -f 1024"  # KiB per file


@pytest.fixture(scope="session")
def speckle(tmp_path_factory):
    """Noise with thousands of small centres."""
    light = np.random.default_rng(2).uniform(0, 100, (1, 240, 240))
    return write_stack(tmp_path_factory.mktemp("speckle") / "speckle.tif", light)


def test_a_raster_output_on_a_full_disk_is_refused(qgis_process, tmp_path, out):
    noise = np.random.default_rng(3).uniform(5, 50, (5, 240, 240))
    stacks = [write_stack(tmp_path / name, noise) for name in ("radiance.tif", "zenith.tif")]
    run = effects(qgis_process, out, *stacks, MIN_OBSERVATIONS=5, shell_prefix=FULL_DISK)
    assert_refused(run, out, "STATISTICS", "could not be written (File too large)", "has room")


@pytest.mark.parametrize("parameter", ["CENTRES", "TREE"])
def test_a_geopackage_output_on_a_full_disk_is_refused(qgis_process, speckle, out, parameter):
    # SQLite keeps what fits into its cache, so one output fails only when it is closed.
    outputs = {"CENTRES": out / "earlier.gpkg"} if parameter == "CENTRES" else {
        "CENTRES": out / "centres.gpkg", "TREE": out / "earlier.gpkg"}
    run = qgis_process("nocturne:urbancentres", RADIANCE=speckle, SMOOTHING="1", MIN_AREA="0", THRESHOLD="50",
                       INTERVAL="20", shell_prefix=FULL_DISK, **outputs)
    assert_refused(run, out, parameter, "could be written" if parameter == "CENTRES" else "could not be written",
                   "has room")
