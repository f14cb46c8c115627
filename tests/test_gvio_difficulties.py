"""The script that takes difficulties of simulated regions away, one at a time."""
from __future__ import annotations

import numpy as np
import pytest
from nocturne.algorithms.simulation.region import Region, simulate_region
from nocturne.algorithms.simulation.region_output import LONGEST_LAG
from nocturne.benchmarks import gvio_difficulties
from nocturne.benchmarks.gvio_difficulties import (
    movements,
    nothing_hard,
    perfect_sensor,
    skills,
    still_light,
    true_layer,
    whole_layer,
)
from nocturne.benchmarks.gvio_region import region_case


@pytest.fixture(scope="module")
def region() -> Region:
    return simulate_region(3, months=48, cells=48)


def test_a_true_layer_has_true_factories_and_a_whole_one_all(region):
    made = np.flatnonzero(region.output.open[:region.plan.factories, LONGEST_LAG:].any(axis=1))
    for layer, is_whole in ((true_layer(region).places, False), (whole_layer(region).places, True)):
        producers = layer.producer[layer.listed_as_factory]
        assert set(producers) <= set(made)
        assert (set(producers) == set(made)) == is_whole
        sizes = layer.employees[layer.listed_as_factory] / region.plan.size[producers]
        assert np.median(sizes) == pytest.approx(1000, rel=0.01)
        opens = ~region.output.open[producers, LONGEST_LAG]
        assert np.array_equal(layer.opened[layer.listed_as_factory] > 0, opens)


def test_still_light_moves_by_factories_alone(region):
    moved, still = movements(region), movements(perfect_sensor(still_light(region)))
    assert 0 < moved["industry"] < moved["other light"] + moved["sensor"]
    assert still["other light"] < 0.5 * moved["other light"]
    assert still["sensor"] < 0.1 * moved["sensor"]
    apart = still_light(region).light.clean - gvio_difficulties._industry(region, region.light.factories)
    assert np.ptp(apart, axis=0).max() < 1e-2


def test_light_tells_more_where_nothing_is_hard(region):
    assert skills(region_case(nothing_hard(region)))["blocked"] > skills(region_case(region))["blocked"]
