"""What a night does to a whole city: haze or dimming that neighbouring pixels share, estimated and divided out."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..execution import blocks_in_flight, run_blocks
from ..progress import Progress
from ..rasters import plan_windows
from ..settings import Resources
from .angular_fit import observation
from .night_sources import BLOCKS_SHARE, CELL_BYTES, NightSource, plan_blocks

BRIGHTEST_SHARE = 0.2
FEWEST_PIXELS = 50


def urban_median_factors(source: NightSource, limit: np.float32, resources: Resources,
                         progress: Progress) -> NDArray[np.float64]:
    """One factor per night: the median of its radiance over the long-term mean, among the brightest pixels.

    The pixels are those valid that night whose mean over all valid nights is in the top 20 %; nights with fewer than 50
    of them keep the factor 1. Dividing by the factors also removes an effect that the whole window has in common.
    """
    grid, count, plan = source.grid, len(source.dates), plan_blocks(source, resources)
    means = np.full((grid.height, grid.width), np.nan, dtype=np.float32)

    def mean(window: Window) -> tuple[Window, NDArray[np.float32]]:
        total = np.zeros((int(window.height), int(window.width)))
        valid_nights = np.zeros_like(total)
        for batch in plan.batches:
            radiance, zenith = source.read(batch, window)
            for night_radiance, night_zenith in zip(radiance, zenith):
                valid = observation(night_radiance, night_zenith, True, limit)
                np.add(total, night_radiance, out=total, where=valid)
                valid_nights += valid
        with np.errstate(invalid="ignore", divide="ignore"):
            return window, (total / valid_nights).astype(np.float32)

    for window, part in run_blocks(mean, plan.windows, resources, progress.part(0, 0.5)):
        means[window.toslices()] = part
    if np.isnan(means).all():
        return np.ones(count)
    bright = (means >= np.nanquantile(means, 1 - BRIGHTEST_SHARE)) & (means > 0)

    def ratios(block: tuple[int, Window]) -> NDArray[np.float32]:
        night, window = block
        part = window.toslices()
        radiance, zenith = source.read([night], window)
        use = observation(radiance[0], zenith[0], True, limit) & bright[part]
        return np.asarray(radiance[0][use] / means[part][use], dtype=np.float32)

    # Whole nights: a night's median needs all of its pixels, and a stack holds them together.
    windows = plan_windows(grid.width, grid.height, source.block_shape, CELL_BYTES,
                           BLOCKS_SHARE * resources.max_bytes / blocks_in_flight(resources), source.first_row)
    found = run_blocks(ratios, [(night, window) for night in range(count) for window in windows], resources,
                       progress.part(0.5, 1))
    factors = np.ones(count)
    for night in range(count):
        seen = np.concatenate([next(found) for _ in windows])
        middle = float(np.median(seen)) if len(seen) >= FEWEST_PIXELS else 1.0
        factors[night] = middle if middle > 0 else 1.0
    return factors
