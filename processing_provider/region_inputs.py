"""The layers that all algorithms on region graphs read."""
from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
)

from .base import Run
from .inputs import described

if TYPE_CHECKING:
    from ..algorithms.districts.region_layers import Region


def region_layers(targets: bool = True) -> list[QgsProcessingParameterDefinition]:
    """Nodes, edges and their fields; targets: whether the totals are read too."""
    source, types = QgsProcessingParameterFeatureSource, QgsProcessing.SourceType

    def field(name: str, label: str, default: str | None, parent: str, several: bool = False) -> \
            QgsProcessingParameterField:
        return QgsProcessingParameterField(name, label, default, parent, optional=True, allowMultiple=several)

    asked = [field("TARGET_FIELDS", "Fields with totals", None, "NODES", True)] if targets else []
    return [
        described(source("NODES", "Nodes", [types.TypeVectorPolygon]), "Units of a region graph."),
        described(source("EDGES", "Edges", [types.TypeVector], optional=True),
                  "Flows of the region graph; empty where there are none."),
        described(field("UNIT_FIELD", "Unit field", "unit", "NODES"), "Id of every unit."),
        described(field("DISTRICT_FIELD", "District field", "district", "NODES"), "District of every unit."),
        described(field("CITY_FIELD", "City field", None, "NODES"), "City of every unit."),
        described(field("FEATURE_FIELDS", "Features", None, "NODES", True),
                  "Numeric fields; empty takes area_km2 and those that begin with place_, view_ or flow_."),
        *(described(each, "Total of the unit's district, the same for all its units, empty where unknown; empty takes "
                    "the fields that begin with target_, but for estimates (..._estimate, _error, _low, _high).")
          for each in asked),
        described(field("ORIGIN_FIELD", "Origin field", "origin", "EDGES"), "Unit that a flow leaves."),
        described(field("DESTINATION_FIELD", "Destination field", "destination", "EDGES"), "Unit that it reaches."),
        described(field("COUNT_FIELD", "Count field", "count", "EDGES"), "How many; not below 0."),
    ]


def region_inputs(run: Run, targets: bool = True) -> Region:
    """What region_layers() asked for. Raises InputError for what can't be used."""
    from ..algorithms.districts.region_layers import GraphFields, read_region

    read = run.inputs
    fields = GraphFields(read.text("UNIT_FIELD"), read.text("DISTRICT_FIELD"), read.text("CITY_FIELD"),
                         read.fields("FEATURE_FIELDS"), read.fields("TARGET_FIELDS") if targets else (),
                         read.text("ORIGIN_FIELD"), read.text("DESTINATION_FIELD"), read.text("COUNT_FIELD"))
    return read_region(read.features("NODES"),
                       read.features("EDGES", (fields.origin, fields.destination, fields.count)), fields, run.progress)
