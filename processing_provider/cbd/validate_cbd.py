"""nocturne:validatecbd"""
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
    QgsProcessingParameterFileDestination,
)

from ..base import NocturneAlgorithm, Run
from ..inputs import described

COLUMNS = {"method": "text", "city": "text", "cbd": "integer", "computed_km2": "number", "reference_km2": "number",
           "overlap_km2": "number", "precision": "number", "recall": "number", "f1": "number", "jaccard": "number",
           "distance_m": "number", "located": "flag", "located_strictly": "flag"}


class ValidateCbd(NocturneAlgorithm):
    NAME = "validatecbd"
    TITLE = "Validate CBDs"
    GROUP = "cbd"
    SUMMARY = "Compares computed central business districts with reference outlines, city by city and in total."
    NOTES = (
        "Precision is the shared over the computed area, recall the shared over the reference area; F1 and Jaccard "
        "follow from both. Areas are in an equal-area projection around each city.\n\n"
        "A CBD is located, by the rule of Jie et al. (2024), if precision or recall is at least 0.6. Any large polygon "
        "over the CBD passes that, so located_strictly asks for both.\n\n"
        "Every reference polygon is a row. A computed polygon counts for each reference of its city that it overlaps, "
        "and for the nearest if it overlaps none. Cities that only one layer has are rows too. The totals count every "
        "polygon once.\n\n"
        "With CENTRES the table also says how good it is to call the brightest or the largest centre of each city its "
        "CBD: a result that isn't better has learnt nothing.")
    TAGS = ("cbd", "central business district", "precision", "recall", "f1", "jaccard", "accuracy")
    LIBRARIES = ("rasterio", "shapely", "matplotlib")
    USES_RESOURCES = False

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        polygons, field = [QgsProcessing.SourceType.TypeVectorPolygon], QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource("COMPUTED", "Computed CBDs", polygons),
                      "Polygons to judge. A selection is respected."),
            described(QgsProcessingParameterFeatureSource("REFERENCE", "Reference CBDs", polygons),
                      "One feature per CBD, drawn from something other than night lights."),
            described(field("CITY_FIELD", "City field", "", "COMPUTED", optional=True),
                      "Field of all layers that names the city; empty where all is one city."),
            described(field("CBD_FIELD", "CBD field", "", "COMPUTED", field.DataType.Any, optional=True),
                      "Field of COMPUTED that is 1 or true for CBDs, such as cbd of 'Classify CBDs'; empty where all "
                      "polygons are CBDs."),
            described(QgsProcessingParameterFeatureSource("CENTRES", "All centres", polygons, optional=True),
                      "All centres of the cities with their light indexes, for the two floors."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFeatureSink("TABLE", "Agreement",
                                                        QgsProcessing.SourceType.TypeVector),
                      "A row per CBD and a total, by method: areas in km2, distance of the centroids in m."),
            described(QgsProcessingParameterFileDestination("REPORT", "Report", "HTML files (*.html)", optional=True,
                                                            createByDefault=True),
                      "The tables, and a picture of both outlines per CBD."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [
            QgsProcessingOutputNumber("PRECISION", "Mean precision"),
            QgsProcessingOutputNumber("RECALL", "Mean recall"),
            QgsProcessingOutputNumber("F1", "Mean F1"),
            QgsProcessingOutputNumber("JACCARD", "Mean Jaccard index"),
            QgsProcessingOutputNumber("AREA_RATIO", "Median computed over reference area"),
            QgsProcessingOutputNumber("REFERENCE_COUNT", "Number of reference CBDs"),
            QgsProcessingOutputNumber("LOCATED_COUNT", "Number of located CBDs"),
            QgsProcessingOutputNumber("STRICT_COUNT", "Number of strictly located CBDs"),
            QgsProcessingOutputNumber("UNFOUNDED_COUNT", "Cities with a computed CBD and no reference"),
        ]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.cbd.validation import validate
        from ...algorithms.cbd.validation_report import write_report

        city_field, cbd_field = run.inputs.text("CITY_FIELD"), run.inputs.text("CBD_FIELD")
        found = validate(run.inputs.features("COMPUTED", (city_field, cbd_field)),
                         run.inputs.features("REFERENCE", (city_field,)), city_field, cbd_field,
                         run.inputs.features("CENTRES"), run.progress.part(0, 0.5))
        report = run.outputs.file("REPORT")
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, found, run.progress.part(0.5, 1))
        sink = run.outputs.sink("TABLE", COLUMNS)
        for method, city, number, areas, distance in found.rows() if sink is not None else ():
            sink.add([method, city, number, areas.computed_km2, areas.reference_km2, areas.overlap_km2,
                      areas.precision, areas.recall, areas.f1, areas.jaccard, distance, areas.located,
                      areas.located_strictly])
        own = found.summaries[0]
        return {"PRECISION": own.precision, "RECALL": own.recall, "F1": own.f1, "JACCARD": own.jaccard,
                "AREA_RATIO": own.area_ratio, "REFERENCE_COUNT": own.references, "LOCATED_COUNT": own.located,
                "STRICT_COUNT": own.located_strictly, "UNFOUNDED_COUNT": own.unfounded}
