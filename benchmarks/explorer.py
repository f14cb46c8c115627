"""Times what a click in the angular-effect explorer waits for, drawing aside.

730 nights of 200 x 200 pixels, in stacks tiled by RasterWriter and in simulated Black Marble files.
Prints the seconds of single pixels: python benchmarks/explorer.py
"""
from __future__ import annotations

import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.night_lights.angular_effects import classify_stacks
from nocturne.algorithms.night_lights.class_origin import FileOrigin, StackOrigin
from nocturne.algorithms.night_lights.file_angular_effects import classify_files
from nocturne.algorithms.night_lights.pixel_nights import SIDE as KEPT_SIDE
from nocturne.algorithms.night_lights.pixel_nights import read_pixel, window_decision
from nocturne.algorithms.night_lights.pixel_words import explain
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings, FileAngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid, RasterInput, RasterWriter
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks.file_angular_effects import TILE, write_nights

NIGHTS, SIDE, CELL, PIXELS = 730, 200, 15 / 3600, 20


def main(folder: Path) -> None:
    from_stacks(folder)
    from_files(folder)


def from_files(folder: Path) -> None:
    daily, row, column = folder / "daily", 900, 1100
    daily.mkdir()
    write_nights(daily, NIGHTS, (row, column, SIDE))
    west, north = -180 + 10 * TILE[0] + column / 240, 90 - 10 * TILE[1] - row / 240
    extent = west, north - SIDE / 240, west + SIDE / 240, north
    classes = RasterInput("CLASSES", str(folder / "classes_of_files.tif"))
    classify_files(str(daily), classes.path, None, FileAngularEffectsSettings(extent=extent), Resources(), Progress())
    start = time.perf_counter()
    origin = FileOrigin(classes, FileAngularEffectsSettings(), (), daily)
    decision = window_decision(origin, Progress())
    print(f"opening {2 * NIGHTS} files: {time.perf_counter() - start:.2f} s")
    firsts, seconds = [], []
    for place in range(0, SIDE - KEPT_SIDE, KEPT_SIDE):
        for seen in (firsts, seconds):
            x, y = west + (place + 5 + len(seen)) / 240, north - (place + 5.5) / 240
            start = time.perf_counter()
            explain(read_pixel(origin, decision, x, y, Progress()))
            seen.append(time.perf_counter() - start)
    print(f"column of {NIGHTS} nights of files, fits and words: first click {max(firsts):.2f} s at most, second click "
          f"nearby {max(seconds):.3f} s")


def from_stacks(folder: Path) -> None:
    classes, radiance, zenith = (RasterInput(name.upper(), str(folder / f"{name}.tif"))
                                 for name in ("classes", "radiance", "zenith"))
    origin = StackOrigin(classes, AngularEffectsSettings(), (), radiance, zenith)
    write_stacks(origin)
    classify_stacks(origin.radiance, origin.zenith, origin.classes.path, None, origin.settings, Resources(), Progress())
    decision = window_decision(origin, Progress())
    numbers = np.random.default_rng(2)
    seconds = []
    for _ in range(PIXELS):
        x, y = 121 + numbers.random() * SIDE * CELL, 31.5 - numbers.random() * SIDE * CELL
        start = time.perf_counter()
        explain(read_pixel(origin, decision, x, y, Progress()))
        seconds.append(time.perf_counter() - start)
    print(f"column of {NIGHTS} nights, fits and words: median {np.median(seconds):.3f} s, longest {max(seconds):.3f} s "
          f"({PIXELS} pixels of {SIDE} x {SIDE})")


def write_stacks(origin: StackOrigin) -> None:
    """A town whose light falls with the zenith; 60 % of the nights clear, and of these 65 % of the pixels."""
    numbers = np.random.default_rng(1)
    grid = Grid(CRS.from_epsg(4326), Affine(CELL, 0, 121, 0, -CELL, 31.5), SIDE, SIDE)
    days = [(date(2019, 1, 1) + timedelta(night)).isoformat() for night in range(NIGHTS)]
    rows, columns = np.mgrid[-SIDE // 2:SIDE // 2, -SIDE // 2:SIDE // 2]
    town = 2000 / np.clip(np.hypot(rows, columns), 5, None)
    with (RasterWriter("RADIANCE", origin.radiance.path, grid, days, "float32", np.nan) as radiance_writer,
          RasterWriter("ZENITH", origin.zenith.path, grid, days, "float32", np.nan) as zenith_writer):
        for band in range(1, NIGHTS + 1):
            zenith = numbers.uniform(0, 65) + 0.02 * columns
            radiance = town * (1 - 0.003 * zenith) * numbers.lognormal(0, 0.2, town.shape)
            cloudy = (numbers.random(town.shape) < 0.35) | (numbers.random() < 0.4)
            for writer, values, digits in ((radiance_writer, radiance, 1), (zenith_writer, zenith, 2)):
                stored = np.where(cloudy, np.nan, np.round(values, digits)).astype(np.float32)
                writer.write(stored[np.newaxis], Window(0, 0, SIDE, SIDE), [band])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made))
