"""SemiGTX: graph transformer over sub-districts whose district sums are learnt (arXiv 2505.11645)."""
from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from .graph_layers import make_layer
from .positional_encodings import LaplacianEncoder, WalkEncoder, perceptron


@dataclass(frozen=True)
class Graph:
    """features (nodes, columns); edges (2, edges), edge_features (edges, columns); magnitudes, values and present
    (nodes, frequencies) and returns (nodes, steps) as algorithms/districts/positional_encodings gives them."""

    features: Tensor
    edges: Tensor
    edge_features: Tensor
    magnitudes: Tensor
    values: Tensor
    present: Tensor
    returns: Tensor

    def to(self, device: str) -> Graph:
        return Graph(*(getattr(self, each.name).to(device) for each in fields(self)))

    def corrupt(self, kept_edges: float, generator: torch.Generator) -> Graph:
        """Nodes shuffled with their features and encodings, and a share of the edges removed."""
        order = torch.randperm(len(self.features), generator=generator).to(self.features.device)
        keep = (torch.rand(self.edges.shape[1], generator=generator) < kept_edges).to(self.features.device)
        return Graph(self.features[order], self.edges[:, keep], self.edge_features[keep], self.magnitudes[order],
                     self.values[order], self.present[order], self.returns[order])

    def part(self, nodes: Tensor) -> Graph:
        """The graph of some nodes, in their order, which keep their encodings of the whole graph."""
        place = torch.full((len(self.features),), -1)
        place[nodes] = torch.arange(len(nodes))
        ends = place[self.edges]
        keep = (ends >= 0).all(dim=0)
        return Graph(self.features[nodes], ends[:, keep], self.edge_features[keep], self.magnitudes[nodes],
                     self.values[nodes], self.present[nodes], self.returns[nodes])


class SemiGtx(nn.Module):
    """Representation (nodes, width) from layers of one kind, by default GAT with edge features beside Performer."""

    def __init__(self, features: int, edge_features: int, targets: int, width: int = 512, layers: int = 5,
                 heads: int = 8, encoding: int = 16, steps: int = 20, dropout: float = 0.0,
                 layer: str = "semigtx") -> None:
        super().__init__()
        self.laplacian, self.walk = LaplacianEncoder(encoding), WalkEncoder(steps, encoding)
        self.project = nn.Linear(features, width - 2 * encoding)
        self.layers = nn.ModuleList(make_layer(layer, width, heads, edge_features, dropout) for _ in range(layers))
        self.heads = nn.ModuleList(perceptron(width, width // 2, 1, 3) for _ in range(targets))
        self.discriminator = nn.Bilinear(width, width, 1)
        nn.init.xavier_uniform_(self.discriminator.weight)
        nn.init.zeros_(self.discriminator.bias)

    def forward(self, graph: Graph) -> Tensor:
        found = torch.cat((self.project(graph.features), self.walk(graph.returns),
                           self.laplacian(graph.magnitudes, graph.values, graph.present)), dim=1)
        for layer in self.layers:
            found = layer(found, graph.edges, graph.edge_features)
        return found

    def read_units(self, representation: Tensor) -> Tensor:
        """Estimates (nodes, targets) above 0 that districts add up."""
        return nn.functional.softplus(self.read_heads(representation))

    def read_heads(self, representation: Tensor) -> Tensor:
        """What the heads say of nodes, or of districts by their mean representation: (rows, targets)."""
        return torch.cat([head(representation) for head in self.heads], dim=1)

    def infomax_loss(self, real: Tensor, corrupted: Tensor, district: Tensor, districts: int) -> Tensor:
        """Eq. 6: do a node and its district belong together? A node is left out of the summary it is compared with; a
        node alone in its district is compared with the whole graph."""
        counts = torch.bincount(district, minlength=districts).to(real)[district].unsqueeze(1)
        sums = district_sum(real, district, districts)[district]
        summary = torch.sigmoid(torch.where(counts > 1, (sums - real) / (counts - 1).clamp(min=1), real.mean(dim=0)))
        logits = torch.cat((self._belonging(real, summary), self._belonging(corrupted, summary)))
        belongs = torch.cat((torch.ones(len(real)), torch.zeros(len(real)))).to(logits)
        return nn.functional.binary_cross_entropy_with_logits(logits, belongs)

    def _belonging(self, nodes: Tensor, summary: Tensor) -> Tensor:
        """The discriminator's bilinear form, shape (nodes,), by one matrix product; torch takes 30 times as long."""
        found: Tensor = ((nodes @ self.discriminator.weight[0]) * summary).sum(dim=1) + self.discriminator.bias
        return found


def district_sum(values: Tensor, district: Tensor, districts: int) -> Tensor:
    """Sum over the nodes of every district, shape (districts, columns)."""
    return values.new_zeros(districts, values.shape[1]).index_add(0, district, values)


def district_mean(representation: Tensor, district: Tensor, districts: int) -> Tensor:
    """Mean over the nodes of every district, shape (districts, width)."""
    counts = torch.bincount(district, minlength=districts).clamp(min=1).to(representation).unsqueeze(1)
    return district_sum(representation, district, districts) / counts
