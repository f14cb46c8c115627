"""Writes the simulated country as the files that a researcher would have, with the truth beside them."""
from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..air_quality.site_days import SiteDays
from ..progress import Progress
from ..projections import wgs84_bounds
from ..rasters import RasterWriter
from .country import DAYS, UNITS, Country, monitor_name, simulate_country
from .demo_folder import DemoSummary, count_files, make_folders, staged_part
from .settings import DemoSettings
from .truth_files import CONSTANTS_FILE, feature, write_features, write_json, write_table

PART, NAME = "country", "Aeria (simulated)"
README = """{name}: a country with air monitors to try Nocturne

Everything in this folder is simulated. There is no such country, and nobody has measured this air.

Seed {seed}, {days} days from {first} to {last}, cells of 25 km, {monitors} monitors, effects {effects}.

site_days.geojson     PM2.5 (pm25, ug/m3) where and when it was measured, with covariates; a monitor measures daily,
                      every third or every sixth day
calendar.csv          the covariates at the monitors on all other days; calendar.csvt says what its columns hold
covariates/           covariates of all cells, one raster per day, one band per covariate
truth/                what was planted:
    pm25.tif              PM2.5 of each cell, one band per day, without what is finer than a cell
    places.tif            what belongs to each place alone (effects located)
    monitors.csv          the days from one measurement of a monitor to the next
    constants.json        every constant that the seed has drawn, shares of variance, days with smoke

Covariates: {covariates}.
aod is empty below cloud and above snow.
"""


def create_country_demo(folder: str, settings: DemoSettings, progress: Progress) -> DemoSummary:
    """Writes folder/country; an earlier demonstration there is replaced. settings.effects: see simulate_country.

    The same settings write the same bytes. Raises InputError where folder/country holds something else, OutputError
    where it can't be written, Cancelled; then nothing is left and what was there before is still there.
    """
    progress.message(f"Simulating a country over {DAYS} days: about 10 MB on disk.")
    with staged_part(folder, PART, CONSTANTS_FILE) as stage:
        country = simulate_country(settings.seed, settings.effects)
        progress.report(0.1)
        make_folders(stage, ["truth", "covariates"])
        _write_covariates(stage, country, progress.part(0.1, 0.8))
        _write_site_days(stage, country.site_days())
        progress.report(0.9)
        _write_truth(os.path.join(stage, "truth"), country)
        write_json(os.path.join(stage, CONSTANTS_FILE), _constants(country))
        with open(os.path.join(stage, "README.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write(README.format(
                name=NAME, seed=country.seed, days=DAYS, first=country.days[0], last=country.days[-1],
                monitors=len(country.plan.row), effects=country.effects, covariates=", ".join(
                    f"{name} ({unit})" if unit else name for name, unit in UNITS.items())))
        files, size = count_files(stage)
        progress.report(1)
    return DemoSummary(os.path.join(folder, PART), wgs84_bounds(country.plan.grid), country.days[0], country.days[-1],
                       DAYS, files, size, {})


def _write_covariates(stage: str, country: Country, progress: Progress) -> None:
    for number, day in enumerate(country.days):
        _write_raster(os.path.join(stage, "covariates", f"covariates_{day}.tif"), country, tuple(country.covariates),
                      np.stack([values[number] for values in country.covariates.values()]))
        progress.report((number + 1) / len(country.days))


def _write_raster(path: str, country: Country, names: Sequence[str], values: NDArray[np.float32],
                  unit: str = "") -> None:
    grid = country.plan.grid
    with RasterWriter("FOLDER", path, grid, names, "float32", np.nan, unit) as writer:
        writer.write(values, Window(0, 0, grid.width, grid.height))


def _write_site_days(stage: str, site_days: SiteDays) -> None:
    measured = np.isfinite(site_days.target)
    rows = [(site_days.sites[site], str(day), *map(_number, values))
            for site, day, values in zip(site_days.site, site_days.dates(), site_days.values)]
    names = ("site", "date", *site_days.names)
    write_features(os.path.join(stage, "site_days.geojson"), [
        feature({"type": "Point", "coordinates": [round(float(site_days.longitude[site_days.site[row]]), 6),
                                                  round(float(site_days.latitude[site_days.site[row]]), 6)]},
                {**dict(zip(names, rows[row])), "pm25": round(float(site_days.target[row]), 2)})
        for row in np.flatnonzero(measured)])
    write_table(os.path.join(stage, "calendar.csv"), names, [rows[row] for row in np.flatnonzero(~measured)])
    # Without it QGIS takes all columns of a CSV for text.
    write_table(os.path.join(stage, "calendar.csvt"), ["String", "Date", *["Real"] * len(site_days.names)], [])


def _number(value: float) -> float | None:
    """With five digits, as sources publish it."""
    return float(f"{value:.5g}") if np.isfinite(value) else None


def _write_truth(truth: str, country: Country) -> None:
    _write_raster(os.path.join(truth, "pm25.tif"), country, [str(day) for day in country.days],
                  country.pm25.astype(np.float32), "ug/m3")
    _write_raster(os.path.join(truth, "places.tif"), country, ["what belongs to the place"],
                  country.place[None].astype(np.float32), "ug/m3")
    write_table(os.path.join(truth, "monitors.csv"), ("monitor", "interval"), [
        (monitor_name(number), int(interval)) for number, interval in enumerate(country.plan.interval)])


def _constants(country: Country) -> dict[str, Any]:
    return {"simulated": True, "country": NAME, "seed": country.seed, "days": len(country.days),
            "effects": country.effects, "extent": [round(side, 6) for side in wgs84_bounds(country.plan.grid)],
            "shares_of_variance": {name: round(share, 6) for name, share in country.shares.items()},
            "days_with_smoke": [str(day) for day, smoky in zip(country.days, country.air.smoky) if smoky],
            "constants": country.constants}
