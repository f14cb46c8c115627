"""The full demonstration: a city of each type over two years as daily and annual files, with everything that disturbs.

Nights are simulated and written in small groups, so memory doesn't grow with their number.
"""
from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..progress import Progress
from ..settings import Resources
from .cities import CITY_TYPES, CitySpecification, draw_cities
from .composites import CompositeSums
from .constants import generator
from .demo_folder import DemoSummary, count_files, make_folders, staged_part
from .granule_tasks import annual_task, daily_tasks, write_tasks
from .nights import EPHEMERAL, Night, retrieve
from .orbit import view
from .scene import TWO_YEARS, Scene
from .settings import DemoSettings
from .truth import MAX_ZENITH, Truth
from .truth_files import (
    CONSTANTS_FILE,
    RULE,
    class_shares,
    degrees,
    feature,
    outline,
    polygon,
    write_features,
    write_json,
    write_truth_rasters,
)

PART, MARK = "cities", "cities.geojson"
COLLECTION = 1
GROUP = 16  # nights in memory at once
MB_PER_NIGHT, SECONDS_PER_NIGHT = 0.78, 0.06  # measured with two cores
_GRADING, _BEFORE = 40, 41  # streams of random numbers
README = """Three simulated cities: the full demonstration of Nocturne

Everything in this folder is simulated. There are no such cities, and no satellite has measured these lights.

Seed {seed}, {nights} nights from {first} to {last}, light model {light_model}, effects {effects}.

cities.geojson            municipalities with name, type and extent
cbd_reference.geojson     outlines of the CBDs with city and type
<city>/daily/             VNP46A1 and VNP46A2 of collection 001, one pair per night
<city>/annual/            VNP46A4 of collection 001, one file per year
<city>/boundary.geojson, urban_area.geojson
<city>/truth/             classes, change, districts and every constant with its range

{rule}
"""


def create_full_demo(folder: str, settings: DemoSettings, progress: Progress, resources: Resources | None = None,
                     nights: int = TWO_YEARS) -> DemoSummary:
    """Writes folder/cities; an earlier demonstration there is replaced.

    The same settings write the same bytes. Raises InputError where folder/cities holds something else, OutputError
    where it can't be written, Cancelled; then nothing is left and what was there before is still there.
    """
    cities = draw_cities(settings.seed, len(CITY_TYPES))
    total = nights * len(cities)
    progress.message(f"Simulating {nights} nights of {len(cities)} cities: about "
                     f"{total * MB_PER_NIGHT / 1000:.1f} GB on disk and {total * SECONDS_PER_NIGHT / 60:.0f} minutes "
                     "on two cores.")
    boundaries, cbds, shares = [], [], []
    with staged_part(folder, PART, MARK) as stage:
        for index, specification in enumerate(cities):
            place = os.path.join(stage, short_name(specification))
            os.mkdir(place)
            scene = Scene(specification, settings.light_model, settings.effects == "planted", nights=nights,
                          progress=progress)
            truth = _write_nights(place, scene, resources or Resources(),
                                  progress.part(index / len(cities), (index + 1) / len(cities)))
            _write_truth(place, scene, truth, settings)
            about = _about(specification)
            extent = ", ".join(f"{side:.6f}" for side in specification.window.grid.bounds)
            boundaries.append(feature(polygon(specification.window, scene.plan.city.boundary),
                                      {**about, "extent": extent}))
            cbds += [feature(polygon(specification.window, ring), about) for ring in scene.plan.cbds]
            shares.append(class_shares(truth, scene.plan.city))
        write_features(os.path.join(stage, MARK), boundaries)
        write_features(os.path.join(stage, "cbd_reference.geojson"), cbds)
        first, last = scene.day(0), scene.day(nights - 1)
        with open(os.path.join(stage, "README.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write(README.format(seed=settings.seed, nights=nights, first=first, last=last, rule=RULE,
                                     light_model=settings.light_model, effects=settings.effects))
        files, size = count_files(stage)
        progress.report(1)
    progress.message(f"{files} files, {size / 1e6:.0f} MB; everything in them is simulated.")
    mean = {name: float(np.mean([each[name] for each in shares])) for name in shares[0]}
    return DemoSummary(os.path.join(folder, PART), cities[0].window.grid.bounds, first, last, nights, files, size, mean)


def short_name(specification: CitySpecification) -> str:
    """The name of a city's folder."""
    return specification.name.split(" (")[0].lower().replace(" ", "_")


def _about(specification: CitySpecification) -> dict[str, Any]:
    return {"city": specification.name, "city_type": specification.kind.name,
            "folder": short_name(specification), "simulated": True}


def _write_nights(place: str, scene: Scene, resources: Resources, progress: Progress) -> Truth:
    """Daily files in groups, annual files at the end of each year; returns what was planted under the angles seen."""
    make_folders(place, ["daily", "annual"])
    window, city, seed = scene.window, scene.plan.city, scene.specification.seed
    shape = window.rows, window.columns
    lowest, highest = np.full(shape, np.inf), np.full(shape, -np.inf)
    nadir = scene.table.at(view(np.zeros(shape), window.latitudes()[:, None]))
    history, age = scene.noise.apply(generator(seed, _BEFORE), nadir), np.zeros(shape, dtype=np.uint8)
    year, sums = scene.day(0).year, CompositeSums(shape)
    for start in range(0, scene.nights, GROUP):
        group: list[Night] = []
        tasks = []
        for index in range(start, min(start + GROUP, scene.nights)):
            night = retrieve(generator(seed, _GRADING, index), scene.observe(index), scene.poor_share, history, age)
            history, age = night.gap_filled, night.days_since_retrieval
            used = (night.quality <= EPHEMERAL) & ~night.snow & (night.view.zenith <= MAX_ZENITH)
            np.minimum(lowest, night.view.zenith, out=lowest, where=used)
            np.maximum(highest, night.view.zenith, out=highest, where=used)
            if night.day.year != year:
                tasks.append(annual_task("annual", COLLECTION, year, window, sums.composites(), city))
                year, sums = night.day.year, CompositeSums(shape)
            sums.add(night)
            group.append(night)
            progress.check()
        for night in group:
            tasks += daily_tasks("daily", COLLECTION, night, window, city)
        done = (start + len(group)) / scene.nights
        write_tasks(place, tasks, resources, progress.part(start / scene.nights, done))
    write_tasks(place, [annual_task("annual", COLLECTION, year, window, sums.composites(), city)], resources,
                progress.part(1, 1))
    return scene.table.planted(lowest, highest, city.municipality)


def _write_truth(place: str, scene: Scene, truth: Truth, settings: DemoSettings) -> None:
    specification, window, city = scene.specification, scene.window, scene.plan.city
    write_truth_rasters(place, window.grid, city, truth)
    about = _about(specification)
    write_json(os.path.join(place, CONSTANTS_FILE), {
        **about, "seed": settings.seed, "city_seed": specification.seed, "size": settings.size,
        "light_model": settings.light_model, "effects": settings.effects, "nights": scene.nights,
        "first_night": str(scene.day(0)), "last_night": str(scene.day(scene.nights - 1)),
        "tile": f"h{window.horizontal:02d}v{window.vertical:02d}",
        "extent": [round(side, 6) for side in window.grid.bounds], "class_rule": RULE,
        "negative_centres": [degrees(window, place) for place in scene.plan.centres],
        "cbds": len(scene.plan.cbds), "constants": scene.constants()})
    write_features(os.path.join(place, "boundary.geojson"), [feature(polygon(window, city.boundary), about)])
    write_features(os.path.join(place, "urban_area.geojson"), [feature(outline(city.built_up, window.grid), about)])
