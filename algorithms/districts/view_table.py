"""Vectors of street views as a table: what the user's rows said, the picture, its heading and its vector."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from ..feature_tables import FeatureTable
from ..progress import Progress
from .graph_columns import VIEW
from .pictures import View, position
from .street_views import Encoded

POINT, TABLE = 1, 100  # OGC's numbers


def view_table(encoded: Encoded, table: FeatureTable | None, folder: str,
               progress: Progress) -> tuple[FeatureTable, dict[str, tuple[str, Any]]]:
    """A row per view, and the fields that are added to it: picture, heading and view_...

    Rows are those of the user's table, else points where the cameras wrote their positions, in degrees.
    """
    views = encoded.views
    if table is None:
        base = Path(folder)
        table = _placed(views, progress)
        names = [view.path.relative_to(base).as_posix() for view in views]
    else:
        table = table.take(np.array([view.row for view in views], np.intp))
        names = [str(view.path) for view in views]
    added: dict[str, tuple[str, Any]] = {"picture": ("text", names),
                                         "heading": ("number", np.array([view.heading for view in views]))}
    added.update({f"{VIEW}{number}": ("number", column) for number, column in enumerate(encoded.vectors.T, 1)})
    return table, added


def _placed(views: Sequence[View], progress: Progress) -> FeatureTable:
    found = {path: position(path) for path in {view.path for view in views}}
    places = [found[view.path] for view in views]
    there = sum(place is not None for place in found.values())
    progress.message(f"Positions in the pictures: {there} of {len(found)}.")
    rows = {"number": np.arange(1.0, len(views) + 1)}
    if not there:
        return FeatureTable("FOLDER", rows, {"number": "integer"}, wkb_type=TABLE)
    wkb = tuple(None if place is None else shapely.to_wkb(shapely.Point(place)) for place in places)
    return FeatureTable("FOLDER", rows, {"number": "integer"}, wkb, "EPSG:4326", POINT)
