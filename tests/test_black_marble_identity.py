"""What a file is, by what is in it."""
import shutil
from datetime import date
from pathlib import Path

import h5py
import numpy as np
import pytest
from nocturne.algorithms.night_lights.black_marble.hdf5 import UnusableFile
from nocturne.algorithms.night_lights.black_marble.identity import identify
from nocturne.tests.black_marble_files import write_granule


@pytest.mark.parametrize("collection", [1, 2])
@pytest.mark.parametrize("level", ["A1", "A2", "A3", "A4"])
@pytest.mark.parametrize("prefix", ["VNP46", "VJ146", "VJ246"])
def test_every_product_and_collection_is_recognised_under_a_foreign_name(tmp_path, prefix, level, collection):
    day = date(2019, 1, 1)
    path = write_granule(tmp_path, prefix + level, collection, (28, 6), day, name="renamed.h5",
                         axes="centres" if collection == 2 else None)
    granule = identify(path, "renamed.h5")
    platform = {"VNP46": "snpp", "VJ146": "noaa20", "VJ246": "noaa21"}[prefix]
    assert (granule.product, granule.platform, granule.level) == (prefix + level, platform, level)
    assert (granule.collection, granule.tile, granule.day) == (collection, (28, 6), day)
    assert granule.produced == "2020-12-08T13:16:44"


@pytest.mark.parametrize("arrays", [True, False])
@pytest.mark.parametrize("variable_strings", [True, False])
def test_attributes_in_every_form(tmp_path, arrays, variable_strings):
    path = write_granule(tmp_path, arrays=arrays, variable_strings=variable_strings)
    granule = identify(path, "file")
    assert (granule.tile, granule.day, granule.collection) == ((10, 5), date(2018, 8, 13), 1)
    field = granule.fields(["DNB_BRDF-Corrected_NTL"])[0]
    assert (field.scale, field.offset, int(field.fill), field.unit) == (0.1, 0.0, 65535, "nW/cm2/sr")


@pytest.mark.parametrize("tile", [(0, 0), (35, 17), (18, 8), (18, 9), (0, 17), (8, 7)])
@pytest.mark.parametrize("given", ["numbers", "bounds", "struct", "name"])
def test_each_source_of_the_tile_alone_suffices(tmp_path, tile, given):
    path = write_granule(tmp_path, tile=tile, numbers=given == "numbers", bounds=given == "bounds",
                         struct=given == "struct")
    assert identify(path, "file").tile == tile


def test_a_name_never_contradicts_the_content(tmp_path):
    path = write_granule(tmp_path, tile=(10, 5), omit=("LocalGranuleID",),
                         name="VNP46A4.A2001001.h33v11.002.2020001120000.h5")
    granule = identify(path, "file")
    assert (granule.product, granule.tile, granule.collection, granule.day.year) == ("VNP46A2", (10, 5), 1, 2018)


def test_a_file_with_little_metadata_is_read_by_its_name(tmp_path):
    path = write_granule(tmp_path, numbers=False, bounds=False, struct=False, omit=(
        "ShortName", "VersionID", "LocalGranuleID", "ProductionTime", "RangeBeginningDate"))
    granule = identify(path, "file")
    assert (granule.product, granule.collection, granule.tile) == ("VNP46A2", 1, (10, 5))
    assert (granule.day, granule.produced) == (date(2018, 8, 13), "2020-01-01T12:00:00")


@pytest.mark.parametrize(("changes", "reason"), [
    ({"struct_tile": (11, 5)}, "tile numbers say h10v05 and its StructMetadata h11v05"),
    ({"bounds_tile": (10, 6)}, "tile numbers say h10v05 and its bounding coordinates h10v06"),
    ({"bounds_tile": (10.25, 5)}, "corner -77.5, 40 isn't a tile's"),
    ({"tile": (36, 5)}, "no tile h36v05"),
    ({"axes": "elsewhere", "collection": 2}, "lat doesn't cover the tile h10v05"),
    ({"version": "003"}, "collection '003' is neither 001 nor 002"),
    ({"short_name": "VNP09GA"}, "it is a VNP09GA file"),
    ({"short_name": "VNP46A1"}, "calls itself VNP46A1 but has none of that product's data sets"),
    ({"omit": ("ShortName", "LocalGranuleID"), "name": "x.h5"}, "doesn't say which product"),
    ({"omit": ("RangeBeginningDate", "LocalGranuleID"), "name": "x.h5"}, "doesn't say which date"),
    ({"numbers": False, "bounds": False, "struct": False, "omit": ("LocalGranuleID",), "name": "x.h5"},
     "doesn't say which tile"),
    ({"omit": ("Mandatory_Quality_Flag", "DNB_BRDF-Corrected_NTL")}, "isn't a VNP46"),
])
def test_what_contradicts_itself_is_refused(tmp_path, changes, reason):
    with pytest.raises(UnusableFile, match=reason):
        identify(write_granule(tmp_path, **changes), "file")


@pytest.mark.parametrize("axes", ["centres", "edges", "ascending"])
def test_coordinate_arrays_are_accepted_in_every_convention(tmp_path, axes):
    assert identify(write_granule(tmp_path, collection=2, axes=axes), "file").tile == (10, 5)


def test_composites_are_dated_by_the_first_day_of_their_period(tmp_path):
    assert identify(write_granule(tmp_path, "VNP46A3", 2, day=date(2020, 2, 3)), "f").day == date(2020, 2, 1)
    assert identify(write_granule(tmp_path, "VNP46A4", 2, day=date(2020, 2, 3)), "f").day == date(2020, 1, 1)


def test_files_that_are_not_hdf5_and_broken_ones_are_refused(tmp_path):
    text = tmp_path / "text.h5"
    text.write_text("date,radiance\n")
    empty = tmp_path / "empty.h5"
    empty.write_bytes(b"")
    whole = write_granule(tmp_path, values={"QF_Cloud_Mask": (0, 0, 0, np.ones((300, 2400), "u2"))})
    size = Path(whole).stat().st_size
    cut = tmp_path / "cut.h5"
    for path, reason in ((text, "isn't an HDF5 file"), (empty, "isn't an HDF5 file")):
        with pytest.raises(UnusableFile, match=reason):
            identify(str(path), "file")
    for length in (size - 1, size // 2, 4000, 60, 20):
        shutil.copy(whole, cut)
        with open(cut, "r+b") as file:
            file.truncate(length)
        with pytest.raises(UnusableFile, match=r"truncated"):
            identify(str(cut), "file")


def test_wrong_shapes_are_refused(tmp_path):
    path = write_granule(tmp_path)
    with h5py.File(path, "r+") as file:
        data = file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields"]
        del data["Snow_Flag"], data["Mandatory_Quality_Flag"]
        data["Snow_Flag"] = np.zeros((1200, 2400), "u1")
        data["Mandatory_Quality_Flag"] = np.zeros((2400, 2400), "u1")
    with pytest.raises(UnusableFile, match=r"Snow_Flag has the shape \(1200, 2400\)"):
        identify(path, "file").fields(["Snow_Flag"])
    with h5py.File(path, "r+") as file:
        del file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields/Mandatory_Quality_Flag"]
        file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields/Mandatory_Quality_Flag"] = np.zeros((5, 5), "u1")
    with pytest.raises(UnusableFile, match="Mandatory_Quality_Flag has the shape"):
        identify(path, "file")
