"""nocturne:classifycbd"""
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

from ...algorithms.cbd.settings import ClassifyCbdSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class ClassifyCbd(NocturneAlgorithm):
    NAME = "classifycbd"
    TITLE = "Classify CBDs"
    GROUP = "cbd"
    SUMMARY = "Says which urban centres are central business districts, by trained trees or by rules that you write."
    NOTES = (
        "INPUT is the layer of 'Light indexes'. Every centre gets cbd (1 or 0, empty where unknown values leave it "
        "open), cbd_probability, rule (the tests that it passed, or the rule that applied), model and forced. Centres "
        "without negative pixels are no CBDs.\n\n"
        "MODEL is a file of 'Train CBD trees'; empty takes the bundled trees, which were grown on simulated cities: a "
        "starting point where there are no reference outlines, not a judgement. It may also be a text file of rules, "
        "with three lines for each:\n"
        "name: Many falling pixels\napplies to: mixed\nrule: Count_A >= 6 and Max_Z > 2.0\n"
        "examples/cbd_rules.txt is one. Rules compare fields with numbers; Count_A_rank and Count_A_share are the "
        "place and the share of a centre among those of its city.\n\n"
        "The types of cities come from TYPE_FIELD, or from the model.")
    TAGS = ("cbd", "c5.0", "decision tree", "rules", "classification", "night lights")
    LIBRARIES = ("rasterio", "shapely", "sklearn")
    FASTER_WITH = ("numba",)
    SETTINGS = ClassifyCbdSettings
    USES_RESOURCES = False
    STYLES = {"OUTPUT": "cbd"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field = QgsProcessingParameterField
        return [
            described(QgsProcessingParameterFeatureSource("INPUT", "Centres", [QgsProcessing.SourceType.TypeVector]),
                      "Urban centres with their light indexes. A selection is respected."),
            described(field("CITY_FIELD", "City field", "", "INPUT", optional=True),
                      "Names the city of each centre; empty takes all centres for one city."),
            described(field("TYPE_FIELD", "City type field", "", "INPUT", optional=True),
                      "The types of 'City types'; empty takes the types of the model."),
            described(QgsProcessingParameterFile("MODEL", "Model or rules", optional=True,
                                                 fileFilter="Models and rules (*.json *.txt);;All files (*)"),
                      "Trees (.json) or rules (.txt); empty takes the bundled trees."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [described(QgsProcessingParameterFeatureSink("OUTPUT", "Classified centres"),
                          "The centres with cbd, cbd_probability, rule, model and forced.")]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("CBD_COUNT", "Number of CBDs"),
                QgsProcessingOutputNumber("FORCED_COUNT", "Number of forced CBDs"),
                QgsProcessingOutputNumber("UNKNOWN_COUNT", "Centres that unknown values leave open")]

    def execute(self, run: Run) -> dict[str, Any]:
        import numpy as np

        from ...algorithms.cbd.classification import classify
        from ...algorithms.cbd.deciders import read_decider

        read = run.inputs
        table = read.features("INPUT")
        columns, kinds = classify(table, read_decider(read.folder("MODEL")), read.text("CITY_FIELD"),
                                  read.text("TYPE_FIELD"), run.settings.one_per_city, run.progress)
        run.outputs.add_fields("OUTPUT", table, {name: (kind, columns[name]) for name, kind in kinds.items()})
        cbd = columns["cbd"]
        return {"CBD_COUNT": int((cbd == 1).sum()), "FORCED_COUNT": int(columns["forced"].sum()),
                "UNKNOWN_COUNT": int(np.isnan(cbd).sum())}
