"""The part of the demonstration on air: PM2.5 of a simulated country is learnt and mapped; coordinates are judged."""
from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from demo_steps import Steps
from matplotlib.figure import Figure
from rasterio.warp import transform

MAP_DAY, AIR_WINDOW, EVERY = "2021-02-20", 5, 2  # days that the model of PM2.5 sees; cells of its map


def estimate_air(steps: Steps, country: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any], float]:
    """Results of training on the monitors and of comparing locations; share of the cells whose planted PM2.5 lies in
    the interval on MAP_DAY."""
    with rasterio.open(next((country / "covariates").iterdir())) as raster:
        covariates = ";".join(raster.descriptions)
    fields = {"DATE_FIELD": "date", "SITE_FIELD": "site", "DEVICE": "cpu", "THREADS": "1"}
    monitors = {"INPUT": str(country / "site_days.geojson"), "CALENDAR": str(country / "calendar.csv"),
                "TARGET_FIELD": "pm25", "FEATURE_FIELDS": covariates, "WINDOW": str(AIR_WINDOW), **fields}
    learnt = steps.algorithm(
        "Learn PM2.5 at its monitors", "trainpm25", MEMBERS="1", EPOCHS="4", BOOSTING="false",
        MODEL=str(folder / "pm25_model.json"), REPORT=str(folder / "pm25_report.html"), **monitors)
    compared = steps.algorithm(
        "Ask whether coordinates help", "comparegeolocation", GEOLOCATIONS="cyclic", FUSIONS="hadamard", FOLDS="4",
        PROTOCOLS="held_out_places, checkerboard", CELL_DEGREES="5", SEEDS="1", EPOCHS="2", RESIDUALS="false",
        REPORT=str(folder / "pm25_comparison.html"),
        **monitors)
    last = date.fromisoformat(MAP_DAY)
    days = [str(last - timedelta(back)) for back in range(AIR_WINDOW)]
    write_cells(country / "covariates", days[:1], folder / "pm25_cells.geojson")
    write_cells(country / "covariates", days[1:], folder / "pm25_cells_before.geojson")
    steps.algorithm("Map PM2.5 of a day", "estimatepm25", INPUT=str(folder / "pm25_cells.geojson"),
                    CALENDAR=str(folder / "pm25_cells_before.geojson"), MODEL=str(folder / "pm25_model.json"),
                    OUTPUT=str(folder / "pm25_map.geojson"), **fields)
    rows = [each["properties"] for each in json.loads((folder / "pm25_map.geojson").read_text())["features"]]
    value, low, high = (np.array([row[name] for row in rows]) for name in ("pm25", "pm25_low", "pm25_high"))
    with rasterio.open(country / "truth" / "pm25.tif") as raster:
        planted = raster.read(raster.descriptions.index(MAP_DAY) + 1)[::EVERY, ::EVERY]
    draw_air(folder / "pm25.png", *(each.reshape(planted.shape) for each in (value, high - low)), planted)
    return learnt, compared, float(((low <= planted.ravel()) & (planted.ravel() <= high)).mean())


def write_cells(covariates: Path, days: list[str], layer: Path) -> None:
    """Every second cell in either direction and each day as points."""
    features = []
    for day in days:
        with rasterio.open(covariates / f"covariates_{day}.tif") as raster:
            bands, names = raster.read()[:, ::EVERY, ::EVERY], raster.descriptions
            row, column = (each.ravel() * EVERY for each in np.indices(bands.shape[1:]))
            points = zip(*transform(raster.crs, "EPSG:4326", *raster.xy(row, column)))
        features += [{"type": "Feature", "geometry": {"type": "Point", "coordinates": point}, "properties": {
            "site": f"cell {number}", "date": day,
            **{name: float(value) if np.isfinite(value) else None for name, value in zip(names, values)}}}
            for number, (point, values) in enumerate(zip(points, bands.reshape(len(names), -1).T))]
    layer.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")


def draw_air(path: Path, value: np.ndarray, width: np.ndarray, planted: np.ndarray) -> None:
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    highest = float(np.quantile(planted, 0.995))
    for axes, (title, values, top) in zip(figure.subplots(1, 3), (
            (f"Estimated PM2.5, {MAP_DAY}", value, highest), ("Planted PM2.5", planted, highest),
            ("Width of the 90 % interval", width, None))):
        image = axes.imshow(values, vmin=0, vmax=top, cmap="inferno" if top else "viridis", interpolation="nearest")
        figure.colorbar(image, ax=axes, label="ug/m3", shrink=0.8)
        axes.set_title(title)
        axes.set_axis_off()
    figure.suptitle("A simulated country: nothing here was observed")
    figure.savefig(path, dpi=110)
