"""What the evidence measures on one simulated city: recall by amplitude and nights, chance, oracle, permuted zenith."""
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from nocturne.algorithms.night_lights import angular_fit, angular_kernel
from nocturne.algorithms.night_lights.night_effect import urban_median_factors
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import Grid
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.cities import CitySpecification
from nocturne.algorithms.simulation.curve_tables import ZENITHS, CurveTable
from nocturne.algorithms.simulation.orbit import View
from nocturne.algorithms.simulation.scene import FIRST_NIGHT, Scene, Stack
from nocturne.algorithms.simulation.truth import MAX_ZENITH, NEGATIVE, NONE, OUTSIDE, POSITIVE, U_SHAPED
from scipy.special import stdtrit

STRAIGHT_DEPTH = 0.005  # a curve that rises again by less than this share doesn't turn
CHANGE_EDGES = (-1.0, -0.4, -0.3, -0.2, -0.1, -0.05)  # planted relative change: strongest first
NIGHT_EDGES = (30, 60, 100, 150, 250, 10_000)
CLASSES = (NONE, NEGATIVE, POSITIVE, U_SHAPED)
FLAT_CHANGE = 0.01  # a cell is flat where its planted curve stays within this share of the nadir
PERMUTED_EVERY = 4  # cells, in both directions
STEPS = len(CHANGE_EDGES) - 1, len(NIGHT_EDGES) - 1


@dataclass(frozen=True)
class Case:
    """One city under one condition. family: curves or ray_cast; shared: standard deviation of the noise that the city
    shares, None = as drawn."""

    specification: CitySpecification
    family: str
    planted: bool
    disturbances: tuple[str, ...]
    nights: int
    shared: float | None = None


@dataclass(frozen=True)
class Called:
    """Counts of cells that an estimator called. found, as_u: planted negative cells called negative and U-shaped, by
    bin of change and of nights, shape STEPS; straight: those found of STRAIGHT planted ones, likewise. classes, flat:
    all cells and flat cells, by what they were called. right: planted negative ones called so."""

    found: np.ndarray
    as_u: np.ndarray
    straight: np.ndarray
    classes: np.ndarray
    flat: np.ndarray
    right: int


@dataclass(frozen=True)
class Measures:
    """Counts of cells. planted, straight, oracle: negative cells by bin, those of them whose curve doesn't turn, and
    those that the oracle finds. truth: cells by class. permuted: cells with permuted zenith, those with a significant
    slope, those called negative. change: quartiles of the planted change of negative cells."""

    planted: np.ndarray
    straight: np.ndarray
    oracle: np.ndarray
    truth: np.ndarray
    permuted: np.ndarray
    change: np.ndarray
    median_nights: float
    called: dict[str, Called]


class StackSource:
    """A stack as a source of nights for the plugin's own passes."""

    parameter = "RADIANCE"
    first_row = 0

    def __init__(self, stack: Stack, grid: Grid) -> None:
        self._stack, self.grid = stack, grid
        self.dates = [FIRST_NIGHT + timedelta(int(night)) for night in stack.nights]
        self.block_shape = stack.radiance.shape[1:]

    def read(self, nights, window, spare=None):
        rows, columns = window.toslices()
        first, last = nights[0], nights[-1] + 1  # asked for in runs
        return self._stack.radiance[first:last, rows, columns], self._stack.zenith[first:last, rows, columns]


def estimate(stack: Stack, grid: Grid, settings: AngularEffectsSettings):
    """Classes (rows, columns) and statistics (14, rows, columns) of a stack."""
    limit = settings.max_zenith or np.inf
    radiance = stack.radiance
    if settings.night_effect != "none":
        factors = urban_median_factors(StackSource(stack, grid), angular_fit.finite_limit(limit), Resources(threads=1),
                                       Progress())
        radiance = (radiance / factors[:, None, None]).astype(np.float32)
    sums, references = angular_fit.empty_sums(*radiance.shape[1:])
    angular_kernel.add_nights(radiance, stack.zenith, None, limit, sums, references)
    classes, statistics = angular_kernel.fit_block(sums, references, angular_fit.Thresholds(len(radiance), settings),
                                                   settings)
    return classes, statistics


def scene_of(case: Case) -> Scene:
    scene = Scene(case.specification, case.family, case.planted, case.disturbances, case.nights)
    if case.shared is not None:
        scene.noise = replace(scene.noise, shared=case.shared)
    return scene


def measure(case: Case, estimators: dict[str, AngularEffectsSettings]) -> Measures:
    """Simulates the city, estimates its classes and compares them with what was planted.

    permuted is that of the first estimator.
    """
    scene = scene_of(case)
    stack = scene.stack()
    truth = scene.truth(stack)
    first = next(iter(estimators.values()))
    count = np.isfinite(stack.radiance).sum(axis=0)
    fitted = (truth.classes != OUTSIDE) & (count >= first.min_observations)
    negative = fitted & (truth.classes == NEGATIVE)
    straight = negative & (truth.depth <= STRAIGHT_DEPTH)
    flat = fitted & flat_cells(scene)

    def by_bin(cells):
        return np.histogram2d(truth.change[cells], count[cells], (CHANGE_EDGES, NIGHT_EDGES))[0]

    called = {}
    for name, settings in estimators.items():
        classes, _ = estimate(stack, scene.window.grid, settings)
        found = classes == NEGATIVE
        called[name] = Called(by_bin(negative & found), by_bin(negative & (classes == U_SHAPED)),
                              by_bin(straight & found), by_class(classes[fitted]), by_class(classes[flat]),
                              int((negative & found).sum()))
    oracle = oracle_negative(scene, stack, first.alpha) if case.planted else negative
    change = truth.change[negative]
    return Measures(
        by_bin(negative), by_bin(straight), by_bin(negative & oracle), by_class(truth.classes[fitted]),
        permuted(scene, stack, first), np.quantile(change, (0.25, 0.5, 0.75)) if len(change) else np.full(3, np.nan),
        float(np.median(count[fitted])) if fitted.any() else 0.0, called)


def flat_cells(scene: Scene) -> np.ndarray:
    """Cells whose curve stays within FLAT_CHANGE of the nadir, (rows, columns)."""
    curve = scene.table.values.mean(axis=0)[ZENITHS <= MAX_ZENITH]
    return np.abs(curve / curve[0] - 1).max(axis=0) <= FLAT_CHANGE


def by_class(values) -> np.ndarray:
    return np.array([np.count_nonzero(values == each) for each in CLASSES])


def oracle_negative(scene: Scene, stack: Stack, alpha: float) -> np.ndarray:
    """Who knows each cell's curve and only tests whether it is there, one-sided at alpha / 2: (rows, columns)."""
    table = CurveTable(scene.table.values.mean(axis=0)[None])
    nadir = table.values[0, 0]
    used = np.isfinite(stack.radiance)
    shape = stack.radiance.shape[1:]
    count, g1, g2, y1, y2, gy = (np.zeros(shape) for _ in range(6))
    for values, zenith, use in zip(stack.radiance, stack.zenith.astype(np.float64), used):
        g = np.where(use, table.at(View(zenith, zenith, zenith)) / nadir - 1, 0).astype(np.float64)
        y = np.where(use, values / nadir, 0).astype(np.float64)
        for total, term in ((count, use), (g1, g), (g2, g * g), (y1, y), (y2, y * y), (gy, g * y)):
            total += term
    n = np.maximum(count, 3)
    sgg, sgy, syy = g2 - g1 * g1 / n, gy - g1 * y1 / n, y2 - y1 * y1 / n
    with np.errstate(all="ignore"):
        slope = sgy / sgg
        error = np.sqrt(np.maximum(syy - slope * sgy, 0) / (n - 2) / sgg)
        return (count > 3) & (slope > stdtrit(np.maximum(n - 2, 1), 1 - alpha / 2) * error)


def permuted(scene: Scene, stack: Stack, settings: AngularEffectsSettings) -> np.ndarray:
    """The negative control: each cell's zeniths dealt anew to its nights.

    Returns the cells, those whose slope is significant in either direction, and those called negative.
    """
    numbers = np.random.default_rng([scene.specification.seed, 99])
    rows, columns = (slice(None, None, PERMUTED_EVERY),) * 2
    radiance, zenith = stack.radiance[:, rows, columns], stack.zenith[:, rows, columns].copy()
    inside = scene.plan.city.municipality[rows, columns]
    for row, column in zip(*np.nonzero(inside)):
        used = np.nonzero(np.isfinite(radiance[:, row, column]))[0]
        zenith[used, row, column] = zenith[numbers.permutation(used), row, column]
    dealt = Stack(np.ascontiguousarray(radiance), zenith, stack.nights)
    classes, statistics = estimate(dealt, scene.window.grid, settings)
    p = statistics[angular_fit.STATISTICS.index("linear_p")]
    fitted = inside & (classes != angular_fit.NO_DATA)
    significant = fitted & (p < settings.alpha)
    return np.array([fitted.sum(), significant.sum(), (fitted & (classes == NEGATIVE)).sum()])


def flat_shares(case: Case, estimators: dict[str, AngularEffectsSettings]) -> dict[str, float]:
    """Share of the cells of a city without planted effects that each estimator calls negative; NaN without any cell."""
    scene = scene_of(case)
    stack = scene.stack()
    shares = {}
    for name, settings in estimators.items():
        classes, _ = estimate(stack, scene.window.grid, settings)
        fitted = scene.plan.city.municipality & (classes != angular_fit.NO_DATA)
        shares[name] = float((classes[fitted] == NEGATIVE).mean()) if fitted.any() else float("nan")
    return shares
