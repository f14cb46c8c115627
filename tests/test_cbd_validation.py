"""Validation of CBDs against reference outlines."""
import numpy as np
import pytest
import shapely
from nocturne.algorithms.cbd.validation import BRIGHTEST, COMPUTED, LARGEST, Agreement, validate
from nocturne.algorithms.cbd.validation_report import write_report
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from rasterio.warp import transform_bounds

# Jie et al. (2024), Table 10: computed and reference area (km2), precision, recall, F1, Jaccard.
TABLE_10 = """
Beijing 2.18 3.83 0.76 0.43 0.55 0.38
Chongqing 10.79 25.27 0.93 0.40 0.56 0.39
Guangzhou 15.66 11.36 0.57 0.79 0.66 0.49
Hangzhou 6.88 2.55 0.34 0.93 0.50 0.34
Nanjing 10.51 4.10 0.32 0.81 0.46 0.30
Shanghai 18.07 1.72 0.09 0.99 0.17 0.09
Shenzhen 7.64 4.05 0.39 0.73 0.51 0.34
Boston 8.00 1.57 0.20 1.00 0.33 0.20
Chicago 10.10 7.39 0.60 0.82 0.69 0.53
Dallas 21.00 1.79 0.09 1.00 0.16 0.09
Houston 16.23 3.24 0.20 1.00 0.33 0.20
Los_Angeles 31.17 2.22 0.07 1.00 0.13 0.07
Lower_Manhattan 5.10 3.46 0.57 0.83 0.67 0.51
Midtown_Manhattan 10.62 6.52 0.51 0.83 0.63 0.46
Philadelphia 9.97 3.15 0.32 1.00 0.48 0.32
Adelaide 6.56 1.04 0.16 1.00 0.27 0.16
Brisbane 24.21 1.23 0.05 1.00 0.10 0.05
Melbourne 10.06 3.08 0.31 1.00 0.47 0.31
Perth 4.48 1.15 0.20 0.78 0.32 0.19
Sydney 11.96 2.00 0.17 1.00 0.29 0.17
Sao_Paulo 13.73 7.01 0.22 0.44 0.30 0.17
Frankfurt 15.76 0.63 0.04 1.00 0.08 0.04
Paris 7.47 1.45 0.19 1.00 0.32 0.19
Calgary 9.75 1.76 0.18 1.00 0.31 0.18
Montreal 12.45 1.85 0.15 1.00 0.26 0.15
Ottawa 7.55 0.70 0.09 1.00 0.17 0.09
Toronto 9.45 6.94 0.62 0.85 0.72 0.56
Fukuoka 23.11 3.45 0.15 1.00 0.26 0.15
Nagoya 41.37 0.32 0.01 1.00 0.02 0.01
Tokyo 5.24 3.30 0.39 0.62 0.48 0.32
Milan 1.66 0.66 0.39 0.97 0.55 0.38
London 5.06 0.38 0.07 1.00 0.14 0.07
Santiago 41.15 1.85 0.05 1.00 0.09 0.05
"""
CITIES = {line.split()[0]: tuple(map(float, line.split()[1:])) for line in TABLE_10.split("\n") if line}


@pytest.mark.parametrize("city", CITIES)
def test_arithmetic_of_the_published_table(city):
    """The overlap that the printed recall and precision allow gives the printed F1 and Jaccard."""
    computed, reference, precision, recall, f1, jaccard = CITIES[city]
    low = max((precision - 0.005) * computed, (recall - 0.005) * reference)
    high = min((precision + 0.005) * computed, (recall + 0.005) * reference, reference, computed)
    assert low <= high + 0.01  # areas are rounded too
    either = [Agreement(computed, reference, overlap) for overlap in (low, high)]
    assert either[0].f1 - 0.006 <= f1 <= either[1].f1 + 0.006
    assert either[0].jaccard - 0.006 <= jaccard <= either[1].jaccard + 0.006
    middle = Agreement(computed, reference, (low + high) / 2)
    assert middle.f1 == pytest.approx(f1, abs=0.011)


def test_what_the_published_table_amounts_to():
    rows = list(CITIES.values())
    located = [max(row[2:4]) >= 0.6 for row in rows]
    assert (len(rows), sum(located)) == (33, 32)
    assert sum(min(row[2:4]) >= 0.6 for row in rows) == 2
    assert np.median([computed / reference for computed, reference, *_ in rows]) == pytest.approx(5.0, abs=0.05)
    assert np.mean([row[4] for row in rows]) == pytest.approx(0.363, abs=0.0005)


def test_rules_of_location():
    assert Agreement(10, 2, 2).located
    assert not Agreement(10, 2, 2).located_strictly
    assert Agreement(10, 10, 6).located_strictly
    assert not Agreement(10, 10, 5.9).located
    assert Agreement(0, 2, 0).precision is None
    assert Agreement(0, 2, 0).f1 == 0
    assert Agreement(3, 0, 0).recall is None


def layer(name, shapes, crs="EPSG:32651", **columns):
    kinds = {field: "text" if isinstance(values[0], str) else "number" for field, values in columns.items()}
    arrays = {field: np.array(values, dtype=object if kinds[field] == "text" else float)
              for field, values in columns.items()}
    return FeatureTable(name, arrays, kinds, tuple(shape and shapely.to_wkb(shape) for shape in shapes), crs)


def square(x, y, side=2.0):
    """side in km, lower left corner in km."""
    return shapely.box(*(1000 * each for each in (300 + x, 3400 + y, 300 + x + side, 3400 + y + side)))


def test_squares():
    found = validate(layer("COMPUTED", [square(0, 0)]), layer("REFERENCE", [square(1, 0)]))
    row, = found.comparisons
    assert row.agreement.overlap_km2 == pytest.approx(2, rel=2e-3)
    for value in (row.agreement.precision, row.agreement.recall, row.agreement.f1):
        assert value == pytest.approx(0.5, rel=1e-4)
    assert row.agreement.jaccard == pytest.approx(1 / 3, rel=1e-4)
    assert row.distance_m == pytest.approx(1000, rel=2e-3)
    assert found.summaries[0].total == row.agreement


def test_areas_are_on_the_ellipsoid_whatever_the_layers_crs():
    degrees = shapely.box(10, 60, 10.1, 60.1)
    found = validate(layer("COMPUTED", [degrees], "EPSG:4326"), layer("REFERENCE", [degrees], "EPSG:4326"))
    assert found.comparisons[0].agreement.computed_km2 == pytest.approx(62.1, abs=0.1)  # 11.14 km by 5.58 km
    there = shapely.box(*transform_bounds("EPSG:4326", "EPSG:3857", *degrees.bounds))
    mixed = validate(layer("COMPUTED", [degrees], "EPSG:4326"), layer("REFERENCE", [there], "EPSG:3857"))
    assert mixed.comparisons[0].agreement.jaccard == pytest.approx(1, abs=1e-4)


def test_cities_of_one_layer_only_are_rows():
    computed = layer("COMPUTED", [square(0, 0), square(100, 0)], city=["A", "only computed"])
    reference = layer("REFERENCE", [square(0, 0), square(50, 0)], city=["A", "only reference"])
    found = validate(computed, reference, "city")
    by_city = {row.city: row for row in found.comparisons}
    assert by_city["A"].agreement.f1 == pytest.approx(1)
    missed, extra = by_city["only reference"], by_city["only computed"]
    assert (missed.agreement.recall, missed.agreement.precision, missed.distance_m) == (0, None, None)
    assert (extra.number, extra.agreement.precision, extra.agreement.recall) == (0, 0, None)
    summary = found.summaries[0]
    assert (summary.references, summary.located, summary.unfounded) == (2, 1, 1)
    assert (summary.f1, summary.recall, summary.precision) == pytest.approx((0.5, 0.5, 1))
    assert summary.total.f1 == pytest.approx(0.5, rel=1e-3)
    assert [row[:3] for row in found.rows()] == [
        (COMPUTED, "A", 1), (COMPUTED, "only computed", None), (COMPUTED, "only reference", 1),
        (COMPUTED, "total", None)]


def test_several_cbds_in_a_city():
    """One polygon over two references counts for both, and once in the total; a stray one for the nearest."""
    computed = layer("COMPUTED", [shapely.union(square(0, 0), square(2, 0)), square(20, 0)])
    reference = layer("REFERENCE", [square(0, 0), square(2, 0), square(16, 0)])
    found = validate(computed, reference)
    first, second, third = found.comparisons
    assert [row.number for row in found.comparisons] == [1, 2, 3]
    assert first.agreement.precision == pytest.approx(0.5, rel=1e-3)
    assert second.agreement.precision == pytest.approx(0.5, rel=1e-3)
    assert first.agreement.recall == pytest.approx(1)
    assert third.agreement.precision == 0
    assert third.distance_m == pytest.approx(4000, rel=2e-3)
    assert found.summaries[0].total.computed_km2 == pytest.approx(12, rel=2e-3)
    assert found.summaries[0].total.overlap_km2 == pytest.approx(8, rel=2e-3)


def test_overlapping_computed_polygons_count_once():
    found = validate(layer("COMPUTED", [square(0, 0), square(0, 0)]), layer("REFERENCE", [square(0, 0)]))
    assert found.comparisons[0].agreement.precision == pytest.approx(1)


def test_nothing_in_common_is_a_recall_of_nought():
    computed = layer("COMPUTED", [square(0, 4), square(90, 0)], city=["A", "B"])
    found = validate(computed, layer("REFERENCE", [square(0, 0), square(80, 5)], city=["A", "B"]), "city")
    own = found.summaries[0]
    assert (own.precision, own.recall, own.f1, own.jaccard, own.located) == (0, 0, 0, 0, 0)
    assert own.total.recall == 0
    assert [row.distance_m > 1000 for row in found.comparisons] == [True, True]


def test_rows_that_are_no_cbd_do_not_count():
    computed = layer("COMPUTED", [square(0, 0), square(4, 0), square(8, 0)], cbd=[1.0, 0.0, np.nan])
    found = validate(computed, layer("REFERENCE", [square(0, 0)]), cbd_field="cbd")
    assert found.summaries[0].total.precision == pytest.approx(1)


def test_floors_are_the_brightest_and_the_largest_centre():
    centres = layer("CENTRES", [square(0, 0), square(4, 0, 3), square(9, 0), square(50, 0)],
                    city=["A", "A", "A", "B"], Max=[90.0, 40.0, np.nan, 30.0])
    reference = layer("REFERENCE", [square(0, 0), square(50, 0)], city=["A", "B"])
    computed = layer("COMPUTED", [square(0, 0)], city=["A"])
    found = validate(computed, reference, "city", centres=centres)
    assert [summary.method for summary in found.summaries] == [COMPUTED, BRIGHTEST, LARGEST]
    assert [summary.f1 for summary in found.summaries] == pytest.approx([0.5, 1, 0.5])
    assert [summary.located for summary in found.summaries] == [1, 2, 1]


@pytest.mark.parametrize(("parameter", "computed", "reference", "more"), [
    ("REFERENCE", layer("COMPUTED", [square(0, 0)]), layer("REFERENCE", [square(90, 0)]), {}),
    ("REFERENCE", layer("COMPUTED", [square(0, 0)]), layer("REFERENCE", [None]), {}),
    ("COMPUTED", layer("COMPUTED", []), layer("REFERENCE", [square(0, 0)]), {}),
    ("COMPUTED", layer("COMPUTED", [square(0, 0)], crs=""), layer("REFERENCE", [square(0, 0)]), {}),
    ("COMPUTED", layer("COMPUTED", [square(0, 0)], cbd=[0.0]), layer("REFERENCE", [square(0, 0)]),
     {"cbd_field": "cbd"}),
    ("CBD_FIELD", layer("COMPUTED", [square(0, 0)], cbd=["yes"]), layer("REFERENCE", [square(0, 0)]),
     {"cbd_field": "cbd"}),
    ("CITY_FIELD", layer("COMPUTED", [square(0, 0)], city=["A"]), layer("REFERENCE", [square(0, 0)]),
     {"city_field": "city"}),
    ("CITY_FIELD", layer("COMPUTED", [square(0, 0)], city=["A"]), layer("REFERENCE", [square(0, 0)], city=["B"]),
     {"city_field": "city"}),
    ("CENTRES", layer("COMPUTED", [square(0, 0)]), layer("REFERENCE", [square(0, 0)]),
     {"centres": layer("CENTRES", [square(0, 0)])})])
def test_what_cannot_be_compared(parameter, computed, reference, more):
    with pytest.raises(InputError, match=rf"^{parameter}: .+; .+\.$"):
        validate(computed, reference, **more)


def test_report_has_a_picture_per_cbd(tmp_path):
    computed = layer("COMPUTED", [square(0, 0), square(100, 0)], city=["A <b>", "B"])
    reference = layer("REFERENCE", [square(1, 0), square(50, 0), square(100, 0)], city=["A <b>", "C", "B"])
    centres = layer("CENTRES", [square(0, 0)], city=["A <b>"], Max=[50.0])
    path = tmp_path / "report.html"
    write_report(str(path), validate(computed, reference, "city", centres=centres), Progress())
    page = path.read_text("utf-8")
    assert page.count("<img") == 3
    assert page.count("<td>Total</td>") == 3
    assert "A &lt;b&gt;" in page
    assert "1 of 3" in page
