"""The plugin object: registers the Processing provider, in the desktop and in qgis_process."""
from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication

from .processing_provider.provider import NocturneProvider


class NocturnePlugin:
    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.provider: NocturneProvider | None = None

    def initProcessing(self) -> None:
        self.provider = NocturneProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        self.provider.refreshAlgorithms()

    def initGui(self) -> None:
        self.initProcessing()

    def unload(self) -> None:
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
