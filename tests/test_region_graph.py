"""Region graphs: units, places, flows of units and of cells, vectors of views and totals of districts."""
from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.districts.flow_table import FlowFields, read_flows
from nocturne.algorithms.districts.graph_columns import column_names
from nocturne.algorithms.districts.places import SHIPPED_MAPPING
from nocturne.algorithms.districts.region_graph import GraphInputs, region_graph
from nocturne.algorithms.districts.settings import RegionGraphSettings
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.tests.conftest import ROOT
from nocturne.tests.heard import Heard

NEW_YORK = ROOT / ".." / "shared" / "data" / "region-graph-new-york"
UTM = "EPSG:32650"
X, Y = 500_000.0, 2_500_000.0
PAIR = FlowFields("from", "to", "n")


def table(parameter, shapes=None, crs=UTM, **columns):
    kinds = {name: "text" if any(isinstance(value, str) for value in values) else
             "date" if any(isinstance(value, date) for value in values) else "number"
             for name, values in columns.items()}
    arrays = {name: np.array(values, dtype=float if kinds[name] == "number" else object)
              for name, values in columns.items()}
    wkb = () if shapes is None else tuple(None if shape is None else shapely.to_wkb(shape) for shape in shapes)
    return FeatureTable(parameter, arrays, kinds, wkb, crs if wkb else "")


def box(left, bottom, right, top):
    return shapely.box(X + left, Y + bottom, X + right, Y + top)


def three_units(**more):
    """a and b share an edge at x = 1000; c stands apart."""
    return table("SUBDISTRICTS", [box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000), box(5000, 0, 6000, 1000)],
                 id=["a", "b", "c"], district=["D", "D", "E"], **more)


def flows(*rows, **more):
    start, end, count = zip(*rows)
    return table("FLOWS", **{"from": start, "to": end, "n": count}, **more)


def graph_of(units, heard=None, chosen=None, **more):
    inputs = GraphInputs(units, "id", "district", **{"flow_fields": PAIR, **more})
    return region_graph(inputs, chosen or RegionGraphSettings(), heard or Progress())


def sums_of(graph):
    found = graph.sums
    return found.between, found.own, found.outside, found.unknown


def test_flows_between_units_become_edges_both_ways():
    graph = graph_of(three_units(), flows=flows(("a", "b", 3), ("b", "a", 1), ("a", "b", 4), ("b", "c", 2)))
    edges = [values for values, _ in graph.edges()]
    assert [values[:4] for values in edges] == [["a", "b", 7, 1], ["b", "a", 1, 7], ["b", "c", 2, 0]]
    assert edges[0][4:6] == pytest.approx([np.log(8), np.log(2)])
    assert [values[6] for values in edges] == pytest.approx([1, 1, 4], rel=1e-3)
    line = shapely.from_wkb([line for _, line in graph.edges()][2])
    assert np.allclose(shapely.get_coordinates(line), [(X + 1500, Y + 500), (X + 5500, Y + 500)], atol=0.01)


def test_areas_are_true_whatever_the_layer_s_crs():
    degrees = table("SUBDISTRICTS", [shapely.box(10, 60, 10.1, 60.1), shapely.box(10.1, 60, 10.2, 60.1)],
                    "EPSG:4326", id=["a", "b"], district=["D", "E"])
    graph = graph_of(degrees, flows=flows(("a", "b", 1)))
    assert graph.columns["area_km2"][1] == pytest.approx([62.05, 62.05], abs=0.2)
    assert next(graph.edges())[0][6] == pytest.approx(5.57, abs=0.02)


def test_what_is_left_out_is_named_with_numbers():
    heard = Heard()
    graph = graph_of(three_units(), heard, flows=flows(("a", "b", 60), ("a", "a", 30), ("x", "a", 10), ("a", "", 5),
                                                       ("b", "a", np.nan)))
    assert sums_of(graph) == (60, 30, 0, 10)
    assert graph.flows.diagonal().sum() == 0
    assert graph.isolated == 1
    assert list(graph.columns["has_flows"][1]) == [True, True, False]
    said = " ".join(heard.messages)
    assert "100 in total; between units 60 (60 %), of units to themselves 30 (30 %), left out" in said
    assert "with an unknown end 10 (10 %) in 1 rows" in said
    assert "missing: 1 (the first is 'c')" in said
    assert "2 of 5 rows have no count, end or day" in heard.warnings[0]
    assert "33.3 % of the flows inside the region: they may be residents" in heard.warnings[1]


def test_self_flows_that_follow_a_field_are_said_to_be_residents():
    numbers = np.random.default_rng(1)
    people = numbers.integers(100, 9000, 12).astype(float)
    units = table("SUBDISTRICTS", [box(1000 * k, 0, 1000 * k + 1000, 1000) for k in range(12)],
                  id=[f"u{k}" for k in range(12)], district=[f"D{k % 3}" for k in range(12)], residents=people)
    own = [(f"u{k}", f"u{k}", float(people[k] * 0.3)) for k in range(12)]
    between = [(f"u{k}", f"u{(k + 1) % 12}", 90_000.0) for k in range(12)]
    heard = Heard()
    graph = graph_of(units, heard, RegionGraphSettings(self_flows=True), flows=flows(*own, *between))
    assert [text for text in heard.warnings if "follow 'residents' (correlation of logs 1.0000)" in text]
    assert graph.flows.diagonal() == pytest.approx(people * 0.3)
    drawn = numbers.permutation(people)
    heard = Heard()
    graph_of(units, heard, flows=flows(*[(a, b, float(n)) for (a, b, _), n in zip(own, drawn)], *between))
    assert heard.warnings == []


def test_cells_are_split_at_both_ends_by_area():
    grid = table("FLOW_GRID", [box(750, 0, 1750, 1000), box(5500, 0, 6500, 1000)], cell=["1", "2"])
    graph = graph_of(three_units(), flows=flows(("1", "2", 80)), grid=grid, grid_field="cell")
    assert graph.flows.toarray() == pytest.approx(np.array([[0, 0, 10], [0, 0, 30], [0, 0, 0]]), abs=1e-2)
    assert sums_of(graph) == pytest.approx((40, 0, 40, 0), abs=1e-2)


def test_a_flow_of_a_cell_to_itself_stays_in_the_unit_of_the_larger_share():
    grid = table("FLOW_GRID", [box(750, 0, 1750, 1000), box(5000, 0, 6000, 1000), box(1900, 0, 2900, 1000)],
                 cell=["1", "2", "3"])
    graph = graph_of(three_units(), None, RegionGraphSettings(self_flows=True), grid=grid, grid_field="cell",
                     flows=flows(("1", "1", 80), ("1", "2", 4), ("3", "3", 7)))
    assert graph.flows.diagonal() == pytest.approx([0, 80, 0])
    assert sums_of(graph) == pytest.approx((4, 80, 7, 0)), "most of cell 3 is outside all units"


SPLITS = {"places": [shapely.Point(X + 900, Y + 500), shapely.Point(X + 1200, Y + 5), shapely.Point(X + 1300, Y + 5),
                     shapely.Point(X + 1400, Y + 5)],
          "roads": [shapely.LineString([(X + 800, Y + 100), (X + 1000, Y + 100)]),
                    shapely.LineString([(X + 1000, Y + 300), (X + 1600, Y + 300)])],
          "built-up areas": [box(900, 0, 1000, 100), box(1000, 0, 1300, 100)]}


@pytest.mark.parametrize("kind", SPLITS)
def test_cells_are_split_by_what_lies_in_them(kind):
    grid = table("FLOW_GRID", [box(500, 0, 1700, 1000), box(5000, 0, 6000, 1000)], cell=["1", "2"])
    graph = graph_of(three_units(), flows=flows(("1", "2", 40)), grid=grid, grid_field="cell",
                     split=table("SPLIT", SPLITS[kind]))
    assert graph.flows.toarray()[:, 2] == pytest.approx([10, 30, 0], rel=1e-4)


def test_points_of_a_flow_table_lie_in_one_unit_or_outside():
    points = table("FLOW_GRID", [shapely.Point(X + x, Y + 500) for x in (100, 1900, 3000, 1000)],
                   tower=["1", "2", "3", "4"])
    graph = graph_of(three_units(), grid=points, grid_field="tower",
                     flows=flows(("1", "2", 5), ("2", "3", 7), ("4", "2", 1)))
    assert graph.flows[0, 1] == 6, "a point on a shared edge belongs to the first unit"
    assert sums_of(graph) == (6, 0, 7, 0)


def test_what_has_no_effect_is_warned_of():
    own, split = table("MAPPING", tag=["bench"], **{"class": ["Seats"]}), table("SPLIT", SPLITS["places"])
    places = table("PLACES", [shapely.Point(X + 100, Y + 500)], kind=["bench"])
    points = table("FLOW_GRID", [shapely.Point(X + x, Y + 500) for x in (100, 1900)], cell=["a", "b"])
    cells = table("FLOW_GRID", [box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)], cell=["a", "b"])
    given = {"flows": flows(("a", "b", 5)), "places": places, "category_fields": ["kind"], "grid_field": "cell"}
    classes = RegionGraphSettings(categories="classes")
    for more, chosen, said in (
            ({"mapping": own}, None, ["MAPPING has no effect"]), ({"mapping": own}, classes, []),
            ({"split": split}, None, ["SPLIT has no effect"]), ({"split": split, "grid": cells}, None, []),
            ({"split": split, "grid": points}, None, ["SPLIT has no effect, because FLOW_GRID has points"]),
            ({"split": split, "grid": cells, "flows": None}, None, ["SPLIT has no effect", "There are no FLOWS"])):
        heard = Heard()
        graph_of(three_units(), heard, chosen, **{**given, **more})
        assert len(heard.warnings) == len(said)
        assert all(text.startswith(start) for text, start in zip(heard.warnings, said))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.booleans())
def test_the_total_is_conserved(seed, weighted):
    numbers = np.random.default_rng(seed)
    edges = np.sort(numbers.uniform(0, 4000, 5))
    shapes = [box(left, 0, right, 2500) for left, right in zip(edges, edges[1:])]
    shapes[1] = shapely.union(shapes[1], box(-300, 2600, 300, 2900))
    units = table("SUBDISTRICTS", shapes, id=list("abcd"), district=list("DDEE"))
    grid = table("FLOW_GRID", [box(500 * x, 500 * y, 500 * x + 500, 500 * y + 500) for x in range(8) for y in range(6)],
                 cell=[str(k) for k in range(48)])
    rows = [(str(a), str(b), float(n))
            for a, b, n in zip(*numbers.integers(0, 50, (2, 300)), numbers.gamma(1, 1e4, 300))]
    points = [shapely.Point(X + x, Y + y) for x, y in numbers.uniform(0, 4000, (60, 2))]
    graph = graph_of(units, flows=flows(*rows), grid=grid, grid_field="cell",
                     split=table("SPLIT", points) if weighted else None)
    assert sum(sums_of(graph)) == pytest.approx(sum(n for *_, n in rows), rel=1e-9)
    assert graph.flows.sum() == pytest.approx(graph.sums.between, rel=1e-9)
    assert min(sums_of(graph)) >= 0


def test_counts_of_days_become_those_of_a_year():
    days = [date(2021, 3, 1) + timedelta(k) for k in range(14)]  # two weeks from a Monday
    del days[1]  # one of two Tuesdays is missing
    counts = [100.0 if day.weekday() < 5 else 10.0 for day in days]
    rows = table("FLOWS", **{"from": ["a"] * 13, "to": ["b"] * 13, "n": counts, "day": days})
    found = read_flows(rows, FlowFields("from", "to", "n", "day"), ["a", "b"], Progress())
    assert found.counts[0, 1] == pytest.approx(261 * 100 + 104 * 10), "2021 has 261 working days"


def test_a_weekday_that_nobody_observed_is_taken_for_others_of_its_kind():
    days = [date(2021, 3, 1) + timedelta(k) for k in (0, 1, 5)]  # Monday, Tuesday, Saturday
    rows = table("FLOWS", **{"from": ["a"] * 3, "to": ["b"] * 3, "n": [100.0, 200.0, 10.0], "day": days})
    heard = Heard()
    found = read_flows(rows, FlowFields("from", "to", "n", "day"), ["a", "b"], heard)
    assert found.counts[0, 1] == pytest.approx(261 * 150 + 104 * 10, rel=1e-3)
    assert "no day for Wednesday, Thursday, Friday, Sunday; other weekdays stand in" in heard.warnings[0]


def test_places_are_counted_by_category_and_unmapped_units_are_missing():
    places = table("PLACES", [shapely.Point(X + x, Y + 500) for x in (10, 20, 1500, 9000, 30)],
                   kind=["Cafe", "Cafe", "Bank", "Cafe", None])
    heard = Heard()
    columns = graph_of(three_units(), heard, places=places, category_fields=["kind"]).columns
    assert np.array_equal(columns["place_cafe"][1], [2, 0, np.nan], equal_nan=True)
    assert np.array_equal(columns["place_bank"][1], [0, 1, np.nan], equal_nan=True)
    assert "3 of 5 in 2 categories; left out: 1 without a known category, 1 outside the units" in heard.messages[1]


def test_tags_of_openstreetmap_become_classes_and_categories():
    points = [shapely.Point(X + 100, Y + 100 * k) for k in range(1, 5)]
    places = table("PLACES", points, amenity=["restaurant", None, "Fast Food;bar", "bench"],
                   shop=[None, "bakery", None, "unheard_of"])
    for level, wanted in (("classes", {"place_food": 3}),
                          ("categories", {"place_restaurant": 1, "place_bakery": 1, "place_fast_food": 1})):
        columns = graph_of(three_units(), None, RegionGraphSettings(categories=level), places=places,
                           category_fields=["amenity", "shop"]).columns
        assert {name: values[0] for name, (_, values) in columns.items() if name.startswith("place_")} == wanted
    own = table("MAPPING", tag=["bench"], **{"class": ["Seats"]})
    columns = graph_of(three_units(), None, RegionGraphSettings(categories="classes"), places=places, mapping=own,
                       category_fields=["amenity", "shop"]).columns
    assert columns["place_seats"][1][0] == 1


def test_the_shipped_mapping_has_16_classes_and_140_categories():
    with SHIPPED_MAPPING.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    class_of = {row["category"]: row["class"] for row in rows}
    assert (len(set(class_of.values())), len(class_of)) == (16, 140)
    assert all(class_of[row["category"]] == row["class"] for row in rows), "a category has one class"
    assert max(Counter(row["tag"] for row in rows).values()) == 1


def test_vectors_of_images_are_pooled_and_units_without_images_are_missing():
    images = table("EMBEDDINGS", [shapely.Point(X + x, Y + 500) for x in (10, 20, 1500, 9000)],
                   view_1=[1, 3, 5, 7], view_2=[0, 0, np.nan, 0])
    for pooling, first in (("mean", 2), ("sum", 4)):
        columns = graph_of(three_units(), None, RegionGraphSettings(pooling=pooling), embeddings=images).columns
        assert np.array_equal(columns["view_1"][1], [first, np.nan, np.nan], equal_nan=True)
        assert list(columns["views"][1]) == [2, 0, 0]
    named = table("EMBEDDINGS", view_1=[1, 2], unit=["b", "c"])
    columns = graph_of(three_units(), embeddings=named, embedding_unit_field="unit").columns
    assert np.array_equal(columns["view_1"][1], [np.nan, 1, 2], equal_nan=True)


def test_totals_of_districts_stand_in_their_units():
    totals = table("DISTRICT_TARGETS", name=["E", "Z"], gdp=[5.0, 1.0])
    heard = Heard()
    columns = graph_of(three_units(), heard, targets=totals, target_district_field="name").columns
    assert np.array_equal(columns["target_gdp"][1], [np.nan, np.nan, 5], equal_nan=True)
    assert "gdp of 1 of 2 districts; rows of other districts, left out: 1" in heard.messages[1]


def test_a_city_without_districts_is_its_own_district():
    units = table("SUBDISTRICTS", [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1)], id=["a", "b", "c"],
                  district=["D", None, None], city=["P", "Dongguan", "Dongguan"])
    graph = graph_of(units, city_field="city")
    assert graph.columns["district"][1] == ("D", "Dongguan", "Dongguan")
    assert graph.columns["city"][1] == ("P", "Dongguan", "Dongguan")


def test_profiles_of_flows_are_missing_where_flows_are():
    chosen = RegionGraphSettings(profiles="districts")
    columns = graph_of(three_units(), None, chosen, flows=flows(("a", "b", 3), ("b", "a", 1), ("a", "a", 9))).columns
    assert np.allclose(columns["flow_out"][1], [np.log(4), np.log(2), np.nan], equal_nan=True)
    assert np.allclose(columns["flow_to_d"][1], [np.log(4), np.log(2), np.nan], equal_nan=True)
    assert np.allclose(columns["flow_from_e"][1], [0, 0, np.nan], equal_nan=True)
    assert "flow_in" not in graph_of(three_units(), flows=flows(("a", "b", 3))).columns


def test_invalid_polygons_are_repaired_and_counted():
    bow = shapely.Polygon([(X, Y), (X + 1000, Y + 1000), (X + 1000, Y), (X, Y + 1000)])
    units = table("SUBDISTRICTS", [bow, box(1000, 0, 2000, 1000)], id=["a", "b"], district=["D", "E"])
    heard = Heard()
    assert graph_of(units, heard).columns["area_km2"][1] == pytest.approx([0.5, 1], rel=1e-3)
    assert "1 of 2 polygons are invalid" in heard.warnings[0]


def test_columns_have_names_of_their_own():
    assert column_names("place_", ["Fast Food", "fast-food", "place_bank", "餐饮", "%"]) == [
        "place_fast_food", "place_fast_food_2", "place_bank", "place_餐饮", "place_other"]


POINT_UNITS = table("SUBDISTRICTS", [shapely.Point(X + k, Y) for k in range(3)], id=["a", "b", "c"],
                    district=["D", "D", "E"])
A_FLOW = flows(("a", "b", 1))
BAD = {
    "no district": (three_units(), {"district_field": "none"}, "DISTRICT_FIELD: there is no field 'none'"),
    "repeated totals": (three_units(), {"targets": table("DISTRICT_TARGETS", d=["D", "D"], x=[1, 2]),
                                        "target_district_field": "d"}, "1 districts repeat (the first is 'D')"),
    "all totals empty": (three_units(), {"targets": table("DISTRICT_TARGETS", d=["D", "E"], x=[np.nan, np.nan]),
                                         "target_district_field": "d"}, "'x' is empty for all 2 districts"),
    "strange totals": (three_units(), {"targets": table("DISTRICT_TARGETS", d=["Q"], x=[1.0]),
                                       "target_district_field": "d"}, "it has none of the districts (it has 'Q'"),
    "points, places": (POINT_UNITS, {"places": table("PLACES", [shapely.Point(X, Y)], k=["a"]),
                                     "category_fields": ["k"]}, "not every unit is a polygon, which PLACES needs"),
    "no vectors": (three_units(), {"embeddings": table("EMBEDDINGS", x=[1.0])}, "whose name begins with 'view_'"),
    "own flows only": (three_units(), {"flows": flows(("a", "a", 1))}, "no flow goes from one unit to another"),
    "cells without id": (three_units(), {"flows": A_FLOW, "grid": table("FLOW_GRID", [box(0, 0, 1, 1)] * 2,
                                                                        cell=["1", "1"]), "grid_field": "cell"},
                         "values that repeat"),
    "places elsewhere": (three_units(), {"places": table("PLACES", [shapely.Point(X, Y - 9e4)], k=["a"]),
                                         "category_fields": ["k"]}, "none of 1 places has a category and lies in"),
    "no day": (three_units(), {"flows": flows(("a", "b", 1), day=["soon"]),
                               "flow_fields": FlowFields("from", "to", "n", "day")}, "'soon' in the field 'day' isn't"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    units, more, phrase = BAD[case]
    inputs = GraphInputs(units, "id", **{"district_field": "district", "flow_fields": PAIR, **more})
    with pytest.raises(InputError) as error:
        region_graph(inputs, RegionGraphSettings(), Progress())
    assert phrase in str(error.value)


@pytest.mark.real_data
@pytest.mark.skipif(not NEW_YORK.is_dir(), reason="shared data region-graph-new-york is not beside the checkout")
def test_new_york_s_tracts():
    """5,367 tracts as points; the diagonal is residents, and 18.6 % of the tracts have no flow besides."""
    with gzip.open(NEW_YORK / "ny_tract_osm_features.csv.gz", "rt", newline="") as file:
        features = {row.pop("GEOID"): row for row in csv.DictReader(file)}
    with gzip.open(NEW_YORK / "ny_tract_centroids.csv.gz", "rt", newline="") as file:
        places = {row["geo_code"]: shapely.Point(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)}
    with zipfile.ZipFile(NEW_YORK / "ny_tract_flows.csv.zip") as archive:
        rows = list(csv.reader(io.TextIOWrapper(archive.open(archive.namelist()[0]))))[1:]
    start, end, count = zip(*rows)
    names = list(features)
    columns = {name: [float(features[tract][name]) for tract in names] for name in features[names[0]]}
    units = table("SUBDISTRICTS", [places[name] for name in names], "EPSG:4326", id=names,
                  district=[name[:5] for name in names], **columns)
    heard = Heard()
    graph = graph_of(units, heard, place_fields=list(columns), flows=table(
        "FLOWS", **{"from": list(start), "to": list(end), "n": [float(each) for each in count]}))
    assert (len(graph.units), len(graph.units.districts()[0])) == (5367, 62)
    found = graph.sums
    assert found.own / (found.own + found.between) == pytest.approx(0.454, abs=0.001)
    assert found.unknown / found.total == pytest.approx(0.2126, abs=0.0001), "534 tracts of the flows have no features"
    assert sum(sums_of(graph)) == pytest.approx(sum(float(each) for each in count), rel=1e-9)
    assert any("may be residents" in text for text in heard.warnings)
    assert graph.isolated / len(graph.units) == pytest.approx(0.186, abs=0.01)
    assert sum(name.startswith("place_") for name in graph.columns) == 18
