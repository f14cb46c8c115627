"""How well totals of districts that a model has never seen are estimated, beside floors and on several rounds."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from ..scores import mae, r2, rmse
from .splits import Round

Estimate = Callable[[Round, int, Progress], NDArray[np.float64]]

SCORE_FIELDS = {"method": "text", "target": "text", "round": "integer", "districts": "integer", "r2": "number",
                "mae": "number", "mse": "number", "r2_per_unit": "number", "mae_per_unit": "number",
                "mse_per_unit": "number"}
SIZE_CLASSES = ("small", "middle", "large")


@dataclass(frozen=True)
class Evaluation:
    """Out-of-fold estimates of every method: (rounds, districts, targets), NaN where a district wasn't tested."""

    estimates: Mapping[str, NDArray[np.float64]]
    totals: NDArray[np.float64]
    counts: NDArray[np.float64]
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """Of one method, target and round; values on the scale of the totals, per_unit over the units of districts."""

    method: str
    target: str
    round: int
    districts: int
    r2: float
    mae: float
    mse: float
    r2_per_unit: float
    mae_per_unit: float
    mse_per_unit: float


def evaluate(methods: Mapping[str, Estimate], rounds: Sequence[Round], totals: NDArray[np.float64],
             counts: NDArray[np.float64], targets: Sequence[str], seed: int, progress: Progress) -> Evaluation:
    """Every method on the same folds; round k has the seed + k. totals: (districts, targets); counts: (districts,)."""
    steps = len(methods) * len(rounds)
    estimates = {}
    for number, (name, estimate) in enumerate(methods.items()):
        found = []
        for index, folds in enumerate(rounds):
            step = number * len(rounds) + index
            found.append(estimate(folds, seed + index, progress.part(step / steps, (step + 1) / steps)))
        estimates[name] = np.stack(found)
    return Evaluation(estimates, totals, counts, tuple(targets))


def scores(evaluation: Evaluation) -> Iterator[Score]:
    """Every method, target and round, over the districts that were tested in it."""
    per_unit = evaluation.totals / evaluation.counts[:, None]
    for method, rounds in evaluation.estimates.items():
        for column, target in enumerate(evaluation.targets):
            truth = evaluation.totals[:, column]
            for number, found in enumerate(rounds[:, :, column]):
                share = found / evaluation.counts
                tested = int((np.isfinite(found) & np.isfinite(truth)).sum())
                each = per_unit[:, column]
                yield Score(method, target, number + 1, tested, r2(truth, found), mae(truth, found),
                            rmse(truth, found)**2, r2(each, share), mae(each, share), rmse(each, share)**2)


def score_row(score: Score) -> tuple[Any, ...]:
    """Values of SCORE_FIELDS."""
    return astuple(score)


def mean_estimates(evaluation: Evaluation, method: str) -> NDArray[np.float64]:
    """Mean over the rounds in which a district was tested, (districts, targets); NaN where it never was."""
    found = evaluation.estimates[method]
    counts = np.isfinite(found).sum(axis=0)
    means: NDArray[np.float64] = np.where(counts > 0, np.nansum(found, axis=0) / np.maximum(counts, 1), np.nan)
    return means


def size_class(totals: NDArray[np.float64]) -> NDArray[np.intp]:
    """0, 1, 2 for the lower, middle and upper third of the known values, -1 for unknown ones; shape as totals."""
    known = totals[np.isfinite(totals)]
    found: NDArray[np.intp] = np.where(np.isfinite(totals), np.searchsorted(np.quantile(known, (1 / 3, 2 / 3)), totals),
                                       -1)
    return found
