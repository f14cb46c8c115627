from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.compact_blocks import compact_blocks
from nocturne.algorithms.districts.evaluation import Score, evaluate, mean_estimates, scores, size_class
from nocturne.algorithms.districts.evaluation_report import city_groups, size_groups
from nocturne.algorithms.districts.evaluation_summary import rounds_text, score_text, summary
from nocturne.algorithms.districts.floors import floor_inputs, ridge_totals
from nocturne.algorithms.districts.rivals import REGRESSORS, regressor_totals
from nocturne.algorithms.districts.splits import make_rounds, too_few_rounds
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2


def places(districts: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform((110, 20), (115, 25), (districts, 2))


@pytest.mark.parametrize("split", ["blocked_folds", "random_folds"])
@settings(deadline=None, max_examples=15)
@given(districts=st.integers(2, 60), folds=st.integers(2, 12), seed=st.integers(0, 99), masked=st.integers(0, 5))
def test_folds_test_every_known_district_once(split: str, districts: int, folds: int, seed: int, masked: int) -> None:
    known = np.ones(districts, dtype=bool)
    known[:min(masked, districts - 2)] = False
    for folds_of_round in make_rounds(split, known, places(districts, seed), None, folds, 3, seed):
        tested = np.concatenate(folds_of_round)
        assert sorted(tested) == list(np.flatnonzero(known))
        assert all(len(fold) < known.sum() for fold in folds_of_round)


def test_holdouts_are_a_fifth_and_differ() -> None:
    rounds = make_rounds("holdout_712", np.ones(50, dtype=bool), places(50), None, 5, 20, 1)
    assert [len(fold) for each in rounds for fold in each] == [10] * 20
    assert len({tuple(each[0]) for each in rounds}) > 15


def test_few_holdouts_are_warned_of_and_one_round_has_no_spread() -> None:
    assert "3 rounds of holdout_712" in too_few_rounds("holdout_712", 3)
    assert not too_few_rounds("holdout_712", 20)
    assert not too_few_rounds("blocked_folds", 3)
    found = [Score("SemiGTX", "gdp", number, 9, *[value] * 6) for number, value in ((1, 0.5), (2, 0.5))]
    (one,), (two,) = ([score_text(*each["SemiGTX"]["gdp"]["r2"])] for each in (summary(found[:1]), summary(found)))
    assert (one, two) == ("0.5", "0.5 ± 0")
    assert "deviation" not in rounds_text(1)


def test_cities_are_left_out_whole() -> None:
    city = np.repeat(np.arange(4), 5)
    (folds,) = make_rounds("leave_city_out", np.ones(20, dtype=bool), places(20), city, 5, 3, 1)
    assert [set(city[fold]) for fold in folds] == [{0}, {1}, {2}, {3}]


def test_cities_are_needed_to_leave_them_out() -> None:
    with pytest.raises(InputError, match="CITY_FIELD"):
        make_rounds("leave_city_out", np.ones(20, dtype=bool), places(20), None, 5, 3, 1)


def test_one_known_district_is_too_few() -> None:
    with pytest.raises(InputError, match="1 districts have a total"):
        make_rounds("random_folds", np.arange(5) == 2, places(5), None, 5, 3, 1)


def test_blocked_folds_hold_neighbours() -> None:
    centres = places(64)
    (blocked,), (random,) = (make_rounds(split, np.ones(64, dtype=bool), centres, None, 4, 1, 1)
                             for split in ("blocked_folds", "random_folds"))

    def spread(folds: list[np.ndarray]) -> float:
        return float(np.mean([centres[fold].std(axis=0).mean() for fold in folds]))

    assert spread(blocked) < 0.7 * spread(random)


def test_blocks_are_of_equal_size() -> None:
    assert list(np.bincount(compact_blocks(places(32), 3))) == [4] * 8


def test_scores_of_known_estimates() -> None:
    totals = np.array([[1.0], [2.0], [3.0], [np.nan]])
    found = np.array([[1.0], [2.0], [4.0], [9.0]])
    evaluation = evaluate({"ours": lambda folds, seed, progress: found}, [[np.arange(4)]], totals,
                          np.array([1.0, 1.0, 2.0, 1.0]), ["gdp"], 1, Progress())
    (score,) = scores(evaluation)
    assert (score.districts, score.r2, score.mae, score.mse) == (3, 0.5, pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert score.mae_per_unit == pytest.approx(1 / 6)


def test_rounds_have_their_own_seeds_and_are_averaged_over() -> None:
    totals = np.arange(4.0)[:, None]
    evaluation = evaluate({"seed": lambda folds, seed, progress: np.where(
        np.isin(np.arange(4), folds[0])[:, None], float(seed), np.nan)}, [[np.array([0, 1])], [np.array([1, 2])]],
        totals, np.ones(4), ["gdp"], 7, Progress())
    assert np.array_equal(mean_estimates(evaluation, "seed")[:, 0], [7, 7.5, 8, np.nan], equal_nan=True)


def test_size_classes_are_thirds() -> None:
    assert list(size_class(np.array([9.0, 1, 2, np.nan, 5, 6, 10]))) == [2, 0, 0, -1, 1, 1, 2]


def test_the_floor_of_units_finds_totals_that_follow_them() -> None:
    district = np.repeat(np.arange(30), np.arange(1, 31))
    features = np.random.default_rng(1).normal(size=(len(district), 3))
    totals = (np.bincount(district) * 7.0)[:, None]
    (folds,) = make_rounds("random_folds", np.ones(30, dtype=bool), places(30), None, 5, 1, 1)
    no_flows = sp.csr_matrix((len(district), len(district)))
    found = ridge_totals(floor_inputs(features, no_flows, district, 30)["number of units"], totals, folds)
    assert np.corrcoef(found[:, 0], totals[:, 0])[0, 1] > 0.95


def test_the_floor_of_flows_finds_totals_that_follow_what_arrives() -> None:
    generator, district = np.random.default_rng(1), np.repeat(np.arange(30), 4)
    flows = generator.poisson(generator.gamma(0.5, 4, 120), (120, 120)) * (1 - np.eye(120))
    totals = np.bincount(district, flows.sum(axis=0))[:, None]
    inputs = floor_inputs(generator.normal(size=(120, 3)), sp.csr_matrix(flows), district, 30)
    blocks = flows.reshape(30, 4, 30, 4).sum(axis=(1, 3))
    within = np.diag(blocks)
    np.testing.assert_allclose(inputs["sums of flows"], np.log1p(np.column_stack(
        (np.full(30, 3), blocks.sum(axis=0) - within, blocks.sum(axis=1) - within, within))))
    (folds,) = make_rounds("random_folds", np.ones(30, dtype=bool), places(30), None, 5, 1, 1)
    assert r2(totals, ridge_totals(inputs["sums of flows"], totals, folds)) > 0.8 > r2(
        totals, ridge_totals(inputs["number of units"], totals, folds))
    assert "sums of flows" not in floor_inputs(np.zeros((120, 1)), sp.csr_matrix((120, 120)), district, 30)


def test_masked_totals_dont_move_the_floor() -> None:
    inputs, totals = places(20), np.arange(20.0)[:, None]
    changed = totals.copy()
    changed[:4] = 1e6
    folds = [np.arange(4)]
    assert np.array_equal(ridge_totals(inputs, totals, folds), ridge_totals(inputs, changed, folds), equal_nan=True)


@pytest.mark.parametrize("name", REGRESSORS)
def test_rivals_learn_what_is_there_and_never_see_tested_totals(name: str) -> None:
    generator = np.random.default_rng(2)
    inputs, counts = generator.normal(size=(40, 3)), generator.integers(1, 9, 40).astype(float)
    totals = (counts * (3 + inputs[:, 0]).clip(0) ** 2)[:, None]
    inputs[5, 2] = np.nan
    (folds,) = make_rounds("random_folds", np.ones(40, dtype=bool), places(40), None, 3, 1, 1)
    found = regressor_totals(name, inputs, totals, counts, folds, 1)
    assert r2(totals, found) > 0.5
    changed = totals.copy()
    changed[folds[0]] = np.nan
    assert np.array_equal(found[folds[0]], regressor_totals(name, inputs, changed, counts, folds[:1], 1)[folds[0]])


def test_groups_are_thirds_of_each_target_and_of_cities_by_units() -> None:
    totals = np.column_stack((np.arange(9.0), np.arange(9.0)[::-1]))
    first, second = size_groups(totals)
    assert list(np.flatnonzero(first["small"])) == [0, 1, 2] == list(np.flatnonzero(second["large"]))
    groups = city_groups(np.array([0, 0, 1, 1, 2]), np.array([1.0, 1, 3, 3, 20]))
    assert {name: list(np.flatnonzero(inside)) for name, inside in groups.items()} == {
        "small cities": [0, 1], "middle cities": [2, 3], "large cities": [4]}
