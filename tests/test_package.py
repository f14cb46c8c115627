"""The zip for the plugin repository: what is in it, and that it runs in a profile that knows no checkout."""
from __future__ import annotations

import configparser
import os
import re
import runpy
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import rasterio
from affine import Affine
from nocturne.tests.conftest import ROOT, QgisProcess

LARGEST = 25_000_000  # bytes, the plugin repository's own limit
LIBRARIES = sysconfig.get_path("purelib")
# The plugin repository refuses a zip whose metadata lacks one of these.
REQUIRED = ("name", "description", "about", "version", "qgisMinimumVersion", "author", "email", "tracker", "repository")
TOP = {"__init__.py", "__main__.py", "plugin.py", "metadata.txt", "LICENSE", "README.md", "CHANGELOG.md",
       "requirements.txt", "resources.qrc"}
FOLDERS = {"algorithms", "models", "processing_provider", "ui", "chains", "examples"}
ENDINGS = {".py", ".qml", ".svg", ".model3", ".safetensors", ".json", ".csv", ".txt"}


def checkout_with_links(folder: Path) -> Path:
    """A checkout whose package script is a copy, so that what it writes stays there."""
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name not in ("dist", "scripts"):
            (folder / path.name).symlink_to(path)
    (folder / "scripts").mkdir()
    (folder / "scripts" / "package").write_bytes((ROOT / "scripts" / "package").read_bytes())
    return folder


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The zip, built by the script itself, but into a folder of the tests: dist/ may hold a release."""
    checkout = checkout_with_links(tmp_path_factory.mktemp("checkout"))
    done = subprocess.run([sys.executable, str(checkout / "scripts" / "package")], capture_output=True, text=True,
                          check=True)
    (made,) = (checkout / "dist").iterdir()
    assert str(made.stat().st_size) in done.stdout
    return made


@pytest.fixture(scope="session")
def members(package):
    with zipfile.ZipFile(package) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


@pytest.fixture(scope="session")
def metadata(package):
    parser = configparser.ConfigParser(interpolation=None)
    with zipfile.ZipFile(package) as archive:
        parser.read_string(archive.read("nocturne/metadata.txt").decode("utf-8"))
    return parser["general"]


def test_the_zip_is_small_enough_and_named_after_its_version(package, metadata):
    assert package.stat().st_size <= LARGEST
    assert package.name == f"nocturne-{metadata['version']}.zip"


@pytest.mark.parametrize(("name", "size", "said"), [
    ("gvio_large.safetensors", 1_000_001, "The weights of gvio have 1000001 bytes; at most 1000000 are shipped."),
    ("mystery.safetensors", 1, "mystery.safetensors belongs to none of "),
])
def test_weights_that_are_too_large_or_of_no_system_are_not_packed(tmp_path, name, size, said):
    checkout = checkout_with_links(tmp_path)
    (checkout / "models").unlink()
    weights = checkout / "models" / "weights"
    weights.mkdir(parents=True)
    (weights / name).write_bytes(bytes(size))
    done = subprocess.run([sys.executable, str(checkout / "scripts" / "package")], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (checkout / "dist").exists()


def test_the_zip_has_one_folder_named_as_the_package(members):
    assert {path.parts[0] for path in members} == {"nocturne"}
    assert len(members) == len(set(members))


def test_the_zip_holds_only_what_is_meant_to_be_shipped(members):
    for path in members:
        inside = path.relative_to("nocturne")
        if len(inside.parts) == 1:
            assert inside.name in TOP
        else:
            assert inside.parts[0] in FOLDERS
            assert inside.suffix in ENDINGS


def test_the_zip_has_no_hidden_file_and_no_compiled_one(members):
    assert [path for path in members if any(part.startswith((".", "__pycache__")) for part in path.parts)] == []


def test_the_zip_holds_all_that_the_plugin_loads(members):
    shipped = {path.relative_to("nocturne").as_posix() for path in members}
    assert shipped >= TOP
    for folder, pattern in (("processing_provider", "*.py"), ("algorithms", "*.py"), ("models", "*.py"),
                            ("processing_provider/styles", "*.qml"), ("processing_provider/icons", "*.svg"),
                            ("chains", "*.model3")):
        needed = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(pattern)}
        assert needed
        assert needed <= shipped


def test_the_same_content_makes_the_same_zip(package, tmp_path):
    made = runpy.run_path(str(package.parent.parent / "scripts" / "package"))
    assert made["ROOT"] == package.parent.parent
    before = package.read_bytes()
    assert made["write_zip"]().read_bytes() == before


@pytest.mark.parametrize("key", REQUIRED)
def test_metadata_has(metadata, key):
    assert metadata[key].strip()


def test_metadata_says_that_there_are_algorithms_and_where_the_icon_is(metadata, members):
    assert metadata["hasProcessingProvider"] == "yes"  # without it qgis_process doesn't load the plugin
    assert PurePosixPath("nocturne") / metadata["icon"] in members
    assert re.fullmatch(r"\d+\.\d+\.\d+", metadata["version"])
    assert metadata["qgisMinimumVersion"] == "3.22"


# In a profile of its own


@pytest.fixture(scope="session")
def installed(package, tmp_path_factory):
    """qgis_process with an empty profile into which the zip was unpacked, as the plugin manager does it."""
    profile = tmp_path_factory.mktemp("user")
    plugins = profile / "profiles" / "default" / "python" / "plugins"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(plugins)
    process = QgisProcess(profile)

    # The wrapper takes the checkout where no path is given, and an empty folder adds nothing.
    empty = tmp_path_factory.mktemp("no_other_plugins")

    def run(algorithm, libraries=LIBRARIES, **parameters):
        environment = {"QGIS_PLUGINPATH": str(empty), "NOCTURNE_LIBRARIES": str(libraries)}
        return process(algorithm, environment=environment, **parameters)

    return run, plugins


@pytest.fixture(scope="session")
def three_towns(tmp_path_factory):
    """Three bright round towns on a dim noisy plain, 500 m cells, always the same."""
    rows, columns = np.mgrid[:80, :80]
    light = np.random.default_rng(1).uniform(0, 5, (80, 80))
    for row, column, height in ((20, 20, 120), (25, 60, 80), (60, 40, 60)):
        light += height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 40)
    path = tmp_path_factory.mktemp("towns") / "towns.tif"
    with rasterio.open(path, "w", driver="GTiff", width=80, height=80, count=1, dtype="float32", crs="EPSG:32651",
                       transform=Affine(500, 0, 300_000, 0, -500, 3_500_000)) as raster:
        raster.write(light.astype("float32"), 1)
    return path


def test_the_installed_plugin_checks_its_environment(installed):
    run, _ = installed
    found = run("nocturne:checkenvironment")
    assert found.code == 0, found.stderr
    assert found.results["STATE"] == "complete"


def test_the_installed_plugin_delineates_urban_centres(installed, three_towns, tmp_path):
    run, _ = installed
    found = run("nocturne:urbancentres", RADIANCE=three_towns, CENTRES=tmp_path / "centres.gpkg")
    assert found.code == 0, found.stderr
    assert found.results["CENTRE_COUNT"] == 3
    assert found.results["ROOT_COUNT"] == 3
    assert os.path.getsize(tmp_path / "centres.gpkg") > 0


def test_the_installed_plugin_names_its_own_requirements_when_it_finds_no_library(installed, three_towns, tmp_path):
    run, plugins = installed
    found = run("nocturne:urbancentres", libraries=tmp_path, RADIANCE=three_towns, CENTRES=tmp_path / "centres.gpkg")
    assert found.code == 1
    assert f'-r "{plugins / "nocturne" / "requirements.txt"}"' in found.error
    assert "rasterio 1.4 or newer (not found)" in found.error
    assert list(tmp_path.iterdir()) == []
