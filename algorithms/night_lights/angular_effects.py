"""Angular effects of stacks: how the radiance of each pixel depends on the view zenith angle (Tan et al. 2022)."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from scipy.special import stdtr

from ..devices import pick_device
from ..errors import InputError
from ..execution import run_blocks
from ..progress import Progress
from ..rasters import RasterClass, RasterInput, RasterWriter
from ..settings import Resources
from . import angular_fit
from .angular_fit import NEGATIVE, NO_DATA, NONE, POSITIVE, STATISTICS, TURNING_T, U_SHAPED, Levels, Thresholds
from .false_discoveries import corrected_level
from .night_effect import urban_median_factors
from .night_sample import SampledNights, equal_nights, valid_shares
from .night_sources import Nights, NightSource, StackNights, plan_blocks
from .settings import AngularEffectsSettings

CLASSES = (
    RasterClass(NONE, "no effect", (60, 60, 68)),
    RasterClass(NEGATIVE, "negative: darker when seen obliquely", (226, 74, 51)),
    RasterClass(POSITIVE, "positive: brighter when seen obliquely", (67, 147, 195)),
    RasterClass(U_SHAPED, "U-shaped: darkest in between", (244, 195, 80)),
)


Fitted = tuple[NDArray[np.uint8], NDArray[np.float32]]  # classes (rows, columns), STATISTICS (14, rows, columns)


@dataclass(frozen=True)
class AngularEffectCounts:
    """Pixels per class, and per night the pixels with radiance; None for nights that MAX_NIGHTS left out."""

    none: int
    negative: int
    positive: int
    u_shaped: int
    no_data: int
    valid: tuple[int | None, ...]

    @property
    def fitted(self) -> int:
        return self.none + self.negative + self.positive + self.u_shaped


def classify_stacks(radiance: RasterInput, zenith: RasterInput, classes_path: str, statistics_path: str | None,
                    settings: AngularEffectsSettings, resources: Resources, progress: Progress) -> AngularEffectCounts:
    """Writes the class raster and the statistics of two nightly stacks with the same grid and dates.

    radiance: nW/cm2/sr; zenith: degrees; one band per night, described by its date. Memory is bounded by the
    resources, not by the stacks. Raises InputError for stacks that don't belong together or hold no observation.
    """
    return classify(StackNights(radiance, zenith), classes_path, statistics_path, settings, resources, progress)


def classify(source: NightSource, classes_path: str, statistics_path: str | None, settings: AngularEffectsSettings,
             resources: Resources, progress: Progress) -> AngularEffectCounts:
    """The same for any source of nights."""
    grid = source.grid
    progress.message(f"Fitting {len(source.dates)} nights of {grid.width} x {grid.height} pixels; results take up to "
                     f"{grid.width * grid.height * 57 / 2**20:.0f} MiB on disk.")
    fitted = WindowFit(source, settings, resources, progress)
    counts = np.zeros(NO_DATA + 1, dtype=np.int64)
    seen = np.zeros(len(fitted.nights), dtype=np.int64)
    observations = 0.0
    with ExitStack() as writers:
        class_writer = writers.enter_context(RasterWriter(
            "CLASSES", classes_path, grid, ["angular effect"], "uint8", NO_DATA, classes=CLASSES))
        statistics_writer = None if statistics_path is None else writers.enter_context(RasterWriter(
            "STATISTICS", statistics_path, grid, STATISTICS, "float32", np.nan))
        for window, valid, (classes, statistics) in fitted.blocks():
            seen += valid
            class_writer.write(classes[np.newaxis], window)
            if statistics_writer is not None:
                statistics_writer.write(statistics, window)
            counts += np.bincount(classes.ravel(), minlength=NO_DATA + 1)
            observations += float(statistics[STATISTICS.index("observations")].sum())
    if not observations:
        raise InputError(source.parameter, "no pixel has a night with radiance and a zenith within MAX_ZENITH",
                         "check the no-data values, the quality choices and MAX_ZENITH")
    by_night = dict(zip(fitted.nights, seen.tolist()))
    result = AngularEffectCounts(int(counts[NONE]), int(counts[NEGATIVE]), int(counts[POSITIVE]),
                                 int(counts[U_SHAPED]), int(counts[NO_DATA]),
                                 tuple(by_night.get(night) for night in range(len(source.dates))))
    _summarise(result, settings, progress)
    return result


class WindowFit:
    """The passes over a source: sample, night factors and levels where they are asked for, then classes and statistics.

    nights: those of the given source that are fitted; source: these only. factors: what each night's radiance is
    divided by, of shape (nights,); None where NIGHT_EFFECT is none.
    """

    def __init__(self, source: NightSource, settings: AngularEffectsSettings, resources: Resources,
                 progress: Progress) -> None:
        self._settings, self._resources = settings, resources
        self._engine = _engine(resources, progress)
        self._limit = settings.max_zenith or np.inf
        passes = [settings.max_nights > 0, *[settings.night_effect != "none"] * 2, settings.correction != "none"]
        begin, share = 0.0, 1 / (1 + sum(passes))
        limit = angular_fit.finite_limit(self._limit)
        self.nights: Sequence[int] = range(len(source.dates))
        if settings.max_nights:
            begin = share
            shares = valid_shares(source, limit, resources, progress.part(0, begin))
            self.nights = equal_nights(shares, settings.max_nights, settings.seed)
            progress.message(f"{len(self.nights)} of {len(source.dates)} nights are drawn, so that a pixel has about "
                             f"{shares[self.nights].sum():.0f} valid ones instead of {shares.sum():.0f}.")
            source = SampledNights(source, self.nights)
        self.source = source
        self._plan = plan_blocks(source, resources)
        self.factors: NDArray[np.float64] | None = None
        if settings.night_effect == "urban-median":
            self.factors = urban_median_factors(source, limit, resources, progress.part(begin, begin + 2 * share))
            begin += 2 * share
            progress.message(f"Night factors: {self.factors.min():.2f} to {self.factors.max():.2f}, median "
                             f"{np.median(self.factors):.2f}.")
        self.thresholds = Thresholds(len(source.dates), settings)
        if settings.correction == "benjamini-hochberg":
            levels = self._corrected_levels(progress.part(begin, begin + share))
            progress.message(f"Corrected levels: {levels.linear:.3g} for slopes, {levels.turning:.3g} for U-shapes.")
            self.thresholds = Thresholds(len(source.dates), settings, levels)
        self._progress = progress.part(1 - share, 1)

    def blocks(self) -> Iterator[tuple[Window, NDArray[np.int64], Fitted]]:
        """Window by window: pixels with radiance per night (nights,); classes and STATISTICS."""

        def fit(window: Window) -> tuple[Window, NDArray[np.int64], Fitted]:
            valid = np.zeros(len(self.source.dates), dtype=np.int64)
            return window, valid, self._engine.fit_block(*self._sums(window, valid), self.thresholds, self._settings)

        return run_blocks(fit, self._plan.windows, self._resources, self._progress)

    def _sums(self, window: Window,
              valid: NDArray[np.int64] | None = None) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Sums and references of a window; counts the pixels with radiance of each night."""
        sums, references = angular_fit.empty_sums(int(window.height), int(window.width))
        nights: Nights | None = None
        for batch in self._plan.batches:
            radiance, zenith = nights = self.source.read(batch, window, nights)
            if valid is not None:
                valid[batch.start:batch.stop] = [np.count_nonzero(night == night) for night in radiance]
            if self.factors is not None:
                radiance = (radiance / self.factors[batch.start:batch.stop, None, None]).astype(np.float32)
            self._engine.add_nights(radiance, zenith, None, self._limit, sums, references)
        return sums, references

    def _corrected_levels(self, progress: Progress) -> Levels:
        """Over the fitted pixels: of the slope's p, and of the larger p of the U-test."""
        settings = self._settings
        slopes_test = settings.u_test == "slopes"

        def p_values(window: Window) -> list[tuple[int, NDArray[np.float64]]]:
            _, found = self._engine.fit_block(*self._sums(window), self.thresholds, settings, np.float64,
                                              TURNING_T + 1)
            freedom = np.maximum(found[STATISTICS.index("observations")] - 3, 1)
            turning = stdtr(freedom, -found[TURNING_T]) if slopes_test else found[STATISTICS.index("quadratic_p")]
            return [(int(np.count_nonzero(~np.isnan(p))), p[p <= settings.alpha])
                    for p in (found[STATISTICS.index("linear_p")], turning)]

        blocks = list(run_blocks(p_values, self._plan.windows, self._resources, progress))
        linear, turning = (corrected_level(np.concatenate([block[test][1] for block in blocks]),
                                           sum(block[test][0] for block in blocks), settings.alpha) for test in (0, 1))
        return Levels(linear, turning)


def _engine(resources: Resources, progress: Progress) -> Any:
    device = pick_device(resources.device, progress, double=True)
    if device == "cpu":
        return _cpu_engine(progress)
    from .angular_torch import TorchEngine

    return TorchEngine(device, _cpu_engine(progress), progress)


def _cpu_engine(progress: Progress) -> Any:
    try:
        from . import angular_kernel
    except Exception as error:  # a numba for another numpy raises other errors than ImportError
        progress.message(f"The slower numpy engine fits the pixels, because numba isn't usable ({error}).")
        return angular_fit
    return angular_kernel


def _summarise(counts: AngularEffectCounts, settings: AngularEffectsSettings, progress: Progress) -> None:
    if not counts.fitted:
        progress.warning(f"No pixel has {settings.min_observations} valid nights: every class is 255 (no data).")
        return
    shares = ", ".join(f"{name} {value / counts.fitted:.1%}" for name, value in (
        ("negative", counts.negative), ("positive", counts.positive), ("U-shaped", counts.u_shaped),
        ("none", counts.none)))
    progress.message(f"Of {counts.fitted} pixels with at least {settings.min_observations} valid nights: {shares}; "
                     f"{counts.no_data} pixels have fewer.")
