"""The light of the simulated region: of factories by their output, of everything else, and as the sensor sees it."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .constants import Generator
from .fields import smooth_field
from .light_curves import FOOTPRINT_M
from .ranges import Draws
from .region_output import LONGEST_LAG, Output
from .region_plan import (
    CELL,
    DAY_SHIFT,
    GREEN,
    GREENHOUSES,
    LAND_USES,
    OFFICE,
    SECTORS,
    ZONES,
    RegionPlan,
)

RADIANCE = {"water": 0.1, "farmland": 0.5, "forest": 0.2, "housing": 12.0, "commerce": 35.0, "industry": 5.0,
            "port": 40.0, "greenhouses": 20.0, "stadium": 120.0}  # nW/cm2/sr, mean of other light at the start
BLUR_CELLS = FOOTPRINT_M / CELL / 2.355  # standard deviation of a Gaussian of this full width at half maximum
RING_CELLS = 3
MOST_CLEAR = 20


@dataclass(frozen=True)
class RegionLight:
    """factories: shape (producers, months), nW/cm2/sr in their own cells, before the blur. clean: (months, rows,
    columns), what a perfect sensor sees. radiance: as measured, NaN where not observed. counts: observations."""

    factories: NDArray[np.float32]
    clean: NDArray[np.float32]
    radiance: NDArray[np.float32]
    counts: NDArray[np.uint8]


def simulate_light(draws: Draws, numbers: Generator, plan: RegionPlan, output: Output, null: bool) -> RegionLight:
    """null: factories shine alike in all months, whatever they make, and other light follows its own swings only; all
    random numbers are the same."""
    other = _other_light(draws, numbers, plan, output, null)
    factories = _factory_light(draws, numbers, plan, output, null)
    factories *= _share_factor(draws, plan, other[0], factories[:, 0])
    clean = blurred(plan, factories, other)
    counts = _counts(draws, numbers, clean.shape)
    measured = _measure(draws, numbers, clean, counts)
    return RegionLight(factories.astype(np.float32), clean.astype(np.float32), measured, counts)


def blurred(plan: RegionPlan, producers: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light of producers, (producers, months), in their cells, and other light, (months, rows, columns), as far as the
    sensor parts cells; like other."""
    light = other.copy()
    for month, values in enumerate(producers.T):
        np.add.at(light[month], (plan.row, plan.column), values)
    return np.asarray(gaussian_filter(light, (0, BLUR_CELLS, BLUR_CELLS), mode="nearest"))


def _factory_light(draws: Draws, numbers: Generator, plan: RegionPlan, output: Output,
                   null: bool) -> NDArray[np.float64]:
    """Before it is scaled against other light: mean light by size and a power of what was made some months before."""
    elasticity = draws.many("elasticity of light", len(SECTORS))[plan.sector]
    lag = np.round(draws.many("lag of light", len(SECTORS))).astype(int)[plan.sector]
    lit = plan.size**draws.one("light by size") * np.exp(
        draws.one("efficiency of lighting") * numbers.standard_normal(len(plan.size)))
    lit[plan.kind == OFFICE] = 0
    months = output.series.shape[1]
    if null:
        return np.repeat(lit[:, None], months, axis=1)
    index = LONGEST_LAG - lag[:, None] + np.arange(months)
    made = np.take_along_axis(output.made, index, axis=1)
    usual = np.where(output.open, output.made, 0).sum(axis=1) / np.maximum(output.open.sum(axis=1), 1)
    relative = np.divide(made, usual[:, None], out=np.zeros_like(made), where=usual[:, None] > 0)
    changes = np.where((plan.kind == DAY_SHIFT)[:, None], relative > 0, relative**elasticity[:, None])
    return np.asarray(lit[:, None] * changes, np.float64)


def _other_light(draws: Draws, numbers: Generator, plan: RegionPlan, output: Output,
                 null: bool) -> NDArray[np.float64]:
    """Shape (months, rows, columns)."""
    months, shape = output.series.shape[1], plan.land_use.shape
    years, season = np.arange(months) / 12, 2 * np.pi * np.arange(months) / 12
    base = np.array([RADIANCE[name] for name in LAND_USES])[plan.land_use]
    base *= np.exp(0.3 * smooth_field(numbers, shape, 2))
    growth = np.exp(draws.many("growth of other light", len(LAND_USES))[:, None] * years)
    swings = _common_swings(draws, numbers, output, null)
    light: NDArray[np.float64] = base * growth[plan.land_use].transpose(2, 0, 1) * np.exp(swings)[:, None, None]
    green = np.isin(plan.land_use, GREEN)
    light[:, green] *= (1 - draws.one("loss by canopy in leaf") * np.clip(-np.cos(season), 0, 1))[:, None]
    light[:, plan.land_use == GREENHOUSES] *= np.clip(0.1 + 0.9 * np.cos(season), 0.02, 1)[:, None]
    _change_lamps(draws, numbers, plan, light)
    for bright in draws.many("light of construction sites", round(draws.one("construction sites"))):
        row, column = (int(numbers.integers(2, side - 2)) for side in shape)
        start, length = int(numbers.integers(months)), int(numbers.integers(12, 31))
        light[start:start + length, row:row + 2, column:column + 2] += bright
    return light


def _common_swings(draws: Draws, numbers: Generator, output: Output, null: bool) -> NDArray[np.float64]:
    """Logarithmic, of all other light, shape (months,): partly those of the region's output, without its trend."""
    correlation = draws.one("correlation with the total") * (not null)
    total = np.log(output.series.sum(axis=0))
    time = np.arange(len(total))
    total = total - np.polyval(np.polyfit(time, total, 1), time)
    own = gaussian_filter(numbers.standard_normal(len(total)), 1)
    both = correlation * total / total.std() + np.sqrt(1 - correlation**2) * own / own.std()
    return np.asarray(draws.one("common swings of other light") * both, np.float64)


def _change_lamps(draws: Draws, numbers: Generator, plan: RegionPlan, light: NDArray[np.float64]) -> None:
    """LED in some zones, from one month on; in place."""
    chance = draws.one("zones with LED change")
    losses = draws.many("loss by LED", len(ZONES))
    for zone, loss in enumerate(losses):
        month, changes = int(numbers.integers(len(light))), numbers.random() < chance
        if changes:
            light[month:, plan.zone == zone] *= 1 - loss


def _share_factor(draws: Draws, plan: RegionPlan, other: NDArray[np.float64],
                  factories: NDArray[np.float64]) -> float:
    """The factor on factory light that gives other light its drawn share of the light in the rings."""
    near = np.zeros(plan.land_use.shape, bool)
    offsets = range(-RING_CELLS, RING_CELLS + 1)
    lit = plan.kind != OFFICE
    for down in offsets:
        for right in offsets:
            if down**2 + right**2 <= RING_CELLS**2:
                near[np.clip(plan.row[lit] + down, 0, near.shape[0] - 1),
                     np.clip(plan.column[lit] + right, 0, near.shape[1] - 1)] = True
    share = draws.one("other light in the rings")
    return float((1 - share) / share * other[near].sum() / factories.sum())


def _counts(draws: Draws, numbers: Generator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Observations per month: few in the monsoon, in patches."""
    season = 2 * np.pi * (np.arange(shape[0]) % 12 + 1 - draws.one("height of the monsoon")) / 12
    wet = np.clip(np.cos(season), 0, 1)**2
    dry_mean, wet_mean = draws.one("clear nights"), draws.one("clear nights in the monsoon")
    means = dry_mean + (wet_mean - dry_mean) * wet
    means *= np.exp(0.25 * numbers.standard_normal(shape[0]))
    patches = np.stack([smooth_field(numbers, shape[1:], 6) for _ in range(shape[0])])
    return np.asarray(np.minimum(numbers.poisson(means[:, None, None] * np.exp(0.35 * patches)), MOST_CLEAR), np.uint8)


def _measure(draws: Draws, numbers: Generator, clean: NDArray[np.float64],
             counts: NDArray[np.uint8]) -> NDArray[np.float32]:
    months = len(clean)
    noise = draws.one("noise of one night") / np.sqrt(np.maximum(counts, 1))
    seen = clean * _snow(draws, numbers, months)[:, None, None]
    seen = seen * (1 + noise * numbers.standard_normal(clean.shape))
    seen += draws.one("additive noise") * numbers.standard_normal(clean.shape)
    seen += (draws.one("airglow") * numbers.standard_normal(months))[:, None, None]
    seen -= draws.one("background taken off")
    flares = round(draws.one("flares"))
    for share, bright in zip(draws.many("months with flare", flares), draws.many("light of flares", flares)):
        row, column = (int(numbers.integers(side)) for side in clean.shape[1:])
        burning = np.flatnonzero(numbers.random(months) < share)
        seen[burning, row, column] += bright * numbers.uniform(0.2, 1, len(burning))
    seen[counts == 0] = np.nan
    return np.asarray(seen, np.float32)


def _snow(draws: Draws, numbers: Generator, months: int) -> NDArray[np.float64]:
    """Factor of each month."""
    chance, brightening = draws.one("snowy winters"), draws.one("brightening by snow")
    snowy = (np.arange(months) % 12 < 2) & (numbers.random(months) < chance)
    return np.where(snowy, brightening, 1.0)
