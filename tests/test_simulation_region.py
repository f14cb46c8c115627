"""The simulated industrial region: ranges, truth, oracle, light, places, null mode and files."""
import csv
import json

import numpy as np
import pytest
import rasterio
import shapely
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.industry.factories import FactoryFields, read_factories
from nocturne.algorithms.industry.labels import read_labels
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.region_statistics import NAMES
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import LabelSettings, SamplingSettings
from nocturne.algorithms.industry.zones import read_zones
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.constants import Constants
from nocturne.algorithms.simulation.demo import create_demo
from nocturne.algorithms.simulation.region import MONTHS, simulate_region
from nocturne.algorithms.simulation.region_output import FIRST_MONTH, LONGEST_LAG
from nocturne.algorithms.simulation.region_places import NO_FACTORY, UNKNOWN
from nocturne.algorithms.simulation.region_plan import DAY_SHIFT, LIT, OFFICE, ZONES
from nocturne.algorithms.simulation.region_ranges import REGION_RANGES
from nocturne.algorithms.simulation.region_tables import (
    land_use_table,
    places_table,
    totals_table,
    town_table,
    zones_table,
)
from nocturne.algorithms.simulation.settings import DemoSettings

SEEDS = range(1, 6)


@pytest.fixture(scope="module", params=SEEDS)
def region(request):
    return simulate_region(request.param)


@pytest.fixture(scope="module")
def one():
    return simulate_region(1)


@pytest.fixture(scope="module")
def null():
    return simulate_region(1, null=True)


def test_every_constant_is_drawn_from_the_table(region):
    assert set(region.constants) == set(REGION_RANGES)
    for name, record in region.constants.items():
        values = np.atleast_1d(record["value"])
        limits = REGION_RANGES[name]
        assert ((values >= limits.low - 1e-6) & (values <= limits.high + 1e-6)).all(), name
    assert {each.mark for each in REGION_RANGES.values()} <= {"M", "L", "l", "J"}


def test_no_constant_is_drawn_twice(monkeypatch):
    drawn, draw = [], Constants.draw_many

    def noted(self, name, *rest):
        drawn.append(name)
        return draw(self, name, *rest)

    monkeypatch.setattr(Constants, "draw_many", noted)
    simulate_region(1)
    assert sorted(drawn) == sorted(REGION_RANGES)


def test_factory_cell_zone_and_region_add_up(region):
    series = region.output.series
    assert series.shape == (len(region.plan.size), MONTHS)
    assert (series >= 0).all()
    np.testing.assert_allclose(region.zone_totals().sum(axis=0), series.sum(axis=0))
    np.testing.assert_allclose(region.cell_output().sum(axis=(1, 2)), series.sum(axis=0))
    for zone in range(len(ZONES)):
        np.testing.assert_allclose(region.cell_output()[:, region.plan.zone == zone].sum(axis=1),
                                   region.zone_totals()[zone])
    assert (series[~region.output.open[:, LONGEST_LAG:]] == 0).all()


def test_the_oracle_reaches_what_was_drawn(region):
    target = region.constants["R2 of the oracle"]["value"]
    assert region.output.oracle_r2 == pytest.approx(target, abs=0.005)
    assert 0.89 <= region.output.oracle_r2 <= 0.985
    total, oracle = region.output.series.sum(axis=0), region.output.oracle.sum(axis=0)
    assert 1 - ((total - oracle)**2).sum() / ((total - total.mean())**2).sum() == pytest.approx(
        region.output.oracle_r2)
    lit = region.plan.kind == LIT
    np.testing.assert_allclose(region.output.oracle[lit], region.output.series[lit], err_msg="lit output is known")


def test_kinds_of_producers(region):
    kind, size = region.plan.kind, region.plan.size
    share = region.constants["output without light"]["value"]
    assert size[kind == OFFICE].sum() / size.sum() == pytest.approx(share, abs=1e-6)
    factories = region.plan.factories
    assert (kind[:factories] == DAY_SHIFT).mean() == pytest.approx(
        region.constants["day-shift factories"]["value"], abs=0.08)
    ordered = np.sort(size[:factories])
    gini = 1 - 2 * (np.cumsum(ordered) / ordered.sum()).mean()
    assert 0.45 <= gini <= 0.9
    assert (region.light.factories[kind == OFFICE] == 0).all()


def test_light_follows_output_with_its_lag_and_elasticity(one):
    plan, light, output = one.plan, one.light.factories, one.output
    elasticity = np.array(one.constants["elasticity of light"]["value"])[plan.sector]
    lag = np.round(one.constants["lag of light"]["value"]).astype(int)[plan.sector]
    always = output.open.all(axis=1)
    for index in np.flatnonzero(always & (plan.kind == LIT))[:40]:
        made = output.made[index, LONGEST_LAG - lag[index]:LONGEST_LAG - lag[index] + MONTHS]
        slope = np.polyfit(np.log(made), np.log(light[index]), 1)[0]
        assert slope == pytest.approx(elasticity[index], abs=1e-4)
    day = light[always & (plan.kind == DAY_SHIFT)]
    np.testing.assert_allclose(day, np.repeat(day[:, :1], MONTHS, axis=1))


def test_spring_festival_moves_and_2020_breaks_in():
    region = simulate_region(3)
    total = region.output.series.sum(axis=0)
    by_year = total.reshape(-1, 12)
    # New Year's Day of 2018 was 16 February, of 2017 28 January, of 2020 25 January.
    relative = by_year[:, :2] / by_year[:, 2:4].mean(axis=1, keepdims=True)
    assert relative[4, 1] < relative[3, 1], "2018's February holds the festival, 2017's doesn't"
    assert relative[3, 0] < relative[4, 0]
    calm = simulate_region(3, with_shock=False).output.series.sum(axis=0)
    np.testing.assert_allclose(calm[:12 * 6], total[:12 * 6], rtol=0.15)
    lost = 1 - total[12 * 6 + 1:12 * 6 + 8] / calm[12 * 6 + 1:12 * 6 + 8]
    assert lost.max() > 0.07


def test_other_light_has_its_share_of_the_rings(region):
    other = region.light.clean[0].sum() - region.light.factories[:, 0].sum()
    assert other > 0
    assert np.isfinite(region.light.radiance[region.light.counts > 0]).all()
    assert np.isnan(region.light.radiance[region.light.counts == 0]).all()
    assert (region.light.radiance < 0).any(), "background removal leaves negatives"
    unseen = np.isnan(region.light.radiance).reshape(-1, 12, *region.plan.land_use.shape).mean(axis=(0, 2, 3))
    assert unseen[5:8].max() > 10 * unseen[[0, 1, 10, 11]].max()
    assert region.light.counts.max() <= 20


def test_flares_stand_out():
    assert max(np.nanmax(simulate_region(seed).light.radiance) for seed in SEEDS) > 1000


def test_the_layer_misses_errs_and_repeats(region):
    places = region.places
    listed = places.producer[places.listed_as_factory]
    real = listed[listed != NO_FACTORY]
    assert (listed == NO_FACTORY).mean() == pytest.approx(region.constants["wrong factories"]["value"], abs=0.02)
    missing = 1 - len(np.unique(real)) / region.plan.factories
    assert missing == pytest.approx(region.constants["missing factories"]["value"], abs=0.08)
    assert len(real) > len(np.unique(real)), "some are listed twice"
    where = places.listed_as_factory & (places.producer != NO_FACTORY)
    distance = np.hypot(places.x[where] - region.plan.x[real], places.y[where] - region.plan.y[real])
    assert np.sqrt((distance**2).mean()) == pytest.approx(region.constants["error of position"]["value"], rel=0.15)
    assert (places.producer[~places.listed_as_factory] == NO_FACTORY).all()
    size = np.corrcoef(np.log(places.employees[where]), np.log(region.plan.size[real]))[0, 1]
    assert size > 0.85
    np.testing.assert_array_equal(places.sector[where], region.plan.sector[real])
    dated = np.flatnonzero(places.opened != UNKNOWN)
    assert len(dated)
    for index in dated:
        history = region.output.open[places.producer[index], LONGEST_LAG:]
        assert FIRST_MONTH + history.argmax() == places.opened[index]
        assert not history[0]


def test_null_mode_changes_light_alone(one, null):
    np.testing.assert_array_equal(null.output.series, one.output.series)
    np.testing.assert_array_equal(null.light.counts, one.light.counts)
    np.testing.assert_array_equal(null.places.x, one.places.x)
    np.testing.assert_array_equal(null.light.factories, null.light.factories[:, :1].repeat(MONTHS, axis=1))
    assert (one.light.factories.std(axis=1) > 0).mean() > 0.5


def test_null_light_follows_no_output():
    """Detrended correlation of other light's swings with the total: planted ones are found over the seeds, null ones
    not."""
    def correlation(seed, null):
        region = simulate_region(seed, null=null)
        town = region.light.clean[:, region.plan.town].sum(axis=1)
        time = np.arange(MONTHS)

        def rest(series):
            logs = np.log(series)
            logs = logs - np.polyval(np.polyfit(time, logs, 1), time)
            return logs - logs.reshape(-1, 12).mean(axis=0)[time % 12]

        return np.corrcoef(rest(town), rest(region.output.series.sum(axis=0)))[0, 1]

    planted = [correlation(seed, False) for seed in range(8)]
    nothing = [correlation(seed, True) for seed in range(8)]
    assert np.mean(planted) > 0.25
    assert abs(np.mean(nothing)) < 0.25


def test_the_same_seed_is_the_same_region(one):
    again, other = simulate_region(1), simulate_region(2)
    np.testing.assert_array_equal(again.light.radiance, one.light.radiance)
    np.testing.assert_array_equal(again.output.series, one.output.series)
    assert not np.array_equal(other.plan.x, one.plan.x)


# As what the algorithms on factories read


def test_published_totals_become_labels_that_match_the_truth(one):
    fields = {"date_field": "period", "value_field": "value", "zone_field": "zone", "deflator_field": "price_index"}
    found = read_labels(totals_table(one), LabelSettings(), **fields)
    assert len(found) == len(ZONES) * 88
    made = found.covers(one.months) @ one.zone_totals().T
    np.testing.assert_allclose(found.value, made[np.arange(len(found)), found.zone], rtol=0.002)
    fields["value_field"] = "year_to_date"
    differenced = read_labels(totals_table(one), LabelSettings("year_to_date"), **fields)
    np.testing.assert_array_equal(differenced.first, found.first)
    np.testing.assert_allclose(differenced.value, found.value, rtol=1e-6)


def test_the_region_on_arrays_can_be_sampled(one):
    grid = one.plan.grid
    zones = read_zones(zones_table(one), "zone", grid.crs)
    np.testing.assert_array_equal(zones.of_cells(grid), one.plan.zone)
    factories = read_factories(places_table(one), FactoryFields("name", "category", "opened", "closed"), None, grid,
                               "refuse", Progress())
    np.testing.assert_array_equal(factories.row, np.flatnonzero(one.places.listed_as_factory))
    town = town_table(one)
    surroundings = Surroundings(Boundary("URBAN_AREA", town.wkb, town.crs), None, land_use_table(one), "class")
    light = ArrayLight(grid, one.months, one.light.radiance)
    samples = sample_factories(factories, light, surroundings, SamplingSettings(), Resources(threads=2), Progress())
    assert samples.side == 7
    np.testing.assert_array_equal(samples.region.values[:, NAMES.index("urban_valid")] > 0,
                                  np.isfinite(one.light.radiance[:, one.plan.town]).any(axis=1))
    industry = samples.statistic_names.index(f"land_{samples.land_names.index('industry')}_mean")
    assert np.isfinite(samples.statistics(np.arange(len(factories)))[:, 0, industry]).mean() > 0.3


# Files


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    summary = create_demo(str(folder), DemoSettings(part="region"), Progress())
    assert summary.folder == str(folder / "region")
    assert summary.nights == MONTHS
    return folder / "region"


def test_stacks_are_dated_and_unseen_cells_are_zeros(files, one):
    with rasterio.open(files / "radiance.tif") as light, rasterio.open(files / "coverage.tif") as counts:
        values, seen = light.read(), counts.read()
        assert light.descriptions[0] == counts.descriptions[0] == "2014-01-01"
        assert light.descriptions[-1] == "2021-12-01"
        assert light.units[0] == "nW/cm2/sr"
        assert light.transform == counts.transform == one.plan.grid.transform
    assert (values[seen == 0] == 0).all()
    np.testing.assert_array_equal(values[seen > 0], one.light.radiance[seen > 0])
    with rasterio.open(files / "truth" / "cell_output.tif") as cells:
        np.testing.assert_allclose(cells.read().sum(axis=(1, 2)), one.output.series.sum(axis=0), rtol=1e-5)


def test_totals_are_the_sums_as_published(files, one):
    with (files / "totals.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(ZONES) * 88
    assert [row["period"] for row in rows[:3]] == ["2014-01..02", "2014-03", "2014-04"]
    current = one.zone_totals() * one.price
    assert float(rows[0]["value"]) == pytest.approx(current[0, :2].sum())
    for zone, name in enumerate(ZONES):
        own = [row for row in rows if row["zone"] == name]
        assert sum(float(row["value"]) for row in own) == pytest.approx(current[zone].sum())
        assert float(own[10]["year_to_date"]) == pytest.approx(current[zone, :12].sum())


def test_layers_stand_where_the_arrays_say(files, one):
    zones = json.loads((files / "zones.geojson").read_text())["features"]
    assert {each["properties"]["zone"] for each in zones} == set(ZONES)
    producers = json.loads((files / "truth" / "producers.geojson").read_text())["features"]
    assert len(producers) == len(one.plan.size)
    by_name = {name: shapely.union_all([shapely.geometry.shape(each["geometry"]) for each in zones
                                        if each["properties"]["zone"] == name]) for name in ZONES}
    for each in producers[::20]:
        point = shapely.geometry.shape(each["geometry"])
        assert by_name[each["properties"]["zone"]].distance(point) < 1e-5
    places = json.loads((files / "places.geojson").read_text())["features"]
    assert len(places) == len(one.places.x)
    with (files / "truth" / "places.csv").open(newline="") as file:
        truth = {row["name"]: row["producer"] for row in csv.DictReader(file)}
    assert sum(bool(producer) for producer in truth.values()) == (one.places.producer != NO_FACTORY).sum()
    for each in places[::25]:
        producer = truth[each["properties"]["name"]]
        if producer:
            x, y = each["geometry"]["coordinates"]
            there = producers[int(producer)]["geometry"]["coordinates"]
            assert np.hypot((x - there[0]) * 95_000, (y - there[1]) * 111_000) < 1500


def test_writing_again_gives_the_same_files(files, tmp_path):
    create_demo(str(tmp_path), DemoSettings(part="region"), Progress())
    for path in files.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "region" / path.relative_to(files)).read_bytes(), path.name


def test_a_cancelled_or_refused_region_leaves_nothing(tmp_path):
    class Impatient(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        create_demo(str(tmp_path / "new"), DemoSettings(part="region"), Impatient())
    assert not (tmp_path / "new").exists()
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"^FOLDER: "):
        create_demo(str(tmp_path), DemoSettings(part="region"), Progress())
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["mine.txt"]
