"""nocturne:mapdistricteconomy"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFile,
    QgsWkbTypes,
)

from ...algorithms.districts.settings import MapEconomySettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described
from ..region_inputs import region_inputs, region_layers


class MapDistrictEconomy(NocturneAlgorithm):
    NAME = "mapdistricteconomy"
    TITLE = "Map district economy"
    GROUP = "districts"
    SUMMARY = "Estimates totals of districts and of their units, with intervals, by a trained SemiGTX model."
    NOTES = (
        "Every target gets _estimate, _low and _high (90 %). Units add up to their districts, and share the total by "
        "their counts, such as places, and by how far apart they lie, as the model learnt. The intervals come from "
        "districts that were left out when the model was judged; those of units say how uncertain their district is, "
        "not how it is shared among them.\n\n"
        "PRESERVE_TOTALS keeps the totals that are known, and shares them among the units by the model. FINE_TUNE "
        "adapts a model to another region by the totals that are known there; the log says how each way errs in "
        "districts left out, and the intervals come from them.\n\n"
        "The bundled model estimates GDP in thousand US dollars of 2011 for units of about 4,000 residents. NODES must "
        "have the fields place_food_point, place_food_poly and so on, for food, health, retail, school and transport: "
        "how many places OpenStreetMap has as points and as polygons. It was fitted on the counties of New York State: "
        "elsewhere its levels mean little, and how it shares known totals a bit more.\n\n"
        "outside_range marks units with a feature beyond those that the model learnt from.")
    TAGS = ("gdp", "economy", "graph neural network", "map", "disaggregation", "prediction interval")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "safetensors", "torch", "torch_geometric")
    SETTINGS = MapEconomySettings
    STYLES = {"OUTPUT": "region_economy", "DISTRICTS": "region_economy"}
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [
            *region_layers(),
            described(QgsProcessingParameterFile("MODEL", "Model", optional=True,
                                                 fileFilter="Models (*.json *.safetensors);;All files (*)"),
                      "A file of 'Train SemiGTX'; both files of the model stand side by side. Empty takes the bundled "
                      "model of New York State."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        sink = QgsProcessingParameterFeatureSink
        return [described(sink("OUTPUT", "Units"), "The nodes with their estimates, coloured by those "
                          "of the first target per area, over the region's."),
                described(sink("DISTRICTS", "Districts", optional=True, createByDefault=True),
                          "Outlines of the districts with their estimates.")]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("OUTSIDE_COUNT", "Units outside the ranges of the model")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.districts.map_economy import map_economy
        from ...algorithms.districts.region_models import read_region_model

        read = run.inputs
        region = region_inputs(run)
        found = map_economy(region, read_region_model(read.text("MODEL")), run.settings, run.resources,
                            run.progress)
        run.outputs.add_fields("OUTPUT", found.region.units.table, found.unit_columns())
        kinds = {name: kind for name, (kind, _) in found.district_columns().items()}
        sink = run.outputs.sink("DISTRICTS", kinds, QgsWkbTypes.Type.MultiPolygon, "EPSG:4326")
        for values, outline in found.district_rows() if sink is not None else ():
            sink.add(values, outline)
        return {"OUTSIDE_COUNT": int(found.outside.sum())}
