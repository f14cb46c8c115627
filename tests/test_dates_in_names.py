"""Dates that file names tell, and dates that are given for those that don't."""
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.night_lights.dates_in_names import Period, given_periods, periods_in_name

DAYS = st.dates(date(1992, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(("name", "day", "length"), [
    ("SVDNB_npp_20191201-20191231_75N060W_vcmcfg_v10_c202001140900.avg_rade9h.tif", "2019-12-01", "month"),
    ("SVDNB_npp_20241201-20241231_global_vcmcfg_v10_c202501131100.avg_rade9h.masked.tif.gz", "2024-12-01", "month"),
    ("SVDNB_j01_20220801-20220831_global_vcmcfg_v10_c202209231200.cf_cvg.tif", "2022-08-01", "month"),
    ("SVDNB_npp_20130201-20130228_00N060E_vcmslcfg_v10_c201605121529.avg_rade9h.tif", "2013-02-01", "month"),
    ("VNL_v21_npp_201204-201212_global_vcmcfg_c202205302300.average.dat.tif.gz", "2012-04-01", "year"),
    ("VNL_v21_npp_201204-201303_global_vcmcfg_c202205302300.median.dat.tif.gz", "2012-04-01", "year"),
    ("VNL_v21_npp_2013_global_vcmslcfg_c202205302300.average_masked.dat.tif", "2013-01-01", "year"),
    ("VNL_v2_npp_2021_global_vcmslcfg_c202203152300.average_masked.tif.gz", "2021-01-01", "year"),
    ("VNL_v22_npp-j01_2022_global_vcmslcfg_c202303062300.median_masked.dat.tif.gz", "2022-01-01", "year"),
    ("VNL_npp_2024_global_vcmslcfg_v2_c202502261200.average.dat.tif.gz", "2024-01-01", "year"),
    ("F182013.v4c_web.stable_lights.avg_vis.tif", "2013-01-01", "year"),
    ("F101992.v4b_web.stable_lights.avg_vis.tif", "1992-01-01", "year"),
    ("F152000.v4b_web.cf_cvg.tif", "2000-01-01", "year"),
    ("SVDNB_npp_d20200131.rade9d.tif", "2020-01-31", "day"),
    ("VNP46A2.A2018001.h30v05.001.2020304123456.tif", "2018-01-01", "day"),
    ("VNP46A1.A2020366.h30v05.002.2021004123456.tif", "2020-12-31", "day"),
    ("night_2018-02-28.tif", "2018-02-28", "day"),
    ("night_2018_02_28.tif", "2018-02-28", "day"),
    ("20180228.tif", "2018-02-28", "day"),
    ("viirs_vcmcfg_201401.tif", "2014-01-01", "month"),
    ("ntl-2014-11.tif", "2014-11-01", "month"),
    ("ntl_shanghai_viirs_2013.tif", "2013-01-01", "year"),
    ("ntl_2013_10km.tif", "2013-01-01", "year"),
    ("ntl_EPSG4326_2013.tif", "2013-01-01", "year"),
])
def test_a_name_tells_its_date(name, day, length):
    assert periods_in_name(name) == [Period(date.fromisoformat(day), length)]


@pytest.mark.parametrize("name", [
    "radiance.tif", "c202001140900.avg_rade9h.tif", "ntl_0042.tif", "ntl_20181345.tif", "A2018400.tif", "A2019366.tif"])
def test_a_name_without_a_date_tells_none(name):
    assert periods_in_name(name) == []


def test_a_name_with_two_dates_tells_both():
    found = periods_in_name("NTL_Shanghai_NPP-VIIRS_2013_2022_2016.tif")
    assert [each.first_day.year for each in found] == [2013, 2016, 2022]


def test_a_range_that_ends_before_it_begins_is_two_dates():
    assert len(periods_in_name("20180131-20180101.tif")) == 2


@given(DAYS)
def test_every_day_is_found_in_every_form(day):
    told = [Period(day, "day")]
    for form in ("x_%Y%m%d.tif", "x_%Y-%m-%d_y.tif", "%Y_%m_%d.tif", "VNP46A2.A%Y%j.h01v02.tif"):
        assert periods_in_name(day.strftime(form)) == told
    assert periods_in_name(day.strftime("x_%Y%m.tif")) == [Period(day.replace(day=1), "month")]
    assert periods_in_name(day.strftime("x_%Y.tif")) == [Period(day.replace(month=1, day=1), "year")]


@given(DAYS, st.integers(1, 12))
def test_dmsp_names_give_the_year_whatever_the_satellite(day, satellite):
    name = f"F{satellite + 9}{day.year}.v4c_web.avg_vis.tif"
    assert periods_in_name(name) == [Period(date(day.year, 1, 1), "year")]


@given(st.lists(DAYS, min_size=1, max_size=5, unique=True))
def test_a_list_and_names_and_a_pattern_give_the_same(days):
    told = [Period(day, "day") for day in days]
    names = [f"tile {day.day} of {day:%d.%m.%Y}.tif" for day in days]
    assert given_periods(", ".join(map(str, days)), names) == told
    assert given_periods("\n".join(f"{name}={day}" for name, day in zip(names, days)), names) == told
    assert given_periods("tile * of DD.MM.YYYY.tif", names) == told


def test_a_pattern_knows_the_day_of_the_year():
    assert given_periods("2013_2022_YYYY?DDD.tif", ["2013_2022_2016-060.tif"]) == [
        Period(date(2016, 1, 1) + timedelta(59), "day")]


def test_months_and_years_can_be_given():
    assert given_periods("2012-04;2013", ["a", "b"]) == [Period(date(2012, 4, 1), "month"),
                                                         Period(date(2013, 1, 1), "year")]


def test_names_that_are_not_listed_keep_what_they_tell():
    assert given_periods("b=2013", ["a", "b"]) == [None, Period(date(2013, 1, 1), "year")]
    assert given_periods("", ["a", "b"]) == [None, None]


@pytest.mark.parametrize(("dates", "phrase"), [
    ("2013-01", "it has 1 dates for 2 rasters; give one per raster"),
    ("2013-13, 2013-01", "'2013-13' isn't a date; write YYYY, YYYY-MM or YYYY-MM-DD"),
    ("2013-02-30, 2013-01", "'2013-02-30' isn't a date"),
    ("a=2013, 2014", "it mixes dates with and without a name"),
    ("c=2013", "there is no raster 'c'"),
    ("x_YYYY", "the pattern 'x_YYYY' gives no date for 'a'"),
    ("YYYY_YYYY", "names a part of the date twice"),
])
def test_dates_that_do_not_fit_are_refused(dates, phrase):
    with pytest.raises(InputError) as error:
        given_periods(dates, ["a", "b"])
    assert error.value.parameter == "DATES"
    assert phrase in str(error.value)
