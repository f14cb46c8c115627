"""Speed of PM2.5: windows of a million site-days, and estimates of the published network over the machine's own rate.

python -m nocturne.benchmarks.pm25_speed [--threads 1]
"""
from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import torch
from nocturne.algorithms.air_quality.location_features import site_encoder
from nocturne.algorithms.air_quality.network import (
    ESTIMATE_BATCH,
    RECIPES,
    Network,
    Samples,
    build_network,
    train_network,
)
from nocturne.algorithms.air_quality.scaling import Scaler
from nocturne.algorithms.air_quality.settings import Pm25Settings
from nocturne.algorithms.air_quality.site_days import SiteDays
from nocturne.algorithms.air_quality.windows import make_windows
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks.airpred import read_airpred

DAYS, SITES, FEATURES = 1000, 1000, 20
WINDOWS = 4096  # that the network estimates
LARGE, PRODUCTS = 2048, 10  # side of the matrices whose product is timed, and how often it is taken


def best(function: Callable[[], object], runs: int = 3) -> float:
    """Seconds of the processor on all threads, which other work on the machine disturbs less than the clock."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def site_days() -> SiteDays:
    generator = np.random.default_rng(1)
    rows = SITES * DAYS
    values = generator.standard_normal((rows, FEATURES), dtype=np.float32)
    values[generator.random(rows) < 0.02] = np.nan
    return SiteDays(np.repeat(np.arange(SITES, dtype=np.int32), DAYS),
                    np.tile(np.arange(DAYS, dtype=np.int32) + 737_000, SITES), generator.uniform(-120, -70, SITES),
                    generator.uniform(30, 45, SITES), values, np.ones(rows, np.float32),
                    tuple(map(str, range(FEATURES))), tuple(map(str, range(SITES))))


def multiplications(features: int, steps: int) -> float:
    """Floating-point operations of the published network for one window, by its matrix products."""
    recipe, total, inputs = RECIPES["published"], 0.0, features
    for width in recipe.widths:
        total += steps * 2 * 2 * 4 * width * (inputs + width)  # two directions, four gates
        inputs = 2 * width
    total += steps * 2 * inputs * inputs + 2 * 2 * inputs * recipe.attention
    return total


def member_seconds() -> tuple[float, float]:
    """By the clock and of the processor: training one network of the default on airpred."""
    given = read_airpred()
    windows = make_windows(given, given.measured, 10, 1)
    places = site_encoder("harmonics_siren", "", Resources(threads=1))(given.longitude, given.latitude)
    samples = Samples(Scaler.fit(given.values).apply(given.values), windows,
                      places[given.site[windows.target]])
    clock, processor = time.perf_counter(), time.process_time()
    train_network(samples, given.target[windows.target], np.arange(len(windows.target)),
                  given.place()[windows.target], RECIPES["default"], 0, "concatenate", True, 1, torch.device("cpu"),
                  Progress())
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    settings = Pm25Settings(configuration="published")
    given = site_days()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = best(lambda: make_windows(given, given.measured, settings.window, settings.min_days), 1)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"windows of {len(given.site):,} site-days: {seconds:.1f} s of the processor, {memory:.0f} MiB more")
    clock, processor = member_seconds()
    print(f"one network of the default on airpred: {clock:.0f} s, {processor:.0f} s of the processor")
    rows = np.arange(settings.window - 1, settings.window - 1 + 4 * WINDOWS, 4)
    full = make_windows(given, rows, settings.window, settings.min_days)
    torch.manual_seed(1)
    module = build_network(RECIPES["published"], FEATURES, 0, "hadamard", False)
    network = Network(module, 0.0, 1.0)
    samples = Samples(np.nan_to_num(given.values), full, None)
    complete = np.flatnonzero((full.rows >= 0).all(axis=1))
    one, other = torch.rand(LARGE, LARGE), torch.rand(LARGE, LARGE)
    device, every = torch.device("cpu"), np.arange(len(full.target))
    flop = multiplications(FEATURES + 2, settings.window)
    network.estimate(samples, every[:ESTIMATE_BATCH], device, Progress())
    rates: dict[str, list[float]] = {"matrix product": [], "complete windows": [], "all, a third short": []}
    for _ in range(3):  # in turn, because the machine may have other work
        rates["matrix product"].append(2 * PRODUCTS * LARGE**3
                                       / best(lambda: [one @ other for _ in range(PRODUCTS)], 1))
        for name, numbers in (("complete windows", complete), ("all, a third short", every)):
            rates[name].append(flop * len(numbers) / best(
                lambda chosen=numbers: network.estimate(samples, chosen, device, Progress()), 1))
    print(f"published network: {flop / 1e6:.0f} MFLOP a window, batches of {ESTIMATE_BATCH}")
    for name, each in rates.items():
        print(f"{name:20} {max(each) / 1e9:6.1f} GFLOP/s  {max(each) / max(rates['matrix product']):.2f} of the matrix "
              "product's")


if __name__ == "__main__":
    main()
