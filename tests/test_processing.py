"""Every algorithm through QGIS's own processing.run: results, destinations, loading, and what failures leave behind."""
from __future__ import annotations

import json
import math
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.errors import OutputError
from nocturne.processing_provider.layer_finish import band_ranges
from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from rasterio.transform import from_origin

NIGHTS = 40
DATES = [(date(2023, 1, 1) + timedelta(days=index)).isoformat() for index in range(NIGHTS)]


@pytest.fixture
def run(provider):
    import processing

    def call(name, feedback=None, context=None, **parameters):
        return processing.run(f"nocturne:{name}", parameters, feedback=feedback or QgsProcessingFeedback(False),
                              context=context)

    return call


def write_raster(path, values, crs="EPSG:32651", cell=500.0, descriptions=()):
    values = np.asarray(values, dtype=np.float32)
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype="float32", crs=crs, nodata=math.nan,
                       transform=from_origin(300000, 3500000, cell, cell)) as dataset:
        dataset.write(values)
        for band, description in enumerate(descriptions, start=1):
            dataset.set_band_description(band, description)
    return str(path)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory):
    """Columns of 4 x 4 pixels: falling, rising, U-shaped, flat, and without nights. RADIANCE and ZENITH."""
    folder = tmp_path_factory.mktemp("stacks")
    random = np.random.default_rng(1)
    zenith = np.broadcast_to(random.uniform(2, 58, (NIGHTS, 1, 1)), (NIGHTS, 4, 20))
    shapes = (lambda z: 90 - z, lambda z: 20 + z, lambda z: 20 + 0.05 * (z - 30) ** 2, lambda z: 40 + 0 * z,
              lambda z: z * np.nan)
    radiance = np.concatenate([shape(zenith[:, :, :4]) for shape in shapes], axis=2)
    radiance[:, :, :12] += random.normal(0, 0.5, (NIGHTS, 4, 12))
    return {"RADIANCE": write_raster(folder / "radiance.tif", radiance, descriptions=DATES),
            "ZENITH": write_raster(folder / "zenith.tif", zenith, descriptions=DATES)}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Annual radiance with two towns far from each other."""
    rows, columns = np.mgrid[:40, :80]
    field = np.maximum(60 - 2 * np.hypot(rows - 20, columns - 20), 50 - 2 * np.hypot(rows - 20, columns - 60))
    return write_raster(tmp_path_factory.mktemp("city") / "annual.tif", [field])


@pytest.fixture
def boundary():
    """Two squares, one around each town; their field 'town' is 1 and 2."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32651&field=town:integer", "boundary", "memory")
    for town, left in ((1, 300000), (2, 320000)):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([town])
        feature.setGeometry(QgsGeometry.fromWkt(
            f"POLYGON(({left} 3480000,{left + 20000} 3480000,{left + 20000} 3500000,{left} 3500000,{left} 3480000))"))
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    QgsProject.instance().addMapLayer(layer)
    yield layer
    QgsProject.instance().removeMapLayer(layer.id())


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))


class Cancelling(QgsProcessingFeedback):
    """A user who presses Cancel as soon as there is progress."""

    def __init__(self):
        super().__init__(False)
        self.progressChanged.connect(lambda _: self.cancel())


# Angular effects

def test_angular_effects_are_those_that_were_planted(run, stacks, tmp_path):
    found = run("angulareffects", **stacks, CLASSES=str(tmp_path / "classes.tif"),
                STATISTICS=str(tmp_path / "statistics.tif"))
    assert found == {
        "CLASSES": str(tmp_path / "classes.tif"), "STATISTICS": str(tmp_path / "statistics.tif"),
        "NEGATIVE_PIXELS": 16, "POSITIVE_PIXELS": 16, "U_SHAPED_PIXELS": 16, "FITTED_PIXELS": 64}
    with rasterio.open(found["CLASSES"]) as dataset:
        np.testing.assert_array_equal(dataset.read(1), np.repeat([[1, 2, 3, 0, 255]], 4, axis=1).repeat(4, axis=0))


def test_class_rasters_open_with_their_four_classes(run, stacks, tmp_path):
    found = run("angulareffects", **stacks, CLASSES=str(tmp_path / "classes.tif"))
    layer = QgsRasterLayer(found["CLASSES"], "classes")
    assert layer.renderer().type() == "paletted"
    assert [entry.value for entry in layer.renderer().classes()] == [0, 1, 2, 3]
    assert all(entry.label for entry in layer.renderer().classes())
    assert layer.dataProvider().sourceNoDataValue(1) == 255
    assert layer.crs().authid() == "EPSG:32651"


def test_statistics_open_with_their_names(run, stacks, tmp_path):
    from nocturne.algorithms.night_lights.angular_fit import STATISTICS

    found = run("angulareffects", **stacks, CLASSES=str(tmp_path / "c.tif"), STATISTICS=str(tmp_path / "s.tif"))
    layer = QgsRasterLayer(found["STATISTICS"], "statistics")
    assert [layer.bandName(band).partition(": ")[2] for band in range(1, layer.bandCount() + 1)] == list(STATISTICS)


def test_an_output_that_is_not_wanted_is_not_written(run, stacks, tmp_path):
    found = run("angulareffects", **stacks, CLASSES=str(tmp_path / "classes.tif"), STATISTICS=None)
    assert "STATISTICS" not in found
    assert files_in(tmp_path) == ["classes.qmd", "classes.qml", "classes.tif", "classes.tif.aux.xml",
                                  "classes.tif.nocturne.json"]


def test_temporary_rasters_are_files_that_exist(run, stacks):
    found = run("angulareffects", **stacks, CLASSES="TEMPORARY_OUTPUT", STATISTICS="TEMPORARY_OUTPUT")
    assert QgsRasterLayer(found["CLASSES"], "classes").isValid()
    assert QgsRasterLayer(found["STATISTICS"], "statistics").bandCount() == 14


def test_provenance_stands_beside_the_output_and_in_its_metadata(run, stacks, tmp_path):
    found = run("angulareffects", **stacks, CLASSES=str(tmp_path / "classes.tif"), ALPHA=0.01)
    written = json.loads((tmp_path / "classes.tif.nocturne.json").read_text("utf-8"))
    assert written["algorithm"] == "nocturne:angulareffects"
    assert written["parameters"]["ALPHA"] == 0.01
    assert written["parameters"]["MIN_OBSERVATIONS"] == 30
    assert written["inputs"]["RADIANCE"]["path"] == stacks["RADIANCE"]
    layer = QgsRasterLayer(found["CLASSES"], "classes")
    layer.loadDefaultMetadata()  # as the desktop does with every layer that it adds
    assert [json.loads(each) for each in layer.metadata().history()] == [written]


def test_layers_of_the_project_are_taken_as_inputs(run, stacks, tmp_path):
    layers = {name: QgsRasterLayer(path, name) for name, path in stacks.items()}
    found = run("angulareffects", **layers, CLASSES=str(tmp_path / "classes.tif"))
    assert found["FITTED_PIXELS"] == 64


def test_a_wrong_input_is_told_in_one_sentence(run, stacks, tmp_path):
    with pytest.raises(QgsProcessingException, match=r"ZENITH: its dates aren't those of RADIANCE .*\."):
        run("angulareffects", RADIANCE=stacks["RADIANCE"], CLASSES=str(tmp_path / "classes.tif"),
            ZENITH=write_raster(tmp_path / "zenith.tif", np.ones((6, 4, 20)), descriptions=DATES[:6]))
    assert files_in(tmp_path) == ["zenith.tif"]


def test_a_raster_output_must_be_a_geotiff(run, stacks, tmp_path):
    with pytest.raises(QgsProcessingException, match=r"CLASSES: .*GeoTIFF"):
        run("angulareffects", **stacks, CLASSES=str(tmp_path / "classes.png"))
    assert files_in(tmp_path) == []


# Urban centres

def test_urban_centres_as_memory_layers(run, city):
    found = run("urbancentres", RADIANCE=city, CENTRES="TEMPORARY_OUTPUT", TREE="TEMPORARY_OUTPUT")
    assert (found["CENTRE_COUNT"], found["ROOT_COUNT"]) == (2, 2)
    assert found["CENTRES"].dataProvider().name() == "memory"
    assert found["CENTRES"].featureCount() == 2
    assert found["CENTRES"].crs().authid() == "EPSG:32651"
    assert found["CENTRE_AREA"] == pytest.approx(sum(feature["area_km2"] for feature in found["CENTRES"].getFeatures()))
    assert all(feature["parent_id"] is None or feature["parent_id"].isNull()
               for feature in found["TREE"].getFeatures())
    assert all(feature.geometry().isGeosValid() and feature.geometry().area() > 0
               for feature in found["CENTRES"].getFeatures())


def test_the_boundary_limits_the_centres(run, city, boundary):
    assert run("urbancentres", RADIANCE=city, BOUNDARY=boundary, CENTRES="memory:")["CENTRE_COUNT"] == 2


def test_only_the_selected_boundaries_count(run, city, boundary, tmp_path):
    boundary.selectByExpression("town = 2")
    source = QgsProcessingFeatureSourceDefinition(boundary.id(), selectedFeaturesOnly=True)
    found = run("urbancentres", RADIANCE=city, BOUNDARY=source, CENTRES="memory:", TREE=str(tmp_path / "tree.gpkg"))
    provenance = json.loads((tmp_path / "tree.gpkg.nocturne.json").read_text("utf-8"))
    assert provenance["parameters"]["BOUNDARY"] == {"source": boundary.id(), "selected_features_only": True}
    assert found["CENTRE_COUNT"] == 1
    (centre,) = found["CENTRES"].getFeatures()
    assert centre.geometry().boundingBox().xMinimum() > 320000


def test_a_boundary_without_a_selected_polygon_is_refused(run, city, boundary):
    source = QgsProcessingFeatureSourceDefinition(boundary.id(), selectedFeaturesOnly=True)
    with pytest.raises(QgsProcessingException, match="BOUNDARY: 'boundary' has no polygon"):
        run("urbancentres", RADIANCE=city, BOUNDARY=source, CENTRES="memory:")


@pytest.mark.parametrize(("name", "others"), [
    ("centres.gpkg", []), ("centres.shp", [".dbf", ".prj", ".shx"]), ("centres.geojson", []),
    ("centres.gml", [".xsd"])])
def test_vector_files_hold_what_the_memory_layer_holds(run, city, tmp_path, name, others):
    found = run("urbancentres", RADIANCE=city, CENTRES=str(tmp_path / name), TREE=None)
    layer = QgsVectorLayer(found["CENTRES"], "centres", "ogr")
    assert layer.featureCount() == 2
    assert sorted(round(feature["max_value"]) for feature in layer.getFeatures(QgsFeatureRequest())) == [48, 58]
    beside = {f"centres{suffix}" for suffix in (".qmd", ".qml", *others)} | {name, f"{name}.nocturne.json"}
    assert set(files_in(tmp_path)) == beside


def test_a_geopackage_keeps_its_layer_name_after_the_move(run, city, tmp_path):
    run("urbancentres", RADIANCE=city, CENTRES=str(tmp_path / "my centres.gpkg"), TREE=None)
    layer = QgsVectorLayer(str(tmp_path / "my centres.gpkg"), "", "ogr")
    assert [text.split("!!::!!")[1] for text in layer.dataProvider().subLayers()] == ["my centres"]


def test_a_table_of_a_geopackage_is_written_directly(run, city, tmp_path):
    run("urbancentres", RADIANCE=city, CENTRES=str(tmp_path / "all.gpkg"), TREE=None)
    run("urbancentres", RADIANCE=city, CENTRES="memory:",
        TREE=f'ogr:dbname=\'{tmp_path / "all.gpkg"}\' table="tree" (geom)')
    assert QgsVectorLayer(f"{tmp_path / 'all.gpkg'}|layername=tree", "tree", "ogr").featureCount() > 0
    assert QgsVectorLayer(f"{tmp_path / 'all.gpkg'}|layername=all", "centres", "ogr").featureCount() == 2


def test_a_vector_output_without_an_ending_gets_one(run, city, tmp_path):
    found = run("urbancentres", RADIANCE=city, CENTRES=str(tmp_path / "centres"), TREE=None)
    assert found["CENTRES"] == str(tmp_path / "centres.gpkg")
    assert QgsVectorLayer(found["CENTRES"], "centres", "ogr").featureCount() == 2


def test_a_folder_that_is_missing_is_made(run, city, tmp_path):
    found = run("urbancentres", RADIANCE=city, CENTRES=str(tmp_path / "a" / "b" / "centres.gpkg"), TREE=None)
    assert Path(found["CENTRES"]).is_file()


def test_an_earlier_output_is_replaced_with_its_side_files(run, city, stacks, tmp_path):
    (tmp_path / "classes.tif").write_bytes(b"old")
    (tmp_path / "classes.tif.ovr").write_bytes(b"overviews of the old one")
    run("angulareffects", **stacks, CLASSES=str(tmp_path / "classes.tif"))
    assert QgsRasterLayer(str(tmp_path / "classes.tif"), "classes").isValid()
    assert not (tmp_path / "classes.tif.ovr").exists()


# Loading into the project

def run_in_context(provider, name, parameters, feedback=None):
    """As the toolbox runs it: the results, whether it succeeded, and the context with what shall be loaded."""
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    results, fine = provider.algorithm(name).create().run(parameters, context, feedback or QgsProcessingFeedback(False))
    return SimpleNamespace(results=results, fine=fine, context=context, layers=context.layersToLoadOnCompletion())


def loaded(path, name="An output"):
    definition = QgsProcessingOutputLayerDefinition(str(path), QgsProject.instance())
    definition.destinationName = name
    return definition


def test_rasters_are_loaded_from_their_final_path_and_styled(provider, stacks, tmp_path):
    path = tmp_path / "classes.tif"
    done = run_in_context(provider, "angulareffects", {**stacks, "CLASSES": loaded(path, "My classes")})
    assert list(done.layers) == [str(path)]
    details = done.layers[str(path)]
    assert details.outputName == "CLASSES"
    layer = QgsRasterLayer(str(path), "classes")
    layer.setContrastEnhancement(0)
    details.postProcessor().postProcessLayer(layer, done.context, QgsProcessingFeedback(False))
    assert layer.renderer().type() == "paletted"
    assert "angulareffects" in layer.metadata().history()[0]


def test_vectors_are_loaded_from_their_final_path_and_styled(provider, city, tmp_path):
    paths = {"CENTRES": tmp_path / "centres.gpkg", "TREE": tmp_path / "tree.shp"}
    done = run_in_context(provider, "urbancentres", {
        "RADIANCE": city, **{name: loaded(path) for name, path in paths.items()}})
    assert done.fine
    assert {details.outputName: key.split("|")[0] for key, details in done.layers.items()} == {
        name: str(path) for name, path in paths.items()}
    for key, details in done.layers.items():
        layer = QgsVectorLayer(key, "layer", "ogr")
        assert layer.isValid(), key
        details.postProcessor().postProcessLayer(layer, done.context, QgsProcessingFeedback(False))
        assert layer.metadata().title()


def test_memory_layers_are_loaded_and_styled_too(provider, city):
    done = run_in_context(provider, "urbancentres", {"RADIANCE": city, "CENTRES": loaded("memory:")})
    (details,) = done.layers.values()
    assert details.outputName == "CENTRES"
    assert details.postProcessor() is not None


# What a cancelled or failed run leaves behind

CASES = {
    "angulareffects": {"CLASSES": "classes.tif", "STATISTICS": "statistics.tif"},
    "urbancentres": {"CENTRES": "centres.gpkg", "TREE": "tree.shp"},
}


@pytest.fixture(params=CASES)
def case(request, stacks, city, tmp_path):
    inputs = {"angulareffects": stacks, "urbancentres": {"RADIANCE": city}}[request.param]
    return SimpleNamespace(name=request.param, inputs=inputs, folder=tmp_path, outputs={
        name: str(tmp_path / file) for name, file in CASES[request.param].items()})


def test_a_cancelled_run_returns_nothing_and_leaves_nothing(run, case):
    assert run(case.name, Cancelling(), **case.inputs, **case.outputs) == {}
    assert files_in(case.folder) == []


def test_a_cancelled_run_lets_the_earlier_output_stand(run, case):
    for path in case.outputs.values():
        Path(path).write_text("earlier", "utf-8")
    assert run(case.name, Cancelling(), **case.inputs, **case.outputs) == {}
    assert {Path(path).read_text("utf-8") for path in case.outputs.values()} == {"earlier"}
    assert len(files_in(case.folder)) == len(case.outputs)


def test_folders_that_were_made_for_a_cancelled_run_are_removed(run, stacks, tmp_path):
    assert run("angulareffects", Cancelling(), **stacks, CLASSES=str(tmp_path / "a" / "b" / "classes.tif")) == {}
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError("a fault"), MemoryError(), OutputError("X", "a disk is full", "wait")],
                         ids=lambda error: type(error).__name__)
def test_a_run_that_fails_at_its_end_leaves_nothing_and_lets_the_earlier_output_stand(
        provider, run, case, error, monkeypatch):
    kind = type(provider.algorithm(case.name))
    execute = kind.execute

    def fail_at_the_end(self, run):
        execute(self, run)
        raise error

    first = next(iter(case.outputs.values()))
    Path(first).write_text("earlier", "utf-8")
    monkeypatch.setattr(kind, "execute", fail_at_the_end)
    with pytest.raises((QgsProcessingException, RuntimeError)):
        run(case.name, **case.inputs, **case.outputs)
    assert files_in(case.folder) == [Path(first).name]
    assert Path(first).read_text("utf-8") == "earlier"


# Black Marble

@pytest.fixture
def three_days(demo, demo_extent):
    return {"FOLDER": str(demo / "daily"), "EXTENT": demo_extent, "START": "2021-11-10", "END": "2021-11-12",
            "QUALITY": "all_valid", "CLOUD": "any", "SNOW": "include"}


def test_black_marble_becomes_stacks_of_the_dates_asked_for(run, three_days, tmp_path):
    names = ("RADIANCE", "ZENITH", "COVERAGE")
    found = run("readblackmarble", **three_days, **{name: str(tmp_path / f"{name}.tif") for name in names}, NIGHTS=None)
    layers = {name: QgsRasterLayer(found[name], name) for name in names}
    days = ["2021-11-10", "2021-11-11", "2021-11-12"]
    for name in ("RADIANCE", "ZENITH"):
        assert [layers[name].bandName(band).partition(": ")[2]
                for band in range(1, layers[name].bandCount() + 1)] == days
    assert found["NIGHTS_USED"] == 3
    assert layers["COVERAGE"].bandCount() == 1
    assert {layer.crs().authid() for layer in layers.values()} == {"EPSG:4326"}


@pytest.mark.parametrize("destination", ["nights.csv", "nights.gpkg", "memory"])
def test_the_table_of_nights_has_a_row_for_each_date(run, three_days, tmp_path, destination):
    found = run("readblackmarble", **three_days, RADIANCE=str(tmp_path / "radiance.tif"), ZENITH=None, COVERAGE=None,
                NIGHTS="memory:" if destination == "memory" else str(tmp_path / destination))
    table = found["NIGHTS"]
    table = table if destination == "memory" else QgsVectorLayer(table, "nights", "ogr")
    assert [name for name in table.fields().names() if name != "fid"] == [
        "date", "radiance_file", "zenith_file", "valid_share", "used", "reason"]
    used = [feature for feature in table.getFeatures() if feature["used"] in (True, "true", "1")]
    assert len(used) == 3
    assert all(str(feature["radiance_file"]).endswith(".h5") for feature in used)


def test_composites_have_no_zenith_and_load_none(provider, demo, demo_extent, tmp_path):
    done = run_in_context(provider, "readblackmarble", {
        "FOLDER": str(demo / "annual"), "PRODUCT": "annual", "EXTENT": demo_extent,
        **{name: loaded(tmp_path / f"{name}.tif") for name in ("RADIANCE", "ZENITH", "COVERAGE")}})
    assert done.fine
    assert "ZENITH" not in done.results
    assert sorted(details.outputName for details in done.layers.values()) == ["COVERAGE", "RADIANCE"]


# Chains

def test_the_chain_gives_and_loads_all_its_outputs(provider, demo, demo_extent, tmp_path):
    endings = {"sink": "gpkg", "vectorDestination": "gpkg", "rasterDestination": "tif"}
    paths = {each.name(): tmp_path / f"{each.name().replace(':', '_')}.{endings[each.type()]}"
             for each in provider.algorithm("nightlightmaps").destinationParameterDefinitions()}
    assert len(paths) == 6
    done = run_in_context(provider, "nightlightmaps", {
        "DAILY": str(demo / "daily"), "ANNUAL": str(demo / "annual"), "EXTENT": demo_extent, "THRESHOLD": "20",
        **{name: loaded(path) for name, path in paths.items()}})
    assert done.fine
    assert {key.split("|")[0] for key in done.layers} == {str(path) for path in paths.values()}
    for key, details in done.layers.items():
        layer = QgsRasterLayer(key, "layer") if key.endswith(".tif") else QgsVectorLayer(key, "layer", "ogr")
        assert layer.isValid(), key
        details.postProcessor().postProcessLayer(layer, done.context, QgsProcessingFeedback(False))
        assert layer.metadata().title(), key


# Tools

def test_the_environment_report_is_a_page_and_a_document(run, tmp_path):
    found = run("checkenvironment", REPORT=str(tmp_path / "report.html"), JSON=str(tmp_path / "findings.json"))
    findings = json.loads((tmp_path / "findings.json").read_text("utf-8"))
    assert found["STATE"] == findings["state"]
    assert {library["name"] for library in findings["libraries"]} >= {"rasterio", "shapely", "numba"}
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "rasterio" in page


def test_the_demonstration_is_made_and_made_anew(run, tmp_path):
    folder = tmp_path / "a" / "demo"
    for seed in (1, 2):
        found = run("createdemo", FOLDER=str(folder), NIGHTS=48, SEED=seed)
        assert found["FOLDER"] == str(folder)
        assert Path(found["CITY"]) == folder / "city"
        assert found["EXTENT"].endswith("[EPSG:4326]")
        assert json.loads((folder / "city" / "truth" / "constants.json").read_text("utf-8"))["seed"] == seed
        assert len(list((folder / "city" / "daily").glob("VNP46A2*.h5"))) == 48


def test_a_cancelled_demonstration_leaves_nothing(run, tmp_path):
    assert run("createdemo", Cancelling(), FOLDER=str(tmp_path / "a" / "demo"), NIGHTS=48) == {}
    assert files_in(tmp_path) == []


def test_bands_of_months_and_years_last_as_long():
    def lasts(*days):
        return [(each.begin().date().toString("yyyy-MM-dd"), each.begin().daysTo(each.end()))
                for each in band_ranges([date.fromisoformat(day) for day in days])]

    assert lasts("2020-02-01", "2020-03-01") == [("2020-02-01", 29), ("2020-03-01", 31)]
    assert lasts("2019-01-01", "2020-01-01") == [("2019-01-01", 365), ("2020-01-01", 366)]
    assert lasts("2020-01-01", "2020-01-02") == [("2020-01-01", 1), ("2020-01-02", 1)]
