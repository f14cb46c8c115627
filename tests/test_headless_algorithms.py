"""Every algorithm and every chain through the real qgis_process, judged by what is in their outputs."""
from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shutil
import sqlite3
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
import shapely
from nocturne.tests.conftest import ROOT, chain_names
from rasterio.warp import transform as transform_points

SHARED = ROOT / ".." / "shared" / "data"
BLACK_MARBLE = SHARED / "blackmarble-vnp46a2"
SHANGHAI = SHARED / "viirs-annual-shanghai" / "ntl_shanghai_viirs_2020.tif"
NONE, NEGATIVE, POSITIVE, U_SHAPED, NO_DATA = 0, 1, 2, 3, 255
ENVELOPE_BYTES = (0, 32, 48, 48, 64)  # of a GeoPackage geometry, by the code in its flags


def succeeded(run):
    """Whatever else is printed to stdout, results can't be parsed then."""
    assert run.code == 0, run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout[0] == "{"
    assert run.stdout[-1] == "}"
    return run.results


def table(path):
    """Rows of a GeoPackage's only layer as dictionaries, in its order; the geometry as shapely's."""
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        name = database.execute("SELECT table_name FROM gpkg_contents").fetchone()[0]
        rows = [dict(row) for row in database.execute(f'SELECT * FROM "{name}" ORDER BY fid')]
    for row in rows:
        if row.get("geom"):
            row["geom"] = shapely.from_wkb(row["geom"][8 + ENVELOPE_BYTES[row["geom"][3] >> 1 & 7]:])
    return rows


def pixels(path):
    with rasterio.open(path) as raster:
        return raster.read()


def content(path):
    """What must not differ between two runs."""
    if str(path).endswith(".tif"):
        with rasterio.open(path) as raster:
            return raster.read().tobytes(), raster.profile["transform"], raster.crs, raster.descriptions
    return [{key: value.wkb if key == "geom" else value for key, value in row.items()} for row in table(path)]


class City:
    """The jobs of the demonstration, each of which writes its outputs into one folder."""

    def __init__(self, qgis_process, demo, extent):
        self._run, self._demo, self._extent = qgis_process, demo, extent

    def read(self, folder):
        return succeeded(self._run(
            "nocturne:readblackmarble", FOLDER=self._demo / "daily", EXTENT=self._extent,
            RADIANCE=folder / "radiance.tif", ZENITH=folder / "zenith.tif", COVERAGE=folder / "coverage.tif",
            NIGHTS=folder / "nights.gpkg"))

    def read_year(self, folder):
        return succeeded(self._run(
            "nocturne:readblackmarble", FOLDER=self._demo / "annual", PRODUCT="annual", EXTENT=self._extent,
            RADIANCE=folder / "annual.tif"))

    def classify(self, folder, nights):
        return succeeded(self._run(
            "nocturne:angulareffects", RADIANCE=nights / "radiance.tif", ZENITH=nights / "zenith.tif",
            CLASSES=folder / "classes.tif", STATISTICS=folder / "statistics.tif"))

    def classify_files(self, folder):
        return succeeded(self._run(
            "nocturne:blackmarbleangulareffects", FOLDER=self._demo / "daily", EXTENT=self._extent,
            CLASSES=folder / "classes.tif", STATISTICS=folder / "statistics.tif", NIGHTS=folder / "nights.gpkg"))

    def delineate(self, folder, year):
        return succeeded(self._run(
            "nocturne:urbancentres", RADIANCE=year / "annual.tif", BOUNDARY=self._demo / "boundary.geojson",
            CENTRES=folder / "centres.gpkg", TREE=folder / "tree.gpkg"))

    def follow_chain(self, folder):
        return succeeded(self._run(
            "nocturne:nightlightmaps", DAILY=self._demo / "daily", ANNUAL=self._demo / "annual", EXTENT=self._extent,
            BOUNDARY=self._demo / "boundary.geojson", **{
                "nights:nights": folder / "nights.gpkg", "effects:classes": folder / "classes.tif",
                "effects:statistics": folder / "statistics.tif", "year:radiance": folder / "annual.tif",
                "centres:centres": folder / "centres.gpkg", "centres:tree": folder / "tree.gpkg"}))


@pytest.fixture(scope="session")
def city(qgis_process, demo, demo_extent):
    return City(qgis_process, demo, demo_extent)


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """The folder of the first run of every job."""
    return tmp_path_factory.mktemp("first")


@pytest.fixture(scope="session")
def nights(city, first):
    return city.read(first)


@pytest.fixture(scope="session")
def effects(city, first, nights):
    return city.classify(first, first)


@pytest.fixture(scope="session")
def year(city, first):
    return city.read_year(first)


@pytest.fixture(scope="session")
def centres(city, first, year):
    return city.delineate(first, first)


@pytest.fixture(scope="session")
def chain(city, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    city.follow_chain(folder)
    return folder


@pytest.fixture(scope="session")
def truth(demo):
    return json.loads((demo / "truth" / "constants.json").read_text("utf-8"))


# nocturne:createdemo


def hashes(folder):
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()}


def test_the_demonstration_is_the_same_again(qgis_process, demo, tmp_path):
    made = succeeded(qgis_process("nocturne:createdemo", FOLDER=tmp_path))
    assert made["CITY"] == str(tmp_path / "city")
    assert hashes(tmp_path / "city") == hashes(demo)


# nocturne:readblackmarble


def test_each_night_becomes_a_band_that_its_date_describes(nights, first, truth):
    with rasterio.open(first / "radiance.tif") as radiance, rasterio.open(first / "zenith.tif") as zenith:
        assert nights["NIGHTS_USED"] == radiance.count == truth["nights"]
        assert radiance.descriptions == zenith.descriptions
        assert radiance.descriptions[0] == truth["first_night"]
        assert radiance.descriptions[-1] == truth["last_night"]
        assert (radiance.dtypes[0], radiance.units[0], zenith.units[0]) == ("float32", "nW/cm2/sr", "degrees")
        assert np.isnan(radiance.nodata)
        west, south, east, north = truth["extent"]
        assert tuple(radiance.bounds) == pytest.approx((west, south, east, north), abs=1e-9)
        assert radiance.crs.to_epsg() == 4326
        assert radiance.res == pytest.approx((1 / 240, 1 / 240), abs=1e-12)


def test_radiance_is_the_stored_light_of_its_night_where_it_is_kept(nights, first, demo):
    path = next(iter(sorted((demo / "daily").glob("VNP46A2*.h5"))))
    with h5py.File(path) as file, rasterio.open(first / "radiance.tif") as radiance:
        data = file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields"]
        row, column = round((40 - radiance.bounds.top) * 240), round((radiance.bounds.left - 110) * 240)
        window = np.s_[row:row + radiance.height, column:column + radiance.width]
        stored, clouds = data["DNB_BRDF-Corrected_NTL"][window], data["QF_Cloud_Mask"][window]
        quality, snow = data["Mandatory_Quality_Flag"][window], data["Snow_Flag"][window]
        values = radiance.read(1)
    clear = (clouds >> 4 & 3 == 3) & (clouds >> 6 & 3 == 0) & (clouds >> 10 & 1 == 0) & (snow != 1)
    kept = (stored != 65535) & (quality == 0) & clear
    expected = np.where(kept, (stored * 0.1).astype("float32"), np.nan)
    assert 0 < kept.sum() < kept.size
    np.testing.assert_array_equal(values, expected)


def test_zenith_and_coverage_belong_to_the_radiance(nights, first):
    seen = np.isfinite(pixels(first / "radiance.tif"))
    zenith = pixels(first / "zenith.tif")
    np.testing.assert_array_equal(np.isfinite(zenith), seen)
    np.testing.assert_array_equal(pixels(first / "coverage.tif")[0], seen.sum(axis=0))
    assert 0 <= np.nanmin(zenith) < 10
    assert 60 < np.nanmax(zenith) <= 72


def test_the_table_of_nights_says_what_each_band_was_made_of(nights, first):
    rows = table(first / "nights.gpkg")
    with rasterio.open(first / "radiance.tif") as radiance:
        shares = np.isfinite(radiance.read()).mean(axis=(1, 2))
        assert [row["date"] for row in rows] == list(radiance.descriptions)
    np.testing.assert_allclose([row["valid_share"] for row in rows], shares, rtol=1e-12)
    for row in rows:
        assert (row["used"], row["reason"]) == (1, "")
        assert row["radiance_file"].replace("VNP46A2", "VNP46A1") == row["zenith_file"]


def test_the_table_of_nights_says_why_a_file_is_not_used(qgis_process, demo, demo_extent, tmp_path):
    folder = tmp_path / "daily"
    folder.mkdir()
    lights = sorted((demo / "daily").glob("VNP46A2*.h5"))[:3]
    angles = sorted((demo / "daily").glob("VNP46A1*.h5"))[:2]
    for path in (*lights, *angles):
        shutil.copy(path, folder)
    (folder / "cut.h5").write_bytes(lights[0].read_bytes()[:100_000])
    (folder / "notes.h5").write_text("no granule" * 10, "utf-8")
    found = succeeded(qgis_process(
        "nocturne:readblackmarble", FOLDER=folder, EXTENT=demo_extent, RADIANCE=tmp_path / "radiance.tif",
        ZENITH=tmp_path / "zenith.tif", NIGHTS=tmp_path / "nights.gpkg"))
    assert found["NIGHTS_USED"] == 2
    reasons = {row["radiance_file"]: row["reason"] for row in table(tmp_path / "nights.gpkg") if not row["used"]}
    assert set(reasons) == {lights[2].name, "cut.h5", "notes.h5"}
    assert "there is no A1 file of h29v05 for its zenith" in reasons[lights[2].name]
    assert "it is truncated (100000 of" in reasons["cut.h5"]
    assert reasons["notes.h5"] == "it isn't an HDF5 file"


def test_outputs_that_are_not_asked_for_are_not_made(qgis_process, year, first):
    assert set(year) == {"RADIANCE", "NIGHTS_USED"}
    with rasterio.open(first / "annual.tif") as annual:
        assert annual.descriptions == ("2021-01-01",)


def test_temporary_outputs_are_made_where_qgis_says(qgis_process, demo, demo_extent):
    found = succeeded(qgis_process("nocturne:readblackmarble", FOLDER=demo / "annual", PRODUCT="annual",
                                   EXTENT=demo_extent, RADIANCE="TEMPORARY_OUTPUT", NIGHTS="TEMPORARY_OUTPUT"))
    assert found["RADIANCE"].endswith("RADIANCE.tif")
    assert found["NIGHTS"]


@pytest.mark.real_data
@pytest.mark.skipif(not BLACK_MARBLE.is_dir(), reason="shared data blackmarble-vnp46a2 is not beside the checkout")
def test_the_real_granule_is_read(qgis_process, tmp_path):
    found = succeeded(qgis_process(
        "nocturne:readblackmarble", FOLDER=BLACK_MARBLE, QUALITY="all_valid", CLOUD="any", SNOW="include",
        RADIANCE=tmp_path / "radiance.tif", COVERAGE=tmp_path / "coverage.tif", NIGHTS=tmp_path / "nights.gpkg"))
    assert found["NIGHTS_USED"] == 1
    with h5py.File(next(BLACK_MARBLE.glob("*.h5"))) as file:
        stored = file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields/DNB_BRDF-Corrected_NTL"][...]
    expected = np.where(stored == 65535, np.nan, (stored * 0.1).astype("float32"))
    with rasterio.open(tmp_path / "radiance.tif") as radiance:
        np.testing.assert_array_equal(radiance.read(1), expected)
        assert radiance.descriptions == ("2018-08-13",)
        assert tuple(radiance.bounds) == pytest.approx((-80, 30, -70, 40), abs=1e-9)
    assert (pixels(tmp_path / "coverage.tif") == 1).sum() == (stored != 65535).sum()
    (row,) = table(tmp_path / "nights.gpkg")
    assert (row["date"], row["used"], row["zenith_file"]) == ("2018-08-13", 1, "")
    assert row["valid_share"] == pytest.approx((stored != 65535).mean(), rel=1e-12)


# nocturne:rasterseries


def test_dated_rasters_become_a_stack_in_the_order_of_their_dates(qgis_process, tmp_path):
    folder = tmp_path / "monthly"
    folder.mkdir()
    months = {"201803": 3.0, "201801": 1.0, "201802": 2.0}
    for month, light in months.items():
        with rasterio.open(folder / f"lights_{month}.tif", "w", driver="GTiff", width=4, height=3, count=1,
                           dtype="float32", crs="EPSG:4326", nodata=-1,
                           transform=rasterio.Affine(0.004, 0, 121, 0, -0.004, 31)) as raster:
            values = np.full((3, 4), light, "float32")
            values[0, 0] = -1
            raster.write(values, 1)
    found = succeeded(qgis_process("nocturne:rasterseries", FILES=folder, SERIES=tmp_path / "series.tif"))
    assert (found["BANDS"], found["FIRST_DATE"], found["LAST_DATE"]) == (3, "2018-01-01", "2018-03-01")
    with rasterio.open(tmp_path / "series.tif") as series:
        assert series.descriptions == ("2018-01-01", "2018-02-01", "2018-03-01")
        values = series.read()
    assert np.isnan(values[:, 0, 0]).all()
    assert values[:, 1:].min(axis=(1, 2)).tolist() == values[:, 1:].max(axis=(1, 2)).tolist() == [1, 2, 3]


# nocturne:angulareffects


@pytest.fixture(scope="session")
def judged(effects, first, demo):
    """Found classes, planted classes, planted relative change and depth of the minimum."""
    change, depth = pixels(demo / "truth" / "truth_change.tif")
    return pixels(first / "classes.tif")[0], pixels(demo / "truth" / "truth_classes.tif")[0], change, depth


def share(found, where):
    assert where.sum() > 100
    return (found & where).sum() / where.sum()


def test_planted_effects_are_found(judged):
    found, planted, change, depth = judged
    assert share(found == NEGATIVE, (planted == NEGATIVE) & (change < -0.3)) >= 0.98
    assert share(found == NEGATIVE, planted == NEGATIVE) >= 0.9
    assert share(found == POSITIVE, (planted == POSITIVE) & (change > 0.3)) >= 0.85
    assert share(found == U_SHAPED, (planted == U_SHAPED) & (depth > 0.15)) >= 0.9
    assert share(found == U_SHAPED, planted == U_SHAPED) >= 0.8


def test_no_effect_is_found_where_none_is_planted(judged):
    found, planted, _, _ = judged
    assert share(found == NONE, planted == NONE) >= 0.9


def test_strong_effects_are_never_taken_for_their_opposite(judged):
    found, planted, change, _ = judged
    assert share(found == POSITIVE, (planted == NEGATIVE) & (change < -0.3)) == 0
    assert share(found == NEGATIVE, (planted == POSITIVE) & (change > 0.3)) == 0


def test_counts_of_the_classes_are_those_of_the_raster(effects, first):
    found = pixels(first / "classes.tif")[0]
    counts = [effects[f"{name}_PIXELS"] for name in ("NEGATIVE", "POSITIVE", "U_SHAPED", "FITTED")]
    assert counts == [(found == NEGATIVE).sum(), (found == POSITIVE).sum(), (found == U_SHAPED).sum(),
                      (found != NO_DATA).sum()]


def test_classes_have_names_and_colours(effects, first):
    with rasterio.open(first / "classes.tif") as raster:
        assert (raster.dtypes[0], raster.nodata) == ("uint8", NO_DATA)
        assert len({raster.colormap(1)[value] for value in (NONE, NEGATIVE, POSITIVE, U_SHAPED)}) == 4
    attributes = (first / "classes.tif.aux.xml").read_text("utf-8")
    assert "negative: darker when seen obliquely" in attributes


def test_statistics_are_those_of_a_plain_least_squares_fit(effects, first):
    with rasterio.open(first / "statistics.tif") as raster:
        found = dict(zip(raster.descriptions, raster.read()))
    radiance, zenith = pixels(first / "radiance.tif"), pixels(first / "zenith.tif")
    used = np.isfinite(radiance) & (zenith <= 60)
    np.testing.assert_array_equal(found["observations"], used.sum(axis=0))
    for row, column in ((84, 84), (60, 100), (110, 70)):
        mask = used[:, row, column]
        angles, light = zenith[mask, row, column].astype(float), radiance[mask, row, column].astype(float)
        slope, intercept = np.polyfit(angles, light, 1)
        assert found["linear_slope"][row, column] == pytest.approx(slope, rel=1e-4, abs=1e-6)
        assert found["linear_intercept"][row, column] == pytest.approx(intercept, rel=1e-4)
        curvature = np.polyfit(angles, light, 2)[0]
        assert found["quadratic_curvature"][row, column] == pytest.approx(curvature, rel=1e-3, abs=1e-7)
        assert found["zenith_maximum"][row, column] == pytest.approx(angles.max(), rel=1e-6)


# nocturne:urbancentres


def test_centres_and_nodes_are_valid_polygons_in_metres(centres, first):
    for name, count in (("centres", centres["CENTRE_COUNT"]), ("tree", None)):
        rows = table(first / f"{name}.gpkg")
        assert len(rows) == (count or len(rows)) > 0
        for row in rows:
            assert row["geom"].geom_type == "MultiPolygon"
            assert row["geom"].is_valid
            # UTM lengths differ from those on the ellipsoid by at most 0.1 % here
            assert row["geom"].area / 1e6 == pytest.approx(row["area_km2"], rel=5e-3)
    with sqlite3.connect(first / "centres.gpkg") as database:
        assert database.execute("SELECT srs_id FROM gpkg_contents").fetchone() == (32650,)


def test_the_tree_nests(centres, first):
    nodes = {row["centre_id"]: row for row in table(first / "tree.gpkg")}
    inner = [node for node in nodes.values() if node["parent_id"] is not None]
    assert inner
    for node in inner:
        parent = nodes[node["parent_id"]]
        assert parent["geom"].buffer(1).contains(node["geom"])
        assert parent["level"] > node["level"]
        assert parent["contour_value"] < node["contour_value"]
        assert parent["root_id"] == node["root_id"]
    roots = [node for node in nodes.values() if node["parent_id"] is None]
    assert len(roots) == centres["ROOT_COUNT"]
    assert sum(root["area_km2"] for root in roots) == pytest.approx(centres["ROOT_AREA"], rel=1e-9)


def test_centres_are_the_nodes_with_one_peak(centres, first):
    rows = table(first / "centres.gpkg")
    lowest = {row["centre_id"]: row["geom"].wkb for row in table(first / "tree.gpkg") if row["level"] == 1}
    assert {row["centre_id"]: row["geom"].wkb for row in rows} == lowest
    assert sum(row["area_km2"] for row in rows) == pytest.approx(centres["CENTRE_AREA"], rel=1e-9)
    assert all(row["max_value"] > row["contour_value"] >= 36 for row in rows)


def test_the_brightest_centre_is_the_planted_business_district(centres, first, truth):
    brightest = max(table(first / "centres.gpkg"), key=lambda row: row["max_value"])
    longitude, latitude = truth["business_districts"]["central business district"]
    (x,), (y,) = transform_points("EPSG:4326", "EPSG:32650", [longitude], [latitude])
    assert brightest["geom"].contains(shapely.Point(x, y))


def test_temporary_centres_are_made_where_qgis_says(qgis_process, year, first):
    found = succeeded(qgis_process("nocturne:urbancentres", RADIANCE=first / "annual.tif", CENTRES="TEMPORARY_OUTPUT"))
    assert found["CENTRES"]
    assert found.get("TREE") is None
    assert found["CENTRE_COUNT"] > 0


@pytest.fixture(scope="session")
def shanghai(tmp_path_factory):
    """A copy, since QGIS writes statistics beside a raster that it opens."""
    if not SHANGHAI.exists():
        pytest.skip("shared data viirs-annual-shanghai is not beside the checkout")
    return shutil.copy(SHANGHAI, tmp_path_factory.mktemp("shanghai"))


@pytest.mark.real_data
def test_shanghai_on_its_own_grid(qgis_process, shanghai, tmp_path):
    found = succeeded(qgis_process("nocturne:urbancentres", RADIANCE=shanghai, TARGET_CRS="EPSG:4326",
                                   OUTLINE="pixels", CENTRES=tmp_path / "centres.gpkg"))
    assert abs(found["ROOT_COUNT"] - 61) <= 1
    assert found["ROOT_AREA"] == pytest.approx(804, rel=0.01)
    assert all(row["geom"].is_valid for row in table(tmp_path / "centres.gpkg"))


@pytest.mark.real_data
def test_shanghai_by_default(qgis_process, shanghai, tmp_path):
    found = succeeded(qgis_process("nocturne:urbancentres", RADIANCE=shanghai, CENTRES=tmp_path / "centres.gpkg",
                                   TREE=tmp_path / "tree.gpkg"))
    assert 50 <= found["ROOT_COUNT"] <= 55
    assert 750 <= found["ROOT_AREA"] <= 810
    assert all(row["geom"].is_valid for row in table(tmp_path / "tree.gpkg"))


# nocturne:checkenvironment


def test_checkenvironment_reports_what_is_installed(qgis_process, tmp_path):
    found = succeeded(qgis_process("nocturne:checkenvironment", REPORT=tmp_path / "report.html",
                                   JSON=tmp_path / "found.json"))
    assert found["STATE"] == "complete"
    findings = json.loads((tmp_path / "found.json").read_text("utf-8"))
    versions = {each["name"]: each["version"] for each in findings["libraries"]}
    assert {"rasterio", "shapely", "h5py", "pyfive", "numba", "torch", "scikit-learn"} <= set(versions)
    assert versions == {name: importlib.metadata.version(name) for name in versions}
    assert [each["note"] for each in findings["libraries"] if each["note"]] == []
    assert "cpu" in {device["name"] for device in findings["devices"]}
    report = (tmp_path / "report.html").read_text("utf-8")
    assert "Nocturne: the environment" in report
    assert versions["rasterio"] in report


# Side files


@pytest.mark.parametrize(("output", "algorithm", "styled"), [
    ("radiance.tif", "readblackmarble", True), ("zenith.tif", "readblackmarble", True),
    ("coverage.tif", "readblackmarble", True), ("nights.gpkg", "readblackmarble", False),
    ("annual.tif", "readblackmarble", True), ("classes.tif", "angulareffects", True),
    ("statistics.tif", "angulareffects", True), ("centres.gpkg", "urbancentres", True),
    ("tree.gpkg", "urbancentres", True)])
def test_style_metadata_and_provenance_stand_beside_the_output(nights, effects, year, centres, first, output,
                                                               algorithm, styled):
    path = first / output
    assert path.with_suffix(".qml").exists() == styled
    metadata = path.with_suffix(".qmd").read_text("utf-8")
    provenance = json.loads(Path(f"{path}.nocturne.json").read_text("utf-8"))
    assert provenance["algorithm"] == f"nocturne:{algorithm}"
    assert "<title>" in metadata
    assert f"nocturne:{algorithm}" in metadata
    assert provenance["versions"]["rasterio"] == rasterio.__version__
    inputs = provenance["inputs"]
    assert inputs
    assert all("ends_sha256" in each or "names_and_sizes_sha256" in each for each in inputs.values())


def test_provenance_names_the_file_that_was_read(effects, first):
    radiance = json.loads((first / "classes.tif.nocturne.json").read_text("utf-8"))["inputs"]["RADIANCE"]
    assert radiance["path"] == str(first / "radiance.tif")
    assert radiance["bytes"] == (first / "radiance.tif").stat().st_size


def test_no_staging_folder_is_left(nights, effects, year, centres, chain, first):
    for folder in (first, chain):
        assert [path.name for path in folder.iterdir() if path.name.startswith(".nocturne-")] == []


# The same again


def test_reading_again_gives_the_same_bits(city, nights, first, tmp_path):
    assert city.read(tmp_path)["NIGHTS_USED"] == nights["NIGHTS_USED"]
    for name in ("radiance.tif", "zenith.tif", "coverage.tif", "nights.gpkg"):
        assert content(tmp_path / name) == content(first / name)


def test_classifying_again_gives_the_same_bits(city, effects, first, tmp_path):
    assert city.classify(tmp_path, first)["FITTED_PIXELS"] == effects["FITTED_PIXELS"]
    for name in ("classes.tif", "statistics.tif"):
        assert content(tmp_path / name) == content(first / name)


def test_delineating_again_gives_the_same_bits(city, centres, first, tmp_path):
    assert city.delineate(tmp_path, first)["CENTRE_AREA"] == centres["CENTRE_AREA"]
    for name in ("centres.gpkg", "tree.gpkg"):
        assert content(tmp_path / name) == content(first / name)


# nocturne:blackmarbleangulareffects


def test_files_give_what_reading_and_fitting_give(city, nights, effects, first, tmp_path):
    results = city.classify_files(tmp_path)
    assert results["NEGATIVE_PIXELS"] == effects["NEGATIVE_PIXELS"]
    for name in ("classes.tif", "statistics.tif", "nights.gpkg"):
        assert content(tmp_path / name) == content(first / name)


# Chains


def test_every_algorithm_and_every_chain_is_run_headless():
    listed = chain_names()
    for path in (ROOT / "processing_provider").rglob("*.py"):
        listed.update(re.findall(r'(?m)^    NAME = "(\w+)"$', path.read_text("utf-8")))
    assert listed >= {"nightlightmaps", "readblackmarble"}
    run = {name for path in Path(__file__).parent.glob("test_headless_*.py")
           for name in re.findall(r'"nocturne:(\w+)"', path.read_text("utf-8"))}
    assert listed == run


@pytest.mark.parametrize("output", ["nights.gpkg", "classes.tif", "statistics.tif", "annual.tif", "centres.gpkg",
                                    "tree.gpkg"])
def test_the_chain_gives_what_its_steps_give_one_by_one(chain, nights, effects, year, centres, first, output):
    assert content(chain / output) == content(first / output)


def test_outputs_of_a_chain_have_their_side_files(chain):
    assert (chain / "classes.qml").exists()
    assert json.loads((chain / "centres.gpkg.nocturne.json").read_text("utf-8"))["algorithm"] == "nocturne:urbancentres"
