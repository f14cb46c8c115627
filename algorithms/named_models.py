"""The model that a user names, or the bundled one."""
from __future__ import annotations

from ..models.registry import Model, bundled_path, load_model
from .progress import Progress


def named_model(model_file: str, bundled: str, kind: str, progress: Progress) -> Model:
    """The model of a file, or the bundled one where none was named, whose card says what to beware of."""
    model = load_model(model_file or bundled_path(bundled), kind)
    if "warning" in model.card:
        progress.warning(model.card["warning"])
    return model
