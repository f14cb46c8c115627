"""Networks that read where a node stands in the graph (Rampasek et al. 2022)."""
from __future__ import annotations

import torch
from torch import Tensor, nn


class LaplacianEncoder(nn.Module):
    """A network reads every frequency's (magnitude, eigenvalue); those that are there are summed (DeepSet)."""

    def __init__(self, width: int = 16, layers: int = 3) -> None:
        super().__init__()
        self.network = perceptron(2, 2 * width, width, layers)

    def forward(self, magnitudes: Tensor, values: Tensor, present: Tensor) -> Tensor:
        """Each (nodes, frequencies), present as booleans; gives (nodes, width). Signs of magnitudes don't matter."""
        found: Tensor = self.network(torch.stack((magnitudes.abs(), values), dim=-1))
        return (found * present.unsqueeze(-1)).sum(dim=1)


class WalkEncoder(nn.Module):
    """Return probabilities (nodes, steps) to (nodes, width)."""

    def __init__(self, steps: int = 20, width: int = 16, layers: int = 3) -> None:
        super().__init__()
        self.network = perceptron(steps, 2 * width, width, layers)

    def forward(self, returns: Tensor) -> Tensor:
        found: Tensor = self.network(returns)
        return found


def perceptron(inputs: int, hidden: int, outputs: int, layers: int) -> nn.Sequential:
    """layers linear maps with ReLU between them."""
    widths = [inputs] + [hidden] * (layers - 1) + [outputs]
    parts: list[nn.Module] = []
    for before, after in zip(widths, widths[1:]):
        parts += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*parts[:-1])
