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
)

from ..base import NocturneAlgorithm, Run
from ..inputs import described


class EstimatePm25(NocturneAlgorithm):
    NAME = "estimatepm25"
    TITLE = "Estimate PM2.5"
    GROUP = "air_quality"
    SUMMARY = "Estimates daily PM2.5 at points from their covariates, with intervals, by a trained model."
    NOTES = (
        "Every row gets pm25, pm25_low and pm25_high (90 % interval, ug/m3) and pm25_outside: 1 where a covariate or "
        "the place lies outside those that the model was trained on. Rows with covariates on too few days of their "
        "window get no estimate; give the days without a row by CALENDAR.\n\n"
        "Without MODEL the bundled one is taken, a demonstration: it was trained on ten January days of 2012 in the "
        "USA and wants the covariates that its card names (see docs/air_quality.md).\n\n"
        "Intervals hold for places like the training places. Far from them they come from errors in blocks of places "
        "that were left out.")
    TAGS = ("pm2.5", "air pollution", "estimation", "prediction interval")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "safetensors", "torch")
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource("INPUT", "Points and days",
                                                          [QgsProcessing.SourceType.TypeVectorPoint]),
                      "One row per place and day with the covariates of the model. A selection is respected."),
            described(field("DATE_FIELD", "Date field", None, "INPUT"), "Dates, or text as YYYY-MM-DD."),
            described(field("SITE_FIELD", "Site field", None, "INPUT"), "Names the place of each row."),
            described(QgsProcessingParameterFeatureSource("CALENDAR", "Covariates of further days",
                                                          [QgsProcessing.SourceType.TypeVector], optional=True),
                      "A table with the same site, date and covariate fields for days that need no estimate."),
            described(QgsProcessingParameterFile("MODEL", "Model", optional=True,
                                                 fileFilter="Models (*.json *.safetensors)"),
                      "A file of 'Train PM2.5 model'; both files of the model stand side by side. Empty: the "
                      "bundled model."),
            described(QgsProcessingParameterFile("CHECKPOINT", "Checkpoint", optional=True,
                                                 fileFilter="Weights (*.ckpt *.pth *.safetensors)"),
                      "Weights of the location encoder that the model was trained with.", advanced=True),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [described(QgsProcessingParameterFeatureSink("OUTPUT", "Estimates"),
                          "The rows with pm25, pm25_low, pm25_high and pm25_outside.")]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("ESTIMATE_COUNT", "Number of estimates"),
                QgsProcessingOutputNumber("OUTSIDE_COUNT", "Number of rows outside the training data")]

    def execute(self, run: Run) -> dict[str, Any]:
        import numpy as np

        from ...algorithms.air_quality.estimate_pm25 import estimate_table

        read = run.inputs
        table = read.features("INPUT")
        found = estimate_table(table, read.text("DATE_FIELD"), read.text("SITE_FIELD"), read.features("CALENDAR"),
                               read.text("MODEL"), read.text("CHECKPOINT"), run.resources, run.progress)
        run.outputs.add_fields("OUTPUT", table, {
            "pm25": ("number", found.value), "pm25_low": ("number", found.low), "pm25_high": ("number", found.high),
            "pm25_unlike": ("number", found.dissimilarity), "pm25_outside": ("integer", found.outside.astype(int))})
        return {"ESTIMATE_COUNT": int(np.isfinite(found.value).sum()), "OUTSIDE_COUNT": int(found.outside.sum())}
