"""From estimates of factories to maps, zones and the page: lines, preservation, decomposition, inequality, change."""
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.industry.change_maps import BANDS, last_years, trends, yearly_change
from nocturne.algorithms.industry.decomposition import decompose
from nocturne.algorithms.industry.factories import ALWAYS, Factories
from nocturne.algorithms.industry.factory_areas import FactoryAreas
from nocturne.algorithms.industry.factory_traits import read_traits
from nocturne.algorithms.industry.grid import area_radiance, cell_series, fit_lines
from nocturne.algorithms.industry.gvio_maps import FactoryEstimates, find_areas, write_maps
from nocturne.algorithms.industry.gvio_report import Findings, write_report
from nocturne.algorithms.industry.inequality import gini, theil
from nocturne.algorithms.industry.labels import WHOLE, Labels
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.preservation import agreement
from nocturne.algorithms.industry.ranges import input_ranges, outside_ranges
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import EstimationSettings, SamplingSettings
from nocturne.algorithms.industry.traits import UNKNOWN
from nocturne.algorithms.industry.zone_economy import compared_zones
from nocturne.algorithms.industry.zones import Zones
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS
from rasterio.transform import from_origin

SIDE, MONTHS, JANUARY = 24, 36, 12 * 2019
GRID = Grid(CRS.from_epsg(32651), from_origin(300_000, 3_450_000, 500, 500), SIDE, SIDE)
HALVES = Zones(("east", "west"), np.array([shapely.box(306_000, 3_438_000, 312_000, 3_450_000),
                                           shapely.box(300_000, 3_438_000, 306_000, 3_450_000)], object), GRID.crs)
EVERYWHERE = Resources(threads=1)


def region(seed=1, count=20, months=MONTHS):
    """Samples of factories, some of which open on the way, over light with gaps and negative values."""
    numbers = np.random.default_rng(seed)
    values = numbers.normal(8, 5, (months, SIDE, SIDE)).astype(np.float32)
    values[numbers.random(values.shape) < 0.1] = np.nan
    opened = np.where(numbers.random(count) < 0.3, JANUARY + months // 2, ALWAYS[0]).astype(np.int32)
    places = numbers.uniform(0, 500 * SIDE - 1, (2, count))
    factories = Factories(tuple(map(str, range(count))), 300_000 + places[0], 3_450_000 - places[1], opened,
                          np.full(count, ALWAYS[1], np.int32), np.arange(count, dtype=np.int32))
    light = ArrayLight(GRID, JANUARY + np.arange(months, dtype=np.int32), values)
    return sample_factories(factories, light, Surroundings(), SamplingSettings(), EVERYWHERE, Progress())


def estimates_of(samples, seed=2):
    shape = samples.factories.is_open(samples.months).shape
    value = np.random.default_rng(seed).lognormal(3, 1, shape) * samples.factories.is_open(samples.months)
    return FactoryEstimates(value, 0.8 * value, 1.3 * value, np.zeros(shape, bool))


# Lines and cells


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.sampled_from(("factory", "month", "pooled")))
def test_a_map_sums_up_to_what_the_lines_say(seed, relation):
    samples = region(seed, months=4)
    areas, values = find_areas(samples, HALVES), estimates_of(samples, seed).value
    cells, is_open = FactoryAreas(samples, areas.own), samples.factories.is_open(samples.months)
    radiance = area_radiance(cells, 4, Progress())
    lines = fit_lines(relation, radiance, values, is_open, areas.of_factory)
    made = lines.base + lines.slope * radiance
    assert (lines.base >= 0).all()
    assert (lines.slope >= 0).all()
    assert (made[~is_open] == 0).all()
    series = cell_series(cells, lines, len(samples.positions), Progress())
    assert (series >= 0).all()
    for zone in range(2):
        np.testing.assert_allclose(
            series[areas.of_cell == zone].sum(axis=0), made[areas.of_factory == zone].sum(axis=0), rtol=1e-4,
            err_msg="a factory's output stays in its zone")
    if relation == "factory":
        np.testing.assert_allclose(made, values, rtol=1e-5)


def test_a_linear_truth_is_found_by_the_lines_of_months_and_of_all():
    samples = region()
    is_open = samples.factories.is_open(samples.months)
    radiance = area_radiance(FactoryAreas(samples, find_areas(samples, None).own), MONTHS, Progress())
    values = np.where(is_open, 5 + 2 * radiance, 0)
    group = np.zeros(len(radiance), np.int32)
    for relation in ("month", "pooled"):
        lines = fit_lines(relation, radiance, values, is_open, group)
        np.testing.assert_allclose(lines.base[is_open], 5, rtol=1e-6)
        np.testing.assert_allclose(lines.slope[is_open], 2, rtol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=20))
def test_a_line_never_falls_and_holds_the_sum(points):
    radiance, values = np.array(points, float).T.reshape(2, -1, 1) / 10
    lines = fit_lines("pooled", radiance, values, np.ones(values.shape, bool), np.zeros(len(values), np.int32))
    made = lines.base + lines.slope * radiance
    assert made.sum() == pytest.approx(values.sum(), rel=1e-9, abs=1e-9)
    assert lines.base[0, 0] >= 0
    assert lines.slope[0, 0] >= 0
    columns = np.column_stack((np.ones(len(values)), radiance))
    free = np.linalg.lstsq(columns, values.ravel(), rcond=None)[0]
    if np.ptp(radiance) > 0 and (free > 1e-6).all():
        np.testing.assert_allclose((lines.base[0, 0], lines.slope[0, 0]), free, rtol=1e-6, atol=1e-9)


def test_dark_factories_share_their_output_evenly():
    samples = region(count=3)
    samples.light[:] = np.nan
    cells = FactoryAreas(samples, find_areas(samples, None).own)
    radiance = area_radiance(cells, MONTHS, Progress())
    assert (radiance == 0).all()
    values = estimates_of(samples).value
    lines = fit_lines("factory", radiance, values, samples.factories.is_open(samples.months), np.zeros(3, np.int32))
    series = cell_series(cells, lines, len(samples.positions), Progress())
    np.testing.assert_allclose(series.sum(axis=0), values.sum(axis=0), rtol=1e-5)


# Files


def labels_of(names, rows):
    zone, first, last, value = zip(*rows)
    return Labels(np.array(zone, np.int32), np.array(first, np.int32), np.array(last, np.int32),
                  np.array(value, float), names)


def write(samples, estimates, folder, areas=None, relation="factory", totals=None):
    paths = {name: str(folder / f"{name}.tif") for name in ("GRID", "GRID_LOW", "GRID_HIGH", "CHANGE")}
    return write_maps(samples, estimates, areas or find_areas(samples, None), relation, totals, paths, EVERYWHERE,
                      Progress())


def read(folder, name):
    with rasterio.open(folder / f"{name}.tif") as file:
        return file.read(), file.descriptions


def test_grids_have_dates_and_keep_the_order_of_low_middle_and_high(tmp_path):
    samples = region()
    estimates = estimates_of(samples)
    mapped = write(samples, estimates, tmp_path)
    middle, days = read(tmp_path, "GRID")
    low, high = read(tmp_path, "GRID_LOW")[0], read(tmp_path, "GRID_HIGH")[0]
    assert (days[0], days[-1], len(days)) == ("2019-01-01", "2021-12-01", MONTHS)
    np.testing.assert_allclose(np.nansum(middle, axis=(1, 2)), estimates.value.sum(axis=0), rtol=1e-4)
    np.testing.assert_allclose(low, 0.8 * middle, rtol=1e-4)
    np.testing.assert_allclose(high, 1.3 * middle, rtol=1e-4)
    far = np.isnan(middle).all(axis=0)
    claimed = np.zeros(SIDE * SIDE, bool)
    claimed[samples.positions[np.unique(samples.cells[(samples.claim > 0)])]] = True
    assert np.array_equal(~far.ravel(), claimed), "cells in no factory area have no data"
    change, names = read(tmp_path, "CHANGE")
    assert names == BANDS
    bands = dict(zip(names, change))
    assert (bands["level_low"] <= bands["level_high"])[~far].all()
    assert (bands["outside_range"][~far & (bands["level"] > 0)] == 0).all()
    np.testing.assert_allclose(bands["level"][~far], middle[-12:, ~far].mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(mapped.economy.sums.value[0], estimates.value.sum(axis=0), rtol=1e-4)


@pytest.mark.parametrize("relation", ["factory", "month"])
def test_preserved_totals_are_the_published_ones(tmp_path, relation):
    samples = region()
    areas = find_areas(samples, HALVES)
    rows = [(0, JANUARY, JANUARY + 1, 1000.0), (0, JANUARY + 2, JANUARY + 2, 700.0), (1, JANUARY, JANUARY, 50.0)]
    totals = labels_of(HALVES.names, rows)
    mapped = write(samples, estimates_of(samples), tmp_path, areas, relation, totals)
    sums = mapped.economy.sums.value
    assert sums[0, :2].sum() == pytest.approx(1000, rel=1e-4)
    assert sums[0, 2] == pytest.approx(700, rel=1e-4)
    assert sums[1, 0] == pytest.approx(50, rel=1e-4)
    level = (1700, 50) / np.array([mapped.unscaled[0, :3].sum(), mapped.unscaled[1, 0]])
    np.testing.assert_allclose(sums[:, 3:], level[:, None] * mapped.unscaled[:, 3:], rtol=1e-4)
    high = mapped.economy.sums.high
    assert np.isnan(high).tolist() == [[True] * 3 + [False] * 33, [True] + [False] * 35]
    np.testing.assert_allclose(high[:, 3:], 1.3 * sums[:, 3:], rtol=1e-4)
    assert not np.allclose(sums[0, :2], mapped.unscaled[0, :2])


@pytest.mark.parametrize("after", [3, 60, 140])
def test_maps_can_be_stopped_at_any_month(tmp_path, after):
    class Impatient(Progress):
        asked = 0

        def is_cancelled(self):
            self.asked += 1
            return self.asked > after

    samples = region()
    with pytest.raises(Cancelled):
        write_maps(samples, estimates_of(samples), find_areas(samples, None), "factory", None,
                   {"GRID": str(tmp_path / "grid.tif")}, EVERYWHERE, Impatient())


def test_totals_of_the_whole_region_are_those_of_all_zones(tmp_path):
    samples = region()
    totals = labels_of((WHOLE,), [(0, JANUARY, JANUARY, 900.0)])
    mapped = write(samples, estimates_of(samples), tmp_path, find_areas(samples, HALVES), "factory", totals)
    assert mapped.economy.sums.value[:, 0].sum() == pytest.approx(900, rel=1e-4)
    assert np.isfinite(agreement(labels_of(HALVES.names, [(0, JANUARY, JANUARY, 9.0), (1, JANUARY, JANUARY, 5.0)]),
                                 HALVES.names, samples.months, mapped.unscaled))


def test_totals_that_cannot_be_preserved_are_named(tmp_path):
    samples = region()
    estimates = estimates_of(samples)
    with pytest.raises(InputError, match="it has the zone 'north'"):
        write(samples, estimates, tmp_path, find_areas(samples, HALVES), "factory",
              labels_of(("north",), [(0, JANUARY, JANUARY, 1.0)]))
    with pytest.raises(InputError, match="nothing is estimated in 'the whole region'"):
        write(samples, replace(estimates, value=0 * estimates.value), tmp_path, None, "factory",
              labels_of((WHOLE,), [(0, JANUARY, JANUARY, 1.0)]))


def test_one_month_and_no_intervals_make_a_map(tmp_path):
    samples = region(months=1)
    value = estimates_of(samples).value
    nothing = np.full(value.shape, np.nan)
    mapped = write(samples, FactoryEstimates(value, nothing, nothing, np.ones(value.shape, bool)), tmp_path)
    assert not (tmp_path / "GRID_LOW.tif").exists()
    bands = dict(zip(BANDS, read(tmp_path, "CHANGE")[0]))
    assert np.isfinite(bands["level"]).any()
    assert np.nanmin(bands["outside_range"]) == pytest.approx(1)
    assert np.isnan(bands["trend"]).all()
    assert np.isnan(bands["change"]).all()
    write_report(str(tmp_path / "page.html"), Findings(mapped.economy, ["Made up."], None, np.nan, ()), Progress())
    assert "Trend, season" not in (tmp_path / "page.html").read_text("utf-8")


def test_the_page_shows_series_decomposition_inequality_and_two_zones(tmp_path):
    samples = region()
    mapped = write(samples, estimates_of(samples), tmp_path, find_areas(samples, HALVES))
    totals = labels_of(HALVES.names, [(0, JANUARY, JANUARY + 1, 1000.0), (1, JANUARY, JANUARY, 500.0)])
    compared = compared_zones(mapped.economy, "west; east")
    assert compared == (1, 0)
    found = Findings(mapped.economy, ["<made up>"], totals, 0.5, compared)
    write_report(str(tmp_path / "page.html"), found, Progress())
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("data:image/png") == 4
    for phrase in ("west and east", "Trend, season and rest", "Theil", "&lt;made up&gt;", "scaling: R2 0.500"):
        assert phrase in page
    assert compared_zones(mapped.economy, "") == (0, 1)
    with pytest.raises(InputError, match="COMPARE: 'west' was given, and the zones are 'east', 'west'; name two"):
        compared_zones(mapped.economy, "west")


# Series


def test_trend_and_season_of_a_product_are_found():
    months = JANUARY + np.arange(96, dtype=np.int32)
    time = np.arange(96)
    trend, season = 100 * 1.05 ** (time / 12), 1 + 0.1 * np.sin(2 * np.pi * time / 12)
    parts = decompose(months, (trend * season)[None])
    np.testing.assert_allclose(parts.trend[0], trend, rtol=4e-3)
    np.testing.assert_allclose(parts.season[0], season, rtol=4e-3)
    np.testing.assert_allclose(parts.trend * parts.season * parts.rest, [trend * season], rtol=1e-12)
    assert np.isnan(decompose(months[:23], np.ones((1, 23))).trend).all()
    assert np.isnan(decompose(months, np.array([trend, 0 * trend])).trend).all(axis=1).tolist() == [False, True]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0.1, 1e3))
def test_inequality_is_0_for_equals_and_has_no_unit(values, factor):
    if sum(values) < 1e-3:
        return
    assert 0 <= gini(values) + 1e-12 < 1
    assert gini(np.multiply(values, factor)) == pytest.approx(gini(values), abs=1e-9)
    assert theil(np.multiply(values, factor)) == pytest.approx(theil(values), abs=1e-9)
    assert -1e-9 <= theil(values) <= np.log(len(values)) + 1e-9
    assert gini([values[0] + 1] * 5) == pytest.approx(0, abs=1e-12)


def test_inequality_of_one_who_has_all():
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)
    assert theil([0, 0, 0, 1]) == pytest.approx(np.log(4))
    assert np.isnan(gini([0, 0]))
    assert np.isnan(theil([]))


def test_trends_are_found_and_their_intervals_hold():
    time = np.arange(96)
    noise = np.random.default_rng(1).normal(0, 4, (1500, 96))
    series = (100 + 5 * time / 12 + 10 * np.sin(2 * np.pi * time / 12) + noise).astype(np.float32)
    middle, low, high = trends(JANUARY + time.astype(np.int32), series).T
    truth = 500 / (100 + 5 * 47.5 / 12)
    assert middle.mean() == pytest.approx(truth, rel=0.01)
    assert 0.86 < ((low <= truth) & (truth <= high)).mean() < 0.95
    assert np.isnan(trends(JANUARY + time[:23].astype(np.int32), series[:, :23])).all()


def test_yearly_change_and_its_ends():
    series = np.repeat([[100.0, 121.0]], 12, axis=1).reshape(1, 24).astype(np.float32)
    years = last_years(series)
    assert years.tolist() == [[121, 100]]
    found = yearly_change(years, years / np.exp(0.3), years * np.exp(0.4))[0]
    np.testing.assert_allclose(found, [21, 100 * (1.21 * np.exp(-0.5) - 1), 100 * (1.21 * np.exp(0.5) - 1)], rtol=1e-6)
    assert np.isnan(last_years(series[:, :23])[0, 1])


def test_settings_have_the_fields_of_samples():
    assert EstimationSettings().radii() == (500, 1000, 1500)


# What models are told about factories


def test_light_outside_a_model_s_ranges_is_found():
    samples = region(months=12)
    known = np.arange(12) < 6
    ranges = input_ranges(samples, known, EVERYWHERE, Progress())
    assert set(ranges) == {f"ring_{ring}_{name}" for ring in (1, 2, 3) for name in ("mean", "sd", "max")}
    before = outside_ranges(ranges, samples, EVERYWHERE, Progress())
    samples.light[:, 8] *= 50
    after = outside_ranges(ranges, samples, EVERYWHERE, Progress())
    assert after[:, 8].all()
    assert np.array_equal(np.delete(before, 8, axis=1), np.delete(after, 8, axis=1))
    assert before[:, :6].mean() < 0.2
    assert not outside_ranges({}, samples, EVERYWHERE, Progress()).any()


def test_sizes_and_sectors_are_read_from_the_layer():
    factories = region(count=3, months=1).factories.select(np.array([2, 0]))
    columns = {"staff": np.array([5.0, 7.0, np.nan]), "kind": np.array(["b", "a", None], object)}
    layer = FeatureTable("FACTORIES", columns, {"staff": "number", "kind": "text"})
    traits = read_traits(layer, "staff", "kind", factories, np.zeros(2, np.int32))
    np.testing.assert_equal(traits.size, [np.nan, 5])
    assert (traits.sector.tolist(), traits.sectors) == ([UNKNOWN, 0], ("b",))
    layer.columns["staff"][:] = 0
    with pytest.raises(InputError, match="WEIGHT_FIELD: 'staff' is negative or empty"):
        read_traits(layer, "staff", "", factories, np.zeros(2, np.int32))
