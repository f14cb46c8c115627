"""Settings of the night-light algorithms."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from itertools import product

from ..errors import InputError
from ..settings import Bounds, Settings, choice, crs, day, extent, number, text

# The quality codes that each choice accepts: rows are (product level, collection). None = every code but the fill.
QUALITY_CODES: dict[tuple[str, int], dict[str, tuple[int, ...] | None]] = {
    ("A2", 1): {"high": (0,), "high_and_ephemeral": (0, 1), "all_valid": None},
    **{row: {"high": (0,), "high_and_ephemeral": (0,), "all_valid": None}
       for row in (("A2", 2), ("A3", 1), ("A3", 2), ("A4", 1), ("A4", 2))},
}
# What the codes mean, by the same rows.
QUALITY_MEANINGS: dict[tuple[str, int], tuple[str, ...]] = {
    ("A2", 1): ("high, persistent light", "high, ephemeral light", "poor"),
    ("A2", 2): ("high", "poor", "sun 102 to 108 degrees from the zenith", "lunar eclipse", "aurora", "glint"),
    **{(level, collection): ("more than 3 observations", "3 observations or fewer", "filled from other periods")
       for level in ("A3", "A4") for collection in (1, 2)},
}
QUALITY_ROWS = (("Daily (A2), collection 1", ("A2", 1)), ("Daily (A2), collection 2", ("A2", 2)),
                ("Monthly and annual (A3, A4), both collections", ("A3", 2)))


def quality_table() -> list[list[str]]:
    """Rows for the help, the first one the head: the quality codes that every choice accepts, by product."""
    choices = tuple(QUALITY_CODES["A2", 1])
    table = [["Product", *choices, "Meaning of the codes"]]
    for title, row in QUALITY_ROWS:
        meanings = QUALITY_MEANINGS[row]
        accepted = [QUALITY_CODES[row][name] for name in choices]
        codes = [range(len(meanings)) if each is None else each for each in accepted]
        table.append([title, *(", ".join(map(str, each)) for each in codes),
                      "; ".join(f"{code} {meaning}" for code, meaning in enumerate(meanings))])
    return table


@dataclass(frozen=True)
class BlackMarbleSettings(Settings):
    """What is read from a folder of Black Marble files."""

    product: str = choice(
        "daily", ("daily", "monthly", "annual"), "Product",
        "Daily files are A1 and A2 of VNP46, VJ146 or VJ246, monthly ones A3, annual ones A4.")
    layer: str = text(
        "", "Layer", "Name of the data set; empty takes DNB_BRDF-Corrected_NTL for daily files and "
        "AllAngle_Composite_Snow_Free for composites.")
    extent: Bounds | None = extent(
        "Extent", "Window to read, snapped outwards to whole cells; empty reads whole tiles.")
    start: date | None = day(
        "Start", "First date, included; a month or year counts by its first day.")
    end: date | None = day(
        "End", "Last date, included; a month or year counts by its first day.")
    target_crs: str = crs(
        "Target CRS", "Empty keeps the files' own grid without resampling. Otherwise composites are bilinear from "
        "valid cells, daily layers nearest.")
    cell_size: float | None = number(
        None, "Cell size", "In the unit of the target CRS; empty takes 500 m.", minimum=1)
    quality: str = choice(
        "high", tuple(QUALITY_CODES["A2", 1]), "Quality",
        "Which codes of Mandatory_Quality_Flag, or of a composite's quality layer, are kept; see the table.")
    cloud: str = choice(
        "confident_clear", ("confident_clear", "probably_clear", "any"), "Cloud",
        "Daily files: kept are cells whose cloud mask has high quality and says confident clear, or at least "
        "probably clear; any asks neither.")
    snow: str = choice(
        "exclude", ("exclude", "include"), "Snow",
        "Daily files: cells with snow or ice by QF_Cloud_Mask or, where it is there, Snow_Flag.")
    platform: str = choice(
        "auto", ("auto", "snpp", "noaa20", "noaa21"), "Platform",
        "Satellite: Suomi NPP (VNP46), NOAA-20 (VJ146) or NOAA-21 (VJ246); auto takes the only one that is there.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start and self.end and self.start > self.end:
            raise InputError("START", f"{self.start} lies after END {self.end}", "exchange the two dates")
        if self.cell_size is not None and not self.target_crs:
            raise InputError("CELL_SIZE", "it was given without TARGET_CRS",
                             "name a projected TARGET_CRS or leave it empty")


@dataclass(frozen=True)
class RasterSeriesSettings(Settings):
    """How rasters of single dates become one dated stack."""

    layer: str = text(
        "", "Layer", "Of folders with several layers the one that is meant, by the end of the names: avg_rade9h, "
        "average_masked, median, stable_lights.avg_vis and so on. Of a netCDF file the variable. Empty takes the only "
        "one; counts of observations (cf_cvg, cvg) and lit_mask are no light.")
    dates: str = text(
        "", "Dates", "Only for names and time axes that don't tell. Where the date stands in the names (such as "
        "ntl_*_YYYY-MM.tif, with YYYY, MM, DD, DDD for the day of the year, * for any text), or one date per raster "
        "separated by commas, or name=date for single ones; steps of a netCDF file are named by their numbers from 1.")
    crs: str = crs(
        "CRS", "Coordinate reference system of rasters that have none; a netCDF file often has none, and EPSG:4326 is "
        "that of longitudes and latitudes.")
    extent: Bounds | None = extent(
        "Extent", "Window to keep, snapped outwards to whole cells; empty keeps all.")
    period: str = choice(
        "auto", ("auto", "day", "month", "year"), "Period",
        "auto: a band is dated as its name or time says. month and year date it by the first day of that month or "
        "year, for times in the middle of the period.")
    duplicates: str = choice(
        "refuse", ("refuse", "first", "last"), "Repeated dates",
        "refuse: rasters of the same date are an error that names them. first and last take one of them, by the order "
        "in which they were given, stand in the folder or in the file.")
    min_coverage: int = number(
        1, "Fewest observations", "Cells with fewer cloud-free observations are no data; 0 doesn't look at the "
        "counts.", minimum=0)
    nodata: float | None = number(
        None, "No data", "Value that means no data beside what the files declare; 255 of DMSP-OLS is known.",
        advanced=True)


@dataclass(frozen=True)
class AngularEffectsSettings(Settings):
    """How the angular effect of a pixel is decided."""

    alpha: float = number(0.05, "Significance level", "Level of every test.", minimum=1e-9, maximum=0.5)
    min_observations: int = number(
        30, "Fewest nights", "Pixels with fewer valid nights get class 255 (no data).", minimum=5)
    max_zenith: float = number(
        60.0, "Largest view zenith angle", "Nights seen more obliquely are left out; 0 = no limit, as in the paper.",
        unit="degrees", minimum=0, maximum=90)
    min_r2: float = number(
        0.0, "Smallest R2", "R2 that the deciding fit must reach.", minimum=0, maximum=1, advanced=True)
    min_change: float = number(
        0.0, "Smallest relative change",
        "Relative change over the observed zeniths that a negative or positive pixel must reach, 0.2 for 20 %.",
        minimum=0, maximum=100, advanced=True)
    u_test: str = choice(
        "slopes", ("slopes", "adjusted-r2"), "Test of the U-shape",
        "slopes: the fitted slope falls significantly at the lowest zenith and rises significantly at the highest "
        "(Lind and Mehlum 2010). adjusted-r2: the quadratic is significant, has the higher adjusted R2 and its vertex "
        "inside.",
        advanced=True)
    min_rise: float = number(
        0.0, "Smallest rise of a U",
        "A U-shape counts only if the fitted parabola rises by at least this share of what it falls, and falls by this "
        "share of what it rises; otherwise the slope decides. 0 asks for the test alone; 0.25 keeps light that falls "
        "and then levels from being called U-shaped.", minimum=0, maximum=1,
        advanced=True)
    correction: str = choice(
        "none", ("none", "benjamini-hochberg"), "Correction for many tests",
        "benjamini-hochberg: ALPHA bounds the expected share of false ones among the significant pixels of the whole "
        "window, for slopes and for U-shapes; costs a second pass. The p-values in STATISTICS stay uncorrected.",
        advanced=True)
    night_effect: str = choice(
        "none", ("none", "urban-median"), "What nights have in common",
        "urban-median: each night's radiance is divided by the median, over its pixels among the brightest 20 %, of "
        "that night over the pixel's long-term mean, so that haze over the whole city is no angular effect. It also "
        "removes an effect that the whole window has in common, and spreads the opposite of an effect that the "
        "brightest pixels have; costs two more passes.", advanced=True)
    max_nights: int = number(
        0, "Most nights", "Nights are drawn by chance until a pixel has about so many valid ones in the mean, so that "
        "cities with many and with few clear nights can be compared; 0 takes all. Costs another pass.", minimum=0,
        advanced=True)
    seed: int = number(1, "Seed", "Start of the random numbers of MAX_NIGHTS.", minimum=0, maximum=2**31 - 1,
                       advanced=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.max_nights < self.min_observations:
            raise InputError("MAX_NIGHTS", f"{self.max_nights} is fewer than MIN_OBSERVATIONS "
                             f"({self.min_observations})", "raise it or lower MIN_OBSERVATIONS")


@dataclass(frozen=True)
class FileAngularEffectsSettings(AngularEffectsSettings, BlackMarbleSettings):
    """What is read from daily files, and how the angular effect of a pixel is decided."""


@dataclass(frozen=True)
class UrbanCentresSettings(Settings):
    """How urban centres are cut out of a radiance raster."""

    threshold: str = text(
        "36", "Threshold", "Radiance of the outermost contour, or what THRESHOLD_MODE makes of the number. Of a list "
        "separated by commas, here and in INTERVAL and SMOOTHING, the first values give the result; the other "
        "combinations tell how stable it is.", unit="nW/cm2/sr")
    threshold_mode: str = choice(
        "absolute", ("absolute", "percentile", "mean_multiple"), "Threshold mode",
        "absolute: THRESHOLD is a radiance. percentile: a percentile of the smoothed cells inside BOUNDARY. "
        "mean_multiple: so many times their mean.")
    interval: str = text("2", "Contour interval", "Step from one contour to the next brighter one.", unit="nW/cm2/sr")
    min_area: float = number(
        1.0, "Smallest area", "A contour counts when its outer ring, holes filled, encloses at least this area on the "
        "ellipsoid.", unit="km2", minimum=0)
    smoothing: str = text(
        "3", "Smoothing", "Side of the mean filter in cells, odd; 1 = none. Cells without data are left out of the "
        "mean and stay empty.")
    target_crs: str = crs(
        "Target CRS", "Projected CRS to work in; empty takes the UTM zone, or Albers equal-area for what is wider than "
        "6 degrees. The raster's own CRS keeps its grid, and CELL_SIZE is then ignored.")
    cell_size: float = number(
        500.0, "Cell size", "In the unit of TARGET_CRS. A projected raster that has this cell size already keeps its "
        "grid where TARGET_CRS is empty.", minimum=1, maximum=100_000)
    outline: str = choice(
        "isoline", ("isoline", "pixels"), "Outline",
        "isoline: contours interpolated between cell centres. pixels: the edges of the cells.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for interval in self.intervals:
            if interval <= 0:
                raise InputError("INTERVAL", f"{interval:g} was given", "give a number above 0")
        for cells in self.smoothings:
            if not (1 <= cells <= 99 and cells % 2 == 1):
                raise InputError("SMOOTHING", f"'{self.smoothing}' was given", "give an odd whole number from 1 to 99")
        for threshold in self.thresholds:
            if self.threshold_mode == "percentile" and not 0 <= threshold < 100:
                raise InputError("THRESHOLD", f"{threshold:g} was given as a percentile",
                                 "give a number from 0 to below 100")
            if self.threshold_mode == "mean_multiple" and threshold <= 0:
                raise InputError("THRESHOLD", f"{threshold:g} was given as a multiple of the mean",
                                 "give a number above 0")

    @property
    def thresholds(self) -> tuple[float, ...]:
        return _numbers("THRESHOLD", self.threshold)

    @property
    def intervals(self) -> tuple[float, ...]:
        return _numbers("INTERVAL", self.interval)

    @property
    def smoothings(self) -> tuple[float, ...]:
        return _numbers("SMOOTHING", self.smoothing)

    @property
    def threshold_value(self) -> float:
        return self.thresholds[0]

    @property
    def interval_value(self) -> float:
        return self.intervals[0]

    @property
    def smoothing_cells(self) -> int:
        return int(self.smoothings[0])

    def combinations(self) -> list[UrbanCentresSettings]:
        """Every combination of the listed values as settings of single ones; that of the first values comes first."""
        return [replace(self, threshold=repr(threshold), interval=repr(interval), smoothing=f"{smoothing:g}")
                for smoothing, threshold, interval in product(self.smoothings, self.thresholds, self.intervals)]


def _numbers(parameter: str, given: str) -> tuple[float, ...]:
    """The numbers of a text, separated by commas or semicolons."""
    values = []
    for part in given.replace(";", ",").split(","):
        try:
            value = float(part)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(parameter, f"'{given}' is not a number" if part == given else
                             f"'{part.strip()}' in '{given}' is not a number",
                             "give one number, or several separated by commas, with decimal points")
        if value in values:
            raise InputError(parameter, f"{value:g} stands in '{given}' twice", "give each value once")
        values.append(value)
    return tuple(values)
