"""Cancel at random moments: it takes less than a second and leaves nothing."""
from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from qgis.core import QgsProcessingContext, QgsProcessingFeedback
from rasterio.transform import from_origin

MOMENTS = 3


def write_raster(path, values, descriptions=(), crs="EPSG:32651", cell=500):
    values = np.asarray(values, np.float32)
    with rasterio.open(path, "w", driver="GTiff", count=len(values), height=values.shape[1], width=values.shape[2],
                       dtype="float32", crs=crs, transform=from_origin(300_000, 3_500_000, cell, cell),
                       nodata=np.nan) as dataset:
        dataset.write(values)
        for band, text in enumerate(descriptions, start=1):
            dataset.set_band_description(band, text)
    return str(path)


@pytest.fixture(scope="module")
def jobs(demo, demo_extent, tmp_path_factory):
    """Algorithm to its inputs and the names of its outputs; each runs for a good part of a second."""
    folder, numbers = tmp_path_factory.mktemp("inputs"), np.random.default_rng(1)
    days = [f"2021-{1 + night // 28:02d}-{1 + night % 28:02d}" for night in range(40)]
    zenith = numbers.uniform(0, 60, (40, 350, 350)).astype(np.float32)
    stacks = {"RADIANCE": write_raster(folder / "radiance.tif", 50 - 0.1 * zenith, days),
              "ZENITH": write_raster(folder / "zenith.tif", zenith, days)}
    light = [numbers.uniform(0, 90, (250, 250))]
    months = folder / "months"
    months.mkdir()
    for month in range(24):
        with rasterio.open(months / f"lights_{2018 + month // 12}{1 + month % 12:02d}.tif", "w", driver="GTiff",
                           width=500, height=500, count=1, dtype="float32", crs="EPSG:4326", nodata=-1,
                           transform=Affine(0.004, 0, 121, 0, -0.004, 31)) as dataset:
            dataset.write(numbers.uniform(0, 90, (1, 500, 500)).astype("float32"))
    daily = {"FOLDER": str(demo / "daily"), "EXTENT": demo_extent}
    return {
        "angulareffects": (stacks, ["CLASSES", "STATISTICS"]),
        "blackmarbleangulareffects": (daily, ["CLASSES", "STATISTICS"]),
        "readblackmarble": (daily, ["RADIANCE", "ZENITH"]),
        "urbancentres": ({"RADIANCE": write_raster(folder / "light.tif", light), "MIN_AREA": 0, "THRESHOLD": "30"},
                         ["CENTRES", "TREE"]),
        "rasterseries": ({"FILES": [str(path) for path in sorted(months.iterdir())]}, ["SERIES"]),
    }


def run(provider, name, inputs, outputs, folder, press_after=None):
    """Results, and the seconds from the press to the return; None where it was never pressed."""
    feedback, pressed = QgsProcessingFeedback(False), []

    def press():
        pressed.append(time.monotonic())
        feedback.cancel()

    parameters = {**inputs, **{each: str(folder / f"{each}.{'gpkg' if name == 'urbancentres' else 'tif'}")
                               for each in outputs}}
    timer = threading.Timer(press_after, press) if press_after is not None else None
    if timer:
        timer.start()
    results, fine = provider.algorithm(name).create().run(parameters, QgsProcessingContext(), feedback)
    end = time.monotonic()
    if timer:
        timer.cancel()
        timer.join()
    assert fine
    return results, end - pressed[0] if pressed and pressed[0] < end else None


@pytest.mark.parametrize("name", ["angulareffects", "blackmarbleangulareffects", "readblackmarble", "urbancentres",
                                  "rasterseries"])
def test_cancel_takes_less_than_a_second_at_any_moment(provider, jobs, tmp_path, name):
    inputs, outputs = jobs[name]
    (tmp_path / "whole").mkdir()
    run(provider, name, inputs, outputs, tmp_path / "whole")  # imports and compiles
    start = time.monotonic()
    results, _ = run(provider, name, inputs, outputs, tmp_path / "whole")
    seconds = time.monotonic() - start
    assert all(Path(results[each]).exists() for each in outputs)
    moments, heard = random.Random(name), 0
    for _ in range(MOMENTS):
        folder = tmp_path / "cancelled"
        folder.mkdir(exist_ok=True)
        results, waited = run(provider, name, inputs, outputs, folder, moments.uniform(0.05, 0.7) * seconds)
        if not results:
            heard += 1
            assert waited < 1
            assert list(folder.iterdir()) == []
        else:  # it was quicker this time
            assert all(Path(results[each]).exists() for each in outputs)
            for path in folder.iterdir():
                path.unlink()
    assert heard
