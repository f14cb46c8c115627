"""The network's part in the estimator: what patches of light add to swings, trained on sums over factories and months.

One total doesn't identify factories. So the network begins with adding nothing, pays for what it adds, and counts only
as far as labels of years that it hasn't seen ask for.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.sa_cnn import SaCnn
from ..progress import Progress
from .light_signals import cell_changes
from .region_statistics import NAMES
from .samples import FactorySamples
from .settings import GvioSettings
from .swing_gains import later

REGION = tuple(NAMES.index(name) for name in ("urban_q50", "rural_q50", "contrast"))
UNIT = 0.2  # of the logarithm of light and of output, about 1 in the network
TOGETHER = 4096  # patches at once when estimating
EPOCHS, RATE, PRICE = 8, 3e-3, 0.3
HELD_OUT = 4  # every so many years one is held out to weigh the network
WEIGHTS = (0.0, 0.5, 1.0)
LOST_CELLS = 0.1  # of a patch's cells are masked at random in training


@dataclass(frozen=True)
class NetworkInputs:
    """changes: of each row of samples.light, (cells + 1, months), 0 where not known. known: likewise. statistics of
    factories and months, (factories, months, n), and of months, (months, len(REGION)), standardised."""

    samples: FactorySamples
    changes: NDArray[np.float32]
    known: NDArray[np.bool_]
    factories: NDArray[np.float32]
    region: NDArray[np.float32]

    @property
    def width(self) -> int:
        return self.factories.shape[2] + self.region.shape[1]

    def gather(self, factory: NDArray[np.intp], month: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Patches and statistics of n pairs of a factory and a month."""
        side = self.samples.side
        cells = self.samples.cells[factory]
        parts = (self.changes[cells, month[:, None]], self.known[cells, month[:, None]],
                 self.samples.weights(factory, month).reshape(len(factory), -1))
        patches = np.stack([part.astype(np.float32).reshape(-1, side, side) for part in parts], axis=1)
        statistics = np.concatenate((self.factories[factory, month], self.region[month]), axis=1)
        return torch.from_numpy(patches), torch.from_numpy(statistics)


def network_inputs(samples: FactorySamples, swings: NDArray[np.float64], settings: GvioSettings,
                   land_names: tuple[str, ...], reference: NDArray[np.bool_],
                   visible: NDArray[np.bool_]) -> NetworkInputs:
    """land_names: the classes of land use that the model knows; those that samples hasn't are 0."""
    changes = cell_changes(samples, settings, reference, visible)
    known = np.isfinite(changes)
    parts = [later(swings) / UNIT]
    if land_names and settings.land_use:
        at = samples.land[samples.cells[:, samples.side**2 // 2]]
        place = {name: index for index, name in enumerate(samples.land_names)}
        land = np.stack([at[:, place[name]] if name in place else np.zeros(len(at)) for name in land_names], axis=1)
        parts.append(np.repeat(land[:, None], len(samples.months), axis=1))
    region = np.zeros((len(samples.months), len(REGION)))
    if settings.region_statistics:
        region = samples.region.values[:, REGION].astype(np.float64)
        learn = region[reference & visible]
        with np.errstate(invalid="ignore"):
            region = (region - np.nanmean(learn, axis=0)) / np.maximum(np.nanstd(learn, axis=0), 1e-6)
        region = np.clip(np.nan_to_num(region), -3, 3)
    return NetworkInputs(samples, (np.where(known, changes, 0) / UNIT).astype(np.float32), known,
                         np.concatenate(parts, axis=2).astype(np.float32), region.astype(np.float32))


@dataclass(frozen=True)
class Bags:
    """share: of factories in months, (factories, months). zone: (factories,). Of each label: zone, first and last month
    as indexes, target (what the logarithm of its sum lacks), year and weight; all (labels,)."""

    share: NDArray[np.float64]
    zone: NDArray[np.int32]
    label_zone: NDArray[np.int32]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    target: NDArray[np.float64]
    year: NDArray[np.int32]
    weight: NDArray[np.float64]

    def in_year(self, year: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], Tensor]:
        """Labels of a year; the factories and months of their bags as pairs; and a sparse matrix (labels, pairs) that
        takes the mean by share."""
        labels = np.flatnonzero(self.year == year)
        rows, factories, months = [], [], []
        for row, label in enumerate(labels):
            inside = np.flatnonzero(self.zone == self.label_zone[label])
            for month in range(self.first[label], self.last[label] + 1):
                there = inside[self.share[inside, month] > 0]
                rows.append(np.full(len(there), row))
                factories.append(there)
                months.append(np.full(len(there), month))
        row, factory, month = (np.concatenate(each).astype(np.intp) for each in (rows, factories, months))
        share = self.share[factory, month]
        share = share / np.maximum(np.bincount(row, share, len(labels))[row], 1e-12)
        mean = torch.sparse_coo_tensor(np.stack((row, np.arange(len(row)))), torch.from_numpy(share.astype(np.float32)),
                                       (len(labels), len(row)), check_invariants=False)
        return labels, factory, month, mean


def train_network(inputs: NetworkInputs, bags: Bags, seed: int, device: str,
                  progress: Progress) -> tuple[SaCnn, float]:
    """The network and its weight, one of WEIGHTS by the held-out years. Same seed, device and threads, same network."""
    generator = torch.Generator().manual_seed(seed)
    years = np.unique(bags.year)
    held = years[seed % HELD_OUT::HELD_OUT]
    learn = np.setdiff1d(years, held)
    batches = {int(year): bags.in_year(int(year)) for year in years}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SaCnn(inputs.width).to(device)
        optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
        for epoch in range(EPOCHS):
            network.train()
            for place in torch.randperm(len(learn), generator=generator).tolist():
                progress.check()
                labels, factory, month, mean = batches[int(learn[place])]
                patches, statistics = (part.to(device) for part in inputs.gather(factory, month))
                added = network(_augmented(patches, generator), statistics)
                weight = torch.from_numpy(bags.weight[labels]).float().to(device)
                target = torch.from_numpy(bags.target[labels]).float().to(device)
                rest = target - torch.mv(mean.to(device), added)
                loss = (weight * rest**2).sum() / weight.sum() + PRICE * UNIT * (added**2).mean()
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
            progress.report((epoch + 1) / (EPOCHS + 1))
    errors = np.zeros(len(WEIGHTS))
    network = network.cpu().eval()
    for year in held:
        labels, factory, month, mean = batches[int(year)]
        with torch.inference_mode():
            added = torch.mv(mean, network(*inputs.gather(factory, month))).numpy()
        progress.check()
        errors += [float((bags.weight[labels] * (bags.target[labels] - weight * added)**2).sum())
                   for weight in WEIGHTS]
    return network, WEIGHTS[int(np.argmin(errors))]


def network_adds(network: SaCnn, inputs: NetworkInputs, device: str, progress: Progress) -> NDArray[np.float64]:
    """What the network adds to every factory in every month, (factories, months)."""
    shape = inputs.factories.shape[:2]
    added = np.empty(shape[0] * shape[1], np.float32)
    network = network.to(device).eval()
    with torch.inference_mode():
        for start in range(0, len(added), TOGETHER):
            progress.report(start / len(added))
            chosen = np.arange(start, min(start + TOGETHER, len(added)))
            patches, statistics = inputs.gather(*np.divmod(chosen, shape[1]))
            added[chosen] = network(patches.to(device), statistics.to(device)).cpu().numpy()
    return added.reshape(shape).astype(np.float64)


def _augmented(patches: Tensor, generator: torch.Generator) -> Tensor:
    """Flipped and turned alike within a batch, and with cells masked at random."""
    choice = int(torch.randint(8, (1,), generator=generator))
    patches = torch.rot90(patches, choice % 4, (2, 3))
    if choice >= 4:
        patches = patches.flip(3)
    kept = (torch.rand(patches.shape[0], 1, *patches.shape[2:], generator=generator) >= LOST_CELLS).to(patches)
    return torch.cat((patches[:, :2] * kept, patches[:, 2:]), dim=1)
