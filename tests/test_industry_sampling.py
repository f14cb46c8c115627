"""Factory sampling on arrays and files: neighbourhoods, flares, statistics, stacks, and light that counts once."""
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.industry.factories import ALWAYS, Factories
from nocturne.algorithms.industry.flares import cut_flares
from nocturne.algorithms.industry.land_use import MOST_CLASSES, OTHER, land_use_shares
from nocturne.algorithms.industry.monthly_light import ArrayLight, RasterLight, held_in_memory, working_grid
from nocturne.algorithms.industry.months import month_text
from nocturne.algorithms.industry.neighbourhoods import find_neighbourhoods, patch_side
from nocturne.algorithms.industry.radiance_histogram import RadianceHistogram
from nocturne.algorithms.industry.region_statistics import NAMES
from nocturne.algorithms.industry.samples import statistics_blocks
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import SamplingSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid, RasterInput
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS
from rasterio.transform import from_origin

METRES = CRS.from_epsg(32651)
SIDE = 24
GRID = Grid(METRES, from_origin(300_000, 3_450_000, 500, 500), SIDE, SIDE)
JANUARY = 12 * 2019
RADII = (500.0, 1000.0, 1500.0)


def made_up(places, opened=None, closed=None):
    """Factories at columns and rows of the grid, cell centres at one half."""
    places = np.asarray(places, float)
    count = len(places)
    return Factories(tuple(map(str, range(count))), 300_000 + 500 * places[:, 0], 3_450_000 - 500 * places[:, 1],
                     np.asarray(opened if opened is not None else [ALWAYS[0]] * count, np.int32),
                     np.asarray(closed if closed is not None else [ALWAYS[1]] * count, np.int32),
                     np.arange(count, dtype=np.int32))


def light_of(values):
    return ArrayLight(GRID, JANUARY + np.arange(len(values), dtype=np.int32), np.asarray(values, np.float32))


def random_light(months=5, unseen=0.2, seed=1):
    numbers = np.random.default_rng(seed)
    values = numbers.normal(10, 6, (months, SIDE, SIDE))
    values[numbers.random(values.shape) < unseen] = np.nan
    return light_of(values)


def sample(factories, light, surroundings=None, reference=None, **options):
    return sample_factories(factories, light, surroundings or Surroundings(), SamplingSettings(**options),
                            Resources(threads=2), Progress(), reference)


# Neighbourhoods and weights


def test_the_default_buffers_need_seven_by_seven_cells():
    assert patch_side(RADII, 500.0) == 7
    assert patch_side((500.0,), 500.0) == 3
    around = find_neighbourhoods(np.array([300_000 + 500 * 12.5]), np.array([3_450_000 - 500 * 12.5]), GRID, RADII)
    rings = around.ring.reshape(7, 7)
    assert [int((rings == ring).sum()) for ring in range(4)] == [5, 8, 16, 20]
    assert rings[3, 3] == rings[3, 4] == 0
    assert rings[3, 6] == 2
    assert rings[0, 0] == 3
    assert around.cell.reshape(7, 7)[0, 0] == 9 * SIDE + 9


@settings(deadline=None, max_examples=30)
@given(st.floats(0, SIDE - 1e-6), st.floats(0, SIDE - 1e-6), st.floats(100, 2500))
def test_a_patch_holds_every_cell_within_the_buffers(column, row, radius):
    around = find_neighbourhoods(np.array([300_000 + 500 * column]), np.array([3_450_000 - 500 * row]), GRID, (radius,))
    down, right = np.mgrid[:SIDE, :SIDE] + 0.5
    near = np.flatnonzero(np.hypot(right - column, down - row).ravel() * 500 <= radius - 1e-3)
    assert set(near) <= set(around.cell[0][around.ring[0] == 0].tolist())


places = st.lists(st.tuples(st.floats(0, SIDE - 1e-3), st.floats(0, SIDE - 1e-3)), min_size=1, max_size=25)


@settings(deadline=None, max_examples=30)
@given(places, st.data())
def test_no_light_counts_twice(where, data):
    months = 4
    opened = [data.draw(st.integers(JANUARY - 1, JANUARY + 3)) for _ in where]
    closed = [start + data.draw(st.integers(0, 3)) for start in opened]
    samples = sample(made_up(where, opened, closed), random_light(months))
    for month in range(months):
        every = np.arange(len(where))
        weights = samples.weights(every, np.full(len(where), month)).reshape(len(where), -1)
        total = np.zeros(len(samples.light))
        np.add.at(total, samples.cells, weights)
        is_open = samples.factories.is_open(samples.months)[:, month]
        assert (total <= 1 + 1e-5).all()
        assert (weights >= 0).all()
        assert (weights[~is_open] == 0).all()
        claimed = np.zeros(len(samples.light), bool)
        claimed[samples.cells[is_open][samples.claim[is_open] > 0]] = True
        np.testing.assert_allclose(total[:-1], claimed[:-1], atol=1e-5, err_msg="what is claimed is dealt out whole")


def test_sums_of_all_factories_are_the_light_of_the_cells_they_cover():
    samples = sample(made_up([(5.2, 5.7), (6.1, 5.2), (18.5, 17.5), (23.9, 0.1)]), random_light(unseen=0))
    sums = [samples.statistic_names.index(f"ring_{ring}_sum") for ring in (1, 2, 3)]
    covered = np.unique(samples.cells[samples.claim > 0])
    np.testing.assert_allclose(samples.statistics(np.arange(4))[:, :, sums].sum(axis=(0, 2)),
                               samples.light[covered].sum(axis=0), rtol=1e-5)


def test_neighbours_share_and_the_nearer_one_gets_more():
    samples = sample(made_up([(12.5, 12.5), (14.5, 12.5)]), random_light())
    weights = samples.weights(np.array([0, 1]), np.array([0, 0]))
    assert weights[0, 3, 3] > 0.5 > weights[1, 3, 1]
    assert weights[0, 3, 3] + weights[1, 3, 1] == pytest.approx(1)
    assert weights[0, 3, 4] == pytest.approx(0.5)
    assert weights[0, 3, 0] == 1


# Patches and statistics


def test_patches_are_windows_of_the_light():
    light = random_light()
    samples = sample(made_up([(12.5, 10.2), (0.5, 23.5)]), light)
    patches = samples.patches(np.array([0, 1, 0]), np.array([2, 4, 0]))
    np.testing.assert_array_equal(patches[0], light.values[2, 7:14, 9:16])
    np.testing.assert_array_equal(patches[2], light.values[0, 7:14, 9:16])
    np.testing.assert_array_equal(patches[1, :4, 3:], light.values[4, 20:, :4])
    assert np.isnan(patches[1, 4:]).all()
    assert np.isnan(patches[1, :, :3]).all()
    assert (light.values < 0).any()
    assert (patches < 0).any(), "negative values are kept"


def test_statistics_are_those_of_plain_numpy():
    light = random_light()
    samples = sample(made_up([(12.5, 10.2), (3.2, 8.8)]), light)
    found = dict(zip(samples.statistic_names, np.moveaxis(samples.statistics(np.array([1])), 2, 0)))
    weights = samples.weights(np.array([1]), np.array([3]))[0].ravel()
    for ring in range(3):
        chosen = samples.ring[1] == ring
        values = samples.light[samples.cells[1, chosen], 3].astype(float)
        seen = values[np.isfinite(values)]
        filled = np.where(np.isfinite(values), values, seen.mean())
        for name, expected in (("mean", seen.mean()), ("sd", seen.std()), ("max", seen.max()),
                               ("valid", len(seen) / len(values)), ("sum", (weights[chosen] * filled).sum())):
            assert found[f"ring_{ring + 1}_{name}"][0, 3] == pytest.approx(expected, rel=1e-5), name


def test_unseen_rings_are_empty_not_dark():
    values = np.full((2, SIDE, SIDE), 5.0)
    values[1] = np.nan
    found = sample(made_up([(12.5, 12.5)]), light_of(values)).statistics(np.array([0]))
    assert np.isnan(found[0, 1, [0, 1, 2, 3]]).all()
    assert found[0, 1, 4] == 0
    assert np.isfinite(found[0, 0]).all()


def test_blocks_of_statistics_are_the_whole(monkeypatch):
    import sys

    samples = sample(made_up(np.random.default_rng(1).uniform(0, SIDE, (40, 2))), random_light())
    monkeypatch.setattr(sys.modules[statistics_blocks.__module__], "TOGETHER", 7)
    blocks = list(statistics_blocks(samples, Resources(threads=2), Progress()))
    np.testing.assert_array_equal(np.concatenate([each for each, _ in blocks]), np.arange(40))
    np.testing.assert_array_equal(np.concatenate([each for _, each in blocks]), samples.statistics(np.arange(40)))


# Land use


def land_layer(shapes, classes):
    return FeatureTable("LANDUSE", {"class": np.array(classes, object)}, {"class": "text"},
                        tuple(shapely.to_wkb(shape) for shape in shapes), "EPSG:32651", 6)


def test_land_use_is_the_share_of_each_class():
    left, bottom, right, top = GRID.bounds
    layer = land_layer([shapely.box(left, bottom, left + 6100, top), shapely.box(left + 6100, bottom, right, top)],
                       ["works", "homes"])
    names, shares = land_use_shares(layer, "class", GRID, Progress())
    assert names == ("homes", "works")
    row = shares.reshape(SIDE, SIDE, 2)[5]
    np.testing.assert_allclose(row[12], [0.8, 0.2], atol=1e-6)
    np.testing.assert_allclose(row[3], [0, 1])
    values = np.ones((1, SIDE, SIDE)) * np.where(np.arange(SIDE) < 12, 30.0, 2.0)
    samples = sample(made_up([(11.5, 12.5)]), light_of(values),
                     Surroundings(land_use=layer, land_use_field="class"))
    found = dict(zip(samples.statistic_names, samples.statistics(np.array([0]))[0, 0]))
    assert found["land_0_mean"] == pytest.approx(2)
    assert found["land_1_mean"] > 25
    rings = sum(found[f"ring_{ring}_sum"] for ring in (1, 2, 3))
    assert found["land_0_sum"] + found["land_1_sum"] == pytest.approx(rings, rel=1e-5)


def test_small_classes_are_taken_together():
    left, bottom, _, _ = GRID.bounds
    shapes = [shapely.box(left + 1000 * index, bottom, left + 1000 * (index + 1), bottom + 100 * (index + 1))
              for index in range(12)]
    layer = land_layer(shapes, [f"class {index:02d}" for index in range(12)])
    names, _ = land_use_shares(layer, "class", GRID, Progress())
    assert len(names) == MOST_CLASSES
    assert names[-1] == OTHER
    assert names[0] == "class 05"
    with pytest.raises(InputError, match=r"^LANDUSE: it has no polygon with a class in 'class' on RADIANCE"):
        land_use_shares(land_layer([shapely.box(0, 0, 10, 10)], ["far"]), "class", GRID, Progress())


# Flares and the region


def test_a_flare_is_cut_and_an_opening_is_not():
    numbers = np.random.default_rng(2)
    values = numbers.normal(20, 1, (60, SIDE, SIDE)).astype(np.float32)
    values[30, 5, 5] = 4331
    values[40:, 9, 9] = 45  # a factory opens
    values[:, 2, 2] = 300  # a stadium shines always
    light = light_of(values)
    samples = sample(made_up([(5.5, 5.5), (9.5, 9.5), (2.5, 2.5)]), light)
    kept = dict(zip(samples.positions.tolist(), samples.light))
    assert samples.cut == 1
    assert kept[5 * SIDE + 5].max() < 310
    np.testing.assert_array_equal(kept[9 * SIDE + 9], values[:, 9, 9])
    np.testing.assert_array_equal(kept[2 * SIDE + 2], values[:, 2, 2])
    assert sample(made_up([(5.5, 5.5)]), light, flare_deviations=0).light[:-1].max() == np.float32(4331)


def test_limits_come_from_the_reference_months_alone():
    values = np.full((4, SIDE, SIDE), 10.0, np.float32)
    values[2:] = 50
    before = np.array([True, True, False, False])
    cut = values.copy()
    assert cut_flares(cut, before, 12.0, 6.0) == 2 * SIDE**2
    np.testing.assert_allclose(cut[2:], 12)
    assert cut_flares(values.copy(), ~before, 12.0, 6.0) == 0
    assert sample(made_up([(5.5, 5.5)]), light_of(values), reference=before).cut == 2 * SIDE**2
    assert sample(made_up([(5.5, 5.5)]), light_of(values), reference=~before).cut == 0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-50, 5000, width=32), min_size=1, max_size=200), st.floats(0.01, 1))
def test_quantiles_without_sorting(values, share):
    histogram = RadianceHistogram()
    histogram.add(np.array([*values, np.nan], np.float32))
    expected = np.sort(np.array(values, np.float32))[int(np.ceil(share * len(values))) - 1]
    assert histogram.quantile(share) == pytest.approx(expected, rel=0.004, abs=1e-30)


def test_town_and_country():
    values = np.full((3, SIDE, SIDE), 0.5)
    values[:, 4:8, 4:8] = np.array([20.0, 30, 40])[:, None, None]
    values[1, 4, 4] = np.nan
    left, _, _, top = GRID.bounds
    town = Boundary("URBAN_AREA", [shapely.to_wkb(shapely.box(left + 2000, top - 4000, left + 4000, top - 2000))],
                    "EPSG:32651")
    for surroundings in (Surroundings(urban=town), Surroundings()):
        found = dict(zip(NAMES, sample(made_up([(5.5, 5.5)]), light_of(values), surroundings).region.values.T))
        np.testing.assert_allclose(found["urban_mean"], [20, 30, 40])
        np.testing.assert_allclose(found["urban_sd"], 0, atol=1e-3)
        np.testing.assert_allclose(found["urban_q50"], [20, 30, 40], rtol=0.004)
        np.testing.assert_allclose(found["urban_valid"], [1, 15 / 16, 1])
        np.testing.assert_allclose(found["urban_lit"], 1)
        np.testing.assert_allclose(found["rural_lit"], 0)
        np.testing.assert_allclose(found["contrast"], (found["urban_mean"] - 0.5) / (found["urban_mean"] + 0.5))
    whole = Boundary("ZONES", [shapely.to_wkb(shapely.box(left, top - 3000, left + 3000, top))], "EPSG:32651")
    inside = sample(made_up([(5.5, 5.5)]), light_of(values), Surroundings(urban=town, region=whole))
    assert inside.region.values[1, NAMES.index("urban_valid")] == pytest.approx(3 / 4)


# Stacks


def write_stack(path, values, months, crs="EPSG:32651", transform=GRID.transform):
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype="float32", nodata=np.nan, crs=crs, transform=transform) as file:
        file.write(values.astype("float32"))
        for band, month in enumerate(months, 1):
            file.set_band_description(band, month if isinstance(month, str) else f"{month_text(month)}-01")
    return RasterInput("RADIANCE", str(path))


def test_a_stack_is_read_in_the_order_of_its_months_and_masked_by_its_counts(tmp_path):
    values = random_light(3, unseen=0).values
    months = [JANUARY + 2, JANUARY, JANUARY + 1]
    stack = write_stack(tmp_path / "s.tif", values, months)
    counts = RasterInput("COVERAGE", write_stack(tmp_path / "c.tif", np.ones_like(values), months).path)
    with rasterio.open(counts.path, "r+") as file:
        file.write(np.zeros((SIDE, SIDE), np.float32), 2)
    light = RasterLight(stack, counts, SamplingSettings())
    assert light.grid.same_cells(GRID)
    assert light.months.tolist() == [JANUARY, JANUARY + 1, JANUARY + 2]
    (_, read_values), = light.blocks(2**24, Progress())
    np.testing.assert_array_equal(read_values[1:], values[[2, 0]])
    assert np.isnan(read_values[0]).all()
    few = list(light.blocks(1000, Progress()))
    assert len(few) > 5
    assembled = np.full_like(values, -1)
    for window, block in few:
        rows, columns = window.toslices()
        assembled[:, rows, columns] = block
    np.testing.assert_array_equal(assembled, read_values)
    assert held_in_memory(light, values.size * 4 - 1, Progress()) is light
    held = held_in_memory(light, values.size * 4, Progress())
    assert (held.grid, held.months.tolist()) == (light.grid, light.months.tolist())
    np.testing.assert_array_equal(held.values, read_values)


def test_light_in_degrees_is_brought_onto_square_cells(tmp_path):
    fine = np.broadcast_to(np.arange(48, dtype=np.float32), (1, 48, 48))
    stack = write_stack(tmp_path / "d.tif", fine, [JANUARY], "EPSG:4326", from_origin(121.0, 31.2, 1 / 240, 1 / 240))
    light = RasterLight(stack, None, SamplingSettings())
    assert light.grid.crs == METRES
    assert light.grid.cell_width == light.grid.cell_height == 500
    values = np.full((light.grid.height, light.grid.width), np.nan, np.float32)
    for window, block in light.blocks(100_000, Progress()):
        values[window.toslices()] = block[0]
    row = values[light.grid.height // 2]
    inside = np.diff(row[np.isfinite(row)])
    np.testing.assert_allclose(inside[1:-1], 500 / (111_320 * np.cos(np.radians(31.1)) / 240), rtol=0.01)


def test_a_grid_that_isn_t_true_to_scale_is_replaced():
    assert working_grid(GRID, 500) is GRID
    mercator = Grid(CRS.from_epsg(3857), from_origin(13_500_000, 3_600_000, 500, 500), 50, 50)
    assert working_grid(mercator, 500).crs.to_epsg() == 32651
    assert working_grid(GRID, 250).cell_width == 250


def test_stacks_that_cannot_be_used(tmp_path):
    values = np.ones((2, SIDE, SIDE))
    options = SamplingSettings()

    def refused(sentence, months, counts=None, **dates):
        stack = write_stack(tmp_path / "s.tif", values, months)
        with pytest.raises(InputError, match=f"^{sentence}"):
            RasterLight(stack, counts, SamplingSettings(**dates) if dates else options)

    from datetime import date

    refused("RADIANCE: band 1 is described as 'first'", ["first", "second"])
    refused("RADIANCE: bands 1 and 2 are both of 2019-01; give a stack with one band per month",
            ["2019-01-01", "2019-01-02"])
    refused("START: no month of RADIANCE .2019-01..2019-02. lies between START and END", [JANUARY, JANUARY + 1],
            start=date(2020, 1, 1))
    other = RasterInput("COVERAGE", write_stack(tmp_path / "c.tif", values, [JANUARY, JANUARY + 5]).path)
    refused("COVERAGE: it has no band for 2019-02", [JANUARY, JANUARY + 1], other)
    shifted = RasterInput("COVERAGE", write_stack(tmp_path / "d.tif", values, [JANUARY, JANUARY + 1],
                                                  transform=from_origin(300_250, 3_450_000, 500, 500)).path)
    refused("COVERAGE: its grid .* isn't that of RADIANCE", [JANUARY, JANUARY + 1], shifted)


@pytest.mark.parametrize("buffers", ["", "500,", "a", "1000,500", "0,500", "500,500", "100,200,300,400,500,600,700",
                                     "20000", "-1", "nan", "inf"])
def test_buffers_that_make_no_rings(buffers):
    with pytest.raises(InputError, match=r"^BUFFERS: "):
        SamplingSettings(buffers=buffers)


def test_memory_is_bounded_by_a_sentence():
    with pytest.raises(InputError, match=r"^MAX_MEMORY: the light around 4000 factories .* raise it, or choose fewer"):
        sample_factories(made_up(np.random.default_rng(1).uniform(0, SIDE, (4000, 2))),
                         random_light(2), Surroundings(), SamplingSettings(buffers="500,1000,1500,9000"),
                         Resources(max_memory=64), Progress())
