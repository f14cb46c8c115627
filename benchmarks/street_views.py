"""Throughput of encoding files beside that of the bare encoder on decoded pictures.

python -m nocturne.benchmarks.street_views [--published] [--pictures 256] [--threads 2]
Goal: at least 90 % of the bare encoder. Processor time is shown too, because it doesn't depend on other programs.
"""
from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from nocturne.algorithms.districts.pictures import View
from nocturne.algorithms.districts.street_views import TOGETHER, encode_views
from nocturne.algorithms.execution import torch_threads
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.street_pictures import draw_any_street
from nocturne.models.street_view_encoder import PUBLISHED, StreetViewEncoder, ViewShape
from PIL import Image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", action="store_true")
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=512)
    given = parser.parse_args()
    shape = PUBLISHED if given.published else ViewShape()
    encoder = StreetViewEncoder(shape).eval()
    resources = Resources(threads=given.threads, device="cpu")
    numbers = np.random.default_rng(1)
    ready = torch.from_numpy(numbers.integers(0, 256, (TOGETHER, 3, shape.image, shape.image), dtype=np.uint8))

    def bare() -> None:
        with torch_threads(resources), torch.inference_mode():
            for _ in range(given.pictures // TOGETHER):
                encoder.vectors(ready)

    with tempfile.TemporaryDirectory() as folder:
        drawn = [Image.fromarray(draw_any_street(given.side, numbers)) for _ in range(8)]
        for index in range(given.pictures):
            drawn[index % 8].save(Path(folder) / f"{index}.jpg", quality=88)
        views = [View(Path(folder) / f"{index}.jpg") for index in range(given.pictures)]
        rounds = []
        for _ in range(given.rounds):
            pair = [timed(bare), timed(lambda: encode_views(views, encoder, resources, Progress()))]
            rounds.append(pair)
            for title, (wall, cpu) in zip(("bare encoder", "files"), pair):
                print(f"{title:13} {given.pictures / wall:8.1f} pictures/s, {1000 * cpu / given.pictures:6.2f} ms of "
                      "processor time each")
        wall, cpu = (np.median([first[kind] / second[kind] for first, second in rounds]) for kind in (0, 1))
        print(f"share of the bare encoder's throughput, median of {given.rounds} rounds: {wall:.3f}; by processor time "
              f"{cpu:.3f}")


def timed(function: object) -> tuple[float, float]:
    start, cpu = time.perf_counter(), time.process_time()
    function()  # type: ignore[operator]
    return time.perf_counter() - start, time.process_time() - cpu


if __name__ == "__main__":
    main()
