"""Times angular effects straight from files against inflating the same chunks with isal on the same threads.

60 nights of one full 2400 x 2400 tile with dense values (simulated land), and a 200 x 200 window of 730 nights in files
that are filled outside the window. Prints ratios and peak memory: python benchmarks/file_angular_effects.py [folder]
"""
from __future__ import annotations

import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from isal import isal_zlib
from nocturne.algorithms.night_lights.angular_effects import WindowFit
from nocturne.algorithms.night_lights.black_marble.series import open_series
from nocturne.algorithms.night_lights.file_angular_effects import classify_files
from nocturne.algorithms.night_lights.night_sources import FileNights
from nocturne.algorithms.night_lights.settings import FileAngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.black_marble_files import CONFIDENT_CLEAR, write_granule

LAYERS = {"VNP46A2": ("DNB_BRDF-Corrected_NTL", "Mandatory_Quality_Flag", "QF_Cloud_Mask", "Snow_Flag"),
          "VNP46A1": ("Sensor_Zenith",)}
RESOURCES = Resources(threads=2)
FIRST = date(2018, 1, 1)
TILE = (10, 5)
STORAGE = {"compression_opts": 1}
REPEATS = 4


def write_nights(folder: Path, nights: int, window: tuple[int, int, int] | None) -> None:
    """window: row, column and side of what isn't fill; None fills the tile."""
    numbers = np.random.default_rng(7)
    row, column, side = window or (0, 0, 2400)
    light = numbers.lognormal(2.5, 1, (side, side))
    for night in range(nights):
        day = FIRST + timedelta(night)
        radiance = np.clip(10 * light * (1 + 0.15 * numbers.standard_normal((side, side))), 0, 65000).astype("u2")
        cloud = np.where(numbers.random((side, side)) < 0.6, CONFIDENT_CLEAR, CONFIDENT_CLEAR | 0b11 << 6).astype("u2")
        angle = np.broadcast_to(np.linspace(-150, 150, side) + numbers.uniform(200, 6500), (side, side)).astype("i2")
        zeros = np.zeros((side, side), "u1")

        def patch(values, fill=255):
            return fill, row, column, values

        write_granule(str(folder), "VNP46A2", 1, TILE, day, {
            "DNB_BRDF-Corrected_NTL": patch(radiance, 65535), "Mandatory_Quality_Flag": patch(zeros),
            "QF_Cloud_Mask": patch(cloud, 65535), "Snow_Flag": patch(zeros)}, storage=STORAGE)
        write_granule(str(folder), "VNP46A1", 1, TILE, day, {"Sensor_Zenith": patch(angle, -32768)}, storage=STORAGE)


def chunks_of(folder: Path) -> list[tuple[Path, int, int]]:
    """Path, place and size of every deflated chunk of the data sets that are read."""
    import h5py

    found = []
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            fields = file["HDFEOS/GRIDS/VNP_Grid_DNB/Data Fields"]
            for layer in LAYERS[path.name[:7]]:
                places = fields[layer].id
                found += [(path, info.byte_offset, info.size)
                          for info in map(places.get_chunk_info, range(places.get_num_chunks()))]
    return found


def seconds_to_inflate(folder: Path) -> float:
    def inflate(chunks):
        with open(chunks[0][0], "rb") as file:
            for _, place, size in chunks:
                file.seek(place)
                isal_zlib.decompress(file.read(size))

    by_file: dict[Path, list] = {}
    for chunk in chunks_of(folder):
        by_file.setdefault(chunk[0], []).append(chunk)
    start = time.perf_counter()
    with ThreadPoolExecutor(RESOURCES.threads) as pool:
        list(pool.map(inflate, by_file.values()))
    return time.perf_counter() - start


def seconds_to_stream(folder: Path, settings: FileAngularEffectsSettings) -> float:
    """Inflating, decoding and adding to the sums, without fitting and writing."""
    start = time.perf_counter()
    source = FileNights(open_series(str(folder), settings, True, RESOURCES, Progress()))
    fit = WindowFit(source, settings, RESOURCES, Progress())
    with ThreadPoolExecutor(RESOURCES.threads) as pool:
        list(pool.map(lambda window: fit._sums(window)[0].shape, fit._plan.windows))
    return time.perf_counter() - start


def seconds_in_all(folder: Path, output: Path, settings: FileAngularEffectsSettings) -> float:
    start = time.perf_counter()
    classify_files(str(folder), str(output / "classes.tif"), str(output / "statistics.tif"), settings, RESOURCES,
                   Progress())
    return time.perf_counter() - start


def main(folder: Path) -> None:
    tile, window = folder / "tile", folder / "window"
    for path, nights, patch in ((tile, 60, None), (window, 730, (900, 1100, 200))):
        if not path.exists():
            path.mkdir(parents=True)
            write_nights(path, nights, patch)
    whole = FileAngularEffectsSettings()
    seconds_in_all(window, folder, FileAngularEffectsSettings(end=FIRST + timedelta(9), min_observations=5))  # compiles
    times = [(seconds_to_inflate(tile), seconds_to_stream(tile, whole), seconds_in_all(tile, folder, whole))
             for _ in range(REPEATS)]
    inflate, stream, everything = (min(each) for each in zip(*times))
    print(f"60 nights of a full tile, {RESOURCES.threads} threads")
    print(f"  inflating the chunks with isal     {inflate:6.2f} s")
    print(f"  inflate, decode, sums              {stream:6.2f} s   {stream / inflate:.2f} times")
    print(f"  all, CLASSES and STATISTICS written{everything:6.2f} s   {everything / inflate:.2f} times")
    west, north = -180 + 10 * TILE[0] + 1100 / 240, 90 - 10 * TILE[1] - 900 / 240
    extent = (west, north - 200 / 240, west + 200 / 240, north)
    print(f"730 nights of a 200 x 200 window     "
          f"{seconds_in_all(window, folder, FileAngularEffectsSettings(extent=extent)):6.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"peak resident memory, libraries included {peak:.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
