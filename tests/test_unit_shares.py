"""How units share the totals of their districts."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.districts.saved_models import load_semigtx, save_semigtx
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import fit_semigtx, out_of_fold_region
from nocturne.algorithms.districts.unit_shares import fit_unit_shares, unit_spacing
from nocturne.algorithms.simulation.districts import simulate_districts
from scipy.stats import spearmanr

KERNEL = SemiGtxSettings(network=False)


def planted(seed: int = 0, level: float = 3.0, decay: float = 0.2):
    """60 districts whose units weigh 1, and more by their shops and less by their spacing; houses mean nothing."""
    random = np.random.default_rng(seed)
    district = np.repeat(np.arange(60), random.integers(15, 40, 60))
    middle = random.normal(size=(60, 2))[district]
    spacing = np.exp(0.8 * middle[:, 0] + 0.4 * random.normal(size=len(district)))
    shops = random.poisson(np.exp(0.7 * middle[:, 1] + random.normal(size=len(district))))
    features = np.column_stack((shops, random.normal(size=len(district))))
    truth = (1 + level * shops / shops.mean()) * np.exp(-decay * spacing / spacing.mean())
    return features, spacing, district, truth


def errors(truth: np.ndarray, found: np.ndarray, district: np.ndarray) -> float:
    """Mean absolute difference of shares."""
    shares = [values / np.bincount(district, values)[district] for values in (truth, found)]
    return float(np.abs(shares[0] - shares[1]).mean())


@pytest.mark.parametrize(("level", "decay"), [(0.3, 0.5), (3.0, 0.0), (3.0, 0.5), (1.0, -0.3)])
def test_what_units_weigh_is_recovered(level, decay):
    features, spacing, district, truth = planted(0, level, decay)
    totals = np.bincount(district, truth)[:, None]
    found = fit_unit_shares(features, spacing, district, totals)
    assert list(found.columns) == [0]
    sizes = found.sizes(features, spacing)[:, 0]
    assert errors(truth, sizes, district) < 0.35 * errors(truth, np.ones(len(truth)), district)
    assert errors(truth, sizes, district) < 0.9 * errors(truth, features[:, 0] + 1e-9, district)
    assert spearmanr(truth, sizes).statistic > 0.95


def test_simulated_units_are_told_apart():
    """Truth of another family: industry and services, which places follow."""
    region = simulate_districts(4)
    district, truth = region.plan.district, region.activity.value[:, 1:]
    spacing = unit_spacing(region.plan.centre / 111.195)  # km as degrees at the equator
    sizes = fit_unit_shares(region.features(), spacing, district, region.plan.districts.value[:, 1:]).sizes(
        region.features(), spacing)
    misses = [errors(real, found, district) / errors(real, np.ones(len(real)), district)
              for real, found in zip(truth.T, sizes.T)]
    assert max(misses) < 0.85


def test_totals_in_another_unit_and_districts_in_another_order_give_the_same_shares():
    features, spacing, district, truth = planted()
    totals = np.bincount(district, truth)[:, None]
    one, two = (fit_unit_shares(features, spacing, of, given).sizes(features, spacing)
                for of, given in ((district, totals), (59 - district, 1e6 * totals[::-1])))
    np.testing.assert_allclose(one, two, rtol=1e-4)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.booleans())
def test_sizes_are_above_0_whatever_is_learnt_from(seed, empty):
    random = np.random.default_rng(seed)
    district = np.repeat(np.arange(5), 4)
    features = random.poisson(2, (20, 3)).astype(float)
    features[0] = np.nan
    totals = random.exponential(10.0**random.integers(-6, 12), (5, 2)) * (not empty)
    totals[:, 1] *= np.arange(5) > 1
    sizes = fit_unit_shares(features, np.zeros(20), district, totals).sizes(features, random.exponential(1e4, 20))
    assert np.isfinite(sizes).all()
    assert (sizes > 0).all()


@pytest.mark.parametrize("evaluation", ["transductive", "inductive"])
def test_units_of_tested_districts_add_up_and_their_totals_are_never_seen(evaluation):
    features, spacing, district, truth = planted()
    totals, tested = np.bincount(district, truth), np.array([3, 8])
    noise = totals.copy()
    noise[tested] = 1e9
    of_model = replace(KERNEL, evaluation=evaluation)
    found, again = (out_of_fold_region(features, None, given, [tested], of_model, district, spacing=spacing)
                    for given in (totals, noise))
    np.testing.assert_array_equal(found.units, again.units)
    inside = np.isin(district, tested)
    np.testing.assert_array_equal(np.isfinite(found.units[:, 0]), inside)
    sums = np.bincount(district[inside], found.units[inside, 0])[tested]
    np.testing.assert_allclose(sums, found.districts[tested, 0], rtol=1e-9)
    assert errors(truth[inside], found.units[inside, 0], district[inside]) < 0.01


@pytest.mark.parametrize("settings_", [KERNEL, SemiGtxSettings(epochs=2),
                                       SemiGtxSettings(epochs=1, configuration="published", alpha=0)])
def test_a_saved_model_gives_the_same_map(settings_, tmp_path):
    features, spacing, district, truth = planted()
    few = district < 6
    inputs = features[few], None, district[few]
    model = fit_semigtx(inputs[0], None, np.bincount(district, truth)[:6], inputs[2], settings_, spacing=spacing[few])
    save_semigtx(str(tmp_path / "model.json"), model, {})
    again, _ = load_semigtx(str(tmp_path / "model.json"))
    before, after = (each.estimate(*inputs, spacing=spacing[few]) for each in (model, again))
    np.testing.assert_array_equal(before.units, after.units)
    assert (model.unit_shares is None) == (settings_.configuration == "published")


def test_spacing_is_in_kilometres():
    step = 0.01
    grid = np.stack(np.meshgrid(np.arange(9) * step, np.arange(9) * step), axis=-1).reshape(-1, 2)
    found = unit_spacing(grid).reshape(9, 9)
    np.testing.assert_allclose(found[4, 4], 1.11195 * (4 + np.sqrt(2)) / 5, rtol=1e-4)
    assert (found[0] > found[4]).all()
    assert unit_spacing(grid[:1]) == [0]
    np.testing.assert_allclose(unit_spacing(grid[:2]), 1.11195, rtol=1e-4)
