"""The benchmark of costs runs small and resumes."""
from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
from nocturne.benchmarks import district_cost


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from Linux's status file")
def test_costs_are_measured_once(tmp_path, monkeypatch):
    monkeypatch.setattr(district_cost, "ROUNDS", 1)
    quick = replace(district_cost.RECIPES["default"], epochs=1)
    for name in ("default", "published"):
        monkeypatch.setitem(district_cost.RECIPES, name, quick)
    results = tmp_path / "costs.jsonl"
    found = district_cost.costs(lambda: district_cost.simulated(300), (300, 600), results)
    assert list(found) == ["encodings", "epoch of 300 units", "epoch of 600 units", "default fit", "published step"]
    assert all(each["processor"] > 0 for each in found.values())
    assert 0.3 < found["published step"]["ratio"] < 3
    assert [json.loads(line)["what"] for line in results.read_text().splitlines()] == list(found)
    assert district_cost.costs(None, (300, 600), results) == found
