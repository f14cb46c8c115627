"""nocturne:blackmarbleangulareffects"""
from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingParameterDefinition

from ...algorithms.night_lights.settings import FileAngularEffectsSettings, quality_table
from ..base import Run
from .angular_effects import AngularEffects, pixel_counts
from .read_black_marble import folder_of_files, nights_destination, write_nights


class BlackMarbleAngularEffects(AngularEffects):
    NAME = "blackmarbleangulareffects"
    TITLE = "Angular effects from Black Marble files"
    SUMMARY = ("Classifies the angular effect of every pixel straight from daily Black Marble files (A1 and A2), "
               "without writing stacks; the result is that of 'Read Black Marble' and 'Angular effects', bit for bit.")
    NOTES = (
        "Pixels are fitted on the files' own grid (EPSG:4326, 15 arc-seconds). Blocks of the files are added to nine "
        "sums per pixel, so a whole tile and years of nights need little memory and no disk but for the results.\n\n"
        + AngularEffects.NOTES + "\n\nQuality codes that each choice of QUALITY accepts:")
    LIBRARIES = ("rasterio", "pyfive")
    FASTER_WITH = ("numba", "isal")
    SETTINGS = FileAngularEffectsSettings
    FIXED = {"product": "daily", "target_crs": "", "cell_size": None}

    def help_table(self) -> list[list[str]]:
        return quality_table()

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [folder_of_files()]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [*super().destinations(), nights_destination()]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.night_lights.file_angular_effects import classify_files

        result = classify_files(run.inputs.folder("FOLDER"), run.outputs.required_raster("CLASSES"),
                                run.outputs.raster("STATISTICS"), run.settings, run.resources, run.progress)
        write_nights(run, result.nights)
        return pixel_counts(result.counts)
