"""Artefacts of location encoders: jumps, fast waves, lines."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from nocturne.algorithms.air_quality.artefacts import energy_beyond, find_artefacts, line_energy
from nocturne.algorithms.air_quality.estimator import Data
from nocturne.algorithms.air_quality.settings import Pm25Settings
from nocturne.algorithms.air_quality.windows import make_windows
from nocturne.algorithms.progress import Progress
from nocturne.tests.simulated_sites import simulated

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


GRID = np.mgrid[0:70, 0:160].astype(float)
STEPS = 0.37, 0.29


def smooth(seed):
    """A random field with the same waves in all directions."""
    shape = 280, 640
    frequency = np.hypot.outer(np.fft.fftfreq(shape[0], STEPS[0]), np.fft.fftfreq(shape[1], STEPS[1]))
    waves = np.fft.fft2(np.random.default_rng(seed).normal(size=shape)) / (1 + (frequency / 0.05) ** 3)
    field = np.fft.ifft2(waves).real[:70, :160]
    return field / field.std()


def test_lines_are_found_in_stripes_and_not_in_random_fields():
    for seed in range(10):
        along, strongest, _ = line_energy(smooth(seed), STEPS)
        assert max(along, strongest) < 4
    y, x = GRID * np.array(STEPS)[:, None, None]
    along, strongest, direction = line_energy(smooth(1) + 0.3 * np.sin(2 * np.pi * x / 2), STEPS)
    assert along == strongest > 4
    assert direction == 0
    along, strongest, direction = line_energy(smooth(1) + 0.3 * np.sin(2 * np.pi * (x + y) / 2.8), STEPS)
    assert along < 3
    assert strongest > 4
    assert direction in (40, 50)


def test_energy_beyond_a_frequency_is_that_of_fast_waves():
    _, x = GRID * np.array(STEPS)[:, None, None]
    slow, fast = np.sin(2 * np.pi * x / 10), np.sin(2 * np.pi * x / 1)
    assert energy_beyond(slow + fast, STEPS, 0.5) == pytest.approx(0.5, abs=0.05)
    assert energy_beyond(slow, STEPS, 0.5) < 1e-4
    assert energy_beyond(np.ones_like(x), STEPS, 0.5) == 0


class PlantedMembers:
    """Stands in for networks: estimates a function of the place's features."""

    location = None

    def __init__(self, function):
        self.function = function

    def estimate(self, data, windows, device, progress):
        return self.function(*data.places[windows].T)[None].astype(float), None


@pytest.mark.parametrize(("function", "words"), [
    (lambda x, y: 0.2 * x + 0.1 * y, ["it jumps by 72.00 ug/m3"]),
    (lambda x, y: 5 * np.cos(np.radians(x)), []),
    (lambda x, y: 5 * np.cos(np.radians(x)) + np.sign(np.sin(6 * y)), ["% of its energy is in waves", "lines along"]),
])
def test_planted_artefacts_are_found(function, words):
    days = simulated()
    data = Data(days, make_windows(days, np.arange(200), 3, 1), np.column_stack((days.longitude, days.latitude)))
    model = dataclasses.make_dataclass("Model", ["members", "settings"])(
        PlantedMembers(function), Pm25Settings(geolocation="degrees"))
    found = find_artefacts(model, data, lambda x, y: np.column_stack((x, y)), CPU, Progress())
    assert found.effect.shape == (len(found.latitude), len(found.longitude))
    assert found.effect.mean() == pytest.approx(0, abs=1e-9)
    sayings = found.found("degrees")
    assert len(sayings) == len(words), sayings
    assert all(word in saying for word, saying in zip(words, sayings))
