"""The benchmark of CBDs on planted truth, on three small cities."""
from __future__ import annotations

import numpy as np
import pytest
from nocturne.benchmarks.cbd_cities import labels_of, layer_of, print_counts, print_outlines, read_city, rows_of, shares
from nocturne.benchmarks.cbd_simulation import ABOUT, simulate

SEED, COUNT = 3, 4
SMALL = {"cells": 100, "nights": 240, "count": COUNT}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("cities")
    simulate(place, SEED, 1, **SMALL)
    return place


@pytest.fixture(scope="module")
def cities(folder):
    return [read_city(place) for place in simulate(folder, SEED, 1, **SMALL)]


def test_a_run_goes_on_where_it_was_stopped(folder, cities):
    places = [folder / f"draw_{SEED}" / f"{index:02d}" for index in range(COUNT)]
    before = [(place / ABOUT).stat().st_mtime_ns for place in places]
    classes = (places[1] / "classes.tif").read_bytes()
    (places[1] / ABOUT).unlink()
    assert simulate(folder, SEED, 1, **SMALL) == places
    after = [(place / ABOUT).stat().st_mtime_ns for place in places]
    assert [first == second for first, second in zip(before, after)] == [True, False, True, True]
    assert (places[1] / "classes.tif").read_bytes() == classes


def test_labels_count_every_planted_cbd_once(cities):
    table = layer_of(cities)
    labels = labels_of(table, cities)
    assert labels.known == sum(city.about["cbds"] for city in cities)
    assert set(labels.pairs[:, 0]) == set(np.flatnonzero(labels.cbd))
    assert 0 < len(np.unique(labels.pairs[:, 1])) <= labels.known


def test_tables_are_markdown(cities, capsys):
    print_counts({SEED: cities})
    columns, _ = rows_of(cities)
    print_outlines({SEED: cities}, {"a decider": {SEED: columns["label"] > 0}})
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"| {SEED} ")]
    assert len(lines) == 5
    assert lines[1].replace("a decider", "true labels") == lines[3]
    assert shares(np.array([9, 12])) == ["9 of 12 = 0.75 (0.47 to 0.91)"]
