"""Where a class raster came from: its nightly stacks or files and its settings, found again from its provenance."""
from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from ..errors import InputError
from ..provenance import fingerprint
from ..rasters import RasterInput
from ..settings import parameter_name
from .settings import AngularEffectsSettings, FileAngularEffectsSettings

RUN_AGAIN = "run 'Angular effects' again"
STACKS, FOLDER = ("RADIANCE", "ZENITH"), ("FOLDER",)

Chosen = TypeVar("Chosen", bound=AngularEffectsSettings)


@dataclass(frozen=True)
class ClassOrigin:
    """A class raster and how it was decided.

    changed: the names of stacks or folders whose content isn't the one that was classified.
    """

    classes: RasterInput
    settings: AngularEffectsSettings
    changed: tuple[str, ...]


@dataclass(frozen=True)
class StackOrigin(ClassOrigin):
    """Made from two stacks."""

    radiance: RasterInput
    zenith: RasterInput


@dataclass(frozen=True)
class FileOrigin(ClassOrigin):
    """Made straight from a folder of daily files. The settings hold no extent: that is the class raster's own."""

    settings: FileAngularEffectsSettings
    folder: Path


def find_origin(classes: RasterInput, provenance: Path) -> ClassOrigin:
    """Reads the provenance file of a class raster and finds its stacks or files, also where the folder was moved.

    Raises InputError where there is no such file, where it names neither, or where they can't be found.
    """
    name = Path(classes.path).name
    try:
        document = json.loads(provenance.read_text("utf-8"))
    except OSError:
        raise InputError("CLASSES", f"'{name}' has no provenance file '{provenance.name}' beside it that names its "
                         "nights", f"choose a raster that 'Angular effects' wrote, or {RUN_AGAIN}") from None
    except ValueError as error:
        raise InputError("CLASSES", f"the provenance file '{provenance.name}' can't be read ({error})",
                         RUN_AGAIN) from error
    inputs, parameters = _part(document, "inputs"), _part(document, "parameters")
    names = FOLDER if "FOLDER" in inputs else STACKS
    recorded = {each: _part(inputs, each) for each in names}
    if not all(isinstance(each.get("path"), str) for each in recorded.values()):
        algorithm = document.get("algorithm", "unknown") if isinstance(document, dict) else "unknown"
        raise InputError("CLASSES", f"'{name}' was made by {algorithm} without radiance and zenith",
                         "choose a raster that 'Angular effects' wrote")
    made_in = os.path.dirname(str(parameters.get("CLASSES", "")))
    found = [_find(each, recorded[each], Path(classes.path), made_in) for each in names]
    changed = tuple(path.name for each, path in zip(names, found) if not _is_recorded(path, recorded[each]))
    if names == FOLDER:
        return FileOrigin(classes, _settings(FileAngularEffectsSettings, parameters), changed, found[0])
    return StackOrigin(classes, _settings(AngularEffectsSettings, parameters), changed,
                       *(RasterInput(each, str(path), classes.crs) for each, path in zip(names, found)))


def _part(document: Any, key: str) -> dict[str, Any]:
    part = document.get(key) if isinstance(document, dict) else None
    return part if isinstance(part, dict) else {}


def _find(name: str, recorded: dict[str, Any], classes: Path, made_in: str) -> Path:
    """The recorded path; else the same way from the class raster's folder; else the same name beside it."""
    path, folder = str(recorded["path"]), classes.absolute().parent
    candidates = [folder / path]
    if os.path.isabs(path) and os.path.isabs(made_in):
        candidates.append(Path(os.path.normpath(folder / _way(made_in, path))))
    candidates.append(folder / re.split(r"[\\/]", path)[-1])
    there = [candidate for candidate in candidates if (candidate.is_dir() if name in FOLDER else candidate.is_file())]
    if not there:
        what = "folder" if name in FOLDER else "stack"
        raise InputError(name, f"the {what} '{path}' that '{classes.name}' was made from can't be found, neither there "
                         "nor beside the class raster", f"move it back, or {RUN_AGAIN}")
    return next((candidate for candidate in there if _is_recorded(candidate, recorded)), there[0])


def _way(start: str, path: str) -> str:
    try:
        return os.path.relpath(path, start)
    except ValueError:  # two drives of Windows
        return os.path.basename(path)


def _is_recorded(path: Path, recorded: dict[str, Any]) -> bool:
    return fingerprint(path).items() <= recorded.items()


def _settings(settings: type[Chosen], parameters: dict[str, Any]) -> Chosen:
    """As they were given; qgis_process gives numbers as texts. Raises InputError for what isn't a value."""
    values: dict[str, Any] = {}
    for setting in fields(settings):
        name, kind = parameter_name(setting), setting.metadata["kind"]
        given = parameters.get(name)
        if given in (None, "") or kind == "extent":
            continue
        of_default: Any = type(setting.default)
        try:
            values[setting.name] = (date.fromisoformat(str(given)[:10]) if kind == "day" else
                                    of_default(float(given)) if kind == "number" else of_default(given))
        except (TypeError, ValueError, OverflowError):
            raise InputError(name, f"the provenance file holds '{given}'", RUN_AGAIN) from None
    return settings(**values)
