"""The part of the demonstration on districts: simulated units learn the totals of 50 districts and share them."""
from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from demo_steps import Steps
from scipy.stats import spearmanr

PLACES = "Bank;Factory;Farm;Hospital;Hotel;Industrial Park;Logistics;Market;Office Building;Restaurant;School"


def estimate_districts(steps: Steps, folder: Path) -> tuple[dict[str, Any], float]:
    """Results of training, and the mean rank correlation inside districts of tertiary value with the planted one."""
    made = Path(steps.algorithm("Simulate districts with published totals", "createdemo", FOLDER=str(folder),
                                PART="districts")["DISTRICTS"])
    graph = {"NODES": str(folder / "district_units.gpkg"), "EDGES": str(folder / "district_flows.gpkg")}
    steps.algorithm(
        "Join units, places and flows", "regiongraph", SUBDISTRICTS=str(made / "units.geojson"), UNIT_FIELD="unit",
        DISTRICT_FIELD="district", CITY_FIELD="city", PLACE_FIELDS=PLACES, FLOWS=str(made / "flows.csv"),
        ORIGIN_FIELD="origin", DESTINATION_FIELD="destination", COUNT_FIELD="count", TIME_FIELD="day",
        FLOW_GRID=str(made / "cells.geojson"), GRID_FIELD="cell",
        DISTRICT_TARGETS=str(made / "totals.csv"), TARGET_DISTRICT_FIELD="district", **graph)
    common = {**graph, "CITY_FIELD": "city", "MODEL": str(folder / "district_model.json"), "DEVICE": "cpu",
              "THREADS": "1"}
    learnt = steps.algorithm(
        "Learn value added of three sectors", "trainsemigtx", EPOCHS="5", FOLDS="2", REPEATS="1", RANDOM_TOO="false",
        PROFILES="false", OUTPUT=str(folder / "districts_left_out.gpkg"), REPORT=str(folder / "district_report.html"),
        **common)
    steps.algorithm("Share it among the units", "mapdistricteconomy", PRESERVE_TOTALS="true",
                    OUTPUT=str(folder / "district_economy.geojson"), DISTRICTS=str(folder / "district_totals.gpkg"),
                    **common)
    with (made / "truth" / "units.csv").open(newline="") as file:
        planted = {row["unit"]: float(row["tertiary"]) for row in csv.DictReader(file)}
    inside: dict[str, list[tuple[float, float]]] = {}
    for feature in json.loads((folder / "district_economy.geojson").read_text("utf-8"))["features"]:
        row = feature["properties"]
        inside.setdefault(row["district"], []).append((row["target_tertiary_estimate"], planted[row["unit"]]))
    return learnt, float(np.mean([spearmanr(*zip(*pairs)).statistic for pairs in inside.values()]))
