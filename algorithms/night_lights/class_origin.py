"""Where a class raster came from: its two nightly stacks and its settings, found again from its provenance."""
from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..provenance import fingerprint
from ..rasters import RasterInput
from ..settings import parameter_name
from .settings import AngularEffectsSettings

RUN_AGAIN = "run 'Angular effects' on its stacks again"


@dataclass(frozen=True)
class ClassOrigin:
    """A class raster, the stacks of radiance and zenith that it was made from, and how it was decided.

    changed: the names of stacks whose content isn't the one that was classified.
    """

    classes: RasterInput
    radiance: RasterInput
    zenith: RasterInput
    settings: AngularEffectsSettings
    changed: tuple[str, ...]


def find_origin(classes: RasterInput, provenance: Path) -> ClassOrigin:
    """Reads the provenance file of a class raster and finds its stacks, also where the folder was moved.

    Raises InputError where there is no such file, where it doesn't name two stacks, or where they can't be found.
    """
    name = Path(classes.path).name
    try:
        document = json.loads(provenance.read_text("utf-8"))
    except OSError:
        raise InputError("CLASSES", f"'{name}' has no provenance file '{provenance.name}' beside it that names its "
                         "stacks", f"choose a raster that 'Angular effects' wrote, or {RUN_AGAIN}") from None
    except ValueError as error:
        raise InputError("CLASSES", f"the provenance file '{provenance.name}' can't be read ({error})",
                         RUN_AGAIN) from error
    inputs, parameters = _part(document, "inputs"), _part(document, "parameters")
    recorded = {stack: _part(inputs, stack) for stack in ("RADIANCE", "ZENITH")}
    if not all(isinstance(each.get("path"), str) for each in recorded.values()):
        algorithm = document.get("algorithm", "unknown") if isinstance(document, dict) else "unknown"
        raise InputError("CLASSES", f"'{name}' was made by {algorithm} without a radiance and a zenith stack",
                         "choose a raster that 'Angular effects' wrote from stacks")
    made_in = os.path.dirname(str(parameters.get("CLASSES", "")))
    found = {stack: _find(stack, each, Path(classes.path), made_in) for stack, each in recorded.items()}
    changed = tuple(path.name for stack, path in found.items() if not _is_recorded(path, recorded[stack]))
    return ClassOrigin(classes, RasterInput("RADIANCE", str(found["RADIANCE"]), classes.crs),
                       RasterInput("ZENITH", str(found["ZENITH"]), classes.crs), _settings(parameters), changed)


def _part(document: Any, key: str) -> dict[str, Any]:
    part = document.get(key) if isinstance(document, dict) else None
    return part if isinstance(part, dict) else {}


def _find(stack: str, recorded: dict[str, Any], classes: Path, made_in: str) -> Path:
    """The recorded path; else the same way from the class raster's folder; else the same name beside it."""
    path, folder = str(recorded["path"]), classes.absolute().parent
    candidates = [folder / path]
    if os.path.isabs(path) and os.path.isabs(made_in):
        candidates.append(Path(os.path.normpath(folder / _way(made_in, path))))
    candidates.append(folder / re.split(r"[\\/]", path)[-1])
    there = [candidate for candidate in candidates if candidate.is_file()]
    if not there:
        raise InputError(stack, f"the stack '{path}' that '{classes.name}' was made from can't be found, neither there "
                         "nor beside the class raster", f"move it back, or {RUN_AGAIN}")
    return next((candidate for candidate in there if _is_recorded(candidate, recorded)), there[0])


def _way(start: str, path: str) -> str:
    try:
        return os.path.relpath(path, start)
    except ValueError:  # two drives of Windows
        return os.path.basename(path)


def _is_recorded(path: Path, recorded: dict[str, Any]) -> bool:
    return fingerprint(path).items() <= recorded.items()


def _settings(parameters: dict[str, Any]) -> AngularEffectsSettings:
    """As they were given; qgis_process gives numbers as texts. Raises InputError for what isn't a value."""
    values: dict[str, Any] = {}
    for setting in fields(AngularEffectsSettings):
        name = parameter_name(setting)
        given = parameters.get(name)
        if given is None:
            continue
        kind: Any = type(setting.default)
        try:
            values[setting.name] = kind(float(given)) if setting.metadata["kind"] == "number" else kind(given)
        except (TypeError, ValueError, OverflowError):
            raise InputError(name, f"the provenance file holds '{given}'", RUN_AGAIN) from None
    return AngularEffectsSettings(**values)
