"""Interpolation of PM2.5 through the real qgis_process."""
from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

FIELDS = {"DATE_FIELD": "date", "PM25_FIELD": "pm25", "POINT_DATE_FIELD": "date"}


def write(path, rows):
    features = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [east, north]},
                 "properties": {"date": day, "pm25": value}} for east, north, day, value in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def measured(count=12, day="2020-02-01"):
    """PM2.5 that grows to the east."""
    generator = np.random.default_rng(1)
    places = generator.uniform((-92, 36), (-88, 40), (count, 2)).round(4)
    return [(float(east), float(north), day, round(float(10 + 3 * (east + 92)), 1)) for east, north in places]


def test_points_get_estimates_between_the_monitors_of_their_day(qgis_process, tmp_path):
    wanted = [(-91.5, 38.0, "2020-02-01", None), (-88.5, 38.0, "2020-02-01", None), (-90.0, 38.0, "2020-02-02", None),
              (150.0, -30.0, "2020-02-01", None)]
    run = qgis_process("nocturne:interpolatepm25", MONITORS=write(tmp_path / "monitors.geojson", measured()), **FIELDS,
                       INPUT=write(tmp_path / "points.geojson", wanted), OUTPUT=tmp_path / "out.csv")
    assert run.code == 0, run.stderr
    assert (run.results["ESTIMATE_COUNT"], run.results["OUTSIDE_COUNT"]) == (3, 1)
    with (tmp_path / "out.csv").open(newline="") as file:
        west, east, other_day, australia = csv.DictReader(file)
    assert 8 < float(west["pm25"]) < float(east["pm25"]) < 25
    assert float(west["pm25_low"]) < float(west["pm25"]) < float(west["pm25_high"])
    assert other_day["pm25"] == ""
    assert [row["outside_range"] for row in (west, east, australia)] == ["0", "0", "1"]


def test_the_cells_of_a_grid_get_what_points_there_get(qgis_process, tmp_path):
    monitors = write(tmp_path / "monitors.geojson", [
        *measured(), *measured(day="2020-02-02"), *measured(3, "2020-02-03")])
    with rasterio.open(tmp_path / "grid.tif", "w", driver="GTiff", width=3, height=2, count=1, dtype="float32",
                       crs="EPSG:4326", nodata=0, transform=from_origin(-92, 39, 1, 1)) as dataset:
        dataset.write(np.array([[[1, 1, 1], [1, 1, 0]]], np.float32))
    run = qgis_process("nocturne:interpolatepm25", MONITORS=monitors, DATE_FIELD="date", PM25_FIELD="pm25",
                       GRID=tmp_path / "grid.tif", ESTIMATE=tmp_path / "map.tif", HIGH=tmp_path / "high.tif")
    assert run.code == 0, run.stderr
    assert (run.results["DAYS"], run.results["ESTIMATE_COUNT"], run.results["OUTSIDE_COUNT"]) == (2, 10, 0)
    assert "elsewhere the courses say little" in run.stdout + run.stderr
    with rasterio.open(tmp_path / "map.tif") as dataset, rasterio.open(tmp_path / "high.tif") as high:
        assert dataset.descriptions == ("2020-02-01", "2020-02-02")
        found, upper = dataset.read(), high.read()
    assert np.isnan(found[:, 1, 2]).all()
    assert np.isfinite(found).sum() == 10
    assert (np.diff(found[:, 0]) > 0).all()  # PM2.5 grows to the east
    assert (upper[np.isfinite(upper)] > found[np.isfinite(found)]).all()
    cells = [(-91.5 + column, 38.5 - row, "2020-02-01", None) for row in range(2) for column in range(3)]
    run = qgis_process("nocturne:interpolatepm25", MONITORS=monitors, **FIELDS, OUTPUT=tmp_path / "out.csv",
                       INPUT=write(tmp_path / "points.geojson", cells))
    with (tmp_path / "out.csv").open(newline="") as file:
        points = np.array([float(row["pm25"]) for row in csv.DictReader(file)])
    np.testing.assert_allclose(found[0].ravel()[:5], points[:5], rtol=1e-5)


@pytest.mark.parametrize(("monitors", "points", "sentence"), [
    (measured(count=3), measured(count=1), "MONITORS: the day with most monitors has 3 with a value"),
    (measured(), [(-90, 38, "yesterday", None)], "POINT_DATE_FIELD: 'yesterday' in the field 'date' isn't a date"),
])
def test_what_cannot_be_interpolated_is_said_in_one_sentence(qgis_process, tmp_path, monitors, points, sentence):
    run = qgis_process("nocturne:interpolatepm25", MONITORS=write(tmp_path / "monitors.geojson", monitors), **FIELDS,
                       INPUT=write(tmp_path / "points.geojson", points), OUTPUT=tmp_path / "out.csv")
    assert run.code == 1
    assert sentence in run.error
    assert len(run.error.splitlines()) == 1
    assert not (tmp_path / "out.csv").exists()
