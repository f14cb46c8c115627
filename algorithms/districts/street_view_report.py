"""The report of a trained street-view encoder."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..reports import Report
from .street_view_training import NO_ECONOMY, TrainedEncoder


def write_report(path: str, trained: TrainedEncoder) -> None:
    """Losses, structural similarity and painted pictures. Raises OSError."""
    report = Report("Street-view encoder")
    shape = trained.encoder.shape
    report.paragraph(NO_ECONOMY)
    report.table(("what", "value"), (
        ("pictures trained on", trained.trained), ("other pictures", trained.others),
        ("SSIM of other pictures", f"{trained.similarity_unseen:.3f}"),
        ("SSIM of pictures trained on", f"{trained.similarity_seen:.3f}"),
        ("SSIM of other pictures, painted from the first vector alone", f"{trained.similarity_first:.3f}"),
        ("sides of pictures and patches, pixels", f"{shape.image}, {shape.patch}"),
        ("length of vectors, blocks, heads", f"{shape.width}, {shape.depth}, {shape.heads}"),
        ("started from", trained.started_from)))
    report.paragraph("SSIM is the structural similarity of Wang et al. (2004), 1 for equal pictures. The decoder sees "
                     "the tokens of all patches, so a high value says little about the one vector that is kept; the "
                     "third value does.")
    curve = Figure(figsize=(7, 3))
    axes = curve.add_subplot(xlabel="epoch", ylabel="mean squared error + 1 - SSIM")
    axes.plot(np.arange(1, len(trained.loss) + 1), trained.loss)
    report.figure(curve, "Loss of the training pictures")
    if len(trained.samples):
        pairs = Figure(figsize=(2 * len(trained.samples), 4))
        for column, (picture, painted) in enumerate(trained.samples):
            for row, image in enumerate((picture, painted)):
                panel = pairs.add_subplot(2, len(trained.samples), 1 + row * len(trained.samples) + column)
                panel.imshow(np.clip(image.transpose(1, 2, 0), 0, 1))
                panel.set_axis_off()
        report.figure(pairs, "Pictures that weren't trained on (above) and as painted again (below)")
    report.write(path)
