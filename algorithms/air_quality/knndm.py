"""Folds whose test places lie as far from their training places as the map's cells lie from the monitors.

k-fold nearest neighbour distance matching: Linnenbrink, Mila, Ludwig and Meyer (2024), Geosci. Model Dev. 17, 5897.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial import ConvexHull, Delaunay, QhullError
from scipy.stats import wasserstein_distance

from ..distances import nearest_km, unit_vectors, unwrapped
from ..errors import InputError
from ..feature_tables import FeatureTable
from .geographic_folds import Fold
from .locations import read_places
from .settings import LocationSettings
from .site_days import SiteDays

CANDIDATES = 60  # numbers of clusters that are tried
MOST_PLACES = 5000  # the distances of all pairs are held in memory
LARGEST_SHARE = 0.5  # of the places in one fold
MAP_CELLS = 60  # along the longer side of the region, where no points of a map are given


@dataclass(frozen=True)
class Matched:
    """folds of places, and the kilometres to the nearest training place: of the map's points, and of the test places.

    gap_km: Wasserstein distance between both.
    """

    fold: NDArray[np.intp]
    map_km: NDArray[np.float64]
    test_km: NDArray[np.float64]
    gap_km: float


def read_map(table: FeatureTable | None) -> NDArray[np.float64] | None:
    """Longitude and latitude of the features of a layer, shape (points, 2); None without a layer."""
    if table is None:
        return None
    places = read_places(table, LocationSettings(encoder="none"))
    return np.column_stack((places.longitude, places.latitude))


def knndm(site_days: SiteDays, folds: int, map_points: NDArray[np.float64] | None,
          seed: int) -> tuple[list[Fold], Matched]:
    """Folds of rows with targets. map_points: longitude and latitude of what shall be mapped, shape (points, 2); None
    takes a grid over the hull of the measured places."""
    rows = site_days.measured
    _, first, which = np.unique(site_days.place()[rows], return_index=True, return_inverse=True)
    site = site_days.site[rows[first]]
    places = np.column_stack((site_days.longitude[site], site_days.latitude[site]))
    matched = match_distances(places, hull_grid(places) if map_points is None else map_points, folds, seed)
    number = matched.fold[which.ravel()]
    return [Fold(f"knndm, fold {fold + 1}", rows[number != fold], rows[number == fold])
            for fold in range(folds)], matched


def match_distances(places: NDArray[np.float64], map_points: NDArray[np.float64], folds: int, seed: int) -> Matched:
    """Clusters of places, from few large ones to single places, are dealt to folds; the division with the smallest gap
    is taken, folds of single places at random among them.

    places, map_points: longitude and latitude, shapes (places, 2) and (points, 2). Raises InputError for fewer places
    than folds or more than MOST_PLACES.
    """
    if len(places) < folds:
        raise InputError("FOLDS", f"{folds} folds were asked for, there are {len(places)} places",
                         f"give at most {len(places)}")
    if len(places) > MOST_PLACES:
        raise InputError("PROTOCOLS", f"knndm was asked for with {len(places)} places",
                         f"give at most {MOST_PLACES} or leave it out")
    map_km = nearest_km(*map_points.T, *places.T)
    points = unit_vectors(*places.T)
    order = np.argsort(points @ _first_axis(points), kind="stable")
    tree = linkage(points, "average")
    counts = np.unique(np.geomspace(folds, max(len(places) - 1, folds), CANDIDATES).astype(int))
    tried = [np.random.default_rng(seed).permutation(len(places)) % folds,
             *(_deal(fcluster(tree, count, "maxclust"), order, folds) for count in counts)]
    best: Matched | None = None
    for fold in tried:
        sizes = np.bincount(fold, minlength=folds)
        if sizes.min() == 0 or (sizes.max() > max(LARGEST_SHARE * len(places), len(places) / folds + 1)):
            continue
        test_km = _test_distances(places, fold)
        gap = float(wasserstein_distance(map_km, test_km))
        if best is None or gap < best.gap_km:
            best = Matched(fold, map_km, test_km, gap)
    if best is None:  # the folds at random always have equal sizes
        raise InputError("FOLDS", "no division of the places was found", "give other folds")
    return best


def hull_grid(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Regular points in degrees inside the hull of places; the places themselves where they lie on a line.

    Longitudes go on beyond 180 where the places do.
    """
    places = np.column_stack((unwrapped(places[:, 0]), places[:, 1]))
    west, south = places.min(axis=0)
    east, north = places.max(axis=0)
    step = max(east - west, north - south) / MAP_CELLS
    try:
        hull = Delaunay(places[ConvexHull(places).vertices])
    except (QhullError, ValueError):
        return places
    grid = np.stack(np.meshgrid(np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step)),
                    axis=-1).reshape(-1, 2)
    inside: NDArray[np.float64] = grid[hull.find_simplex(grid) >= 0]
    return inside if len(inside) else places


def _deal(cluster: NDArray[np.intp], order: NDArray[np.intp], folds: int) -> NDArray[np.intp]:
    """Clusters of a fold's size or more fill folds of their own while there are some; the rest is dealt in turn, in the
    order along the region's longest axis."""
    in_order = list(dict.fromkeys(int(number) for number in cluster[order]))
    sizes = {number: int((cluster == number).sum()) for number in in_order}
    large = [number for number in sorted(in_order, key=lambda each: -sizes[each])
             if sizes[number] >= len(cluster) / folds][:folds - 1]
    given = {number: fold for fold, number in enumerate(large)}
    left = range(len(large), folds)
    for turn, number in enumerate(each for each in in_order if each not in given):
        given[number] = left[turn % len(left)]
    return np.array([given[int(number)] for number in cluster], dtype=np.intp)


def _first_axis(points: NDArray[np.float64]) -> NDArray[np.float64]:
    axis: NDArray[np.float64] = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
    return np.asarray(axis * np.sign(axis[np.argmax(np.abs(axis))]))


def _test_distances(places: NDArray[np.float64], fold: NDArray[np.intp]) -> NDArray[np.float64]:
    away = np.empty(len(places))
    for number in np.unique(fold):
        test = fold == number
        away[test] = nearest_km(*places[test].T, *places[~test].T)
    return away
