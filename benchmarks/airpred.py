"""The real site-days that PM2.5 estimates are judged with: ten January days of the USA (NSAPH airpred)."""
from __future__ import annotations

import csv
import gzip
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from nocturne.algorithms.air_quality.site_days import SiteDays

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "pm25-us-airpred-2012"
WEST, EAST, SOUTH, NORTH = -125.0, -66.0, 24.0, 50.0  # the contiguous states; two sites lie in Korea
CODES = ("PM25_Region", "Ozone_Region", "NO2_Region")  # regions as integers: a location by another name
MEASURED_NEARBY = re.compile("Nearby_Peak2.*_(PM25|NO2|Ozone)")  # on the day and on days before it: they leak
AS_INTEGER = "OMNO2d_ColumnAmountNO2"  # int64 stored as double
NOT_FEATURES = ("site", "date", "lon", "lat", "pm25")


def read_airpred(path: Path = SHARED / "airpred_2012_10days_train.csv.gz", measured_only: bool = True) -> SiteDays:
    """All days of the sites in the contiguous states, with at least one value; empty features are left out.

    measured_only: False takes the sites without a value too.
    """
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if WEST <= float(row["lon"]) <= EAST and SOUTH <= float(row["lat"]) <= NORTH]
    if measured_only:
        measured = {row["site"] for row in rows if row["pm25"] not in ("", "NA")}
        rows = [row for row in rows if row["site"] in measured]
    rows = sorted(rows, key=lambda row: (int(row["site"]), row["date"]))
    names = [name for name in rows[0] if name not in (*NOT_FEATURES, *CODES) and not MEASURED_NEARBY.match(name)]
    values = np.column_stack([_column(rows, name) for name in names])
    usable = np.isfinite(values).any(axis=0)
    sites = list(dict.fromkeys(row["site"] for row in rows))
    site = np.array([sites.index(row["site"]) for row in rows], dtype=np.int32)
    first = np.searchsorted(site, np.arange(len(sites)))
    return SiteDays(site, np.array([date.fromisoformat(row["date"]).toordinal() for row in rows], dtype=np.int32),
                    np.array([float(rows[row]["lon"]) for row in first]),
                    np.array([float(rows[row]["lat"]) for row in first]), values[:, usable].astype(np.float32),
                    _column(rows, "pm25").astype(np.float32),
                    tuple(name for name, kept in zip(names, usable) if kept), tuple(sites))


def _column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    numbers = np.array([float(row[name]) if row[name] not in ("", "NA") else np.nan for row in rows])
    if name.startswith(AS_INTEGER):
        whole = numbers.view(np.int64).astype(np.float64)
        return np.where(np.isfinite(numbers) & (numbers != 0), whole, np.nan)
    return numbers


PLAIN = {  # name: unit, factor, offset, sources of which the mean is taken
    "aod": ("", 1, 0, ("MAIACUS_Optical_Depth_055_Aqua_Nearest4", "MAIACUS_Optical_Depth_055_Terra_Nearest4")),
    "ndvi": ("", 1e-4, 0, ("MOD13A2_Nearest4",)),
    "elevation": ("m", 1, 0, ("USElevation_mea10000",)),
    "relief": ("m", 1, 0, ("USElevation_std10000",)),
    "temperature": ("degrees C", 1, -273.15, ("REANALYSIS_air_sfc_DailyMean",)),
    "temperature_min": ("degrees C", 1, -273.15, ("REANALYSIS_air_sfc_DailyMin",)),
    "temperature_max": ("degrees C", 1, -273.15, ("REANALYSIS_air_sfc_DailyMax",)),
    "specific_humidity": ("g/kg", 1000, 0, ("REANALYSIS_shum_2m_DailyMean",)),
    "wind_speed": ("m/s", 1, 0, ("REANALYSIS_windspeed_10m_DailyMean",)),
    "rain": ("mm/day", 86_400, 0, ("REANALYSIS_prate_DailyMean",)),
    "boundary_layer": ("m", 1, 0, ("REANALYSIS_hpbl_DailyMean",)),
    "boundary_layer_min": ("m", 1, 0, ("REANALYSIS_hpbl_DailyMin",)),
    "radiation": ("W/m2", 1, 0, ("REANALYSIS_dswrf_DailyMean",)),
    "cloud": ("%", 1, 0, ("REANALYSIS_tcdc_DailyMean",)),
    "snow": ("share", 1, 0, ("REANALYSIS_snowc_DailyMean",)),
    "developed": ("share", 1, 0, ("NLCD_Developed10000",)),
    "planted": ("share", 1, 0, ("NLCD_Planted10000",)),
    "road_density": ("km/km2", 1, 0, ("RoadDensity_roads1000",)),
    "main_road_density": ("km/km2", 1, 0, ("RoadDensity_prisecroads10000",))}


def with_plain_covariates(site_days: SiteDays) -> SiteDays:
    """The same with the covariates of PLAIN and the day of the year only: what anybody can make for any place."""
    columns = {name: column.astype(np.float64) for name, column in zip(site_days.names, site_days.values.T)}
    values = [_mean([columns[source] for source in sources]) * factor + offset
              for _, factor, offset, sources in PLAIN.values()]
    day_of_year = [day.timetuple().tm_yday for day in site_days.dates()]
    return replace(site_days, names=(*PLAIN, "day_of_year"),
                   values=np.column_stack((*values, day_of_year)).astype(np.float32))


def _mean(columns: list[np.ndarray]) -> np.ndarray:
    """Of what is there, NaN without any."""
    known = np.isfinite(columns)
    with np.errstate(invalid="ignore"):
        return np.where(known, columns, 0).sum(axis=0) / known.sum(axis=0)
