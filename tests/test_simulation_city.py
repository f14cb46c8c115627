"""The simulated city: light curves, clouds, plan, nights and what of it can be seen."""
import numpy as np
import pytest
from nocturne.algorithms.errors import Cancelled
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.simulation.city_plan import (
    BELOW_HILLS,
    CBD,
    DISTRICT_TYPES,
    HISTORIC,
    HOUSING,
    MID_RISE,
    RIVER,
    SECONDARY,
    inside_ring,
    plan_city,
)
from nocturne.algorithms.simulation.clouds import simulate_clouds
from nocturne.algorithms.simulation.composites import annual_composites
from nocturne.algorithms.simulation.constants import Constants, generator
from nocturne.algorithms.simulation.light_curves import FLAT, LOW, MIDDLE, TOWER, relative_radiance, through_footprint
from nocturne.algorithms.simulation.nights import EPHEMERAL, NO_RETRIEVAL, simulate_nights
from nocturne.algorithms.simulation.truth import NEGATIVE, NONE, POSITIVE, U_SHAPED, planted_effects
from nocturne.algorithms.simulation.window import SMALL
from scipy.ndimage import label

NIGHTS = 64
ZENITH = np.linspace(0, 60, 61)


class Simulation:
    """A city of one seed with its nights, its truth and its composites."""

    def __init__(self, seed):
        self.constants = Constants(generator(seed, 0))
        self.city = plan_city(self.constants, generator(seed, 1), SMALL)
        self.nights = simulate_nights(self.constants, seed, self.city, SMALL, NIGHTS, Progress())
        self.zenith = np.stack([night.view.zenith for night in self.nights])
        self.clean = np.stack([night.clean for night in self.nights])
        self.radiance = np.stack([night.radiance for night in self.nights])
        self.quality = np.stack([night.quality for night in self.nights])
        self.snow = np.stack([night.snow for night in self.nights])
        self.truth = planted_effects(self.zenith, self.clean, np.isfinite(self.radiance), self.city.municipality)
        self.composites = annual_composites(self.nights)
        self.annual = self.composites["AllAngle_Composite_Snow_Free"].mean
        self.used = (self.quality <= EPHEMERAL) & ~self.snow & (self.zenith <= 60)


@pytest.fixture(scope="module", params=[1, 2, 9])
def simulation(request):
    return Simulation(request.param)


def curve(shape, amount):
    return relative_radiance(np.uint8(shape), np.float32(amount), ZENITH)


def test_curves_have_the_direction_of_their_district():
    tower = curve(TOWER, 0.75)
    assert (np.diff(tower) < 0).all()
    assert tower[-1] == pytest.approx(0.25 / np.cos(np.radians(60)))
    cold_spot = curve(TOWER, 0.4)  # intensity that falls little is a radiance with a minimum in between
    assert 0 < cold_spot.argmin() < 60
    middle = curve(MIDDLE, 0.3)
    assert middle.min() == pytest.approx(0.7, abs=0.001)
    assert middle[[0, -1]] == pytest.approx([1, 1], abs=1e-6)
    assert curve(LOW, 0.4)[-1] == pytest.approx(1.4)
    assert (curve(FLAT, 0.4) == 1).all()


def test_footprint_mixes_without_losing_light():
    point = np.zeros((31, 31), np.float32)
    point[15, 15] = 100
    mixed = through_footprint(point, 30.8)
    assert mixed.sum() == pytest.approx(100, rel=1e-4)
    assert mixed[15, 14] > mixed[14, 15] > mixed[14, 14] > 0, "cells are narrower from west to east"
    offsets = (np.arange(31) - 15) * 463.3
    spread = np.sqrt((mixed.sum(axis=1) * offsets**2).sum() / 100)
    assert spread == pytest.approx(742 / 2.3548, rel=0.02)


@pytest.mark.parametrize(("share", "persistence"), [(0.3, 0.0), (0.7, 0.6), (0.85, 0.9)])
def test_clouds_leave_the_clear_share_and_persist(share, persistence):
    clouds = simulate_clouds(generator(5), 80, (40, 50), share, persistence)
    clear = clouds.confidence == 0
    assert clear.mean() == pytest.approx(share, abs=0.001)
    assert set(np.unique(clouds.confidence)) == {0, 1, 2, 3}
    assert not (clouds.suspect & ~clear).any()
    # neighbours in space agree more often than neighbours in time, and these more often the longer clouds last
    in_space = (clear[:, :, 1:] == clear[:, :, :-1]).mean()
    in_time = (clear[1:] == clear[:-1]).mean()
    independent = share**2 + (1 - share)**2
    assert in_space > 0.93
    assert in_time == pytest.approx(independent, abs=0.1) if persistence == 0 else in_time > independent + 0.05


def test_every_constant_lies_in_its_stated_range(simulation):
    records = simulation.constants.as_records()
    assert len(records) > 40
    for name, record in records.items():
        values = np.atleast_1d(record["value"])
        assert ((values >= record["low"]) & (values <= record["high"])).all(), name


def test_plan_is_a_city_with_every_district(simulation):
    city = simulation.city
    assert set(np.unique(city.districts)) == {each.code for each in DISTRICT_TYPES} - {HISTORIC, BELOW_HILLS}
    assert (city.brightness >= 0).all()
    assert 3000 < city.built_up.sum() < 6500
    assert (city.built_up & ~city.municipality).sum() < 0.03 * city.built_up.sum()
    edge = np.ones_like(city.municipality)
    edge[1:-1, 1:-1] = False
    assert not city.municipality[edge].any(), "the boundary lies inside the window"
    assert 5 * np.median(city.brightness[~city.built_up]) < np.median(city.brightness[city.built_up])


def test_ring_of_a_circle():
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ring = np.column_stack((10 * np.cos(angles), 10 * np.sin(angles)))
    x, y = np.meshgrid(np.linspace(-12, 12, 41), np.linspace(-12, 12, 41))
    radius = np.hypot(x, y)
    inside = inside_ring(x, y, ring)
    assert inside[radius < 9.98].all()
    assert not inside[radius > 10.02].any()


def test_planted_classes_have_realistic_shares_and_stand_where_they_belong(simulation):
    city, classes = simulation.city, simulation.truth.classes
    planted = classes[city.built_up & city.municipality]
    shares = {each: (planted == each).mean() for each in (NONE, NEGATIVE, POSITIVE, U_SHAPED)}
    assert 0.01 <= shares[NEGATIVE] <= 0.15
    assert all(share > 0.1 for each, share in shares.items() if each != NEGATIVE)
    assert (classes[city.districts == CBD] == NEGATIVE).mean() > 0.9
    assert (classes[city.districts == SECONDARY] == NEGATIVE).mean() > 0.7
    assert (classes[city.districts == HOUSING] == NEGATIVE).mean() > 0.7
    assert (classes[city.districts == MID_RISE] == U_SHAPED).mean() > 0.5
    assert (simulation.truth.change[city.districts == CBD] < -0.2).mean() > 0.8


def test_annual_light_has_centres_that_merge_at_a_lower_level(simulation):
    annual, city = simulation.annual, simulation.city
    assert 130 < annual[city.districts == CBD].max() < 260
    x, y = SMALL.plane()
    peaks = {}
    for name, (east, north) in city.business_districts.items():
        near = np.hypot(x - east, y - north) < 1.6
        peaks[name] = np.unravel_index(np.where(near, annual, 0).argmax(), annual.shape)
    cbd, secondary, second_city = (peaks[name] for name in city.business_districts)
    together = [level for level in range(36, 120, 2)
                if label(annual > level)[0][cbd] == label(annual > level)[0][secondary] != 0]
    apart = [level for level in range(36, 120, 2) if 0 != label(annual > level)[0][cbd]
             != label(annual > level)[0][secondary] != 0]
    assert together
    assert apart
    assert min(together) < min(apart)
    assert annual[second_city] > 50
    assert label(annual > 36)[0][second_city] != label(annual > 36)[0][cbd]
    assert 0.01 < (annual > 36).mean() < 0.08


def test_enough_nights_are_clear(simulation):
    assert np.percentile(simulation.used.sum(axis=0), 5) >= 30
    first_three_quarters = simulation.used[:NIGHTS * 3 // 4].sum(axis=0)
    assert np.median(first_three_quarters) >= 30


def test_the_effect_of_towers_can_be_detected_and_flat_light_stays_flat(simulation):
    used, zenith = simulation.used, np.where(simulation.used, simulation.zenith, 0)
    radiance = np.where(used, simulation.radiance, 0).astype(np.float64)
    count = used.sum(axis=0)
    mean_zenith, mean_radiance = zenith.sum(axis=0) / count, radiance.sum(axis=0) / count
    deviation = used * (zenith - mean_zenith)
    slope = (deviation * (radiance - mean_radiance)).sum(axis=0) / (deviation**2).sum(axis=0)
    residual = used * (radiance - mean_radiance - slope * deviation)
    error = np.sqrt((residual**2).sum(axis=0) / (count - 2) / (deviation**2).sum(axis=0))
    falls = slope / error < -2
    classes, city = simulation.truth.classes, simulation.city
    assert falls[(city.districts == CBD) & (classes == NEGATIVE)].mean() > 0.9
    assert falls[city.built_up & (classes == NONE)].mean() < 0.1


def test_noise_is_that_which_was_drawn(simulation):
    records = simulation.constants.as_records()
    ratio = np.where(simulation.used, simulation.radiance, np.nan) / simulation.clean
    bright = simulation.clean[0] > 60
    spread = np.nanstd(ratio[:, bright])
    expected = np.hypot(records["noise of bright cells"]["value"], records["noise that the city shares"]["value"])
    assert expected < spread < expected + 0.035
    dim = (simulation.clean[0] > 8) & (simulation.clean[0] < 12)
    assert np.nanstd(ratio[:, dim]) > spread + 0.02
    assert np.nanmean(ratio[:, bright]) == pytest.approx(1, abs=0.01)


def test_clouds_hide_and_gap_filling_carries_the_last_good_value(simulation):
    nights = simulation.nights
    for before, night in zip(nights, nights[1:]):
        covered = night.confidence > 0
        assert np.isnan(night.radiance[covered]).all()
        assert (night.quality[covered] == NO_RETRIEVAL).all()
        assert (night.quality[~covered] != NO_RETRIEVAL).all()
        kept = night.quality > EPHEMERAL
        np.testing.assert_array_equal(night.gap_filled[kept], before.gap_filled[kept])
        np.testing.assert_array_equal(night.days_since_retrieval[kept], before.days_since_retrieval[kept] + 1)
        np.testing.assert_array_equal(night.gap_filled[~kept], night.radiance[~kept])
        assert (night.at_sensor >= 0).all()
    assert set(np.unique(simulation.quality)) == {0, 1, 2, 255}
    poor = simulation.radiance[simulation.quality == 2] / simulation.clean[simulation.quality == 2]
    good = simulation.radiance[simulation.quality == 0] / simulation.clean[simulation.quality == 0]
    assert np.median(poor) < 0.85 * np.median(good), "leaving poor retrievals out makes a difference"


def test_snow_lies_on_few_nights_and_brightens(simulation):
    snowy = simulation.snow.any(axis=(1, 2))
    assert snowy.sum() == 2
    here = simulation.snow & (simulation.quality <= EPHEMERAL) & (simulation.clean > 5)
    brightening = simulation.constants.as_records()["brightening by snow"]["value"]
    assert here.sum() > 100
    assert np.median(simulation.radiance[here] / simulation.clean[here]) == pytest.approx(brightening, rel=0.1)


def test_composites_are_means_of_the_good_nights(simulation):
    chosen = {"AllAngle": (0, 90), "NearNadir": (0, 20), "OffNadir": (40, 60)}
    for name, (low, high) in chosen.items():
        for state, covered in (("Snow_Free", False), ("Snow_Covered", True)):
            composite = simulation.composites[f"{name}_Composite_{state}"]
            used = ((simulation.quality <= 1) & (simulation.snow == covered) & (simulation.zenith >= low)
                    & (simulation.zenith <= high))
            np.testing.assert_array_equal(composite.number, used.sum(axis=0))
            stack = np.ma.masked_array(simulation.radiance.astype(np.float64), ~used)
            mean = np.ma.filled(stack.mean(axis=0), np.nan)
            expected = np.where(mean < 0.5, 0, mean)
            np.testing.assert_allclose(composite.mean, expected, rtol=1e-5, equal_nan=True)
            np.testing.assert_allclose(composite.deviation, np.ma.filled(stack.std(axis=0), np.nan), atol=1e-3,
                                       equal_nan=True)
            number = composite.number
            np.testing.assert_array_equal(composite.quality, np.where(number > 3, 0, np.where(number > 0, 1, 255)))
    dark = simulation.annual[~simulation.city.built_up]
    assert ((dark == 0) | (dark >= 0.5)).all()
    assert (dark == 0).sum() > 100
    assert (simulation.annual[simulation.city.districts == RIVER] >= 0).all()


def test_nadir_is_brighter_than_the_slanted_view_over_towers_and_darker_over_low_houses(simulation):
    near = simulation.composites["NearNadir_Composite_Snow_Free"].mean
    off = simulation.composites["OffNadir_Composite_Snow_Free"].mean
    change = off / np.where(near > 0, near, np.nan) - 1
    classes = simulation.truth.classes
    assert np.nanmedian(change[classes == NEGATIVE]) < -0.1
    assert np.nanmedian(change[classes == POSITIVE]) > 0.05


def test_the_same_seed_gives_the_same_nights_and_another_seed_another_city():
    first, again, other = (plan_city(Constants(generator(seed, 0)), generator(seed, 1), SMALL) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.brightness, again.brightness)
    np.testing.assert_array_equal(first.boundary, again.boundary)
    assert (first.districts != other.districts).mean() > 0.05


def test_cancelling_stops_between_two_nights():
    class Stop(Progress):
        nights = 0

        def set_fraction(self, fraction):
            self.nights += 1

        def is_cancelled(self):
            return self.nights >= 3

    constants = Constants(generator(1, 0))
    stop = Stop()
    with pytest.raises(Cancelled):
        simulate_nights(constants, 1, plan_city(constants, generator(1, 1), SMALL), SMALL, NIGHTS, stop)
    assert stop.nights == 3
