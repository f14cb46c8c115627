"""nocturne:encodestreetviews"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFile,
)

from ...algorithms.districts.settings import PictureSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described
from ..view_inputs import picture_layers, pictures


class EncodeStreetViews(NocturneAlgorithm):
    NAME = "encodestreetviews"
    TITLE = "Encode street views"
    GROUP = "districts"
    SUMMARY = "Turns street views into vectors of numbers, which 'Region graph' pools over small units."
    NOTES = (
        "Pictures come from a folder, or from a table or point layer that names their files. Without a layer the "
        "points are where the cameras wrote that they stood. Panoramas become four views to the east, south, west and "
        "north.\n\n"
        "Pictures that are damaged or smaller than 16 pixels are left out and named. Grey, CMYK and 16-bit pictures "
        "become colours of 8 bits; rotations that cameras wrote are undone.\n\n"
        "The bundled encoder was trained on simulated street pictures and 32 photographs to paint pictures again. It "
        "knows no economy; train your own where you have pictures.")
    TAGS = ("street view", "vision transformer", "embedding", "exif", "panorama", "features")
    LIBRARIES = ("PIL", "shapely", "torch", "safetensors")
    SETTINGS = PictureSettings
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [*picture_layers(),
                described(QgsProcessingParameterFile(
                    "MODEL", "Model", optional=True, fileFilter="Models (*.json *.safetensors);;All files (*)"),
                    "An encoder of 'Train street-view encoder'; empty takes the small bundled one.")]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [described(QgsProcessingParameterFeatureSink("EMBEDDINGS", "Vectors of street views",
                                                            QgsProcessing.SourceType.TypeVector),
                          "A row per view with picture, heading and view_1, view_2 and so on.")]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("VIEW_COUNT", "Views with a vector"),
                QgsProcessingOutputNumber("VECTOR_LENGTH", "Numbers of a vector")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.districts.street_views import encode_views, load_encoder
        from ...algorithms.districts.view_table import view_table

        views, table = pictures(run)
        encoded = encode_views(views, load_encoder(run.inputs.text("MODEL")), run.resources, run.progress)
        rows, added = view_table(encoded, table, run.inputs.text("FOLDER"), run.progress)
        run.outputs.add_fields("EMBEDDINGS", rows, added)
        return {"VIEW_COUNT": len(encoded.views), "VECTOR_LENGTH": encoded.vectors.shape[1]}
