"""nocturne:encodelocations"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
)

from ...algorithms.air_quality.settings import LocationSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class EncodeLocations(NocturneAlgorithm):
    NAME = "encodelocations"
    TITLE = "Encode locations"
    GROUP = "air_quality"
    SUMMARY = ("Gives points or polygons features of where they are: coordinates, their sines and cosines, or what a "
               "network has learnt about places.")
    NOTES = (
        "The fields loc_1, loc_2 and so on are added. They can enter any regression as further predictors.\n\n"
        "GeoCLIP's encoder knows places by the photographs that were taken there; much of what it says is terrain and "
        "climate. It has a seam at 180 degrees of longitude. Its weights come with the package geoclip (pip install "
        "--no-deps geoclip, MIT licence), SatCLIP's with a file that you download (MIT licence). Nothing is downloaded "
        "here.\n\n"
        "With few places 512 features fit noise: take COMPONENTS, such as 16.")
    TAGS = ("location encoder", "geoclip", "satclip", "embedding", "spherical harmonics", "coordinates")
    LIBRARIES = ("rasterio", "shapely", "torch")
    SETTINGS = LocationSettings
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFeatureSource(
                "INPUT", "Places", [QgsProcessing.SourceType.TypeVectorAnyGeometry]),
                "Points or polygons in any CRS. A selection is respected."),
            described(QgsProcessingParameterFile(
                "CHECKPOINT", "Checkpoint", optional=True,
                fileFilter="Weights (*.ckpt *.pth *.safetensors);;All files (*)"),
                "Weights of the encoder. Empty for none, degrees and cyclic, and for geoclip where the package is "
                "installed."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [described(QgsProcessingParameterFeatureSink("OUTPUT", "Encoded places"),
                          "The places with their fields and the features of their location; a .csv file is a table.")]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("FEATURE_COUNT", "Number of location features")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.air_quality.locations import encode_layer

        table = run.inputs.features("INPUT")
        features = encode_layer(table, run.settings, run.inputs.text("CHECKPOINT"), run.resources, run.progress)
        run.outputs.add_fields("OUTPUT", table, {f"loc_{number}": ("number", column)
                                                 for number, column in enumerate(features.T, 1)})
        return {"FEATURE_COUNT": features.shape[1]}
