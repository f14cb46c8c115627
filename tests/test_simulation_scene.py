"""The full simulation on arrays: ranges, cities, weather, both families, disturbances, truth."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.simulation.centre_uses import centres_by_use
from nocturne.algorithms.simulation.cities import (
    CITY_TYPES,
    CLOUDY_SHARE,
    draw_cities,
    draw_published_mixture,
    window_at,
)
from nocturne.algorithms.simulation.city_plan import BELOW_HILLS, CBD, HOUSING, LOW_HOUSES, SECONDARY, inside_ring
from nocturne.algorithms.simulation.constants import generator
from nocturne.algorithms.simulation.curve_tables import STEP, ZENITHS, CurveTable
from nocturne.algorithms.simulation.light_curves import LOW, TOWER
from nocturne.algorithms.simulation.orbit import View
from nocturne.algorithms.simulation.ranges import RANGES, Draws
from nocturne.algorithms.simulation.ray_blocks import (
    RAY_AZIMUTHS,
    RAY_ZENITHS,
    SIDE,
    Emitters,
    build_block,
    emitters,
    ray_library,
    seen_radiance,
)
from nocturne.algorithms.simulation.scene import DISTURBANCES, Scene
from nocturne.algorithms.simulation.surroundings import CATEGORIES, surroundings_of
from nocturne.algorithms.simulation.truth import NEGATIVE, NONE, POSITIVE
from nocturne.algorithms.simulation.weather import simulate_weather

CELLS, NIGHTS = 110, 60
TOWERS = (CBD, SECONDARY, HOUSING)


def scene(index=1, **options):
    return Scene(draw_cities(5, 3, CELLS)[index], nights=options.pop("nights", NIGHTS), **options)


@pytest.fixture(scope="module")
def full():
    return scene()


def test_every_drawn_constant_stands_in_the_table_and_in_its_range(full):
    by_use = Scene(draw_published_mixture(5, 40)[0], nights=2).constants()
    drawn = {**by_use, **scene(family="ray_cast", nights=2).constants()}
    of_the_type = {"mean radiance of the centres", "negative centres"}
    assert of_the_type <= set(drawn)
    assert set(drawn) - of_the_type == set(RANGES), "what is documented is drawn, and the other way round"
    for name, record in drawn.items():
        values = np.atleast_1d(record["value"])
        assert ((values >= record["low"]) & (values <= record["high"])).all(), name
        if name in RANGES:
            assert (record["low"], record["high"]) == (RANGES[name].low, RANGES[name].high)
    assert set(full.constants()) < set(drawn), "the curves need no blocks"
    assert {each.mark for each in RANGES.values()} <= {"M", "L", "l", "J"}


def test_sets_of_cities_take_turns_and_hold_the_odd_ones():
    cities = draw_cities(3, 33)
    assert [city.kind for city in cities[:4]] == [*CITY_TYPES, CITY_TYPES[0]]
    assert sorted(city.cbds for city in cities) == [0, *[1] * 31, 2]
    assert sum(city.cloudy for city in cities) == 4
    assert len({city.name for city in cities}) == 33
    assert len({city.seed for city in cities}) == 33
    assert draw_cities(3, 33) == cities
    assert draw_cities(4, 33) != cities


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_published_mixture_has_the_published_counts(seed):
    cities = draw_published_mixture(seed)
    for kind in CITY_TYPES:
        counts = [city.centres for city in cities if city.kind == kind]
        assert (len(counts), sum(counts)) == (kind.cities, kind.total)
        assert all(kind.centres[0] <= count <= kind.centres[1] for count in counts)
    assert sorted(city.cbds for city in cities) == [0, *[1] * 29, 2, 2]
    assert all(city.uses and city.cbds <= city.centres for city in cities)
    assert sum(city.cloudy for city in cities) == 4
    assert draw_published_mixture(seed) == cities


def test_centres_of_different_uses_differ_in_size_and_overlap():
    radii = {CBD: [], HOUSING: []}
    for seed in range(40):
        planned = centres_by_use(Draws(generator(seed)), generator(seed, 1), 9, 1, 1.0)
        assert list(planned.codes[:9]).count(CBD) == 1
        for code, found in radii.items():
            found += list(planned.radii[:9][planned.codes[:9] == code])
    assert np.mean(radii[CBD]) > 1.2 * np.mean(radii[HOUSING])
    assert min(radii[CBD]) < max(radii[HOUSING])


def test_surroundings_follow_the_uses_but_not_the_light():
    planned = Scene(draw_published_mixture(5, 130)[3], nights=2)
    found, districts = surroundings_of(planned), planned.plan.city.districts
    assert found.height[districts == CBD].min() > 30
    assert found.height[districts == LOW_HOUSES].max() < 10
    assert (found.slope[districts == BELOW_HILLS] >= 4).all()
    assert {category for _, category in found.places} == set(CATEGORIES)
    x, y = np.array([place for place, _ in found.places]).T
    assert np.hypot(x, y).max() < 60
    assert surroundings_of(Scene(planned.specification, planted=False, nights=2)).places == found.places

@settings(max_examples=60, deadline=None)
@given(st.floats(-179.9, 179.9), st.floats(-59, 59), st.integers(20, 400))
def test_a_window_lies_in_its_tile_as_near_as_it_can(longitude, latitude, cells):
    window = window_at(longitude, latitude, cells)
    assert 0 <= window.row <= 2400 - cells
    assert 0 <= window.column <= 2400 - cells
    west, south, east, north = window.grid.bounds
    margin = 1 / 240
    assert west - margin <= longitude <= east + margin
    assert south - margin <= latitude <= north + margin


@pytest.mark.parametrize("index", range(3))
def test_plans_follow_the_type(index):
    planned = scene(index, nights=1)
    kind, city = planned.specification.kind, planned.plan.city
    assert kind.centres[0] <= len(planned.plan.centres) <= kind.centres[1]
    drawn = planned.constants()["mean radiance of the centres"]["value"]
    assert kind.radiance[0] <= drawn <= kind.radiance[1]
    seen = planned.table.values[0, ZENITHS <= 60].mean(axis=0)
    towers = np.isin(city.districts, TOWERS) & (city.amount > 0.58)
    assert 0.75 * drawn < seen[towers].mean() < 1.5 * drawn
    truth = planned.table.planted(np.zeros(seen.shape), np.full(seen.shape, 60.0), city.municipality)
    share = (truth.classes[city.built_up & city.municipality] == NEGATIVE).mean()
    assert 0.003 < share < 0.16
    assert (truth.classes[towers & city.municipality] == NEGATIVE).mean() > 0.5


@pytest.mark.parametrize("count", [0, 1, 2])
def test_reference_cbds_are_the_outlines_of_the_planned_ones(count):
    from dataclasses import replace

    planned = Scene(replace(draw_cities(5, 3, CELLS)[2], cbds=count), nights=1)
    x, y = planned.window.plane()
    assert len(planned.plan.cbds) == count
    inside = np.zeros(x.shape, bool)
    for ring in planned.plan.cbds:
        middle = ring.mean(axis=0)
        inside |= inside_ring(x - middle[0], y - middle[1], ring - middle)
    np.testing.assert_array_equal(inside, planned.plan.city.districts == CBD)


def test_weather_has_the_clear_share_the_season_and_spells():
    days = np.arange(1461) % 365.25
    weather = simulate_weather(generator(1), days, (160, 164), 0.3, 0.8, 100.0, 0.7)
    clear = np.stack([weather.night(index)[0][::8, ::8] == 0 for index in range(len(days))])
    assert clear.mean() == pytest.approx(0.3, abs=0.04)  # spells leave a standard error of 0.02
    near = np.abs(days - 100) < 45
    far = np.abs(days - 100 - 182.6) < 45
    assert clear[near].mean() > 0.3 + 0.12
    assert clear[far].mean() < 0.3 - 0.12
    share = clear.mean(axis=(1, 2))
    assert np.corrcoef(share[1:] - 0.3, share[:-1] - 0.3)[0, 1] > 0.4
    confidence, suspect = weather.night(3)
    assert set(np.unique(confidence)) <= {0, 1, 2, 3}
    assert not (suspect & (confidence > 0)).any()


def test_a_cloudy_city_has_few_clear_nights():
    from dataclasses import replace

    specification = replace(draw_cities(5, 3, 40)[0], cloudy=True)
    cloudy = Scene(specification, disturbances=(), nights=731)
    used = np.isfinite(cloudy.stack().radiance).sum(axis=0)
    assert np.median(used) < 731 * CLOUDY_SHARE * 1.3


# Curve tables

def test_tables_interpolate_by_zenith_and_side():
    west, east = np.linspace(10, 20, len(ZENITHS)), np.linspace(30, 10, len(ZENITHS))
    table = CurveTable(np.stack((west, east)).astype(np.float32)[:, :, None, None] * np.ones((1, 1, 2, 3), np.float32))
    zenith = np.array([[0.0, 1.5, 72.0], [33.3, 59.9, 80.0]])
    azimuth = np.array([[-80, 100, -80], [100, -80, 100]])
    expected = np.where(azimuth > 0, np.interp(zenith, ZENITHS, east), np.interp(zenith, ZENITHS, west))
    np.testing.assert_allclose(table.at(View(zenith, azimuth, zenith)), expected, rtol=2e-4)
    assert ZENITHS[1] == STEP
    flat = table.flat()
    np.testing.assert_allclose(flat.at(View(zenith, azimuth, zenith)), 20)


def test_planted_classes_depend_on_the_zeniths_that_are_seen():
    falling = np.where(ZENITHS < 40, 100, 50).astype(np.float32)
    table = CurveTable(falling[None, :, None, None] * np.ones((1, 1, 1, 2), np.float32))
    highest = np.array([[30.0, 58.0]])
    truth = table.planted(np.zeros((1, 2)), highest, np.ones((1, 2), bool))
    assert truth.classes.tolist() == [[NONE, NEGATIVE]]
    assert truth.change[0, 1] == pytest.approx(-0.5)


# The second family

def test_blocks_are_streets_and_boxes():
    ground = build_block(generator(1), TOWER, (60, 90), 0.5)
    assert ground.shape == (SIDE, SIDE)
    assert (ground[:4] == 0).all(), "a street"
    built = ground > 0
    assert 0.25 < built.mean() < 0.6
    assert ((ground[built] >= 60) & (ground[built] <= 90)).all()


def test_open_ground_looks_the_same_from_everywhere_and_a_wall_hides_what_lies_behind():
    ground = np.zeros((SIDE, SIDE))
    even = seen_radiance(ground, emitters(ground, LOW, 0.5, 0.0, 0.0))
    np.testing.assert_allclose(even, 1, rtol=1e-12)
    ground[:, 24:26] = 50.0  # a wall from north to south, 50 m high, at x = 120 to 130 m
    point = Emitters(*(np.array([value]) for value in (100.0, 100.0, 0.0, 1.0, np.nan)), np.array([False]))
    seen = seen_radiance(ground, point)
    west, east = list(RAY_AZIMUTHS).index(270), list(RAY_AZIMUTHS).index(90)
    # 22.5 m east of the point the wall is 50 m high: hidden beyond about atan(22.5 / 50) = 24 degrees from the east,
    # beyond atan(210 / 50) = 77 degrees from the west, where the block repeats.
    assert (seen[:, east] == (RAY_ZENITHS < 22)).all()
    assert (seen[:, west] == 1).all()


def test_facades_brighten_with_the_tangent_and_only_towards_the_sensor():
    ground = np.zeros((SIDE, SIDE))
    wall = Emitters(*(np.array([value]) for value in (100.0, 100.0, 5.0, 2.0, np.radians(90))), np.array([False]))
    street = Emitters(*(np.array([value]) for value in (50.0, 50.0, 0.0, 1.0, np.nan)), np.array([False]))
    both = Emitters(*(np.concatenate((getattr(wall, name), getattr(street, name)))
                      for name in ("x", "y", "z", "weight", "normal", "lamps")))
    seen = seen_radiance(ground, both)
    east, west = list(RAY_AZIMUTHS).index(90), list(RAY_AZIMUTHS).index(270)
    np.testing.assert_allclose(seen[:, east], 1 + 2 * np.tan(np.radians(RAY_ZENITHS)))
    np.testing.assert_allclose(seen[:, west], 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_without_any_curve_towers_darken_and_low_houses_brighten(seed):
    library = ray_library(Draws(generator(seed, 1)), generator(seed, 2), Progress())
    at_sixty = list(RAY_ZENITHS).index(60)
    assert (library[TOWER].mean(axis=2)[0, at_sixty]) < 0.7, "the darkest of the blocks"
    assert (library[LOW].mean(axis=2)[:, at_sixty] > 1.1).all()
    np.testing.assert_allclose(library[TOWER][:, 0].mean(axis=1), 1)


def test_both_families_share_plan_and_nights_but_not_curves(full):
    other = scene(family="ray_cast")
    np.testing.assert_array_equal(other.plan.city.districts, full.plan.city.districts)
    first, second = full.observe(7), other.observe(7)
    np.testing.assert_array_equal(first.confidence, second.confidence)
    np.testing.assert_array_equal(first.view.zenith, second.view.zenith)
    assert np.abs(first.clean / second.clean - 1).max() > 0.05
    truth = other.truth(other.stack())
    low = (other.plan.city.districts == LOW_HOUSES) & (truth.classes != 255)
    assert (truth.classes[low] == POSITIVE).mean() > 0.6


# Nights

def test_the_same_scene_gives_the_same_nights_in_any_order(full):
    again = scene()
    for index in (12, 3):
        np.testing.assert_array_equal(full.observe(index).measured, again.observe(index).measured)
    assert not np.array_equal(full.observe(3).measured, full.observe(12).measured)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_each_disturbance_changes_something_and_nothing_else(name):
    """With one disturbance more only the light changes, not the clouds, the view or the noise of other nights."""
    index = {"shared_noise": 5, "drift": 300}.get(name, 0)
    plain, disturbed = scene(disturbances=(), nights=370), scene(disturbances=(name,), nights=370)
    if name == "snow":  # needs a cold place
        specification = draw_cities(5, 40, 40)
        cold = max(specification, key=lambda each: each.window.centre[1])
        plain, disturbed = Scene(cold, disturbances=(), nights=370), Scene(cold, disturbances=(name,), nights=370)
    changed = []
    for night in {"drift": (index,)}.get(name, range(0, 370, 7)):
        before, after = plain.observe(night), disturbed.observe(night)
        np.testing.assert_array_equal(before.confidence, after.confidence)
        np.testing.assert_array_equal(before.view.zenith, after.view.zenith)
        np.testing.assert_array_equal(before.clean, after.clean)
        changed.append((before.measured != after.measured).any())
    assert any(changed)


def test_the_null_mode_has_no_truth_but_the_same_disturbances(full):
    null = scene(planted=False)
    stack = null.stack()
    truth = null.truth(stack)
    assert set(np.unique(truth.classes)) <= {NONE, 255}
    assert (truth.classes == NONE).any()
    assert np.nanmax(np.abs(truth.change)) < 1e-6
    np.testing.assert_array_equal(full.observe(3).confidence, null.observe(3).confidence)


def test_the_stack_holds_what_can_be_used(full):
    stack = full.stack()
    assert stack.radiance.shape == stack.zenith.shape == (len(stack.nights), CELLS, CELLS)
    assert (np.diff(stack.nights) > 0).all()
    used = np.isfinite(stack.radiance)
    assert used.any(axis=(1, 2)).all()
    assert (stack.zenith[used] <= 60).all()
    night = full.observe(int(stack.nights[2]))
    expected = (night.confidence == 0) & ~night.suspect & ~night.snow & (night.view.zenith <= 60)
    np.testing.assert_array_equal(used[2], expected)
    np.testing.assert_array_equal(stack.radiance[2][expected], night.measured[expected])


def test_pixel_noise_is_what_was_drawn():
    quiet = scene(disturbances=(), nights=40)
    records = quiet.constants()
    stack = quiet.stack()
    clean = np.stack([quiet.observe(int(night)).clean for night in stack.nights])
    bright = np.isfinite(stack.radiance) & (clean > 60)
    spread = np.nanstd((stack.radiance / clean)[bright])
    assert records["noise of bright cells"]["value"] < spread < records["noise of bright cells"]["value"] + 0.03


def test_haze_grows_with_the_zenith():
    plain, hazy = scene(disturbances=(), nights=40), scene(disturbances=("haze",), nights=40)
    nadir, oblique = [], []
    for night in range(40):
        before, after = plain.observe(night), hazy.observe(night)
        added = (after.measured - before.measured).mean()
        (nadir if before.view.zenith.mean() < 20 else oblique if before.view.zenith.mean() > 45 else []).append(added)
    assert np.mean(nadir) < 0.3 * np.mean(oblique)
    assert np.mean(oblique) > 0


def test_cancelling_a_stack():
    class Stop(Progress):
        seen = 0.0

        def set_fraction(self, fraction):
            self.seen = fraction

        def is_cancelled(self):
            return self.seen > 0.2

    stop = Stop()
    with pytest.raises(Cancelled):
        scene().stack(stop)
    assert stop.seen < 0.25


@pytest.mark.parametrize(("options", "name"), [({"disturbances": ("fog",)}, "DISTURBANCES"),
                                               ({"family": "towers"}, "LIGHT_MODEL")])
def test_unknown_names_are_one_sentence(options, name):
    with pytest.raises(InputError, match=rf"{name}: '.*choose"):
        scene(**options)
