"""The core of a centre."""
import numpy as np
import pytest
import shapely
from affine import Affine
from nocturne.algorithms.cbd.core_boundary import core_boundary
from nocturne.algorithms.night_lights.settings import UrbanCentresSettings
from nocturne.algorithms.night_lights.urban_centres import centres_of_field
from nocturne.algorithms.rasters import Grid
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS

CRS_OF_TEST = CRS.from_proj4("+proj=laea +lat_0=31 +lon_0=121 +datum=WGS84")
ROWS, COLUMNS = np.mgrid[:60, :80]


def cone(row, column, height):
    return (height - np.hypot(ROWS - row, COLUMNS - column)).astype(np.float32)


def core_of(field, classes, place=0, min_area=1.0, interval=2.0):
    grid = Grid(CRS_OF_TEST, Affine(500, 0, 0, 0, -500, 0), field.shape[1], field.shape[0])
    centres = centres_of_field(field, grid, UrbanCentresSettings(threshold="36", interval="2"), Resources()).centres
    centre = centres[place]
    return centre, core_boundary(field, grid, classes, centre.outline, centre.contour_value, interval, min_area)


def negatives(where):
    return np.where(where, 1, 0).astype(np.uint8)


def two_proportions(hits, inside, misses, beside):
    """z with the pooled variance, as textbooks have it."""
    share = (hits + misses) / (inside + beside)
    return (hits / inside - misses / beside) / np.sqrt(share * (1 - share) * (1 / inside + 1 / beside))


def test_the_contour_around_the_planted_core_is_found():
    field = cone(30, 30, 60.5)
    centre, core = core_of(field, negatives(field >= 50))
    assert core.contour_value == 50
    assert core.outline.area == pytest.approx(np.pi * 5250**2, rel=0.03)
    inside, whole = (field >= 50).sum(), (field >= 36).sum()
    assert core.z == pytest.approx(two_proportions(inside, inside, 0, whole - inside))
    assert core.outline.within(centre.outline)


def test_counts_are_those_of_valid_cells_in_the_centre():
    field = np.maximum(cone(30, 20, 60.5), cone(30, 60, 60.5))  # the saddle lies at 40.5
    classes = negatives(field >= 50)
    classes[:, 40:] = 1  # the other centre doesn't count
    classes[30, 20] = 255
    _, core = core_of(field, classes)
    left = field[:, :40]
    inside, whole = (left >= 50).sum() - 1, (left >= 42).sum() - 1
    assert core.z == pytest.approx(two_proportions(inside, inside, 0, whole - inside))


def test_one_of_two_peaks_of_a_centre():
    """A second peak that is too small to be a centre has contours of its own, and the dense one is taken."""
    field = np.maximum(cone(30, 30, 60), cone(30, 53, 40))
    field = np.maximum(field, np.where((np.abs(ROWS - 30) < 2) & (COLUMNS > 30) & (COLUMNS < 53), 37, 0))
    centre, core = core_of(field.astype(np.float32), negatives(np.hypot(ROWS - 30, COLUMNS - 30) <= 8))
    assert core.contour_value == 52
    assert not core.outline.contains(shapely.Point(53.5 * 500, -30.5 * 500))
    assert core.outline.within(centre.outline)


def test_without_contrast_the_centre_is_kept():
    field = cone(30, 30, 60)
    scattered = negatives(np.random.default_rng(3).random(field.shape) < 0.3)
    for classes in (negatives(field < 0), negatives(field > 0), scattered, negatives(field < 45),
                    np.full(field.shape, 255, np.uint8)):
        centre, core = core_of(field, classes)
        assert core.outline is centre.outline
        assert (core.z, core.contour_value) == (None, None)


def test_smallest_area_binds():
    field = cone(30, 30, 60)
    classes = negatives(field >= 56)
    assert core_of(field, classes)[1].contour_value == 56
    wide = core_of(field, classes, min_area=30)[1]
    assert wide.contour_value < 56
    assert wide.outline.area >= 30e6
    assert core_of(field, classes, min_area=1000)[1].z is None


def test_a_centre_without_a_contour_above_its_own_is_kept():
    field = np.zeros((60, 80), np.float32)
    field[10:20, 10:20] = 37
    centre, core = core_of(field, negatives(COLUMNS < 15))
    assert core.outline is centre.outline


def test_a_centre_elsewhere_or_without_an_area_is_kept():
    field = cone(30, 30, 60)
    grid = Grid(CRS_OF_TEST, Affine(500, 0, 0, 0, -500, 0), 80, 60)
    for centre in (shapely.box(1e6, 1e6, 2e6, 2e6), shapely.MultiPolygon()):
        assert core_boundary(field, grid, negatives(field >= 50), centre, 36, 2, 1).outline is centre


def test_chance_rarely_makes_a_core():
    field, numbers = cone(30, 30, 60), np.random.default_rng(11)
    found = [core_of(field, negatives(numbers.random(field.shape) < 0.1))[1].z for _ in range(60)]
    assert sum(z is not None for z in found) <= 6
