"""Overlaps of two sets of polygons."""
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.overlaps import best_jaccards, overlaps, stabilities

boxes = st.lists(st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(1, 5)] * 2).map(
    lambda box: shapely.box(box[0], box[1], box[0] + box[2], box[1] + box[3])), max_size=6)


@settings(max_examples=60, deadline=None)
@given(boxes, boxes)
def test_pairs_are_all_that_share_an_area(first, second):
    rows, columns, areas = overlaps(first, second)
    expected = [(row, column, one.intersection(other).area) for row, one in enumerate(first)
                for column, other in enumerate(second) if one.intersection(other).area > 0]
    assert list(zip(rows, columns, areas)) == expected


def test_touching_and_missing_shapes_share_nothing():
    rows, _, _ = overlaps([shapely.box(0, 0, 1, 1), None, shapely.Polygon()], [shapely.box(1, 0, 2, 1), None])
    assert len(rows) == 0


def test_the_most_alike_of_several():
    own = [shapely.box(0, 0, 2, 2), shapely.box(9, 9, 10, 10)]
    others = [shapely.box(1, 0, 3, 2), shapely.box(0, 0, 2, 1)]
    assert best_jaccards(own, others) == pytest.approx([0.5, 0])
    assert best_jaccards(own, []) == pytest.approx([0, 0])


def test_stability_is_the_mean_over_the_alternatives():
    own = [shapely.box(0, 0, 2, 2)]
    assert stabilities(own, [own, [shapely.box(0, 0, 2, 1)], []]) == pytest.approx([0.5])
    assert np.isnan(stabilities(own, [])).all()
