"""The one raster reader and writer: windows of GeoTIFFs and of whatever else rasterio opens."""
from __future__ import annotations

import io
import math
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from html import escape
from types import TracebackType
from typing import Any, Callable

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.env import get_gdal_config, set_gdal_config
from rasterio.errors import RasterioError
from rasterio.windows import Window

from .errors import InputError, OutputError

BLOCK = 256  # side of the blocks that we compute
TILE = 64  # side of the tiles that we write: a pixel's column of nights inflates one tile of each night
BANDS_TOGETHER = 64  # that are read by one call
CACHE_BYTES = 32 * 2**20  # half of the least MAX_MEMORY; GDAL's own default is 5 % of the machine


class _SmallCache:
    """Keeps GDAL's block cache small from the first dataset of ours that is opened to the last one that is closed.

    The cache is the whole process's. It is set only while no dataset of ours is open: GDAL then writes what is too much
    to the files of writers, which needs Python's lock, and rasterio holds that lock while it sets the cache.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._before = get_gdal_config("GDAL_CACHEMAX")
                set_gdal_config("GDAL_CACHEMAX", CACHE_BYTES)
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                set_gdal_config("GDAL_CACHEMAX", self._before)


class _Reads:
    """Lets a writer be closed only between two reads of other threads.

    A read pushes blocks of a writer out of GDAL's cache and then waits for Python's lock to write them; rasterio holds
    that lock while it closes the writer, and waits for the read.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    @contextmanager
    def none(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way)
            yield


_small_cache = _SmallCache()
_reads = _Reads()


@dataclass(frozen=True)
class RasterInput:
    """A raster that the user named: the parameter, the path, and the CRS that QGIS knows where the file has none."""

    parameter: str
    path: str
    crs: str = ""


@dataclass(frozen=True)
class Grid:
    """Cells of a north-up raster: CRS, affine transform of the upper left corner, columns and rows."""

    crs: CRS
    transform: Affine
    width: int
    height: int

    @property
    def cell_width(self) -> float:
        return float(self.transform.a)

    @property
    def cell_height(self) -> float:
        return float(-self.transform.e)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """left, bottom, right, top in the grid's CRS."""
        left, top = self.transform.c, self.transform.f
        return left, top - self.height * self.cell_height, left + self.width * self.cell_width, top

    def same_cells(self, other: Grid) -> bool:
        """Whether both grids have the same cells, to a thousandth of a cell."""
        corners_agree = all(
            abs(mine - theirs) <= 1e-3 * cell
            for mine, theirs, cell in zip(self.bounds, other.bounds, (self.cell_width, self.cell_height) * 2))
        return (self.width, self.height) == (other.width, other.height) and corners_agree and self.crs == other.crs

    def part(self, window: Window) -> Grid:
        """The grid of a window of whole cells."""
        return Grid(self.crs, self.transform * Affine.translation(window.col_off, window.row_off), window.width,
                    window.height)

    def __str__(self) -> str:
        name = self.crs.to_string() if self.crs.to_epsg() else "own CRS"
        left, bottom, right, top = self.bounds
        return (f"{self.width} x {self.height} cells of {self.cell_width:.8g} x {self.cell_height:.8g} in {name}, "
                f"{left:.6g} to {right:.6g}, {bottom:.6g} to {top:.6g}")


@contextmanager
def open_raster(source: RasterInput) -> Iterator[rasterio.DatasetReader]:
    """The open dataset; for one thread. Raises InputError for what can't be opened."""
    with rasterio.Env(), _small_cache:
        try:
            dataset = rasterio.open(source.path)
        except RasterioError as error:
            raise InputError(source.parameter, f"'{source.path}' can't be opened as a raster file ({error})",
                             "save the layer as a GeoTIFF first") from error
        with dataset:
            try:
                yield dataset
            except RasterioError as error:
                raise InputError(source.parameter, f"'{source.path}' can't be read ({error})",
                                 "check that the file is whole") from error


def read_grid(source: RasterInput, dataset: rasterio.DatasetReader) -> Grid:
    """The dataset's grid. Raises InputError without a CRS and for rotated or flipped grids."""
    crs = dataset.crs or (CRS.from_user_input(source.crs) if source.crs else None)
    if not crs:
        raise InputError(source.parameter, f"'{source.path}' has no coordinate reference system",
                         "assign the right one to the file")
    if not (crs.is_projected or crs.is_geographic):
        raise InputError(source.parameter, f"'{source.path}' has a local coordinate reference system",
                         "assign one that lies on the earth")
    transform = dataset.transform
    if transform.is_identity or transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise InputError(source.parameter, f"'{source.path}' isn't a north-up grid",
                         "warp it to a north-up GeoTIFF first")
    return Grid(crs, transform, dataset.width, dataset.height)


def band_dates(source: RasterInput, dataset: rasterio.DatasetReader) -> list[date]:
    """Dates of a stack: the band descriptions in ISO form. Raises InputError for missing or repeated ones."""
    dates: list[date] = []
    for band, description in enumerate(dataset.descriptions, start=1):
        try:
            dates.append(date.fromisoformat(description or ""))
        except ValueError:
            raise InputError(source.parameter, f"band {band} is described as '{description or ''}'",
                             "describe every band by its date as YYYY-MM-DD") from None
    seen: dict[date, int] = {}
    for band, day in enumerate(dates, start=1):
        if day in seen:
            raise InputError(source.parameter, f"bands {seen[day]} and {band} have the same date {day}",
                             "keep one band per date")
        seen[day] = band
    return dates


def read_values(dataset: rasterio.DatasetReader, bands: Sequence[int], window: Window) -> NDArray[np.float32]:
    """Values of shape (bands, rows, columns) as float32, scale and offset applied, NaN where there is no data."""
    nodata = dataset.nodata
    masked_by_value = nodata is not None and not math.isnan(nodata)
    other_mask = any("nodata" not in {flag.name for flag in flags} and "all_valid" not in {flag.name for flag in flags}
                     for flags in dataset.mask_flag_enums)
    masked = masked_by_value or other_mask
    scales, offsets = dataset.scales, dataset.offsets
    values = np.empty((len(bands), int(window.height), int(window.width)), dtype=np.float32)
    for start in range(0, len(bands), BANDS_TOGETHER):  # so that masks and other data types take a part's copies only
        group = list(bands[start:start + BANDS_TOGETHER])
        part = values[start:start + BANDS_TOGETHER]
        with _reads.one():
            cells = dataset.read(group, window=window, masked=masked)
        np.copyto(part, cells.data if masked else cells, casting="unsafe")
        if masked:
            part[np.broadcast_to(cells.mask, part.shape)] = np.nan
        for index, band in enumerate(group):
            scale, offset = scales[band - 1], offsets[band - 1]
            if (scale, offset) != (1.0, 0.0):
                part[index] = part[index] * scale + offset
    return values


def plan_windows(width: int, height: int, block_shape: tuple[int, int], bytes_per_cell: float,
                 max_bytes: float, first_row: int = 0) -> list[Window]:
    """Windows in row-major order that cover the grid and follow its storage blocks (rows, columns).

    Each takes at most max_bytes, if a part of one storage row of blocks does. first_row: the row of the storage on
    which the grid begins.
    """
    max_cells = max(1, int(max_bytes // bytes_per_cell))
    block_rows, block_columns = (min(block_shape[0], height), min(block_shape[1], width))
    if block_rows * block_columns <= max_cells:
        columns = min(width, max_cells // block_rows // block_columns * block_columns)
        rows = block_rows
        if columns >= width:
            rows = min(height, max_cells // width // block_rows * block_rows)
    else:
        columns = min(block_columns, max_cells)
        rows = max(1, max_cells // columns)
    first_edge = rows - first_row % block_shape[0] if rows < height else height
    edges = sorted({0, *range(max(first_edge, 1), height, rows), height})
    return [Window(column, top, min(columns, width - column), bottom - top)
            for top, bottom in zip(edges, edges[1:]) for column in range(0, width, columns)]


@dataclass(frozen=True)
class RasterClass:
    """One value of a class raster with its name and colour (red, green, blue, 0 to 255)."""

    value: int
    name: str
    colour: tuple[int, int, int]


class RasterWriter:
    """Streams windows into a tiled, deflated GeoTIFF that a failed write never leaves looking whole.

    descriptions: one per band. classes: makes a colour table and an attribute table of a byte raster.
    Raises OutputError with the system's reason when a byte could not be written.
    """

    def __init__(self, parameter: str, path: str, grid: Grid, descriptions: Sequence[str], dtype: str,
                 nodata: float, unit: str = "", classes: Sequence[RasterClass] = ()) -> None:
        self._parameter = parameter
        self._path = path
        self._classes = classes
        self._failure: OSError | None = None
        # interleave band: a night or a statistic is read alone more often than a pixel's whole column.
        # Floats mostly are multiples of a step, whose repeats deflate better than differences do. GDAL's own threads
        # only cost time.
        profile = dict(
            driver="GTiff", width=grid.width, height=grid.height, count=len(descriptions), dtype=dtype,
            crs=grid.crs, transform=grid.transform, nodata=nodata, tiled=True, blockxsize=TILE, blockysize=TILE,
            interleave="band", compress="deflate", zlevel=1, predictor=1 if dtype.startswith("float") else 2,
            bigtiff="if_safer")
        self._surroundings = ExitStack()
        self._surroundings.enter_context(rasterio.Env())
        self._surroundings.enter_context(_small_cache)
        try:
            # GDAL reports a full disk on stderr only, so its bytes go through a file object that remembers the failure.
            self._dataset = rasterio.open(path, "w", opener=_remembering_opener(self._remember), **profile)
            for band, description in enumerate(descriptions, start=1):
                self._dataset.set_band_description(band, description)
                if unit:
                    self._dataset.set_band_unit(band, unit)
            if classes:
                self._dataset.write_colormap(1, {each.value: (*each.colour, 255) for each in classes})
        except (RasterioError, OSError) as error:
            self._surroundings.close()
            raise self._output_error(error) from error

    def write(self, values: NDArray[Any], window: Window, bands: Sequence[int] | None = None) -> None:
        """values of shape (bands, rows, columns), for all bands or for the named ones."""
        try:
            self._dataset.write(values, indexes=list(bands) if bands else None, window=window)
        except (RasterioError, OSError) as error:
            raise self._output_error(error) from error
        if self._failure:
            raise self._output_error(self._failure) from self._failure

    def close(self) -> None:
        """Writes what is still buffered. Raises OutputError where that failed."""
        try:
            with _reads.none():
                self._dataset.close()
            if self._classes:
                _write_attribute_table(self._path, self._classes)
        except (RasterioError, OSError) as error:
            raise self._output_error(error) from error
        finally:
            self._surroundings.close()
        if self._failure:
            raise self._output_error(self._failure) from self._failure

    def __enter__(self) -> RasterWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            self.close()
        except OutputError:
            if kind is None:
                raise

    def _remember(self, failure: OSError) -> None:
        self._failure = self._failure or failure

    def _output_error(self, error: BaseException) -> OutputError:
        reason = self._failure.strerror if self._failure else str(error)
        return OutputError(self._parameter, f"'{os.path.basename(self._path)}' could not be written ({reason})",
                           "choose a folder that can be written and has room")


def _remembering_opener(remember: Callable[[OSError], None]) -> Callable[..., io.FileIO]:
    class RememberingFile(io.FileIO):
        def write(self, data: Any) -> int:
            view = memoryview(data)
            written = 0
            try:
                while written < len(view):
                    written += super().write(view[written:]) or 0
            except OSError as failure:
                # Raised from here it would pass through GDAL's C code and end as tracebacks on stderr; GDAL takes the
                # short count for the failure that it is.
                remember(failure)
            return written

    def opener(path: str, mode: str = "r") -> io.FileIO:
        return RememberingFile(path, mode.replace("b", ""))

    return opener


def _write_attribute_table(path: str, classes: Sequence[RasterClass]) -> None:
    """GDAL's side file with the class names, as categories and as an attribute table."""
    by_value = {each.value: each.name for each in classes}
    categories = "".join(f"<Category>{escape(by_value.get(value, ''))}</Category>"
                         for value in range(max(by_value) + 1))
    fields = (("Value", 0, 5), ("Class", 2, 2), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8))
    definitions = "".join(f'<FieldDefn index="{index}"><Name>{name}</Name><Type>{kind}</Type><Usage>{usage}</Usage>'
                          "</FieldDefn>" for index, (name, kind, usage) in enumerate(fields))
    rows = "".join(f'<Row index="{index}">' + "".join(
        f"<F>{escape(str(value))}</F>" for value in (each.value, each.name, *each.colour)) + "</Row>"
        for index, each in enumerate(classes))
    with open(f"{path}.aux.xml", "w", encoding="utf-8") as file:
        file.write(f'<PAMDataset><PAMRasterBand band="1"><CategoryNames>{categories}</CategoryNames>'
                   f'<GDALRasterAttributeTable tableType="thematic">{definitions}{rows}</GDALRasterAttributeTable>'
                   "</PAMRasterBand></PAMDataset>\n")
