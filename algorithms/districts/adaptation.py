"""Adapts the estimates of a trained model to a new region in which some totals are known."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..conformal import conformal_quantile
from .kernel_partner import Blocks, fit_kernel_partner

FEWEST = 3  # known districts
FOLDS = 20  # of known districts that the ways are chosen on
WAYS = ("as it is", "level", "refitted")


@dataclass(frozen=True)
class Adapted:
    """districts: (districts, targets) totals. chosen: (targets,) one of WAYS. errors: (targets, ways) root mean squared
    error of roots of totals per unit in known districts, left out of the adaptation in turn. widths: (targets,) half
    widths of 90 % intervals of such roots, infinite where too few are known."""

    districts: NDArray[np.float64]
    chosen: tuple[str, ...]
    errors: NDArray[np.float64]
    widths: NDArray[np.float64]


def adapt(estimates: NDArray[np.float64], known: NDArray[np.float64], counts: NDArray[np.float64],
          blocks: Blocks) -> Adapted:
    """Each target by the way that errs least in known districts left out; the simplest where they tie.

    As it is; level: all estimates times one factor, for other prices and years; refitted: kernel ridge on the new
    region, over its blocks and the model's estimate as one more. estimates, known: (districts, targets) totals, known
    with NaN elsewhere and at least FEWEST. counts: (districts,) units. blocks: as district_blocks gives them.
    """
    found, errors, chosen, widths = [], [], [], []
    for column, totals in zip(estimates.T / counts, known.T / counts):
        at = np.flatnonzero(np.isfinite(totals))
        inputs = {**blocks, "model": np.sqrt(column)[:, None]}
        misses = np.empty((len(WAYS), len(at)))
        for fold in np.array_split(np.arange(len(at)), min(FOLDS, len(at))):
            tried = _ways(column, totals, np.delete(at, fold), inputs)
            misses[:, fold] = np.abs(np.sqrt(tried[:, at[fold]]) - np.sqrt(totals[at[fold]]))
        errors.append(np.sqrt((misses**2).mean(axis=1)))
        best = int(np.argmin(errors[-1]))
        found.append(_ways(column, totals, at, inputs)[best])
        chosen.append(WAYS[best])
        widths.append(conformal_quantile(misses[best]))
    return Adapted(np.stack(found, axis=1) * counts[:, None], tuple(chosen), np.array(errors), np.array(widths))


def _ways(estimates: NDArray[np.float64], totals: NDArray[np.float64], learnt: NDArray[np.intp],
          inputs: Blocks) -> NDArray[np.float64]:
    """By each of WAYS, (ways, districts), from the totals of the districts with these numbers."""
    ratio = (np.sqrt(totals[learnt]).sum() / max(float(np.sqrt(estimates[learnt]).sum()), 1e-150))**2
    partner = fit_kernel_partner({name: values[learnt] for name, values in inputs.items()}, totals[learnt])
    return np.stack((estimates, ratio * estimates, partner.estimate(inputs)))
