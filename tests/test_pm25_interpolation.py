"""Interpolation between monitors: kriging, its model file, and what it may not see."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from nocturne.algorithms.air_quality import interpolate_maps
from nocturne.algorithms.air_quality.interpolate_pm25 import BUNDLED
from nocturne.algorithms.air_quality.interpolation import (
    KIND,
    by_day,
    fit_interpolation,
    read_interpolation,
    save_interpolation,
    waves,
)
from nocturne.algorithms.air_quality.kriging import Covariance, Field, likeliest_covariance
from nocturne.algorithms.air_quality.neighbours import Donors, find_neighbours
from nocturne.algorithms.distances import unit_vectors
from nocturne.algorithms.progress import Progress
from nocturne.benchmarks import pm25_interpolation
from nocturne.models.registry import bundled_path, load_model

COVARIANCE = Covariance(0.4, 0.1, 60.0, 800.0)


def places(count, seed=1):
    return np.random.default_rng(seed).uniform((-100, 30), (-85, 42), (count, 2)).T


def drawn(points, covariance, days, seed=2):
    """Fields with the covariance, shape (days, points)."""
    matrix = covariance.between(points, points) + covariance.nugget * np.eye(len(points))
    return np.random.default_rng(seed).normal(size=(days, len(points))) @ np.linalg.cholesky(matrix).T


def monitors(count=60, days=40):
    longitude, latitude = places(count)
    root = 3 + 0.6 * drawn(unit_vectors(longitude, latitude), COVARIANCE, days)
    return Donors(np.tile(longitude, days), np.tile(latitude, days),
                  np.repeat(np.arange(737_000, 737_000 + days, dtype=np.int32), count),
                  np.maximum(root, 0).ravel() ** 2)


def test_kriging_equals_the_textbook_system():
    """Ordinary kriging with a Lagrange multiplier, solved as one system."""
    points, new = (unit_vectors(*places(count, seed)) for count, seed in ((12, 1), (5, 2)))
    values = np.random.default_rng(3).normal(size=12)
    field = Field(points, values, COVARIANCE)
    left = np.ones((13, 13))
    left[:12, :12] = COVARIANCE.between(points, points) + COVARIANCE.nugget * np.eye(12)
    left[12, 12] = 0
    right = np.vstack((COVARIANCE.between(points, new), np.ones(5)))
    weights = np.linalg.solve(left, right)
    estimate, spread = field.at(new)
    np.testing.assert_allclose(estimate, weights[:12].T @ values, rtol=1e-5)
    np.testing.assert_allclose(spread**2, field.variance * (1 - (weights * right).sum(axis=0)), rtol=1e-5)
    np.testing.assert_allclose(field.mean_at(new), estimate)


def test_the_likeliest_covariance_is_as_likely_as_the_one_that_made_the_fields():
    points = unit_vectors(*places(120))
    fields = drawn(points, COVARIANCE, 6)
    found = likeliest_covariance([(points, values) for values in fields], Progress())
    given, made = (sum(Field(points, values, each).log_likelihood() for values in fields)
                   for each in (found, COVARIANCE))
    assert given > made - 1
    assert found.nugget < 0.35


def test_interpolation_beats_inverse_distance_and_its_intervals_hold():
    every = monitors()
    place = np.tile(np.arange(60), 40)
    known, unknown = (pm25_interpolation.part(every, rows) for rows in (place >= 15, place < 15))
    model = fit_interpolation(known, Progress())
    truth, errors, inside = [], [], []
    for (day, rows), (_, left_out) in zip(by_day(known), by_day(unknown)):
        points = unit_vectors(unknown.longitude[left_out], unknown.latitude[left_out])
        found = model.day_field(known, rows, day).at(points, model.courses_at(points))
        truth.append(unknown.value[left_out])
        errors.append(found.value - truth[-1])
        inside.append((found.low <= truth[-1]) & (truth[-1] <= found.high))
        assert (found.low <= found.value).all()
        assert (found.value <= found.high).all()
    nearby = find_neighbours(unknown.longitude, unknown.latitude, unknown.day, known).inverse_distance(2)
    assert (np.array(errors) ** 2).mean() < ((nearby - unknown.value) ** 2).mean()
    assert 0.8 < np.mean(inside) < 0.99


def test_a_stored_interpolation_is_the_same(tmp_path):
    given = monitors(days=15)
    model = fit_interpolation(given, Progress())
    save_interpolation(str(tmp_path / "model.json"), model, {"title": "test"})
    again = read_interpolation(load_model(str(tmp_path / "model.json"), KIND))
    assert dataclasses.replace(again, longitude=0, latitude=0, courses=0) == dataclasses.replace(
        model, longitude=0, latitude=0, courses=0)
    np.testing.assert_allclose(again.courses, model.courses, rtol=1e-6)


def test_nothing_of_unknown_monitors_reaches_the_estimates(tmp_path, monkeypatch):
    """Their values are replaced by noise: only what they are compared with may change."""
    every = monitors(days=12)
    site = np.tile(np.arange(60), 12)
    held = pm25_interpolation.sides(every, site, 1)["random places"] == 0
    noisy = dataclasses.replace(every, value=np.where(held, 500.0, every.value))
    found = [pm25_interpolation.kriging(pm25_interpolation.part(each, ~held), pm25_interpolation.part(each, held))
             for each in (every, noisy)]
    np.testing.assert_array_equal(*found)


def test_the_table_is_made_and_resumed_by_fold(tmp_path, monkeypatch):
    """Checkerboards once, random places for each seed."""
    every, site, results = monitors(days=3), np.tile(np.arange(60), 3), tmp_path / "results.jsonl"
    monkeypatch.setattr(pm25_interpolation, "CELLS", (5,))
    found = pm25_interpolation.evidence(every, site, results, (1, 2))
    assert set(found) == {(method, protocol, seed) for method in pm25_interpolation.METHODS for protocol, seed in (
        ("random places", 1), ("random places", 2), ("5 degrees", 1))}
    assert all(value < 1 for value in found.values())
    monkeypatch.setattr(pm25_interpolation, "kriging", lambda *_: pytest.fail("nothing is computed again"))
    assert pm25_interpolation.evidence(every, site, results, (1, 2)) == found


def test_cells_of_maps_far_from_the_monitors_are_counted():
    interpolator = read_interpolation(load_model(bundled_path(BUNDLED), KIND))
    given = monitors(days=1)
    field = interpolator.day_field(given, np.arange(60), 737_000)
    positions = np.array([[-90.0, 38], [150, -30], [151, -30], [152, -30]])
    maps, outside = interpolate_maps._block(interpolator, [field], positions, np.array([True, True, True, False]),
                                            Progress())
    assert outside == 2
    assert np.isfinite(maps[0]).sum() == 3


def test_the_bundled_interpolation_reads_and_says_where_it_comes_from():
    model = load_model(bundled_path(BUNDLED), KIND)
    interpolator = read_interpolation(model)
    assert model.card["training"]["values"] == 1_183_037
    assert 1 < interpolator.width < 3
    assert interpolator.farthest_km > 100
    assert interpolator.courses.shape == (len(interpolator.longitude), waves(np.array([1])).shape[1])
