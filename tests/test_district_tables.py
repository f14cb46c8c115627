"""The tables on simulated districts go on where they stopped, and networks that methods share are trained once."""
from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import shapely
from nocturne.algorithms.districts import compared_networks, comparison
from nocturne.algorithms.districts.comparison import all_methods
from nocturne.algorithms.districts.frozen_heads import FrozenHead
from nocturne.algorithms.districts.region_layers import Region
from nocturne.algorithms.districts.rivals import regressor_totals
from nocturne.algorithms.districts.settings import CompareRegionSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2
from nocturne.algorithms.simulation.districts import simulate_districts
from nocturne.benchmarks import district_tables
from nocturne.models.semigtx import SemiGtx
from sklearn.preprocessing import StandardScaler

QUICK = replace(district_tables.SETTINGS, epochs=1, tables="encodings", repeats=2)


@pytest.fixture(scope="module")
def region():
    """12 districts of 4 units."""
    random = np.random.default_rng(0)
    whole = district_tables.simulated_region(simulate_districts(1))
    district = np.repeat(np.arange(12), 4)
    features = random.gamma(2, 1, (48, 4))
    return replace(whole, districts=tuple("abcdefghijkl"), district=district, city=district[::4] // 3,
                   names=("place_a", "place_b", "view_a", "view_b"), features=features,
                   flows=sp.csr_matrix(random.poisson(0.3, (48, 48)) * (1 - np.eye(48))),
                   totals=np.column_stack([np.bincount(district, features[:, column]) for column in range(3)]),
                   shapes=shapely.points(random.normal(size=(48, 2))))


def test_the_simulated_region_is_what_a_region_graph_would_be():
    found: Region = district_tables.simulated_region(simulate_districts(1))
    assert len(found.districts) == 50
    assert found.features.shape == (len(found.units), len(found.names)) == (len(found.district), 140 + 768)
    assert not found.flows.diagonal().any()
    assert found.totals[found.districts.index("Yuexiu")].tolist() == [0.0, 126.05, 3524.13]


def test_it_goes_on_where_it_stopped(region, tmp_path, monkeypatch):
    results = tmp_path / "results.jsonl"
    monkeypatch.setattr(district_tables, "simulate_districts", lambda draw: None)
    monkeypatch.setattr(district_tables, "simulated_region", lambda drawn: region)
    rows = district_tables.compute(results, QUICK, (1,))
    lines = results.read_text().splitlines()
    methods = {row.method for row in rows}
    assert {"encodings none", "SemiGTX, default", "kernel ridge alone", "number of units"} < methods
    assert len(lines) == len(rows) == 2 * len(methods)
    results.write_text("\n".join(lines[:-1]) + "\n")
    again = district_tables.compute(results, QUICK, (1,))
    assert results.read_text().splitlines() == lines
    assert [json.loads(json.dumps(vars(row))) for row in again] == [json.loads(line) for line in lines]
    found = district_tables.scores(rows, region.totals)
    assert set(found["encodings RWSE"]) == {(1, 0), (1, 1)}
    assert "| encodings RWSE | 2 | " in district_tables.table(found)
    assert "0.85, 0.86, 0.89 |" in district_tables.table(found)


def test_scores_of_exact_estimates_are_exact(region):
    tested = (1, 5, 7)
    exact = district_tables.Row(1, 0, "exact", tested, tuple(map(tuple, region.totals[list(tested)])))
    np.testing.assert_allclose(district_tables.scores([exact], region.totals)["exact"][1, 0], [[1] * 3, [0] * 3])


def test_deep_graph_infomax_has_one_summary_of_the_whole_graph(region, monkeypatch):
    seen = []
    loss = SemiGtx.infomax_loss
    monkeypatch.setattr(SemiGtx, "infomax_loss", lambda self, real, corrupted, district, districts: seen.append(
        len(district.unique())) or loss(self, real, corrupted, district, districts))
    networks = compared_networks.Networks(region, CompareRegionSettings(epochs=1))
    for name in ("dgi", "semigtx"):
        networks.method(comparison.model_ways(0.5)[name])([np.arange(3)], 0, Progress())
    assert seen == [1, 12]


def test_what_users_train_stands_among_the_models(region):
    methods = set(all_methods(region, CompareRegionSettings(tables="models")))
    assert {"semigtx with kernel ridge", "kernel ridge alone", "ridge on embeddings",
            "kernel_ridge on embeddings"} < methods
    inputs = np.linspace(0, 1, 12)[:, None]
    assert r2(inputs[:, 0], FrozenHead("kernel_ridge", 0, inputs, inputs[:, 0]).estimate(inputs)) > 0.5


def test_ridge_on_features_is_that_of_frozen_representations(region):
    inputs, roots = np.random.default_rng(0).normal(size=(12, 3)), np.sqrt(region.totals[:, :1] / 4)
    found = regressor_totals("ridge", inputs, region.totals[:, :1], np.full(12, 4.0), [np.arange(3)], 0)
    scale = StandardScaler().fit(roots[3:])
    head = FrozenHead("ridge", 0, inputs[3:], scale.transform(roots[3:])[:, 0]).estimate(inputs[:3])
    np.testing.assert_allclose(found[:3], np.maximum(scale.inverse_transform(head[:, None]), 0)**2 * 4)


def test_methods_with_the_same_network_train_it_once(region, monkeypatch):
    calls = []
    train = compared_networks.train_network
    monkeypatch.setattr(compared_networks, "train_network", lambda *given: calls.append(1) or train(*given))
    monkeypatch.setattr(comparison, "FROZEN_HEADS", ("ridge", "svm"))
    settings = CompareRegionSettings(alpha=0.5, epochs=1, tables="encodings,modalities,alphas")
    methods = all_methods(region, settings)
    found = {name: estimate([np.arange(3)], 0, Progress())[:3] for name, estimate in methods.items()}
    assert len(calls) == 7 + 3 + 4  # alphas; other encodings; each modality alone, and each as noise
    np.testing.assert_array_equal(found["alpha 0.5"], found["encodings LapPE+RWSE"])
    np.testing.assert_array_equal(found["alpha 1"], found["all features, ridge"])
    assert not np.array_equal(found["all features, svm"], found["all features, ridge"])
    assert not np.array_equal(found["encodings none"], found["encodings LapPE"])
