"""Outlines of contour-tree nodes, iso-contours or cell edges, and their areas."""
from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import shapely
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from rasterio.features import shapes

from ..progress import Progress
from ..resampling import CoordinateLattice
from .contour_tree import LevelNodes

DECIMALS = 6  # of a cell: where a contour runs through a cell centre, its points then coincide
POLL = 500  # polygons between two looks at whether the run is cancelled
CHUNK = 65_536  # points whose coordinates are computed in one go


@dataclass(frozen=True)
class Outlines:
    """The polygons of all nodes of one level.

    points: columns and rows from the upper left corner of the grid, cell centres at one half, shape (points, 2).
    ring_starts: first point of each closed ring, and the end. polygon_starts: first ring of each polygon, which is its
    outer one, and the end. nodes: the node of each polygon; a node whose outline encloses nothing has none.
    """

    points: NDArray[np.float64]
    ring_starts: NDArray[np.intp]
    polygon_starts: NDArray[np.intp]
    nodes: NDArray[np.intp]

    @property
    def ring_polygons(self) -> NDArray[np.intp]:
        return np.repeat(np.arange(len(self.nodes)), np.diff(self.polygon_starts))

    def of_polygons(self, chosen: NDArray[np.bool_]) -> Outlines:
        """The outlines of some of the polygons."""
        return self.of_rings(chosen[self.ring_polygons])

    def of_rings(self, chosen: NDArray[np.bool_]) -> Outlines:
        """Some of the rings; a polygon goes with its outer one."""
        sizes, polygons = np.diff(self.ring_starts), self.ring_polygons
        outer = chosen[self.polygon_starts[:-1]]
        chosen = chosen & outer[polygons]
        return Outlines(self.points[np.repeat(chosen, sizes)], starts_of(sizes[chosen]),
                        starts_of(np.bincount(polygons[chosen], minlength=len(self.nodes))[outer]), self.nodes[outer])


def starts_of(sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where parts of these sizes start in a row, and the end."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)


NOTHING = Outlines(np.empty((0, 2)), np.zeros(1, np.intp), np.zeros(1, np.intp), np.empty(0, np.intp))


class Contours:
    """contourpy over the field of a level. It copies what it is given, so levels of the same field share one."""

    def __init__(self) -> None:
        self._field: NDArray[np.float32] | None = None
        self._generator: Any = None

    def of(self, field: NDArray[np.float32]) -> Any:
        if field is not self._field:
            self._generator = None  # frees its copy before another is made
            self._generator = contour_generator(z=field, name="serial", corner_mask=True,
                                                fill_type=FillType.ChunkCombinedOffsetOffset)
            self._field = field
        return self._generator


def trace_isolines(nodes: LevelNodes, level: float, contours: Contours) -> Outlines:
    """Contours at the level, linear between cell centres, that end at the centre lines of the last valid cells.

    Where a quad of cell centres is a saddle, its mean decides which corners are joined.
    """
    if min(nodes.field.shape) < 2:
        return NOTHING
    generator = contours.of(nodes.field)
    # contourpy fills above a level; nodes are the cells at or above it
    below = np.nextafter(np.float64(np.float32(level)), -np.inf)
    chunks: Any = generator.filled(below, np.finfo(np.float64).max)
    points, ring_starts, polygon_starts = (chunk[0] for chunk in chunks)
    if points is None:
        return NOTHING
    ring_starts, polygon_starts = ring_starts.astype(np.intp), polygon_starts.astype(np.intp)
    owners = _owners(nodes.labels, points[ring_starts[polygon_starts[:-1]]])
    for axis, kept in enumerate((nodes.columns, nodes.rows)):
        points[:, axis] += (kept - np.arange(len(kept)) + 0.5)[points[:, axis].astype(np.intp)]
    outlines = _without_repeats(Outlines(np.round(points, DECIMALS, out=points), ring_starts, polygon_starts, owners))
    return outlines.of_rings(np.diff(outlines.ring_starts) > 3)


def _without_repeats(outlines: Outlines) -> Outlines:
    """Without points that equal the point before them on their ring."""
    points, starts = outlines.points, outlines.ring_starts
    kept = np.ones(len(points), dtype=bool)
    kept[1:] = (points[1:] != points[:-1]).any(axis=1)
    kept[starts[:-1]] = True
    if kept.all():
        return outlines
    return Outlines(points[kept], starts_of(np.add.reduceat(kept, starts[:-1], dtype=np.intp)), outlines.polygon_starts,
                    outlines.nodes)


def _owners(labels: NDArray[np.int32], points: NDArray[np.float64]) -> NDArray[np.intp]:
    """The node of each contour point (column, row): every cell around it that is in a node is in the same one."""
    owners = np.zeros(len(points), dtype=np.int32)
    margin = 10.0**-DECIMALS
    places = [np.clip(place.astype(np.intp), 0, np.array(labels.shape[::-1]) - 1)
              for place in (np.floor(points - margin), np.rint(points), np.ceil(points + margin))]
    for columns in places:
        for rows in places:
            np.maximum(owners, labels[rows[:, 1], columns[:, 0]], out=owners)
    return owners.astype(np.intp) - 1


def trace_pixels(nodes: LevelNodes, progress: Progress | None = None) -> Outlines:
    """Edges of the cells of each node; parts that touch at a corner only are polygons of their own."""
    progress = progress or Progress()
    corners = array("d")
    ring_sizes, ring_counts, owners = array("q"), array("q"), array("q")
    for geometry, label in shapes(nodes.labels, mask=nodes.labels > 0, connectivity=4):
        rings = geometry["coordinates"]
        for ring in rings:
            corners.extend(chain.from_iterable(ring))
            ring_sizes.append(len(ring))
        ring_counts.append(len(rings))
        owners.append(int(label) - 1)
        if len(owners) % POLL == 0:
            progress.check()
    points = np.array(corners).reshape(-1, 2)
    for axis, kept in enumerate((nodes.columns, nodes.rows)):
        points[:, axis] = np.append(kept, kept[-1] + 1)[points[:, axis].astype(np.intp)]
    return Outlines(points, starts_of(np.array(ring_sizes)), starts_of(np.array(ring_counts)),
                    np.array(owners, dtype=np.intp))


def ring_areas(points: NDArray[np.float64], ring_starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Signed area of each closed ring, in squared units of the points."""
    if len(points) == 0:
        return np.empty(0)
    starts = ring_starts[:-1]
    local = points - np.repeat(points[starts], np.diff(ring_starts), axis=0)  # keeps small areas exact far from 0
    twice = np.zeros(len(points))
    twice[1:] = local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1]
    twice[starts] = 0
    return np.add.reduceat(twice, starts) / 2


@dataclass(frozen=True)
class NodeAreas:
    """Areas in km2, one per node: net of holes, and whether the outer rings, holes filled, reach the smallest area."""

    net: NDArray[np.float64]
    large: NDArray[np.bool_]


def node_areas(outlines: Outlines, count: int, equal_area: CoordinateLattice, min_area: float) -> NodeAreas:
    """equal_area: metres of an equal-area CRS. min_area: km2."""
    points = np.empty_like(outlines.points)
    for start in range(0, len(points), CHUNK):
        chunk = slice(start, start + CHUNK)
        points[chunk] = np.column_stack(equal_area.at(outlines.points[chunk, 0], outlines.points[chunk, 1]))
    areas = np.abs(ring_areas(points, outlines.ring_starts)) / 1e6
    outer = np.zeros(len(areas), dtype=bool)
    outer[outlines.polygon_starts[:-1]] = True
    owners = outlines.nodes[outlines.ring_polygons]
    net = np.bincount(owners, weights=np.where(outer, areas, -areas), minlength=count)
    filled = np.bincount(owners, weights=np.where(outer, areas, 0), minlength=count)
    large = filled >= min_area
    # a part that lies in the hole of another part of its node counts once
    parts = np.bincount(outlines.nodes, minlength=count)
    for node in np.flatnonzero(large & (net < min_area) & (parts > 1)):
        rings = np.flatnonzero(outer & (owners == node))
        shells = [shapely.Polygon(points[outlines.ring_starts[ring]:outlines.ring_starts[ring + 1]]) for ring in rings]
        large[node] = shapely.union_all(shells).area / 1e6 >= min_area
    return NodeAreas(np.maximum(net, 0), large)
