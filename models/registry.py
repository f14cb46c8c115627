"""The only place that reads bundled weights and their cards."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).resolve().parent / "weights"


@dataclass(frozen=True)
class ModelCard:
    """What a card says of the model beside it; size in bytes of the weights."""

    name: str
    size: int
    content: dict[str, Any]


def bundled_models() -> list[ModelCard]:
    """The cards of all bundled models, by name."""
    return [ModelCard(path.stem, path.with_suffix(".safetensors").stat().st_size, json.loads(path.read_text("utf-8")))
            for path in sorted(WEIGHTS.glob("*.json"))]
