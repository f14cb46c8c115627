"""The part of the demonstration on air: PM2.5 of a simulated country is learnt and mapped; locations are judged."""
from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from demo_steps import Steps
from matplotlib.figure import Figure

MAP_DAY, AIR_WINDOW = "2021-02-20", 5  # the day that is shown; days that the model of PM2.5 sees
ONE_CORE = {"DEVICE": "cpu", "THREADS": "1"}
COUNTRIES = {"located": ("Simulate a country with air monitors", "."),
             "planted": ("Simulate one where places add nothing", "plain")}  # EFFECTS to title and folder


def estimate_air(steps: Steps, folder: Path) -> tuple[dict[str, Any], dict[str, Any], float]:
    """Results of training on the monitors of a country; what location adds there and in a country whose places have
    nothing beyond their covariates, by EFFECTS; share of the cells whose planted PM2.5 lies in the interval on
    MAP_DAY."""
    countries = {effects: Path(steps.algorithm(title, "createdemo", FOLDER=str(folder / name), PART="country",
                                               EFFECTS=effects)["COUNTRY"])
                 for effects, (title, name) in COUNTRIES.items()}
    country = countries["located"]
    learnt = steps.algorithm(
        "Learn PM2.5 at its monitors", "trainpm25", MEMBERS="1", EPOCHS="4", BOOSTING="false",
        MODEL=str(folder / "pm25_model.json"), REPORT=str(folder / "pm25_report.html"), **monitors(country))
    gains = {effects: ask_location(steps, effects, place, folder) for effects, place in countries.items()}
    maps = {"ESTIMATE": folder / "pm25.tif", "LOW": folder / "pm25_low.tif", "HIGH": folder / "pm25_high.tif",
            "APPLICABILITY": folder / "pm25_applicability.tif"}
    days = folder / "pm25_days"
    days.mkdir(exist_ok=True)
    for back in range(AIR_WINDOW + 1):
        name = f"covariates_{date.fromisoformat(MAP_DAY) - timedelta(back)}.tif"
        shutil.copy(country / "covariates" / name, days / name)
    steps.algorithm("Map PM2.5 of each day", "estimatepm25", RASTERS=str(days), MODEL=str(folder / "pm25_model.json"),
                    **ONE_CORE, **{name: str(path) for name, path in maps.items()})
    value, low, high, _ = (read_day(path) for path in maps.values())
    planted = read_day(country / "truth" / "pm25.tif")
    draw_air(folder / "pm25.png", value, high - low, planted)
    return learnt, gains, float(((low <= planted) & (planted <= high)).mean())


def ask_location(steps: Steps, effects: str, country: Path, folder: Path) -> dict[str, Any]:
    """What harmonics of the place add to R2 over the same network that is told the same of every place."""
    metrics = folder / f"pm25_comparison_{effects}.json"
    steps.algorithm(
        f"Ask whether location helps, {effects}", "comparegeolocation", GEOLOCATIONS="harmonics_siren",
        FUSIONS="concatenate", PROTOCOLS="random_places", FOLDS="4", SEEDS="1", EPOCHS="3", RESIDUALS="false",
        REPORT=str(metrics.with_suffix(".html")), METRICS=str(metrics), **monitors(country))
    return next(each for each in json.loads(metrics.read_text("utf-8"))["differences"]
                if "harmonics" in each["model"][0] and "constant" in each["other"][0])


def monitors(country: Path) -> dict[str, str]:
    """The parameters that name a country's site-days."""
    with rasterio.open(next((country / "covariates").iterdir())) as raster:
        covariates = ";".join(raster.descriptions)
    return {"INPUT": str(country / "site_days.geojson"), "DATE_FIELD": "date", "SITE_FIELD": "site",
            "CALENDAR": str(country / "calendar.csv"), "TARGET_FIELD": "pm25", "FEATURE_FIELDS": covariates,
            "WINDOW": str(AIR_WINDOW), **ONE_CORE}


def read_day(path: Path) -> np.ndarray:
    """The band of MAP_DAY."""
    with rasterio.open(path) as raster:
        return raster.read(raster.descriptions.index(MAP_DAY) + 1)


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
