"""A model in use: other factories, other months and gaps than it was trained on."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.industry.cross_estimates import Case
from nocturne.algorithms.industry.estimate_gvio import (
    GvioInputs,
    _compare_factories,
    _compare_months,
    estimate_gvio,
)
from nocturne.algorithms.industry.estimator import GvioEstimator, fit_estimator
from nocturne.algorithms.industry.factory_shares import Scale
from nocturne.algorithms.industry.gvio_maps import FactoryEstimates, find_areas, write_maps
from nocturne.algorithms.industry.model_file import KIND, read_estimator, save_estimator
from nocturne.algorithms.industry.monthly_light import ArrayLight, RasterLight
from nocturne.algorithms.industry.months import month_text
from nocturne.algorithms.industry.samples import FactorySamples
from nocturne.algorithms.industry.sampling import SamplingInputs, Surroundings, sample_factories, sample_layer
from nocturne.algorithms.industry.settings import EstimationSettings, GvioSettings, SamplingSettings
from nocturne.algorithms.industry.traits import FactoryTraits
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterInput
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import Region, simulate_region
from nocturne.algorithms.simulation.region_tables import land_use_table, places_table, town_table, zones_table
from nocturne.benchmarks.gvio_region import FIELDS, SAMPLING, region_case
from nocturne.models.registry import bundled_path, load_model
from nocturne.tests.heard import Heard
from rasterio.transform import from_origin

PLAIN = GvioSettings(members=1, network=False)


@pytest.fixture(scope="module")
def region() -> Region:
    return simulate_region(3, months=48, cells=48)


@pytest.fixture(scope="module")
def case(region: Region) -> Case:
    return region_case(region)


@pytest.fixture(scope="module")
def samples(case: Case) -> FactorySamples:
    return case.sample(np.ones(len(case.months), bool), Progress())


@pytest.fixture(scope="module")
def fitted(case: Case, samples: FactorySamples) -> GvioEstimator:
    return fit_estimator(samples, case.traits, case.labels, PLAIN, Progress())


def of_zone(region: Region, case: Case, samples: FactorySamples,
            zone: int) -> tuple[np.ndarray, FactorySamples, FactoryTraits]:
    chosen = case.traits.zone == zone
    town = town_table(region)
    surroundings = Surroundings(Boundary("URBAN_AREA", town.wkb, town.crs), None, land_use_table(region), "class")
    light = ArrayLight(region.plan.grid, region.months, region.light.radiance)
    some = sample_factories(samples.factories.select(chosen), light, surroundings, SAMPLING, Resources(threads=1),
                            Progress())
    return chosen, some, FactoryTraits(case.traits.zone[chosen], case.traits.size[chosen], case.traits.sector[chosen],
                                       case.traits.sectors)


# Other factories


def test_a_zone_s_output_does_not_hang_on_the_factories_of_others(region, case, samples, fitted, tmp_path):
    save_estimator(str(tmp_path / "model.json"), fitted, {"title": "test"})
    again = read_estimator(load_model(str(tmp_path / "model.json"), KIND))
    chosen, some, traits = of_zone(region, case, samples, 2)
    every = fitted.estimate(samples, case.traits, Progress()).values[chosen]
    alone = again.estimate(some, traits, Progress()).values
    assert alone.sum() == pytest.approx(every.sum(), rel=0.02)
    older = replace(again, scale=Scale()).estimate(some, traits, Progress()).values
    assert older.sum() > 2 * every.sum(), "files that don't hold the sum share all output among those given"


def test_a_factory_of_unknown_size_counts_as_the_model_s_median(region, case, samples):
    size = case.traits.size.copy()
    zone = np.flatnonzero(case.traits.zone == 2)
    size[zone[0]] = np.nan
    unknown = replace(case.traits, size=size)
    model = fit_estimator(samples, unknown, case.labels, PLAIN, Progress())
    assert model.scale.size_median == np.nanmedian(size)
    some = replace(case.traits, size=np.where(np.arange(len(size)) == zone[0], np.nan, 10 * size))
    named = replace(some, size=np.where(np.isnan(some.size), model.scale.size_median, some.size))
    one, other = (model.estimate(samples, traits, Progress()).values for traits in (some, named))
    assert np.array_equal(one, other)


def test_without_sizes_other_factories_are_warned_of(case, samples, fitted):
    plain = replace(case.traits, size=None)
    model = fit_estimator(samples, plain, case.labels, PLAIN, Progress())
    assert model.scale.part_sum is None
    for estimator, traits, count, warned in ((model, plain, 100, True), (model, plain, 205, False),
                                             (fitted, case.traits, 100, False), (fitted, plain, 100, True)):
        heard = Heard()
        _compare_factories({"factories": 200}, estimator, count, traits, heard)
        assert bool(heard.warnings) == warned
        if warned:
            assert "100 are given, and the model was trained with 200" in heard.warnings[0]


# Other months


@pytest.mark.parametrize(("first", "shared"), [(0, None), (24, None), (25, 23), (48, 0)])
def test_a_stack_with_few_months_of_the_training_is_warned_of(samples, fitted, first, shared):
    later = replace(samples, months=samples.months + first)
    heard = Heard()
    _compare_months(fitted, later, heard)
    assert len(heard.warnings) == (shared is not None)
    if shared is not None:
        assert f"it has light of {shared} of the months that the model was trained on (2014-01..2017-12)" in (
            heard.warnings[0])


def test_months_that_nobody_observed_are_no_months_of_the_training(samples, fitted):
    light = samples.light.copy()
    light[:, :30] = np.nan
    heard = Heard()
    _compare_months(fitted, replace(samples, light=light), heard)
    assert "light of 18 of the months" in heard.warnings[0]


# Gaps


def test_months_without_a_band_are_not_observed(tmp_path):
    months = [2019 * 12, 2019 * 12 + 1, 2019 * 12 + 4]
    values = np.random.default_rng(1).uniform(1, 9, (3, 6, 6)).astype(np.float32)
    stack, counts = (write_stack(tmp_path / name, each, months) for name, each in (("s.tif", values),
                                                                                  ("c.tif", values > 2)))
    for whole in (False, True):
        light, heard = RasterLight(stack, counts, SamplingSettings(), whole), Heard()
        light.warn_of_gaps(heard)
        (_, found), = light.blocks(2**24, Progress())
        masked = np.where(values > 2, values, np.nan)
        if not whole:
            assert light.months.tolist() == months
            np.testing.assert_array_equal(found, masked)
            assert not heard.warnings
            continue
        assert light.months.tolist() == list(range(months[0], months[-1] + 1))
        assert light.has_band.tolist() == [True, True, False, False, True]
        np.testing.assert_array_equal(found[light.has_band], masked)
        assert np.isnan(found[2:4]).all()
        assert heard.warnings == ["RADIANCE: it has no band for 2 months (the first is 2019-03); they count as not "
                                  "observed."]
    sparse = write_stack(tmp_path / "y.tif", values, [months[0] + 12 * year for year in range(3)])
    with pytest.raises(InputError, match=r"bands for 3 of the 25 months 2019-01..2021-01, and none for 2019-02"):
        RasterLight(sparse, None, SamplingSettings(), True)
    assert len(RasterLight(sparse, None, SamplingSettings()).months) == 3


def write_stack(path, values, months):
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype="float32", nodata=np.nan, crs="EPSG:32651",
                       transform=from_origin(300_000, 3_450_000, 500, 500)) as file:
        file.write(values.astype("float32"))
        for band, month in enumerate(months, 1):
            file.set_band_description(band, f"{month_text(month)}-01")
    return RasterInput("RADIANCE", str(path))


def test_estimates_and_maps_bridge_months_without_light(case, samples, fitted):
    light, statistics = samples.light.copy(), samples.region.values.copy()
    light[:, 30:32], statistics[30:32] = np.nan, np.nan
    gap = replace(samples, light=light, region=replace(samples.region, values=statistics))
    bundled = read_estimator(load_model(bundled_path("gvio_demo"), KIND))  # which has a network
    one_zone = FactoryTraits(np.zeros_like(case.traits.zone))
    for model, traits in ((bundled, one_zone), (fitted, case.traits)):
        found, full = (model.estimate(each, traits, Progress()).values for each in (gap, samples))
        assert found.sum(axis=0) == pytest.approx(full.sum(axis=0), rel=0.15)
    value, areas = found.astype(float), find_areas(samples, case.zones)
    estimates = FactoryEstimates(value, value * 0.9, value * 1.1, np.zeros(value.shape, bool))
    for relation in ("factory", "month", "pooled"):
        sums, whole = (write_maps(each, estimates, areas, relation, None, {}, Resources(threads=1),
                                  Progress()).unscaled[:, 30:32].sum() for each in (gap, samples))
        assert sums == pytest.approx(whole, rel=0.1), relation


def test_a_model_is_fitted_across_a_gap_in_labels_and_light(case, samples):
    light, statistics = samples.light.copy(), samples.region.values.copy()
    light[:, 30:32], statistics[30:32] = np.nan, np.nan
    gap = replace(samples, light=light, region=replace(samples.region, values=statistics))
    dark = np.isin(case.months, case.months[30:32])
    known = case.labels.select(~(case.labels.covers(case.months) & dark).any(axis=1))
    one, other = (fit_estimator(each, case.traits, known, PLAIN, Progress()) for each in (gap, samples))
    assert np.array_equal(one.calendar, other.calendar)
    assert np.array_equal(one.gains, other.gains)


# What can't be written or compared is said before light is read


@pytest.fixture
def inputs(region, case, tmp_path, monkeypatch):
    """Of a light that nobody may read."""
    stack = write_stack(tmp_path / "light.tif", region.light.radiance[:24], case.months[:24].tolist())
    with rasterio.open(stack.path, "r+") as file:
        file.crs, file.transform = region.plan.grid.crs, region.plan.grid.transform
    monkeypatch.setattr(RasterLight, "blocks", lambda *_: pytest.fail("light was read"))
    sampling = SamplingInputs(places_table(region), FIELDS, None, stack, None, Surroundings())
    return GvioInputs(sampling, "", "", "", None, zones_table(region), "zone", True)


def test_too_many_rows_are_refused_early(inputs, monkeypatch):
    monkeypatch.setattr("nocturne.algorithms.industry.samples.MOST_ROWS", 1000)
    settings = EstimationSettings(duplicates="share")
    with pytest.raises(InputError, match=r"^FACTORY_GVIO: .* rows would be written .* at most 1000 rows"):
        estimate_gvio(inputs, settings, {}, Resources(threads=1), Progress())
    with pytest.raises(InputError, match=r"^SAMPLES: .* rows would be written"):
        sample_layer(inputs.sampling, settings, Resources(threads=1), Progress())


@pytest.mark.parametrize("zones", ["zone", None])
def test_zones_that_are_not_there_are_refused_early(inputs, zones):
    given = inputs if zones else replace(inputs, zones=None)
    with pytest.raises(InputError, match=r"^COMPARE: 'North 1; nowhere' was given, and the zones are '"):
        estimate_gvio(given, EstimationSettings(duplicates="share", compare="North 1; nowhere"), {},
                      Resources(threads=1), Progress())
