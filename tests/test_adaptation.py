"""A model adapted to a new region: other levels, other relations, and nothing where nothing helps."""
from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from nocturne.algorithms.districts.adaptation import adapt
from nocturne.algorithms.scores import r2
from nocturne.benchmarks.fine_tuning import measure
from nocturne.benchmarks.new_york import NewYork


@pytest.fixture(scope="module")
def region():
    """40 districts: units, true totals per unit by two inputs, and a model's estimates that know the first one."""
    numbers = np.random.default_rng(2)
    inputs, counts = numbers.normal(size=(40, 2)), numbers.integers(2, 9, 40).astype(float)
    model = counts * (3 + inputs[:, 0])**2
    return counts, inputs, model


def masked(totals, known):
    found = np.full((len(totals), 1), np.nan)
    found[:known, 0] = totals[:known]
    return found


def test_a_model_that_fits_is_left_as_it_is(region):
    counts, inputs, model = region
    noise = np.exp(0.05 * np.random.default_rng(1).normal(size=40))
    found = adapt(model[:, None], masked(model * noise, 12), counts, {"features": inputs})
    assert found.chosen in (("as it is",), ("level",))
    np.testing.assert_allclose(found.districts[:, 0], model, rtol=0.05)
    assert np.isfinite(found.widths).all()


def test_another_currency_is_a_level(region):
    counts, inputs, model = region
    found = adapt(model[:, None], masked(7 * model, 5), counts, {"features": inputs})
    assert found.chosen == ("level",)
    np.testing.assert_allclose(found.districts[:, 0], 7 * model)
    assert found.errors[0, 0] > 1 > found.errors[0, 1]
    assert np.isinf(found.widths).all(), "five districts are too few for intervals"


def test_another_relation_is_learnt_where_enough_is_known(region):
    counts, inputs, model = region
    truth = counts * (3 + inputs[:, 0] + inputs[:, 1])**2
    found = adapt(model[:, None], masked(truth, 25), counts, {"features": inputs})
    assert found.chosen == ("refitted",)
    assert r2(truth[25:], found.districts[25:, 0]) > max(0.9, r2(truth[25:], model[25:]) + 0.1)


def test_targets_are_adapted_alone_and_masked_totals_reach_nothing(region):
    counts, inputs, model = region
    both, known = np.stack((model, model), axis=1), np.column_stack((masked(model, 8), masked(3 * model, 20)))
    found = adapt(both, known, counts, {"features": inputs})
    alone = adapt(both[:, 1:], known[:, 1:], counts, {"features": inputs})
    np.testing.assert_array_equal(found.districts[:, 1], alone.districts[:, 0])
    assert found.chosen[1] == "level"


def test_the_benchmark_compares_the_ways_on_both_halves():
    numbers = np.random.default_rng(0)
    district = np.repeat(np.arange(24), numbers.integers(3, 7, 24))
    size = numbers.gamma(2, 1, 24)[district]
    region = NewYork(size[:, None], sp.csr_matrix(numbers.poisson(np.outer(np.ones(len(size)), size)).astype(float)),
                     district, np.bincount(district, 100 * size), numbers.normal(size=(len(size), 2)))
    found = measure(region, (0,), (6,))
    assert {name for _, name in found} == {"as it is", "fine-tuned", "trained on the known ones"}
    assert all(len(values) == 2 for values in found.values())
    assert min(total for total, _ in found[6, "fine-tuned"]) > 0.5
