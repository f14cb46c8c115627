"""A vision transformer that turns a street view into one vector, and the decoder that paints the view from it.

Encoder: Dosovitskiy et al. 2020, with a class token; decoder of the same blocks, as in Cao et al. (2025, SemiGTX).
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..algorithms.errors import InputError

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of red, green and blue, by which pictures are scaled
SAM = "image_encoder."
SAM_PARTS = {"norm1.weight": "norm1.weight", "norm1.bias": "norm1.bias", "norm2.weight": "norm2.weight",
             "norm2.bias": "norm2.bias", "attn.qkv.weight": "self_attn.in_proj_weight",
             "attn.qkv.bias": "self_attn.in_proj_bias", "attn.proj.weight": "self_attn.out_proj.weight",
             "attn.proj.bias": "self_attn.out_proj.bias", "mlp.lin1.weight": "linear1.weight",
             "mlp.lin1.bias": "linear1.bias", "mlp.lin2.weight": "linear2.weight", "mlp.lin2.bias": "linear2.bias"}


@dataclass(frozen=True)
class ViewShape:
    """Sizes of an encoder: side of the square picture and of a patch in pixels, width, blocks and heads."""

    image: int = 128
    patch: int = 16
    width: int = 192
    depth: int = 4
    heads: int = 6

    @property
    def grid(self) -> int:
        return self.image // self.patch


PUBLISHED = ViewShape(image=224, patch=16, width=768, depth=12, heads=12)
DECODER_BLOCKS, DECODER_HEADS = 4, 6


def _blocks(width: int, heads: int, depth: int) -> nn.TransformerEncoder:
    block = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True,
                                       norm_first=True)
    return nn.TransformerEncoder(block, depth, norm=nn.LayerNorm(width), enable_nested_tensor=False)


class StreetViewEncoder(nn.Module):
    """Pictures to tokens: the class token first, then one per patch."""

    def __init__(self, shape: ViewShape) -> None:
        super().__init__()
        self.shape = shape
        self.patches = nn.Conv2d(3, shape.width, shape.patch, shape.patch)
        self.first = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.position = nn.Parameter(0.02 * torch.randn(1, shape.grid**2 + 1, shape.width))
        self.blocks = _blocks(shape.width, shape.heads, shape.depth)

    def forward(self, pictures: Tensor) -> Tensor:
        """pictures: (n, 3, side, side) bytes. Returns (n, 1 + patches, width)."""
        found: Tensor = self.blocks(self._tokens(pictures))
        return found

    def vectors(self, pictures: Tensor) -> Tensor:
        """The first token of each picture, (n, width)."""
        found: Tensor = self(pictures)[:, 0]
        return found

    def before_last(self, pictures: Tensor) -> Tensor:
        """Tokens that the last block reads, (n, 1 + patches, width)."""
        tokens = self._tokens(pictures)
        for block in self.blocks.layers[:-1]:
            tokens = block(tokens)
        return tokens

    def vectors_of(self, tokens: Tensor) -> Tensor:
        """The first token (n, width) that the last block makes of those that it reads."""
        found: Tensor = self.blocks.norm(self.blocks.layers[-1](tokens))[:, 0]  # type: ignore[misc]
        return found

    def _tokens(self, pictures: Tensor) -> Tensor:
        patches = self.patches(scaled(pictures)).flatten(2).transpose(1, 2)
        return torch.cat((self.first.expand(len(patches), -1, -1), patches), dim=1) + self.position


class StreetViewDecoder(nn.Module):
    """Tokens to pictures. Patches that are hidden must be painted from the first token."""

    def __init__(self, shape: ViewShape) -> None:
        super().__init__()
        self.shape = shape
        self.hidden = nn.Linear(shape.width, shape.width)
        self.position = nn.Parameter(0.02 * torch.randn(1, shape.grid**2 + 1, shape.width))
        self.blocks = _blocks(shape.width, DECODER_HEADS, DECODER_BLOCKS)
        self.paint = nn.Linear(shape.width, 3 * shape.patch**2)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.xavier_uniform_(weight)

    def forward(self, tokens: Tensor, is_hidden: Tensor | None = None) -> Tensor:
        """is_hidden: (n, patches). Returns scaled pictures (n, 3, side, side)."""
        first, patches = tokens[:, :1], tokens[:, 1:]
        if is_hidden is not None:
            patches = torch.where(is_hidden[..., None], self.hidden(first), patches)
        painted = self.paint(self.blocks(torch.cat((first, patches), dim=1) + self.position)[:, 1:])
        return functional.fold(painted.transpose(1, 2), self.shape.image, self.shape.patch, stride=self.shape.patch)


class StreetViewAutoencoder(nn.Module):
    """Pictures to tokens and back."""

    def __init__(self, shape: ViewShape) -> None:
        super().__init__()
        self.encoder = StreetViewEncoder(shape)
        self.decoder = StreetViewDecoder(shape)

    def forward(self, pictures: Tensor, is_hidden: Tensor | None = None) -> Tensor:
        """Scaled pictures as painted again; is_hidden: (n, patches)."""
        painted: Tensor = self.decoder(self.encoder(pictures), is_hidden)
        return painted


def scaled(pictures: Tensor) -> Tensor:
    """Bytes as numbers around 0."""
    mean, spread = (torch.tensor(each, device=pictures.device)[:, None, None] for each in (MEAN, SPREAD))
    return (pictures.float() / 255 - mean) / spread


def unscaled(pictures: Tensor) -> Tensor:
    """Back to 0 to 1."""
    mean, spread = (torch.tensor(each, device=pictures.device)[:, None, None] for each in (MEAN, SPREAD))
    return (pictures * spread + mean).clamp(0, 1)


def similarity(first: Tensor, second: Tensor) -> Tensor:
    """SSIM (Wang et al. 2004) of pictures (n, channels, side, side) from 0 to 1: Gaussian window of 11, 1.5 wide; (n,).
    """
    side = first.shape[-1]
    place = torch.arange(side, device=first.device, dtype=first.dtype)
    apart = place - place[:side - 10, None] - 5.0
    window = torch.exp(-apart**2 / (2 * 1.5**2)) * (apart.abs() <= 5)
    window = (window / window.sum(dim=1, keepdim=True)).to(first.dtype)

    def mean(values: Tensor) -> Tensor:  # as two products, which cost a tenth of the convolution on a CPU
        return window @ values @ window.T

    mean_1, mean_2 = mean(first), mean(second)
    spread_1, spread_2 = mean(first * first) - mean_1**2, mean(second * second) - mean_2**2
    shared = mean(first * second) - mean_1 * mean_2
    c1, c2 = 0.01**2, 0.03**2
    index = ((2 * mean_1 * mean_2 + c1) * (2 * shared + c2)
             / ((mean_1**2 + mean_2**2 + c1) * (spread_1 + spread_2 + c2)))
    return index.mean(dim=(1, 2, 3))


def load_sam(encoder: StreetViewEncoder, checkpoint: Mapping[str, Any]) -> str:
    """Takes patch embedding, attention and MLP weights from a checkpoint of SAM's ViT-B; says what was taken.

    The grid of positions is interpolated; relative positions and the neck are left out, because a standard encoder has
    none. Raises InputError for a file of other names or sizes.
    """
    shape, state = encoder.shape, encoder.state_dict()
    wanted = {f"{SAM}patch_embed.proj.weight": "patches.weight", f"{SAM}patch_embed.proj.bias": "patches.bias"}
    wanted.update({f"{SAM}blocks.{block}.{theirs}": f"blocks.layers.{block}.{ours}"
                   for block in range(shape.depth) for theirs, ours in SAM_PARTS.items()})
    grid = checkpoint.get(f"{SAM}pos_embed")
    lacking = [name for name in wanted if not isinstance(checkpoint.get(name), Tensor)]
    if lacking or not isinstance(grid, Tensor):
        raise InputError("CHECKPOINT", f"it has no '{lacking[0] if lacking else SAM + 'pos_embed'}'",
                         "choose the ViT-B checkpoint of Segment Anything (sam_vit_b)")
    for theirs, ours in wanted.items():
        if checkpoint[theirs].shape != state[ours].shape:
            raise InputError("CHECKPOINT", f"'{theirs}' has the shape {tuple(checkpoint[theirs].shape)} instead of "
                             f"{tuple(state[ours].shape)}", "choose the ViT-B checkpoint and CONFIGURATION published")
        state[ours] = checkpoint[theirs].float()
    resized = functional.interpolate(grid.float().permute(0, 3, 1, 2), (shape.grid, shape.grid), mode="bicubic",
                                     align_corners=False)
    state["position"] = torch.cat((torch.zeros(1, 1, shape.width), resized.flatten(2).transpose(1, 2)), dim=1)
    encoder.load_state_dict(state)
    left_out = sum(".rel_pos_" in name for name in checkpoint)
    neck = sum(name.startswith(f"{SAM}neck.") for name in checkpoint)
    others = len(checkpoint) - len(wanted) - 1 - left_out - neck
    return (f"From the checkpoint: {len(wanted)} tensors of patch embedding, attention and MLP; positions brought from "
            f"{grid.shape[1]} x {grid.shape[2]} to {shape.grid} x {shape.grid}; left out: {left_out} of relative "
            f"positions, {neck} of the neck, {others} others.")
