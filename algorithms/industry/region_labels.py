"""Labels of the whole region: sums over all zones."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .labels import WHOLE, Labels


def whole_region(labels: Labels) -> tuple[Labels, NDArray[np.intp]]:
    """Labels of the periods that every zone has a label for, added up, and which labels each is the sum of: shape
    (periods, zones)."""
    spans = np.column_stack((labels.first, labels.last))
    periods, which, count = np.unique(spans, axis=0, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(count == len(labels.zones))
    order = np.lexsort((labels.zone, which.ravel()))
    rows = order[np.isin(which.ravel()[order], shared)].reshape(len(shared), len(labels.zones))
    first, last = periods[shared].T.astype(np.int32) if len(shared) else np.zeros((2, 0), np.int32)
    return Labels(np.zeros(len(shared), np.int32), first, last, labels.value[rows].sum(axis=1), (WHOLE,)), rows
