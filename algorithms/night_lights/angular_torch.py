"""The torch engine of the angular fit, for GPUs: the formulas of angular_fit on tensors, in double precision.

The sums are added night by night like the other engines', so they are the same to the last bit. The classes follow from
p-values and powers that torch computes, equal to the others' but for the last digits.
"""
from __future__ import annotations

import math
from types import FunctionType, SimpleNamespace
from typing import Any, Callable, TypeVar

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

from ..devices import Batches, DeviceMemoryError
from ..progress import Progress
from . import angular_fit
from .angular_fit import STATISTICS, ZENITH_SCALE, Thresholds
from .settings import AngularEffectsSettings

CONVERGED = 1e-12  # relative, of the continued fraction
MAX_TERMS = 200
TERMS_TOGETHER = 8  # between two looks at whether it has converged: a look waits for the GPU

Result = TypeVar("Result")


class TorchEngine:
    """add_nights and fit_block as those of angular_fit; hands over to another engine where the device is too small."""

    def __init__(self, device: str, other: Any, progress: Progress) -> None:
        self._device, self._other, self._progress = device, other, progress
        self._nights, self._rows = Batches(), Batches()
        self._too_small = False

    def add_nights(self, radiance: NDArray[np.float32], zenith: NDArray[np.float32],
                   accepted: NDArray[np.uint8] | None, limit: float, sums: NDArray[np.float64],
                   references: NDArray[np.float32]) -> None:
        def by_torch() -> None:
            state = self._there(np.moveaxis(sums, 1, 0)), self._there(np.moveaxis(references, 1, 0))

            def add(nights: range) -> None:
                nonlocal state
                part = slice(nights.start, nights.stop)
                use = True if accepted is None else self._there(accepted[part]) != 0
                state = _add(self._there(radiance[part]), self._there(zenith[part]), use,
                             float(angular_fit.finite_limit(limit)), *state)

            for _ in self._nights.run(add, len(radiance)):
                pass
            found = [each.cpu().numpy() for each in state]
            sums[:], references[:] = (np.moveaxis(each, 0, 1) for each in found)

        self._or_else(by_torch, lambda: self._other.add_nights(radiance, zenith, accepted, limit, sums, references))

    def fit_block(self, sums: NDArray[np.float64], references: NDArray[np.float32], thresholds: Thresholds,
                  settings: AngularEffectsSettings, dtype: DTypeLike = np.float32,
                  quantities: int = len(STATISTICS)) -> tuple[NDArray[np.uint8], NDArray[Any]]:
        def by_torch() -> tuple[NDArray[np.uint8], NDArray[Any]]:
            def fit(rows: range) -> tuple[NDArray[np.uint8], NDArray[Any]]:
                part = slice(rows.start, rows.stop)
                effect, *found = _fit_rows(self._there(sums[part]), self._there(references[part]), thresholds, settings)
                return (effect.to(torch.uint8).cpu().numpy(),
                        torch.stack(found[:quantities]).cpu().numpy().astype(dtype))

            parts = list(self._rows.run(fit, len(sums)))
            return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts], axis=1)

        return self._or_else(by_torch, lambda: self._other.fit_block(sums, references, thresholds, settings, dtype,
                                                                     quantities))

    def _there(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.tensor(np.ascontiguousarray(values), device=self._device)

    def _or_else(self, by_torch: Callable[[], Result], by_other: Callable[[], Any]) -> Result:
        if not self._too_small:
            try:
                return by_torch()
            except DeviceMemoryError as error:
                self._too_small = True
                self._progress.warning(f"The CPU computes the rest, because the memory of {self._device} doesn't "
                                       f"suffice ({error}).")
        found: Result = by_other()
        return found


def _add(radiance: torch.Tensor, zenith: torch.Tensor, accepted: Any, limit: float, sums: torch.Tensor,
         references: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """New sums (9, rows, columns) and references (4, rows, columns) after nights (nights, rows, columns)."""
    n, x1, x2, x3, x4, y1, xy, x2y, yy = sums = sums.clone()
    valid = _observation(radiance, zenith, accepted, limit)
    first = valid.to(torch.uint8).argmax(0, keepdim=True)  # of equal ones the first
    fresh = (n == 0) & valid.any(0)
    radiance0, zenith0 = (torch.where(fresh, values.gather(0, first)[0], known)
                          for values, known in zip((radiance, zenith), references))
    lowest = torch.minimum(references[2], torch.where(valid, zenith, math.inf).amin(0))
    highest = torch.maximum(references[3], torch.where(valid, zenith, -math.inf).amax(0))
    for use, r, z in zip(valid, radiance, zenith):
        x, y = _centred(use, z, zenith0, ZENITH_SCALE), _centred(use, r, radiance0, 1.0)
        xx = x * x
        for total, term in ((n, use), (x1, x), (x2, xx), (x3, xx * x), (x4, xx * xx), (y1, y), (xy, x * y),
                            (x2y, xx * y), (yy, y * y)):
            total += term
    return sums, torch.stack([radiance0, zenith0, lowest, highest])


def _fit_rows(sums: torch.Tensor, references: torch.Tensor, thresholds: Thresholds,
              settings: AngularEffectsSettings) -> Any:
    critical_t, log_beta = (torch.tensor(each, device=sums.device)
                            for each in (thresholds.critical_t, thresholds.log_beta))
    state, reference = sums.movedim(1, 0), references.movedim(1, 0)
    count = state[0].long()
    return _fit(*state, *reference, critical_t[count], log_beta[count + 1], log_beta[count], thresholds.levels.linear,
                thresholds.levels.turning, settings.min_observations, settings.min_r2, settings.min_change,
                settings.min_rise, settings.u_test == "slopes")


def _tail_probability(unexplained: torch.Tensor, freedom: torch.Tensor, log_beta: torch.Tensor) -> torch.Tensor:
    """I_x(freedom / 2, 1 / 2) of x = unexplained, from the side on which the continued fraction converges fast."""
    a = 0.5 * freedom
    other_side = unexplained >= (a + 1.0) / (a + 2.5)
    x = torch.where(other_side, 1.0 - unexplained, unexplained)
    front = torch.exp(a * torch.log(unexplained) + 0.5 * torch.log1p(-unexplained) - log_beta)
    first, second = torch.where(other_side, 0.5, a), torch.where(other_side, a, 0.5)
    p = front * _continued_fraction(first, second, x) / first
    p = torch.where(other_side, 1.0 - p, p)
    return torch.where(unexplained <= 0.0, 0.0, torch.where(unexplained >= 1.0, 1.0, p))


def _continued_fraction(a: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Of the incomplete beta function (DLMF 8.17.22), as angular_kernel computes it for one pixel."""
    upper0, lower0 = torch.ones_like(x), torch.ones_like(x)
    upper, lower = upper0, 1.0 - (a + b) * x / (a + 1.0)
    for m in range(1, MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        upper0, lower0 = upper + even * upper0, lower + even * lower0
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        upper, lower = upper0 + odd * upper, lower0 + odd * lower
        if m % TERMS_TOGETHER == 0:
            apart = (upper * lower0 - upper0 * lower).abs() >= CONVERGED * (upper * lower0).abs()
            if not bool(apart.any()):
                break
    return upper / lower


def _limited(limit: Callable[..., torch.Tensor], keyword: str) -> Callable[[torch.Tensor, Any], torch.Tensor]:
    """torch limits by tensors and by numbers with two functions."""
    def limited(values: torch.Tensor, other: Any) -> torch.Tensor:
        return limit(values, other) if isinstance(other, torch.Tensor) else values.clamp(**{keyword: other})

    return limited


def _by_torch(formula: Any) -> Any:
    """A formula of angular_fit whose names of numpy's functions mean torch's."""
    functions = SimpleNamespace(abs=torch.abs, sqrt=torch.sqrt, nan=math.nan, float64=torch.Tensor.double,
                                maximum=_limited(torch.maximum, "min"), minimum=_limited(torch.minimum, "max"))
    names = {**vars(angular_fit), "np": functions, "select": torch.where, "tail_probability": _tail_probability}
    return FunctionType(formula.__code__, names, formula.__name__)


_observation, _centred, _fit = (_by_torch(each) for each in (
    angular_fit.observation, angular_fit.centred, angular_fit.fit))
