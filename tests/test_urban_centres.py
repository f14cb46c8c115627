"""Urban centres: outlines, areas, the boundary, and what can't be used."""
import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.night_lights.settings import UrbanCentresSettings
from nocturne.algorithms.night_lights.urban_centres import centres_of_field, find_urban_centres
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid, RasterInput
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS
from rasterio.warp import transform_geom

SHANGHAI = (Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "viirs-annual-shanghai"
            / "ntl_shanghai_viirs_2020.tif")
UTM = CRS.from_epsg(32651)
LAEA = CRS.from_proj4("+proj=laea +lat_0=31 +lon_0=121 +datum=WGS84")


def grid_of(field, cell=500.0, crs=LAEA, left=0.0, top=0.0):
    return Grid(crs, Affine(cell, 0, left, 0, -cell, top), field.shape[1], field.shape[0])


def centres_of(field, resources=Resources(), cell=500.0, **given):  # noqa: B008
    given = {"threshold": "36", "interval": "2", "min_area": 0.0, **given}
    field = np.asarray(field, dtype=np.float32)
    return centres_of_field(field, grid_of(field, cell), UrbanCentresSettings(**given), resources)


def cones(*peaks, size=60):
    """A field in which radiance falls by 1 per cell from each peak (row, column, height)."""
    rows, columns = np.mgrid[:size, :size]
    return np.max([height - np.hypot(rows - row, columns - column) for row, column, height in peaks], axis=0)


@pytest.fixture
def raster(tmp_path):
    def write(field, crs=LAEA, cell=500.0, left=0.0, top=0.0, bands=1):
        field = np.asarray(field, dtype=np.float32)
        path = tmp_path / "radiance.tif"
        with rasterio.open(path, "w", driver="GTiff", width=field.shape[1], height=field.shape[0], count=bands,
                           dtype="float32", crs=crs, nodata=math.nan,
                           transform=Affine(cell, 0, left, 0, -cell, top)) as dataset:
            for band in range(bands):
                dataset.write(field, band + 1)
        return RasterInput("RADIANCE", str(path))

    return write


def found_in(radiance, boundary=None, band=1, resources=Resources(), progress=None, **given):  # noqa: B008
    given = {"smoothing": "1", "min_area": 0.0, **given}
    return find_urban_centres(radiance, band, boundary, UrbanCentresSettings(**given), resources, progress)


def box_in(west, south, east, north, crs="EPSG:4326"):
    return Boundary("BOUNDARY", [shapely.to_wkb(shapely.box(west, south, east, north))], crs)


# Shape of the tree -----------------------------------------------------------------------------------------------

def test_two_peaks_and_what_encloses_them():
    tree = centres_of(cones((20, 20, 50), (20, 36, 46))).tree
    outer, bright, dim = tree
    assert [node.centre_id for node in tree] == [1, 2, 3]
    assert [node.parent_id for node in tree] == [None, 1, 1]
    assert {node.root_id for node in tree} == {1}
    assert [node.level for node in tree] == [2, 1, 1]
    assert [node.max_value for node in tree] == [50, 50, 46]
    # the saddle lies at 40, and the contour through it still joins both
    assert [node.contour_value for node in tree] == [40 - 4, 42, 42]
    assert not any(node.touches_edge for node in tree)
    assert bright.area_km2 == pytest.approx(math.pi * 8**2 / 4, rel=0.02)
    assert dim.area_km2 == pytest.approx(math.pi * 4**2 / 4, rel=0.05)
    assert outer.area_km2 > bright.area_km2 + dim.area_km2


def test_totals_count_centres_and_roots():
    found = centres_of(cones((15, 15, 50), (15, 29, 48), (50, 50, 40)))
    assert (found.root_count, found.centre_count, len(found.tree)) == (2, 3, 4)
    assert found.centre_area == pytest.approx(sum(node.area_km2 for node in found.tree if node.level == 1))
    assert found.root_area == pytest.approx(sum(node.area_km2 for node in found.tree if node.parent_id is None))
    assert {node.centre_id for node in found.centres} <= {node.centre_id for node in found.tree}


def test_the_contour_is_where_the_cone_has_its_value():
    circle = centres_of(cones((30.3, 29.6, 55))).tree[0].outline
    centre = shapely.Point(30.1 * 500, -30.8 * 500)
    distances = [shapely.Point(point).distance(centre) / 500 for point in circle.geoms[0].exterior.coords]
    assert len(circle.geoms) == 1
    assert distances == pytest.approx([19] * len(distances), abs=0.02)


def test_a_pit_is_a_hole_and_no_centre():
    field = cones((30, 30, 60)) - 40 * (cones((30, 30, 4)) > 0)
    node, = centres_of(field, interval="30").tree
    assert len(node.outline.geoms[0].interiors) == 1
    assert node.area_km2 == pytest.approx(node.outline.area / 1e6, rel=1e-4)


def test_smallest_area_is_of_the_outer_ring():
    field = np.zeros((20, 20))
    field[5:14, 5:14] = 50
    field[6:13, 6:13] = 0
    ring, = centres_of(field, interval="20", outline="pixels", min_area=81 * 0.25 - 1e-3).tree
    assert ring.area_km2 == pytest.approx(32 * 0.25, rel=1e-4)
    assert centres_of(field, interval="20", outline="pixels", min_area=81 * 0.25 + 1e-2).tree == []


def test_a_part_in_the_hole_of_its_own_node_counts_once():
    field = np.zeros((9, 9))
    field[1:8, 1:8] = 50
    field[2:7, 2:7] = 0
    field[2, 2] = 0
    field[3:6, 3:6] = 50
    field[2, 2] = 50  # joins the ring; its corner touches the part inside
    filled = 49 * 0.25
    assert centres_of(field, interval="20", outline="pixels", min_area=filled - 1e-3).root_count == 1
    assert centres_of(field, interval="20", outline="pixels", min_area=filled + 0.5).root_count == 0


def test_saddle_makes_one_multipolygon():
    field = np.zeros((6, 6))
    field[1:3, 1:3] = field[3:5, 3:5] = 50
    for outline in ("isoline", "pixels"):
        node, = centres_of(field, interval="20", outline=outline).tree
        assert len(node.outline.geoms) == 2
        assert node.outline.is_valid


def test_level_at_the_maximum_makes_no_node():
    field = cones((30, 30, 40))
    assert [node.contour_value for node in centres_of(field, interval="4").tree] == [36]
    rough = np.where(cones((30, 30, 3)) > 0, 40, np.where(cones((30, 30, 9)) > 0, 38, 0))
    rough[26, 30] = rough[34, 30] = 40
    assert len(centres_of(rough, interval="4").tree) == 1


@pytest.mark.parametrize("outline", ["isoline", "pixels"])
def test_one_cell(outline):
    field = np.zeros((5, 5))
    field[2, 2] = 72
    node, = centres_of(field, interval="90", outline=outline).tree
    assert node.area_km2 == pytest.approx(0.25 if outline == "pixels" else 0.125, rel=1e-4)


def test_a_contour_that_vanishes_has_no_area():
    field = np.zeros((5, 5))
    field[2, 2], field[2, 3] = 36, 36
    field[0, 0] = 37
    nodes = centres_of(field, interval="5").tree
    assert [node.area_km2 for node in nodes] == pytest.approx([0.25 / 2 / 37**2, 0], abs=1e-9)
    assert nodes[1].outline.is_empty
    assert [node.max_value for node in nodes] == [37, 36]


def test_a_single_row_encloses_nothing_but_its_cells():
    row = [[0, 50, 50, 0, 40]]
    lines, cells = (centres_of(row, interval="20", outline=outline).tree for outline in ("isoline", "pixels"))
    assert [node.area_km2 for node in lines] == [0, 0]
    assert [node.area_km2 for node in cells] == pytest.approx([0.5, 0.25])


def test_plateau_at_the_level_is_inside():
    field = np.zeros((7, 7))
    field[1:6, 1:6] = 36
    field[3, 3] = 40
    node, = centres_of(field, interval="50").tree
    assert node.area_km2 == pytest.approx(16 * 0.25, rel=1e-3)


def test_a_closed_ridge_at_the_level_encloses_nothing():
    field = np.full((7, 7), 30.0)
    field[[1, 2, 2, 3], [2, 1, 3, 2]] = 36
    field[2, 2] = np.nan
    field[6, 6] = 40
    ridge = centres_of(field, interval="9").tree[1]
    assert ridge.area_km2 == 0
    assert ridge.outline.is_empty
    assert ridge.touches_edge


# Edges, no data, boundary ----------------------------------------------------------------------------------------

def test_cut_centres_end_at_the_centres_of_the_last_cells():
    field = np.full((6, 8), 50.0)
    field[:, 6:] = np.nan
    node, = centres_of(field, interval="20").tree
    assert node.touches_edge
    assert node.outline.bounds == pytest.approx((250, -2750, 2750, -250))
    assert centres_of(field, interval="20", outline="pixels").tree[0].outline.bounds == (0, -3000, 3000, 0)


def test_no_data_beside_a_centre_is_an_edge():
    field = cones((15, 15, 40), (40, 40, 40))
    field[15, 20] = np.nan
    near, far = centres_of(field, interval="9").tree
    assert near.touches_edge
    assert not far.touches_edge


def test_boundary_cuts_and_is_flagged(raster):
    field = cones((15, 15, 50), (40, 40, 50))
    whole = found_in(raster(field))
    assert [node.touches_edge for node in whole.tree] == [False, False]
    cut = found_in(raster(field), box_in(0, -22 * 500, 15 * 500, 0, LAEA.to_wkt()))
    node, = cut.tree
    assert node.touches_edge
    assert node.area_km2 < whole.tree[0].area_km2 * 0.6
    assert node.outline.bounds[2] <= 15 * 500


def test_boundary_in_another_crs_is_projected(raster):
    field = cones((15, 15, 50), (40, 40, 50))
    own = box_in(20 * 500, -60 * 500, 60 * 500, -20 * 500, LAEA.to_wkt())
    around = shapely.geometry.shape(transform_geom(LAEA, "EPSG:4326", shapely.from_wkb(own.polygons[0])))
    there = Boundary("BOUNDARY", [shapely.to_wkb(around)], "EPSG:4326")
    first, second = (found_in(raster(field), boundary, outline="pixels") for boundary in (own, there))
    assert first.tree[0].outline.equals(second.tree[0].outline)


def test_percentile_and_mean_are_those_inside_the_boundary(raster):
    field = np.zeros((60, 60))
    field[:, :20] = np.arange(1200).reshape(60, 20) / 10
    inside = box_in(0, -30_000, 20 * 500, 0, LAEA.to_wkt())
    percentile = found_in(raster(field), inside, threshold="50", threshold_mode="percentile")
    mean = found_in(raster(field), inside, threshold="1.5", threshold_mode="mean_multiple")
    assert percentile.roots[0].contour_value == pytest.approx(59.95, abs=0.01)
    assert mean.roots[0].contour_value == pytest.approx(1.5 * 59.95, abs=0.01)


# Grids and areas -------------------------------------------------------------------------------------------------

def ellipsoidal_area(south, north, width):
    """km2 between two parallels, width degrees wide, on WGS 84 (the authalic integral)."""
    a, f = 6_378_137.0, 1 / 298.257223563
    e = math.sqrt(f * (2 - f))

    def integral(latitude):
        s = math.sin(math.radians(latitude))
        return s / (1 - (e * s)**2) + math.atanh(e * s) / e

    return math.radians(width) * a**2 * (1 - e**2) / 2 * (integral(north) - integral(south)) / 1e6


@pytest.mark.parametrize("top", [62.0, 0.2, -40.0])
def test_areas_are_on_the_ellipsoid(raster, top):
    field = np.zeros((60, 80))
    field[10:40, 10:70] = 50
    radiance = raster(field, crs="EPSG:4326", cell=1 / 120, left=10, top=top)
    own = found_in(radiance, target_crs="EPSG:4326", outline="pixels", interval="20")
    expected = ellipsoidal_area(top - 40 / 120, top - 10 / 120, 60 / 120)
    assert own.root_area == pytest.approx(expected, rel=1e-4)
    assert own.crs == CRS.from_epsg(4326)
    assert own.tree[0].outline.bounds == pytest.approx((10 + 10 / 120, top - 40 / 120, 10 + 70 / 120, top - 10 / 120))
    mercator = found_in(radiance, target_crs="EPSG:3395", outline="isoline", cell_size=200, interval="20")
    assert mercator.root_area == pytest.approx(expected, rel=0.05)


def test_a_metric_raster_of_the_cell_size_keeps_its_grid(raster):
    field = cones((30, 30, 50))
    kept = found_in(raster(field, left=123, top=77))
    assert kept.crs == LAEA
    assert kept.tree[0].outline.centroid.x == pytest.approx(123 + 30.5 * 500, abs=1)
    moved = found_in(raster(field, left=123, top=77), cell_size=400)
    assert moved.crs == UTM
    assert moved.root_area == pytest.approx(kept.root_area, rel=0.01)


def test_a_wide_raster_goes_to_albers(raster):
    field = cones((30, 30, 50))
    radiance = raster(field, crs="EPSG:4326", cell=0.15, left=100, top=35)
    found = found_in(radiance, cell_size=10_000)
    assert "Albers" in found.crs.to_wkt()
    assert found.root_count == 1


def test_ids_and_outlines_are_the_same_every_time():
    field = np.random.default_rng(5).gamma(2, 20, (70, 90))
    first, again = (centres_of(field, resources=Resources(threads=threads)) for threads in (1, 3))
    assert len(first.tree) > 100
    for one, other in zip(first.tree, again.tree):
        assert shapely.to_wkb(one.outline) == shapely.to_wkb(other.outline)
        assert (one.centre_id, one.parent_id, one.area_km2) == (other.centre_id, other.parent_id, other.area_km2)


# Properties ------------------------------------------------------------------------------------------------------

rough_fields = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9),
    elements=st.one_of(st.integers(34, 44).map(float), st.just(float("nan")), st.floats(30, 44, width=32)))


@settings(max_examples=300, deadline=None)
@given(rough_fields.filter(lambda field: np.nanmax(np.append(field, -1)) > 36), st.sampled_from(["isoline", "pixels"]))
def test_outlines_are_valid_nested_and_disjoint(field, outline):
    found = centres_of(field, outline=outline)
    by_id = {node.centre_id: node for node in found.tree}
    assert list(by_id) == list(range(1, len(by_id) + 1))
    for node in found.tree:
        assert node.outline.geom_type == "MultiPolygon"
        assert node.outline.is_valid
        assert node.area_km2 == pytest.approx(node.outline.area / 1e6, rel=1e-3, abs=1e-6)
        children = [other for other in found.tree if other.parent_id == node.centre_id]
        assert node.level == (1 + max(child.level for child in children) if children else 1)
        assert len(children) != 1
        assert all(child.contour_value > node.contour_value and child.max_value <= node.max_value
                   and child.root_id == node.root_id for child in children)
        assert all(child.outline.difference(node.outline).area < 1 for child in children)
        assert shapely.union_all([child.outline for child in children]).area == pytest.approx(
            sum(child.outline.area for child in children), abs=1)
        if outline == "pixels":
            values = field[cells_inside(node.outline, field)]
            assert values.min() >= np.float32(node.contour_value)
            assert values.max() == node.max_value
        if node.parent_id is None:
            assert node.contour_value == 36


def cells_inside(outline, field):
    rows, columns = np.indices(field.shape)
    return shapely.contains_xy(outline, (columns + 0.5) * 500, -(rows + 0.5) * 500)


@settings(max_examples=100, deadline=None)
@given(rough_fields.filter(lambda field: np.nanmax(np.append(field, -1)) > 36), st.floats(0, 1.5))
def test_smallest_area_only_removes(field, min_area):
    everything, large = centres_of(field), centres_of(field, min_area=min_area)
    filled = [shapely.union_all([shapely.Polygon(part.exterior) for part in node.outline.geoms]).area / 1e6
              for node in everything.tree if node.parent_id is None]
    clear = [area for area in filled if abs(area - min_area) > 1e-3]
    if len(clear) == len(filled):
        assert large.root_count == sum(area >= min_area for area in filled)
    assert large.centre_count <= everything.centre_count


# Lists of settings -----------------------------------------------------------------------------------------------

def test_first_values_give_the_result_and_all_the_stability(raster):
    radiance = raster(cones((12, 12, 46), (40, 40, 52)))
    alone, several = found_in(radiance, threshold="36"), found_in(radiance, threshold="36, 38;40")
    assert [centre.stability for centre in alone.centres] == [None, None]
    assert [shapely.to_wkb(centre.outline) for centre in several.centres] == [
        shapely.to_wkb(centre.outline) for centre in alone.centres]
    # circles of radius height - threshold around the same point, so Jaccard is the ratio of areas
    bright, dim = several.centres
    assert bright.stability == pytest.approx(((14 / 16)**2 + (12 / 16)**2) / 2, abs=0.02)
    assert dim.stability == pytest.approx(((8 / 10)**2 + (6 / 10)**2) / 2, abs=0.02)


def test_every_combination_counts_and_the_first_comes_first():
    settings = UrbanCentresSettings(threshold="36,40", interval="2,4", smoothing="3,1")
    found = [(each.threshold_value, each.interval_value, each.smoothing_cells) for each in settings.combinations()]
    assert found[0] == (36, 2, 3)
    assert len(set(found)) == 8


def test_a_centre_that_other_settings_lose_is_unstable(raster):
    bright, dim = found_in(raster(cones((15, 15, 60), (40, 40, 40))), threshold="36,45").centres
    assert dim.stability == 0
    assert bright.stability > 0.3


def test_only_centres_have_a_stability_and_all_nodes_a_margin(raster):
    tree = found_in(raster(cones((20, 20, 50), (20, 36, 46))), interval="2,1").tree
    assert [node.stability is None for node in tree] == [True, False, False]
    assert [node.above_threshold for node in tree] == [0, 6, 6]


def test_a_listed_threshold_above_the_maximum_is_an_error(raster):
    with pytest.raises(InputError, match=sentence("THRESHOLD")):
        found_in(raster(cones((30, 30, 50))), threshold="36,80")


# Bad input -------------------------------------------------------------------------------------------------------

def sentence(parameter):
    return rf"^{parameter}: .+; .+\.$"


@pytest.mark.parametrize(("parameter", "given"), [
    ("INTERVAL", {"interval": "0"}), ("INTERVAL", {"interval": "-2"}), ("INTERVAL", {"interval": "1, 0"}),
    ("INTERVAL", {"interval": "two"}), ("THRESHOLD", {"threshold": ""}), ("THRESHOLD", {"threshold": "34,,36"}),
    ("THRESHOLD", {"threshold": "nan"}), ("THRESHOLD", {"threshold": "100", "threshold_mode": "percentile"}),
    ("THRESHOLD", {"threshold": "0", "threshold_mode": "mean_multiple"}), ("SMOOTHING", {"smoothing": "4"}),
    ("SMOOTHING", {"smoothing": "3.5"}), ("SMOOTHING", {"smoothing": "3,4"}), ("SMOOTHING", {"smoothing": "-1"}),
    ("THRESHOLD", {"threshold": "36,36.0"}), ("THRESHOLD", {"threshold": "50,100", "threshold_mode": "percentile"}),
    ("CELL_SIZE", {"cell_size": 0.005}), ("MIN_AREA", {"min_area": -1.0}), ("OUTLINE", {"outline": "dots"}),
    ("THRESHOLD_MODE", {"threshold_mode": "median"})])
def test_settings_that_cannot_be_used(parameter, given):
    with pytest.raises(InputError, match=sentence(parameter)):
        UrbanCentresSettings(**given)


@pytest.mark.parametrize(("parameter", "given"), [
    ("THRESHOLD", {"threshold": "50"}), ("THRESHOLD", {"threshold": "500"}), ("INTERVAL", {"interval": "1e-4"}),
    ("INTERVAL", {"interval": "5e-324"}), ("TARGET_CRS", {"target_crs": "EPSG:4326"}),
    ("TARGET_CRS", {"target_crs": "EPSG:99999999"}), ("CELL_SIZE", {"target_crs": "EPSG:32651", "cell_size": 90_000}),
    ("BAND", {"band": 2}), ("BAND", {"band": 0}),
    ("MAX_MEMORY", {"resources": Resources(max_memory=64), "target_crs": "EPSG:32651", "cell_size": 5}),
    ("BOUNDARY", {"boundary": box_in(-10, -10, -9, -9)}), ("BOUNDARY", {"boundary": Boundary("BOUNDARY", [], "")}),
    ("BOUNDARY", {"boundary": Boundary("BOUNDARY", [b"no geometry"], "EPSG:4326")}),
    ("BOUNDARY", {"boundary": Boundary("BOUNDARY", [shapely.to_wkb(shapely.Point(121, 31))], "EPSG:4326")}),
    ("BOUNDARY", {"boundary": box_in(10, -20, 20, -10, LAEA.to_wkt())}),
    ("BOUNDARY", {"boundary": box_in(0, -9000, 9000, 0, "")})])
def test_input_that_cannot_be_used(raster, parameter, given):
    with pytest.raises(InputError, match=sentence(parameter)):
        found_in(raster(cones((30, 30, 50))), **given)


def test_threshold_above_the_maximum_says_the_maximum(raster):
    with pytest.raises(InputError, match="maximum of the smoothed raster is 50"):
        found_in(raster(cones((30, 30, 50))), threshold="60")


def test_raster_without_crs_or_data(raster):
    with pytest.raises(InputError, match=sentence("RADIANCE")):
        found_in(raster(cones((30, 30, 50)), crs=None))
    with pytest.raises(InputError, match=sentence("RADIANCE")):
        found_in(raster(np.full((9, 9), np.nan)))


def test_crs_that_only_the_project_knows(raster):
    named = RasterInput("RADIANCE", raster(cones((30, 30, 50)), crs=None).path, LAEA.to_wkt())
    assert found_in(named).crs == LAEA


def test_infinite_cells_are_no_data(raster):
    field = cones((30, 30, 50))
    field[0, 0] = np.inf
    assert found_in(raster(field)).tree[0].max_value == 50


def test_cancel(raster):
    class Stopped(Progress):
        looks = 0

        def is_cancelled(self):
            self.looks += 1
            return self.looks > 3

    with pytest.raises(Cancelled):
        found_in(raster(cones((30, 30, 50))), progress=Stopped())


def test_progress_rises_to_the_end(raster):
    class Heard(Progress):
        def __init__(self):
            self.shares = []

        def set_fraction(self, fraction):
            self.shares.append(fraction)

    heard = Heard()
    found_in(raster(cones((30, 30, 50))), progress=heard)
    assert heard.shares == sorted(heard.shares)
    assert heard.shares[-1] == 1


# Real data -------------------------------------------------------------------------------------------------------

needs_shanghai = pytest.mark.skipif(not SHANGHAI.exists(),
                                    reason="shared data viirs-annual-shanghai is not beside the checkout")


@pytest.mark.real_data
@needs_shanghai
def test_shanghai_on_its_own_grid():
    found = find_urban_centres(RasterInput("RADIANCE", str(SHANGHAI)), 1, None,
                               UrbanCentresSettings(target_crs="EPSG:4326", outline="pixels"), Resources())
    assert abs(found.root_count - 61) <= 1
    assert found.root_area == pytest.approx(804, rel=0.01)


@pytest.mark.real_data
@needs_shanghai
def test_shanghai_by_default():
    found = find_urban_centres(RasterInput("RADIANCE", str(SHANGHAI)), 1, None, UrbanCentresSettings(), Resources())
    assert found.crs == UTM
    assert 50 <= found.root_count <= 55
    assert 750 <= found.root_area <= 810
    assert found.centre_count > found.root_count
    assert all(node.outline.is_valid and not node.outline.is_empty for node in found.tree)
