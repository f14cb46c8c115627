"""What stands on a city's negative centres: the CBD, and what is confused with it (Jie et al. 2024, section 5.3)."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .city_plan import BELOW_HILLS, CBD, HISTORIC, HOUSING, SECONDARY
from .constants import Generator
from .ranges import Draws


@dataclass(frozen=True)
class CentreUse:
    """One use. name: as in the ranges. share: of the centres that are no CBD."""

    code: int
    name: str
    share: float = 0.0


USES = (CentreUse(CBD, "CBDs"), CentreUse(SECONDARY, "other business", 0.3),
        CentreUse(HOUSING, "high-rise housing", 0.35), CentreUse(HISTORIC, "historic centres", 0.2),
        CentreUse(BELOW_HILLS, "houses below hills", 0.15))


@dataclass(frozen=True)
class CentrePlan:
    """Centres of shape (n,): district codes, radii in km, radiance over the mean of the city's type, and loss of
    intensity at 60 degrees."""

    codes: NDArray[np.intp]
    radii: NDArray[np.float64]
    factors: NDArray[np.float64]
    losses: NDArray[np.float64]


def centres_alike(draws: Draws, negative: int, cbds: int) -> CentrePlan:
    """Negative centres that differ by chance only, CBDs first; then those with a cold spot."""
    count = negative + round(draws.one("centres with a cold spot"))
    radii, factors = draws.many("radius of centres", count), draws.many("radiance of centres", count)
    losses = np.concatenate((draws.many("towers that darken", negative),
                             draws.many("towers with a cold spot", max(1, count - negative))))
    codes = [CBD] * cbds + [SECONDARY if index % 2 else HOUSING for index in range(count - cbds)]
    return CentrePlan(np.array(codes), radii, factors, losses)


def centres_by_use(draws: Draws, numbers: Generator, negative: int, cbds: int, size: float) -> CentrePlan:
    """Likewise, but of different uses. size: factor on the radii of those that are no CBD."""
    others = [use for use in USES if use.share]
    drawn = numbers.choice(len(others), negative - cbds, p=[use.share for use in others])
    cold = round(draws.one("centres with a cold spot"))
    codes = np.array([CBD] * cbds + [others[index].code for index in drawn]
                     + [SECONDARY if index % 2 else HOUSING for index in range(cold)])
    radii, factors, losses = (np.empty(len(codes)) for _ in range(3))
    for use in USES:
        here = np.flatnonzero(codes == use.code)
        for values, quantity in ((radii, "radius"), (factors, "radiance"), (losses, "loss")):
            values[here] = draws.many(f"{quantity} of {use.name}", max(1, len(here)))[:len(here)]
    radii[codes != CBD] *= size
    losses[negative:] = draws.many("towers with a cold spot", max(1, cold))[:cold]
    return CentrePlan(codes, radii, factors, losses)
