"""Windows of days as row numbers: what was measured on a window's days is gathered when it is needed."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .site_days import SiteDays

MASKED = -1


@dataclass(frozen=True)
class Windows:
    """The days before (and after) each target row.

    rows: shape (windows, steps), row of the site-days, MASKED where there is none. since: shape (windows, steps), days
    since the last step that is there, 0 at masked ones and at the first. offsets: shape (steps,), days from the day of
    the target to each step. target: shape (windows,), the row whose target is estimated. short: windows with masked
    steps. left_out: rows that had fewer than min_days.
    """

    rows: NDArray[np.int32]
    since: NDArray[np.int16]
    offsets: NDArray[np.int16]
    target: NDArray[np.intp]
    short: int
    left_out: int

    def gather(self, values: NDArray[np.float32], windows: NDArray[np.intp]) -> NDArray[np.float32]:
        """values of shape (rows, features) as (windows, steps, features), 0 where masked: mask them, they aren't 0."""
        rows = self.rows[windows]
        gathered: NDArray[np.float32] = values[rows]
        gathered[rows == MASKED] = 0
        return gathered


def make_windows(site_days: SiteDays, targets: NDArray[np.intp], steps: int, min_days: int,
                 direction: str = "past", may_be_none: bool = False) -> Windows:
    """Windows of so many days that end at each target row, or have it in their middle.

    targets: rows to estimate. direction: past or centred (odd steps). Days without a row, or whose features are all
    missing, are masked. Raises InputError where no window has min_days, unless there may be none.
    """
    if direction == "centred" and steps % 2 == 0:
        raise InputError("WINDOW", f"{steps} days have no middle", "give an odd number with DIRECTION centred")
    site, day = site_days.site, site_days.day.astype(np.int64)
    known = np.isfinite(site_days.values).any(axis=1)
    lookup, start, first, last = _calendar(site, day, known)
    offsets = np.arange(steps) - (steps - 1 if direction == "past" else steps // 2)
    at = site[targets]
    wanted = day[targets][:, None] + offsets
    inside = (wanted >= first[at][:, None]) & (wanted <= last[at][:, None])
    place = np.where(inside, start[at][:, None] + wanted - first[at][:, None], 0)
    rows = np.where(inside, lookup[place], MASKED).astype(np.int32)
    present = rows != MASKED
    count = present.sum(axis=1)
    enough = count >= min_days
    if not enough.any() and not may_be_none:
        raise InputError("MIN_DAYS", f"no window of {steps} days has covariates on {min_days} days "
                         f"(the fullest has {count.max(initial=0)})",
                         "lower MIN_DAYS, or give the days without measurements by CALENDAR")
    rows, present = rows[enough], present[enough]
    return Windows(rows, _days_since(present), offsets.astype(np.int16), targets[enough],
                   int((count[enough] < steps).sum()), int((~enough).sum()))


def _calendar(site: NDArray[np.int32], day: NDArray[np.int64],
              known: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64],
                                                 NDArray[np.int64]]:
    """Row of every day from each site's first to its last one; where each site begins; its first and last day."""
    count = int(site.max()) + 1
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(first, site, day)
    np.maximum.at(last, site, day)
    spans = np.maximum(last - first + 1, 0)
    start = np.concatenate(([0], np.cumsum(spans)[:-1]))
    lookup = np.full(int(spans.sum()), MASKED, dtype=np.int32)
    rows = np.flatnonzero(known)
    lookup[start[site[rows]] + day[rows] - first[site[rows]]] = rows
    return lookup, start, first, last


def _days_since(present: NDArray[np.bool_]) -> NDArray[np.int16]:
    step = np.arange(present.shape[1], dtype=np.int16)
    latest = np.maximum.accumulate(np.where(present, step, np.int16(-1)), axis=1)
    before = np.concatenate((np.full((len(present), 1), -1, np.int16), latest[:, :-1]), axis=1)
    return np.where(present & (before >= 0), step - before, 0).astype(np.int16)
