"""nocturne:trainpm25"""
from __future__ import annotations

from pathlib import Path
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

from ...algorithms.air_quality.settings import Pm25Settings
from ..base import NocturneAlgorithm, Run
from ..inputs import described

COLUMNS = {"site": "text", "date": "date", "measured": "number", "place_left_out": "number",
           "block_left_out": "number"}


class TrainPm25(NocturneAlgorithm):
    NAME = "trainpm25"
    TITLE = "Train PM2.5 model"
    GROUP = "air_quality"
    SUMMARY = ("Learns daily PM2.5 from covariates on the days before, such as aerosol optical depth and weather, at "
               "monitors, and says how well it estimates at places without one.")
    NOTES = (
        "INPUT has one row per site and day: a point, a date, the measured PM2.5 (empty where there is none) and the "
        "covariates. Days without a row and missing covariates are masked, never taken for zero.\n\n"
        "The default averages networks (Bi-LSTM with attention), boosted trees and ridge regression. Their weights are "
        "chosen on places that were left out, and for points far from every monitor on blocks of places that were left "
        "out. The residuals of monitors on the same day are added where that helps.\n\n"
        "The report has the scores of both kinds of folds, intervals, the attention that each day gets and the "
        "importance of the covariates.")
    TAGS = ("pm2.5", "air pollution", "lstm", "attention", "gradient boosting", "training", "conformal prediction")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "safetensors", "torch", "matplotlib")
    SETTINGS = Pm25Settings
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource("INPUT", "Site-days",
                                                          [QgsProcessing.SourceType.TypeVectorPoint]),
                      "Points, one row per site and day. A selection is respected."),
            described(field("DATE_FIELD", "Date field", None, "INPUT"), "Dates, or text as YYYY-MM-DD."),
            described(field("SITE_FIELD", "Site field", None, "INPUT"), "Names the site of each row."),
            described(field("TARGET_FIELD", "PM2.5 field", None, "INPUT"),
                      "Measured PM2.5 in ug/m3; small negative values are kept."),
            described(field("FEATURE_FIELDS", "Covariates", None, "INPUT", allowMultiple=True),
                      "Numeric fields that are known wherever PM2.5 shall be estimated."),
            described(QgsProcessingParameterFeatureSource("CALENDAR", "Covariates of further days",
                                                          [QgsProcessing.SourceType.TypeVector], optional=True),
                      "A table with the same site, date and covariate fields for days on which sites didn't measure."),
            described(QgsProcessingParameterFile("CALENDAR_RASTERS", "Rasters of further days",
                                                 QgsProcessingParameterFile.Behavior.Folder, optional=True),
                      "A folder with one GeoTIFF per day, its date in the name (2020-01-31), every band described by "
                      "the name of its covariate: gives sites the days without a row or any covariate."),
            described(QgsProcessingParameterFile("CHECKPOINT", "Checkpoint", optional=True,
                                                 fileFilter="Weights (*.ckpt *.pth *.safetensors);;All files (*)"),
                      "Weights of the location encoder, as in 'Encode locations'.", advanced=True),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        file = QgsProcessingParameterFileDestination
        return [
            described(file("MODEL", "Model", "Models (*.json)"),
                      "The card of the model, for 'Estimate PM2.5'; its weights stand beside it as .safetensors."),
            described(file("REPORT", "Report", "HTML files (*.html)", optional=True, createByDefault=True),
                      "Scores, weights, intervals, attention and importance."),
            described(QgsProcessingParameterFeatureSink("TABLE", "Estimates of left-out places",
                                                        QgsProcessing.SourceType.TypeVector, optional=True,
                                                        createByDefault=False),
                      "Every measured site-day with the estimates of models without its place and without its block."),
            described(file("METRICS", "Metrics", "JSON files (*.json)", optional=True, createByDefault=False),
                      "All scores for other programs."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("R2", "R2 at places left out"),
                QgsProcessingOutputNumber("R2_BLOCKS", "R2 in blocks of places left out")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.air_quality.model_file import save_estimator
        from ...algorithms.air_quality.pm25_report import metrics, write_metrics, write_report
        from ...algorithms.air_quality.raster_days import with_raster_days
        from ...algorithms.air_quality.site_days import read_site_days
        from ...algorithms.air_quality.train_pm25 import checked_rows, train_pm25

        read = run.inputs
        site_days = read_site_days(read.features("INPUT"), read.text("DATE_FIELD"), read.text("SITE_FIELD"),
                                   read.text("TARGET_FIELD"), read.fields("FEATURE_FIELDS"), read.features("CALENDAR"),
                                   run.progress)
        site_days = with_raster_days(site_days, read.folder("CALENDAR_RASTERS"), run.progress)
        trained = train_pm25(site_days, run.settings, read.text("CHECKPOINT"), run.resources, run.progress)
        scores = metrics(trained)
        model = run.outputs.file("MODEL")
        with run.outputs.writing("MODEL"):
            save_estimator(model, trained.estimator, trained.data, trained.windows,
                           {"title": Path(model).stem, "scores": scores["protocols"]}, read.text("CHECKPOINT"))
        for name, write in (("REPORT", write_report), ("METRICS", write_metrics)):
            path = run.outputs.file(name)
            if path is not None:
                with run.outputs.writing(name):
                    write(path, trained)
        sink = run.outputs.sink("TABLE", COLUMNS)
        for row in checked_rows(trained) if sink is not None else ():
            sink.add(row)
        near, far = scores["protocols"].values()
        return {"R2": near["r2"], "R2_BLOCKS": far["r2"]}
