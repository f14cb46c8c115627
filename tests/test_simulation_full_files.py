"""SIZE full on disk: three cities, what stands in their folders, and the page that states the ranges."""
import hashlib
import json
import os
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyfive
import pytest
import rasterio
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.simulation import full_demo
from nocturne.algorithms.simulation.cities import CITY_TYPES, draw_cities
from nocturne.algorithms.simulation.full_demo import create_full_demo
from nocturne.algorithms.simulation.settings import DemoSettings
from shapely.geometry import shape

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = DemoSettings(size="full", seed=4)
NIGHTS, CELLS = 5, 110


class Listener(Progress):
    def __init__(self):
        self.said = []

    def message(self, text):
        self.said.append(text)


@pytest.fixture(scope="module")
def small_cities():
    """Cities of fewer cells: the files hold the same."""
    patch = pytest.MonkeyPatch()
    patch.setattr(full_demo, "draw_cities", lambda seed, count, cells: draw_cities(seed, count, CELLS))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def demo(small_cities, tmp_path_factory):
    folder, listener = tmp_path_factory.mktemp("full"), Listener()
    return create_full_demo(str(folder), SETTINGS, listener, nights=NIGHTS), folder / "cities", listener


def tree_hash(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def features(path):
    return json.loads(path.read_text("utf-8"))["features"]


def test_three_cities_of_three_types_each_with_its_files(demo):
    summary, folder, listener = demo
    assert "GB" in listener.said[0], "the cost is told beforehand"
    assert (summary.first_night, summary.nights) == (date(2020, 1, 1), NIGHTS)
    cities = features(folder / "cities.geojson")
    assert [each["properties"]["city_type"] for each in cities] == [kind.name for kind in CITY_TYPES]
    for each in cities:
        place = folder / each["properties"]["folder"]
        for product in ("VNP46A1", "VNP46A2"):
            assert len(list((place / "daily").glob(f"{product}.A2020*.001.*.h5"))) == NIGHTS
        assert len(list((place / "annual").glob("VNP46A4.A2020001.*.001.*.h5"))) == 1
        assert sorted(path.name for path in (place / "truth").iterdir() if path.suffix != ".xml") == [
            "constants.json", "districts.tif", "truth_change.tif", "truth_classes.tif"]
        west, south, east, north = map(float, each["properties"]["extent"].split(","))
        left, bottom, right, top = shape(each["geometry"]).bounds
        assert west < left < right < east
        assert south < bottom < top < north
    assert summary.files == len([path for path in folder.rglob("*") if path.is_file()])


def test_reference_cbds_lie_in_their_cities(demo):
    _, folder, _ = demo
    boundaries = {each["properties"]["city"]: shape(each["geometry"]) for each in features(folder / "cities.geojson")}
    cbds = features(folder / "cbd_reference.geojson")
    assert len(cbds) == 3
    for each in cbds:
        ring = shape(each["geometry"])
        assert ring.is_valid
        assert boundaries[each["properties"]["city"]].contains(ring)
        assert each["properties"]["city_type"] in {kind.name for kind in CITY_TYPES}
        assert each["properties"]["simulated"] is True


def test_what_else_is_known_stands_beside(demo):
    _, folder, _ = demo
    cities = {each["properties"]["city"]: shape(each["geometry"]) for each in features(folder / "cities.geojson")}
    areas = features(folder / "urban_areas.geojson")
    assert {each["properties"]["city"] for each in areas} == set(cities)
    for each in areas:
        assert shape(each["geometry"]).buffer(0).intersection(cities[each["properties"]["city"]]).area > 0
    places = features(folder / "places.geojson")
    assert {each["properties"]["category"] for each in places} == {"business", "shops", "housing", "sights"}
    for name in cities:
        assert any(cities[name].contains(shape(each["geometry"])) for each in places[::50])
    for each in features(folder / "cities.geojson"):
        place = folder / each["properties"]["folder"]
        for name, highest in (("building_height.tif", 90), ("slope.tif", 60)):
            with rasterio.open(place / name) as raster:
                assert 0 < raster.read(1).max() <= highest


def test_compact_cities_have_mostly_clear_nights(small_cities, tmp_path):
    create_full_demo(str(tmp_path), DemoSettings(size="cities", seed=4), Progress(), nights=NIGHTS)
    clear = []
    for path in (tmp_path / "cities").glob("*/daily/VNP46A2.*.h5"):
        with pyfive.File(str(path)) as file:
            data = file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields"]
            stored = data["Mandatory_Quality_Flag"][:]
        clear.append((stored <= 1).sum() / CELLS**2)
    assert np.mean(clear) > 0.4


def test_constants_stand_with_the_truth(demo):
    _, folder, _ = demo
    for path in folder.glob("*/truth/constants.json"):
        found = json.loads(path.read_text("utf-8"))
        assert found["simulated"] is True
        assert found["light_model"] == "curves"
        assert found["nights"] == NIGHTS
        assert len(found["constants"]) > 50
        for record in found["constants"].values():
            assert (np.atleast_1d(record["value"]) >= record["low"]).all()
            assert (np.atleast_1d(record["value"]) <= record["high"]).all()


def test_files_hold_what_the_scene_says(demo):
    _, folder, _ = demo
    specification = replace(draw_cities(SETTINGS.seed, 3, CELLS)[1], uses=True)
    scene = full_demo.Scene(specification, nights=NIGHTS)
    place = folder / full_demo.short_name(specification)
    rows = slice(specification.window.row, specification.window.row + CELLS)
    columns = slice(specification.window.column, specification.window.column + CELLS)
    compared = 0
    for index in range(NIGHTS):
        night = scene.observe(index)
        (path,) = (place / "daily").glob(f"VNP46A2.A{night.day:%Y%j}.*.h5")
        with pyfive.File(str(path)) as file:
            data = file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields"]
            stored = data["DNB_BRDF-Corrected_NTL"][:][rows, columns]
            quality = data["Mandatory_Quality_Flag"][:][rows, columns]
        np.testing.assert_array_equal(stored == 65535, night.confidence != 0)
        good = quality <= 1
        np.testing.assert_allclose(stored[good] * 0.1, night.measured[good], atol=0.0501)
        compared += good.sum()
    assert compared > 1000
    with rasterio.open(place / "truth" / "districts.tif") as raster:
        np.testing.assert_array_equal(raster.read(1), scene.plan.city.districts)
        assert raster.bounds == pytest.approx(specification.window.grid.bounds)


def test_the_same_settings_write_the_same_bytes_and_another_model_others(demo, tmp_path):
    _, folder, _ = demo
    create_full_demo(str(tmp_path / "again"), SETTINGS, Progress(), nights=NIGHTS)
    assert tree_hash(tmp_path / "again" / "cities") == tree_hash(folder)
    other = DemoSettings(size="full", seed=4, effects="none")
    create_full_demo(str(tmp_path / "none"), other, Progress(), nights=2)
    for path in (tmp_path / "none").rglob("truth_classes.tif"):
        with rasterio.open(path) as raster:
            assert set(np.unique(raster.read(1))) <= {0, 255}


def test_a_year_ends_with_its_annual_file(small_cities, tmp_path, monkeypatch):
    monkeypatch.setattr("nocturne.algorithms.simulation.scene.FIRST_NIGHT", date(2020, 12, 30))
    create_full_demo(str(tmp_path), SETTINGS, Progress(), nights=4)
    for place in (tmp_path / "cities").glob("*/annual"):
        assert sorted(path.name.split(".")[1] for path in place.iterdir()) == ["A2020001", "A2021001"]


@pytest.mark.parametrize("fraction", [0.0, 0.5])
def test_a_cancelled_run_leaves_nothing(small_cities, tmp_path, fraction):
    class Stop(Progress):
        seen = 0.0

        def set_fraction(self, fraction):
            self.seen = fraction

        def is_cancelled(self):
            return self.seen >= fraction

    with pytest.raises(Cancelled):
        create_full_demo(str(tmp_path / "new"), SETTINGS, Stop(), nights=NIGHTS)
    assert os.listdir(tmp_path) == []


def test_something_else_in_its_place_is_kept(small_cities, tmp_path):
    (tmp_path / "cities").mkdir()
    (tmp_path / "cities" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="FOLDER"):
        create_full_demo(str(tmp_path), SETTINGS, Progress(), nights=2)
    assert (tmp_path / "cities" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(("options", "name"), [({"light_model": "ray_cast"}, "LIGHT_MODEL"),
                                               ({"effects": "none"}, "EFFECTS"),
                                               ({"size": "full", "light_model": "towers"}, "LIGHT_MODEL")])
def test_settings_that_do_not_fit(options, name):
    with pytest.raises(InputError, match=rf"^{name}: "):
        DemoSettings(**options)


def test_the_page_about_the_simulator_is_what_the_code_says(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import simulator_doc

    monkeypatch.setattr(sys, "path", list(sys.path))
    assert (ROOT / "docs" / "simulator.md").read_text("utf-8") == simulator_doc.document()
