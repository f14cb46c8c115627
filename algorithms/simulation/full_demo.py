"""A city of each type as daily and annual files, with everything that disturbs: over two years, or compact.

Nights are simulated and written in small groups, so memory doesn't grow with their number.
"""
from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rasterio.windows import Window

from ..progress import Progress
from ..rasters import RasterWriter
from ..settings import Resources
from .cities import CELLS, CITY_TYPES, CitySpecification, draw_cities
from .composites import CompositeSums
from .constants import generator
from .demo_folder import DemoSummary, count_files, make_folders, staged_part
from .granule_tasks import annual_task, daily_tasks, write_tasks
from .nights import EPHEMERAL, Night, retrieve
from .orbit import view
from .scene import TWO_YEARS, Scene
from .settings import DemoSettings
from .surroundings import surroundings_of
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
_GRADING, _BEFORE = 40, 41  # streams of random numbers


@dataclass(frozen=True)
class DemoSize:
    """cells: of a city's side. megabytes, seconds: per city and night, measured with two cores."""

    title: str
    cells: int
    nights: int
    clear: bool
    megabytes: float
    seconds: float


SIZES = {"full": DemoSize("the full demonstration", CELLS, TWO_YEARS, False, 0.78, 0.06),
         "cities": DemoSize("the compact cities", 130, 120, True, 0.6, 0.05)}
README = """Three simulated cities: {title} of Nocturne

Everything in this folder is simulated. There are no such cities, and no satellite has measured these lights.

Seed {seed}, {nights} nights from {first} to {last}, light model {light_model}, effects {effects}.

cities.geojson            municipalities with name, type and extent
urban_areas.geojson       built-up areas with city and type
cbd_reference.geojson     outlines of the CBDs with city and type
places.geojson            places with category and city; a part of them is missing
<city>/daily/             VNP46A1 and VNP46A2 of collection 001, one pair per night
<city>/annual/            VNP46A4 of collection 001, one file per year
<city>/building_height.tif, slope.tif
<city>/boundary.geojson, urban_area.geojson
<city>/truth/             classes, change, districts and every constant with its range

{rule}
"""


def create_full_demo(folder: str, settings: DemoSettings, progress: Progress, resources: Resources | None = None,
                     nights: int | None = None) -> DemoSummary:
    """Writes folder/cities; an earlier demonstration there is replaced. nights: None = as many as the size has.

    The same settings write the same bytes. Raises InputError where folder/cities holds something else, OutputError
    where it can't be written, Cancelled; then nothing is left and what was there before is still there.
    """
    size = SIZES[settings.size]
    nights = nights or size.nights
    cities = [replace(city, uses=True, clear=size.clear)
              for city in draw_cities(settings.seed, len(CITY_TYPES), size.cells)]
    total = nights * len(cities)
    progress.message(f"Simulating {nights} nights of {len(cities)} cities: about "
                     f"{total * size.megabytes / 1000:.1f} GB on disk and {math.ceil(total * size.seconds / 60)} "
                     "minutes on two cores.")
    boundaries, built_up, cbds, places, shares = [], [], [], [], []
    with staged_part(folder, PART, MARK) as stage:
        for index, specification in enumerate(cities):
            place = os.path.join(stage, short_name(specification))
            os.mkdir(place)
            scene = Scene(specification, settings.light_model, settings.effects == "planted", nights=nights,
                          progress=progress)
            truth = _write_nights(place, scene, resources or Resources(),
                                  progress.part(index / len(cities), (index + 1) / len(cities)))
            _write_truth(place, scene, truth, settings)
            about, window, city = _about(specification), specification.window, scene.plan.city
            extent = ", ".join(f"{side:.6f}" for side in window.grid.bounds)
            boundaries.append(feature(polygon(window, city.boundary), {**about, "extent": extent}))
            built_up.append(feature(outline(city.built_up, window.grid), about))
            cbds += [feature(polygon(window, ring), about) for ring in scene.plan.cbds]
            places += _write_surroundings(place, scene, about)
            shares.append(class_shares(truth, city))
        for name, features in ((MARK, boundaries), ("urban_areas.geojson", built_up), ("cbd_reference.geojson", cbds),
                               ("places.geojson", places)):
            write_features(os.path.join(stage, name), features)
        first, last = scene.day(0), scene.day(nights - 1)
        with open(os.path.join(stage, "README.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write(README.format(title=size.title, seed=settings.seed, nights=nights, first=first, last=last,
                                     rule=RULE, light_model=settings.light_model, effects=settings.effects))
        files, size_bytes = count_files(stage)
        progress.report(1)
    progress.message(f"{files} files, {size_bytes / 1e6:.0f} MB; everything in them is simulated.")
    mean = {name: float(np.mean([each[name] for each in shares])) for name in shares[0]}
    return DemoSummary(os.path.join(folder, PART), cities[0].window.grid.bounds, first, last, nights, files,
                       size_bytes, mean)


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


def _write_surroundings(place: str, scene: Scene, about: dict[str, Any]) -> list[dict[str, Any]]:
    """Rasters of heights and slopes; returns the places as features."""
    found, grid = surroundings_of(scene), scene.window.grid
    for name, values, title, unit in (("building_height.tif", found.height, "building height", "m"),
                                      ("slope.tif", found.slope, "slope", "degrees")):
        with RasterWriter("FOLDER", os.path.join(place, name), grid, [title], "float32", np.nan, unit) as writer:
            writer.write(values[None], Window(0, 0, grid.width, grid.height))
    return [feature({"type": "Point", "coordinates": degrees(scene.window, where)},
                    {"category": category, "city": about["city"]}) for where, category in found.places]
