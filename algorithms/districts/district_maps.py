"""Maps of values per unit for reports."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

SIMPLIFIED = 1 / 500  # of the width of the region
UNKNOWN = "#dddddd"


def maps(shapes: NDArray[np.object_], values: Mapping[str, NDArray[np.float64]], unit: str,
         palette: str = "viridis") -> Figure:
    """One map per named (units,) array side by side, with one colour scale up to their 98th percentile.

    shapes: polygons of shape (units,); units without a value are grey.
    """
    outlines, owner = _outlines(shapes)
    known = np.concatenate([array[np.isfinite(array)] for array in values.values()])
    top = float(np.quantile(known, 0.98)) if len(known) else 1.0
    scale = Normalize(0, top or 1.0)
    figure = Figure(figsize=(4.2 * len(values), 3.8))
    for number, (title, array) in enumerate(values.items()):
        axes = figure.add_subplot(1, len(values), number + 1)
        drawn = PolyCollection(outlines, array=array[owner], cmap=palette,
                               norm=scale, edgecolors="face", linewidths=0.1)
        drawn.cmap.set_bad(UNKNOWN)
        axes.add_collection(drawn)
        _frame(axes, title)
        figure.colorbar(drawn, ax=axes, shrink=0.8, extend="max", label=unit)
    return figure


def _outlines(shapes: NDArray[np.object_]) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """Outer rings, and the row of the shape that each belongs to."""
    left, _, right, _ = shapely.total_bounds(shapes)
    parts, owner = shapely.get_parts(shapely.simplify(shapes, (right - left) * SIMPLIFIED), return_index=True)
    rings = shapely.get_exterior_ring(parts)
    there = ~shapely.is_missing(rings) & ~shapely.is_empty(rings)
    return [shapely.get_coordinates(ring) for ring in rings[there]], owner[there]


def _frame(axes: Axes, title: str) -> None:
    axes.autoscale_view()
    bottom, top = axes.get_ylim()
    axes.set_aspect(1 / max(np.cos(np.radians((bottom + top) / 2)), 0.1))
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
