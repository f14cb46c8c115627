import numpy as np
import pytest
import shapely
from nocturne.algorithms.boundaries import Boundary, outside
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.projections import automatic_metric_crs, wgs84_bounds
from nocturne.algorithms.rasters import Grid
from rasterio.crs import CRS
from rasterio.transform import from_origin

SHANGHAI = Grid(CRS.from_epsg(32651), from_origin(300_000, 3_500_000, 500, 500), 80, 60)


def boundary(*shapes):
    return Boundary("BOUNDARY", [shapely.to_wkb(shape) for shape in shapes], "EPSG:4326")


@pytest.mark.parametrize("box", [(-180, -90, 180, 90), (-100, -50, 130, 60), (-179, -60, 179, 80)])
def test_a_polygon_that_holds_the_raster_covers_it_however_large_it_is(box):
    assert not outside(boundary(shapely.box(*box)).near(SHANGHAI), SHANGHAI).any()


@pytest.mark.parametrize("box", [(-170, -80, 10, 80), (0, 0, 5, 5), (119, -40, 124, -30)])
def test_a_polygon_elsewhere_is_refused(box):
    with pytest.raises(InputError, match=r"^BOUNDARY: its polygons lie outside the raster"):
        boundary(shapely.box(*box)).near(SHANGHAI)


def test_a_clipped_boundary_selects_the_cells_that_the_whole_one_does():
    near, wide = shapely.Point(121.0, 31.5).buffer(0.08), shapely.box(-170, 31.5, 121.0, 89)
    west, south, east, north = wgs84_bounds(SHANGHAI)
    cut = shapely.intersection(wide, shapely.box(west - 1, south - 1, east + 1, north + 1))
    for whole, part in ((near, near), (wide, cut)):
        np.testing.assert_array_equal(outside(boundary(whole).near(SHANGHAI), SHANGHAI),
                                      outside(boundary(part).near(SHANGHAI), SHANGHAI))


def test_a_bow_tie_is_mended():
    bow = shapely.Polygon([(120.9, 31.4), (121.1, 31.6), (121.1, 31.4), (120.9, 31.6)])
    assert not outside(boundary(bow).near(SHANGHAI), SHANGHAI).all()


def test_a_raster_across_the_date_line_keeps_its_zone():
    fiji = Grid(CRS.from_epsg(32760), from_origin(800_000, 8_100_000, 400, 400), 120, 80)
    west, _, east, _ = wgs84_bounds(fiji)
    assert 179 < west < 180 < east < 181
    assert automatic_metric_crs(wgs84_bounds(fiji)).to_epsg() in (32760, 32701)
