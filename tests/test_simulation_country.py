"""The simulated country: ranges, monitors, what is hidden, what is harder elsewhere, null mode and files."""
import csv
import json

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.air_quality.geographic_folds import checkerboard, random_places
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.simulation.constants import Constants
from nocturne.algorithms.simulation.country import UNITS, simulate_country
from nocturne.algorithms.simulation.country_ranges import COUNTRY_RANGES
from nocturne.algorithms.simulation.demo import create_demo
from nocturne.algorithms.simulation.settings import DemoSettings
from sklearn.ensemble import HistGradientBoostingRegressor

SEEDS = range(1, 6)


@pytest.fixture(scope="module", params=SEEDS)
def country(request):
    return simulate_country(request.param)


@pytest.fixture(scope="module")
def one():
    return simulate_country(1)


def test_every_constant_is_drawn_once_from_the_table(country, monkeypatch):
    assert set(country.constants) == set(COUNTRY_RANGES)
    for name, record in country.constants.items():
        limits = COUNTRY_RANGES[name]
        assert limits.low - 1e-6 <= record["value"] <= limits.high + 1e-6, name
    assert {each.mark for each in COUNTRY_RANGES.values()} <= {"M", "L", "l", "J"}
    drawn, draw = [], Constants.draw_many
    monkeypatch.setattr(Constants, "draw_many", lambda self, name, *rest: drawn.append(name) or draw(self, name, *rest))
    simulate_country(country.seed, days=3)
    assert sorted(drawn) == sorted(COUNTRY_RANGES)


def test_aod_is_missing_with_cloud_and_snow_not_at_random(country):
    missing = np.isnan(country.covariates["aod"])
    assert missing.mean() == pytest.approx(country.constants["missing AOD"]["value"], abs=0.01)
    hidden = np.maximum(country.covariates["cloud"], country.covariates["snow"])
    assert hidden[missing].mean() > hidden[~missing].mean() + 0.3
    assert all(np.isfinite(values).all() for name, values in country.covariates.items() if name != "aod")


def test_monitors_measure_daily_or_on_common_third_and_sixth_days(country):
    measured = np.isfinite(country.measured)
    for interval in (1, 3, 6):
        those = country.plan.interval == interval
        assert those.sum() > 5
        assert not measured[those][:, np.arange(measured.shape[1]) % interval != 0].any()
    due = measured.shape[1] / country.plan.interval
    assert (measured.sum(axis=1) / due).mean() == pytest.approx(
        1 - country.constants["lost measurements"]["value"], abs=0.02)


def test_monitors_stand_in_cities(country):
    built = country.plan.developed
    assert built[country.plan.row, country.plan.column].mean() > 3 * built.mean()


@pytest.mark.parametrize("effects", ["planted", "located"])
def test_variance_has_the_drawn_shares(effects):
    country = simulate_country(2, effects)
    known = country.pm25[:, country.plan.row, country.plan.column].T
    there = np.isfinite(country.measured)
    finer = (country.measured - known)[there].var() / country.measured[there].var()
    assert finer == pytest.approx(country.shares["fine scale"] + country.shares["monitors"], abs=0.03)
    assert country.shares["fine scale"] == pytest.approx(country.constants["fine-scale share"]["value"], abs=0.03)
    assert (country.shares["places"] > 0.04) == (effects == "located")


def test_smoke_has_a_heavy_tail_on_few_days(country):
    days = country.air.smoky.mean()
    assert 0 < days <= 0.06
    smoky, clear = country.pm25[country.air.smoky], country.pm25[~country.air.smoky]
    assert smoky.max() > 1.2 * np.quantile(clear, 0.999)


def test_the_day_s_field_persists_and_favours_no_place(country):
    day = country.air.day
    np.testing.assert_allclose(day.mean(axis=0), 0, atol=1e-12)
    assert 0.4 < np.corrcoef(day[1:].ravel(), day[:-1].ravel())[0, 1] < 0.85


def test_another_effect_changes_nothing_else(one):
    for effects in ("located", "none"):
        other = simulate_country(1, effects)
        for name in UNITS:
            np.testing.assert_array_equal(one.covariates[name], other.covariates[name])
        np.testing.assert_array_equal(np.isnan(one.measured), np.isnan(other.measured))
        assert (one.measured[np.isfinite(one.measured)] != other.measured[np.isfinite(other.measured)]).all()
    np.testing.assert_array_equal(one.measured, simulate_country(1).measured)


def r2(country, folds, with_places=False):
    site_days = country.site_days()
    values, target = site_days.values, site_days.target
    if with_places:
        values = np.column_stack((values, site_days.longitude[site_days.site], site_days.latitude[site_days.site]))
    errors, rows = 0.0, np.concatenate([fold.test for fold in folds])
    for fold in folds:
        model = HistGradientBoostingRegressor(max_iter=80, learning_rate=0.1, max_leaf_nodes=12, random_state=1)
        found = model.fit(values[fold.train], target[fold.train]).predict(values[fold.test])
        errors += ((target[fold.test] - found) ** 2).sum()
    return 1 - errors / ((target[rows] - target[rows].mean()) ** 2).sum()


def test_other_regions_are_harder_and_places_say_something_only_where_planted(one):
    site_days = one.site_days()
    near, far = random_places(site_days, 3, 1), checkerboard(site_days, 8, 0)
    places = r2(one, near)
    assert places > 0.5
    assert r2(one, far) < places - 0.05
    assert abs(r2(one, near, with_places=True) - places) < 0.02
    located = simulate_country(2, "located")
    near = random_places(located.site_days(), 3, 1)
    assert r2(located, near, with_places=True) > r2(located, near) + 0.02


def test_without_effects_nothing_can_be_learnt():
    null = simulate_country(1, "none")
    assert r2(null, random_places(null.site_days(), 3, 1)) < 0.02


def test_files_hold_what_the_arrays_hold(one, tmp_path):
    made = create_demo(str(tmp_path), DemoSettings(part="country"), Progress())
    folder = tmp_path / "country"
    assert made.folder == str(folder)
    days = [str(day) for day in one.days]
    assert sorted(path.name for path in (folder / "covariates").iterdir()) == [f"covariates_{day}.tif" for day in days]
    with rasterio.open(folder / "covariates" / f"covariates_{days[7]}.tif") as raster:
        assert raster.descriptions == tuple(UNITS)
        np.testing.assert_array_equal(raster.read(1), one.covariates["aod"][7])
    with rasterio.open(folder / "truth" / "pm25.tif") as raster:
        assert list(raster.descriptions) == days
        np.testing.assert_array_equal(raster.read(9), one.pm25[8].astype(np.float32))
    features = json.loads((folder / "site_days.geojson").read_text())["features"]
    values = one.measured[np.isfinite(one.measured)]
    np.testing.assert_allclose([each["properties"]["pm25"] for each in features], values, atol=0.0051)
    with (folder / "calendar.csv").open(newline="") as file:
        others = list(csv.DictReader(file))
    assert len(others) + len(features) == one.measured.size
    stored = json.loads((folder / "truth" / "constants.json").read_text())
    assert stored["constants"] == one.constants
    again = create_demo(str(tmp_path / "again"), DemoSettings(part="country"), Progress())
    for name in ("site_days.geojson", "truth/pm25.tif", f"covariates/covariates_{days[0]}.tif"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / "country" / name).read_bytes()
    assert again.files == made.files


def test_cancelling_leaves_nothing(tmp_path):
    class Cancelling(Progress):
        def check(self):
            raise Cancelled

        def report(self, fraction):
            raise Cancelled

    with pytest.raises(Cancelled):
        create_demo(str(tmp_path), DemoSettings(part="country"), Cancelling())
    assert not list(tmp_path.iterdir())


def test_located_effects_are_of_the_country_only():
    with pytest.raises(InputError, match="EFFECTS: 'located' was given with PART city; choose PART country"):
        DemoSettings(effects="located")
