"""nocturne:trainsemigtx"""
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

from ...algorithms.districts.settings import TrainSemiGtxSettings
from ...algorithms.settings import Resources
from ..base import NocturneAlgorithm, Run
from ..inputs import described
from ..region_inputs import region_inputs, region_layers


class TrainSemiGtx(NocturneAlgorithm):
    NAME = "trainsemigtx"
    TITLE = "Train SemiGTX"
    GROUP = "districts"
    SUMMARY = ("Learns totals of districts, such as the value added of sectors, from a region graph by a "
               "semi-supervised graph transformer, and says how well it estimates districts that it hasn't seen.")
    NOTES = (
        "Totals stand in every unit of their district (target_... of 'Region graph') and may be empty in some: those "
        "districts are estimated. The network estimates units so that they add up to the totals, and learns from all "
        "units what belongs together (ALPHA). The default averages it with kernel ridge over the same inputs as far as "
        "that helps districts left out.\n\n"
        "Judge a model by blocked folds: districts at random have neighbours among those that it learnt from. Totals "
        "are mostly size; the scores per unit, and the floors that know the number of units and the sums of features, "
        "tell what is learnt beyond it.")
    TAGS = ("gdp", "economy", "graph neural network", "semi-supervised", "transformer", "training", "sector")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "safetensors", "torch", "torch_geometric", "matplotlib")
    SETTINGS = TrainSemiGtxSettings
    FIXED = asdict(Resources())
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return region_layers()

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        file, sink = QgsProcessingParameterFileDestination, QgsProcessingParameterFeatureSink
        return [
            described(file("MODEL", "Model", "Models (*.json)"),
                      "The card of the model, for 'Map district economy'; its weights stand beside it as "
                      ".safetensors."),
            described(sink("OUTPUT", "Districts left out", optional=True, createByDefault=True),
                      "The nodes with the estimates of their districts by models that hadn't seen them, mean over the "
                      "rounds, and the absolute errors."),
            described(file("REPORT", "Report", "HTML files (*.html)", optional=True, createByDefault=True),
                      "Scores beside floors, errors by size and city, maps."),
            described(sink("TABLE", "Scores", QgsProcessing.SourceType.TypeVector, optional=True,
                           createByDefault=False), "A row per method, target and round."),
            described(file("METRICS", "Metrics", "JSON files (*.json)", optional=True, createByDefault=False),
                      "All scores for other programs."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("R2", "Mean R2 of totals of districts left out"),
                QgsProcessingOutputNumber("R2_PER_UNIT", "The same per unit")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.districts.evaluation import SCORE_FIELDS, score_row, scores
        from ...algorithms.districts.judge_semigtx import left_out_columns, mean_scores
        from ...algorithms.districts.train_semigtx import save_trained, train_region
        from ...algorithms.districts.train_semigtx_report import write_metrics, write_report

        region = region_inputs(run)
        settings = replace(run.settings, **asdict(run.resources))
        trained = train_region(region, settings, run.progress)
        model = run.outputs.file("MODEL")
        with run.outputs.writing("MODEL"):
            save_trained(model, trained)
        for name, write in (("REPORT", write_report), ("METRICS", write_metrics)):
            path = run.outputs.file(name)
            if path is not None:
                with run.outputs.writing(name):
                    write(path, trained)
        if run.outputs.is_wanted("OUTPUT"):
            run.outputs.add_fields("OUTPUT", region.units.table, left_out_columns(trained.judgement, region))
        sink = run.outputs.sink("TABLE", SCORE_FIELDS)
        for score in scores(trained.judgement.evaluation) if sink is not None else ():
            sink.add(score_row(score))
        return mean_scores(trained.judgement)
