"""Times the angular fit against one pass of np.sum over the same arrays and against a loop of scipy and numpy calls.

400 nights of 512 x 512 pixels, float32 radiance and zenith, uint8 mask, 35 % of the nights masked; full result (classes
and 14 statistics). Prints ratios measured in one run: python benchmarks/angular_kernel.py [threads]
"""
from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from scipy.stats import linregress

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.execution import run_blocks
from nocturne.algorithms.night_lights import angular_fit, angular_kernel
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.settings import Resources

NIGHTS, SIDE, ROWS, LOOP_SIDE, REPEATS = 400, 512, 32, 32, 7


def main(threads: int) -> None:
    numbers = np.random.default_rng(1)
    zenith = numbers.uniform(0, 60, (NIGHTS, SIDE, SIDE)).astype(np.float32)
    radiance = (50 - 0.2 * zenith + numbers.normal(0, 8, zenith.shape)).astype(np.float32)
    mask = (numbers.random(zenith.shape) < 0.65).astype(np.uint8)
    radiance[mask == 0] = np.nan
    blocks = [tuple(np.ascontiguousarray(array[:, row:row + ROWS]) for array in (radiance, zenith, mask))
              for row in range(0, SIDE, ROWS)]
    settings, resources = AngularEffectsSettings(), Resources(threads=threads)
    thresholds = angular_fit.Thresholds(NIGHTS, settings)

    def fit(block):
        sums, references = angular_fit.empty_sums(ROWS, SIDE)
        angular_kernel.add_nights(*block, 60.0, sums, references)
        middle = time.perf_counter()
        angular_kernel.fit_block(sums, references, thresholds, settings)
        return time.perf_counter() - middle

    list(run_blocks(fit, blocks[:1], resources))  # compiles
    sums, kernels, fits = [], [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        radiance.sum(), zenith.sum(), mask.reshape(-1).view(np.uint64).sum()
        sums.append(time.perf_counter() - start)
        start = time.perf_counter()
        fits.append(sum(run_blocks(fit, blocks, resources)) / threads)
        kernels.append(time.perf_counter() - start)
    loop = scipy_loop(radiance, zenith, mask)
    read, kernel = min(sums), min(kernels)
    print(f"np.sum over the three arrays     {read:8.3f} s")
    print(f"kernel, full result, {threads} threads  {kernel:8.3f} s (median {np.median(kernels):.3f} s), of which "
          f"coefficients and p-values {min(fits):.3f} s")
    print(f"scipy and numpy loop             {loop:8.1f} s (from {LOOP_SIDE} x {LOOP_SIDE} pixels)")
    print(f"kernel over np.sum               {kernel / read:8.2f}")
    print(f"loop over kernel                 {loop / kernel:8.0f}")


def scipy_loop(radiance, zenith, mask) -> float:
    """Seconds that linregress and polyfit would take for all pixels."""
    start = time.perf_counter()
    for row in range(LOOP_SIDE):
        for column in range(LOOP_SIDE):
            valid = mask[:, row, column] != 0
            linregress(zenith[valid, row, column], radiance[valid, row, column])
            np.polyfit(zenith[valid, row, column], radiance[valid, row, column], 2)
    return (time.perf_counter() - start) * (SIDE / LOOP_SIDE) ** 2


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
