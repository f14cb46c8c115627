"""Draws the demonstration's QGIS project (relative paths, styled) and exports its map. Runs on QGIS's own Python."""
from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsClassificationQuantile,
    QgsCoordinateTransform,
    QgsFillSymbol,
    QgsGraduatedSymbolRenderer,
    QgsLayerTreeGroup,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLegendStyle,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsPrintLayout,
    QgsProject,
    QgsRasterLayer,
    QgsReferencedRectangle,
    QgsSingleSymbolRenderer,
    QgsStyle,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor, QFont

STYLES = Path(__file__).resolve().parent.parent / "processing_provider" / "styles"
CAPTION = (
    "Every pixel is classified by how its night light changes with the angle under which the satellite sees it. "
    "Towers hide their lit streets when seen obliquely: the light falls (negative, red). Low houses show their lit "
    "walls: it rises (positive, blue). In mid-rise belts it falls and rises again (U-shaped, yellow). The lines are "
    "contours of the annual light: each cyan one encloses one centre and is labelled with its radiance, pink and "
    "violet ones enclose centres that meet. Single scattered pixels are chance: "
    "of flat pixels about eight in a hundred come out coloured at the level of 0.05.\n\n"
    "Simulated city: nothing here was observed.")


def main(folder: Path, map_day: str) -> None:
    project = QgsProject.instance()
    project.setTitle("Nocturne: angular effects and urban centres of a simulated city")
    project.writeEntry("Paths", "Absolute", False)
    project.setBackgroundColor(QColor("#05060c"))
    root = project.layerTreeRoot()
    centres = vector(root, folder / "urban_centres.gpkg", "Urban centres (one peak each)")
    project.setCrs(centres.crs())
    tree = vector(root, folder / "contour_tree.gpkg", "Contour tree, by level")
    boundary = vector(root, folder / "city" / "boundary.geojson", "Municipal boundary")
    boundary.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(
        {"style": "no", "outline_color": "#9aa0b8", "outline_style": "dash", "outline_width": "0.3"})))
    effects = raster(root, folder / "angular_effects.tif", "Angular effect")
    annual = raster(root, folder / "annual_radiance.tif", "Annual radiance (nW/cm²/sr)")
    nights = root.addGroup("Nights")
    raster(nights, folder / "radiance.tif", "Radiance of each night (nW/cm²/sr)")
    raster(nights, folder / "zenith.tif", "View zenith angle of each night (degrees)")
    raster(nights, folder / "observations.tif", "Number of valid nights")
    vector(nights, folder / "nights.gpkg", "Nights: files and shares")
    planted = root.addGroup("Truth (planted)")
    truth = raster(planted, folder / "city" / "truth" / "truth_classes.tif", "Planted angular effect")
    truth.loadNamedStyle(str(STYLES / "angular_effects.qml"))
    three = root.addGroup("CBDs of three cities")
    vector(three, folder / "cbds.gpkg", "CBDs")
    reference = vector(three, folder / "cities" / "cbd_reference.geojson", "Planted CBDs")
    reference.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(
        {"style": "no", "outline_color": "#5ac8fa", "outline_style": "dash", "outline_width": "0.5"})))
    vector(three, folder / "cbd_centres.gpkg", "Urban centres with light indexes")
    industry = root.addGroup("Output of an industrial region")
    factories = vector(industry, folder / "factories.gpkg", "Factories and months")
    factories.temporalProperties().setIsActive(True)  # opening a layer with its style leaves it off
    raster(industry, folder / "industrial_output.tif", "Output of each cell and month")
    raster(industry, folder / "industrial_change.tif", "Level, trend and change (shown: trend, % per year)")
    air = root.addGroup("PM2.5 of a country")
    country(air, folder, map_day)
    districts = root.addGroup("Economy of simulated districts")
    economy = vector(districts, folder / "district_economy.geojson", "Tertiary value added of units, per km2")
    shade(economy, '"target_tertiary_estimate" / "area_km2"')
    vector(districts, folder / "districts_left_out.gpkg", "Districts estimated without their totals")
    for group in (nights, planted, three, industry, air, districts):
        group.setItemVisibilityChecked(False)
        group.setExpanded(False)
    extent = boundary.extent()
    view = QgsReferencedRectangle(extent, boundary.crs())
    project.viewSettings().setDefaultViewExtent(view)
    layout = draw_layout(project, [centres, tree, boundary, effects, annual], view)
    if not project.write(str(folder / "demonstration.qgz")):
        sys.exit(f"The project could not be written: {project.error()}")
    make_relative(folder / "demonstration.qgz", folder)
    settings = QgsLayoutExporter.ImageExportSettings()
    settings.dpi = 130
    if QgsLayoutExporter(layout).exportToImage(str(folder / "demonstration.png"), settings):
        sys.exit("The map could not be exported.")


def country(group: QgsLayerTreeGroup, folder: Path, day: str) -> None:
    """Daily maps of a simulated country, shown on one day, beside what was planted."""
    vector(group, folder / "country" / "site_days.geojson", "Monitors and days")
    for path, name in (("pm25.tif", "PM2.5 of each day (ug/m3)"), ("pm25_low.tif", "Lower end of the 90 % interval"),
                       ("pm25_high.tif", "Upper end of the 90 % interval"),
                       ("pm25_applicability.tif", "Unlike the monitors (above 1: not tried)"),
                       ("country/truth/pm25.tif", "Planted PM2.5 (ug/m3)")):
        layer = raster(group, folder / path, name)
        if "truth" in path:
            layer.loadNamedStyle(str(STYLES / "pm25.qml"))
        names = [layer.bandName(band + 1) for band in range(layer.bandCount())]
        layer.renderer().setBand(next(band for band, name in enumerate(names, 1) if name.endswith(day)))


def make_relative(project: Path, folder: Path) -> None:
    """QGIS 3.22 writes the layers of a layout's legend with whole paths, even in a project with relative ones."""
    with zipfile.ZipFile(project) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(project, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data.replace(f"{folder}/".encode(), b"./"))


def vector(group: QgsLayerTreeGroup, path: Path, name: str) -> QgsVectorLayer:
    return add(group, QgsVectorLayer(str(path), name, "ogr"))


def raster(group: QgsLayerTreeGroup, path: Path, name: str) -> QgsRasterLayer:
    return add(group, QgsRasterLayer(str(path), name))


def shade(layer: QgsVectorLayer, expression: str) -> None:
    """Seven classes with the same number of units."""
    renderer = QgsGraduatedSymbolRenderer(expression)
    renderer.setSourceSymbol(QgsFillSymbol.createSimple({"outline_style": "no"}))
    renderer.setSourceColorRamp(QgsStyle.defaultStyle().colorRamp("Viridis"))
    renderer.setClassificationMethod(QgsClassificationQuantile())
    renderer.updateClasses(layer, 7)
    layer.setRenderer(renderer)


def add(group: QgsLayerTreeGroup, layer: QgsMapLayer) -> QgsMapLayer:
    if not layer.isValid():
        sys.exit(f"{layer.source()} can't be opened.")
    QgsProject.instance().addMapLayer(layer, False)
    group.addLayer(layer)
    return layer


def draw_layout(project: QgsProject, layers: list[QgsMapLayer], view: QgsReferencedRectangle) -> QgsPrintLayout:
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName("Map")
    project.layoutManager().addLayout(layout)
    label(layout, "Angular effects and urban centres of a simulated city", 8, 6, 280, 10, 17, bold=True)
    item = QgsLayoutItemMap(layout)
    layout.addLayoutItem(item)
    place(item, 8, 18, 184, 184)
    item.setLayers(layers)
    item.setCrs(project.crs())
    item.setBackgroundColor(project.backgroundColor())
    item.setFrameEnabled(True)
    transform = QgsCoordinateTransform(
        view.crs(), project.crs(), project)
    item.setExtent(transform.transformBoundingBox(view))
    place(item, 8, 18, 184, 184)
    legend = QgsLayoutItemLegend(layout)
    layout.addLayoutItem(legend)
    legend.setLinkedMap(item)
    legend.setAutoUpdateModel(False)
    tree = legend.model().rootGroup()
    tree.clear()
    for layer in layers:
        node = tree.addLayer(layer)
        if isinstance(layer, QgsRasterLayer):  # without the line that names the band
            entries = len(legend.model().layerOriginalLegendNodes(node))
            QgsMapLayerLegendUtils.setLegendNodeOrder(node, list(range(1, entries)))
            legend.model().refreshLayerLegend(node)
    for kind, size in ((QgsLegendStyle.Style.Subgroup, 9), (QgsLegendStyle.Style.SymbolLabel, 8)):
        legend.rstyle(kind).setFont(QFont("DejaVu Sans", size))
    place(legend, 194, 16, 100, 110)
    label(layout, CAPTION, 197, 122, 93, 62, 8)
    scale = QgsLayoutItemScaleBar(layout)
    layout.addLayoutItem(scale)
    scale.setLinkedMap(item)
    scale.setStyle("Single Box")
    scale.setUnits(QgsUnitTypes.DistanceUnit.DistanceKilometers)
    scale.setUnitLabel("km")
    scale.setNumberOfSegments(2)
    scale.setNumberOfSegmentsLeft(0)
    scale.setUnitsPerSegment(10)
    scale.setFont(QFont("DejaVu Sans", 8))
    place(scale, 197, 190, 80, 12)
    return layout


def label(layout: QgsPrintLayout, text: str, x: float, y: float, width: float, height: float, size: int,
          bold: bool = False) -> None:
    item = QgsLayoutItemLabel(layout)
    item.setText(text)
    item.setFont(QFont("DejaVu Sans", size, QFont.Weight.Bold if bold else QFont.Weight.Normal))
    layout.addLayoutItem(item)
    place(item, x, y, width, height)


def place(item: object, x: float, y: float, width: float, height: float) -> None:
    """Position and size on the page in millimetres."""
    millimetres = QgsUnitTypes.LayoutUnit.LayoutMillimeters
    item.attemptMove(QgsLayoutPoint(x, y, millimetres))
    item.attemptResize(QgsLayoutSize(width, height, millimetres))


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    main(Path(sys.argv[1]), sys.argv[2])
    sys.stdout.flush()
    os._exit(0)  # QGIS 3.22 can crash while Python tears it down
