from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nocturne.algorithms.districts.district_estimates import agreeing_estimates, outside_ranges

DISTRICT = np.array([0, 0, 1, 1, 1, 2])
COUNTS = np.bincount(DISTRICT)[:, None]
AMOUNTS = st.floats(0, 1e6)


def sums(units: np.ndarray) -> np.ndarray:
    found = np.zeros((3, units.shape[1]))
    np.add.at(found, DISTRICT, units)
    return found


@settings(deadline=None)
@given(arrays(float, (6, 2), elements=AMOUNTS), arrays(float, (3, 2), elements=AMOUNTS))
def test_units_add_up_and_lie_in_their_intervals(units: np.ndarray, districts: np.ndarray) -> None:
    found = agreeing_estimates(units, districts, DISTRICT, np.array([0.5, 3.0]))
    assert np.allclose(sums(found.units), districts)
    assert (found.units_low <= found.units + 1e-9).all()
    assert (found.units <= found.units_high + 1e-9).all()
    assert (found.districts_low <= found.districts + 1e-9).all()
    assert (found.districts <= found.districts_high + 1e-9).all()


@settings(deadline=None)
@given(arrays(float, (6, 1), elements=AMOUNTS), arrays(float, (3, 1), elements=st.floats(1, 1e6)))
def test_known_totals_are_preserved_and_the_others_left(units: np.ndarray, districts: np.ndarray) -> None:
    known = np.array([[7.0], [np.nan], [0.0]])
    found = agreeing_estimates(units, districts, DISTRICT, np.array([1.0]), known)
    assert np.allclose(sums(found.units)[[0, 2]], known[[0, 2]])
    assert np.allclose(sums(found.units)[1], districts[1])
    assert np.array_equal(found.districts_low[[0, 2]], known[[0, 2]])


@settings(deadline=None)
@given(arrays(float, (6, 2), elements=AMOUNTS), arrays(float, (3, 2), elements=AMOUNTS),
       arrays(float, (3, 2), elements=st.one_of(st.just(float("nan")), AMOUNTS)))
def test_intervals_hold_the_estimates_whatever_is_known(units: np.ndarray, districts: np.ndarray,
                                                        known: np.ndarray) -> None:
    found = agreeing_estimates(units, districts, DISTRICT, np.array([0.5, 3.0]), known)
    assert (found.units_low <= found.units).all()
    assert (found.units <= found.units_high).all()
    assert (found.districts_low <= found.districts).all()
    assert (found.districts <= found.districts_high).all()


def test_units_of_an_estimate_of_0_may_have_any_share_of_the_known_total() -> None:
    found = agreeing_estimates(np.zeros((6, 1)), np.zeros((3, 1)), DISTRICT, np.array([1.0]), np.full((3, 1), 6.0))
    assert np.allclose(found.units[:, 0], [3, 3, 2, 2, 2, 6])
    assert np.allclose(found.units_low, 0)
    assert np.allclose(found.units_high, 6)


def test_a_width_of_the_root_per_unit_widens_with_the_total() -> None:
    found = agreeing_estimates(np.ones((6, 1)), np.array([[8.0], [27.0], [1.0]]), DISTRICT, np.array([1.0]))
    assert np.allclose(found.districts_high, (np.sqrt(found.districts / COUNTS) + 1) ** 2 * COUNTS)
    assert np.allclose(found.districts_low[2], 0)


def test_a_unit_outside_one_range_is_outside() -> None:
    features = np.array([[1.0, np.nan], [3.0, 0.0], [2.0, 5.0]])
    assert list(outside_ranges(features, np.array([0.0, np.nan]), np.array([2.5, np.nan]))) == [False, True, False]
