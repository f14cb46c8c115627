"""Location features compared through the real qgis_process; what can't be compared is said."""
from __future__ import annotations

import csv
import json
from datetime import date, timedelta

import numpy as np
import pytest

FIELDS = {"DATE_FIELD": "date", "SITE_FIELD": "site", "TARGET_FIELD": "pm25", "FEATURE_FIELDS": "haze;wind",
          "WINDOW": 2, "MIN_DAYS": 1, "EPOCHS": 1, "SEEDS": 1, "FOLDS": 2, "DEVICE": "cpu", "THREADS": 1}


def site_days(sites):
    """PM2.5 is made of haze, wind and the longitude."""
    generator = np.random.default_rng(2)
    for site in range(sites):
        place = [round(float(generator.uniform(-105, -80)), 4), round(float(generator.uniform(30, 45)), 4)]
        for day in range(3):
            haze, wind = generator.uniform(0, 10), generator.uniform(0, 5)
            yield place, {"site": f"s{site:02}", "date": str(date(2021, 3, 1) + timedelta(day)), "haze": haze,
                          "wind": wind, "pm25": 5 + 2 * haze - wind + (place[0] + 90) / 5}


def write(path, points):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": properties}
        for place, properties in points]}))
    return path


def write_squares(path, places):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [
            [[x - 1, y - 1], [x + 1, y - 1], [x + 1, y + 1], [x - 1, y + 1], [x - 1, y - 1]]]}}
        for x, y in places]}))
    return path


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_comparison_writes_scores_errors_and_what_is_real(qgis_process, tmp_path):
    layer = write(tmp_path / "site_days.geojson", site_days(30))
    places = write_squares(tmp_path / "map.geojson", [(-100, 35), (-90, 40)])
    run = qgis_process(
        "nocturne:comparegeolocation", INPUT=layer, PREDICTION=places, GEOLOCATIONS="none,degrees,harmonics_siren",
        FUSIONS="concatenate", PROTOCOLS="random_rows,held_out_places,checkerboard,knndm", **FIELDS,
        REPORT=tmp_path / "report.html", TABLE=tmp_path / "table.csv", OUTPUT=tmp_path / "errors.gpkg",
        METRICS=tmp_path / "metrics.json")
    assert run.code == 0, run.stderr
    assert "models are fitted" in run.stderr + run.stdout
    assert run.results["MODEL_COUNT"] == 4 * (2 + 1 + 8 + 2)
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert run.results["DIFFERENCE_COUNT"] == len(found["differences"]) == 4 * 9
    assert run.results["REAL_COUNT"] == sum(each["real"] for each in found["differences"])
    assert len(found["artefacts"]) == 2
    rows = rows_of(tmp_path / "table.csv")
    assert len(rows) == 4 * 3 * (13 + 7)
    whole = [float(row["r2"]) for row in rows if (row["protocol"], row["fold"], row["geolocation"], row["residuals"])
             == ("checkerboard", "all", "degrees", "all")]
    score = next(each for each in found["scores"] if (each["protocol"], each["geolocation"], each["residuals"])
                 == ("checkerboard", "degrees", "all"))
    assert len(whole) == 4
    assert np.mean(whole) == pytest.approx(score["r2"]["value"])
    report = (tmp_path / "report.html").read_text()
    assert all(sentence.replace("'", "&#x27;") in report for sentence in found["conclusions"])
    assert (tmp_path / "errors.gpkg").stat().st_size > 0


@pytest.mark.parametrize(("sites", "parameters", "sentence"), [
    (20, {"CELL_DEGREES": 80}, "CELL_DEGREES: with 80 degrees one colour has no measured place; take smaller cells."),
    (1, {}, "SITE_FIELD: 'site' holds one site only"),
    (20, {"PROTOCOLS": "chessboard"}, "PROTOCOLS: 'chessboard' was given; choose from random_rows, "),
    (20, {"GEOLOCATIONS": "satclip"}, "CHECKPOINT: SatCLIP's weights aren't part of the plugin"),
])
def test_what_cannot_be_compared_is_said_in_one_sentence(qgis_process, tmp_path, sites, parameters, sentence):
    layer = write(tmp_path / "in.geojson", site_days(sites))
    run = qgis_process("nocturne:comparegeolocation", INPUT=layer, REPORT=tmp_path / "report.html",
                       **{**FIELDS, "GEOLOCATIONS": "degrees", **parameters})
    assert run.code == 1
    assert sentence in run.error
    assert len(run.error.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.geojson"]
