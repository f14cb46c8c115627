"""Trains an encoder of street views by painting them again."""
from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.registry import load_checkpoint, save_model
from ...models.street_view_encoder import (
    PUBLISHED,
    StreetViewAutoencoder,
    StreetViewEncoder,
    ViewShape,
    load_sam,
    scaled,
    similarity,
    unscaled,
)
from ..devices import pick_device
from ..errors import InputError
from ..execution import torch_threads
from ..progress import Progress
from ..settings import Resources
from .pictures import View
from .settings import ViewTrainingSettings
from .street_views import KIND, read_batches, say_unusable

FEWEST = 5  # pictures
HALVING = 100  # epochs after which the learning rate is halved
CHECKED = 64  # pictures that are painted at a time to be judged
WHAT = "An encoder of street views: a square picture in bytes becomes the first token of a vision transformer."
NO_ECONOMY = ("It was trained to paint pictures again. It knows no economy: whether its vectors say anything about one "
              "must be shown by a table with noise in their place.")


@dataclass(frozen=True)
class TrainedEncoder:
    """similarity_seen, similarity_unseen: mean SSIM of painted training and other pictures; similarity_first: of others
    painted from the first vector alone. loss: mean of every epoch. trained, others: numbers of pictures."""

    encoder: StreetViewEncoder
    settings: ViewTrainingSettings
    similarity_seen: float
    similarity_unseen: float
    similarity_first: float
    loss: tuple[float, ...]
    trained: int
    others: int
    started_from: str
    samples: NDArray[np.float32]  # (n, 2, 3, side, side): pictures that weren't trained on, and as painted


def view_shape(settings: ViewTrainingSettings) -> ViewShape:
    shape = PUBLISHED if settings.configuration == "published" else ViewShape()
    return replace(shape, image=settings.image_size) if settings.image_size else shape


def train_street_views(views: Sequence[View], settings: ViewTrainingSettings, checkpoint: str, resources: Resources,
                       progress: Progress) -> TrainedEncoder:
    """Decodes the pictures and trains on TRAIN_SHARE of them. Raises InputError where too few can be used or fit."""
    shape = view_shape(settings)
    size = 3 * shape.image**2 * len(views)
    if size > resources.max_bytes:
        raise InputError("MAX_MEMORY", f"{len(views)} pictures take {size / 2**20:.0f} MiB",
                         "allow more, or choose fewer pictures or a smaller IMAGE_SIZE")
    reasons = Counter[str]()
    groups = [pictures for _, pictures in read_batches(views, shape.image, resources, progress.part(0, 0.1), reasons)]
    say_unusable(reasons, len(views), progress)
    pictures = np.concatenate(groups) if groups else np.empty((0, 3, 1, 1), np.uint8)
    if len(pictures) < FEWEST:
        raise InputError("IMAGES", f"{len(pictures)} of {len(views)} pictures can be used",
                         f"choose at least {FEWEST}")
    return train_on_pictures(pictures, settings, checkpoint, resources, progress.part(0.1, 1))


def train_on_pictures(pictures: NDArray[np.uint8], settings: ViewTrainingSettings, checkpoint: str,
                      resources: Resources, progress: Progress) -> TrainedEncoder:
    """The same on pictures (n, 3, side, side). checkpoint: a file of SAM's ViT-B weights; empty starts at random."""
    device = pick_device(resources.device, progress)
    numbers = np.random.default_rng(settings.seed)
    order = numbers.permutation(len(pictures))
    trained = max(1, round(settings.train_share * len(pictures)))
    with torch_threads(resources), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        both = StreetViewAutoencoder(view_shape(settings))
        started = "random weights"
        if checkpoint:
            started = load_sam(both.encoder, load_checkpoint(checkpoint, "CHECKPOINT"))
            progress.message(started)
        both = both.to(device)
        data = torch.from_numpy(pictures)
        loss = _fit(both, data[torch.from_numpy(order[:trained])], settings, numbers, device, progress.part(0, 0.95))
        both.eval()
        unseen = data[torch.from_numpy(order[trained:])]
        seen_score = _score(both, data[torch.from_numpy(order[:trained])], device, False, progress)
        score, first = (_score(both, unseen, device, alone, progress) for alone in (False, True))
        with torch.inference_mode():
            few = unseen[:4].to(device)
            painted = unscaled(both(few))
            samples = torch.stack((few.float() / 255, painted), dim=1).cpu().numpy()
    progress.message(f"SSIM of pictures: {score:.3f} not trained on ({len(unseen)}), {seen_score:.3f} trained on "
                     f"({trained}); painted from the first vector alone {first:.3f}.")
    return TrainedEncoder(both.encoder.cpu(), settings, seen_score, score, first, tuple(loss), trained, len(unseen),
                          started, samples)


def _fit(both: StreetViewAutoencoder, data: Tensor, settings: ViewTrainingSettings, numbers: np.random.Generator,
         device: str, progress: Progress) -> list[float]:
    patches = both.encoder.shape.grid**2
    optimiser = torch.optim.Adam(both.parameters(), lr=settings.rate)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, HALVING, 0.5)
    losses = []
    for epoch in range(settings.epochs):
        total = 0.0
        for batch in range(settings.batches):
            progress.report((epoch + batch / settings.batches) / settings.epochs)
            chosen = numbers.integers(0, len(data), min(settings.batch_size, len(data)))
            some = data[torch.from_numpy(chosen)].to(device)
            hidden = torch.from_numpy(numbers.uniform(size=(len(some), patches)) < settings.hidden).to(device)
            painted = both(some, hidden if settings.hidden else None)
            wanted = scaled(some)
            loss = ((painted - wanted)**2).mean() + 1 - similarity(unscaled(painted), unscaled(wanted)).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach())
        schedule.step()
        losses.append(total / settings.batches)
    return losses


def _score(both: StreetViewAutoencoder, data: Tensor, device: str, from_first: bool, progress: Progress) -> float:
    """Mean SSIM of painted pictures; from_first: all patches hidden."""
    total = 0.0
    with torch.inference_mode():
        for first in range(0, len(data), CHECKED):
            progress.check()
            some = data[first:first + CHECKED].to(device)
            hidden = torch.ones(len(some), both.encoder.shape.grid**2, dtype=torch.bool, device=device)
            painted = unscaled(both(some, hidden if from_first else None))
            total += float(similarity(painted, some.float() / 255).sum())
    return total / max(len(data), 1)


def save_encoder(path: str, trained: TrainedEncoder, title: str, half: bool = False, **about: str) -> None:
    """Writes the encoder and its card; the decoder is of no use afterwards. half: 16 bits per number."""
    kind = np.float16 if half else np.float32
    save_model(path, KIND, {
        "title": title, "what": WHAT, "warning": NO_ECONOMY, "shape": asdict(trained.encoder.shape),
        "settings": asdict(trained.settings), "started_from": trained.started_from,
        "training": {"pictures": trained.trained, "others": trained.others},
        "metrics": {"ssim_unseen": round(trained.similarity_unseen, 4), "ssim_seen": round(trained.similarity_seen, 4),
                    "ssim_first_vector": round(trained.similarity_first, 4)},
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
        **about}, {name: values.detach().numpy().astype(kind) for name, values in
                   trained.encoder.state_dict().items()})
