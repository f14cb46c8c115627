"""Information of counts, in bits."""
from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]

try:
    import numba

    compiled: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")
except Exception:  # a numba for another numpy raises other errors than ImportError; slower, with the same results

    def compiled(function: Any) -> Any:
        return function


def single(value: Any) -> float:
    """Rounded to single precision, in which C5.0 keeps weights of cases, errors and cuts."""
    return float(np.float32(value))


def single_sum(values: Iterable[Any]) -> float:
    """A sum that is rounded after each step."""
    total = 0.0
    for value in values:
        total = single(total + value)
    return total


def weighted_counts(numbers: NDArray[np.intp], weights: NDArray[np.float32], length: int) -> Counts:
    """Weight of each number from 0 to length - 1."""
    return np.bincount(numbers, weights, length).astype(np.float64, copy=False)


def bits(value: float) -> float:
    """log2, 0 for what has none."""
    return math.log(value) / math.log(2.0) if value > 0 else 0.0


@compiled
def total_information(counts: Any) -> float:
    """N log2 N - sum n log2 n. Counts are rounded to single precision one by one, as C5.0 does."""
    weighted, total = 0.0, 0.0
    for index in range(counts.shape[0]):
        count = float(np.float32(counts[index]))
        if count > 0:
            weighted += count * (math.log(count) / 0.69314718055994530942)
        total += count
    if total <= 0:
        return -weighted
    return total * (math.log(total) / 0.69314718055994530942) - weighted


def part_information(count: float, cases: float) -> float:
    """-n log2(n / N)."""
    return -count * bits(count / cases) if cases else 0.0
