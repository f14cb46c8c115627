"""The simulated orbit and sky against known facts."""
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.simulation import orbit
from nocturne.algorithms.simulation.sky import glint_angle, lunar_irradiance, sky_at

CYCLE = 16


def cycle(first_offset, latitude):
    offsets = np.array([orbit.track_offset(np.array(first_offset), night) for night in range(CYCLE)])
    return offsets, orbit.view(offsets, np.full(CYCLE, latitude))


@pytest.mark.parametrize(("latitude", "highest"), [(0, 68), (31, 63), (40, 59), (51, 53)])
def test_highest_zenith_of_the_nearest_pass_falls_with_latitude(latitude, highest):
    edge = np.array([-orbit.TRACK_SPACING / 2])
    assert orbit.view(edge, np.array([latitude])).zenith[0] == pytest.approx(highest, abs=1)


@pytest.mark.parametrize("first_offset", [0.3, 7.1, 19.9])
def test_a_place_sees_eight_zeniths_from_each_side_in_sixteen_days(first_offset):
    offsets, seen = cycle(first_offset, 31)
    for side in (offsets > 0, offsets < 0):
        assert len(np.unique(seen.zenith[side].round(1))) in (7, 8, 9)
    assert set(np.sign(seen.azimuth[offsets > 0])) == {-1}, "a track in the west is looked at westwards"
    assert set(np.sign(seen.azimuth[offsets < 0])) == {1}


def test_the_orbit_repeats_after_sixteen_days_to_a_hundredth_of_a_degree():
    nights = np.arange(CYCLE)
    first = np.array([orbit.track_offset(np.array(5.0), night) for night in nights])
    second = np.array([orbit.track_offset(np.array(5.0), night + CYCLE) for night in nights])
    gap = np.abs(first - second)
    assert np.minimum(gap, orbit.TRACK_SPACING - gap).max() < 0.011


@settings(max_examples=60, deadline=None)
@given(st.floats(-30, 60), st.integers(0, 400), st.floats(-60, 60))
def test_views_stay_within_bounds(first_offset, night, latitude):
    offset = orbit.track_offset(np.array([first_offset]), night)
    seen = orbit.view(offset, np.array([latitude]))
    assert abs(offset[0]) <= orbit.TRACK_SPACING / 2
    assert 0 <= seen.zenith[0] < 69
    assert seen.local_solar_time[0] == pytest.approx(1.5, abs=51 / 60)
    assert orbit.view(-offset, np.array([latitude])).zenith[0] == pytest.approx(seen.zenith[0])


def test_the_neighbouring_pass_is_taken_only_where_both_see_and_comes_from_the_other_side():
    offset, latitude = np.array([0.0, 8.0, 12.0, -12.0]), np.full(4, 31.0)
    chosen = orbit.choose_pass(offset, latitude, True)
    assert chosen[:2].tolist() == [0.0, 8.0]
    assert chosen[2:] == pytest.approx([12.0 - orbit.TRACK_SPACING, orbit.TRACK_SPACING - 12.0])
    assert orbit.choose_pass(offset, latitude, False).tolist() == offset.tolist()
    assert orbit.view(chosen, latitude).zenith.max() < 72


def test_moon_and_sun_of_known_moments():
    full = sky_at(datetime(2021, 11, 19, 8, 58), 0, 0)  # full moon and near-total lunar eclipse
    new = sky_at(datetime(2021, 12, 4, 7, 43), 0, 0)  # total solar eclipse
    assert full.moon_illumination > 99.5
    assert full.moon_phase_angle < 3
    assert new.moon_illumination < 0.5
    noon = sky_at(datetime(2021, 12, 21, 11, 58), 0, 31)
    assert noon.solar_zenith == pytest.approx(31 + 23.4, abs=0.3)
    assert abs(abs(noon.solar_azimuth) - 180) < 2
    southern_noon = sky_at(datetime(2021, 12, 20, 23, 58), 180, -31)
    assert southern_noon.solar_zenith == pytest.approx(31 - 23.4, abs=0.3)
    morning = sky_at(datetime(2021, 3, 20, 6, 7), 0, 0)
    assert morning.solar_zenith == pytest.approx(90, abs=1.5)
    assert morning.solar_azimuth == pytest.approx(90, abs=1.5)


def test_moonlight_needs_a_moon_above_the_horizon():
    up = sky_at(datetime(2021, 11, 19, 17, 0), 115.7, 30.8)
    down = sky_at(datetime(2021, 11, 19, 4, 30), 115.7, 30.8)
    assert up.lunar_zenith < 90 < down.lunar_zenith
    assert lunar_irradiance(up) > 10
    assert lunar_irradiance(down) == 0
    assert glint_angle(up, up.lunar_zenith, up.lunar_azimuth + 180) == pytest.approx(0, abs=0.01)
