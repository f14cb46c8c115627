"""Which polygons of two sets overlap, by how much, and how alike they are."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]


def overlaps(shapes: Sequence[Any] | Shapes,
             others: Sequence[Any] | Shapes) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """The pairs that share an area: index of the first and of the second set, and the area in squared CRS units.

    Pairs are sorted by the first, then the second index. None and empty geometries overlap with nothing.
    """
    first, second = np.asarray(shapes, dtype=object), np.asarray(others, dtype=object)
    if len(first) == 0 or len(second) == 0:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    rows, columns = shapely.STRtree(second).query(first, predicate="intersects")
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    areas = shapely.area(shapely.intersection(first[rows], second[columns]))
    shared = areas > 0
    return rows[shared], columns[shared], areas[shared]


def first_containing(shapes: Shapes, points: Shapes) -> NDArray[np.intp]:
    """Index of the first of the shapes that each shapely point lies in or on, -1 outside all."""
    inside, found = shapely.STRtree(shapes).query(points, predicate="intersects")
    first = np.full(len(points), len(shapes), np.intp)
    np.minimum.at(first, inside, found)
    first[first == len(shapes)] = -1
    return first


def best_jaccards(shapes: Sequence[Any] | Shapes, others: Sequence[Any] | Shapes) -> NDArray[np.float64]:
    """Jaccard index (intersection over union) of each shape with the most alike of the others; 0 without any."""
    first, second = np.asarray(shapes, dtype=object), np.asarray(others, dtype=object)
    rows, columns, areas = overlaps(first, second)
    best = np.zeros(len(first))
    np.maximum.at(best, rows, areas / (shapely.area(first[rows]) + shapely.area(second[columns]) - areas))
    return best


def stabilities(shapes: Sequence[Any] | Shapes,
                alternatives: Sequence[Sequence[Any] | Shapes]) -> NDArray[np.float64]:
    """Mean best Jaccard index of each shape over several other results for the same thing; NaN without any."""
    if not len(alternatives):
        return np.full(len(shapes), np.nan)
    return np.asarray(np.mean([best_jaccards(shapes, others) for others in alternatives], axis=0), dtype=np.float64)
