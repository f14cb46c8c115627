"""nocturne:regiongraph"""
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
    QgsWkbTypes,
)

from ...algorithms.districts.settings import RegionGraphSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class RegionGraph(NocturneAlgorithm):
    NAME = "regiongraph"
    TITLE = "Region graph"
    GROUP = "districts"
    SUMMARY = ("Brings places, street views, flows and known totals of districts to small units: polygons with "
               "features and lines with flows, from which the economy of districts is learnt.")
    NOTES = (
        "NODES has the units with district, area in km2, place_... (number of places per category), view_... (pooled "
        "vector of the images), flow_... (by choice) and target_... (total of the unit's district, the same for all "
        "its units: never add it up). What is unknown is empty, never zero: units without a single place, without "
        "images, without flows.\n\n"
        "EDGES has a line per pair of units with a flow: counts and log(1 + count) both ways and the distance in km. "
        "With TIME_FIELD counts are the mean of each weekday times the number of such days in the year.\n\n"
        "Flows between cells of FLOW_GRID are split at both ends by area, or by the places, roads or built-up areas of "
        "SPLIT. A flow of a cell to itself stays inside the unit with the larger share. The log says how much went "
        "between units, to units themselves, outside and to unknown ends; it adds up to the total.\n\n"
        "The shipped mapping brings tags of OpenStreetMap, such as amenity=restaurant, to 16 classes and 140 "
        "categories.")
    TAGS = ("graph", "places", "poi", "openstreetmap", "origin-destination", "commuting", "street view", "gdp")
    LIBRARIES = ("rasterio", "shapely")
    SETTINGS = RegionGraphSettings
    STYLES = {"NODES": "region_nodes", "EDGES": "region_edges"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        source, types = QgsProcessingParameterFeatureSource, QgsProcessing.SourceType
        any_shape, table = [types.TypeVectorAnyGeometry], [types.TypeVector]

        def field(name: str, label: str, parent: str, optional: bool = True,
                  several: bool = False) -> QgsProcessingParameterField:
            return QgsProcessingParameterField(name, label, None, parent, optional=optional, allowMultiple=several)

        return [
            described(source("SUBDISTRICTS", "Units", any_shape), "Polygons that become nodes. A selection is "
                      "respected. Points will do where nothing is looked for by place."),
            described(field("UNIT_FIELD", "Unit field", "SUBDISTRICTS", False), "An id that every unit has alone."),
            described(field("DISTRICT_FIELD", "District field", "SUBDISTRICTS"), "The district of each unit."),
            described(field("CITY_FIELD", "City field", "SUBDISTRICTS"),
                      "The city of each unit; it stands in where a city has no districts."),
            described(field("PLACE_FIELDS", "Fields that are features", "SUBDISTRICTS", several=True),
                      "Numeric fields of the units, such as counts of places or lengths of roads."),
            described(source("PLACES", "Places", any_shape, optional=True), "Places to count in each unit."),
            described(field("CATEGORY_FIELD", "Category fields", "PLACES", several=True),
                      "Category of each place; of several fields the first known value counts."),
            described(source("MAPPING", "Mapping of categories", table, optional=True),
                      "Table with the fields tag, class and category for local codes. Empty takes the shipped one."),
            described(source("FLOWS", "Flows", table, optional=True),
                      "A row per origin and destination, or per origin, destination and time."),
            described(field("ORIGIN_FIELD", "Origin field", "FLOWS"), "Id of the unit or cell that a flow leaves."),
            described(field("DESTINATION_FIELD", "Destination field", "FLOWS"),
                      "Id of the unit or cell that a flow reaches."),
            described(field("COUNT_FIELD", "Count field", "FLOWS"), "How many; not below 0."),
            described(field("TIME_FIELD", "Time field", "FLOWS"), "Day of each row; empty where counts are totals."),
            described(source("FLOW_GRID", "Cells of the flows", any_shape, optional=True),
                      "Cells or points that the flows are between; empty where they are between units."),
            described(field("GRID_FIELD", "Cell field", "FLOW_GRID"), "Id of each cell."),
            described(source("SPLIT", "Split cells by", any_shape, optional=True),
                      "Places (their number), roads (their length) or built-up areas. Empty splits by area."),
            described(source("EMBEDDINGS", "Vectors of street views", table, optional=True),
                      "A row or point per image, as 'Encode street views' writes them."),
            described(field("EMBEDDING_UNIT_FIELD", "Unit field of the images", "EMBEDDINGS"),
                      "Names the unit of each image; empty looks where its point lies."),
            described(source("DISTRICT_TARGETS", "Totals of districts", table, optional=True),
                      "A row per district with what is known about it."),
            described(field("TARGET_DISTRICT_FIELD", "District field of the totals", "DISTRICT_TARGETS"),
                      "The same names or codes as in DISTRICT_FIELD."),
            described(field("TARGET_FIELDS", "Fields with totals", "DISTRICT_TARGETS", several=True),
                      "Empty takes all numeric fields."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        sink, types = QgsProcessingParameterFeatureSink, QgsProcessing.SourceType
        return [
            described(sink("NODES", "Nodes"), "The units with their features and totals."),
            described(sink("EDGES", "Edges", types.TypeVectorLine, optional=True, createByDefault=True),
                      "Lines between units with their flows; not written without FLOWS."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        number = QgsProcessingOutputNumber
        return [number("UNIT_COUNT", "Number of units"), number("DISTRICT_COUNT", "Number of districts"),
                number("EDGE_COUNT", "Number of edges"), number("ISOLATED_COUNT", "Units without any flow"),
                number("FLOW_TOTAL", "Sum of all flows"), number("FLOW_BETWEEN", "Sum between units"),
                number("FLOW_SELF", "Sum of units to themselves"), number("FLOW_OUTSIDE", "Sum outside the units"),
                number("FLOW_UNKNOWN", "Sum with an unknown end")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.districts.flow_table import FlowFields
        from ...algorithms.districts.graph_columns import EDGE_FIELDS
        from ...algorithms.districts.region_graph import GraphInputs, region_graph

        read = run.inputs
        flow_fields = FlowFields(*map(read.text, ("ORIGIN_FIELD", "DESTINATION_FIELD", "COUNT_FIELD", "TIME_FIELD")))
        graph = region_graph(GraphInputs(
            read.features("SUBDISTRICTS"), *map(read.text, ("UNIT_FIELD", "DISTRICT_FIELD", "CITY_FIELD")),
            read.fields("PLACE_FIELDS"), read.features("PLACES", read.fields("CATEGORY_FIELD")),
            read.fields("CATEGORY_FIELD"), read.features("MAPPING"),
            read.features("FLOWS", (flow_fields.origin, flow_fields.destination, flow_fields.count, flow_fields.time)),
            flow_fields, read.features("FLOW_GRID"), read.text("GRID_FIELD"), read.features("SPLIT", ()),
            read.features("EMBEDDINGS"), read.text("EMBEDDING_UNIT_FIELD"), read.features("DISTRICT_TARGETS"),
            read.text("TARGET_DISTRICT_FIELD"), read.fields("TARGET_FIELDS")), run.settings, run.progress)
        run.outputs.add_fields("NODES", graph.units.table, graph.columns)
        results: dict[str, Any] = {"UNIT_COUNT": len(graph.units), "DISTRICT_COUNT": len(graph.units.districts()[0]),
                                   "ISOLATED_COUNT": graph.isolated, "EDGE_COUNT": 0}
        if graph.flows is None or graph.sums is None:
            return results
        sink = run.outputs.sink("EDGES", EDGE_FIELDS, QgsWkbTypes.Type.LineString, graph.units.table.crs)
        for values, line in graph.edges() if sink is not None else ():
            sink.add(values, line)
        sums = graph.sums
        return {**results, "EDGE_COUNT": graph.flows.nnz, "FLOW_TOTAL": sums.total, "FLOW_BETWEEN": sums.between,
                "FLOW_SELF": sums.own, "FLOW_OUTSIDE": sums.outside, "FLOW_UNKNOWN": sums.unknown}
