"""Writes simulated Black Marble granules: HDF-EOS5 files with the groups, attributes, chunks and filter of real ones.

The arrays are deflated here, on the caller's thread, and stored by write_direct_chunk: several times faster than the
filter inside HDF5, and chunks that hold nothing but fill are deflated once.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import h5py
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from .black_marble_fields import Field, Values
from .window import CELLS_PER_DEGREE, TILE_CELLS, TileWindow

CHUNK = (100, TILE_CELLS)
DEFLATE_LEVEL = 8  # as the attribute of a real file says; what inflates a stream doesn't ask how it was deflated
FAST_LEVEL = 2
HDFEOS_TYPES = {"<u2": "H5T_NATIVE_USHORT", "<i2": "H5T_NATIVE_SHORT", "|u1": "H5T_NATIVE_UCHAR",
                "<f4": "H5T_NATIVE_FLOAT"}
LONG_NAMES = {"VNP46A1": "Daily At-sensor TOA Nighttime Lights", "VNP46A2": "Gap-Filled Lunar BRDF-Adjusted Daily "
              "Nighttime Lights", "VNP46A4": "Lunar BRDF-Adjusted Yearly Nighttime Lights"}


@dataclass(frozen=True)
class Granule:
    """One file: product such as VNP46A2, collection 1 or 2, its (first) day, and the fields that it holds."""

    product: str
    collection: int
    day: date
    window: TileWindow
    fields: Sequence[Field]

    @property
    def version(self) -> str:
        return f"{self.collection:03d}"

    @property
    def annual(self) -> bool:
        return self.product.endswith("A4")

    @property
    def grid_name(self) -> str:
        return "VNP_Grid_DNB" if self.collection == 1 and not self.annual else "VIIRS_Grid_DNB_2d"

    @property
    def has_coordinates(self) -> bool:
        return self.grid_name == "VIIRS_Grid_DNB_2d"

    @property
    def produced(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 12) + timedelta(days=400 if self.annual else 30)

    @property
    def file_name(self) -> str:
        return (f"{self.product}.A{self.day:%Y%j}.h{self.window.horizontal:02d}v{self.window.vertical:02d}."
                f"{self.version}.{self.produced:%Y%j%H%M%S}.h5")


Chunks = Mapping[str, Sequence[bytes]]


def deflate_window(granule: Granule, values: Mapping[str, Values]) -> Chunks:
    """Deflated chunks that the window touches, for each field; for any thread.

    values: physical values by field name, of shape (rows, columns), or one number for the whole window.
    """
    window = granule.window
    chunks = _touched(window)
    top = chunks.start * CHUNK[0]
    deflated = {}
    for field in granule.fields:
        stored = np.full((len(chunks) * CHUNK[0], TILE_CELLS), field.fill, dtype=field.kind)
        stored[window.row - top:window.row - top + window.rows,
               window.column:window.column + window.columns] = field.encode(values[field.name])
        deflated[field.name] = [_deflate(stored[start:start + CHUNK[0]].tobytes())
                                for start in range(0, len(stored), CHUNK[0])]
    return deflated


def write_granule(path: str, granule: Granule, chunks: Chunks) -> None:
    """Writes the file; chunks from deflate_window. Raises OSError where it can't be written."""
    # Built in memory: a full disk then fails as an OSError, which HDF5 would report while it closes, if at all.
    with h5py.File(path, "w", driver="core", backing_store=False) as file:
        information = file.create_group("HDFEOS INFORMATION")
        _attribute(information, "HDFEOSVersion", "HDFEOS_5.1.15")
        _write_text(information, "StructMetadata.0", _struct_metadata(granule))
        file.create_group("HDFEOS/ADDITIONAL/FILE_ATTRIBUTES")
        grid = file.create_group(f"HDFEOS/GRIDS/{granule.grid_name}")
        _write_file_attributes(file, grid, granule)
        data = grid.create_group("Data Fields")
        for field in granule.fields:
            _write_field(data, granule, field, chunks[field.name])
        if granule.has_coordinates:
            _write_coordinates(data, granule.window)
        file.flush()
        image = file.id.get_file_image()
    with open(path, "wb") as stream:
        stream.write(image)


def _touched(window: TileWindow) -> range:
    return range(window.row // CHUNK[0], (window.row + window.rows - 1) // CHUNK[0] + 1)


def _deflate(data: bytes) -> bytes:
    return bytes(isal_zlib.compress(data, FAST_LEVEL))


@lru_cache(maxsize=32)
def _fill_chunk(kind: str, fill: float) -> bytes:
    return _deflate(np.full(CHUNK, fill, dtype=kind).tobytes())


def _write_field(data: h5py.Group, granule: Granule, field: Field, chunks: Sequence[bytes]) -> None:
    dataset = _create(data, field.name, (TILE_CELLS, TILE_CELLS), CHUNK, np.dtype(field.kind))
    touched = _touched(granule.window)
    empty = _fill_chunk(field.kind, field.fill)
    for index in range(TILE_CELLS // CHUNK[0]):
        chunk = chunks[index - touched.start] if index in touched else empty
        dataset.id.write_direct_chunk((index * CHUNK[0], 0), chunk)
    for name, value in _field_attributes(granule, field).items():
        _attribute(dataset, name, value)


def _create(group: h5py.Group, name: str, shape: tuple[int, ...], chunk: tuple[int, ...],
            kind: np.dtype[np.generic]) -> h5py.Dataset:
    return group.create_dataset(name, shape, kind, chunks=chunk, compression="gzip", compression_opts=DEFLATE_LEVEL)


def _field_attributes(granule: Granule, field: Field) -> dict[str, str | NDArray[np.generic]]:
    kind = np.dtype(field.kind)
    old_daily = granule.grid_name == "VNP_Grid_DNB"
    old_at_sensor = old_daily and granule.product == "VNP46A1"
    ending = " \n" if old_daily else ""
    attributes: dict[str, str | NDArray[np.generic]] = {
        "_FillValue": np.array([field.fill], dtype=kind), "long_name": field.long_name, "units": field.units + ending}
    if field.description:
        attributes["Description"] = field.description
    if granule.has_coordinates:
        attributes["coordinates"] = "latitude longitude"
    if not field.description or not old_daily:
        attributes["scale_factor"] = np.array([field.scale])
        attributes["add_offset" if old_at_sensor else "offset"] = np.array([field.offset])
    if old_at_sensor and field.valid:
        attributes["valid_min"] = np.array([field.valid[0]], dtype=kind)
        attributes["valid_max"] = np.array([field.valid[1]], dtype=kind)
    else:
        text = f"{field.valid[0]:g} - {field.valid[1]:g}{ending}" if field.valid else ">=0.0"
        attributes["valid_range"] = text.replace(" - ", " ") if granule.has_coordinates else text
    return attributes


def _write_file_attributes(file: h5py.File, grid: h5py.Group, granule: Granule) -> None:
    """Root attributes; collection 1's A1 keeps bounds and period on the grid group instead."""
    window = granule.window
    last = date(granule.day.year, 12, 31) if granule.annual else granule.day
    start, end = f"{granule.day} 00:00:00.000", f"{last} 23:59:59.000"
    texts = {
        "AlgorithmType": "SIM", "AlgorithmVersion": "Nocturne simulation", "DataResolution": "Moderate",
        "DayNightFlag": "Night", "EndTime": end, "StartTime": start,
        "HorizontalTileNumber": f"{window.horizontal:02d}", "VerticalTileNumber": f"{window.vertical:02d}",
        "TileID": f"61{window.horizontal:03d}{window.vertical:03d}", "LocalGranuleID": granule.file_name,
        "LongName": f"Simulated VIIRS/NPP {LONG_NAMES[granule.product]} L3 Global 15 arc second Linear Lat Lon Grid",
        "PlatformShortName": "NPP", "SensorShortname": "VIIRS", "SatelliteInstrument": "NPP_OPS",
        "ProcessingCenter": "Nocturne simulation", "ProcessingEnvironment": "simulated, not measured",
        "ProductionTime": f"{granule.produced:%Y-%m-%d %H:%M:%S}.000", "ShortName": granule.product,
        "VersionID": granule.version, "identifier_product_doi": "none (simulated)",
        "identifier_product_doi_authority": "none (simulated)",
    }
    for name, text in texts.items():
        _attribute(file, name, text)
    west, south, east, north = window.tile_bounds
    _attribute(file, "GRingPointLatitude", np.array([south, north, north, south], dtype=np.float64))
    _attribute(file, "GRingPointLongitude", np.array([west, west, east, east], dtype=np.float64))
    holder = grid if granule.product == "VNP46A1" and granule.collection == 1 else file
    for side, value in (("West", west), ("South", south), ("East", east), ("North", north)):
        _attribute(holder, f"{side}BoundingCoord", np.array(value, dtype=np.float32))
    for moment, text in (("Beginning", start), ("Ending", end)):
        day, time = text.split()
        _attribute(holder, f"Range{moment}Date", day)
        _attribute(holder, f"Range{moment}Time", time)


def _write_coordinates(data: h5py.Group, window: TileWindow) -> None:
    """Cell centres of the whole tile; lat runs from north to south."""
    west, _, _, north = window.tile_bounds
    steps = (np.arange(TILE_CELLS) + 0.5) / CELLS_PER_DEGREE
    for name, values, unit in (("lat", north - steps, "degrees_north"), ("lon", west + steps, "degrees_east")):
        dataset = _create(data, name, (TILE_CELLS,), (TILE_CELLS,), np.dtype("<f8"))
        dataset.id.write_direct_chunk((0,), _deflate(values.astype("<f8").tobytes()))
        _attribute(dataset, "units", unit)
        _attribute(dataset, "long_name", {"lat": "latitude", "lon": "longitude"}[name])


def _attribute(holder: h5py.Group | h5py.Dataset, name: str, value: str | NDArray[np.generic]) -> None:
    """Texts become null-terminated strings of fixed length, as HDF-EOS writes them; h5py alone would pad them."""
    if not isinstance(value, str):
        holder.attrs.create(name, value)
        return
    text = value.encode("ascii")
    kind = _text_type(len(text))
    attribute = h5py.h5a.create(holder.id, name.encode("ascii"), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(np.array(text, dtype=f"S{len(text)}"), mtype=kind)


def _text_type(length: int) -> h5py.h5t.TypeID:
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(length)
    kind.set_strpad(h5py.h5t.STR_NULLTERM)
    return kind


def _write_text(group: h5py.Group, name: str, text: str) -> None:
    kind = _text_type(32000)
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    dataset = h5py.h5d.create(group.id, name.encode("ascii"), kind, h5py.h5s.create(h5py.h5s.SCALAR), properties)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(text.encode("ascii"), dtype="S32000"), mtype=kind)


def _struct_metadata(granule: Granule) -> str:
    west, south, east, north = granule.window.tile_bounds
    lines = [
        "GROUP=SwathStructure", "END_GROUP=SwathStructure", "GROUP=GridStructure", "\tGROUP=GRID_1",
        f'\t\tGridName="{granule.grid_name}"', f"\t\tXDim={TILE_CELLS}", f"\t\tYDim={TILE_CELLS}",
        # Packed degrees, minutes and seconds: for whole degrees a million times the degrees.
        f"\t\tUpperLeftPointMtrs=({west * 1e6:.6f},{north * 1e6:.6f})",
        f"\t\tLowerRightMtrs=({east * 1e6:.6f},{south * 1e6:.6f})",
        "\t\tProjection=HE5_GCTP_GEO", "\t\tGridOrigin=HE5_HDFE_GD_UL", "\t\tGROUP=Dimension"]
    for index, name in enumerate(("YDim", "XDim"), start=1):
        lines += [f"\t\t\tOBJECT=Dimension_{index}", f'\t\t\t\tDimensionName="{name}"', f"\t\t\t\tSize={TILE_CELLS}",
                  f"\t\t\tEND_OBJECT=Dimension_{index}"]
    lines += ["\t\tEND_GROUP=Dimension", "\t\tGROUP=DataField"]
    for index, field in enumerate(granule.fields, start=1):
        lines += [f"\t\t\tOBJECT=DataField_{index}", f'\t\t\t\tDataFieldName="{field.name}"',
                  f"\t\t\t\tDataType={HDFEOS_TYPES[field.kind]}", '\t\t\t\tDimList=("YDim","XDim")',
                  '\t\t\t\tMaxdimList=("YDim","XDim")', "\t\t\t\tCompressionType=HE5_HDFE_COMP_DEFLATE",
                  f"\t\t\t\tDeflateLevel={DEFLATE_LEVEL}", f"\t\t\tEND_OBJECT=DataField_{index}"]
    lines += ["\t\tEND_GROUP=DataField", "\t\tGROUP=MergedFields", "\t\tEND_GROUP=MergedFields", "\tEND_GROUP=GRID_1",
              "END_GROUP=GridStructure", "GROUP=PointStructure", "END_GROUP=PointStructure", "GROUP=ZaStructure",
              "END_GROUP=ZaStructure", "END", ""]
    return "\n".join(lines)
