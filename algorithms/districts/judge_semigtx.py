"""How well SemiGTX estimates districts that it hasn't seen, beside floors, and what random folds would claim."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ..conformal import conformal_quantile
from ..errors import InputError
from ..progress import Progress
from .evaluation import Estimate, Evaluation, evaluate, mean_estimates, scores
from .floors import floor_inputs, ridge_totals
from .region_layers import Region
from .settings import SemiGtxSettings, SplitSettings
from .splits import Round, make_rounds, too_few_rounds
from .training import out_of_fold

OURS = "SemiGTX"


@dataclass(frozen=True)
class Judgement:
    """evaluation: on the folds of SPLIT. random: the same on random folds, None where SPLIT is random itself."""

    evaluation: Evaluation
    random: Evaluation | None


def judge(region: Region, settings: SemiGtxSettings, split: SplitSettings, progress: Progress) -> Judgement:
    """Raises InputError where the districts don't suffice for the split."""
    rounds = region_rounds(region, split, settings.seed, progress)
    compared = split.random_too and split.split != "random_folds"
    progress.message(f"{sum(map(len, rounds)) + (split.folds if compared else 0)} models are trained for the scores, "
                     "and one for the model file.")
    evaluation = evaluate(methods(region, settings), rounds, region.totals, region.counts, region.targets,
                          settings.seed, progress.part(0, 0.6 if compared else 1))
    if not compared:
        return Judgement(evaluation, None)
    at_random = region_rounds(region, replace(split, split="random_folds", repeats=1), settings.seed, progress)
    return Judgement(evaluation, evaluate({OURS: methods(region, settings)[OURS]}, at_random, region.totals,
                                          region.counts, region.targets, settings.seed, progress.part(0.6, 1)))


def region_rounds(region: Region, split: SplitSettings, seed: int, progress: Progress) -> list[Round]:
    """Warns of too few rounds. Raises InputError where districts, or those with a target, don't suffice for the split.
    """
    if too_few_rounds(split.split, split.repeats):
        progress.warning(too_few_rounds(split.split, split.repeats))
    known = np.isfinite(region.totals)
    rounds = make_rounds(split.split, known.any(axis=1), region.district_centres, region.city, split.folds,
                         split.repeats, seed)
    for fold in chain.from_iterable(rounds):
        for target, left in zip(region.targets, np.delete(known, fold, axis=0).sum(axis=0)):
            if left < 2:
                raise InputError("TARGET_FIELDS", f"a fold of SPLIT leaves '{target}' a total in {left} districts to "
                                 "learn from", "give totals of more districts, or leave it out")
    return rounds


def methods(region: Region, settings: SemiGtxSettings) -> dict[str, Estimate]:
    """SemiGTX and the floors, each to be judged on the same folds."""
    floors = floor_inputs(region.features, region.flows, region.district, len(region.districts))
    return {OURS: semigtx_method(region, settings),
            **{name: floor_method(columns, region.totals) for name, columns in floors.items()}}


def semigtx_method(region: Region, settings: SemiGtxSettings) -> Estimate:
    """The model that 'Train SemiGTX' saves, kernel ridge included."""
    return lambda folds, seed, progress: out_of_fold(region.features, region.flows, region.totals, folds,
                                                     replace(settings, seed=seed), region.district, progress)


def interval_widths(evaluation: Evaluation, method: str = OURS) -> NDArray[np.float64]:
    """Half widths (targets,) of 90 % intervals of the root of a total per unit; infinite with too few districts.

    Conformal: each district that was tested counts once, with its mean estimate over the rounds.
    """
    estimates = mean_estimates(evaluation, method)
    misses = np.abs(np.sqrt(np.maximum(estimates, 0) / evaluation.counts[:, None])
                    - np.sqrt(evaluation.totals / evaluation.counts[:, None]))
    return np.array([conformal_quantile(column[np.isfinite(column)]) for column in misses.T])


def left_out_columns(judgement: Judgement, region: Region) -> dict[str, tuple[str, NDArray[np.float64]]]:
    """Fields of the units: the estimate of their district by models that hadn't seen it, and its absolute error."""
    estimates = mean_estimates(judgement.evaluation, OURS)
    errors = np.abs(estimates - region.totals)
    columns = {}
    for number, target in enumerate(region.targets):
        columns[f"{target}_estimate"] = ("number", estimates[region.district, number])
        columns[f"{target}_error"] = ("number", errors[region.district, number])
    return columns


def mean_scores(judgement: Judgement) -> dict[str, float]:
    """Means over targets and rounds."""
    ours = [score for score in scores(judgement.evaluation) if score.method == OURS]
    return {"R2": float(np.mean([score.r2 for score in ours])),
            "R2_PER_UNIT": float(np.mean([score.r2_per_unit for score in ours]))}


def floor_method(columns: NDArray[np.float64],
                 totals: NDArray[np.float64]) -> Callable[[Round, int, Progress], NDArray[np.float64]]:
    return lambda folds, seed, progress: ridge_totals(columns, totals, folds)
