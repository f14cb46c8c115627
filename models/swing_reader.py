"""A network that reads swings of output from the light of many cells over time: temporal convolutions, shared by all
cells, that exchange what the region does by weighted means (after deep sets, Zaheer et al. 2017)."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

SERIES, TRAITS = 6, 6  # see reader_inputs.py
WIDTH, KERNEL = 24, 5
DILATIONS = ((1, 3), (1, 4), (2, 8))  # of the blocks of each stage, months
UNIT = 0.1  # of the logarithm of output, about 1 in the network


class SwingReader(nn.Module):
    """Light of cells to the logarithm of output over what is usual. A new network reads nothing."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.first = nn.Conv1d(SERIES + TRAITS, width, 1)
        self.stages = nn.ModuleList(nn.Sequential(*(_Block(width, dilation) for dilation in stage))
                                    for stage in DILATIONS)
        self.joins = nn.ModuleList(nn.Conv1d(3 * width, width, 1) for _ in DILATIONS[1:])
        self.last = nn.Conv1d(width, 3, 1)
        for each in self.last.parameters():
            nn.init.zeros_(each)

    def forward(self, series: Tensor, traits: Tensor, listed: Tensor, bright: Tensor,
                region: Sequence[Tensor] = ()) -> tuple[Tensor, list[Tensor]]:
        """series: (cells, SERIES, months). traits: (cells, TRAITS). listed: (cells, months) and bright: (cells,),
        weights of the region's means. region: what an earlier call has found of it, where these cells are a part alone.

        Returns (3, cells, months): swings of the listed factories of a cell; what it says of output that nobody lists,
        which counts by bright; its own output, only to learn by. And what the region does.
        """
        months = series.shape[2]
        hidden = self.first(torch.cat((series, traits[:, :, None].expand(-1, -1, months)), dim=1))
        found = list(region)
        for number, stage in enumerate(self.stages):
            hidden = stage(hidden)
            if number < len(self.joins):
                if number == len(found):
                    found.append(self.joins[number](_region_means(hidden, listed, bright)))
                hidden = hidden + found[number]
        return UNIT * self.last(nn.functional.gelu(hidden)).transpose(0, 1), found


class _Block(nn.Module):
    """A convolution over time beside what comes in."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.over_time = nn.Conv1d(width, width, KERNEL, padding=dilation * (KERNEL // 2), dilation=dilation,
                                   padding_mode="replicate")
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        added: Tensor = self.mix(nn.functional.gelu(self.over_time(self.norm(hidden))))
        return hidden + added


def _region_means(hidden: Tensor, listed: Tensor, bright: Tensor) -> Tensor:
    """(1, 3 x width, months)."""
    return torch.cat((torch.einsum("nwm,nm->wm", hidden, listed), torch.einsum("nwm,n->wm", hidden, bright),
                      hidden.mean(dim=0)))[None]
