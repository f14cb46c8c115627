"""The script of the tables about simulated regions, on small ones."""
from __future__ import annotations

import pytest
from nocturne.algorithms.industry.settings import GvioSettings
from nocturne.benchmarks import gvio_evidence
from nocturne.benchmarks.gvio_evidence import FULL, MAP, ORACLE, evidence, summary

SMALL = {"settings": GvioSettings(members=2, network=False), "months": 48, "cells": 48}


def test_tables_are_made_and_resumed(tmp_path, monkeypatch):
    results, modes = tmp_path / "results.jsonl", [FULL, MAP, "without buffers"]
    lines = evidence(results, [3], modes, **SMALL)
    assert [line["mode"] for line in lines] == modes
    full, grids = lines[0], lines[1]
    scores = full["blocked"]["scores"]
    assert scores[ORACLE]["skill"] > 0
    assert 0.8 < scores["estimate"]["r2"] < scores[ORACLE]["r2"]
    assert scores["sum of light"]["r2"] < scores["estimate"]["r2"]
    assert full["blocked"]["intervals"]["region"]["cases"] == 44
    assert 1 > grids["zones"]["factory"] > grids["shared by light"] > grids["shared equally"]
    assert grids["shared equally"] < 0.5
    text = "\n".join(summary(lines))
    for phrase in ("full: 1 regions", "learnt from region  grid by pooled", "shared by light", "without buffers"):
        assert phrase in text
    monkeypatch.setattr(gvio_evidence, "simulate_region", lambda *_, **__: pytest.fail("nothing is computed again"))
    assert evidence(results, [3], modes, **SMALL) == lines
