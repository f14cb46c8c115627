"""Factories: read from layers by category, with dates, once per place."""
import numpy as np
import pytest
import shapely
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.industry.factories import FactoryFields, read_factories
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import SamplingSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid
from nocturne.algorithms.settings import Resources
from nocturne.tests.heard import Heard
from rasterio.crs import CRS
from rasterio.transform import from_origin

GRID = Grid(CRS.from_epsg(32651), from_origin(300_000, 3_450_000, 500, 500), 24, 24)
JANUARY = 12 * 2019


def layer(places, crs="EPSG:32651", **columns):
    kinds = {name: "text" if isinstance(next((each for each in column if each), ""), str) else "date"
             for name, column in columns.items()}
    return FeatureTable("FACTORIES", {name: np.array(column, object) for name, column in columns.items()}, kinds,
                        tuple(shapely.to_wkb(shapely.Point(place)) if place else None for place in places), crs, 1)


def on_grid(column, row):
    return 300_000 + 500 * column, 3_450_000 - 500 * row


def read(table, fields=None, categories=None, duplicates="refuse", progress=None):
    return read_factories(table, fields or FactoryFields(), categories, GRID, duplicates, progress or Progress())


def test_factories_are_chosen_by_their_category():
    kinds = ["man_made=works", "Factory", "cafe;INDUSTRIAL_Park", None, "school", "公司企业;工厂;工厂", "works"]
    table = layer([on_grid(index + 2, 3) for index in range(7)], kind=kinds, name=list("abcdefg"))
    found = read(table, FactoryFields(identity="name", category="kind"))
    assert found.names == ("a", "b", "c", "f")
    assert found.row.tolist() == [0, 1, 2, 5]
    as_tag = layer([on_grid(2, 3), on_grid(4, 3)], man_made=["works", "tower"])
    assert read(as_tag, FactoryFields(category="man_made")).names == ("1",)
    own = FeatureTable("CATEGORIES", {"category": np.array(["School"], object)}, {"category": "text"})
    assert read(table, FactoryFields(identity="name", category="kind"), own).names == ("e",)
    with pytest.raises(InputError, match=r"^CATEGORY_FIELD: no row has a category of factories \(there are 'pub'\)"):
        read(layer([on_grid(2, 3)], kind=["pub"]), FactoryFields(category="kind"))


def test_opening_and_closing():
    from datetime import date

    table = layer([on_grid(2, 3), on_grid(4, 3)], start=[date(2019, 2, 15), None], end=["2019-03-01", ""])
    found = read(table, FactoryFields(opened="start", closed="end"))
    np.testing.assert_array_equal(found.is_open(JANUARY + np.arange(4, dtype=np.int32)),
                                  [[False, True, True, False], [True] * 4])
    with pytest.raises(InputError, match=r"^CLOSED: 1 factories closed before they opened \(the first in row 1\)"):
        read(layer([on_grid(2, 3)], start=["2020-01-01"], end=["2019-01-01"]),
             FactoryFields(opened="start", closed="end"))


def test_factories_outside_are_left_out_and_none_inside_is_refused():
    heard = Heard()
    assert len(read(layer([on_grid(2, 3), on_grid(-1, 3), on_grid(2, 50)]), progress=heard)) == 1
    assert heard.texts == ["FACTORIES: 2 of 3 factories lie outside RADIANCE and are left out (the first is '2')."]
    with pytest.raises(InputError, match=r"^FACTORIES: none of 1 factories lies on RADIANCE \(24 x 24 cells"):
        read(layer([on_grid(-1, 3)]))
    assert len(read(layer([(121.0, 31.1)], "EPSG:4326"))) == 1


def test_factories_at_one_place():
    table = layer([on_grid(2, 3), on_grid(4, 3), on_grid(2, 3)])
    with pytest.raises(InputError, match=r"^FACTORIES: '1' and '3' stand at one place \(1 factories stand"):
        read(table)
    heard = Heard()
    assert read(table, duplicates="one", progress=heard).names == ("1", "2")
    assert "1 factories stand where another does and are left out (the first is '3'" in heard.texts[0]
    shared = read(table, duplicates="share")
    light = ArrayLight(GRID, np.array([JANUARY], np.int32), np.full((1, 24, 24), 10, np.float32))
    samples = sample_factories(shared, light, Surroundings(), SamplingSettings(), Resources(threads=1), Progress())
    np.testing.assert_array_equal(samples.weights(np.array([0]), np.array([0])),
                                  samples.weights(np.array([2]), np.array([0])))


def test_factories_closer_than_a_metre_stand_at_one_place():
    metre = 1 / 500
    table = layer([on_grid(2 + metres * metre, 3) for metres in (0.45, 0.55, 9, 1.3, 1.5, 9, 2.6)])
    with pytest.raises(InputError, match=r"^FACTORIES: '1' and '2' stand at one place \(3 factories stand"):
        read(table)
    assert read(table, duplicates="one").names == ("1", "3", "5", "7"), "one that is left out takes nobody with it"
    assert len(read(table, duplicates="share")) == 7


@pytest.mark.parametrize(("table", "sentence"), [
    (layer([]), "FACTORIES: it has no feature"), (layer([None, (1, 2)]), "FACTORIES: 1 of 2 rows have no geometry"),
    (FeatureTable("FACTORIES", {"x": np.array([1.0])}, {"x": "number"}), "FACTORIES: it is a table without geometry"),
    (layer([(1, 2)], ""), "FACTORIES: it has no coordinate reference system")])
def test_layers_that_hold_no_factories(table, sentence):
    with pytest.raises(InputError, match=f"^{sentence}"):
        read(table)
