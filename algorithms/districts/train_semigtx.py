"""Judges SemiGTX on districts left out, and trains it on all of them."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..devices import pick_device
from ..execution import torch_threads
from ..progress import Progress
from .evaluation import scores
from .evaluation_summary import summary, without_nan
from .judge_semigtx import OURS, Judgement, interval_widths, judge
from .network import RECIPES, plan_batches, task_weights
from .positional_encodings import are_returns_estimated
from .region_layers import Region, check_trainable
from .region_models import RegionModel, save_region_model
from .settings import SemiGtxSettings, SplitSettings, TrainSemiGtxSettings
from .training import SemiGTX, fit_semigtx
from .unit_shares import unit_spacing

JUDGING = 0.85  # of the run's progress


@dataclass(frozen=True)
class TrainedRegion:
    """widths: (targets,) half widths of intervals, as judge_semigtx.interval_widths gives them. batches: of an epoch of
    the network, 0 without one."""

    region: Region
    settings: SemiGtxSettings
    split: SplitSettings
    judgement: Judgement
    model: SemiGTX
    widths: NDArray[np.float64]
    batches: int

    @property
    def network_shares(self) -> dict[str, float]:
        """Of the network in the estimate of each target; the rest is kernel ridge."""
        return dict(zip(self.region.targets, self.model.shares.tolist()))


def train_region(region: Region, settings: TrainSemiGtxSettings, progress: Progress) -> TrainedRegion:
    """Raises InputError for regions and splits that leave too little to learn from, Cancelled."""
    check_trainable(region)
    of_model = SemiGtxSettings(**{each.name: getattr(settings, each.name) for each in fields(SemiGtxSettings)})
    split = SplitSettings(**{each.name: getattr(settings, each.name) for each in fields(SplitSettings)})
    of_model = replace(of_model, device=pick_device(settings.device, progress))
    batches = plan_batches(region.flows, region.district, len(region.districts), of_model, progress) \
        if of_model.network else 0
    weights = task_weights(RECIPES[of_model.configuration], len(region.targets))
    if of_model.network and set(weights) != {1.0}:
        progress.message("The network's losses have the paper's weights: "
                         + ", ".join(f"{weight:g} ({target})" for target, weight in zip(region.targets, weights)) + ".")
    if of_model.network and are_returns_estimated(region.flows):
        progress.message("The graph is large: return probabilities of its walks are estimated by random signs, well "
                         "for the first steps and poorly for the last.")
    with torch_threads(settings):
        judgement = judge(region, of_model, split, progress.part(0, JUDGING))
        model = fit_semigtx(region.features, region.flows, region.totals, region.district, of_model,
                            progress.part(JUDGING, 1), unit_spacing(region.centres))
    trained = TrainedRegion(region, of_model, split, judgement, model, interval_widths(judgement.evaluation), batches)
    if model.network is not None:
        progress.message("The network's share in the estimates, the rest is kernel ridge: "
                         f"{shares_text(trained.network_shares)}.")
    return trained


def shares_text(shares: Mapping[str, float]) -> str:
    """Shares of the network by target, in words."""
    return ", ".join(f"{share:.0%} ({target})" for target, share in shares.items())


def region_model(trained: TrainedRegion) -> RegionModel:
    """The model with what a user of it has to know about its inputs."""
    region = trained.region
    known = [column[np.isfinite(column)] for column in region.features.T]
    low, high = (np.array([limit(column) if len(column) else np.nan for column in known]) for limit in (np.min, np.max))
    return RegionModel(trained.model, region.names, low, high, region.targets, trained.widths,
                       region.units.names if trained.model.basis is not None else ())


def save_trained(path: str, trained: TrainedRegion) -> None:
    """Writes the model file; its card has the scores of the districts left out."""
    found = without_nan(summary(scores(trained.judgement.evaluation))[OURS])
    save_region_model(path, region_model(trained), {
        "title": Path(path).stem, "units": len(trained.region.units), "districts": len(trained.region.districts),
        "batches": trained.batches, "network_share": trained.network_shares,
        "scores": {"split": trained.split.split, "seed": trained.settings.seed, "of_targets": found}})
