"""nocturne:estimatepm25"""
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
)

from ..base import NocturneAlgorithm, Run
from ..inputs import described

OF_POINTS, OF_MAPS = ("CALENDAR", "CALENDAR_RASTERS", "OUTPUT"), ("ESTIMATE", "LOW", "HIGH", "APPLICABILITY")


class EstimatePm25(NocturneAlgorithm):
    NAME = "estimatepm25"
    TITLE = "Estimate PM2.5"
    GROUP = "air_quality"
    SUMMARY = ("Estimates daily PM2.5 at points, or on the cells of daily rasters, from their covariates, with "
               "intervals, by a trained model.")
    NOTES = (
        "Give either INPUT or RASTERS. Every row gets pm25, pm25_low and pm25_high (90 % interval, ug/m3), pm25_unlike "
        "and outside_range. pm25_unlike says how unlike the training data covariates and place are (area of "
        "applicability, Meyer and Pebesma 2021, important covariates count more); above 1 the errors of the training "
        "say nothing. outside_range is 1 there, and where a single covariate or the place lies outside those that the "
        "model was trained on. Rows with covariates on too few days of their window get no estimate; give the days "
        "without a row or covariates by CALENDAR or CALENDAR_RASTERS.\n\n"
        "RASTERS give maps with one band per day. A day without a file is masked in the windows; the first days' "
        "windows are short, so let the folder begin a window before the days that matter.\n\n"
        "Without MODEL the bundled one is taken, a demonstration: it was trained on ten January days of 2012 in the "
        "USA and wants the covariates that its card names (see docs/air_quality.md).\n\n"
        "Intervals hold for places like the training places. Far from them they come from errors in blocks of places "
        "that were left out.")
    TAGS = ("pm2.5", "air pollution", "estimation", "prediction interval")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "safetensors", "torch")
    USES_DEVICE = True
    STYLES = {"ESTIMATE": "pm25", "LOW": "pm25", "HIGH": "pm25", "APPLICABILITY": "applicability"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource("INPUT", "Points and days",
                                                          [QgsProcessing.SourceType.TypeVectorPoint], optional=True),
                      "One row per place and day with the covariates of the model. A selection is respected."),
            described(field("DATE_FIELD", "Date field", None, "INPUT", optional=True), "Dates, or text as YYYY-MM-DD."),
            described(field("SITE_FIELD", "Site field", None, "INPUT", optional=True), "Names the place of each row."),
            described(QgsProcessingParameterFeatureSource("CALENDAR", "Covariates of further days",
                                                          [QgsProcessing.SourceType.TypeVector], optional=True),
                      "A table with the same site, date and covariate fields for days that need no estimate."),
            described(QgsProcessingParameterFile("CALENDAR_RASTERS", "Rasters of further days",
                                                 QgsProcessingParameterFile.Behavior.Folder, optional=True),
                      "A folder of daily rasters as for RASTERS, which give the places of INPUT the days without a row "
                      "or any covariate."),
            described(QgsProcessingParameterFile("RASTERS", "Daily rasters",
                                                 QgsProcessingParameterFile.Behavior.Folder, optional=True),
                      "A folder with one GeoTIFF per day, its date in the name (2020-01-31), all on one grid, every "
                      "band described by the name of its covariate."),
            described(QgsProcessingParameterFile("MODEL", "Model", optional=True,
                                                 fileFilter="Models (*.json *.safetensors);;All files (*)"),
                      "A file of 'Train PM2.5 model'; both files of the model stand side by side. Empty: the "
                      "bundled model."),
            described(QgsProcessingParameterFile("CHECKPOINT", "Checkpoint", optional=True,
                                                 fileFilter="Weights (*.ckpt *.pth *.safetensors);;All files (*)"),
                      "Weights of the location encoder that the model was trained with.", advanced=True),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        def raster(name: str, label: str, help: str) -> QgsProcessingParameterDefinition:
            return described(QgsProcessingParameterRasterDestination(name, label, optional=True,
                                                                     createByDefault=False), help)

        return [
            described(QgsProcessingParameterFeatureSink("OUTPUT", "Estimates at points", optional=True),
                      "The rows with pm25, pm25_low, pm25_high, pm25_unlike and outside_range."),
            raster("ESTIMATE", "Daily maps", "PM2.5 in ug/m3, one band per day of RASTERS."),
            raster("LOW", "Lower ends", "Lower ends of the 90 % intervals."),
            raster("HIGH", "Upper ends", "Upper ends of the 90 % intervals."),
            raster("APPLICABILITY", "Unlike the training data", "As pm25_unlike: above 1 the model wasn't tried."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("ESTIMATE_COUNT", "Number of estimates"),
                QgsProcessingOutputNumber("OUTSIDE_COUNT", "Number of estimates outside the training data")]

    def execute(self, run: Run) -> dict[str, Any]:
        given = run.inputs.one_of("INPUT", "RASTERS")
        run.inputs.refuse(OF_MAPS if given == "INPUT" else OF_POINTS, given)
        return self._points(run) if given == "INPUT" else self._maps(run)

    def _points(self, run: Run) -> dict[str, Any]:
        from ...algorithms.air_quality.estimate_pm25 import estimate_table

        read = run.inputs
        table = read.features("INPUT")
        found = estimate_table(table, read.text("DATE_FIELD"), read.text("SITE_FIELD"), read.features("CALENDAR"),
                               read.folder("CALENDAR_RASTERS"), read.text("MODEL"), read.text("CHECKPOINT"),
                               run.resources, run.progress)
        run.outputs.add_fields("OUTPUT", table, {
            "pm25": ("number", found.value), "pm25_low": ("number", found.low), "pm25_high": ("number", found.high),
            "pm25_unlike": ("number", found.dissimilarity), "outside_range": ("integer", found.outside.astype(int))})
        return {"ESTIMATE_COUNT": found.count, "OUTSIDE_COUNT": found.outside_count}

    def _maps(self, run: Run) -> dict[str, Any]:
        from ...algorithms.air_quality.estimate_maps import MAPS, estimate_maps

        read = run.inputs
        paths = {name: run.outputs.raster(name) for name in MAPS}
        found = estimate_maps(read.folder("RASTERS"), read.text("MODEL"), read.text("CHECKPOINT"),
                              {name: path for name, path in paths.items() if path}, run.resources, run.progress)
        return {"ESTIMATE_COUNT": found.estimates, "OUTSIDE_COUNT": found.outside}
