"""Trains SemiGTX on the totals of the districts that are known."""
from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from ...models.semigtx import Graph, SemiGtx, district_mean, district_sum
from ..devices import pick_device
from ..progress import Progress
from .positional_encodings import laplacian_encoding, return_probabilities
from .settings import SemiGtxSettings
from .target_scales import TargetScale

KEPT_EDGES = 0.8  # of the corrupted graph
STRONGEST = 6  # flows of a unit each way that become edges, where units have more on average
TASK_WEIGHTS = (0.1, 0.01, 0.001)
UNIT_FLOATS, EDGE_FLOATS = 64, 8  # times width and layers: what a training step takes at most per unit and edge


@dataclass(frozen=True)
class Recipe:
    """A named configuration of the network and its training. weighted: by the paper's weights of the three tasks.
    whole: self-supervision compares units with the whole graph, as Deep Graph Infomax does (Velickovic et al. 2018),
    instead of with their district."""

    width: int
    layers: int
    heads: int
    dropout: float
    epochs: int
    rate: float
    weight_decay: float
    weighted: bool
    layer: str = "semigtx"
    whole: bool = False


RECIPES = {"default": Recipe(64, 2, 4, 0.1, 60, 3e-3, 1e-3, False),
           "published": Recipe(512, 5, 8, 0.0, 300, 9e-4, 0.0, True)}


@dataclass(frozen=True)
class Batch:
    """Whole districts: their numbers, the graph of their units (nodes), and every unit's place among districts."""

    districts: Tensor
    nodes: Tensor
    graph: Graph
    member: Tensor

    def to(self, device: str) -> Batch:
        return Batch(self.districts.to(device), self.nodes.to(device), self.graph.to(device), self.member.to(device))


@dataclass(frozen=True)
class Representation:
    """units (units, width), districts (districts, width): means of their units."""

    units: NDArray[np.float64]
    districts: NDArray[np.float64]


def region_graph(columns: NDArray[np.float64], flows: sp.csr_matrix, seed: int, progress: Progress) -> Graph:
    """columns (units, columns), without NaN; flows (units, units) without a diagonal."""
    encoding = laplacian_encoding(flows, progress=progress)
    returns = return_probabilities(flows, seed=seed, progress=progress)
    edges = _strongest(flows)
    origin, destination = edges.nonzero()
    both = np.log1p(np.stack((_at(flows, origin, destination), _at(flows, destination, origin)), axis=1))
    _, component = connected_components(flows, directed=False)
    size = np.sqrt(np.bincount(component)[component])[:, None]  # an even vector of a component has entries of 1
    return Graph(_tensor(columns), torch.from_numpy(np.stack((origin, destination)).astype(np.int64)), _tensor(both),
                 _tensor(encoding.magnitudes * size), _tensor(encoding.values), torch.from_numpy(encoding.present),
                 _tensor(returns))


def new_network(features: int, targets: int, recipe: Recipe) -> SemiGtx:
    """An untrained network for graphs with so many columns of features."""
    return SemiGtx(features, 2, targets, recipe.width, recipe.layers, recipe.heads, dropout=recipe.dropout,
                   layer=recipe.layer)


def task_weights(recipe: Recipe, targets: int) -> tuple[float, ...]:
    """Of the losses of targets: the paper's where the recipe asks for them and there are three, else 1."""
    return TASK_WEIGHTS if recipe.weighted and targets == len(TASK_WEIGHTS) else (1.0,) * targets


def train_network(graph: Graph, district: NDArray[np.intp], totals: NDArray[np.float64], scale: TargetScale,
                  settings: SemiGtxSettings, progress: Progress, recipe: Recipe | None = None) -> SemiGtx:
    """Eq. 8: alpha * infomax + (1 - alpha) * loss of the districts whose totals (districts, targets) aren't NaN.

    The same seed and thread count give the same weights on the CPU, where the network is returned.
    """
    recipe, device = recipe or RECIPES[settings.configuration], pick_device(settings.device, Progress())
    counts = np.maximum(np.bincount(district, minlength=len(totals)), 1.0)
    wanted, sizes = _tensor(scale.standardise(totals, counts)).to(device), _tensor(counts).to(device)
    targets = wanted.shape[1]
    weights = torch.tensor(task_weights(recipe, targets)).to(device)
    generator = torch.Generator().manual_seed(settings.seed)
    batches = [batch.to(device) for batch in make_batches(graph, district, len(totals), settings)]
    epochs = settings.epochs or recipe.epochs
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = new_network(graph.features.shape[1], targets, recipe).to(device)
        optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=epochs * len(batches) + 1)
        network.train()
        for epoch in range(epochs):
            for batch in batches:
                progress.check()
                real = network(batch.graph)
                found = _standardised(network, real, batch.member, sizes[batch.districts], scale, settings.readout)
                losses = scale.losses(found, wanted[batch.districts], sizes[batch.districts])
                known = torch.isfinite(wanted[batch.districts]).sum(dim=0).clamp(min=1)
                loss = (1 - settings.infomax_share) * (weights * losses.sum(dim=0) / known).sum()
                if settings.infomax_share:
                    corrupted = network(batch.graph.corrupt(KEPT_EDGES, generator))
                    summarised = torch.zeros_like(batch.member) if recipe.whole else batch.member
                    mutual = network.infomax_loss(real, corrupted, summarised, len(batch.districts))
                    loss = loss + settings.infomax_share * mutual
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
                schedule.step()
            progress.report((epoch + 1) / epochs)
    return network.cpu().eval()


def network_estimates(network: SemiGtx, graph: Graph, district: NDArray[np.intp], districts: int, scale: TargetScale,
                      settings: SemiGtxSettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardised estimates (districts, targets), and shares of the units (units, targets) in their districts."""
    counts = _tensor(np.maximum(np.bincount(district, minlength=districts), 1.0))
    found, units = torch.zeros(districts, len(network.heads)), torch.zeros(len(district), len(network.heads))
    with torch.inference_mode():
        for batch, representation in _representations(network, graph, district, districts, settings):
            found[batch.districts] = _standardised(network, representation, batch.member, counts[batch.districts],
                                                   scale, settings.readout)
            if settings.readout == "sum-of-units":
                units[batch.nodes] = network.read_units(representation)
            else:
                alone = torch.from_numpy(scale.mean).to(units) + network.read_heads(representation) * torch.from_numpy(
                    scale.spread).to(units)
                units[batch.nodes] = alone.clamp(min=0)**2
    return found.numpy().astype(np.float64), units.numpy().astype(np.float64)


def representation_of(network: SemiGtx, graph: Graph, district: NDArray[np.intp], districts: int,
                      settings: SemiGtxSettings) -> Representation:
    """The frozen representation of units and districts."""
    width = RECIPES[settings.configuration].width
    units, found = torch.zeros(len(district), width), torch.zeros(districts, width)
    with torch.inference_mode():
        for batch, representation in _representations(network, graph, district, districts, settings):
            units[batch.nodes] = representation
            found[batch.districts] = district_mean(representation, batch.member, len(batch.districts))
    return Representation(units.numpy().astype(np.float64), found.numpy().astype(np.float64))


def plan_batches(flows: sp.csr_matrix, district: NDArray[np.intp], districts: int, settings: SemiGtxSettings,
                 progress: Progress) -> int:
    """In how many batches of whole districts a network learns from flows (units, units), to stay within MAX_MEMORY.
    Says so, and warns where districts are too large for that."""
    kept = _strongest(flows).tocoo()
    part = _part_of(district, districts, kept.nnz, settings)[district]
    units = np.bincount(part)
    edges = np.bincount(part[kept.row][part[kept.row] == part[kept.col]], minlength=len(units))
    batches = int((units > 0).sum())
    if batches > 1:
        progress.message(f"The network learns in {batches} batches of whole districts, to stay within MAX_MEMORY.")
    needed = max(-(-_step_bytes(*each, settings) // 2**20) for each in zip(units.tolist(), edges.tolist()))
    if needed > settings.max_memory:
        progress.warning(f"MAX_MEMORY: a step of training may take {needed} MiB, more than the {settings.max_memory} "
                         "MiB allowed, because batches keep districts whole.")
    return batches


def keep_batches(flows: sp.csr_matrix, district: NDArray[np.intp], districts: int, settings: SemiGtxSettings,
                 max_memory: int, progress: Progress) -> None:
    """Says where a trained network, which estimates in the batches of its own MAX_MEMORY, would have others by
    max_memory, MiB."""
    edges = _strongest(flows).nnz
    own, other = (len(np.unique(_part_of(district, districts, edges, each)))
                  for each in (settings, replace(settings, max_memory=max_memory)))
    if own != other:
        progress.message(f"Batches of the network: {own}, by the MAX_MEMORY of its training ({settings.max_memory} "
                         f"MiB), not {other} by the one given now; other batches would give other estimates.")


def _step_bytes(units: int, edges: int, settings: SemiGtxSettings) -> int:
    """What a training step takes at most."""
    recipe = RECIPES[settings.configuration]
    floats = recipe.layers * recipe.width * (UNIT_FLOATS * units + EDGE_FLOATS * edges)
    return 4 * floats * (2 if settings.infomax_share else 1)


def _part_of(district: NDArray[np.intp], districts: int, edges: int, settings: SemiGtxSettings) -> NDArray[np.intp]:
    """Number of the batch of every district: one, or parts of about the same size that mix large and small districts at
    random. None has a single unit, which batch norm can't compare with others."""
    units = len(district)
    parts = max(1, min(districts, units // 2, -(-_step_bytes(units, edges, settings) // settings.max_bytes)))
    sizes, filled = np.bincount(district, minlength=districts), np.zeros(parts, dtype=np.intp)
    order = np.random.default_rng(settings.seed).permutation(districts)
    part_of = np.empty(districts, dtype=np.intp)
    for each in order[np.argsort(-sizes[order], kind="stable")]:
        part_of[each] = filled.argmin()
        filled[part_of[each]] += sizes[each]
    ascending = np.argsort(filled, kind="stable")
    for part, larger in zip(ascending, ascending[1:]):
        if filled[part] < 2:
            part_of[part_of == part] = larger
            filled[larger] += filled[part]
    return part_of


def _representations(network: SemiGtx, graph: Graph, district: NDArray[np.intp], districts: int,
                     settings: SemiGtxSettings) -> Iterator[tuple[Batch, Tensor]]:
    """What the layers say of the nodes of every batch, on the CPU."""
    device = pick_device(settings.device, Progress())
    moved = deepcopy(network).to(device)
    for batch in make_batches(graph, district, districts, settings):
        yield batch, moved(batch.graph.to(device)).cpu()


def _standardised(network: SemiGtx, representation: Tensor, member: Tensor, counts: Tensor, scale: TargetScale,
                  readout: str) -> Tensor:
    """Estimates (districts, targets): the units' added up, or the heads' of the districts' mean representation."""
    if readout == "sum-of-units":
        return scale.standardise_sums(district_sum(network.read_units(representation), member, len(counts)), counts)
    return network.read_heads(district_mean(representation, member, len(counts)))


def make_batches(graph: Graph, district: NDArray[np.intp], districts: int, settings: SemiGtxSettings) -> list[Batch]:
    """The whole graph, or parts of it that mix districts: batch norm would hide by how much neighbours differ from
    others. Nodes keep their encodings of the whole graph."""
    part_of = _part_of(district, districts, graph.edges.shape[1], settings)
    if not np.ptp(part_of):
        return [Batch(torch.arange(districts), torch.arange(len(district)), graph,
                      torch.from_numpy(district.astype(np.int64)))]
    found = []
    for part in np.unique(part_of):
        chosen, nodes = np.flatnonzero(part_of == part), np.flatnonzero(part_of[district] == part)
        numbers = torch.from_numpy(nodes)
        found.append(Batch(torch.from_numpy(chosen), numbers, graph.part(numbers),
                           torch.from_numpy(np.searchsorted(chosen, district[nodes]))))
    return found


def _strongest(flows: sp.csr_matrix) -> sp.csr_matrix:
    if flows.nnz <= STRONGEST * flows.shape[0]:
        return flows
    return (_strongest_rows(flows) + _strongest_rows(flows.T.tocsr()).T).tocsr()


def _strongest_rows(flows: sp.csr_matrix) -> sp.csr_matrix:
    rows = np.repeat(np.arange(flows.shape[0]), np.diff(flows.indptr))
    order = np.lexsort((flows.indices, -flows.data, rows))
    kept = order[np.arange(flows.nnz) - flows.indptr[rows[order]] < STRONGEST]
    return sp.csr_matrix((flows.data[kept], (rows[kept], flows.indices[kept])), flows.shape)


def _at(flows: sp.csr_matrix, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(flows[rows, columns]).ravel() if len(rows) else np.zeros(0)


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
