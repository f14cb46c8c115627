"""GeoCLIP's location encoder here against the package's own class, in one run.

Prints seconds of the processor on one thread and their ratio for 100,000 places:
python benchmarks/location_encoding.py [places]
"""
from __future__ import annotations

import importlib
import importlib.util
import sys
import time
import types
from pathlib import Path
from typing import Callable

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.air_quality.locations import encode_places, load_encoder
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources

SITE_DAYS = 20  # rows of one place in a table of site-days


def own_class() -> torch.nn.Module:
    """The package's encoder, imported without the rest of the package, which needs more libraries."""
    spec = importlib.util.find_spec("geoclip")
    if spec is None or spec.origin is None:
        sys.exit("Install geoclip: pip install --no-deps geoclip")
    for name in ("geoclip", "geoclip.model"):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(spec.origin).parent.parent / name.replace(".", "/"))]
        sys.modules[name] = package
    encoder: torch.nn.Module = importlib.import_module("geoclip.model.location_encoder").LocationEncoder()
    return encoder.eval()


def seconds(work: Callable[[], NDArray[np.float32]]) -> tuple[float, NDArray[np.float32]]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main(count: int) -> None:
    torch.set_num_threads(1)
    one_thread = Resources(threads=1)
    numbers = np.random.default_rng(1)
    latitude, longitude = numbers.uniform(-85, 85, count), numbers.uniform(-180, 180, count)
    ours, theirs = load_encoder("geoclip", ""), own_class()
    given = torch.from_numpy(np.column_stack((latitude, longitude))).float()
    with torch.inference_mode():
        theirs(given[:1000])
        package, expected = seconds(lambda: theirs(given).numpy())
    here, found = seconds(lambda: encode_places(ours, longitude, latitude, one_thread, Progress()))
    print(f"{count} different places: package {package:.1f} s, here {here:.1f} s, {package / here:.2f} times faster, "
          f"largest difference {np.abs(found - expected).max():.1e}")
    few = np.arange(count) // SITE_DAYS
    again, _ = seconds(lambda: encode_places(ours, longitude[few], latitude[few], one_thread, Progress()))
    print(f"{count} rows, {SITE_DAYS} of each place: here {again:.1f} s, {package / again:.1f} times faster")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
