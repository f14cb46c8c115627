"""The network on patches: shapes, what a new one adds, and that sums alone teach it."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from nocturne.algorithms.errors import Cancelled
from nocturne.algorithms.industry.factories import ALWAYS, Factories
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.network import Bags, network_adds, network_inputs, train_network
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import GvioSettings, SamplingSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid
from nocturne.algorithms.settings import Resources
from nocturne.models.sa_cnn import SaCnn

MONTHS, FACTORIES = 96, 12


class Stopped(Progress):
    def is_cancelled(self) -> bool:
        return True


@pytest.fixture(scope="module")
def planted():
    """Inputs, and bags whose totals follow the mean change of light in the cells around factories."""
    from affine import Affine
    from rasterio.crs import CRS

    numbers = np.random.default_rng(0)
    grid = Grid(CRS.from_epsg(32651), Affine(500, 0, 300_000, 0, -500, 3_450_000), 60, 60)
    swing = 0.3 * np.sin(np.arange(MONTHS) * 1.7)
    light = (20 * np.exp(swing)[:, None, None] * (1 + 0.05 * numbers.standard_normal((MONTHS, 60, 60))))
    place = numbers.uniform(5, 55, (2, FACTORIES)) * 500
    always = [np.full(FACTORIES, end, np.int32) for end in ALWAYS]
    factories = Factories(tuple(map(str, range(FACTORIES))), 300_000 + place[0], 3_450_000 - place[1], *always,
                          np.arange(FACTORIES, dtype=np.int32))
    months = np.arange(MONTHS, dtype=np.int32) + 12 * 2014
    samples = sample_factories(factories, ArrayLight(grid, months, light.astype(np.float32)), Surroundings(),
                               SamplingSettings(), Resources(threads=1), Progress())
    every = np.ones(MONTHS, bool)
    settings = GvioSettings(region_statistics=False)
    inputs = network_inputs(samples, np.zeros((FACTORIES, MONTHS)), settings, (), every, every)
    at = np.arange(MONTHS)
    bags = Bags(np.full((FACTORIES, MONTHS), 1 / FACTORIES), np.zeros(FACTORIES, np.int32), np.zeros(MONTHS, np.int32),
                at, at, swing, (at // 12).astype(np.int32), np.full(MONTHS, 1 / MONTHS))
    return inputs, bags, swing


@pytest.mark.parametrize("side", [1, 3, 7, 9])
def test_a_new_network_adds_nothing(side):
    torch.manual_seed(0)
    added = SaCnn(4)(torch.rand(5, 3, side, side), torch.rand(5, 4))
    assert added.shape == (5,)
    assert not added.any()


def test_sums_teach_it(planted):
    inputs, bags, swing = planted
    network, weight = train_network(inputs, bags, 4, "cpu", Progress())
    added = network_adds(network, inputs, "cpu", Progress())
    assert added.shape == (FACTORIES, MONTHS)
    assert weight > 0
    assert np.corrcoef(added.mean(axis=0), swing)[0, 1] > 0.9


def test_a_seed_gives_one_network(planted):
    inputs, bags, _ = planted
    one, other = (train_network(inputs, bags, 5, "cpu", Progress())[0].state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_it_stops_when_asked(planted):
    inputs, bags, _ = planted
    with pytest.raises(Cancelled):
        train_network(inputs, bags, 1, "cpu", Stopped())
