"""A small region graph as files: 16 districts of 6 square units, with features, flows and totals."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np

DISTRICTS, UNITS = 16, 96


def write_region(folder: Path, changes: dict[str, object] | None = None, every: dict[str, object] | None = None,
                 edge: dict[str, object] | None = None, vectors: np.ndarray | None = None) -> dict[str, str]:
    """NODES and EDGES as parameters. changes: values of the properties of the first unit; every: of all units; edge: of
    the first edge. vectors: of street views (first units, width) instead of two numbers for every unit."""
    generator = np.random.default_rng(3)
    district = np.arange(UNITS) // 6
    places = generator.normal(size=(UNITS, 2))
    views = generator.normal(size=(UNITS, 2))
    gdp = np.bincount(district, np.exp(0.6 * places[:, 0] + 0.3 * views[:, 0]))
    features = []
    for unit in range(UNITS):
        west, south = 113 + 0.1 * (unit % 12), 22 + 0.1 * (unit // 12)
        ring = [[west, south], [west + 0.1, south], [west + 0.1, south + 0.1], [west, south + 0.1], [west, south]]
        row = {"unit": f"u{unit}", "district": f"d{district[unit]:02}", "city": "ab"[district[unit] % 2],
               "place_shops": places[unit, 0], "place_works": places[unit, 1], "target_gdp": float(gdp[district[unit]])}
        own = views[unit] if vectors is None else vectors[unit] if unit < len(vectors) else [None] * vectors.shape[1]
        row.update({f"view_{number}": None if value is None else float(value) for number, value in enumerate(own, 1)})
        row.update(every or {})
        if unit == 0:
            row.update(changes or {})
        features.append({"type": "Feature", "properties": row, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    nodes = folder / "nodes.geojson"
    nodes.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    edges = folder / "edges.geojson"
    flows = [{"type": "Feature", "geometry": None, "properties": {
        "origin": f"u{origin}", "destination": f"u{destination}", "count": int(generator.poisson(20) + 1)}}
        for origin, destination in np.argwhere(generator.random((UNITS, UNITS)) < 0.08)]
    flows[0]["properties"].update(edge or {})
    edges.write_text(json.dumps({"type": "FeatureCollection", "features": flows}))
    return {"NODES": str(nodes), "EDGES": str(edges)}
