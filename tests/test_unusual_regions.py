"""Regions that few have: without features, with tiny districts, sparse totals and numbers that are none."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from nocturne.algorithms.districts import network
from nocturne.algorithms.districts.saved_models import load_semigtx, save_semigtx
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import clean_flows, fit_semigtx, out_of_fold
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.progress import Progress
from nocturne.tests.heard import Heard

pytestmark = pytest.mark.usefixtures("one_thread")

DISTRICT = np.repeat(np.arange(12), 4)
QUICK = SemiGtxSettings(epochs=2, profiles=False)


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


@limits(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=12), st.integers(1, 60))
def test_no_batch_has_a_single_unit(sizes, bound):
    district = np.repeat(np.arange(len(sizes)), sizes)
    columns, settings = np.zeros((len(district), 1)), SemiGtxSettings(max_memory=64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "UNIT_FLOATS", 2**16 * bound)
        graph = network.region_graph(columns, sp.csr_matrix((len(district),) * 2), 0, Progress())
        batches = network.make_batches(graph, district, len(sizes), settings)
        assert len(batches) == network.plan_batches(sp.csr_matrix((len(district),) * 2), district, len(sizes), settings,
                                                    Progress())
    assert min(len(batch.nodes) for batch in batches) >= 2
    assert sorted(torch.cat([batch.nodes for batch in batches]).tolist()) == list(range(len(district)))
    assert sorted(torch.cat([batch.districts for batch in batches]).tolist()) == list(range(len(sizes)))


def test_districts_beyond_the_memory_are_learnt_and_said(region, monkeypatch):
    monkeypatch.setattr(network, "UNIT_FLOATS", 160)
    features, flows, _ = region
    district = np.repeat([0, 1, 2], (20, 27, 1))
    settings, heard = SemiGtxSettings(configuration="published", max_memory=64, epochs=1), Heard()
    model = fit_semigtx(features, flows, np.array([30.0, 50, 1]), district, settings)
    assert np.isfinite(model.estimate(features, flows, district).districts).all()
    assert network.plan_batches(sp.csr_matrix(flows), district, 3, settings, heard) == 2
    assert len(heard.warnings) == 1
    assert "more than the 64 MiB allowed" in heard.warnings[0]
    roomy = replace(settings, max_memory=int(heard.warnings[0].split("take ")[1].split()[0]))
    assert network.plan_batches(sp.csr_matrix(flows), district, 3, roomy, heard) <= 2
    assert len(heard.warnings) == 1


def test_infinite_features_are_unknown(region):
    features, flows, totals = region
    estimates = []
    for value in (np.inf, np.nan):
        changed = features.copy()
        changed[3] = value
        estimates.append(out_of_fold(changed, flows, totals, [np.arange(3)], SemiGtxSettings(network=False), DISTRICT))
    assert np.isfinite(estimates[0][:3]).all()
    np.testing.assert_array_equal(*estimates)


@pytest.mark.parametrize("value", [np.inf, np.nan, -1])
def test_flows_that_are_no_counts_are_refused(region, value):
    flows = region[1].copy()
    flows[0, 1] = value
    with pytest.raises(InputError, match="FLOWS: negative, missing or infinite counts; give counts of 0 or more"):
        clean_flows(flows, 48)


def test_a_target_that_is_known_too_rarely_is_named(region):
    features, flows, totals = region
    both = np.column_stack((totals, np.where(np.arange(12) < 3, totals, np.nan)))
    with pytest.raises(InputError, match="TARGET_FIELDS: target 2 is known in 1 of the districts learnt from"):
        out_of_fold(features, flows, both, [np.arange(2)], SemiGtxSettings(network=False), DISTRICT)
