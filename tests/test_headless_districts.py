"""The district algorithms through the real qgis_process: a small region, New York's counties, and bad input."""
from __future__ import annotations

import csv
import json
import re
import sqlite3

import pytest
from nocturne.tests.conftest import ROOT

NEW_YORK = ROOT / ".." / "shared" / "data" / "region-graph-new-york"
SENTENCE = re.compile(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.")


def succeeded(run):
    assert run.code == 0, run.stderr
    assert "Traceback" not in run.stderr
    return run.results


def rows(path, table):
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f'SELECT * FROM "{table}" ORDER BY fid')]


def square(left, bottom, side):
    right, top = left + side, bottom + side
    return [[[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]]


def write_layer(path, kind, shapes, **columns):
    features = [{"type": "Feature", "properties": {name: column[index] for name, column in columns.items()},
                 "geometry": {"type": kind, "coordinates": shape}} for index, shape in enumerate(shapes)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def write_table(path, head, *lines):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *lines])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Four units of 0.01 degrees in two districts and a city without any, with places, flows of cells and vectors."""
    folder = tmp_path_factory.mktemp("small")
    lefts = [113.0, 113.01, 113.02, 113.03]
    units = [square(left, 23.0, 0.01) for left in lefts]
    names = {"id": ["u1", "u2", "u3", "u4"], "city": ["Foshan", "Foshan", "Foshan", "Dongguan"]}
    write_layer(folder / "units.geojson", "Polygon", units, district=["N", "N", "S", None], shops=[1, 2, 3, 4], **names)
    write_layer(folder / "repeated.geojson", "Polygon", units, district=["N"] * 4,
                id=["u1", "u1", "u3", "u4"])
    write_layer(folder / "no_district.geojson", "Polygon", units, district=["N", None, "S", None], id=names["id"])
    write_layer(folder / "places.geojson", "Point", [[left + 0.004, 23.004] for left in lefts[:3]] + [[120, 30]],
                amenity=["restaurant", "bank", "pub", "pub"])
    write_layer(folder / "cells.geojson", "Polygon", [square(left + 0.003, 23.002, 0.005) for left in lefts],
                cell=[1, 2, 3, 4])
    write_layer(folder / "views.geojson", "Point", [[113.001, 23.001], [113.002, 23.002]], view_1=[1.0, 3.0],
                view_2=[0.5, 0.5])
    days = [f"2021-03-{day:02}" for day in range(1, 8)]
    write_table(folder / "flows.csv", ["start", "end", "count", "day"],
                *[[1, 2, 10, day] for day in days], *[[2, 3, 1, day] for day in days],
                *[[4, 4, 2, day] for day in days], *[[1, 99, 1, day] for day in days])
    write_table(folder / "pairs.csv", ["start", "end", "count"], ["u1", "u2", 5], ["u2", "u4", 1])
    write_table(folder / "negative.csv", ["start", "end", "count"], ["u1", "u2", -5])
    write_table(folder / "words.csv", ["start", "end", "count"], ["u1", "u2", "many"])
    write_table(folder / "elsewhere.csv", ["start", "end", "count"], ["x", "y", 5])
    write_table(folder / "totals.csv", ["name", "gdp", "jobs"], ["N", 10.5, 3], ["Dongguan", 20, 4])
    return folder


def test_layers_become_a_region_graph(qgis_process, small, tmp_path):
    run = qgis_process(
        "nocturne:regiongraph", SUBDISTRICTS=small / "units.geojson", UNIT_FIELD="id", DISTRICT_FIELD="district",
        CITY_FIELD="city", PLACE_FIELDS="shops", PLACES=small / "places.geojson", CATEGORY_FIELD="amenity",
        CATEGORIES="classes", FLOWS=small / "flows.csv", ORIGIN_FIELD="start", DESTINATION_FIELD="end",
        COUNT_FIELD="count", TIME_FIELD="day", FLOW_GRID=small / "cells.geojson", GRID_FIELD="cell",
        SPLIT=small / "places.geojson", EMBEDDINGS=small / "views.geojson", DISTRICT_TARGETS=small / "totals.csv",
        TARGET_DISTRICT_FIELD="name", PROFILES="totals", NODES=tmp_path / "nodes.gpkg", EDGES=tmp_path / "edges.gpkg")
    found = succeeded(run)
    assert (found["UNIT_COUNT"], found["DISTRICT_COUNT"], found["EDGE_COUNT"], found["ISOLATED_COUNT"]) == (4, 3, 2, 1)
    parts = [found[f"FLOW_{name}"] for name in ("BETWEEN", "SELF", "OUTSIDE", "UNKNOWN")]
    assert parts == pytest.approx([365 * 11, 365 * 2, 0, 365])
    assert found["FLOW_TOTAL"] == pytest.approx(sum(parts), rel=1e-9)
    nodes = rows(tmp_path / "nodes.gpkg", "nodes")
    assert [row["district"] for row in nodes] == ["N", "N", "S", "Dongguan"]
    assert [row["place_food"] for row in nodes] == [1, 0, 1, None]
    assert [row["place_shops"] for row in nodes] == [1, 2, 3, 4]
    assert [row["view_1"] for row in nodes] == [2, None, None, None]
    assert [row["target_gdp"] for row in nodes] == [10.5, 10.5, None, 20]
    assert nodes[3]["flow_out"] is None
    assert nodes[0]["area_km2"] == pytest.approx(1.135, abs=0.01)
    edges = rows(tmp_path / "edges.gpkg", "edges")
    assert [(row["origin"], row["destination"], row["count"]) for row in edges] == [
        ("u1", "u2", pytest.approx(3650)), ("u2", "u3", pytest.approx(365))]
    assert edges[0]["distance_km"] == pytest.approx(1.025, abs=0.01)
    assert "none of it" not in run.stdout
    assert (tmp_path / "edges.qml").exists()
    assert (tmp_path / "nodes.gpkg.nocturne.json").exists()


@pytest.mark.real_data
@pytest.mark.skipif(not NEW_YORK.is_dir(), reason="shared data region-graph-new-york is not beside the checkout")
def test_new_york_s_counties(qgis_process, tmp_path):
    (tmp_path / "counties.geojson").write_bytes((NEW_YORK / "ny_counties_2011.geojson").read_bytes())
    (tmp_path / "flows.csv").write_bytes((NEW_YORK / "ny_commuting_flows_2011.csv").read_bytes())
    run = qgis_process("nocturne:regiongraph", SUBDISTRICTS=tmp_path / "counties.geojson", UNIT_FIELD="tile_id",
                       DISTRICT_FIELD="tile_id", PLACE_FIELDS="population", FLOWS=tmp_path / "flows.csv",
                       ORIGIN_FIELD="origin", DESTINATION_FIELD="destination", COUNT_FIELD="flow",
                       NODES=tmp_path / "nodes.gpkg", EDGES=tmp_path / "edges.gpkg")
    found = succeeded(run)
    assert (found["UNIT_COUNT"], found["EDGE_COUNT"], found["ISOLATED_COUNT"]) == (62, 1954 - 62, 0)
    assert found["FLOW_SELF"] > 0.3 * found["FLOW_TOTAL"]
    assert "may be residents rather than trips" in run.stderr + run.stdout
    nodes = rows(tmp_path / "nodes.gpkg", "nodes")
    assert sum(row["area_km2"] for row in nodes) == pytest.approx(126_000, rel=0.2), "New York State with its waters"


UNITS = {"SUBDISTRICTS": "units.geojson", "UNIT_FIELD": "id", "DISTRICT_FIELD": "district", "CITY_FIELD": "city",
         "FLOWS": "pairs.csv", "ORIGIN_FIELD": "start", "DESTINATION_FIELD": "end", "COUNT_FIELD": "count"}
BAD = [
    ({"SUBDISTRICTS": "repeated.geojson", "CITY_FIELD": ""}, "UNIT_FIELD", "1 ids repeat in 'id' (the first is 'u1')"),
    ({"SUBDISTRICTS": "no_district.geojson", "CITY_FIELD": ""}, "DISTRICT_FIELD",
     "2 of 4 units have neither district nor city (the first is 'u2')"),
    ({"DISTRICT_FIELD": "", "CITY_FIELD": ""}, "DISTRICT_FIELD", "no field was named, and 4 of 4 units have no city"),
    ({"FLOWS": "negative.csv"}, "COUNT_FIELD", "1 counts are negative (the first, -5, in row 1)"),
    ({"FLOWS": "words.csv"}, "COUNT_FIELD", "'many' in the field 'count' isn't a number"),
    ({"FLOWS": "elsewhere.csv"}, "FLOWS", "no flow goes from one known place to another"),
    ({"COUNT_FIELD": ""}, "COUNT_FIELD", "no field was named; name the field of FLOWS"),
    ({"FLOW_GRID": "cells.geojson"}, "GRID_FIELD", "no field was named; name the field of FLOW_GRID with the ids"),
]


@pytest.mark.parametrize(("given", "parameter", "phrase"), BAD, ids=[phrase[:20] for *_, phrase in BAD])
def test_what_is_no_region_graph_is_said_in_one_sentence(qgis_process, small, tmp_path, given, parameter, phrase):
    options = {name: value for name, value in {**UNITS, **given}.items() if value}
    files = {name: small / value if "." in value else value for name, value in options.items()}
    run = qgis_process("nocturne:regiongraph", NODES=tmp_path / "nodes.gpkg", EDGES=tmp_path / "edges.gpkg", **files)
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert not list(tmp_path.iterdir())
    sentence = SENTENCE.fullmatch(run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    assert phrase in run.error


def test_simulated_districts_become_a_region_graph(qgis_process, tmp_path):
    """Cities without districts, flows of cells on days, vectors in a table and published totals."""
    made = succeeded(qgis_process("nocturne:createdemo", FOLDER=tmp_path, PART="districts"))["DISTRICTS"]
    made = ROOT.__class__(made)
    found = succeeded(qgis_process(
        "nocturne:regiongraph", SUBDISTRICTS=made / "units.geojson", UNIT_FIELD="unit", DISTRICT_FIELD="district",
        CITY_FIELD="city", PLACES=made / "places.geojson", CATEGORY_FIELD="category", PLACE_FIELDS="population",
        FLOWS=made / "flows.csv", ORIGIN_FIELD="origin", DESTINATION_FIELD="destination", COUNT_FIELD="count",
        TIME_FIELD="day", FLOW_GRID=made / "cells.geojson", GRID_FIELD="cell", EMBEDDINGS=made / "views.csv",
        EMBEDDING_UNIT_FIELD="unit", DISTRICT_TARGETS=made / "totals.csv", TARGET_DISTRICT_FIELD="district",
        NODES=tmp_path / "nodes.gpkg", EDGES=tmp_path / "edges.gpkg"))
    assert found["DISTRICT_COUNT"] == 50
    assert found["FLOW_TOTAL"] == pytest.approx(sum(
        found[f"FLOW_{name}"] for name in ("BETWEEN", "SELF", "OUTSIDE", "UNKNOWN")), rel=1e-9)
    assert found["FLOW_TOTAL"] == pytest.approx(365 * 3700, rel=0.1)
    nodes = rows(tmp_path / "nodes.gpkg", "nodes")
    assert {row["target_secondary"] for row in nodes if row["district"] == "Dongguan"} == {6513.64}
    assert sum(row["area_km2"] for row in nodes) == pytest.approx(54_094, rel=0.01)
    assert any(row["view_768"] is None for row in nodes)
