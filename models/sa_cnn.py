"""A small convolutional network on masked patches of light, joined with statistics (after Gong et al. 2025, whose
layers aren't published: all sizes are ours)."""
from __future__ import annotations

import torch
from torch import Tensor, nn

PATCH_CHANNELS = 3  # change of light, whether it is known, share
MOST_CHANGE = 0.5  # of the logarithm of output


class SaCnn(nn.Module):
    """Patches and statistics to what they add to the logarithm of a factory's output; the output itself, its share x
    the exponential, is never negative. A new network adds nothing."""

    def __init__(self, statistics: int, channels: int = 8, hidden: int = 16) -> None:
        super().__init__()
        self.first = nn.Conv2d(PATCH_CHANNELS, channels, 3, stride=2, padding=1)
        self.second = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.joined = nn.Linear(4 * channels + statistics, hidden)
        self.dropout = nn.Dropout(0.2)
        self.last = nn.Linear(hidden, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, patches: Tensor, statistics: Tensor) -> Tensor:
        """patches: (n, PATCH_CHANNELS, side, side). statistics: (n, statistics). Returns (n,)."""
        features = torch.relu(self.second(torch.relu(self.first(patches))))
        share = patches[:, 2:3, ::2, ::2]  # where the first layer's kernels are centred
        own = (features * share).sum(dim=(2, 3)) / (share.sum(dim=(2, 3)) + 1e-6)
        joined = torch.cat((own, features.mean(dim=(2, 3)), statistics), dim=1)
        added: Tensor = self.last(self.dropout(torch.relu(self.joined(joined)))).squeeze(1)
        return MOST_CHANGE * torch.tanh(added)
