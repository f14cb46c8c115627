"""Outputs that can't all get their names, that are dropped, and Shapefiles."""
from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from nocturne.algorithms.errors import OutputError
from nocturne.algorithms.rasters import Grid, RasterWriter
from nocturne.processing_provider.outputs import Outputs
from nocturne.tests.heard import Heard
from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterDestination,
    QgsVectorLayer,
    QgsWkbTypes,
)
from rasterio.crs import CRS
from rasterio.windows import Window

RASTERS = ("FIRST", "SECOND", "THIRD")


class Writer(QgsProcessingAlgorithm):
    """Three rasters and a layer."""

    def createInstance(self):  # noqa: N802
        return Writer()

    def name(self):
        return "writer"

    def displayName(self):  # noqa: N802
        return "Writer"

    def initAlgorithm(self, configuration=None):  # noqa: N802
        for name in RASTERS:
            self.addParameter(QgsProcessingParameterRasterDestination(name, name, optional=True))
        self.addParameter(QgsProcessingParameterFeatureSink("LAYER", "LAYER", optional=True))
        self.addParameter(QgsProcessingParameterFileDestination("REPORT", "REPORT", optional=True))


@pytest.fixture
def make(qgis_processing):
    kept = []

    def make(**parameters):
        algorithm, context = Writer.create(Writer()), QgsProcessingContext()
        kept.append((algorithm, context))
        return Outputs(algorithm, {name: str(path) for name, path in parameters.items()}, context)

    return make


def write(outputs, name, value):
    grid = Grid(CRS.from_epsg(4326), Affine(1, 0, 0, 0, -1, 2), 2, 2)
    with RasterWriter(name, outputs.required_raster(name), grid, ["band"], "uint8", 255) as writer:
        writer.write(np.full((1, 2, 2), value, np.uint8), Window(0, 0, 2, 2))


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("failing", range(3))
@pytest.mark.parametrize("linked", [True, False], ids=["links", "no links"])
def test_all_outputs_get_their_names_or_none(make, tmp_path, monkeypatch, failing, linked):
    paths = {name: tmp_path / f"{name}.tif" for name in RASTERS}
    for name in RASTERS[1:]:
        paths[name].write_bytes(b"earlier")
    outputs = make(**paths)
    for name in RASTERS:
        write(outputs, name, 7)
    replace = os.replace

    def fail_once(source, target):
        if Path(target) == paths[RASTERS[failing]] and Path(source).name == Path(target).name:
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    if not linked:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(95, "Operation not supported")))
    with pytest.raises(OutputError, match=rf"^{RASTERS[failing]}: '.*' could not be replaced \(Permission denied\)"):
        outputs.commit()
    outputs.discard()
    assert files_in(tmp_path) == ["SECOND.tif", "THIRD.tif"]
    assert {paths[name].read_bytes() for name in RASTERS[1:]} == {b"earlier"}


def test_outputs_that_succeed_replace_what_was_there(make, tmp_path):
    paths = {name: tmp_path / f"{name}.tif" for name in RASTERS}
    paths["SECOND"].write_bytes(b"earlier")
    (tmp_path / "SECOND.tif.aux.xml").write_text("statistics of the earlier one")
    outputs = make(**paths)
    for name in RASTERS:
        write(outputs, name, 7)
    outputs.commit()
    assert files_in(tmp_path) == ["FIRST.tif", "SECOND.tif", "THIRD.tif"]
    assert paths["SECOND"].read_bytes() == paths["FIRST"].read_bytes()


def test_a_dropped_output_takes_the_folders_that_were_made_for_it_away(make, tmp_path):
    outputs = make(FIRST=tmp_path / "a" / "b" / "first.tif", SECOND=tmp_path / "a" / "second.tif")
    for name in RASTERS[:2]:
        write(outputs, name, 1)
    outputs.drop("FIRST")
    assert not (tmp_path / "a" / "b").exists()
    outputs.commit()
    assert files_in(tmp_path) == ["a", "a/second.tif"]


def write_layer(outputs, fields):
    sink = outputs.sink("LAYER", fields, QgsWkbTypes.Type.Point, "EPSG:4326")
    point = SimpleNamespace(wkb=bytes.fromhex("0101000000" + "00" * 16))
    sink.add([1.0] * len(fields), point.wkb)
    heard = Heard()
    outputs.close_sinks(heard)
    outputs.commit()
    return heard.warnings


def test_field_names_that_a_shapefile_shortens_are_said_in_one_sentence(make, tmp_path):
    path = tmp_path / "layer.shp"
    texts = write_layer(make(LAYER=path), {"area": "number", "radiance_file": "number", "radiance_files": "number"})
    stored = QgsVectorLayer(str(path), "layer", "ogr").fields().names()
    assert texts == [f"LAYER: a Shapefile holds 10 letters of a field name (radiance_file is {stored[1]}, "
                     f"radiance_files is {stored[2]}); give a name that ends in .gpkg to keep them."]


@pytest.mark.parametrize("name", ["short.shp", "long.gpkg"])
def test_nothing_is_said_where_names_are_kept(make, tmp_path, name):
    fields = {"area": "number"} if name.endswith(".shp") else {"radiance_files": "number"}
    assert write_layer(make(LAYER=tmp_path / name), fields) == []


def test_a_table_is_no_shapefile(make, tmp_path):
    outputs = make(LAYER=tmp_path / "nights.shp")
    with pytest.raises(OutputError, match=r"^LAYER: '.*nights\.shp' is a Shapefile, .*ends in \.gpkg or \.csv\.$"):
        outputs.sink("LAYER", {"date": "text"}, QgsWkbTypes.Type.NoGeometry, "")
    outputs.discard()
    assert files_in(tmp_path) == []


def test_layers_that_would_share_a_style_are_refused_before_the_work(make, tmp_path):
    outputs = make(FIRST=tmp_path / "same.tif", LAYER=tmp_path / "same.gpkg")
    with pytest.raises(OutputError, match=r"LAYER: 'same\.gpkg' would share its style file with FIRST 'same\.tif'"):
        outputs.check_names()
    assert files_in(tmp_path) == []


def test_a_report_may_have_the_name_of_a_layer(make, tmp_path):
    outputs = make(REPORT=tmp_path / "same.html", LAYER=tmp_path / "same.gpkg")
    outputs.check_names()
    with pytest.raises(OutputError, match=r"REPORT: 'same\.gpkg' would share"):
        make(REPORT=tmp_path / "same.gpkg", LAYER=tmp_path / "same.gpkg").check_names()
