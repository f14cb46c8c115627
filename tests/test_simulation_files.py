"""The files of the demonstration: HDF-EOS5 structure, values in both collections, truth, and the folder's safety."""
import hashlib
import json
import os
import re
import sys
from datetime import date
from pathlib import Path

import h5py
import numpy as np
import pyfive
import pytest
import rasterio
import rasterio.features
from nocturne.algorithms.errors import Cancelled, InputError, OutputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.black_marble_fields import Field, at_sensor_fields, corrected_fields
from nocturne.algorithms.simulation.black_marble_writer import Granule, deflate_window, write_granule
from nocturne.algorithms.simulation.demo import create_demo
from nocturne.algorithms.simulation.settings import DemoSettings
from nocturne.algorithms.simulation.window import SMALL, TileWindow
from shapely.geometry import shape

REAL_GRANULES = Path(__file__).resolve().parents[2] / "shared" / "data" / "blackmarble-vnp46a2"
SETTINGS = DemoSettings(nights=48)
NAME = re.compile(r"^VNP46A([124])\.A2021(\d{3})\.h29v05\.(00[12])\.(\d{13})\.h5$")
ROWS = slice(SMALL.row, SMALL.row + SMALL.rows)
COLUMNS = slice(SMALL.column, SMALL.column + SMALL.columns)
CORRECTED = "DNB_BRDF-Corrected_NTL"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return create_demo(str(folder), SETTINGS, Progress(), Resources(threads=2)), folder / "city"


def granules(city, folder, product):
    return sorted((city / folder).glob(f"{product}.*.h5"))


def grid_of(file):
    (grid,) = file["HDFEOS/GRIDS"].values()
    return grid


def physical(path, name):
    """Values of the window with NaN for fill, decoded here by the file's own attributes."""
    with h5py.File(path) as file:
        data = grid_of(file)["Data Fields"][name]
        stored = data[ROWS, COLUMNS]
        offset = data.attrs.get("offset", data.attrs.get("add_offset"))
        values = stored * float(data.attrs["scale_factor"][0]) + float(offset[0])
        return np.where(stored == data.attrs["_FillValue"][0], np.nan, values)


def tree_hash(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_summary_and_names(demo):
    summary, city = demo
    assert summary.nights == 48
    assert (summary.first_night, summary.last_night) == (date(2021, 11, 13), date(2021, 12, 30))
    files = [path for path in city.rglob("*") if path.is_file()]
    assert summary.files == len(files)
    assert summary.size_bytes == sum(path.stat().st_size for path in files) < 75e6
    assert sum(summary.class_shares.values()) == pytest.approx(1)
    found = {(folder, NAME.match(path.name)[1], NAME.match(path.name)[3]): 0
             for folder in ("daily", "daily_collection2", "annual", "annual_collection2")
             for path in (city / folder).iterdir()}
    for folder in ("daily", "daily_collection2", "annual", "annual_collection2"):
        for path in (city / folder).iterdir():
            found[folder, NAME.match(path.name)[1], NAME.match(path.name)[3]] += 1
    assert found == {("daily", "1", "001"): 48, ("daily", "2", "001"): 48, ("daily_collection2", "1", "002"): 36,
                     ("daily_collection2", "2", "002"): 36, ("annual", "4", "001"): 1,
                     ("annual_collection2", "4", "002"): 1}


@pytest.mark.parametrize(("folder", "product", "grid", "count"), [
    ("daily", "VNP46A1", "VNP_Grid_DNB", 26), ("daily", "VNP46A2", "VNP_Grid_DNB", 7),
    ("daily_collection2", "VNP46A1", "VIIRS_Grid_DNB_2d", 28), ("daily_collection2", "VNP46A2", "VIIRS_Grid_DNB_2d", 9),
    ("annual", "VNP46A4", "VIIRS_Grid_DNB_2d", 28), ("annual_collection2", "VNP46A4", "VIIRS_Grid_DNB_2d", 28)])
def test_structure(demo, folder, product, grid, count):
    path = granules(demo[1], folder, product)[0]
    with h5py.File(path) as file:
        assert list(file["HDFEOS/GRIDS"]) == [grid]
        data = file[f"HDFEOS/GRIDS/{grid}/Data Fields"]
        assert len(data) == count
        for name, dataset in data.items():
            assert dataset.compression == "gzip"
            if dataset.ndim == 1:
                continue
            assert dataset.shape == (2400, 2400), name
            assert dataset.chunks == (100, 2400)
            assert not dataset.shuffle
            assert dataset.id.get_num_chunks() == 24
            assert dataset.attrs["_FillValue"].dtype == dataset.dtype
            outside = dataset[[0, 2000, 2111, 2280, 2299], :][:, [0, 1271, 1450, 2399]]
            assert (outside == dataset.attrs["_FillValue"][0]).all(), "fill outside the window"
            assert (dataset[2150, 1262:1272] == dataset.attrs["_FillValue"][0]).all()
        text = file["HDFEOS INFORMATION/StructMetadata.0"]
        assert text.shape == ()
        assert text.dtype == "S32000"
        structure = text[()].decode()
        assert f'GridName="{grid}"' in structure
        assert "UpperLeftPointMtrs=(110000000.000000,40000000.000000)" in structure
        assert "LowerRightMtrs=(120000000.000000,30000000.000000)" in structure
        assert set(re.findall(r'DataFieldName="(.*)"', structure)) == set(data) - {"lat", "lon"}
        assert file.attrs["HorizontalTileNumber"] == b"29"
        assert file.attrs["VerticalTileNumber"] == b"05"
        assert file.attrs["ShortName"].decode() == product
        assert file.attrs["LocalGranuleID"].decode() == path.name
        assert b"Simulated" in file.attrs["LongName"]
        holder = file[f"HDFEOS/GRIDS/{grid}"] if (product, grid) == ("VNP46A1", "VNP_Grid_DNB") else file
        sides = [float(holder.attrs[f"{side}BoundingCoord"]) for side in ("West", "South", "East", "North")]
        assert sides == [110, 30, 120, 40]
        assert re.fullmatch(rb"2021-\d\d-\d\d", holder.attrs["RangeBeginningDate"])
        if "lat" in data:
            assert data["lat"][0] == pytest.approx(40 - 0.5 / 240)
            assert data["lon"][-1] == pytest.approx(120 - 0.5 / 240)


def test_collections_differ_as_the_real_ones_do(demo):
    _, city = demo
    with h5py.File(granules(city, "daily", "VNP46A1")[0]) as file:
        radiance = grid_of(file)["Data Fields/DNB_At_Sensor_Radiance_500m"]
        assert (radiance.dtype, radiance.attrs["_FillValue"][0]) == (np.uint16, 65535)
        assert radiance.attrs["scale_factor"][0] == 0.1
        assert "offset" not in radiance.attrs
        assert grid_of(file)["Data Fields/BrightnessTemperature_M12"].attrs["add_offset"][0] == 203
    with h5py.File(granules(city, "daily_collection2", "VNP46A1")[0]) as file:
        radiance = grid_of(file)["Data Fields/DNB_At_Sensor_Radiance"]
        assert (radiance.dtype, radiance.attrs["_FillValue"][0]) == (np.float32, np.float32(-999.9))
        assert radiance.attrs["valid_range"] == b">=0.0"
        assert radiance.attrs["offset"][0] == 0
    for folder, lines in (("daily", 4), ("daily_collection2", 7)):
        with h5py.File(granules(city, folder, "VNP46A2")[0]) as file:
            description = grid_of(file)["Data Fields/Mandatory_Quality_Flag"].attrs["Description"].decode()
            assert len(description.strip().splitlines()) == lines


@pytest.mark.skipif(not list(REAL_GRANULES.glob("*.h5")), reason="no real granule beside the checkout")
def test_attributes_of_a_real_granule_of_collection_1_have_the_same_form(demo):
    def forms(path):
        found = {}

        def look(name, node):
            for key in node.attrs:
                attribute = node.attrs.get_id(key)
                kind = attribute.get_type()
                text = kind.get_strpad() if attribute.dtype.kind == "S" else attribute.dtype.str
                found[name, key] = (attribute.shape, attribute.dtype.kind, text)
            if isinstance(node, h5py.Dataset):
                found[name] = (node.dtype.str, node.shape, node.chunks, node.compression_opts, node.shuffle)

        with h5py.File(path) as file:
            look("", file)
            file.visititems(look)
        return found

    real = forms(next(REAL_GRANULES.glob("VNP46A2*.001.*.h5")))
    ours = forms(granules(demo[1], "daily", "VNP46A2")[0])
    assert {key: form for key, form in ours.items() if key in real and form != real[key]} == {}
    missing = {key for key in real if key not in ours}
    provenance = {("", name) for name in (
        "GranuleDayNightFlag", "InputPointer", "LSIPS_AlgorithmVersion", "PGENumber", "PGEVersion", "PGE_EndTime",
        "PGE_Name", "PGE_StartTime")}
    assert missing <= provenance, "only attributes about the maker's processing are left out"


def test_pyfive_reads_what_h5py_reads(demo):
    _, city = demo
    for folder, product in (("daily", "VNP46A1"), ("daily_collection2", "VNP46A2"), ("annual_collection2", "VNP46A4")):
        path = granules(city, folder, product)[5 % len(granules(city, folder, product))]
        with h5py.File(path) as file, pyfive.File(str(path)) as other:
            for name, dataset in grid_of(file)["Data Fields"].items():
                twin = other[f"HDFEOS/GRIDS/{grid_of(file).name.rsplit('/', 1)[1]}/Data Fields/{name}"]
                part = (ROWS, slice(1200, 1500)) if dataset.ndim == 2 else slice(None)
                np.testing.assert_array_equal(twin[part], dataset[part])
                for key, value in dataset.attrs.items():
                    np.testing.assert_array_equal(twin.attrs[key], value)


def test_both_collections_hold_the_same_light_within_quantisation(demo):
    _, city = demo
    pairs = list(zip(granules(city, "daily", "VNP46A2"), granules(city, "daily_collection2", "VNP46A2")))
    for first, second in pairs[::7]:
        old, new = physical(first, CORRECTED), physical(second, CORRECTED)
        np.testing.assert_array_equal(np.isnan(old), np.isnan(new))
        assert np.nanmax(np.abs(old - new)) <= 0.05 + 1 / 256 + 1e-4
    for name in ("AllAngle_Composite_Snow_Free", "OffNadir_Composite_Snow_Free_Std"):
        old, new = (physical(granules(city, folder, "VNP46A4")[0], name) for folder in ("annual", "annual_collection2"))
        assert np.nanmax(np.abs(old - new)) <= 0.05 + 1 / 256 + 1e-4
    with h5py.File(pairs[3][0]) as one, h5py.File(pairs[3][1]) as two:
        quality, other = (grid_of(file)["Data Fields/Mandatory_Quality_Flag"][ROWS, COLUMNS] for file in (one, two))
    assert set(np.unique(quality)) == {0, 1, 2, 255}
    for code, twin in ((0, 0), (1, 0), (2, 1), (255, 255)):
        assert (other[quality == code] == twin).all(), "1 means ephemeral in collection 1 and poor in collection 2"


def test_flags_agree_with_the_radiance(demo):
    _, city = demo
    for path in granules(city, "daily", "VNP46A2")[::5]:
        with h5py.File(path) as file:
            data = {name: each[ROWS, COLUMNS] for name, each in grid_of(file)["Data Fields"].items()}
        confidence = (data["QF_Cloud_Mask"] >> 6) & 3
        np.testing.assert_array_equal(data[CORRECTED] == 65535, confidence > 0)
        np.testing.assert_array_equal(data["Mandatory_Quality_Flag"] == 255, confidence > 0)
        np.testing.assert_array_equal((data["QF_Cloud_Mask"] >> 10) & 1, data["Snow_Flag"])
        assert (data["QF_Cloud_Mask"] & 1 == 0).all()
        assert set(np.unique((data["QF_Cloud_Mask"] >> 1) & 7)) == {1, 2}
        assert (data["Gap_Filled_DNB_BRDF-Corrected_NTL"] != 65535).all()


def test_the_run_says_what_it_costs_and_what_it_wrote(tmp_path):
    class Ear(Progress):
        def __init__(self):
            self.texts, self.fraction = [], 0.0

        def message(self, text):
            self.texts.append(text)

        def set_fraction(self, fraction):
            self.fraction = fraction

    ear = Ear()
    summary = create_demo(str(tmp_path), SETTINGS, ear)
    announced, written = (float(re.search(r"([\d.]+) MB", text)[1]) for text in ear.texts)
    assert announced == pytest.approx(written, rel=0.1)
    assert written == pytest.approx(summary.size_bytes / 1e6, abs=1)
    assert ear.fraction == 1


def test_angles_and_times_of_a_night(demo):
    for path in granules(demo[1], "daily", "VNP46A1")[::9]:
        zenith = physical(path, "Sensor_Zenith")
        assert 0 <= zenith.min() <= zenith.max() < 72
        assert (physical(path, "Solar_Zenith") > 108).all(), "night"
        hours = physical(path, "UTC_Time")
        assert ((hours > 16.5) & (hours < 19)).all(), "half past one local solar time at 115.7 degrees east"
        lunar = physical(path, "Lunar_Zenith")
        assert ((lunar >= 0) & (lunar <= 180)).all()
        assert (physical(path, "BrightnessTemperature_M12") > 200).all()


def test_annual_zeros_are_data(demo):
    annual = physical(granules(demo[1], "annual_collection2", "VNP46A4")[0], "AllAngle_Composite_Snow_Free")
    assert (annual == 0).sum() > 100
    assert not ((annual > 0) & (annual < 0.49)).any()


def test_truth_lies_beside_the_files(demo):
    summary, city = demo
    record = json.loads((city / "truth" / "constants.json").read_text())
    assert record["simulated"] is True
    assert record["seed"] == 1
    assert record["extent"] == [115.3, 30.5, 116.0, 31.2]
    assert summary.extent == pytest.approx(record["extent"])
    assert all(each["low"] <= np.min(each["value"]) and np.max(each["value"]) <= each["high"]
               for each in record["constants"].values())
    with rasterio.open(city / "truth" / "truth_classes.tif") as raster:
        classes = raster.read(1)
        assert raster.nodata == 255
        assert raster.bounds == pytest.approx(summary.extent)
        assert raster.res == pytest.approx((1 / 240, 1 / 240))
        grid = raster.transform
    with rasterio.open(city / "truth" / "truth_change.tif") as raster:
        change, depth = raster.read()
    assert set(np.unique(classes)) == {0, 1, 2, 3, 255}
    assert (change[classes == 1] <= -0.05).all()
    assert (change[classes == 2] >= 0.05).all()
    assert (depth[classes == 3] >= 0.05).all()
    assert np.isnan(change[classes == 255]).all()
    boundary, urban = (shape(json.loads((city / name).read_text())["features"][0]["geometry"])
                       for name in ("boundary.geojson", "urban_area.geojson"))
    assert boundary.is_valid
    assert urban.intersection(boundary).area > 0.95 * urban.area
    rasterised = rasterio.features.rasterize([boundary], classes.shape, transform=grid).astype(bool)
    assert ((classes != 255) != rasterised).mean() < 0.005
    assert "simulated" in (city / "README.txt").read_text()


def test_truth_agrees_with_the_light_in_the_files(demo):
    _, city = demo
    with rasterio.open(city / "truth" / "truth_classes.tif") as raster:
        classes = raster.read(1)
    near, off = (physical(granules(city, "annual", "VNP46A4")[0], f"{angle}_Composite_Snow_Free")
                 for angle in ("NearNadir", "OffNadir"))
    bright = near > 20
    change = np.where(bright, off, np.nan) / np.where(bright, near, np.nan) - 1
    assert np.nanmedian(change[classes == 1]) < -0.1
    assert np.nanmedian(change[classes == 2]) > 0.05
    assert abs(np.nanmedian(change[classes == 0])) < 0.05


def test_the_same_seed_writes_the_same_bytes_on_any_number_of_threads_and_replaces_an_earlier_demo(demo, tmp_path):
    _, city = demo
    (tmp_path / "city" / "truth").mkdir(parents=True)
    (tmp_path / "city" / "truth" / "constants.json").write_text("{}")
    (tmp_path / "city" / "left_over.h5").write_text("old")
    create_demo(str(tmp_path), SETTINGS, Progress(), Resources(threads=1))
    assert tree_hash(tmp_path / "city") == tree_hash(city)
    assert os.listdir(tmp_path) == ["city"]


def test_a_folder_with_something_else_is_refused_and_kept(tmp_path):
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "plan.txt").write_text("mine")
    with pytest.raises(InputError, match=r"FOLDER: .*isn't an earlier demonstration"):
        create_demo(str(tmp_path), SETTINGS, Progress())
    assert (tmp_path / "city" / "plan.txt").read_text() == "mine"
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "city").write_text("a file")
    with pytest.raises(InputError, match="FOLDER"):
        create_demo(str(tmp_path / "flat"), SETTINGS, Progress())


class Stop(Progress):
    def __init__(self, fraction):
        self.fraction, self.seen = fraction, 0.0

    def set_fraction(self, fraction):
        assert fraction >= self.seen
        self.seen = fraction

    def is_cancelled(self):
        return self.seen >= self.fraction


@pytest.mark.parametrize("fraction", [0.05, 0.3])
def test_a_cancelled_run_leaves_nothing_and_keeps_the_earlier_demo(tmp_path, fraction):
    with pytest.raises(Cancelled):
        create_demo(str(tmp_path / "new" / "place"), SETTINGS, Stop(fraction))
    assert os.listdir(tmp_path) == []
    (tmp_path / "city" / "truth").mkdir(parents=True)
    (tmp_path / "city" / "truth" / "constants.json").write_text("earlier")
    with pytest.raises(Cancelled):
        create_demo(str(tmp_path), SETTINGS, Stop(fraction))
    assert tree_hash(tmp_path).keys() == {os.path.join("city", "truth", "constants.json")}


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    resource = pytest.importorskip("resource", reason="file size limits need Unix")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"FOLDER: .*could not be written"):
            create_demo(str(tmp_path / "full"), SETTINGS, Progress())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []


def test_a_path_below_a_file_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="FOLDER"):
        create_demo(str(tmp_path / "file" / "below"), SETTINGS, Progress())


def test_without_h5py_the_import_fails(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("nocturne.algorithms.simulation.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match="h5py"):
        __import__("nocturne.algorithms.simulation.demo")


@pytest.mark.parametrize(("kwargs", "name"), [({"seed": -1}, "SEED"), ({"nights": 10}, "NIGHTS"),
                                              ({"nights": 200}, "NIGHTS"), ({"size": "huge"}, "SIZE")])
def test_settings_outside_their_bounds(kwargs, name):
    with pytest.raises(InputError, match=name):
        DemoSettings(**kwargs)


def test_encoding_clips_fills_and_rounds():
    unsigned = Field("a", "<u2", 65535, "a", scale=0.1)
    assert unsigned.encode(np.array([0.0, 0.26, 7000.0, np.nan])).tolist() == [0, 3, 65534, 65535]
    signed = Field("b", "<i2", -32768, "b", scale=0.01)
    assert signed.encode(np.array([-180.0, 12.345, -400.0, np.nan])).tolist() == [-18000, 1234, -32767, -32768]
    shifted = Field("c", "<u2", 65535, "c", scale=0.0025, offset=203)
    assert shifted.encode(284.0) == 32400
    floating = Field("d", "<f4", -999.9, "d", step=1 / 128)
    assert floating.encode(np.array([1.003, np.nan])).tolist() == [1.0, float(np.float32(-999.9))]
    assert Field("e", "|u1", 255, "e").encode(np.array([[0, 255]], np.uint8)).tolist() == [[0, 255]]


@pytest.mark.parametrize("window", [TileWindow(0, 0, 0, 0, 100, 7), TileWindow(35, 17, 2399, 2390, 1, 10),
                                    TileWindow(17, 9, 99, 3, 102, 5)])
def test_windows_at_the_edges_of_tiles_and_chunks(tmp_path, window):
    values = {field.name: 1.0 for field in corrected_fields(2)}
    light = np.arange(window.rows * window.columns, dtype=np.float64).reshape(window.rows, window.columns)
    values[CORRECTED] = light
    granule = Granule("VNP46A2", 2, date(2020, 2, 29), window, corrected_fields(2))
    path = tmp_path / granule.file_name
    write_granule(str(path), granule, deflate_window(granule, values))
    assert path.name.startswith(f"VNP46A2.A2020060.h{window.horizontal:02d}v{window.vertical:02d}.002.")
    with pyfive.File(str(path)) as file:
        stored = file[f"HDFEOS/GRIDS/VIIRS_Grid_DNB_2d/Data Fields/{CORRECTED}"][:]
    inside = stored[window.row:window.row + window.rows, window.column:window.column + window.columns]
    np.testing.assert_array_equal(inside, light)
    assert (stored != np.float32(-999.9)).sum() == light.size


def test_a_field_without_values_is_not_written_silently():
    granule = Granule("VNP46A1", 1, date(2021, 1, 1), SMALL, at_sensor_fields(1))
    with pytest.raises(KeyError):
        deflate_window(granule, {})
