"""nocturne:explainsemigtx"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputString,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsWkbTypes,
)

from ...algorithms.districts.settings import ExplainSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described
from ..region_inputs import region_inputs, region_layers
from ..view_inputs import picture_layers, pictures

if TYPE_CHECKING:
    from ...algorithms.districts.activation_maps import StreetPictures

TABLE_COLUMNS = {"target": "text", "district": "text", "input": "text", "contribution": "number"}


class ExplainSemiGtx(NocturneAlgorithm):
    NAME = "explainsemigtx"
    TITLE = "Explain SemiGTX"
    GROUP = "districts"
    SUMMARY = ("Says which places, views and flows the estimates of a SemiGTX model come from, in every district, "
               "which neurons carry them, and which flows it listens to.")
    NOTES = (
        "Contributions add up: to the difference between the network's estimate and what it would be if all units were "
        "average. The kernel ridge that the default averages with isn't explained.\n\n"
        "Contributions tell what the model uses, not what causes output; inputs that say the same share theirs.\n\n"
        "With street views (FOLDER or IMAGES) the report also shows the views that raise the neurons that matter most, "
        "and where in them.")
    TAGS = ("explanation", "shapley", "attribution", "attention", "feature importance", "gdp")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "safetensors", "torch", "torch_geometric", "captum", "matplotlib",
                 "PIL")
    SETTINGS = ExplainSettings
    STYLES = {"ATTENTION": "region_attention"}
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [
            *region_layers(targets=False),
            described(QgsProcessingParameterFile("MODEL", "Model", fileFilter="Models (*.json *.safetensors);;All "
                                                 "files (*)"),
                      "A file of 'Train SemiGTX'; both files of the model stand side by side."),
            *picture_layers(),
            described(QgsProcessingParameterField("VIEW_UNIT_FIELD", "Unit field of pictures", None, "IMAGES",
                                                  optional=True),
                      "Unit of each picture; empty takes the one that it lies in."),
            described(QgsProcessingParameterFile("ENCODER", "Encoder of street views", optional=True,
                                                 fileFilter="Models (*.json *.safetensors);;All files (*)"),
                      "The encoder that made the vectors of NODES; empty takes the small bundled one."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        file, sink, types = (QgsProcessingParameterFileDestination, QgsProcessingParameterFeatureSink,
                             QgsProcessing.SourceType)
        return [
            described(sink("OUTPUT", "Contributions"), "The nodes with the contributions of groups of inputs, of "
                      "each place category and of the strongest single inputs."),
            described(file("REPORT", "Report", "HTML files (*.html)", optional=True, createByDefault=True),
                      "Bars of inputs, place categories and districts, maps, beeswarms of neurons, and a trace of "
                      "them layer by layer."),
            described(sink("ATTENTION", "Attention", types.TypeVectorLine, optional=True, createByDefault=False),
                      "The edges that the network uses: how much each destination listens to the origin, 0 to 1, on "
                      "average and in each layer, and how large the message is that passes."),
            described(sink("TABLE", "Contributions by district", types.TypeVector, optional=True,
                           createByDefault=False), "A row per target, district and input."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputString("STRONGEST", "The strongest input of the first target")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.districts.explain_region import explain_region
        from ...algorithms.districts.explanation_report import write_report
        from ...algorithms.districts.region_models import read_region_model

        region = region_inputs(run, targets=False)
        found = explain_region(region, read_region_model(run.inputs.text("MODEL")), run.settings.district,
                               _pictures(run), run.resources, run.progress)
        run.outputs.add_fields("OUTPUT", found.region.units.table, found.unit_columns())
        report = run.outputs.file("REPORT")
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, found)
        attention = run.outputs.sink("ATTENTION", found.edge_columns(), QgsWkbTypes.Type.LineString, "EPSG:4326")
        for values, line in found.edge_rows() if attention is not None else ():
            attention.add(values, line)
        table = run.outputs.sink("TABLE", TABLE_COLUMNS)
        for row in found.table_rows() if table is not None else ():
            table.add(row)
        return {"STRONGEST": found.names[found.strongest(0)[0]]}


def _pictures(run: Run) -> StreetPictures | None:
    from ...algorithms.districts.activation_maps import StreetPictures

    read = run.inputs
    if not read.text("FOLDER") and read.features("IMAGES", ()) is None:
        return None
    views, table = pictures(run)
    return StreetPictures(views, table, read.text("FOLDER"), read.text("VIEW_UNIT_FIELD"), read.text("ENCODER"))
