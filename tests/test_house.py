"""The rules of the house, read from the source: who may import what, and what every algorithm owes its user."""
from __future__ import annotations

import ast
import configparser
import dataclasses
import html
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

ROOT = Path(__file__).resolve().parents[1]
STOREYS = ("algorithms", "models", "processing_provider", "ui")
MODULES = sorted(path.relative_to(ROOT).with_suffix("") for path in (
    *ROOT.glob("*.py"), *(each for storey in STOREYS for each in (ROOT / storey).rglob("*.py"))))
LIGHT = {("algorithms", "settings"), ("algorithms", "errors"), ("algorithms", "progress")}


def modules_of(*storeys: str) -> list[Path]:
    return [path for path in MODULES if path.parts[0] in storeys]


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse((ROOT / module.with_suffix(".py")).read_text("utf-8"))


def nodes_at_load(node: ast.AST):
    """What runs when the module is imported: no function bodies, nothing that only type checkers see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from nodes_at_load(child)


def imported(module: Path, at_load_only: bool = False) -> list[tuple[str, ...]]:
    """Names that the module imports, split at the dots; relative ones as paths from the checkout, after '.'."""
    nodes = nodes_at_load(tree_of(module)) if at_load_only else ast.walk(tree_of(module))
    package = module.parts[:-1]
    found: list[tuple[str, ...]] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            name = tuple(node.module.split(".")) if node.module else ()
            if not node.level:
                found.append(name)
                continue
            base = (*package[:len(package) - node.level + 1], *name)
            found += [(".", *_module_or_name(base, alias.name)) for alias in node.names]
    return found


def _module_or_name(base: tuple[str, ...], name: str) -> tuple[str, ...]:
    """base.name where that is a module, else base, which defines the name."""
    inner = ROOT.joinpath(*base, name)
    return (*base, name) if inner.with_suffix(".py").exists() or inner.is_dir() else base


def inside(module: Path, at_load_only: bool = False) -> list[tuple[str, ...]]:
    return [name[1:] for name in imported(module, at_load_only) if name[0] == "."]


def outside(module: Path, at_load_only: bool = False) -> set[str]:
    """Top-level packages beyond the standard library and our own."""
    return {name[0] for name in imported(module, at_load_only)} - {"."} - set(sys.stdlib_module_names)


# The guard itself

def test_the_guard_sees_what_it_shall_guard():
    assert Path("algorithms/night_lights/angular_fit") in MODULES
    assert outside(Path("processing_provider/base")) >= {"qgis"}
    assert ("algorithms", "rasters") in inside(Path("algorithms/night_lights/angular_effects"))
    assert ("algorithms", "night_lights", "angular_effects") in inside(
        Path("processing_provider/night_lights/angular_effects"))
    assert ("algorithms", "night_lights", "angular_effects") not in inside(
        Path("processing_provider/night_lights/angular_effects"), at_load_only=True)


# Imports: every test names the modules that break the rule

def test_the_science_knows_nothing_of_qgis():
    banned = {"qgis", "osgeo", "processing", "gdal", "ogr", "PyQt5", "PyQt6", "sip"}
    assert [module for module in modules_of("algorithms", "models") if outside(module) & banned] == []


def test_imports_only_go_down():
    above = {"algorithms": {"processing_provider", "ui", "plugin"}, "models": {"processing_provider", "ui", "plugin"},
             "processing_provider": {"ui", "plugin"}, "ui": {"plugin"}}
    assert [module for module in modules_of(*STOREYS)
            if {name[0] for name in inside(module) if name} & above[module.parts[0]]] == []


def test_models_call_no_science():
    assert [module for module in modules_of("models")
            if {name for name in inside(module) if name[0] == "algorithms"} - LIGHT] == []


def test_settings_need_the_standard_library_only():
    rooms = [module for module in modules_of("algorithms") if module.name == "settings"]
    assert len(rooms) >= 3
    assert [module for module in rooms if outside(module)] == []
    assert [module for module in rooms if any(
        name[-1] != "settings" and name != ("algorithms", "errors") for name in inside(module))] == []


def test_nothing_heavy_is_imported_when_the_plugin_loads():
    def heavy(module):
        ours = {name for name in inside(module, at_load_only=True) if name[0] not in ("processing_provider", "ui")}
        return (outside(module, at_load_only=True) - {"qgis"}) | {
            name for name in ours - LIGHT if name[-1] != "settings"}

    assert {module: heavy(module) for module in modules_of("processing_provider", "ui") if heavy(module)} == {}


def loaded_with(module: Path) -> set[str]:
    """Libraries that are imported when a module of ours is, through all that it imports."""
    found, waiting, seen = set(), [module], set()
    while waiting:
        each = waiting.pop()
        if each in seen or each not in MODULES:
            continue
        seen.add(each)
        found |= outside(each, at_load_only=True)
        waiting += [Path(*name) for name in inside(each, at_load_only=True)]
    return found


@pytest.mark.parametrize("face", [module for module in modules_of("processing_provider") if any(
    isinstance(node, ast.FunctionDef) and node.name == "execute" for node in ast.walk(tree_of(module)))
    and module.name != "base"], ids=str)
def test_an_algorithm_declares_the_libraries_that_it_loads(face):
    """Else whoever lacks one sees a traceback instead of the sentence that says how to install it."""
    from nocturne.processing_provider.dependencies import LIBRARIES

    declared = {name for node in ast.walk(tree_of(face)) if isinstance(node, ast.Assign)
                and any(getattr(target, "id", "") in ("LIBRARIES", "FASTER_WITH") for target in node.targets)
                for name in ast.literal_eval(node.value)}
    at_load = set(inside(face, at_load_only=True))
    science = {Path(*name) for name in inside(face) if name not in at_load and name[0] in ("algorithms", "models")}
    needed = set().union(*(loaded_with(module) for module in science)) & set(LIBRARIES)
    assert needed - declared == set()


def test_qt_comes_through_qgis():
    assert [module for module in MODULES if outside(module) & {"PyQt5", "PyQt6", "sip"}] == []


def test_imports_inside_the_package_are_relative():
    assert [module for module in MODULES if {name[0] for name in imported(module)} & {"nocturne", *STOREYS}] == []


def test_only_dependencies_touches_the_search_path():
    def touches(module):
        return any(ast.unparse(node) == "sys.path" for node in ast.walk(tree_of(module))
                   if isinstance(node, ast.Attribute))

    assert [module for module in MODULES if touches(module)] == [Path("processing_provider/dependencies")]


def test_only_the_simulation_writes_hdf5():
    writer = Path("algorithms/simulation/black_marble_writer")
    assert [module for module in MODULES if "h5py" in outside(module)] == [writer]


def test_nothing_is_printed_because_json_results_go_to_stdout():
    def prints(module):
        return any(isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
                   for node in ast.walk(tree_of(module)))

    assert [module for module in MODULES if prints(module)] == []


# Source

def test_the_syntax_is_that_of_python_3_9():
    for module in MODULES:
        ast.parse((ROOT / module.with_suffix(".py")).read_text("utf-8"), str(module), feature_version=(3, 9))


def test_unions_in_annotations_stay_unevaluated_because_python_3_9_has_none():
    def has_unions(module):
        annotations = [each for node in ast.walk(tree_of(module)) for each in (
            getattr(node, "annotation", None), getattr(node, "returns", None)) if isinstance(each, ast.AST)]
        return any(isinstance(each, ast.BinOp) for annotation in annotations for each in ast.walk(annotation))

    def postponed(module):
        return any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree_of(module).body)

    assert [module for module in MODULES if has_unions(module) and not postponed(module)] == []


def test_rooms_have_an_empty_init():
    rooms = [module for module in MODULES if module.name == "__init__" and len(module.parts) > 1]
    assert len(rooms) >= 7
    assert [module for module in rooms if tree_of(module).body] == []


def test_both_sides_have_the_same_rooms():
    face = {path.parent.name for path in ROOT.glob("processing_provider/*/__init__.py")} - {"tools"}
    science = {path.parent.name for path in ROOT.glob("algorithms/*/__init__.py")} - {"simulation"}
    assert face == science


# Files

def test_resources_exist():
    names = [element.text for element in ElementTree.parse(ROOT / "resources.qrc").iter("file")]
    assert names
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_every_icon_is_a_resource():
    names = {element.text for element in ElementTree.parse(ROOT / "resources.qrc").iter("file")}
    icons = [*(ROOT / "processing_provider" / "icons").glob("*"), *(ROOT / "ui").glob("*.svg")]
    assert {path.relative_to(ROOT).as_posix() for path in icons} == names


def test_metadata_names_versions_provider_and_icon():
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    general = metadata["general"]
    assert general["hasProcessingProvider"] == "yes"
    assert general["qgisMinimumVersion"] == "3.22"
    assert general["qgisMaximumVersion"] == "4.99"
    assert (ROOT / general["icon"]).is_file()
    for name in ("name", "description", "about", "version", "author", "email", "repository", "tracker"):
        assert general[name].strip(), name


# What loading costs

LOAD = """
import json, sys
sys.path[:0] = [{dev!r}, "/usr/share/qgis/python/plugins"]
from qgis.core import QgsApplication
application = QgsApplication([], False)
application.initQgis()
import processing
from processing.core.Processing import Processing
Processing.initialize()
before = set(sys.modules)
import nocturne
plugin = nocturne.classFactory(None)
plugin.initProcessing()
helps = [algorithm.shortHelpString() for algorithm in plugin.provider.algorithms()]
added = sorted({{name.split(".")[0] for name in set(sys.modules) - before}})
sys.stdout.write(json.dumps({{"added": added, "algorithms": len(helps)}}))
sys.stdout.flush()
import os
os._exit(0)  # the order in which QGIS and Python come down is not what is tested
"""


def test_loading_the_provider_imports_only_what_qgis_has():
    environment = {"PATH": "/usr/bin:/bin", "QT_QPA_PLATFORM": "offscreen", "HOME": os.environ.get("HOME", "/tmp")}
    done = subprocess.run(["/usr/bin/python3", "-c", LOAD.format(dev=str(ROOT / ".dev"))], capture_output=True,
                          text=True, check=True, env=environment, timeout=600)
    found = json.loads(done.stdout)
    ours = {"qgis", "PyQt5", "PyQt6", "processing", "nocturne", "sip"}
    assert set(found["added"]) - set(sys.stdlib_module_names) <= ours
    assert "nocturne" in found["added"]
    assert found["algorithms"] >= 5


# Every algorithm

def algorithm_classes():
    from nocturne.processing_provider.provider import ALGORITHMS

    return ALGORITHMS


@pytest.fixture(params=algorithm_classes(), ids=lambda each: each.NAME)
def algorithm(request, provider):
    return provider.algorithm(request.param.NAME)


def test_the_provider_lists_every_algorithm_and_every_chain(provider):
    chains = list(ROOT.glob("chains/*.model3"))
    assert len(provider.algorithms()) == len(algorithm_classes()) + len(chains)


def test_every_file_of_a_room_is_a_listed_algorithm():
    files = {path.stem for path in MODULES if path.parts[0] == "processing_provider" and len(path.parts) == 3} - {
        "__init__"}
    assert files == {each.__module__.split(".")[-1] for each in algorithm_classes()}


def test_ids_are_lower_case_letters_and_digits(provider):
    for each in provider.algorithms():
        assert each.name().isalnum()
        assert each.name() == each.name().lower()
        assert each.id() == f"nocturne:{each.name()}"


def test_every_parameter_is_explained(algorithm):
    assert [each.name() for each in algorithm.parameterDefinitions() if not each.help().strip()] == []
    assert [each.name() for each in algorithm.parameterDefinitions() if not each.description().strip()] == []
    text = html.unescape(algorithm.shortHelpString())
    assert [each.name() for each in algorithm.parameterDefinitions() if each.help() not in text] == []


def test_parameters_are_upper_case(algorithm):
    assert [each.name() for each in algorithm.parameterDefinitions() if each.name() != each.name().upper()] == []


def test_the_algorithm_describes_itself(algorithm):
    from nocturne.processing_provider.base import GROUPS

    assert algorithm.displayName()[0].isupper()
    assert algorithm.shortDescription().endswith(".")
    assert algorithm.tags()
    assert algorithm.group() == GROUPS[algorithm.groupId()]
    assert type(algorithm).__module__.split(".")[-2] == algorithm.groupId()


def test_icons_and_styles_exist(algorithm):
    from nocturne.processing_provider.layer_finish import STYLES

    assert Path(algorithm.svgIconPath()).is_file()
    assert not algorithm.icon().isNull()
    destinations = {each.name(): each for each in algorithm.parameterDefinitions() if each.isDestination()}
    for output, style in algorithm.STYLES.items():
        assert (STYLES / f"{style}.qml").is_file()
        assert destinations[output].type() in ("rasterDestination", "sink")


def test_every_style_is_used():
    from nocturne.processing_provider.layer_finish import STYLES

    used = {style for each in algorithm_classes() for style in each.STYLES.values()}
    assert used == {path.stem for path in STYLES.glob("*.qml")}


def test_an_instance_is_a_new_one_of_the_same_kind(algorithm):
    other = algorithm.create()
    assert other is not algorithm
    assert type(other) is type(algorithm)
    assert [each.name() for each in other.parameterDefinitions()] == [
        each.name() for each in algorithm.parameterDefinitions()]


def test_flags_are_those_of_an_algorithm_that_runs_in_the_background(algorithm):
    from qgis.core import QgsProcessingAlgorithm

    flag = QgsProcessingAlgorithm.Flag
    for unwanted in (flag.FlagNoThreading, flag.FlagDeprecated, flag.FlagHideFromToolbox, flag.FlagHideFromModeler):
        assert not algorithm.flags() & unwanted
    assert algorithm.flags() & flag.FlagCanCancel


def test_every_library_it_names_is_known(algorithm):
    from nocturne.processing_provider.dependencies import LIBRARIES

    assert {*algorithm.LIBRARIES, *algorithm.FASTER_WITH} <= set(LIBRARIES)
    assert algorithm.canExecute() == (True, "")


def all_settings(algorithm):
    from nocturne.algorithms.settings import Resources

    return [*(each for each in dataclasses.fields(algorithm.SETTINGS) if each.name not in algorithm.FIXED),
            *(each for each in dataclasses.fields(Resources)
              if algorithm.USES_RESOURCES and (algorithm.USES_DEVICE or each.name != "device"))]


def test_every_setting_is_a_parameter_with_its_default_bounds_and_options(algorithm):
    from qgis.core import QgsProcessingParameterDefinition

    for setting in all_settings(algorithm):
        parameter = algorithm.parameterDefinition(setting.name.upper())
        about = setting.metadata
        assert parameter is not None, setting.name
        assert (parameter.defaultValue() or None) == (setting.default or None), setting.name
        assert parameter.help() == about["help"]
        advanced = bool(parameter.flags() & QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        assert advanced == about["advanced"], setting.name
        if about["kind"] == "number":
            assert about["minimum"] is None or parameter.minimum() == about["minimum"]
            assert about["maximum"] is None or parameter.maximum() == about["maximum"]
        if about["kind"] == "choice":
            assert tuple(parameter.options()) == about["options"]
            assert parameter.usesStaticStrings()


def test_defaults_that_qgis_3_22_ignores_belong_to_optional_parameters(algorithm):
    from qgis.core import QgsProcessingParameterDefinition

    for each in algorithm.parameterDefinitions():
        if each.type() in ("crs", "extent", "file", "matrix", "range", "band", "datetime") and each.defaultValue():
            assert each.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional, each.name()


def mandatory_values(algorithm, folder):
    """One value for each mandatory parameter that has no default."""
    raster = folder / "raster.tif"
    with rasterio.open(raster, "w", driver="GTiff", width=3, height=3, count=1, dtype="float32", crs="EPSG:4326",
                       transform=from_origin(0, 3, 1, 1)) as dataset:
        dataset.write(np.ones((1, 3, 3), dtype=np.float32))
    layer = folder / "layer.geojson"
    layer.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"field": 1}, "geometry": {"type": "Point", "coordinates": [1, 1]}}]}))
    values = {"raster": str(raster), "file": str(folder), "source": str(layer), "field": "field"}
    return {each.name(): "TEMPORARY_OUTPUT" if each.isDestination() else values[each.type()]
            for each in algorithm.parameterDefinitions()
            if each.defaultValue() is None and not each.flags() & each.FlagOptional}


def test_the_defaults_are_accepted(algorithm, tmp_path):
    from qgis.core import QgsProcessingContext

    context = QgsProcessingContext()
    assert algorithm.checkParameterValues(mandatory_values(algorithm, tmp_path), context) == (True, "")


def bounded_settings():
    return [pytest.param(each, setting, id=f"{each.NAME}-{setting.name.upper()}")
            for each in algorithm_classes() for setting in all_settings(each)
            if setting.metadata["kind"] == "number" and setting.metadata["minimum"] is not None]


@pytest.mark.parametrize(("kind", "setting"), bounded_settings())
def test_a_number_below_its_bound_is_refused(kind, setting, provider, tmp_path):
    from qgis.core import QgsProcessingContext

    algorithm = provider.algorithm(kind.NAME)
    given = {**mandatory_values(algorithm, tmp_path), setting.name.upper(): setting.metadata["minimum"] - 1}
    fine, _ = algorithm.checkParameterValues(given, QgsProcessingContext())
    assert not fine
