"""Medians over what is there."""
from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from nocturne.algorithms.industry.robust import medians

VALUES = st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6, width=32))


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=3, max_side=6), elements=VALUES))
def test_medians_are_those_of_what_is_no_nan(values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's word for columns of nothing
        assert np.array_equal(medians(values), np.nanmedian(values, axis=0), equal_nan=True)


def test_single_precision_stays_single_and_nothing_is_nan():
    assert medians(np.ones((3, 2), np.float32)).dtype == np.float32
    assert np.isnan(medians(np.zeros((0, 4)))).all()
