"""PM2.5 models through the real qgis_process: trained, stored, estimated with; what can't be used is said."""
from __future__ import annotations

import csv
import json
from datetime import date, timedelta

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.air_quality.model_file import KIND, read_estimator
from nocturne.models.registry import bundled_path, load_model
from nocturne.tests.conftest import ROOT
from rasterio.transform import from_origin

SITES, DAYS = 30, 5
FIELDS = {"DATE_FIELD": "date", "SITE_FIELD": "site"}
TRAINING = {**FIELDS, "TARGET_FIELD": "pm25", "FEATURE_FIELDS": "haze;wind", "WINDOW": 4, "MIN_DAYS": 1, "EPOCHS": 2,
            "MEMBERS": 1, "DEVICE": "cpu"}


def simulated(sites=SITES, days=DAYS):
    """One row per site and day: haze and wind make PM2.5, which is measured on every other day."""
    generator = np.random.default_rng(2)
    rows = []
    for site in range(sites):
        place = [round(float(generator.uniform(-100, -80)), 4), round(float(generator.uniform(30, 45)), 4)]
        for day in range(days):
            haze, wind = generator.uniform(0, 10), generator.uniform(0, 5)
            measured = round(float(5 + 2 * haze - wind + generator.normal(0, 0.5)), 2) if (site + day) % 2 else None
            rows.append({"place": place, "site": f"s{site:02}", "date": str(date(2021, 3, 1) + timedelta(day)),
                         "pm25": measured, "haze": haze, "wind": wind, "note": "windy", "nothing": None})
    return rows


def write(path, rows):
    features = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": row["place"]},
                 "properties": {name: value for name, value in row.items() if name != "place"}} for row in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="session")
def trained(qgis_process, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pm25")
    layer = write(folder / "site_days.geojson", simulated())
    run = qgis_process("nocturne:trainpm25", INPUT=layer, MODEL=folder / "model.json", REPORT=folder / "report.html",
                       TABLE=folder / "table.csv", METRICS=folder / "metrics.json", **TRAINING)
    assert run.code == 0, run.stderr
    return folder, run.results


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_training_writes_the_model_and_what_is_known_of_it(trained):
    folder, results = trained
    found = json.loads((folder / "metrics.json").read_text())
    rows = rows_of(folder / "table.csv")
    truth, estimate = (np.array([float(row[name]) for row in rows]) for name in ("measured", "place_left_out"))
    assert len(rows) == found["windows"] == SITES * DAYS // 2
    near = found["protocols"]["place left out"]
    assert near["r2"] == pytest.approx(1 - ((truth - estimate) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
    assert near["r2"] == pytest.approx(results["R2"])
    assert near["r2"] > 0.8
    assert sum(near["weights"].values()) == pytest.approx(1)
    assert list(found["importance"]) == ["haze", "wind", "(place)"]
    assert sum(found["attention"]) == pytest.approx(1, abs=1e-5)
    report = (folder / "report.html").read_text()
    assert "Attention per day" in report
    assert "haze" in report


def test_a_stored_model_estimates_new_places_with_intervals(qgis_process, trained, tmp_path):
    new = simulated(sites=3)
    for row in new:
        row["place"] = [row["place"][0], row["place"][1] - 0.5]
    new[0]["haze"] = 500.0
    run = qgis_process("nocturne:estimatepm25", INPUT=write(tmp_path / "new.geojson", new[::-1]), **FIELDS,
                       MODEL=trained[0] / "model.json", DEVICE="cpu", OUTPUT=tmp_path / "out.csv")
    assert run.code == 0, run.stderr
    assert run.results["ESTIMATE_COUNT"] == len(new)
    found = rows_of(tmp_path / "out.csv")
    assert [(row["site"], row["date"].replace("/", "-")) for row in found] == [
        (row["site"], row["date"]) for row in new[::-1]]
    truth = np.array([5 + 2 * row["haze"] - row["wind"] for row in new[::-1]])
    value, low, high = (np.array([float(row[name]) for row in found]) for name in ("pm25", "pm25_low", "pm25_high"))
    assert np.corrcoef(value[:-1], truth[:-1])[0, 1] > 0.8  # the last row's haze is unheard of
    assert (low <= value).all()
    assert (value < high).all()
    assert found[-1]["outside_range"] == "1"
    assert run.results["OUTSIDE_COUNT"] == sum(row["outside_range"] == "1" for row in found)


def test_rows_without_some_covariates_are_estimated_and_rows_without_any_are_not(qgis_process, trained, tmp_path):
    some, none = simulated(sites=2, days=1)
    some["wind"] = none["haze"] = none["wind"] = None  # nobody knows the wind: GeoJSON has no kind for such a field
    run = qgis_process("nocturne:estimatepm25", INPUT=write(tmp_path / "in.geojson", [some, none]), **FIELDS,
                       MODEL=trained[0] / "model.json", DEVICE="cpu", OUTPUT=tmp_path / "out.csv")
    assert run.code == 0, run.stderr
    assert run.results["ESTIMATE_COUNT"] == 1
    assert [row["pm25"] != "" for row in rows_of(tmp_path / "out.csv")] == [True, False]


def changed(**columns):
    rows = simulated(sites=12)
    rows[3].update(columns)
    return rows


def as_text(path, crs=""):
    """The same rows as a text file whose field nothing is numeric and empty, by the name that QGIS opens it under."""
    fields = {"x": "Real", "y": "Real", "site": "String", "date": "String", "pm25": "Real", "haze": "Real",
              "wind": "Real", "nothing": "Real"}
    rows = [{**row, "x": row["place"][0], "y": row["place"][1]} for row in simulated(sites=12)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    path.with_suffix(".csvt").write_text(",".join(fields.values()))
    return f"delimitedtext://file://{path}?type=csv&xField=x&yField=y&crs={crs}"


@pytest.mark.parametrize(("rows", "parameters", "sentence"), [
    (changed(date="3 March"), {}, "DATE_FIELD: '3 March' in the field 'date' isn't a date"),
    (simulated(sites=12), {"FEATURE_FIELDS": "haze;note"}, "FEATURE_FIELDS: the field 'note' isn't numeric"),
    (simulated(sites=5), {}, "INPUT: the target was measured at 5 places"),
    ([*simulated(sites=12), simulated()[0]], {}, "INPUT: the site 's00' has 2021-03-01 more than once"),
    (changed(place=[-70, 30]), {}, "SITE_FIELD: the site 's00' moves"),
    (changed(place=[-90, 95]), {}, "INPUT: a point has the latitude 95"),
    (simulated(sites=12, days=2), {"MIN_DAYS": 3}, "MIN_DAYS: no window of 4 days has covariates on 3 days"),
    (simulated(sites=1), {}, "SITE_FIELD: 'site' holds one site only"),
])
def test_what_cannot_be_trained_on_is_said_in_one_sentence(qgis_process, tmp_path, rows, parameters, sentence):
    assert_refused(qgis_process, tmp_path, sentence, **{"INPUT": write(tmp_path / "in.geojson", rows), **parameters})


def test_layers_without_crs_and_empty_covariates_are_refused(qgis_process, tmp_path):
    assert_refused(qgis_process, tmp_path, "INPUT: it has no coordinate reference system",
                   INPUT=as_text(tmp_path / "no_crs.csv"))
    assert_refused(qgis_process, tmp_path, "FEATURE_FIELDS: 'nothing' has no value in any row",
                   FEATURE_FIELDS="nothing", INPUT=as_text(tmp_path / "in.csv", "EPSG:4326"))


def assert_refused(qgis_process, folder, sentence, **parameters):
    """Training ends in one sentence and adds no file."""
    before = sorted(folder.iterdir())
    run = qgis_process("nocturne:trainpm25", MODEL=folder / "model.json", **{**TRAINING, **parameters})
    assert run.code == 1
    assert sentence in run.error
    assert len(run.error.splitlines()) == 1
    assert sorted(folder.iterdir()) == before


def test_the_bundled_model_estimates_and_warns_outside_what_it_knows(qgis_process, tmp_path):
    card = json.loads((ROOT / "models" / "weights" / "pm25_us_demo.json").read_text("utf-8"))
    scaler = read_estimator(load_model(bundled_path("pm25_us_demo"), KIND)).members.scaler
    usual = {each["name"]: float(mean) for each, mean in zip(card["inputs"], scaler.mean)}
    january, july = ({"place": [-90, 40], "site": "a", "date": day, **usual, "day_of_year": number}
                     for day, number in (("2012-01-05", 5), ("2012-07-05", 187)))
    run = qgis_process("nocturne:estimatepm25", INPUT=write(tmp_path / "in.geojson", [january, july]), **FIELDS,
                       DEVICE="cpu", OUTPUT=tmp_path / "out.csv")
    assert run.code == 0, run.stderr
    assert [row["outside_range"] for row in rows_of(tmp_path / "out.csv")] == ["0", "1"]
    assert run.results["OUTSIDE_COUNT"] == 1
    said = run.stdout + run.stderr
    assert card["warning"] in said
    assert "1 of 2 estimates lie outside the covariates or the region" in said


def test_the_simulated_country_is_learnt_from(qgis_process, tmp_path):
    """Its calendar gives the days between the measurements of monitors that measure every third or sixth day: here a
    table the earlier ones, rasters the later ones."""
    made = qgis_process("nocturne:createdemo", FOLDER=tmp_path, PART="country", EFFECTS="located")
    assert made.code == 0, made.stderr
    country = tmp_path / "country"
    assert made.results["COUNTRY"] == str(country)
    change = "2021-02-01"
    heading, *days = (country / "calendar.csv").read_text().splitlines(keepends=True)
    (country / "calendar.csv").write_text(heading + "".join(day for day in days if day.split(",")[1] < change))
    for path in (country / "covariates").iterdir():
        if path.stem < f"covariates_{change}":
            path.unlink()
    run = qgis_process(
        "nocturne:trainpm25", **{**TRAINING, "FEATURE_FIELDS": "aod;temperature;boundary_layer;developed"},
        INPUT=country / "site_days.geojson", CALENDAR=country / "calendar.csv",
        CALENDAR_RASTERS=country / "covariates", BOOSTING="false", THREADS=1,
        MODEL=tmp_path / "model.json", METRICS=tmp_path / "metrics.json")
    assert run.code == 0, run.stderr
    assert run.results["R2"] > 0.3
    first_days = 3  # whose windows of four days reach back before the calendar
    found = json.loads((tmp_path / "metrics.json").read_text())
    features = json.loads((country / "site_days.geojson").read_text())["features"]
    assert found["short_windows"] == sum(each["properties"]["date"] <= f"2021-01-0{first_days}" for each in features)


def test_models_with_other_covariates_or_units_are_refused(qgis_process, trained, tmp_path):
    without_wind = [{name: value for name, value in row.items() if name != "wind"} for row in simulated(sites=2)]
    in_kelvin = [{**row, "haze": row["haze"] + 273.15} for row in simulated(sites=2)]
    for rows, sentence in ((without_wind, "INPUT: the field 'wind' of the model isn't there (1 of 2"),
                           (in_kelvin, "INPUT: 'haze' goes from 27")):
        run = qgis_process("nocturne:estimatepm25", INPUT=write(tmp_path / "in.geojson", rows), **FIELDS,
                           MODEL=trained[0] / "model.json", OUTPUT=tmp_path / "out.csv")
        assert run.code == 1
        assert sentence in run.error
        assert len(run.error.splitlines()) == 1
    assert not (tmp_path / "out.csv").exists()


def test_daily_rasters_become_dated_maps_with_their_styles(qgis_process, trained, tmp_path):
    folder = tmp_path / "days"
    folder.mkdir()
    haze = np.linspace(0, 9, 20).reshape(4, 5).astype(np.float32)
    for day in ("2021-03-01", "2021-03-02"):
        with rasterio.open(folder / f"{day}.tif", "w", driver="GTiff", width=5, height=4, count=2, dtype="float32",
                           crs="EPSG:4326", transform=from_origin(-95, 40, 0.5, 0.5)) as dataset:
            dataset.write(np.stack((haze, np.full_like(haze, 2))))
            dataset.descriptions = ("haze", "wind")
    names = ("ESTIMATE", "LOW", "HIGH", "APPLICABILITY")
    run = qgis_process("nocturne:estimatepm25", RASTERS=folder, MODEL=trained[0] / "model.json", DEVICE="cpu",
                       **{name: tmp_path / f"{name}.tif" for name in names})
    assert run.code == 0, run.stderr
    assert run.results["ESTIMATE_COUNT"] == 40
    found = {}
    for name in names:
        with rasterio.open(tmp_path / f"{name}.tif") as dataset:
            assert dataset.descriptions == ("2021-03-01", "2021-03-02")
            found[name] = dataset.read()
        assert (tmp_path / f"{name}.qml").exists()
    assert np.corrcoef(found["ESTIMATE"][0].ravel(), haze.ravel())[0, 1] > 0.9
    assert (found["LOW"] <= found["ESTIMATE"]).all()
    assert (found["ESTIMATE"] < found["HIGH"]).all()
    assert (found["APPLICABILITY"] >= 0).all()
    last = {"place": [-94.75, 39.75], "site": "a", "date": "2021-03-02", "haze": float(haze[0, 0]), "wind": 2.0}
    run = qgis_process("nocturne:estimatepm25", INPUT=write(tmp_path / "in.geojson", [last]), **FIELDS, DEVICE="cpu",
                       CALENDAR_RASTERS=folder, MODEL=trained[0] / "model.json", OUTPUT=tmp_path / "out.csv")
    assert run.code == 0, run.stderr
    [row] = rows_of(tmp_path / "out.csv")  # its window reaches back to the first raster, as that of the cell does
    assert float(row["pm25"]) == pytest.approx(found["ESTIMATE"][1, 0, 0], rel=1e-5)
    named = {"CALENDAR": tmp_path / "in.geojson", "OUTPUT": tmp_path / "points.csv"}
    for name, path in named.items():
        run = qgis_process("nocturne:estimatepm25", RASTERS=folder, ESTIMATE=tmp_path / "new.tif", **{name: path})
        assert (run.code, run.error) == (1, f"{name}: it has no meaning with RASTERS; leave it empty.")
    run = qgis_process("nocturne:estimatepm25", INPUT=tmp_path / "in.geojson", LOW=tmp_path / "new.tif", **FIELDS)
    assert (run.code, run.error) == (1, "LOW: it has no meaning with INPUT; leave it empty.")
    both = qgis_process("nocturne:estimatepm25", RASTERS=folder, INPUT=trained[0] / "site_days.geojson")
    assert (both.code, both.error) == (1, "INPUT: INPUT and RASTERS were both given; give one of them.")
