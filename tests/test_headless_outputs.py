"""Outputs that would destroy something, and inputs that are damaged, through the real qgis_process."""
from __future__ import annotations

import json
import os
import shutil
import sqlite3

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

SMALL = {"THRESHOLD": "30", "SMOOTHING": "1", "MIN_AREA": "0"}


@pytest.fixture
def light(tmp_path):
    path = tmp_path / "light.tif"
    values = np.random.default_rng(4).uniform(0, 80, (1, 40, 40)).astype(np.float32)
    with rasterio.open(path, "w", driver="GTiff", width=40, height=40, count=1, dtype="float32", crs="EPSG:32651",
                       transform=from_origin(300_000, 3_400_000, 500, 500)) as dataset:
        dataset.write(values)
    return path


def refused(run, parameter):
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert f"{parameter}: '" in run.stderr


def test_an_output_never_replaces_an_input(qgis_process, light, tmp_path):
    boundary = tmp_path / "boundary.gpkg"
    qgis_process("native:extenttolayer", INPUT="300000,320000,3380000,3400000 [EPSG:32651]", OUTPUT=boundary)
    before = boundary.read_bytes()
    refused(qgis_process("nocturne:urbancentres", RADIANCE=light, BOUNDARY=boundary, CENTRES=boundary, **SMALL),
            "CENTRES")
    assert boundary.read_bytes() == before


def test_two_outputs_never_share_a_file_or_its_style(qgis_process, light, tmp_path):
    for tree in ("same.gpkg", "same.geojson"):
        refused(qgis_process("nocturne:urbancentres", RADIANCE=light, CENTRES=tmp_path / "same.gpkg",
                             TREE=tmp_path / tree, **SMALL), "TREE")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("same", ".nocturne"))] == []


def test_a_geopackage_with_pending_edits_is_left_alone(qgis_process, light, tmp_path):
    output = tmp_path / "centres.gpkg"
    assert qgis_process("nocturne:urbancentres", RADIANCE=light, CENTRES=output, **SMALL).code == 0
    database = sqlite3.connect(output)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA wal_autocheckpoint=0")
    database.execute("CREATE TABLE pending (value)")
    database.commit()
    refused(qgis_process("nocturne:urbancentres", RADIANCE=light, CENTRES=output, **SMALL), "CENTRES")
    assert database.execute("SELECT count(*) FROM pending").fetchone() == (0,)
    database.close()


def test_a_linked_output_stays_a_link(qgis_process, light, tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "centres.gpkg"
    link.symlink_to(tmp_path / "disk" / "centres.gpkg")
    assert qgis_process("nocturne:urbancentres", RADIANCE=light, CENTRES=link, **SMALL).code == 0
    assert link.is_symlink()
    assert (tmp_path / "disk" / "centres.gpkg").stat().st_size > 0


def test_a_damaged_raster_is_one_sentence(qgis_process, light, tmp_path):
    half = tmp_path / "half.tif"
    shutil.copy(light, half)
    os.truncate(half, half.stat().st_size // 2)
    refused(qgis_process("nocturne:urbancentres", RADIANCE=half, CENTRES=tmp_path / "c.gpkg", **SMALL), "RADIANCE")


def test_provenance_names_inputs_so_that_they_can_be_found_again(qgis_process, light, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert qgis_process("nocturne:urbancentres", RADIANCE="light.tif", CENTRES="c.gpkg", **SMALL).code == 0
    written = json.loads((tmp_path / "c.gpkg.nocturne.json").read_text("utf-8"))
    assert written["inputs"]["RADIANCE"]["path"] == str(light)
