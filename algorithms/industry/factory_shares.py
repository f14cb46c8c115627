"""Each factory's share of all output, by size and usual light, and how it moves as factories open or close."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .light_signals import LightChanges
from .samples import FactorySamples
from .traits import FactoryTraits

MOST_RAISED = 3.0  # for few factories that are open can't stand for all that nobody lists
UNLISTED = 0.35  # as much output as that of listed factories: layers miss 10 to 40 % of all


@dataclass(frozen=True)
class Scale:
    """Of the factories that levels were learnt against: their median size, and the sum of their parts. None without
    sizes: light alone hangs too much on the months and the neighbours that are given."""

    size_median: float | None = None
    part_sum: float | None = None


def factory_shares(samples: FactorySamples, traits: FactoryTraits, changes: LightChanges,
                   reference: NDArray[np.bool_], light_sharing: bool,
                   scale: Scale) -> tuple[NDArray[np.float64], Scale]:
    """Shares of output while a factory is open, (factories, months), and the scale they are on: the given one, or that
    of the factories themselves where it says nothing.

    reference: months that usual levels are taken from. light_sharing: whether factories without sizes that stand in one
    cell share its light.
    """
    if traits.size is None or not traits.has_sizes:
        part, scale = changes.usual * (_part_of_cell(samples) if light_sharing else 1), Scale()
    else:
        median = float(np.nanmedian(traits.size)) if scale.size_median is None else scale.size_median
        part = _parts(np.where(np.isfinite(traits.size), traits.size, median), changes)
        scale = Scale(median, float(part.sum()) if scale.part_sum is None else scale.part_sum)
    whole = part.sum() if scale.part_sum is None else scale.part_sum
    is_open = samples.factories.is_open(samples.months)
    return open_shares(part / (whole or 1), is_open, reference, traits.zone), scale


def _parts(size: NDArray[np.float64], changes: LightChanges) -> NDArray[np.float64]:
    """The root of size x light, because both err by factors, each by its own; by size alone where light isn't seen."""
    root = np.sqrt(size)
    part = np.asarray(root * np.sqrt(changes.usual), np.float64)
    seen = changes.seen_open & (root > 0)
    return np.where(seen, part, root * (part[seen].sum() / root[seen].sum())) if seen.any() else part


def open_shares(share: NDArray[np.float64], is_open: NDArray[np.bool_], reference: NDArray[np.bool_],
                zone: NDArray[np.int32]) -> NDArray[np.float64]:
    """Shares of open factories, (factories, months), raised or lowered as if UNLISTED of what is open in reference
    months in each zone were factories that nobody lists: when a listed one opens or closes, they stay."""
    shares = share[:, None] * is_open
    listed, usual = np.zeros((2, int(zone.max(initial=0)) + 2, is_open.shape[1]))  # the last for places in no zone
    np.add.at(listed, zone, shares)
    np.add.at(usual, zone, (share * is_open[:, reference].any(axis=1))[:, None])
    raised = (listed + UNLISTED * usual) / (1 + UNLISTED)
    times = np.divide(raised, listed, out=np.zeros_like(listed), where=listed > 0)
    return np.asarray(shares * np.minimum(times, MOST_RAISED)[zone])


def _part_of_cell(samples: FactorySamples) -> NDArray[np.float64]:
    """Of the light of its own cell that is a factory's when all are open, (factories,)."""
    centre = samples.side**2 // 2
    return np.asarray(samples.claim[:, centre] / samples.claimed[samples.cells[:, centre]].max(axis=1), np.float64)
