"""The nights of one pixel: its column of both stacks, the two fits, and the class that follows from them."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from scipy.special import stdtr

from ..errors import InputError
from ..progress import Progress
from ..rasters import Grid, open_raster, read_grid
from ..settings import Resources
from . import angular_fit
from .angular_effects import WindowFit
from .angular_fit import STATISTICS, ZENITH_SCALE, Levels, Thresholds
from .black_marble.series import open_series
from .class_origin import ClassOrigin, FileOrigin, StackOrigin
from .nearby_nights import NearbyNights
from .night_sources import FileNights, NightSource, StackNights
from .settings import AngularEffectsSettings

SIDE = 64  # cells around a pixel of files that are kept: 24 MB for two years
FILE_NIGHTS = 16  # that are read at once


@dataclass(frozen=True)
class Cell:
    """A cell of the class raster: row and column from 0, and left, bottom, right, top in its CRS."""

    row: int
    column: int
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True)
class WindowDecision:
    """What all pixels of a class raster share: the nights, and what CORRECTION and NIGHT_EFFECT found in them."""

    nights: NearbyNights
    thresholds: Thresholds
    factors: NDArray[np.float64] | None


@dataclass(frozen=True)
class EndSlopes:
    """Slopes of the parabola at the lowest and the highest zenith, per degree, and what they could be by chance.

    p_low: one-sided, that it doesn't fall at the lowest zenith. p_high: that it doesn't rise at the highest one.
    """

    low: float
    high: float
    p_low: float
    p_high: float


@dataclass(frozen=True)
class PixelFit:
    """Class and STATISTICS of one pixel's nights in double precision; end_slopes where there is a parabola.

    valid: of shape (nights,), the nights that the fits use. levels: what the p-values are compared with.
    """

    effect: int
    statistics: dict[str, float]
    valid: NDArray[np.bool_]
    end_slopes: EndSlopes | None
    levels: Levels


@dataclass(frozen=True)
class PixelNights:
    """One pixel's nights in the order of their source, and what follows from them.

    radiance (nW/cm2/sr, as it is fitted) and zenith (degrees): (nights,), NaN where there is no value. recorded: what
    the class raster says. factors: what the nights' radiances were divided by for NIGHT_EFFECT; None = nothing.
    """

    cell: Cell
    dates: list[date]
    radiance: NDArray[np.float32]
    zenith: NDArray[np.float32]
    fit: PixelFit
    recorded: int
    settings: AngularEffectsSettings
    factors: NDArray[np.float64] | None = None

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Nights with both values, whether the fits use them or not."""
        return np.asarray(np.isfinite(self.radiance) & np.isfinite(self.zenith))


def window_decision(origin: ClassOrigin, progress: Progress) -> WindowDecision:
    """Finds the nights, and reads all their pixels where CORRECTION, NIGHT_EFFECT or MAX_NIGHTS ask for it.

    Raises InputError as classify_stacks and classify_files do.
    """
    resources = Resources(device="cpu")
    source = _source(origin, resources, progress)
    fitted = WindowFit(source, origin.settings, resources, progress)
    # A tile of a stack is inflated in a moment, the chunks of hundreds of files are worth keeping.
    near = (SIDE, FILE_NIGHTS) if isinstance(origin, FileOrigin) else (1, -(-len(source.dates) // 2))
    return WindowDecision(NearbyNights(fitted.source, *near), fitted.thresholds, fitted.factors)


def _source(origin: ClassOrigin, resources: Resources, progress: Progress) -> NightSource:
    if isinstance(origin, StackOrigin):
        return StackNights(origin.radiance, origin.zenith)
    if not isinstance(origin, FileOrigin):
        raise TypeError(f"{type(origin).__name__} names no nights")
    with open_raster(origin.classes) as dataset:
        extent = read_grid(origin.classes, dataset).bounds
    series = open_series(str(origin.folder), replace(origin.settings, extent=extent), True, resources, progress)
    return FileNights(series)


def read_pixel(origin: ClassOrigin, decision: WindowDecision, x: float, y: float, progress: Progress) -> PixelNights:
    """The pixel at x, y in the class raster's CRS.

    Raises InputError outside the raster, for nights that don't have its grid and for files that are gone.
    """
    source = decision.nights.source
    with open_raster(origin.classes) as dataset:
        if dataset.count != 1 or dataset.dtypes[0] != "uint8":
            raise InputError("CLASSES", f"'{origin.classes.path}' has {dataset.count} band(s) of {dataset.dtypes[0]}",
                             "choose the class raster that 'Angular effects' wrote: one band of bytes")
        grid = read_grid(origin.classes, dataset)
        if not source.grid.same_cells(grid):
            raise InputError(source.parameter, f"its grid ({source.grid}) isn't that of the class raster ({grid})",
                             "run 'Angular effects' again")
        cell = cell_at(grid, x, y)
        recorded = int(dataset.read(1, window=Window(cell.column, cell.row, 1, 1))[0, 0])
    radiance, zenith = decision.nights.read(cell.row, cell.column, progress)
    if decision.factors is not None:
        radiance = (radiance / decision.factors).astype(np.float32)
    return PixelNights(cell, source.dates, radiance, zenith,
                       fit_pixel(radiance, zenith, origin.settings, decision.thresholds), recorded, origin.settings,
                       decision.factors)


def cell_at(grid: Grid, x: float, y: float) -> Cell:
    """The cell that holds a point in the grid's CRS. Raises InputError outside the grid."""
    left, bottom, right, top = grid.bounds
    if not (left <= x < right and bottom < y <= top):
        raise InputError("CLASSES", "the point lies outside the class raster", "click inside it")
    column = min(math.floor((x - left) / grid.cell_width), grid.width - 1)
    row = min(math.floor((top - y) / grid.cell_height), grid.height - 1)
    west, north = left + column * grid.cell_width, top - row * grid.cell_height
    return Cell(row, column, (west, north - grid.cell_height, west + grid.cell_width, north))


def fit_pixel(radiance: NDArray[np.float32], zenith: NDArray[np.float32], settings: AngularEffectsSettings,
              thresholds: Thresholds) -> PixelFit:
    """Fits and class of nights of shape (nights,), by the functions that make the class raster."""
    limit = settings.max_zenith or np.inf
    sums, references = angular_fit.empty_sums(1, 1)
    angular_fit.add_nights(radiance[:, np.newaxis, np.newaxis], zenith[:, np.newaxis, np.newaxis], None, limit, sums,
                           references)
    classes, values = angular_fit.fit_block(sums, references, thresholds, settings, np.float64)
    statistics = {name: float(value) for name, value in zip(STATISTICS, values[:, 0, 0])}
    with np.errstate(invalid="ignore"):
        valid = angular_fit.observation(radiance, zenith, True, angular_fit.finite_limit(limit))
    slopes = None
    if math.isfinite(statistics["quadratic_r2"]):
        slopes = end_slopes(radiance[valid].astype(np.float64), zenith[valid].astype(np.float64))
    return PixelFit(int(classes[0, 0]), statistics, valid, slopes, thresholds.levels)


def end_slopes(radiance: NDArray[np.float64], zenith: NDArray[np.float64]) -> EndSlopes:
    """The test of Lind and Mehlum (2010), equation 3, in numbers; nights of shape (n,), at least three zeniths."""
    centre = zenith.mean()
    scaled = (zenith - centre) / ZENITH_SCALE
    terms = np.stack([np.ones_like(scaled), scaled, scaled**2], axis=1)
    orthogonal, upper = np.linalg.qr(terms)
    explained = orthogonal.T @ radiance
    coefficients = np.linalg.solve(upper, explained)
    freedom = len(radiance) - 3
    residual = radiance - orthogonal @ explained
    variance = float(residual @ residual) / max(freedom, 1)
    ends = np.array([[0.0, 1.0, 2.0 * end] for end in (scaled.min(), scaled.max())])
    slopes = ends @ coefficients
    errors = np.sqrt(variance * (np.linalg.solve(upper.T, ends.T) ** 2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t_values = slopes / errors
    p_low, p_high = np.nan_to_num(stdtr(freedom, [t_values[0], -t_values[1]]), nan=1.0)
    return EndSlopes(*(float(each) for each in (*slopes / ZENITH_SCALE, p_low, p_high)))
