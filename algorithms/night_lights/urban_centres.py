"""Urban centres: the level-1 nodes of the local contour tree of night lights (Chen et al. 2017; Jie et al. 2024)."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

from ..boundaries import Boundary
from ..errors import InputError
from ..overlaps import stabilities
from ..progress import Progress
from ..projections import equal_area_crs, wgs84_bounds
from ..rasters import Grid, RasterInput
from ..resampling import TOLERANCE_CELLS, CoordinateLattice
from ..settings import Resources
from .centre_field import check_memory, read_field
from .contour_tree import NONE, SimplifiedTree, level_nodes
from .outline_polygons import multipolygons
from .outlines import Contours, Outlines, node_areas, trace_isolines, trace_pixels
from .settings import UrbanCentresSettings
from .smoothing import mean_filter

MOST_LEVELS = 10_000
# Memory that a run was seen to take: per cell of the field, per cell of the rows and columns with light, and per cell
# at or above the threshold where the field is noise, all contours.
FIELD_BYTES, LIT_ROWS_BYTES, LIT_BYTES = 12, 60, 95


@dataclass(frozen=True)
class UrbanCentre:
    """A node of the simplified contour tree; see UrbanCentres for the numbering.

    level: 1 where the node holds one peak, else one above the highest node inside. contour_value: radiance of the
    outline, in nW/cm2/sr. area_km2: on the ellipsoid, net of holes. max_value: brightest smoothed cell. touches_edge:
    whether a cell of the node has the edge of the raster, or a cell without data or outside the boundary, among its
    8 neighbours. above_threshold: contour_value minus the lowest contour, in nW/cm2/sr: a margin of 0 means that the
    threshold alone set the outline. stability: mean best Jaccard index of a centre over the other combinations of
    listed settings; None where there is one combination only, and for nodes that aren't centres. outline: shapely
    MultiPolygon.
    """

    centre_id: int
    parent_id: int | None
    root_id: int
    level: int
    contour_value: float
    area_km2: float
    max_value: float
    touches_edge: bool
    above_threshold: float
    stability: float | None
    outline: Any


@dataclass(frozen=True)
class UrbanCentres:
    """The simplified contour tree, numbered from 1 in the order of brightness; an enclosing node comes first."""

    crs: CRS
    tree: list[UrbanCentre]

    @property
    def centres(self) -> list[UrbanCentre]:
        """The nodes with one peak: the potential activity areas."""
        return [node for node in self.tree if node.level == 1]

    @property
    def roots(self) -> list[UrbanCentre]:
        """The outermost nodes."""
        return [node for node in self.tree if node.parent_id is None]

    @property
    def centre_count(self) -> int:
        return len(self.centres)

    @property
    def root_count(self) -> int:
        return len(self.roots)

    @property
    def centre_area(self) -> float:
        """km2"""
        return math.fsum(node.area_km2 for node in self.centres)

    @property
    def root_area(self) -> float:
        """km2"""
        return math.fsum(node.area_km2 for node in self.roots)


def find_urban_centres(radiance: RasterInput, band: int, boundary: Boundary | None, settings: UrbanCentresSettings,
                       resources: Resources, progress: Progress | None = None) -> UrbanCentres:
    """Reads one band (from 1) of the raster, projects, smooths it, and finds its centres.

    Cells outside the boundary have no data. Where settings list several thresholds, intervals or smoothings, the first
    of each give the result, and all their combinations its stability. Raises InputError for input and settings that
    can't be used.
    """
    progress = progress or Progress()
    field, grid = read_field(radiance, band, boundary, settings, resources, progress.part(0, 0.25))
    combinations = settings.combinations()
    if len(combinations) > 1:
        progress.message(f"The contour tree is built {len(combinations)} times, once per combination of THRESHOLD, "
                         "INTERVAL and SMOOTHING.")
    found = []
    smoothed, cells = field, 1
    for index, each in enumerate(combinations):
        step = progress.part(0.25 + 0.75 * index / len(combinations), 0.25 + 0.75 * (index + 1) / len(combinations))
        if each.smoothing_cells != cells:
            smoothed, cells = mean_filter(field, each.smoothing_cells, step), each.smoothing_cells
        found.append(centres_of_field(smoothed, grid, each, resources, step))
    return with_stability(found[0], found[1:])


def with_stability(found: UrbanCentres, others: Sequence[UrbanCentres]) -> UrbanCentres:
    """The centres with their stability over what other settings found in the same place."""
    if not others:
        return found
    values = stabilities([centre.outline for centre in found.centres],
                         [[centre.outline for centre in other.centres] for other in others])
    by_id = {centre.centre_id: float(value) for centre, value in zip(found.centres, values)}
    return replace(found, tree=[replace(node, stability=by_id.get(node.centre_id)) for node in found.tree])


def centres_of_field(field: NDArray[np.float32], grid: Grid, settings: UrbanCentresSettings, resources: Resources,
                     progress: Progress | None = None) -> UrbanCentres:
    """Centres of a smoothed field of shape (rows, columns) in nW/cm2/sr, NaN where there is no data."""
    progress = progress or Progress()
    levels = contour_levels(field, settings)
    _check_memory(field, np.float32(levels[0]), resources)
    equal_area = CoordinateLattice(grid, equal_area_crs(wgs84_bounds(grid)),
                                   TOLERANCE_CELLS * _cell_metres(grid))
    tree = SimplifiedTree()
    found: dict[int, _Outermost] = {}
    higher: _TracedLevel | None = None
    contours = Contours()
    for nodes in level_nodes(field, levels, progress):
        level, done = levels[nodes.level], 1 - (nodes.level + 1) / len(levels)
        progress.report(done)
        pixels = settings.outline == "pixels"
        outlines = trace_pixels(nodes, progress) if pixels else trace_isolines(nodes, level, contours)
        progress.check()
        areas = node_areas(outlines, nodes.count, equal_area, settings.min_area)
        progress.check()
        branches, outermost = tree.add(nodes, areas.large)
        if higher is not None:
            found.update(higher.outermost(outermost, grid, resources, progress.part(done, done)))
        progress.check()
        higher = _TracedLevel(level, branches, nodes.peaks, nodes.touches_edge, areas.net, outlines)
    if higher is not None:
        found.update(higher.outermost(higher.branches != NONE, grid, resources, progress.part(1, 1)))
    progress.report(1)
    return UrbanCentres(grid.crs, _numbered(found, tree, field, levels[0]))


@dataclass(frozen=True)
class _Outermost:
    """The outermost node of a branch."""

    contour_value: float
    area_km2: float
    peak: int
    touches_edge: bool
    outline: Any


@dataclass(frozen=True)
class _TracedLevel:
    """What is kept of a level until the next lower one tells which of its nodes are the outermost of their branch."""

    contour_value: float
    branches: NDArray[np.intp]
    peaks: NDArray[np.intp]
    touches_edge: NDArray[np.bool_]
    net_areas: NDArray[np.float64]
    outlines: Outlines

    def outermost(self, chosen: NDArray[np.bool_], grid: Grid, resources: Resources,
                  progress: Progress) -> dict[int, _Outermost]:
        """The chosen nodes by their branch."""
        nodes = np.flatnonzero(chosen)
        outlines = self.outlines.of_polygons(chosen[self.outlines.nodes])
        drawn = multipolygons(outlines, grid.transform.c + outlines.points[:, 0] * grid.cell_width,
                              grid.transform.f - outlines.points[:, 1] * grid.cell_height, nodes, resources,
                              progress)
        return {int(self.branches[node]): _Outermost(self.contour_value, float(self.net_areas[node]),
                                                     int(self.peaks[node]), bool(self.touches_edge[node]), outline)
                for node, outline in zip(nodes, drawn)}


def _numbered(found: dict[int, _Outermost], tree: SimplifiedTree, field: NDArray[np.float32],
              threshold: float) -> list[UrbanCentre]:
    parents, levels = tree.parents, tree.levels
    brightest = {branch: float(field.flat[node.peak]) for branch, node in found.items()}
    order = sorted(found, key=lambda branch: (-brightest[branch], found[branch].peak, -levels[branch]))
    numbers = {branch: number for number, branch in enumerate(order, start=1)}
    roots: dict[int, int] = {}
    for branch in sorted(found, reverse=True):  # a parent is found after its children
        roots[branch] = branch if parents[branch] == NONE else roots[int(parents[branch])]
    return [UrbanCentre(numbers[branch], None if parents[branch] == NONE else numbers[int(parents[branch])],
                        numbers[roots[branch]], int(levels[branch]), node.contour_value, node.area_km2,
                        brightest[branch], node.touches_edge, node.contour_value - threshold, None, node.outline)
            for branch, node in ((branch, found[branch]) for branch in order)]


def contour_levels(field: NDArray[np.float32], settings: UrbanCentresSettings) -> list[float]:
    """THRESHOLD + k INTERVAL below the field's maximum. Raises InputError when there is none, or too many."""
    valid = field[np.isfinite(field)]
    threshold, interval = settings.threshold_value, settings.interval_value
    if settings.threshold_mode == "percentile":
        threshold = float(np.percentile(valid, threshold))
    elif settings.threshold_mode == "mean_multiple":
        threshold *= float(valid.mean(dtype=np.float64))
    maximum = float(valid.max())
    if np.float32(threshold) >= np.float32(maximum):
        raise InputError("THRESHOLD", f"it stands at {threshold:g}, and the maximum of the smoothed raster is "
                         f"{maximum:g}", "give a lower one")
    if maximum - threshold > MOST_LEVELS * interval:
        raise InputError("INTERVAL", f"{interval:g} makes more than {MOST_LEVELS} contour levels from {threshold:g} to "
                         f"the maximum {maximum:g}", f"give at least {(maximum - threshold) / MOST_LEVELS:.3g}")
    levels = [threshold + k * interval for k in range(math.ceil((maximum - threshold) / interval) + 1)]
    return [level for level in levels if np.float32(level) < np.float32(maximum)]


def _check_memory(field: NDArray[np.float32], threshold: np.float32, resources: Resources) -> None:
    lit = field >= threshold
    in_lit_rows = int(lit.any(axis=1).sum()) * int(lit.any(axis=0).sum())
    check_memory(field.size * FIELD_BYTES + in_lit_rows * LIT_ROWS_BYTES + int(lit.sum()) * LIT_BYTES, field.shape,
                 resources)


def _cell_metres(grid: Grid) -> float:
    metres = math.pi / 180 * 6_371_000 if grid.crs.is_geographic else float(grid.crs.linear_units_factor[1])
    return min(grid.cell_width, grid.cell_height) * metres
