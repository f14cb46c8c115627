"""Times of the urban centres on 2400 x 2400 cells and 19 levels, against contours nested by a spatial index.

Prints ratios measured in one run: python benchmarks/urban_centres.py
The field is Shanghai's annual lights of 2020, tiled, where the shared data is there, else seeded blobs.
"""
from __future__ import annotations

import sys
import time
from pathlib import Path

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


def radiance() -> tuple[str, np.ndarray]:
    if SHANGHAI.exists():
        with rasterio.open(SHANGHAI) as dataset:
            tile = dataset.read(1)
        return "Shanghai 2020, tiled", np.tile(tile, (10, 9))[:SIDE, :SIDE]
    noise = np.random.default_rng(1).gamma(0.02, 1, (SIDE, SIDE))
    blobs = ndimage.gaussian_filter(noise, 4)
    return "seeded blobs", (blobs / np.quantile(blobs, 0.95) * 36).astype(np.float32)


def best(function) -> tuple[float, object]:
    """The shortest of REPEATS runs in seconds, and the result."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


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


def main() -> None:
    name, raw = radiance()
    grid = Grid(CRS.from_epsg(32651), Affine(500, 0, -100_000, 0, -500, 4_000_000), SIDE, SIDE)
    smoothing, field = best(lambda: mean_filter(raw, 3))
    top = np.float32(LEVELS[-1] + 1)
    field = np.minimum(field, top)  # exactly these levels
    topology, counts = best(lambda: [nodes.count for nodes in level_nodes(field, LEVELS)])
    times = {}
    for outline in ("isoline", "pixels"):
        settings = UrbanCentresSettings(outline=outline)
        times[outline], found = best(lambda settings=settings: centres_of_field(field, grid, settings, Resources()))
        print(f"{name}, {outline}: {found.root_count} roots, {found.centre_count} centres, {len(found.tree)} nodes in "
              "the simplified tree")
    baseline, nested = best(lambda: nested_contours(field))
    print(f"{SIDE} x {SIDE} cells, {len(counts)} levels, {sum(counts)} nodes; baseline nests {nested} polygons")
    print(f"mean filter            {smoothing:6.2f} s")
    print(f"labels and tree        {topology:6.2f} s")
    print(f"all, iso-contours      {times['isoline']:6.2f} s   (goal: 2.5 s)")
    print(f"all, cell edges        {times['pixels']:6.2f} s")
    print(f"contours + STRtree     {baseline:6.2f} s   (nesting only: no areas, no smallest area, no merged runs); "
          f"{baseline / topology:.1f} x labels and tree, {baseline / times['isoline']:.1f} x all, iso-contours")


if __name__ == "__main__":
    main()
