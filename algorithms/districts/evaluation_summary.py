"""Scores of an evaluation over its rounds."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .evaluation import Score

SCORES = {"r2": "R2", "mae": "MAE", "mse": "MSE", "r2_per_unit": "R2 per unit", "mae_per_unit": "MAE per unit",
          "mse_per_unit": "MSE per unit"}


def summary(found: Iterable[Score]) -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
    """Method, target and score to its mean and standard deviation over the rounds, NaN with a single round."""
    rows: dict[str, dict[str, list[Score]]] = {}
    for score in found:
        rows.setdefault(score.method, {}).setdefault(score.target, []).append(score)
    return {method: {target: {name: _spread([getattr(each, name) for each in group]) for name in SCORES}
                     for target, group in targets.items()} for method, targets in rows.items()}


def score_text(mean: float, spread: float) -> str:
    """The mean, with the spread where there is one: not with a single round."""
    return f"{mean:.3g} ± {spread:.2g}" if np.isfinite(spread) else f"{mean:.3g}"


def without_nan(value: Any) -> Any:
    """The same with None for numbers that JSON can't hold."""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def rounds_text(rounds: int) -> str:
    """What scores of so many rounds are."""
    if rounds == 1:
        return "one round, whose scores have no spread"
    return f"{rounds} rounds with folds and seeds of their own; mean and standard deviation over the rounds"


def _spread(values: Sequence[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
