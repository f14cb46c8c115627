"""Times of the urban centres on 2400 x 2400 cells and 19 levels, against contours nested by a spatial index.

Prints ratios measured in one run: python benchmarks/urban_centres.py
and how the times grow from 1200 x 1200 to 9600 x 9600 cells: python benchmarks/urban_centres.py growth
The field is Shanghai's annual lights of 2020, tiled, where the shared data is there, else seeded blobs.
"""
from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable

import numpy as np
import rasterio
import shapely
from affine import Affine
from contourpy import FillType, contour_generator

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.night_lights.contour_tree import level_nodes
from nocturne.algorithms.night_lights.settings import UrbanCentresSettings
from nocturne.algorithms.night_lights.smoothing import mean_filter
from nocturne.algorithms.night_lights.urban_centres import centres_of_field
from nocturne.algorithms.rasters import Grid
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS
from scipy import ndimage

SHANGHAI = (Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "viirs-annual-shanghai"
            / "ntl_shanghai_viirs_2020.tif")
SIDE, LEVELS, REPEATS = 2400, [36.0 + 2 * k for k in range(19)], 3
SIDES = (1200, 2400, 4800, 9600)
PYTHON_WITH_GDAL = "/usr/bin/python3"
NESTING = "STRtree on GDAL's rings"


def radiance(side: int = SIDE) -> tuple[str, np.ndarray]:
    if SHANGHAI.exists():
        with rasterio.open(SHANGHAI) as dataset:
            tile = dataset.read(1)
        return "Shanghai 2020, tiled", np.tile(tile, [-(-side // each) for each in tile.shape])[:side, :side]
    noise = np.random.default_rng(1).gamma(0.02, 1, (side, side))
    blobs = ndimage.gaussian_filter(noise, 4)
    return "seeded blobs", (blobs / np.quantile(blobs, 0.95) * 36).astype(np.float32)


def best(functions: dict[str, Callable]) -> tuple[dict[str, float], dict[str, Any]]:
    """The shortest of REPEATS runs of each in seconds, one after the other in every round, and the results."""
    times, results = dict.fromkeys(functions, np.inf), {}
    for _ in range(REPEATS):
        for name, function in functions.items():
            start = time.perf_counter()
            results[name] = function()
            times[name] = min(times[name], time.perf_counter() - start)
    return times, results


def nested_contours(field: np.ndarray) -> int:
    """Every contour polygon of every level, its parent looked up among those of the level below."""
    generator = contour_generator(z=field, name="serial", fill_type=FillType.ChunkCombinedOffsetOffset)
    lower, nested = None, 0
    for level in LEVELS:
        points, rings, polygons = (chunk[0] for chunk in generator.filled(level, 1e9))
        indices = np.repeat(np.arange(len(rings) - 1), np.diff(rings.astype(int)))
        owners = np.repeat(np.arange(len(polygons) - 1), np.diff(polygons.astype(int)))
        shapes = shapely.polygons(shapely.linearrings(points, indices=indices), indices=owners)
        if lower is not None:
            inside, _ = shapely.STRtree(lower).query(shapely.point_on_surface(shapes), predicate="within")
            nested += len(inside)
        lower = shapes
    return nested


def gdal_rings(field: np.ndarray) -> tuple[float, np.ndarray, list[bytes]]:
    """GDAL's closed contours: seconds to make them and to hand them over as WKB; their levels; the WKB."""
    with tempfile.TemporaryDirectory() as folder:
        path, lines = f"{folder}/field.tif", f"{folder}/lines.txt"
        with rasterio.open(path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="float32",
                           transform=Affine(1, 0, 0, 0, -1, SIDE)) as dataset:
            dataset.write(field, 1)
        script = Path(__file__).with_name("gdal_contours.py")
        seconds = subprocess.run([PYTHON_WITH_GDAL, script, path, lines, *map(str, LEVELS)], check=True,
                                 capture_output=True, text=True).stdout
        found = [line.split() for line in Path(lines).read_text().splitlines()]
    return float(seconds), np.array([float(level) for level, _ in found]), [bytes.fromhex(ring) for _, ring in found]


def nested_rings(levels: np.ndarray, rings: list[bytes]) -> int:
    """Every ring's parent looked up among those of the level below."""
    points, indices = shapely.get_coordinates(shapely.from_wkb(rings), return_index=True)
    shapes, nested = shapely.polygons(shapely.linearrings(points, indices=indices)), 0
    for lower, level in zip(LEVELS, LEVELS[1:]):
        inside, _ = shapely.STRtree(shapes[levels == lower]).query(
            shapely.point_on_surface(shapes[levels == level]), predicate="within")
        nested += len(inside)
    return nested


def made(side: int) -> tuple[str, Grid, np.ndarray, np.ndarray]:
    """Name, grid, radiance and smoothed field with exactly the LEVELS."""
    name, raw = radiance(side)
    grid = Grid(CRS.from_epsg(32651), Affine(500, 0, -100_000, 0, -500, 4_000_000), side, side)
    return name, grid, raw, np.minimum(mean_filter(raw, 3), np.float32(LEVELS[-1] + 1))


def nodes_per_level(field: np.ndarray) -> list[int]:
    return [nodes.count for nodes in level_nodes(field, LEVELS)]


def everything(field: np.ndarray, grid: Grid, outline: str = "isoline") -> Any:
    return centres_of_field(field, grid, UrbanCentresSettings(outline=outline), Resources(max_memory=8192))


def growth() -> None:
    """Times over those of the smallest field, over its share of the cells."""
    first: dict[str, float] = {}
    for side in SIDES:
        name, grid, _, field = made(side)
        times, found = best({"labels and tree": partial(nodes_per_level, field),
                             "all, iso-contours": partial(everything, field, grid)})
        first = first or times
        print(f"{name}, {side} x {side} cells, {sum(found['labels and tree'])} nodes: " + ", ".join(
            f"{what} {seconds:.2f} s ({seconds / first[what] * (SIDES[0] / side) ** 2:.2f} x per cell)"
            for what, seconds in times.items()))


def main() -> None:
    name, grid, raw, field = made(SIDE)
    runs = [gdal_rings(field) for _ in range(REPEATS)]
    _, levels, rings = runs[0]
    times, found = best({
        "mean filter": lambda: mean_filter(raw, 3), "labels and tree": partial(nodes_per_level, field),
        "all, iso-contours": partial(everything, field, grid),
        "all, cell edges": partial(everything, field, grid, "pixels"),
        "contourpy + STRtree": partial(nested_contours, field), NESTING: partial(nested_rings, levels, rings)})
    times["GDAL + STRtree"] = times.pop(NESTING) + min(seconds for seconds, _, _ in runs)
    for outline in ("all, iso-contours", "all, cell edges"):
        print(f"{name}, {outline}: {found[outline].root_count} roots, {found[outline].centre_count} centres, "
              f"{len(found[outline].tree)} nodes in the simplified tree")
    counts = found["labels and tree"]
    print(f"{SIDE} x {SIDE} cells, {len(counts)} levels, {sum(counts)} nodes; the baselines nest "
          f"{found['contourpy + STRtree']} polygons and {found[NESTING]} rings, without areas, smallest area and "
          "merged runs")
    for what, seconds in times.items():
        ours = [f"{seconds / times[each]:.1f} x {each}" for each in ("labels and tree", "all, iso-contours")]
        print(f"{what:22} {seconds:6.2f} s{'   ' + ', '.join(ours) if 'STRtree' in what else ''}")


if __name__ == "__main__":
    growth() if sys.argv[1:] == ["growth"] else main()
