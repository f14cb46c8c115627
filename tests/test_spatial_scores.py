"""Scores by day, by site and by distance."""
from __future__ import annotations

import numpy as np
import pytest
from nocturne.algorithms import scores
from nocturne.algorithms.air_quality.spatial_scores import ALL_NAMES, all_scores, by_distance


def test_scores_per_day_and_site_are_medians_of_their_own():
    generator = np.random.default_rng(2)
    day, site = np.repeat(np.arange(7, dtype=np.int32), 9), np.tile(np.arange(9, dtype=np.int32), 7)
    truth, estimate = generator.uniform(0, 60, 63), generator.uniform(0, 60, 63)
    found = all_scores(truth, estimate, day, site)
    assert tuple(found) == ALL_NAMES
    for name in ("r2", "rmse", "mae", "mbe"):
        score = getattr(scores, name)
        high = truth >= 35
        assert found[name] == pytest.approx(score(truth, estimate))
        assert found[f"high_{name}"] == pytest.approx(score(truth[high], estimate[high]))
        assert found[f"day_{name}"] == pytest.approx(
            np.median([score(truth[day == each], estimate[day == each]) for each in range(7)]))
        assert found[f"site_{name}"] == pytest.approx(
            np.median([score(truth[site == each], estimate[site == each]) for each in range(9)]))


def test_few_cases_have_no_scores_of_their_own():
    found = all_scores(np.arange(4.0), np.arange(4.0), np.zeros(4, np.int32), np.arange(4, dtype=np.int32))
    assert found["r2"] == 1
    assert np.isnan([found[name] for name in ("day_r2", "site_rmse", "high_mae")]).all()


def test_the_curve_over_distance_has_the_scores_of_its_bins():
    truth, estimate = np.arange(30.0), np.arange(30.0) + np.repeat([0, 5], 15)
    near, far = by_distance(truth, estimate, np.repeat([5.0, 500.0], 15), np.arange(30))
    assert (near.low_km, near.high_km, near.windows, near.r2, near.rmse) == (0, 10, 15, 1, 0)
    assert (far.low_km, far.windows, far.rmse) == (400, 15, 5)
    assert far.r2 == pytest.approx(scores.r2(truth[15:], estimate[15:]))
