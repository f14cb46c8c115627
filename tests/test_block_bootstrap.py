"""Intervals by blocks of places."""
from __future__ import annotations

import numpy as np
import pytest
from nocturne.algorithms.air_quality.block_bootstrap import BlockDraws, blocks_of, joint_level


def test_intervals_of_differences_hold_as_often_as_they_say():
    """Two models with equal errors but for chance, which blocks share: 95 % of the intervals hold 0."""
    held = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        block = np.repeat(np.arange(40), 10)
        truth = generator.normal(0, 3, 400)
        errors = np.array([(generator.normal(size=40)[block] + generator.normal(size=400)) ** 2 for _ in range(2)])
        held += not BlockDraws(truth, errors, block, 1).difference(0, 1).excludes_zero
    assert 53 <= held <= 60


def test_a_difference_that_every_block_has_is_found():
    generator = np.random.default_rng(1)
    truth, block = generator.normal(size=300), np.repeat(np.arange(30), 10)
    errors = np.array([np.full(300, 0.2), np.full(300, 0.3)])
    found = BlockDraws(truth, errors, block, 1)
    assert found.difference(0, 1).value == pytest.approx(0.1 / truth.var())
    assert found.difference(0, 1, joint_level(range(20))).low > 0
    assert found.r2(0).value == pytest.approx(1 - 0.2 / truth.var())


@pytest.mark.parametrize(("blocks", "told"), [(9, False), (10, True)])
def test_fewer_than_ten_blocks_give_no_interval(blocks, told):
    block = np.repeat(np.arange(blocks), 10)
    truth = np.random.default_rng(1).normal(size=len(block))
    found = BlockDraws(truth, np.array([np.full(len(block), 0.2), np.full(len(block), 0.3)]), block, 1)
    assert found.difference(0, 1).value == pytest.approx(0.1 / truth.var())
    for each in (found.r2(0), found.difference(0, 1)):
        assert np.isfinite((each.low, each.high)).tolist() == [told, told]
        assert (each.in_words() == "no interval") != told
    assert found.difference(0, 1).excludes_zero == told


def test_blocks_are_cells_of_two_degrees():
    assert blocks_of(np.array([-0.5, 0.5, 1.9, 2.1]), np.zeros(4)).tolist() == [0, 1, 1, 2]
