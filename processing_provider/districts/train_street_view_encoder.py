"""nocturne:trainstreetviewencoder"""
from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from ...algorithms.districts.settings import ViewTrainingSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described
from ..view_inputs import picture_layers, pictures


class TrainStreetViewEncoder(NocturneAlgorithm):
    NAME = "trainstreetviewencoder"
    TITLE = "Train street-view encoder"
    GROUP = "districts"
    SUMMARY = ("Trains a vision transformer on street views by painting them again, for 'Encode street views'. No "
               "label is needed.")
    NOTES = (
        "The encoder turns a picture into tokens, the decoder of 4 blocks with 6 heads paints it from them. What is "
        "kept is the encoder; its first token is the vector of a picture.\n\n"
        "CHECKPOINT may name the ViT-B weights of Segment Anything (sam_vit_b, Apache 2.0), with CONFIGURATION "
        "published. Patch embedding, attention and MLP are taken, positions are interpolated, relative positions and "
        "the neck are left out. Nothing is downloaded.\n\n"
        "The report has the structural similarity of pictures that weren't trained on, also where they are painted "
        "from the first vector alone: only that says what the vector holds.\n\n"
        "Such an encoder knows no economy.")
    TAGS = ("street view", "vision transformer", "autoencoder", "segment anything", "embedding", "training")
    LIBRARIES = ("PIL", "torch", "safetensors", "matplotlib")
    SETTINGS = ViewTrainingSettings
    USES_DEVICE = True

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [*picture_layers(),
                described(QgsProcessingParameterFile(
                    "CHECKPOINT", "Checkpoint of SAM", optional=True,
                    fileFilter="Weights (*.pth *.pt);;All files (*)"),
                    "ViT-B weights to start from; empty starts at random.")]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        file = QgsProcessingParameterFileDestination
        return [
            described(file("MODEL", "Model", "Models (*.json)"),
                      "The card of the encoder; its weights stand beside it as .safetensors."),
            described(file("REPORT", "Report", "HTML files (*.html)", optional=True, createByDefault=True),
                      "Similarity, losses and painted pictures."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        number = QgsProcessingOutputNumber
        return [number("SSIM", "SSIM of pictures not trained on"),
                number("SSIM_FIRST", "SSIM painted from the first vector alone"),
                number("PICTURE_COUNT", "Pictures used")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.districts.street_view_report import write_report
        from ...algorithms.districts.street_view_training import save_encoder, train_street_views

        views, _ = pictures(run)
        trained = train_street_views(views, run.settings, run.inputs.text("CHECKPOINT"), run.resources, run.progress)
        model, report = run.outputs.file("MODEL"), run.outputs.file("REPORT")
        with run.outputs.writing("MODEL"):
            save_encoder(model, trained, Path(model).stem)
        if report is not None:
            with run.outputs.writing("REPORT"):
                write_report(report, trained)
        return {"SSIM": trained.similarity_unseen, "SSIM_FIRST": trained.similarity_first,
                "PICTURE_COUNT": trained.trained + trained.others}
