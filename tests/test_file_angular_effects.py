"""Straight from files: what reading and fitting in two steps gives, bit for bit."""
import json

import numpy as np
import pytest
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.night_lights.angular_effects import classify_stacks
from nocturne.algorithms.night_lights.black_marble.read import BlackMarbleOutputs, read_black_marble
from nocturne.algorithms.night_lights.file_angular_effects import classify_files
from nocturne.algorithms.night_lights.settings import (
    AngularEffectsSettings,
    BlackMarbleSettings,
    FileAngularEffectsSettings,
)
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterInput
from nocturne.algorithms.settings import Resources
from rasterio import open as open_dataset

EVERYTHING = {"correction": "benjamini-hochberg", "night_effect": "urban-median"}


def cells(path):
    with open_dataset(path) as dataset:
        return dataset.read(), dataset.transform


def city_extent(demo, east=0.0):
    west, south, right, north = json.loads((demo / "truth" / "constants.json").read_text("utf-8"))["extent"]
    return west, south, right - east, north


@pytest.mark.parametrize(("east", "chosen"), [(0.0, {}), (0.0, EVERYTHING), (0.33, {"u_test": "adjusted-r2"})])
def test_files_give_what_stacks_give_bit_for_bit(demo, tmp_path, east, chosen):
    folder, extent = str(demo / "daily"), city_extent(demo, east)
    direct = classify_files(folder, str(tmp_path / "c1.tif"), str(tmp_path / "s1.tif"),
                            FileAngularEffectsSettings(extent=extent, **chosen), Resources(), Progress())
    read = read_black_marble(folder, BlackMarbleSettings(extent=extent),
                             BlackMarbleOutputs(str(tmp_path / "r.tif"), str(tmp_path / "z.tif")), Resources(),
                             Progress())
    stacked = classify_stacks(RasterInput("RADIANCE", str(tmp_path / "r.tif")),
                              RasterInput("ZENITH", str(tmp_path / "z.tif")), str(tmp_path / "c2.tif"),
                              str(tmp_path / "s2.tif"), AngularEffectsSettings(**chosen),
                              Resources(max_memory=128, threads=1), Progress())
    assert direct.counts == stacked
    assert direct.nights == read.nights
    for name in "cs":
        (first, place), (second, same_place) = cells(tmp_path / f"{name}1.tif"), cells(tmp_path / f"{name}2.tif")
        np.testing.assert_array_equal(first, second)
        assert place.almost_equals(same_place)


def test_nights_without_view_angles_are_an_error(demo, tmp_path):
    folder = tmp_path / "a2"
    folder.mkdir()
    for path in sorted((demo / "daily").glob("VNP46A2*"))[:6]:
        (folder / path.name).symlink_to(path)
    with pytest.raises(InputError, match=r"^FOLDER: .*A1"):
        classify_files(str(folder), str(tmp_path / "c.tif"), None, FileAngularEffectsSettings(), Resources(),
                       Progress())


def test_a_cancel_ends_the_run(demo, tmp_path):
    class Impatient(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        classify_files(str(demo / "daily"), str(tmp_path / "c.tif"), None, FileAngularEffectsSettings(), Resources(),
                       Impatient())
