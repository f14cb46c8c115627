"""The only place that looks for external libraries and first imports them.

In the desktop and in qgis_process, QGIS's libgdal, libgeos, libproj and libhdf5 are in the global symbol scope. A wheel
that brings its own copies would call QGIS's instead, so such wheels are loaded with RTLD_DEEPBIND.
"""
from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import sysconfig
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsApplication

PLUGIN = Path(__file__).resolve().parent.parent


class MissingLibrary(Exception):
    """A library is missing, too old or broken: one sentence that says how to install it."""


@dataclass(frozen=True)
class Library:
    """modules: what we import of it. isolated: it brings copies of libraries that QGIS has loaded too."""

    distribution: str
    modules: tuple[str, ...]
    isolated: bool = False


LIBRARIES = {
    "rasterio": Library("rasterio", (
        "rasterio", "rasterio.crs", "rasterio.enums", "rasterio.errors", "rasterio.features", "rasterio.fill",
        "rasterio.io", "rasterio.mask", "rasterio.merge", "rasterio.transform", "rasterio.vrt", "rasterio.warp",
        "rasterio.windows"), isolated=True),
    "shapely": Library("shapely", (
        "shapely", "shapely.affinity", "shapely.geometry", "shapely.ops", "shapely.prepared", "shapely.strtree",
        "shapely.validation", "shapely.wkb"), isolated=True),
    "h5py": Library("h5py", ("h5py",), isolated=True),
    "pyfive": Library("pyfive", ("pyfive",)),
    "isal": Library("isal", ("isal.isal_zlib",)),
    "numba": Library("numba", ("numba",)),
    "contourpy": Library("contourpy", ("contourpy",)),
    "matplotlib": Library("matplotlib", ("matplotlib",)),
    "sklearn": Library("scikit-learn", ("sklearn",)),
    "safetensors": Library("safetensors", ("safetensors",)),
    "torch": Library("torch", ("torch",)),
    "PIL": Library("pillow", ("PIL.Image",)),
    "torch_geometric": Library("torch-geometric", ("torch_geometric",)),
    "captum": Library("captum", ("captum",)),
}

_lock = threading.RLock()
_loaded_here: set[str] = set()
_folders_added: list[Path] = []


@contextmanager
def _own_symbols() -> Iterator[None]:
    """On Linux, shared libraries that are opened inside prefer their own symbols to those of the process."""
    deepbind = getattr(os, "RTLD_DEEPBIND", None)
    if deepbind is None:
        yield
        return
    before = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | deepbind)
    try:
        yield
    finally:
        sys.setdlopenflags(before)


def load(*names: str) -> None:
    """Imports the libraries, each with all submodules that we use. Raises MissingLibrary."""
    with _lock:
        sentence = missing(names)
        if sentence:
            raise MissingLibrary(sentence)
        for name in names:
            if name not in _loaded_here:
                _import(name)


def load_if_there(*names: str) -> None:
    """The same for libraries that only make things faster: what is missing stays away."""
    for name in names:
        try:
            load(name)
        except MissingLibrary:
            continue


def _import(name: str) -> None:
    library = LIBRARIES[name]
    if name == "numba":
        os.environ.setdefault("NUMBA_CACHE_DIR", str(_profile_folder() / "numba"))
    was_there = name in sys.modules
    try:
        if library.isolated:
            with _own_symbols():
                for module in library.modules:
                    importlib.import_module(module)
        else:
            for module in library.modules:
                importlib.import_module(module)
    except Exception as error:  # a wheel for another numpy raises ValueError, for instance
        raise MissingLibrary(f"{library.distribution} is installed but can't be imported ({error}); "
                             f"install it anew with: {install_line()}") from error
    if not was_there:
        _loaded_here.add(name)


def missing(names: Sequence[str]) -> str:
    """One sentence that names the libraries which are missing or too old and how to install them; empty if none."""
    with _lock:
        lacking = [name for name in names if name not in _loaded_here and not _is_there(name)]
        for folder in _library_folders() if lacking else ():
            _add_folder(folder)
            lacking = [name for name in lacking if not _is_there(name)]
            if not lacking:
                break
    if not lacking:
        return ""
    wanted = [f"{LIBRARIES[name].distribution} {minimum_version(name)} or newer ({_found(name)})" for name in lacking]
    if "pyfive" in lacking and sys.version_info < (3, 10):
        return "Reading HDF5 needs Python 3.10 or newer; use a QGIS that brings it."
    refused = [folder for folder in _library_folders() if _holds_numpy(folder)]
    unused = f"; the folder '{refused[0]}' isn't used, because it contains numpy" if refused else ""
    return f"This needs {', '.join(wanted)}{unused}; install with: {install_line()}"


def _found(name: str) -> str:
    version = installed_version(name)
    return f"version {version} was found" if version else "not found"


def _is_there(name: str) -> bool:
    version = installed_version(name)
    return version is not None and _numbers(version) >= _numbers(minimum_version(name))


def installed_version(name: str) -> str | None:
    """By its metadata: a module's own __version__ can lie."""
    if name not in sys.modules and importlib.util.find_spec(name) is None:
        return None
    from importlib import metadata  # a third of the time that loading the plugin would take

    try:
        return metadata.version(LIBRARIES[name].distribution)
    except metadata.PackageNotFoundError:
        return None


def minimum_version(name: str) -> str:
    """From requirements.txt, where it stands once."""
    distribution = LIBRARIES[name].distribution
    found = re.search(rf"(?m)^{re.escape(distribution)}>=([0-9.]+)", (PLUGIN / "requirements.txt").read_text("utf-8"))
    return found.group(1) if found else "0"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def _library_folders() -> list[Path]:
    named = os.environ.get("NOCTURNE_LIBRARIES")
    roots = [*([Path(named)] if named else []), runtime_folder(), PLUGIN / ".venv"]
    folders = []
    for root in roots:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        environment = [root / "lib" / version / "site-packages", root / "Lib" / "site-packages"]
        folders += [folder for folder in (*environment, root) if folder.is_dir()]
    return folders


def runtime_folder() -> Path:
    """Where libraries for this very Python may lie, a plain folder or an environment, safe from plugin updates."""
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}-{sysconfig.get_platform()}"
    return _profile_folder() / tag


def _profile_folder() -> Path:
    return Path(QgsApplication.qgisSettingsDirPath()) / "nocturne"


def _add_folder(folder: Path) -> None:
    if str(folder) in sys.path or _holds_numpy(folder):
        return
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    _folders_added.append(folder)


def _holds_numpy(folder: Path) -> bool:
    """numpy must stay the one that QGIS's own modules were compiled against."""
    return (folder / "numpy").exists()


def install_line() -> str:
    """The one line that makes an environment with QGIS's own packages visible and installs what is missing."""
    environment, requirements = runtime_folder(), PLUGIN / "requirements.txt"
    python = "/usr/bin/python3" if sys.platform.startswith("linux") else "python3"
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    from importlib import metadata

    numpy = metadata.version("numpy")
    return (f'{python} -m venv --system-site-packages "{environment}" && '
            f'"{environment / scripts / "python"}" -m pip install "numpy=={numpy}" "affine<3" -r "{requirements}"')


@dataclass(frozen=True)
class LibraryState:
    """What checkenvironment shows of one library; note is empty where nothing is wrong."""

    name: str
    minimum: str
    version: str
    origin: str
    note: str


def state(name: str, import_it: bool) -> LibraryState:
    """Looks for a library and imports it where asked to, so that what is broken shows."""
    note = missing([name])
    if import_it and not note:
        foreign = name in sys.modules and name not in _loaded_here
        try:
            load(name)
        except MissingLibrary as error:
            note = str(error)
        if foreign and LIBRARIES[name].isolated and not note:
            note = ("Another plugin imported it first, so it may be bound to QGIS's own libraries; "
                    "disable that plugin if results look wrong.")
    module = sys.modules.get(name)
    return LibraryState(LIBRARIES[name].distribution, minimum_version(name), installed_version(name) or "",
                        os.path.dirname(getattr(module, "__file__", None) or "") if module else "", note)
