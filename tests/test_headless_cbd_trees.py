"""Training and applying CBD trees through the real qgis_process."""
from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from nocturne.tests.cbd_centres import CENTRES, CITIES, centres, write_geojson
from nocturne.tests.test_headless_algorithms import succeeded, table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Layers of centres, of outlines of their CBDs and of outlines elsewhere, and rule files."""
    folder = tmp_path_factory.mktemp("trees")
    made = centres()
    write_geojson(made, folder / "centres.geojson")
    write_geojson(made.take(np.arange(0, len(made), CENTRES)), folder / "reference.geojson")
    write_geojson(made.take(np.arange(2 * CENTRES)), folder / "two.geojson")
    far = replace(made, crs="EPSG:32610")
    write_geojson(far.take(np.arange(3)), folder / "elsewhere.geojson")
    columns = {**made.columns, "label": np.zeros(len(made))}
    write_geojson(replace(made, columns=columns), folder / "one_class.geojson")
    kept = {name: values for name, values in made.columns.items() if name != "Mean_Z"}
    write_geojson(replace(made, columns=kept), folder / "fewer.geojson")
    rule = "name: many\napplies to: all\nrule: {}\n"
    (folder / "rule.txt").write_text(rule.format("Count_A >= 15 and Count_A_rank <= 1"), "utf-8")
    (folder / "unknown.txt").write_text(rule.format("Count_B >= 15"), "utf-8")
    (folder / "code.txt").write_text(rule.format("__import__('os').getcwd() > 1"), "utf-8")
    (folder / "other.json").write_text("{}", "utf-8")
    return folder


@pytest.fixture(scope="module")
def model(qgis_process, folder):
    done = qgis_process("nocturne:traincbdtree", INPUT=folder / "centres.geojson", CITY_FIELD="city",
                        REFERENCE=folder / "reference.geojson", REPEATS=3,
                        MODEL=folder / "model.json", REPORT=folder / "report.html",
                        TABLE=folder / "accuracies.gpkg", METRICS=folder / "metrics.json")
    results = succeeded(done)
    assert results["PRODUCERS_ACCURACY"] > 0.9
    return folder / "model.json"


def test_training_writes_all_that_it_promises(model, folder):
    assert json.loads(model.read_text("utf-8"))["nocturne_model"] == "cbd_trees"
    assert "Decision tree:" in (folder / "report.html").read_text("utf-8")
    first = json.loads((folder / "metrics.json").read_text("utf-8"))["accuracies"][0]
    assert (first["labelled"], first["known"]) == (CITIES, CITIES)
    rows = table(folder / "accuracies.gpkg")
    assert all(rows[0][name] == first[name] for name in ("hits", "found", "known"))
    assert {row["protocol"] for row in rows} == {
        "cities left out", "cities left out, at least one CBD per city", "without a tree"}


@pytest.mark.parametrize("file", ["model.json", "rule.txt"])
def test_trees_and_rules_classify_alike(qgis_process, folder, model, file):
    results = succeeded(qgis_process("nocturne:classifycbd", INPUT=folder / "centres.geojson", CITY_FIELD="city",
                                     MODEL=folder / file, OUTPUT=folder / f"classified_{file}.gpkg"))
    assert results["CBD_COUNT"] == CITIES
    rows = table(folder / f"classified_{file}.gpkg")
    assert [row["cbd"] for row in rows] == [int(number % CENTRES == 0) for number in range(len(rows))]
    assert all(row["rule"] for row in rows)
    assert rows[0]["model"] == ("model" if file == "model.json" else "many")


def test_the_bundled_trees_are_the_default(qgis_process, folder):
    done = qgis_process("nocturne:classifycbd", INPUT=folder / "centres.geojson", CITY_FIELD="city", ONE_PER_CITY=True,
                        OUTPUT=folder / "bundled.gpkg")
    assert succeeded(done)["CBD_COUNT"] >= CITIES
    assert table(folder / "bundled.gpkg")[0]["model"] == "cbd_trees"


@pytest.mark.parametrize(("given", "message"), [
    ({"INPUT": "one_class.geojson", "LABEL_FIELD": "label"},
     "INPUT: all 60 centres with negative pixels are no CBDs; give centres of both kinds."),
    ({"LABEL_FIELD": "kind"}, "LABEL_FIELD: the field 'kind' has 'business'; give 1 or 0, true or false, yes or no, "
     "cbd or non-cbd in every row."),
    ({"REFERENCE": "elsewhere.geojson"}, "REFERENCE: none of its 3 outlines overlaps a centre; choose outlines of the "
     "same cities."),
    ({}, "LABEL_FIELD: it is empty, and REFERENCE too; give one of them."),
    ({"INPUT": "fewer.geojson", "LABEL_FIELD": "label"}, "INPUT: there is no field 'Mean_Z'"),
    ({"INPUT": "two.geojson", "LABEL_FIELD": "label"}, "CLUSTERS: 3 city types were asked for, and there are 2 cities "
     "with negative pixels; lower it, or name the field of the types in TYPE_FIELD."),
])
def test_training_refuses_in_one_sentence(qgis_process, folder, tmp_path, given, message):
    files = {name: folder / value if value.endswith("json") else value for name, value in given.items()}
    done = qgis_process("nocturne:traincbdtree", **{
        "INPUT": folder / "centres.geojson", "CITY_FIELD": "city", "MODEL": tmp_path / "model.json", "REPEATS": 0,
        **files})
    assert done.code == 1
    assert message in done.error
    assert len(done.error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("given", "message"), [
    ({"MODEL": "other.json"}, "MODEL: 'other.json' isn't a model"),
    ({"MODEL": "unknown.txt"}, "MODEL: 'many' needs 'Count_B', which the centres don't have"),
    ({"MODEL": "code.txt"}, "MODEL: "),
    ({"INPUT": "fewer.geojson"}, "MODEL: 'model' needs 'Mean_Z', which the centres don't have"),
])
def test_classifying_refuses_in_one_sentence(qgis_process, folder, model, tmp_path, given, message):
    files = {name: folder / value for name, value in given.items()}
    done = qgis_process("nocturne:classifycbd", **{
        "INPUT": folder / "centres.geojson", "CITY_FIELD": "city", "MODEL": model, "OUTPUT": tmp_path / "out.gpkg",
        **files})
    assert done.code == 1
    assert message in done.error
    assert len(done.error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_model_changed_by_hand_is_refused(qgis_process, folder, model, tmp_path):
    content = json.loads(model.read_text("utf-8"))
    content["strategy"] = "plain"
    (tmp_path / "model.json").write_text(json.dumps(content), "utf-8")
    done = qgis_process("nocturne:classifycbd", INPUT=folder / "centres.geojson", MODEL=tmp_path / "model.json",
                        OUTPUT=tmp_path / "out.gpkg")
    assert done.code == 1
    assert done.error == "MODEL: 'model.json' was changed after it was written; train it again."
