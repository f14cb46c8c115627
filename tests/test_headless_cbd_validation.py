"""Validation and evolution of CBDs, and lists of centre settings, through the real qgis_process."""
from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from nocturne.tests.test_headless_algorithms import succeeded, table
from nocturne.tests.test_headless_bad_input import SENTENCE, write_stack

WEST, SOUTH = 121.0, 31.0


def square(x, y, side=0.02):
    """side and lower left corner in degrees from a corner of the city."""
    return shapely.box(WEST + x, SOUTH + y, WEST + x + side, SOUTH + y + side)


def write_layer(path, rows):
    """rows: (polygon, properties)."""
    features = [{"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(shape)}
                for shape, properties in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


@pytest.fixture
def layers(tmp_path):
    """Two cities with a reference CBD each, of which one is found, and all their centres."""
    reference = [(square(0, 0), {"city": "Rome"}), (square(0.5, 0), {"city": "Turin"})]
    centres = [(square(0, 0), {"city": "Rome", "Max": 90.5, "cbd": 1}),
               (square(0.1, 0, 0.05), {"city": "Rome", "Max": 60.5, "cbd": 0}),
               (square(0.5, 0), {"city": "Turin", "Max": 80.5, "cbd": 0})]
    return {"REFERENCE": write_layer(tmp_path / "reference.geojson", reference),
            "COMPUTED": write_layer(tmp_path / "centres.geojson", centres)}


def test_validate(qgis_process, layers, tmp_path):
    results = succeeded(qgis_process(
        "nocturne:validatecbd", **layers, CENTRES=layers["COMPUTED"], CITY_FIELD="city", CBD_FIELD="cbd",
        TABLE=tmp_path / "table.gpkg", REPORT=tmp_path / "report.html"))
    assert (results["REFERENCE_COUNT"], results["LOCATED_COUNT"], results["UNFOUNDED_COUNT"]) == (2, 1, 0)
    assert (results["F1"], results["PRECISION"]) == pytest.approx((0.5, 1))
    rows = table(tmp_path / "table.gpkg")
    assert [(row["method"], row["city"], row["cbd"]) for row in rows] == [
        (method, city, None if city == "total" else 1)
        for method in ("computed", "brightest centre", "largest centre") for city in ("Rome", "Turin", "total")]
    assert [row["f1"] for row in rows if row["city"] != "total"] == pytest.approx([1, 0, 1, 1, 0, 1])
    assert rows[1]["precision"] is None
    assert rows[0]["reference_km2"] == pytest.approx(4.24, abs=0.02)
    assert (tmp_path / "report.html").read_text("utf-8").count("<img") == 2


def test_cbds_that_all_lie_elsewhere_in_their_cities(qgis_process, layers, tmp_path):
    computed = write_layer(tmp_path / "elsewhere.geojson", [(square(0.1, 0), {"city": "Rome"}),
                                                            (square(0.4, 0), {"city": "Turin"})])
    results = succeeded(qgis_process("nocturne:validatecbd", **{**layers, "COMPUTED": computed}, CITY_FIELD="city",
                                     TABLE=tmp_path / "table.gpkg"))
    assert (results["PRECISION"], results["RECALL"], results["F1"], results["LOCATED_COUNT"]) == (0, 0, 0, 0)


def test_validate_refuses(qgis_process, layers, tmp_path):
    (tmp_path / "out").mkdir()
    far = write_layer(tmp_path / "far.geojson", [(square(3, 3), {"city": "Rome"})])
    for changed, parameter, phrase in (
            ({"REFERENCE": far}, "REFERENCE", "none of its 1 polygons overlaps the extent of"),
            ({"CITY_FIELD": "town"}, "CITY_FIELD", "no field 'town'")):
        given = {**layers, "CITY_FIELD": "city", "CBD_FIELD": "cbd", **changed}
        refused(qgis_process("nocturne:validatecbd", **given, TABLE=tmp_path / "out" / "table.gpkg",
                             REPORT=tmp_path / "out" / "report.html"), tmp_path / "out", parameter, phrase)


def refused(run, folder, parameter, phrase):
    assert run.code == 1
    sentence = SENTENCE.fullmatch(run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    assert phrase in run.error
    assert list(folder.iterdir()) == []


@pytest.fixture
def years(tmp_path):
    """A CBD that doubles, one that goes and one that is born."""
    rows = [(square(0, 0), {"year": 2015}), (square(0.2, 0), {"year": 2015}), (square(0, 0, 0.03), {"year": 2016}),
            (square(0.4, 0), {"year": 2016})]
    return write_layer(tmp_path / "years.geojson", [
        (shape, {**properties, "stability": 0.8, "sensor": "snpp" if properties["year"] == 2015 else "noaa20"})
        for shape, properties in rows])


def test_evolution(qgis_process, years, tmp_path):
    annual = write_stack(tmp_path / "annual.tif", np.full((2, 60, 60), 20.0), crs="EPSG:4326",
                         transform=Affine(0.001, 0, WEST, 0, -0.001, SOUTH + 0.06))
    with rasterio.open(annual, "r+") as file:
        file.set_band_description(1, "2015-01-01")
        file.set_band_description(2, "2016-01-01")
    results = succeeded(qgis_process(
        "nocturne:cbdevolution", INPUT=years, YEAR_FIELD="year", OFFSET="noaa20=1.1", ANNUAL=annual,
        EVOLUTION=tmp_path / "evolution.gpkg", REPORT=tmp_path / "report.html"))
    assert {name: value for name, value in results.items() if name.endswith("_COUNT") and value} == {
        "BORN_COUNT": 1, "GROWN_COUNT": 1, "GONE_COUNT": 1}
    rows = table(tmp_path / "evolution.gpkg")
    assert [(row["year"], row["track"], row["event"]) for row in rows] == [
        (2015, 1, "first"), (2015, 2, "first"), (2016, 1, "grown"), (2016, 2, "gone"), (2016, 3, "born")]
    assert [(row["start"], row["end"]) for row in rows][-1] == ("2016-01-01", "2016-12-31")
    assert rows[2]["mean_light"] == pytest.approx(22)
    assert rows[2]["instability"] == pytest.approx(0.2)
    assert rows[0]["from_year"] is None
    assert "temporal mode" in (tmp_path / "evolution.qml").read_text("utf-8")
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_evolution_refuses(qgis_process, years, tmp_path):
    (tmp_path / "out").mkdir()
    once = write_layer(tmp_path / "once.geojson", [(square(0, 0), {"year": 2015})])
    for given, parameter, phrase in (
            ({"INPUT": years}, "INPUT", "the field sensor differs: noaa20, snpp"),
            ({"INPUT": once}, "YEAR_FIELD", "has the year 2015 only")):
        refused(qgis_process("nocturne:cbdevolution", YEAR_FIELD="year", **given, REPORT=tmp_path / "out" / "r.html",
                             EVOLUTION=tmp_path / "out" / "evolution.gpkg"), tmp_path / "out", parameter, phrase)


def test_the_temporal_controller_plays_the_evolution(provider, years, tmp_path):
    import processing
    from nocturne.processing_provider.cbd.cbd_evolution import CbdEvolution
    from nocturne.processing_provider.layer_finish import LayerFinish
    from qgis.core import QgsLayerMetadata, QgsVectorLayer

    path = tmp_path / "evolution.gpkg"
    processing.run("nocturne:cbdevolution", {"INPUT": str(years), "YEAR_FIELD": "year", "OFFSET": "noaa20=1",
                                             "EVOLUTION": str(path), "REPORT": str(tmp_path / "report.html")})
    layer = QgsVectorLayer(str(path), "evolution", "ogr")
    LayerFinish(CbdEvolution.STYLES["EVOLUTION"], QgsLayerMetadata()).postProcessLayer(layer, None, None)
    temporal = layer.temporalProperties()
    assert temporal.isActive()
    assert (temporal.startField(), temporal.endField()) == ("start", "end")


def test_urban_centres_over_lists_of_settings(qgis_process, tmp_path):
    rows, columns = np.mgrid[:60, :60]
    light = np.maximum(60 - np.hypot(rows - 20, columns - 20), 50 - np.hypot(rows - 40, columns - 45))
    radiance = write_stack(tmp_path / "radiance.tif", light[None])
    given = {"RADIANCE": radiance, "SMOOTHING": "1,3", "MIN_AREA": "0", "THRESHOLD": "36,38"}
    succeeded(qgis_process("nocturne:urbancentres", **given, CENTRES=tmp_path / "centres.gpkg",
                           TREE=tmp_path / "tree.gpkg"))
    centres = table(tmp_path / "centres.gpkg")
    assert len(centres) == 2
    assert all(0.7 < row["stability"] < 1 for row in centres)
    assert all(row["above_threshold"] == row["contour_value"] - 36 for row in centres)
    (tmp_path / "out").mkdir()
    refused(qgis_process("nocturne:urbancentres", **{**given, "THRESHOLD": "36,36"},
                         CENTRES=tmp_path / "out" / "centres.gpkg"), tmp_path / "out", "THRESHOLD", "twice")
