"""Published totals as labels: layouts, numbers, periods, zones, and the calendar."""
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.industry.labels import WHOLE, read_labels
from nocturne.algorithms.industry.months import calendar_covariates, first_day, month_number, month_text
from nocturne.algorithms.industry.periods import parse_period
from nocturne.algorithms.industry.settings import LabelSettings
from nocturne.algorithms.industry.zones import NOWHERE, read_zones
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.published_numbers import parse_numbers
from nocturne.algorithms.rasters import Grid
from rasterio.crs import CRS
from rasterio.transform import from_origin

METRES = CRS.from_epsg(32651)
JANUARY_2019 = 12 * 2019


def table(periods, values, **more):
    columns = {"period": periods, "value": values, **more}
    kinds = {name: "text" if isinstance(column[0], str) else "date" if isinstance(column[0], date) else "number"
             for name, column in columns.items()}
    return FeatureTable("MONTHLY_TOTALS", {name: np.array(column, np.float64 if kinds[name] == "number" else object)
                                           for name, column in columns.items()}, kinds)


def labels(periods, values, form="periods", **more):
    fields = {f"{name}_field": name for name in more}
    return read_labels(table(periods, values, **more), LabelSettings(form), "period", "value", **fields)


@pytest.mark.parametrize(("text", "first", "last"), [
    ("2019-03", "2019-03", "2019-03"), ("2019-1", "2019-01", "2019-01"), ("201903", "2019-03", "2019-03"),
    ("2019-03-31", "2019-03", "2019-03"), ("2019/03/31", "2019-03", "2019-03"), ("2019-01..02", "2019-01", "2019-02"),
    ("2019-01..2020-02", "2019-01", "2020-02"), ("2019-01/2019-03", "2019-01", "2019-03"),
    ("2019Q2", "2019-04", "2019-06"), ("2019-q4", "2019-10", "2019-12"), ("2019", "2019-01", "2019-12"),
    ("2019年1-2月", "2019-01", "2019-02"), ("2019年7月", "2019-07", "2019-07"), ("2019年", "2019-01", "2019-12")])
def test_periods_in_words(text, first, last):
    found = parse_period(text, "DATE_FIELD", "period")
    assert tuple(month_text(month) for month in found) == (first, last)


@pytest.mark.parametrize("text", ["March", "2019-13", "2019-00", "19-03", "2019-03..01", "2019Q5", "2019-01..13"])
def test_what_is_no_period(text):
    with pytest.raises(InputError, match=r"^DATE_FIELD: '.*; write 2019-03"):
        parse_period(text, "DATE_FIELD", "period")


@pytest.mark.parametrize(("texts", "numbers"), [
    (["1,234", "12"], [1234, 12]), (["1,234.5", "12"], [1234.5, 12]), (["1.234,5", "12"], [1234.5, 12]),
    (["12,5", "1.234"], [12.5, 1234]), (["1 234", "1\u202f234,5"], [1234, 1234.5]), (["1'234.5", ""], [1234.5, np.nan]),
    (["1.234.567"], [1234567]), (["1.234.567", "987.654", "1.002.003"], [1234567, 987654, 1002003]),
    (["1.234,5", "987.654"], [1234.5, 987654]), (["1.234.567", "987,654"], [1234567, 987.654]),
    (["0.125", "987.654"], [0.125, 987.654]), (["1,234,567", "987,654", "1.5"], [1234567, 987654, 1.5]),
    (["1234.5", None], [1234.5, np.nan]), (["-3"], [-3])])
def test_numbers_as_offices_print_them(texts, numbers):
    np.testing.assert_array_equal(parse_numbers(texts, "VALUE_FIELD", "value"), numbers)


@pytest.mark.parametrize("text", ["n.a.", "1,23,4", "12 Mio", "1.2.3", "--"])
def test_text_is_no_number(text):
    with pytest.raises(InputError, match=r"^VALUE_FIELD: '.*' in the field 'value' isn't a number"):
        parse_numbers(["5", text], "VALUE_FIELD", "value")


@pytest.mark.parametrize("texts", [["1.234.567", "12.5"], ["3,5", "12.5"], ["1.234.567", "1,234.5"],
                                   ["1.234,5", "1,234,567"]])
def test_two_styles_in_one_column_are_refused(texts):
    with pytest.raises(InputError, match="isn't a number"):
        parse_numbers(texts, "VALUE_FIELD", "value")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.sampled_from([",", " ", "'", ""]))
def test_grouped_thousands_come_back(numbers, mark):
    texts = [f"{number:,}".replace(",", mark) for number in numbers]
    np.testing.assert_array_equal(parse_numbers(texts, "VALUE_FIELD", "value"), numbers)


def test_a_group_of_months_is_one_label():
    found = labels(["2019-03", "2019-01..02", "2019Q2"], [30.0, 50.0, 99.0])
    assert [month_text(month) for month in found.first] == ["2019-01", "2019-03", "2019-04"]
    assert found.value.tolist() == [50, 30, 99]
    assert found.zones == (WHOLE,)
    covered = found.covers(JANUARY_2019 + np.arange(6, dtype=np.int32))
    np.testing.assert_array_equal(covered.sum(axis=1), [2, 1, 3])
    np.testing.assert_array_equal(covered.sum(axis=0), 1)


def test_dates_and_a_field_with_the_end():
    found = labels([date(2019, 1, 1), date(2019, 3, 15)], [50.0, 30.0], end=[date(2019, 2, 28), date(2019, 3, 31)])
    assert list(zip(found.first - JANUARY_2019, found.last - JANUARY_2019)) == [(0, 1), (2, 2)]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.data())
def test_year_to_date_gives_the_periods_back(count, data):
    """Differences of cumulative sums are the sums of the groups between them, whatever is left out within a year."""
    monthly = np.array(data.draw(st.lists(st.integers(0, 1000), min_size=count, max_size=count)), float)
    months = JANUARY_2019 + np.arange(count)
    sums = np.array([monthly[(months // 12 == month // 12) & (months <= month)].sum() for month in months])
    shown = np.array([data.draw(st.booleans()) or month % 12 == 11 or month == months[-1] for month in months])
    found = labels([month_text(int(month)) for month in months[shown]], sums[shown], form="year_to_date")
    inside = found.covers(months.astype(np.int32))
    np.testing.assert_array_equal(inside.sum(axis=0), 1)
    np.testing.assert_allclose(inside @ monthly, found.value)


def test_zones_are_bags_of_their_own_and_prices_become_constant():
    found = labels(["2019", "2019", "2020"], ["1,100", "20", "30"], zone=["b", "a", "a"],
                   deflator=[110.0, 100.0, 100.0])
    assert found.zones == ("a", "b")
    assert found.zone.tolist() == [0, 0, 1]
    np.testing.assert_allclose(found.value, [20, 30, 1000])


@pytest.mark.parametrize(("periods", "values", "more", "sentence"), [
    (["2019-01", "2019-03"], [1, 2.0], {}, r"DATE_FIELD: there is no row for 2019-02 \(the whole region\); add it"),
    (["2019-01", "2019-01"], [1, 2.0], {}, "DATE_FIELD: 2019-01 ends two rows"),
    (["2019-01..03", "2019-03..04"], [1, 2.0], {}, "DATE_FIELD: 2019-01..2019-03 and 2019-03..2019-04 overlap"),
    (["2019", "2019Q4"], [1, 2.0], {}, "DATE_FIELD: 2019-12 ends two rows"),
    (["2019-01", "2019-02"], [1, -2.0], {}, "VALUE_FIELD: -2 in the field 'value' is negative"),
    (["2019-01", "2019-02"], ["1", "secret"], {}, "VALUE_FIELD: 'secret' in the field 'value' isn't a number"),
    (["2019-01", " "], [1, 2.0], {}, "DATE_FIELD: 'period' is empty in 1 of 2 rows"),
    (["2019-01"], [np.nan], {}, "VALUE_FIELD: 'value' is empty in all 1 rows"),
    (["2019-02"], [1.0], {"end": ["2019-01"]}, "END_FIELD: a row begins in 2019-02 and ends in 2019-01"),
    (["2019-02"], [1.0], {"deflator": [0.0]}, "DEFLATOR_FIELD: 'deflator' is empty or zero"),
    (["2019-01", "2019-02"], [5, 3.0], {"form": "year_to_date"}, "VALUE_FIELD: the year-to-date sum falls in 2019-02"),
])
def test_statistics_that_cannot_be_labels(periods, values, more, sentence):
    with pytest.raises(InputError, match=f"^{sentence}"):
        labels(periods, values, **more)


def test_labels_whose_months_are_all_in_the_stack_are_kept():
    found = labels(["2019-01..02", "2019-03", "2019-04"], [5.0, 3.0, 4.0])
    march = JANUARY_2019 + np.array([1, 2, 3], np.int32)
    assert found.within(march, Progress()).value.tolist() == [3, 4]
    with pytest.raises(InputError, match=r"^MONTHLY_TOTALS: it covers 2019-01..2019-04, and RADIANCE 2021-02..2021-04"):
        found.within(march + 24, Progress())
    with pytest.raises(InputError, match="no row has all its months in RADIANCE"):
        found.within(march[:1], Progress())


def test_the_calendar():
    """New Year's days of 2019, 2020 and 2023; weekdays of a leap February."""
    months = [month_number(date(2019, 2, 1)), month_number(date(2020, 1, 1)), month_number(date(2020, 2, 1)),
              month_number(date(2023, 1, 31)), month_number(date(1980, 1, 1))]
    found = calendar_covariates(months)
    np.testing.assert_array_equal(found[:, 1], [7, 7, 0, 7, np.nan])
    assert found[:, 0].tolist() == [20, 23, 20, 22, 23]
    spread = calendar_covariates(range(12 * 1990, 12 * 2051))[:, 1].reshape(61, 12)
    np.testing.assert_array_equal(spread.sum(axis=1), 7)
    assert (spread[:, 2:] == 0).all()
    assert first_day(months[0]) == date(2019, 2, 1)


def zone_layer(*shapes, names="abcdef"):
    return FeatureTable("ZONES", {"name": np.array(list(names[:len(shapes)]), object)}, {"name": "text"},
                        tuple(shapely.to_wkb(shape) for shape in shapes), "EPSG:32651", 6)


def test_places_and_cells_get_their_zone():
    zones = read_zones(zone_layer(shapely.box(0, 0, 1000, 2000), shapely.box(1000, 0, 2000, 2000)), "name", METRES)
    assert zones.names == ("a", "b")
    np.testing.assert_array_equal(zones.of_points(np.array([1.0, 1999, 1000, -5]), np.full(4, 500.0)),
                                  [0, 1, 0, NOWHERE])
    cells = zones.of_cells(Grid(METRES, from_origin(-500, 2000, 500, 500), 6, 4))
    np.testing.assert_array_equal(cells[0], [-1, 0, 0, 1, 1, -1])


def test_zones_must_not_overlap():
    sliver = shapely.box(999.9, 0, 2000, 2000)
    assert len(read_zones(zone_layer(shapely.box(0, 0, 1000, 2000), sliver), "name", METRES).names) == 2
    assert len(read_zones(zone_layer(shapely.box(0, 0, 9, 9), shapely.box(5, 0, 20, 9), names="aa"), "name",
                          METRES).names) == 1
    with pytest.raises(InputError, match=r"^ZONES: the zones 'a' and 'b' overlap; correct the layer"):
        read_zones(zone_layer(shapely.box(0, 0, 1000, 2000), shapely.box(900, 0, 2000, 2000)), "name", METRES)
