"""What an output layer carries besides its data: style, metadata, provenance and the days of its bands."""
from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsDateTimeRange,
    QgsLayerMetadata,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime
from qgis.PyQt.QtXml import QDomDocument

STYLES = Path(__file__).resolve().parent / "styles"


def layer_metadata(title: str, abstract: str, provenance: dict[str, Any]) -> QgsLayerMetadata:
    metadata = QgsLayerMetadata()
    metadata.setTitle(title)
    metadata.setAbstract(abstract)
    metadata.setType("dataset")
    metadata.addHistoryItem(json.dumps(provenance, sort_keys=True))
    return metadata


def write_side_files(path: Path, style: str, metadata: QgsLayerMetadata, provenance_suffix: str,
                     provenance: dict[str, Any]) -> None:
    """Style (.qml) and metadata (.qmd), which QGIS reads by itself, and provenance beside a layer's file."""
    if style:
        path.with_suffix(".qml").write_bytes((STYLES / f"{style}.qml").read_bytes())
    document = QDomDocument("qgis")
    root = document.createElement("qgis")
    root.setAttribute("version", Qgis.QGIS_VERSION)
    document.appendChild(root)
    metadata.writeMetadataXml(root, document)
    path.with_suffix(".qmd").write_text(document.toString(2), encoding="utf-8")
    Path(f"{path}{provenance_suffix}").write_text(json.dumps(provenance, indent=2, sort_keys=True) + "\n", "utf-8")


class LayerFinish(QgsProcessingLayerPostProcessorInterface):
    """Runs on the main thread when the desktop loads an output."""

    def __init__(self, style: str, metadata: QgsLayerMetadata) -> None:
        super().__init__()
        self._style = style
        self._metadata = metadata

    def postProcessLayer(self, layer: QgsMapLayer, context: QgsProcessingContext,
                         feedback: QgsProcessingFeedback) -> None:
        if self._style:
            layer.loadNamedStyle(str(STYLES / f"{self._style}.qml"))
        layer.setMetadata(self._metadata)
        if isinstance(layer, QgsRasterLayer):
            set_band_dates(layer)
        layer.triggerRepaint()


def set_band_dates(layer: QgsRasterLayer) -> None:
    """Gives each band of a dated stack its day, month or year, so that the temporal controller plays it (QGIS 3.38 and
    newer)."""
    mode = getattr(getattr(Qgis, "RasterTemporalMode", None), "FixedRangePerBand", None)
    days = _band_days(_descriptions(layer))
    if mode is None or not days:
        return
    temporal = layer.temporalProperties()
    temporal.setMode(mode)
    temporal.setFixedRangePerBand(dict(enumerate(band_ranges(days), start=1)))
    temporal.setIsActive(True)


def _descriptions(layer: QgsRasterLayer) -> list[str]:
    """QGIS names a band 'Band 1: description'."""
    return [layer.bandName(band).partition(": ")[2] for band in range(1, layer.bandCount() + 1)]


def _band_days(descriptions: Sequence[str]) -> list[date]:
    try:
        return [date.fromisoformat(description) for description in descriptions]
    except ValueError:
        return []


def band_ranges(days: Sequence[date]) -> list[QgsDateTimeRange]:
    """A band lasts a month where all days are the first of one, a year where several are the first of January."""
    months = 0
    if all(day.day == 1 for day in days):
        months = 12 if len(days) > 1 and all(day.month == 1 for day in days) else 1
    starts = [QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0)) for day in days]
    return [QgsDateTimeRange(start, start.addMonths(months) if months else start.addDays(1), True, False)
            for start in starts]
