"""The demonstration: a simulated city as Black Marble files of both collections, with the truth beside them."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Callable

import numpy as np

from ..execution import run_blocks
from ..progress import Progress
from ..settings import Bounds, Resources
from .black_marble_fields import at_sensor_fields, composite_fields, corrected_fields
from .black_marble_writer import Chunks, Granule, deflate_window, write_granule
from .city_plan import City, plan_city
from .composites import annual_composites
from .constants import Constants, generator
from .demo_folder import staged_part
from .granule_values import FieldValues, at_sensor_values, composite_values, corrected_values
from .nights import Night, simulate_nights
from .settings import DemoSettings
from .truth import Truth, planted_effects
from .truth_files import CLASSES, CONSTANTS_FILE, write_truth
from .window import SMALL, TileWindow

WINDOWS = {"small": SMALL}
COLLECTIONS = {1: "", 2: "_collection2"}  # ending of the folder names
SHARE_IN_COLLECTION_2 = 0.75  # of the nights: enough to fit a curve, and a fifth less to store

MB_PER_NIGHT = 1.47  # both collections together


@dataclass(frozen=True)
class DemoSummary:
    """What was written. extent: west, south, east, north in degrees; class_shares: share of each planted class among
    the cells of the built-up area."""

    folder: str
    extent: Bounds
    first_night: date
    last_night: date
    nights: int
    files: int
    size_bytes: int
    class_shares: dict[str, float]


@dataclass(frozen=True)
class _Task:
    folder: str
    granule: Granule
    values: Callable[[], FieldValues]


def create_demo(folder: str, settings: DemoSettings, progress: Progress,
                resources: Resources | None = None) -> DemoSummary:
    """Writes the city into folder/city, an earlier demonstration there is replaced.

    The same settings write the same bytes. Raises InputError where folder/city holds something else, OutputError where
    it can't be written, Cancelled; then nothing is left and what was there before is still there.
    """
    window = WINDOWS[settings.size]
    progress.message(f"Simulating {settings.nights} nights of one city: about {settings.nights * MB_PER_NIGHT:.0f} MB "
                     "on disk.")
    with staged_part(folder, "city", CONSTANTS_FILE) as stage:
        constants = Constants(generator(settings.seed, 0))
        city = plan_city(constants, generator(settings.seed, 1), window)
        nights = simulate_nights(constants, settings.seed, city, window, settings.nights, progress.part(0, 0.15))
        truth = planted_effects(
            np.stack([night.view.zenith for night in nights]), np.stack([night.clean for night in nights]),
            np.stack([np.isfinite(night.radiance) for night in nights]), city.municipality)
        progress.check()
        _write_granules(stage, _tasks(window, city, nights), resources or Resources(), progress.part(0.15, 0.98))
        write_truth(stage, settings, window, city, truth, nights, constants)
        files, size = _count(stage)
        progress.report(1)
    progress.message(f"{files} files, {size / 1e6:.0f} MB; everything in them is simulated.")
    return DemoSummary(os.path.join(folder, "city"), window.grid.bounds, nights[0].day, nights[-1].day, len(nights),
                       files, size, _shares(truth, city))


def _tasks(window: TileWindow, city: City, nights: Sequence[Night]) -> list[_Task]:
    tasks = []
    composites = annual_composites(nights)
    for collection, ending in COLLECTIONS.items():
        tasks.append(_Task(f"annual{ending}", Granule(
            "VNP46A4", collection, date(nights[0].day.year, 1, 1), window, composite_fields(collection)),
            partial(composite_values, composites, city)))
        shown = nights if collection == 1 else nights[:int(len(nights) * SHARE_IN_COLLECTION_2)]
        for night in shown:
            tasks += [
                _Task(f"daily{ending}", Granule("VNP46A1", collection, night.day, window, at_sensor_fields(collection)),
                      partial(at_sensor_values, night, city)),
                _Task(f"daily{ending}", Granule("VNP46A2", collection, night.day, window, corrected_fields(collection)),
                      partial(corrected_values, night, city, collection))]
    return tasks


def _write_granules(stage: str, tasks: Sequence[_Task], resources: Resources, progress: Progress) -> None:
    for name in {task.folder: None for task in tasks}:
        os.mkdir(os.path.join(stage, name))
    # Threads deflate, this thread alone speaks to HDF5.
    for task, chunks in zip(tasks, run_blocks(_deflate, tasks, resources, progress)):
        write_granule(os.path.join(stage, task.folder, task.granule.file_name), task.granule, chunks)


def _deflate(task: _Task) -> Chunks:
    return deflate_window(task.granule, task.values())


def _count(folder: str) -> tuple[int, int]:
    sizes = [os.path.getsize(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names]
    return len(sizes), sum(sizes)


def _shares(truth: Truth, city: City) -> dict[str, float]:
    planted = truth.classes[city.built_up & city.municipality]
    return {each.name: float((planted == each.value).mean()) for each in CLASSES}
