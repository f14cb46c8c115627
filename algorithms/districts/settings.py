"""Settings of the district algorithms."""
from __future__ import annotations

from dataclasses import dataclass

from ..settings import Settings, choice, flag


@dataclass(frozen=True)
class RegionGraphSettings(Settings):
    """How layers become the nodes and edges of a region graph."""

    categories: str = choice(
        "as_given", ("as_given", "classes", "categories"), "Categories of places",
        "as_given: every value of CATEGORY_FIELD is a feature. classes, categories: values are brought to the 16 "
        "classes or the 140 categories of MAPPING.")
    pooling: str = choice("mean", ("mean", "sum"), "Pooling of images",
                          "What a unit's vector is of those of its images. The sum also counts images.")
    profiles: str = choice(
        "none", ("none", "totals", "districts"), "Flow profiles",
        "Node features from flows. totals: logs of what arrives and leaves, and their difference. districts: also the "
        "logs of the flows from and to each district.")
    self_flows: bool = flag(False, "Keep self flows", "Keep flows of a unit to itself. In many tables they are "
                            "residents rather than trips.")
