"""The plugin object: registers the Processing provider, in the desktop and in qgis_process."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication

from .processing_provider.provider import NocturneProvider

if TYPE_CHECKING:
    from .ui.explorer_actions import ExplorerActions


class NocturnePlugin:
    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.provider: NocturneProvider | None = None
        self.explorer: ExplorerActions | None = None

    def initProcessing(self) -> None:
        self.provider = NocturneProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        self.provider.refreshAlgorithms()

    def initGui(self) -> None:
        from .ui.explorer_actions import ExplorerActions

        self.initProcessing()
        self.explorer = ExplorerActions(self.iface)

    def unload(self) -> None:
        if self.explorer is not None:
            self.explorer.remove()
            self.explorer = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
