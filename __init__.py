"""Nocturne maps the urban economy and the air from night lights, street views, places, flows and monitors."""
from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:
    """The entry that QGIS calls; iface is None in qgis_process."""
    from .plugin import NocturnePlugin

    return NocturnePlugin(iface)
