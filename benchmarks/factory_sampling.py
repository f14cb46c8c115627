"""Sampling of factories: seconds and memory for a province of light in a GeoTIFF and many factories.

python benchmarks/factory_sampling.py [factories] [months] [cells on a side]
"""
from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.industry.factories import ALWAYS, Factories
from nocturne.algorithms.industry.monthly_light import RasterLight
from nocturne.algorithms.industry.months import first_day
from nocturne.algorithms.industry.samples import statistics_blocks
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import SamplingSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid, RasterInput, RasterWriter
from nocturne.algorithms.settings import Resources

FIRST_MONTH = 12 * 2014


def write_light(path: Path, grid: Grid, months: int, numbers: np.random.Generator) -> None:
    base = numbers.gamma(0.5, 15, (grid.height, grid.width)).astype(np.float32)
    whole = Window(0, 0, grid.width, grid.height)
    days = [first_day(FIRST_MONTH + month).isoformat() for month in range(months)]
    with RasterWriter("RADIANCE", str(path), grid, days, "float32", np.nan) as writer:
        for month in range(months):
            values = base * numbers.normal(1, 0.1, base.shape).astype(np.float32)
            values[numbers.random(base.shape) < 0.1] = np.nan
            writer.write(values[None], whole, [month + 1])


def made_up(count: int, grid: Grid, numbers: np.random.Generator) -> Factories:
    """Half of them in parks, a fifth opened or closed meanwhile."""
    left, bottom, right, top = grid.bounds
    parks = numbers.uniform((left, bottom), (right, top), (200, 2))
    places = numbers.uniform((left, bottom), (right, top), (count, 2))
    places[::2] = parks[numbers.integers(len(parks), size=len(places[::2]))] + numbers.normal(
        0, 1500, (len(places[::2]), 2))
    places = np.clip(places, (left, bottom + 1), (right - 1, top))
    opened, closed = np.full(count, ALWAYS[0], np.int32), np.full(count, ALWAYS[1], np.int32)
    opened[::5] = FIRST_MONTH + numbers.integers(0, 60, len(opened[::5]))
    return Factories(tuple(map(str, range(count))), places[:, 0], places[:, 1], opened, closed,
                     np.arange(count, dtype=np.int32))


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(count: int, months: int, cells: int) -> None:
    numbers = np.random.default_rng(1)
    grid = Grid(CRS.from_epsg(32651), Affine(500, 0, 300_000, 0, -500, 3_700_000), cells, cells)
    factories = made_up(count, grid, numbers)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "light.tif"
        write_light(path, grid, months, numbers)
        resources, settings = Resources(max_memory=2048, threads=2), SamplingSettings()
        before, start, busy = peak(), time.perf_counter(), time.process_time()
        light = RasterLight(RasterInput("RADIANCE", str(path)), None, settings)
        samples = sample_factories(factories, light, Surroundings(), settings, resources, Progress())
        sampled = time.perf_counter()
        rows = sum(block.shape[0] * block.shape[1] for _, block in statistics_blocks(samples, resources, Progress()))
        done, busy = time.perf_counter(), time.process_time() - busy
    print(f"{count} factories x {months} months on {cells} x {cells} cells: sampled in {sampled - start:.1f} s, "
          f"statistics of all {rows} in {done - sampled:.1f} s, together {done - start:.1f} s "
          f"({busy:.1f} s of processor time on 2 threads); "
          f"{samples.light.nbytes / 2**20:.0f} MiB of light, peak {peak():.2f} GiB ({before:.2f} before)")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*(given + [100_000, 96, 1000][len(given):]))
