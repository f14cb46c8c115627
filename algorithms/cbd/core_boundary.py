"""The core of a centre: the contour inside it that divides dense from sparse negative pixels best."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.stats import norm

from ..boundaries import outside
from ..night_lights.angular_fit import NEGATIVE, NO_DATA
from ..night_lights.centre_field import window_around
from ..night_lights.contour_tree import LevelNodes, level_nodes
from ..night_lights.outline_polygons import multipolygons
from ..night_lights.outlines import Contours, node_areas, trace_isolines
from ..projections import equal_area_crs, wgs84_bounds
from ..rasters import Grid
from ..resampling import CoordinateLattice
from ..settings import Resources

SIGNIFICANCE = 0.05  # of the best of all contours that are compared
AREA_ERROR = 0.01  # metres


@dataclass(frozen=True)
class Core:
    """outline: shapely MultiPolygon in the grid's CRS. z: contrast of the density of negative pixels inside against
    outside in standard errors. contour_value: that of the outline. Both are None where the centre's own outline was
    kept, because no contour inside it stands out."""

    outline: Any
    z: float | None
    contour_value: float | None


def core_boundary(field: NDArray[np.float32], grid: Grid, classes: NDArray[np.uint8], centre: Any,
                  contour_value: float, interval: float, min_area: float) -> Core:
    """The contour of the centre's own subtree with the largest contrast of negative-pixel density.

    field: the smoothed radiance that the centre was found in, and classes: angular classes brought to it, both of shape
    (rows, columns) on the grid. centre: the centre's outline in the grid's CRS, drawn at contour_value. Compared are
    the contours inside it every interval above (nW/cm2/sr) that enclose at least min_area (km2).
    """
    window = None if centre.is_empty else window_around(shapely.bounds(centre), grid)
    if window is None:
        return Core(centre, None, None)
    part = grid.part(window)
    own = ~outside([centre], part)
    light = field[window.toslices()]
    highest = np.nanmax(np.where(own, light, -np.inf), initial=-np.inf)
    levels = [contour_value + step * interval for step in range(1, math.ceil((highest - contour_value) / interval) + 1)]
    levels = [level for level in levels if np.float32(level) < highest]
    if not levels:
        return Core(centre, None, None)
    return _best(light, part, classes[window.toslices()], own, centre, levels, min_area)


def _best(light: NDArray[np.float32], grid: Grid, classes: NDArray[np.uint8], own: NDArray[np.bool_], centre: Any,
          levels: Sequence[float], min_area: float) -> Core:
    known = own & (classes != NO_DATA)
    negative = own & (classes == NEGATIVE)
    totals = int(known.sum()), int(negative.sum())
    equal_area = CoordinateLattice(grid, equal_area_crs(wgs84_bounds(grid)), AREA_ERROR)
    best, compared = Core(centre, None, None), 0
    contours = Contours()
    for nodes in level_nodes(light, levels):
        level = levels[nodes.level]
        outlines = trace_isolines(nodes, level, contours)
        large = node_areas(outlines, nodes.count, equal_area, min_area).large
        z = _contrasts(nodes, known, negative, totals)
        z[~large | ~own.ravel()[nodes.peaks]] = -np.inf
        compared += int(np.isfinite(z).sum())
        node = int(np.argmax(z))
        if z[node] > (best.z or 0.0):
            chosen = outlines.of_polygons(outlines.nodes == node)
            drawn = multipolygons(chosen, grid.transform.c + chosen.points[:, 0] * grid.cell_width,
                                  grid.transform.f - chosen.points[:, 1] * grid.cell_height,
                                  np.array([node]), Resources(threads=1))
            best = Core(drawn[0], float(z[node]), level)
    significant = best.z is not None and norm.sf(best.z) * compared < SIGNIFICANCE
    return best if significant else Core(centre, None, None)


def _contrasts(nodes: LevelNodes, known: NDArray[np.bool_], negative: NDArray[np.bool_],
               totals: tuple[int, int]) -> NDArray[np.float64]:
    """z of two proportions with a common variance, per node: its cells against the rest of the centre; -inf where one
    side has no cell or nothing differs."""
    kept = np.ix_(nodes.rows, nodes.columns)
    inside, hits = (np.bincount(nodes.labels[which[kept]], minlength=nodes.count + 1)[1:].astype(np.float64)
                    for which in (known, negative))
    beside, misses = totals[0] - inside, totals[1] - hits
    share = totals[1] / max(1, totals[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (hits / inside - misses / beside) / np.sqrt(share * (1 - share) * (1 / inside + 1 / beside))
    return np.where(np.isfinite(z), z, -np.inf)
