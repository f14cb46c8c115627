from datetime import date, timedelta

import numpy as np
import pytest
from nocturne.algorithms.execution import Resources
from nocturne.algorithms.night_lights import angular_fit
from nocturne.algorithms.night_lights.angular_effects import classify
from nocturne.algorithms.night_lights.night_effect import urban_median_factors
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid
from rasterio import open as open_dataset
from rasterio.crs import CRS
from rasterio.transform import from_origin


class ArrayNights:
    """Nights from arrays of shape (nights, rows, columns)."""

    parameter = "RADIANCE"
    first_row = 0

    def __init__(self, radiance, zenith):
        self._radiance, self._zenith = radiance.astype(np.float32), zenith.astype(np.float32)
        rows, columns = radiance.shape[1:]
        self.grid = Grid(CRS.from_epsg(32651), from_origin(0, 0, 500, 500), columns, rows)
        self.dates = [date(2020, 1, 1) + timedelta(night) for night in range(len(radiance))]
        self.block_shape = (16, 16)

    def read(self, nights, window, spare=None):
        part = (list(nights), *window.toslices())
        return self._radiance[part[0]][:, part[1], part[2]], self._zenith[part[0]][:, part[1], part[2]]


def flat_city(shared, pixel, nights=80, side=48, seed=3):
    """A city without any angular effect: brightness per pixel, noise that a night shares, noise of each pixel."""
    numbers = np.random.default_rng(seed)
    zenith = np.repeat(numbers.uniform(0, 60, nights), side * side).reshape(nights, side, side)
    brightness = numbers.lognormal(3, 1, (side, side))
    factors = 1 + shared * numbers.standard_normal(nights)
    radiance = brightness * factors[:, None, None] * (1 + pixel * numbers.standard_normal(zenith.shape))
    return ArrayNights(radiance, zenith), factors


def factors_of(source, resources=None):
    return urban_median_factors(source, angular_fit.finite_limit(60.0), resources or Resources(), Progress())


def test_the_factors_are_what_the_nights_have_in_common():
    source, planted = flat_city(shared=0.1, pixel=0.15)
    found = factors_of(source)
    assert np.corrcoef(found, planted)[0, 1] > 0.98
    np.testing.assert_allclose(found / found.mean(), planted / planted.mean(), atol=0.05)


def test_the_factors_do_not_depend_on_memory_and_threads():
    source, _ = flat_city(shared=0.1, pixel=0.15)
    np.testing.assert_array_equal(factors_of(source, Resources(max_memory=64, threads=1)),
                                  factors_of(source, Resources(max_memory=1024, threads=3)))


def test_a_night_that_few_bright_pixels_see_keeps_its_radiance():
    source, _ = flat_city(shared=0.2, pixel=0.1)
    source._radiance[7].ravel()[30:] = np.nan
    assert factors_of(source)[7] == 1.0


def test_nights_beyond_the_zenith_limit_are_no_observations():
    source, _ = flat_city(shared=0.2, pixel=0.1)
    source._zenith[11] = 65
    assert factors_of(source)[11] == 1.0


@pytest.fixture
def negative_share(tmp_path):
    def share(source, **settings):
        counts = classify(source, str(tmp_path / "classes.tif"), None, AngularEffectsSettings(**settings), Resources(),
                          Progress())
        return counts.negative / counts.fitted

    return share


def test_haze_that_the_city_shares_makes_no_negative_pixels(negative_share):
    plain, corrected = [], []
    for seed in range(12):
        source, _ = flat_city(shared=0.1, pixel=0.1, seed=seed)
        plain.append(negative_share(source))
        corrected.append(negative_share(source, night_effect="urban-median"))
    assert max(plain) > 0.08
    assert max(corrected) < 0.05


def test_the_correction_leaves_almost_nothing_of_a_flat_city(negative_share):
    source, _ = flat_city(shared=0, pixel=0.2)
    assert negative_share(source) > 0.015
    assert negative_share(source, correction="benjamini-hochberg") < 0.001


def test_the_correction_leaves_the_statistics_as_they_are(tmp_path):
    source, _ = flat_city(shared=0.05, pixel=0.2)
    found = []
    for correction in ("none", "benjamini-hochberg"):
        path = tmp_path / f"{correction}.tif"
        classify(source, str(tmp_path / "classes.tif"), str(path), AngularEffectsSettings(correction=correction),
                 Resources(), Progress())
        with open_dataset(path) as dataset:
            found.append(dataset.read())
    np.testing.assert_array_equal(*found)
