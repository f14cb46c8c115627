"""Angular effects straight from daily Black Marble files, without stacks between."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window

from ..progress import Progress
from ..settings import Resources
from .angular_effects import AngularEffectCounts, classify
from .black_marble.catalogue import NightRecord
from .black_marble.series import open_series
from .night_sources import FileNights
from .settings import FileAngularEffectsSettings


@dataclass(frozen=True)
class FileAngularEffects:
    """Pixels per class, and what became of every night."""

    counts: AngularEffectCounts
    nights: list[NightRecord]


def classify_files(folder: str, classes_path: str, statistics_path: str | None, settings: FileAngularEffectsSettings,
                   resources: Resources, progress: Progress) -> FileAngularEffects:
    """Classes and statistics of every pixel, on the files' own grid, as of the stacks that read_black_marble makes.

    A night that has no valid pixel in the window adds nothing. Raises InputError, also where there are no A1 files.
    """
    series = open_series(folder, settings, True, resources, progress.part(0, 0.1))
    counts = classify(FileNights(series), classes_path, statistics_path, settings, resources, progress.part(0.1, 1))
    whole = Window(0, 0, series.grid.width, series.grid.height)
    cells = max(1, np.count_nonzero(series.inside_tiles(whole)))
    shares = [None if count is None else count / cells for count in counts.valid]
    return FileAngularEffects(counts, series.records(shares, [bool(count) for count in counts.valid]))
