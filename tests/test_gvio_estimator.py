"""The estimator of output on a simulated region."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.industry import model_file
from nocturne.algorithms.industry.estimator import fit_estimator
from nocturne.algorithms.industry.factories import FactoryFields, read_factories
from nocturne.algorithms.industry.labels import Labels, read_labels
from nocturne.algorithms.industry.model_file import KIND, read_estimator, save_estimator
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.region_labels import whole_region
from nocturne.algorithms.industry.samples import FactorySamples
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import LINEAR, TRAINED, GvioSettings, LabelSettings, SamplingSettings
from nocturne.algorithms.industry.traits import UNKNOWN, FactoryTraits
from nocturne.algorithms.industry.zones import read_zones
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import r2
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import simulate_region
from nocturne.algorithms.simulation.region_tables import places_table, totals_table, town_table, zones_table
from nocturne.models.registry import load_model

TEST_MONTHS = slice(60, 72)


@pytest.fixture(scope="module")
def region() -> tuple[FactorySamples, FactoryTraits, Labels]:
    made = simulate_region(3)
    grid, places = made.plan.grid, places_table(made)
    factories = read_factories(places, FactoryFields("name", "category", "opened", "closed"), None, grid, "one",
                               Progress())
    town = town_table(made)
    samples = sample_factories(factories, ArrayLight(grid, made.months, made.light.radiance),
                               Surroundings(Boundary("URBAN_AREA", town.wkb, town.crs)), SamplingSettings(),
                               Resources(threads=1), Progress())
    labels = read_labels(totals_table(made), LabelSettings(), "period", "value", "zone", "", "price_index")
    zone = read_zones(zones_table(made), "zone", grid.crs).of_points(factories.x, factories.y)
    return samples, FactoryTraits(zone, places.columns["employees"][factories.row].astype(float)), labels


def training(samples: FactorySamples, labels: Labels) -> Labels:
    held = np.zeros(len(samples.months), bool)
    held[TEST_MONTHS] = True
    return labels.select(~(labels.covers(samples.months) & held).any(axis=1))


def test_sums_match_the_labels_of_training(region):
    samples, traits, labels = region
    values = fit_estimator(samples, traits, labels, GvioSettings(), Progress()).estimate(samples, traits,
                                                                                        Progress()).values
    zones = np.zeros((len(labels.zones), len(samples.months)))
    np.add.at(zones, traits.zone, values)
    sums = (zones[labels.zone] * labels.covers(samples.months)).sum(axis=1)
    assert np.corrcoef(np.log(sums), np.log(labels.value))[0, 1] > 0.99
    assert (values >= 0).all()
    assert not values[~samples.factories.is_open(samples.months)].any()


@pytest.mark.parametrize("reading", [LINEAR, TRAINED])
def test_months_without_labels_say_nothing(region, reading):
    samples, traits, labels = region
    known = training(samples, labels)
    light = samples.light.copy()
    light[:, TEST_MONTHS] *= np.random.default_rng(0).uniform(0.1, 10, light[:, TEST_MONTHS].shape)
    statistics = samples.region.values.copy()
    statistics[TEST_MONTHS] += 5
    foot, slope = samples.foot.copy(), samples.slope.copy()
    foot[TEST_MONTHS] += 1
    slope[TEST_MONTHS] *= 2
    noisy = replace(samples, light=light, region=replace(samples.region, values=statistics), foot=foot, slope=slope)
    settings = GvioSettings(reading=reading)
    one, other = (fit_estimator(each, traits, known, settings, Progress()) for each in (samples, noisy))
    assert np.array_equal(one.calendar, other.calendar)
    assert np.array_equal(one.gains, other.gains)
    assert all(np.array_equal(each.values, same.values) for mine, theirs in zip(one.courses, other.courses)
               for each, same in zip(mine, theirs))


def test_a_zone_whose_totals_are_all_zero_makes_nothing(region, tmp_path):
    samples, traits, labels = region
    settings = GvioSettings(members=2, network=False)
    some = replace(labels, value=np.where((labels.zone == 1) & (labels.first < samples.months[40]), 0, labels.value))
    nothing = replace(labels, value=np.where(labels.zone == 0, 0, some.value))
    known = fit_estimator(samples, traits, nothing.select(nothing.value > 0), settings, Progress())
    save_estimator(str(tmp_path / "gvio.json"), fit_estimator(samples, traits, nothing, settings, Progress()), {})
    fitted = read_estimator(load_model(str(tmp_path / "gvio.json"), KIND))
    values, others = (each.estimate(samples, traits, Progress()).values for each in (fitted, known))
    assert not values[traits.zone == 0].any()
    assert np.array_equal(values[traits.zone != 0], others[traits.zone != 0])
    assert values[traits.zone == 1].any()


@pytest.mark.parametrize("reading", [LINEAR, TRAINED])
def test_a_saved_model_gives_the_same_estimates(region, tmp_path, reading):
    samples, traits, labels = region
    fitted = fit_estimator(samples, traits, training(samples, labels), GvioSettings(reading=reading), Progress())
    save_estimator(str(tmp_path / "gvio.json"), fitted, {"title": "test"})
    again = read_estimator(load_model(str(tmp_path / "gvio.json"), KIND))
    one, other = (each.estimate(samples, traits, Progress()) for each in (fitted, again))
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.spread, other.spread)
    assert (one.spread > 0).any()


def test_a_model_that_was_fitted_to_other_networks_is_refused(region, tmp_path, monkeypatch):
    samples, traits, labels = region
    path = str(tmp_path / "gvio.json")
    settings = GvioSettings(members=1, network=False, reading=TRAINED)
    save_estimator(path, fit_estimator(samples, traits, labels, settings, Progress()), {"title": "test"})
    monkeypatch.setattr(model_file, "reader_version", lambda: 1)
    with pytest.raises(InputError, match="networks of another version of the plugin; train it again"):
        read_estimator(load_model(path, KIND))


def test_other_buffers_and_few_months_are_refused(region):
    samples, traits, labels = region
    fitted = fit_estimator(samples, traits, labels, GvioSettings(), Progress())
    with pytest.raises(InputError, match="BUFFERS"):
        replace(fitted, radii=(500.0,)).estimate(samples, traits, Progress())
    few = labels.select(labels.last < samples.months[20])
    with pytest.raises(InputError, match="at least 24 months"):
        fit_estimator(samples, traits, few, GvioSettings(), Progress())


def test_without_sizes_factories_of_one_cell_share_its_light(region):
    samples, traits, labels = region
    plain, settings = replace(traits, size=None), GvioSettings(network=False, members=1)
    centre = samples.cells[:, samples.side**2 // 2]
    crowded = np.isin(centre, np.flatnonzero(np.bincount(centre) > 1))
    parts = []
    for sharing in (True, False):
        fitted = fit_estimator(samples, plain, labels, replace(settings, light_sharing=sharing), Progress())
        values = fitted.estimate(samples, plain, Progress()).values
        parts.append(values[crowded].sum() / values.sum())
    assert parts[0] < parts[1]


def added_up(labels: Labels, start: int, length: int) -> Labels:
    """Totals of so many months each, from start on; a group of months lies within one of them."""
    place = np.column_stack((labels.zone, (labels.first - start) // length))
    groups, group = np.unique(place, axis=0, return_inverse=True)
    first = (start + groups[:, 1] * length).astype(np.int32)
    return Labels(groups[:, 0].astype(np.int32), first, first + np.int32(length - 1),
                  np.bincount(group.ravel(), labels.value), labels.zones)


@pytest.mark.parametrize("length", [2, 3, 6, 12])
@pytest.mark.parametrize("zoned", [True, False])
def test_totals_of_quarters_and_years_give_estimates_of_their_size(region, length, zoned):
    samples, traits, labels = region
    if not zoned:
        labels, traits = whole_region(labels)[0], replace(traits, zone=np.zeros_like(traits.zone))
    known = added_up(labels, int(samples.months[0]), length)
    fitted = fit_estimator(samples, traits, known, GvioSettings(members=3, network=False), Progress())
    values = fitted.estimate(samples, traits, Progress()).values
    zones = np.zeros((len(known.zones), len(samples.months)))
    np.add.at(zones, traits.zone, values)
    sums = (zones[known.zone] * known.covers(samples.months)).sum(axis=1)
    assert r2(known.value, sums) > 0.5
    np.testing.assert_allclose(np.bincount(known.zone, sums), np.bincount(known.zone, known.value), rtol=0.02)
    assert (zones.max(axis=1) / zones.mean(axis=1)).max() < 3


def test_factories_of_sectors_that_training_did_not_have_take_the_mean_gain(region):
    samples, traits, labels = region
    count = len(traits.zone)
    known = replace(traits, sector=(np.arange(count) % 2).astype(np.int32), sectors=("food", "metal"))
    fitted = fit_estimator(samples, known, labels, GvioSettings(members=2, network=False), Progress())
    assert fitted.gains.shape[1] == 2
    mean = replace(fitted, gains=np.repeat(fitted.gains.mean(axis=1, keepdims=True), 3, axis=1))
    assert not np.array_equal(mean.gains[:, 0], fitted.gains[:, 0])
    heard = []
    progress = Progress()
    progress.warning = heard.append
    new = replace(known, sector=np.zeros(count, np.int32), sectors=("paper",))
    empty = replace(known, sector=np.full(count, UNKNOWN, np.int32))
    both = replace(known, sector=(np.arange(count) % 2).astype(np.int32) - 1, sectors=("paper",))
    for other in (new, empty, both):
        assert np.array_equal(fitted.estimate(samples, other, progress).values,
                              mean.estimate(samples, other, Progress()).values)
    assert heard == [f"SECTOR_FIELD: {count} of {count} factories have a sector that the model hasn't learnt from, or "
                     "none; they get the mean gain of its sectors."] * 3
    fitted.estimate(samples, known, progress)
    assert len(heard) == 3


def test_known_months_that_were_not_observed_still_give_estimates(region):
    samples, traits, labels = region
    early = labels.select(labels.last < samples.months[48])
    fitted = fit_estimator(samples, traits, early, GvioSettings(members=1, network=False), Progress())
    dark = replace(samples, light=np.where(np.arange(len(samples.months)) < 48, np.nan, samples.light))
    values, seen = (fitted.estimate(each, traits, Progress()).values.sum(axis=0) for each in (dark, samples))
    assert (values > 0.3 * seen).all()
    assert (values < 3 * seen).all()
