"""A model in use: other factories, other months and gaps than it was trained on."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.industry.cross_estimates import Case
from nocturne.algorithms.industry.estimate_gvio import _compare_factories, _compare_months
from nocturne.algorithms.industry.estimator import GvioEstimator, fit_estimator
from nocturne.algorithms.industry.model_file import KIND, read_estimator, save_estimator
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.samples import FactorySamples
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import GvioSettings
from nocturne.algorithms.industry.traits import FactoryTraits
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import Region, simulate_region
from nocturne.algorithms.simulation.region_tables import land_use_table, town_table
from nocturne.benchmarks.gvio_region import SAMPLING, region_case
from nocturne.models.registry import load_model

PLAIN = GvioSettings(members=1, network=False)


class Heard(Progress):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)


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
    older = replace(again, size_sum=None, size_median=None).estimate(some, traits, Progress()).values
    assert older.sum() > 2 * every.sum(), "files that don't hold the sum share all output among those given"


def test_a_factory_of_unknown_size_counts_as_the_model_s_median(region, case, samples):
    size = case.traits.size.copy()
    zone = np.flatnonzero(case.traits.zone == 2)
    size[zone[0]] = np.nan
    unknown = replace(case.traits, size=size)
    model = fit_estimator(samples, unknown, case.labels, PLAIN, Progress())
    assert model.size_median == np.nanmedian(size)
    some = replace(case.traits, size=np.where(np.arange(len(size)) == zone[0], np.nan, 10 * size))
    named = replace(some, size=np.where(np.isnan(some.size), model.size_median, some.size))
    one, other = (model.estimate(samples, traits, Progress()).values for traits in (some, named))
    assert np.array_equal(one, other)


def test_without_sizes_other_factories_are_warned_of(case, samples, fitted):
    plain = replace(case.traits, size=None)
    model = fit_estimator(samples, plain, case.labels, PLAIN, Progress())
    assert model.size_sum is None
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
