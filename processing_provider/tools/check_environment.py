"""nocturne:checkenvironment"""
from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputString,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFileDestination,
)

from ...algorithms.progress import Progress
from .. import dependencies
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class CheckEnvironment(NocturneAlgorithm):
    NAME = "checkenvironment"
    TITLE = "Check the environment"
    GROUP = "tools"
    SUMMARY = ("Reports which libraries, devices and models Nocturne finds here, and what to do where something is "
               "missing.")
    TAGS = ("dependencies", "diagnostics", "installation", "gpu", "torch")
    USES_RESOURCES = False

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFileDestination(
                "REPORT", "Report", "HTML files (*.html)", optional=True, createByDefault=True),
                "The findings as a page to read."),
            described(QgsProcessingParameterFileDestination(
                "JSON", "Findings", "JSON files (*.json)", optional=True, createByDefault=False),
                "The same for programs."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputString("STATE", "'complete', or what is missing")]

    def execute(self, run: Run) -> dict[str, Any]:
        report, document = run.outputs.file("REPORT"), run.outputs.file("JSON")
        findings = find_out(report is not None or document is not None, run.progress)
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(findings, report)
        if document is not None:
            with run.outputs.writing("JSON"):
                Path(document).write_text(json.dumps(findings, indent=2) + "\n", encoding="utf-8")
        for hint in findings["hints"]:
            run.progress.warning(hint)
        run.progress.message(f"State: {findings['state']}.")
        return {"STATE": findings["state"]}


def find_out(thorough: bool, progress: Progress) -> dict[str, Any]:
    """Versions, origins and notes of the libraries, devices, bundled models, and hints, as JSON values.

    thorough: imports every library, which shows what is broken and takes seconds.
    """
    from ...algorithms.provenance import plugin_version
    from ...models.registry import bundled_models

    libraries = []
    for index, name in enumerate(dependencies.LIBRARIES):
        libraries.append(dependencies.state(name, thorough))
        progress.report((index + 1) / len(dependencies.LIBRARIES))
    absent = [library.name for library in libraries if not library.version or library.note.startswith("This needs")]
    devices = []
    if thorough and not dependencies.missing(["torch"]):
        from ...algorithms.devices import available_devices

        devices = [{"name": device.name, "description": device.description} for device in available_devices()]
    return {
        "nocturne": plugin_version(),
        "qgis": Qgis.QGIS_VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        "state": f"missing: {', '.join(absent)}" if absent else "complete",
        "libraries": [vars(library) for library in libraries],
        "devices": devices,
        "models": [{"name": card.name, "bytes": card.size} for card in bundled_models()],
        "hints": [f"{library.name}: {library.note}" for library in libraries if library.note],
    }


def write_report(findings: dict[str, Any], path: str) -> None:
    from ...algorithms.reports import Report

    report = Report("Nocturne: the environment")
    report.paragraph(f"Nocturne {findings['nocturne']} in QGIS {findings['qgis']} with Python {findings['python']} on "
                     f"{findings['system']}; state: {findings['state']}.", bad=findings["state"] != "complete")
    for hint in findings["hints"]:
        report.paragraph(hint, bad=True)
    report.heading("Libraries")
    report.table(("Library", "Needed", "Found", "Folder"), [
        (library["name"], library["minimum"], library["version"] or "not found", library["origin"])
        for library in findings["libraries"]])
    report.heading("Devices for the learning algorithms, the best first")
    report.table(("DEVICE", "What it is"), [(device["name"], device["description"]) for device in findings["devices"]])
    report.heading("Bundled models")
    if findings["models"]:
        report.table(("Model", "Size (bytes)"), [(model["name"], model["bytes"]) for model in findings["models"]])
    else:
        report.paragraph("This version bundles none.")
    report.write(path)
