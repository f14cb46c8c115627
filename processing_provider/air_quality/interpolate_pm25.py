"""nocturne:interpolatepm25"""
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
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)

from ..base import NocturneAlgorithm, Run
from ..inputs import described

OF_POINTS, OF_MAPS = ("OUTPUT",), ("ESTIMATE", "LOW", "HIGH")


class InterpolatePm25(NocturneAlgorithm):
    NAME = "interpolatepm25"
    TITLE = "Interpolate PM2.5"
    GROUP = "air_quality"
    SUMMARY = ("Estimates daily PM2.5 at points, or on the cells of a raster, from monitors of the same day, without "
               "covariates, with intervals.")
    NOTES = (
        "What a day's monitors measured is kriged, on the square root of PM2.5. What places tend to have beyond the "
        "mean of the day, in each season, is taken from the model and kriged too. The bundled model was fitted on the "
        "monitors of the contiguous United States, 2018 to 2022; elsewhere its reach of monitors still holds roughly, "
        "its seasons don't.\n\n"
        "Give either INPUT or GRID. Every row gets pm25, pm25_low and pm25_high (90 % interval, ug/m3) and "
        "outside_range: 1 where the monitors of the day, or the places that the model was fitted on, lie farther than "
        "it was checked. Days with fewer than ten monitors get no estimate. GRID gives maps with one band per day of "
        "the monitors.\n\n"
        "With covariates such as aerosol optical depth and weather take 'Estimate PM2.5'.")
    TAGS = ("pm2.5", "air pollution", "kriging", "interpolation", "monitors", "prediction interval")
    LIBRARIES = ("rasterio", "shapely", "safetensors")
    STYLES = {"ESTIMATE": "pm25", "LOW": "pm25", "HIGH": "pm25"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field, source = QgsProcessingParameterField, QgsProcessingParameterFeatureSource
        point = QgsProcessing.SourceType.TypeVectorPoint
        return [
            described(source("MONITORS", "Monitors", [point]),
                      "One row per monitor and day. A selection is respected."),
            described(field("DATE_FIELD", "Date field", None, "MONITORS"), "Dates, or text as YYYY-MM-DD."),
            described(field("PM25_FIELD", "PM2.5 field", None, "MONITORS"),
                      "Measured PM2.5, daily means in ug/m3. Rows without a value are left out."),
            described(source("INPUT", "Points and days", [point], optional=True),
                      "One row per place and day that shall be estimated. A selection is respected."),
            described(field("POINT_DATE_FIELD", "Date field of the points", None, "INPUT", optional=True),
                      "Dates, or text as YYYY-MM-DD."),
            described(QgsProcessingParameterRasterLayer("GRID", "Grid", optional=True),
                      "A raster whose cells get daily maps. Where its first band has no data, they have none."),
            described(QgsProcessingParameterFile("MODEL", "Model", optional=True,
                                                 fileFilter="Models (*.json *.safetensors);;All files (*)"),
                      "A model of the kind pm25_interpolation; empty takes the bundled one."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        raster = QgsProcessingParameterRasterDestination
        return [
            described(QgsProcessingParameterFeatureSink("OUTPUT", "Estimates at points", optional=True),
                      "The points with pm25, pm25_low, pm25_high and outside_range."),
            described(raster("ESTIMATE", "Daily maps", optional=True, createByDefault=False),
                      "PM2.5 in ug/m3, one band per day."),
            described(raster("LOW", "Lower ends", optional=True, createByDefault=False),
                      "Lower ends of the 90 % intervals."),
            described(raster("HIGH", "Upper ends", optional=True, createByDefault=False),
                      "Upper ends of the 90 % intervals."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("ESTIMATE_COUNT", "Number of estimates"),
                QgsProcessingOutputNumber("OUTSIDE_COUNT", "Number of estimates far from monitors"),
                QgsProcessingOutputNumber("DAYS", "Days of the maps")]

    def execute(self, run: Run) -> dict[str, Any]:
        given = run.inputs.one_of("INPUT", "GRID")
        run.inputs.refuse(OF_MAPS if given == "INPUT" else OF_POINTS, given)
        return self._points(run) if given == "INPUT" else self._maps(run)

    def _points(self, run: Run) -> dict[str, Any]:
        from ...algorithms.air_quality.interpolate_pm25 import interpolate_points

        read = run.inputs
        points = read.features("INPUT")
        found = interpolate_points(points, read.text("POINT_DATE_FIELD"), read.features("MONITORS"),
                                   read.text("DATE_FIELD"), read.text("PM25_FIELD"), read.text("MODEL"), run.progress)
        run.outputs.add_fields("OUTPUT", points, {
            "pm25": ("number", found.value), "pm25_low": ("number", found.low), "pm25_high": ("number", found.high),
            "outside_range": ("integer", found.outside.astype(int))})
        return {"ESTIMATE_COUNT": found.count, "OUTSIDE_COUNT": found.outside_count}

    def _maps(self, run: Run) -> dict[str, Any]:
        from ...algorithms.air_quality.interpolate_maps import MAPS, interpolate_maps

        read = run.inputs
        paths = {name: run.outputs.raster(name) for name in MAPS}
        found = interpolate_maps(read.raster("GRID"), read.features("MONITORS"), read.text("DATE_FIELD"),
                                 read.text("PM25_FIELD"), read.text("MODEL"),
                                 {name: path for name, path in paths.items() if path}, run.resources, run.progress)
        return {"DAYS": found.days, "ESTIMATE_COUNT": found.estimates, "OUTSIDE_COUNT": found.outside}
