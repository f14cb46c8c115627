"""The numba engine of the angular fit: one fused pass per row of pixels, serial, without the GIL."""
from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba.core.compiler import Compiler
from numba.extending import overload, register_jitable
from numpy.typing import DTypeLike, NDArray

from . import angular_fit
from .angular_fit import REFERENCES, STATISTICS, SUMS, ZENITH_SCALE, Thresholds, select, tail_probability
from .settings import AngularEffectsSettings

CONVERGED = 1e-12  # a thousandth of the error that the statistics may have
MAX_TERMS = 200
TOGETHER = 4  # nights that are added while the state stays in registers; the compiler unrolls no more
PADDING = 8, 48  # columns of sums and references: rows a power of two apart would evict each other from the cache
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
    front = math.exp(a * math.log(x) - log_beta) * math.sqrt(1.0 - x)
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


class _Apart(Compiler):
    """Tells LLVM that the arrays which a function gets don't overlap; it vectorises a loop over so many only then."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()  # type: ignore[no-untyped-call]


@numba.njit(nogil=True, cache=True, error_model="numpy", pipeline_class=_Apart)
def _add_to_row(radiance: Any, zenith: Any, accepted: Any, limit: Any, row: int, begin: int, n: Any, x1: Any, x2: Any,
                x3: Any, x4: Any, y1: Any, xy: Any, x2y: Any, yy: Any, radiance0: Any, zenith0: Any, lowest: Any,
                highest: Any) -> None:
    """Adds up to TOGETHER nights, from begin on, to the state of one row. Nothing branches, so it is vectorised."""
    last = radiance.shape[0] - 1
    for c in range(radiance.shape[2]):
        a, b1, b2, b3, b4, c1, d1, d2, e = n[c], x1[c], x2[c], x3[c], x4[c], y1[c], xy[c], x2y[c], yy[c]
        r0, z0, low, high = radiance0[c], zenith0[c], lowest[c], highest[c]
        for index in range(TOGETHER):
            night = min(begin + index, last)
            r, z = radiance[night, row, c], zenith[night, row, c]
            use = begin + index <= last
            if accepted is not None:
                use &= accepted[night, row, c] != 0
            valid = _observation(r, z, use, limit)
            first = valid & (a == 0.0)
            r0, z0 = select(first, r, r0), select(first, z, z0)
            low, high = select(valid & (z < low), z, low), select(valid & (z > high), z, high)
            x, y = _centred(valid, z, z0, ZENITH_SCALE), _centred(valid, r, r0, 1.0)
            xx = x * x
            a += select(valid, 1.0, 0.0)
            b1, b2, b3, b4 = b1 + x, b2 + xx, b3 + xx * x, b4 + xx * xx
            c1, d1, d2, e = c1 + y, d1 + x * y, d2 + xx * y, e + y * y
        n[c], x1[c], x2[c], x3[c], x4[c], y1[c], xy[c], x2y[c], yy[c] = a, b1, b2, b3, b4, c1, d1, d2, e
        radiance0[c], zenith0[c], lowest[c], highest[c] = r0, z0, low, high


@compiled
def _add_nights(radiance: Any, zenith: Any, accepted: Any, limit: Any, sums: Any, references: Any) -> None:
    nights, rows, columns = radiance.shape
    s, r = np.empty((SUMS, columns + PADDING[0])), np.empty((REFERENCES, columns + PADDING[1]), np.float32)
    for row in range(rows):
        s[:, :columns], r[:, :columns] = sums[row], references[row]
        for begin in range(0, nights, TOGETHER):
            _add_to_row(radiance, zenith, accepted, limit, row, begin, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7],
                        s[8], r[0], r[1], r[2], r[3])
        sums[row], references[row] = s[:, :columns], r[:, :columns]


def add_nights(radiance: NDArray[np.float32], zenith: NDArray[np.float32], accepted: NDArray[np.uint8] | None,
               limit: float, sums: NDArray[np.float64], references: NDArray[np.float32]) -> None:
    """As angular_fit.add_nights, same sums to the last bit. Contiguous arrays are several times faster."""
    _add_nights(radiance, zenith, accepted, angular_fit.finite_limit(limit), sums, references)


@compiled
def _fit_block(sums: Any, references: Any, critical_t: Any, log_beta: Any, linear_level: float,
               turning_level: float, min_observations: int, min_r2: float, min_change: float, min_rise: float,
               slopes_test: bool, classes: Any, quantities: Any) -> None:
    rows, _, columns = sums.shape
    for row in range(rows):
        s, r = sums[row], references[row]
        for column in range(columns):
            count = int(s[0, column])
            fitted = _fit(
                s[0, column], s[1, column], s[2, column], s[3, column], s[4, column], s[5, column], s[6, column],
                s[7, column], s[8, column], r[0, column], r[1, column], r[2, column], r[3, column],
                critical_t[count], log_beta[count + 1], log_beta[count], linear_level, turning_level,
                min_observations, min_r2, min_change, min_rise, slopes_test)
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
               settings.min_rise, settings.u_test == "slopes", classes, found)
    return classes, found
