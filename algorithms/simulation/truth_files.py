"""Writes what was planted beside the granules: rasters, constants, boundaries and a README."""
from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.features import shapes
from rasterio.windows import Window

from ..rasters import Grid, RasterClass, RasterWriter
from .city_plan import DISTRICT_TYPES, City
from .constants import Constants
from .nights import Night
from .settings import DemoSettings
from .truth import MAX_ZENITH, NEGATIVE, NONE, OUTSIDE, POSITIVE, SMALLEST_EFFECT, U_SHAPED, Truth
from .window import TileWindow

CITY_NAME = "Lampyra (simulated)"
CONSTANTS_FILE = os.path.join("truth", "constants.json")
CLASSES = (RasterClass(NONE, "none", (200, 200, 200)), RasterClass(NEGATIVE, "negative", (200, 30, 45)),
           RasterClass(POSITIVE, "positive", (43, 108, 176)), RasterClass(U_SHAPED, "U-shaped", (226, 179, 60)))
RULE = (f"U-shaped if the noise-free curve over the observed angles up to {MAX_ZENITH:g} degrees has an interior "
        f"minimum at least {SMALLEST_EFFECT:.0%} below both ends; else negative or positive if its end differs from "
        f"its start by at least {SMALLEST_EFFECT:.0%}; else none. {OUTSIDE} lies outside the municipality.")
README = """{city}: a demonstration of Nocturne

Everything in this folder is simulated. There is no such city, and no satellite has measured these lights.

Seed {seed}, {nights} nights from {first} to {last}, tile h{horizontal:02d}v{vertical:02d}.
Extent in degrees (west, south, east, north): {extent}

daily/                VNP46A1 and VNP46A2 of collection 001, one pair per night
daily_collection2/    the first three quarters of the nights as files of collection 002
annual/               VNP46A4 of collection 001: mean, spread and number of the nights above
annual_collection2/   the same as a file of collection 002
boundary.geojson      the municipality
urban_area.geojson    the built-up area
truth/                what was planted:
    truth_classes.tif     classes of the angular effect: 0 none, 1 negative, 2 positive, 3 U-shaped, 255 outside
    truth_change.tif      band 1: radiance at the largest over that at the smallest observed angle, minus 1
                          band 2: depth of the lowest value in between below the lower end, as a share of that end
    districts.tif         district types
    constants.json        every constant that the seed has drawn, with its range

{rule}
"""


def write_truth(folder: str, settings: DemoSettings, window: TileWindow, city: City, truth: Truth,
                nights: Sequence[Night], constants: Constants) -> None:
    """Fills folder, which exists. Raises OutputError and OSError where it can't be written."""
    grid = window.grid
    write_truth_rasters(folder, grid, city, truth)
    extent = [round(side, 6) for side in grid.bounds]
    write_json(os.path.join(folder, CONSTANTS_FILE), {
        "simulated": True, "city": CITY_NAME, "seed": settings.seed, "size": settings.size, "nights": len(nights),
        "first_night": str(nights[0].day), "last_night": str(nights[-1].day),
        "tile": f"h{window.horizontal:02d}v{window.vertical:02d}", "extent": extent, "class_rule": RULE,
        "classes": {each.name: each.value for each in CLASSES},
        "district_types": {each.name: each.code for each in DISTRICT_TYPES},
        "business_districts": {name: degrees(window, place) for name, place in city.business_districts.items()},
        "constants": constants.as_records()})
    about = {"city": CITY_NAME, "simulated": True}
    write_features(os.path.join(folder, "boundary.geojson"), [feature(polygon(window, city.boundary), about)])
    write_features(os.path.join(folder, "urban_area.geojson"), [feature(outline(city.built_up, grid), about)])
    with open(os.path.join(folder, "README.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.write(README.format(
            city=CITY_NAME, seed=settings.seed, nights=len(nights), first=nights[0].day, last=nights[-1].day,
            horizontal=window.horizontal, vertical=window.vertical, extent=", ".join(map(str, extent)), rule=RULE))


def write_truth_rasters(folder: str, grid: Grid, city: City, truth: Truth) -> None:
    """Makes folder/truth and writes classes, change and districts."""
    os.mkdir(os.path.join(folder, "truth"))
    _write_raster(folder, "truth_classes.tif", grid, ["planted class"], truth.classes[None], OUTSIDE, CLASSES)
    _write_raster(folder, "truth_change.tif", grid, ["planted relative change", "planted depth of the minimum"],
                  np.stack((truth.change, truth.depth)), float("nan"))
    _write_raster(folder, "districts.tif", grid, ["district type"], city.districts[None], OUTSIDE,
                  [RasterClass(each.code, each.name, each.colour) for each in DISTRICT_TYPES])


def polygon(window: TileWindow, ring: NDArray[np.float64]) -> dict[str, Any]:
    """Geometry in degrees of a ring in km east and north of the window's centre, shape (n, 2), not closed."""
    corners = [degrees(window, (x, y)) for x, y in ring]
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def _write_raster(folder: str, name: str, grid: Grid, descriptions: Sequence[str], values: NDArray[Any], nodata: float,
                  classes: Sequence[RasterClass] = ()) -> None:
    path = os.path.join(folder, "truth", name)
    with RasterWriter("FOLDER", path, grid, descriptions, values.dtype.name, nodata, classes=classes) as writer:
        writer.write(values, Window(0, 0, grid.width, grid.height))


def outline(mask: NDArray[np.bool_], grid: Grid) -> dict[str, Any]:
    found = shapes(mask.astype(np.uint8), mask=mask, transform=grid.transform)
    polygons = [[[(round(x, 7), round(y, 7)) for x, y in ring] for ring in shape["coordinates"]] for shape, _ in found]
    return {"type": "MultiPolygon", "coordinates": polygons}


def degrees(window: TileWindow, place: tuple[float, float]) -> tuple[float, float]:
    longitude, latitude = window.to_degrees(*place)
    return round(longitude, 6), round(latitude, 6)


def feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_features(path: str, features: Sequence[dict[str, Any]]) -> None:
    write_json(path, {"type": "FeatureCollection", "features": list(features)})


def write_json(path: str, content: dict[str, Any]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(content, file, indent=1)


def write_table(path: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """As CSV."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


def class_shares(truth: Truth, city: City) -> dict[str, float]:
    """Share of each planted class among the cells of the built-up area, by name."""
    planted = truth.classes[city.built_up & city.municipality]
    return {each.name: float((planted == each.value).mean()) for each in CLASSES}
