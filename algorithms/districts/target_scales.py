"""On which scale district totals are learnt: the square root of the total per unit, or Poisson deviance."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError


@dataclass(frozen=True)
class TargetScale:
    """mean and spread, (targets,): of the square root of the total per unit over the districts learnt from. per_unit,
    (targets,): their total over the number of their units. deviance, (targets,): Poisson deviance of totals around
    it."""

    loss: str
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    per_unit: NDArray[np.float64]
    deviance: NDArray[np.float64]

    def standardise(self, totals: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """totals (districts, targets), NaN stays; counts (districts,): units of the districts."""
        found: NDArray[np.float64] = (np.sqrt(totals / counts[:, None]) - self.mean) / self.spread
        return found

    def totals(self, standardised: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Back to totals (districts, targets)."""
        found: NDArray[np.float64] = np.maximum(standardised * self.spread + self.mean, 0)**2 * counts[:, None]
        return found

    def standardise_sums(self, sums: Tensor, counts: Tensor) -> Tensor:
        """sums (districts, targets) over units, in multiples of per_unit."""
        roots = torch.sqrt(sums * torch.from_numpy(self.per_unit).to(sums) / counts.unsqueeze(1) + 1e-12)
        return (roots - torch.from_numpy(self.mean).to(sums)) / torch.from_numpy(self.spread).to(sums)

    def totals_of(self, standardised: Tensor, counts: Tensor) -> Tensor:
        """totals, to differentiate."""
        roots = standardised * torch.from_numpy(self.spread).to(standardised) + torch.from_numpy(self.mean).to(
            standardised)
        return roots.clamp(min=0)**2 * counts.unsqueeze(1)

    def losses(self, found: Tensor, wanted: Tensor, counts: Tensor) -> Tensor:
        """Of standardised estimates, (districts, targets); 0 where wanted is NaN."""
        known, wanted = torch.isfinite(wanted), torch.nan_to_num(wanted)
        if self.loss == "square-root":
            return torch.where(known, (found - wanted)**2, 0.0)
        expected, total = (self._counted(each, counts) for each in (found, wanted))
        deviance = 2 * (torch.xlogy(total, total / expected) - total + expected)
        return torch.where(known, deviance / torch.from_numpy(self.deviance).to(found), 0.0)

    def _counted(self, standardised: Tensor, counts: Tensor) -> Tensor:
        """Totals in multiples of per_unit, just above 0."""
        totals = self.totals_of(standardised, counts)
        return totals / torch.from_numpy(self.per_unit).to(totals) + 1e-6 * counts.unsqueeze(1)


def target_scale(loss: str, totals: NDArray[np.float64], counts: NDArray[np.float64]) -> TargetScale:
    """totals (districts, targets), NaN where masked. Raises InputError for negative totals and fewer than two known."""
    known = np.isfinite(totals)
    for number, districts in enumerate(known.sum(axis=0), 1):
        if districts < 2:
            raise InputError("TARGET_FIELDS", f"target {number} is known in {districts} of the districts learnt from, "
                             "which a split makes fewer", "give totals of two or more")
    if np.nanmin(totals) < 0:
        raise InputError("TARGET_FIELDS", f"the value {np.nanmin(totals):g}", "give totals of 0 or more")
    roots = np.sqrt(totals / counts[:, None])
    per_unit = np.maximum(np.nansum(totals, axis=0) / np.where(known, counts[:, None], 0).sum(axis=0), 1e-12)
    relative, expected = totals / per_unit, counts[:, None]
    logs = np.where(relative > 0, relative * np.log(np.maximum(relative, 1e-300) / expected), 0.0)
    deviance = np.nanmean(2 * (logs - relative + expected), axis=0)
    return TargetScale(loss, np.nanmean(roots, axis=0), np.maximum(np.nanstd(roots, axis=0), 1e-12), per_unit,
                       np.maximum(deviance, 1e-12))
