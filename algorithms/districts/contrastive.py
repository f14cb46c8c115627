"""SimCLR on graphs (Chen et al. 2020; You et al. 2020): two disturbed views of a unit shall look alike."""
from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ...models.semigtx import Graph, SemiGtx
from ..progress import Progress

TEMPERATURE = 0.5
SAMPLED = 512  # units that are told apart in an epoch
HIDDEN_FEATURES, KEPT_EDGES = 0.2, 0.8
PROJECTION = 64


def train_simclr(module: SemiGtx, graph: Graph, epochs: int, rate: float, seed: int, progress: Progress,
                 device: str = "cpu") -> None:
    """Trains the layers of the module in place; no target is seen. The same seed gives the same weights."""
    module, graph, generator = module.to(device), graph.to(device), torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        width = module.discriminator.in1_features
        projection = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, PROJECTION)).to(device)
        optimiser = torch.optim.AdamW([*module.parameters(), *projection.parameters()], lr=rate)
        module.train()
        for epoch in range(epochs):
            progress.check()
            asked = torch.randperm(len(graph.features), generator=generator)[:SAMPLED].to(device)
            views = [projection(module(disturbed(graph, generator))[asked]) for _ in range(2)]
            loss = alike_loss(*views)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            progress.report((epoch + 1) / epochs)
    module.cpu().eval()


def disturbed(graph: Graph, generator: torch.Generator) -> Graph:
    """Without some of the edges, and with some of the features at their mean of 0."""
    device = graph.features.device
    kept = (torch.rand(graph.edges.shape[1], generator=generator) < KEPT_EDGES).to(device)
    shown = (torch.rand(graph.features.shape, generator=generator) >= HIDDEN_FEATURES).to(device)
    return replace(graph, features=graph.features * shown, edges=graph.edges[:, kept],
                   edge_features=graph.edge_features[kept])


def alike_loss(first: Tensor, second: Tensor) -> Tensor:
    """Normalised temperature-scaled cross entropy (NT-Xent) of two views, each (units, width)."""
    both = nn.functional.normalize(torch.cat((first, second)), dim=1)
    alike = both @ both.T / TEMPERATURE
    alike.fill_diagonal_(float("-inf"))
    partner = torch.arange(len(both), device=both.device).roll(len(first))
    return nn.functional.cross_entropy(alike, partner)
