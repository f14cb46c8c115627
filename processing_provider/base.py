"""What every algorithm repeats: help, parameters, the dependency guard, errors, provenance, styles, clean-up."""
from __future__ import annotations

import html
import os
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from qgis.core import (
    Qgis,
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterMultipleLayers,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt
from qgis.PyQt.QtGui import QIcon

from ..algorithms.errors import Cancelled, InputError, NocturneError
from ..algorithms.progress import Progress
from ..algorithms.settings import Resources, Settings
from . import dependencies
from .inputs import Inputs, setting_parameters
from .layer_finish import LayerFinish, layer_metadata, write_side_files
from .outputs import PROVENANCE_SUFFIX, Outputs

ICONS = Path(__file__).resolve().parent / "icons"
GROUPS = {"night_lights": "Night lights", "cbd": "Central business districts", "industry": "Industry",
          "districts": "District economy", "air_quality": "Air quality", "tools": "Tools"}

FILE_PROVIDERS = ("gdal", "ogr", "delimitedtext", "gpx")
SECRETS = re.compile(r"\b(user|username|password|authcfg)=('[^']*'|[^\s&]+)")

# Python must keep the post-processors: QGIS doesn't, and after a model or script the algorithm is gone before it loads.
_finishes: deque[LayerFinish] = deque(maxlen=1000)


class FeedbackProgress(Progress):
    """The science's messages and progress in QGIS's log; never on stdout."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback

    def set_fraction(self, fraction: float) -> None:
        self._feedback.setProgress(100 * fraction)

    def message(self, text: str) -> None:
        self._feedback.pushInfo(text)

    def warning(self, text: str) -> None:
        self._feedback.pushWarning(text)

    def is_cancelled(self) -> bool:
        return bool(self._feedback.isCanceled())


@dataclass(frozen=True)
class Run:
    """What execute() works with. settings is an instance of the algorithm's SETTINGS."""

    inputs: Inputs
    outputs: Outputs
    settings: Any
    resources: Resources
    progress: Progress


class NocturneAlgorithm(QgsProcessingAlgorithm):
    """Subclasses name themselves, declare layers and outputs, and call one function of the science in execute().

    STYLES: output to the name of its style. LIBRARIES are needed; FASTER_WITH are used where they are there.
    SETTINGS: the frozen dataclass whose fields become parameters; FIXED: values of fields that are no choice here.
    USES_DEVICE: it has a path for GPUs; torch is imported where DEVICE asks for one, or may find one.
    """

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    GROUP: ClassVar[str]
    SUMMARY: ClassVar[str]
    NOTES: ClassVar[str] = ""
    TAGS: ClassVar[tuple[str, ...]] = ()
    LIBRARIES: ClassVar[tuple[str, ...]] = ()
    FASTER_WITH: ClassVar[tuple[str, ...]] = ()
    SETTINGS: ClassVar[type[Settings]] = Settings
    FIXED: ClassVar[dict[str, Any]] = {}
    USES_RESOURCES: ClassVar[bool] = True
    USES_DEVICE: ClassVar[bool] = False
    STYLES: ClassVar[dict[str, str]] = {}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        """Inputs that aren't settings: layers, folders, bands."""
        return []

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return []

    def results(self) -> list[QgsProcessingOutputDefinition]:
        """Numbers and texts that a model can use."""
        return []

    def help_table(self) -> list[list[str]]:
        """Rows of a table that ends the notes, the first one its head."""
        return []

    def execute(self, run: Run) -> dict[str, Any]:
        """Reads inputs, calls the science, writes outputs; returns the declared results() by name."""
        raise AttributeError(f"{type(self).__name__} has no execute()")

    def name(self) -> str:
        return self.NAME

    def displayName(self) -> str:
        return self.TITLE

    def group(self) -> str:
        return GROUPS[self.GROUP]

    def groupId(self) -> str:
        return self.GROUP

    def shortDescription(self) -> str:
        return self.SUMMARY

    def tags(self) -> list[str]:
        return list(self.TAGS)

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(ICONS / f"{self.GROUP}.svg")

    def createInstance(self) -> NocturneAlgorithm:
        return type(self)()

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        settings = setting_parameters(self.SETTINGS, self.FIXED)
        resources = setting_parameters(Resources, self._fixed_resources()) if self.USES_RESOURCES else []
        for parameter in [*self.layers(), *settings, *resources, *self.destinations()]:
            self.addParameter(parameter)
        for output in self.results():
            self.addOutput(output)

    def shortHelpString(self) -> str:
        """HTML in the desktop; plain text in qgis_process, which prints it as it is."""
        parts = [(parameter.description(), parameter.help()) for parameter in self.parameterDefinitions()
                 if parameter.help()]
        paragraphs = [self.SUMMARY, *(self.NOTES.split("\n\n") if self.NOTES else [])]
        table = self.help_table()
        if _is_headless():
            rows = "\n".join(" | ".join(cells) for cells in table)
            return "\n\n".join([*paragraphs, *([rows] if rows else []),
                                "\n".join(f"{label}: {text}" for label, text in parts)])
        body = "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs)
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>" for cells in table)
        listed = "".join(f"<p><b>{html.escape(label)}</b><br/>{html.escape(text)}</p>" for label, text in parts)
        return body + (f"<table border='1' cellspacing='0' cellpadding='2'>{rows}</table>" if rows else "") + listed

    def canExecute(self) -> tuple[bool, str]:
        sentence = dependencies.missing(self.LIBRARIES)
        return not sentence, sentence

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        # First our own check, whose sentence says what was found and what to do; QGIS only names the parameter.
        try:
            inputs = Inputs(self, parameters, context)
            inputs.settings(self.SETTINGS, self.FIXED)
            self._resources(inputs)
            for parameter in self.layers():
                if parameter.type() == "raster":
                    inputs.check_raster(parameter.name())
        except InputError as error:
            return False, str(error)
        return super().checkParameterValues(parameters, context)

    def processAlgorithm(self, parameters: dict[str, Any], context: QgsProcessingContext,
                         feedback: QgsProcessingFeedback) -> dict[str, Any]:
        outputs = Outputs(self, parameters, context)
        try:
            # qgis_process never asks canExecute().
            dependencies.load(*self.LIBRARIES)
            dependencies.load_if_there(*self.FASTER_WITH)
            outputs.check_names()
            outputs.protect(self._input_paths(parameters, context))
            inputs = Inputs(self, parameters, context)
            resources = self._resources(inputs)
            if self.USES_DEVICE:
                _load_torch(resources.device)
            settings = inputs.settings(self.SETTINGS, self.FIXED)
            run = Run(inputs, outputs, settings, resources, FeedbackProgress(feedback))
            results = self.execute(run)
            outputs.close_sinks(run.progress)
            finishes = self._write_side_files(outputs, parameters, context)
            run.progress.check()
            outputs.commit()
            _finish_when_loaded(finishes, outputs, context)
        except Cancelled:
            outputs.discard()
            return {}
        except (NocturneError, dependencies.MissingLibrary) as error:
            outputs.discard()
            raise QgsProcessingException(str(error)) from error
        except MemoryError as error:
            outputs.discard()
            raise QgsProcessingException("The memory didn't suffice; lower MAX_MEMORY or THREADS.") from error
        except BaseException:
            outputs.discard()
            raise
        return {**outputs.destinations, **results}

    def _fixed_resources(self) -> dict[str, Any]:
        return {} if self.USES_DEVICE else {"device": "cpu"}

    def _resources(self, inputs: Inputs) -> Resources:
        read: Resources = inputs.settings(Resources, self._fixed_resources()) if self.USES_RESOURCES else Resources()
        return read

    def _write_side_files(self, outputs: Outputs, parameters: dict[str, Any],
                          context: QgsProcessingContext) -> dict[str, LayerFinish]:
        """Style, metadata and provenance beside the staged files; what is left to do when QGIS loads the outputs."""
        if not outputs.destinations:
            return {}
        from ..algorithms.provenance import describe_run

        given = {each.name(): _json_value(parameters.get(each.name(), each.defaultValue()))
                 for each in self.parameterDefinitions()}
        provenance = describe_run(self.id(), given, self._input_paths(parameters, context),
                                  {"qgis": Qgis.QGIS_VERSION})
        finishes = {}
        for name in outputs.destinations:
            definition = self.parameterDefinition(name)
            style, path = self.STYLES.get(name, ""), outputs.staged_files.get(name)
            metadata = layer_metadata(definition.description(), definition.help(), provenance)
            if path is not None and definition.type() != "fileDestination":
                with outputs.writing(name):
                    write_side_files(path, style, metadata, PROVENANCE_SUFFIX, provenance)
            finishes[name] = LayerFinish(style, metadata)
        return finishes

    def _input_paths(self, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, str]:
        """Files and folders behind the inputs, for their fingerprints."""
        paths = {}
        for parameter in self.layers():
            if parameters.get(parameter.name()) in (None, "") or parameter.type() == "band":
                continue
            if parameter.type() == "file":
                paths[parameter.name()] = self.parameterAsFile(parameters, parameter.name(), context)
                continue
            if parameter.type() == "multilayer":
                listed = self._listed_paths(parameter, parameters, context)
                paths.update({f"{parameter.name()}[{number}]": path for number, path in enumerate(listed) if path})
                continue
            layer = self.parameterAsLayer(parameters, parameter.name(), context)
            if layer is not None:
                paths[parameter.name()] = _source(layer).split("|")[0]
        return {name: os.path.abspath(path) if os.path.exists(path) else path for name, path in paths.items()}

    def _listed_paths(self, parameter: QgsProcessingParameterMultipleLayers, parameters: dict[str, Any],
                      context: QgsProcessingContext) -> list[str]:
        if parameter.layerType() == QgsProcessing.SourceType.TypeFile:
            return list(self.parameterAsFileList(parameters, parameter.name(), context))
        return [_source(layer) for layer in self.parameterAsLayerList(parameters, parameter.name(), context)]


def _load_torch(device: str) -> None:
    """Only where there may be a GPU, because importing it takes seconds. Raises MissingLibrary where one was named."""
    from ..algorithms.devices import may_take_gpu

    if may_take_gpu(device):
        (dependencies.load_if_there if device == "auto" else dependencies.load)("torch")


def _finish_when_loaded(finishes: dict[str, LayerFinish], outputs: Outputs, context: QgsProcessingContext) -> None:
    """After the outputs got their final names, because QGIS deletes the post-processor of a name that is replaced."""
    layers = context.layersToLoadOnCompletion()
    for name, finish in finishes.items():
        destination = outputs.destinations[name]
        for key in layers:
            if key == destination or key.startswith(f"{destination}|"):
                _finishes.append(finish)
                layers[key].setPostProcessor(finish)
    context.setLayersToLoadOnCompletion(layers)


def _source(layer: QgsMapLayer) -> str:
    """A file's source; of databases and services the name only, because their sources may hold passwords."""
    if layer.providerType() in FILE_PROVIDERS:
        return str(layer.source())
    return f"{layer.providerType()} layer '{layer.name()}'"


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return SECRETS.sub(r"\1=...", value)
    if isinstance(value, (list, tuple)):
        return [_json_value(each) for each in value]
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        return str(value.sink.staticValue())
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        return {"source": str(value.source.staticValue()), "selected_features_only": value.selectedFeaturesOnly}
    if isinstance(value, QgsMapLayer):
        return _source(value)
    if isinstance(value, (QDate, QDateTime)):
        return str(value.toString(Qt.DateFormat.ISODate))
    if hasattr(value, "authid"):
        return str(value.authid())
    if hasattr(value, "toString"):
        return str(value.toString())
    return str(value)


def _is_headless() -> bool:
    from qgis.utils import iface

    return iface is None
