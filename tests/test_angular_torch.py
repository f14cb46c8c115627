"""The torch engine, computed on the CPU: the same sums to the last bit, the same classes, the same statistics."""
import numpy as np
import pytest
from nocturne.algorithms.night_lights import angular_effects, angular_fit, angular_torch
from nocturne.algorithms.night_lights.angular_fit import STATISTICS, U_SHAPED, Thresholds
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.heard import Heard

SHAPE = (90, 12, 40)


def nights(seed=3, noise=4.0):
    """Radiance, zenith and mask with every kind of effect, gaps, infinities, steady and two-angle pixels."""
    random = np.random.default_rng(seed)
    zenith = random.uniform(0, 68, SHAPE)
    radiance = (40 + random.normal(0, 0.2, SHAPE[1:]) * zenith
                + random.normal(0, 0.01, SHAPE[1:]) * (zenith - 35) ** 2 + random.normal(0, noise, SHAPE))
    radiance[random.random(SHAPE) < 0.4] = np.nan
    radiance[:, 0, 0], zenith[:, 0, 1], radiance[3, 0, 2] = 5.0, 20.0, np.inf
    zenith[:, 0, 3] = np.where(np.arange(len(zenith)) % 2, 10.0, 50.0)
    radiance[:, 0, 4], radiance[:80, 0, 5] = np.nan, np.nan
    mask = (random.random(SHAPE) < 0.9).astype(np.uint8)
    return radiance.astype(np.float32), zenith.astype(np.float32), mask


def engine(heard=None):
    return angular_torch.TorchEngine("cpu", angular_fit, heard or Progress())


def summed(by, radiance, zenith, mask, parts=1):
    state = angular_fit.empty_sums(*SHAPE[1:])
    for part in np.array_split(np.arange(len(radiance)), parts):
        by.add_nights(radiance[part], zenith[part], None if mask is None else mask[part], 60.0, *state)
    return state


def assert_same_state(found, expected):
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("parts", [1, 4])
def test_sums_are_the_same_to_the_last_bit(masked, parts):
    radiance, zenith, mask = nights()
    mask = mask if masked else None
    assert_same_state(summed(engine(), radiance, zenith, mask, parts), summed(angular_fit, radiance, zenith, mask))


@pytest.mark.parametrize("chosen", [
    {}, {"u_test": "adjusted-r2"}, {"min_rise": 0.4, "alpha": 0.2}, {"min_r2": 0.2, "min_change": 0.2},
    {"min_observations": 5, "alpha": 1e-6}], ids=str)
@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_classes_and_statistics_are_those_of_numpy(chosen, noise):
    settings, (radiance, zenith, mask) = AngularEffectsSettings(**chosen), nights(noise=noise)
    state, thresholds = summed(angular_fit, radiance, zenith, mask), Thresholds(len(radiance), AngularEffectsSettings())
    classes, found = engine().fit_block(*state, thresholds, settings, np.float64, 15)
    expected_classes, expected = angular_fit.fit_block(*state, thresholds, settings, np.float64, 15)
    np.testing.assert_array_equal(classes, expected_classes)
    assert classes.dtype == np.uint8
    assert (classes == U_SHAPED).any()
    for name, one, other in zip((*STATISTICS, "turning t"), found, expected):
        rtol = 1e-8 if name.endswith("_p") else 1e-12
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-300, err_msg=name)
    single = engine().fit_block(*state, thresholds, settings)[1]
    assert single.dtype == np.float32
    assert single.shape == (len(STATISTICS), *SHAPE[1:])


class SmallDevice:
    """Stands for a device on which calls with more than so many nights or rows don't fit."""

    def __init__(self, monkeypatch, fits):
        self.lengths = []
        for name in ("_add", "_fit_rows"):
            monkeypatch.setattr(angular_torch, name, self._limited(getattr(angular_torch, name), fits))

    def _limited(self, function, fits):
        def limited(values, *more):
            if len(values) > fits:
                raise RuntimeError(f"CUDA out of memory. Tried to allocate {len(values)} items")
            self.lengths.append(len(values))
            return function(values, *more)

        return limited


def test_batches_are_halved_until_they_fit_and_the_results_stay(monkeypatch):
    radiance, zenith, mask = nights()
    settings = AngularEffectsSettings()
    thresholds = Thresholds(len(radiance), settings)
    expected = engine().fit_block(*summed(angular_fit, radiance, zenith, mask), thresholds, settings)
    device, heard = SmallDevice(monkeypatch, 7), Heard()
    small = engine(heard)
    state = summed(small, radiance, zenith, mask)
    assert max(device.lengths) == 5  # 90, 45, 22, 11, 5
    assert_same_state(state, summed(angular_fit, radiance, zenith, mask))
    for found, wanted in zip(small.fit_block(*state, thresholds, settings), expected):
        np.testing.assert_array_equal(found, wanted)
    assert heard.texts == []


def test_a_device_that_is_too_small_leaves_the_work_to_the_cpu(monkeypatch):
    radiance, zenith, mask = nights()
    settings = AngularEffectsSettings()
    SmallDevice(monkeypatch, 0)
    heard = Heard()
    small = engine(heard)
    state = summed(small, radiance, zenith, mask, parts=3)
    assert_same_state(state, summed(angular_fit, radiance, zenith, mask))
    thresholds = Thresholds(len(radiance), settings)
    np.testing.assert_array_equal(small.fit_block(*state, thresholds, settings)[1],
                                  angular_fit.fit_block(*state, thresholds, settings)[1])
    assert len(heard.texts) == 1
    assert "The CPU computes the rest" in heard.texts[0]


def test_other_failures_are_not_taken_for_missing_memory(monkeypatch):
    def broken(*_):
        raise RuntimeError("CUDA error: an illegal memory access")

    monkeypatch.setattr(angular_torch, "_add", broken)
    with pytest.raises(RuntimeError, match="illegal"):
        summed(engine(), *nights())


def test_a_gpu_that_was_picked_is_used(monkeypatch):
    """torch's own CPU stands for the GPU."""
    asked = []

    def pick(wanted, progress, double):
        asked.append((wanted, double))
        return "cpu:0"

    monkeypatch.setattr(angular_effects, "pick_device", pick)
    assert isinstance(angular_effects._engine(Resources(device="cuda:3"), Progress()), angular_torch.TorchEngine)
    assert asked == [("cuda:3", True)]
