"""The real site-days that PM2.5 estimates are judged with: ten January days of the USA (NSAPH airpred)."""
from __future__ import annotations

import csv
import gzip
import re
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
