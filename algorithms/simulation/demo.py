"""The demonstration: a simulated city as Black Marble files of both collections, with the truth beside them."""
from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ..progress import Progress
from ..settings import Resources
from .city_plan import City, plan_city
from .composites import annual_composites
from .constants import Constants, generator
from .country_files import create_country_demo
from .demo_folder import DemoSummary, count_files, make_folders, staged_part
from .district_files import create_districts_demo
from .full_demo import create_full_demo
from .granule_tasks import Task, annual_task, daily_tasks, write_tasks
from .nights import Night, simulate_nights
from .region_files import create_region_demo
from .settings import DemoSettings
from .truth import planted_effects
from .truth_files import CONSTANTS_FILE, class_shares, write_truth
from .window import SMALL, TileWindow

COLLECTIONS = {1: "", 2: "_collection2"}  # ending of the folder names
SHARE_IN_COLLECTION_2 = 0.75  # of the nights: enough to fit a curve, and a fifth less to store

MB_PER_NIGHT = 1.47  # both collections together


def create_demo(folder: str, settings: DemoSettings, progress: Progress,
                resources: Resources | None = None) -> DemoSummary:
    """Writes the city into folder/city; an earlier demonstration there is replaced. Other sizes: create_full_demo;
    other parts: create_region_demo, create_country_demo, create_districts_demo.

    The same settings write the same bytes. Raises InputError where folder/city holds something else, OutputError where
    it can't be written, Cancelled; then nothing is left and what was there before is still there.
    """
    if settings.part == "region":
        return create_region_demo(folder, settings, progress)
    if settings.part == "country":
        return create_country_demo(folder, settings, progress)
    if settings.part == "districts":
        return create_districts_demo(folder, settings, progress)
    if settings.size != "small":
        return create_full_demo(folder, settings, progress, resources)
    window = SMALL
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
        make_folders(stage, [f"{kind}{ending}" for ending in COLLECTIONS.values() for kind in ("annual", "daily")])
        write_tasks(stage, _tasks(window, city, nights), resources or Resources(), progress.part(0.15, 0.98))
        write_truth(stage, settings, window, city, truth, nights, constants)
        files, size = count_files(stage)
        progress.report(1)
    progress.message(f"{files} files, {size / 1e6:.0f} MB; everything in them is simulated.")
    return DemoSummary(os.path.join(folder, "city"), window.grid.bounds, nights[0].day, nights[-1].day, len(nights),
                       files, size, class_shares(truth, city))


def _tasks(window: TileWindow, city: City, nights: Sequence[Night]) -> list[Task]:
    tasks = []
    composites = annual_composites(nights)
    for collection, ending in COLLECTIONS.items():
        tasks.append(annual_task(f"annual{ending}", collection, nights[0].day.year, window, composites, city))
        shown = nights if collection == 1 else nights[:int(len(nights) * SHARE_IN_COLLECTION_2)]
        for night in shown:
            tasks += daily_tasks(f"daily{ending}", collection, night, window, city)
    return tasks
