"""The real daily PM2.5 that interpolation is judged with: US EPA AQS 2018 to 2022, without covariates."""
from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
from nocturne.algorithms.air_quality.neighbours import Donors

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "pm25-us-aqs-daily"
MISSING = -32768


def read_aqs(path: Path = SHARED / "aqs_pm25_daily_2018_2022.npz", every: int = 1) -> tuple[Donors, np.ndarray]:
    """All values by day and site, and the number of each value's site. every: takes one day of so many."""
    with np.load(path, allow_pickle=False) as file:
        tenths, longitude, latitude, names = (file[name] for name in ("pm25_x10", "lon", "lat", "date"))
    days = np.array([date.fromisoformat(str(name)[:10]).toordinal() for name in names], dtype=np.int32)
    row, site = np.nonzero(tenths != MISSING)
    kept = row % every == 0
    row, site = row[kept], site[kept]
    return Donors(longitude[site].astype(float), latitude[site].astype(float), days[row],
                  tenths[row, site] / 10.0), site
