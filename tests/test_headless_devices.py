"""DEVICE through the real qgis_process."""
from __future__ import annotations

import pytest
import rasterio
from nocturne.tests.test_headless_bad_input import assert_refused, out, write_stack  # noqa: F401


@pytest.fixture
def stacks(tmp_path):
    radiance, zenith = write_stack(tmp_path / "radiance.tif"), write_stack(tmp_path / "zenith.tif")
    return {"RADIANCE": radiance, "ZENITH": zenith}


@pytest.mark.parametrize(("device", "phrase"), [
    ("gpu", "give auto, cpu, mps, cuda or cuda:N"), ("cuda:97", "choose auto or cpu"), ("mps", "choose auto or cpu")])
def test_a_device_that_is_not_there_is_one_sentence(qgis_process, stacks, out, device, phrase):  # noqa: F811
    run = qgis_process("nocturne:angulareffects", CLASSES=out / "earlier.tif", DEVICE=device, **stacks)
    assert_refused(run, out, "DEVICE", f"'{device}'", phrase)


def test_the_cpu_gives_what_auto_gives(qgis_process, stacks, tmp_path):
    found = {}
    for device in ("auto", "cpu"):
        path = tmp_path / f"{device}.tif"
        run = qgis_process("nocturne:angulareffects", CLASSES=path, DEVICE=device, **stacks)
        assert run.code == 0, run.stderr
        with rasterio.open(path) as raster:
            found[device] = raster.read(1)
    assert (found["auto"] == found["cpu"]).all()
