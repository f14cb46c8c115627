"""How many more errors than on its training cases a leaf is expected to make."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .information import single

LEVELS = (0, 0.001, 0.005, 0.01, 0.05, 0.10, 0.20, 0.40, 1.00)
DEVIATES = (4.0, 3.09, 2.58, 2.33, 1.65, 1.28, 0.84, 0.25, 0.00)  # of the normal distribution, one-sided, as in C5.0
SMALLEST_CONFIDENCE = 1e-6


class ExtraErrors:
    """The upper limit of the binomial error rate at a confidence, minus the observed errors.

    confidence: 0 to 1, smaller prunes more. multiplier: by which costs raised the weight of each of two classes, or
    None; their effect is taken out before the limit is computed.
    """

    def __init__(self, confidence: float, multiplier: NDArray[np.float32] | None) -> None:
        deviate = single(np.interp(single(confidence), LEVELS, DEVIATES))
        self._squared = single(deviate * deviate)
        self._log_confidence = math.log(max(single(confidence), SMALLEST_CONFIDENCE))
        self._multiplier = None if multiplier is None else [float(each) for each in multiplier]

    def __call__(self, cases: float, errors: float, leaf: int) -> float:
        """Of a leaf with so much weight of cases and of errors that predicts class number leaf."""
        if self._multiplier is None:
            return self._limit(cases, errors)
        right, wrong = self._multiplier[leaf], self._multiplier[1 - leaf]
        errors_once = single(errors / wrong)
        cases_once = single(single(single(cases - errors) / right) + errors_once)
        return single(wrong * self._limit(cases_once, errors_once))

    def _limit(self, cases: float, errors: float) -> float:
        if errors < 1e-6:
            return self._without_errors(cases)
        if cases > 1 and errors < 0.9999:
            none = self._without_errors(cases)
            return single(none + single(errors * single(self._limit(cases, 1) - none)))
        if errors + 0.5 >= cases:
            return single(0.67 * single(cases - errors))
        number, squared = errors + 0.5, self._squared
        spread = math.sqrt(squared * (number * (1 - number / cases) + squared / 4))
        share = single((number + squared / 2 + spread) / single(cases + squared))
        return single(single(cases * share) - errors)

    def _without_errors(self, cases: float) -> float:
        return single(cases * (1 - math.exp(self._log_confidence / cases)))
