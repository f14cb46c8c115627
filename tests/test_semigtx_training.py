"""Out-of-fold estimates of district totals."""
from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from nocturne.algorithms.districts import network, training
from nocturne.algorithms.districts.frozen_heads import FrozenHead
from nocturne.algorithms.districts.positional_encodings import laplacian_encoding, space_magnitudes
from nocturne.algorithms.districts.region_models import RegionModel
from nocturne.algorithms.districts.saved_models import load_semigtx, save_semigtx
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import fit_semigtx, out_of_fold
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2
from nocturne.models.semigtx import Graph, SemiGtx, district_sum

pytestmark = pytest.mark.usefixtures("one_thread")

KERNEL = SemiGtxSettings(network=False)
SMALL = SemiGtxSettings(epochs=4)
FOLDS = [np.arange(start, 40, 4) for start in range(4)]


@pytest.fixture(scope="module")
def region():
    """40 districts of 3 to 8 units whose totals follow features and flows."""
    random = np.random.default_rng(3)
    district = np.repeat(np.arange(40), random.integers(3, 9, 40))
    size = np.repeat(random.gamma(2, 1, 40), np.bincount(district))
    features = np.column_stack((size * random.gamma(20, 0.05, len(size)), random.normal(size=len(size))))
    flows = random.poisson(np.outer(np.ones(len(size)), size) * 0.3)
    totals = np.zeros((40, 2))
    np.add.at(totals, district, np.column_stack((10 * size, 3 + size**2)))
    return features, flows, totals, district


@pytest.mark.parametrize("settings", [KERNEL, replace(KERNEL, evaluation="inductive"), replace(KERNEL, profiles=False)])
def test_totals_are_found(region, settings):
    features, flows, totals, district = region
    found = out_of_fold(features, flows, totals, FOLDS, settings, district)
    assert all(r2(truth, estimate) > 0.9 for truth, estimate in zip(totals.T, found.T))


@pytest.fixture
def network_alone(monkeypatch):
    """Kernel ridge, which the network might leave no share, says nothing."""
    monkeypatch.setattr(training, "NETWORK_SHARES", (1.0,))


@pytest.mark.parametrize("settings", [KERNEL, SMALL, replace(SMALL, evaluation="inductive"),
                                      replace(SMALL, readout="district-embedding", loss="poisson"),
                                      replace(SMALL, configuration="published", epochs=2),
                                      replace(SMALL, alpha=1, frozen_head="svm"), replace(SMALL, alpha=0)])
@pytest.mark.usefixtures("network_alone")
def test_tested_totals_reach_nothing_and_runs_repeat(region, settings):
    features, flows, totals, district = region
    fold = [np.array([2, 7, 11])]
    changed = totals.copy()
    changed[fold[0]] = 1e6
    found = out_of_fold(features, flows, totals, fold, settings, district)
    np.testing.assert_array_equal(found, out_of_fold(features, flows, changed, fold, settings, district))
    assert np.isfinite(found[fold[0]]).all()
    assert np.isnan(np.delete(found, fold[0], axis=0)).all()


def test_inductive_fits_never_see_the_units_of_tested_districts(region):
    features, flows, totals, district = region
    settings, fold = replace(KERNEL, evaluation="inductive"), [np.array([2, 7])]
    changed = features.copy()
    changed[district == 2] *= 50  # must move the estimate of 2 alone
    before = out_of_fold(features, flows, totals, fold, settings, district)
    after = out_of_fold(changed, flows, totals, fold, settings, district)
    np.testing.assert_array_equal(before[7], after[7])
    assert (before[2] != after[2]).any()


def test_the_network_s_share_is_what_helps_districts_that_neither_has_seen(region, monkeypatch):
    """A network that knows the held totals gets the largest share, one that says nothing gets none."""
    features, flows, totals, district = region
    learnt = training._learnt
    for knows in (False, True):
        def told(network, heads, graph, seen, scale, settings, knows=knows):
            found, sizes = learnt(network, heads, graph, seen, scale, settings)
            return (scale.standardise(totals, seen.counts) if knows else np.full(found.shape, 5.0)), sizes

        monkeypatch.setattr(training, "_learnt", told)
        model = fit_semigtx(features, flows, totals, district, replace(SMALL, epochs=1))
        assert set(model.shares) == {max(training.NETWORK_SHARES) if knows else 0.0}


@pytest.mark.parametrize("settings", [
    SemiGtxSettings(epochs=30, alpha=0.1), SemiGtxSettings(epochs=40, alpha=0.1, loss="poisson"),
    SemiGtxSettings(epochs=30, alpha=0.1, readout="district-embedding"), SemiGtxSettings(epochs=10, alpha=1)])
@pytest.mark.usefixtures("network_alone")
def test_the_network_learns(region, settings):
    features, flows, totals, district = region
    found = out_of_fold(features, flows, totals, FOLDS[:1], settings, district)
    assert r2(totals[FOLDS[0], 0], found[FOLDS[0], 0]) > 0.5


@pytest.mark.parametrize("head", ["ridge", "svm", "forest", "mlp"])
def test_heads_learn_from_what_is_frozen(head):
    rows = np.random.default_rng(0).normal(size=(120, 4))
    wanted = rows @ [1, -1, 0.5, 0]
    frozen = FrozenHead(head, 0, rows[:90], wanted[:90])
    assert r2(wanted[90:], frozen.estimate(rows[90:])) > 0.6
    np.testing.assert_array_equal(frozen.estimate(rows), frozen.estimate(rows))


def test_units_add_up_to_their_districts(region):
    features, flows, totals, district = region
    found = fit_semigtx(features, flows, totals, district, SMALL).estimate(features, flows, district)
    sums = np.zeros(totals.shape)
    np.add.at(sums, district, found.units)
    np.testing.assert_allclose(sums, found.districts, rtol=1e-9)


@pytest.mark.parametrize("settings", [SMALL, replace(SMALL, alpha=1, frozen_head="forest"), KERNEL])
@pytest.mark.usefixtures("network_alone")
def test_a_saved_model_gives_the_same_map(region, settings, tmp_path):
    features, flows, totals, district = region
    model = fit_semigtx(features, flows, totals, district, settings)
    save_semigtx(str(tmp_path / "model.json"), model, {"targets_learnt": ["a", "b"]})
    again, card = load_semigtx(str(tmp_path / "model.safetensors"))
    before, after = (each.estimate(features, flows, district) for each in (model, again))
    np.testing.assert_array_equal(before.districts, after.districts)
    np.testing.assert_array_equal(before.units, after.units)
    assert card["targets_learnt"] == ["a", "b"]


def test_a_model_takes_its_features_by_name():
    low = high = np.zeros(2)
    model = RegionModel(None, ("shops", "works"), low, high, ("gdp",), np.ones(1))
    rows = np.arange(6.0).reshape(2, 3)
    given = SimpleNamespace(names=("works", "views", "shops"), features=rows)
    np.testing.assert_array_equal(model.features_of(given), rows[:, [2, 0]])
    with pytest.raises(InputError, match="the field 'works' of the model isn't there"):
        model.features_of(SimpleNamespace(names=("shops",), features=rows[:, 2:]))


def test_the_same_seed_gives_the_same_weights(region):
    features, flows, totals, district = region
    masked = totals.copy()
    masked[[2, 7]] = np.nan
    one, two = (fit_semigtx(features, flows, masked, district, SMALL).network.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.usefixtures("network_alone")
def test_batches_of_whole_districts_learn_too(region, monkeypatch):
    features, flows, totals, district = region
    monkeypatch.setattr(network, "UNIT_FLOATS", 16_000)
    settings = replace(SMALL, epochs=20)
    found = out_of_fold(features, flows, totals, FOLDS[:1], settings, district)
    assert r2(totals[FOLDS[0], 0], found[FOLDS[0], 0]) > 0.5


def test_batches_keep_whole_districts_and_are_counted(region):
    features, flows, _, district = region
    flows = training.clean_flows(sp.block_diag([flows] * 20), 20 * len(district))
    district = np.concatenate([district + 40 * copy for copy in range(20)])
    graph = network.region_graph(np.tile(features, (20, 1)), flows, 0, Progress())
    settings = SemiGtxSettings(max_memory=64)
    batches = network.make_batches(graph, district, 800, settings)
    assert len(batches) == network.plan_batches(flows, district, 800, settings, Progress()) > 2
    assert network.plan_batches(flows, district, 800, SemiGtxSettings(), Progress()) == 1
    assert sorted(torch.cat([batch.nodes for batch in batches]).tolist()) == list(range(len(district)))
    for batch in batches:
        np.testing.assert_array_equal(batch.districts[batch.member], district[batch.nodes])
        torch.testing.assert_close(batch.graph.returns, graph.returns[batch.nodes])


@pytest.mark.usefixtures("network_alone")
def test_other_devices_compute_what_the_cpu_does(region, monkeypatch):
    """On the CPU in the place of a GPU: everything must be brought there, and the results back."""
    asked = []
    monkeypatch.setattr(network, "pick_device", lambda wanted, _: asked.append(wanted) or "cpu")
    features, flows, totals, district = region
    one, two = (fit_semigtx(features, flows, totals, district, replace(SMALL, device=device)).estimate(
        features, flows, district) for device in ("cpu", "cuda:1"))
    np.testing.assert_array_equal(one.districts, two.districts)
    assert set(asked) == {"cpu", "cuda:1"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("settings", [SMALL, replace(SMALL, alpha=1), replace(SMALL, configuration="published")])
@pytest.mark.usefixtures("network_alone")
def test_a_gpu_learns_what_the_cpu_learns(region, settings):
    features, flows, totals, district = region
    found = [fit_semigtx(features, flows, totals, district, replace(settings, device=device)).estimate(
        features, flows, district).districts for device in ("cpu", "cuda")]
    np.testing.assert_allclose(found[1], found[0], rtol=0.05)


def test_units_as_districts_with_missing_features_and_sparse_flows(region):
    features, flows, _, _ = region
    target = flows.sum(axis=0).astype(float)
    features = features.copy()
    features[5, 0] = np.nan
    folds = np.array_split(np.arange(len(target)), 5)
    found = out_of_fold(features, sp.csr_matrix(flows), target, folds, KERNEL)
    np.testing.assert_array_equal(found, out_of_fold(features, flows + np.diag(target), target, folds, KERNEL))
    assert r2(target, found) > 0.9


def test_a_rotated_space_of_nearly_equal_eigenvalues_moves_no_estimate():
    """A ring's eigenvalues come in pairs whose basis is arbitrary."""
    ring = np.roll(np.eye(24), 1, axis=1) * 5
    encoding = laplacian_encoding(ring, 4)
    angle = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    rotated = np.column_stack((encoding.vectors[:, :2] @ angle, encoding.vectors[:, 2:] @ angle.T))
    np.testing.assert_allclose(space_magnitudes(rotated, encoding.values[0]), encoding.magnitudes, atol=1e-9)
    random = np.random.default_rng(0)
    features, target = random.normal(size=(24, 2)), random.gamma(4, 1, 24)
    model = fit_semigtx(features, ring, target, settings=replace(SMALL, profiles=False, epochs=20))
    model = replace(model, shares=np.ones(1))
    moved = ring * (1 + 1e-7 * random.normal(size=ring.shape))  # another basis
    before, after = (model.estimate(features, flows).districts for flows in (ring, moved))
    np.testing.assert_allclose(after, before, rtol=1e-3)
    assert np.ptp(before) > 0.01


def test_encodings_of_a_component_do_not_depend_on_the_others():
    flows = sp.csr_matrix(np.roll(np.eye(24), 1, axis=1) * 5)
    pair, columns = sp.csr_matrix(np.array([[0, 3], [3, 0]])), np.zeros((26, 1))
    alone = network.region_graph(columns[:2], pair, 0, Progress())
    both = network.region_graph(columns, sp.block_diag((flows, pair), "csr"), 0, Progress())
    torch.testing.assert_close(both.magnitudes[24:], alone.magnitudes)
    assert both.magnitudes.max() < 3


def test_corrupted_nodes_keep_their_own_encodings():
    graph = Graph(torch.arange(6.0)[:, None], torch.tensor([[0, 1, 2], [1, 2, 3]]), torch.ones(3, 2),
                  torch.arange(6.0)[:, None], torch.arange(6.0)[:, None], torch.ones(6, 1, dtype=torch.bool),
                  torch.arange(6.0)[:, None])
    corrupted = graph.corrupt(0.5, torch.Generator().manual_seed(0))
    assert not torch.equal(corrupted.features, graph.features)
    for each in (corrupted.magnitudes, corrupted.values, corrupted.returns):
        torch.testing.assert_close(each, corrupted.features)
    assert corrupted.edges.shape[1] < 3


def test_sums_of_units_add_up_and_signs_of_eigenvectors_do_not_matter():
    torch.manual_seed(0)
    model = SemiGtx(3, 2, 2, width=64, layers=1, heads=4).eval()
    edges = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
    vectors = torch.randn(4, 10)
    graph = Graph(torch.randn(4, 3), edges, torch.rand(4, 2), vectors, torch.rand(4, 10),
                  torch.ones(4, 10, dtype=torch.bool), torch.rand(4, 20))
    with torch.inference_mode():
        representation = model(graph)
        units = model.read_units(representation)
        flipped = model(replace(graph, magnitudes=-vectors))
    together = district_sum(units, torch.tensor([0, 0, 1, 1]), 2)
    torch.testing.assert_close(together, units.reshape(2, 2, 2).sum(dim=1))
    torch.testing.assert_close(flipped, representation)


def test_the_discriminator_is_bilinear():
    torch.manual_seed(0)
    model = SemiGtx(3, 2, 1, width=64, layers=1, heads=4)
    nodes, summary = torch.randn(5, 64), torch.randn(5, 64)
    torch.testing.assert_close(model._belonging(nodes, summary), model.discriminator(nodes, summary).squeeze(1))


@pytest.mark.parametrize(("flows", "targets", "settings", "said"), [
    (-np.ones((40, 40)), np.ones(40), KERNEL, "FLOWS"), (np.ones((3, 3)), np.ones(40), KERNEL, "FLOWS"),
    (None, -np.ones(40), KERNEL, "TARGET_FIELDS"),
    (None, np.full(40, np.nan), KERNEL, "TARGET_FIELDS"), (None, np.ones(7), KERNEL, "TARGET_FIELDS")])
def test_what_cannot_be_used_is_named(flows, targets, settings, said):
    with pytest.raises(InputError, match=said):
        out_of_fold(np.random.default_rng(0).normal(size=(40, 2)), flows, targets, FOLDS[:1], settings)
