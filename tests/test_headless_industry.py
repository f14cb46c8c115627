"""The industry algorithms through the real qgis_process: the simulated region, real light, and bad input."""
from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3

import numpy as np
import pytest
import rasterio
from nocturne.tests.conftest import ROOT
from rasterio.transform import from_origin

SHARED = ROOT / ".." / "shared" / "data"
MUMBAI, RALEIGH = SHARED / "viirs-monthly-mumbai", SHARED / "factories-tri-raleigh"
SAO_TOME, BLACK_MARBLE = SHARED / "viirs-dmsp-sao-tome", SHARED / "blackmarble-vnp46a2"
SENTENCE = re.compile(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.")


def succeeded(run):
    assert run.code == 0, run.stderr
    assert "Traceback" not in run.stderr
    return run.results


def rows(path, table="samples"):
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f'SELECT * FROM "{table}" ORDER BY fid')]


def write_points(path, places, **columns):
    features = [{"type": "Feature", "properties": {name: column[index] for name, column in columns.items()},
                 "geometry": {"type": "Point", "coordinates": place}} for index, place in enumerate(places)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="module")
def region(qgis_process, tmp_path_factory):
    """The folder of the simulated region."""
    made = succeeded(qgis_process("nocturne:createdemo", FOLDER=tmp_path_factory.mktemp("demo"), PART="region"))
    return ROOT.__class__(made["REGION"])


def test_the_simulated_region_is_sampled(qgis_process, region, tmp_path):
    found = succeeded(qgis_process(
        "nocturne:samplefactories", FACTORIES=region / "places.geojson", CATEGORY_FIELD="category",
        FACTORY_FIELD="name", OPENED="opened", CLOSED="closed", RADIANCE=region / "radiance.tif",
        COVERAGE=region / "coverage.tif", URBAN_AREA=region / "urban_area.geojson",
        LANDUSE=region / "land_use.geojson", LANDUSE_FIELD="class", SAMPLES=tmp_path / "samples.gpkg",
        REGION=tmp_path / "region.csv"))
    places = [each["properties"] for each in json.loads((region / "places.geojson").read_text())["features"]]
    factories = {each["name"]: each for each in places if "=works" in each["category"] or "ind" in each["category"]}
    assert (found["FACTORY_COUNT"], found["MONTH_COUNT"]) == (len(factories), 96)
    assert found["FLARE_COUNT"] > 0
    samples = rows(tmp_path / "samples.gpkg")
    assert {row["factory"] for row in samples} == set(factories)
    opened = next(each for each in factories.values() if each["opened"])
    own = [row["month"] for row in samples if row["factory"] == opened["name"]]
    assert (own[0], len(own)) == (opened["opened"], len(set(own)))
    assert "land_industry_mean" in samples[0]
    sums = sum(row[f"ring_{ring}_sum"] or 0 for row in samples for ring in (1, 2, 3) if row["month"] == "2014-01-01")
    with rasterio.open(region / "radiance.tif") as light:
        first = light.read(1)
    assert 0.1 * first.sum() < sums < first.sum(), "the factories' parts are a part of the light"
    with (tmp_path / "region.csv").open(newline="") as file:
        context = list(csv.DictReader(file))
    assert len(context) == 2 * 96
    assert float(context[0]["mean"]) > 3 * float(context[1]["mean"])
    assert (tmp_path / "samples.gpkg.nocturne.json").exists()
    assert 'startField="month"' in (tmp_path / "samples.qml").read_text("utf-8")


@pytest.mark.real_data
@pytest.mark.skipif(not MUMBAI.is_dir(), reason="shared data viirs-monthly-mumbai is not beside the checkout")
def test_mumbai_s_months_are_sampled(qgis_process, tmp_path):
    """131 slices with a double month, zeros without observation and an outlier of 4,331; the factories are made up."""
    for path in MUMBAI.iterdir():
        shutil.copy(path, tmp_path)
    read = {"FILE": tmp_path / "mumbai_radiance.nc", "COVERAGE_FILES": tmp_path / "mumbai_clouds.nc",
            "CRS": "EPSG:4326", "SERIES": tmp_path / "light.tif"}
    assert "have the same date 2012-11-01" in qgis_process("nocturne:rasterseries", **read).stderr
    assert succeeded(qgis_process("nocturne:rasterseries", DUPLICATES="first", **read))["BANDS"] == 130
    with rasterio.open(tmp_path / "light.tif") as stack:
        values = stack.read()
    month, row, column = np.unravel_index(np.nanargmax(values), values.shape)
    assert values[month, row, column] == pytest.approx(4331.5, abs=1)
    flare = [72.78 + (column + 0.5) / 240, 19.27 - (row + 0.5) / 240]
    numbers = np.random.default_rng(1)
    factories = write_points(tmp_path / "factories.geojson", [flare, *numbers.uniform(
        (72.8, 18.9), (72.96, 19.25), (30, 2)).tolist()], name=[f"F{index}" for index in range(31)])
    found = succeeded(qgis_process(
        "nocturne:samplefactories", FACTORIES=factories, FACTORY_FIELD="name", RADIANCE=tmp_path / "light.tif",
        URBAN_AREA=tmp_path / "mumbai_districts.shp", SAMPLES=tmp_path / "samples.gpkg"))
    assert (found["FACTORY_COUNT"], found["MONTH_COUNT"]) == (31, 130)
    samples = rows(tmp_path / "samples.gpkg")
    assert found["FLARE_COUNT"] > 0
    assert max(row["ring_1_max"] or 0 for row in samples) < 1500, "the outlier is cut"
    julys = [row["ring_3_valid"] for row in samples if row["month"][5:7] == "07"]
    assert np.mean(julys) < 0.9 < np.mean([row["ring_3_valid"] for row in samples if row["month"][5:7] == "01"])
    assert all(row["ring_1_mean"] is None for row in samples if row["ring_1_valid"] == 0)


@pytest.mark.real_data
@pytest.mark.skipif(not (RALEIGH.is_dir() and BLACK_MARBLE.is_dir()), reason="shared data are not beside the checkout")
def test_real_factories_are_sampled_on_one_real_date(qgis_process, tmp_path):
    with (RALEIGH / "facilities.csv").open(newline="") as file:
        facilities = list(csv.DictReader(file))
    succeeded(qgis_process("nocturne:readblackmarble", FOLDER=BLACK_MARBLE, LAYER="Gap_Filled_DNB_BRDF-Corrected_NTL",
                           QUALITY="all_valid", CLOUD="any", SNOW="include", RADIANCE=tmp_path / "radiance.tif",
                           EXTENT="-79.5,-78.1,35.3,36.7 [EPSG:4326]"))
    longitude, latitude = (next(name for name in facilities[0] if name.lower().startswith(part))
                           for part in ("lon", "lat"))
    factories = write_points(tmp_path / "factories.geojson",
                             [(float(each[longitude]), float(each[latitude])) for each in facilities])
    found = succeeded(qgis_process("nocturne:samplefactories", FACTORIES=factories, DUPLICATES="share",
                                   RADIANCE=tmp_path / "radiance.tif", SAMPLES=tmp_path / "samples.gpkg"))
    assert (found["FACTORY_COUNT"], found["MONTH_COUNT"], found["FLARE_COUNT"]) == (106, 1, 0)
    means = [row["ring_1_mean"] for row in rows(tmp_path / "samples.gpkg")]
    assert None not in means
    assert 10 < np.median(means) < 40, "the published median of the cells is 24.7"


@pytest.mark.real_data
@pytest.mark.skipif(not SAO_TOME.is_dir(), reason="shared data viirs-dmsp-sao-tome is not beside the checkout")
def test_a_monthly_composite_with_negatives_is_sampled(qgis_process, tmp_path):
    shutil.copy(SAO_TOME / "viirs_vcmcfg_201401.tif", tmp_path)
    succeeded(qgis_process("nocturne:rasterseries", FILES=tmp_path / "viirs_vcmcfg_201401.tif",
                           SERIES=tmp_path / "light.tif"))
    factories = write_points(tmp_path / "factories.geojson", [[6.73, 0.34], [6.6, 0.25]])
    found = succeeded(qgis_process("nocturne:samplefactories", FACTORIES=factories, RADIANCE=tmp_path / "light.tif",
                                   SAMPLES=tmp_path / "samples.csv"))
    assert found["FACTORY_COUNT"] == 2
    with (tmp_path / "samples.csv").open(newline="") as file:
        samples = list(csv.DictReader(file))
    assert float(samples[0]["ring_1_mean"]) > 5 > 1 > float(samples[1]["ring_1_mean"])


# Bad input


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Stacks of 12 x 12 cells and layers of factories."""
    folder = tmp_path_factory.mktemp("small")

    def stack(name, left=300_000, dates=("2019-01-01", "2019-02-01")):
        with rasterio.open(folder / name, "w", driver="GTiff", width=12, height=12, count=2, dtype="float32",
                           nodata=np.nan, crs="EPSG:32651", transform=from_origin(left, 3_456_000, 500, 500)) as file:
            file.write(np.full((2, 12, 12), 9, "float32"))
            for band, text in enumerate(dates, 1):
                file.set_band_description(band, text)

    stack("light.tif")
    stack("undated.tif", dates=("", ""))
    stack("nights.tif", dates=("2019-01-01", "2019-01-02"))
    stack("shifted.tif", left=300_250)
    inside, near, far = (120.92, 31.2), (120.93, 31.21), (100.0, 31.2)
    write_points(folder / "good.geojson", [inside, near], kind=["cafe", "pub"])
    write_points(folder / "far.geojson", [far])
    write_points(folder / "twins.geojson", [inside, near, inside])
    ring = [[120.9, 31.1], [121.0, 31.1], [121.0, 31.3], [120.9, 31.1]]
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]}))
    return folder


BAD = [
    ({"FACTORIES": "far.geojson"}, "FACTORIES", "none of 1 factories lies on RADIANCE (12 x 12 cells"),
    ({"FACTORIES": "twins.geojson"}, "FACTORIES", "'1' and '3' stand at one place"),
    ({"CATEGORY_FIELD": "kind"}, "CATEGORY_FIELD", "no row has a category of factories (there are 'cafe', 'pub')"),
    ({"RADIANCE": "undated.tif"}, "RADIANCE", "band 1 is described as ''; describe every band by its date"),
    ({"RADIANCE": "nights.tif"}, "RADIANCE", "bands 1 and 2 are both of 2019-01"),
    ({"COVERAGE": "shifted.tif"}, "COVERAGE", "isn't that of RADIANCE"),
    ({"LANDUSE": "zones.geojson"}, "LANDUSE_FIELD", "no field was named; name the field of LANDUSE with the class"),
    ({"BUFFERS": "1500,500"}, "BUFFERS", "'1500,500' was given; give one to 6 rising radii"),
]


@pytest.mark.parametrize(("given", "parameter", "phrase"), BAD, ids=[next(iter(given)) for given, *_ in BAD])
def test_what_cannot_be_sampled_is_said_in_one_sentence(qgis_process, small, tmp_path, given, parameter, phrase):
    options = {"FACTORIES": "good.geojson", "RADIANCE": "light.tif", **given}
    files = {name: small / value if "." in value else value for name, value in options.items()}
    run = qgis_process("nocturne:samplefactories", SAMPLES=tmp_path / "samples.gpkg", **files)
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert not list(tmp_path.iterdir())
    sentence = SENTENCE.fullmatch(run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    assert phrase in run.error


def test_one_of_two_factories_at_a_place_is_kept_when_asked(qgis_process, small, tmp_path):
    run = qgis_process("nocturne:samplefactories", FACTORIES=small / "twins.geojson", RADIANCE=small / "light.tif",
                       DUPLICATES="one", SAMPLES=tmp_path / "samples.gpkg")
    assert succeeded(run)["FACTORY_COUNT"] == 2
    assert "1 factories stand where another does and are left out (the first is '3'" in run.stdout
