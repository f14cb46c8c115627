"""The only place that reads and writes model files: weights as safetensors, and a JSON card beside them.

A model is NAME.safetensors + NAME.json, a tree model NAME.json alone. Checksums tell when either was changed by hand or
belongs to another one; they protect against mistakes, not against intent.
"""
from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..algorithms.errors import InputError

WEIGHTS = Path(__file__).resolve().parent / "weights"
KIND, CHECKSUM = "nocturne_model", "checksum"
MAKE_ONE = "choose one that a training algorithm of Nocturne wrote"


@dataclass(frozen=True)
class ModelCard:
    """What a card says; size in bytes of the model's files."""

    name: str
    size: int
    content: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """weights: tensor name to array, float32 where the file has less; empty for a tree model. card: what it says."""

    name: str
    weights: Mapping[str, NDArray[Any]]
    card: dict[str, Any]


def bundled_models() -> list[ModelCard]:
    """The cards of all bundled models, by name."""
    return [ModelCard(path.stem, sum(each.stat().st_size for each in WEIGHTS.glob(f"{path.stem}.*")),
                      json.loads(path.read_text("utf-8"))) for path in sorted(WEIGHTS.glob("*.json"))]


def bundled_path(name: str) -> str:
    """Path of a bundled model's card."""
    return str(WEIGHTS / f"{name}.json")


def save_model(path: str, kind: str, card: Mapping[str, Any],
               weights: Mapping[str, NDArray[Any]] | None = None) -> None:
    """Writes the card, and the weights where there are some; path: either of the two files.

    kind: which algorithms can read it, such as gvio. card: what JSON can hold, without NaN.
    """
    stem = Path(path)
    content: dict[str, Any] = {KIND: kind, **card}
    if weights:
        from safetensors.numpy import save

        blob = save({name: np.ascontiguousarray(values) for name, values in weights.items()})
        stem.with_suffix(".safetensors").write_bytes(blob)
        content["weights_checksum"] = zlib.crc32(blob)
    content[CHECKSUM] = _checksum(content)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    stem.with_suffix(".json").write_text(f"{text}\n", "utf-8", newline="\n")


def load_model(path: str, kind: str, parameter: str = "MODEL") -> Model:
    """Reads a model by either of its files. Raises InputError for what isn't one of this kind or was changed."""
    card_path, weights_path = Path(path).with_suffix(".json"), Path(path).with_suffix(".safetensors")
    try:
        content = json.loads(card_path.read_bytes())
    except OSError as error:
        raise InputError(parameter, f"'{card_path.name}' can't be read ({error.strerror})",
                         "keep a model's files side by side under the same name") from error
    except ValueError as error:
        raise InputError(parameter, f"'{card_path.name}' isn't a model", MAKE_ONE) from error
    if not isinstance(content, dict) or KIND not in content:
        raise InputError(parameter, f"'{card_path.name}' isn't a model", MAKE_ONE)
    if content[KIND] != kind:
        raise InputError(parameter, f"'{card_path.name}' is a model of the kind '{content[KIND]}'",
                         f"choose one of the kind '{kind}'")
    checksum = content.pop(CHECKSUM, None)
    if checksum != _checksum(content):
        raise InputError(parameter, f"'{card_path.name}' was changed after it was written", "train it again")
    return Model(card_path.stem, _read_weights(weights_path, content, parameter), content)


def load_checkpoint(path: str, parameter: str) -> Any:
    """What somebody else's .pth or .ckpt file holds, on the CPU; never runs code in it. Raises InputError."""
    import torch

    name = Path(path).name
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(parameter, f"'{name}' can't be read ({error.strerror})",
                         "choose a file that exists") from error
    except Exception as error:  # torch raises what the bytes lead it to
        raise InputError(parameter, f"'{name}' isn't a file of weights alone, or has code in it",
                         "choose a checkpoint of tensors and plain values") from error


def _read_weights(path: Path, card: Mapping[str, Any], parameter: str) -> dict[str, NDArray[Any]]:
    if "weights_checksum" not in card:
        return {}
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        blob = path.read_bytes()
        if zlib.crc32(blob) != card["weights_checksum"]:
            raise InputError(parameter, f"'{path.name}' doesn't belong to the card beside it",
                             "copy both files of the model again")
        weights = load(blob)
    except OSError as error:
        raise InputError(parameter, f"'{path.name}' can't be read ({error.strerror})",
                         "keep a model's files side by side under the same name") from error
    except SafetensorError as error:
        raise InputError(parameter, f"'{path.name}' isn't a safetensors file", MAKE_ONE) from error
    return {name: values.astype(np.float32) if values.dtype == np.float16 else values
            for name, values in weights.items()}


def _checksum(content: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())
