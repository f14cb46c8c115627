"""Trains the Bi-LSTM on windows of days and estimates with it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.location_encoders import HarmonicsSiren
from ...models.pm25_bilstm import Pm25BiLstm
from ..progress import Progress
from ..settings import Resources
from .windows import MASKED, Windows

DAYS_UNIT = 5.0  # by which numbers of days are divided
TIMES = 2  # what every step knows beside its covariates: days since the last step, days from the target's day
ESTIMATE_BATCH = 1024
WIDE = 128  # hidden units, below which further threads only wait for each other


@dataclass(frozen=True)
class Siren:
    """Sizes of the trainable location encoder: degrees of its harmonics, width of its hidden layer and of what it
    gives."""

    degrees: int = 10
    hidden: int = 64
    width: int = 32

    def build(self) -> HarmonicsSiren:
        return HarmonicsSiren(self.degrees, (self.hidden,), self.width, analytic=False)


SIREN = Siren()


@dataclass(frozen=True)
class Recipe:
    """A named configuration of the network and its training. located_epochs: where the place is known, whose branch
    learns fast."""

    widths: tuple[int, ...]
    attention: int
    dropout: float
    input_dropout: float
    batch: int
    epochs: int
    located_epochs: int
    rate: float
    weight_decay: float
    one_cycle: bool  # else staircase: times 0.8 every 30,000 steps
    patience: int = 0  # epochs without a better validation loss; 0 = no early stopping
    validation_share: float = 0.0  # of the training places


RECIPES = {
    "default": Recipe((64,), 64, 0.3, 0.1, 128, 40, 10, 3e-3, 1e-3, True),
    # Karimzadeh et al. (2025) and their base model, Wang et al. (2025).
    "published": Recipe((256, 128, 128), 256, 0.2, 0.0, 256, 100, 100, 1e-3, 0.0, False, 30, 0.05)}


def fitting_resources(configuration: str, resources: Resources) -> Resources:
    """What a recipe is trained with: one thread where its layers are narrow."""
    return resources if max(RECIPES[configuration].widths) >= WIDE else replace(resources, threads=1)


@dataclass(frozen=True)
class Samples:
    """What a network reads. rows: standardised covariates, shape (rows, features). location: features of each window's
    place, shape (windows, width), None without any."""

    rows: NDArray[np.float32]
    windows: Windows
    location: NDArray[np.float32] | None

    def batch(self, numbers: NDArray[np.intp]) -> tuple[Tensor, Tensor, Tensor | None]:
        """Steps (n, days, features + TIMES), which are there (n, days), and locations of windows by number."""
        steps = self.windows.gather(self.rows, numbers)
        since = self.windows.since[numbers]
        times = np.stack((since, np.broadcast_to(self.windows.offsets, since.shape)), axis=2).astype(np.float32)
        present = torch.from_numpy(self.windows.rows[numbers] != MASKED)
        location = None if self.location is None else torch.from_numpy(self.location[numbers])
        return torch.from_numpy(np.concatenate((steps, times / DAYS_UNIT), axis=2)), present, location


@dataclass(frozen=True)
class Network:
    """A trained network, the mean and spread of its target, and the training loss of every epoch."""

    module: nn.Module
    mean: float
    spread: float
    losses: Sequence[float] = field(default_factory=tuple)

    def estimate(self, samples: Samples, numbers: NDArray[np.intp], device: torch.device,
                 progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Estimates (n,) in ug/m3 and the attention of every day (n, days)."""
        module = self.module.to(device).eval()
        rows = samples.windows.rows[numbers]
        estimates, attentions = np.empty(len(numbers)), np.empty(rows.shape, np.float32)
        # Windows of as many days together: a recurrent layer is faster where all its rows are as long.
        by_length = np.argsort((rows != MASKED).sum(axis=1), kind="stable")
        with torch.inference_mode():
            for start in range(0, len(numbers), ESTIMATE_BATCH):
                part = by_length[start:start + ESTIMATE_BATCH]
                found, attention = module(*_on(device, samples.batch(numbers[part])))
                estimates[part] = found.cpu().numpy().astype(np.float64) * self.spread + self.mean
                attentions[part] = attention.cpu().numpy()
                progress.report(min(1.0, (start + ESTIMATE_BATCH) / len(numbers)))
        return estimates, attentions


class LocatedBiLstm(nn.Module):
    """A Bi-LSTM whose place is encoded by a trainable SIREN over spherical harmonics."""

    def __init__(self, network: Pm25BiLstm, location: HarmonicsSiren) -> None:
        super().__init__()
        self.network, self.location = network, location

    def forward(self, steps: Tensor, present: Tensor, harmonics: Tensor) -> tuple[Tensor, Tensor]:
        estimates: tuple[Tensor, Tensor] = self.network(steps, present, self.location.embed(harmonics))
        return estimates


def build_network(recipe: Recipe, features: int, location: int, fusion: str, siren: bool) -> nn.Module:
    """features: per step, without its times. location: width of the place's features."""
    width = SIREN.width if siren else location
    network = Pm25BiLstm(features + TIMES, recipe.widths, recipe.attention, width, fusion, recipe.dropout)
    return LocatedBiLstm(network, SIREN.build()) if siren else network


def train_network(samples: Samples, target: NDArray[np.float32], train: NDArray[np.intp], place: NDArray[np.int32],
                  recipe: Recipe, epochs: int, fusion: str, siren: bool, seed: int, device: torch.device,
                  progress: Progress) -> Network:
    """Huber loss on the standardised target.

    target, place: of every window, shape (windows,); train: numbers of the windows to learn from. The same seed, device
    and thread count give the same network. With patience, a share of the training places decides when to stop.
    """
    generator = torch.Generator().manual_seed(seed)
    learn, check = _validation(train, place, recipe.validation_share, seed)
    mean, spread = float(target[learn].mean()), max(float(target[learn].std()), 1e-6)
    scaled = torch.from_numpy(((target - mean) / spread).astype(np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        location = 0 if samples.location is None else samples.location.shape[1]
        module = build_network(recipe, samples.rows.shape[1], location, fusion, siren).to(device)
        epochs = epochs or (recipe.located_epochs if location else recipe.epochs)
        steps = epochs * -(-len(learn) // recipe.batch)
        optimiser, schedule = _optimiser(module, recipe, steps)
        corrupt = nn.Dropout(recipe.input_dropout)
        losses: list[float] = []
        best, best_loss, waited = _copy(module), np.inf, 0
        for epoch in range(epochs):
            module.train()
            total = 0.0
            for numbers in _shuffled(learn, recipe.batch, generator):
                days, present, place_features = _on(device, samples.batch(numbers))
                found = module(corrupt(days), present, place_features)[0]
                loss = nn.functional.huber_loss(found, scaled[torch.from_numpy(numbers)].to(device))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(module.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                total += float(loss.detach()) * len(numbers)
                progress.check()
            losses.append(total / len(learn))
            progress.report((epoch + 1) / epochs)
            if recipe.patience:
                now = _loss(module, samples, scaled, check, device)
                if now < best_loss:
                    best, best_loss, waited = _copy(module), now, 0
                else:
                    waited += 1
                    if waited >= recipe.patience:
                        break
        if recipe.patience:
            module.load_state_dict(best)
    return Network(module.cpu(), mean, spread, tuple(losses))


def _optimiser(module: nn.Module, recipe: Recipe, steps: int) -> tuple[torch.optim.Optimizer, Any]:
    optimiser = torch.optim.AdamW(module.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    if recipe.one_cycle:
        return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=max(steps, 2))
    return optimiser, torch.optim.lr_scheduler.StepLR(optimiser, 30_000, 0.8)


def _shuffled(numbers: NDArray[np.intp], batch: int, generator: torch.Generator) -> Iterator[NDArray[np.intp]]:
    order = numbers[torch.randperm(len(numbers), generator=generator).numpy()]
    for start in range(0, len(order), batch):
        yield order[start:start + batch]


def _validation(train: NDArray[np.intp], place: NDArray[np.int32], share: float,
                seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Windows to learn from and windows of held-out training places."""
    if not share:
        return train, train[:0]
    places = np.random.default_rng(seed).permutation(np.unique(place[train]))
    held = np.isin(place[train], places[:max(1, round(share * len(places)))])
    return train[~held], train[held]


def _loss(module: nn.Module, samples: Samples, scaled: Tensor, numbers: NDArray[np.intp],
          device: torch.device) -> float:
    module.eval()
    total = 0.0
    with torch.inference_mode():
        for start in range(0, len(numbers), ESTIMATE_BATCH):
            part = numbers[start:start + ESTIMATE_BATCH]
            found = module(*_on(device, samples.batch(part)))[0]
            total += float(nn.functional.huber_loss(found, scaled[torch.from_numpy(part)].to(device), reduction="sum"))
    return total / max(1, len(numbers))


def _on(device: torch.device, tensors: tuple[Tensor, Tensor, Tensor | None]) -> tuple[Tensor, Tensor, Tensor | None]:
    steps, present, location = tensors
    return steps.to(device), present.to(device), None if location is None else location.to(device)


def _copy(module: nn.Module) -> Mapping[str, Tensor]:
    return {name: values.detach().clone() for name, values in module.state_dict().items()}
