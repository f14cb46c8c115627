"""The files of a folder, and which of them a run reads: per night and tile one file, the rest with a reason."""
from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Callable

from ...errors import InputError
from ...execution import run_blocks
from ...folders import files_below
from ...progress import Progress
from ...settings import Resources
from ..settings import BlackMarbleSettings
from .granule import Granule
from .hdf5 import UnusableFile
from .identity import identify
from .products import (
    AT_SENSOR,
    DEFAULT_LAYERS,
    GAP_FILLED,
    LEVELS,
    PLATFORM_TITLES,
    RADIANCE,
    Tile,
    tile_name,
)
from .quality import QualityChoice, quality_choice
from .window import CellWindow, choose_window, tiles_in


@dataclass(frozen=True)
class NightRecord:
    """One row of the NIGHTS table: a night (or month, or year), or a file that wasn't used.

    Files are named by their path below the folder, those of several tiles separated by commas.
    valid_share: of the window's cells inside tiles; None for files that weren't read.
    """

    date: date | None
    radiance_file: str
    zenith_file: str
    valid_share: float | None
    used: bool
    reason: str


@dataclass(frozen=True)
class Night:
    """The files of one date by tile; zenith is empty where no zenith is read."""

    day: date
    light: dict[Tile, Granule]
    zenith: dict[Tile, Granule]


@dataclass(frozen=True)
class Selection:
    """What a run reads. notes: sentences that the user should read."""

    layer: str
    choice: QualityChoice
    platform: str
    collection: int
    window: CellWindow
    nights: list[Night]
    rejected: list[NightRecord]
    notes: list[str]


def scan(folder: str, resources: Resources, progress: Progress) -> tuple[list[Granule], list[NightRecord]]:
    """Usable files of the folder and its subfolders, by name, and the others with a reason.

    Only metadata is read. Raises InputError for a missing folder and for one without a usable file.
    """
    if not folder or not os.path.isdir(folder):
        raise InputError("FOLDER", f"there is no folder '{folder}'", "choose the folder of the Black Marble files")
    names = sorted(
        os.path.relpath(path, folder) for path in files_below(Path(folder)) if path.name.lower().endswith(".h5"))
    if not names:
        raise InputError("FOLDER", f"'{folder}' and its subfolders hold no .h5 file",
                         "choose the folder of the Black Marble files")
    progress.message(f"Reading the metadata of {len(names)} {'file' if len(names) == 1 else 'files'}.")

    def examine(name: str) -> Granule | NightRecord:
        shown = name.replace(os.sep, "/")
        try:
            return identify(os.path.join(folder, name), shown)
        except UnusableFile as reason:
            return NightRecord(None, shown, "", None, False, str(reason))

    granules: list[Granule] = []
    rejected: list[NightRecord] = []
    for found in run_blocks(examine, names, resources, progress):
        if isinstance(found, Granule):
            granules.append(found)
        else:
            rejected.append(found)
            progress.warning(f"'{found.radiance_file}' is skipped: {found.reason}.")
    if not granules:
        raise InputError("FOLDER", f"none of {len(names)} .h5 files can be used: of '{rejected[0].radiance_file}' "
                         f"{rejected[0].reason}", "choose a folder of VNP46, VJ146 or VJ246 files")
    return granules, rejected


def select(granules: Sequence[Granule], rejected: Sequence[NightRecord], settings: BlackMarbleSettings,
           with_zenith: bool) -> Selection:
    """Decides by product, period, extent, platform, collection, layer and production time. Raises InputError."""
    refused = list(rejected)
    levels = LEVELS[settings.product]
    candidates = _keep(granules, lambda granule: granule.level in levels, refused,
                       f"it isn't a {settings.product} file")
    if not candidates:
        raise InputError("PRODUCT", f"FOLDER holds no {settings.product} file, but {_products(granules)}",
                         "choose the product that is there")
    candidates = _inside_period(candidates, settings)
    tiles = tiles_in(settings.extent, {granule.tile for granule in candidates})
    candidates = [granule for granule in candidates if granule.tile in tiles]
    candidates, platform = _one_platform(candidates, settings, refused)
    collections = {granule.collection: granule.name for granule in candidates}
    if len(collections) > 1:
        raise InputError("FOLDER", f"it mixes collection 001 ('{collections[1]}') with collection 002 "
                         f"('{collections[2]}')", "keep the files of one collection")
    collection = candidates[0].collection
    layer, level = _layer(candidates, settings)
    choice = quality_choice(layer, level, collection, settings)
    candidates = _newest(_complete(candidates, level, [layer, *choice.required_fields()], refused), refused)
    nights, notes = _pair(candidates, layer, level, choice, with_zenith, refused)
    window, more = choose_window(settings.extent, {tile for night in nights for tile in night.light})
    return Selection(layer, choice, platform, collection, window, nights, refused, [*notes, *more])


def _keep(granules: Iterable[Granule], wanted: Callable[[Granule], bool], refused: list[NightRecord],
          reason: str) -> list[Granule]:
    kept: list[Granule] = []
    for granule in granules:
        if wanted(granule):
            kept.append(granule)
        else:
            refused.append(_refusal(granule, reason))
    return kept


def _refusal(granule: Granule, reason: str) -> NightRecord:
    names = ("", granule.name) if granule.level == "A1" else (granule.name, "")
    return NightRecord(granule.day, *names, None, False, reason)


def _products(granules: Iterable[Granule]) -> str:
    return ", ".join(sorted({granule.product for granule in granules}))


def _inside_period(granules: list[Granule], settings: BlackMarbleSettings) -> list[Granule]:
    kept = [granule for granule in granules
            if (settings.start is None or granule.day >= settings.start)
            and (settings.end is None or granule.day <= settings.end)]
    if not kept:
        days = sorted(granule.day for granule in granules)
        raise InputError("START" if settings.start else "END",
                         f"no {settings.product} file lies between START and END, FOLDER holds {days[0]} to {days[-1]}",
                         "choose dates within")
    return kept


def _one_platform(granules: list[Granule], settings: BlackMarbleSettings,
                  refused: list[NightRecord]) -> tuple[list[Granule], str]:
    titles = [PLATFORM_TITLES[each] for each in sorted({granule.platform for granule in granules})]
    if settings.platform == "auto":
        if len(titles) > 1:
            raise InputError("PLATFORM", f"FOLDER mixes {' and '.join(titles)}", "choose one of them")
        return granules, granules[0].platform
    title = PLATFORM_TITLES[settings.platform]
    kept = _keep(granules, lambda granule: granule.platform == settings.platform, refused, f"it isn't of {title}")
    if not kept:
        raise InputError("PLATFORM", f"FOLDER holds no file of {title}, but of {' and '.join(titles)}",
                         "choose one that is there")
    return kept, settings.platform


def _layer(granules: list[Granule], settings: BlackMarbleSettings) -> tuple[str, str]:
    """The data set to read and the level of the files that hold it; A2 before A1."""
    wanted = settings.layer or DEFAULT_LAYERS[settings.product]
    names = AT_SENSOR if wanted in AT_SENSOR else (wanted,)
    levels = sorted({granule.level for granule in granules}, reverse=True)
    examples = {level: next(granule for granule in granules if granule.level == level) for level in levels}
    for level in levels:
        for name in names:
            if any(name in granule.field_names for granule in granules if granule.level == level):
                return name, level
    if levels == ["A1"] and wanted in (RADIANCE, GAP_FILLED):
        raise InputError("FOLDER", f"it holds only A1 files such as '{granules[0].name}', which have no "
                         f"{wanted}", f"add their A2 files, or name {AT_SENSOR[0]} as LAYER")
    listing = "; ".join(f"{example.product} has {', '.join(name for name in example.field_names if len(name) > 3)}"
                        for example in examples.values())
    raise InputError("LAYER", f"no file has a data set '{wanted}': {listing}", "name one of these")


def _complete(granules: list[Granule], level: str, needed: list[str], refused: list[NightRecord]) -> list[Granule]:
    """Without the files of the layer's level that lack a needed data set."""
    kept = []
    for granule in granules:
        lacking = [name for name in needed if granule.level == level and name not in granule.field_names]
        if lacking:
            refused.append(_refusal(granule, f"it has no {lacking[0]}"))
        else:
            kept.append(granule)
    if not any(granule.level == level for granule in kept):
        raise InputError("FOLDER", f"no file has {' and '.join(needed)}", "download the files again")
    return kept


def _newest(granules: list[Granule], refused: list[NightRecord]) -> list[Granule]:
    """One file per level, tile and date: the one that was produced last."""
    newest: dict[tuple[str, Tile, date], Granule] = {}
    for granule in sorted(granules, key=lambda each: (each.produced, each.name)):
        key = granule.level, granule.tile, granule.day
        if key in newest:
            refused.append(_refusal(newest[key], f"'{granule.name}' holds the same tile and date and is newer"))
        newest[key] = granule
    return list(newest.values())


def _pair(granules: list[Granule], layer: str, level: str, choice: QualityChoice, with_zenith: bool,
          refused: list[NightRecord]) -> tuple[list[Night], list[str]]:
    """Nights in the order of their dates. A night's tile is left out where its zenith is wanted and missing."""
    nights: dict[date, Night] = {}
    light = {(granule.day, granule.tile): granule for granule in granules if granule.level == level}
    angles = {(granule.day, granule.tile): granule for granule in granules if granule.level == "A1"}
    notes: list[str] = []
    if with_zenith and not angles:
        notes.append("There is no ZENITH: it needs the A1 files of the same tiles and dates."
                     if level == "A2" else "There is no ZENITH: only daily A1 files have it.")
    if level in ("A3", "A4") and not choice.quality_field:
        notes.append(f"{layer} has no quality layer beside it; QUALITY has no effect.")
    elif level == "A1":
        notes.append(f"{layer} comes from A1 files, which have no Mandatory_Quality_Flag; QUALITY has no effect, "
                     "CLOUD and SNOW act through the files' own QF_Cloud_Mask.")
    if level == "A2":
        refused.extend(_refusal(angles[key], f"there is no A2 file of {tile_name(key[1])} for this date")
                       for key in sorted(angles.keys() - light.keys()))
    for day, tile in sorted(light):
        angle = angles.get((day, tile)) if with_zenith else None
        if with_zenith and angles and angle is None:
            refused.append(_refusal(light[day, tile], f"there is no A1 file of {tile_name(tile)} for its zenith"))
            continue
        night = nights.setdefault(day, Night(day, {}, {}))
        night.light[tile] = light[day, tile]
        if angle is not None:
            night.zenith[tile] = angle
    if not nights:
        raise InputError("FOLDER", "none of its A1 files has the tile and date of an A2 file",
                         "add the A1 files of the same tiles and dates, or leave out ZENITH")
    return list(nights.values()), notes


def by_date(records: Iterable[NightRecord]) -> list[NightRecord]:
    """Records in the order of the table; those without a date come last."""
    return sorted(records, key=lambda record: (record.date is None, record.date or date.min, not record.used,
                                               record.radiance_file, record.zenith_file))
