"""CBDs of several years."""
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from nocturne.algorithms.cbd.evolution import evolve
from nocturne.algorithms.cbd.evolution_report import write_report
from nocturne.algorithms.cbd.settings import EvolutionSettings
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterInput

EAST, NORTH = 300_000, 3_400_000


def box(x, y, width=4.0, height=4.0):
    """Lower left corner and sides in km."""
    return shapely.box(EAST + 1000 * x, NORTH + 1000 * y, EAST + 1000 * (x + width), NORTH + 1000 * (y + height))


def layer(rows, crs="EPSG:32651", **columns):
    """rows: (year, polygon)."""
    columns = {"year": [year for year, _ in rows], **columns}
    kinds = {name: "text" if any(isinstance(value, str) for value in values) else "number"
             for name, values in columns.items()}
    arrays = {name: np.array(values, dtype=object if kinds[name] == "text" else float)
              for name, values in columns.items()}
    return FeatureTable("INPUT", arrays, kinds, tuple(shapely.to_wkb(shape) for _, shape in rows), crs)


def follow(rows, city_field="", cbd_field="", annual=None, crs="EPSG:32651", settings=None, **columns):
    return evolve(layer(rows, crs, **columns), "year", city_field, cbd_field,
                  EvolutionSettings(**(settings or {})), annual)


def events(rows, **more):
    return [(stage.year, stage.track, stage.event) for stage in follow(rows, **more).stages]


BEFORE = (2015, box(0, 0))


@pytest.mark.parametrize(("now", "event"), [
    (box(0, 0), "same"), (box(0, 0, 4, 4.5), "same"), (box(0.3, 0), "same"), (box(0, 0, 6, 6), "grown"),
    (box(1, 1, 2, 2), "shrunk"), (box(2, 0), "moved")])
def test_a_pair(now, event):
    assert events([BEFORE, (2016, now)]) == [(2015, 1, "first"), (2016, 1, event)]


def test_change_is_measured():
    first, second = follow([BEFORE, (2016, box(2, 0))]).stages
    assert (first.change, first.shift_m, first.from_year) == (None, None, None)
    assert second.change == pytest.approx(1 - 1 / 3, abs=1e-3)
    assert second.shift_m == pytest.approx(2000, rel=2e-3)
    assert second.area_km2 == pytest.approx(16, rel=2e-3)
    assert second.from_year == 2015


def test_split_and_merged_tracks():
    whole, left, right = box(0, 0, 8, 4), box(0, 0, 4.5, 4), box(5, 0, 3, 4)
    stages = follow([(2015, whole), (2016, left), (2016, right), (2017, whole)]).stages
    assert [(stage.year, stage.track, stage.event, stage.from_tracks) for stage in stages] == [
        (2015, 1, "first", ()), (2016, 1, "split", ()), (2016, 2, "split", (1,)), (2017, 1, "merged", (2,))]
    assert stages[2].shift_m is None


def test_born_and_gone():
    assert events([BEFORE, (2016, box(0, 0)), (2016, box(20, 0)), (2017, box(20, 0))]) == [
        (2015, 1, "first"), (2016, 1, "same"), (2016, 2, "born"), (2017, 1, "gone"), (2017, 2, "same")]


def test_what_is_gone_has_its_last_outline_and_no_area():
    gone = follow([BEFORE, (2016, box(20, 0))]).stages[1]
    assert (gone.event, gone.area_km2, gone.mean_light) == ("gone", 0, None)
    assert gone.outline.equals(box(0, 0))
    assert gone.outline.geom_type == "MultiPolygon"


def test_a_slight_touch_is_no_link():
    assert [event for *_, event in events([BEFORE, (2016, box(3.5, 0))])] == ["first", "gone", "born"]
    assert [event for *_, event in events([BEFORE, (2016, box(3.5, 0))], settings={"min_overlap": 0.1})] == [
        "first", "moved"]


@pytest.mark.parametrize(("stability", "event"), [(0.9, "moved"), (0.3, "same"), (np.nan, "moved")])
def test_only_changes_beyond_the_instability_count(stability, event):
    """An outline that other settings change as much as the years do is the same."""
    rows = [BEFORE, (2016, box(1.5, 0))]  # Jaccard 0.45
    assert events(rows, stability=[0.95, stability])[1][2] == event


def test_an_outline_that_other_settings_lose_appears_uncertainly():
    rows = [BEFORE, (2016, box(0, 0)), (2016, box(20, 0))]
    assert [event for *_, event in events(rows, stability=[1, 1, 0])] == ["first", "same", "uncertain"]


def test_default_instability_is_a_setting():
    rows = [BEFORE, (2016, box(1, 0))]  # Jaccard 0.6
    assert events(rows)[1][2] == "moved"
    assert events(rows, settings={"instability": 0.5})[1][2] == "same"


def test_cities_are_followed_apart():
    rows = [(2015, box(0, 0)), (2016, box(0, 0)), (2015, box(1, 0)), (2016, box(20, 0))]
    found = follow(rows, "city", city=["A", "A", "B", "B"])
    assert [(stage.city, stage.track, stage.event) for stage in found.stages] == [
        ("A", 1, "first"), ("A", 1, "same"), ("B", 2, "first"), ("B", 2, "gone"), ("B", 3, "born")]


def test_missing_years_are_said_and_bridged():
    found = follow([BEFORE, (2018, box(0, 0)), (2015, box(0, 0)), (2016, box(0, 0)), (2017, box(0, 0)),
                    (2018, box(0, 0))], "city", city=["A", "A", "B", "B", "B", "B"])
    assert found.missing == {"A": [2016, 2017]}
    assert found.stages[1].from_year == 2015


def test_a_year_with_centres_but_no_cbd_is_known():
    rows = [BEFORE, (2016, box(0, 0)), (2017, box(0, 0))]
    assert events(rows, cbd_field="cbd", cbd=[1, 0, 1]) == [
        (2015, 1, "first"), (2016, 1, "gone"), (2017, 2, "born")]
    assert follow(rows, cbd_field="cbd", cbd=[1, 0, 1]).missing == {}


def test_areas_are_on_the_ellipsoid():
    first, _ = follow([(2015, shapely.box(10, 60, 10.1, 60.1)), (2016, shapely.box(10, 60, 10.1, 60.1))],
                      crs="EPSG:4326").stages
    assert first.area_km2 == pytest.approx(62.1, abs=0.1)
    assert (first.longitude, first.latitude) == pytest.approx((10.05, 60.05))


def test_the_same_input_gives_the_same_stages():
    numbers = np.random.default_rng(4)
    rows = [(year, box(*numbers.uniform(0, 12, 2), *numbers.uniform(2, 6, 2))) for year in (2015, 2016, 2017)
            for _ in range(8)]
    assert follow(rows) == follow(rows)
    stages = follow(rows).stages
    living = [(stage.year, stage.track) for stage in stages if stage.area_km2]
    assert len(living) == len(set(living)) == len(rows)


# Light -----------------------------------------------------------------------------------------------------------

def stack(path, years, values):
    """values: (years, 8, 8) on 1 km cells whose lower left corner is that of box(0, 0)."""
    with rasterio.open(path, "w", driver="GTiff", width=8, height=8, count=len(years), dtype="float32",
                       nodata=np.nan, crs="EPSG:32651",
                       transform=Affine(1000, 0, EAST, 0, -1000, NORTH + 8000)) as file:
        file.write(np.asarray(values, dtype="float32"))
        for band, year in enumerate(years, start=1):
            file.set_band_description(band, f"{year}-01-01")
    return RasterInput("ANNUAL", str(path))


def test_light_and_its_centre(tmp_path):
    light = np.full((2, 8, 8), 10.0)
    light[1, :, 2:4] = 30  # the right half of the polygon, next year
    light[1, 7, 0] = np.nan
    annual = stack(tmp_path / "annual.tif", (2015, 2016), light)
    first, second = follow([BEFORE, (2016, box(0, 0))], annual=annual).stages
    assert first.mean_light == pytest.approx(10)
    assert second.mean_light == pytest.approx((7 * 10 + 8 * 30) / 15)
    assert second.longitude > first.longitude
    along = (10 * (3 * 0.5 + 4 * 1.5) + 30 * (4 * 2.5 + 4 * 3.5)) / (7 * 10 + 8 * 30)
    across = (10 * (7.5 + 8) + 30 * 16) / (7 * 10 + 8 * 30)
    assert second.shift_m == pytest.approx(1000 * np.hypot(along - 2, across - 2), rel=0.02)


def test_a_polygon_beside_the_raster_has_no_light(tmp_path):
    annual = stack(tmp_path / "annual.tif", (2015, 2016), np.ones((2, 8, 8)))
    found = follow([(2015, box(50, 0)), (2016, box(50, 0))], annual=annual)
    assert [stage.mean_light for stage in found.stages] == [None, None]
    assert found.stages[1].shift_m == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("years", [(2015,), (2015, 2017)])
def test_a_stack_without_a_year(tmp_path, years):
    annual = stack(tmp_path / "annual.tif", years, np.ones((len(years), 8, 8)))
    with pytest.raises(InputError, match=r"^ANNUAL: it has no band of 2016; "):
        follow([BEFORE, (2016, box(0, 0))], annual=annual)


def test_a_stack_with_a_year_twice(tmp_path):
    path = tmp_path / "annual.tif"
    annual = stack(path, (2015, 2016), np.ones((2, 8, 8)))
    with rasterio.open(path, "r+") as file:
        file.set_band_description(2, "2015-06-01")
    with pytest.raises(InputError, match=r"^ANNUAL: bands 1 and 2 are both of 2015; "):
        follow([BEFORE, (2016, box(0, 0))], annual=annual)


# Sensors ---------------------------------------------------------------------------------------------------------

MIXED = [BEFORE, (2016, box(0, 0))]


@pytest.mark.parametrize(("field", "values"), [("sensor", ["snpp", "noaa20"]), ("collection", [1.0, 2.0])])
def test_sensors_and_collections_are_not_mixed_unsaid(field, values):
    with pytest.raises(InputError, match=f"^INPUT: in 'all' the field {field} differs: .+; give a factor in OFFSET"):
        follow(MIXED, **{field: values})


def test_a_named_offset_scales_the_light(tmp_path):
    annual = stack(tmp_path / "annual.tif", (2015, 2016), np.full((2, 8, 8), 20.0))
    found = follow(MIXED, annual=annual, sensor=["snpp", "noaa20"], settings={"offset": "noaa20=1.05"})
    assert [stage.mean_light for stage in found.stages] == pytest.approx([20, 21])


def test_cities_may_have_different_sensors():
    rows = [BEFORE, (2016, box(0, 0)), BEFORE, (2016, box(0, 0))]
    found = follow(rows, "city", city=["A", "A", "B", "B"], sensor=["snpp", "snpp", "noaa20", "noaa20"])
    assert found.count("same") == 2


@pytest.mark.parametrize("offset", ["noaa20", "noaa20=", "=1", "noaa20=zero", "noaa20=-1", "noaa21=1.1", "noaa20=inf"])
def test_offsets_that_cannot_be_used(offset):
    with pytest.raises(InputError, match=r"^OFFSET: .+; .+\.$"):
        follow(MIXED, sensor=["snpp", "noaa20"], settings={"offset": offset})


# Bad input -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("parameter", "rows", "more"), [
    ("YEAR_FIELD", [BEFORE, BEFORE], {}), ("YEAR_FIELD", [(np.nan, box(0, 0)), BEFORE], {}),
    ("YEAR_FIELD", [(2015.5, box(0, 0)), BEFORE], {}), ("YEAR_FIELD", [], {}),
    ("INPUT", MIXED, {"cbd_field": "cbd", "cbd": [0, 0]}), ("CBD_FIELD", MIXED, {"cbd_field": "cbd"}),
    ("CITY_FIELD", MIXED, {"city_field": "city"}), ("INPUT", MIXED, {"crs": ""}),
    ("MIN_OVERLAP", MIXED, {"settings": {"min_overlap": 0.0}}),
    ("INSTABILITY", MIXED, {"settings": {"instability": 2.0}})])
def test_what_cannot_be_followed(parameter, rows, more):
    with pytest.raises(InputError, match=rf"^{parameter}: .+; .+\.$"):
        follow(rows, **more)


def test_cancel():
    class Stopped(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        evolve(layer(MIXED), "year", "", "", EvolutionSettings(), progress=Stopped())


def test_report(tmp_path):
    found = follow([BEFORE, (2017, box(0, 0, 6, 6)), (2017, box(20, 0)), BEFORE, (2016, box(0, 0))], "city",
                   city=["A", "A", "A", "<B>", "<B>"])
    path = tmp_path / "report.html"
    write_report(str(path), found, Progress())
    page = path.read_text("utf-8")
    assert page.count("<img") == 2
    assert "A: nothing is known of 2016" in page
    assert "&lt;B&gt;" in page
    assert "<td>grown</td><td>1</td>" in page
