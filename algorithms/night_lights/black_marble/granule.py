"""One Black Marble file: what it is by its own metadata, and windows of its data sets."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from .hdf5 import StoredArray, UnusableFile, first, locate_array, open_hdf5, text
from .products import TILE_CELLS, UNIT, Tile

DEFAULT_FILLS = {"u1": 255, "u2": 65535, "i2": -32768, "f4": -999.9}


def decode_cells(stored: NDArray[Any], keep: NDArray[np.bool_], scale: float, offset: float, fill: Any,
                 values: NDArray[np.float32]) -> None:
    """Decodes cells (rows, columns) in float64 and rounds once, so that 3 * 0.1 is the float32 nearest to 0.3."""
    values[...] = np.multiply(stored, scale, dtype=np.float64) + offset
    valid = keep & (stored == stored)
    np.copyto(values, np.float32(np.nan), where=~(valid if fill is None else valid & (stored != fill)))


@cache
def _decoder() -> Callable[..., None]:
    try:
        from .decode_kernel import decode_cells as compiled
    except Exception:  # a numba for another numpy raises other errors than ImportError
        return decode_cells
    return compiled  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Field:
    """A data set with its coding: value = stored * scale + offset, no data where stored equals fill."""

    array: StoredArray
    scale: float
    offset: float
    fill: Any  # of the stored type, so that float32 -999.9 compares
    unit: str

    def has_data(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """True where the stored value is no fill and no NaN."""
        valid = np.asarray(stored != self.fill) if self.fill is not None else np.ones(stored.shape, np.bool_)
        if stored.dtype.kind == "f":
            valid &= ~np.isnan(stored)
        return valid

    def decode(self, stored: NDArray[Any], keep: NDArray[np.bool_], values: NDArray[np.float32]) -> None:
        """Puts the values, NaN where keep is false or the stored value is fill, into an array of the same shape."""
        _decoder()(stored, keep, self.scale, self.offset, self.fill, values)


@dataclass(frozen=True, eq=False)
class Granule:
    """A usable file. name: path below the searched folder. group: its data sets' HDF5 group."""

    path: str
    name: str
    product: str  # such as VNP46A2
    platform: str
    level: str
    collection: int
    tile: Tile
    day: date
    produced: str  # ISO, empty where the file doesn't say
    group: str
    field_names: tuple[str, ...]
    _fields: dict[str, Field] = field(default_factory=dict, repr=False)

    def fields(self, names: Sequence[str]) -> list[Field]:
        """Layout and coding of data sets, read once. Raises UnusableFile."""
        missing = [name for name in names if name not in self._fields]
        if missing:
            with open_hdf5(self.path) as file:
                group = file[self.group]
                for name in missing:
                    self._fields[name] = _describe(self.path, f"{self.group}/{name}", group[name])
        return [self._fields[name] for name in names]

    def read_window(self, names: Sequence[str], rows: slice, columns: slice) -> list[NDArray[Any]]:
        """Stored values of data sets, each of the window's shape; only the chunks that it touches are read.

        Raises UnusableFile.
        """
        fields = self.fields(names)
        try:
            with open(self.path, "rb", buffering=0) as file:
                return [each.array.read(file, rows, columns) for each in fields]
        except OSError as error:
            raise UnusableFile(f"it can't be read ({error.strerror or error})") from error


def _describe(path: str, name: str, dataset: Any) -> Field:
    if dataset.shape != (TILE_CELLS, TILE_CELLS):
        raise UnusableFile(f"its {os.path.basename(name)} has the shape {dataset.shape} and not "
                           f"{TILE_CELLS} x {TILE_CELLS}")
    if dataset.dtype.kind not in "uif":
        raise UnusableFile(f"its {os.path.basename(name)} isn't numeric")
    attributes = dict(dataset.attrs)
    dtype = np.dtype(dataset.dtype)
    fill = first(attributes.get("_FillValue", DEFAULT_FILLS.get(dtype.str[1:])))
    unit = text(attributes.get("units", ""))
    return Field(
        locate_array(path, name, dataset),
        _number(attributes, "scale_factor", 1.0),
        _number(attributes, "add_offset", _number(attributes, "offset", 0.0)),
        None if fill is None else np.asarray(fill).astype(dtype)[()],
        UNIT if unit.startswith("nWatts/(cm^2 sr)") else unit)


def _number(attributes: dict[str, Any], name: str, default: float) -> float:
    value = first(attributes.get(name, default))
    try:
        return float(value.decode() if isinstance(value, bytes) else value)
    except (TypeError, ValueError):
        raise UnusableFile(f"its attribute {name} isn't a number") from None
