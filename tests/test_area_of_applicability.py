"""The area of applicability, against its definition computed pair by pair."""
from __future__ import annotations

import numpy as np
from nocturne.algorithms.air_quality import area_of_applicability
from nocturne.algorithms.air_quality.area_of_applicability import Applicability, fit_applicability

IMPORTANCE = np.array([2.0, 0.5, -1.0])  # shuffling the third one made the error smaller


def training(count=60):
    predictors = np.random.default_rng(1).normal(size=(count, 3))
    group = np.arange(count) % 3
    folds = [(np.flatnonzero(group != each), np.flatnonzero(group == each)) for each in range(3)]
    return predictors, folds


def test_dissimilarity_and_threshold_are_those_of_the_definition():
    predictors, folds = training()
    found = fit_applicability(predictors, IMPORTANCE, folds)
    weights = np.array([2.0, 0.5, 0.0]) / predictors.std(axis=0)
    weighted = predictors * weights
    pairs = np.linalg.norm(weighted[:, None] - weighted[None], axis=2)
    mean = pairs[np.triu_indices(60, 1)].mean()
    new = np.random.default_rng(2).normal(size=(20, 3)) * 3
    expected = np.linalg.norm((new * weights)[:, None] - weighted[None], axis=2).min(axis=1) / mean
    np.testing.assert_allclose(found.dissimilarity(new), expected, rtol=1e-4, atol=1e-5)
    apart = np.concatenate([pairs[np.ix_(check, learn)].min(axis=1) for learn, check in folds]) / mean
    first, third = np.quantile(apart, (0.25, 0.75))
    assert abs(found.threshold - apart[apart <= third + 1.5 * (third - first)].max()) < 1e-4


def test_what_has_no_importance_makes_nothing_unlike():
    predictors, folds = training()
    found = fit_applicability(predictors, IMPORTANCE, folds)
    moved = predictors + np.array([0, 0, 100.0])
    np.testing.assert_allclose(found.dissimilarity(moved), 0, atol=1e-5)
    assert (found.dissimilarity(predictors + np.array([9.0, 0, 0])) > found.threshold).mean() > 0.9


def test_without_any_importance_all_predictors_count_alike():
    predictors, folds = training()
    weights = fit_applicability(predictors, np.zeros(3), folds).weights
    np.testing.assert_allclose(weights * predictors.std(axis=0), 1, rtol=1e-6)


def test_the_unit_of_a_predictor_changes_nothing():
    predictors, folds = training()
    found = fit_applicability(predictors, IMPORTANCE, folds)
    small = fit_applicability(predictors * [1, 1e-4, 1], IMPORTANCE, folds)
    new = np.random.default_rng(2).normal(size=(20, 3)) * 3
    np.testing.assert_allclose(small.dissimilarity(new * [1, 1e-4, 1]), found.dissimilarity(new), rtol=1e-3, atol=1e-4)


def test_a_predictor_of_one_value_says_nothing():
    predictors, folds = training()
    predictors[:, 0] = 4
    assert fit_applicability(predictors, IMPORTANCE, folds).weights[0] == 0


def test_it_is_stored_exactly_and_takes_some_of_many_rows(monkeypatch):
    monkeypatch.setattr(area_of_applicability, "MOST_REFERENCES", 20)
    predictors, folds = training()
    found = fit_applicability(predictors, IMPORTANCE, folds)
    again = Applicability.from_arrays(found.to_arrays())
    assert len(found.references) == 20
    assert np.isfinite(found.threshold)
    for name in ("weights", "references", "limits"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
