"""Longitudes of regions that lie across the 180th meridian."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.distances import unwrapped

WHOLE_DEGREES = st.lists(st.integers(0, 170), min_size=1, max_size=20)


@settings(deadline=None, max_examples=50)
@given(WHOLE_DEGREES, st.integers(-180, 179))
def test_a_region_is_as_wide_wherever_it_lies(east, start):
    longitude = (np.array(east) + start + 180.0) % 360 - 180
    found = unwrapped(longitude)
    np.testing.assert_array_equal((found - longitude) % 360, 0)
    np.testing.assert_array_equal(found - found.min(), np.array(east) - min(east))


@pytest.mark.parametrize("longitude", [[-125.3, -67.1, -100.7], [-20.0, 150.0, 60.0, -90.0], [7.25]])
def test_longitudes_without_a_seam_stay_as_they_are(longitude):
    assert unwrapped(longitude).tolist() == longitude


def test_the_widest_gap_is_the_seam():
    assert unwrapped([175.5, -170.25, -130.0, 140.0]).tolist() == [175.5, 189.75, 230, 140]
