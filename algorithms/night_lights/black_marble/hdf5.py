"""Windows of HDF5 arrays: pyfive reads the metadata, the chunks are inflated here on the calling thread.

pyfive has no global lock, so several files, and several windows of one file, can be read at once.
"""
from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyfive
from numpy.typing import NDArray

try:
    from isal import isal_zlib
    inflate = isal_zlib.decompress
except ImportError:
    inflate = zlib.decompress

SIGNATURE = b"\x89HDF\r\n\x1a\n"
END_OF_FILE_OFFSETS = {0: 40, 1: 44, 2: 28, 3: 28}  # where each superblock version keeps the file's length
CONTIGUOUS, CHUNKED = 1, 2
DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3


class UnusableFile(Exception):
    """The file can't be read; the message is the reason."""


@contextmanager
def open_hdf5(path: str) -> Iterator[pyfive.File]:
    """The open file. Raises UnusableFile for what isn't HDF5, for a truncated file and for damaged metadata."""
    try:
        _check_length(path)
        with pyfive.File(path) as file:
            yield file
    except (UnusableFile, MemoryError):
        raise
    except (NotImplementedError, ImportError) as error:
        raise UnusableFile(f"it uses a form of HDF5 that can't be read ({error})") from error
    except OSError as error:
        raise UnusableFile(f"it can't be read ({error.strerror or error})") from error
    except Exception as error:  # pyfive meets a damaged file with whatever its parsing hits first
        raise UnusableFile(f"its HDF5 structure is damaged ({type(error).__name__})") from error


def _check_length(path: str) -> None:
    with open(path, "rb") as file:
        head = file.read(64)
        length = file.seek(0, os.SEEK_END)
    if head[:8] != SIGNATURE:
        raise UnusableFile("it isn't an HDF5 file")
    offset = END_OF_FILE_OFFSETS.get(head[8])
    if offset is None:
        raise UnusableFile(f"its HDF5 superblock version {head[8]} is unknown")
    expected = struct.unpack_from("<Q", head, offset)[0] if len(head) == 64 else length + 1
    if length < expected:
        raise UnusableFile(f"it is truncated ({length} of {expected} bytes)")


def first(value: Any) -> Any:
    """The value of an attribute, which files write as a scalar or as an array of one element."""
    flat = np.ravel(value)
    return flat[0] if flat.size else None


def text(value: Any) -> str:
    """A string attribute, written with fixed or variable length, as bytes or str."""
    value = first(value)
    if value is None:
        return ""
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip(" \0\n\r\t")


@dataclass(frozen=True)
class StoredArray:
    """Where a two-dimensional data set lies in its file.

    offsets, sizes, masks: of every chunk, indexed by chunk row and chunk column; size 0 = never written.
    """

    path: str
    name: str
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    chunk_shape: tuple[int, int]
    filters: tuple[int, ...]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    masks: NDArray[np.uint32]
    unwritten: Any
    plain: bool  # whether the layout and all filters are known here; otherwise pyfive slices

    def read(self, file: BinaryIO, rows: slice, columns: slice) -> NDArray[Any]:
        """Cells of the window in the machine's byte order, not to be changed. Raises UnusableFile."""
        native = self.dtype.newbyteorder("=")
        if not self.plain:
            with open_hdf5(self.path) as metadata:
                return np.asarray(metadata[self.name][rows, columns]).astype(native, copy=False)
        height, width = self.chunk_shape
        row, column = rows.start // height, columns.start // width
        if rows.stop <= (row + 1) * height and columns.stop <= (column + 1) * width and self.sizes[row, column]:
            top, left = row * height, column * width
            chunk = self._chunk(file, row, column, slice(rows.start - top, rows.stop - top))
            return chunk[:, columns.start - left:columns.stop - left].astype(native, copy=False)
        values: NDArray[Any] = np.empty((rows.stop - rows.start, columns.stop - columns.start), native)
        for chunk_row in range(rows.start // height, -(-rows.stop // height)):
            for chunk_column in range(columns.start // width, -(-columns.stop // width)):
                top, left = chunk_row * height, chunk_column * width
                from_row, to_row = max(rows.start, top), min(rows.stop, top + height)
                from_column, to_column = max(columns.start, left), min(columns.stop, left + width)
                target = values[from_row - rows.start:to_row - rows.start,
                                from_column - columns.start:to_column - columns.start]
                if not self.sizes[chunk_row, chunk_column]:
                    target[...] = self.unwritten
                else:
                    chunk = self._chunk(file, chunk_row, chunk_column, slice(from_row - top, to_row - top))
                    target[...] = chunk[:, from_column - left:to_column - left]
        return values

    def _chunk(self, file: BinaryIO, row: int, column: int, rows: slice) -> NDArray[Any]:
        """The named rows of one chunk."""
        offset, size = int(self.offsets[row, column]), int(self.sizes[row, column])
        line = self.chunk_shape[1] * self.dtype.itemsize
        if not self.filters:
            offset, size = offset + rows.start * line, (rows.stop - rows.start) * line
        file.seek(offset)
        data: Any = file.read(size)
        if len(data) < size:
            raise UnusableFile("it ends inside a chunk")
        for position in reversed(range(len(self.filters))):
            if not self.masks[row, column] >> position & 1:
                data = self._undo(self.filters[position], data)
        cells = np.frombuffer(data, self.dtype)
        if not self.filters:
            return cells.reshape(-1, self.chunk_shape[1])
        if cells.size != self.chunk_shape[0] * self.chunk_shape[1]:
            raise UnusableFile("a chunk has the wrong length")
        return cells.reshape(self.chunk_shape)[rows]

    def _undo(self, filter_id: int, data: Any) -> Any:
        if filter_id == DEFLATE:
            try:
                return inflate(data, bufsize=self.chunk_shape[0] * self.chunk_shape[1] * self.dtype.itemsize)
            except Exception as error:  # isal and zlib raise their own kinds
                raise UnusableFile("a chunk can't be inflated") from error
        if filter_id == SHUFFLE:
            return np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(self.dtype.itemsize, -1).T).reshape(-1)
        return _checked(data)


def _checked(data: Any) -> Any:
    """The bytes before a Fletcher-32 checksum, as HDF5 computes it over big-endian 16-bit words."""
    raw = bytes(data)
    body, stored = raw[:-4], struct.unpack("<HH", raw[-4:])
    words = np.frombuffer(body + b"\0" * (len(body) % 2), ">u2").astype(np.uint64)
    sums = int(words.sum()), int((words * np.arange(len(words), 0, -1, dtype=np.uint64)).sum())
    if any((computed - kept) % 65535 for computed, kept in zip(sums, stored)):
        raise UnusableFile("a chunk's checksum is wrong")
    return body


def locate_array(path: str, name: str, dataset: pyfive.Dataset) -> StoredArray:
    """Where an open two-dimensional data set lies."""
    shape, dtype, layout = dataset.shape, dataset.dtype, dataset.id
    filters = tuple(step["filter_id"] for step in layout.filter_pipeline or ())
    chunk_shape = tuple(layout.chunks) if layout.layout_class == CHUNKED else shape
    offsets = np.zeros([-(-size // chunk) for size, chunk in zip(shape, chunk_shape)], np.int64)
    sizes, masks = np.zeros_like(offsets), np.zeros(offsets.shape, np.uint32)
    if layout.layout_class == CHUNKED:
        for (row, column), chunk in layout.index.items():
            cell = row // chunk_shape[0], column // chunk_shape[1]
            offsets[cell], sizes[cell], masks[cell] = chunk.byte_offset, chunk.size, chunk.filter_mask
    elif layout.layout_class == CONTIGUOUS and layout.data_offset < 2**63:  # all ones: never written
        offsets[0, 0], sizes[0, 0] = layout.data_offset, dataset.size * dtype.itemsize
    plain = layout.layout_class in (CONTIGUOUS, CHUNKED) and set(filters) <= {DEFLATE, SHUFFLE, FLETCHER32}
    return StoredArray(path, name, shape, dtype, chunk_shape, filters, offsets, sizes, masks, dataset.fillvalue, plain)
