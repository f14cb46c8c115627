"""The files of simulated nights and years: threads deflate, one thread alone speaks to HDF5."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Callable

from ..execution import run_blocks
from ..progress import Progress
from ..settings import Resources
from .black_marble_fields import at_sensor_fields, composite_fields, corrected_fields
from .black_marble_writer import Chunks, Granule, deflate_window, write_granule
from .city_plan import City
from .composites import Composite
from .granule_values import FieldValues, at_sensor_values, composite_values, corrected_values
from .nights import Night
from .window import TileWindow


@dataclass(frozen=True)
class Task:
    """One file to write into a folder."""

    folder: str
    granule: Granule
    values: Callable[[], FieldValues]


def daily_tasks(folder: str, collection: int, night: Night, window: TileWindow, city: City) -> list[Task]:
    """VNP46A1 and VNP46A2 of a night."""
    return [
        Task(folder, Granule("VNP46A1", collection, night.day, window, at_sensor_fields(collection)),
             partial(at_sensor_values, night, city)),
        Task(folder, Granule("VNP46A2", collection, night.day, window, corrected_fields(collection)),
             partial(corrected_values, night, city, collection))]


def annual_task(folder: str, collection: int, year: int, window: TileWindow, composites: Mapping[str, Composite],
                city: City) -> Task:
    """VNP46A4 of a year."""
    return Task(folder, Granule("VNP46A4", collection, date(year, 1, 1), window, composite_fields(collection)),
                partial(composite_values, composites, city))


def write_tasks(stage: str, tasks: Sequence[Task], resources: Resources, progress: Progress) -> None:
    """Writes the files into folders of stage, which exist. Raises OSError where that fails, and Cancelled."""
    for task, chunks in zip(tasks, run_blocks(_deflate, tasks, resources, progress)):
        write_granule(os.path.join(stage, task.folder, task.granule.file_name), task.granule, chunks)


def _deflate(task: Task) -> Chunks:
    return deflate_window(task.granule, task.values())
