"""What networks that were trained on simulated regions add to the linear reading of swings."""
from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.registry import Model, bundled_path, load_model
from ...models.swing_reader import SwingReader
from ..progress import Progress
from .reader_inputs import ReaderInputs
from .zones import NOWHERE

KIND, BUNDLED = "gvio_reader", "gvio_reader"
MEMBER = "{}.{}"  # number, name of a tensor
LEAST_PART = 0.02  # of the region's output: less doesn't tell what a zone lacks
TOGETHER = 4096  # cells at once; the heaviest so many tell what the region does
MOST_SWING = 1.0  # of the logarithm


def trained_corrections(inputs: ReaderInputs, zone: NDArray[np.int32], device: str,
                        progress: Progress) -> NDArray[np.float64]:
    """What networks add to the linear reading, logarithm of output, (factories, months). zone: (factories,)."""
    members = _readers()
    heaviest = np.argsort(-(inputs.listed.mean(axis=1) + inputs.bright), kind="stable")[:TOGETHER]
    own, beside = np.zeros((2, *inputs.listed.shape))
    with torch.inference_mode():
        for number, reader in enumerate(members):
            reader = reader.to(device)
            region = reader(*_tensors(inputs, np.sort(heaviest), device))[1]
            for start in range(0, len(own), TOGETHER):
                progress.report((number + start / len(own)) / len(members))
                part = np.arange(start, min(start + TOGETHER, len(own)))
                found = reader(*_tensors(inputs, part, device), region)[0].cpu().numpy()
                own[part] += found[0] / len(members)
                beside[part] += found[1] / len(members)
    zones = int(max(zone.max(initial=0), inputs.zone.max(initial=0))) + 1
    of_cell = np.where(inputs.zone == NOWHERE, zones, inputs.zone)
    unlisted, part = np.zeros((2, zones + 1, own.shape[1]))
    np.add.at(unlisted, of_cell, inputs.bright[:, None] * beside)
    np.add.at(part, of_cell, inputs.listed)
    added = own[inputs.cell] + (unlisted / np.maximum(part, LEAST_PART))[np.where(zone == NOWHERE, zones, zone)]
    return np.asarray(np.clip(added, -MOST_SWING, MOST_SWING), np.float64)


def reader_version() -> int:
    """Tells the weights of one version from those of another."""
    return int(_bundled().card["weights_checksum"])


@lru_cache(maxsize=1)
def _bundled() -> Model:
    return load_model(bundled_path(BUNDLED), KIND)


def _readers() -> list[SwingReader]:
    model, found = _bundled(), []
    for number in range(model.card["members"]):
        begin = MEMBER.format(number, "")
        reader = SwingReader()
        reader.load_state_dict({name[len(begin):]: torch.from_numpy(np.array(values))
                                for name, values in model.weights.items() if name.startswith(begin)})
        found.append(reader.eval())
    return found


def _tensors(inputs: ReaderInputs, chosen: NDArray[np.intp], device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of the chosen cells, their weights so that they add up to 1."""
    listed, bright = inputs.listed[chosen], inputs.bright[chosen]
    parts = (inputs.series[chosen], inputs.traits[chosen], listed / np.maximum(listed.sum(axis=0), 1e-6),
             bright / max(float(bright.sum()), 1e-6))
    series, traits, listed_part, bright_part = (torch.from_numpy(np.asarray(part, np.float32)).to(device)
                                                for part in parts)
    return series, traits, listed_part, bright_part
