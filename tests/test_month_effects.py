"""What months do to all light: airglow and snow that were planted are found, whatever single cells do."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.industry.month_effects import LEAST_CELLS, brightened, month_lines

CELLS, MONTHS = 400, 72
EVERY = np.ones(MONTHS, bool)
NUMBERS = np.arange(MONTHS, dtype=np.int32) + 12 * 2014


@pytest.fixture(scope="module")
def planted():
    """Light, the foot and the slope of every month; some cells change their lamps, some aren't observed."""
    numbers = np.random.default_rng(0)
    usual = numbers.lognormal(2, 1, CELLS)
    foot = 0.3 * numbers.standard_normal(MONTHS)
    slope = np.exp(0.05 * np.sin(2 * np.pi * NUMBERS / 12))
    light = foot + usual[:, None] * slope * (1 + 0.03 * numbers.standard_normal((CELLS, MONTHS)))
    light[:40, 30:] *= 0.6
    light[numbers.random(light.shape) < 0.1] = np.nan
    return light.astype(np.float32), foot - np.median(foot), slope / np.median(slope)


def test_foot_and_slope_of_every_month(planted):
    light, foot, slope = planted
    found_foot, found_slope = month_lines(light, EVERY)
    assert np.abs(found_foot - found_foot.mean() - foot + foot.mean()).max() < 0.1
    assert np.abs(found_slope / found_slope.mean() - slope / slope.mean()).max() < 0.02


@settings(max_examples=20, deadline=None)
@given(month=st.integers(0, MONTHS - 1), more=st.floats(-2, 2), times=st.floats(0.7, 1.5))
def test_a_month_changes_its_own_line_alone(planted, month, more, times):
    light = planted[0]
    other = light.copy()
    other[:, month] = other[:, month] * times + more
    reference = EVERY.copy()
    reference[month] = False
    (foot, slope), (new_foot, new_slope) = (month_lines(each, reference) for each in (light, other))
    assert np.array_equal(np.delete(foot, month), np.delete(new_foot, month))
    assert np.array_equal(np.delete(slope, month), np.delete(new_slope, month))
    assert new_slope[month] == pytest.approx(slope[month] * times, rel=1e-3)
    assert new_foot[month] == pytest.approx(foot[month] * times + more, abs=0.02)


def test_months_with_little_light_say_nothing(planted):
    light = planted[0].copy()
    light[LEAST_CELLS - 1:, 5] = np.nan
    light[:, 6] = np.nan
    foot, slope = month_lines(light, EVERY)
    assert not foot[[5, 6]].any()
    assert np.isnan(slope[[5, 6]]).all()
    assert np.isfinite(slope[[4, 7]]).all()


def test_light_that_is_alike_everywhere_has_no_line():
    foot, slope = month_lines(np.full((100, MONTHS), 5, np.float32), EVERY)
    assert not foot.any()
    assert np.isnan(slope).all()


def course() -> np.ndarray:
    numbers = np.random.default_rng(1)
    return np.exp(0.004 * np.arange(MONTHS) / 12 + 0.08 * np.cos(2 * np.pi * NUMBERS / 12)
                  + 0.008 * numbers.standard_normal(MONTHS))


@pytest.mark.parametrize("visible", [EVERY, np.arange(MONTHS) < 60])
def test_snow_is_found_among_the_visible_months(visible):
    slope = course()
    slope[[12, 37, 60]] *= 1.08
    assert np.flatnonzero(brightened(slope, NUMBERS, visible)).tolist() == [12, 37, 60][:3 if visible.all() else 2]


def test_a_smooth_course_a_dip_and_a_short_series_have_no_snow():
    slope = course()
    assert not brightened(slope, NUMBERS, EVERY).any()
    slope[30:36] *= 0.9
    assert not brightened(slope, NUMBERS, EVERY).any()
    slope[10] *= 1.3
    assert not brightened(slope[:20], NUMBERS[:20], EVERY[:20]).any()
