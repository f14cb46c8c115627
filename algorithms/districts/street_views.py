"""Vectors of street views: which pictures, decoded on threads while the encoder computes."""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.registry import bundled_path, load_model
from ...models.street_view_encoder import StreetViewEncoder, ViewShape
from ..devices import Batches, pick_device
from ..errors import InputError
from ..execution import run_blocks, torch_threads
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..published_numbers import read_numbers
from ..settings import Resources
from .pictures import HEADINGS, UnusablePicture, View, find_pictures, is_panorama, read_view

KIND, BUNDLED = "street_view_encoder", "street_view_small"
TOGETHER = 32  # pictures of a batch
NAMED = 3  # unusable pictures whose reasons are said


@dataclass(frozen=True)
class Encoded:
    """views: those that could be read. vectors: (views, width)."""

    views: tuple[View, ...]
    vectors: NDArray[np.float32]


def list_views(folder: str, table: FeatureTable | None, path_field: str, heading_field: str,
               panoramas: str) -> list[View]:
    """Views of all pictures below a folder, or of those that a table or point layer names.

    Paths of the table may be relative to the folder. panoramas: auto, yes or no; panoramas become four views, and the
    heading of the table is that of their middle. Raises InputError where there are none.
    """
    if table is None:
        if not folder:
            raise InputError("FOLDER", "neither a folder nor IMAGES was given", "choose a folder of pictures")
        if not Path(folder).is_dir():
            raise InputError("FOLDER", f"'{folder}' isn't a folder", "choose a folder of pictures")
        views = [View(path) for path in find_pictures(Path(folder))]
        if not views:
            raise InputError("FOLDER", f"'{folder}' has no picture", "choose a folder with JPEG, PNG or TIFF files")
    else:
        views = _listed(table, folder, path_field, heading_field)
    if panoramas == "no":
        return views
    return [cut for view in views for cut in (_cuts(view) if panoramas == "yes" or is_panorama(view.path) else [view])]


def _listed(table: FeatureTable, folder: str, path_field: str, heading_field: str) -> list[View]:
    if not path_field:
        raise InputError("PATH_FIELD", "no field was named", f"name the field of {table.parameter} with the files")
    if not len(table):
        raise InputError(table.parameter, "it has no row", "choose a layer with pictures")
    paths = table.texts(path_field, "PATH_FIELD")
    headings = read_numbers(table, heading_field, "HEADING_FIELD") if heading_field else np.full(len(table), np.nan)
    base = Path(folder) if folder else Path()
    views = [View(base / path, heading, 0.0 if math.isnan(heading) else heading, row=row)
             for row, (path, heading) in enumerate(zip(paths, headings.tolist())) if path]
    if not any(view.path.is_file() for view in views):
        shown = views[0].path if views else "nothing"
        raise InputError("PATH_FIELD", f"none of {len(views)} files is there (the first is '{shown}')",
                         "name the FOLDER that the paths begin in")
    return views


def _cuts(view: View) -> list[View]:
    return [replace(view, heading=heading, cut=True) for heading in HEADINGS]


def load_encoder(path: str) -> StreetViewEncoder:
    """The encoder of a model file; empty takes the bundled one. Raises InputError."""
    model = load_model(path or bundled_path(BUNDLED), KIND)
    encoder = StreetViewEncoder(ViewShape(**model.card["shape"]))
    encoder.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in model.weights.items()})
    return encoder.eval()


def encode_views(views: Sequence[View], encoder: StreetViewEncoder, resources: Resources,
                 progress: Progress) -> Encoded:
    """Vectors of the views that can be read; names the others. Raises InputError where none can."""
    device = pick_device(resources.device, progress)
    encoder = encoder.to(device)
    kept: list[View] = []
    vectors: list[NDArray[np.float32]] = []
    batches, reasons = Batches(), Counter[str]()
    with torch_threads(resources), torch.inference_mode():
        for group, pictures in read_batches(views, encoder.shape.image, resources, progress, reasons):
            tensor = torch.from_numpy(pictures)

            def encode(part: range, tensor: torch.Tensor = tensor) -> NDArray[np.float32]:
                found: NDArray[np.float32] = encoder.vectors(tensor[part.start:part.stop].to(device)).cpu().numpy()
                return found

            vectors += batches.run(encode, len(tensor))
            kept += group
    say_unusable(reasons, len(views), progress)
    if not kept:
        raise InputError("IMAGES", f"none of {len(views)} pictures can be used", "choose pictures that open elsewhere")
    return Encoded(tuple(kept), np.concatenate(vectors))


def read_batches(views: Sequence[View], side: int, resources: Resources, progress: Progress,
                 reasons: Counter[str]) -> Iterator[tuple[list[View], NDArray[np.uint8]]]:
    """Groups of views and their pictures (n, 3, side, side), decoded ahead on threads; reasons why others are not."""
    groups = [views[first:first + TOGETHER] for first in range(0, len(views), TOGETHER)]

    def read(group: Sequence[View]) -> tuple[list[View], list[NDArray[np.uint8]], list[str]]:
        good, pictures, bad = [], [], []
        for view in group:
            try:
                pictures.append(read_view(view, side))
                good.append(view)
            except UnusablePicture as error:
                bad.append(f"'{view.path.name}': {error}")
        return good, pictures, bad

    for good, pictures, bad in run_blocks(read, groups, resources, progress):
        reasons.update(bad)
        if good:
            yield good, np.stack(pictures).transpose(0, 3, 1, 2)


def say_unusable(reasons: Counter[str], total: int, progress: Progress) -> None:
    """Names pictures that were left out."""
    if reasons:
        shown = "; ".join(list(reasons)[:NAMED])
        progress.warning(f"{sum(reasons.values())} of {total} views can't be used ({shown}).")
