from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from nocturne.algorithms.districts import network
from nocturne.algorithms.districts.explanation import (
    BACKGROUND,
    Explanation,
    Question,
    edge_weights,
    explain,
    neuron_slopes,
)
from nocturne.algorithms.districts.network import Batch, make_batches, network_estimates, region_graph
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.target_scales import TargetScale
from nocturne.algorithms.errors import Cancelled
from nocturne.algorithms.progress import Progress
from nocturne.models.semigtx import Graph, SemiGtx, district_mean

UNITS = 60
PER_UNIT = np.array([1.0, 5.0])
SCALE = TargetScale("square-root", np.array([2.0, 3.0]), np.array([0.5, 1.5]), PER_UNIT, np.ones(2))
DISTRICT = torch.arange(UNITS) // 6


def question(asked: int | None = None, by_units: bool = True) -> Question:
    districts = torch.ones(UNITS // 6, dtype=torch.bool) if asked is None else torch.arange(UNITS // 6) == asked
    return Question(SCALE, DISTRICT, districts, by_units)


@pytest.fixture(scope="module")
def graph() -> Graph:
    generator = np.random.default_rng(1)
    counts = generator.poisson(0.3, (UNITS, UNITS)) * 10.0
    np.fill_diagonal(counts, 0)
    return region_graph(generator.normal(size=(UNITS, 5)), sp.csr_matrix(counts), 0, Progress())


@pytest.fixture(scope="module")
def whole(graph: Graph) -> list[Batch]:
    return [Batch(torch.arange(UNITS // 6), torch.arange(UNITS), graph, DISTRICT)]


@pytest.fixture(scope="module")
def module(graph: Graph) -> SemiGtx:
    torch.manual_seed(1)
    return SemiGtx(graph.features.shape[1], graph.edge_features.shape[1], 2, 64, 2, 4).eval()


@pytest.fixture(scope="module")
def found(whole: list[Batch], module: SemiGtx) -> Explanation:
    return explain(module, whole, question(), Progress())


def total(module: SemiGtx, graph: Graph, target: int) -> float:
    with torch.no_grad():
        return float(module.read_units(module(graph))[:, target].sum())


def test_inputs_explain_the_difference_from_average_units(graph: Graph, module: SemiGtx, found: Explanation) -> None:
    average = replace(graph, features=graph.features.mean(dim=0).expand_as(graph.features))
    for target, scale in enumerate(PER_UNIT):
        expected = scale * (total(module, graph, target) - total(module, average, target))
        assert found.inputs[target].sum() == pytest.approx(expected, abs=0.02 * np.abs(found.inputs[target]).sum())
        assert found.gap[target] < 0.02


@pytest.mark.parametrize("asked", [None, 3])
def test_estimates_of_districts_by_their_mean_representation_are_explained(graph: Graph, whole: list[Batch],
                                                                            module: SemiGtx, asked: int | None) -> None:
    found = explain(module, whole, question(asked, by_units=False), Progress())

    def estimates(features: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            means = district_mean(module(replace(graph, features=features)), DISTRICT, UNITS // 6)
            return SCALE.totals(module.read_heads(means).numpy().astype(float), np.full(UNITS // 6, 6.0))

    chosen = slice(None) if asked is None else [asked]
    average = graph.features.mean(dim=0).expand_as(graph.features)
    expected = (estimates(graph.features) - estimates(average))[chosen].sum(axis=0)
    for target in range(2):
        inputs = found.inputs[target]
        assert inputs.shape == graph.features.shape
        assert inputs.sum() == pytest.approx(expected[target], abs=0.02 * np.abs(inputs).sum())
        assert found.gap[target] < 0.02
    assert found.last.shape[1] == UNITS // 6


def test_neurons_add_up_to_the_output_of_the_head(graph: Graph, module: SemiGtx, found: Explanation) -> None:
    with torch.no_grad():
        output = module.heads[0](module(graph))[:, 0].numpy()
    expected = output - output[::UNITS // BACKGROUND][:BACKGROUND].mean()
    assert np.allclose(found.last[0].sum(axis=1), expected, atol=1e-5)


def test_layers_explain_the_neuron_that_matters_most(graph: Graph, module: SemiGtx, found: Explanation) -> None:
    head = module.heads[1]
    with torch.no_grad():
        representation = module(graph)
        second = head[2](head[1](head[0](representation))).clamp(min=0)[:, np.abs(found.last[1]).mean(axis=0).argmax()]
        first = head[0](representation).clamp(min=0)[:, np.abs(found.first[1]).mean(axis=0).argmax()]
    for neuron, parts in ((second, found.first[1]), (first, found.representation[1])):
        expected = neuron - neuron[::UNITS // BACKGROUND][:BACKGROUND].mean()
        assert np.allclose(parts.sum(axis=1), expected.numpy(), atol=1e-4)


def test_a_trace_follows_the_strongest_neuron_and_tells_what_it_does(graph: Graph, module: SemiGtx,
                                                                     found: Explanation) -> None:
    layers = found.trace(1, 5)
    parts = (found.last[1], found.first[1], found.representation[1])
    for layer, values in zip(layers, parts):
        sizes = np.abs(values).mean(axis=0)
        assert [abs(strength) for _, strength in layer] == pytest.approx(np.sort(sizes)[:-6:-1].tolist())
        assert all(abs(strength) == pytest.approx(sizes[neuron]) for neuron, strength in layer)
    head = module.heads[1]
    with torch.no_grad():
        representation = module(graph)
        first = head[1](head[0](representation))
        active = head[3](head[2](first)).numpy(), first.numpy(), representation.numpy()
    for layer, values, levels in zip(layers, parts, active):
        for neuron, strength in layer:
            assert np.sign(np.corrcoef(values[:, neuron], levels[:, neuron])[0, 1]) == np.sign(strength)


@pytest.mark.parametrize("by_units", [True, False])
def test_what_a_district_has_itself_matters_to_it(whole: list[Batch], module: SemiGtx, by_units: bool) -> None:
    inputs = np.abs(explain(module, whole, question(3, by_units), Progress()).inputs[0]).sum(axis=1)
    own = (DISTRICT == 3).numpy()
    assert inputs[own].mean() > 3 * inputs[~own].mean()


def test_the_same_network_is_explained_alike(whole: list[Batch], module: SemiGtx, found: Explanation) -> None:
    again = explain(module, whole, question(), Progress())
    assert np.array_equal(found.inputs, again.inputs)
    assert np.array_equal(found.first, again.first)


def test_attention_of_a_unit_sums_to_one(graph: Graph, whole: list[Batch], module: SemiGtx) -> None:
    edges, weights, messages = edge_weights(module, whole)
    np.testing.assert_array_equal(edges, graph.edges.numpy())
    assert messages.shape == weights.shape == (2, graph.edges.shape[1])
    assert (messages > 0).all()
    reached = np.unique(graph.edges[1].numpy())
    for layer in weights:
        assert np.allclose(np.bincount(graph.edges[1].numpy(), layer, UNITS)[reached], 1, atol=1e-5)


@pytest.mark.parametrize("readout", ["sum-of-units", "district-embedding"])
def test_batches_explain_what_they_estimate(graph: Graph, module: SemiGtx, readout: str,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "UNIT_FLOATS", 1500)
    settings, districts = SemiGtxSettings(max_memory=64, readout=readout, device="cpu"), UNITS // 6
    batches = make_batches(graph, DISTRICT.numpy(), districts, settings)
    assert len(batches) == 2
    found = explain(module, batches, question(None, readout == "sum-of-units"), Progress())
    average = replace(graph, features=graph.features.mean(dim=0).expand_as(graph.features))
    totals, usual = (SCALE.totals(network_estimates(module, each, DISTRICT.numpy(), districts, SCALE, settings)[0],
                                  np.full(districts, 6.0)) for each in (graph, average))
    for target in range(2):
        inputs = found.inputs[target]
        assert inputs.sum() == pytest.approx((totals - usual)[:, target].sum(), abs=0.02 * np.abs(inputs).sum())
    one = explain(module, batches, question(3, readout == "sum-of-units"), Progress())
    inputs = one.inputs[0]
    assert inputs.sum() == pytest.approx((totals - usual)[3, 0], abs=0.02 * np.abs(inputs).sum())
    inside = next(batch.nodes.numpy() for batch in batches if 3 in batch.districts)
    slopes = neuron_slopes(module, batches, 0, int(np.abs(one.last[0]).mean(axis=0).argmax()), question(3))
    for values in (inputs, slopes):
        assert set(np.flatnonzero(values.any(axis=1))) == set(inside)
    part = np.isin(np.arange(UNITS), inside)
    assert (part[found.edges[0]] == part[found.edges[1]]).all()
    assert found.attention.shape[1] == found.edges.shape[1] < graph.edges.shape[1]
    for layer in found.attention:
        reached = np.bincount(found.edges[1], layer, UNITS)
        assert np.allclose(reached[np.unique(found.edges[1])], 1, atol=1e-5)


def test_a_stopped_run_ends(whole: list[Batch], module: SemiGtx) -> None:
    class Stopped(Progress):
        def is_cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        explain(module, whole, question(), Stopped())
