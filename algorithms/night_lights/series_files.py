"""Rasters of one date each: which files there are, what layer and date their names say, and the counts beside them."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..folders import files_below
from ..rasters import RasterInput
from .dates_in_names import DMSP_NAME, Period, given_periods, periods_in_name

RASTER_NAME = re.compile(r".+\.tiff?(\.gz)?", re.IGNORECASE)
NETCDF_NAME = re.compile(r".+\.(nc|nc4|cdf)", re.IGNORECASE)
# Layers of the Earth Observation Group's VIIRS (nW/cm2/sr) and DMSP-OLS products (digital numbers).
VIIRS_LAYERS = ("avg_rade9h.masked", "avg_rade9h", "average_masked", "average", "median_masked", "median", "maximum",
                "minimum")
DMSP_LAYERS = ("stable_lights.avg_vis", "avg_vis", "avg_lights_x_pct")
COUNT = "cf_cvg"  # cloud-free observations
NOT_LIGHT = (COUNT, "cvg", "lit_mask")
LAYER = re.compile(rf"(?:^|(?<=[._-]))({'|'.join(map(re.escape, (*VIIRS_LAYERS, *DMSP_LAYERS, *NOT_LIGHT)))})"
                   r"(?=(?:\.dat)?\.tiff?(?:\.gz)?$)", re.IGNORECASE)
PACKED = "/vsigzip/"  # GDAL's prefix for .gz, read without unpacking on disk
BESIDE = (".dat.tif", ".dat.tif.gz", ".tif", ".tif.gz")
DMSP_NO_DATA = 255.0


@dataclass(frozen=True)
class Slice:
    """One raster of a series. name: how a sentence calls it. no_data: a value that its file doesn't declare."""

    raster: RasterInput
    period: Period
    name: str
    band: int = 1
    layer: str = ""
    no_data: float | None = None


def file_slices(parameter: str, given: Sequence[str], layer: str, dates: str) -> list[Slice]:
    """Slices of GeoTIFFs in the order in which they were given, those of a folder in the order of their paths.

    given: files, and folders that are searched with the folders inside. layer: what names end in, such as avg_rade9h;
    empty = the only one there. dates: DATES. Raises InputError.
    """
    paths = _of_layer(parameter, _found(parameter, given), layer)
    names = [path.name for path in paths]
    return [Slice(RasterInput(parameter, gdal_path(path)), period or _period_of(parameter, path.name), f"'{path.name}'",
                  layer=layer_of(path.name), no_data=DMSP_NO_DATA if _is_dmsp(path.name) else None)
            for path, period in zip(paths, given_periods(dates, names))]


def count_slices(parameter: str, given: Sequence[str], dates: str) -> list[Slice]:
    """The same for files of observation counts: those that end in cf_cvg where there are any. Raises InputError.

    dates: DATES, of which only a pattern can speak of these names too.
    """
    paths = _found(parameter, given)
    paths = [path for path in paths if layer_of(path.name) == COUNT] or paths
    pattern = dates if "YYYY" in dates else ""
    slices = []
    for path in paths:
        told = len(periods_in_name(path.name)) == 1
        period = None if told else given_periods(pattern, [path.name])[0]
        slices.append(Slice(RasterInput(parameter, gdal_path(path)), period or _period_of(parameter, path.name),
                            f"'{path.name}'", layer=COUNT))
    return slices


def count_beside(light: Slice) -> RasterInput | None:
    """The file of cloud-free observations that has the slice's name with cf_cvg in place of its layer."""
    path = Path(light.raster.path[len(PACKED):] if light.raster.path.startswith(PACKED) else light.raster.path)
    match = LAYER.search(path.name)
    if match is None or light.layer in NOT_LIGHT:
        return None
    for ending in BESIDE:
        beside = path.with_name(f"{path.name[:match.start()]}{COUNT}{ending}")
        if beside.is_file():
            return RasterInput(light.raster.parameter, gdal_path(beside))
    return None


def layer_of(name: str) -> str:
    match = LAYER.search(name)
    return match[1].lower() if match else ""


def gdal_path(path: Path) -> str:
    """As GDAL opens it."""
    return f"{PACKED}{path.absolute()}" if path.suffix.lower() == ".gz" else str(path)


def _is_dmsp(name: str) -> bool:
    return DMSP_NAME.search(name) is not None or layer_of(name) in DMSP_LAYERS


def _found(parameter: str, given: Sequence[str]) -> list[Path]:
    paths: list[Path] = []
    for text in given:
        path = Path(text)
        if path.is_dir():
            inside = [each for each in files_below(path) if RASTER_NAME.fullmatch(each.name)]
            if not inside:
                raise InputError(parameter, f"the folder '{path.name}' holds no .tif or .tif.gz file",
                                 "choose another one; unpack .tgz files first")
            paths += inside
        elif not path.is_file():
            raise InputError(parameter, f"there is no file or folder '{text}'", "choose one that exists")
        elif not RASTER_NAME.fullmatch(path.name):
            way_out = "name it as FILE" if NETCDF_NAME.fullmatch(path.name) else "choose .tif or .tif.gz files"
            raise InputError(parameter, f"'{path.name}' isn't a GeoTIFF", way_out)
        else:
            paths.append(path)
    return list(dict.fromkeys(paths))


def _of_layer(parameter: str, paths: Sequence[Path], layer: str) -> list[Path]:
    layers = {path: layer_of(path.name) for path in paths}
    if layer:
        chosen = [path for path in paths if layers[path] == layer.lower()]
        if not chosen:
            raise InputError("LAYER", f"no name in {parameter} ends in '{layer}'",
                             f"choose one of {_listed(set(layers.values()))}")
        return chosen
    light = [path for path in paths if layers[path] not in NOT_LIGHT]
    if not light:
        raise InputError(parameter, f"it holds only {_listed(set(layers.values()))}",
                         "add the files of radiance, or name this layer in LAYER")
    kinds = {layers[path] for path in light}
    if len(kinds) > 1:
        raise InputError("LAYER", f"{parameter} holds files of {_listed(kinds)}", "name the one that is wanted")
    return light


def _listed(layers: set[str]) -> str:
    return ", ".join(each or "no known layer" for each in sorted(layers))


def _period_of(parameter: str, name: str) -> Period:
    periods = periods_in_name(name)
    if len(periods) == 1:
        return periods[0]
    found = f"the name '{name}' holds no date" if not periods else (
        f"the name '{name}' holds more than one date ({', '.join(str(each.first_day) for each in periods)})")
    raise InputError(parameter, found, "say in DATES where the date stands, such as ntl_YYYY-MM.tif, or which it is")
