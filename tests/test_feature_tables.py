"""Vector inputs as columns, and their geometries."""
from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.geometries import shapes_in, shapes_of
from nocturne.algorithms.scores import mae, mbe, r2, rmse, wilson_interval
from rasterio.crs import CRS

TABLE = FeatureTable(
    "PLACES",
    {"count": np.array([3.0, np.nan]), "name": np.array(["a", None], dtype=object),
     "day": np.array(["2018-02-01", " "], dtype=object), "when": np.array([date(2018, 1, 1), None], dtype=object)},
    {"count": "integer", "name": "text", "day": "text", "when": "date"},
    (shapely.to_wkb(shapely.Point(121, 31)), None), "EPSG:4326")


def test_columns_come_as_numbers_texts_and_dates():
    assert len(TABLE) == 2
    assert TABLE.numbers("count")[0] == 3
    assert list(TABLE.texts("count")) == ["3", None]
    assert list(TABLE.dates("day")) == [date(2018, 2, 1), None]
    assert list(TABLE.dates("when")) == [date(2018, 1, 1), None]


@pytest.mark.parametrize(("read", "sentence"), [
    (lambda: TABLE.numbers("name", "COUNT_FIELD"), "COUNT_FIELD: the field 'name' isn't numeric"),
    (lambda: TABLE.numbers("none"), "PLACES: there is no field 'none'"),
    (lambda: TABLE.dates("count"), "PLACES: the field 'count' has no dates"),
    (lambda: TABLE.dates("name"), "PLACES: 'a' in the field 'name' isn't a date"),
    (lambda: shapes_in(FeatureTable("ZONES", {}, {}, TABLE.wkb), CRS.from_epsg(3857)), "ZONES: it has no coordinate"),
    (lambda: shapes_of(FeatureTable("ZONES", {}, {}, (b"12",))), "ZONES: a geometry can't be read"),
])
def test_what_cannot_be_used_is_named(read, sentence):
    with pytest.raises(InputError, match=sentence[:20]) as error:
        read()
    assert str(error.value).startswith(sentence)


def test_shapes_are_projected_and_missing_ones_stay_missing():
    point, missing = shapes_in(TABLE, CRS.from_epsg(3857))
    assert missing is None
    assert point.x == pytest.approx(121 * 20037508.342789244 / 180)


def test_long_edges_bend_with_the_projection():
    square = shapely.box(0, 40, 20, 50)
    table = FeatureTable("CITY", {}, {}, (shapely.to_wkb(square),), "EPSG:4326")
    moved = shapes_in(table, CRS.from_epsg(3035))[0]
    assert len(moved.exterior.coords) > 100


def test_scores_leave_missing_values_out():
    truth, estimate = [1.0, 2.0, 3.0, np.nan], [1.0, 2.5, 2.0, 9.0]
    assert r2(truth, estimate) == pytest.approx(1 - 1.25 / 2)
    assert rmse(truth, estimate) == pytest.approx(np.sqrt(1.25 / 3))
    assert mae(truth, estimate) == pytest.approx(0.5)
    assert mbe(truth, estimate) == pytest.approx(-1 / 6)
    assert np.isnan(r2([1.0, 1.0], [1.0, 2.0]))


def test_wilson_interval_is_the_published_one():
    # Newcombe (1998), Table I: 81 of 263 gives 0.2553 to 0.3662.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 0) == (0, 1)
    assert wilson_interval(5, 5)[1] == 1
