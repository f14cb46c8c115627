"""Angular effects of stacks: how the radiance of each pixel depends on the view zenith angle (Tan et al. 2022)."""
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from ..errors import InputError
from ..execution import blocks_in_flight, run_blocks
from ..progress import Progress
from ..rasters import (
    RasterClass,
    RasterInput,
    RasterWriter,
    band_dates,
    open_raster,
    plan_windows,
    read_grid,
    read_values,
)
from ..settings import Resources
from . import angular_fit
from .angular_fit import NEGATIVE, NO_DATA, NONE, POSITIVE, STATISTICS, U_SHAPED, Thresholds
from .settings import AngularEffectsSettings

FEWEST_NIGHTS = 5
CLASSES = (
    RasterClass(NONE, "no effect", (60, 60, 68)),
    RasterClass(NEGATIVE, "negative: darker when seen obliquely", (226, 74, 51)),
    RasterClass(POSITIVE, "positive: brighter when seen obliquely", (67, 147, 195)),
    RasterClass(U_SHAPED, "U-shaped: darkest in between", (244, 195, 80)),
)


@dataclass(frozen=True)
class AngularEffectCounts:
    """Pixels per class."""

    none: int
    negative: int
    positive: int
    u_shaped: int
    no_data: int

    @property
    def fitted(self) -> int:
        return self.none + self.negative + self.positive + self.u_shaped


def classify_stacks(radiance: RasterInput, zenith: RasterInput, classes_path: str, statistics_path: str | None,
                    settings: AngularEffectsSettings, resources: Resources, progress: Progress) -> AngularEffectCounts:
    """Writes the class raster and the statistics of two nightly stacks with the same grid and dates.

    radiance: nW/cm2/sr; zenith: degrees; one band per night, described by its date. Memory is bounded by the
    resources, not by the stacks. Raises InputError for stacks that don't belong together or hold no observation.
    """
    engine = _engine(progress)
    with open_raster(radiance) as first, open_raster(zenith) as second:
        grid = read_grid(radiance, first)
        zenith_grid = read_grid(zenith, second)
        _check_nights(radiance, first)
        _check_nights(zenith, second)
        if not grid.same_cells(zenith_grid):
            raise InputError("ZENITH", f"its grid ({zenith_grid}) isn't that of RADIANCE ({grid})",
                             "give two stacks of the same grid, as readblackmarble writes them")
        bands = _pair_bands(band_dates(radiance, first), band_dates(zenith, second))
        nights = len(bands)
        # Radiance, zenith and what reading copies of them; sums, statistics and classes.
        bytes_per_cell = nights * 16 + 88 + 14 * 12 + 1
        windows = plan_windows(grid.width, grid.height, first.block_shapes[0], bytes_per_cell,
                               resources.max_bytes / blocks_in_flight(resources))
    progress.message(f"Fitting {nights} nights of {grid.width} x {grid.height} pixels in {len(windows)} blocks; "
                     f"results take up to {grid.width * grid.height * 57 / 2**20:.0f} MiB on disk.")
    thresholds = Thresholds(nights, settings)
    limit = settings.max_zenith or np.inf

    def fit_window(window: Window) -> tuple[Window, NDArray[np.uint8], NDArray[np.float32]]:
        values = _read(radiance, [band for band, _ in bands], window)
        angles = _read(zenith, [band for _, band in bands], window)
        sums, references = angular_fit.empty_sums(*values.shape[1:])
        engine.add_nights(values, angles, None, limit, sums, references)
        return (window, *engine.fit_block(sums, references, thresholds, settings))

    counts = np.zeros(NO_DATA + 1, dtype=np.int64)
    observations = 0.0
    with ExitStack() as writers:
        class_writer = writers.enter_context(RasterWriter(
            "CLASSES", classes_path, grid, ["angular effect"], "uint8", NO_DATA, classes=CLASSES))
        statistics_writer = None if statistics_path is None else writers.enter_context(RasterWriter(
            "STATISTICS", statistics_path, grid, STATISTICS, "float32", np.nan))
        for window, classes, statistics in run_blocks(fit_window, windows, resources, progress):
            class_writer.write(classes[np.newaxis], window)
            if statistics_writer is not None:
                statistics_writer.write(statistics, window)
            counts += np.bincount(classes.ravel(), minlength=NO_DATA + 1)
            observations += float(statistics[STATISTICS.index("observations")].sum())
    if not observations:
        raise InputError("RADIANCE", "no pixel has a night with radiance and a zenith within MAX_ZENITH",
                         "check the no-data values, the quality choices and MAX_ZENITH")
    result = AngularEffectCounts(*(int(counts[value]) for value in (NONE, NEGATIVE, POSITIVE, U_SHAPED, NO_DATA)))
    _summarise(result, settings, progress)
    return result


def _engine(progress: Progress) -> Any:
    try:
        from . import angular_kernel
    except ImportError:
        progress.message("numba isn't there: the slower numpy engine fits the pixels.")
        return angular_fit
    return angular_kernel


def _check_nights(source: RasterInput, dataset: rasterio.DatasetReader) -> None:
    if dataset.count < FEWEST_NIGHTS:
        bands = "1 band" if dataset.count == 1 else f"{dataset.count} bands"
        raise InputError(source.parameter, f"'{source.path}' has {bands}",
                         f"give a stack with one band per night and at least {FEWEST_NIGHTS} nights")


def _pair_bands(radiance_dates: list[Any], zenith_dates: list[Any]) -> list[tuple[int, int]]:
    """Bands of both stacks by date, in the radiance's order."""
    differing = sorted(set(radiance_dates) ^ set(zenith_dates))
    if differing:
        raise InputError("ZENITH", f"its dates aren't those of RADIANCE ({len(differing)} differ, the first is "
                         f"{differing[0]})", "give two stacks of the same nights, as readblackmarble writes them")
    zenith_bands = {day: band for band, day in enumerate(zenith_dates, start=1)}
    return [(band, zenith_bands[day]) for band, day in enumerate(radiance_dates, start=1)]


def _read(source: RasterInput, bands: list[int], window: Window) -> NDArray[np.float32]:
    with open_raster(source) as dataset:
        return read_values(dataset, bands, window)


def _summarise(counts: AngularEffectCounts, settings: AngularEffectsSettings, progress: Progress) -> None:
    if not counts.fitted:
        progress.warning(f"No pixel has {settings.min_observations} valid nights: every class is 255 (no data).")
        return
    shares = ", ".join(f"{name} {value / counts.fitted:.1%}" for name, value in (
        ("negative", counts.negative), ("positive", counts.positive), ("U-shaped", counts.u_shaped),
        ("none", counts.none)))
    progress.message(f"Of {counts.fitted} pixels with at least {settings.min_observations} valid nights: {shares}; "
                     f"{counts.no_data} pixels have fewer.")
