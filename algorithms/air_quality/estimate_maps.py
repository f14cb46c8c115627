"""Daily maps of PM2.5 from daily rasters of covariates, by a model file."""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from ...models.registry import Model
from ..devices import pick_device
from ..errors import InputError, renamed
from ..execution import torch_threads
from ..named_models import named_model
from ..progress import Progress
from ..projections import cell_positions
from ..rasters import RasterWriter, plan_windows
from ..settings import Resources
from .covariate_rasters import CovariateRasters, find_covariate_rasters
from .estimate_pm25 import BUNDLED
from .estimator import Data, Estimator
from .location_features import Encode, site_encoder
from .model_file import KIND, check_location_weights, check_units, outside_ranges, read_estimator
from .site_days import SiteDays
from .windows import make_windows

TOGETHER = 8192  # cell-days
MAPS = ("ESTIMATE", "LOW", "HIGH", "APPLICABILITY")
UNITS = {"APPLICABILITY": ""}


@dataclass(frozen=True)
class MapCounts:
    """days: bands of the maps. estimates, outside: cell-days with an estimate, and those of them outside of what the
    model was trained on."""

    days: int
    estimates: int
    outside: int


def estimate_maps(folder: str, model_file: str, checkpoint: str, paths: Mapping[str, str], resources: Resources,
                  progress: Progress) -> MapCounts:
    """Writes one band per day of the folder's rasters. paths: of the wanted ones of MAPS.

    A cell has no data on days whose window has too few days with covariates. Raises InputError, Cancelled.
    """
    if not paths:
        raise InputError("ESTIMATE", "no map was asked for", "name at least one of the maps")
    model = named_model(model_file, BUNDLED, KIND, progress)
    estimator = read_estimator(model)
    with renamed("ENCODER", "MODEL"):
        encode = site_encoder(estimator.settings.geolocation, checkpoint, resources)
    check_location_weights(model, checkpoint)
    rasters = find_covariate_rasters(folder, estimator.names, progress)
    _check_raster_units(model, rasters, resources, progress)
    device = torch.device(pick_device(resources.device, progress))
    numbers = len(rasters.days) * (len(estimator.names) + len(MAPS))
    blocks = plan_windows(rasters.grid.width, rasters.grid.height, rasters.block, 4.0 * numbers,
                          resources.max_bytes / 4)
    progress.message(f"{len(rasters.days)} days of {rasters.grid.width} x {rasters.grid.height} cells in "
                     f"{len(blocks)} blocks.")
    estimates = outside = 0
    with ExitStack() as stack, torch_threads(resources):
        writers = {name: stack.enter_context(RasterWriter(
            name, path, rasters.grid, [day.isoformat() for day in rasters.days], "float32", float("nan"),
            UNITS.get(name, "ug/m3"))) for name, path in paths.items()}
        for number, block in enumerate(blocks):
            part = progress.part(number / len(blocks), (number + 1) / len(blocks))
            maps, beyond = _block(rasters, block, estimator, model, encode, device, part)
            estimates, outside = estimates + int(np.isfinite(maps[0]).sum()), outside + beyond
            for name, writer in writers.items():
                writer.write(maps[MAPS.index(name)], block)
    if outside:
        progress.warning(f"{outside} of {estimates} estimates lie outside the covariates or the region that the model "
                         "was trained on; they may be far off.")
    return MapCounts(len(rasters.days), estimates, outside)


def _check_raster_units(model: Model, rasters: CovariateRasters, resources: Resources, progress: Progress) -> None:
    """As check_units, on the whole raster of the day in the middle."""
    middle = len(rasters.days) // 2
    day = replace(rasters, files=rasters.files[middle:middle + 1], bands=rasters.bands[middle:middle + 1])
    numbers = len(rasters.bands[0])
    low, high = np.full((2, numbers), np.nan, np.float32)
    for window in plan_windows(day.grid.width, day.grid.height, day.block, 4.0 * numbers, resources.max_bytes / 4):
        values = day.read(window, progress).reshape(-1, numbers)
        low, high = np.fmin(low, np.fmin.reduce(values)), np.fmax(high, np.fmax.reduce(values))
    check_units(model, np.stack((low, high)), "RASTERS")


def _block(rasters: CovariateRasters, block: Window, estimator: Estimator, model: Model, encode: Encode,
           device: torch.device, progress: Progress) -> tuple[NDArray[np.float32], int]:
    """MAPS of a block, shape (4, days, rows, columns), and how many of its estimates lie outside."""
    days = len(rasters.days)
    values = rasters.read(block, progress).reshape(-1, days, len(estimator.names))
    longitude, latitude = cell_positions(rasters.grid, block)
    maps = np.full((len(MAPS), days, len(values)), np.nan, np.float32)
    cells = np.flatnonzero(np.isfinite(values).any(axis=(1, 2)) & np.isfinite(longitude + latitude))
    outside, together = 0, max(1, TOGETHER // days)
    for start in range(0, len(cells), together):
        chosen = cells[start:start + together]
        ordinals = np.array([day.toordinal() for day in rasters.days], dtype=np.int32)
        cell_days = SiteDays(
            np.repeat(np.arange(len(chosen), dtype=np.int32), days), np.tile(ordinals, len(chosen)), longitude[chosen],
            latitude[chosen], values[chosen].reshape(-1, values.shape[2]),
            np.full(len(chosen) * days, np.nan, np.float32), estimator.names, ("",) * len(chosen))
        part = progress.part(start / len(cells), (start + len(chosen)) / len(cells))
        found, beyond = _estimate(cell_days, estimator, model, encode, device, part)
        maps[:, :, chosen] = found.reshape(len(MAPS), len(chosen), days).transpose(0, 2, 1)
        outside += beyond
    return maps.reshape(len(MAPS), days, block.height, block.width), outside


def _estimate(cell_days: SiteDays, estimator: Estimator, model: Model, encode: Encode, device: torch.device,
              progress: Progress) -> tuple[NDArray[np.float64], int]:
    """MAPS of every cell-day, shape (4, cell-days), NaN without an estimate."""
    settings, rows = estimator.settings, np.arange(len(cell_days.site))
    maps = np.full((len(MAPS), len(rows)), np.nan)
    windows = make_windows(cell_days, rows, settings.window, settings.min_days, settings.direction, may_be_none=True)
    if not len(windows.target):
        return maps, 0
    places = None if settings.geolocation == "none" else encode(cell_days.longitude, cell_days.latitude)
    data, every = Data(cell_days, windows, places), np.arange(len(windows.target))
    found = estimator.estimate(data, every, device, progress, donors_beyond_km=0)
    unlike = estimator.dissimilarity(data, every)
    maps[:, windows.target] = found.value, found.low, np.where(np.isfinite(found.high), found.high, np.nan), unlike
    return maps, int((outside_ranges(model, cell_days, windows.target) | (unlike > 1)).sum())
