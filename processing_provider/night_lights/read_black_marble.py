"""nocturne:readblackmarble"""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFile,
    QgsProcessingParameterRasterDestination,
)
from qgis.PyQt.QtCore import QDate

from ...algorithms.night_lights.settings import BlackMarbleSettings, quality_table
from ..base import NocturneAlgorithm, Run
from ..inputs import described

if TYPE_CHECKING:
    from ...algorithms.night_lights.black_marble.catalogue import NightRecord

NIGHT_COLUMNS = {"date": "date", "radiance_file": "text", "zenith_file": "text", "valid_share": "number",
                 "used": "flag", "reason": "text"}


def folder_of_files() -> QgsProcessingParameterDefinition:
    return described(QgsProcessingParameterFile("FOLDER", "Folder", QgsProcessingParameterFile.Behavior.Folder),
                     "Folder with the .h5 files as NASA delivers them; folders inside are searched too.")


def nights_destination() -> QgsProcessingParameterDefinition:
    return described(
        QgsProcessingParameterFeatureSink(
            "NIGHTS", "Nights", QgsProcessing.SourceType.TypeVector, optional=True, createByDefault=True),
        "Table of what became of every date and file: files, share of valid cells, whether it is used, and why not.")


def write_nights(run: Run, nights: Iterable[NightRecord]) -> None:
    table = run.outputs.sink("NIGHTS", NIGHT_COLUMNS)
    for night in nights if table is not None else ():
        day = QDate(night.date.year, night.date.month, night.date.day) if night.date else None
        table.add([day, night.radiance_file, night.zenith_file, night.valid_share, night.used, night.reason])


class ReadBlackMarble(NocturneAlgorithm):
    NAME = "readblackmarble"
    TITLE = "Read Black Marble"
    GROUP = "night_lights"
    SUMMARY = ("Reads NASA Black Marble files (VNP46, VJ146, VJ246; A1 to A4; collections 1 and 2) into stacks of "
               "radiance and view zenith angle with the nights, cells and flags that you choose.")
    NOTES = (
        "What is in the files decides, not their names. Daily radiance and flags come from A2 files and view zenith "
        "angles from the A1 files of the same tile, satellite, collection and date; without A1 files there is no "
        "zenith stack. Several tiles become one grid. One run reads one satellite and one collection.\n\n"
        "Zero is light that was measured as none; no observation is no data, and COVERAGE counts the observations. "
        "Composites below 0.5 nW/cm2/sr are exactly zero in the product itself.\n\n"
        "Quality codes that each choice of QUALITY accepts:")
    TAGS = ("black marble", "vnp46a1", "vnp46a2", "vnp46a3", "vnp46a4", "vj146", "viirs", "night lights", "hdf5")
    LIBRARIES = ("rasterio", "pyfive")
    FASTER_WITH = ("numba", "isal")
    SETTINGS = BlackMarbleSettings
    STYLES = {"RADIANCE": "radiance", "ZENITH": "zenith", "COVERAGE": "coverage"}

    def help_table(self) -> list[list[str]]:
        return quality_table()

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [folder_of_files()]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterRasterDestination("RADIANCE", "Radiance"),
                      "Radiance in nW/cm2/sr, one band per date, described by the date."),
            described(QgsProcessingParameterRasterDestination(
                "ZENITH", "View zenith angle", optional=True, createByDefault=True),
                "View zenith angle in degrees for the same bands; daily files only."),
            described(QgsProcessingParameterRasterDestination(
                "COVERAGE", "Observations", optional=True, createByDefault=True),
                "Number of valid nights per cell; of composites the product's own count, one band per date."),
            nights_destination(),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("NIGHTS_USED", "Dates in the stack")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.night_lights.black_marble.read import BlackMarbleOutputs, read_black_marble

        daily = run.settings.product == "daily"
        result = read_black_marble(
            run.inputs.folder("FOLDER"), run.settings,
            BlackMarbleOutputs(run.outputs.required_raster("RADIANCE"),
                               run.outputs.raster("ZENITH") if daily else None, run.outputs.raster("COVERAGE")),
            run.resources, run.progress)
        if not result.zenith_written:
            run.outputs.drop("ZENITH")
        write_nights(run, result.nights)
        return {"NIGHTS_USED": result.bands}
