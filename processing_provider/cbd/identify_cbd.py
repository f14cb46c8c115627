"""nocturne:identifycbd"""
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
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterDestination,
)

from ...algorithms.cbd.settings import IdentifyCbdSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class IdentifyCbd(NocturneAlgorithm):
    NAME = "identifycbd"
    TITLE = "Identify CBDs"
    GROUP = "cbd"
    SUMMARY = ("Finds the central business districts of one city or many in one run: from daily Black Marble files to "
               "angular effects, urban centres, light indexes, city types and outlines.")
    NOTES = (
        "City by city: the nights inside its bounds are fitted on the files' own grid, the annual radiance is cut into "
        "urban centres, these get their light indexes, and MODEL says which of them are CBDs. The steps and results "
        "are those of 'Angular effects from Black Marble files', 'Urban centres', 'Light indexes', 'City types' and "
        "'Classify CBDs' with the same settings.\n\n"
        "A city is not decidable where less than half of its urban area has MIN_OBSERVATIONS clear nights: its centres "
        "then have no value in cbd, which is not the same as having no CBD. A city that fails is named in the report "
        "and the others go on.\n\n"
        "Of several annual files the one of the last year of the nights is taken, or the nearest. Lists such as "
        "36,32,40 in THRESHOLD, INTERVAL and SMOOTHING give every centre its stability.")
    TAGS = ("cbd", "central business district", "night lights", "black marble", "city centre", "high-rise")
    LIBRARIES = ("rasterio", "shapely", "contourpy", "pyfive", "sklearn", "matplotlib")
    FASTER_WITH = ("numba", "isal")
    SETTINGS = IdentifyCbdSettings
    STYLES = {"CLASSES": "angular_effects", "CENTRES": "light_indexes", "CBD": "cbd"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        polygons, file = [QgsProcessing.SourceType.TypeVectorPolygon], QgsProcessingParameterFile
        return [
            described(file("FOLDER", "Folder of Black Marble files", file.Behavior.Folder),
                      "Daily files (A1 and A2) of all cities, and annual ones (A4) where ANNUAL is empty; subfolders "
                      "are searched."),
            described(QgsProcessingParameterMultipleLayers(
                "ANNUAL", "Annual radiance", QgsProcessing.SourceType.TypeRaster, optional=True),
                "Annual night lights in nW/cm2/sr; a city takes the first raster that lies over it. Empty takes the "
                "annual files in FOLDER."),
            described(QgsProcessingParameterFeatureSource("CITY", "Cities", polygons),
                      "Municipalities. A selection is respected."),
            described(QgsProcessingParameterField("CITY_FIELD", "City field", "", "CITY", optional=True),
                      "Names the city of a polygon; empty where all is one city."),
            described(QgsProcessingParameterFeatureSource("URBAN_AREA", "Urban area", polygons),
                      "Built-up area, such as the Global Urban Boundaries: Z-scores refer to it, and clear nights are "
                      "counted in it. Divided by CITY_FIELD where it has that field, else by place."),
            described(file("MODEL", "Model or rules", optional=True,
                           fileFilter="Models and rules (*.json *.txt);;All files (*)"),
                      "Trees (.json) or rules (.txt), as 'Classify CBDs' takes them; empty takes the bundled trees, "
                      "which were grown on simulated cities."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        return [
            described(QgsProcessingParameterFeatureSink("CBD", "CBDs", polygons),
                      "Outlines of the CBDs with their indexes, areas in km2, first and last night; a layer for "
                      "'Evolution of CBDs' and 'Validate CBDs'."),
            described(QgsProcessingParameterFeatureSink("CENTRES", "Urban centres", polygons, optional=True,
                                                        createByDefault=True),
                      "All urban centres with their indexes and what was decided."),
            described(QgsProcessingParameterRasterDestination("CLASSES", "Angular effects", optional=True,
                                                              createByDefault=False),
                      "Angular classes of all cities in one raster; leave it empty where cities lie far apart."),
            described(QgsProcessingParameterFileDestination("REPORT", "Report", "HTML files (*.html)", optional=True,
                                                            createByDefault=True),
                      "What became of every city, with its picture."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("CBD_COUNT", "Number of CBDs"),
                QgsProcessingOutputNumber("CENTRE_COUNT", "Number of urban centres"),
                QgsProcessingOutputNumber("CITIES_WITH_CBD", "Cities with a CBD"),
                QgsProcessingOutputNumber("CITIES_WITHOUT_CBD", "Cities without a CBD"),
                QgsProcessingOutputNumber("CITIES_NOT_DECIDABLE", "Cities that are not decidable"),
                QgsProcessingOutputNumber("CITIES_FAILED", "Cities that failed")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.cbd import identify
        from ...algorithms.cbd.deciders import read_decider
        from ...algorithms.cbd.identify_report import write_report

        read = run.inputs
        decider = read_decider(read.text("MODEL"))
        inputs = identify.IdentifyInputs(
            read.folder("FOLDER"), read.rasters("ANNUAL"), read.features("CITY"), read.text("CITY_FIELD"),
            read.features("URBAN_AREA"), run.outputs.raster("CLASSES"))
        report = run.outputs.file("REPORT")
        found = identify.identify_cbds(inputs, decider, run.settings, run.resources, run.progress.part(0, 0.95))
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, found, run.settings, decider.name, run.progress.part(0.95, 1))
        for name, table in (("CBD", found.cbds), ("CENTRES", found.centres)):
            run.outputs.add_fields(name, table, {})
        return {"CBD_COUNT": len(found.cbds), "CENTRE_COUNT": len(found.centres),
                "CITIES_WITH_CBD": found.count(identify.FOUND), "CITIES_WITHOUT_CBD": found.count(identify.NONE),
                "CITIES_NOT_DECIDABLE": found.count(identify.UNDECIDED), "CITIES_FAILED": found.count(identify.FAILED)}
