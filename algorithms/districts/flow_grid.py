"""Flows between cells or points of a grid become flows between units: every cell is split at both ends."""
from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..overlaps import first_containing, overlaps
from ..progress import Progress
from .units import Units

TOGETHER = 5_000  # cells between two looks whether the user has stopped the run
OVERLAP = 1e-3  # of a cell: what units may cover twice by careless drawing


def cell_shares(grid: FeatureTable, units: Units, weights: FeatureTable | None, progress: Progress) -> sp.csr_matrix:
    """How a cell's flows are split: (cells, units + 1), rows sum to 1, the last column is what lies outside all units.

    grid: polygons or points. weights: None splits by area; points by their number, lines by their length, polygons by
    their area inside the cell; a cell that holds none of them is split by area.
    Raises InputError for cells without geometry, and for weights without any in the cells.
    """
    cells = shapes_in(grid, units.crs)
    if (shapely.is_missing(cells) | shapely.is_empty(cells)).any():
        raise InputError(grid.parameter, "not every cell has a geometry", "choose a layer of cells or points")
    if (shapely.get_dimensions(cells) == 0).all():
        if weights is not None:
            progress.warning(f"{weights.parameter} has no effect, because {grid.parameter} has points, each of which "
                             "lies in one unit.")
        return _shares_of_points(shapely.centroid(cells), units)
    if not (shapely.area(cells) > 0).all():
        raise InputError(grid.parameter, "it has neither points nor polygons alone",
                         "choose a layer of cells or points")
    shares = _normalised(_inside(cells, units, progress.part(0, 0.5)), shapely.area(cells), progress)
    if weights is None:
        return shares
    inside, total = _weights_inside(cells, units, weights, progress.part(0.5, 1))
    if not (total > 0).any():
        raise InputError(weights.parameter, f"none of it lies in the cells of {grid.parameter}",
                         "choose a layer of the same region, or none to split by area")
    held = total > 0
    progress.message(f"Cells: {int(held.sum())} of {len(cells)} are split by {weights.parameter}, the others by area.")
    by_weight = _normalised(inside, total, progress)
    return sp.csr_matrix(sp.diags(held.astype(float)) @ by_weight + sp.diags((~held).astype(float)) @ shares)


def split_flows(counts: sp.csr_matrix, shares: sp.csr_matrix) -> sp.csr_matrix:
    """Flows (units + 1, units + 1) of flows (cells, cells); the last row and column are outside.

    A flow of a cell to itself stays inside the unit that has the larger share of the cell.
    """
    own = sp.diags(counts.diagonal())
    larger = np.asarray(shares.argmax(axis=1)).ravel()
    whole = sp.csr_matrix((np.ones(len(larger)), (np.arange(len(larger)), larger)), shares.shape)
    return sp.csr_matrix(shares.T @ (counts - own) @ shares + whole.T @ own @ whole)


def _shares_of_points(points: NDArray[np.object_], units: Units) -> sp.csr_matrix:
    unit = units.of_points(points)
    unit[unit < 0] = len(units)
    return sp.csr_matrix((np.ones(len(unit)), (np.arange(len(unit)), unit)), (len(unit), len(units) + 1))


def _inside(cells: NDArray[np.object_], units: Units, progress: Progress) -> sp.csr_matrix:
    """Area (cells, units) that they share."""
    rows, columns, areas = [], [], []
    for first in range(0, len(cells), TOGETHER):
        progress.report(first / len(cells))
        row, column, area = overlaps(cells[first:first + TOGETHER], units.shapes)
        rows.append(row + first)
        columns.append(column)
        areas.append(area)
    return sp.csr_matrix((np.concatenate(areas), (np.concatenate(rows), np.concatenate(columns))),
                         (len(cells), len(units)))


def _normalised(inside: sp.csr_matrix, total: NDArray[np.float64], progress: Progress) -> sp.csr_matrix:
    """Shares with what is left of each cell's total in a last column; where units overlap they share the cell."""
    sums = np.asarray(inside.sum(axis=1)).ravel()
    twice = int((sums > total * (1 + OVERLAP)).sum())
    if twice:
        progress.warning(f"Units overlap in {twice} cells; they share the flows of the overlap.")
    left = np.where(sums < total * (1 - 1e-9), total - sums, 0.0)
    shares = sp.hstack((inside, sp.csr_matrix(left[:, None])), format="csr")
    whole = np.asarray(shares.sum(axis=1)).ravel()
    return sp.csr_matrix(sp.diags(1 / np.where(whole > 0, whole, 1)) @ shares)


def _weights_inside(cells: NDArray[np.object_], units: Units, weights: FeatureTable,
                    progress: Progress) -> tuple[sp.csr_matrix, NDArray[np.float64]]:
    """Number, length or area of the weights in each cell and unit (cells, units), and in each cell."""
    shapes = shapes_in(weights, units.crs)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        raise InputError(weights.parameter, "it has no feature", "choose another layer, or none to split by area")
    size = (len(cells), len(units))
    dimension = int(shapely.get_dimensions(shapes).max())
    if dimension == 0:
        points = shapely.centroid(shapes)
        cell, unit = first_containing(cells, points), units.of_points(points)
        both = (cell >= 0) & (unit >= 0)
        counted = sp.csr_matrix((np.ones(int(both.sum())), (cell[both], unit[both])), size)
        return counted, np.bincount(cell[cell >= 0], minlength=len(cells)).astype(float)
    measure = shapely.length if dimension == 1 else shapely.area
    inside, total = sp.csr_matrix(size), np.zeros(len(cells))
    tree = shapely.STRtree(cells)
    for first in range(0, len(shapes), TOGETHER):
        progress.report(first / len(shapes))
        some = shapes[first:first + TOGETHER]
        shape, cell = tree.query(some, predicate="intersects")
        pieces = shapely.intersection(some[shape], cells[cell])
        total += np.bincount(cell, measure(pieces), len(cells))
        piece, unit = shapely.STRtree(units.shapes).query(pieces, predicate="intersects")
        parts = measure(shapely.intersection(pieces[piece], units.shapes[unit]))
        inside = inside + sp.csr_matrix((parts, (cell[piece], unit)), size)
    return sp.csr_matrix(inside), total
