"""The explorer's dock: a class raster, the pixels that were clicked, their picture and their decisions."""
from __future__ import annotations

import html
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from qgis.core import (
    QgsApplication,
    QgsCoordinateTransform,
    QgsCsException,
    QgsMapLayerProxyModel,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
)
from qgis.gui import QgsDockWidget, QgsMapCanvas, QgsMapLayerComboBox, QgsMapToolEmitPoint
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication, QLabel, QSplitter, QTextBrowser, QToolBar, QVBoxLayout, QWidget

from ..processing_provider.inputs import crs_text
from ..processing_provider.outputs import PROVENANCE_SUFFIX
from .background_read import BackgroundRead
from .explorer_plot import COLOURS, NightsPlot
from .pixel_marks import PixelMarks

if TYPE_CHECKING:
    from ..algorithms.night_lights.class_origin import ClassOrigin
    from ..algorithms.night_lights.pixel_nights import PixelNights, WindowDecision
    from ..algorithms.progress import Progress

MOST_PIXELS = len(COLOURS)


class ExplorerDock(QgsDockWidget):
    """Needs rasterio and matplotlib; whoever opens it has loaded them. pixels: what is shown."""

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__("Angular-effect explorer", parent)
        self.setObjectName("NocturneExplorer")
        self._canvas = canvas
        self._origin: ClassOrigin | None = None
        self._decision: WindowDecision | None = None
        self.pixels: list[PixelNights] = []
        self._oldest = 0
        self._reads: list[BackgroundRead] = []
        self._plot = NightsPlot()
        self._tool = QgsMapToolEmitPoint(canvas)
        self._tool.setCursor(Qt.CursorShape.CrossCursor)
        self._marks = PixelMarks(canvas)
        self._layers = QgsMapLayerComboBox()
        self._layers.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self._layers.setAllowEmptyLayer(True, "Choose a class raster")
        self._layers.setLayer(None)
        self._sentence = QLabel()
        self._sentence.setWordWrap(True)
        self._words = QTextBrowser()
        self._lay_out()
        self._layers.layerChanged.connect(self._begin_layer)
        self._tool.canvasClicked.connect(self._pick)
        canvas.destinationCrsChanged.connect(self._mark)
        self.closed.connect(self._leave_map)
        self._begin_layer(None)

    def _lay_out(self) -> None:
        bar = QToolBar()
        self._picking = self._action(bar, "Pick", "Click pixels on the map", self._switch_tool, checkable=True)
        self._comparing = self._action(
            bar, "Compare", f"Keep the pixels that are shown, up to {MOST_PIXELS}", None, checkable=True)
        self._relative = self._action(
            bar, "Relative", "Draw the radiance over the mean of the pixel's valid nights", self._draw, checkable=True)
        self._action(bar, "Clear", "Forget the pixels", self._clear)
        bar.addSeparator()
        self._copying = [
            self._action(bar, "Copy table", "The nights of all pixels as tab-separated text", self._copy_table),
            self._action(bar, "Copy picture", "The plots as they are shown", self._copy_picture)]
        self._tool.setAction(self._picking)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self._plot.widget)
        parts.addWidget(self._words)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        parts.setSizes([480, 300])
        content = QWidget()
        column = QVBoxLayout(content)
        for widget in (self._layers, bar, self._sentence):
            column.addWidget(widget)
        column.addWidget(parts, 1)
        self.setWidget(content)

    def _action(self, bar: QToolBar, text: str, tip: str, slot: Callable[..., None] | None,
                checkable: bool = False) -> Any:
        action = bar.addAction(text)
        action.setToolTip(tip)
        action.setCheckable(checkable)
        if slot is not None:
            action.triggered.connect(slot)
        return action

    def open_for(self, layer: QgsRasterLayer | None) -> None:
        """Shows the dock for a class raster; None keeps the chosen one, or takes the project's first one."""
        layer = layer or self._layers.currentLayer() or _first_class_raster()
        self.setUserVisible(True)
        if layer is self._layers.currentLayer():
            self._begin_layer(layer)
        else:
            self._layers.setLayer(layer)

    def remove(self) -> None:
        """Takes everything off the map and out of the window, for good."""
        self._forget_reads()
        self._leave_map()
        self._canvas.destinationCrsChanged.disconnect(self._mark)
        self.deleteLater()

    # A class raster

    def _begin_layer(self, layer: QgsRasterLayer | None) -> None:
        self._origin = self._decision = None
        self._clear()
        if layer is None:
            self._say("Choose a class raster that 'Angular effects' has written.")
            return
        path = layer.source().split("|")[0]
        self._say("Looking for its nights ...")
        crs = crs_text(layer.crs()) if layer.crs().isValid() else ""
        self._read(f"Nights of {layer.name()}", partial(_find_origin, path, crs), self._take_origin)

    def _take_origin(self, found: tuple[ClassOrigin, WindowDecision]) -> None:
        self._origin, self._decision = found
        self._ask_for_pixel()
        self._canvas.setMapTool(self._tool)

    def _ask_for_pixel(self, said: str = "") -> None:
        if self._origin is None:
            return
        changed = " and ".join(self._origin.changed)
        self._say(said + (f"Changed since the classes were made: {changed}; run 'Angular effects' again to have both "
                          "agree." if changed else "Click a pixel on the map."))

    # Pixels

    def _pick(self, point: QgsPointXY, button: Qt.MouseButton) -> None:
        layer = self._layers.currentLayer()
        if self._origin is None or layer is None or button != Qt.MouseButton.LeftButton:
            return
        if not self._comparing.isChecked():
            self._forget_reads()
        to_layer = QgsCoordinateTransform(self._canvas.mapSettings().destinationCrs(), layer.crs(),
                                          QgsProject.instance())
        try:
            place = to_layer.transform(point)
        except QgsCsException:
            self._say("The point can't be expressed in the class raster's CRS; click inside the raster.")
            return
        read = partial(_read_pixel, self._origin, self._decision, place.x(), place.y())
        self._say("Reading the nights of the pixel ...")
        self._read("Nights of a pixel", read, partial(self._take_pixel, time.monotonic()))

    def _take_pixel(self, start: float, pixel: PixelNights) -> None:
        if not self._comparing.isChecked():
            self.pixels, self._oldest = [pixel], 0
        elif pixel.cell not in [each.cell for each in self.pixels]:
            if len(self.pixels) < MOST_PIXELS:
                self.pixels.append(pixel)
            else:  # the others keep their colours
                self.pixels[self._oldest] = pixel
                self._oldest = (self._oldest + 1) % MOST_PIXELS
        self._show()
        self._ask_for_pixel(f"Read in {time.monotonic() - start:.1f} s. ")

    def _clear(self) -> None:
        self._forget_reads()
        self.pixels, self._oldest = [], 0
        self._show()
        self._ask_for_pixel()

    def _show(self) -> None:
        self._draw()
        self._words.setHtml("".join(_words_of(pixel, colour) for pixel, colour in zip(self.pixels, COLOURS)))
        for action in self._copying:
            action.setEnabled(bool(self.pixels))
        self._mark()

    def _draw(self) -> None:
        self._plot.show(self.pixels, self._relative.isChecked())

    def _mark(self) -> None:
        layer = self._layers.currentLayer()
        if layer is not None and self.isVisible():
            self._marks.show([(pixel.cell.bounds, colour) for pixel, colour in zip(self.pixels, COLOURS)],
                             layer.crs())
        else:
            self._marks.clear()

    def _copy_table(self) -> None:
        from ..algorithms.night_lights.pixel_words import NIGHT_COLUMNS, night_rows

        rows = [list(NIGHT_COLUMNS)]
        for number, pixel in enumerate(self.pixels, start=1):
            rows += night_rows(number, pixel)
        QApplication.clipboard().setText("\n".join("\t".join(row) for row in rows) + "\n")
        self._say(f"Copied {len(rows) - 1} nights.")

    def _copy_picture(self) -> None:
        QApplication.clipboard().setPixmap(self._plot.picture())
        self._say("Copied the picture.")

    # Map and threads

    def _switch_tool(self, wanted: bool) -> None:
        if wanted:
            self._canvas.setMapTool(self._tool)
        else:
            self._canvas.unsetMapTool(self._tool)

    def _leave_map(self) -> None:
        self._canvas.unsetMapTool(self._tool)
        self._marks.clear()

    def _say(self, sentence: str) -> None:
        self._sentence.setText(sentence)

    def _read(self, description: str, function: Callable[[Progress], Any], take: Callable[[Any], None]) -> None:
        read = BackgroundRead(description, function)
        read.answered.connect(take)
        read.failed.connect(self._say)
        read.answered.connect(lambda _: self._reads.remove(read))
        read.failed.connect(lambda _: self._reads.remove(read))
        self._reads.append(read)
        QgsApplication.taskManager().addTask(read)

    def _forget_reads(self) -> None:
        for read in self._reads:
            read.forget()
        self._reads.clear()


def _find_origin(path: str, crs: str, progress: Progress) -> tuple[ClassOrigin, WindowDecision]:
    from ..algorithms.night_lights import pixel_words  # noqa: F401  so that the first click needn't import it
    from ..algorithms.night_lights.class_origin import find_origin
    from ..algorithms.night_lights.pixel_nights import window_decision
    from ..algorithms.rasters import RasterInput

    origin = find_origin(RasterInput("CLASSES", path, crs), Path(f"{path}{PROVENANCE_SUFFIX}"))
    return origin, window_decision(origin, progress)


def _read_pixel(origin: ClassOrigin, decision: WindowDecision, x: float, y: float, progress: Progress) -> PixelNights:
    from ..algorithms.night_lights.pixel_nights import read_pixel

    return read_pixel(origin, decision, x, y, progress)


def _words_of(pixel: PixelNights, colour: str) -> str:
    from ..algorithms.night_lights.pixel_words import explain

    verdict, *sentences = (html.escape(sentence) for sentence in explain(pixel))
    where = f"row {pixel.cell.row + 1}, column {pixel.cell.column + 1}"
    return (f"<p><span style='color:{colour}'>&#9632;</span> <b>{verdict}</b> {where}<br/>"
            + "<br/>".join(sentences) + "</p>")


def _first_class_raster() -> QgsRasterLayer | None:
    """In the order of the layer tree: one band, and a provenance file beside it."""
    for node in QgsProject.instance().layerTreeRoot().findLayers():
        layer = node.layer()
        if (isinstance(layer, QgsRasterLayer) and layer.bandCount() == 1
                and Path(f"{layer.source()}{PROVENANCE_SUFFIX}").exists()):
            return layer
    return None
