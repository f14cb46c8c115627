"""Linear and quadratic regression of radiance on view zenith angle from sums alone, and the class that follows.

Every formula is written once: numpy calls it with arrays, the numba kernel compiles it for scalars. Sums are added in
the order of the nights and never reassociated, so both engines and any division into batches give the same ones.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.special import betainc, betaln, stdtrit

from .settings import AngularEffectsSettings

ZENITH_SCALE = 30.0  # degrees; keeps powers of the centred zenith near 1
RANK_TOLERANCE = 1e-12  # below it the squared zenith is a linear function of the zenith: two distinct values
FLOAT32_MAX = float(np.finfo(np.float32).max)
SMALLEST_P = 1e-38  # smaller ones would be denormal as float32 and are written as 0

NONE, NEGATIVE, POSITIVE, U_SHAPED, NO_DATA = 0, 1, 2, 3, 255
STATISTICS = (
    "linear_intercept", "linear_slope", "linear_r2", "linear_p",
    "quadratic_intercept", "quadratic_slope", "quadratic_curvature", "quadratic_r2", "quadratic_p",
    "observations", "quadratic_curvature_p", "relative_change", "zenith_minimum", "zenith_maximum")

TURNING_T = len(STATISTICS)  # the smaller t of the two one-sided tests of the slopes test

SUMS = 9  # n, x, x2, x3, x4, y, xy, x2y, yy
REFERENCES = 4  # first radiance, first zenith, lowest zenith, highest zenith


def select(condition: Any, where_true: Any, where_false: Any) -> Any:
    """np.where, which the kernel compiles without a branch for scalars."""
    return np.where(condition, where_true, where_false)


def empty_sums(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """State of a block before the first night: sums (rows, 9, columns) and references (rows, 4, columns)."""
    references = np.zeros((rows, REFERENCES, columns), dtype=np.float32)
    references[:, 2], references[:, 3] = np.inf, -np.inf
    return np.zeros((rows, SUMS, columns)), references


def observation(radiance: Any, zenith: Any, accepted: Any, limit: Any) -> Any:
    """Whether a night counts: what isn't finite in either quantity or is seen beyond the limit is no observation."""
    return (np.abs(zenith) <= limit) & (np.abs(radiance) <= FLOAT32_MAX) & accepted


def finite_limit(limit: float) -> np.float32:
    """The greatest zenith that counts, in the precision of the stacks; never inf, which no observation may be."""
    return np.float32(min(limit, FLOAT32_MAX))


def centred(valid: Any, value: Any, reference: Any, scale: Any) -> Any:
    """Value minus the pixel's first one, over the scale; 0 where there is no observation.

    Centred so, the sums keep their digits for a narrow range of zeniths and for a bright pixel that hardly changes.
    """
    return select(valid, (np.float64(value) - np.float64(reference)) * (1.0 / scale), 0.0)


def add_nights(radiance: NDArray[np.float32], zenith: NDArray[np.float32], accepted: NDArray[np.uint8] | None,
               limit: float, sums: NDArray[np.float64], references: NDArray[np.float32]) -> None:
    """Adds nights to the state in place: numpy's engine.

    radiance (nW/cm2/sr), zenith (degrees), accepted (1 = use; None = all): (nights, rows, columns).
    """
    n, x1, x2, x3, x4, y1, xy, x2y, yy = np.moveaxis(sums, 1, 0)
    radiance0, zenith0, lowest, highest = np.moveaxis(references, 1, 0)
    for night, (r, z) in enumerate(zip(radiance, zenith)):
        use = True if accepted is None else accepted[night] != 0
        with np.errstate(invalid="ignore"):
            valid = observation(r, z, use, finite_limit(limit))
            first = valid & (n == 0)
            radiance0[first], zenith0[first] = r[first], z[first]
            np.copyto(lowest, z, where=valid & (z < lowest))
            np.copyto(highest, z, where=valid & (z > highest))
            x, y = centred(valid, z, zenith0, ZENITH_SCALE), centred(valid, r, radiance0, 1.0)
        xx = x * x
        for total, term in ((n, valid), (x1, x), (x2, xx), (x3, xx * x), (x4, xx * xx), (y1, y), (xy, x * y),
                            (x2y, xx * y), (yy, y * y)):
            total += term


def tail_probability(unexplained: Any, freedom: Any, log_beta: Any) -> Any:
    """Two-sided p of a t-test with t2 = freedom * (1 / unexplained - 1): the regularised incomplete beta function.

    unexplained: share of the sum of squares that remains after the tested term. log_beta: betaln(freedom / 2, 1 / 2).
    """
    with np.errstate(invalid="ignore"):
        return betainc(freedom / 2.0, 0.5, unexplained)


@dataclass(frozen=True)
class Levels:
    """Significance levels of the slope's test and of the U-test; both ALPHA unless false discoveries are controlled."""

    linear: float
    turning: float


class Thresholds:
    """What the tests need, by number of observations, computed beforehand."""

    def __init__(self, nights: int, settings: AngularEffectsSettings, levels: Levels | None = None) -> None:
        self.levels = levels or Levels(settings.alpha, settings.alpha)
        freedom = np.arange(-3.0, nights - 2.0)  # of the quadratic fit, by number of observations
        usable = np.maximum(freedom, 1.0)
        self.critical_t = np.where(freedom >= 1, -stdtrit(usable, self.levels.turning), np.nan)
        self.log_beta = betaln(np.maximum(np.arange(-3.0, nights - 1.0), 1.0) / 2.0, 0.5)  # log_beta[freedom + 3]


def fit(n: Any, x1: Any, x2: Any, x3: Any, x4: Any, y1: Any, xy: Any, x2y: Any, yy: Any, radiance0: Any, zenith0: Any,
        lowest: Any, highest: Any, critical_t: Any, log_beta_linear: Any, log_beta_quadratic: Any,
        linear_level: Any, turning_level: Any, min_observations: Any, min_r2: Any, min_change: Any, min_rise: Any,
        slopes_test: Any) -> Any:
    """Class, the 14 STATISTICS and TURNING_T of a pixel from its sums, in double precision.

    critical_t: of the one-sided test with n - 3 degrees of freedom. slopes_test: Lind and Mehlum (2010) instead of the
    comparison of adjusted R2. The quadratic is fitted in the orthogonal terms 1, x - mean(x) and
    q = x2 - mean(x2) - k (x - mean(x)), whose coefficients are independent.
    """
    not_a_number = np.nan
    enough = n >= min_observations
    count = select(n > 0.0, n, 1.0)
    varied = enough & (highest > lowest)
    mean_x, mean_x2, mean_y = x1 / count, x2 / count, y1 / count
    sxx = select(varied, x2 - x1 * mean_x, 1.0)
    sxy, syy = xy - x1 * mean_y, np.maximum(yy - y1 * mean_y, 0.0)
    steady = syy <= 0.0
    total = select(steady, 1.0, syy)
    beta = select(steady, 0.0, sxy / sxx)
    linear_r2 = select(steady, 0.0, np.minimum(beta * sxy / total, 1.0))
    linear_p = select(steady, 1.0, tail_probability(1.0 - linear_r2, n - 2.0, log_beta_linear))

    k = (x3 - x1 * mean_x2) / sxx
    sqq = (x4 - x2 * mean_x2) - k * (x3 - x1 * mean_x2)
    curved = varied & (sqq > RANK_TOLERANCE * x4)
    sqq = select(curved, sqq, 1.0)
    sqy = (x2y - x2 * mean_y) - k * sxy
    gamma = select(steady, 0.0, sqy / sqq)
    quadratic_r2 = select(steady, 0.0, np.minimum((beta * sxy + gamma * sqy) / total, 1.0))
    quadratic_r2 = np.maximum(quadratic_r2, linear_r2)
    left_linear, left_quadratic = 1.0 - linear_r2, 1.0 - quadratic_r2
    freedom = n - 3.0
    quadratic_p = select(steady, 1.0, left_quadratic ** (np.maximum(freedom, 1.0) / 2.0))
    partial = select(left_linear > 0.0, left_quadratic / select(left_linear > 0.0, left_linear, 1.0), 1.0)
    curvature_p = select(steady, 1.0, tail_probability(partial, freedom, log_beta_quadratic))

    x_low = (np.float64(lowest) - np.float64(zenith0)) / ZENITH_SCALE
    x_high = (np.float64(highest) - np.float64(zenith0)) / ZENITH_SCALE
    x_zero = -np.float64(zenith0) / ZENITH_SCALE
    level = np.float64(radiance0) + mean_y
    at_lowest, at_highest = level + beta * (x_low - mean_x), level + beta * (x_high - mean_x)
    change = select(at_lowest > 0.0, at_highest / select(at_lowest > 0.0, at_lowest, 1.0) - 1.0, not_a_number)

    curvature = gamma / (ZENITH_SCALE * ZENITH_SCALE)
    slope_at_zero = (beta + gamma * (2.0 * x_zero - k)) / ZENITH_SCALE
    value_at_zero = level + beta * (x_zero - mean_x) + gamma * (
        x_zero * x_zero - mean_x2 - k * (x_zero - mean_x))

    tilt_low, tilt_high = 2.0 * x_low - k, 2.0 * x_high - k
    fall, rise = -(beta + gamma * tilt_low), beta + gamma * tilt_high  # a parabola falls by fall2 / (4 gamma)
    both_ways = (rise * rise >= min_rise * fall * fall) & (fall * fall >= min_rise * rise * rise)
    turning_t = not_a_number
    if slopes_test:
        variance = left_quadratic * total / np.maximum(freedom, 1.0)
        error_low = np.sqrt(variance * (1.0 / sxx + tilt_low * tilt_low / sqq))
        error_high = np.sqrt(variance * (1.0 / sxx + tilt_high * tilt_high / sqq))
        turning_t = np.minimum(fall / error_low, rise / error_high)
        turns = turning_t > critical_t
    else:
        better = left_quadratic / np.maximum(freedom, 1.0) < left_linear / (n - 2.0)
        vertex = (k * gamma - beta) / (2.0 * select(gamma > 0.0, gamma, 1.0))
        turns = (quadratic_p < turning_level) & better & (vertex > x_low) & (vertex < x_high)
    u_shaped = curved & (gamma > 0.0) & (quadratic_r2 >= min_r2) & turns & both_ways
    changed = select(change == change, np.abs(change) >= min_change, min_change <= 0.0)
    sloped = varied & (linear_p < linear_level) & (linear_r2 >= min_r2) & changed
    effect = select(u_shaped, U_SHAPED, select(sloped & (beta < 0.0), NEGATIVE, select(
        sloped & (beta > 0.0), POSITIVE, NONE)))
    effect = select(enough, effect, NO_DATA)

    linear_p = select(linear_p < SMALLEST_P, 0.0, linear_p)
    quadratic_p = select(quadratic_p < SMALLEST_P, 0.0, quadratic_p)
    curvature_p = select(curvature_p < SMALLEST_P, 0.0, curvature_p)
    return (
        effect,
        select(varied, level + beta * (x_zero - mean_x), not_a_number),
        select(varied, beta / ZENITH_SCALE, not_a_number),
        select(varied, linear_r2, not_a_number),
        select(varied, linear_p, not_a_number),
        select(curved, value_at_zero, not_a_number),
        select(curved, slope_at_zero, not_a_number),
        select(curved, curvature, not_a_number),
        select(curved, quadratic_r2, not_a_number),
        select(curved, quadratic_p, not_a_number),
        n,
        select(curved, curvature_p, not_a_number),
        select(varied, change, not_a_number),
        select(enough, np.float64(lowest), not_a_number),
        select(enough, np.float64(highest), not_a_number),
        select(curved, turning_t, not_a_number),
    )


def fit_block(sums: NDArray[np.float64], references: NDArray[np.float32], thresholds: Thresholds,
              settings: AngularEffectsSettings, dtype: DTypeLike = np.float32,
              quantities: int = len(STATISTICS)) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Classes (rows, columns) and quantities (14 or 15, rows, columns) of a block: numpy's engine.

    The quantities are the STATISTICS and, as the 15th, TURNING_T.
    """
    state, reference = np.moveaxis(sums, 1, 0), np.moveaxis(references, 1, 0)
    count = state[0].astype(np.intp)
    with np.errstate(all="ignore"):
        arguments = [*state, *reference, thresholds.critical_t[count], thresholds.log_beta[count + 1],
                     thresholds.log_beta[count], thresholds.levels.linear, thresholds.levels.turning,
                     settings.min_observations, settings.min_r2, settings.min_change, settings.min_rise,
                     settings.u_test == "slopes"]
        effect, *found = fit(*arguments)
        return effect.astype(np.uint8), np.stack(found[:quantities]).astype(dtype)
