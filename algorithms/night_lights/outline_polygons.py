"""Valid polygons from the outlines of contour-tree nodes."""
from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..execution import run_blocks
from ..progress import Progress
from ..settings import Resources
from .outlines import Outlines, ring_areas, starts_of

BATCH = 64  # outlines whose validity is checked in one go


def multipolygons(outlines: Outlines, x: NDArray[np.float64], y: NDArray[np.float64], nodes: NDArray[np.intp],
                  resources: Resources, progress: Progress | None = None) -> NDArray[np.object_]:
    """A valid MultiPolygon per node, empty where nothing is enclosed.

    x, y: coordinates of the points. nodes: the numbers of all nodes that are to be drawn, ascending.
    """
    drawn = np.full(len(nodes), shapely.MultiPolygon(), dtype=object)
    if len(outlines.nodes) == 0:
        return drawn
    ring_of_point = np.repeat(np.arange(len(outlines.ring_starts) - 1), np.diff(outlines.ring_starts))
    rings = shapely.linearrings(np.column_stack([x, y]), indices=ring_of_point)
    polygons = shapely.polygons(rings, indices=outlines.ring_polygons)
    order = np.argsort(outlines.nodes, kind="stable")
    shapely.multipolygons(polygons[order], indices=np.searchsorted(nodes, outlines.nodes[order]), out=drawn)
    doubtful = np.searchsorted(nodes, _self_touching(outlines))
    batches = [doubtful[start:start + BATCH] for start in range(0, len(doubtful), BATCH)]
    # GEOS takes long for one contour with very many holes: on a thread the run can be cancelled meanwhile
    mended = run_blocks(lambda batch: [_mended(geometry) for geometry in drawn[batch]], batches, resources, progress)
    for batch, geometries in zip(batches, mended):
        for index, geometry in zip(batch, geometries):
            drawn[index] = geometry
    return drawn


def _self_touching(outlines: Outlines) -> NDArray[np.intp]:
    """The nodes of which a point occurs twice: only these can be invalid, and only at centres or corners of cells."""
    starts = np.zeros(len(outlines.points), dtype=bool)
    starts[outlines.ring_starts[:-1]] = True
    doubled = outlines.points * 2
    found = np.flatnonzero((doubled == np.rint(doubled)).all(axis=1) & ~starts)
    owner_of_point = np.repeat(outlines.nodes[outlines.ring_polygons], np.diff(outlines.ring_starts))
    keys = np.column_stack([owner_of_point[found], doubled[found].astype(np.intp)])
    keys = keys[np.lexsort(keys.T)]
    repeated = (keys[1:] == keys[:-1]).all(axis=1)
    touching: NDArray[np.intp] = np.unique(keys[1:][repeated, 0])
    return touching


def _mended(geometry: Any) -> Any:
    return geometry if shapely.is_valid(geometry) else _repaired(geometry)


def _repaired(geometry: Any) -> Any:
    """Without the spikes and double lines that stay where a contour runs along cell centres at its level.

    Segments that are walked to and fro enclose nothing. Those that are left have the node on one side only, on the left
    when outer rings are walked counter-clockwise and holes clockwise; the faces between them are kept by that.
    """
    rings = [ring for polygon in geometry.geoms for ring in (polygon.exterior, *polygon.interiors)]
    turns = np.array([1 if place == 0 else -1 for polygon in geometry.geoms
                      for place in range(1 + len(polygon.interiors))])
    points, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    turns = turns * np.sign(ring_areas(points, starts_of(np.bincount(ring_of_point))))
    along = ring_of_point[1:] == ring_of_point[:-1]
    segments, forth = _undirected(points[:-1][along], points[1:][along])
    distinct, places = np.unique(segments, axis=0, return_inverse=True)
    walked = np.bincount(places.ravel(), weights=forth * turns[ring_of_point[1:][along]], minlength=len(distinct))
    left = walked != 0
    faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(distinct[left].reshape(-1, 2, 2))))
    directions = dict(zip(map(bytes, distinct[left]), walked[left]))
    return shapely.MultiPolygon([face for face in faces if _walked_around(face, directions)])


def _undirected(starts: NDArray[np.float64],
                ends: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Segments as rows x, y, x, y from the lesser end, and 1 where that is their start, else -1."""
    forth = (starts[:, 0] < ends[:, 0]) | ((starts[:, 0] == ends[:, 0]) & (starts[:, 1] < ends[:, 1]))
    segments = np.where(forth[:, None], np.hstack([starts, ends]), np.hstack([ends, starts]))
    return segments, np.where(forth, 1, -1).astype(np.int8)


def _walked_around(face: Any, directions: dict[bytes, float]) -> bool:
    """Whether the outer ring of a face is walked counter-clockwise, judged by its first segment."""
    points = shapely.get_coordinates(face.exterior)
    segment, forth = _undirected(points[:1], points[1:2])
    counter_clockwise = ring_areas(points, np.array([0, len(points)]))[0] > 0
    return bool(directions[bytes(segment[0])] * forth[0] > 0) == bool(counter_clockwise)
