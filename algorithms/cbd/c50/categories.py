"""The best test of a categorical attribute: a branch for each level, or for each subset of levels."""
from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .information import Counts, bits, part_information, single, total_information, weighted_counts

EPSILON = 1e-4
ALIKE = 0.001  # largest difference of class shares of levels that are merged at once
NO_GAIN = -1.0


def multiway_gain(known: Counts, missing: Counts, cases: float, base: float,
                  min_cases: float) -> tuple[float, float, int]:
    """Gain and split information of one branch per level, and how many branches get cases; gain -1 where two levels
    don't reach min_cases. known: shape (levels, classes); missing: (classes,); base: information per case."""
    sizes, absent = known.sum(axis=1), float(missing.sum())
    branches = int((sizes > 0.5).sum())
    if (sizes >= min_cases).sum() < 2:
        return NO_GAIN, NO_GAIN, branches
    gain = _gain(known, absent, cases, _known_base(known, absent, cases, base))
    return gain, total_information(np.append(absent, sizes)) / cases, branches


def best_subsets(known: Counts, missing: Counts, cases: float, base: float,
                 min_cases: float) -> tuple[float, float, list[set[int]]]:
    """Gain, split information and the subsets of levels that hill-climbing by pairwise merging finds.

    Starts with one subset per level that occurs; merges the pair that keeps most gain, and keeps the division with the
    best gain ratio after what it costs to describe (Bell numbers). Levels that don't occur are one subset more.
    """
    sizes, absent = known.sum(axis=1), float(missing.sum())
    reasonable = int((sizes >= min_cases).sum())
    if not reasonable:
        return NO_GAIN, NO_GAIN, []
    base = _known_base(known, absent, cases, base)
    total = single(cases - absent)
    gain = _gain(known, absent, cases, base)
    split = total_information(np.append(absent, sizes)) / cases
    here = np.flatnonzero(sizes > EPSILON)
    rare = {int(level) for level in np.flatnonzero(sizes <= EPSILON)}
    blocks = _Blocks([{int(level)} for level in here], known[here].copy(), reasonable, min_cases)
    initial = len(here)
    best = _Best(gain, split, _ratio(gain, split), [set(levels) for levels in blocks.levels])
    if blocks.merge_alike():
        split = total_information(np.append(absent, blocks.sizes)) / cases
        penalty = _description(initial, len(blocks.levels))
        ratio = _ratio(gain - penalty / cases, split)
        if len(blocks.levels) >= 2 and blocks.reasonable >= 2 and ratio >= best.ratio:
            best = _Best(gain - penalty / total, split, ratio, [set(levels) for levels in blocks.levels])
    unknown_rate = absent / cases
    while len(blocks.levels) > 2:
        found = blocks.best_merge(gain, split, cases, (1 - unknown_rate) / total)
        if found is None:
            break
        gain, split, first, second = found
        penalty = _description(initial, len(blocks.levels) - 1)
        ratio = _ratio(gain - penalty / cases, split)
        blocks.merge(first, second)
        if ratio >= best.ratio:
            best = _Best(gain - penalty / total, split, ratio, [set(levels) for levels in blocks.levels])
    return best.gain, best.split, best.subsets + ([rare] if rare else [])


class _Best:
    def __init__(self, gain: float, split: float, ratio: float, subsets: list[set[int]]) -> None:
        self.gain, self.split, self.ratio, self.subsets = gain, split, ratio, subsets


class _Blocks:
    """Subsets of levels with their counts; reasonable: how many reach min_cases."""

    def __init__(self, levels: list[set[int]], counts: Counts, reasonable: int, min_cases: float) -> None:
        self.levels, self.counts, self.reasonable, self.min_cases = levels, counts, reasonable, min_cases

    @property
    def sizes(self) -> Counts:
        return np.asarray(self.counts.sum(axis=1))

    def merge_alike(self) -> bool:
        """Merges levels with the same shares of classes; whether there were any."""
        merged, first = False, 0
        while first < len(self.levels) - 1:
            second = first + 1
            while second < len(self.levels):
                shares = self.counts[[first, second]] / self.counts[[first, second]].sum(axis=1, keepdims=True)
                if (np.abs(shares[0] - shares[1]) <= ALIKE).all():
                    self.merge(first, second)
                    merged = True
                else:
                    second += 1
            first += 1
        return merged

    def best_merge(self, gain: float, split: float, cases: float,
                   scale: float) -> tuple[float, float, int, int] | None:
        """Gain and split information after the merge that keeps most gain, and the pair; None where none may be."""
        sizes = self.sizes
        entropies = np.array([total_information(counts) for counts in self.counts])
        parts = np.array([part_information(size, cases) for size in sizes])
        large = sizes >= self.min_cases - EPSILON
        best = None
        most = -EPSILON
        for first in range(len(sizes) - 1):
            for second in range(first + 1, len(sizes)):
                if self.reasonable == 2 and large[first] and large[second]:
                    continue
                entropy = total_information(self.counts[first] + self.counts[second])
                kept = gain - scale * (entropy - (entropies[first] + entropies[second]))
                if kept > most + EPSILON:
                    part = part_information(single(sizes[first] + sizes[second]), cases)
                    most = kept
                    best = kept, split + (part - (parts[first] + parts[second])) / cases, first, second
        return best

    def merge(self, first: int, second: int) -> None:
        sizes, enough = self.sizes, self.min_cases - EPSILON
        if sizes[first] >= enough and sizes[second] >= enough:
            self.reasonable -= 1
        elif sizes[first] < enough and sizes[second] < enough and sizes[first] + sizes[second] >= enough:
            self.reasonable += 1
        self.levels[first] |= self.levels.pop(second)
        self.counts[first] += self.counts[second]
        self.counts = np.delete(self.counts, second, axis=0)


def _ratio(gain: float, split: float) -> float:
    return gain / split if split > 0 else math.nan


def _gain(known: Counts, absent: float, cases: float, base: float) -> float:
    total = single(cases - absent)
    if not total:
        return NO_GAIN
    after = sum(total_information(counts) for counts in known) / total
    return 0.0 if base <= after else (1 - single(absent / cases)) * (base - after)


def _known_base(known: Counts, absent: float, cases: float, base: float) -> float:
    """Information per case of the cases with a value."""
    if not absent:
        return base
    total = single(cases - absent)
    return total_information(known.sum(axis=0)) / total if total >= 1e-5 else 0.0


def _description(levels: int, subsets: int) -> float:
    """Bits that say which of the ways to divide levels into so many subsets it is (Stirling numbers of the second
    kind)."""
    ways = _ways(levels, subsets)
    return bits(ways) if math.isfinite(ways) else (levels - subsets) * bits(subsets)


@cache
def _row(levels: int) -> tuple[float, ...]:
    """Ways to divide so many levels into 0, 1, ... subsets."""
    if levels == 0:
        return (1.0,)
    before = (*_row(levels - 1), 0.0)
    return (0.0, *(1.0 if subsets in (1, levels) else before[subsets - 1] + subsets * before[subsets]
                   for subsets in range(1, levels + 1)))


def _ways(levels: int, subsets: int) -> float:
    for count in range(0, levels, 200):  # fills the cache from below, which keeps the recursion flat
        _row(count)
    return _row(levels)[subsets]


def level_counts(codes: NDArray[np.int32], classes: NDArray[np.intp], weights: NDArray[np.float32], levels: int,
                 class_count: int) -> tuple[Counts, Counts]:
    """Weight of the cases by level and class, shape (levels, classes), and of those without a level, (classes,)."""
    cell = (codes.astype(np.intp) + 1) * class_count + classes
    counts = weighted_counts(cell, weights, (levels + 1) * class_count).reshape(levels + 1, class_count)
    return counts[1:], counts[0]
