"""The PM2.5 estimator on simulated site-days: no leaks, masked days, stored models."""
from __future__ import annotations

import dataclasses
import importlib.util
import json

import numpy as np
import pytest
import torch
from nocturne.algorithms.air_quality import estimator, pm25_report
from nocturne.algorithms.air_quality.estimator import Data, fit_estimator
from nocturne.algorithms.air_quality.inner_folds import block_folds, random_place_folds, spatial_blocks
from nocturne.algorithms.air_quality.linear import fit_ridge
from nocturne.algorithms.air_quality.mixture import Mixture, best_weights
from nocturne.algorithms.air_quality.model_file import (
    KIND,
    check_location_weights,
    outside_ranges,
    read_estimator,
    region_bounds,
    save_estimator,
)
from nocturne.algorithms.air_quality.network import RECIPES, Samples, train_network
from nocturne.algorithms.air_quality.scaling import Scaler
from nocturne.algorithms.air_quality.settings import Pm25Settings
from nocturne.algorithms.air_quality.site_days import SiteDays
from nocturne.algorithms.air_quality.train_pm25 import train_pm25
from nocturne.algorithms.air_quality.tree_ensemble import grow_boosted_trees
from nocturne.algorithms.air_quality.windows import MASKED, make_windows
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks import pm25_evidence
from nocturne.benchmarks.airpred import MEASURED_NEARBY
from nocturne.models.registry import Model, load_model

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SETTINGS = Pm25Settings(window=4, min_days=1, members=1, epochs=1, geolocation="geoclip", components=2)


def simulated(sites=24, days=6, features=5):
    generator = np.random.default_rng(3)
    site, day = np.repeat(np.arange(sites, dtype=np.int32), days), np.tile(np.arange(days, dtype=np.int32), sites)
    values = generator.normal(size=(len(site), features)).astype(np.float32)
    values[generator.random(values.shape) < 0.2] = np.nan
    target = (10 + 2 * np.nan_to_num(values[:, 0]) + generator.normal(size=len(site))).astype(np.float32)
    return SiteDays(site, day + 734_000, generator.uniform(-100, -90, sites), generator.uniform(35, 45, sites), values,
                    target, tuple("abcde"[:features]), tuple(map(str, range(sites))))


def with_windows(site_days):
    places = np.random.default_rng(4).normal(size=(len(site_days.sites), 6)).astype(np.float32)
    return Data(site_days, make_windows(site_days, np.arange(len(site_days.site)), 4, 1), places)


def arrays_of(model):
    members = model.members
    found = {**members.scaler.to_arrays(), **members.location.to_arrays(), **members.ridge.to_arrays(),
             **model.mixture.to_arrays()}
    found.update({f"network.{number}.{name}": values.numpy() for number, network in enumerate(members.networks)
                  for name, values in network.module.state_dict().items()})
    for number, trees in enumerate(members.trees):
        found.update(trees.to_arrays(f"trees.{number}"))
    if model.residuals is not None:
        found["donors"] = model.residuals.donors.value
        found["reach"] = np.array([model.residuals.length_km, model.residuals.shrinkage])
    return found


def test_nothing_of_the_test_side_reaches_the_model(monkeypatch):
    monkeypatch.setattr(estimator, "INNER_FOLDS", 2)
    monkeypatch.setattr(estimator, "TREE_SEEDS", 1)
    clean = simulated()
    test = clean.site >= 16
    noise = np.random.default_rng(5)
    values, target = clean.values.copy(), clean.target.copy()
    values[test] = noise.normal(50, 30, size=values[test].shape)
    values[test & (noise.random(len(test)) < 0.2)] = np.nan
    target[test] = noise.normal(500, 100, size=test.sum())
    noisy = dataclasses.replace(clean, values=values, target=target)
    models = []
    for site_days in (clean, noisy):
        data = with_windows(site_days)
        data.places[16:] += 0 if site_days is clean else 40
        models.append(arrays_of(fit_estimator(data, np.flatnonzero(data.site < 16), SETTINGS, CPU, Progress())))
    assert models[0].keys() == models[1].keys()
    for name, values in models[0].items():
        np.testing.assert_array_equal(values, models[1][name], err_msg=name)


def test_trees_estimate_as_those_of_scikit_learn(monkeypatch):
    import sklearn.ensemble

    grown = []

    class Kept(sklearn.ensemble.HistGradientBoostingRegressor):
        def fit(self, *given):
            grown.append(self)
            return super().fit(*given)

    monkeypatch.setattr(sklearn.ensemble, "HistGradientBoostingRegressor", Kept)
    site_days = simulated()
    trees = grow_boosted_trees(site_days.values, site_days.target, 1)
    np.testing.assert_allclose(trees.predict(site_days.values), grown[0].predict(site_days.values), rtol=1e-12)


@pytest.mark.parametrize("recipe", ["default", "published"])
def test_masked_days_say_nothing_whatever_stands_in_them(recipe):
    site_days = simulated(sites=6)
    data = with_windows(site_days)
    rows = Scaler.fit(site_days.values).apply(site_days.values)
    train = np.arange(len(data.windows.target))
    network = train_network(Samples(rows, data.windows, None), data.target, train, data.place, RECIPES[recipe], 1,
                            "hadamard", False, 1, CPU, Progress())
    masked = np.flatnonzero((data.windows.rows == MASKED).any(axis=1))
    steps, present, location = Samples(rows, data.windows, None).batch(masked)
    assert not present.all()
    module = network.module.eval()
    with torch.inference_mode():
        plain, attention = module(steps, present, location)
        for filler in (7.0, -1e6):
            filled = torch.where(present[..., None], steps, torch.full_like(steps, filler))
            torch.testing.assert_close(module(filled, present, location)[0], plain, rtol=0, atol=0)
    assert (attention[~present] == 0).all()
    torch.testing.assert_close(attention.sum(dim=1), torch.ones(len(masked)))


def test_intervals_hold_their_estimates_and_are_not_negative():
    data = with_windows(simulated())
    settings = dataclasses.replace(SETTINGS, boosting=False)
    model = fit_estimator(data, np.arange(len(data.windows.target)), settings, CPU, Progress())
    found = model.estimate(data, np.arange(10), CPU, Progress())
    assert (found.low >= 0).all()
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()


def test_a_stored_model_estimates_bit_by_bit_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(estimator, "INNER_FOLDS", 2)
    monkeypatch.setattr(estimator, "TREE_SEEDS", 1)
    data = with_windows(simulated())
    every = np.arange(len(data.windows.target))
    model = fit_estimator(data, every, SETTINGS, CPU, Progress())
    own, copy, other = (tmp_path / name for name in ("own.ckpt", "copy.ckpt", "other.ckpt"))
    for path, content in ((own, b"1"), (copy, b"1"), (other, b"2")):
        path.write_bytes(content)
    save_estimator(str(tmp_path / "model.json"), model, data, every, {"title": "test"}, str(own))
    stored = load_model(str(tmp_path / "model.json"), KIND)
    check_location_weights(stored, str(copy))
    with pytest.raises(InputError, match=r"^CHECKPOINT: 'other.ckpt' has other weights than .* 'own.ckpt'"):
        check_location_weights(stored, str(other))
    again = read_estimator(stored)
    assert again.settings == SETTINGS
    assert again.names == model.names
    for one, other in zip(dataclasses.astuple(model.estimate(data, every, CPU, Progress())),
                          dataclasses.astuple(again.estimate(data, every, CPU, Progress()))):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("bounds", "inside", "outside"), [
    ([-100.1, 35.0, -90.3, 45.0], [-100.1, -95.0, -90.3], [-100.2, -90.2, 95.0, 0.0]),
    ([174.9, 35.0, 184.7, 45.0], [174.9, 180.0, -180.0, -175.3], [174.8, -175.2, -5.0, 0.0]),
    ([-179.9, 35.0, 179.9, 45.0], [-179.9, 0.0, 179.9], [-180.0, 180.0])])
def test_regions_across_180_degrees_end_where_their_places_end(bounds, inside, outside):
    if bounds[2] - bounds[0] < 180:
        west_to_east = (np.linspace(bounds[0], bounds[2], 9) + 180) % 360 - 180
        found = region_bounds(np.r_[inside, west_to_east], np.linspace(35, 45, len(inside) + 9))
        np.testing.assert_allclose(found, bounds)
        bounds = found
    model = Model("m", {}, {"inputs": [{"low": None, "high": None}], "training": {"bounds": bounds}})
    for places, beyond in ((inside, False), (outside, True)):
        count = len(places)
        days = SiteDays(np.arange(count, dtype=np.int32), np.zeros(count, np.int32), np.array(places),
                        np.full(count, 40.0), np.zeros((count, 1), np.float32), np.zeros(count, np.float32), ("a",),
                        ("",) * count)
        assert outside_ranges(model, days, np.arange(count)).tolist() == [beyond] * count
    days = dataclasses.replace(days, longitude=np.full(count, inside[1]), latitude=np.full(count, 46.0))
    assert outside_ranges(model, days, np.arange(count)).all()


@pytest.mark.parametrize("encoder", ["none", "cyclic", "harmonics_siren"])
def test_a_checkpoint_that_no_encoder_reads_is_refused(encoder):
    settings = dataclasses.replace(SETTINGS, geolocation=encoder)
    with pytest.raises(InputError, match=f"^CHECKPOINT: the encoder '{encoder}' has no weights; leave it empty"):
        train_pm25(simulated(), settings, "weights.ckpt", Resources(threads=1), Progress())


def test_missing_weights_of_a_location_name_the_parameter_that_asked_for_them(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"^GEOLOCATION: the package geoclip, which brings .*, isn't installed"):
        train_pm25(simulated(), SETTINGS, "", Resources(threads=1), Progress())


def test_the_published_network_is_alone(monkeypatch):
    monkeypatch.setattr(estimator, "INNER_FOLDS", 2)
    data = with_windows(simulated(sites=8, days=3))
    settings = dataclasses.replace(SETTINGS, configuration="published", members=5)
    members = fit_estimator(data, np.arange(len(data.windows.target)), settings, CPU, Progress()).members
    assert (len(members.networks), members.trees, members.ridge) == (1, (), None)
    assert [layer.hidden_size for layer in members.networks[0].module.recurrent] == [256, 128, 128]


@pytest.mark.parametrize(("changes", "residuals", "sentence"), [
    ({}, None, "Residuals of neighbouring monitors aren't added: they were tried and don't help here."),
    ({"residuals": False}, None, "Residuals of neighbouring monitors aren't added: RESIDUALS is turned off."),
    ({"configuration": "published"}, None,
     "Residuals of neighbouring monitors aren't added: the published configuration has none."),
    ({}, {"length_km": 50.0, "shrinkage": 0.1},
     "Residuals of monitors of the same day are added; they fade over 50 km."),
])
def test_the_report_tells_residuals_that_were_turned_off_from_those_that_do_not_help(changes, residuals, sentence):
    assert pm25_report.residuals_in_words(dataclasses.replace(SETTINGS, **changes), residuals) == sentence


def test_a_masked_last_day_is_known_by_its_distance():
    site_days = simulated(sites=2)
    site_days.values[5] = np.nan  # the first site's last day
    windows = make_windows(site_days, np.array([4, 5]), 4, 1)
    steps, present, _ = Samples(site_days.values, windows, None).batch(np.array([1]))
    assert present[0].tolist() == [True, True, True, False]
    np.testing.assert_allclose(steps[0, :, -1] * 5, [-3, -2, -1, 0])


def test_blocks_are_halves_of_halves_and_no_place_is_on_two_sides():
    generator = np.random.default_rng(1)
    longitude, latitude = np.repeat(generator.uniform((-120, 30), (-70, 45), (64, 2)), 3, axis=0).T
    block = spatial_blocks(longitude, latitude)
    assert np.bincount(block).tolist() == [12] * 16
    train = np.arange(100, 100 + len(block))
    for folds in (block_folds(train, longitude, latitude, 3, 1), random_place_folds(train, np.arange(192) // 3, 3, 1)):
        np.testing.assert_array_equal(np.sort(np.concatenate([check for _, check in folds])), train)
        for learn, check in folds:
            assert not set(longitude[learn - 100]) & set(longitude[check - 100])


def test_a_mixture_follows_the_distance_to_the_nearest_training_place():
    mixture = Mixture(np.array([100.0, 300.0]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.2, 0.6]),
                      np.array([0.0]), np.array([0.0]))
    degrees = np.array([0, 100, 200, 300, 900]) / 111.19493
    value, half = mixture.apply(np.array([np.full(5, 10.0), np.full(5, 20.0)]), degrees, np.zeros(5))
    np.testing.assert_allclose(value, [10, 10, 15, 20, 20], rtol=1e-4)
    np.testing.assert_allclose(half, [0.2, 0.2, 0.4, 0.6, 0.6], rtol=1e-4)
    unknown = dataclasses.replace(mixture, intervals=np.array([0.2, np.inf]))
    assert np.isinf(unknown.apply(np.ones((2, 5)), degrees, np.zeros(5))[1]).all()


def test_weights_are_those_that_made_the_truth():
    members = np.random.default_rng(1).normal(size=(3, 200))
    np.testing.assert_allclose(best_weights(np.array([0.3, 0.6, 0.1]) @ members, members), [0.3, 0.6, 0.1])


def test_ridge_finds_a_plane_and_goes_on_beyond_it():
    features = np.random.default_rng(1).normal(size=(300, 2)).astype(np.float32)
    folds = [(np.arange(150), np.arange(150, 300))]
    ridge = fit_ridge(features, 3 + 2 * features[:, 0], folds)
    np.testing.assert_allclose(ridge.predict(np.array([[100, 0]], np.float32)), [203], rtol=0.01)


def test_evidence_resumes_by_fold_and_pools_them(tmp_path):
    data = with_windows(simulated())
    results = tmp_path / "results.jsonl"
    first = pm25_evidence.evidence(data, results, SETTINGS, ["ridge"], (1,), CPU)
    lines = results.read_text().splitlines()
    assert len(lines) == 5 + 4 * 2
    results.write_text("".join(f"{line}\n" for line in lines[2:]))
    assert pm25_evidence.evidence(data, results, SETTINGS, ["ridge"], (1,), CPU) == pytest.approx(first)
    assert len(results.read_text().splitlines()) == len(lines)


@pytest.mark.parametrize("method", pm25_evidence.METHODS)
def test_every_method_of_the_evidence_learns_from_the_training_side(method, monkeypatch):
    monkeypatch.setattr(estimator, "INNER_FOLDS", 2)
    monkeypatch.setattr(estimator, "TREE_SEEDS", 1)
    if method == "with GeoCLIP" and importlib.util.find_spec("geoclip") is None:
        pytest.skip("geoclip isn't installed")
    data, settings = with_windows(simulated(60)), SETTINGS
    train, test = np.flatnonzero(data.site < 40), np.flatnonzero(data.site >= 40)
    blind = np.where(data.site_days.site >= 40, np.float32(1000), data.site_days.target)
    blind = dataclasses.replace(data, site_days=dataclasses.replace(data.site_days, target=blind))
    found = pm25_evidence.METHODS[method](blind, train, test, settings, CPU)
    if isinstance(found, estimator.Estimates):
        assert (found.low <= found.value).all()
        found = found.value
    assert found.shape == test.shape
    assert np.isfinite(found).all()
    assert found.max() < 100
    if method != "inverse distance":
        assert r2(data.target[test], found) > 0.3


def test_pooled_r2_is_that_of_all_cases():
    truth, error = np.array([1.0, 5, 2, 8]), np.array([1.0, 0, -1, 2])
    lines = [{"method": "m", "protocol": "p", "seed": 1, "windows": 2, "sum": truth[part].sum(),
              "squares": (truth[part]**2).sum(), "errors": (error[part]**2).sum()} for part in ([0, 1], [2, 3])]
    assert pm25_evidence.pooled(lines) == {("m", "p", 1): pytest.approx(1 - 6 / ((truth - 4)**2).sum())}


def test_coverage_is_that_of_all_folds_that_say_it(tmp_path):
    line = {"method": "m", "protocol": "p", "seed": 1}
    results = tmp_path / "results.jsonl"
    results.write_text("\n".join(map(json.dumps, ({**line, "windows": 10, "covered": 9}, {**line, "windows": 30},
                                                  {**line, "windows": 40, "covered": 31}))))
    assert pm25_evidence.covered(results) == {("m", "p", 1): 0.8}


def test_what_neighbours_measured_is_no_covariate_on_any_day():
    names = ("Nearby_Peak2_PM25", "Nearby_Peak2Lag1_PM25", "Nearby_Peak2Lag3_Ozone", "Nearby_Peak2_NO2")
    assert all(MEASURED_NEARBY.match(name) for name in names)
    assert not MEASURED_NEARBY.match("Nearby_Peak2Lag1_MeanTemperature")
