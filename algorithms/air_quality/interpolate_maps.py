"""Daily maps of PM2.5 between the monitors of each day, by an interpolation model."""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..distances import unit_vectors
from ..errors import InputError
from ..feature_tables import FeatureTable
from ..named_models import named_model
from ..progress import Progress
from ..projections import cell_positions
from ..rasters import TILE, RasterInput, RasterWriter, open_raster, plan_windows, read_grid, read_values
from ..settings import Resources
from .interpolate_pm25 import BUNDLED, far_from_model, read_monitors, warn_outside
from .interpolation import FEWEST_MONITORS, KIND, DayField, Interpolator, by_day, read_interpolation

MAPS = ("ESTIMATE", "LOW", "HIGH")
ARRAYS = 6  # of cells times monitors that an estimate takes


@dataclass(frozen=True)
class MapCounts:
    """days: bands of the maps. estimates, outside: cell-days with an estimate, and those of them farther from the
    monitors of the day, or from all places that the model was fitted on, than it was checked."""

    days: int
    estimates: int
    outside: int


def interpolate_maps(template: RasterInput, monitors: FeatureTable, date_field: str, pm25_field: str, model_file: str,
                     paths: Mapping[str, str], resources: Resources, progress: Progress) -> MapCounts:
    """Writes one band per day with enough monitors on the template's cells.

    Cells without data in the template's first band stay empty. paths: of the wanted ones of MAPS. Raises InputError,
    Cancelled.
    """
    if not paths:
        raise InputError("ESTIMATE", "no map was asked for", "name at least one of the maps")
    model = read_interpolation(named_model(model_file, BUNDLED, KIND, progress))
    donors = read_monitors(monitors, date_field, pm25_field)
    days = [(day, rows) for day, rows in by_day(donors) if len(rows) >= FEWEST_MONITORS]
    most = max(len(model.longitude), *(len(rows) for _, rows in days))
    together = max(1, int(resources.max_bytes / 4 / (8 * most**2)))  # days whose matrices are in memory
    estimates = outside = 0
    with ExitStack() as stack:
        dataset = stack.enter_context(open_raster(template))
        grid = read_grid(template, dataset)
        windows = plan_windows(grid.width, grid.height, (TILE, TILE), 8.0 * ARRAYS * most, resources.max_bytes / 4)
        writers = {name: stack.enter_context(RasterWriter(
            name, path, grid, [date.fromordinal(day).isoformat() for day, _ in days], "float32", float("nan"),
            "ug/m3")) for name, path in paths.items()}
        for start in range(0, len(days), together):
            step = progress.part(start / len(days), min(1.0, (start + together) / len(days)))
            fields = []
            for day, rows in days[start:start + together]:
                fields.append(model.day_field(donors, rows, day))
                step.check()
            for number, window in enumerate(windows):
                known = np.isfinite(read_values(dataset, [1], window)[0].ravel())
                part = step.part(number / len(windows), (number + 1) / len(windows))
                maps, beyond = _block(model, fields, np.column_stack(cell_positions(grid, window)), known, part)
                estimates, outside = estimates + int(np.isfinite(maps[0]).sum()), outside + beyond
                for name, writer in writers.items():
                    writer.write(_shaped(maps[MAPS.index(name)], window), window,
                                 range(start + 1, start + len(fields) + 1))
    warn_outside(outside, estimates, progress)
    return MapCounts(len(days), estimates, outside)


def _block(model: Interpolator, fields: list[DayField], positions: NDArray[np.float64], known: NDArray[np.bool_],
           progress: Progress) -> tuple[NDArray[np.float32], int]:
    """MAPS of a block's cells, shape (3, days, cells), and how many estimates lie outside. positions: longitude and
    latitude, (cells, 2)."""
    maps = np.full((len(MAPS), len(fields), len(positions)), np.nan, np.float32)
    cells = np.flatnonzero(known & np.isfinite(positions).all(axis=1))
    outside = 0
    if len(cells):
        away = far_from_model(model, *positions[cells].T)
        points = unit_vectors(*positions[cells].T)
        courses = model.courses_at(points)
        for number, field in enumerate(fields):
            found = field.at(points, courses)
            maps[:, number, cells] = found.value, found.low, found.high
            outside += int((away | (found.away > model.farthest_km)).sum())
            progress.report((number + 1) / len(fields))
    return maps, outside


def _shaped(values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    return values.reshape(-1, window.height, window.width)
