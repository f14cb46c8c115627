"""All that is said about urban centres: their light indexes and further attributes, as columns of one layer."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..cbd.settings import LightIndexesSettings
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..rasters import RasterInput
from ..settings import Resources
from .centre_attributes import place_counts, raster_attributes
from .light_indexes import CityLight, LightSources, light_indexes
from .pixel_indexes import FIELDS


@dataclass(frozen=True)
class CentreSources(LightSources):
    """What light indexes are counted from, rasters that are averaged and points that are counted by category."""

    attribute_rasters: Sequence[RasterInput] = field(default_factory=tuple)
    places: FeatureTable | None = None
    category_field: str = ""


def centre_columns(sources: CentreSources, settings: LightIndexesSettings, resources: Resources,
                   progress: Progress | None = None) -> tuple[dict[str, tuple[str, NDArray[np.float64]]],
                                                              list[CityLight]]:
    """Field to its kind and one value per centre, and what the Z-scores of each city refer to."""
    progress = progress or Progress()
    share = 0.5 if sources.attribute_rasters else 1.0
    found = light_indexes(sources, settings, resources, progress.part(0, share))
    columns = {name: (kind, found.columns[name]) for name, kind in FIELDS.items()}
    attributes = raster_attributes(sources.centres, sources.attribute_rasters, progress.part(share, 1))
    columns.update({name: ("number", values) for name, values in attributes.items()})
    if sources.places is not None:
        counts = place_counts(sources.centres, sources.places, sources.category_field)
        columns.update({name: ("integer", values) for name, values in counts.items()})
    return columns, found.cities
