import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nocturne.algorithms.night_lights.false_discoveries import corrected_level
from statsmodels.stats.multitest import multipletests

ALPHA = 0.05


def level(p):
    return corrected_level(p[p <= ALPHA], int(np.count_nonzero(~np.isnan(p))), ALPHA)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_level_rejects_what_benjamini_and_hochberg_reject(values):
    p = np.array(values)
    expected = multipletests(p, ALPHA, method="fdr_bh")[0]
    # Where the largest rejected p stands exactly at its bound, rounding decides in either code.
    bound = ALPHA * np.arange(1, len(p) + 1) / len(p)
    if not np.any(np.abs(np.sort(p) - bound) < 1e-12):
        np.testing.assert_array_equal(p < level(p), expected)


def test_nothing_is_a_discovery_where_no_p_is_small():
    assert level(np.linspace(0.06, 1, 50)) == 0.0


def test_pixels_without_a_test_are_no_tests():
    p = np.array([0.01, 0.03, np.nan, np.nan, np.nan])
    assert level(p) == level(p[:2]) > 0.03


def test_null_p_values_give_few_discoveries():
    numbers = np.random.default_rng(5)
    runs = [np.any((p := numbers.random(400)) < level(p)) for _ in range(300)]
    assert np.mean(runs) < 0.1  # of runs without any effect, 5 % are expected to have a discovery
