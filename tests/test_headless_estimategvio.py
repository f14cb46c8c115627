"""nocturne:estimategvio through the real qgis_process: the simulated region, one real date, and bad input."""
from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.industry.estimator import fit_estimator
from nocturne.algorithms.industry.factories import FactoryFields, read_factories
from nocturne.algorithms.industry.labels import read_labels
from nocturne.algorithms.industry.model_file import save_estimator
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.ranges import input_ranges
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import GvioSettings, LabelSettings, SamplingSettings
from nocturne.algorithms.industry.traits import FactoryTraits
from nocturne.algorithms.industry.zones import read_zones
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import simulate_region
from nocturne.algorithms.simulation.region_files import create_region_demo
from nocturne.algorithms.simulation.region_tables import places_table, totals_table, town_table, zones_table
from nocturne.algorithms.simulation.settings import DemoSettings
from nocturne.tests.conftest import ROOT
from rasterio.transform import from_origin

SHARED = ROOT / ".." / "shared" / "data"
RALEIGH, BLACK_MARBLE = SHARED / "factories-tri-raleigh", SHARED / "blackmarble-vnp46a2"
SENTENCE = re.compile(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.")
SEED, MONTHS = 1, 96
ONE_THREAD = Resources(threads=1)


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """The files of a simulated region."""
    folder = tmp_path_factory.mktemp("demo")
    create_region_demo(str(folder), DemoSettings(part="region", seed=SEED), Progress())
    return folder / "region"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of that region's zones and all its months, with an interval."""
    made = simulate_region(SEED)
    grid, town = made.plan.grid, town_table(made)
    factories = read_factories(places_table(made), FactoryFields("name", "category", "opened", "closed"), None, grid,
                               "share", Progress())
    samples = sample_factories(factories, ArrayLight(grid, made.months, made.light.radiance),
                               Surroundings(Boundary("URBAN_AREA", town.wkb, town.crs)), SamplingSettings(),
                               ONE_THREAD, Progress())
    labels = read_labels(totals_table(made), LabelSettings(), "period", "value", "zone", "", "price_index")
    traits = FactoryTraits(read_zones(zones_table(made), "zone", grid.crs).of_points(factories.x, factories.y))
    estimator = fit_estimator(samples, traits, labels, GvioSettings(members=3), Progress())
    path = tmp_path_factory.mktemp("model") / "region.json"
    ranges = input_ranges(samples, np.arange(MONTHS) < MONTHS - 24, ONE_THREAD, Progress())
    save_estimator(str(path), replace(estimator, interval_quantile=3.0),
                   {"title": "Region", "warning": "Of a simulated region.", "ranges": ranges})
    return path


@pytest.fixture(scope="module")
def options(region, model):
    return dict(
        FACTORIES=region / "places.geojson", CATEGORY_FIELD="category", FACTORY_FIELD="name", OPENED="opened",
        CLOSED="closed", DUPLICATES="share", RADIANCE=region / "radiance.tif", COVERAGE=region / "coverage.tif",
        URBAN_AREA=region / "urban_area.geojson", MODEL=model, ZONES=region / "zones.geojson", ZONE_FIELD="zone",
        MONTHLY_TOTALS=region / "totals.csv", DATE_FIELD="period", VALUE_FIELD="value", TOTALS_ZONE_FIELD="zone",
        DEFLATOR_FIELD="price_index")


def succeeded(run):
    assert run.code == 0, run.stderr
    assert "Traceback" not in run.stderr
    return run.results


def rows(path):
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f'SELECT * FROM "{path.stem}" ORDER BY fid')]


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def bands(path):
    with rasterio.open(path) as file:
        return file.read(), file.descriptions


def test_a_region_becomes_factories_grids_tables_and_a_page(qgis_process, options, tmp_path):
    run = qgis_process(
        "nocturne:estimategvio", **options, FACTORY_GVIO=tmp_path / "factories.gpkg", GRID=tmp_path / "grid.tif",
        GRID_LOW=tmp_path / "low.tif", GRID_HIGH=tmp_path / "high.tif", CHANGE=tmp_path / "change.tif",
        TABLE=tmp_path / "months.csv", ZONE_ECONOMY=tmp_path / "zones.gpkg", REPORT=tmp_path / "page.html",
        COMPARE="North 2; South 2")
    found = succeeded(run)
    assert found["MONTH_COUNT"] == MONTHS
    assert found["R2_TOTALS"] > 0.9
    assert 0 < found["OUTSIDE_SHARE"] < 0.2
    assert "MODEL: Of a simulated region." in run.stderr + run.stdout
    factories = rows(tmp_path / "factories.gpkg")
    assert len({row["factory"] for row in factories}) == found["FACTORY_COUNT"]
    assert all(row["gvio_low"] <= row["gvio"] <= row["gvio_high"] for row in factories)
    assert (factories[0]["start"][8:], factories[0]["end"][:7]) == ("01", factories[0]["start"][:7])
    middle, days = bands(tmp_path / "grid.tif")
    assert (days[0], days[-1]) == ("2014-01-01", "2021-12-01")
    assert (np.nan_to_num(bands(tmp_path / "low.tif")[0]) <= np.nan_to_num(middle)).all()
    assert (np.nan_to_num(bands(tmp_path / "high.tif")[0]) >= np.nan_to_num(middle)).all()
    months = table(tmp_path / "months.csv")
    assert len(months) == 6 * MONTHS
    assert sum(float(row["gvio"]) for row in months) == pytest.approx(np.nansum(middle, dtype=float), rel=1e-4)
    assert sum(row["gvio"] for row in factories) == pytest.approx(np.nansum(middle, dtype=float), rel=1e-4)
    parts = [float(row["trend"]) * float(row["season"]) * float(row["rest"]) for row in months if row["trend"]]
    values = [float(row["gvio"]) for row in months if row["trend"]]
    np.testing.assert_allclose(parts, values, rtol=1e-6)
    assert "trend_high" in bands(tmp_path / "change.tif")[1]
    zones = rows(tmp_path / "zones.gpkg")
    assert len(zones) == 6 * 8
    assert all(0 < row["gini"] < 1 for row in zones)
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "North 2 and South 2" in page
    assert "Of a simulated region." in page
    assert 'startField="start"' in (tmp_path / "factories.qml").read_text("utf-8")
    assert (tmp_path / "grid.tif.nocturne.json").exists()


def test_totals_are_preserved_when_asked(qgis_process, options, region, tmp_path):
    run = qgis_process("nocturne:estimategvio", **options, PRESERVE_TOTALS="true", RELATION="month",
                       START="2016-01-01", END="2018-12-31", TABLE=tmp_path / "months.csv",
                       GRID_HIGH=tmp_path / "high.tif", FACTORY_GVIO=tmp_path / "factories.gpkg")
    found = succeeded(run)
    assert found["MONTH_COUNT"] == 36
    assert found["R2_TOTALS"] < 0.9999, "how well the map agrees is measured before"
    assert "GRID_HIGH: it is left out, because there are no intervals." in run.stdout + run.stderr
    assert not (tmp_path / "high.tif").exists()
    published = {(row["zone"], row["period"]): 100 * float(row["value"]) / float(row["price_index"])
                 for row in table(region / "totals.csv")}
    made = {(row["zone"], row["start"].replace("/", "-")[:7]): float(row["gvio"])
            for row in table(tmp_path / "months.csv")}
    for zone in ("North 1", "South 2"):
        assert made[zone, "2017-05"] == pytest.approx(published[zone, "2017-05"], rel=1e-4)
        both = made[zone, "2017-01"] + made[zone, "2017-02"]
        assert both == pytest.approx(published[zone, "2017-01..02"], rel=1e-4)
    total = sum(row["gvio"] for row in rows(tmp_path / "factories.gpkg") if row["start"] == "2017-05-01")
    assert total == pytest.approx(sum(value for (_, period), value in published.items() if period == "2017-05"),
                                  rel=1e-4)


@pytest.mark.real_data
@pytest.mark.skipif(not (RALEIGH.is_dir() and BLACK_MARBLE.is_dir()), reason="shared data are not beside the checkout")
def test_one_real_date_is_enough_for_an_estimate(qgis_process, model, tmp_path):
    """106 real factories over a real granule; the model is of a simulated region, so levels mean nothing."""
    places = table(RALEIGH / "facilities.csv")
    longitude, latitude = (next(name for name in places[0] if name.lower().startswith(part)) for part in ("lon", "lat"))
    write_points(tmp_path / "factories.geojson", [(float(each[longitude]), float(each[latitude])) for each in places])
    shutil.copytree(BLACK_MARBLE, tmp_path / "files")
    succeeded(qgis_process("nocturne:readblackmarble", FOLDER=tmp_path / "files", QUALITY="all_valid", CLOUD="any",
                           LAYER="Gap_Filled_DNB_BRDF-Corrected_NTL", SNOW="include",
                           RADIANCE=tmp_path / "radiance.tif", EXTENT="-79.5,-78.1,35.3,36.7 [EPSG:4326]"))
    run = qgis_process("nocturne:estimategvio", FACTORIES=tmp_path / "factories.geojson", DUPLICATES="share",
                       RADIANCE=tmp_path / "radiance.tif", MODEL=model, FACTORY_GVIO=tmp_path / "gvio.gpkg",
                       TABLE=tmp_path / "months.csv", GRID=tmp_path / "grid.tif")
    found = succeeded(run)
    assert (found["FACTORY_COUNT"], found["MONTH_COUNT"]) == (106, 1)
    assert "R2_TOTALS" not in found
    assert "none of the model's zones" in run.stdout + run.stderr
    assert min(row["gvio"] for row in rows(tmp_path / "gvio.gpkg")) > 0
    (month,) = table(tmp_path / "months.csv")
    assert (month["zone"], month["trend"]) == ("the whole region", "")


# Bad input


def write_points(path, places):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": place}}
        for place in places]}))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two months of light on 12 x 12 cells, a factory, and tables."""
    folder = tmp_path_factory.mktemp("small")
    days = ["2019-01-01", "2019-02-01"]
    for name, texts, left in (("light.tif", days, 300_000), ("undated.tif", ["", ""], 300_000),
                              ("shifted.tif", days, 300_250)):
        with rasterio.open(folder / name, "w", driver="GTiff", width=12, height=12, count=2, dtype="float32",
                           nodata=np.nan, crs="EPSG:32651", transform=from_origin(left, 3_456_000, 500, 500)) as file:
            file.write(np.full((2, 12, 12), 9, "float32"))
            for band, text in enumerate(texts, 1):
                file.set_band_description(band, text)
    write_points(folder / "factories.geojson", [(120.92, 31.2), (120.93, 31.21)])
    write_points(folder / "twins.geojson", [(120.92, 31.2), (120.92, 31.2)])
    (folder / "old.csv").write_text("month,value\n2001-01,5\n2001-02,6\n")
    (folder / "zoned.csv").write_text("month,zone,value\n2019-01,Hills,5\n2019-02,Hills,6\n")
    ring = [[120.9, 31.1], [121.0, 31.1], [121.0, 31.3], [120.9, 31.3], [120.9, 31.1]]
    valley = {"type": "Feature", "properties": {"name": "Valley"},
              "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (folder / "valley.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [valley]}))
    (folder / "other.json").write_text('{"nocturne_model": "cbd_trees"}')
    return folder


OLD = {"MONTHLY_TOTALS": "old.csv", "DATE_FIELD": "month", "VALUE_FIELD": "value"}
HILLS = {**OLD, "MONTHLY_TOTALS": "zoned.csv", "TOTALS_ZONE_FIELD": "zone"}
VALLEY = {"ZONES": "valley.geojson", "ZONE_FIELD": "name"}
BAD = [
    ({"BUFFERS": "400,800"}, "BUFFERS", "'400,800' was given, and the model was trained with '500,1000,1500'"),
    ({"MODEL": "other.json"}, "MODEL", "'other.json' is a model of the kind 'cbd_trees'"),
    (OLD, "MONTHLY_TOTALS", "it covers 2001-01..2001-02, and RADIANCE 2019-01..2019-02"),
    (HILLS, "ZONES", "none were given, and MONTHLY_TOTALS has zones"),
    ({**HILLS, **VALLEY, "PRESERVE_TOTALS": "true"}, "MONTHLY_TOTALS", "it has the zone 'Hills', and ZONES has Valley"),
    ({**VALLEY, "COMPARE": "Valley; Sea"}, "COMPARE", "'Valley; Sea' was given, and the zones are 'Valley'"),
    ({"PRESERVE_TOTALS": "true"}, "PRESERVE_TOTALS", "there is no MONTHLY_TOTALS"),
    ({"FACTORIES": "twins.geojson"}, "FACTORIES", "'1' and '2' stand at one place"),
    ({"RADIANCE": "undated.tif"}, "RADIANCE", "band 1 is described as ''; describe every band by its date"),
    ({"COVERAGE": "shifted.tif"}, "COVERAGE", "isn't that of RADIANCE"),
]


@pytest.fixture(scope="module")
def refusals(qgis_process, small, model, tmp_path_factory):
    """Every run with bad input, and the folder that its map should have gone to."""
    folders = [tmp_path_factory.mktemp("out") for _ in BAD]

    def refused(number):
        chosen = {"FACTORIES": "factories.geojson", "RADIANCE": "light.tif", "MODEL": model, **BAD[number][0]}
        files = {name: small / value if isinstance(value, str) and "." in value else value
                 for name, value in chosen.items()}
        return qgis_process("nocturne:estimategvio", GRID=folders[number] / "grid.tif",
                            TABLE=folders[number] / "months.csv", **files)

    with ThreadPoolExecutor(2) as pool:
        return list(zip(pool.map(refused, range(len(BAD))), folders))


@pytest.mark.parametrize("number", range(len(BAD)), ids=[each[2][:20] for each in BAD])
def test_what_cannot_be_estimated_is_said_in_one_sentence(refusals, number):
    (_, parameter, phrase), (run, folder) = BAD[number], refusals[number]
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert not list(folder.iterdir())
    sentence = SENTENCE.fullmatch(run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    assert phrase in run.error
