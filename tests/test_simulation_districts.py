"""The simulated districts: published totals, plan, what inputs show, null modes, and files."""
from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import rasterio
import shapely
from nocturne.algorithms.errors import Cancelled
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.simulation.demo import create_demo
from nocturne.algorithms.simulation.district_plan import published_districts
from nocturne.algorithms.simulation.district_ranges import DISTRICT_RANGES
from nocturne.algorithms.simulation.district_signals import CLASS_SECTORS, RURAL, place_categories
from nocturne.algorithms.simulation.districts import simulate_districts
from nocturne.algorithms.simulation.settings import DemoSettings
from scipy.stats import spearmanr


@pytest.fixture(scope="module", params=[1, 2])
def region(request):
    return simulate_districts(request.param)


@pytest.fixture(scope="module")
def null():
    return simulate_districts(1, "all")


def test_the_published_totals_are_those_of_appendix_b():
    table = published_districts()
    assert (len(table.name), len(set(table.city)), len(set(table.name))) == (50, 9, 50)
    assert table.value[table.name.index("Yuexiu")].tolist() == [0.0, 126.05, 3524.13]
    assert table.value[table.name.index("Longmen")].tolist() == [37.98, 83.61, 81.61]
    assert (table.area[-1], table.population[-1]) == (1783.67, 4_458_200)
    alone = [name for name, city in zip(table.name, table.city) if name == city]
    assert alone == ["Dongguan", "Zhongshan"]


def test_every_constant_is_drawn_from_the_table(region):
    assert set(region.constants) == set(DISTRICT_RANGES)
    for name, record in region.constants.items():
        limits = DISTRICT_RANGES[name]
        assert (record["low"], record["high"], record["unit"]) == (limits.low, limits.high, limits.unit)
        assert (np.array(record["value"]) >= limits.low).all()
        assert (np.array(record["value"]) <= limits.high).all()
    assert {each.mark for each in DISTRICT_RANGES.values()} <= {"M", "L", "l", "J"}


def test_units_tile_the_region_with_the_published_areas(region):
    plan = region.plan
    counts = np.bincount(plan.district)
    assert (counts >= 5).all()
    assert (counts <= 35).all()
    assert counts[-2:].tolist() == [30, 30]
    assert shapely.is_valid(plan.shapes).all()
    assert np.bincount(plan.district, shapely.area(plan.shapes)) == pytest.approx(plan.districts.area, rel=5e-3)
    assert shapely.union_all(plan.shapes).area == pytest.approx(shapely.area(plan.shapes).sum(), rel=1e-9)
    assert np.bincount(plan.district, plan.people) == pytest.approx(plan.districts.population)


def test_units_add_up_to_the_published_totals(region):
    value, totals = region.activity.value, region.plan.districts.value
    for sector in range(3):
        assert np.bincount(region.plan.district, value[:, sector]) == pytest.approx(totals[:, sector])
    assert (value >= 0).all()
    share = region.activity.head_offices[:, 2].sum() / totals[:, 2].sum()
    assert share == pytest.approx(region.constants["tertiary value of head offices"]["value"])
    assert (region.activity.head_offices[:, 2] > 0).mean() < 0.15


def test_the_oracle_is_good_but_not_perfect(region):
    assert (region.oracle_r2 > 0.5).all()
    assert (region.oracle_r2 < 0.995).all()


def test_inputs_show_the_activity(region):
    total = region.activity.active.sum(axis=1)
    assert spearmanr(region.places.sum(axis=1), total).statistic > 0.6
    assert spearmanr(region.flows.sum(axis=0), total).statistic > 0.6
    seen = region.images > 0
    scores = np.linalg.svd(region.views[seen] - region.views[seen].mean(axis=0), full_matrices=False)[0]
    primary = np.log(region.activity.active[seen, 0] / region.plan.area[seen] + 1e-3)
    fitted = scores[:, :30] @ (scores[:, :30].T @ (primary - primary.mean()))
    assert np.corrcoef(fitted, primary)[0, 1] > 0.5
    assert np.isnan(region.views[~seen]).all()
    assert (region.plan.built_up[~seen] < RURAL).all()


def test_the_null_mode_breaks_what_views_and_flows_show_and_nothing_else(null):
    planted = simulate_districts(1)
    np.testing.assert_array_equal(null.places, planted.places)
    np.testing.assert_array_equal(null.activity.value, planted.activity.value)
    np.testing.assert_array_equal(null.images, planted.images)
    seen = null.images > 0
    assert null.views[seen].mean(axis=0) == pytest.approx(planted.views[seen].mean(axis=0), abs=0.3)
    assert null.views[seen].std(axis=0) == pytest.approx(planted.views[seen].std(axis=0), rel=0.25)
    assert sorted(null.flows.sum(axis=0)) == sorted(planted.flows.sum(axis=0))
    total = null.activity.active.sum(axis=1)
    assert abs(spearmanr(null.flows.sum(axis=0), total).statistic) < 0.15
    np.testing.assert_array_equal(simulate_districts(1, "views").flows, planted.flows)


def test_the_same_seed_draws_the_same_and_another_one_does_not(region):
    again = simulate_districts(region.seed)
    np.testing.assert_array_equal(again.flows, region.flows)
    np.testing.assert_array_equal(again.views, region.views)
    assert not np.array_equal(simulate_districts(7).flows[:100, :100], region.flows[:100, :100])


def test_categories_are_those_of_the_shipped_mapping():
    categories, classes = place_categories()
    assert len(categories) == 140
    assert set(classes) == set(CLASS_SECTORS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    create_demo(str(folder), DemoSettings(part="districts", seed=3), Progress())
    return folder / "districts"


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_files_hold_what_was_drawn(files):
    region = simulate_districts(3)
    units = json.loads((files / "units.geojson").read_text())["features"]
    assert len(units) == len(region.plan.area)
    assert [each["properties"]["Restaurant"] for each in units] == region.places[
        :, region.categories.index("Restaurant")].tolist()
    assert {each["properties"]["city"] for each in units if each["properties"]["district"] is None} == {
        "Dongguan", "Zhongshan"}
    with (files / "views.csv").open(newline="") as file:
        views = list(csv.DictReader(file))
    assert len(views) == (region.images > 0).sum()
    streets = json.loads((files / "streets.geojson").read_text())["features"]
    assert len(streets) == len(list((files / "streets").iterdir())) == 48
    with rasterio.open(files / streets[0]["properties"]["file"]) as picture:
        assert picture.shape == (96, 96)
    with (files / "flows.csv").open(newline="") as file:
        flows = list(csv.DictReader(file))
    assert 15 < len({row["day"] for row in flows}) < 28
    cells = {str(each["properties"]["cell"]) for each in json.loads((files / "cells.geojson").read_text())["features"]}
    assert {row["origin"] for row in flows} <= cells
    with (files / "truth" / "units.csv").open(newline="") as file:
        truth = list(csv.DictReader(file))
    assert sum(float(row["secondary"]) for row in truth) == pytest.approx(region.plan.districts.value[:, 1].sum())
    assert "says nothing about the real districts" in (files / "README.txt").read_text()


def test_cancelled_files_leave_nothing(tmp_path):
    class Stopped(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        create_demo(str(tmp_path), DemoSettings(part="districts"), Stopped())
    assert not list(tmp_path.iterdir())
