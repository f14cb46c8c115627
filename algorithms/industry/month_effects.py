"""What one month does to all light: airglow adds to it, snow brightens it."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .robust import NORMAL, medians

CELLS = 20_000  # that a month is read from; more say nothing new
LEAST_CELLS = 30
LINE_ROUNDS, ROUNDS = 5, 15
BRIGHTER, DEVIATIONS = 0.04, 3.5  # a month is left out beyond both, of the logarithm and in robust deviations
CURVE = 3  # powers of time


def month_lines(light: NDArray[np.float32],
                reference: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Light of all cells in a month as a line of their medians over the reference months: its foot (nW/cm2/sr) is what
    the month adds to all, its slope the light of the region. Both (months,); 0 and NaN where too little was observed.

    light: (cells, months), NaN where not observed. A robust line (Huber 1964), because lamps and factories change.
    """
    chosen = light[::-(-len(light) // CELLS) or 1].astype(np.float64)
    usual = medians(chosen[:, reference].T)
    there = np.isfinite(usual)
    chosen, usual = chosen[there], usual[there]
    scale = 1 / (1 + np.maximum(usual, 0))  # noise grows with light
    foot, slope = np.zeros(chosen.shape[1]), np.full(chosen.shape[1], np.nan)
    for month, values in enumerate(chosen.T):
        seen = np.isfinite(values)
        if seen.sum() >= LEAST_CELLS and np.ptp(usual[seen]) > 0:
            slope[month], foot[month] = _robust_line(usual[seen], values[seen], scale[seen])
    return foot, slope


def _robust_line(usual: NDArray[np.float64], values: NDArray[np.float64],
                 scale: NDArray[np.float64]) -> NDArray[np.float64]:
    line = np.column_stack((usual, np.ones(len(usual)))) * scale[:, None]
    values = values * scale
    weight = np.ones(len(values))
    for _ in range(LINE_ROUNDS):
        found = np.linalg.lstsq(line * weight[:, None], values * weight, rcond=None)[0]
        weight = _huber(values - line @ found)[0]
    return np.asarray(found, np.float64)


def brightened(slope: NDArray[np.float64], months: NDArray[np.int32],
               visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Months whose slope lies above its smooth course with a yearly season, as when snow lies, (months,).

    slope: of month_lines. The course is fitted to the visible months, with falling weight on what departs from it. A
    course of other months would say little here: beyond them its powers run away.
    """
    there = np.isfinite(slope) & (slope > 0)
    learn = there & visible
    if learn.sum() < 24:
        return np.zeros(len(slope), bool)
    years = (months - months[learn][0]) / 12
    middle = years[learn].mean()
    turns = 2 * np.pi * years[:, None] * np.array([1, 2])
    powers = ((years - middle) / 4)[:, None]**np.arange(CURVE + 1)
    terms = np.concatenate((powers, np.sin(turns), np.cos(turns)), axis=1)
    logarithm = np.log(np.where(there, slope, 1))
    weight = np.ones(int(learn.sum()))
    for _ in range(ROUNDS):
        fitted = np.linalg.lstsq(terms[learn] * weight[:, None], logarithm[learn] * weight, rcond=None)[0]
        distance = logarithm - terms @ fitted
        weight, spread = _huber(distance[learn])
    return np.asarray(learn & (distance > max(DEVIATIONS * spread, BRIGHTER)), np.bool_)


def _huber(errors: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Roots of Huber's weights, and the robust standard deviation that they come from."""
    spread = max(NORMAL * float(np.median(np.abs(errors))), 1e-6)
    return np.minimum(1, np.sqrt(1.5 * spread / np.maximum(np.abs(errors), 1e-9))), spread
