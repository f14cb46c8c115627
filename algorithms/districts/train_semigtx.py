"""Judges SemiGTX on districts left out, and trains it on all of them."""
from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..execution import torch_threads
from ..progress import Progress
from .evaluation import scores
from .evaluation_summary import summary, without_nan
from .judge_semigtx import OURS, Judgement, interval_widths, judge
from .region_layers import Region, check_trainable
from .region_models import RegionModel, save_region_model
from .settings import SemiGtxSettings, SplitSettings, TrainSemiGtxSettings
from .training import SemiGTX, fit_semigtx
from .unit_shares import unit_spacing

JUDGING = 0.85  # of the run's progress


@dataclass(frozen=True)
class TrainedRegion:
    """widths: (targets,) half widths of intervals, as judge_semigtx.interval_widths gives them."""

    region: Region
    settings: SemiGtxSettings
    split: SplitSettings
    judgement: Judgement
    model: SemiGTX
    widths: NDArray[np.float64]


def train_region(region: Region, settings: TrainSemiGtxSettings, progress: Progress) -> TrainedRegion:
    """Raises InputError for regions and splits that leave too little to learn from, Cancelled."""
    check_trainable(region)
    of_model = SemiGtxSettings(**{each.name: getattr(settings, each.name) for each in fields(SemiGtxSettings)})
    split = SplitSettings(**{each.name: getattr(settings, each.name) for each in fields(SplitSettings)})
    with torch_threads(settings):
        judgement = judge(region, of_model, split, progress.part(0, JUDGING))
        model = fit_semigtx(region.features, region.flows, region.totals, region.district, of_model,
                            progress.part(JUDGING, 1), unit_spacing(region.centres))
    return TrainedRegion(region, of_model, split, judgement, model, interval_widths(judgement.evaluation))


def region_model(trained: TrainedRegion) -> RegionModel:
    """The model with what a user of it has to know about its inputs."""
    region = trained.region
    known = [column[np.isfinite(column)] for column in region.features.T]
    low, high = (np.array([limit(column) if len(column) else np.nan for column in known]) for limit in (np.min, np.max))
    return RegionModel(trained.model, region.names, low, high, region.targets, trained.widths)


def save_trained(path: str, trained: TrainedRegion) -> None:
    """Writes the model file; its card has the scores of the districts left out."""
    found = without_nan(summary(scores(trained.judgement.evaluation))[OURS])
    save_region_model(path, region_model(trained), {
        "title": Path(path).stem, "units": len(trained.region.units), "districts": len(trained.region.districts),
        "scores": {"split": trained.split.split, "seed": trained.settings.seed, "of_targets": found}})
