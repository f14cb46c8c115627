"""Reads Processing parameters into what the science takes: settings, raster inputs, polygons, folders."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsField,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QVariant

from ..algorithms.errors import InputError
from ..algorithms.settings import Bounds, Settings, parameter_name

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qgis.core import QgsProcessingAlgorithm

    from ..algorithms.feature_tables import FeatureTable
    from ..algorithms.rasters import RasterInput

WGS84 = QgsCoordinateReferenceSystem("EPSG:4326")


def described(parameter: QgsProcessingParameterDefinition, help: str,
              advanced: bool = False) -> QgsProcessingParameterDefinition:
    """The parameter with its help, which also stands in the algorithm's help text."""
    parameter.setHelp(help)
    if advanced:
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return parameter


def setting_parameters(settings: type[Settings],
                       fixed: Collection[str] = ()) -> list[QgsProcessingParameterDefinition]:
    """One Processing parameter per field of a settings class, but for the fixed ones."""
    return [described(_parameter(setting), setting.metadata["help"], setting.metadata["advanced"])
            for setting in fields(settings) if setting.name not in fixed]


def _parameter(setting: Any) -> QgsProcessingParameterDefinition:
    name, about, default = parameter_name(setting), setting.metadata, setting.default
    unit = about.get("unit")
    label = f"{about['label']} ({unit})" if unit else about["label"]
    kind = about["kind"]
    # QGIS 3.22 ignores the default of mandatory Crs, Extent and similar parameters: these are optional.
    if kind == "number":
        integer = setting.type in ("int", "int | None", int)
        number = QgsProcessingParameterNumber.Type.Integer if integer else QgsProcessingParameterNumber.Type.Double
        parameter = QgsProcessingParameterNumber(name, label, number, default, optional=default is None)
        if about["minimum"] is not None:
            parameter.setMinimum(about["minimum"])
        if about["maximum"] is not None:
            parameter.setMaximum(about["maximum"])
        return parameter
    if kind == "choice":
        return QgsProcessingParameterEnum(name, label, list(about["options"]), False, default, False, True)
    if kind == "flag":
        return QgsProcessingParameterBoolean(name, label, default)
    if kind == "day":
        return QgsProcessingParameterDateTime(name, label, QgsProcessingParameterDateTime.Type.Date, None, True)
    if kind == "extent":
        return QgsProcessingParameterExtent(name, label, optional=True)
    if kind == "crs":
        return QgsProcessingParameterCrs(name, label, optional=True)
    return QgsProcessingParameterString(name, label, default, optional=default == "")


class Inputs:
    """The parameters of one run. Every method raises InputError for what can't be used."""

    def __init__(self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any],
                 context: QgsProcessingContext) -> None:
        self._algorithm = algorithm
        self._parameters = parameters
        self._context = context

    def settings(self, settings: type[Settings], fixed: Mapping[str, Any] = MappingProxyType({})) -> Any:
        """An instance of the settings class; fixed gives the values of fields that are no parameters."""
        values = {setting.name: self._value(parameter_name(setting), setting) for setting in fields(settings)
                  if setting.name not in fixed}
        return settings(**values, **fixed)

    def _value(self, name: str, setting: Any) -> Any:
        read, parameters, context = self._algorithm, self._parameters, self._context
        kind = setting.metadata["kind"]
        given = parameters.get(name)
        if kind == "number":
            if setting.default is None and given in (None, ""):
                return None
            if isinstance(given, str) and given and not _is_number(given):
                raise InputError(name, f"'{given}' was given", "give a number")
            integer = setting.type in ("int", "int | None", int)
            return read.parameterAsInt(parameters, name, context) if integer else \
                read.parameterAsDouble(parameters, name, context)
        if kind == "choice":
            # QGIS takes the default for a text that isn't an option; the settings refuse it.
            chosen = given if isinstance(given, str) else ""
            return chosen or read.parameterAsEnumString(parameters, name, context)
        if kind == "flag":
            return read.parameterAsBoolean(parameters, name, context)
        if kind == "day":
            return self._day(name, given)
        if kind == "extent":
            return self._extent(name, given)
        if kind == "crs":
            return self._crs(name, given)
        return read.parameterAsString(parameters, name, context)

    def _day(self, name: str, given: Any) -> date | None:
        day = self._algorithm.parameterAsDateTime(self._parameters, name, self._context).date()
        if day.isValid():
            return date(day.year(), day.month(), day.day())
        if isinstance(given, str) and given:
            raise InputError(name, f"'{given}' isn't a date", "give it as YYYY-MM-DD")
        return None

    def _extent(self, name: str, given: Any) -> Bounds | None:
        if given in (None, ""):
            return None
        box = self._algorithm.parameterAsExtent(self._parameters, name, self._context, WGS84)
        if box.isNull():
            raise InputError(name, f"'{given}' isn't an extent", "give west, east, south and north with their CRS, "
                             "such as 115.3,116,30.5,31.2 [EPSG:4326]")
        return box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()

    def _crs(self, name: str, given: Any) -> str:
        crs = self._algorithm.parameterAsCrs(self._parameters, name, self._context)
        if crs.isValid():
            return crs_text(crs)
        if given in (None, "") or (isinstance(given, QgsCoordinateReferenceSystem) and not given.isValid()):
            return ""
        raise InputError(name, f"'{given}' isn't a coordinate reference system", "give one such as EPSG:32651")

    def one_of(self, *names: str) -> str:
        """The one of several optional parameters that was given. Raises InputError for none and for several."""
        given = [name for name in names if self._parameters.get(name) not in (None, "")]
        if len(given) != 1:
            listed = " and ".join(names)
            raise InputError(names[0], f"{listed} were both given" if given else f"neither {' nor '.join(names)} was "
                             "given", "give one of them")
        return given[0]

    def refuse(self, names: Iterable[str], given: str) -> None:
        """Raises InputError for a parameter that says nothing beside the one that was given.

        Temporary outputs that QGIS names by default are nobody's wish.
        """
        for name in names:
            definition, value = self._algorithm.parameterDefinition(name), self._parameters.get(name)
            if isinstance(value, QgsProcessingOutputLayerDefinition):
                value = value.sink.staticValue()
            by_default = definition.isDestination() and definition.createByDefault() and value == "TEMPORARY_OUTPUT"
            if value not in (None, "") and not by_default:
                raise InputError(name, f"it has no meaning with {given}", "leave it empty")

    def text(self, name: str) -> str:
        return str(self._algorithm.parameterAsString(self._parameters, name, self._context))

    def fields(self, name: str) -> list[str]:
        """The fields of a parameter that takes several."""
        given = self._algorithm.parameterAsFields(self._parameters, name, self._context)
        return [str(field) for field in given if field]

    def folder(self, name: str) -> str:
        """Path of an input folder or of a folder destination."""
        if self._algorithm.parameterDefinition(name).isDestination():
            return str(self._algorithm.parameterAsFileOutput(self._parameters, name, self._context))
        return str(self._algorithm.parameterAsFile(self._parameters, name, self._context))

    def files(self, name: str) -> list[str]:
        """Paths of files and folders in the order in which they were given; empty where nothing was."""
        return [str(path) for path in self._algorithm.parameterAsFileList(self._parameters, name, self._context)
                if path]

    def band(self, name: str) -> int:
        return int(self._algorithm.parameterAsInt(self._parameters, name, self._context))

    def raster(self, name: str) -> RasterInput:
        """Path of a raster layer's file and the CRS that QGIS gives it."""
        return self._raster(name, self._algorithm.parameterAsRasterLayer(self._parameters, name, self._context))

    def rasters(self, name: str) -> list[RasterInput]:
        """The same of several raster layers; empty where nothing was given."""
        layers = self._algorithm.parameterAsLayerList(self._parameters, name, self._context)
        return [self._raster(name, layer) for layer in layers]

    def check_raster(self, name: str) -> None:
        """Raises InputError for what was given and is no raster layer; QGIS's own sentence doesn't say what to do."""
        if self._parameters.get(name) not in (None, ""):
            self._check_opens(name, self._algorithm.parameterAsRasterLayer(self._parameters, name, self._context))

    def _check_opens(self, name: str, layer: Any) -> None:
        if layer is None or not layer.isValid():
            raise InputError(name, f"'{self.text(name)}' can't be opened as a raster layer",
                             "choose a raster file that exists")

    def _raster(self, name: str, layer: Any) -> RasterInput:
        from ..algorithms.rasters import RasterInput

        self._check_opens(name, layer)
        if layer.providerType() != "gdal":
            shown = layer.name() or self.text(name)
            raise InputError(name, f"'{shown}' is a layer of the kind '{layer.providerType()}'",
                             "save it as a GeoTIFF first")
        return RasterInput(name, layer.source(), crs_text(layer.crs()) if layer.crs().isValid() else "")

    def optional_raster(self, name: str) -> RasterInput | None:
        """The same; None where nothing was given."""
        return None if self._parameters.get(name) in (None, "") else self.raster(name)

    def features(self, name: str, fields: Iterable[str] | None = None) -> FeatureTable | None:
        """The (selected) rows of a layer or table; None where nothing was given. fields: the wanted ones, None = all.

        Fields that aren't there are left out; FeatureTable says so when they are asked for. Lists and binary fields
        are left out too.
        """
        from ..algorithms.feature_tables import FeatureTable

        if self._parameters.get(name) in (None, ""):
            return None
        source = self._algorithm.parameterAsSource(self._parameters, name, self._context)
        if source is None:
            raise InputError(name, f"'{self.text(name)}' can't be opened as a layer or table", "choose one that exists")
        wanted = None if fields is None else set(fields)
        found = [(index, field.name(), _kind(field)) for index, field in enumerate(source.fields())
                 if _kind(field) and (wanted is None or field.name() in wanted)]
        request = QgsFeatureRequest().setSubsetOfAttributes([index for index, _, _ in found])
        has_shapes = source.wkbType() != QgsWkbTypes.Type.NoGeometry
        if not has_shapes:
            request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
        values: list[list[Any]] = [[] for _ in found]
        wkb: list[bytes | None] = []
        for feature in source.getFeatures(request):
            attributes = feature.attributes()
            for column, (index, _, kind) in zip(values, found):
                column.append(_plain(attributes[index], kind))
            if has_shapes:
                wkb.append(_straight_wkb(feature.geometry()))
        crs = source.sourceCrs()
        return FeatureTable(
            name, {field: _column(column, kind) for column, (_, field, kind) in zip(values, found)},
            {field: kind for _, field, kind in found}, tuple(wkb), crs_text(crs) if crs.isValid() else "",
            int(QgsWkbTypes.linearType(source.wkbType())))

    def polygons(self, name: str) -> tuple[list[bytes], str] | None:
        """WKB of each (selected) feature's polygon and the layer's CRS as text; None where nothing was given."""
        if self._parameters.get(name) in (None, ""):
            return None
        source = self._algorithm.parameterAsSource(self._parameters, name, self._context)
        if source is None:
            raise InputError(name, f"'{self.text(name)}' can't be opened as a vector layer",
                             "choose a polygon layer that exists")
        shapes = []
        for feature in source.getFeatures():
            shape = _straight_wkb(feature.geometry())
            if shape is not None:
                shapes.append(shape)
        if not shapes:
            raise InputError(name, f"'{source.sourceName()}' has no polygon", "choose a layer with at least one")
        if not source.sourceCrs().isValid():
            raise InputError(name, f"'{source.sourceName()}' has no coordinate reference system",
                             "assign the right one to the layer")
        return shapes, crs_text(source.sourceCrs())


def _kind(field: QgsField) -> str:
    """The kind of a column as outputs.py names it; empty for lists, maps and binary values."""
    if field.type() == QVariant.Bool:
        return "flag"
    if field.isNumeric():
        return "number" if field.type() == QVariant.Double else "integer"
    return {QVariant.String: "text", QVariant.Date: "date", QVariant.DateTime: "date"}.get(field.type(), "")


def _plain(value: Any, kind: str) -> Any:
    if value is None or value == NULL:
        return None
    if kind == "date":
        day: QDate = value.date() if isinstance(value, QDateTime) else value
        return date(day.year(), day.month(), day.day()) if day.isValid() else None
    return value if kind == "text" else float(value)


def _column(values: list[Any], kind: str) -> NDArray[Any]:
    import numpy as np

    return np.array(values, dtype=object if kind in ("text", "date") else np.float64)


def _straight_wkb(geometry: QgsGeometry) -> bytes | None:
    """WKB without curves; None for no geometry."""
    if geometry.isEmpty():
        return None
    geometry.convertToStraightSegment()
    return bytes(geometry.asWkb())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """The EPSG code, else WKT: codes of QGIS's own registry mean nothing to the science."""
    if crs.authid().startswith("EPSG:"):
        return str(crs.authid())
    return str(crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED))
