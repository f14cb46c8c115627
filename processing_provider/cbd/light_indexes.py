"""nocturne:lightindexes"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBand,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterLayer,
)

from ...algorithms.cbd.settings import LightIndexesSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class LightIndexes(NocturneAlgorithm):
    NAME = "lightindexes"
    TITLE = "Light indexes"
    GROUP = "cbd"
    SUMMARY = ("Counts the negative pixels of urban centres and describes their light: the 9 indexes and 8 Z-scored "
               "ones by which central business districts are told apart.")
    NOTES = (
        "Count_A is the number of negative pixels (high-rise), Min_A, Max_A, Mean_A and SD_A describe the radiance of "
        "these, Min, Max, Mean and SD that of all pixels of a centre, in nW/cm2/sr. The same names with _Z are in "
        "standard deviations from the mean of the city's urban area. A pixel belongs to the centre that holds its "
        "middle. Classes take the nearest pixel, radiance is interpolated and not smoothed. What no pixel tells is "
        "empty, never 0.\n\n"
        "Count_A also grows with clear nights, latitude and smaller cells. Fields that the published strategies don't "
        "use: Area_A_km2 (area of the negative pixels), Share_A (of the pixels with a class), Change_A and Change "
        "(median relative change over the observed zeniths of negative and of all pixels), Nights (median number of "
        "observations).\n\n"
        "Several cities: with CITY_FIELD each one has its own Z-scores. URBAN_AREA and BOUNDARY are divided by the "
        "same field where they have it, else a city takes the polygons that touch its centres. Without URBAN_AREA "
        "there are no Z-scores.")
    TAGS = ("night lights", "cbd", "central business district", "index", "zonal statistics", "z-score", "high-rise")
    LIBRARIES = ("rasterio", "shapely", "matplotlib")
    SETTINGS = LightIndexesSettings
    STYLES = {"INDEXES": "light_indexes"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        source = QgsProcessing.SourceType
        raster, features = QgsProcessingParameterRasterLayer, QgsProcessingParameterFeatureSource
        return [
            described(features("CENTRES", "Urban centres", [source.TypeVectorPolygon]),
                      "Polygons of 'Urban centres'; all their fields are kept. A selection is respected."),
            described(raster("RADIANCE", "Radiance"), "The annual raster that the centres were found in."),
            # QGIS 3.22 ignores the default of a mandatory band.
            described(QgsProcessingParameterBand("BAND", "Band", 1, "RADIANCE", optional=True), "Band of the raster."),
            described(raster("CLASSES", "Angular effects"), "Class raster of 'Angular effects', on any grid."),
            described(raster("STATISTICS", "Angular effect statistics", optional=True),
                      "For Change_A, Change and Nights; empty leaves them empty."),
            described(features("URBAN_AREA", "Urban area", [source.TypeVectorPolygon], optional=True),
                      "Built-up area, such as the Global Urban Boundaries, that Z-scores refer to."),
            described(features("BOUNDARY", "Boundary", [source.TypeVectorPolygon], optional=True),
                      "Polygons of the cities; the urban area counts inside them only."),
            described(QgsProcessingParameterField("CITY_FIELD", "City field", "", "CENTRES", optional=True),
                      "Names the city of a centre; empty for one city."),
            described(QgsProcessingParameterMultipleLayers(
                "ATTRIBUTE_RASTERS", "Attribute rasters", source.TypeRaster, optional=True),
                "Such as building height or slope: NAME_mean and NAME_sd of the first band are added, NAME being that "
                "of the file.", advanced=True),
            described(features("PLACES", "Places", [source.TypeVectorPoint], optional=True),
                      "Points that are counted in the field places, or by category.", advanced=True),
            described(QgsProcessingParameterField("CATEGORY_FIELD", "Category field", "", "PLACES", optional=True),
                      "Kind of place; each becomes a field places_KIND.", advanced=True),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFeatureSink("INDEXES", "Light indexes",
                                                        QgsProcessing.SourceType.TypeVectorPolygon),
                      "The centres with their indexes; radiance in nW/cm2/sr, areas in km2."),
            described(QgsProcessingParameterFileDestination("REPORT", "Report", "HTML files (*.html)", optional=True,
                                                            createByDefault=True),
                      "What the Z-scores of each city refer to."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("CENTRE_COUNT", "Number of centres"),
                QgsProcessingOutputNumber("NEGATIVE_CENTRE_COUNT", "Number of centres with negative pixels")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.night_lights.centre_columns import CentreSources, centre_columns
        from ...algorithms.night_lights.light_indexes_report import write_report

        read = run.inputs
        sources = CentreSources(
            read.features("CENTRES"), read.raster("RADIANCE"), read.band("BAND"), read.raster("CLASSES"),
            read.optional_raster("STATISTICS"), read.features("URBAN_AREA"), read.features("BOUNDARY"),
            read.text("CITY_FIELD"), read.rasters("ATTRIBUTE_RASTERS"), read.features("PLACES"),
            read.text("CATEGORY_FIELD"))
        columns, cities = centre_columns(sources, run.settings, run.resources, run.progress)
        report = run.outputs.file("REPORT")
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, cities)
        run.outputs.add_fields("INDEXES", sources.centres, columns)
        return {"CENTRE_COUNT": len(sources.centres),
                "NEGATIVE_CENTRE_COUNT": sum(city.with_negative for city in cities)}
