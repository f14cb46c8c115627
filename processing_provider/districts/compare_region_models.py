"""nocturne:compareregionmodels"""
from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
)

from ...algorithms.districts.settings import CompareRegionSettings
from ...algorithms.settings import Resources
from ..base import NocturneAlgorithm, Run
from ..inputs import described
from ..region_inputs import region_inputs, region_layers


class CompareRegionModels(NocturneAlgorithm):
    NAME = "compareregionmodels"
    TITLE = "Compare region models"
    GROUP = "districts"
    SUMMARY = ("Judges SemiGTX beside graph networks, transformers, self-supervised ones and regressions, and without "
               "its parts, on the same districts left out.")
    NOTES = (
        "TABLES chooses comparisons: models, encodings, modalities, alphas, as Tables 7, 5, 6 and 4 of the SemiGTX "
        "paper. All methods get the same folds, features and flows, and as many candidates, but for what 'Train "
        "SemiGTX' trains by default, which has flow profiles and chooses among kernels: it stands with the network and "
        "without it. Every table holds the floors: ridge regression on the number of units, on the sums of the "
        "features, and on the sums of the flows.\n\n"
        "modalities also replaces places and views by noise of the same mean and spread: what noise gains, the "
        "modality doesn't bring.\n\n"
        "The models are trained with the default's small networks unless CONFIGURATION says published, which takes "
        "hours.")
    TAGS = ("gdp", "graph neural network", "benchmark", "ablation", "gcn", "gat", "transformer", "simclr", "infomax")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "torch", "torch_geometric", "matplotlib")
    SETTINGS = CompareRegionSettings
    FIXED = {**asdict(Resources()), "random_too": False, "network": True, "profiles": False, "frozen_head": "ridge",
             "evaluation": "transductive"}
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return region_layers()

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        file = QgsProcessingParameterFileDestination
        return [
            described(file("REPORT", "Report", "HTML files (*.html)", optional=True, createByDefault=True),
                      "Scores of every method and target, and which differences are more than noise."),
            described(QgsProcessingParameterFeatureSink("TABLE", "Scores", QgsProcessing.SourceType.TypeVector,
                                                        optional=True, createByDefault=True),
                      "A row per method, target and round."),
            described(file("METRICS", "Metrics", "JSON files (*.json)", optional=True, createByDefault=False),
                      "All scores for other programs."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("METHOD_COUNT", "Number of methods")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.districts.comparison import compare
        from ...algorithms.districts.comparison_report import write_metrics, write_report
        from ...algorithms.districts.evaluation import SCORE_FIELDS, score_row, scores
        from ...algorithms.districts.region_layers import check_trainable

        region = region_inputs(run)
        check_trainable(region)
        settings = replace(run.settings, **asdict(run.resources))
        found = compare(region, settings, run.progress)
        report, metrics = run.outputs.file("REPORT"), run.outputs.file("METRICS")
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, found, region, settings)
        if metrics is not None:
            with run.outputs.writing("METRICS"):
                write_metrics(metrics, found, settings)
        sink = run.outputs.sink("TABLE", SCORE_FIELDS)
        for score in scores(found) if sink is not None else ():
            sink.add(score_row(score))
        return {"METHOD_COUNT": len(found.estimates)}
