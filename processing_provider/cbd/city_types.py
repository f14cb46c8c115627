"""nocturne:citytypes"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from ...algorithms.cbd.settings import CityTypesSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class CityTypes(NocturneAlgorithm):
    NAME = "citytypes"
    TITLE = "City types"
    GROUP = "cbd"
    SUMMARY = ("Groups cities by the mean radiance and the number of their centres with negative pixels: bright and "
               "concentrated (usa_like), dark and scattered (china_like), or between (mixed).")
    NOTES = (
        "INPUT is the layer of 'Light indexes': the mean of the field Mean and the number of centres with negative "
        "pixels are taken for each value of CITY_FIELD, and every centre gets its city's type. With MEAN_FIELD and "
        "COUNT_FIELD every row is a city instead.\n\n"
        "Three types are named by what they mean: the brightest is usa_like, of the others the one with more centres "
        "is china_like. Other numbers of types are type_1, type_2 and so on from the brightest. type_distance and "
        "next_type_distance are to the own and to the next type on the normalised scale: where they are alike the "
        "type is doubtful. outside_range: the city lies outside what the cities of its type have.\n\n"
        "A city alone, or few, can't be clustered: TYPES_BY published_ranges takes the type whose published ranges "
        "are nearest, and model the types that a model was trained with. Cities without a centre with negative pixels "
        "get no type.")
    TAGS = ("cities", "k-means", "clustering", "elbow", "typology", "cbd", "night lights")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "matplotlib")
    SETTINGS = CityTypesSettings
    USES_RESOURCES = False
    STYLES = {"TYPES": "city_types"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource("INPUT", "Centres or cities",
                                                          [QgsProcessing.SourceType.TypeVector]),
                      "Centres with their light indexes, or one row per city. A selection is respected."),
            described(field("MEAN_FIELD", "Mean radiance field", "", "INPUT", field.DataType.Numeric, optional=True),
                      "Mean radiance of a city's centres with negative pixels; empty for a layer of centres."),
            described(field("COUNT_FIELD", "Count field", "", "INPUT", field.DataType.Numeric, optional=True),
                      "Number of a city's centres with negative pixels; empty for a layer of centres."),
            described(field("CITY_FIELD", "City field", "", "INPUT", optional=True),
                      "Names the city; empty takes a layer of centres for one city."),
            described(QgsProcessingParameterFile(
                "MODEL", "Model", optional=True, fileFilter="Models (*.json);;All files (*)"),
                      "For TYPES_BY model: one that was trained with city types.", advanced=True),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFeatureSink("TYPES", "City types"),
                      "The rows with city_type, type_distance, next_type_distance and outside_range."),
            described(QgsProcessingParameterFileDestination("REPORT", "Report", "HTML files (*.html)", optional=True,
                                                            createByDefault=True),
                      "The elbow, the cities by type, and how stable the types are."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("CITY_COUNT", "Number of cities with a type"),
                QgsProcessingOutputNumber("TYPE_COUNT", "Number of types")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.cbd.city_types_report import write_report
        from ...algorithms.cbd.typed_cities import FIELDS, type_cities

        table = run.inputs.features("INPUT")
        typed = type_cities(table, run.inputs.text("MEAN_FIELD"), run.inputs.text("COUNT_FIELD"),
                            run.inputs.text("CITY_FIELD"), run.inputs.folder("MODEL"), run.settings, run.progress)
        report = run.outputs.file("REPORT")
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, typed)
        columns = typed.columns()
        run.outputs.add_fields("TYPES", table, {name: (kind, columns[name]) for name, kind in FIELDS.items()})
        return {"CITY_COUNT": sum(name is not None for name in typed.assignment.types),
                "TYPE_COUNT": len(typed.types.names)}
