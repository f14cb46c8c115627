"""nocturne:urbancentres"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBand,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterLayer,
    QgsWkbTypes,
)

from ...algorithms.night_lights.settings import UrbanCentresSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described

COLUMNS = {"centre_id": "integer", "parent_id": "integer", "root_id": "integer", "level": "integer",
           "contour_value": "number", "area_km2": "number", "max_value": "number", "touches_edge": "flag",
           "above_threshold": "number", "stability": "number"}


class UrbanCentres(NocturneAlgorithm):
    NAME = "urbancentres"
    TITLE = "Urban centres"
    GROUP = "night_lights"
    SUMMARY = ("Delineates urban centres, and how they nest, as a local contour tree of an annual night-light raster.")
    NOTES = (
        "Like a map of hills: contours from THRESHOLD upwards, every INTERVAL, enclose brighter and brighter areas. A "
        "centre is the outermost contour around one single peak; where several meet, their common contour is a node of "
        "a higher level. Contours that enclose less than MIN_AREA don't count.\n\n"
        "The raster is brought to a metric grid and smoothed by a mean first. A centre that is cut by the edge of the "
        "raster or by no data is kept and marked in touches_edge; the published method drops it.\n\n"
        "THRESHOLD, INTERVAL and SMOOTHING take lists such as 36,32,40. The first values give the centres; stability "
        "is the mean overlap (Jaccard index, 0 to 1) of a centre with its best match in the other combinations. "
        "above_threshold is the outline's value minus the lowest contour: where it is 0, THRESHOLD alone drew the "
        "outline.\n\n"
        "Published for 500 m cells of Black Marble are THRESHOLD 36, INTERVAL 2, MIN_AREA 1 and SMOOTHING 3.")
    TAGS = ("contour tree", "night lights", "urban centre", "polycentric", "activity area", "black marble", "viirs")
    LIBRARIES = ("rasterio", "shapely", "contourpy")
    SETTINGS = UrbanCentresSettings
    STYLES = {"CENTRES": "urban_centres", "TREE": "contour_tree"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterRasterLayer("RADIANCE", "Radiance"),
                      "Annual night lights in nW/cm2/sr, such as the annual product of 'Read Black Marble'."),
            # QGIS 3.22 ignores the default of a mandatory band.
            described(QgsProcessingParameterBand("BAND", "Band", 1, "RADIANCE", optional=True), "Band of the raster."),
            described(QgsProcessingParameterFeatureSource(
                "BOUNDARY", "Boundary", [QgsProcessing.SourceType.TypeVectorPolygon], optional=True),
                "Polygons of the city; cells outside have no data. A selection is respected."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        return [
            described(QgsProcessingParameterFeatureSink("CENTRES", "Urban centres", polygons),
                      "Centres with one peak (potential activity areas): level, contour value (nW/cm2/sr), area (km2), "
                      "brightest smoothed cell, margin above the threshold, stability over lists of settings."),
            described(QgsProcessingParameterFeatureSink(
                "TREE", "Contour tree", polygons, optional=True, createByDefault=True),
                "All nodes of the simplified tree; parent_id is empty for the outermost ones."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [
            QgsProcessingOutputNumber("CENTRE_COUNT", "Number of centres"),
            QgsProcessingOutputNumber("ROOT_COUNT", "Number of outermost nodes"),
            QgsProcessingOutputNumber("CENTRE_AREA", "Area of the centres (km2)"),
            QgsProcessingOutputNumber("ROOT_AREA", "Area of the outermost nodes (km2)"),
        ]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.boundaries import Boundary
        from ...algorithms.night_lights.urban_centres import find_urban_centres

        polygons = run.inputs.polygons("BOUNDARY")
        found = find_urban_centres(
            run.inputs.raster("RADIANCE"), run.inputs.band("BAND"),
            None if polygons is None else Boundary("BOUNDARY", *polygons), run.settings, run.resources, run.progress)
        if not found.centre_count:
            run.progress.warning("There is no centre: no contour from THRESHOLD on encloses MIN_AREA.")
        for name, nodes in (("CENTRES", found.centres), ("TREE", found.tree)):
            sink = run.outputs.sink(name, COLUMNS, QgsWkbTypes.Type.MultiPolygon, found.crs.to_wkt())
            for node in nodes if sink is not None else ():
                run.progress.check()
                sink.add([node.centre_id, node.parent_id, node.root_id, node.level, node.contour_value,
                          node.area_km2, node.max_value, node.touches_edge, node.above_threshold, node.stability],
                         node.outline.wkb)
        return {"CENTRE_COUNT": found.centre_count, "ROOT_COUNT": found.root_count,
                "CENTRE_AREA": found.centre_area, "ROOT_AREA": found.root_area}
