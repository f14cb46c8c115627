"""What totals do besides calendar and light is read from other months, and light from what is no lamp."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nocturne.algorithms.industry.calendar_terms import calendar_terms
from nocturne.algorithms.industry.course import GAIN_SPREAD, NO_COURSE, USUAL_MEMORY, Course, fit_course
from nocturne.algorithms.industry.factory_shares import MOST_RAISED, UNLISTED, open_shares
from nocturne.algorithms.industry.light_signals import LightChanges, _drift
from nocturne.algorithms.industry.swing_gains import Rows
from nocturne.algorithms.industry.swings import factory_swings
from nocturne.algorithms.industry.zones import NOWHERE
from nocturne.algorithms.progress import Progress
from scipy.signal import lfilter

MONTHS = np.arange(96, dtype=np.int32) + 12 * 2014


def rows_of(target: np.ndarray, chosen: np.ndarray, length: int = 1) -> Rows:
    """Rows of so many months each, of which all are chosen; target: logarithm by month."""
    starts = np.arange(0, len(MONTHS), length)
    starts = starts[[chosen[start:start + length].all() for start in starts]]
    weights = np.zeros((len(starts), len(MONTHS)))
    for row, start in zip(weights, starts):
        row[start:start + length] = 1 / length
    first = MONTHS[starts]
    return Rows(np.zeros(len(starts), np.int32), first, first + length - 1, np.exp(weights @ target),
                np.ones(len(starts)), weights, weights @ calendar_terms(MONTHS, int(MONTHS[0])),
                np.zeros((len(starts), 1, 3)))


def fitted(target: np.ndarray, chosen: np.ndarray, length: int = 1) -> Course:
    rows = rows_of(target, chosen, length)
    return fit_course(rows, MONTHS, np.zeros(len(rows.zone)), GAIN_SPREAD, np.ones(len(rows.zone)))[0]


@pytest.fixture(scope="module")
def wandering() -> np.ndarray:
    numbers = np.random.default_rng(3)
    values = np.zeros(len(MONTHS))
    for month in range(1, len(values)):
        values[month] = 0.95 * values[month - 1] + 0.02 * numbers.standard_normal()
    return values


@pytest.mark.parametrize("length", [1, 3])
def test_months_without_totals_lie_between_their_neighbours(wandering, length):
    chosen = np.ones(len(MONTHS), bool)
    for start in range(9, 90, 18):
        chosen[start:start + 3] = False
    season = 0.1 * np.sin(2 * np.pi * MONTHS / 12)
    found = fitted(wandering + season + 2, chosen, length)
    hidden = wandering[~chosen] - wandering.mean()
    left = hidden - (found.at(MONTHS)[~chosen] - found.at(MONTHS).mean())
    assert (left**2).mean() < 0.6 * (hidden**2).mean()


def test_totals_that_follow_the_calendar_have_no_course():
    target = 3 + 0.03 * (MONTHS - MONTHS[0]) / 12 + 0.1 * np.cos(2 * np.pi * MONTHS / 12)
    target += 0.005 * np.random.default_rng(0).standard_normal(len(MONTHS))
    assert np.abs(fitted(target, np.ones(len(MONTHS), bool)).at(MONTHS)).max() < 0.02


def test_the_memory_found_lies_between_a_planted_one_and_the_usual():
    noise, every = np.random.default_rng(7).standard_normal((10, 100 + len(MONTHS))), np.ones(len(MONTHS), bool)
    for memory in (0.5, 0.97):
        series = lfilter([0.1 * np.sqrt(1 - memory**2)], [1, -memory], noise, axis=1)[:, 100:]
        found = np.mean([fitted(each, every).memory for each in series])
        assert abs(found - USUAL_MEMORY) > 0.02
        assert min(memory, USUAL_MEMORY) < found < max(memory, USUAL_MEMORY)


def test_what_lasts_at_the_end_is_carried_on_and_fades():
    target = np.where(np.arange(len(MONTHS)) >= 70, 0.2, 0.0)
    known = np.arange(len(MONTHS)) < 84
    found = fitted(target + 0.01 * np.random.default_rng(0).standard_normal(len(MONTHS)), known)
    ahead = found.at(MONTHS[~known])
    assert ahead[0] > 0.03  # the rest is taken for growth
    assert (np.diff(ahead) < 0).all()
    assert abs(found.at(MONTHS[-1:] + 600)[0]) < 1e-3


def test_light_that_explains_totals_leaves_no_course(wandering):
    rows = rows_of(wandering, np.ones(len(MONTHS), bool))
    course, gain = fit_course(rows, MONTHS, wandering, GAIN_SPREAD, np.ones(len(MONTHS)))
    assert np.abs(course.at(MONTHS)).max() < 0.02
    assert gain == pytest.approx(1, abs=0.1)
    against = fit_course(rows, MONTHS, -wandering, 10.0, np.ones(len(MONTHS)))[1]
    assert against < -0.5  # a free gain follows the totals


def test_no_course_is_nothing_at_any_month():
    assert not NO_COURSE.at(np.array([-5, 0, 7], np.int32)).any()


def changes(values: np.ndarray) -> LightChanges:
    numbers = np.random.default_rng(5)
    noisy = values + 0.05 * numbers.standard_normal(values.shape)
    drift = np.where(np.abs(values[:, -1]) > 0.1, 0.2, 0.03)
    return LightChanges(noisy, np.full(values.shape, 0.05**2), np.full(len(values), 20.0), np.ones(len(values), bool),
                        drift)


def test_lamps_that_change_are_drift_and_a_dip_of_all_is_a_swing():
    light = np.zeros((60, 96))
    light[:, 50:56] -= 0.06
    dip = factory_swings(changes(light), np.zeros(60, np.intp), Progress()).mean(axis=0)
    light[:20, 40:] -= 0.25
    lamps = factory_swings(changes(light), np.zeros(60, np.intp), Progress()).mean(axis=0)
    assert dip[50:56].mean() < -0.1
    assert np.abs(lamps - dip).max() < 0.5 * 0.25 * 20 / 60 / 0.3  # half of what a mean of all would make of it


def test_factories_that_nobody_lists_stay_open():
    is_open = np.array([[True, True, False], [True, False, False], [True, True, True]])
    shares = open_shares(np.array([0.5, 0.3, 0.2]), is_open, np.ones(3, bool), np.array([0, 0, NOWHERE], np.int32))
    assert shares[:, 0] == pytest.approx([0.5, 0.3, 0.2])
    assert shares[0, 1] == pytest.approx((0.5 + UNLISTED * 0.8) / (1 + UNLISTED))
    assert not shares[:2, 2].any()
    assert shares[2] == pytest.approx([0.2] * 3)


def test_the_last_digits_of_totals_change_no_course(wandering):
    chosen = np.ones(len(MONTHS), bool)
    one, other = fitted(wandering, chosen), fitted(wandering * (1 + 1e-13), chosen)
    assert one.memory == other.memory
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=1e-12)


def test_factories_that_open_later_do_not_raise_the_months_before():
    is_open = np.array([[True, True, True], [False, False, True]])
    shares = open_shares(np.array([1, 0.25]), is_open, np.array([True, True, False]), np.zeros(2, np.int32))
    assert shares[0, :2] == pytest.approx(1)
    assert shares[:, 2].sum() == pytest.approx((1.25 + UNLISTED) / (1 + UNLISTED))


def test_a_small_factory_does_not_stand_for_all_that_nobody_lists():
    is_open = np.array([[False, True], [False, True], [True, True]])
    shares = open_shares(np.array([0.5, 0.5, 1e-6]), is_open, np.ones(2, bool), np.zeros(3, np.int32))
    assert shares[2, 0] == pytest.approx(MOST_RAISED * 1e-6)


def test_a_zone_with_few_totals_leaves_the_others_together():
    rows = rows_of(np.zeros(len(MONTHS)), np.ones(len(MONTHS), bool))
    short = rows.select(np.arange(len(MONTHS)) >= 84)
    parts = (rows, replace(rows, zone=rows.zone + 1), replace(short, zone=short.zone + 2))
    together = Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__dataclass_fields__))
    whole = together.of_all_zones()
    assert whole.value == pytest.approx(np.full(len(MONTHS), 2))
    apart = together.select((together.zone == 0) & (together.first < MONTHS[30])
                            | (together.zone == 1) & (together.first > MONTHS[50]))
    assert set(apart.of_all_zones().zone) == {1}


@pytest.mark.parametrize("months", [96, 97, 103])
def test_noise_is_no_drift_however_long_the_stack(months):
    numbers = np.random.default_rng(2)
    values = 0.15 * numbers.standard_normal((200, months))
    assert np.median(_drift(values)) < 0.1
    values[numbers.random(values.shape) < 0.4] = np.nan
    assert np.median(_drift(values)) < 0.13
