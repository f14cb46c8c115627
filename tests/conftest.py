"""What tests share: the real qgis_process, the demonstration, and the provider under pytest-qgis."""
from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYTHON_WARNING = re.compile(r"(?m)^\S+:\d+: \w+Warning: .*\n(?:  .*\n)?")


@dataclass(frozen=True)
class Headless:
    """Result of one qgis_process call."""

    code: int
    stdout: str
    stderr: str

    @property
    def results(self) -> dict[str, Any]:
        """Of a call with --json."""
        return dict(json.loads(self.stdout)["results"])

    @property
    def error(self) -> str:
        """What the plugin says after a failure: without QGIS's heading and repetition, GDAL's lines and warnings."""
        lines = (line.strip() for line in PYTHON_WARNING.sub("", self.stderr).splitlines())
        return "\n".join(dict.fromkeys(line for line in lines if line and not line.startswith(("ERROR", "_tiff"))))


def chain_names() -> set[str]:
    """Of the ready chains, as qgis_process knows them."""
    return {option.attrib["value"] for path in (ROOT / "chains").glob("*.model3")
            for option in ElementTree.parse(path).iter("Option") if option.attrib.get("name") == "model_name"}


class QgisProcess:
    """Runs algorithms in a profile of the tests' own."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile

    def __call__(self, algorithm: str, *options: str, environment: dict[str, str] | None = None, timeout: float = 600,
                 shell_prefix: str = "", **parameters: Any) -> Headless:
        arguments = [f"{name}={value}" for name, value in parameters.items()]
        return self.command("--json", "run", algorithm, *options, "--", *arguments, environment=environment,
                            timeout=timeout, shell_prefix=shell_prefix)

    def command(self, *arguments: str, environment: dict[str, str] | None = None, timeout: float = 600,
                shell_prefix: str = "") -> Headless:
        command = [str(ROOT / "scripts" / "qgis_process"), *arguments]
        if shell_prefix:
            command = ["bash", "-c", f'{shell_prefix}; exec "$@"', "bash", *command]
        variables = {key: value for key, value in os.environ.items() if key != "QGIS_PLUGINPATH"}
        variables["QGIS_CUSTOM_CONFIG_PATH"] = str(self._profile)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout,
                              env={**variables, **(environment or {})})
        return Headless(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def qgis_process(tmp_path_factory: pytest.TempPathFactory) -> QgisProcess:
    return QgisProcess(tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="session")
def demo(qgis_process: QgisProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small demonstration's city folder, made once by the real qgis_process."""
    folder = tmp_path_factory.mktemp("demo")
    made = qgis_process("nocturne:createdemo", FOLDER=folder)
    if made.code:
        pytest.fail(f"createdemo failed: {made.stdout}{made.stderr}")
    return Path(made.results["CITY"])


@pytest.fixture(scope="session")
def demo_extent(demo: Path) -> str:
    """Extent of the city as Processing reads it."""
    west, south, east, north = json.loads((demo / "truth" / "constants.json").read_text("utf-8"))["extent"]
    return f"{west},{east},{south},{north} [EPSG:4326]"


@pytest.fixture(scope="session")
def provider(qgis_processing: None) -> Any:
    """The plugin's provider, registered under pytest-qgis."""
    from nocturne import classFactory
    from qgis.core import QgsApplication

    plugin = classFactory(None)
    plugin.initProcessing()
    yield QgsApplication.processingRegistry().providerById("nocturne")
    plugin.unload()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The same sums in the same order, whatever the machine."""
    from nocturne.algorithms.execution import torch_threads
    from nocturne.algorithms.settings import Resources

    with torch_threads(Resources(threads=1)):
        yield
