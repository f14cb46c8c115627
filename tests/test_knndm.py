"""Folds that match the distances of a map."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.air_quality.comparison import compare_geolocation
from nocturne.algorithms.air_quality.knndm import hull_grid, knndm, match_distances, read_map
from nocturne.algorithms.air_quality.settings import ComparisonSettings
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.simulated_sites import simulated
from scipy.stats import wasserstein_distance


def test_places_of_a_map_without_knndm_are_refused():
    wanted = ComparisonSettings(geolocations="degrees", protocols="random_places")
    with pytest.raises(InputError, match=r"^PREDICTION: knndm, which alone looks at it"):
        compare_geolocation(simulated(), wanted, "", np.zeros((3, 2)), Resources(threads=1), Progress())


@settings(deadline=None, max_examples=15)
@given(st.integers(20, 60), st.integers(2, 5), st.integers(0, 5))
def test_knndm_deals_every_place_to_one_fold_that_is_not_too_large(count, folds, seed):
    generator = np.random.default_rng(seed)
    places = generator.uniform((-100, 30), (-80, 45), (count, 2))
    found = match_distances(places, hull_grid(places), folds, seed)
    sizes = np.bincount(found.fold, minlength=folds)
    assert sizes.min() > 0
    assert sizes.max() <= max(count / 2, count / folds + 1)
    assert found.gap_km == pytest.approx(wasserstein_distance(found.map_km, found.test_km))


def test_knndm_matches_clustered_monitors_better_than_places_at_random():
    """Monitors stand in six towns. A map of places far from them needs towns as folds, a map of the towns doesn't."""
    generator = np.random.default_rng(1)
    towns = np.array([[-120, 35], [-112, 45], [-104, 33], [-96, 44], [-88, 34], [-80, 42]], float)
    places = (towns[:, None] + generator.normal(0, 0.1, (6, 15, 2))).reshape(-1, 2)
    found = match_distances(places, towns + np.array([0, 30]), 3, 1)
    assert all(len(set(found.fold[15 * town:15 * town + 15])) == 1 for town in range(6))
    assert np.median(found.test_km) > 300
    assert np.median(match_distances(places, places + 0.01, 3, 1).test_km) < 20
    between = match_distances(places, hull_grid(places), 3, 1)
    assert between.gap_km < abs(between.map_km.mean() - 5)  # what folds of single places would leave


def across_180(days, by):
    """The same places, moved east by so many degrees."""
    return dataclasses.replace(days, longitude=(days.longitude + by + 180) % 360 - 180)


def test_a_region_across_180_degrees_has_the_map_of_any_other():
    days = simulated()
    moved = across_180(days, 275)  # 170 to -170
    assert moved.longitude.min() < -175
    grids = [hull_grid(np.column_stack((each.longitude, each.latitude))) for each in (days, moved)]
    np.testing.assert_allclose(grids[1], grids[0] + (275, 0))
    (_, found), (_, again) = (knndm(each, 3, None, 1) for each in (days, moved))
    assert again.gap_km == pytest.approx(found.gap_km)


def test_knndm_keeps_places_whole():
    days = simulated()
    folds, matched = knndm(days, 3, None, 1)
    assert len(matched.fold) == 40
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), days.measured)
    for fold in folds:
        assert not set(days.place()[fold.train]) & set(days.place()[fold.test])


def test_a_map_has_its_points_and_the_centres_of_its_polygons():
    shapes = (shapely.Point(-100, 35), shapely.box(-92, 38, -88, 42))
    table = FeatureTable("PREDICTION", {}, {}, tuple(map(shapely.to_wkb, shapes)), "EPSG:4326")
    np.testing.assert_allclose(read_map(table), [[-100, 35], [-90, 40]], atol=1e-9)
    assert read_map(None) is None
