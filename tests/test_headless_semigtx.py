"""SemiGTX through the real qgis_process: trained, stored, mapped, compared; what can't be used is said."""
from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from nocturne.algorithms.districts.pictures import View
from nocturne.algorithms.districts.street_views import encode_views, load_encoder
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.street_pictures import draw_any_street, write_picture
from nocturne.tests.region_layer_files import DISTRICTS, UNITS, write_region

SEEN = 12  # units with a street view
QUICK = {"EPOCHS": 3, "FOLDS": 2, "REPEATS": 1, "DEVICE": "cpu", "THREADS": 1}


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def features_of(path):
    return [each["properties"] for each in json.loads(path.read_text())["features"]]


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """A region whose first units have a rendered street view each, in streets/ and streets.csv."""
    folder = tmp_path_factory.mktemp("region")
    (folder / "streets").mkdir()
    numbers = np.random.default_rng(1)
    names = [f"{unit}.png" for unit in range(SEEN)]
    for name in names:
        write_picture(str(folder / "streets" / name), draw_any_street(48, numbers))
    with (folder / "streets.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "seen"), *((name, f"u{unit}") for unit, name in enumerate(names))])
    views = [View(folder / "streets" / name) for name in names]
    encoded = encode_views(views, load_encoder(""), Resources(threads=1, device="cpu"), Progress())
    return folder, write_region(folder, vectors=encoded.vectors)


@pytest.fixture(scope="module")
def trained(qgis_process, region):
    folder, layers = region
    run = qgis_process("nocturne:trainsemigtx", **layers, CITY_FIELD="city", MODEL=folder / "model.json",
                       OUTPUT=folder / "left_out.geojson", REPORT=folder / "report.html", TABLE=folder / "scores.csv",
                       METRICS=folder / "metrics.json", **QUICK)
    assert run.code == 0, run.stderr
    return folder, layers, run.results


def test_training_judges_on_districts_left_out(trained):
    folder, _, results = trained
    scores = rows_of(folder / "scores.csv")
    assert {row["method"] for row in scores} == {"SemiGTX", "number of units", "sums of features", "sums of flows"}
    assert all(int(row["districts"]) == DISTRICTS for row in scores)
    ours = next(row for row in scores if row["method"] == "SemiGTX")
    assert results["R2"] == pytest.approx(float(ours["r2"]), abs=1e-6)
    assert results["R2"] > 0.1
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["random_folds"]["target_gdp"]
    assert (metrics["evaluation"], metrics["alpha"]) == ("transductive", 0.1)
    assert "blocks of neighbouring districts" in (folder / "report.html").read_text()
    shares = [json.loads((folder / name).read_text())["network_share"] for name in ("metrics.json", "model.json")]
    assert shares[0] == shares[1]
    assert shares[0]["target_gdp"] in (0, 0.25, 0.5)
    assert f"{shares[0]['target_gdp']:.0%} (target_gdp); the rest is kernel ridge" in (
        folder / "report.html").read_text()
    left_out = features_of(folder / "left_out.geojson")
    assert all(row["target_gdp_error"] == pytest.approx(abs(row["target_gdp_estimate"] - row["target_gdp"]), abs=1e-6)
               for row in left_out)


def test_the_published_network_learns_in_batches_where_memory_is_small(qgis_process, region):
    folder, layers = region
    run = qgis_process("nocturne:trainsemigtx", **layers, MODEL=folder / "batches.json", REPORT=folder / "batches.html",
                       CONFIGURATION="published", MAX_MEMORY=64, RANDOM_TOO=False, **{**QUICK, "EPOCHS": 1})
    assert run.code == 0, run.stderr
    batches = json.loads((folder / "batches.json").read_text())["batches"]
    assert batches > 1
    assert f"The network learns in {batches} batches of whole districts" in run.stdout + run.stderr
    assert f"the network learnt in {batches} batches" in (folder / "batches.html").read_text()


def test_a_map_adds_up_and_keeps_what_is_known(qgis_process, trained):
    folder, layers, _ = trained
    run = qgis_process("nocturne:mapdistricteconomy", **layers, MODEL=folder / "model.json",
                       OUTPUT=folder / "units.geojson", DISTRICTS=folder / "districts.geojson", PRESERVE_TOTALS=True)
    assert run.code == 0, run.stderr
    units, districts = features_of(folder / "units.geojson"), features_of(folder / "districts.geojson")
    assert (len(units), len(districts)) == (UNITS, DISTRICTS)
    for row in districts:
        own = [each for each in units if each["district"] == row["district"]]
        assert sum(each["target_gdp_estimate"] for each in own) == pytest.approx(own[0]["target_gdp"])
        assert row["target_gdp_estimate"] == pytest.approx(own[0]["target_gdp"])
        assert all(each["target_gdp_low"] <= each["target_gdp_high"] for each in own)
    assert not any(each["outside_range"] for each in units)


def test_a_comparison_has_the_floors_and_both_halves_of_table_5(qgis_process, region):
    folder, layers = region
    run = qgis_process("nocturne:compareregionmodels", **layers, TABLES="encodings", REPORT=folder / "compared.html",
                       TABLE=folder / "methods.csv", **{**QUICK, "EPOCHS": 1})
    assert run.code == 0, run.stderr
    assert {row["method"] for row in rows_of(folder / "methods.csv")} == {
        "encodings none", "encodings LapPE", "encodings RWSE", "encodings LapPE+RWSE", "number of units",
        "sums of features", "sums of flows"}
    assert "orders nothing" in (folder / "compared.html").read_text()


def test_what_is_poor_is_used_and_said(qgis_process, tmp_path):
    """Fewer units than frequencies, units without flows, a feature of one value, one with gaps, one of text, a bow tie.
    """
    layers = write_region(tmp_path, every={"place_works": 1.0, "place_name": "Springfield"})
    nodes, edges = (json.loads((tmp_path / f"{name}.geojson").read_text()) for name in ("nodes", "edges"))
    nodes["features"] = nodes["features"][:8]
    for number, feature in enumerate(nodes["features"]):
        feature["properties"].update(district=f"d{number // 2}", target_gdp=1.0 + number // 2)
    nodes["features"][0]["properties"]["place_shops"] = None
    ring = nodes["features"][1]["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    edges["features"] = [{"type": "Feature", "geometry": None, "properties": {"origin": "u1", "destination": to,
                                                                              "count": 4}} for to in ("u2", "u99")]
    for name, content in (("nodes", nodes), ("edges", edges)):
        (tmp_path / f"{name}.geojson").write_text(json.dumps(content))
    train = {**layers, **QUICK, "EPOCHS": 1, "MODEL": tmp_path / "model.json", "RANDOM_TOO": False}
    run = qgis_process("nocturne:trainsemigtx", **train)
    assert run.code == 0, run.stderr
    log = run.stdout + run.stderr
    for sentence in ("1 of 8 polygons are invalid and were repaired", "1 features have one value or none",
                     "Not taken without being named: 1 (place_name)",
                     "1 of 32 feature values are unknown and taken as the mean",
                     "1 flows between 8 units; 6 units have none",
                     "1 of 2 edges lead to or from units that aren't among NODES"):
        assert sentence in log
    edges["features"] = edges["features"][1:]
    (tmp_path / "edges.geojson").write_text(json.dumps(edges))
    run = qgis_process("nocturne:trainsemigtx", **train)
    assert run.code == 0, run.stderr
    assert "No edge joins two units" in run.stdout + run.stderr


@pytest.mark.parametrize(("algorithm", "changes", "parameters", "sentence"), [
    ("trainsemigtx", {"target_gdp": 5.0}, {}, "TARGET_FIELDS: 'target_gdp' has the values"),
    ("trainsemigtx", {"unit": "u1"}, {}, "UNIT_FIELD: 1 ids repeat"),
    ("trainsemigtx", {"district": None}, {}, "DISTRICT_FIELD: 1 of 96 units have neither district nor city"),
    ("trainsemigtx", {"every": {"district": "d", "target_gdp": 5.0}}, {},
     "DISTRICT_FIELD: all units lie in the district 'd'"),
    ("trainsemigtx", {"every": {"target_gdp": None}, "target_gdp": 5.0}, {},
     "TARGET_FIELDS: 'target_gdp' has a total in 1 districts"),
    ("trainsemigtx", {"every": {"target_gdp": None}}, {}, "TARGET_FIELDS: 'target_gdp' has a total in 0 districts"),
    ("trainsemigtx", {"edge": {"count": -1}}, {}, "COUNT_FIELD: there is the count -1"),
    ("trainsemigtx", {}, {"DISTRICT_FIELD": "city", "TARGET_FIELDS": "place_shops"},
     "TARGET_FIELDS: 'place_shops' has the values"),
    ("trainsemigtx", {}, {"SPLIT": "leave_city_out"}, "SPLIT: leave_city_out was chosen"),
    ("trainsemigtx", {}, {"COUNT_FIELD": "origin"}, "COUNT_FIELD: the field 'origin' isn't numeric"),
    ("mapdistricteconomy", {}, {"FEATURE_FIELDS": "place_shops"}, "NODES: the field 'place_works' of the model"),
    ("compareregionmodels", {}, {"TABLES": "everything"}, "TABLES: 'everything' was given"),
])
def test_what_cannot_be_used_is_said_in_one_sentence(qgis_process, trained, tmp_path, algorithm, changes, parameters,
                                                     sentence):
    folder, _, _ = trained
    layers = write_region(tmp_path, {name: value for name, value in changes.items() if name not in ("every", "edge")},
                          changes.get("every"), changes.get("edge"))
    outputs = {"mapdistricteconomy": {"MODEL": folder / "model.json", "OUTPUT": tmp_path / "units.gpkg"},
               "trainsemigtx": {"MODEL": tmp_path / "model.json"},
               "compareregionmodels": {"TABLE": tmp_path / "table.csv"}}[algorithm]
    run = qgis_process(f"nocturne:{algorithm}", **{**layers, **outputs, **parameters})
    assert run.code == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert not [path for path in tmp_path.iterdir() if path.name not in ("nodes.geojson", "edges.geojson")]


def test_an_explanation_names_what_the_estimates_come_from(qgis_process, trained):
    folder, layers, _ = trained
    run = qgis_process("nocturne:explainsemigtx", **layers, MODEL=folder / "model.json", DEVICE="cpu", THREADS=1,
                       OUTPUT=folder / "explained.geojson", REPORT=folder / "why.html",
                       ATTENTION=folder / "attention.geojson", TABLE=folder / "contributions.csv",
                       FOLDER=folder / "streets", IMAGES=folder / "streets.csv", PATH_FIELD="file",
                       VIEW_UNIT_FIELD="seen")
    assert run.code == 0, run.stderr
    assert "other vectors" not in run.stderr
    assert len(re.findall("Street views that raise neuron", (folder / "why.html").read_text())) == 2 * 2, "alt, caption"
    units, table = features_of(folder / "explained.geojson"), rows_of(folder / "contributions.csv")
    assert len(units) == UNITS
    by_places = sum(float(row["contribution"]) for row in table if row["input"].startswith("place_"))
    assert sum(row["target_gdp_by_places"] for row in units) == pytest.approx(by_places, abs=1e-4)
    for category in ("place_shops", "place_works"):
        in_districts = {row["district"]: float(row["contribution"]) for row in table if row["input"] == category}
        for district, total in in_districts.items():
            assert total == pytest.approx(sum(row[f"target_gdp_by_{category}"] for row in units
                                              if row["district"] == district), abs=1e-4)
    report = (folder / "why.html").read_text()
    assert "Place categories: mean size of their contributions" in report
    assert "of the first hidden layer</td>" in report
    edges = features_of(folder / "attention.geojson")
    layers = [name for name in edges[0] if name.startswith("attention_")]
    assert layers
    for name in ("attention", *layers):
        reached = {}
        for row in edges:
            reached[row["destination"]] = reached.get(row["destination"], 0) + row[name]
        assert all(total == pytest.approx(1, abs=1e-4) for total in reached.values())
    assert all(row["attention"] == pytest.approx(np.mean([row[name] for name in layers]), abs=1e-5) for row in edges)
    assert run.results["STRONGEST"] in {row["input"] for row in table}
