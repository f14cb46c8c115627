"""A qgis_process that is killed at any moment: no half output, earlier ones survive, the next run tidies up."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import numpy as np
import pytest
from affine import Affine
from nocturne.algorithms.rasters import Grid, RasterWriter
from nocturne.tests.conftest import ROOT
from rasterio.crs import CRS
from rasterio.windows import Window

SIDE, NIGHTS, KILLS = 240, 40, 10
NAMES = {"CLASSES": "classes.tif", "STATISTICS": "statistics.tif"}


@pytest.fixture
def stacks(tmp_path):
    numbers = np.random.default_rng(3)
    grid = Grid(CRS.from_epsg(4326), Affine(0.01, 0, 10, 0, -0.01, 50), SIDE, SIDE)
    zenith = numbers.uniform(0, 60, (NIGHTS, SIDE, SIDE)).astype(np.float32)
    radiance = (50 - 0.2 * zenith + numbers.normal(0, 4, zenith.shape)).astype(np.float32)
    given = {}
    for name, values in (("RADIANCE", radiance), ("ZENITH", zenith)):
        given[name] = str(tmp_path / f"{name.lower()}.tif")
        with RasterWriter(name, given[name], grid, [f"2021-{1 + n // 28:02d}-{1 + n % 28:02d}" for n in range(NIGHTS)],
                          "float32", np.nan) as writer:
            writer.write(values, Window(0, 0, SIDE, SIDE))
    return given


def outputs_in(folder):
    return {name: str(folder / file) for name, file in NAMES.items()}


def begin(stacks, folder, profile):
    given = {**stacks, **outputs_in(folder), "DEVICE": "cpu"}
    environment = {key: value for key, value in os.environ.items() if key != "QGIS_PLUGINPATH"}
    return subprocess.Popen(
        [str(ROOT / "scripts" / "qgis_process"), "run", "nocturne:angulareffects", "--",
         *(f"{name}={value}" for name, value in given.items())],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**environment, "QGIS_CUSTOM_CONFIG_PATH": str(profile)})


def staged(folder):
    return list(folder.glob(".nocturne-*"))


def contents(folder):
    return {name: (folder / name).read_bytes() if (folder / name).exists() else None for name in NAMES.values()}


def test_killed_runs_leave_no_half_output_and_the_next_one_tidies_up(qgis_process, stacks, tmp_path):
    moments = random.Random(7)
    profile = qgis_process._profile
    whole = tmp_path / "whole"
    whole.mkdir()
    start = time.monotonic()
    assert qgis_process("nocturne:angulareffects", **stacks, **outputs_in(whole), DEVICE="cpu").code == 0
    seconds = time.monotonic() - start
    complete = contents(whole)
    empty, earlier = tmp_path / "empty", tmp_path / "earlier"
    for folder in (empty, earlier):
        folder.mkdir()
    for name in NAMES.values():
        (earlier / name).write_bytes(b"an earlier output")
    abandoned = 0
    for kill in range(KILLS):
        folder = (empty, earlier)[kill % 2]
        before = contents(folder)
        left = set(staged(folder))
        process = begin(stacks, folder, profile)
        try:
            if kill < KILLS // 2:  # while outputs are being written
                while set(staged(folder)) <= left and process.poll() is None:
                    time.sleep(0.005)
                time.sleep(moments.uniform(0, 0.15) * seconds * (kill > 1))
            else:
                time.sleep(moments.uniform(0.2, 1) * seconds)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        abandoned += bool(staged(folder))
        for name, content in contents(folder).items():
            assert content in (before[name], complete[name]), name
    assert abandoned
    for folder in (empty, earlier):
        assert qgis_process("nocturne:angulareffects", **stacks, **outputs_in(folder), DEVICE="cpu").code == 0
        assert contents(folder) == complete
        assert staged(folder) == []
