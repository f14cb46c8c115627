"""Made-up centres of several cities, for tests of the trees that classify them."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from nocturne.algorithms.cbd.index_names import INDEXES
from nocturne.algorithms.feature_tables import FeatureTable
from shapely import from_wkb, to_wkb
from shapely.geometry import box, mapping

CITIES, CENTRES = 12, 6


def centres(cities: int = CITIES, seed: int = 1, noise: float = 0.0) -> FeatureTable:
    """One CBD per city: the centre whose Count_A is more than twice that of the others. The last centre of each city
    has no negative pixels. noise: share of labels that are wrong."""
    numbers = np.random.default_rng(seed)
    rows = cities * CENTRES
    place = np.tile(np.arange(CENTRES), cities)
    columns = {name: numbers.normal(0, 1, rows) for name in INDEXES}
    columns["Count_A"] = np.where(place == 0, 20.0, 2.0 + place) + numbers.integers(0, 3, rows)
    columns["Count_A"][place == CENTRES - 1] = 0
    columns["Mean"] = np.repeat(numbers.uniform(50, 170, cities), CENTRES) + numbers.normal(0, 1, rows)
    columns["Max"] = columns["Mean"] + numbers.uniform(1, 50, rows)
    columns["area_km2"] = numbers.uniform(5, 20, rows)
    columns["Share_A"] = columns["Count_A"] / 100
    columns["Change_A"] = numbers.normal(-0.3, 0.05, rows)
    columns["places"] = np.where(place == 0, 50.0, 1.0)
    wrong = numbers.random(rows) < noise
    columns["label"] = ((place == 0) ^ wrong).astype(float)
    kinds = dict.fromkeys(columns, "number")
    columns["city"] = np.repeat(np.array([f"city {number}" for number in range(cities)], dtype=object), CENTRES)
    columns["kind"] = np.array(["business" if each == 0 else "housing" for each in place], dtype=object)
    wkb = tuple(to_wkb(box(10_000 * city, 1000 * each, 10_000 * city + 900, 1000 * each + 900))
                for city in range(cities) for each in range(CENTRES))
    return FeatureTable("INPUT", columns, {**kinds, "city": "text", "kind": "text"}, wkb, "EPSG:32651", 3)


def write_geojson(table: FeatureTable, path: Path) -> Path:
    """The table as a layer in its own coordinates."""
    features = [{"type": "Feature", "properties": {name: None if value != value else value for name, value in zip(
        table.columns, (each.item() if hasattr(each, "item") else each for each in row))},
        "geometry": mapping(from_wkb(wkb))} for wkb, *row in zip(table.wkb, *table.columns.values())]
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{table.crs.replace(':', '::')}"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), "utf-8")
    return path
