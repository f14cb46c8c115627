"""The marks of the pixels that are shown on the map."""
from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsRectangle, QgsWkbTypes
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtGui import QColor


class PixelMarks:
    """Outlines of cells, in the colours of the plot."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self._bands: list[QgsRubberBand] = []

    def show(self, cells: Sequence[tuple[tuple[float, float, float, float], str]],
             crs: QgsCoordinateReferenceSystem) -> None:
        """cells: left, bottom, right and top in the CRS, and a colour."""
        self.clear()
        for bounds, colour in cells:
            band = QgsRubberBand(self._canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
            band.setStrokeColor(QColor(colour))
            band.setSecondaryStrokeColor(QColor("white"))
            band.setFillColor(QColor(0, 0, 0, 0))
            band.setWidth(3)
            band.setToGeometry(QgsGeometry.fromRect(QgsRectangle(*bounds)), crs)
            self._bands.append(band)

    def clear(self) -> None:
        for band in self._bands:
            self._canvas.scene().removeItem(band)
        self._bands.clear()
