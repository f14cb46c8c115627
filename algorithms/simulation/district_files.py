"""Writes the simulated districts as the files that a researcher would have, with the truth beside them."""
from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from ..progress import Progress
from ..projections import WGS84, transform_points
from .constants import Generator, generator
from .demo_folder import DemoSummary, count_files, make_folders, staged_part
from .district_plan import SECTORS
from .districts import Districts, simulate_districts
from .settings import DemoSettings
from .street_pictures import Street, draw_street, write_picture
from .truth_files import CONSTANTS_FILE, feature, write_features, write_json, write_table

PART, NAME = "districts", "Fifty districts (simulated)"
GROUND = CRS.from_epsg(32650)
ORIGIN = np.array((360_000.0, 2_000_000.0))  # metres: open sea
CELL = 500.0
LISTED = 200  # of so many places one is a point of the layer
FIRST_DAY, DAYS, TRIPS = date(2019, 9, 2), 28, 4_000  # of the flow table; trips of a working day in it
STREETS, SIDE = 48, 96  # pictures, and pixels of their side
_FILES = 90  # stream of random numbers
README = """{name}: a region to try Nocturne

The totals of the 50 districts, their areas and their population are those that Cao et al. (2025, SemiGTX, Appendix B)
publish for the Pearl River Delta. Everything else is simulated: there are no such borders, units, places, views or
flows, and whatever is found here says nothing about the real districts.

Seed {seed}, {units} units, effects {effects}.

units.geojson         units with district, city, population and the number of listed places of 140 categories
places.geojson        one in {listed} of the places, as points with their category
views.csv             mean vector of each unit's images, 768 numbers; units without images aren't listed
streets/, streets.geojson   {streets} rendered street pictures of a few units, as points with file and heading
cells.geojson         cells of 500 m that the flows are between
flows.csv             trips between cells on {days} of {all_days} days
totals.csv            value added of three sectors per district, in 100 million yuan
truth/                what was planted:
    units.csv             value added of each unit, the part of head offices, and the activity that inputs follow
    constants.json        every constant that the seed has drawn, and the R2 that an oracle reaches
"""


def create_districts_demo(folder: str, settings: DemoSettings, progress: Progress) -> DemoSummary:
    """Writes folder/districts; an earlier demonstration there is replaced. settings.effects none: views are noise and
    flows are exchanged among units.

    The same settings write the same bytes. Raises InputError where folder/districts holds something else, OutputError
    where it can't be written, Cancelled; then nothing is left and what was there before is still there.
    """
    progress.message("Simulating 50 districts: about 15 MB on disk.")
    with staged_part(folder, PART, CONSTANTS_FILE) as stage:
        region = simulate_districts(settings.seed, "all" if settings.effects == "none" else "")
        numbers = generator(settings.seed, _FILES)
        progress.report(0.2)
        make_folders(stage, ["streets", "truth"])
        _write_units(stage, region)
        progress.report(0.4)
        _write_places(stage, region, numbers)
        _write_views(stage, region)
        progress.report(0.6)
        _write_streets(stage, region, numbers)
        progress.report(0.7)
        days = _days(region, numbers)
        _write_flows(stage, region, days, numbers, progress.part(0.7, 0.95))
        extent = _write_truth(stage, region, settings)
        with open(os.path.join(stage, "README.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write(README.format(name=NAME, seed=settings.seed, units=len(region.plan.area), listed=LISTED,
                                     streets=STREETS, effects=settings.effects, days=len(days), all_days=DAYS))
        files, size = count_files(stage)
        progress.report(1)
    west, south, east, north = extent
    return DemoSummary(os.path.join(folder, PART), (west, south, east, north), days[0], days[-1], len(days), files,
                       size, {})


def unit_names(region: Districts) -> list[str]:
    """District and number within it, such as Liwan-03."""
    first = np.searchsorted(region.plan.district, region.plan.district)
    return [f"{region.plan.districts.name[district]}-{number:02d}"
            for district, number in zip(region.plan.district, np.arange(len(first)) - first + 1)]


def _degrees(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Shapes in metres on GROUND as longitude and latitude."""
    moved: NDArray[np.object_] = shapely.transform(shapes, lambda points: np.round(np.column_stack(
        transform_points(GROUND, WGS84, points[:, 0], points[:, 1])), 7))
    return moved


def _ground(region: Districts) -> NDArray[np.object_]:
    ground: NDArray[np.object_] = shapely.transform(region.plan.shapes, lambda points: 1000 * points + ORIGIN)
    return ground


def _write_units(stage: str, region: Districts) -> None:
    plan = region.plan
    names, table = unit_names(region), plan.districts
    alone = [table.city.count(city) == 1 for city in table.city]
    features = []
    for unit, shape in enumerate(_degrees(_ground(region))):
        district = int(plan.district[unit])
        features.append(feature(shapely.geometry.mapping(shape), {
            "unit": names[unit], "district": None if alone[district] else table.name[district],
            "city": table.city[district], "population": round(float(plan.people[unit])),
            **dict(zip(region.categories, region.places[unit].tolist()))}))
    write_features(os.path.join(stage, "units.geojson"), features)
    write_table(os.path.join(stage, "totals.csv"), ("district", *SECTORS), [
        (name, *value) for name, value in zip(table.name, table.value.tolist())])


def _write_places(stage: str, region: Districts, numbers: Generator) -> None:
    listed = numbers.binomial(region.places, 1 / LISTED)
    unit, category = np.nonzero(listed)
    unit, category = np.repeat(unit, listed[unit, category]), np.repeat(category, listed[unit, category])
    points = _degrees(shapely.points(_inside(_ground(region), unit, numbers)))
    write_features(os.path.join(stage, "places.geojson"), [
        feature(shapely.geometry.mapping(point), {"category": region.categories[index]})
        for point, index in zip(points, category)])


def _inside(shapes: NDArray[np.object_], which: NDArray[np.intp], numbers: Generator) -> NDArray[np.float64]:
    """A random place (n, 2) in each shape that is named."""
    bounds = shapely.bounds(shapes)[which]
    places = np.empty((len(which), 2))
    left = np.arange(len(which))
    while len(left):
        places[left] = numbers.uniform(bounds[left, :2], bounds[left, 2:])
        left = left[~shapely.contains_xy(shapes[which[left]], places[left])]
    return places


def _write_views(stage: str, region: Districts) -> None:
    seen = np.flatnonzero(region.images)
    names = unit_names(region)
    write_table(os.path.join(stage, "views.csv"),
                ("unit", "images", *(f"view_{index + 1}" for index in range(region.views.shape[1]))),
                ([names[unit], int(region.images[unit]), *(f"{value:.3f}" for value in region.views[unit])]
                 for unit in seen))


def _write_streets(stage: str, region: Districts, numbers: Generator) -> None:
    """Pictures drawn by what is built up and active in their units."""
    plan = region.plan
    unit = np.sort(numbers.choice(len(plan.area), STREETS, replace=False))
    density = region.activity.active / plan.area[:, None]
    rank = np.argsort(np.argsort(density, axis=0), axis=0) / len(density)
    heading = numbers.choice((90, 180, 270, 360), STREETS)
    points = _degrees(shapely.points(_inside(_ground(region), unit, numbers)))
    features = []
    for index, (point, own) in enumerate(zip(points, unit)):
        name = f"{index + 1:02d}.png"
        street = Street(float(plan.built_up[own]), float(rank[own, 1]), float(rank[own, 2]))
        write_picture(os.path.join(stage, "streets", name), draw_street(street, SIDE, numbers))
        about = {"file": f"streets/{name}", "heading": int(heading[index])}
        features.append(feature(shapely.geometry.mapping(point), about))
    write_features(os.path.join(stage, "streets.geojson"), features)


def _days(region: Districts, numbers: Generator) -> list[date]:
    """Days of the flow table: some are missing, more of one weekday than of another."""
    missing = region.missing_days * numbers.dirichlet(np.ones(7)) * 7
    days = [FIRST_DAY + timedelta(day) for day in range(DAYS)]
    kept = numbers.uniform(size=DAYS) >= missing[[day.weekday() for day in days]]
    return [day for day, is_kept in zip(days, kept) if is_kept]


def _write_flows(stage: str, region: Districts, days: list[date], numbers: Generator, progress: Progress) -> None:
    """A sample of the trips of each day between one cell per unit."""
    shapes = _ground(region)
    corners, cell_of = np.unique(
        np.floor(_inside(shapes, np.arange(len(shapes)), numbers) / CELL) * CELL, axis=0, return_inverse=True)
    cells = shapely.box(corners[:, 0], corners[:, 1], corners[:, 0] + CELL, corners[:, 1] + CELL)
    write_features(os.path.join(stage, "cells.geojson"), [
        feature(shapely.geometry.mapping(cell), {"cell": index + 1}) for index, cell in enumerate(_degrees(cells))])
    write_table(os.path.join(stage, "flows.csv"), ("origin", "destination", "day", "count"),
                _trips(region, days, cell_of.ravel() + 1, numbers, progress))


def _trips(region: Districts, days: list[date], cell_of: NDArray[np.intp], numbers: Generator,
           progress: Progress) -> Iterator[tuple[Any, ...]]:
    share = (region.flows / region.flows.sum()).ravel()
    for done, day in enumerate(days):
        progress.report(done / len(days))
        counts = numbers.multinomial(round(TRIPS * (region.weekend if day.weekday() > 4 else 1)), share)
        pairs = np.flatnonzero(counts)
        origin, destination = np.divmod(pairs, len(region.flows))
        yield from zip(cell_of[origin].tolist(), cell_of[destination].tolist(), [day.isoformat()] * len(pairs),
                       counts[pairs].tolist())


def _write_truth(stage: str, region: Districts, settings: DemoSettings) -> list[float]:
    """Returns the extent in degrees."""
    activity = region.activity
    write_table(os.path.join(stage, "truth", "units.csv"),
                ("unit", *SECTORS, "head_offices", *(f"active_{sector}" for sector in SECTORS)),
                ([name, *(f"{value:.6g}" for value in values)] for name, values in zip(
                    unit_names(region), np.column_stack((activity.value, activity.head_offices[:, 2],
                                                         activity.active)))))
    extent = [round(float(side), 6) for side in shapely.total_bounds(_degrees(_ground(region)))]
    write_json(os.path.join(stage, CONSTANTS_FILE), {
        "simulated": True, "region": NAME, "seed": region.seed, "effects": settings.effects,
        "oracle_r2": dict(zip(SECTORS, np.round(region.oracle_r2, 4).tolist())), "extent": extent,
        "constants": region.constants})
    return extent
