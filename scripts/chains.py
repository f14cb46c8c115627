"""Builds the ready chains: what a person would draw in the model designer, kept as code that can be changed."""
from __future__ import annotations

import os
import sys
from pathlib import Path

from nocturne import classFactory
from qgis.analysis import QgsNativeAlgorithms
from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF, QSizeF

CHAINS = Path(__file__).resolve().parent.parent / "chains"
Source = QgsProcessingModelChildParameterSource


class Chain:
    """A model under construction: inputs in a column on the left, steps to the right of them."""

    def __init__(self, name: str, help: str) -> None:
        self.model = QgsProcessingModelAlgorithm(name, "Chains", "chains")
        self.model.setHelpContent({"ALG_DESC": help, "ALG_CREATOR": "The Nocturne developers"})

    def input(self, parameter: QgsProcessingParameterDefinition) -> Source:
        row = len(self.model.parameterComponents())
        component = QgsProcessingModelParameter(parameter.name())
        component.setPosition(QPointF(120, 60 + 80 * row))
        self.model.addModelParameter(parameter, component)
        return Source.fromModelParameter(parameter.name())

    def step(self, child: str, algorithm: str, column: int, row: int, outputs: dict[str, str],
             **sources: Source) -> None:
        """outputs: the step's outputs that the user gets, with their titles; qgis_process names them child:output."""
        step = QgsProcessingModelChildAlgorithm(algorithm)
        if step.algorithm() is None:
            sys.exit(f"{algorithm} isn't known")
        step.setChildId(child)
        step.setDescription(step.algorithm().displayName())
        step.setPosition(QPointF(120 + 560 * column - 230, 60 + 160 * row))
        step.setSize(QSizeF(220, 40))
        for definition in step.algorithm().parameterDefinitions():
            name = definition.name()
            if name in sources:
                step.addParameterSources(name, [sources[name]])
            elif not definition.isDestination():
                step.addParameterSources(name, [Source.fromStaticValue(definition.defaultValue())])
        finals = {}
        for number, (output, title) in enumerate(outputs.items()):
            final = QgsProcessingModelOutput(output.lower(), title)
            final.setChildId(child)
            final.setChildOutputName(output)
            final.setPosition(step.position() + QPointF(270, 60 * number))
            finals[output.lower()] = final
        step.setModelOutputs(finals)
        self.model.addChildAlgorithm(step)

    def save(self, file: str = "") -> None:
        """file: stem of the file, where an algorithm already has the name that it should have."""
        self.model.updateDestinationParameters()
        fine, problems = self.model.validate()
        path = CHAINS / f"{file or self.model.name()}.model3"
        if not fine or not self.model.toFile(str(path)):
            sys.exit(f"{path.name}: {problems}")
        print(path.name)


def night_light_maps() -> None:
    chain = Chain("nightlightmaps", "From Black Marble files of a city to its angular effects and its urban centres: "
                  "daily files are read and fitted, the annual file is read and cut into centres.")
    folder = QgsProcessingParameterFile.Behavior.Folder
    daily = chain.input(QgsProcessingParameterFile("DAILY", "Folder of daily files (A1 and A2)", folder))
    annual = chain.input(QgsProcessingParameterFile("ANNUAL", "Folder of annual files (A4)", folder))
    extent = chain.input(QgsProcessingParameterExtent("EXTENT", "Extent", optional=True))
    boundary = chain.input(QgsProcessingParameterFeatureSource(
        "BOUNDARY", "Boundary", [QgsProcessing.SourceType.TypeVectorPolygon], optional=True))
    threshold = chain.input(QgsProcessingParameterString("THRESHOLD", "Threshold of the centres (nW/cm2/sr)", "36"))
    chain.step("nights", "nocturne:readblackmarble", 1, 0, {"NIGHTS": "Nights"}, FOLDER=daily, EXTENT=extent)
    chain.step("effects", "nocturne:angulareffects", 2, 0,
               {"CLASSES": "Angular effects", "STATISTICS": "Angular effect statistics"},
               RADIANCE=Source.fromChildOutput("nights", "RADIANCE"),
               ZENITH=Source.fromChildOutput("nights", "ZENITH"))
    chain.step("year", "nocturne:readblackmarble", 1, 2, {"RADIANCE": "Annual radiance"}, FOLDER=annual, EXTENT=extent,
               PRODUCT=Source.fromStaticValue("annual"))
    chain.step("centres", "nocturne:urbancentres", 2, 2, {"CENTRES": "Urban centres", "TREE": "Contour tree"},
               RADIANCE=Source.fromChildOutput("year", "RADIANCE"), BOUNDARY=boundary, THRESHOLD=threshold)
    chain.save()


def identify_cbd() -> None:
    chain = Chain("identifycbdsteps", "From Black Marble files of one city to its central business districts, step by "
                  "step: what 'Identify CBDs' does for many cities, with every layer between to look at and to change.")
    folder, polygons = QgsProcessingParameterFile.Behavior.Folder, [QgsProcessing.SourceType.TypeVectorPolygon]
    daily = chain.input(QgsProcessingParameterFile("DAILY", "Folder of daily files (A1 and A2)", folder))
    annual = chain.input(QgsProcessingParameterFile("ANNUAL", "Folder of annual files (A4)", folder))
    city = chain.input(QgsProcessingParameterFeatureSource("CITY", "City", polygons))
    urban = chain.input(QgsProcessingParameterFeatureSource("URBAN_AREA", "Urban area", polygons))
    model = chain.input(QgsProcessingParameterFile("MODEL", "Trees or rules", optional=True))
    chain.step("effects", "nocturne:blackmarbleangulareffects", 1, 0, {"CLASSES": "Angular effects"}, FOLDER=daily,
               EXTENT=city)
    chain.step("year", "nocturne:readblackmarble", 1, 1, {}, FOLDER=annual, EXTENT=city,
               PRODUCT=Source.fromStaticValue("annual"))
    chain.step("centres", "nocturne:urbancentres", 1, 2, {}, RADIANCE=Source.fromChildOutput("year", "RADIANCE"),
               BOUNDARY=city)
    chain.step("indexes", "nocturne:lightindexes", 2, 1, {},
               CENTRES=Source.fromChildOutput("centres", "CENTRES"),
               RADIANCE=Source.fromChildOutput("year", "RADIANCE"),
               CLASSES=Source.fromChildOutput("effects", "CLASSES"), URBAN_AREA=urban,
               STATISTICS=Source.fromChildOutput("effects", "STATISTICS"))
    chain.step("cbds", "nocturne:classifycbd", 2, 2, {"OUTPUT": "Classified centres"}, MODEL=model,
               INPUT=Source.fromChildOutput("indexes", "INDEXES"), ONE_PER_CITY=Source.fromStaticValue(True))
    chain.save("identifycbd")


def street_view_points() -> None:
    chain = Chain("streetviewpoints", "Points along roads at which street views may be collected: every so many "
                  "metres, at most so many in each unit and spread evenly, each with four headings. Nothing is "
                  "downloaded.")
    types, value = QgsProcessing.SourceType, Source.fromStaticValue
    roads = chain.input(QgsProcessingParameterFeatureSource("ROADS", "Roads", [types.TypeVectorLine]))
    units = chain.input(QgsProcessingParameterFeatureSource("UNITS", "Units", [types.TypeVectorPolygon]))
    field = chain.input(QgsProcessingParameterField("UNIT_FIELD", "Unit field", None, "UNITS"))
    crs = chain.input(QgsProcessingParameterCrs("CRS", "Coordinate reference system in metres"))
    spacing = chain.input(QgsProcessingParameterNumber("SPACING", "Spacing (m)", defaultValue=100, minValue=1))
    chain.input(QgsProcessingParameterNumber("MOST", "Most points of a unit", defaultValue=200, minValue=1))

    def output(child: str) -> Source:
        return Source.fromChildOutput(child, "OUTPUT")

    chain.step("metres", "native:reprojectlayer", 1, 0, {}, INPUT=roads, TARGET_CRS=crs)
    chain.step("along", "native:pointsalonglines", 1, 1, {}, INPUT=output("metres"), DISTANCE=spacing)
    chain.step("ground", "native:reprojectlayer", 1, 2, {}, INPUT=units, TARGET_CRS=crs)
    chain.step("within", "native:intersection", 1, 3, {}, INPUT=output("along"), OVERLAY=output("ground"),
               INPUT_FIELDS=value(["angle"]), OVERLAY_FIELDS=field)
    rank = "array_find(array_agg($id, group_by:=attribute(@UNIT_FIELD)), $id)"
    chain.step("spread", "native:extractbyexpression", 2, 0, {}, INPUT=output("within"), EXPRESSION=value(
        f"with_variable('n', count(1, group_by:=attribute(@UNIT_FIELD)), with_variable('r', {rank}, "
        "@n <= @MOST or floor((@r + 1) * @MOST / @n) > floor(@r * @MOST / @n)))"))
    chain.step("four", "native:arraytranslatedfeatures", 2, 1, {}, INPUT=output("spread"), COUNT=value(3),
               DELTA_X=value(0), DELTA_Y=value(0))
    chain.step("heading", "native:fieldcalculator", 2, 2, {}, INPUT=output("four"), FIELD_NAME=value("heading"),
               FIELD_TYPE=value(1), FIELD_LENGTH=value(0), FORMULA=value('90 * ("instance" + 1)'))
    chain.step("points", "native:reprojectlayer", 2, 3, {"OUTPUT": "Points with headings"}, INPUT=output("heading"),
               TARGET_CRS=value("EPSG:4326"))
    chain.save()


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    QgsApplication.processingRegistry().addProvider(QgsNativeAlgorithms(QgsApplication.processingRegistry()))
    plugin = classFactory(None)
    plugin.initProcessing()
    night_light_maps()
    identify_cbd()
    street_view_points()
    sys.stdout.flush()
    os._exit(0)  # QGIS 3.22 can crash while Python tears it down
