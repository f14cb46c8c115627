"""Why a SemiGTX network estimates what it estimates: Shapley values from the head back to the inputs, and attention."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from captum.attr import DeepLiftShap, IntegratedGradients, LayerDeepLiftShap
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.nn import GATConv

from ...models.semigtx import Graph, SemiGtx, district_mean
from ..progress import Progress
from .network import Batch
from .target_scales import TargetScale

STEPS = 32  # between the mean unit and the units as they are
BACKGROUND = 32  # rows that stand for the average one where neurons are explained
TOGETHER = 512  # rows at a time


@dataclass(frozen=True)
class Question:
    """Whose estimates are explained: those of the asked districts, (districts,) booleans. district: (units,) number of
    every unit's. by_units: whether the heads read units, which districts add up, or districts by their mean
    representation. Rows are what the heads read."""

    scale: TargetScale
    district: Tensor
    asked: Tensor
    by_units: bool

    def to(self, device: str) -> Question:
        return replace(self, district=self.district.to(device), asked=self.asked.to(device))

    def of(self, batch: Batch) -> Question:
        """The same of the units and districts of a batch."""
        return replace(self, district=batch.member, asked=self.asked[batch.districts])

    def rows_of(self, batch: Batch) -> Tensor:
        """Numbers of the batch's rows among all."""
        return batch.nodes if self.by_units else batch.districts

    def rows(self, representation: Tensor) -> Tensor:
        """What the heads read, (rows, width)."""
        return representation if self.by_units else district_mean(representation, self.district, len(self.asked))

    @property
    def asked_units(self) -> Tensor:
        """(units,) booleans."""
        return self.asked[self.district]

    @property
    def asked_rows(self) -> Tensor:
        """(rows,) booleans."""
        return self.asked_units if self.by_units else self.asked

    def total(self, module: SemiGtx, representation: Tensor) -> Tensor:
        """Sum of the estimates of the asked districts, (targets,)."""
        if self.by_units:
            sums = module.read_units(representation)[self.asked_units].sum(dim=0)
            return sums * torch.from_numpy(self.scale.per_unit).to(sums)
        counts = torch.bincount(self.district, minlength=len(self.asked)).to(representation)
        estimates = self.scale.totals_of(module.read_heads(self.rows(representation)), counts)
        return estimates[self.asked].sum(dim=0)


@dataclass(frozen=True)
class Explanation:
    """Contributions to the estimates; those of a target add up to its estimate minus that of average units.

    inputs: (targets, units, columns) of every input of every unit to the sum that was asked for, on the scale of
    the estimates, and gap: (targets,) what they leave unexplained of it, relative. last, first: (targets, rows,
    neurons) of the neurons of the last hidden layer of each head to its output, and of the first hidden layer to the
    neuron of the last one that matters most. representation: (targets, rows, width) to the neuron of the first one
    that matters most. weights, first_weights, representation_weights: (targets, neurons) of these neurons in what they
    contribute to: below 0 where an active neuron lowers it. edges: (2, edges) numbers of the units, from and to;
    attention, messages: (layers, edges) of the message passing, as in edge_weights.
    """

    inputs: NDArray[np.float32]
    gap: NDArray[np.float64]
    last: NDArray[np.float32]
    first: NDArray[np.float32]
    representation: NDArray[np.float32]
    weights: NDArray[np.float32]
    first_weights: NDArray[np.float32]
    representation_weights: NDArray[np.float32]
    edges: NDArray[np.int64]
    attention: NDArray[np.float32]
    messages: NDArray[np.float32]

    def trace(self, target: int, most: int) -> list[list[tuple[int, float]]]:
        """The strongest neurons of the last hidden layer, of the first one and of the representation, each with the
        mean size of its contributions, below 0 where an active neuron lowers what it contributes to."""
        layers = []
        for values, weights in ((self.last, self.weights), (self.first, self.first_weights),
                                (self.representation, self.representation_weights)):
            sizes = np.abs(values[target]).mean(axis=0)
            top = np.argsort(-sizes, kind="stable")[:most]
            layers.append([(int(each), float(sizes[each] * np.sign(weights[target, each]))) for each in top])
        return layers


def explain(module: SemiGtx, batches: Sequence[Batch], question: Question, progress: Progress) -> Explanation:
    """batches: those that the network estimates in. The same network and batches give the same values.

    Totals of districts depend on the units of their batch alone. Raises Cancelled.
    """
    module, targets = module.eval(), len(module.heads)
    average = torch.cat([batch.graph.features for batch in batches]).mean(dim=0)
    inputs, gaps = np.zeros((targets, len(question.district), len(average)), np.float32), np.zeros(targets)
    steps = 2 * targets * len(batches)
    for step, (target, batch) in enumerate(product(range(targets), batches)):
        part = question.of(batch)
        if part.asked.any():
            inputs[target, batch.nodes.cpu().numpy()], gap = _inputs(
                module, batch.graph, average, target, part, progress.part(step / steps, (step + 1) / steps))
            gaps[target] += gap
    gaps = np.abs(gaps) / np.maximum(np.abs(inputs).sum(axis=(1, 2)), 1e-30)
    rows = _rows(module, batches, question)
    layers = []
    for target, head in enumerate(module.heads):
        layers.append(_neurons(head, rows))
        progress.report(0.5 + (target + 1) / (2 * targets))
    last, first, whole, weights, first_weights, whole_weights = (np.stack(each) for each in zip(*layers))
    return Explanation(inputs, gaps, last, first, whole, weights, first_weights, whole_weights,
                       *edge_weights(module, batches))


def edge_weights(module: SemiGtx, batches: Sequence[Batch],
                 ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The edges that the network uses, (2, edges) numbers of units; attention: how much each unit listens to each
    neighbour, which sums to 1 over a unit's edges; and the size of the message: attention times the length of what the
    neighbour says. Both (layers, edges), means over the heads."""
    found: list[Tensor] = []

    def keep(convolution: GATConv, given: tuple[Tensor, ...], more: dict[str, Tensor], _: Tensor) -> None:
        handle.remove()
        attention = convolution(*given, **more, return_attention_weights=True)[1][1]
        said = convolution.lin(given[0]).view(len(given[0]), attention.shape[1], -1).norm(dim=2)
        found.append(torch.stack((attention, attention * said[given[1][0]])).mean(dim=2))

    convolutions = [each for each in module.modules() if isinstance(each, GATConv)]
    edges, weights = [], []
    with torch.no_grad():
        for batch in batches:
            found.clear()
            for convolution in convolutions:
                handle = convolution.register_forward_hook(keep, with_kwargs=True)
                module(batch.graph)
            edges.append(batch.nodes[batch.graph.edges])
            weights.append(torch.stack(found, dim=1) if found else torch.zeros(2, 0, batch.graph.edges.shape[1]))
    attention, messages = torch.cat(weights, dim=2).cpu().numpy()
    return torch.cat(edges, dim=1).cpu().numpy(), attention, messages


def neuron_slopes(module: SemiGtx, batches: Sequence[Batch], target: int, neuron: int,
                  question: Question) -> NDArray[np.float64]:
    """Derivatives (units, columns) of a neuron of the last hidden layer of a head, before its ReLU and summed over the
    asked rows, by the features of all units."""
    module = module.eval()
    head = nn.Sequential(*list(module.heads[target].children())[:3])  # type: ignore[arg-type]
    found = np.empty((len(question.district), batches[0].graph.features.shape[1]))
    for batch in batches:
        part, features = question.of(batch), batch.graph.features.clone().requires_grad_(True)
        rows = part.rows(module(replace(batch.graph, features=features)))
        total = head(rows)[part.asked_rows, neuron].sum()
        found[batch.nodes.cpu().numpy()] = torch.autograd.grad(total, features)[0].cpu().numpy()
    return found


def _inputs(module: SemiGtx, graph: Graph, average: Tensor, target: int, question: Question,
            progress: Progress) -> tuple[NDArray[np.float32], float]:
    """Integrated gradients (Aumann and Shapley 1974; Sundararajan et al. 2017) over the features of all units, from the
    average (columns,) on, and what they leave unexplained."""
    passes = 0

    def total(features: Tensor) -> Tensor:
        nonlocal passes
        passes += 1
        progress.check()
        progress.report(min(passes / (STEPS + 2), 1.0))
        return torch.stack([question.total(module, module(replace(graph, features=each)))[target]
                            for each in features])

    found, gap = IntegratedGradients(total).attribute(
        graph.features.unsqueeze(0), average.expand_as(graph.features).unsqueeze(0), n_steps=STEPS,
        internal_batch_size=1, return_convergence_delta=True)
    return found[0].detach().cpu().numpy(), float(gap)


def _rows(module: SemiGtx, batches: Sequence[Batch], question: Question) -> Tensor:
    """What the heads read of all batches, (rows, width)."""
    with torch.no_grad():
        parts = [question.of(batch).rows(module(batch.graph)) for batch in batches]
    found = parts[0].new_empty(len(question.asked_rows), parts[0].shape[1])
    for batch, part in zip(batches, parts):
        found[question.rows_of(batch)] = part
    return found


def _neurons(head: nn.Module, rows: Tensor) -> tuple[NDArray[np.float32], ...]:
    """DeepLIFT Shapley values (Lundberg and Lee 2017) of both hidden layers, the last first, and of the representation;
    then the weights of each in what it contributes to."""
    step = max(1, len(rows) // BACKGROUND)
    background = rows[::step][:BACKGROUND]
    parts = list(head.children())
    last = _in_parts(LayerDeepLiftShap(head, parts[3]), rows, background, 0)
    second, last_top = nn.Sequential(*parts[:4]), int(np.abs(last).mean(axis=0).argmax())
    first = _in_parts(LayerDeepLiftShap(second, second[1]), rows, background, last_top)
    lowest, first_top = nn.Sequential(*parts[:2]), int(np.abs(first).mean(axis=0).argmax())
    whole = _in_parts(DeepLiftShap(lowest), rows, background, first_top)
    lower, middle, upper = (each.weight.detach().cpu().numpy() for each in parts if isinstance(each, nn.Linear))
    return last, first, whole, upper[0], middle[last_top], lower[first_top]


def _in_parts(method: DeepLiftShap, values: Tensor, background: Tensor, target: int) -> NDArray[np.float32]:
    parts = [method.attribute(part, background, target=target).detach() for part in torch.split(values, TOGETHER)]
    return torch.cat(parts).cpu().numpy()
