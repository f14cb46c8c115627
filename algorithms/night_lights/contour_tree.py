"""Topology of the local contour tree (Wu et al. 2015; Chen et al. 2017, section III-C), from labelled levels.

A node is an 8-connected component of the cells at or above a level. Levels are visited from the brightest down: nodes
inherit from the nodes inside them, and every cell is looked at once.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..progress import Progress

EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)
NONE = -1


@dataclass(frozen=True)
class LevelNodes:
    """The nodes of one level, numbered from 0 in the reading order of their first cells.

    field: the kept part of the field, shape (kept rows, kept columns). Rows and columns without a cell at the level are
    cut out, but for the neighbours of those with one, so that bright levels of a large field cost little.
    labels: node number + 1, or 0 outside the nodes, of the same shape.
    rows, columns: where the kept ones lie in the whole field.
    peaks: flat index in the whole field of the brightest cell of each node, the first of equal ones.
    touches_edge: whether a cell of the node has the field's edge or a cell without data among its 8 neighbours.
    parents_of_higher: the node of this level that holds each node of the level above.
    """

    level: int
    field: NDArray[np.float32]
    labels: NDArray[np.int32]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    peaks: NDArray[np.intp]
    touches_edge: NDArray[np.bool_]
    parents_of_higher: NDArray[np.intp]

    @property
    def count(self) -> int:
        return len(self.peaks)


def level_nodes(field: NDArray[np.float32], levels: Sequence[float],
                progress: Progress | None = None) -> Iterator[LevelNodes]:
    """The nodes of each level, from the last and brightest level down to the first.

    field: shape (rows, columns), NaN where there is no data. levels: ascending; at least one cell must reach the last.
    The labels of a level give way to those of the next one.
    """
    progress = progress or Progress()
    steps = np.asarray(levels, dtype=np.float32)
    width = field.shape[1]
    row_maxima, column_maxima = np.fmax.reduce(field, axis=1), np.fmax.reduce(field, axis=0)
    cells, shell_starts = _shells(field, steps)
    progress.check()
    at_edge = _at_edge(field)
    row_places, column_places = np.zeros(field.shape[0], dtype=np.intp), np.zeros(width, dtype=np.intp)
    peaks, touches_edge = np.empty(0, dtype=np.intp), np.empty(0, dtype=bool)
    label_space = np.empty(field.size, dtype=np.int32)
    for level in range(len(steps) - 1, -1, -1):
        rows = np.flatnonzero(ndimage.binary_dilation(row_maxima >= steps[level], np.ones(3)))
        columns = np.flatnonzero(ndimage.binary_dilation(column_maxima >= steps[level], np.ones(3)))
        whole = len(rows) == field.shape[0] and len(columns) == width
        kept = field if whole else field[np.ix_(rows, columns)]
        progress.check()
        labels = label_space[:kept.size].reshape(kept.shape)
        count = ndimage.label(kept >= steps[level], EIGHT_NEIGHBOURS, output=labels)
        progress.check()
        row_places[rows], column_places[columns] = np.arange(len(rows)), np.arange(len(columns))
        shell = cells[shell_starts[level]:shell_starts[level + 1]]
        nodes = labels[row_places[shell // width], column_places[shell % width]] - 1
        parents = labels[row_places[peaks // width], column_places[peaks % width]].astype(np.intp) - 1
        new_peaks, new_touches = np.empty(count, dtype=np.intp), np.zeros(count, dtype=bool)
        is_new = np.ones(count, dtype=bool)
        is_new[parents] = False  # the brightest cell of these lies above the level
        of_new = np.flatnonzero(is_new[nodes])
        of_new = of_new[np.argsort(field.ravel()[shell[of_new]], kind="stable")]
        # assignments run in the order of brightness, so that the brightest cell of a node stays behind
        new_peaks[nodes[of_new]] = shell[of_new]
        inner = np.lexsort((-peaks, field.ravel()[peaks]))
        new_peaks[parents[inner]] = peaks[inner]
        new_touches[nodes[at_edge[shell]]] = True
        new_touches[parents[touches_edge]] = True
        peaks, touches_edge = new_peaks, new_touches
        yield LevelNodes(level, kept, labels, rows, columns, peaks, touches_edge, parents)


def _shells(field: NDArray[np.float32], steps: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Flat indices of the cells that reach each level but not the next, the last cell first, and where levels start."""
    cells = np.flatnonzero(field.ravel() >= steps[0])[::-1]
    levels = np.searchsorted(steps, field.ravel()[cells], side="right") - 1
    sizes = np.bincount(levels, minlength=len(steps))
    small = levels.astype(np.uint16) if len(steps) <= 2**16 else levels  # sorted by radix
    return cells[np.argsort(small, kind="stable")], np.concatenate([[0], np.cumsum(sizes)])


def _at_edge(field: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Flat mask of the cells that have the field's edge or a cell without data among their 8 neighbours."""
    inner: NDArray[np.bool_] = ndimage.binary_erosion(np.isfinite(field), EIGHT_NEIGHBOURS)
    return ~inner.ravel()


class SimplifiedTree:
    """The tree after nodes that are too small are dropped and runs of equal level are merged.

    A seed is a node without a surviving child. A node that holds one seed branch only has level 1; where branches meet
    the level is one above the highest of them. A run of nodes of equal level is one branch, represented by its
    outermost node. Branches are numbered as they are found, from the brightest level down.
    """

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._levels: list[int] = []
        # of each node of the level before: its branch, NONE for the dropped, and its level in the tree
        self._branches = np.empty(0, dtype=np.intp)
        self._node_levels = np.empty(0, dtype=np.intp)

    @property
    def parents(self) -> NDArray[np.intp]:
        """The branch that encloses each branch, NONE for roots."""
        return np.array(self._parents, dtype=np.intp)

    @property
    def levels(self) -> NDArray[np.intp]:
        return np.array(self._levels, dtype=np.intp)

    def add(self, nodes: LevelNodes, large: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Takes in the next lower level; large says which of its nodes have the smallest area.

        Returns the branch of each node of this level (NONE if it is dropped), and which nodes of the level above are
        the outermost of their branch. A node that holds a surviving node survives.
        """
        survivors = np.flatnonzero(self._branches != NONE)
        parents = nodes.parents_of_higher[survivors]
        inner = np.bincount(parents, minlength=nodes.count)
        branches = np.full(nodes.count, NONE, dtype=np.intp)
        outermost = np.zeros(len(self._branches), dtype=bool)
        continued = inner[parents] == 1
        branches[parents[continued]] = self._branches[survivors[continued]]
        outermost[survivors[~continued]] = True
        node_levels = np.zeros(nodes.count, dtype=np.intp)
        np.maximum.at(node_levels, parents, self._node_levels[survivors])
        for node in np.flatnonzero((large & (inner == 0)) | (inner > 1)):
            node_levels[node] += 1
            branches[node] = len(self._parents)
            self._parents.append(NONE)
            self._levels.append(int(node_levels[node]))
        for node in survivors[~continued]:
            self._parents[self._branches[node]] = int(branches[nodes.parents_of_higher[node]])
        self._branches, self._node_levels = branches, node_levels
        return branches, outermost
