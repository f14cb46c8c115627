"""Where the angular-effect explorer is opened from; the explorer itself is imported when it first is."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsMapLayerType, QgsRasterLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QMenu

from ..processing_provider.dependencies import MissingLibrary, load, load_if_there

if TYPE_CHECKING:
    from .explorer_dock import ExplorerDock

MENU = "Nocturne"
WIDTH = 520  # pixels that the dock opens with
ICON = Path(__file__).resolve().parent / "explorer.svg"


class ExplorerActions:
    """Entries of the plugin's menu, of the plugin tool bar and of the context menu of raster layers."""

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._dock: ExplorerDock | None = None
        icon = QIcon(str(ICON))
        self._maker = QMenu(iface.mainWindow())  # Qt 5 and Qt 6 keep QAction in different modules; menus make them
        self._open = self._maker.addAction(icon, "Angular-effect explorer")
        self._open.triggered.connect(lambda: self.open_for(None))
        self._open_layer = self._maker.addAction(icon, "Explore angular effects")
        self._open_layer.triggered.connect(lambda: self.open_for(iface.activeLayer()))
        iface.addPluginToMenu(MENU, self._open)
        iface.addToolBarIcon(self._open)
        iface.addCustomActionForLayerType(self._open_layer, "", QgsMapLayerType.RasterLayer, True)

    def open_for(self, layer: QgsRasterLayer | None) -> None:
        """Opens the dock for a class raster; None leaves the choice to it."""
        if self._dock is None:
            try:
                load("rasterio", "matplotlib")
                load_if_there("pyfive", "isal")  # for classes that were made straight from files
            except MissingLibrary as error:
                self._iface.messageBar().pushMessage("Angular-effect explorer", str(error), Qgis.MessageLevel.Warning)
                return
            from .explorer_dock import ExplorerDock

            window = self._iface.mainWindow()
            self._dock = ExplorerDock(self._iface.mapCanvas(), window)
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
            window.resizeDocks([self._dock], [WIDTH], Qt.Orientation.Horizontal)
        self._dock.open_for(layer)

    def remove(self) -> None:
        self._iface.removePluginMenu(MENU, self._open)
        self._iface.removeToolBarIcon(self._open)
        self._iface.removeCustomActionForLayerType(self._open_layer)
        self._maker.deleteLater()
        if self._dock is not None:
            self._iface.removeDockWidget(self._dock)
            self._dock.remove()
            self._dock = None
