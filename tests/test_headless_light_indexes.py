"""Light indexes and city types through the real qgis_process and in a model."""
from __future__ import annotations

import json
import math

import numpy as np
import pytest
import rasterio
from nocturne.tests.test_headless_algorithms import succeeded, table
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterLayer,
    QgsVectorLayer,
)
from rasterio.transform import from_origin

LEFT, TOP, CELL = 350_000, 3_460_000, 500
INDEXES = ("Count_A", "Min_A", "Max_A", "Mean_A", "SD_A", "Mean", "Min", "Max", "SD", "Min_A_Z", "Max_A_Z", "Mean_A_Z",
           "SD_A_Z", "Mean_Z", "Min_Z", "Max_Z", "SD_Z")


def write_raster(path, values, nodata, left=LEFT, names=()):
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype=values.dtype, crs="EPSG:32651", nodata=nodata,
                       transform=from_origin(left, TOP, CELL, CELL)) as out:
        out.write(values)
        for band, name in enumerate(names, start=1):
            out.set_band_description(band, name)


def write_polygons(path, squares, crs="EPSG::32651"):
    """squares: properties, and column, row and side in cells."""
    features = []
    for properties, (column, row, side) in squares:
        left, top, reach = LEFT + CELL * column, TOP - CELL * row, CELL * side
        ring = [[left, top], [left + reach, top], [left + reach, top - reach], [left, top - reach], [left, top]]
        features.append({"type": "Feature", "properties": properties,
                         "geometry": {"type": "Polygon", "coordinates": [ring]}})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features,
                                "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs}"}}}))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Rasters of 30 x 40 cells, three centres in two towns, their urban areas, places and a building height."""
    folder = tmp_path_factory.mktemp("place")
    random = np.random.default_rng(1)
    light = random.uniform(60, 120, (1, 30, 40)).astype(np.float32)
    classes = random.choice(np.array([0, 1, 2, 3, 255], np.uint8), (1, 30, 40))
    write_raster(folder / "light.tif", light, math.nan)
    write_raster(folder / "classes.tif", classes, 255)
    write_raster(folder / "codes.tif", np.where(classes == 2, 9, classes).astype(np.uint8), 255)
    write_raster(folder / "far.tif", light, math.nan, left=LEFT + 500_000)
    write_raster(folder / "statistics.tif", np.stack([0 * light[0] - 0.3, 0 * light[0] + 80]), math.nan,
                 names=("relative_change", "observations"))
    write_raster(folder / "height.tif", light / 2, math.nan)
    write_polygons(folder / "centres.geojson", [
        ({"centre_id": 1, "town": "a"}, (2, 3, 4)), ({"centre_id": 2, "town": "b"}, (22, 10, 5)),
        ({"centre_id": 3, "town": "b"}, (30, 20, 4)), ({"centre_id": 4, "town": "b"}, (300, 20, 4))])
    write_polygons(folder / "urban.geojson", [({"town": "a"}, (0, 0, 15)), ({"town": "b"}, (18, 5, 25))])
    write_polygons(folder / "elsewhere.geojson", [({}, (300, 0, 15))])
    (folder / "places.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"kind": "bank"}, "geometry": {"type": "Point", "coordinates": [
            LEFT + CELL * 3, TOP - CELL * 4]}}],
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32651"}}}))
    return folder


@pytest.fixture(scope="module")
def layers(place):
    return {"CENTRES": place / "centres.geojson", "RADIANCE": place / "light.tif", "CLASSES": place / "classes.tif",
            "URBAN_AREA": place / "urban.geojson"}


def test_light_indexes_of_two_towns(qgis_process, place, layers, tmp_path):
    found = succeeded(qgis_process(
        "nocturne:lightindexes", **layers, STATISTICS=place / "statistics.tif", CITY_FIELD="town",
        ATTRIBUTE_RASTERS=place / "height.tif", PLACES=place / "places.geojson", CATEGORY_FIELD="kind",
        INDEXES=tmp_path / "indexes.gpkg", REPORT=tmp_path / "report.html"))
    assert (found["CENTRE_COUNT"], found["NEGATIVE_CENTRE_COUNT"]) == (4, 3)
    rows = table(tmp_path / "indexes.gpkg")
    with rasterio.open(place / "light.tif") as light, rasterio.open(place / "classes.tif") as classes:
        own, codes = light.read(1)[10:15, 22:27].astype(float), classes.read(1)[10:15, 22:27]
        base = light.read(1)[5:30, 18:40].astype(float)
    row = rows[1]
    assert row["Count_A"] == (codes == 1).sum()
    assert row["Max_A"] == pytest.approx(own[codes == 1].max())
    assert row["SD"] == pytest.approx(own.std())
    assert row["Mean_Z"] == pytest.approx((own.mean() - base.mean()) / base.std())
    assert (row["centre_id"], row["town"], row["Nights"], row["has_negative"]) == (2, "b", 80, 1)
    assert row["height_mean"] == pytest.approx(own.mean() / 2)
    assert [each["places_bank"] for each in rows] == [1, 0, 0, 0]
    assert {rows[3][name] for name in (*INDEXES, "has_negative", "Share_A")} == {None}
    assert "Light indexes" in (tmp_path / "report.html").read_text("utf-8")
    assert (tmp_path / "indexes.qml").exists()
    sources = json.loads((tmp_path / "indexes.gpkg.nocturne.json").read_text())["inputs"]
    assert sources["ATTRIBUTE_RASTERS[0]"]["path"].endswith("height.tif")


@pytest.mark.parametrize(("parameters", "sentence"), [
    ({"URBAN_AREA": "elsewhere.geojson"}, "URBAN_AREA: none of its polygons lies over the centres; choose the"),
    ({"RADIANCE": "far.tif"}, "RADIANCE: it has no data under any of the centres; choose rasters and centres of the"),
    ({"CLASSES": "far.tif"}, "CLASSES: it has no class under any of the centres; choose rasters and centres of the"),
    ({"CLASSES": "codes.tif"}, "CLASSES: 'codes.tif' has the value 9, and classes are 0 to 3 and 255; choose the"),
    ({"Z_BASE": "boundary"}, "BOUNDARY: it is empty, and Z_BASE is boundary; name it or choose urban_area"),
])
def test_what_cannot_be_indexed_is_said_in_one_sentence(qgis_process, place, layers, tmp_path, parameters, sentence):
    given = {name: place / value if "." in value else value for name, value in parameters.items()}
    run = qgis_process("nocturne:lightindexes", **{**layers, **given}, INDEXES=tmp_path / "out.gpkg")
    assert run.code == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.glob("out*"))


@pytest.fixture(scope="module")
def towns(tmp_path_factory):
    """Points for 18 cities in three groups."""
    random = np.random.default_rng(2)
    features = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [index, light]},
                 "properties": {"city": f"{light}-{index}", "mean": light + random.normal(), "count": count}}
                for light, count in ((150, 2), (90, 6), (60, 13)) for index in range(6)]
    path = tmp_path_factory.mktemp("towns") / "towns.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_types_of_cities_in_a_layer(qgis_process, towns, tmp_path):
    found = succeeded(qgis_process(
        "nocturne:citytypes", INPUT=towns, MEAN_FIELD="mean", COUNT_FIELD="count", CITY_FIELD="city",
        TYPES=tmp_path / "types.gpkg", REPORT=tmp_path / "report.html"))
    assert (found["CITY_COUNT"], found["TYPE_COUNT"]) == (18, 3)
    rows = table(tmp_path / "types.gpkg")
    assert [row["city_type"] for row in rows] == ["usa_like"] * 6 + ["mixed"] * 6 + ["china_like"] * 6
    assert all(row["type_distance"] < row["next_type_distance"] for row in rows)
    assert {row["outside_range"] for row in rows} == {0}
    assert (tmp_path / "report.html").read_text("utf-8").count("data:image/png") == 2


def test_a_city_alone_is_typed_by_the_published_ranges(qgis_process, place, layers, tmp_path):
    succeeded(qgis_process("nocturne:lightindexes", **layers, INDEXES=tmp_path / "indexes.gpkg"))
    found = succeeded(qgis_process("nocturne:citytypes", INPUT=tmp_path / "indexes.gpkg", TYPES_BY="published_ranges",
                                   TYPES=tmp_path / "types.gpkg"))
    assert (found["CITY_COUNT"], found["TYPE_COUNT"]) == (1, 3)
    rows = table(tmp_path / "types.gpkg")
    assert {row["city_type"] for row in rows} == {"mixed"}
    assert {row["outside_range"] for row in rows} == {0}
    assert [row["centre_id"] for row in rows] == [1, 2, 3, 4]


@pytest.mark.parametrize(("parameters", "sentence"), [
    ({"CLUSTERS": 19}, "CLUSTERS: 19 were asked for, and there are 18 different cities with negative pixels; lower it"),
    ({"MEAN_FIELD": ""}, "MEAN_FIELD: it is empty; name both fields, or none for a layer of centres"),
    ({"NORMALISE": "none"}, "NORMALISE: 'none' was given; choose one of min-max, z-score, log-z-score"),
])
def test_cities_that_cannot_be_typed_are_said_in_one_sentence(qgis_process, towns, tmp_path, parameters, sentence):
    run = qgis_process("nocturne:citytypes", **{"INPUT": towns, "MEAN_FIELD": "mean", "COUNT_FIELD": "count",
                                                **parameters}, TYPES=tmp_path / "out.gpkg")
    assert run.code == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.glob("out*"))


def test_indexes_and_types_are_chained_in_a_model(provider, layers):
    """As the model designer builds it: the light indexes feed the city types."""
    model = QgsProcessingModelAlgorithm("chain", "test")
    kinds = {"CENTRES": QgsProcessingParameterFeatureSource, "RADIANCE": QgsProcessingParameterRasterLayer,
             "CLASSES": QgsProcessingParameterRasterLayer, "URBAN_AREA": QgsProcessingParameterFeatureSource}
    for name, kind in kinds.items():
        model.addModelParameter(kind(name, name), QgsProcessingModelParameter(name))
    source = QgsProcessingModelChildParameterSource
    first = QgsProcessingModelChildAlgorithm("nocturne:lightindexes")
    first.setChildId("indexes")
    for name in kinds:
        first.addParameterSources(name, [source.fromModelParameter(name)])
    first.addParameterSources("CITY_FIELD", [source.fromStaticValue("town")])
    model.addChildAlgorithm(first)
    second = QgsProcessingModelChildAlgorithm("nocturne:citytypes")
    second.setChildId("types")
    second.addParameterSources("INPUT", [source.fromChildOutput("indexes", "INDEXES")])
    second.addParameterSources("CITY_FIELD", [source.fromStaticValue("town")])
    second.addParameterSources("TYPES_BY", [source.fromStaticValue("published_ranges")])
    output = QgsProcessingModelOutput("typed", "typed")
    output.setChildId("types")
    output.setChildOutputName("TYPES")
    second.setModelOutputs({"typed": output})
    model.addChildAlgorithm(second)
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
    results, done = model.run({**{name: str(path) for name, path in layers.items()}, "types:typed": "memory:"}, context,
                              feedback)
    assert done, feedback.textLog()
    layer = context.takeResultLayer(results["types:typed"])
    assert isinstance(layer, QgsVectorLayer)
    assert [feature["city_type"] for feature in layer.getFeatures()] == ["mixed"] * 4
    assert all(name in layer.fields().names() for name in INDEXES)
