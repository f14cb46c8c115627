"""Training of the estimator of output: folds, baselines, floors, negative controls, scores, intervals, report."""
from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.industry.blocked_intervals import blocked_intervals
from nocturne.algorithms.industry.calendar_terms import calendar_terms, terms_left_out, terms_told
from nocturne.algorithms.industry.cross_estimates import (
    ESTIMATE,
    GRID,
    MONTH_ONLY,
    SHUFFLED,
    Case,
    cross_estimates,
    protocol_folds,
)
from nocturne.algorithms.industry.estimator import fit_estimator
from nocturne.algorithms.industry.floors import FOREST, LIGHT_SUM, floor_estimates
from nocturne.algorithms.industry.gvio_scores import BASELINES, REGION, ZONES, score_methods
from nocturne.algorithms.industry.labels import WHOLE, Labels
from nocturne.algorithms.industry.months import WORKING_DAYS, calendar_covariates
from nocturne.algorithms.industry.negative_controls import shuffled_patches, without_months
from nocturne.algorithms.industry.no_light import HOLIDAYS, LAST_YEAR, TREND, no_light_estimates
from nocturne.algorithms.industry.region_labels import whole_region
from nocturne.algorithms.industry.settings import DAYS, GvioSettings
from nocturne.algorithms.industry.time_folds import (
    BLOCKED,
    FORWARD,
    ZONES_LEFT_OUT,
    blocked_folds,
    forward_folds,
    zone_folds,
)
from nocturne.algorithms.industry.train_gvio import train_case
from nocturne.algorithms.industry.training_report import (
    headline,
    is_light_sharing,
    metrics,
    row_fields,
    rows,
    write_metrics,
    write_report,
)
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import simulate_region
from nocturne.benchmarks.gvio_region import region_case
from nocturne.tests.heard import Heard

JANUARY = 12 * 2014
RESOURCES = Resources(threads=1)
QUICK = GvioSettings(members=2, network=False)


def monthly(months, zones=1, joined=True, value=None, start=JANUARY):
    """Labels of every zone and month; joined: January and February together."""
    spans = []
    month = start
    while month < start + months:
        last = month + 1 if joined and month % 12 == 0 else month
        spans.append((month, last))
        month = last + 1
    first, last = np.array(spans, np.int32).T
    count = len(first)
    zone = np.repeat(np.arange(zones, dtype=np.int32), count)
    sums = np.ones(zones * count) if value is None else np.tile(value(first, last), zones) * (1 + zone)
    names = (WHOLE,) if zones == 1 else tuple(f"Z{number}" for number in range(zones))
    return Labels(zone, np.tile(first, zones), np.tile(last, zones), sums, names)


def spans(length, months=36):
    first = np.arange(JANUARY, JANUARY + months, length, dtype=np.int32)
    return first, first + np.int32(length - 1)


@pytest.fixture(scope="module")
def case() -> Case:
    return region_case(simulate_region(2, months=48, cells=48))


# Folds


@settings(deadline=None, max_examples=30)
@given(st.integers(37, 110), st.integers(0, 11), st.integers(1, 7), st.booleans())
def test_months_around_a_block_are_never_learnt_from(months, start, zones, joined):
    labels = monthly(months, zones, joined, start=JANUARY + start)
    blocked, forward = blocked_folds(labels, 11), forward_folds(labels, 11)
    assert (sum(fold.test.astype(int) for fold in blocked) == 1).all(), "every label is tested once"
    for fold in blocked:
        begin, end = labels.first[fold.test].min(), labels.last[fold.test].max()
        assert ((labels.last < begin - 1) | (labels.first > end + 1))[fold.train].all()
        assert end - begin >= 10
    assert forward
    assert all(labels.last[fold.train].max() < labels.first[fold.test].min() for fold in forward)
    left_out = zone_folds(labels, 11, seed=1)
    assert bool(left_out) == (zones >= 5)
    for fold in left_out:
        held = np.unique(labels.zone[fold.test])
        assert len(held) >= 0.2 * zones
        assert not np.isin(labels.zone[fold.train], held).any()
    if left_out:
        assert set(labels.zone[np.any([fold.test for fold in left_out], axis=0)]) == set(range(zones))


def test_folds_with_too_little_to_learn_from_are_left_out():
    assert blocked_folds(monthly(24), 24) == []
    assert [fold.number for fold in forward_folds(monthly(60), 24)] == [1, 2, 3]
    assert [folds[0].protocol for folds in protocol_folds(monthly(60, 5), 1)] == [BLOCKED, FORWARD, ZONES_LEFT_OUT]


# Baselines


def test_baselines_find_what_they_assume():
    def growing(first, last):
        return np.array([sum(np.exp(0.05 * (m - JANUARY) / 12 + 0.1 * np.sin(2 * np.pi * m / 12))
                             for m in range(a, b + 1)) for a, b in zip(first, last)])

    labels = monthly(72, zones=2, value=growing)
    fold = blocked_folds(labels, 24)[2]
    found = no_light_estimates(labels, fold.train, np.ones(2))
    assert tuple(found) == BASELINES
    np.testing.assert_allclose(found[TREND][fold.test], labels.value[fold.test], rtol=2e-3)
    np.testing.assert_allclose(found[HOLIDAYS][fold.test], labels.value[fold.test], rtol=5e-3)
    january = fold.test & (labels.last % 12 == 5)
    np.testing.assert_allclose(found[LAST_YEAR][january], labels.value[january] * np.exp(-0.05), rtol=1e-6)


def test_a_zone_that_was_left_out_gets_as_much_per_size_as_the_others():
    labels = monthly(48, zones=5, joined=False, value=lambda first, last: 3.0 + 0 * first)  # zone n has 3 (n + 1)
    train = labels.zone != 4
    found = no_light_estimates(labels, train, np.array([1.0, 2, 3, 4, 10]))
    for estimates in found.values():
        np.testing.assert_allclose(estimates[~train], 30, rtol=1e-6)


def test_labels_of_zero_do_not_spoil_the_trend():
    labels = monthly(60, value=lambda first, last: (last - first + 1.0) * (first != JANUARY + 20))
    estimates = no_light_estimates(labels, np.ones(len(labels), bool), np.ones(1))
    np.testing.assert_allclose(estimates[TREND][labels.first == JANUARY + 30], 1, rtol=1e-6)


# Terms of the calendar


def test_months_tell_all_terms_and_longer_totals_those_that_differ_in_them():
    joined, quarters = monthly(36), monthly(36, joined=False)
    assert terms_told(joined.first, joined.last).all()
    assert terms_left_out(joined.first, joined.last) == ""
    both = [np.concatenate(pair) for pair in zip(spans(3), (quarters.first[:1] + 36, quarters.last[:1] + 36))]
    for first, last in (spans(3), both):
        assert terms_told(first, last).tolist() == [True, True, True, False, False, True, False, False, False]
        assert terms_told(first, last, "both").tolist() == [True, True, True, False, False, True, *(False,) * 4]
        assert "2 of 3 waves of the year, the Spring Festival" in terms_left_out(first, last)
    for length, count in ((1, 9), (2, 6), (4, 4), (6, 2), (12, 2)):
        assert terms_told(*spans(length)).sum() == count
    assert "sums of 12 months: all waves of the year" in terms_left_out(*spans(12))
    mixed = [np.concatenate(pair) for pair in zip(spans(12), (joined.first + 36, joined.last + 36))]
    assert terms_told(*mixed).all(), "a few years of months tell the season of all"


@pytest.mark.parametrize("days", DAYS)
def test_days_that_were_planted_are_found_where_they_are_asked_for(case, days):
    """4 % more is made for each working day above the mean month's."""
    samples = case.sample(np.ones(len(case.months), bool), Progress())
    more = 0.04 * (calendar_covariates(case.labels.first)[:, 0] - WORKING_DAYS)
    single = case.labels.first == case.labels.last
    labels = replace(case.labels, value=case.labels.value * np.exp(np.where(single, more, 0)))
    model = fit_estimator(samples, case.traits, labels, GvioSettings(members=1, network=False, days=days), Progress())
    terms = calendar_terms(model.months, int(model.months[0]), days)
    assert model.calendar.shape[2] == terms.shape[1] == 8 + len(DAYS[days])
    if "working_days" in DAYS[days]:
        column = 8 + DAYS[days].index("working_days")
        assert model.calendar[0, -1, column] == pytest.approx(5 * 0.04, rel=0.25)


# Floors and negative controls


def test_floors_estimate_months_that_were_left_out(case):
    labels, fold = case.labels, blocked_folds(case.labels, 24)[1]
    samples = case.sample(case.covered(labels.select(fold.train)), Progress())
    expected = no_light_estimates(labels, fold.train, np.ones(6))[HOLIDAYS]
    found = floor_estimates(samples, case.traits, labels, fold.train, expected, 1, RESOURCES, Progress())
    noisy = labels.value * np.where(fold.train, 1, 100)
    again = floor_estimates(samples, case.traits, replace(labels, value=noisy), fold.train, expected, 1, RESOURCES,
                            Progress())
    for method in (FOREST, LIGHT_SUM):
        assert np.array_equal(found[method], again[method]), "labels of the test are never looked at"
        assert np.corrcoef(found[method][fold.test], labels.value[fold.test])[0, 1] > 0.9


def test_shuffling_moves_patches_within_a_month_and_nothing_else(case):
    samples = case.sample(np.ones(48, bool), Progress())
    shuffled, every = shuffled_patches(samples, 1), np.arange(len(samples.factories))
    for month in (0, 30):
        at = np.full(len(every), month)
        mine, theirs = (np.sort(np.nansum(each.patches(every, at), axis=(1, 2))) for each in (samples, shuffled))
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)
        assert np.array_equal(samples.weights(every, at), shuffled.weights(every, at))
    pairs = [np.nansum(each.patches(every, np.full(len(every), 3)), axis=(1, 2)) for each in (samples, shuffled)]
    assert (pairs[0] != pairs[1]).mean() > 0.9
    assert np.array_equal(shuffled.light, shuffled_patches(samples, 1).light, equal_nan=True)


def test_without_months_light_is_the_reference_s_mean(case):
    samples, reference = case.sample(np.ones(48, bool), Progress()), np.arange(48) < 30
    still = without_months(samples, reference)
    np.testing.assert_allclose(still.light[:-1, 40], np.nanmean(samples.light[:-1, :30], axis=1), rtol=1e-4)
    assert (still.region.values == still.region.values[:1]).all()


# Scores and intervals


def test_scores_are_zero_for_the_best_baseline_and_one_for_the_truth():
    labels = monthly(36, joined=False, value=lambda first, last: 10 + np.sin(first) + (first - JANUARY) / 5)
    estimates = {ESTIMATE: labels.value.copy(), TREND: labels.value + 1, LAST_YEAR: labels.value + 2.0,
                 GRID: np.full(36, np.nan)}
    estimates[LAST_YEAR][:12] = np.nan
    scores = score_methods(labels, estimates)
    assert scores[ESTIMATE].skill == pytest.approx(1)
    assert scores[ESTIMATE].r2_change == pytest.approx(1)
    assert scores[TREND].skill == pytest.approx(0)
    assert scores[LAST_YEAR].skill == pytest.approx(-3)
    assert scores[ESTIMATE].cases == 24, "all are judged on what all have"
    assert np.isnan(scores[GRID].r2)


def test_the_region_is_the_sum_of_zones_in_periods_that_all_have():
    labels = monthly(24, zones=3, joined=False)
    labels = labels.select(~((labels.zone == 1) & (labels.first == JANUARY + 5)))
    whole, members = whole_region(labels)
    assert len(whole) == 23
    np.testing.assert_array_equal(whole.value, np.full(23, 3.0))
    assert (np.sort(labels.zone[members], axis=1) == np.arange(3)).all()
    assert (labels.first[members] == whole.first[:, None]).all()


def test_intervals_hold_what_they_promise():
    numbers = np.random.default_rng(3)
    labels = monthly(240, zones=4, joined=False, value=lambda first, last: 50.0 + 0 * first)
    relative = numbers.uniform(0.01, 0.1, len(labels))
    estimates = labels.value * np.exp(relative * numbers.standard_normal(len(labels)))
    fold = ((labels.first - JANUARY) // 12 + 1).astype(np.int32)
    found = blocked_intervals(labels, estimates, relative * estimates, fold)
    assert found.cases == len(labels)
    assert 0.87 < found.coverage < 0.93
    assert found.quantile == pytest.approx(1.645, rel=0.1)
    assert not np.isfinite(blocked_intervals(labels, estimates, 0 * estimates, fold).quantile), "one member"


# Together


@pytest.fixture(scope="module")
def trained(case):
    return train_case(case, QUICK, RESOURCES, "cpu", Progress())


def test_training_tries_every_protocol_and_says_what_it_found(trained, tmp_path):
    case = trained.case
    assert list(trained.found) == [BLOCKED, FORWARD, ZONES_LEFT_OUT]
    assert set(trained.scores[BLOCKED]) == {REGION, ZONES}
    assert {ESTIMATE, GRID, MONTH_ONLY, SHUFFLED, FOREST, LIGHT_SUM, *BASELINES} == set(trained.found[BLOCKED].values)
    assert set(headline(trained)) == {"R2_ESTIMATE", "R2_GRID", "SKILL", "R2_FOREST", "R2_BASELINE"}
    assert headline(trained)["R2_ESTIMATE"] == trained.scores[BLOCKED][REGION][ESTIMATE].r2
    assert trained.estimator.interval_quantile == trained.intervals[BLOCKED].quantile
    assert trained.estimator.months[-1] == case.months[-1], "the model has learnt from all months in the end"
    listed = list(rows(trained))
    assert {len(row) for row in listed} == {len(row_fields())}
    assert sum(row[0] == BLOCKED for row in listed) == len(case.labels)
    write_report(str(tmp_path / "r.html"), trained)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert ("hardly falls" in page) == bool(is_light_sharing(trained))
    assert len(re.findall("hardly falls|depend on which factory|no skill to lose", page)) == 1
    assert page.count("data:image/png") == 1
    write_metrics(str(tmp_path / "m.json"), trained)
    assert json.loads((tmp_path / "m.json").read_text()) == json.loads(json.dumps(metrics(trained)))


@pytest.mark.parametrize(("estimate", "month_only", "shuffled", "verdict", "phrase"), [
    (0.5, 0.1, 0.1, False, "depend on which factory the light belongs to"),
    (0.5, 0.1, 0.48, True, "hardly falls"),
    (-0.2, 0.1, 0.4, True, "hardly falls"),
    (-1.0, 0.19, -1.2, None, "no skill to lose"),
    (-0.1, -0.5, -1.2, None, "no skill to lose"),
    (0.15, 0.2, 0.0, None, "no skill to lose")])
def test_only_skill_beyond_the_month_index_is_taken_for_learning(trained, tmp_path, estimate, month_only, shuffled,
                                                                 verdict, phrase):
    scores = dict(trained.scores[BLOCKED][REGION])
    for method, skill in ((ESTIMATE, estimate), (MONTH_ONLY, month_only), (SHUFFLED, shuffled)):
        scores[method] = replace(scores[method], skill=skill)
    planted = replace(trained, scores={**trained.scores, BLOCKED: {REGION: scores}})
    assert is_light_sharing(planted) is verdict
    assert metrics(planted)["light_sharing_only"] is verdict
    write_report(str(tmp_path / "r.html"), planted)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert re.findall("hardly falls|depend on which factory the light belongs to|no skill to lose", page) == [phrase]


def test_test_months_leak_into_nothing(case):
    """Labels of the test, and light of its months that no estimate needs, may be anything."""
    fold = blocked_folds(case.labels, 24)[2]
    noisy = replace(case.labels, value=np.where(fold.test, 7 * case.labels.value, case.labels.value))
    one, other = (cross_estimates(each, [fold], QUICK, RESOURCES, "cpu", Progress())
                  for each in (case, replace(case, labels=noisy)))
    for method, values in one.values.items():
        assert np.array_equal(values, other.values[method], equal_nan=True), method


def test_two_years_can_be_learnt_from_without_any_trial(case):
    labels = case.labels.select(case.labels.last < JANUARY + 24)
    trained = train_case(replace(case, labels=labels), QUICK, RESOURCES, "cpu", Progress())
    assert not trained.found
    assert headline(trained) == {}
    assert is_light_sharing(trained) is None
    assert np.isnan(trained.estimator.interval_quantile)
    with pytest.raises(InputError, match="24 months"):
        train_case(replace(case, labels=labels.select(labels.last < JANUARY + 20)), QUICK, RESOURCES, "cpu",
                   Progress())


def test_totals_of_years_say_which_terms_are_left_out(case, tmp_path):
    first, last = spans(12, 24)
    inside = (case.labels.zone == 0) & (case.labels.last < JANUARY + 24)
    value = np.bincount((case.labels.first[inside] - JANUARY) // 12, case.labels.value[inside])
    labels = Labels(np.zeros(2, np.int32), first, last, value, case.labels.zones)
    heard = Heard()
    trained = train_case(replace(case, labels=labels), QUICK, RESOURCES, "cpu", heard)
    said = terms_left_out(first, last)
    assert heard.texts.count(said) == 1
    write_report(str(tmp_path / "r.html"), trained)
    assert "all waves of the year, the Spring Festival" in (tmp_path / "r.html").read_text("utf-8")


def test_totals_and_sizes_of_zero_are_said(case):
    short = case.labels.select(case.labels.last < JANUARY + 24)
    value = np.where((short.zone == 0) | ((short.zone == 2) & (short.first == JANUARY + 5)), 0, short.value)
    size = np.where(case.traits.zone == 1, 0, case.traits.size)
    heard, one = Heard(), short.zones[1]
    train_case(replace(case, labels=replace(short, value=value), traits=replace(case.traits, size=size)), QUICK,
               RESOURCES, "cpu", heard)
    count = int((value == 0).sum())
    assert (f"VALUE_FIELD: {count} of {len(short)} totals are 0 and don't enter the fit, which is one of logarithms; "
            f"zones that have no other get an output of 0 ({short.zones[0]}).") in heard.texts
    assert f"WEIGHT_FIELD: all factories have the size 0 in {one}; totals there can't be learnt from." in heard.texts
    with pytest.raises(InputError, match="VALUE_FIELD: all 132 totals are 0; give totals above 0"):
        train_case(replace(case, labels=replace(short, value=0 * value)), QUICK, RESOURCES, "cpu", heard)
    heard = Heard()
    train_case(replace(case, labels=short), QUICK, RESOURCES, "cpu", heard)
    assert not [text for text in heard.texts if "VALUE_FIELD" in text or "WEIGHT_FIELD" in text]
