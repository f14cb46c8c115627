"""nocturne:traincbdtree"""
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
    QgsProcessingParameterFileDestination,
)

from ...algorithms.cbd.settings import TrainCbdTreeSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described

COLUMNS = {"protocol": "text", "method": "text", "city_type": "text", "cost": "number", "hits": "integer",
           "labelled": "integer", "called": "integer", "found": "integer", "known": "integer", "producers": "number",
           "producers_low": "number", "producers_high": "number", "users": "number", "users_low": "number",
           "users_high": "number"}


class TrainCbdTree(NocturneAlgorithm):
    NAME = "traincbdtree"
    TITLE = "Train CBD trees"
    GROUP = "cbd"
    SUMMARY = ("Grows C5.0 decision trees that tell central business districts from other urban centres, and says how "
               "well they do on cities that they weren't grown from.")
    NOTES = (
        "INPUT is the layer of 'Light indexes' of several cities, with a field that says which centres are CBDs, or "
        "with outlines of the CBDs in REFERENCE. Centres without negative pixels take no part.\n\n"
        "Every city is judged by trees, city types and a cost that were found on the other cities; the report has "
        "producer's and user's accuracy per city type with their intervals, the same with at least one CBD per city, "
        "and what needs no tree: the centre of each city with most negative pixels, the brightest and the largest. "
        "The paper's own protocol, which divides centres and not cities, is repeated beside it.\n\n"
        "ATTRIBUTES are further fields of the layer that trees may test, such as places of business or slope; the "
        "layer to be classified needs them too. The model is a JSON file that a person can read.")
    TAGS = ("cbd", "c5.0", "decision tree", "training", "accuracy", "night lights")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "matplotlib")
    FASTER_WITH = ("numba",)
    SETTINGS = TrainCbdTreeSettings
    USES_RESOURCES = False

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource("INPUT", "Centres",
                                                          [QgsProcessing.SourceType.TypeVectorPolygon]),
                      "Urban centres of several cities with their light indexes. A selection is respected."),
            described(field("LABEL_FIELD", "Label field", "", "INPUT", optional=True),
                      "1 for CBDs, 0 for others (also true and false, yes and no, cbd and non-cbd)."),
            described(QgsProcessingParameterFeatureSource("REFERENCE", "Reference CBDs",
                                                          [QgsProcessing.SourceType.TypeVectorPolygon], optional=True),
                      "Outlines of the CBDs, where LABEL_FIELD is empty."),
            described(field("CITY_FIELD", "City field", None, "INPUT"), "Names the city of each centre."),
            described(field("TYPE_FIELD", "City type field", "", "INPUT", optional=True),
                      "The types of 'City types'; empty fits them here."),
            described(field("ATTRIBUTES", "Further attributes", "", "INPUT", allowMultiple=True, optional=True),
                      "Fields that trees may test beside those of the strategy; texts are categories.", advanced=True),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFileDestination("MODEL", "Model", "Models (*.json)"),
                      "The trees with their card, for 'Classify CBDs' and 'Identify CBDs'."),
            described(QgsProcessingParameterFeatureSink("TABLE", "Accuracies",
                                                        QgsProcessing.SourceType.TypeVector, optional=True,
                                                        createByDefault=False),
                      "The table of accuracies: hits of labelled and of called centres, with 95 % intervals."),
            described(QgsProcessingParameterFileDestination("METRICS", "Metrics", "JSON files (*.json)", optional=True,
                                                            createByDefault=False),
                      "All accuracies for other programs."),
            described(QgsProcessingParameterFileDestination("REPORT", "Report", "HTML files (*.html)", optional=True,
                                                            createByDefault=True),
                      "The trees as pictures and text, accuracies, confusion, costs and the attributes that decide."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [
            QgsProcessingOutputNumber("PRODUCERS_ACCURACY", "Producer's accuracy on cities left out"),
            QgsProcessingOutputNumber("USERS_ACCURACY", "User's accuracy on cities left out"),
            QgsProcessingOutputNumber("COST", "Cost of a missed CBD"),
        ]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.cbd.cbd_model import save_cbd_model
        from ...algorithms.cbd.labels import read_labels
        from ...algorithms.cbd.train_cbd import train_cbd
        from ...algorithms.cbd.training_report import write_metrics, write_report

        table = run.inputs.features("INPUT")
        labels = read_labels(table, run.inputs.text("LABEL_FIELD"), run.inputs.features("REFERENCE", ()),
                             run.settings.min_overlap)
        model, report = run.outputs.file("MODEL"), run.outputs.file("REPORT")
        trained = train_cbd(table, labels, run.inputs.text("CITY_FIELD"), run.inputs.text("TYPE_FIELD"),
                            run.inputs.fields("ATTRIBUTES"), run.settings, Path(model).stem, run.progress)
        with run.outputs.writing("MODEL"):
            save_cbd_model(model, trained.model)
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, trained)
        metrics = run.outputs.file("METRICS")
        if metrics is not None:
            with run.outputs.writing("METRICS"):
                write_metrics(metrics, trained)
        sink = run.outputs.sink("TABLE", COLUMNS)
        for line in trained.lines if sink is not None else ():
            found = line.score
            producers, users = found.intervals()
            sink.add([line.protocol, line.method, line.city_type, line.cost, found.hits, found.labelled, found.called,
                      found.found, found.known, found.producers, *producers, found.users, *users])
        found = trained.lines[0].score
        return {"PRODUCERS_ACCURACY": found.producers, "USERS_ACCURACY": found.users,
                "COST": trained.model.cost}
