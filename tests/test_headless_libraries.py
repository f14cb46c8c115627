"""External libraries in the process of the real qgis_process: their own copies, other plugins, missing ones."""
from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from nocturne.tests.black_marble_files import good_night, write_granule
from nocturne.tests.conftest import ROOT, QgisProcess, chain_names

LIBRARIES = Path(sysconfig.get_path("purelib"))
PROBE = ROOT / "tests" / "library_probe"
DISTRIBUTIONS = {"sklearn": "scikit_learn"}  # where a module's name isn't the distribution's
SENTENCE = re.compile(r"This needs [^\n]+; install with: [^\n]+ -m pip install [^\n]+")
NIGHTS = 40
SIDE = 12
ALGORITHMS = {
    *(name for path in (ROOT / "processing_provider").rglob("*.py")
      for name in re.findall(r'(?m)^    NAME = "(\w+)"$', path.read_text("utf-8"))),
    *chain_names()}


# The wheels' own copies


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """The plugin as the zip holds it, so that no .venv lies beside it, and the probe."""
    folder = tmp_path_factory.mktemp("plugins")
    subprocess.run([sys.executable, str(ROOT / "scripts" / "package"), "--folder", str(folder)], check=True)
    (folder / "library_probe").symlink_to(PROBE)
    return folder


@pytest.fixture(scope="session")
def with_probe(plugins, tmp_path_factory):
    """qgis_process in a profile that has the probe switched on too."""
    profile = tmp_path_factory.mktemp("probe_profile")
    settings = profile / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text("[PythonPlugins]\nnocturne=true\nlibrary_probe=true\nprocessing=true\n", "utf-8")
    process = QgisProcess(profile)

    def run(algorithm, libraries, *, first=None, **parameters):
        environment = {"QGIS_PLUGINPATH": str(plugins), "NOCTURNE_LIBRARIES": str(libraries)}
        if first:
            environment["LIBRARY_PROBE_FIRST"] = str(first)
        return process(algorithm, environment=environment, **parameters)

    return run


@pytest.fixture(scope="session")
def facts(with_probe):
    run = with_probe("library_probe:look", LIBRARIES)
    assert run.code == 0, run.stderr
    return json.loads(run.results["FACTS"])


def test_each_wheel_uses_its_own_gdal_geos_proj_and_hdf5(facts):
    plain = subprocess.run([sys.executable, str(PROBE / "facts.py")], capture_output=True, text=True, check=True)
    assert facts["libraries"] == json.loads(plain.stdout)


def test_geos_of_the_wheel_tells_whole_from_torn_coverages(facts):
    assert (facts["libraries"]["whole_coverage"], facts["libraries"]["torn_coverage"]) == (True, False)


def test_torch_fits_angular_effects_as_numpy_does(with_probe):
    run = with_probe("library_probe:fit", LIBRARIES)
    assert run.code == 0, run.stderr
    fitted = json.loads(run.results["FACTS"])
    assert fitted == {"kinds": 4, "same_sums": True, "same_classes": True, "same_statistics": True}


def test_qgis_keeps_its_proj_data_its_digits_and_its_way_of_loading(facts):
    assert facts["before"]["proj_folders"]
    assert facts["after"] == facts["before"]


def test_checkenvironment_says_which_libraries_another_plugin_imported_first(with_probe, tmp_path):
    # Without the large libraries, which checkenvironment would import too.
    folder = libraries_without(tmp_path / "libraries", "torch", "torch_geometric", "sklearn", "numba")
    document = tmp_path / "found.json"
    run = with_probe("nocturne:checkenvironment", folder, first=folder, JSON=document)
    assert run.code == 0, run.stderr
    notes = {each["name"]: each["note"] for each in json.loads(document.read_text("utf-8"))["libraries"]}
    foreign = {name for name, note in notes.items() if note.startswith("Another plugin imported it first")}
    assert foreign == {"rasterio", "shapely"}


# Missing, old and broken ones


def libraries_without(folder, *modules):
    """A folder of links to everything in the environment's site-packages but these."""
    left_out = {*modules, *(DISTRIBUTIONS.get(module, module) for module in modules)}
    folder.mkdir(exist_ok=True)
    for path in LIBRARIES.iterdir():
        if path.name.split("-")[0].split(".")[0] not in left_out and not path.name.endswith((".pth", ".py.py")):
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="session")
def unpacked(qgis_process, plugins):
    """qgis_process with that plugin and one folder of libraries."""
    def command(*arguments, libraries, shell_prefix="", **environment):
        variables = {"QGIS_PLUGINPATH": str(plugins), "NOCTURNE_LIBRARIES": str(libraries), **environment}
        return qgis_process.command(*arguments, environment=variables, shell_prefix=shell_prefix)

    return command


@pytest.fixture(scope="session")
def jobs(tmp_path_factory):
    """A small run of each algorithm: its inputs as arguments of qgis_process."""
    folder = tmp_path_factory.mktemp("inputs")
    write_granule(folder / "granules", values=good_night(np.full((5, 5), 100, "u2")))
    zeniths = np.linspace(0, 59, NIGHTS)[:, np.newaxis, np.newaxis] * np.ones((1, SIDE, SIDE))
    noise = np.random.default_rng(1).normal(0, 1, zeniths.shape)
    slopes = np.linspace(-0.5, 0.5, SIDE)
    write_stack(folder / "zenith.tif", zeniths)
    write_stack(folder / "radiance.tif", 60 + zeniths * slopes + noise)
    return {
        "createdemo": (),
        "readblackmarble": (f"FOLDER={folder / 'granules'}",),
        "angulareffects": (f"RADIANCE={folder / 'radiance.tif'}", f"ZENITH={folder / 'zenith.tif'}"),
        "urbancentres": (f"RADIANCE={folder / 'radiance.tif'}", "MIN_AREA=0"),
    }


def write_stack(path, values):
    with rasterio.open(path, "w", driver="GTiff", width=SIDE, height=SIDE, count=NIGHTS, dtype="float32",
                       nodata=np.nan, crs="EPSG:32651", transform=Affine(500, 0, 300_000, 0, -500, 3_500_000)) as file:
        file.write(values.astype("float32"))
        for band in range(NIGHTS):
            file.set_band_description(band + 1, (date(2021, 1, 1) + timedelta(band)).isoformat())


def output_of(algorithm, folder):
    name, file = {"createdemo": ("FOLDER", "demo"), "readblackmarble": ("RADIANCE", "radiance.tif"),
                  "angulareffects": ("CLASSES", "classes.tif"), "urbancentres": ("CENTRES", "centres.gpkg")}[algorithm]
    return f"{name}={folder / file}"


def assert_says_what_to_install(run, distribution, found="not found"):
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert SENTENCE.fullmatch(run.error), run.stderr
    assert re.search(rf"\b{distribution} [0-9.]+ or newer \({re.escape(found)}\)", run.error)
    assert "numpy==" in run.error


NEEDED = [("rasterio", "angulareffects"), ("shapely", "urbancentres"), ("pyfive", "readblackmarble"),
          ("h5py", "createdemo")]


@pytest.mark.parametrize("module", ["torch", "sklearn", "numba", "pyfive", "rasterio", "shapely", "h5py"])
def test_every_algorithm_is_listed_without(unpacked, tmp_path, module):
    listed = unpacked("list", libraries=libraries_without(tmp_path / "libraries", module))
    assert listed.code == 0
    assert "Traceback" not in listed.stdout + listed.stderr
    assert len(ALGORITHMS) >= 6
    assert set(re.findall(r"nocturne:(\w+)", listed.stdout)) == ALGORITHMS


@pytest.mark.parametrize(("module", "algorithm"), NEEDED)
def test_an_algorithm_says_what_it_lacks_and_how_to_install_it(unpacked, jobs, tmp_path, module, algorithm):
    libraries = libraries_without(tmp_path / "libraries", module)
    output = tmp_path / "out"
    output.mkdir()
    run = unpacked("--json", "run", f"nocturne:{algorithm}", "--", *jobs[algorithm], output_of(algorithm, output),
                   libraries=libraries)
    assert_says_what_to_install(run, module)
    assert list(output.iterdir()) == []


@pytest.mark.parametrize("algorithm", ["readblackmarble", "createdemo"])
def test_help_is_there_without_any_library(unpacked, tmp_path, algorithm):
    run = unpacked("help", f"nocturne:{algorithm}", libraries=tmp_path)
    assert run.code == 0
    assert "Traceback" not in run.stdout + run.stderr
    assert "FOLDER" in run.stdout


@pytest.mark.parametrize("module", ["torch", "sklearn"])
def test_checkenvironment_names_a_missing_library_of_the_learning_algorithms(unpacked, tmp_path, module):
    run = unpacked("--json", "run", "nocturne:checkenvironment", "--",
                   libraries=libraries_without(tmp_path / "libraries", module))
    assert run.code == 0
    assert run.results["STATE"] == f"missing: {DISTRIBUTIONS.get(module, module).replace('_', '-')}"


def test_checkenvironment_runs_when_everything_is_missing(unpacked, tmp_path):
    report, document = tmp_path / "report.html", tmp_path / "found.json"
    (tmp_path / "none").mkdir()
    run = unpacked("--json", "run", "nocturne:checkenvironment", "--", f"REPORT={report}", f"JSON={document}",
                   libraries=tmp_path / "none")
    assert run.code == 0, run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    versions = {each["name"]: each["version"] for each in json.loads(document.read_text("utf-8"))["libraries"]}
    brought_by_qgis = {"matplotlib", "contourpy", "pillow"}  # where the system has them
    assert all(not version for name, version in versions.items() if name not in brought_by_qgis)
    assert "rasterio: This needs rasterio" in report.read_text("utf-8")


def test_a_report_on_a_full_disk_is_refused(unpacked, tmp_path):
    (tmp_path / "none").mkdir()  # so that checkenvironment has nothing to import
    report = tmp_path / "report.html"
    report.write_bytes(b"what an earlier run wrote")
    run = unpacked("--json", "run", "nocturne:checkenvironment", "--", f"REPORT={report}",
                   libraries=tmp_path / "none", shell_prefix="ulimit -f 1")
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert run.error == ("REPORT: 'report.html' could not be written (File too large); choose a folder that can be "
                         "written and has room.")
    assert report.read_bytes() == b"what an earlier run wrote"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none", "report.html"]


@pytest.mark.parametrize(("module", "algorithm"), [("numba", "angulareffects"), ("isal", "readblackmarble")])
def test_a_library_that_only_makes_faster_changes_no_result(qgis_process, unpacked, jobs, tmp_path, module, algorithm):
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    outputs = [output_of(algorithm, tmp_path / name) for name in ("with", "without")]
    job = ("--json", "run", f"nocturne:{algorithm}", "--", *jobs[algorithm])
    fast = qgis_process.command(*job, outputs[0])
    slow = unpacked(*job, outputs[1], libraries=libraries_without(tmp_path / "libraries", module))
    assert (fast.code, slow.code) == (0, 0)
    assert "numba" in versions_of(outputs[0])
    assert ("numba" in versions_of(outputs[1])) == (module != "numba")
    pixels = []
    for output in outputs:
        with rasterio.open(output.partition("=")[2]) as raster:
            pixels.append(raster.read())
    assert len(np.unique(pixels[0])) > 1
    np.testing.assert_array_equal(*pixels)


def versions_of(output):
    provenance = Path(f"{output.partition('=')[2]}.nocturne.json")
    return json.loads(provenance.read_text("utf-8"))["versions"]


def broken(folder, module, version, body):
    """A library that calls itself installed in this version; the rest of the environment is beside it."""
    libraries_without(folder, module)
    information = folder / f"{module}-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n", "utf-8")
    (folder / module).mkdir()
    (folder / module / "__init__.py").write_text(body, "utf-8")
    return folder


def test_a_library_that_is_too_old_is_named_with_both_versions(unpacked, jobs, tmp_path):
    libraries = broken(tmp_path / "libraries", "shapely", "1.8.5", "")
    run = unpacked("--json", "run", "nocturne:urbancentres", "--", *jobs["urbancentres"],
                   output_of("urbancentres", tmp_path), libraries=libraries)
    assert_says_what_to_install(run, "shapely", "version 1.8.5 was found")


@pytest.mark.parametrize("error", ["ModuleNotFoundError(\"No module named 'gone'\")",
                                   "OSError('libgone.so: cannot open shared object file')",
                                   "ValueError('numpy.dtype size changed, may indicate binary incompatibility')"])
def test_a_library_that_cannot_be_imported_is_named_with_the_reason(unpacked, jobs, tmp_path, error):
    shadow = broken(tmp_path / "shadow", "shapely", "2.1.2", f"raise {error}\n")
    run = unpacked("--json", "run", "nocturne:urbancentres", "--", *jobs["urbancentres"],
                   output_of("urbancentres", tmp_path), libraries=LIBRARIES, PYTHONPATH=str(shadow))
    assert run.code == 1
    assert "Traceback" not in run.stdout + run.stderr
    reason = error.partition("(")[2][1:-2]
    assert run.error.startswith(f"shapely is installed but can't be imported ({reason}); install it anew with: ")
    assert "\n" not in run.error


def test_a_module_without_a_version_ahead_of_the_path_gives_way_to_the_real_library(unpacked, jobs, tmp_path):
    shadow = tmp_path / "shadow" / "shapely"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("raise ModuleNotFoundError('no library at all')\n", "utf-8")
    run = unpacked("--json", "run", "nocturne:urbancentres", "--", *jobs["urbancentres"],
                   output_of("urbancentres", tmp_path), libraries=LIBRARIES, PYTHONPATH=str(shadow.parent))
    assert run.code == 0, run.stderr
    assert run.results["CENTRE_COUNT"] >= 1


def test_a_folder_of_libraries_that_contains_numpy_is_refused(unpacked, jobs, tmp_path):
    libraries = libraries_without(tmp_path / "libraries")
    (libraries / "numpy").mkdir()
    run = unpacked("--json", "run", "nocturne:angulareffects", "--", *jobs["angulareffects"],
                   output_of("angulareffects", tmp_path), libraries=libraries)
    assert_says_what_to_install(run, "rasterio")
    assert f"the folder '{libraries}' isn't used, because it contains numpy" in run.error
