"""The benchmark on New York resumes, and its scores and pairs are what they say."""
from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.benchmarks import district_evidence, inside_counties
from nocturne.benchmarks.new_york import SHARED, NewYork, read_new_york


@pytest.fixture
def region():
    random = np.random.default_rng(0)
    district = np.repeat(np.arange(24), random.integers(3, 7, 24))
    size = random.gamma(2, 1, 24)[district]
    flows = random.poisson(np.outer(np.ones(len(size)), size))
    np.fill_diagonal(flows, 0)
    gdp = np.bincount(district, 100 * size)
    return NewYork(np.column_stack((size, random.normal(size=len(size))**2)), sp.csr_matrix(flows), district, gdp,
                   random.normal(size=(len(size), 2)))


def test_it_goes_on_where_it_stopped(region, tmp_path, monkeypatch):
    results, settings = tmp_path / "results.jsonl", SemiGtxSettings(network=False)
    found = district_evidence.evidence(region, results, settings, (3, 4))
    lines = results.read_text().splitlines()
    assert len(lines) == 2 * 2 * len(district_evidence.METHODS)
    results.write_text("\n".join(lines[:-1]) + "\n")
    calls = []
    last = list(district_evidence.METHODS)[-1]
    whole = district_evidence.METHODS[last]
    monkeypatch.setitem(district_evidence.METHODS, last, lambda *given: calls.append(1) or whole(*given))
    again = district_evidence.evidence(region, results, settings, (3, 4))
    assert len(calls) == 1
    for key, estimates in found.items():
        np.testing.assert_array_equal(estimates, again[key])
    assert district_evidence.scores(region, found["with flows", "shuffled"])[0].min() > 0.5


def test_a_floor_of_gdp_per_tract_finds_what_doesnt_depend_on_size(region):
    folds = list(np.arange(24).reshape(8, 3))
    alike = NewYork(region.features, region.flows, region.district, 5 * region.counts, region.place)
    found = district_evidence.METHODS["floor: places and roads, GDP per tract"](alike, folds, SemiGtxSettings())
    np.testing.assert_allclose(found, alike.gdp)
    flows = np.expm1(district_evidence.flow_totals(region))
    assert flows[:, 0].sum() == pytest.approx(flows[:, 1].sum())
    assert flows[:, 1:].sum() == pytest.approx(region.flows.sum())


def test_pairs_of_equal_and_worse_estimates(region):
    exact, worse = region.gdp[None], 2 * region.gdp[None]
    assert district_evidence.paired(region, exact, exact) == (0, 0, 0)
    np.testing.assert_allclose(district_evidence.paired(region, exact, worse), np.log(2)**2)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the region of New York")
def test_new_york_is_read_without_those_who_stay():
    found = read_new_york()
    assert found.features.shape == (5367, 18)
    assert found.flows.shape == (5367, 5367)
    assert not found.flows.diagonal().any()
    assert len(found.gdp) == len(found.counts) == 62


def test_ranks_inside_counties_resume_and_know_the_truth(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    district = np.repeat(np.arange(20), 12)
    places = random.poisson(np.exp(random.normal(size=240))).astype(float)
    flows = np.zeros((240, 240))
    flows[np.arange(240), np.arange(240) - 1] = 1 + 10 * np.roll(places, 1)  # arrivals follow places
    flows[:3] = flows[:, :3] = 0
    gdp = np.bincount(district, 1 + places)
    region = NewYork(np.column_stack((places, random.normal(size=240))), sp.csr_matrix(flows), district, gdp,
                     random.normal(size=(240, 2)))
    assert list(inside_counties.judged_counties(region)) == list(range(1, 20))
    results = tmp_path / "results.jsonl"
    found = inside_counties.evidence(region, results, (3,))
    np.testing.assert_allclose(found["number of places"][:, :-1], 1)  # the last tract's arrivals came from the first
    assert found["without flows"].mean() > 0.8
    assert inside_counties.rank_correlations(region, np.ones(240)).tolist() == [0] * 19
    monkeypatch.setattr(inside_counties, "METHODS", dict.fromkeys(found))  # nothing is computed again
    again = inside_counties.evidence(region, results, (3,))
    assert all(np.array_equal(found[name], again[name]) for name in found)
    halves = inside_counties.unseen_counties(region)
    assert len(halves) == 10
    assert set(halves) < set(range(1, 20))


def test_gains_of_counties_are_paired():
    gain, low, high, p = inside_counties.paired(np.linspace(0.1, 0.3, 20))
    assert gain == pytest.approx(0.2)
    assert 0.1 < low < 0.2 < high < 0.3
    assert p < 1e-4
