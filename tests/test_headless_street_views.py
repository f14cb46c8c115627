"""Street views through the real qgis_process: training, encoding, the way into a graph, points, bad input."""
from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import Counter

import numpy as np
import pytest
from nocturne.algorithms.simulation.street_pictures import draw_any_street
from PIL import Image

SENTENCE = re.compile(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.")


def succeeded(run):
    assert run.code == 0, run.stderr
    assert "Traceback" not in run.stderr
    return run.results


def square(left):
    right, bottom, top = left + 0.02, 23.0, 23.02
    return {"type": "Polygon", "coordinates": [[[left, bottom], [right, bottom], [right, top], [left, top],
                                                [left, bottom]]]}


def write_layer(path, geometries, **columns):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {name: column[index] for name, column in columns.items()},
         "geometry": geometry} for index, geometry in enumerate(geometries)]}))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Units, roads, and pictures of which one knows where it is and one is damaged; a checkpoint of other weights."""
    import torch

    folder = tmp_path_factory.mktemp("views")
    (folder / "pictures").mkdir()
    numbers = np.random.default_rng(1)
    for index in range(8):
        exif = Image.Exif()
        if index == 3:
            exif[0x8825] = {1: "N", 2: (23, 0, 36), 3: "E", 4: (113, 1, 48)}
        Image.fromarray(draw_any_street(48, numbers)).save(folder / "pictures" / f"{index}.jpg", exif=exif)
    (folder / "pictures" / "broken.jpg").write_bytes((folder / "pictures" / "0.jpg").read_bytes()[:500])
    write_layer(folder / "units.geojson", [square(113.0), square(113.02)], id=["a", "b"], district=["D", "E"])
    write_layer(folder / "roads.geojson", [{"type": "LineString", "coordinates": [[112.99, y], [113.03, y]]}
                                           for y in (23.005, 23.01)])
    write_layer(folder / "points.geojson", [{"type": "Point", "coordinates": [113.001 + 0.005 * index, 23.001]}
                                            for index in range(3)], file=[f"{index}.jpg" for index in range(3)],
                towards=[0, 90, 180])
    torch.save({"image_encoder.something": torch.zeros(3)}, folder / "other.pth")
    (folder / "nothing").mkdir()
    return folder


def test_views_are_learnt_encoded_and_pooled(qgis_process, place, tmp_path):
    trained = qgis_process("nocturne:trainstreetviewencoder", FOLDER=place / "pictures", IMAGE_SIZE=32, EPOCHS=1,
                           BATCHES=1, BATCH_SIZE=2, DEVICE="cpu", THREADS=1, MODEL=tmp_path / "encoder.json",
                           REPORT=tmp_path / "report.html")
    assert succeeded(trained)["PICTURE_COUNT"] == 8
    assert "1 of 9 views can't be used ('broken.jpg': damaged" in trained.stdout + trained.stderr
    assert "SSIM of other pictures" in (tmp_path / "report.html").read_text("utf-8")
    found = succeeded(qgis_process("nocturne:encodestreetviews", FOLDER=place / "pictures", DEVICE="cpu", THREADS=1,
                                   IMAGES=place / "points.geojson", PATH_FIELD="file", HEADING_FIELD="towards",
                                   MODEL=tmp_path / "encoder.json", EMBEDDINGS=tmp_path / "views.gpkg"))
    assert (found["VIEW_COUNT"], found["VECTOR_LENGTH"]) == (3, 192)
    graph = succeeded(qgis_process("nocturne:regiongraph", SUBDISTRICTS=place / "units.geojson", UNIT_FIELD="id",
                                   DISTRICT_FIELD="district", EMBEDDINGS=tmp_path / "views.gpkg",
                                   NODES=tmp_path / "nodes.gpkg", EDGES=tmp_path / "edges.gpkg"))
    assert graph["UNIT_COUNT"] == 2
    with sqlite3.connect(tmp_path / "nodes.gpkg") as database:
        assert database.execute("SELECT views, view_1 IS NULL, view_192 IS NULL FROM nodes ORDER BY id").fetchall() == [
            (3, 0, 0), (0, 1, 1)]


def test_the_bundled_encoder_takes_a_folder_with_the_cameras_positions(qgis_process, place, tmp_path):
    run = qgis_process("nocturne:encodestreetviews", FOLDER=place / "pictures", DEVICE="cpu", THREADS=1,
                       EMBEDDINGS=tmp_path / "views.csv", PANORAMAS="no")
    assert succeeded(run)["VIEW_COUNT"] == 8
    assert "Positions in the pictures: 1 of 8" in run.stdout
    with (tmp_path / "views.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["picture"] for row in rows] == [f"{index}.jpg" for index in range(8)]
    assert len({row["view_1"] for row in rows}) == 8


def test_points_along_roads_are_spread_and_capped_with_four_headings(qgis_process, place, tmp_path):
    run = qgis_process("nocturne:streetviewpoints", **{
        "ROADS": place / "roads.geojson", "UNITS": place / "units.geojson", "UNIT_FIELD": "id", "CRS": "EPSG:32649",
        "SPACING": 50, "MOST": 20, "points:output": tmp_path / "points.geojson"})
    succeeded(run)
    points = json.loads((tmp_path / "points.geojson").read_text())["features"]
    found = Counter((each["properties"]["id"], each["properties"]["heading"]) for each in points)
    assert found == {(unit, heading): 20 for unit in "ab" for heading in (90, 180, 270, 360)}
    along = sorted({each["geometry"]["coordinates"][0][0] for each in points if each["properties"]["id"] == "a"})
    assert along[-1] - along[0] > 0.015, "spread over the whole unit"


BAD = [
    ("encodestreetviews", {"FOLDER": "nothing"}, "FOLDER", "has no picture; choose a folder with JPEG"),
    ("encodestreetviews", {"IMAGES": "points.geojson", "PATH_FIELD": "file"}, "PATH_FIELD", "none of 3 files is there"),
    ("trainstreetviewencoder", {"FOLDER": "pictures", "CHECKPOINT": "other.pth"}, "CHECKPOINT",
     "it has no 'image_encoder.patch_embed"),
    ("trainstreetviewencoder", {"FOLDER": "pictures", "IMAGE_SIZE": "50"}, "IMAGE_SIZE", "50 was given"),
]


@pytest.mark.parametrize(("algorithm", "given", "parameter", "phrase"), BAD, ids=[each[3][:24] for each in BAD])
def test_what_cannot_be_encoded_is_said_in_one_sentence(qgis_process, place, tmp_path, algorithm, given, parameter,
                                                        phrase):
    files = {name: place / value if (place / value).exists() else value for name, value in given.items()}
    output = {"encodestreetviews": "EMBEDDINGS", "trainstreetviewencoder": "MODEL"}[algorithm]
    ending = {"EMBEDDINGS": "out.gpkg", "MODEL": "out.json"}[output]
    run = qgis_process(f"nocturne:{algorithm}", DEVICE="cpu", THREADS=1, **{output: tmp_path / ending}, **files)
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert not list(tmp_path.iterdir())
    sentence = SENTENCE.fullmatch(run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    assert phrase in run.error
