"""The benchmark of steps from the published network to the default runs small and resumes."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nocturne.algorithms.districts.network import RECIPES
from nocturne.benchmarks import district_cost, district_steps


def test_it_goes_on_where_it_stopped_and_tests_the_same_counties(tmp_path, monkeypatch):
    quick = replace(RECIPES["default"], epochs=1)
    for name in ("default", "published"):
        monkeypatch.setitem(RECIPES, name, quick)
    monkeypatch.setattr(district_steps, "METHODS", {
        name: (estimate, settings, seeds[:2]) for name, (estimate, settings, seeds) in district_steps.METHODS.items()})
    monkeypatch.setattr(district_cost, "PER_DISTRICT", 10)
    region, results = district_cost.simulated(200), tmp_path / "steps.jsonl"
    rows = district_steps.steps(region, results, 1)
    assert {len(row["tested"]) for row in rows} == {4}
    assert len({tuple(row["tested"]) for row in rows}) == 1
    assert len(rows) == 3 + 2 * 6
    results.write_text("\n".join(results.read_text().splitlines()[:-1]) + "\n")
    again = district_steps.steps(region, results, 1)
    for one, two in zip(rows, again):
        assert (one["method"], one["seed"]) == (two["method"], two["seed"])
        np.testing.assert_array_equal(one["estimates"], two["estimates"])


def test_scores_are_those_of_the_holdout():
    region = district_cost.simulated(1000)
    row = {"tested": [1, 4, 7], "estimates": region.gdp[[1, 4, 7]]}
    assert district_steps.scores(region, row) == (1, 1)
    row["estimates"] = 2 * region.gdp[[1, 4, 7]]
    assert district_steps.scores(region, row)[0] == pytest.approx(
        1 - 3 * np.log(2)**2 / (3 * np.log(region.gdp[[1, 4, 7]]).var()))
