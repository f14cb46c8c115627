"""The one place that opens destinations.

A file is written as `<folder>/.nocturne-<random>/<file name>` and moved when the whole run has succeeded: side files
first, the main file last, and either all outputs or none. Memory and database destinations are written directly.
"""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterDestination,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QVariant

from ..algorithms.errors import OutputError

if TYPE_CHECKING:
    from qgis.core import QgsProcessingAlgorithm

    from ..algorithms.feature_tables import FeatureTable
    from ..algorithms.folders import StagingFolder
    from ..algorithms.progress import Progress

FIELD_TYPES = {"integer": QVariant.Int, "number": QVariant.Double, "text": QVariant.String, "date": QVariant.Date,
               "flag": QVariant.Bool}
PROVENANCE_SUFFIX = ".nocturne.json"
# Side files of an earlier output that would lie about the new one.
STALE_SUFFIXES = (".aux.xml", ".ovr", ".msk", PROVENANCE_SUFFIX)
NO_FILES = ("memory:", "ogr:", "postgis:", "postgres:", "spatialite:", "mssql:", "oracle:")
ROOM = "choose a folder that can be written and has room"


@dataclass
class _Staged:
    """One file on its way: the parameter, where it is written, where it will stand, and that as it was given."""

    name: str
    path: Path
    final: Path
    given: Path
    folder: StagingFolder

    def moves(self) -> list[tuple[Path, Path]]:
        """Every file that was written and where it goes: side files first."""
        written = sorted(self.folder.files(), key=lambda path: path == self.path)
        return [(path, self.final.parent / path.name) for path in written]


@dataclass(frozen=True)
class _Move:
    """A file that got its final name; earlier: another name of the file that stood there before, None = there was none.
    """

    target: Path
    earlier: Path | None

    def undo(self) -> None:
        with suppress(OSError):
            if self.earlier is None:
                self.target.unlink(missing_ok=True)
            else:
                os.replace(self.earlier, self.target)


def _second_name(target: Path, staged: _Staged) -> Path | None:
    """Another name for the file that stands there, so that it always has one; a copy where links can't be made."""
    if not target.is_file():
        return None
    second = staged.folder.path / f"{target.name}.earlier"
    try:
        os.link(target, second)
    except OSError:
        shutil.copy2(target, second)
    return second


class Sink:
    """Features of one vector or table output."""

    def __init__(self, name: str, sink: QgsFeatureSink, fields: QgsFields) -> None:
        self._name = name
        self._sink: QgsFeatureSink | None = sink
        self._fields = fields
        self.count = 0

    def add(self, attributes: Sequence[Any], wkb: bytes | None = None) -> None:
        if self._sink is None:
            raise OutputError(self._name, "the layer is closed already", "report this as a fault of the plugin")
        feature = QgsFeature(self._fields)
        feature.setAttributes([_qt_date(value) if isinstance(value, date) else value for value in attributes])
        if wkb is not None:
            geometry = QgsGeometry()
            geometry.fromWkb(wkb)
            feature.setGeometry(geometry)
        if not self._sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
            self._fail()
        self.count += 1

    def close(self) -> None:
        """Writes what is buffered. Raises OutputError where that fails."""
        if self._sink is None:
            return
        if not self._sink.flushBuffer():
            self._fail()
        if hasattr(self._sink, "finalize"):
            self._sink.finalize()
        self._sink = None  # QGIS writes the rest when the sink is gone

    def renamed(self, stored: Sequence[str]) -> list[tuple[str, str]]:
        """Fields that were stored under another name, with that."""
        return [(given, name) for given, name in zip(self._fields.names(), stored) if given != name]

    def _fail(self) -> None:
        reason = self._sink.lastError() if self._sink is not None else ""
        raise OutputError(self._name, f"a feature could not be written ({reason})", ROOM)


class Outputs:
    """The destinations of one run; nothing stands under a final name before commit()."""

    def __init__(self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any],
                 context: QgsProcessingContext) -> None:
        self._algorithm = algorithm
        self._parameters = parameters
        self._context = context
        self._staged: list[_Staged] = []
        self._made_folders: list[Path] = []
        self._sinks: dict[str, Sink] = {}
        self._inputs: dict[str, str] = {}
        self.destinations: dict[str, str] = {}

    def protect(self, inputs: dict[str, str]) -> None:
        """Files that outputs may not replace: parameter to path."""
        self._inputs = {os.path.realpath(path): name for name, path in inputs.items() if os.path.isfile(path)}

    def check_names(self) -> None:
        """Raises OutputError where files that were named would share side files: before the work, not after it."""
        named: dict[str, Path] = {}
        for definition in self._algorithm.destinationParameterDefinitions():
            text = self._named(definition.name())
            if text and definition.type() != "folderDestination":
                target = Path(os.path.realpath(text))
                self._check_apart(definition.name(), target, named)
                named[definition.name()] = target

    def _check_apart(self, name: str, target: Path, others: Mapping[str, Path]) -> None:
        """Layers have a style and metadata beside them, under the same name; reports and tables of text haven't."""
        for other, file in others.items():
            layers = self._is_layer(name) and self._is_layer(other)
            if file == target or (layers and file.with_suffix("") == target.with_suffix("")):
                raise OutputError(name, f"'{target.name}' would share its style file with {other} '{file.name}'",
                                  "give names that differ by more than the ending")

    def _is_layer(self, name: str) -> bool:
        return bool(self._algorithm.parameterDefinition(name).type() != "fileDestination")

    def is_wanted(self, name: str) -> bool:
        return self._parameters.get(name) not in (None, "")

    def raster(self, name: str) -> str | None:
        """Path to write a GeoTIFF to; None where the optional output isn't wanted."""
        if not self._wants(name):
            return None
        final = self._algorithm.parameterAsOutputLayer(self._parameters, name, self._context)
        if not final.lower().endswith((".tif", ".tiff")):
            raise OutputError(name, f"'{final}' doesn't end in .tif", "give the name of a GeoTIFF")
        return str(self._stage(name, final).path)

    def required_raster(self, name: str) -> str:
        path = self.raster(name)
        if path is None:
            raise OutputError(name, "no file was named", "give the name of a GeoTIFF")
        return path

    def file(self, name: str) -> str | None:
        """Path to write a report or table file to; None where the optional output isn't wanted."""
        if not self._wants(name):
            return None
        final = self._algorithm.parameterAsFileOutput(self._parameters, name, self._context)
        return str(self._stage(name, final).path)

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Makes an OutputError of the system's own while a file of this output is written."""
        try:
            yield
        except OSError as error:
            raise OutputError(name, f"'{self.staged_files[name].name}' could not be written ({error.strerror})",
                              ROOM) from error

    def sink(self, name: str, columns: Mapping[str, str], geometry: QgsWkbTypes.Type = QgsWkbTypes.Type.NoGeometry,
             crs: str = "") -> Sink | None:
        """A vector or table output, to be opened after the science returned; None where it isn't wanted.

        columns: name to kind, one of integer, number, text, date, flag. crs: authority code or WKT.
        """
        if not self._wants(name):
            return None
        fields = QgsFields()
        for column, kind in columns.items():
            fields.append(QgsField(column, FIELD_TYPES[kind]))
        parameters = dict(self._parameters)
        final = self._file_of_sink(name)
        if final is not None:
            if geometry == QgsWkbTypes.Type.NoGeometry and final.lower().endswith(".shp"):
                raise OutputError(name, f"'{final}' is a Shapefile, which holds no table without geometries",
                                  "give a name that ends in .gpkg or .csv")
            staged = self._stage(name, final)
            parameters[name] = self._redirected(name, str(staged.path))
        qgis_sink, destination = self._algorithm.parameterAsSink(
            parameters, name, self._context, fields, geometry, QgsCoordinateReferenceSystem(crs))
        if qgis_sink is None:
            raise OutputError(name, f"'{final or destination}' could not be created",
                              "give a file name with a known ending such as .gpkg in a folder that can be written")
        self.destinations[name] = destination
        self._sinks[name] = Sink(name, qgis_sink, fields)
        return self._sinks[name]

    def add_fields(self, name: str, table: FeatureTable, added: Mapping[str, tuple[str, Sequence[Any]]]) -> None:
        """Writes an input layer's features with further fields: name to kind and one value per row; NaN becomes NULL.

        A field of the input with an added one's name gives way to it, whatever its capitals: databases ignore them.
        """
        taken = {field.lower() for field in added}
        kept = {field: (kind, table.columns[field]) for field, kind in table.kinds.items()
                if field.lower() not in taken}
        fields = {**kept, **added}
        sink = self.sink(name, {field: kind for field, (kind, _) in fields.items()},
                         QgsWkbTypes.Type(table.wkb_type), table.crs)
        if sink is None:
            return
        columns = [[_plain(value, kind) for value in values] for kind, values in fields.values()]
        shapes = table.wkb or (None,) * len(table)
        for shape, *attributes in zip(shapes, *columns):
            sink.add(attributes, shape)

    def drop(self, name: str) -> None:
        """Forgets an optional output that the inputs couldn't give."""
        for staged in [each for each in self._staged if each.name == name]:
            staged.folder.remove()
            self._staged.remove(staged)
        self._remove_made_folders()
        layers = self._context.layersToLoadOnCompletion()
        self._context.setLayersToLoadOnCompletion(
            {key: details for key, details in layers.items() if key != self.destinations.get(name)})
        self.destinations.pop(name, None)

    def _wants(self, name: str) -> bool:
        definition = self._algorithm.parameterDefinition(name)
        return self.is_wanted(name) or definition.defaultValue() not in (None, "")

    def _file_of_sink(self, name: str) -> str | None:
        """Final path of a file destination; None for memory, temporary and database destinations."""
        text = self._named(name)
        if not text:
            return None
        if "|" in text or "%" in text:
            raise OutputError(name, f"'{text}' has a character that QGIS takes for something else",
                              "give a file name without | and %")
        return text if Path(text).suffix else f"{text}.{self._algorithm.provider().defaultVectorFileExtension()}"

    def _named(self, name: str) -> str:
        """The file that the user named; empty for none, and for memory, temporary and database destinations."""
        value = self._parameters.get(name)
        if isinstance(value, QgsProcessingOutputLayerDefinition):
            value = value.sink.staticValue()
        text = str(value or "")
        return "" if text == "TEMPORARY_OUTPUT" or text.startswith(NO_FILES) else text

    def _redirected(self, name: str, path: str) -> Any:
        value = self._parameters.get(name)
        if not isinstance(value, QgsProcessingOutputLayerDefinition):
            return path
        redirected = QgsProcessingOutputLayerDefinition(path, value.destinationProject)
        redirected.createOptions = value.createOptions
        redirected.destinationName = value.destinationName
        return redirected

    def _stage(self, name: str, final: str) -> _Staged:
        target = Path(os.path.realpath(final))
        if target.is_dir():
            raise OutputError(name, f"'{target}' is a folder", "give the name of a file")
        self._check_target(name, target)
        from ..algorithms.folders import StagingFolder

        try:
            for folder in reversed(target.parents):
                if not folder.exists():
                    folder.mkdir()
                    self._made_folders.append(folder)
            staging = StagingFolder(target.parent)
        except OSError as error:
            self._remove_made_folders()
            raise OutputError(name, f"'{target}' can't be written ({error.strerror})",
                              "choose a folder that exists and can be written") from error
        staged = _Staged(name, staging.path / target.name, target, Path(final).absolute(), staging)
        self._staged.append(staged)
        self.destinations[name] = str(staged.given)
        return staged

    def _check_target(self, name: str, target: Path) -> None:
        """Raises OutputError where writing would destroy an input, another output or what a program has open."""
        if str(target) in self._inputs:
            raise OutputError(name, f"'{target}' is the input {self._inputs[str(target)]}", "give another name")
        self._check_apart(name, target, {other.name: other.final for other in self._staged})
        journal = Path(f"{target}-wal")
        if journal.exists() and journal.stat().st_size:
            raise OutputError(name, f"'{target}' is open in another program ({journal.name} isn't empty)",
                              "close it there or give another name")

    @property
    def staged_files(self) -> dict[str, Path]:
        """The files as they stand before commit, by parameter."""
        return {staged.name: staged.path for staged in self._staged}

    def close_sinks(self, progress: Progress) -> None:
        """Closes vector outputs and checks that what was added can be read again; says which names were shortened."""
        for name, sink in self._sinks.items():
            sink.close()
            path = self.staged_files.get(name)
            if path is not None and path.suffix != ".csv":
                layer = QgsVectorLayer(str(path), name, "ogr")
                written = max(0, layer.featureCount())  # -2 where it can't be opened
                if written != sink.count:
                    raise OutputError(name, f"{written} of {sink.count} features could be written to '{path.name}'",
                                      ROOM)
                shortened = sink.renamed(layer.fields().names()) if path.suffix.lower() == ".shp" else []
                if shortened:
                    listed = ", ".join(f"{given} is {stored}" for given, stored in shortened)
                    progress.warning(f"{name}: a Shapefile holds 10 letters of a field name ({listed}); give a name "
                                     "that ends in .gpkg to keep them.")

    def commit(self) -> None:
        """Moves every output to its final name, or none: what was moved goes back when a later one fails."""
        moved: list[_Move] = []
        for staged in self._staged:
            try:
                for source, target in staged.moves():
                    move = _Move(target, _second_name(target, staged))
                    os.replace(source, target)
                    moved.append(move)
            except OSError as error:
                for move in reversed(moved):
                    move.undo()
                raise OutputError(staged.name, f"'{staged.final}' could not be replaced ({error.strerror})",
                                  "close the programs that use it") from error
        new = {move.target for move in moved}
        for staged in self._staged:
            for stale in {Path(f"{staged.final}{suffix}") for suffix in STALE_SUFFIXES} - new:
                with suppress(OSError):
                    stale.unlink(missing_ok=True)
            staged.folder.remove()
            self._rekey_layer(staged)
        self._staged.clear()

    def _rekey_layer(self, staged: _Staged) -> None:
        """QGIS loads what stands under the name that it was told when the output was opened."""
        layers = self._context.layersToLoadOnCompletion()
        moved = {key.replace(str(staged.path), str(staged.given)): details for key, details in layers.items()}
        if moved.keys() != layers.keys():
            self._context.setLayersToLoadOnCompletion(moved)
        if staged.name in self._sinks:
            self.destinations[staged.name] = self.destinations[staged.name].replace(
                str(staged.path), str(staged.given))

    def discard(self) -> None:
        """Removes what was begun; what stood under the final names before still stands there."""
        self._sinks.clear()  # QGIS closes the files with the last reference
        for staged in self._staged:
            staged.folder.remove()
        self._staged.clear()
        self._remove_made_folders()

    def _remove_made_folders(self) -> None:
        """Those that hold nothing; innermost first."""
        for folder in reversed(self._made_folders):
            with suppress(OSError):
                folder.rmdir()


def _plain(value: Any, kind: str) -> Any:
    """A value as QGIS stores it in a field of the kind."""
    if value is None or value != value:  # NaN
        return None
    if kind in ("text", "date"):
        return value
    return {"integer": int, "number": float, "flag": bool}[kind](value)


def _qt_date(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


def is_destination(parameter: Any) -> bool:
    return isinstance(parameter, (QgsProcessingParameterRasterDestination, QgsProcessingParameterFeatureSink,
                                  QgsProcessingParameterFileDestination))
