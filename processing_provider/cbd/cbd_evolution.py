"""nocturne:cbdevolution"""
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
    QgsProcessingParameterRasterLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate

from ...algorithms.cbd.settings import EvolutionSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described

COLUMNS = {"city": "text", "year": "integer", "start": "date", "end": "date", "track": "integer", "event": "text",
           "from_tracks": "text", "from_year": "integer", "change": "number", "instability": "number",
           "area_km2": "number", "mean_light": "number", "longitude": "number", "latitude": "number",
           "shift_m": "number"}
COUNTED = ("born", "grown", "shrunk", "moved", "split", "merged", "gone")


class CbdEvolution(NocturneAlgorithm):
    NAME = "cbdevolution"
    TITLE = "CBD evolution"
    GROUP = "cbd"
    SUMMARY = ("Follows central business districts through the years: born, grown, shrunk, moved, split, merged, gone.")
    NOTES = (
        "Outlines of two following years are linked if they share MIN_OVERLAP of the smaller one. The change is 1 "
        "minus the best Jaccard index of what is linked. It counts only if it exceeds the instability of the outlines: "
        "1 minus the field 'stability' of 'Urban centres', or INSTABILITY. Otherwise the event is 'same', or "
        "'uncertain' for what appears or disappears.\n\n"
        "A linked pair has grown or shrunk if the ratio of its areas differs from 1 by more than the instability, else "
        "it has moved. One that becomes several is split, several that become one are merged.\n\n"
        "A year in which a city has no row at all isn't known: nothing is gone in it, and the report names it. So that "
        "a year without a CBD is known, give all centres and CBD_FIELD.\n\n"
        "Sensors and collections differ in their light. Where the fields 'sensor' or 'collection' differ between the "
        "years of a city, OFFSET must name a factor.\n\n"
        "EVOLUTION has start and end dates, so that the temporal controller plays it.")
    TAGS = ("cbd", "central business district", "change", "time series", "temporal", "growth")
    LIBRARIES = ("rasterio", "shapely", "matplotlib")
    SETTINGS = EvolutionSettings
    USES_RESOURCES = False
    STYLES = {"EVOLUTION": "cbd_evolution"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource(
                "INPUT", "CBDs", [QgsProcessing.SourceType.TypeVectorPolygon]),
                "CBDs of several years. A selection is respected."),
            described(field("YEAR_FIELD", "Year field", parentLayerParameterName="INPUT"),
                      "Years as numbers or dates."),
            described(field("CITY_FIELD", "City field", "", "INPUT", optional=True),
                      "Names of the cities; empty where all is one city."),
            described(field("CBD_FIELD", "CBD field", "", "INPUT", field.DataType.Any, optional=True),
                      "1 or true for CBDs, where INPUT has all centres; empty where all polygons are CBDs."),
            described(QgsProcessingParameterRasterLayer("ANNUAL", "Annual radiance", optional=True),
                      "Stack with one band per year, described by its date: gives light and the centre of light, from "
                      "which the shift is measured."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFeatureSink("EVOLUTION", "Evolution",
                                                        QgsProcessing.SourceType.TypeVectorPolygon),
                      "A feature per CBD and year with its event; one that is gone has its last outline and area 0."),
            described(QgsProcessingParameterFileDestination("REPORT", "Report", "HTML files (*.html)", optional=True,
                                                            createByDefault=True),
                      "Events, and per city the areas and outlines by year."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber(f"{event.upper()}_COUNT", f"Number of events: {event}") for event in COUNTED]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.cbd.evolution import evolve
        from ...algorithms.cbd.evolution_report import write_report

        inputs = run.inputs
        found = evolve(inputs.features("INPUT"), inputs.text("YEAR_FIELD"), inputs.text("CITY_FIELD"),
                       inputs.text("CBD_FIELD"), run.settings, inputs.optional_raster("ANNUAL"),
                       run.progress.part(0, 0.7))
        for city, years in found.missing.items():
            run.progress.warning(f"{city}: nothing is known of {', '.join(map(str, years))}.")
        report = run.outputs.file("REPORT")
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, found, run.progress.part(0.7, 1))
        sink = run.outputs.sink("EVOLUTION", COLUMNS, QgsWkbTypes.Type.MultiPolygon, found.crs.to_wkt())
        for stage in found.stages if sink is not None else ():
            sink.add([stage.city, stage.year, QDate(stage.year, 1, 1), QDate(stage.year, 12, 31), stage.track,
                      stage.event, ", ".join(map(str, stage.from_tracks)), stage.from_year, stage.change,
                      stage.instability, stage.area_km2, stage.mean_light, stage.longitude, stage.latitude,
                      stage.shift_m], stage.outline.wkb)
        return {f"{event.upper()}_COUNT": found.count(event) for event in COUNTED}
