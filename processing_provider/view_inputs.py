"""The pictures that all algorithms on street views read."""
from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
)

from .base import Run
from .inputs import described

if TYPE_CHECKING:
    from ..algorithms.districts.pictures import View
    from ..algorithms.feature_tables import FeatureTable


def picture_layers() -> list[QgsProcessingParameterDefinition]:
    """A folder of pictures, or a table or layer that names them."""
    field = QgsProcessingParameterField
    return [
        described(QgsProcessingParameterFile("FOLDER", "Folder of pictures",
                                             QgsProcessingParameterFile.Behavior.Folder, optional=True),
                  "All JPEG, PNG, TIFF, BMP and WebP files below it; with IMAGES what its paths begin in."),
        described(QgsProcessingParameterFeatureSource("IMAGES", "Pictures", [QgsProcessing.SourceType.TypeVector],
                                                      optional=True),
                  "Points or a table with a row per picture. Empty takes all of FOLDER, with the positions that the "
                  "cameras wrote."),
        described(field("PATH_FIELD", "Path field", None, "IMAGES", optional=True), "The file of each picture."),
        described(field("HEADING_FIELD", "Heading field", None, "IMAGES", optional=True),
                  "Degrees from north that each picture looks to, of panoramas the middle."),
    ]


def pictures(run: Run) -> tuple[list[View], FeatureTable | None]:
    """Views as picture_layers() asked for them, and the table that names them. Raises InputError."""
    from ..algorithms.districts.street_views import list_views

    read = run.inputs
    table = read.features("IMAGES")
    return list_views(read.text("FOLDER"), table, read.text("PATH_FIELD"), read.text("HEADING_FIELD"),
                      run.settings.panoramas), table
