"""Bi-LSTM with attention and a location branch (Wang et al. 2025, Remote Sensing 17, 126; Karimzadeh et al. 2025)."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FUSIONS = ("hadamard", "concatenate")


class LuongAttention(nn.Module):
    """Many-to-one attention (Luong et al. 2015): the last step asks, all steps answer."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.score = nn.Linear(inputs, inputs, bias=False)
        self.output = nn.Linear(2 * inputs, outputs, bias=False)

    def forward(self, hidden: Tensor, last: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """hidden: (n, steps, inputs). last: (n, inputs). present: (n, steps). Returns (n, outputs) and (n, steps)."""
        scores = (self.score(hidden) * last[:, None]).sum(dim=2).masked_fill(~present, -torch.inf)
        weights = torch.softmax(scores, dim=1)
        context = (weights[..., None] * hidden).sum(dim=1)
        return torch.tanh(self.output(torch.cat((context, last), dim=1))), weights


class Pm25BiLstm(nn.Module):
    """Windows of days and a place to one standardised concentration.

    features: per step. widths: hidden units per direction of each layer. attention: width of what attention gives.
    location: width of the place's features, 0 for none. fusion: how both are joined.
    """

    def __init__(self, features: int, widths: Sequence[int] = (256, 128, 128), attention: int = 256,
                 location: int = 0, fusion: str = "hadamard", dropout: float = 0.2) -> None:
        super().__init__()
        self.fusion = fusion
        sizes = [features, *(2 * width for width in widths)]
        self.recurrent = nn.ModuleList(
            nn.LSTM(inputs, width, batch_first=True, bidirectional=True) for inputs, width in zip(sizes, widths))
        self.norms = nn.ModuleList(nn.LayerNorm(2 * width) for width in widths)
        self.attention = LuongAttention(2 * widths[-1], attention)
        self.dropout = nn.Dropout(dropout)
        self.place = nn.Sequential(nn.Linear(location, attention), nn.ReLU()) if location else None
        joined = attention * (2 if location and fusion == "concatenate" else 1)
        self.head = nn.Sequential(nn.Linear(joined, attention), nn.ReLU(), nn.Linear(attention, 1)) if location \
            else nn.Linear(attention, 1)

    def forward(self, steps: Tensor, present: Tensor, location: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """steps: (n, days, features). present: (n, days), False where masked. location: (n, width).

        Returns estimates (n,) and the attention of every day (n, days), 0 where masked. Masked days take no part: the
        network sees the days that are there one after the other.
        """
        lengths = present.sum(dim=1)
        days = int(lengths.max())
        order = torch.argsort(present.logical_not().to(torch.uint8), dim=1, stable=True)[:, :days]
        hidden = torch.take_along_dim(steps, order[..., None], dim=1)
        for index, (layer, norm) in enumerate(zip(self.recurrent, self.norms)):
            hidden = norm(_run(layer, hidden, lengths))
            if index < len(self.recurrent) - 1:
                hidden = self.dropout(hidden)
        there = torch.arange(days, device=steps.device) < lengths[:, None]
        last = hidden[torch.arange(len(hidden), device=steps.device), lengths - 1]
        joined, weights = self.attention(hidden, last, there)
        joined = self.dropout(joined)
        if self.place is not None and location is not None:
            place = self.place(location)
            joined = joined * place if self.fusion == "hadamard" else torch.cat((joined, place), dim=1)
        attention = weights.new_zeros(present.shape).scatter(1, order, weights)
        return self.head(joined).squeeze(1), attention


def _run(layer: nn.Module, steps: Tensor, lengths: Tensor) -> Tensor:
    """A recurrent layer over the first lengths steps of each row; packed only where rows differ, which is slower."""
    if bool((lengths == steps.shape[1]).all()):
        hidden: Tensor = layer(steps)[0]
        return hidden
    packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
    unpacked: Tensor = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=steps.shape[1])[0]
    return unpacked
