"""Which parts of street views the neurons of a SemiGTX network answer to: neural activation maps (Cao et al. 2025)."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.semigtx import SemiGtx
from ...models.street_view_encoder import StreetViewEncoder
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..settings import Resources
from .explanation import Explanation, Question, neuron_slopes
from .graph_columns import VIEW
from .network import Batch
from .pictures import View
from .region_layers import Region
from .region_models import RegionModel
from .street_views import Encoded, encode_views, load_encoder, read_batches
from .units import NOWHERE
from .view_table import view_table
from .views import units_of_views

NEURONS, PICTURES = 2, 6  # that are shown per target
BACKGROUND = 64  # pictures whose mean tokens stand for any street
ALIKE = 0.99  # cosine between a unit's vector and the mean of its pictures'


@dataclass(frozen=True)
class StreetPictures:
    """What a user names. table: lists the views, None = all files of the folder. unit_field: of the table, empty = by
    position. encoder: model file, empty = the bundled one."""

    views: Sequence[View]
    table: FeatureTable | None
    folder: str
    unit_field: str
    encoder: str


@dataclass(frozen=True)
class NeuronMaps:
    """Pictures whose vectors raise a neuron of the last hidden layer of a target's head most.

    raises: whether the neuron raises the estimate. captions: unit and file. pictures: (n, side, side, 3) bytes. maps:
    (n, grid, grid), how much each patch raises the neuron; 0 where it doesn't.
    """

    target: int
    neuron: int
    raises: bool
    captions: tuple[str, ...]
    pictures: NDArray[np.uint8]
    maps: NDArray[np.float32]


def activation_maps(region: Region, model: RegionModel, network: SemiGtx, batches: Sequence[Batch],
                    explanation: Explanation, question: Question, given: StreetPictures, resources: Resources,
                    progress: Progress) -> tuple[NeuronMaps, ...]:
    """Of the neurons that matter most to each target.

    Raises InputError for an encoder that isn't the one of the model's views, and for pictures outside the units.
    """
    encoder = load_encoder(given.encoder)
    features = model.features_of(region)
    number = _view_numbers(model.names, encoder.shape.width)
    encoded = encode_views(given.views, encoder, resources, progress.part(0, 0.8))
    encoder.cpu()
    rows, _ = view_table(encoded, given.table, given.folder, progress)
    unit = units_of_views(rows, given.unit_field, region.units)
    shown = np.flatnonzero((unit != NOWHERE) & question.asked_units.cpu().numpy()[unit])
    if not len(shown):
        raise InputError(rows.parameter, f"none of {len(unit)} pictures lies in a unit that is explained",
                         "choose pictures of these units")
    _compare(features[:, [number.index(each) for each in range(encoder.shape.width)]], encoded.vectors, unit, progress)
    usual = usual_tokens(encoder, _read(encoder, encoded.views[::-(-len(encoded.views) // BACKGROUND)], resources))
    scaler, read = model.fitted.scaler, np.array(number)[model.fitted.scaler.kept]
    slopes = scaler.slopes(features)
    found = []
    for target, values in enumerate(explanation.last):
        sizes = np.abs(values[question.asked_rows.cpu().numpy()]).mean(axis=0)
        for neuron in np.argsort(-sizes, kind="stable")[:NEURONS].tolist():
            progress.check()
            of_inputs = neuron_slopes(network, batches, target, neuron, question)[:, :len(read)] * slopes
            directions = np.zeros((len(features), encoder.shape.width))
            directions[:, read[read >= 0]] = of_inputs[:, read >= 0]
            chosen = _strongest(shown, unit, _raised(encoded, directions[unit]))
            pictures = _read(encoder, [encoded.views[each] for each in chosen], resources)
            found.append(NeuronMaps(
                target, neuron, bool(explanation.weights[target, neuron] > 0),
                tuple(f"{region.units.names[unit[each]]}: {encoded.views[each].path.name}" for each in chosen),
                pictures.transpose(0, 2, 3, 1), patch_maps(encoder, pictures, directions[unit[chosen]], usual)))
    return tuple(found)


def _view_numbers(names: Sequence[str], width: int) -> list[int]:
    """The number in the encoder's vector that each feature is, -1 for other features."""
    known = {f"{VIEW}{number + 1}": number for number in range(width)}
    found = [known.get(name, -1) for name in names]
    views = sum(name.startswith(VIEW) for name in names)
    if not views == sum(number >= 0 for number in found) == width:
        raise InputError("ENCODER", f"its vectors have {width} numbers and the model reads {views} of street views",
                         "choose the encoder that made the vectors, or give no pictures")
    return found


def _compare(views: NDArray[np.float64], vectors: NDArray[np.float32], unit: NDArray[np.intp],
             progress: Progress) -> None:
    """Warns where the units' own vectors (units, width) aren't those of their pictures, whose mean and sum point the
    same way."""
    sums = np.zeros(views.shape)
    np.add.at(sums, unit[unit != NOWHERE], vectors[unit != NOWHERE])
    both = np.isfinite(views).all(axis=1) & (sums != 0).any(axis=1)
    lengths = np.linalg.norm(views[both], axis=1) * np.linalg.norm(sums[both], axis=1)
    other = int(((views[both] * sums[both]).sum(axis=1) < ALIKE * lengths).sum())
    if other:
        progress.warning(f"{other} of {int(both.sum())} units have other vectors of street views than these pictures: "
                         "the maps show what the neurons would see in them.")


def _raised(encoded: Encoded, directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much more each picture (n,) raises the neuron of its unit than the mean picture."""
    found: NDArray[np.float64] = ((encoded.vectors - encoded.vectors.mean(axis=0)) * directions).sum(axis=1)
    return found


def _strongest(shown: NDArray[np.intp], unit: NDArray[np.intp], raised: NDArray[np.float64]) -> list[int]:
    """The best picture of each unit first, then the second best, and so on."""
    before: Counter[int] = Counter()
    ranked = []
    for picture in shown[np.argsort(-raised[shown], kind="stable")].tolist():
        ranked.append((before[unit[picture]], -raised[picture], picture))
        before[unit[picture]] += 1
    return [picture for _, _, picture in sorted(ranked)[:PICTURES]]


def _read(encoder: StreetViewEncoder, views: Sequence[View], resources: Resources) -> NDArray[np.uint8]:
    """Shape (n, 3, side, side)."""
    return np.concatenate([pictures for _, pictures in read_batches(views, encoder.shape.image, resources, Progress(),
                                                                    Counter())])


def usual_tokens(encoder: StreetViewEncoder, pictures: NDArray[np.uint8]) -> Tensor:
    """Mean tokens of pictures (n, 3, side, side) where the last block reads them, (1 + patches, width)."""
    with torch.no_grad():
        return encoder.before_last(torch.from_numpy(pictures)).mean(dim=0)


def patch_maps(encoder: StreetViewEncoder, pictures: NDArray[np.uint8], directions: NDArray[np.float64],
               usual: Tensor) -> NDArray[np.float32]:
    """How much each patch moves the vector of its picture along its direction, (n, grid, grid), 0 where it doesn't.

    Gradient times activation where the last block reads, as in Selvaraju et al. 2017; activation is what differs from
    the usual token of the place. pictures: (n, 3, side, side). directions: (n, width). usual: (1 + patches, width).
    """
    with torch.no_grad():
        tokens = encoder.before_last(torch.from_numpy(pictures))
    tokens.requires_grad_(True)
    raised = (encoder.vectors_of(tokens) * torch.from_numpy(directions.astype(np.float32))).sum()
    slopes = torch.autograd.grad(raised, tokens)[0]
    added = ((tokens.detach() - usual) * slopes).sum(dim=2)[:, 1:].clamp(min=0)
    found: NDArray[np.float32] = added.reshape(len(pictures), encoder.shape.grid, encoder.shape.grid).numpy()
    return found
