"""Windows of HDF5 arrays against the HDF5 library."""
from pathlib import Path

import h5py
import numpy as np
import pyfive
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.night_lights.black_marble import hdf5
from nocturne.algorithms.night_lights.black_marble.hdf5 import UnusableFile, locate_array, open_hdf5

SHAPE = (240, 200)
LAYOUTS = {
    "contiguous": {},
    "rows": {"chunks": (24, 200), "compression": "gzip"},
    "squares": {"chunks": (64, 64), "compression": "gzip", "shuffle": True},
    "checked": {"chunks": (50, 70), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "plain chunks": {"chunks": (37, 200)},
    "checked only": {"chunks": (31, 41), "fletcher32": True},
}
DTYPES = ["u1", "u2", "i2", "f4", ">u2", ">f4"]


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """path, and name -> values as HDF5 itself stored them."""
    path = str(tmp_path_factory.mktemp("hdf5") / "layouts.h5")
    random = np.random.default_rng(3)
    written = {}
    with h5py.File(path, "w") as file:
        for layout, options in LAYOUTS.items():
            for dtype in DTYPES:
                name = f"{layout}/{dtype}"
                written[name] = random.integers(0, 200, SHAPE).astype(dtype)
                file.create_dataset(name, data=written[name], **options)
    return path, written


def located(path, name):
    with open_hdf5(path) as file:
        return locate_array(path, name, file[name])


def read(path, name, rows, columns):
    with open(path, "rb", buffering=0) as file:
        return located(path, name).read(file, rows, columns)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_window_of_any_layout_equals_the_whole_array_cut(arrays, data):
    path, written = arrays
    name = data.draw(st.sampled_from(sorted(written)))
    bounds = []
    for size in SHAPE:
        start = data.draw(st.integers(0, size - 1))
        bounds.append(slice(start, data.draw(st.integers(start + 1, size))))
    values = read(path, name, *bounds)
    np.testing.assert_array_equal(values, written[name][tuple(bounds)])
    assert values.dtype == np.dtype(name.split("/")[1]).newbyteorder("=")


def test_only_the_chunks_of_the_window_are_read(arrays, monkeypatch):
    path, _ = arrays
    inflated = []
    monkeypatch.setattr(hdf5, "inflate", lambda data, bufsize: inflated.append(1) or hdf5.zlib.decompress(data))
    read(path, "rows/u2", slice(23, 25), slice(0, 1))
    assert len(inflated) == 2
    read(path, "squares/u2", slice(0, 64), slice(64, 128))
    assert len(inflated) == 3


def test_chunks_that_were_never_written_hold_the_fill_of_the_data_set(tmp_path):
    path = str(tmp_path / "sparse.h5")
    with h5py.File(path, "w") as file:
        sparse = file.create_dataset("sparse", SHAPE, "u2", chunks=(60, 60), compression="gzip", fillvalue=65535)
        sparse[70:75, 70:75] = 7
        file.create_dataset("empty", SHAPE, "f4", chunks=(60, 60), fillvalue=-999.9)
        file.create_dataset("empty contiguous", SHAPE, "u1", fillvalue=255)
    values = read(path, "sparse", slice(0, 240), slice(0, 200))
    assert (values == 7).sum() == 25
    assert (values == 65535).sum() == values.size - 25
    assert (read(path, "empty", slice(0, 3), slice(0, 3)) == np.float32(-999.9)).all()
    assert (read(path, "empty contiguous", slice(0, 3), slice(0, 3)) == 255).all()


def test_filters_that_a_chunk_skipped_are_not_undone(tmp_path):
    path = str(tmp_path / "skipped.h5")
    values = np.arange(48000, dtype="u2").reshape(SHAPE)
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("skipped", SHAPE, "u2", chunks=(120, 200), compression="gzip", shuffle=True)
        dataset[120:] = values[120:]
        dataset.id.write_direct_chunk((0, 0), values[:120].tobytes(), filter_mask=0b11)
    np.testing.assert_array_equal(read(path, "skipped", slice(100, 140), slice(0, 200)), values[100:140])


def test_other_filters_are_left_to_pyfive_and_its_refusal_is_one_reason(tmp_path):
    path = str(tmp_path / "other.h5")
    with h5py.File(path, "w") as file:
        file.create_dataset("other", data=np.zeros(SHAPE, "u2"), chunks=(60, 60), scaleoffset=0)
    assert not located(path, "other").plain
    with pytest.raises(UnusableFile, match="a form of HDF5 that can't be read"):
        read(path, "other", slice(0, 5), slice(0, 5))


def test_a_compact_array_is_read_through_pyfive(tmp_path):
    path = str(tmp_path / "compact.h5")
    with h5py.File(path, "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((4, 5))
        dataset = h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_UINT8, space, plist)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(20, dtype="u1").reshape(4, 5))
    np.testing.assert_array_equal(read(path, "compact", slice(1, 3), slice(2, 5)), [[7, 8, 9], [12, 13, 14]])


@pytest.mark.parametrize("name", ["rows/u2", "checked/u2", "checked only/u2"])
def test_a_damaged_chunk_is_noticed(arrays, tmp_path, name):
    path, _ = arrays
    layout = located(path, name)
    broken = tmp_path / "broken.h5"
    content = bytearray(Path(path).read_bytes())
    middle = int(layout.offsets[0, 0] + layout.sizes[0, 0] // 2)
    content[middle] ^= 0xFF
    broken.write_bytes(content)
    with pytest.raises(UnusableFile, match="chunk"):
        read(str(broken), name, slice(0, 10), slice(0, 10))


def test_the_inflater_of_the_standard_library_gives_the_same(arrays, monkeypatch):
    path, written = arrays
    monkeypatch.setattr(hdf5, "inflate", hdf5.zlib.decompress)
    np.testing.assert_array_equal(read(path, "squares/f4", slice(3, 200), slice(5, 190)),
                                  written["squares/f4"][3:200, 5:190])


def test_pyfive_agrees(arrays):
    path, written = arrays
    with pyfive.File(path) as file:
        np.testing.assert_array_equal(file["squares/u2"][10:90, 20:100], written["squares/u2"][10:90, 20:100])
