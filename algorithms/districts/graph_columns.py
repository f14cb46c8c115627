"""Names of what a region graph's layers hold, so that whoever reads NODES and EDGES knows features from targets."""
from __future__ import annotations

import re
from collections.abc import Sequence

SPACING = "spacing_km"  # to the five nearest units, for models that read it
UNIT, DISTRICT, CITY, AREA, HAS_FLOWS, VIEW_COUNT = "unit", "district", "city", "area_km2", "has_flows", "views"
PLACE, VIEW, FLOW, TARGET = "place_", "view_", "flow_", "target_"  # beginnings of names
FEATURES = (PLACE, VIEW, FLOW)
MADE = ("_estimate", "_error", "_low", "_high")  # endings of what is written beside a total
EDGE_FIELDS = {"origin": "text", "destination": "text", "count": "number", "count_back": "number",
               "log_count": "number", "log_count_back": "number", "distance_km": "number"}


def column_names(prefix: str, texts: Sequence[str]) -> list[str]:
    """A field name for each text: lower-case letters, digits and underscores; numbered where they'd be alike."""
    names: list[str] = []
    for text in texts:
        words = re.sub(r"\W+", "_", text.casefold()).strip("_")
        plain = prefix + (words[len(prefix) * words.startswith(prefix):] or "other")
        name, number = plain, 2
        while name in names:
            name, number = f"{plain}_{number}", number + 1
        names.append(name)
    return names
