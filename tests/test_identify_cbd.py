"""CBDs of several cities in one run: what becomes of each, and that the steps are those of the single algorithms."""
from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.cbd import class_mosaic
from nocturne.algorithms.cbd.city_files import BlackMarbleFolder, covering, two_years
from nocturne.algorithms.cbd.class_mosaic import write_mosaic
from nocturne.algorithms.cbd.classification import RuleDecider, classify
from nocturne.algorithms.cbd.deciders import read_decider
from nocturne.algorithms.cbd.identify import FAILED, FOUND, NONE, UNDECIDED, IdentifyInputs, identify_cbds
from nocturne.algorithms.cbd.identify_report import write_report
from nocturne.algorithms.cbd.index_names import INDEXES
from nocturne.algorithms.cbd.rule_expressions import parse_expression
from nocturne.algorithms.cbd.rule_files import Rule
from nocturne.algorithms.cbd.settings import IdentifyCbdSettings
from nocturne.algorithms.cbd.validation import validate
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.night_lights.file_angular_effects import classify_files
from nocturne.algorithms.night_lights.settings import FileAngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.projections import WGS84
from nocturne.algorithms.rasters import Grid, RasterInput, RasterWriter
from nocturne.algorithms.settings import Resources
from nocturne.tests.compact_cities import NIGHTS, layer, write_cities
from rasterio.windows import Window

RESOURCES = Resources(threads=2)
CORE = IdentifyCbdSettings(cbd_boundary="core", min_observations=15)


def rule(text, name="a rule", types=()):
    return RuleDecider(name, [Rule(name, types, parse_expression(text))])


MANY = rule("Count_A >= 6")


class Listener(Progress):
    def __init__(self):
        self.warnings = []

    def warning(self, text):
        self.warnings.append(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_cities(tmp_path_factory.mktemp("cities"))


@pytest.fixture(scope="module")
def inputs(folder):
    return IdentifyInputs(str(folder), [], layer(folder / "cities.geojson", "CITY"), "city",
                          layer(folder / "urban_areas.geojson", "URBAN_AREA"))


def one_city(inputs, index=2):
    return replace(inputs, cities=inputs.cities.take(np.array([index])))


@pytest.fixture(scope="module")
def found(inputs, tmp_path_factory):
    report = tmp_path_factory.mktemp("report") / "report.html"
    result = identify_cbds(inputs, MANY, CORE, RESOURCES, Progress())
    write_report(str(report), result, CORE, "a rule", Progress())
    return result, report.read_text("utf-8")


def test_the_planted_cbds_are_found(found, folder):
    result, _ = found
    assert [each.status for each in result.outcomes] == [FOUND] * 3
    own = validate(result.cbds, layer(folder / "cbd_reference.geojson", "REFERENCE"), "city").summaries[0]
    assert (own.references, own.located) == (3, 3)
    assert own.f1 > 0.3


def test_rows_say_what_was_decided_and_from_which_nights(found):
    result, _ = found
    centres, cbds = result.centres, result.cbds
    assert set(INDEXES) <= set(centres.columns)
    assert len(cbds) == (centres.columns["cbd"] == 1).sum() == sum(each.cbds for each in result.outcomes)
    np.testing.assert_array_equal(centres.columns["cbd"] == 1, centres.columns["Count_A"] >= 6)
    assert set(cbds.columns["start"]) == {date(2020, 1, 1)}
    assert set(cbds.columns["end"]) == {date(2020, 3, 30)}
    assert {each.used.nights for each in result.outcomes} == {NIGHTS}
    assert set(cbds.columns["rule"]) == {"Count_A >= 6"}


def test_a_core_lies_inside_its_centre_and_its_area_is_its_own(found):
    result, _ = found
    centres, cbds = result.centres, result.cbds
    assert "core" in set(cbds.columns["outline"])
    outlines = dict(zip(zip(centres.columns["city"], centres.columns["centre_id"]), shapely.from_wkb(centres.wkb)))
    for city, number, kind, area, core in zip(*(cbds.columns[name] for name in (
            "city", "centre_id", "outline", "area_km2")), shapely.from_wkb(cbds.wkb)):
        whole = outlines[city, number]
        assert core.difference(whole.buffer(1e-4)).is_empty
        assert (core.area < 0.999 * whole.area) == (kind == "core")
        latitude = core.centroid.y
        assert area == pytest.approx(core.area * 111.2**2 * np.cos(np.radians(latitude)), rel=0.02)


def test_the_report_names_every_city(found):
    result, report = found
    for each in result.outcomes:
        assert report.count(each.city) >= 3
    assert report.count("data:image/png") == 3


def test_the_classes_are_those_of_the_single_algorithm(inputs, tmp_path):
    alone = replace(one_city(inputs), classes=str(tmp_path / "classes.tif"))
    result = identify_cbds(alone, MANY, CORE, RESOURCES, Progress())
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(alone.cities.wkb))
    classify_files(alone.folder, str(tmp_path / "alone.tif"), None, FileAngularEffectsSettings(
        extent=(west, south, east, north), min_observations=15), RESOURCES, Progress())
    with rasterio.open(tmp_path / "classes.tif") as first, rasterio.open(tmp_path / "alone.tif") as second:
        assert first.transform.almost_equals(second.transform, 1e-9)
        np.testing.assert_array_equal(first.read(1), second.read(1))
        assert (first.read(1) == 1).sum() > 20
    assert result.outcomes[0].status == FOUND


def test_a_city_that_fails_is_named_and_the_others_go_on(inputs):
    listener = Listener()
    nowhere = shapely.MultiPolygon([shapely.box(10, 10, 10.2, 10.2)]).wkb
    first = inputs.cities.take(np.array([0, 0]))
    cities = replace(first, columns={**first.columns, "city": np.array(["Atlantis", first.columns["city"][0]], object)},
                     wkb=(nowhere, first.wkb[0]))
    result = identify_cbds(replace(inputs, cities=cities), MANY, CORE, RESOURCES, listener)
    assert [each.status for each in result.outcomes] == [FAILED, FOUND]
    assert any(text.startswith("Atlantis failed: URBAN_AREA: ") for text in listener.warnings)
    with pytest.raises(InputError, match=r"URBAN_AREA: .*over the city"):
        identify_cbds(replace(inputs, cities=cities.take(np.array([0]))), MANY, CORE, RESOURCES, Progress())
    twice = replace(cities, wkb=(nowhere, nowhere), columns={**cities.columns, "city": np.array(["A", "B"], object)})
    with pytest.raises(InputError, match=r"URBAN_AREA: .*over the city"):
        identify_cbds(replace(inputs, cities=twice), MANY, CORE, RESOURCES, Progress())


def test_few_nights_are_not_decidable_and_no_reason_to_deny_a_cbd(inputs):
    strict = IdentifyCbdSettings(min_observations=NIGHTS)
    result = identify_cbds(one_city(inputs), MANY, strict, RESOURCES, Progress())
    (outcome,) = result.outcomes
    assert outcome.status == UNDECIDED
    assert "of its urban area" in outcome.why
    assert len(result.centres) > 0
    assert np.isnan(result.centres.columns["cbd"]).all()
    assert len(result.cbds) == 0
    assert set(result.cbds.kinds) >= {"cbd", "outline", *INDEXES}


def test_a_city_without_a_cbd_and_the_one_that_is_forced(inputs):
    alone = one_city(inputs)
    none = identify_cbds(alone, rule("Count_A > 999"), CORE, RESOURCES, Progress())
    assert none.outcomes[0].status == NONE
    forced = identify_cbds(alone, rule("Count_A > 999"), replace(CORE, one_per_city=True), RESOURCES, Progress())
    assert forced.outcomes[0].status == FOUND
    assert forced.cbds.columns["forced"].tolist() == [1]
    assert forced.cbds.columns["Count_A"][0] == np.nanmax(none.centres.columns["Count_A"])


def test_no_centre_at_all_is_no_cbd(inputs):
    with pytest.raises(InputError, match="THRESHOLD"):
        identify_cbds(one_city(inputs), MANY, replace(CORE, threshold="100000"), RESOURCES, Progress())
    result = identify_cbds(one_city(inputs), MANY, replace(CORE, min_area=5000), RESOURCES, Progress())
    assert result.outcomes[0].status == NONE
    assert (len(result.centres), len(result.cbds)) == (0, 0)


def test_lists_of_thresholds_give_stability(inputs):
    result = identify_cbds(one_city(inputs), MANY, replace(CORE, threshold="36,40"), RESOURCES, Progress())
    stability = result.cbds.columns["stability"]
    assert ((stability > 0.3) & (stability < 1 + 1e-9)).all()


def test_an_annual_raster_takes_the_place_of_annual_files(inputs, folder, tmp_path):
    west, _, _, north = shapely.total_bounds(shapely.from_wkb(inputs.cities.wkb[2:3]))
    grid = Grid(WGS84, Affine(1 / 240, 0, west, 0, -1 / 240, north), 60, 60)
    with RasterWriter("ANNUAL", str(tmp_path / "flat.tif"), grid, ["2020"], "float32", np.nan) as writer:
        values = np.full((1, 60, 60), 5.0, np.float32)
        values[0, 25:30, 25:30] = 200
        writer.write(values, Window(0, 0, 60, 60))
    raster = RasterInput("ANNUAL", str(tmp_path / "flat.tif"))
    result = identify_cbds(replace(one_city(inputs), annual=[raster]), MANY, CORE, RESOURCES, Progress())
    assert len(result.centres) == 1
    assert result.outcomes[0].annual_year == 0
    with pytest.raises(InputError, match="ANNUAL: no raster lies over"):
        identify_cbds(replace(one_city(inputs, 0), annual=[raster]), MANY, CORE, RESOURCES, Progress())
    assert covering([raster], (0, 0, 1, 1)) is None
    with pytest.raises(InputError, match=r"ANNUAL: it is empty, and FOLDER holds no annual"):
        identify_cbds(replace(one_city(inputs), folder=str(next(folder.glob("*/daily")))), MANY, CORE, RESOURCES,
                      Progress())


def test_cancelling_leaves_nothing(inputs, tmp_path):
    class Stop(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        identify_cbds(replace(inputs, classes=str(tmp_path / "classes.tif")), MANY, CORE, RESOURCES, Stop())
    assert list(tmp_path.iterdir()) == []


# The two best years

class FakeSeries:
    """Nights of which a share of the cells is clear."""

    def __init__(self, shares):
        self.dates = [day for day, _ in shares]
        self.nights = self.dates
        self._shares = [share for _, share in shares]
        self.grid = Grid(WGS84, Affine(0.1, 0, 0, 0, -0.1, 1), 10, 10)
        self.chunk_shape, self.window = (10, 10), SimpleNamespace(row=0)

    def read_block(self, night, window, with_zenith):
        values = np.full(100, np.nan, np.float32)
        values[:round(100 * self._shares[night])] = 1
        return SimpleNamespace(radiance=values.reshape(10, 10)[window.toslices()])


def best(shares):
    everywhere = Boundary("URBAN_AREA", [shapely.box(0, 0, 1, 1).wkb], "EPSG:4326")
    return two_years(FakeSeries(shares), everywhere, RESOURCES, Progress())


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(2012, 2020), st.floats(0, 1).map(lambda share: round(share, 2)), min_size=1))
def test_the_two_neighbouring_years_with_most_clear_nights(clear):
    chosen = best([(date(year, 6, 1), share) for year, share in sorted(clear.items())])
    pairs = [(year, year + 1) for year in clear if year + 1 in clear] or [(year,) for year in clear]
    assert tuple(chosen) in pairs
    assert sum(clear[year] for year in chosen) == pytest.approx(max(sum(clear[year] for year in pair)
                                                                    for pair in pairs))


def test_clear_nights_count_inside_the_urban_area_only():
    lower = Boundary("URBAN_AREA", [shapely.box(0, 0, 1, 0.5).wkb], "EPSG:4326")
    nights = FakeSeries([(date(2012, 1, 1), 0.5), (date(2013, 1, 1), 0.5), (date(2015, 1, 1), 0.6),
                         (date(2016, 1, 1), 0.3)])  # the first half of the cells lies above
    assert two_years(nights, lower, RESOURCES, Progress()) == [2015, 2016]


def test_years_are_chosen_from_the_files(inputs, folder):
    scanned = BlackMarbleFolder.scan(str(folder), RESOURCES, Progress())
    assert scanned.has("A4")
    result = identify_cbds(one_city(inputs), MANY, replace(CORE, years="best"), RESOURCES, Progress())
    assert result.outcomes[0].used.last == date(2020, 3, 30)


# The raster of all cities

def part(path, left, top, value, size=4):
    grid = Grid(WGS84, Affine(0.5, 0, left, 0, -0.5, top), size, size)
    with RasterWriter("CLASSES", str(path), grid, ["angular effect"], "uint8", 255) as writer:
        classes = np.full((1, size, size), value, np.uint8)
        classes[0, 0, 0] = 255
        writer.write(classes, Window(0, 0, size, size))
    return RasterInput("CLASSES", str(path))


def test_parts_stand_where_they_lie_and_the_first_one_counts(tmp_path):
    parts = [part(tmp_path / "a.tif", 0, 10, 1), part(tmp_path / "b.tif", 1, 9, 2)]
    write_mosaic(parts, str(tmp_path / "all.tif"), Progress())
    with rasterio.open(tmp_path / "all.tif") as dataset:
        classes = dataset.read(1)
        assert dataset.bounds == (0, 7, 3, 10)
    expected = np.full((6, 6), 255)
    expected[2:, 2:] = 2
    expected[2, 2] = 255
    expected[:4, :4] = 1
    expected[0, 0] = 255
    np.testing.assert_array_equal(classes, expected)


def test_cities_far_apart_have_no_common_raster(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(class_mosaic, "MOST_CELLS", 1_000_000)
    with pytest.raises(InputError, match=r"CLASSES: one raster of all cities has \d+ x \d+ cells; leave it empty"):
        identify_cbds(replace(inputs, classes=str(tmp_path / "a.tif")), MANY, CORE, RESOURCES, Progress())
    assert list(tmp_path.iterdir()) == []


# What decides

def centres(**columns):
    rows = len(next(iter(columns.values())))
    given = {"Mean": np.full(rows, 60.0), **{name: np.array(values, float) for name, values in columns.items()}}
    return FeatureTable("CENTRES", {**given, "city": np.array(list("aabb")[:rows], object)},
                        {**dict.fromkeys(given, "number"), "city": "text"})


def test_rules_decide_about_centres_with_negative_pixels_only():
    columns, kinds = classify(centres(Count_A=[9, 3, 0, np.nan]), rule("Count_A > 5 or Count_A == 0"), "city")
    assert set(columns) == set(kinds)
    np.testing.assert_array_equal(columns["cbd"], [1, 0, 0, np.nan])
    assert columns["rule"].tolist() == ["Count_A > 5 or Count_A == 0", "not (Count_A > 5 or Count_A == 0)",
                                        "it has no negative pixel", None]
    assert columns["city_type"].tolist() == ["mixed", "mixed", None, None]


def test_what_is_unknown_stays_open_and_other_types_have_no_cbd():
    table = centres(Count_A=[9, 3, 8, 2], Max_Z=[np.nan, 1, 2, 3])
    columns, _ = classify(table, rule("Max_Z > 1.5"), "city")
    np.testing.assert_array_equal(columns["cbd"], [np.nan, 0, 1, 1])
    columns, _ = classify(table, rule("Count_A > 0", types=("china_like",)), "city")
    np.testing.assert_array_equal(columns["cbd"], 0)


def test_one_centre_of_each_city_without_a_cbd_is_forced():
    columns, _ = classify(centres(Count_A=[9, 3, 4, 5]), rule("Count_A > 8"), "city", one_per_city=True)
    np.testing.assert_array_equal(columns["cbd"], [1, 0, 0, 1])
    np.testing.assert_array_equal(columns["forced"], [0, 0, 0, 1])


def test_fields_that_a_rule_needs_are_named(tmp_path):
    with pytest.raises(InputError, match=r"MODEL: 'a rule' needs 'Max_Z'"):
        classify(centres(Count_A=[9, 3]), rule("Max_Z > 1"), "city")
    with pytest.raises(InputError, match=r"^MODEL: "):
        read_decider(str(tmp_path / "none.txt"))


def test_the_bundled_trees_decide_where_no_model_is_named(found):
    result, _ = found
    columns, _ = classify(result.centres, read_decider(""), "city", one_per_city=True)
    called = columns["cbd"] == 1
    assert set(columns["model"]) == {"cbd_trees"}
    assert set(result.centres.columns["city"][called]) == set(result.centres.columns["city"])
    assert (result.centres.columns["Count_A"][called] > 0).all()
    assert not called.all()
