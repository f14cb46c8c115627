"""The steps of a netCDF file with one time axis: rows turned north up by GDAL's reader, times decoded here."""
from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning

from ..errors import InputError
from ..rasters import RasterInput, open_raster
from .dates_in_names import Period, given_periods
from .series_files import Slice

UNITS = re.compile(r"(?P<unit>[a-z]+) since (?P<y>\d{1,4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
                   r"(?:[ T](?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.\d*)?)?)?\s*(?:UTC|Z|GMT|[+-]00?:?0?0?)?",
                   re.IGNORECASE)
SECONDS = {"second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0,
           "day": 86400.0, "d": 86400.0}
MONTHS = {"month": 1, "year": 12}
CALENDARS = ("", "standard", "gregorian", "proleptic_gregorian")
NAME_DATES = "give the date of every step in DATES"


def netcdf_slices(parameter: str, path: str, variable: str, dates: str) -> list[Slice]:
    """Slices of the file's steps in their order.

    variable: empty = the only one with a time axis. dates: DATES, one per step or number=date. Raises InputError.
    """
    name = Path(path).name
    if not Path(path).is_file():
        raise InputError(parameter, f"there is no file '{path}'", "choose one that exists")
    if "YYYY" in dates:
        raise InputError("DATES", f"a pattern can't date the steps of '{name}'", NAME_DATES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # bounds of the axes are variables too
        source = _variable(parameter, path, variable)
    with open_raster(source) as dataset:
        given = given_periods(dates, [str(step) for step in range(1, dataset.count + 1)])
        days = [each.first_day for each in given if each]
        if len(days) < len(given):
            times = _times(parameter, name, dataset)
            days = [each.first_day if each else time for each, time in zip(given, times)]
    length = _cadence(days)
    return [Slice(source, Period(day, length), f"step {step} of '{name}'", band=step)
            for step, day in enumerate(days, start=1)]


def _variable(parameter: str, path: str, variable: str) -> RasterInput:
    """The one variable that is meant, as GDAL names it."""
    name = Path(path).name
    with open_raster(RasterInput(parameter, f'netcdf:"{path}"')) as dataset:
        shown = dataset.tags(1).get("NETCDF_VARNAME", "") if dataset.count else ""
        names = [each.rpartition(":")[2] for each in dataset.subdatasets] or [shown]
    if variable and variable not in names:
        raise InputError("LAYER", f"'{name}' has no variable '{variable}'", f"choose one of {', '.join(names)}")
    sources = {each: RasterInput(parameter, f'netcdf:"{path}":{each}') for each in ([variable] if variable else names)}
    timed = {each: source for each, source in sources.items() if _has_time(source)}
    if not timed:
        raise InputError(parameter, f"'{variable or name}' has no time axis",
                         "give rasters of single dates as GeoTIFFs in FILES")
    if len(timed) > 1:
        raise InputError("LAYER", f"'{name}' has the variables {', '.join(timed)}", "name the one that is wanted")
    return next(iter(timed.values()))


def _has_time(source: RasterInput) -> bool:
    with open_raster(source) as dataset:
        return dataset.count > 0 and bool(_extra_axes(dataset)) and not dataset.transform.is_identity


def _extra_axes(dataset: rasterio.DatasetReader) -> list[str]:
    return [each for each in dataset.tags().get("NETCDF_DIM_EXTRA", "").strip("{}").split(",") if each]


def _times(parameter: str, name: str, dataset: rasterio.DatasetReader) -> list[date]:
    axes = _extra_axes(dataset)
    if len(axes) != 1:
        raise InputError(parameter, f"'{name}' has the axes {', '.join(axes)} beside its rows and columns",
                         "extract one time series first")
    tags = dataset.tags()
    text, calendar = tags.get(f"{axes[0]}#units", ""), tags.get(f"{axes[0]}#calendar", "").lower()
    units = UNITS.fullmatch(text.strip())
    if units is None or calendar not in CALENDARS:
        shown = f"the unit '{text}'" if units is None else f"the calendar '{calendar}'"
        raise InputError(parameter, f"the axis '{axes[0]}' of '{name}' has {shown}", NAME_DATES)
    numbers = [float(each) for each in tags.get(f"NETCDF_DIM_{axes[0]}_VALUES", "").strip("{}").split(",") if each]
    try:
        days = [_day(number, units) for number in numbers]
    except (ValueError, OverflowError):
        days = []
    if len(days) != dataset.count:
        raise InputError(parameter, f"the times of '{name}' can't be decoded as {text}", NAME_DATES)
    return days


def _day(number: float, units: re.Match[str]) -> date:
    unit = units["unit"].lower()
    unit = unit if unit in SECONDS else unit.rstrip("s")
    since = datetime(int(units["y"]), int(units["m"]), int(units["d"]), int(units["H"] or 0), int(units["M"] or 0),
                     int(units["S"] or 0))
    if unit in MONTHS and number == int(number):
        months = since.year * 12 + since.month - 1 + int(number) * MONTHS[unit]
        return date(months // 12, months % 12 + 1, since.day)
    if unit not in SECONDS:
        raise ValueError(unit)
    return (since + timedelta(seconds=round(number * SECONDS[unit]))).date()


def _cadence(days: Sequence[date]) -> str:
    """A step is a month or a year where every date is the first day of one."""
    if len(days) > 1 and all((day.month, day.day) == (1, 1) for day in days):
        return "year"
    return "month" if len(days) > 1 and all(day.day == 1 for day in days) else "day"
