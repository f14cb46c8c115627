"""nocturne:traingvio"""
from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterField,
    QgsProcessingParameterFileDestination,
)

from ...algorithms.industry.settings import GvioSettings, TrainingSettings
from ..base import NocturneAlgorithm, Run
from ..factory_inputs import sampling_inputs, sampling_layers, totals_inputs, totals_layers, zones_input
from ..inputs import described


class TrainGvio(NocturneAlgorithm):
    NAME = "traingvio"
    TITLE = "Train industrial output"
    GROUP = "industry"
    SUMMARY = ("Learns monthly industrial output (GVIO) of factories from the light around them and from published "
               "totals, and says what it is worth in months and zones that it hasn't seen.")
    NOTES = (
        "Totals are known for a region or a few zones only, so the model is fitted to sums over factories and months: "
        "months, January and February together, quarters and years can be mixed. At least 24 months are needed, three "
        "years to try the model on months that it hasn't seen.\n\n"
        "The report compares it on blocks of 12 months and forward in time with the same month last year, with trend "
        "and season, with a random forest and a regression on the sum of light, and with itself where light says "
        "nothing. With five zones and more, zones are left out too. SKILL is 1 - squared errors / those of the best "
        "baseline without light.\n\n"
        "Where the report says that the map below the zones is light sharing, single factories and cells follow "
        "their part of the light and nothing more.")
    TAGS = ("factory", "industry", "gvio", "industrial output", "night lights", "training", "sa-cnn", "few-shot",
            "conformal prediction")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "safetensors", "torch", "matplotlib")
    SETTINGS = TrainingSettings
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            *sampling_layers(), *totals_layers(optional=False),
            described(field("WEIGHT_FIELD", "Size field", "", "FACTORIES", optional=True),
                      "Any measure of a factory's size, such as employees; estimates will need it too. Empty takes "
                      "the factory's light."),
            described(field("SECTOR_FIELD", "Sector field", "", "FACTORIES", optional=True),
                      "Sector of each factory; light may mean different things in different ones."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        file = QgsProcessingParameterFileDestination
        return [
            described(file("MODEL", "Model", "Models (*.json);;All files (*)"),
                      "The card of the model, for 'Estimate industrial output'; its weights stand beside it as "
                      ".safetensors."),
            described(file("REPORT", "Report", "HTML files (*.html);;All files (*)", optional=True,
                           createByDefault=True),
                      "Scores beside baselines, negative controls, intervals, published and estimated series."),
            described(QgsProcessingParameterFeatureSink("TABLE", "Totals that weren't learnt from",
                                                        QgsProcessing.SourceType.TypeVector, optional=True,
                                                        createByDefault=False),
                      "Every total with the estimates of models that hadn't seen it, by protocol and fold."),
            described(file("METRICS", "Metrics", "JSON files (*.json);;All files (*)", optional=True,
                           createByDefault=False),
                      "All scores for other programs."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        number = QgsProcessingOutputNumber
        return [number("R2_ESTIMATE", "R2 in blocks of months left out"),
                number("R2_GRID", "R2 of the grid there, totals not preserved"),
                number("SKILL", "Skill over the best baseline without light"),
                number("R2_FOREST", "R2 of a random forest"),
                number("R2_BASELINE", "R2 of the best baseline without light")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.industry.model_file import save_estimator
        from ...algorithms.industry.train_gvio import TrainingInputs, about, train_gvio
        from ...algorithms.industry.training_report import (
            headline,
            metrics,
            row_fields,
            rows,
            write_metrics,
            write_report,
        )

        given, outputs = run.inputs, run.outputs
        inputs = TrainingInputs(sampling_inputs(run), totals_inputs(run, run.settings.form), zones_input(run),
                                given.text("ZONE_FIELD"), given.text("WEIGHT_FIELD"), given.text("SECTOR_FIELD"))
        trained = train_gvio(inputs, run.settings, given.settings(GvioSettings), run.resources, run.progress)
        model = outputs.file("MODEL")
        with outputs.writing("MODEL"):
            save_estimator(model, trained.estimator, {"title": Path(model).stem, **about(trained),
                                                      "metrics": metrics(trained)})
        for name, write in (("REPORT", write_report), ("METRICS", write_metrics)):
            path = outputs.file(name)
            if path is not None:
                with outputs.writing(name):
                    write(path, trained)
        sink = outputs.sink("TABLE", row_fields())
        for row in rows(trained) if sink is not None else ():
            sink.add(row)
        return headline(trained)
