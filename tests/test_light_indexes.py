"""Light indexes: Tables 2 and 3 cell by cell, their grid, cities, Z-scores, and what is said about bad input."""
from __future__ import annotations

import math

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.boundaries import outside
from nocturne.algorithms.cbd.index_names import INDEXES, STRATEGIES, ZSCORE_INDEXES
from nocturne.algorithms.cbd.settings import LightIndexesSettings
from nocturne.algorithms.cell_areas import cell_areas
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.geometries import shapes_of, transform_shapes
from nocturne.algorithms.night_lights.centre_attributes import place_counts, raster_attributes
from nocturne.algorithms.night_lights.centre_columns import CentreSources, centre_columns
from nocturne.algorithms.night_lights.centre_field import read_field
from nocturne.algorithms.night_lights.light_indexes import LightSources, light_indexes
from nocturne.algorithms.night_lights.light_indexes_report import write_report
from nocturne.algorithms.night_lights.pixel_indexes import FIELDS, CentreCells, LightBase, pixel_indexes
from nocturne.algorithms.night_lights.settings import UrbanCentresSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid, RasterInput
from nocturne.algorithms.resampling import nearest_indices
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS
from rasterio.transform import from_origin

UTM = "EPSG:32651"
LEFT, TOP, CELL = 350_000, 3_460_000, 500
RESOURCES = Resources(threads=2)
DEFAULTS = LightIndexesSettings()
NAN = math.nan


def table(parameter, shapes, crs=UTM, **columns):
    kinds = {name: "text" if isinstance(values[0], str) else "number" for name, values in columns.items()}
    return FeatureTable(parameter, {name: np.array(values, dtype=object if kinds[name] == "text" else float)
                                    for name, values in columns.items()}, kinds,
                        tuple(None if shape is None else shape.wkb for shape in shapes), crs, 3)


def raster(path, values, parameter, cell=CELL, left=LEFT, top=TOP, crs=UTM, nodata=NAN, names=()):
    values = values if values.ndim == 3 else values[np.newaxis]
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values),
                       dtype=values.dtype, crs=crs, nodata=nodata, transform=from_origin(left, top, cell, cell)) as out:
        out.write(values)
        for band, name in enumerate(names, start=1):
            out.set_band_description(band, name)
    return RasterInput(parameter, str(path))


def square(column, row, side=4):
    """Polygon of whole cells of the grid."""
    return shapely.box(LEFT + CELL * column, TOP - CELL * (row + side), LEFT + CELL * (column + side), TOP - CELL * row)


@pytest.fixture
def light():
    return np.random.default_rng(1).uniform(5, 200, (30, 40)).astype(np.float32)


@pytest.fixture
def classes():
    return np.random.default_rng(2).choice(np.array([0, 1, 2, 3, 255], dtype=np.uint8), (30, 40))


@pytest.fixture
def sources(light, classes, tmp_path):
    statistics = np.stack([np.full((30, 40), -0.3, np.float32), np.full((30, 40), 80, np.float32)])
    statistics[0, :, 20:], statistics[1, :, 20:] = -0.1, 120
    return LightSources(
        table("CENTRES", [square(2, 3), square(22, 10)], centre_id=[1, 2], town=["a", "b"]),
        raster(tmp_path / "light.tif", light, "RADIANCE"), 1,
        raster(tmp_path / "classes.tif", classes, "CLASSES", nodata=255),
        raster(tmp_path / "statistics.tif", statistics, "STATISTICS", names=("relative_change", "observations")),
        table("URBAN_AREA", [square(0, 0, 25)]))


def changed(sources, **values):
    return type(sources)(**{**{name: getattr(sources, name) for name in sources.__dataclass_fields__}, **values})


# The cells of one centre

def test_every_index_of_tables_2_and_3_by_hand():
    cells = CentreCells(np.array([10.0, 30.0, 50.0, NAN, 70.0]), np.array([1.0, 1.0, 0.0, 1.0, NAN]),
                        np.full(5, 0.25), np.array([-0.4, -0.2, 0.1, -0.9, -0.9]),
                        np.array([50.0, 60.0, 70.0, 5.0, 20.0]))
    found = pixel_indexes(cells, LightBase(20, 10, 9))
    assert found == pytest.approx({
        "Count_A": 2, "Min_A": 10, "Max_A": 30, "Mean_A": 20, "SD_A": 10, "Mean": 40, "Min": 10, "Max": 70,
        "SD": math.sqrt(500), "Min_A_Z": -1, "Max_A_Z": 1, "Mean_A_Z": 0, "SD_A_Z": 1, "Mean_Z": 2, "Min_Z": -1,
        "Max_Z": 5, "SD_Z": math.sqrt(5), "has_negative": 1, "Area_A_km2": 0.5, "Share_A": 2 / 3, "Change_A": -0.3,
        "Change": -0.2, "Nights": 55})
    assert list(found) == list(FIELDS)


def test_what_no_cell_tells_is_unknown_and_not_zero():
    nothing = np.empty(0)
    assert all(math.isnan(value) for value in
               pixel_indexes(CentreCells(*[nothing] * 5), LightBase(20, 10, 9)).values())
    flat = pixel_indexes(CentreCells(np.array([5.0]), np.array([2.0]), np.ones(1), np.ones(1), np.ones(1)), None)
    known = {"Count_A": 0, "has_negative": 0, "Area_A_km2": 0, "Share_A": 0, "Change": 1, "Nights": 1, "Mean": 5,
             "Min": 5, "Max": 5, "SD": 0}
    assert {name: value for name, value in flat.items() if not math.isnan(value)} == known


def test_a_base_that_does_not_vary_gives_no_z_scores():
    cells = CentreCells(np.array([5.0, 6.0]), np.array([1.0, 1.0]), np.ones(2), np.ones(2), np.ones(2))
    found = pixel_indexes(cells, LightBase(5, 0, 3))
    assert all(math.isnan(found[name]) for name in ZSCORE_INDEXES)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 500), min_size=1, max_size=30), st.floats(1, 50), st.floats(0.5, 60))
def test_z_scored_indexes_are_the_indexes_of_the_z_scores(values, mean, sd):
    values = np.array(values)
    ones = np.ones(len(values))
    found = pixel_indexes(CentreCells(values, ones, ones, ones, ones), LightBase(mean, sd, 9))
    for name in ("Min", "Max", "Mean"):
        assert found[f"{name}_A_Z"] == pytest.approx((found[f"{name}_A"] - mean) / sd, abs=1e-9)
    assert found["SD_Z"] == pytest.approx(found["SD"] / sd, abs=1e-9)


def test_the_strategies_are_those_of_table_4():
    assert {name: (len(indexes), by_type) for name, (indexes, by_type) in STRATEGIES.items()
            if name != "within_city"} == {
        "plain": (9, False), "types": (9, True), "zscore": (9, False), "types_zscore": (9, True)}
    assert len(set(INDEXES)) == 17


# Rasters and polygons

def test_indexes_of_centres_on_the_rasters_own_grid(sources, light, classes):
    found = light_indexes(sources, DEFAULTS, RESOURCES)
    own, cls = light[3:7, 2:6].astype(float), classes[3:7, 2:6]
    base = light[0:25, 0:25].astype(float)
    negative = own[cls == 1]
    assert found.columns["Count_A"][0] == (cls == 1).sum()
    assert found.columns["Mean"][0] == pytest.approx(own.mean())
    assert found.columns["SD_A"][0] == pytest.approx(negative.std())
    assert found.columns["Max_Z"][0] == pytest.approx((own.max() - base.mean()) / base.std())
    assert found.columns["Mean_A_Z"][0] == pytest.approx((negative.mean() - base.mean()) / base.std())
    assert found.columns["Share_A"][0] == pytest.approx((cls == 1).sum() / (cls != 255).sum())
    assert found.columns["Area_A_km2"][0] == pytest.approx(0.25 * (cls == 1).sum(), rel=2e-3)
    np.testing.assert_allclose(found.columns["Change_A"], [-0.3, -0.1], rtol=1e-6)
    np.testing.assert_array_equal(found.columns["Nights"], [80, 120])
    city = found.cities[0]
    assert (city.centres, city.with_negative, city.base.cells) == (2, 2, 625)
    assert (city.base.mean, city.base.sd) == pytest.approx((base.mean(), base.std()))


def test_cells_are_those_that_the_centres_were_found_on(tmp_path, light):
    """Radiance in degrees: the same projected grid and values as urbancentres, without smoothing."""
    radiance = raster(tmp_path / "degrees.tif", light, "RADIANCE", cell=1 / 240, left=121.0, top=31.3, crs="EPSG:4326")
    field, grid = read_field(radiance, 1, None, UrbanCentresSettings(), RESOURCES)
    codes = np.random.default_rng(3).choice(np.array([0, 1, 2], dtype=np.uint8), (60, 80))
    classes = raster(tmp_path / "classes.tif", codes, "CLASSES", cell=1 / 480, left=121.0, top=31.3, crs="EPSG:4326",
                     nodata=255)
    x, y = grid.transform * (15.3, 12.7)
    centre = shapely.Point(x, y).buffer(2600)
    whole = shapely.box(*grid.bounds)
    sources = LightSources(table("CENTRES", [centre], str(grid.crs)), radiance, 1, classes,
                           urban_area=table("URBAN_AREA", [whole], str(grid.crs)))
    found = light_indexes(sources, DEFAULTS, RESOURCES)
    inside = ~outside([centre], grid)
    rows, columns = nearest_indices(Grid(CRS.from_epsg(4326), from_origin(121.0, 31.3, 1 / 480, 1 / 480), 80, 60), grid)
    nearest = codes[rows, columns]
    assert inside.sum() > 60
    assert found.columns["Mean"][0] == pytest.approx(field[inside].astype(float).mean(), rel=1e-4)
    assert found.columns["Count_A"][0] == (nearest[inside] == 1).sum()
    known = field[np.isfinite(field)].astype(float)
    assert found.cities[0].base.mean == pytest.approx(known.mean(), rel=1e-3)


def test_centres_in_degrees_and_in_metres_agree(sources):
    moved = transform_shapes(shapes_of(sources.centres), CRS.from_string(UTM), CRS.from_epsg(4326))
    found, again = (light_indexes(changed(sources, centres=centres), DEFAULTS, RESOURCES)
                    for centres in (sources.centres, table("CENTRES", moved, "EPSG:4326")))
    np.testing.assert_array_equal(found.columns["Mean"], again.columns["Mean"])


def test_a_cell_belongs_to_a_centre_by_its_middle(sources, classes):
    left, bottom, right, top = square(2, 3).bounds
    reaching = shapely.box(left - 0.4 * CELL, bottom + 0.6 * CELL, right + 0.4 * CELL, top + 0.4 * CELL)
    found = light_indexes(changed(sources, centres=table("CENTRES", [reaching])), DEFAULTS, RESOURCES)
    assert found.columns["Count_A"][0] == (classes[3:6, 2:6] == 1).sum()


def test_every_city_has_its_own_base(sources, light):
    centres = changed(sources, city_field="town", urban_area=table(
        "URBAN_AREA", [square(0, 0, 12), square(20, 8, 9), square(20, 20, 5)], town=["a", "b", "b"]))
    found = light_indexes(centres, DEFAULTS, RESOURCES)
    second = np.concatenate([light[8:17, 20:29].ravel(), light[20:25, 20:25].ravel()]).astype(float)
    assert [city.city for city in found.cities] == ["a", "b"]
    assert found.cities[0].base.mean == pytest.approx(light[:12, :12].astype(float).mean())
    assert found.cities[1].base.mean == pytest.approx(second.mean())
    assert found.cities[1].base.sd == pytest.approx(second.std())
    # Without the field in the urban area a city takes what touches its centres.
    unnamed = changed(centres, urban_area=table("URBAN_AREA", [square(0, 0, 12), square(20, 8, 9), square(20, 20, 5)]))
    touching = light_indexes(unnamed, DEFAULTS, RESOURCES)
    assert [city.base.cells for city in touching.cities] == [144, 81]


def test_the_urban_area_counts_inside_the_boundary_and_the_boundary_can_be_the_base(sources):
    bounded = changed(sources, boundary=table("BOUNDARY", [square(1, 1, 28)]))
    assert light_indexes(bounded, DEFAULTS, RESOURCES).cities[0].base.cells == 24**2
    found = light_indexes(bounded, LightIndexesSettings(z_base="boundary"), RESOURCES)
    assert found.cities[0].base.cells == 28**2


def test_without_an_urban_area_there_are_no_z_scores(sources):
    found = light_indexes(changed(sources, urban_area=None, statistics=None), DEFAULTS, RESOURCES)
    assert all(np.isnan(found.columns[name]).all() for name in (*ZSCORE_INDEXES, "Change_A", "Change", "Nights"))
    assert np.isfinite(found.columns["Mean_A"]).all()


def test_a_city_without_data_is_left_empty_and_the_others_go_on(sources, light, tmp_path):
    dark = light.copy()
    dark[:, 18:] = NAN
    urban_area = table("URBAN_AREA", [square(0, 0, 15), square(20, 5, 15)], town=["a", "b"])
    found = light_indexes(changed(sources, city_field="town", urban_area=urban_area,
                                  radiance=raster(tmp_path / "dark.tif", dark, "RADIANCE")), DEFAULTS, RESOURCES)
    assert [city.base is None for city in found.cities] == [False, True]
    np.testing.assert_array_equal(np.isnan(found.columns["Mean_Z"]), [False, True])


def test_centres_without_a_valid_cell_have_nothing(sources, light, classes, tmp_path):
    classes[10:14, 22:26] = 255
    dark = light.copy()
    dark[20:25, 0:5] = NAN
    shapes = [square(2, 3), square(22, 10), square(0, 20), square(200, 3), None]
    found = light_indexes(changed(
        sources, centres=table("CENTRES", shapes), radiance=raster(tmp_path / "dark.tif", dark, "RADIANCE"),
        classes=raster(tmp_path / "empty.tif", classes, "CLASSES", nodata=255)), DEFAULTS, RESOURCES)
    np.testing.assert_array_equal(np.isnan(found.columns["Count_A"]), [False, True, True, True, True])
    np.testing.assert_array_equal(np.isnan(found.columns["has_negative"]), [False, True, True, True, True])
    np.testing.assert_array_equal(np.isnan(found.columns["Mean"]), [False, False, True, True, True])


def test_areas_of_cells_are_those_on_the_ellipsoid():
    degrees = Grid(CRS.from_epsg(4326), from_origin(10, 50, 1 / 240, 1 / 240), 6, 4)
    areas = cell_areas(degrees)
    a, f, latitude = 6378137.0, 1 / 298.257223563, math.radians(50 - 0.5 / 240)
    squared = f * (2 - f)
    meridian = a * (1 - squared) / (1 - squared * math.sin(latitude) ** 2) ** 1.5
    parallel = a / math.sqrt(1 - squared * math.sin(latitude) ** 2) * math.cos(latitude)
    assert areas.shape == (4, 6)
    assert areas[0, 0] == pytest.approx(meridian * parallel * math.radians(1 / 240) ** 2 / 1e6, rel=1e-6)


# Attributes

def test_attributes_are_means_over_their_own_cells_and_counts_by_category(sources, tmp_path):
    height = np.random.default_rng(4).uniform(3, 90, (300, 400)).astype(np.float32)
    slope = np.full((300, 400), 2, np.float32)
    rasters = [raster(tmp_path / "Building height.tif", height, "ATTRIBUTE_RASTERS", cell=50),
               raster(tmp_path / "slope.tif", slope, "ATTRIBUTE_RASTERS", cell=50)]
    x, y = LEFT + 4 * CELL, TOP - 5 * CELL
    places = table("PLACES", [shapely.Point(x, y), shapely.Point(x + 1, y), shapely.MultiPoint([(x, y), (x, y + 1)]),
                              shapely.Point(0, 0), None], kind=["Bank", "shop", "bank ", "shop", "shop"])
    given = CentreSources(**{name: getattr(sources, name) for name in sources.__dataclass_fields__},
                          attribute_rasters=rasters, places=places, category_field="kind")
    columns, cities = centre_columns(given, DEFAULTS, RESOURCES)
    inside = height[30:70, 20:60].astype(float)
    assert columns["building_height_mean"][1][0] == pytest.approx(inside.mean())
    assert columns["building_height_sd"][1][0] == pytest.approx(inside.std())
    np.testing.assert_array_equal(columns["slope_sd"][1], [0, 0])
    assert columns["places_bank"][0] == "integer"
    np.testing.assert_array_equal(columns["places_bank"][1], [3, 0])
    np.testing.assert_array_equal(columns["places_shop"][1], [1, 0])
    assert len(cities) == 1
    np.testing.assert_array_equal(place_counts(sources.centres, places)["places"], [4, 0])


def test_attribute_rasters_elsewhere_and_of_one_name_are_refused(sources, tmp_path):
    (tmp_path / "b").mkdir()
    values = np.ones((10, 10), np.float32)
    elsewhere = raster(tmp_path / "height.tif", values, "ATTRIBUTE_RASTERS", left=LEFT + 1e6)
    with pytest.raises(InputError, match=r"'height\.tif' has no data under any of the centres"):
        raster_attributes(sources.centres, [elsewhere])
    pair = [raster(tmp_path / folder / "light.tif", np.ones((30, 40), np.float32), "ATTRIBUTE_RASTERS")
            for folder in ("", "b")]
    with pytest.raises(InputError, match="two rasters are named 'light'"):
        raster_attributes(sources.centres, pair)


# What can't be used

def test_bad_inputs_are_named(sources, classes, tmp_path):
    def refused(sentence, settings=DEFAULTS, **values):
        with pytest.raises(InputError, match=sentence):
            light_indexes(changed(sources, **values), settings, RESOURCES)

    far = shapely.box(LEFT + 1e6, TOP, LEFT + 1e6 + 5000, TOP + 5000)
    refused("^RADIANCE: it has no data under any of the centres", centres=table("CENTRES", [far]))
    refused("^CLASSES: it has no class under any of the centres",
            classes=raster(tmp_path / "far.tif", classes, "CLASSES", left=LEFT + 1e6, nodata=255))
    refused("^CLASSES: 'codes.tif' has the value 7, and classes are 0 to 3 and 255",
            classes=raster(tmp_path / "codes.tif", np.where(classes == 2, 7, classes).astype(np.uint8), "CLASSES",
                           nodata=255))
    refused("^CLASSES: 'two.tif' has 2 bands", classes=raster(
        tmp_path / "two.tif", np.stack([classes] * 2), "CLASSES", nodata=255))
    refused("^URBAN_AREA: none of its polygons lies over the centres", urban_area=table("URBAN_AREA", [square(30, 20)]))
    refused("^URBAN_AREA: it has no polygon of 'b'", city_field="town",
            urban_area=table("URBAN_AREA", [square(0, 0, 20)], town=["a"]))
    refused("^BOUNDARY: it is empty, and Z_BASE is boundary", LightIndexesSettings(z_base="boundary"))
    refused("^STATISTICS: 'light.tif' has no band 'relative_change'", statistics=RasterInput(
        "STATISTICS", sources.radiance.path))
    refused("^CITY_FIELD: there is no field 'city'", city_field="city")
    refused("^CENTRES: it has no feature", centres=table("CENTRES", []))
    refused("^BAND: band 3 was asked for", band=3)
    refused("^MAX_MEMORY: ", LightIndexesSettings(target_crs="EPSG:32650", cell_size=1))


def test_a_run_can_be_cancelled(sources):
    class Stopped(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        light_indexes(sources, DEFAULTS, RESOURCES, Stopped())


def test_the_report_has_the_mean_of_every_city(sources, tmp_path):
    found = light_indexes(sources, DEFAULTS, RESOURCES)
    write_report(str(tmp_path / "report.html"), found.cities)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert f"<td>{found.cities[0].base.mean:.2f}</td>" in page
    assert "data:image/png" in page
