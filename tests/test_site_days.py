"""Site-days, their windows, folds and neighbours."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.air_quality.geographic_folds import (
    OFFSETS,
    checkerboard,
    held_out_places,
    random_places,
    random_rows,
)
from nocturne.algorithms.air_quality.neighbours import Donors, find_neighbours
from nocturne.algorithms.air_quality.site_days import ONE_PLACE_KM, SiteDays, check_covariates, read_site_days
from nocturne.algorithms.air_quality.windows import MASKED, make_windows
from nocturne.algorithms.distances import groups_within, nearest_km
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress

FIRST = date(2012, 1, 1)


def table(rows, parameter="INPUT", latitude=40.0, west=-100):
    """rows: site, days after the first, target or None, covariate."""
    points = [shapely.to_wkb(shapely.Point(west - int(site[1:]), latitude)) for site, *_ in rows]
    columns = {"site": np.array([row[0] for row in rows], dtype=object),
               "date": np.array([str(FIRST + timedelta(days=row[1])) for row in rows], dtype=object),
               "pm": np.array([row[2] for row in rows], dtype=np.float64),
               "aod": np.array([row[3] for row in rows], dtype=np.float64)}
    kinds = {"site": "text", "date": "text", "pm": "number", "aod": "number"}
    return FeatureTable(parameter, columns, kinds, tuple(points), "EPSG:4326")


def read(rows, calendar=None):
    return read_table(table(rows), calendar)


def read_table(given_table, calendar=None, target="pm", features=("aod",), progress=None):
    return read_site_days(given_table, "date", "site", target, features, calendar, progress or Progress())


ROWS = [("s2", 0, 5.0, 1.0), ("s1", 2, -1.0, 3.0), ("s1", 0, None, 1.0), ("s1", 1, 4.0, 2.0)]


def test_rows_come_by_site_and_day():
    found = read(ROWS)
    assert found.sites == ("s1", "s2")
    assert list(found.site) == [0, 0, 0, 1]
    assert found.dates() == [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2), FIRST]
    np.testing.assert_array_equal(found.values[:, 0], [1, 2, 3, 1])
    np.testing.assert_array_equal(found.target, np.array([np.nan, 4, -1, 5], np.float32))
    assert list(found.measured) == [1, 2, 3]


def test_the_calendar_fills_days_without_a_measurement_and_never_replaces_a_row():
    calendar = table([("s1", 1, None, 99.0), ("s1", 3, None, 4.0), ("s9", 0, None, 7.0)], "CALENDAR")
    found = read(ROWS, calendar)
    np.testing.assert_array_equal(found.values[:, 0], [1, 2, 3, 4, 1])
    assert np.isnan(found.target[3])


def test_the_calendar_fills_rows_without_any_covariate_and_leaves_their_targets():
    rows = [("s1", 0, 5.0, None), ("s1", 1, 6.0, None), ("s2", 0, 7.0, None), ("s2", 1, 8.0, 2.0)]
    calendar = table([("s1", 0, 99.0, 0.3), ("s2", 0, None, 0.4), ("s2", 1, None, 0.5), ("s2", 2, None, 0.6)],
                     "CALENDAR")
    found = read(rows, calendar)
    assert [(site, day - FIRST.toordinal()) for site, day in zip(found.site, found.day)] == [
        (0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    np.testing.assert_array_equal(found.values[:, 0], np.array([0.3, np.nan, 0.4, 2, 0.6], np.float32))
    np.testing.assert_array_equal(found.target, np.array([5, 6, 7, 8, np.nan], np.float32))


def test_some_covariates_are_enough_to_keep_a_row():
    values = np.array([[1, np.nan], [np.nan] * 2, [3, 3], [1, 1]], np.float32)
    here = replace(read(ROWS), names=("aod", "wind"), values=values)
    there = replace(here, values=np.full((4, 2), 9, np.float32), target=np.full(4, 9, np.float32))
    found = here.with_days_of(there)
    np.testing.assert_array_equal(found.values, np.array([[1, np.nan], [9, 9], [3, 3], [1, 1]], np.float32))
    np.testing.assert_array_equal(found.target, here.target)


def test_sites_without_a_row_in_the_calendar_are_counted():
    said = []
    progress = Progress()
    progress.warning = said.append
    read_table(table(ROWS), table([("s1", 3, None, 4.0)], "CALENDAR"), progress=progress)
    assert said == ["1 of 2 sites have no row in CALENDAR."]


@pytest.mark.parametrize(("rows", "change", "sentence"), [
    ([("s9", 3, None, 4.0)], {}, "CALENDAR: none of its sites ('site') is one of the site-days"),
    ([("s1", 3, None, 4.0)], {"kinds": {"site": "text", "date": "text", "aod": "text"}},
     "CALENDAR: the field 'aod' isn't numeric"),
    ([("s1", 3, None, 4.0)], {"kinds": {"site": "text", "date": "number", "aod": "number"}},
     "CALENDAR: the field 'date' has no dates"),
])
def test_a_calendar_that_cannot_be_used_is_named(rows, change, sentence):
    with pytest.raises(InputError) as error:
        read(ROWS, replace(table(rows, "CALENDAR"), **change))
    assert str(error.value).startswith(sentence)


def test_a_calendar_that_repeats_a_day_is_named():
    calendar = table([("s1", 3, None, 4.0), ("s1", 3, None, 5.0)], "CALENDAR")
    with pytest.raises(InputError, match="CALENDAR: the site 's1' has 2012-01-04 more than once"):
        read(ROWS, calendar)


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda t: t.columns["date"].__setitem__(0, "1st of May"), "DATE_FIELD: '1st of May' in the field 'date'"),
    (lambda t: t.columns["date"].__setitem__(0, None), "DATE_FIELD: 'date' is empty or no date in 1 rows"),
    (lambda t: t.columns["date"].__setitem__(1, str(FIRST)), "INPUT: the site 's1' has 2012-01-01 more than once"),
    (lambda t: t.columns["site"].__setitem__(0, "s1"), "SITE_FIELD: 'site' holds one site only"),
    (lambda t: t.columns["site"].__setitem__(1, "s2"), "SITE_FIELD: the site 's2' moves"),
    (lambda t: t.kinds.__setitem__("aod", "text"), "FEATURE_FIELDS: the field 'aod' isn't numeric"),
])
def test_site_days_that_cannot_be_used_are_named(change, sentence):
    given_table = table(ROWS)
    change(given_table)
    with pytest.raises(InputError) as error:
        read_table(given_table)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(("kind", "nothing"), [("number", np.nan), ("text", None), ("text", ""), ("date", None)])
def test_a_covariate_without_any_value_is_missing_whatever_its_kind_and_cannot_be_trained_on(kind, nothing):
    empty = table(ROWS)
    empty.columns["rain"] = np.array([nothing] * len(ROWS), dtype=np.float64 if kind == "number" else object)
    empty.kinds["rain"] = kind
    found = read_table(empty, features=("aod", "rain"))
    np.testing.assert_array_equal(found.values[:, 0], [1, 2, 3, 1])
    assert np.isnan(found.values[:, 1]).all()
    with pytest.raises(InputError, match="FEATURE_FIELDS: 'rain' has no value in any row"):
        check_covariates(found)
    check_covariates(read(ROWS))


@pytest.mark.parametrize("gap", [False, True])
def test_a_covariate_that_32_bits_make_zero_is_refused(gap):
    wrong = table(ROWS)
    integers = np.array([10**15, 2 * 10**15, 0, 3 * 10**15])
    wrong.columns["aod"] = np.where([False, gap, False, False], np.nan, integers.view(np.float64))
    with pytest.raises(InputError) as error:
        read_table(wrong)
    assert str(error.value) == (
        "FEATURE_FIELDS: the largest value of 'aod' is 1.4822e-308, which is 0 in 32 bits (maybe integers that were "
        "stored as other numbers); give numbers in a usual unit.")
    calendar = replace(wrong, parameter="CALENDAR")
    with pytest.raises(InputError, match=r"^CALENDAR: the largest value of 'aod'"):
        read(ROWS, calendar)
    wrong.columns["aod"][:] = 0
    assert (read_table(wrong).values == 0).all()


@pytest.mark.parametrize(("position", "words"), [
    ({"latitude": 91}, "latitude 91"), ({"west": 363}, "longitude 361"), ({"west": -180}, "longitude -182")])
def test_points_beyond_the_globe_are_named(position, words):
    with pytest.raises(InputError, match=f"INPUT: a point has the {words}"):
        read_table(table(ROWS, **position))


def test_longitudes_of_180_to_360_are_those_of_the_same_meridians():
    np.testing.assert_array_equal(read_table(table(ROWS, west=260)).longitude, read(ROWS).longitude)


def test_the_target_is_no_covariate():
    with pytest.raises(InputError, match="FEATURE_FIELDS: 'pm' is the field of the target too"):
        read_table(table(ROWS), features=["aod", "pm"])


def test_a_field_that_was_not_named_is_said_so():
    with pytest.raises(InputError, match="SITE_FIELD: no field was named; choose one"):
        read_site_days(table(ROWS), "date", "", "pm", ["aod"], None, Progress())


def test_windows_end_on_the_day_and_are_masked_at_the_front():
    found = read(ROWS)
    windows = make_windows(found, found.measured, 3, 1)
    np.testing.assert_array_equal(windows.rows, [[MASKED, 0, 1], [0, 1, 2], [MASKED, MASKED, 3]])
    np.testing.assert_array_equal(windows.since, [[0, 0, 1], [0, 1, 1], [0, 0, 0]])
    assert (windows.short, windows.left_out) == (2, 0)
    strict = make_windows(found, found.measured, 3, 2)
    assert list(strict.target) == [1, 2]
    assert strict.left_out == 1
    centred = make_windows(found, found.measured, 3, 1, "centred")
    np.testing.assert_array_equal(centred.rows[0], [0, 1, 2])
    with pytest.raises(InputError, match="MIN_DAYS: no window of 3 days has covariates on 4 days"):
        make_windows(found, found.measured, 3, 4)
    with pytest.raises(InputError, match="WINDOW: 4 days have no middle"):
        make_windows(found, found.measured, 4, 1, "centred")


def test_masked_steps_are_told_from_zero_by_their_row():
    found = read(ROWS)
    windows = make_windows(found, found.measured, 2, 1)
    gathered = windows.gather(found.values, np.array([0, 2]))
    np.testing.assert_array_equal(gathered[..., 0], [[1, 2], [0, 1]])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=2, max_size=40, unique=True),
       st.integers(1, 9))
def test_windows_hold_the_rows_of_their_site_and_days(cases, steps):
    cases = sorted(cases)
    site, day = (np.array(column, dtype=np.int32) for column in zip(*cases))
    values = np.ones((len(site), 1), np.float32)
    site_days = SiteDays(site, day, np.zeros(4), np.zeros(4), values, values[:, 0], ("x",), tuple("abcd"))
    windows = make_windows(site_days, site_days.measured, steps, 1)
    where = {case: row for row, case in enumerate(cases)}
    for target, rows, since in zip(windows.target, windows.rows, windows.since):
        expected = [where.get((site[target], day[target] - back), MASKED) for back in range(steps - 1, -1, -1)]
        assert list(rows) == expected
        there = [step for step, row in enumerate(expected) if row != MASKED]
        assert list(since[there][1:]) == list(np.diff(there))


def monitors(count=60, days=3, seed=1):
    numbers = np.random.default_rng(seed)
    longitude, latitude = numbers.uniform(-120, -70, count), numbers.uniform(26, 48, count)
    longitude[1], latitude[1] = longitude[0], latitude[0]  # two sites at one position
    site, day = np.repeat(np.arange(count, dtype=np.int32), days), np.tile(np.arange(days, dtype=np.int32), count)
    target = numbers.normal(10, 3, count * days).astype(np.float32)
    return SiteDays(site, day, longitude, latitude, target[:, None], target, ("x",), tuple(map(str, range(count))))


@pytest.mark.parametrize("folds", [
    lambda days: random_rows(days, 5, 1), lambda days: random_places(days, 5, 1),
    lambda days: checkerboard(days, 8, 0), lambda days: checkerboard(days, 8, 3)])
def test_folds_test_every_row_once_and_never_train_on_it(folds):
    site_days = monitors()
    found = folds(site_days)
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in found])), site_days.measured)
    for fold in found:
        assert not set(fold.train) & set(fold.test)


def test_places_stay_on_one_side_whatever_their_site_numbers():
    site_days = monitors()
    place = site_days.place()
    assert place[0] == place[3]
    assert place[0] != place[-1]
    for fold in [*random_places(site_days, 5, 2), *held_out_places(site_days, 0.3, 2)]:
        assert not set(place[fold.train]) & set(place[fold.test])


@pytest.mark.parametrize(("longitude", "latitude"), [(-80.0, 40.00499), (179.9999, 0.0), (10.0, 85.0)])
def test_monitors_within_half_a_kilometre_are_one_place_wherever_degrees_are_rounded(longitude, latitude):
    site_days = read([(f"s{site}", 0, 1.0, 1.0) for site in range(5)])
    east = 0.4 / (111.2 * np.cos(np.radians(latitude)))  # degrees of 400 m
    east = (longitude + np.array([0, 1, 8, 8.5, 9]) * east + 180) % 360 - 180
    np.testing.assert_array_equal(replace(site_days, longitude=east, latitude=np.full(5, latitude)).place(),
                                  [0, 0, 1, 1, 1])


def test_a_dense_network_is_not_one_place():
    """Monitors 370 m from the next one, along 11 km."""
    longitude = np.arange(30) * 0.37 / 111.2
    group = groups_within(0.5, longitude, np.zeros(30))
    assert len(np.unique(group)) >= 15
    for number in np.unique(group):
        assert np.ptp(longitude[group == number]) * 111.2 <= 0.5


@pytest.mark.parametrize("offset", range(len(OFFSETS)))
@pytest.mark.parametrize("east", [45, 275])  # 275: across 180 degrees
def test_a_checkerboard_begins_at_its_region_wherever_that_lies(offset, east):
    site_days = monitors()
    moved = replace(site_days, longitude=(site_days.longitude + east + 180) % 360 - 180)
    for one, other in zip(checkerboard(site_days, 7.3, offset), checkerboard(moved, 7.3, offset)):
        np.testing.assert_array_equal(one.test, other.test)


@pytest.mark.parametrize("offset", range(len(OFFSETS)))
def test_a_buffer_keeps_training_places_away(offset):
    site_days = monitors()
    for fold in checkerboard(site_days, 8, offset, buffer_km=150):
        at = [(site_days.longitude[site_days.site[rows]], site_days.latitude[site_days.site[rows]])
              for rows in (fold.train, fold.test)]
        assert nearest_km(*at[0], *at[1]).min() >= 150


def test_what_cannot_be_divided_is_named():
    site_days = monitors(4)
    with pytest.raises(InputError, match="CELL_DEGREES: with 300 degrees one colour"):
        checkerboard(site_days, 300)
    with pytest.raises(InputError, match="BUFFER_KM: within 9000 km"):
        checkerboard(site_days, 8, 0, 9000)
    with pytest.raises(InputError, match="FOLDS: 5 folds were asked for, there are 3 places"):
        random_places(site_days, 5, 1)


def test_neighbours_are_of_the_same_day_and_never_of_the_same_place():
    site_days = monitors(40, 2)
    at = site_days.longitude[site_days.site], site_days.latitude[site_days.site], site_days.day
    found = find_neighbours(*at, Donors(*at, site_days.target.astype(float)), count=3)
    for row in range(len(site_days.site)):
        same = np.flatnonzero(site_days.day == site_days.day[row])
        distance = nearest_km(at[0][same], at[1][same], at[0][[row]], at[1][[row]])
        others = same[distance > ONE_PLACE_KM]
        nearest = others[np.argsort(distance[distance > ONE_PLACE_KM], kind="stable")[:3]]
        # Two sites at one position are equally near.
        np.testing.assert_allclose(np.sort(found.value[row]), np.sort(site_days.target[nearest]), rtol=1e-6)
        np.testing.assert_allclose(found.distance[row], np.sort(distance[distance > ONE_PLACE_KM])[:3])


def test_weights_of_neighbours_are_those_of_the_formulas():
    donors = Donors(np.array([0.0, 1.0]), np.zeros(2), np.zeros(2, np.int32), np.array([3.0, 9.0]))
    found = find_neighbours(np.array([0.25, 0.25]), np.zeros(2), np.array([0, 5], np.int32), donors, count=4)
    near, far = found.distance[0, :2]
    assert far / near == pytest.approx(3)
    assert found.inverse_distance(1)[0] == pytest.approx((3 / near + 9 / far) / (1 / near + 1 / far))
    weights = np.exp(-found.distance[0, :2] / 50)
    assert found.kernel_mean(50, 0.5)[0] == pytest.approx((weights @ [3, 9]) / (weights.sum() + 0.5))
    assert np.isnan(found.inverse_distance(1)[1])
    assert found.kernel_mean(50, 0.5)[1] == 0
