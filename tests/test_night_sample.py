"""A seeded sample of nights: as many valid ones as were asked for, and the same fit as of the sampled nights alone."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.night_lights.angular_effects import classify_stacks
from nocturne.algorithms.night_lights.file_angular_effects import classify_files
from nocturne.algorithms.night_lights.night_sample import SampledNights, equal_nights, valid_shares
from nocturne.algorithms.night_lights.night_sources import StackNights
from nocturne.algorithms.night_lights.pixel_nights import read_pixel, window_decision
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings, FileAngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterInput
from nocturne.algorithms.settings import Resources
from nocturne.tests.test_angular_effects import DATES, values, write_stack
from nocturne.tests.test_file_angular_effects import cells, city_extent
from nocturne.tests.test_pixel_nights import centre, make_classes, make_stacks, origin_of

RESOURCES = Resources(threads=2)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.5, 40), st.integers(0, 9))
def test_a_sample_is_just_large_enough(shares, wanted, seed):
    shares = np.array(shares)
    nights = equal_nights(shares, wanted, seed)
    assert nights == sorted(set(nights))
    assert nights == equal_nights(shares, wanted, seed)
    if shares.sum() < wanted:
        assert nights == list(range(len(shares)))
    else:
        assert wanted - 1e-6 <= shares[nights].sum() < wanted + shares.max() + 1e-6


def test_every_night_is_drawn_equally_often():
    drawn = np.bincount(np.concatenate([equal_nights(np.full(20, 0.5), 3, seed) for seed in range(600)]), minlength=20)
    assert drawn.sum() == 600 * 6
    assert drawn.min() > 130
    assert drawn.max() < 230


@pytest.fixture
def stacks(tmp_path):
    radiance, zenith = values(missing=0.3)
    radiance[3], radiance[:, 0, 0] = np.nan, np.nan
    paths = [RasterInput(name.upper(), write_stack(tmp_path / f"{name}.tif", stack))
             for name, stack in (("radiance", radiance), ("zenith", zenith))]
    return radiance, zenith, paths


def test_shares_are_of_the_pixels_with_any_valid_night(stacks):
    radiance, zenith, paths = stacks
    valid = np.isfinite(radiance) & (zenith <= 40)
    expected = valid.sum(axis=(1, 2)) / valid.any(axis=0).sum()
    for resources in (RESOURCES, Resources(max_memory=64, threads=1)):
        found = valid_shares(StackNights(*paths), np.float32(40), resources, Progress())
        np.testing.assert_allclose(found, expected)


def test_a_sampled_fit_is_the_fit_of_the_sampled_nights(stacks, tmp_path):
    radiance, zenith, paths = stacks
    chosen = AngularEffectsSettings(min_observations=5, max_nights=12, seed=3)
    counts = classify_stacks(*paths, str(tmp_path / "c1.tif"), str(tmp_path / "s1.tif"), chosen, RESOURCES, Progress())
    nights = [night for night, count in enumerate(counts.valid) if count is not None]
    assert 12 <= len(nights) < 30
    alone = [RasterInput(name.upper(), write_stack(tmp_path / f"{name}2.tif", stack[nights],
                                                   dates=[DATES[night] for night in nights]))
             for name, stack in (("radiance", radiance), ("zenith", zenith))]
    again = classify_stacks(*alone, str(tmp_path / "c2.tif"), str(tmp_path / "s2.tif"),
                            AngularEffectsSettings(min_observations=5), RESOURCES, Progress())
    assert [count for count in counts.valid if count is not None] == list(again.valid)
    for name in "cs":
        np.testing.assert_array_equal(cells(tmp_path / f"{name}1.tif")[0], cells(tmp_path / f"{name}2.tif")[0])
    source = SampledNights(StackNights(*paths), nights)
    assert source.dates == StackNights(*alone).dates


def test_the_table_of_nights_says_which_were_not_drawn(demo, tmp_path):
    folder, settings = str(demo / "daily"), FileAngularEffectsSettings(extent=city_extent(demo), max_nights=40)
    found = classify_files(folder, str(tmp_path / "c.tif"), str(tmp_path / "s.tif"), settings, RESOURCES, Progress())
    reasons = [night.reason for night in found.nights]
    assert reasons.count("it isn't in the sample of nights") == sum(count is None for count in found.counts.valid) > 0
    observations = cells(tmp_path / "s.tif")[0][9]
    assert np.median(observations[observations > 0]) == pytest.approx(40, abs=6)


def test_fewer_nights_than_a_fit_needs_are_refused():
    with pytest.raises(InputError, match=r"^MAX_NIGHTS: 20 is fewer than MIN_OBSERVATIONS \(30\)"):
        AngularEffectsSettings(max_nights=20)


def test_the_explorer_follows_the_sample(tmp_path):
    make_stacks(tmp_path)
    classes, _ = make_classes(tmp_path, AngularEffectsSettings(max_nights=35, seed=2))
    origin = origin_of(tmp_path)
    decision = window_decision(origin, Progress())
    assert len(decision.nights.source.dates) < 60
    for row, column in ((0, 0), (4, 5), (8, 10)):
        pixel = read_pixel(origin, decision, *centre(row, column), Progress())
        assert pixel.fit.effect == pixel.recorded == classes[row, column]
        assert pixel.dates == decision.nights.source.dates
