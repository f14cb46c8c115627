"""nocturne:createdemo"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingOutputDefinition,
    QgsProcessingOutputString,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFolderDestination,
)

from ...algorithms.simulation.settings import DemoSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class CreateDemo(NocturneAlgorithm):
    NAME = "createdemo"
    TITLE = "Create the demonstration"
    GROUP = "tools"
    SUMMARY = ("Writes a simulated city as Black Marble files of the real format, an industrial region, a country with "
               "air monitors, or districts, with the truth beside them, to try the algorithms and to test them.")
    NOTES = (
        "Nothing in it was observed: a fictitious city is lit by towers, houses and streets and seen from the orbit of "
        "the satellite through clouds and noise. The folder 'city' gets daily files (A1 and A2) and annual files (A4) "
        "of both collections, boundary and urban area, and the planted angular effects with every constant that was "
        "drawn. The same seed writes the same files.\n"
        "SIZE full writes the folder 'cities' instead: a city of each of three types with the outlines of its business "
        "districts, over two years, with time of night, azimuth, haze, hills, season, snow, moon, thin cloud and new "
        "lamps; CITY is then that folder and EXTENT that of the first city.\n"
        "PART region writes the folder 'region': monthly light with observation counts, places, zones, land use and "
        "totals of an industrial region, and what each of its factories really made.\n"
        "PART country writes the folder 'country': PM2.5 at monitors, covariates at monitors and of all cells as daily "
        "rasters, and the PM2.5 of each cell.\n"
        "PART districts writes the folder 'districts': fictitious units of the 50 districts of the Pearl River Delta "
        "with their published totals, and simulated places, street views with their vectors, and flows between cells.")
    TAGS = ("demonstration", "simulation", "example data", "black marble")
    LIBRARIES = ("rasterio", "shapely", "h5py")
    FASTER_WITH = ("isal",)
    SETTINGS = DemoSettings

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [described(QgsProcessingParameterFolderDestination("FOLDER", "Folder"),
                          "Folder that gets the demonstration; an earlier demonstration in it is replaced.")]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputString("CITY", "Folder of the city"),
                QgsProcessingOutputString("REGION", "Folder of the region"),
                QgsProcessingOutputString("COUNTRY", "Folder of the country"),
                QgsProcessingOutputString("DISTRICTS", "Folder of the districts"),
                QgsProcessingOutputString("EXTENT", "Extent of it in degrees (west, east, south, north)")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.simulation.demo import create_demo

        folder = run.inputs.folder("FOLDER")
        summary = create_demo(folder, run.settings, run.progress, run.resources)
        west, south, east, north = summary.extent
        run.progress.message(f"{summary.files} files, {summary.size_bytes / 1e6:.0f} MB, {summary.nights} nights, "
                             f"months or days from {summary.first_night} to {summary.last_night}.")
        return {"FOLDER": folder, run.settings.part.upper(): summary.folder,
                "EXTENT": f"{west},{east},{south},{north} [EPSG:4326]"}
