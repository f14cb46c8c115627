"""Where an output came from: algorithm, parameters, inputs, seed, device and versions, as one JSON document."""
from __future__ import annotations

import configparser
import hashlib
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .folders import files_below

PLUGIN = Path(__file__).resolve().parent.parent
ENDS = 2**20  # bytes hashed at each end of a file


def plugin_version() -> str:
    """The version in metadata.txt."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(PLUGIN / "metadata.txt", encoding="utf-8")
    return metadata["general"]["version"]


def fingerprint(path: Path) -> dict[str, Any]:
    """Size and a SHA-256 over the size and the first and last MiB: inputs may be hundreds of large files.

    A folder's fingerprint covers names and sizes of the files below it.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        files = files_below(path)
        for file in files:
            digest.update(f"{file.relative_to(path).as_posix()}:{file.stat().st_size};".encode())
        return {"files": len(files), "names_and_sizes_sha256": digest.hexdigest()}
    size = path.stat().st_size
    digest.update(str(size).encode())
    with path.open("rb") as stream:
        digest.update(stream.read(ENDS))
        if size > ENDS:
            stream.seek(max(ENDS, size - ENDS))
            digest.update(stream.read(ENDS))
    return {"bytes": size, "ends_sha256": digest.hexdigest()}


def describe_run(algorithm: str, parameters: dict[str, Any], inputs: dict[str, str],
                 more_versions: dict[str, str]) -> dict[str, Any]:
    """The document that stands beside every output.

    algorithm: full id. parameters: as given, JSON values. inputs: parameter to path; what is no file or folder is named
    without fingerprint. more_versions: of programs that the caller knows.
    """
    versions = {"nocturne": plugin_version(), "python": platform.python_version(), **more_versions}
    for name in ("numpy", "scipy", "rasterio", "shapely", "numba", "torch"):
        module = sys.modules.get(name)
        if module is not None:
            versions[name] = str(getattr(module, "__version__", ""))
    described: dict[str, Any] = {}
    for name, path in inputs.items():
        described[name] = {"path": path}
        try:
            described[name].update(fingerprint(Path(path)))
        except OSError:  # no file, or gone meanwhile: a run that succeeded must not fail here
            continue
    return {
        "algorithm": algorithm,
        "parameters": parameters,
        "inputs": described,
        "seed": parameters.get("SEED"),
        "device": parameters.get("DEVICE", "cpu"),
        "versions": versions,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
