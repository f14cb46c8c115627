"""Files below a folder, and the folders in which outputs are written before they get their names."""
from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

PREFIX = ".nocturne-"
OWNER = ".owner"  # holds the name of the computer, and is locked as long as its process lives


def files_below(folder: Path) -> list[Path]:
    """All files below a folder in the order of their paths. Links to folders are followed, each folder is read once."""
    found, seen = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        found += [path for path in (Path(place, name) for name in names) if path.is_file()]
    return sorted(found)


class StagingFolder:
    """A new folder inside another; remove() takes it away, and else the next one beside it once the process is gone."""

    def __init__(self, parent: Path) -> None:
        """Raises OSError where the parent can't be written."""
        remove_abandoned(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._owner = (self.path / OWNER).open("w", encoding="utf-8")
        with suppress(OSError):  # a file system without locks: what is left there stays
            _lock(self._owner)
            self._owner.write(f"{platform.node()}\n")  # once it is locked: an empty file is nobody's yet
            self._owner.flush()

    def files(self) -> list[Path]:
        """What was written into it, in the order of the names."""
        return sorted(path for path in self.path.iterdir() if path.name != OWNER)

    def remove(self) -> None:
        self._owner.close()
        shutil.rmtree(self.path, ignore_errors=True)


def remove_abandoned(parent: Path) -> None:
    """Removes the staging folders of processes of this computer that were killed.

    What another computer left in a shared folder stays, because its locks may not be seen from here.
    """
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False) and _is_abandoned(Path(entry)):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        with (folder / OWNER).open("r+", encoding="utf-8") as owner:
            if owner.read() != f"{platform.node()}\n":
                return False
            _lock(owner)
    except OSError:  # there is no such file, or its process lives
        return False
    return True


def _lock(file: IO[str]) -> None:
    """Until the file is closed or the process ends. Raises OSError where another process holds it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
