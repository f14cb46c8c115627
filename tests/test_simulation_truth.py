"""The definition of what is planted, on curves made by hand."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nocturne.algorithms.simulation.truth import NEGATIVE, NONE, OUTSIDE, POSITIVE, U_SHAPED, planted_effects


def truth_of(curve, zenith=None, observed=None, inside=True):
    curve = np.asarray(curve, dtype=np.float32)
    shape = (len(curve), 1, 1)
    zenith = np.linspace(0, 60, len(curve)) if zenith is None else np.asarray(zenith, dtype=np.float64)
    observed = np.ones(len(curve), bool) if observed is None else np.asarray(observed)
    found = planted_effects(zenith.reshape(shape), curve.reshape(shape), observed.reshape(shape),
                            np.full((1, 1), inside))
    return int(found.classes[0, 0]), float(found.change[0, 0]), float(found.depth[0, 0])


@pytest.mark.parametrize(("curve", "expected"), [
    ([10, 9, 8, 7, 6], NEGATIVE), ([10, 10, 10, 10, 9.5], NEGATIVE), ([10, 10, 10, 10, 9.51], NONE),
    ([10, 11, 12, 13, 14], POSITIVE), ([10, 10, 10, 10, 10.49], NONE), ([10, 9.4, 9, 9.4, 10], U_SHAPED),
    ([10, 9.6, 9.6, 9.7, 10], NONE), ([10, 7, 6, 7, 8], U_SHAPED), ([10, 8, 7.8, 7.9, 8], NEGATIVE),
    ([10, 9.8, 9.7, 12, 14], POSITIVE), ([10, 12, 14, 12, 10], NONE)])
def test_hand_made_curves(curve, expected):
    assert truth_of(curve)[0] == expected


def test_change_and_depth_are_relative_to_the_start_and_to_the_lower_end():
    _, change, depth = truth_of([10, 6, 4, 6, 8])
    assert change == pytest.approx(-0.2)
    assert depth == pytest.approx(0.5)


def test_only_observed_angles_up_to_sixty_degrees_count():
    curve, zenith = [10, 9, 5, 10, 2], [0, 20, 40, 55, 61]
    assert truth_of(curve, zenith)[0] == U_SHAPED
    assert truth_of(curve, zenith, [True, True, False, True, True])[0] == U_SHAPED
    assert truth_of(curve, zenith, [True, True, True, False, True])[0] == NEGATIVE
    assert truth_of(curve, zenith, [True, False, False, False, True])[0] == OUTSIDE


def test_outside_is_outside():
    found = truth_of([10, 9, 8, 7, 6], inside=False)
    assert found[0] == OUTSIDE
    assert np.isnan(found[1:]).all()


positive_curves = arrays(np.float32, st.integers(3, 12), elements=st.floats(0.5, 250, width=32))


@settings(max_examples=100, deadline=None)
@given(positive_curves, st.integers(-3, 3), st.randoms(use_true_random=False))
def test_truth_ignores_the_scale_and_the_order_of_nights(curve, power, shuffle):
    zenith = np.linspace(0, 60, len(curve))
    order = list(range(len(curve)))
    shuffle.shuffle(order)
    assert truth_of(curve[order] * np.float32(2.0**power), zenith[order]) == truth_of(curve, zenith)


@settings(max_examples=100, deadline=None)
@given(positive_curves)
def test_a_mirrored_curve_keeps_its_u_and_swaps_the_signs(curve):
    mirrored = truth_of(curve[::-1])[0]
    found, change, _ = truth_of(curve)
    if found == U_SHAPED:
        assert mirrored == U_SHAPED
    elif abs(change) > 0.06:
        assert {found, mirrored} == {NEGATIVE, POSITIVE}


@settings(max_examples=50, deadline=None)
@given(positive_curves)
def test_monotonic_curves_are_never_u_shaped(curve):
    assert truth_of(np.sort(curve))[0] in (NONE, POSITIVE)
    assert truth_of(np.sort(curve)[::-1])[0] in (NONE, NEGATIVE)
