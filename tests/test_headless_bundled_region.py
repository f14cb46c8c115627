"""The bundled model of New York's counties, through the real qgis_process on a layer of another place."""
from __future__ import annotations

import json

import numpy as np
import pytest
from nocturne.algorithms.districts.region_models import BUNDLED, read_region_model
from nocturne.models.registry import bundled_path

KINDS = ("food", "health", "retail", "school", "transport")
FIELDS = [f"place_{kind}_{shape}" for kind in KINDS for shape in ("point", "poly")]


def write_nodes(path, fields=FIELDS, totals=(7e6, None)):
    """Districts of six squares with 0 to 5 places of each kind, and their totals."""
    features = []
    for unit in range(6 * len(totals)):
        west, south = 120 + 0.02 * (unit % 6), 30 + 0.02 * (unit // 6)
        ring = [[west, south], [west + 0.02, south], [west + 0.02, south + 0.02], [west, south + 0.02], [west, south]]
        row = {"unit": f"u{unit}", "district": "abcdefg"[unit // 6], "target_gdp": totals[unit // 6],
               **dict.fromkeys(fields, unit % 6)}
        features.append({"type": "Feature", "properties": row, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_it_shares_totals_by_places_and_says_what_it_knows(qgis_process, tmp_path):
    run = qgis_process("nocturne:mapdistricteconomy", NODES=write_nodes(tmp_path / "nodes.geojson"),
                       PRESERVE_TOTALS=True, OUTPUT=tmp_path / "units.geojson",
                       DISTRICTS=tmp_path / "districts.geojson")
    assert run.code == 0, run.stderr
    assert "New York" in run.stdout + run.stderr
    for layer in ("units", "districts"):
        assert "_estimate" in (tmp_path / f"{layer}.qml").read_text("utf-8")
    rows = [each["properties"] for each in json.loads((tmp_path / "units.geojson").read_text())["features"]]
    values = np.array([row["target_gdp_estimate"] for row in rows]).reshape(2, 6)
    assert values[0].sum() == pytest.approx(7e6)
    assert values[1].sum() > 0
    assert (np.diff(values[:, :5]) > 0).all(), "the last ones lie farther from neighbours"
    model = read_region_model("")
    most = min(high for name, high in zip(model.names, model.high) if name in FIELDS)
    assert [row["outside_range"] for row in rows] == [int(unit % 6 > most) for unit in range(12)]
    assert run.results["OUTSIDE_COUNT"] == sum(row["outside_range"] for row in rows)


def test_it_is_fine_tuned_to_the_totals_of_another_region(qgis_process, tmp_path):
    def run(totals):
        return qgis_process("nocturne:mapdistricteconomy", FINE_TUNE=True,
                            NODES=write_nodes(tmp_path / "nodes.geojson", totals=totals),
                            OUTPUT=tmp_path / "units.geojson", DISTRICTS=tmp_path / "districts.geojson")

    few = run((70.0, 71.0, None))
    assert few.code == 1
    assert "FINE_TUNE: 'target_gdp' has a total in 2 districts; give those of 3 or more" in few.stderr
    assert not (tmp_path / "units.geojson").exists()
    done = run((70.0, 71.0, 69.0, 70.5, None))
    assert done.code == 0, done.stderr
    assert "Errors of roots of totals per unit in known districts left out: as it is" in done.stdout + done.stderr
    rows = [each["properties"] for each in json.loads((tmp_path / "districts.geojson").read_text())["features"]]
    assert [row["target_gdp_estimate"] for row in rows] == pytest.approx([70] * 5, rel=0.05)


def test_it_maps_without_any_total(qgis_process, tmp_path):
    run = qgis_process("nocturne:mapdistricteconomy", OUTPUT=tmp_path / "units.geojson",
                       NODES=write_nodes(tmp_path / "nodes.geojson", totals=(None, None)))
    assert run.code == 0, run.stderr
    rows = [each["properties"] for each in json.loads((tmp_path / "units.geojson").read_text())["features"]]
    assert sum(row["target_gdp_estimate"] for row in rows) > 0


def test_a_field_that_it_lacks_is_named(qgis_process, tmp_path):
    run = qgis_process("nocturne:mapdistricteconomy", NODES=write_nodes(tmp_path / "nodes.geojson", FIELDS[1:]),
                       OUTPUT=tmp_path / "units.gpkg")
    assert run.code == 1
    assert "NODES: the field 'place_food_point' of the model isn't there (1 of 11 are missing)" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "units.gpkg").exists()


def test_the_card_says_where_it_comes_from_and_what_it_is_worth():
    model = read_region_model("")
    with open(bundled_path(BUNDLED), encoding="utf-8") as file:
        card = json.load(file)
    assert sorted(model.names) == sorted([*FIELDS, "spacing_km"])
    assert "OpenStreetMap" in card["licence"]
    assert {"gdp", "tracts", "places"} == set(card["data"])
    inside, worth = card["metrics"], card["metrics"]["shuffled"]
    assert inside["spearman_inside"] > inside["spearman_inside_number_of_places"]
    assert worth["r2_log_gdp"] > worth["r2_log_gdp_floor"]
    assert worth["certainly_above_floor"] == (worth["gain_in_squared_error_over_floor"][1] > 0)
    assert model.fitted.basis is None
    assert model.fitted.network is None
