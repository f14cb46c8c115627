"""Topology of the local contour tree against a flood fill in plain Python."""
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nocturne.algorithms.errors import Cancelled
from nocturne.algorithms.night_lights.contour_tree import NONE, SimplifiedTree, level_nodes
from nocturne.algorithms.night_lights.smoothing import mean_filter
from nocturne.algorithms.progress import Progress

DEM = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "contour-tree-dem" / "dem.tif"


def flood_fill(field, level):
    """The 8-connected components at or above the level as frozensets of cells, in reading order."""
    rows, columns = field.shape
    left = {(r, c) for r in range(rows) for c in range(columns) if field[r, c] >= level}
    components = []
    for start in sorted(left):
        if start not in left:
            continue
        left.remove(start)
        component, waiting = [start], [start]
        while waiting:
            row, column = waiting.pop()
            for cell in [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                if cell in left:
                    left.remove(cell)
                    component.append(cell)
                    waiting.append(cell)
        components.append(frozenset(component))
    return components


def cells_of(nodes):
    """The cells of each node of a LevelNodes."""
    cells = [set() for _ in range(nodes.count)]
    for row, column in np.argwhere(nodes.labels > 0):
        cells[nodes.labels[row, column] - 1].add((int(nodes.rows[row]), int(nodes.columns[column])))
    return [frozenset(each) for each in cells]


def touches(cells, field):
    def missing(row, column):
        inside = 0 <= row < field.shape[0] and 0 <= column < field.shape[1]
        return not inside or np.isnan(field[row, column])

    return any(missing(row + i, column + j) for row, column in cells for i in (-1, 0, 1) for j in (-1, 0, 1))


def simplified_by_recursion(field, levels, least_cells):
    """(level index, cells, tree level, (level index, cells) of the parent or None) of every node that is left.

    Straight from the definition, top down: survivors, levels by recursion, runs cut at the nodes that stand out.
    """
    by_level = [flood_fill(field, np.float32(level)) for level in levels]
    survives = {(k, cells) for k, components in enumerate(by_level) for cells in components
                if len(cells) >= least_cells}

    def children(node):
        k, cells = node
        if k + 1 == len(levels):
            return []
        return [(k + 1, inner) for inner in by_level[k + 1] if inner <= cells and (k + 1, inner) in survives]

    def tree_level(node):
        inner = [tree_level(child) for child in children(node)]
        return 1 if not inner else inner[0] if len(inner) == 1 else max(inner) + 1

    found = set()

    def visit(node, parent):
        found.add((*node, tree_level(node), parent))
        below = node
        while len(children(below)) == 1:
            below = children(below)[0]
        for child in children(below):
            visit(child, node)

    for cells in by_level[0]:
        if (0, cells) in survives:
            visit((0, cells), None)
    return found


def simplified(field, levels, least_cells):
    """The same from level_nodes and SimplifiedTree."""
    tree, outermost = SimplifiedTree(), {}
    higher = []
    for nodes in level_nodes(field, levels):
        cells = cells_of(nodes)
        branches, chosen = tree.add(nodes, np.array([len(each) >= least_cells for each in cells], dtype=bool))
        outermost.update({higher[node][0]: higher[node][1:] for node in np.flatnonzero(chosen)})
        higher = [(int(branch), nodes.level, each) for branch, each in zip(branches, cells)]
    outermost.update({branch: node for branch, *node in higher if branch != NONE})
    parents, tree_levels = tree.parents, tree.levels
    assert sorted(outermost) == list(range(len(parents)))
    return {(*outermost[branch], int(tree_levels[branch]),
             None if parents[branch] == NONE else tuple(outermost[int(parents[branch])])) for branch in outermost}


fields = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.one_of(st.integers(0, 6).map(float), st.just(float("nan")), st.floats(0, 6, width=32)))


def levels_below(field, count=4):
    maximum = np.nanmax(field)
    return [level for level in np.linspace(0.5, 5, count) if np.float32(level) < maximum]


@settings(max_examples=250, deadline=None)
@given(fields.filter(lambda field: np.nanmax(np.append(field, -1)) > 0.5))
def test_every_level_is_the_flood_fill(field):
    levels = levels_below(field)
    higher = None
    for nodes in level_nodes(field, levels):
        expected = flood_fill(field, np.float32(levels[nodes.level]))
        cells = cells_of(nodes)
        assert cells == expected
        for node, each in enumerate(cells):
            brightest = min(each, key=lambda cell: (-field[cell], cell))
            assert divmod(int(nodes.peaks[node]), field.shape[1]) == brightest
            assert nodes.touches_edge[node] == touches(each, field)
        if higher is not None:
            assert len(nodes.parents_of_higher) == len(higher)
            assert all(inner <= cells[parent] for inner, parent in zip(higher, nodes.parents_of_higher))
        higher = cells


@settings(max_examples=250, deadline=None)
@given(fields.filter(lambda field: np.nanmax(np.append(field, -1)) > 0.5), st.integers(1, 5))
def test_simplified_tree_is_the_recursive_definition(field, least_cells):
    levels = levels_below(field, 6)
    assert simplified(field, levels, least_cells) == simplified_by_recursion(field, levels, least_cells)


def test_ring_with_a_peak_in_its_hole():
    field = np.zeros((9, 9), dtype=np.float32)
    field[1:8, 1:8] = 5
    field[2:7, 2:7] = 1
    field[4, 4] = 7
    found = simplified(field, [2.0, 4.0, 6.0], 1)
    assert {(index, len(cells), level, parent) for index, cells, level, parent in found} == {
        (0, 24, 1, None), (0, 1, 1, None)}


def test_two_peaks_that_meet_twice():
    field = np.array([[9, 1, 7, 1, 1, 8], [5, 5, 5, 1, 1, 3], [3, 3, 3, 3, 3, 3]], dtype=np.float32)
    found = simplified(field, [2.0, 4.0, 6.0], 1)
    shape = {(index, len(cells), level) for index, cells, level, _ in found}
    assert shape == {(0, 13, 3), (1, 5, 2), (1, 1, 1), (2, 1, 1)}


def test_a_small_branch_leaves_no_trace():
    field = np.array([[9, 9, 1, 7], [5, 5, 5, 5]], dtype=np.float32)
    assert len(simplified(field, [2.0, 6.0], 1)) == 3
    assert {(index, len(cells), level) for index, cells, level, _ in simplified(field, [2.0, 6.0], 2)} == {(0, 7, 1)}


@pytest.mark.real_data
@pytest.mark.skipif(not DEM.exists(), reason="shared data contour-tree-dem is not beside the checkout")
def test_elevation_turned_upside_down():
    with rasterio.open(DEM) as dataset:
        elevation = dataset.read(1, masked=True)
    field = mean_filter((-elevation).astype(np.float32).filled(np.nan), 3)
    levels = list(np.arange(np.nanpercentile(field, 80), np.nanmax(field), 0.3))
    counts = []
    higher = None
    for nodes in level_nodes(field, levels):
        expected = flood_fill(field, np.float32(levels[nodes.level]))
        cells = cells_of(nodes)
        assert cells == expected
        if higher is not None:
            assert all(inner <= cells[parent] for inner, parent in zip(higher, nodes.parents_of_higher))
        higher = cells
        counts.append(nodes.count)
    assert sum(counts) > 50
    assert simplified(field, levels, 50) == simplified_by_recursion(field, levels, 50)


def test_cancel_stops_the_labelling():
    class Stopped(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        next(level_nodes(np.eye(5, dtype=np.float32), [0.5], Stopped()))


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(np.float32, (7, 6), elements=st.one_of(st.floats(0, 100, width=32), st.just(float("nan")))),
       st.sampled_from([1, 3, 5, 15]))
def test_mean_filter_is_the_mean_of_valid_neighbours(field, size):
    smoothed = mean_filter(field, size)
    reach = size // 2
    for (row, column), value in np.ndenumerate(field):
        around = field[max(0, row - reach):row + reach + 1, max(0, column - reach):column + reach + 1]
        expected = np.nan if np.isnan(value) else np.nanmean(around.astype(np.float64))
        assert smoothed[row, column] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)


def test_mean_filter_keeps_plateaus():
    assert (mean_filter(np.full((40, 50), 0.7, dtype=np.float32), 7) == np.float32(0.7)).all()
