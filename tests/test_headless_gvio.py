"""Training of the estimator of output through the real qgis_process: a region, real light, and bad input."""
from __future__ import annotations

import csv
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from nocturne.tests.conftest import ROOT
from rasterio.transform import from_origin

SHARED = ROOT / ".." / "shared" / "data"
MUMBAI, RALEIGH, BLACK_MARBLE = (SHARED / name for name in (
    "viirs-monthly-mumbai", "factories-tri-raleigh", "blackmarble-vnp46a2"))
SENTENCE = re.compile(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.")
MONTHS = [f"{year}-{month:02d}" for year in range(2018, 2021) for month in range(1, 13)][:30]


def write_points(path, places, **columns):
    features = [{"type": "Feature", "properties": {name: column[index] for name, column in columns.items()},
                 "geometry": {"type": "Point", "coordinates": place}} for index, place in enumerate(places)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def write_boxes(path, boxes):
    """Name to west, south, east, north."""
    features = [{"type": "Feature", "properties": {"zone": name}, "geometry": {"type": "Polygon", "coordinates": [
        [[west, south], [east, south], [east, north], [west, north], [west, south]]]}}
        for name, (west, south, east, north) in boxes.items()]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def write_totals(path, rows, header=("period", "value", "zone")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_a_region_is_learnt_from(qgis_process, tmp_path):
    made = qgis_process("nocturne:createdemo", FOLDER=tmp_path, PART="region")
    region, out = Path(made.results["REGION"]), tmp_path / "out"
    run = qgis_process(
        "nocturne:traingvio", FACTORIES=region / "places.geojson", CATEGORY_FIELD="category", FACTORY_FIELD="name",
        OPENED="opened", CLOSED="closed", DUPLICATES="share", RADIANCE=region / "radiance.tif",
        COVERAGE=region / "coverage.tif", URBAN_AREA=region / "urban_area.geojson", END="2017-12-31",
        LANDUSE=region / "land_use.geojson", LANDUSE_FIELD="class", ZONES=region / "zones.geojson", ZONE_FIELD="zone",
        MONTHLY_TOTALS=region / "totals.csv", DATE_FIELD="period", VALUE_FIELD="year_to_date", FORM="year_to_date",
        TOTALS_ZONE_FIELD="zone", DEFLATOR_FIELD="price_index", WEIGHT_FIELD="employees", SECTOR_FIELD="sector",
        MEMBERS=2, NETWORK="false", READING="trained", MODEL=out / "model.json", REPORT=out / "report.html",
        TABLE=out / "table.csv", METRICS=out / "metrics.json")
    assert run.code == 0, run.stderr
    assert "Traceback" not in run.stderr
    metrics = json.loads((out / "metrics.json").read_text())
    for name in ("R2_ESTIMATE", "R2_GRID", "SKILL", "R2_FOREST", "R2_BASELINE"):
        assert run.results[name] == pytest.approx(metrics[name])
    assert set(metrics["scores"]) == {"blocked", "forward", "zones left out"}
    card = json.loads((out / "model.json").read_text("utf-8"))
    assert card["metrics"] == metrics
    assert card["training"]["last_month"] == "2017-12"
    assert card["training"]["sizes"] is True
    assert card["ranges"]["ring_1_mean"][0] < 1 < card["ranges"]["ring_1_mean"][1]
    assert card["interval_quantile"] == pytest.approx(metrics["intervals"]["blocked"]["quantile"])
    assert (out / "model.safetensors").exists()
    with (out / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["protocol"] == "blocked" for row in rows) == card["training"]["totals"]
    assert {row["seed"] for row in rows} == {"1"}
    page = (out / "report.html").read_text("utf-8")
    for phrase in ("same month last year", "random forest", "shuffled patches", "month index only", "Intervals"):
        assert phrase in page


@pytest.mark.real_data
@pytest.mark.skipif(not MUMBAI.is_dir(), reason="shared data viirs-monthly-mumbai is not beside the checkout")
def test_real_light_with_made_up_totals_is_learnt_from(qgis_process, tmp_path):
    """Mumbai's months, four dozen factories that nobody has built, and totals that are noise around a trend: there is
    nothing in the light to be found, and nothing is claimed."""
    for path in MUMBAI.iterdir():
        shutil.copy(path, tmp_path)
    series = qgis_process("nocturne:rasterseries", FILE=tmp_path / "mumbai_radiance.nc", CRS="EPSG:4326",
                          COVERAGE_FILES=tmp_path / "mumbai_clouds.nc", DUPLICATES="first",
                          SERIES=tmp_path / "light.tif")
    assert series.code == 0, series.stderr
    numbers = np.random.default_rng(5)
    write_points(tmp_path / "factories.geojson", numbers.uniform((72.8, 18.9), (72.96, 19.25), (48, 2)).tolist())
    months = [f"{year}-{month:02d}" for year in range(2014, 2020) for month in range(1, 13)]
    write_totals(tmp_path / "totals.csv", [
        (month, f"{1000 * np.exp(0.004 * index + 0.05 * numbers.standard_normal()):,.1f}", "")
        for index, month in enumerate(months)])
    run = qgis_process("nocturne:traingvio", FACTORIES=tmp_path / "factories.geojson", DUPLICATES="share",
                       RADIANCE=tmp_path / "light.tif", START="2014-01-01", END="2019-12-31",
                       MONTHLY_TOTALS=tmp_path / "totals.csv", DATE_FIELD="period", VALUE_FIELD="value",
                       MODEL=tmp_path / "model.json", REPORT=tmp_path / "report.html", MEMBERS=2,
                       NETWORK="false", DAYS="working_days")
    assert run.code == 0, run.stderr
    assert json.loads((tmp_path / "model.json").read_text())["settings"]["days"] == "working_days"
    assert run.results["SKILL"] < 0.25
    assert run.results["R2_ESTIMATE"] == pytest.approx(run.results["R2_BASELINE"], abs=0.25)


@pytest.mark.real_data
@pytest.mark.skipif(not (RALEIGH.is_dir() and BLACK_MARBLE.is_dir()), reason="shared data are not beside the checkout")
def test_one_real_date_is_refused_with_the_reason(qgis_process, tmp_path):
    with (RALEIGH / "facilities.csv").open(newline="") as file:
        facilities = list(csv.DictReader(file))
    read = qgis_process("nocturne:readblackmarble", FOLDER=BLACK_MARBLE, LAYER="Gap_Filled_DNB_BRDF-Corrected_NTL",
                        QUALITY="all_valid", CLOUD="any", SNOW="include", RADIANCE=tmp_path / "radiance.tif",
                        EXTENT="-79.5,-78.1,35.3,36.7 [EPSG:4326]")
    assert read.code == 0, read.stderr
    longitude, latitude = (next(name for name in facilities[0] if name.lower().startswith(part))
                           for part in ("lon", "lat"))
    write_points(tmp_path / "factories.geojson", [(float(each[longitude]), float(each[latitude]))
                                                  for each in facilities])
    write_totals(tmp_path / "totals.csv", [("2013", "1,000", "")])
    run = qgis_process("nocturne:traingvio", FACTORIES=tmp_path / "factories.geojson", DUPLICATES="share",
                       RADIANCE=tmp_path / "radiance.tif", MONTHLY_TOTALS=tmp_path / "totals.csv",
                       DATE_FIELD="period", VALUE_FIELD="value", MODEL=tmp_path / "model.json")
    assert run.code == 1
    assert "nothing changes that could be learnt from; give a stack of at least 24 months." in run.error
    assert not (tmp_path / "model.json").exists()


# Bad input


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Stacks of 12 x 12 cells, factories, zones and totals."""
    folder = tmp_path_factory.mktemp("small")

    def stack(name, days, left=300_000):
        with rasterio.open(folder / name, "w", driver="GTiff", width=12, height=12, count=len(days), dtype="float32",
                           nodata=np.nan, crs="EPSG:32651", transform=from_origin(left, 3_456_000, 500, 500)) as file:
            file.write(np.random.default_rng(1).uniform(5, 15, (len(days), 12, 12)).astype("float32"))
            for band, text in enumerate(days, 1):
                file.set_band_description(band, text)

    days = [f"{month}-01" for month in MONTHS]
    stack("light.tif", days)
    stack("one.tif", days[:1])
    stack("undated.tif", [""] * len(days))
    stack("shifted.tif", days, left=300_250)
    write_points(folder / "good.geojson", [(120.92, 31.2), (120.93, 31.21)], size=[30, 50])
    write_points(folder / "twins.geojson", [(120.92, 31.2), (120.92, 31.2)])
    west, east, far = (120.8, 31.1, 120.925, 31.3), (120.925, 31.1, 121.1, 31.3), (10, 50, 11, 51)
    write_boxes(folder / "zones.geojson", {"W": west, "E": east})
    write_boxes(folder / "overlapping.geojson", {"W": west, "E": (120.9, 31.1, 121.1, 31.3)})
    write_boxes(folder / "far.geojson", {"W": far})
    rows = [(month, str(100 + index), "W") for index, month in enumerate(MONTHS)]
    write_totals(folder / "totals.csv", rows)
    write_totals(folder / "short.csv", rows[:20])
    write_totals(folder / "earlier.csv", [(f"19{month[2:]}", value, zone) for month, value, zone in rows])
    write_totals(folder / "gap.csv", rows[:7] + rows[9:])
    write_totals(folder / "words.csv", [*rows[:5], (rows[5][0], "n.a.", "W"), *rows[6:]])
    write_totals(folder / "negative.csv", [*rows[:5], (rows[5][0], "-3", "W"), *rows[6:]])
    write_totals(folder / "groups.csv", [*rows[:5], ("2018-05..06", "200", "W"), *rows[6:]])
    return folder


def test_thirty_months_are_learnt_from_by_a_network_and_cannot_be_tried(qgis_process, small, tmp_path):
    run = qgis_process("nocturne:traingvio", FACTORIES=small / "good.geojson", RADIANCE=small / "light.tif",
                       MONTHLY_TOTALS=small / "totals.csv", DATE_FIELD="period", VALUE_FIELD="value",
                       MODEL=tmp_path / "model.json", REPORT=tmp_path / "report.html")
    assert run.code == 0, run.stderr
    assert "SKILL" not in run.results
    assert "it covers too few months to try the model on months that it hasn't seen" in run.stderr + run.stdout
    assert "nothing is known of its errors" in (tmp_path / "report.html").read_text("utf-8").replace("&#x27;", "'")
    assert json.loads((tmp_path / "model.json").read_text("utf-8"))["interval_quantile"] is None


def test_the_bundled_model_is_taken_where_none_is_named(qgis_process, small, tmp_path):
    run = qgis_process("nocturne:estimategvio", FACTORIES=small / "good.geojson", RADIANCE=small / "light.tif",
                       WEIGHT_FIELD="size", FACTORY_GVIO=tmp_path / "gvio.csv", GRID=tmp_path / "grid.tif")
    assert run.code == 0, run.stderr
    assert "MODEL: Trained on simulated regions alone" in run.stderr + run.stdout
    assert "WEIGHT_FIELD: the model was trained without sizes of factories." in run.stderr + run.stdout
    with (tmp_path / "gvio.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(MONTHS)
    assert all(0 < float(row["gvio_low"]) < float(row["gvio"]) < float(row["gvio_high"]) for row in rows)


ZONED = {"TOTALS_ZONE_FIELD": "zone", "ZONE_FIELD": "zone"}
BAD = {
    "months don't overlap": ({"MONTHLY_TOTALS": "earlier.csv"}, "MONTHLY_TOTALS",
                             "it covers 1918-01..1920-06, and RADIANCE 2018-01..2020-06"),
    "months are missing": ({"MONTHLY_TOTALS": "gap.csv"}, "DATE_FIELD", "there is no row for 2018-08..2018-09"),
    "text": ({"MONTHLY_TOTALS": "words.csv"}, "VALUE_FIELD", "'n.a.' in the field 'value' isn't a number"),
    "negative": ({"MONTHLY_TOTALS": "negative.csv"}, "VALUE_FIELD", "-3 in the field 'value' is negative"),
    "groups overlap": ({"MONTHLY_TOTALS": "groups.csv"}, "DATE_FIELD", "2018-05 and 2018-05..2018-06 overlap"),
    "short": ({"MONTHLY_TOTALS": "short.csv"}, "MONTHLY_TOTALS", "it has totals of 20 months of RADIANCE; give at "
              "least 24"),
    "zones overlap": ({"ZONES": "overlapping.geojson", **ZONED}, "ZONES", "the zones 'E' and 'W' overlap"),
    "no factory in zones": ({"ZONES": "far.geojson", **ZONED}, "ZONES", "no factory lies in a zone with totals"),
    "factories at one place": ({"FACTORIES": "twins.geojson"}, "FACTORIES", "'1' and '2' stand at one place"),
    "undated": ({"RADIANCE": "undated.tif"}, "RADIANCE", "band 1 is described as ''; describe every band by its date"),
    "other cells": ({"COVERAGE": "shifted.tif"}, "COVERAGE", "isn't that of RADIANCE"),
    "one date": ({"RADIANCE": "one.tif"}, "RADIANCE", "it has one month (2018-01), which a trained model can estimate"),
}


@pytest.fixture(scope="module")
def refusals(qgis_process, small, tmp_path_factory):
    """Every run with bad input, and the folder that its model should have gone to."""
    folders = {name: tmp_path_factory.mktemp("out") for name in BAD}

    def refused(name):
        given = {"FACTORIES": "good.geojson", "RADIANCE": "light.tif", "MONTHLY_TOTALS": "totals.csv",
                 "DATE_FIELD": "period", "VALUE_FIELD": "value", **BAD[name][0]}
        files = {key: small / value if "." in value else value for key, value in given.items()}
        return qgis_process("nocturne:traingvio", MODEL=folders[name] / "model.json",
                            REPORT=folders[name] / "report.html", **files)

    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(BAD, pool.map(refused, BAD)))
    return {name: (runs[name], folders[name]) for name in BAD}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_learnt_from_is_said_in_one_sentence(refusals, name):
    (_, parameter, phrase), (run, folder) = BAD[name], refusals[name]
    assert run.code == 1, run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert not list(folder.iterdir())
    sentence = SENTENCE.fullmatch(run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    assert phrase in run.error
