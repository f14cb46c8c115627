"""Which labels a model learns from and which it is tried on: blocks of a year, years to come, and zones left out."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .labels import Labels

BLOCKED, FORWARD, ZONES_LEFT_OUT = "blocked", "forward", "zones left out"
BLOCK = 12  # months
GAP = 1  # months between training and test
FEWEST_ZONES, SHARE_OF_ZONES = 5, 0.2  # zones are left out where there are so many, at least this share of them


@dataclass(frozen=True)
class Fold:
    """number: from 1, within the protocol. train, test: shape (labels,)."""

    protocol: str
    number: int
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


def blocked_folds(labels: Labels, fewest: int) -> list[Fold]:
    """Blocks of 12 months from the first on, the last with what remains; labels that touch a block or the month on
    either side of it aren't learnt from. fewest: months that a fold needs to learn from."""
    block = _blocks(labels)
    return _numbered(BLOCKED, ((_before(labels, test) | _after(labels, test), test)
                               for test in (block == number for number in range(block.max() + 1))), labels, fewest)


def forward_folds(labels: Labels, fewest: int) -> list[Fold]:
    """Every block, learnt from what lies before it."""
    block = _blocks(labels)
    tests = (block == number for number in range(1, block.max() + 1))
    return _numbered(FORWARD, ((_before(labels, test, 0), test) for test in tests), labels, fewest)


def zone_folds(labels: Labels, fewest: int, seed: int) -> list[Fold]:
    """Blocks and zones that both weren't learnt from, every zone once at least; none where there are few zones."""
    count = len(labels.zones)
    if count < FEWEST_ZONES:
        return []
    size = int(np.ceil(SHARE_OF_ZONES * count))
    group = np.empty(count, int)
    group[np.random.default_rng(seed).permutation(count)] = np.arange(count) % (count // size)
    blocked = blocked_folds(labels, fewest)
    pairs = [(blocked[index % len(blocked)], (group == index % (group.max() + 1))[labels.zone])
             for index in range(max(len(blocked), group.max() + 1) if blocked else 0)]
    return _numbered(ZONES_LEFT_OUT, ((fold.train & ~out, fold.test & out) for fold, out in pairs), labels, fewest)


def _blocks(labels: Labels) -> NDArray[np.int_]:
    """The block that each label begins in."""
    start, end = int(labels.first.min()), int(labels.last.max())
    block: NDArray[np.int_] = np.minimum((labels.first - start) // BLOCK, max(1, (end - start + 1) // BLOCK) - 1)
    return block


def _before(labels: Labels, test: NDArray[np.bool_], gap: int = GAP) -> NDArray[np.bool_]:
    before: NDArray[np.bool_] = labels.last + gap < labels.first[test].min()
    return before


def _after(labels: Labels, test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    after: NDArray[np.bool_] = labels.first - GAP > labels.last[test].max()
    return after


def _numbered(protocol: str, pairs: Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
              labels: Labels, fewest: int) -> list[Fold]:
    """Folds with anything to be tried on and enough months to learn from."""
    kept = [(train, test) for train, test in pairs if test.any() and _months(labels, train) >= fewest]
    return [Fold(protocol, number, train, test) for number, (train, test) in enumerate(kept, 1)]


def _months(labels: Labels, chosen: NDArray[np.bool_]) -> int:
    known = labels.select(chosen)
    return int(known.covers(np.arange(labels.first.min(), labels.last.max() + 1)).any(axis=0).sum())
