"""The best cut of a numeric attribute."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from .information import compiled, total_information

LOG2 = 0.69314718055994530942
LARGEST = 1e38


@compiled
def _bits(value: float) -> float:
    return math.log(value) / LOG2 if value > 0 else 0.0


@compiled
def best_cut(values: Any, classes: Any, weights: Any, class_count: int, base: float, min_cases: float) -> Any:
    """Gain, split information and cut of the best test `value <= cut` of a node's cases; gain -1 where there is none.

    values: float32 with NaN where missing. weights: float32. base: information per case of the whole node. Every side
    of a cut must hold min(25, a tenth of the cases per class), or min_cases. The gain is lowered by what it costs to
    say where the cut is.
    """
    unknown = np.zeros(class_count)
    high = np.zeros(class_count)
    low = np.zeros(class_count)
    known = np.empty(values.shape[0], dtype=np.int64)
    count = 0
    cases = 0.0
    missing = 0.0
    for index in range(values.shape[0]):
        weight = float(weights[index])
        cases += weight
        if np.isnan(values[index]):
            unknown[classes[index]] += weight
            missing += weight
        else:
            high[classes[index]] += weight
            known[count] = index
            count += 1
    applicable = cases - missing
    if applicable < 2 * min_cases or count < 2:
        return -1.0, -1.0, np.float32(0)
    unknown_rate = 1.0 - applicable / cases
    if missing > 0:
        base = total_information(high) / applicable
    smallest = min(25.0, 0.10 * applicable / class_count)
    smallest = max(smallest, min_cases)

    known = known[:count]
    order = known[np.argsort(values[known])]
    sorted_values = values[order]

    last = count - 1
    above = 0.0
    while last >= 0 and above < smallest:
        above += float(weights[order[last]])
        last -= 1
    first = 0
    below = 0.0
    while first <= last and (below + float(weights[order[first]]) < smallest - 1e-5
                             or sorted_values[first] == sorted_values[first + 1]):
        weight = float(weights[order[first]])
        below += weight
        low[classes[order[first]]] += weight
        high[classes[order[first]]] -= weight
        first += 1
    if first > last:
        return -1.0, -1.0, np.float32(0)

    # The class of a run of equal values, -1 where it has several: cuts between runs of one class can't be best.
    high_class = classes[order[first]]
    for index in range(first):
        if classes[order[index]] != high_class:
            high_class = -1
            break
    least, best, tries, best_split = LARGEST, -1, 0, -1.0
    fixed = -missing * _bits(missing / cases)
    stopped = False
    for index in range(first, last + 1):
        weight = float(weights[order[index]])
        below += weight
        low[classes[order[index]]] += weight
        high[classes[order[index]]] -= weight
        if not sorted_values[index + 1] > sorted_values[index]:
            continue
        tries += 1
        if stopped:
            continue
        low_class = high_class
        high_class = classes[order[index + 1]]
        end = index + 2
        while high_class >= 0 and end <= last and sorted_values[end] == sorted_values[index + 1]:
            if classes[order[end]] != high_class:
                high_class = -1
            end += 1
        if low_class >= 0 and low_class == high_class and end <= last:
            continue
        low_information = total_information(low)
        if low_information >= least:
            stopped = True  # no later cut can be better
            continue
        both = low_information + total_information(high)
        if both < least:
            least, best = both, index
            best_split = (fixed - below * _bits(below / cases)
                          - (applicable - below) * _bits((applicable - below) / cases)) / cases
    if best < 0:
        return -1.0, -1.0, np.float32(0)
    gain = (1.0 - unknown_rate) * (base - least / applicable)
    if gain <= 0:
        return -1.0, -1.0, np.float32(0)
    interval = float(np.float32((sorted_values[count - 1] - sorted_values[0])
                                / (sorted_values[best + 1] - sorted_values[best])))
    gain -= _bits(min(interval, float(tries))) / cases
    if gain <= 0:
        return -1.0, -1.0, np.float32(0)
    lower, upper = sorted_values[best], sorted_values[best + 1]
    cut = np.float32(0.5 * float(np.float32(lower + upper)))
    if cut >= upper:
        cut = lower
    return gain, best_split, cut
