"""Simulated cities as the plugin sees them: annual radiance, angular classes and statistics, with the planted truth."""
from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from nocturne.algorithms.night_lights.angular_effects import classify
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.rasters import RasterWriter
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.cities import CELLS, CitySpecification, draw_published_mixture
from nocturne.algorithms.simulation.composites import FAINTEST
from nocturne.algorithms.simulation.scene import TWO_YEARS, Scene
from nocturne.algorithms.simulation.surroundings import surroundings_of
from nocturne.algorithms.simulation.truth_files import degrees, feature, outline, polygon, write_features
from nocturne.benchmarks.evidence_measures import StackSource
from rasterio.windows import Window

DAYS_OF_FIRST_YEAR = 366
ABOUT = "city.json"  # written last: what is there is whole
RASTERS = {"annual.tif": "RADIANCE", "classes.tif": "CLASSES", "statistics.tif": "STATISTICS",
           "building_height.tif": "RASTERS", "slope.tif": "RASTERS"}


def simulate(folder: Path, seed: int, processes: int, cells: int = CELLS, nights: int = TWO_YEARS,
             family: str = "curves", count: int | None = None) -> list[Path]:
    """The folders of the cities of one draw; those that are there already are taken as they are."""
    cities = draw_published_mixture(seed, cells)[:count]
    jobs = [(folder / f"draw_{seed}" / f"{index:02d}", city, nights, family) for index, city in enumerate(cities)]
    missing = [job for job in jobs if not (job[0] / ABOUT).exists()]
    if missing and processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            list(pool.map(_simulate_city, missing))
    else:
        list(map(_simulate_city, missing))
    return [job[0] for job in jobs]


def _simulate_city(job: tuple[Path, CitySpecification, int, str]) -> None:
    place, specification, nights, family = job
    place.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=place.parent))
    scene = Scene(specification, family, nights=nights)
    stack, grid, city = scene.stack(), scene.window.grid, scene.plan.city
    classify(StackSource(stack, grid), str(stage / "classes.tif"), str(stage / "statistics.tif"),
             AngularEffectsSettings(), Resources(threads=1), Progress())
    last_year = stack.radiance[stack.nights >= min(DAYS_OF_FIRST_YEAR, nights // 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # cells without a clear night
        annual = np.nanmean(last_year, axis=0)
    annual[annual < FAINTEST] = 0
    around = surroundings_of(scene)
    for name, values, kind in (("annual.tif", annual, "float32"), ("building_height.tif", around.height, "float32"),
                               ("slope.tif", around.slope, "float32"), ("districts.tif", city.districts, "uint8")):
        with RasterWriter("FOLDER", str(stage / name), grid, [name], kind, 255 if kind == "uint8" else np.nan) as out:
            out.write(values.astype(kind)[None], Window(0, 0, grid.width, grid.height))
    about = {"city": specification.name, "type": specification.kind.name, "cbds": len(scene.plan.cbds),
             "cloudy": specification.cloudy, "centres": specification.centres,
             "nights": float(np.median(np.isfinite(stack.radiance).sum(axis=0)))}
    window = scene.window
    write_features(str(stage / "boundary.geojson"), [feature(polygon(window, city.boundary), about)])
    write_features(str(stage / "urban_area.geojson"), [feature(outline(city.built_up, grid), about)])
    write_features(str(stage / "reference.geojson"), [feature(polygon(window, ring), about)
                                                      for ring in scene.plan.cbds])
    write_features(str(stage / "places.geojson"), [
        feature({"type": "Point", "coordinates": degrees(window, where)}, {"category": category})
        for where, category in around.places])
    (stage / ABOUT).write_text(json.dumps(about), "utf-8")
    if place.exists():
        shutil.rmtree(place)
    os.rename(stage, place)
