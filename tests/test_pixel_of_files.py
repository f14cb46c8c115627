"""The nights of one pixel where the classes were made straight from daily files."""
from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.night_lights.class_origin import FileOrigin, find_origin
from nocturne.algorithms.night_lights.nearby_nights import NearbyNights
from nocturne.algorithms.night_lights.pixel_nights import read_pixel, window_decision
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterInput


@pytest.fixture(scope="module")
def folder(demo, tmp_path_factory):
    copied = tmp_path_factory.mktemp("files") / "daily"
    shutil.copytree(demo / "daily", copied)
    return copied


@pytest.fixture(scope="module")
def made(folder, demo_extent, qgis_process):
    """Class raster and statistics of a part of the nights, as a user makes them."""
    paths = [folder.parent / "classes.tif", folder.parent / "statistics.tif"]
    nights = sorted({path.name.split(".")[1] for path in folder.iterdir()})
    run = qgis_process("nocturne:blackmarbleangulareffects", FOLDER=folder, EXTENT=demo_extent, START=day_of(nights[2]),
                       END=day_of(nights[-3]), MIN_OBSERVATIONS=20, CLASSES=paths[0], STATISTICS=paths[1])
    assert run.code == 0, run.stderr
    return paths


def day_of(name):
    """A2021033 as 2021-02-02."""
    from datetime import datetime

    return datetime.strptime(name[1:], "%Y%j").date().isoformat()


def origin_of(classes):
    return find_origin(RasterInput("CLASSES", str(classes)), Path(f"{classes}.nocturne.json"))


def middle(classes, row, column):
    with rasterio.open(classes) as dataset:
        return dataset.xy(row, column)


def test_pixels_have_the_class_and_statistics_of_the_raster(made, folder):
    origin = origin_of(made[0])
    assert isinstance(origin, FileOrigin)
    assert (origin.folder, origin.changed) == (folder, ())
    decision = window_decision(origin, Progress())
    with rasterio.open(made[0]) as first, rasterio.open(made[1]) as second:
        classes, statistics = first.read(1), second.read()
    found = set()
    for row, column in [(0, 0), *np.ndindex(4, 4)]:
        row, column = (each * size // 4 for each, size in zip((row, column), classes.shape))
        pixel = read_pixel(origin, decision, *middle(made[0], row, column), Progress())
        assert (pixel.cell.row, pixel.cell.column) == (row, column)
        assert pixel.fit.effect == pixel.recorded == classes[row, column]
        np.testing.assert_allclose(list(pixel.fit.statistics.values()), statistics[:, row, column], rtol=1e-5,
                                   atol=1e-7)
        found.add(pixel.recorded)
    assert len(found) > 1
    assert len(pixel.dates) == len({path.name.split(".")[1] for path in folder.iterdir()}) - 4


def test_a_second_click_nearby_reads_no_file(made, monkeypatch):
    origin = origin_of(made[0])
    decision = window_decision(origin, Progress())
    reads = []
    monkeypatch.setattr(NearbyNights, "_read", lambda self, window, progress, read=NearbyNights._read:
                        reads.append(window) or read(self, window, progress))
    for column in (1, 2, 1):
        read_pixel(origin, decision, *middle(made[0], 1, column), Progress())
    assert len(reads) == 1


class Blocks:
    """A source of three nights whose values name their cells."""

    parameter, dates = "FOLDER", [1, 2, 3]

    def __init__(self, shape, chunk, first_row):
        self.grid = type("Grid", (), {"height": shape[0], "width": shape[1]})
        self.block_shape, self.first_row, self.windows = (chunk, shape[1]), first_row, set()
        self._cells = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)

    def read(self, nights, window, spare=None):
        self.windows.add((window.row_off, window.height))
        cells = self._cells[window.row_off:window.row_off + window.height,
                            window.col_off:window.col_off + window.width]
        return np.stack([cells + 1000 * night for night in nights]), np.stack([cells - night for night in nights])


@pytest.mark.parametrize(("chunk", "first_row", "side"), [(7, 0, 4), (7, 5, 4), (3, 2, 10), (100, 98, 64), (5, 3, 1)])
def test_what_is_kept_never_crosses_chunks(chunk, first_row, side):
    shape = (23, 9)
    source = Blocks(shape, chunk, first_row)
    near = NearbyNights(source, side, 2)
    for row, column in np.ndindex(*shape):
        radiance, zenith = near.read(row, column, Progress())
        np.testing.assert_array_equal(radiance, row * shape[1] + column + 1000 * np.arange(3))
        np.testing.assert_array_equal(zenith, row * shape[1] + column - np.arange(3))
    for top, height in source.windows:
        assert height <= side
        assert (top + first_row) // chunk == (top + height - 1 + first_row) // chunk


def test_a_click_elsewhere_stops_the_read(made):
    class Impatient(Progress):
        def is_cancelled(self):
            return True

    origin = origin_of(made[0])
    with pytest.raises(Cancelled):
        read_pixel(origin, window_decision(origin, Progress()), *middle(made[0], 0, 0), Impatient())


def test_files_and_folders_that_are_gone_are_one_sentence(made, folder):
    origin = origin_of(made[0])
    decision = window_decision(origin, Progress())
    gone = sorted(folder.glob("VNP46A1*"))[20]
    aside = gone.rename(folder.parent / gone.name)
    try:
        with pytest.raises(InputError, match=rf"^FOLDER: '{gone.name}' .*can't be read \(No such file"):
            read_pixel(origin, decision, *middle(made[0], 0, 0), Progress())
        assert origin_of(made[0]).changed == ("daily",)
    finally:
        aside.rename(gone)
    away = folder.rename(folder.parent / "away")
    try:
        with pytest.raises(InputError, match=r"^FOLDER: the folder '.*daily' that 'classes\.tif' was made from can't"):
            origin_of(made[0])
    finally:
        away.rename(folder)


def test_everything_moved_together_is_found(made, folder):
    moved = folder.parent.rename(folder.parent.parent / "moved")
    try:
        origin = origin_of(moved / "classes.tif")
        assert (origin.folder, origin.changed) == (moved / "daily", ())
    finally:
        moved.rename(folder.parent)
