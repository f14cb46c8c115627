"""Sums of maps over zones beside published totals, and the factors that make them agree."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..scores import r2
from .labels import WHOLE, Labels


def zone_parts(labels: Labels, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Whether a zone is, or is part of, a zone of labels, shape (zones of labels, zones). Raises InputError for a zone
    of labels that isn't there."""
    unknown = [name for name in labels.zones if name not in (*names, WHOLE)]
    if unknown:
        raise InputError("MONTHLY_TOTALS", f"it has the zone '{unknown[0]}', and ZONES has "
                         f"{', '.join(names[:4])}", "name zones alike in both")
    return np.array([[zone in (name, WHOLE) for name in names] for zone in labels.zones])


def label_sums(labels: Labels, names: tuple[str, ...], months: NDArray[np.int32],
               sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is estimated for each label, shape (labels,); names: of the zones that sums of shape (zones, months) belong
    to. Totals of the whole region are those of all zones. Raises InputError for a label of another zone."""
    by_zone = zone_parts(labels, names)[labels.zone].astype(np.float64)
    return np.asarray(((by_zone @ sums) * labels.covers(months)).sum(axis=1), np.float64)


@dataclass(frozen=True)
class Scaling:
    """factors: shape (zones, months). known: likewise, whether a total says what the sum is."""

    factors: NDArray[np.float64]
    known: NDArray[np.bool_]


def preserving(labels: Labels, names: tuple[str, ...], months: NDArray[np.int32], sums: NDArray[np.float64]) -> Scaling:
    """Factors total / sum of the estimates of its months, which has no error left. In months without a total they are
    those of all totals of the zone together, 1 where it has none.

    labels: whole within months; the others as for label_sums. Raises InputError where nothing is estimated though
    something was published.
    """
    estimated = label_sums(labels, names, months, sums)
    missing = np.flatnonzero((estimated <= 0) & (labels.value > 0))
    if len(missing):
        first = int(missing[0])
        raise InputError("PRESERVE_TOTALS", f"nothing is estimated in '{labels.zones[labels.zone[first]]}', and "
                         f"{labels.value[first]:g} was published", "give its factories, or leave its totals out")
    parts, covers = zone_parts(labels, names), labels.covers(months)
    factors, known = np.ones_like(sums), np.zeros(sums.shape, bool)
    for index, part in enumerate(parts):
        own = (labels.zone == index) & (estimated > 0)
        if own.any():
            factors[part] = labels.value[own].sum() / estimated[own].sum()
        for label in np.flatnonzero(own):
            chosen = np.ix_(part, covers[label])
            factors[chosen], known[chosen] = labels.value[label] / estimated[label], True
    return Scaling(factors, known)


def agreement(labels: Labels | None, names: tuple[str, ...], months: NDArray[np.int32],
              sums: NDArray[np.float64]) -> float:
    """R2 of label_sums; NaN without labels."""
    return float("nan") if labels is None else r2(labels.value, label_sums(labels, names, months, sums))
