#!/usr/bin/env python3
"""Fits models/weights/pm25_us_interpolation on US EPA AQS daily PM2.5, 2018 to 2022.

PYTHONPATH=.dev .venv/bin/python scripts/train_pm25_interpolation.py
"""
from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from nocturne.algorithms.air_quality.interpolate_pm25 import BUNDLED
from nocturne.algorithms.air_quality.interpolation import fit_interpolation, save_interpolation
from nocturne.algorithms.air_quality.neighbours import Donors
from nocturne.algorithms.progress import Progress
from nocturne.benchmarks.aqs import read_aqs
from nocturne.models.registry import bundled_path

# R2 of benchmarks/pm25_interpolation.py, all days.
METRICS = {"random places": {"r2": 0.720, "r2_inverse_distance": 0.698},
           "2 degrees": {"r2": 0.596, "r2_inverse_distance": 0.571},
           "5 degrees": {"r2": 0.449, "r2_inverse_distance": 0.302},
           "8 degrees": {"r2": 0.441, "r2_inverse_distance": 0.321}}


def about(monitors: Donors, site: np.ndarray) -> dict[str, Any]:
    """What the card says beyond the model itself."""
    first, last = (date.fromordinal(int(day)).isoformat() for day in (monitors.day.min(), monitors.day.max()))
    return {
        "title": "Daily PM2.5 between monitors, contiguous United States",
        "what": "Kriging of daily PM2.5 between at least ten monitors of the same day, with yearly courses of places.",
        "warning": "Covariances and yearly courses are those of the contiguous United States; elsewhere the courses "
                   "say little.",
        "licence": "GPL-3.0-or-later, as the plugin",
        "input": {"name": "pm25", "unit": "ug/m3"},
        "training": {"data": "US EPA Air Quality System, parameter 88101, daily, by NIEHS/beethoven",
                     "licence": "public domain (data), MIT (the files they were taken from)", "first_day": first,
                     "last_day": last, "monitors": int(site.max()) + 1, "values": len(monitors.value)},
        "metrics": {"how": "R2 on all days at monitors of places that gave nothing, fitted without them", **METRICS}}


def main() -> None:
    monitors, site = read_aqs()
    save_interpolation(bundled_path(BUNDLED), fit_interpolation(monitors, Progress()), about(monitors, site))


if __name__ == "__main__":
    main()
