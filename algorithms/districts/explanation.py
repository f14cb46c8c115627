"""Why a SemiGTX network estimates what it estimates: Shapley values from the head back to the inputs, and attention."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from captum.attr import DeepLiftShap, IntegratedGradients, LayerDeepLiftShap
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.nn import GATConv

from ...models.semigtx import Graph, SemiGtx
from ..progress import Progress

STEPS = 32  # between the mean unit and the units as they are
BACKGROUND = 32  # units that stand for the average one where neurons are explained
TOGETHER = 512  # units at a time


@dataclass(frozen=True)
class Explanation:
    """Contributions to the estimates; those of a target add up to its estimate minus that of average units.

    inputs: (targets, units, columns) of every input of every unit to the sum over the explained units, on the scale of
    the estimates, and gap: (targets,) what they leave unexplained of it, relative. last, first: (targets, units,
    neurons) of the neurons of the last hidden layer of each head to its output, and of the first hidden layer to the
    neuron of the last one that matters most. representation: (targets, units, width) to the neuron of the first one
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


def explain(module: SemiGtx, graph: Graph, per_unit: NDArray[np.float64], asked: Tensor,
            progress: Progress) -> Explanation:
    """per_unit: (targets,) scale of the estimates. asked: (units,) booleans, the units whose sum is explained.

    The same network and graph give the same values. Raises Cancelled.
    """
    module = module.eval()
    targets = len(module.heads)
    inputs, gaps = [], []
    for target in range(targets):
        found, gap = _inputs(module, graph, target, asked,
                             progress.part(target / (2 * targets), (target + 1) / (2 * targets)))
        inputs.append(found * per_unit[target])
        gaps.append(gap)
    with torch.no_grad():
        representation = module(graph)
    layers = []
    for target, head in enumerate(module.heads):
        layers.append(_neurons(head, representation))
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


def neuron_slopes(module: SemiGtx, graph: Graph, target: int, neuron: int, asked: Tensor) -> NDArray[np.float64]:
    """Derivatives (units, columns) of a neuron of the last hidden layer of a head, before its ReLU and summed over the
    asked units, by the features of all units."""
    head = nn.Sequential(*list(module.heads[target].children())[:3])  # type: ignore[arg-type]
    features = graph.features.clone().requires_grad_(True)
    total = head(module.eval()(replace(graph, features=features)))[asked, neuron].sum()
    return torch.autograd.grad(total, features)[0].cpu().numpy().astype(np.float64)


def _inputs(module: SemiGtx, graph: Graph, target: int, asked: Tensor,
            progress: Progress) -> tuple[NDArray[np.float32], float]:
    """Integrated gradients (Aumann and Shapley 1974; Sundararajan et al. 2017) over the features of all units."""
    passes = 0

    def total(features: Tensor) -> Tensor:
        nonlocal passes
        passes += 1
        progress.check()
        progress.report(min(passes / (STEPS + 2), 1.0))
        sums = [module.read_units(module(replace(graph, features=each)))[asked, target].sum() for each in features]
        return torch.stack(sums)

    start = graph.features.mean(dim=0).expand_as(graph.features).unsqueeze(0)
    found, gap = IntegratedGradients(total).attribute(
        graph.features.unsqueeze(0), start, n_steps=STEPS, internal_batch_size=1, return_convergence_delta=True)
    size = float(found.abs().sum())
    return found[0].detach().cpu().numpy(), float(gap.abs()) / size if size else 0.0


def _neurons(head: nn.Module, representation: Tensor) -> tuple[NDArray[np.float32], ...]:
    """DeepLIFT Shapley values (Lundberg and Lee 2017) of both hidden layers, the last first, and of the representation;
    then the weights of each in what it contributes to."""
    step = max(1, len(representation) // BACKGROUND)
    background = representation[::step][:BACKGROUND]
    parts = list(head.children())
    last = _in_parts(LayerDeepLiftShap(head, parts[3]), representation, background, 0)
    second, last_top = nn.Sequential(*parts[:4]), int(np.abs(last).mean(axis=0).argmax())
    first = _in_parts(LayerDeepLiftShap(second, second[1]), representation, background, last_top)
    lowest, first_top = nn.Sequential(*parts[:2]), int(np.abs(first).mean(axis=0).argmax())
    whole = _in_parts(DeepLiftShap(lowest), representation, background, first_top)
    lower, middle, upper = (each.weight.detach().cpu().numpy() for each in parts if isinstance(each, nn.Linear))
    return last, first, whole, upper[0], middle[last_top], lower[first_top]


def _in_parts(method: DeepLiftShap, values: Tensor, background: Tensor, target: int) -> NDArray[np.float32]:
    parts = [method.attribute(part, background, target=target).detach() for part in torch.split(values, TOGETHER)]
    return torch.cat(parts).cpu().numpy()
