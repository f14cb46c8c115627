"""Laplacian and random-walk encodings on graphs whose encodings are known."""
from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from nocturne.algorithms.districts import positional_encodings
from nocturne.algorithms.districts.positional_encodings import laplacian_encoding, return_probabilities


def directed_ring(units=6):
    flows = np.zeros((units, units))
    flows[np.arange(units), (np.arange(units) + 1) % units] = 3
    return flows


def star(leaves=5):
    flows = np.zeros((leaves + 1, leaves + 1))
    flows[0, 1:] = flows[1:, 0] = 2
    return flows


def test_directed_ring():
    found = laplacian_encoding(directed_ring(), 5)
    expected = np.sort(1 - np.cos(2 * np.pi * np.arange(6) / 6))[1:]
    np.testing.assert_allclose(found.values, np.tile(expected, (6, 1)), atol=1e-12)
    returns = return_probabilities(directed_ring(), 12)
    np.testing.assert_array_equal(returns, np.tile((np.arange(1, 13) % 6 == 0) * 1.0, (6, 1)))


def test_star():
    found = laplacian_encoding(star(), 10)
    np.testing.assert_allclose(found.values[0, :5], [1, 1, 1, 1, 2], atol=1e-12)
    assert found.present[:, :5].all()
    assert not found.present[:, 5:].any()
    returns = return_probabilities(star(), 4)
    np.testing.assert_allclose(returns[0], [0, 1, 0, 1])
    np.testing.assert_allclose(returns[1:], np.tile([0, 0.2, 0, 0.2], (5, 1)))


def test_two_components_are_encoded_apart_and_an_isolated_unit_has_no_frequency():
    both = sp.block_diag([directed_ring(), star(), np.zeros((1, 1))])
    found, ring, leaves = (laplacian_encoding(each, 4) for each in (both, directed_ring(), star()))
    np.testing.assert_allclose(found.values[:6], ring.values, atol=1e-12)
    np.testing.assert_allclose(found.values[6:12], leaves.values, atol=1e-12)
    assert not found.present[12].any()
    np.testing.assert_array_equal(return_probabilities(both, 20)[12], np.ones(20))


def test_flows_to_oneself_change_nothing():
    flows = star() + np.diag(np.arange(6.0))
    np.testing.assert_array_equal(laplacian_encoding(flows).vectors, laplacian_encoding(star()).vectors)
    np.testing.assert_array_equal(return_probabilities(flows), return_probabilities(star()))


def test_iterative_solver_agrees_with_the_whole_one(monkeypatch):
    flows = sp.random(300, 300, 0.05, random_state=1)
    whole = laplacian_encoding(flows, 6)
    monkeypatch.setattr(positional_encodings, "DENSE_NODES", 10)
    iterative = laplacian_encoding(flows, 6)
    np.testing.assert_allclose(iterative.values, whole.values, atol=1e-6)
    np.testing.assert_allclose(iterative.vectors, whole.vectors, atol=1e-3)
    np.testing.assert_array_equal(iterative.vectors, laplacian_encoding(flows, 6).vectors)


def test_estimated_returns_are_near_the_exact_ones(monkeypatch):
    flows = sp.random(400, 400, 0.02, random_state=2) + sp.eye(400, k=1) + sp.eye(400, k=-1)
    exact = return_probabilities(flows, 6)
    monkeypatch.setattr(positional_encodings, "EXACT_WORK", 0)
    estimated = return_probabilities(flows, 6)
    assert np.abs(estimated - exact).mean() < 0.05
    np.testing.assert_array_equal(estimated, return_probabilities(flows, 6))


@pytest.mark.parametrize("order", [np.arange(6)[::-1], np.array([2, 0, 1, 5, 4, 3])])
def test_numbering_does_not_matter(order):
    flows = np.triu(np.arange(36.0).reshape(6, 6), 1)
    found, moved = laplacian_encoding(flows, 3), laplacian_encoding(flows[np.ix_(order, order)], 3)
    np.testing.assert_allclose(moved.vectors, found.vectors[order], atol=1e-9)
