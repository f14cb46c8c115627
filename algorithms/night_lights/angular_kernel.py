"""The numba engine of the angular fit: one fused pass per row of pixels, serial, without the GIL."""
from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba.extending import overload, register_jitable
from numpy.typing import DTypeLike, NDArray

from . import angular_fit
from .angular_fit import STATISTICS, ZENITH_SCALE, Thresholds, select, tail_probability
from .settings import AngularEffectsSettings

CONVERGED = 1e-12  # a thousandth of the error that the statistics may have
MAX_TERMS = 200
TOGETHER = 4  # nights whose terms are added while the sums stay in registers
compiled: Any = numba.njit(nogil=True, cache=True, error_model="numpy")

_observation = register_jitable(angular_fit.observation)
_centred = register_jitable(angular_fit.centred)
_fit = register_jitable(angular_fit.fit)


@compiled
def _continued_fraction(a: float, b: float, x: float) -> float:
    """Of the incomplete beta function (DLMF 8.17.22), by the recurrence of its convergents.

    Unlike Lentz's method it divides only for the coefficients. The convergents' parts shrink by at most 4 a term, so
    they can't underflow within MAX_TERMS.
    """
    upper0, lower0 = 1.0, 1.0
    upper, lower = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    for m in range(1, MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        upper0, lower0 = upper + even * upper0, lower + even * lower0
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        upper, lower = upper0 + odd * upper, lower0 + odd * lower
        if abs(upper * lower0 - upper0 * lower) < CONVERGED * abs(upper * lower0):
            break
    return upper / lower


@compiled
def _incomplete_beta_half(x: float, freedom: float, log_beta: float) -> float:
    """I_x(freedom / 2, 1 / 2)."""
    a, b = 0.5 * freedom, 0.5
    if not x > 0.0:
        return 0.0 if x <= 0.0 else np.nan
    if x >= 1.0:
        return 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta)
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(a, b, x) / a
    return 1.0 - front * _continued_fraction(b, a, 1.0 - x) / b


@overload(tail_probability)
def _compiled_tail_probability(unexplained: Any, freedom: Any, log_beta: Any) -> Any:
    def scalar(unexplained: Any, freedom: Any, log_beta: Any) -> Any:
        return _incomplete_beta_half(unexplained, freedom, log_beta)

    return scalar


@overload(select)
def _compiled_select(condition: Any, where_true: Any, where_false: Any) -> Any:
    def scalar(condition: Any, where_true: Any, where_false: Any) -> Any:
        return where_true if condition else where_false

    return scalar


@compiled
def _take_references(radiance: Any, zenith: Any, accepted: Any, limit: Any, n: Any, radiance0: Any,
                     zenith0: Any) -> bool:
    """The first observation of each column that has none yet; whether every column has one now."""
    complete = True
    for column in range(n.shape[0]):
        if n[column] == 0.0:
            use = True if accepted is None else accepted[column] != 0
            if _observation(radiance[column], zenith[column], use, limit):
                radiance0[column], zenith0[column] = radiance[column], zenith[column]
            else:
                complete = False
    return complete


@compiled
def _centre(radiance: Any, zenith: Any, accepted: Any, limit: Any, n: Any, radiance0: Any, zenith0: Any, lowest: Any,
            highest: Any, x: Any, y: Any) -> None:
    """Centred zenith and radiance of one night and row."""
    for column in range(n.shape[0]):
        r, z = radiance[column], zenith[column]
        use = True if accepted is None else accepted[column] != 0
        valid = _observation(r, z, use, limit)
        low, high = lowest[column], highest[column]
        lowest[column] = z if valid & (z < low) else low
        highest[column] = z if valid & (z > high) else high
        x[column] = _centred(valid, z, zenith0[column], ZENITH_SCALE)
        y[column] = _centred(valid, r, radiance0[column], 1.0)
        n[column] += 1.0 if valid else 0.0


@compiled
def _add_zenith_powers(x: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> None:
    for column in range(x1.shape[0]):
        a1, a2, a3, a4 = x1[column], x2[column], x3[column], x4[column]
        for night in range(TOGETHER):
            v = x[night, column]
            vv = v * v
            a1, a2, a3, a4 = a1 + v, a2 + vv, a3 + vv * v, a4 + vv * vv
        x1[column], x2[column], x3[column], x4[column] = a1, a2, a3, a4


@compiled
def _add_radiance_products(x: Any, y: Any, y1: Any, xy: Any, x2y: Any, yy: Any) -> None:
    for column in range(y1.shape[0]):
        a1, a2, a3, a4 = y1[column], xy[column], x2y[column], yy[column]
        for night in range(TOGETHER):
            v, w = x[night, column], y[night, column]
            a1, a2, a3, a4 = a1 + w, a2 + v * w, a3 + v * v * w, a4 + w * w
        y1[column], xy[column], x2y[column], yy[column] = a1, a2, a3, a4


@compiled
def _add_nights(radiance: Any, zenith: Any, accepted: Any, limit: Any, sums: Any, references: Any) -> None:
    """The loops are short and touch few arrays each, so that the compiler vectorises them."""
    nights, rows, columns = radiance.shape
    x, y = np.empty((TOGETHER, columns)), np.empty((TOGETHER, columns))
    for row in range(rows):
        s, r = sums[row], references[row]
        complete = False
        for begin in range(0, nights, TOGETHER):
            for index in range(TOGETHER):
                night = begin + index
                if night >= nights:
                    x[index], y[index] = 0.0, 0.0
                    continue
                mask = None if accepted is None else accepted[night, row]
                if not complete:
                    complete = _take_references(radiance[night, row], zenith[night, row], mask, limit, s[0],
                                                r[0], r[1])
                _centre(radiance[night, row], zenith[night, row], mask, limit, s[0], r[0], r[1], r[2], r[3],
                        x[index], y[index])
            _add_zenith_powers(x, s[1], s[2], s[3], s[4])
            _add_radiance_products(x, y, s[5], s[6], s[7], s[8])


def add_nights(radiance: NDArray[np.float32], zenith: NDArray[np.float32], accepted: NDArray[np.uint8] | None,
               limit: float, sums: NDArray[np.float64], references: NDArray[np.float32]) -> None:
    """As angular_fit.add_nights, same sums to the last bit. Contiguous arrays are several times faster."""
    _add_nights(radiance, zenith, accepted, angular_fit.finite_limit(limit), sums, references)


@compiled
def _fit_block(sums: Any, references: Any, critical_t: Any, log_beta: Any, linear_level: float,
               turning_level: float, min_observations: int, min_r2: float, min_change: float, slopes_test: bool,
               classes: Any, quantities: Any) -> None:
    rows, _, columns = sums.shape
    for row in range(rows):
        s, r = sums[row], references[row]
        for column in range(columns):
            count = int(s[0, column])
            fitted = _fit(
                s[0, column], s[1, column], s[2, column], s[3, column], s[4, column], s[5, column], s[6, column],
                s[7, column], s[8, column], r[0, column], r[1, column], r[2, column], r[3, column],
                critical_t[count], log_beta[count + 1], log_beta[count], linear_level, turning_level,
                min_observations, min_r2, min_change, slopes_test)
            classes[row, column] = fitted[0]
            found = fitted[1:]
            for index in range(quantities.shape[0]):
                quantities[index, row, column] = found[index]


def fit_block(sums: NDArray[np.float64], references: NDArray[np.float32], thresholds: Thresholds,
              settings: AngularEffectsSettings, dtype: DTypeLike = np.float32,
              quantities: int = len(STATISTICS)) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """As angular_fit.fit_block."""
    rows, _, columns = sums.shape
    classes = np.empty((rows, columns), dtype=np.uint8)
    found = np.empty((quantities, rows, columns), dtype=dtype)
    _fit_block(sums, references, thresholds.critical_t, thresholds.log_beta, thresholds.levels.linear,
               thresholds.levels.turning, settings.min_observations, settings.min_r2, settings.min_change,
               settings.u_test == "slopes", classes, found)
    return classes, found
