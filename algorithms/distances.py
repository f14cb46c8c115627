"""Distances on the sphere."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

EARTH_KM = 6371.0088


def unit_vectors(longitude: ArrayLike, latitude: ArrayLike) -> NDArray[np.float64]:
    """Degrees as points on the unit sphere, shape (n, 3)."""
    east, north = np.radians(np.asarray(longitude, float)), np.radians(np.asarray(latitude, float))
    return np.column_stack((np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)))


def unwrapped(longitude: ArrayLike) -> NDArray[np.float64]:
    """Longitudes (-180 to 180 degrees, one at least) without the jump at 180 degrees: the widest gap between them is
    the seam, and those west of it grow by 360. They stay as they are where that gap holds 180 degrees."""
    values = np.asarray(longitude, float)
    meridians = np.unique(values)
    gaps = np.diff(meridians)
    if gaps.max(initial=0) <= meridians[0] + 360 - meridians[-1]:
        return values
    return np.where(values <= meridians[gaps.argmax()], values + 360, values)


def chord(kilometres: float) -> float:
    """Length of the straight line through the unit sphere under an arc."""
    return float(2 * np.sin(min(kilometres / EARTH_KM, np.pi) / 2))


def arc_km(chords: ArrayLike) -> NDArray[np.float64]:
    """Kilometres along the surface over straight lines through the unit sphere; infinite stays so."""
    values = np.asarray(chords, float)
    arcs = 2 * EARTH_KM * np.arcsin(np.clip(values, 0, 2) / 2)
    return np.asarray(np.where(np.isfinite(values), arcs, np.inf), dtype=np.float64)


def nearest_km(longitude: ArrayLike, latitude: ArrayLike, to_longitude: ArrayLike,
               to_latitude: ArrayLike) -> NDArray[np.float64]:
    """Distance of every point to the nearest of some others, shape (points,)."""
    tree = cKDTree(unit_vectors(to_longitude, to_latitude))
    return arc_km(tree.query(unit_vectors(longitude, latitude))[0])


def groups_within(kilometres: float, longitude: ArrayLike, latitude: ArrayLike) -> NDArray[np.int32]:
    """The number of every point's group; no group is wider than that (complete linkage, nearest points first)."""
    points, width = unit_vectors(longitude, latitude), chord(kilometres)
    first, second = cKDTree(points).query_pairs(width, output_type="ndarray").T
    near = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(len(points), len(points)))
    linked = connected_components(near, directed=False)[1]
    found = 2 * len(points) * linked.astype(np.int64)
    for chain in np.flatnonzero(np.bincount(linked) > 2):
        members = np.flatnonzero(linked == chain)
        found[members] += fcluster(linkage(points[members], "complete"), width, "distance")
    return np.asarray(np.unique(found, return_inverse=True)[1].ravel(), dtype=np.int32)
