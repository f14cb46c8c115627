"""Conformal quantiles: exact ranks, and the coverage that they promise."""
from __future__ import annotations

import numpy as np
import pytest
from nocturne.algorithms.conformal import blocked_quantile, conformal_quantile, coverage


def test_the_rank_is_that_of_one_case_more():
    assert conformal_quantile(np.arange(1, 10)) == 9
    assert conformal_quantile(np.arange(1, 20)) == 18
    assert np.isinf(conformal_quantile(np.arange(8)))
    assert np.isinf(conformal_quantile([]))


def test_blocks_of_one_case_are_plain_conformal():
    scores = np.random.default_rng(1).normal(size=57)
    assert blocked_quantile(scores, np.arange(57)) == conformal_quantile(scores)


def test_a_large_block_counts_as_one():
    scores, blocks = np.r_[np.arange(1.0, 20), np.full(1000, 1000.0)], np.r_[np.arange(19), np.full(1000, 19)]
    assert blocked_quantile(scores, blocks) == 19
    assert conformal_quantile(scores) == 1000


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_new_blocks_are_covered_as_promised(spread):
    numbers = np.random.default_rng(2)
    hits = []
    for _ in range(400):
        shared = spread * numbers.normal(size=(41, 1))
        scores = np.abs(shared + numbers.normal(size=(41, 5)))
        quantile = blocked_quantile(scores[:40], np.repeat(np.arange(40), 5))
        hits.append((scores[40] <= quantile).mean())
    assert np.mean(hits) == pytest.approx(0.9, abs=0.03)


def test_coverage_counts_known_truths():
    assert coverage([1, 2, np.nan, 4], [0, 2, 0, 5], [1, 3, 9, 6]) == pytest.approx(2 / 3)
