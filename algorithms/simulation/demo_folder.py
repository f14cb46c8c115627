"""A demonstration appears whole or not at all: it is written beside its place and moved at the end."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..errors import InputError, OutputError
from ..folders import StagingFolder
from ..settings import Bounds


@dataclass(frozen=True)
class DemoSummary:
    """What was written. extent: west, south, east, north in degrees, of the first city; class_shares: share of each
    planted class among the cells of the built-up area."""

    folder: str
    extent: Bounds
    first_night: date
    last_night: date
    nights: int
    files: int
    size_bytes: int
    class_shares: dict[str, float]


@contextmanager
def staged_part(folder: str, part: str, mark: str) -> Iterator[str]:
    """Yields an empty folder that becomes folder/part when the block ends well; else nothing is left.

    mark: a file of an earlier run inside the part. Raises InputError where folder/part holds something else,
    OutputError where folder can't be written.
    """
    target = os.path.join(folder, part)
    if os.path.lexists(target) and not _replaceable(target, mark):
        raise InputError("FOLDER", f"'{target}' exists and isn't an earlier demonstration",
                         "choose another folder, or move it away")
    missing = _missing_folders(folder)
    stage: StagingFolder | None = None
    try:
        os.makedirs(folder, exist_ok=True)
        stage = StagingFolder(Path(folder))
        fresh = str(stage.path / part)
        os.mkdir(fresh)
        yield fresh
        _move(fresh, target, f"{stage.path}-earlier")
        missing = []
    except OSError as error:
        raise OutputError("FOLDER", f"the demonstration could not be written ({error.strerror or error})",
                          "choose a folder that can be written and has room") from error
    finally:
        if stage is not None:
            stage.remove()
        for each in missing:
            if os.path.isdir(each) and not os.listdir(each):
                os.rmdir(each)


def _replaceable(target: str, mark: str) -> bool:
    if os.path.islink(target) or not os.path.isdir(target):
        return False
    return not os.listdir(target) or os.path.isfile(os.path.join(target, mark))


def _missing_folders(folder: str) -> list[str]:
    """The folder and its parents that don't exist yet, innermost first."""
    missing = []
    folder = os.path.abspath(folder)
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    return missing


def _move(fresh: str, target: str, earlier: str) -> None:
    replaces = os.path.isdir(target)
    if replaces:
        os.rename(target, earlier)
    try:
        os.rename(fresh, target)
    except OSError:
        if replaces:
            os.rename(earlier, target)
        raise
    if replaces:
        shutil.rmtree(earlier, ignore_errors=True)


def make_folders(stage: str, names: Sequence[str]) -> None:
    for name in names:
        os.mkdir(os.path.join(stage, name))


def count_files(folder: str) -> tuple[int, int]:
    """Files below a folder and their bytes."""
    sizes = [os.path.getsize(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names]
    return len(sizes), sum(sizes)
