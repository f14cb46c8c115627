"""Swings of output read by trained networks: what they see, and what they mustn't know."""
from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nocturne.algorithms.industry.estimator import linear_signal
from nocturne.algorithms.industry.factory_shares import Scale
from nocturne.algorithms.industry.reader_inputs import CHANGE_UNIT, ReaderInputs, _around, reader_inputs
from nocturne.algorithms.industry.samples import FactorySamples
from nocturne.algorithms.industry.settings import GvioSettings
from nocturne.algorithms.industry.trained_reading import trained_corrections
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.simulation.region import simulate_region
from nocturne.benchmarks.gvio_region import region_case
from nocturne.models.swing_reader import SERIES, TRAITS, SwingReader

SETTINGS = GvioSettings()
MONTHS = 60


def inputs_of(samples: FactorySamples, traits, visible: np.ndarray | None = None) -> ReaderInputs:
    every = np.ones(len(samples.months), bool)
    visible = every if visible is None else visible
    signal = linear_signal(samples, traits, traits.sectors, SETTINGS, visible, visible, Progress(), Scale())
    return reader_inputs(samples, signal.share, signal.swings, traits.zone, SETTINGS, visible, visible)


@pytest.fixture(scope="module")
def small():
    case = region_case(simulate_region(3, months=MONTHS, cells=48))
    return case.sample(np.ones(MONTHS, bool), Progress()), case.traits


@pytest.fixture(scope="module")
def inputs(small):
    return inputs_of(*small)


def random_cells(count: int) -> tuple[torch.Tensor, ...]:
    numbers = torch.Generator().manual_seed(5)
    listed = torch.rand((count, 30), generator=numbers)
    return (torch.randn((count, SERIES, 30), generator=numbers), torch.randn((count, TRAITS), generator=numbers),
            listed / listed.sum(dim=0), torch.full((count,), 1 / count))


def test_new_network_reads_nothing():
    found, region = SwingReader()(*random_cells(7))
    assert found.shape == (3, 7, 30)
    assert not found.any()
    assert len(region) == 2


def test_parts_of_a_region_are_read_as_the_whole():
    torch.manual_seed(2)
    reader = SwingReader().eval()
    torch.nn.init.normal_(reader.last.weight)
    cells = random_cells(9)
    with torch.inference_mode():
        whole, region = reader(*cells)
        parts = [reader(*(each[chosen] for each in cells), region)[0] for chosen in (slice(4), slice(4, 9))]
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


def test_cells_are_those_of_factories_and_as_many_bright_ones(small, inputs):
    samples, traits = small
    own = samples.cells[:, samples.side**2 // 2]
    assert (inputs.rows[inputs.cell] == own).all()
    assert len(inputs.rows) == 2 * len(np.unique(own)) == len(np.unique(inputs.rows))
    assert np.allclose(inputs.listed.sum(axis=0), 1, atol=1e-5)
    assert inputs.bright.sum() == pytest.approx(1, abs=1e-5)
    assert (inputs.zone[inputs.cell] == traits.zone)[np.bincount(inputs.cell)[inputs.cell] == 1].all()
    assert np.isfinite(inputs.series).all()
    assert np.isfinite(inputs.traits).all()


def test_light_around_is_the_mean_of_neighbours_by_their_light(small):
    samples, _ = small
    numbers = np.random.default_rng(0)
    cells = len(samples.positions)
    changes = numbers.normal(size=(cells, MONTHS)).astype(np.float32)
    known = numbers.random((cells, MONTHS)) < 0.8
    usual = numbers.uniform(1, 50, cells)
    near, wide = _around(samples, changes * known, known, usual, np.arange(0, cells, 97))
    row, column = np.divmod(samples.positions, samples.grid.width)
    for found, reach in ((near, 1), (wide, 3)):
        for number, place in enumerate(range(0, cells, 97)):
            apart = np.maximum(abs(row - row[place]), abs(column - column[place]))
            beside = (apart <= reach) & (apart > 0)
            weight = usual[beside, None] * known[beside]
            mean = (weight * changes[beside]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-3)
            assert np.allclose(found[number], mean, atol=1e-4)


def test_hidden_months_are_not_looked_at(small):
    samples, traits = small
    visible = np.arange(MONTHS) < 40
    other = replace(samples, light=np.where(visible, samples.light, samples.light * 3 + 7))
    for one, two in zip(*(vars(inputs_of(each, traits, visible)).values() for each in (samples, other))):
        assert np.array_equal(one, two)


def test_a_single_month_reaches_its_own_place(small, inputs):
    samples, traits = small
    light = samples.light.copy()
    light[:, 30] *= 1.1
    found = inputs_of(replace(samples, light=light), traits)
    moved = np.abs(found.series[:, 0] - inputs.series[:, 0]).mean(axis=0)
    assert moved[30] > 0.5 * np.log(1.1) / CHANGE_UNIT
    assert np.delete(moved, 30).max() < 0.5 * moved[30]  # usual levels move a little


def test_light_that_never_changes_is_not_corrected(small, inputs):
    """Nor does the place in the series tell anything: every simulated region has its crisis in the same year."""
    _, traits = small
    still = inputs.series.copy()
    still[:, [0, 2, 3, 4, 5]] = 0
    still[:, 1] = 1
    added = trained_corrections(replace(inputs, series=still), traits.zone, "cpu", Progress())
    read = trained_corrections(inputs, traits.zone, "cpu", Progress())
    assert added.mean(axis=0).std() < 0.2 * read.mean(axis=0).std()


def test_networks_are_trained_on_cut_out_years_as_they_are_used(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent.parent / "scripts"))
    training = importlib.import_module("train_gvio_reader")
    task = training.region_task(1001)
    months = len(task.months)
    assert months % 12 == 0
    assert task.test.sum() == 12
    assert not (task.train & task.test).any()
    known = task.hidden.series[:, 1] > 0
    assert known[:, task.train].any()
    assert not known[:, ~task.train].any()
    assert (task.seen.series[:, 1] > 0)[:, task.test].any()
    assert task.target.shape == (6, months)
    torch.manual_seed(0)
    reader, numbers = SwingReader(), np.random.default_rng(0)
    optimiser = torch.optim.Adam(reader.parameters(), 3e-3)
    losses = []
    for _ in range(15):
        loss = training._loss(reader, task, numbers)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.95 * losses[0]
