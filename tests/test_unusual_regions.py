"""Regions that few have: without features, with tiny districts, sparse totals and numbers that are none."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from nocturne.algorithms.districts.saved_models import load_semigtx, save_semigtx
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import fit_semigtx

DISTRICT = np.repeat(np.arange(12), 4)
QUICK = SemiGtxSettings(epochs=2, profiles=False)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def region():
    """Features, flows and totals of 12 districts of 4 units."""
    random = np.random.default_rng(2)
    size = np.repeat(random.gamma(2, 1, 12), 4)
    features = np.column_stack((random.poisson(5 * size), random.normal(size=48))).astype(float)
    return features, random.poisson(np.outer(np.ones(48), size) * 0.3).astype(float), np.bincount(DISTRICT, 10 * size)


@pytest.mark.parametrize("configuration", ["default", "published"])
def test_a_network_that_reads_flows_alone_is_saved(region, tmp_path, configuration):
    _, flows, totals = region
    same = np.ones((48, 1))
    model = fit_semigtx(same, flows, totals, DISTRICT, replace(QUICK, configuration=configuration))
    model = replace(model, shares=np.array([0.5 if model.partners else 1.0]))
    save_semigtx(str(tmp_path / "model.json"), model, {})
    again, _ = load_semigtx(str(tmp_path / "model.json"))
    before, after = (each.estimate(same, flows, DISTRICT) for each in (model, again))
    np.testing.assert_array_equal(before.districts, after.districts)
    np.testing.assert_array_equal(before.units, after.units)
