"""Three compact simulated cities as files, for tests of what runs over several cities."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.simulation import full_demo
from nocturne.algorithms.simulation.full_demo import DemoSize, create_full_demo
from nocturne.algorithms.simulation.settings import DemoSettings
from shapely.geometry import shape

CELLS, NIGHTS = 100, 90


def write_cities(folder: Path) -> Path:
    """The folder of the cities: files, municipalities, urban areas and reference outlines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(full_demo.SIZES, "cities", DemoSize("a small set", CELLS, NIGHTS, True, 0.6, 0.05))
        create_full_demo(str(folder), DemoSettings(size="cities", seed=1), Progress())
    return folder / "cities"


def layer(path: Path, parameter: str) -> FeatureTable:
    """A GeoJSON layer of polygons with its texts."""
    features = json.loads(path.read_text("utf-8"))["features"]
    names = [name for name, value in features[0]["properties"].items() if isinstance(value, str)]
    columns = {name: np.array([each["properties"][name] for each in features], dtype=object) for name in names}
    wkb = tuple(shapely.make_valid(shape(each["geometry"])).wkb for each in features)
    return FeatureTable(parameter, columns, dict.fromkeys(names, "text"), wkb, "EPSG:4326", 6)
