"""Why a SemiGTX network estimates what it estimates: Shapley values from the head back to the inputs, and attention."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from captum.attr import DeepLiftShap, IntegratedGradients, LayerDeepLiftShap
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.nn import GATConv

from ...models.semigtx import Graph, SemiGtx, district_mean
from ..progress import Progress
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
    contribute to: below 0 where an active neuron lowers it. attention, messages: (layers, edges) of the message
    passing, as in edge_weights.
    """

    inputs: NDArray[np.float32]
    gap: NDArray[np.float64]
    last: NDArray[np.float32]
    first: NDArray[np.float32]
    representation: NDArray[np.float32]
    weights: NDArray[np.float32]
    first_weights: NDArray[np.float32]
    representation_weights: NDArray[np.float32]
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


def explain(module: SemiGtx, graph: Graph, question: Question, progress: Progress) -> Explanation:
    """The same network and graph give the same values. Raises Cancelled."""
    module = module.eval()
    targets = len(module.heads)
    inputs, gaps = [], []
    for target in range(targets):
        found, gap = _inputs(module, graph, target, question,
                             progress.part(target / (2 * targets), (target + 1) / (2 * targets)))
        inputs.append(found)
        gaps.append(gap)
    with torch.no_grad():
        rows = question.rows(module(graph))
    layers = []
    for target, head in enumerate(module.heads):
        layers.append(_neurons(head, rows))
        progress.report(0.5 + (target + 1) / (2 * targets))
    last, first, whole, weights, first_weights, whole_weights = (np.stack(each) for each in zip(*layers))
    return Explanation(np.stack(inputs).astype(np.float32), np.array(gaps), last, first, whole, weights, first_weights,
                       whole_weights, *edge_weights(module, graph))


def edge_weights(module: SemiGtx, graph: Graph) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Attention: how much each unit listens to each neighbour, which sums to 1 over a unit's edges, and the size of the
    message: attention times the length of what the neighbour says. Both (layers, edges), means over the heads."""
    found: list[Tensor] = []

    def keep(convolution: GATConv, given: tuple[Tensor, ...], more: dict[str, Tensor], _: Tensor) -> None:
        handle.remove()
        attention = convolution(*given, **more, return_attention_weights=True)[1][1]
        said = convolution.lin(given[0]).view(len(given[0]), attention.shape[1], -1).norm(dim=2)
        found.append(torch.stack((attention, attention * said[given[1][0]])).mean(dim=2))

    with torch.no_grad():
        for convolution in (each for each in module.modules() if isinstance(each, GATConv)):
            handle = convolution.register_forward_hook(keep, with_kwargs=True)
            module(graph)
    both = torch.stack(found, dim=1).cpu().numpy() if found else np.zeros((2, 0, graph.edges.shape[1]), np.float32)
    return both[0], both[1]


def neuron_slopes(module: SemiGtx, graph: Graph, target: int, neuron: int,
                  question: Question) -> NDArray[np.float64]:
    """Derivatives (units, columns) of a neuron of the last hidden layer of a head, before its ReLU and summed over the
    asked rows, by the features of all units."""
    head = nn.Sequential(*list(module.heads[target].children())[:3])  # type: ignore[arg-type]
    features = graph.features.clone().requires_grad_(True)
    rows = question.rows(module.eval()(replace(graph, features=features)))
    total = head(rows)[question.asked_rows, neuron].sum()
    return torch.autograd.grad(total, features)[0].cpu().numpy().astype(np.float64)


def _inputs(module: SemiGtx, graph: Graph, target: int, question: Question,
            progress: Progress) -> tuple[NDArray[np.float32], float]:
    """Integrated gradients (Aumann and Shapley 1974; Sundararajan et al. 2017) over the features of all units."""
    passes = 0

    def total(features: Tensor) -> Tensor:
        nonlocal passes
        passes += 1
        progress.check()
        progress.report(min(passes / (STEPS + 2), 1.0))
        return torch.stack([question.total(module, module(replace(graph, features=each)))[target]
                            for each in features])

    start = graph.features.mean(dim=0).expand_as(graph.features).unsqueeze(0)
    found, gap = IntegratedGradients(total).attribute(
        graph.features.unsqueeze(0), start, n_steps=STEPS, internal_batch_size=1, return_convergence_delta=True)
    size = float(found.abs().sum())
    return found[0].detach().cpu().numpy(), float(gap.abs()) / size if size else 0.0


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
