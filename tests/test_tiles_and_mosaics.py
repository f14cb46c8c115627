"""Windows over up to four tiles equal the mosaic of the tiles, however it is cut."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nocturne.algorithms.night_lights import angular_fit
from nocturne.algorithms.night_lights.angular_fit import STATISTICS, Thresholds
from nocturne.algorithms.night_lights.black_marble.read import BlackMarbleOutputs, read_black_marble
from nocturne.algorithms.night_lights.black_marble.window import CellWindow
from nocturne.algorithms.night_lights.file_angular_effects import classify_files
from nocturne.algorithms.night_lights.settings import (
    AngularEffectsSettings,
    BlackMarbleSettings,
    FileAngularEffectsSettings,
)
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.black_marble_files import A1_FILL, good_night, write_granule

HALF, NIGHTS, FIRST = 6, 9, date(2018, 8, 1)
TILES = [(10, 5), (11, 5), (10, 6), (11, 6)]  # they meet in one corner
CORNER_ROW, CORNER_COLUMN = 6 * 2400, 11 * 2400
CHOSEN = {"min_observations": 5, "alpha": 0.1}


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory):
    """A folder of tiles, some of which miss some nights; radiance and zenith of the cells around the corner."""
    folder, numbers = tmp_path_factory.mktemp("tiles"), np.random.default_rng(11)
    shape = NIGHTS, 2 * HALF, 2 * HALF
    light, angle = numbers.integers(100, 900, shape), numbers.integers(0, 7000, shape)
    light[numbers.random(shape) < 0.15], angle[numbers.random(shape) < 0.05] = 65535, A1_FILL
    there = numbers.random((NIGHTS, len(TILES))) < 0.85
    radiance = np.where(light == 65535, np.nan, light * 0.1).astype(np.float32)
    zenith = np.where(angle == A1_FILL, np.nan, angle * 0.01).astype(np.float32)
    for night, day in enumerate(FIRST + timedelta(each) for each in range(NIGHTS)):
        for index, tile in enumerate(TILES):
            east, south = tile[0] - 10, tile[1] - 5
            part = (night, slice(south * HALF, (south + 1) * HALF), slice(east * HALF, (east + 1) * HALF))
            if not there[night, index]:
                radiance[part] = zenith[part] = np.nan
                continue
            row, column = (0 if south else 2400 - HALF), (0 if east else 2400 - HALF)
            write_granule(folder, tile=tile, day=day, values=good_night(light[part].astype(np.uint16), row, column))
            write_granule(folder, product="VNP46A1", tile=tile, day=day, values={
                "Sensor_Zenith": (A1_FILL, row, column, angle[part].astype(np.int16)), "QF_Cloud_Mask": 0})
    return str(folder), radiance, zenith


@st.composite
def windows(draw):
    """Rows and columns around the corner, as slices; most cross it."""
    def span():
        start = draw(st.integers(0, 2 * HALF - 1))
        return slice(start, draw(st.integers(start + 1, 2 * HALF)))

    return span(), span()


def extent_of(rows, columns):
    window = CellWindow(*(CORNER_ROW - HALF + rows.start, CORNER_COLUMN - HALF + columns.start,
                          CORNER_ROW - HALF + rows.stop, CORNER_COLUMN - HALF + columns.stop))
    return window.grid.bounds


def bands_of(path):
    """By date."""
    with rasterio.open(path) as dataset:
        return dict(zip(dataset.descriptions, dataset.read()))


FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(window=windows(), threads=st.integers(1, 3), memory=st.sampled_from([64, 1024]))
def test_stacks_of_any_window_are_the_mosaic_cut(mosaic, tmp_path, window, threads, memory):
    folder, *expected = mosaic
    paths = [str(tmp_path / name) for name in ("radiance.tif", "zenith.tif")]
    read_black_marble(folder, BlackMarbleSettings(extent=extent_of(*window)), BlackMarbleOutputs(*paths),
                      Resources(max_memory=memory, threads=threads), Progress())
    for path, values in zip(paths, expected):
        found = bands_of(path)
        for night, cells in enumerate(values[(slice(None), *window)]):
            band = found.get((FIRST + timedelta(night)).isoformat())
            if band is None:  # a night without a valid cell isn't written
                assert np.isnan(expected[0][(night, *window)]).all()
            else:
                np.testing.assert_array_equal(band, cells)


@FEW
@given(window=windows(), threads=st.integers(1, 3))
def test_classes_of_any_window_are_those_of_the_mosaic(mosaic, tmp_path, window, threads):
    folder, radiance, zenith = mosaic
    chosen = AngularEffectsSettings(**CHOSEN)
    state = angular_fit.empty_sums(2 * HALF, 2 * HALF)
    angular_fit.add_nights(radiance, zenith, None, 60.0, *state)
    classes, statistics = angular_fit.fit_block(*state, Thresholds(NIGHTS, chosen), chosen)
    paths = [str(tmp_path / name) for name in ("classes.tif", "statistics.tif")]
    classify_files(folder, *paths, FileAngularEffectsSettings(extent=extent_of(*window), **CHOSEN),
                   Resources(threads=threads), Progress())
    with rasterio.open(paths[0]) as first, rasterio.open(paths[1]) as second:
        np.testing.assert_array_equal(first.read(1), classes[window])
        for name, found, expected in zip(STATISTICS, second.read(), statistics[(slice(None), *window)]):
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12, err_msg=name)
