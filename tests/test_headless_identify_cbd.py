"""nocturne:identifycbd through the real qgis_process: three cities, one that isn't decidable, and bad input."""
from __future__ import annotations

import json
import re

import pytest
from nocturne.tests.compact_cities import write_cities
from nocturne.tests.conftest import ROOT

SENTENCE = re.compile(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.")
RULES = ROOT / "examples" / "cbd_rules.txt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_cities(tmp_path_factory.mktemp("cities"))


@pytest.fixture(scope="module")
def given(folder):
    return {"FOLDER": folder, "CITY": folder / "cities.geojson", "CITY_FIELD": "city",
            "URBAN_AREA": folder / "urban_areas.geojson", "MODEL": RULES, "MIN_OBSERVATIONS": 15}


@pytest.fixture(scope="module")
def identified(qgis_process, given, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    run = qgis_process("nocturne:identifycbd", **given, CBD_BOUNDARY="core", ONE_PER_CITY="true",
                       CBD=out / "cbd.gpkg", CENTRES=out / "centres.gpkg", CLASSES=out / "classes.tif",
                       REPORT=out / "report.html")
    assert run.code == 0, run.stderr
    return run.results, out


def test_three_cities_get_their_cbds(identified, folder, qgis_process):
    results, out = identified
    assert results["CITIES_WITH_CBD"] == 3
    assert results["CITIES_FAILED"] == results["CITIES_NOT_DECIDABLE"] == results["CITIES_WITHOUT_CBD"] == 0
    assert 3 <= results["CBD_COUNT"] < results["CENTRE_COUNT"]
    assert (out / "cbd.qml").exists()
    provenance = json.loads((out / "cbd.gpkg.nocturne.json").read_text("utf-8"))
    assert provenance["algorithm"] == "nocturne:identifycbd"
    assert (out / "classes.tif.aux.xml").exists()
    report = (out / "report.html").read_text("utf-8")
    assert report.count("data:image/png") == 3
    judged = qgis_process("nocturne:validatecbd", COMPUTED=out / "cbd.gpkg", REFERENCE=folder / "cbd_reference.geojson",
                          CITY_FIELD="city", CENTRES=out / "centres.gpkg", TABLE=out / "table.csv")
    assert judged.results["LOCATED_COUNT"] >= 2


def test_the_same_run_gives_the_same_layers(identified, qgis_process, given, tmp_path):
    _, out = identified
    again = qgis_process("nocturne:identifycbd", **given, CBD_BOUNDARY="core", ONE_PER_CITY="true",
                         CBD=tmp_path / "cbd.geojson", CENTRES=tmp_path / "centres.geojson", THREADS=1)
    assert again.code == 0
    converted = qgis_process("native:savefeatures", INPUT=out / "cbd.gpkg", OUTPUT=tmp_path / "first.geojson")
    assert converted.code == 0

    def rows(name):
        features = json.loads((tmp_path / name).read_text("utf-8"))["features"]
        return [({key: value for key, value in each["properties"].items() if key != "fid"}, each["geometry"])
                for each in features]

    assert rows("first.geojson") == rows("cbd.geojson")


def test_too_few_nights_are_not_decidable(qgis_process, given, tmp_path):
    run = qgis_process("nocturne:identifycbd", **{**given, "MIN_OBSERVATIONS": 85}, CBD=tmp_path / "cbd.gpkg",
                       CENTRES=tmp_path / "centres.geojson", CLASSES="", REPORT=tmp_path / "report.html")
    assert run.code == 0, run.stderr
    assert run.results["CITIES_NOT_DECIDABLE"] == 3
    assert run.results["CBD_COUNT"] == 0
    centres = json.loads((tmp_path / "centres.geojson").read_text("utf-8"))["features"]
    assert {each["properties"]["cbd"] for each in centres} == {None}
    assert {each["properties"]["status"] for each in centres} == {"not decidable"}
    assert "not that a city has no CBD" in (tmp_path / "report.html").read_text("utf-8")


def test_the_chain_finds_what_the_one_run_finds(qgis_process, identified, given, folder, tmp_path):
    """Step by step, for one of the three cities."""
    cities = json.loads((folder / "cities.geojson").read_text("utf-8"))
    city = cities["features"][0]
    for name in ("cities", "urban_areas"):
        layer = json.loads((folder / f"{name}.geojson").read_text("utf-8"))
        layer["features"] = [each for each in layer["features"]
                             if each["properties"]["city"] == city["properties"]["city"]]
        (tmp_path / f"{name}.geojson").write_text(json.dumps(layer), "utf-8")
    place = folder / city["properties"]["city"].split()[0].lower()
    run = qgis_process("nocturne:identifycbdsteps", DAILY=place / "daily", ANNUAL=place / "annual",
                       CITY=tmp_path / "cities.geojson", URBAN_AREA=tmp_path / "urban_areas.geojson", MODEL=RULES,
                       **{"effects:classes": tmp_path / "classes.tif", "cbds:output": tmp_path / "centres.geojson"})
    assert run.code == 0, run.stderr
    found = json.loads((tmp_path / "centres.geojson").read_text("utf-8"))["features"]
    assert (tmp_path / "classes.tif").exists()
    assert sum(each["properties"]["cbd"] == 1 for each in found) >= 1


def test_bad_input_is_one_sentence_and_leaves_nothing(qgis_process, given, folder, tmp_path):
    away = tmp_path / "away.geojson"
    away.write_text(json.dumps({"type": "FeatureCollection", "features": [{
        "type": "Feature", "properties": {"name": "away"}, "geometry": {"type": "Polygon", "coordinates": [
            [[10, 10], [10.1, 10], [10.1, 10.1], [10, 10]]]}}]}), "utf-8")
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("name: wrong\napplies to: all\nrule: Count_B > 3\n", "utf-8")
    daily = next(folder.glob("*/daily"))
    out = tmp_path / "out"
    for changed, parameter, phrase in (
            ({"CITY_FIELD": ""}, "CITY_FIELD", "degrees"),
            ({"URBAN_AREA": away}, "URBAN_AREA", "no polygon over the city"),
            ({"START": "2031-01-01"}, "START", "no daily file"),
            ({"FOLDER": daily}, "ANNUAL", "FOLDER holds no annual"),
            ({"FOLDER": tmp_path}, "FOLDER", "no .h5 file"),
            ({"MODEL": folder / "cities.geojson"}, "MODEL", ""),
            ({"MODEL": wrong}, "MODEL", "needs 'Count_B'"),
            ({"THRESHOLD": "bright"}, "THRESHOLD", "is not a number")):
        run = qgis_process("nocturne:identifycbd", **{**given, **changed}, CBD=out / "cbd.gpkg")
        assert run.code == 1, changed
        sentence = SENTENCE.fullmatch(run.error)
        assert sentence, run.stderr
        assert sentence[1] == parameter
        assert phrase in run.error
        assert not out.exists()
