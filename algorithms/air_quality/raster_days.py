"""Covariates of the sites from daily rasters, for days on which nothing was measured there."""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..progress import Progress
from .covariate_rasters import find_covariate_rasters
from .site_days import SiteDays

PARAMETER = "CALENDAR_RASTERS"


def raster_days(site_days: SiteDays, folder: str, progress: Progress) -> SiteDays:
    """What the daily rasters below a folder have at the sites: a row per site and day with any value, no targets.

    Raises InputError where the rasters can't be used or hold no site.
    """
    rasters = find_covariate_rasters(folder, site_days.names, progress, PARAMETER)
    values = rasters.at_points(site_days.longitude, site_days.latitude, progress)
    known = np.isfinite(values).any(axis=2)
    if not known.any():
        raise InputError(PARAMETER, "no site lies on a cell with data", "give rasters of the sites' region")
    site, number = np.nonzero(known)
    days = np.array([day.toordinal() for day in rasters.days], dtype=np.int32)
    return replace(site_days, site=site.astype(np.int32), day=days[number], values=values[known],
                   target=np.full(len(site), np.nan, np.float32))


def with_raster_days(site_days: SiteDays, folder: str, progress: Progress) -> SiteDays:
    """Site-days and those of the rasters, as with_days_of joins them. Without a folder nothing is added."""
    return site_days.with_days_of(raster_days(site_days, folder, progress)) if folder else site_days
