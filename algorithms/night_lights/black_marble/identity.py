"""Which product, date and tile a file holds, by what is in it; its name is asked last."""
from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import numpy as np

from .granule import Granule
from .hdf5 import UnusableFile, first, open_hdf5, text
from .products import (
    CELLS_PER_DEGREE,
    COLLECTIONS,
    GRANULE_NAME,
    KEY_FIELDS,
    PLATFORM_OF_PREFIX,
    SHORT_NAME,
    TILE_CELLS,
    TILE_DEGREES,
    Tile,
    tile_name,
)

CORNER = re.compile(r"UpperLeftPointMtrs=\(\s*([-+.\dEe]+)\s*,\s*([-+.\dEe]+)\s*\)")
TOLERANCE_DEGREES = 1 / CELLS_PER_DEGREE  # lat and lon may be centres or edges


def identify(path: str, name: str) -> Granule:
    """Reads the metadata of the file. Raises UnusableFile with the reason."""
    with open_hdf5(path) as file:
        grid, fields = _find_grid(file)
        attributes = {**dict(grid.attrs), **dict(file.attrs)}
        granule_name = (GRANULE_NAME.search(text(attributes.get("LocalGranuleID", "")))
                        or GRANULE_NAME.search(os.path.basename(path)))
        product = _product(attributes, granule_name)
        prefix, level = product[:3], product[-2:]
        key = next((field for field in fields if KEY_FIELDS[level].fullmatch(field)), None)
        if key is None:
            raise UnusableFile(f"it calls itself {product} but has none of that product's data sets")
        data = grid["Data Fields"]
        shape = data.get_lazy_view(key).shape
        if shape != (TILE_CELLS, TILE_CELLS):
            raise UnusableFile(f"its {key} has the shape {shape} and not {TILE_CELLS} x {TILE_CELLS}")
        tile = _tile(_tiles(file, attributes, granule_name), data)
        return Granule(path, name, product, PLATFORM_OF_PREFIX[prefix], level, _collection(attributes, granule_name),
                       tile, _day(attributes, granule_name, level), _produced(attributes, granule_name),
                       data.name, fields)


def _find_grid(file: Any) -> tuple[Any, tuple[str, ...]]:
    """The first grid that holds data sets of a product, and their names."""
    if "HDFEOS" in file and "GRIDS" in file["HDFEOS"]:
        grids = file["HDFEOS/GRIDS"]
        for name in sorted(grids):
            if "Data Fields" in grids[name]:
                fields = tuple(sorted(grids[name]["Data Fields"]))
                if any(pattern.fullmatch(field) for pattern in KEY_FIELDS.values() for field in fields):
                    return grids[name], fields
    raise UnusableFile("it isn't a VNP46, VJ146 or VJ246 file")


def _product(attributes: dict[str, Any], granule_name: re.Match[str] | None) -> str:
    short_name = text(attributes.get("ShortName", ""))
    if not short_name and granule_name:
        short_name = f"{granule_name[1]}46{granule_name[2]}"
    if not SHORT_NAME.fullmatch(short_name):
        raise UnusableFile(f"it is a {short_name} file and not VNP46, VJ146 or VJ246" if short_name
                           else "it doesn't say which product it is")
    return short_name


def _collection(attributes: dict[str, Any], granule_name: re.Match[str] | None) -> int:
    version = text(attributes.get("VersionID", "")) or (granule_name[6] if granule_name else "")
    if not version.isdigit() or int(version) not in COLLECTIONS:
        raise UnusableFile(f"its collection '{version}' is neither 001 nor 002")
    return int(version)


def _day(attributes: dict[str, Any], granule_name: re.Match[str] | None, level: str) -> date:
    """The date of a night, or the first day of a composite's period."""
    stated = text(attributes.get("RangeBeginningDate", "")) or text(attributes.get("StartTime", ""))
    try:
        if stated:
            day = date.fromisoformat(stated[:10])
        else:
            day = datetime.strptime(granule_name[3] if granule_name else "", "%Y%j").date()
    except ValueError:
        raise UnusableFile("it doesn't say which date it holds") from None
    return day.replace(day=1, month=1 if level == "A4" else day.month) if level in ("A3", "A4") else day


def _produced(attributes: dict[str, Any], granule_name: re.Match[str] | None) -> str:
    try:
        return datetime.fromisoformat(text(attributes.get("ProductionTime", ""))[:19]).isoformat()
    except ValueError:
        try:
            return datetime.strptime(granule_name[7] if granule_name else "", "%Y%j%H%M%S").isoformat()
        except ValueError:
            return ""


def _tiles(file: Any, attributes: dict[str, Any],
           granule_name: re.Match[str] | None) -> Iterator[tuple[str, Tile]]:
    """What the file says about its tile, the most direct statement first."""
    try:
        numbers = [text(attributes[f"{axis}TileNumber"]) for axis in ("Horizontal", "Vertical")]
        yield "tile numbers", (int(numbers[0]), int(numbers[1]))
    except (KeyError, ValueError):
        pass
    west, north = (first(attributes.get(f"{side}BoundingCoord")) for side in ("West", "North"))
    if west is not None and north is not None:
        yield "bounding coordinates", _tile_at(float(west), float(north))
    if "HDFEOS INFORMATION" in file and "StructMetadata.0" in file["HDFEOS INFORMATION"]:
        corner = CORNER.search(text(file["HDFEOS INFORMATION/StructMetadata.0"][()]))
        if corner:
            yield "StructMetadata", _tile_at(_degrees(float(corner[1])), _degrees(float(corner[2])))
    if granule_name:
        yield "", (int(granule_name[4]), int(granule_name[5]))


def _degrees(packed: float) -> float:
    """Degrees from GCTP's packed DDDMMMSSS.SS."""
    size = abs(packed)
    degrees, minutes, seconds = size // 1e6, size // 1e3 % 1e3, size % 1e3
    return math.copysign(degrees + minutes / 60 + seconds / 3600, packed)


def _tile_at(west: float, north: float) -> Tile:
    horizontal, vertical = (west + 180) / TILE_DEGREES, (90 - north) / TILE_DEGREES
    tile = round(horizontal), round(vertical)
    if max(abs(horizontal - tile[0]), abs(vertical - tile[1])) * TILE_DEGREES > TOLERANCE_DEGREES:
        raise UnusableFile(f"its corner {west:g}, {north:g} isn't a tile's")
    return tile


def _tile(statements: Iterator[tuple[str, Tile]], data: Any) -> Tile:
    """The tile on which everything inside the file agrees. The file's name, which has no title, never contradicts."""
    chosen: tuple[str, Tile] | None = None
    for title, tile in statements:
        if chosen is None:
            chosen = title, tile
        elif title and tile != chosen[1]:
            raise UnusableFile(f"its {chosen[0]} say {tile_name(chosen[1])} and its {title} {tile_name(tile)}")
    if chosen is None:
        raise UnusableFile("it doesn't say which tile it is")
    tile = chosen[1]
    if not (0 <= tile[0] < 36 and 0 <= tile[1] < 18):
        raise UnusableFile(f"there is no tile {tile_name(tile)}")
    west, north = tile[0] * TILE_DEGREES - 180, 90 - tile[1] * TILE_DEGREES
    for name, low in (("lon", west), ("lat", north - TILE_DEGREES)):
        if name in data:
            values = np.asarray(data[name][...], np.float64)
            # min and max, since no source says which way lat runs
            if values.size and max(abs(values.min() - low),
                                   abs(values.max() - low - TILE_DEGREES)) > 1.01 * TOLERANCE_DEGREES:
                raise UnusableFile(f"its {name} doesn't cover the tile {tile_name(tile)}")
    return tile
