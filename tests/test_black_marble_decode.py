"""Decoding of stored cells: the compiled pass and numpy's give the same bits."""
import numpy as np
import pytest
from nocturne.algorithms.night_lights.black_marble import decode_kernel, granule

DECODERS = {"numba": decode_kernel.decode_cells, "numpy": granule.decode_cells}


def decoded(decode, stored, scale=1.0, offset=0.0, fill=None, keep=None):
    values = np.empty(stored.shape, np.float32)
    decode(stored, np.ones(stored.shape, bool) if keep is None else keep, scale, offset, fill, values)
    return values


@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
def test_values_are_rounded_once_and_nan_where_there_is_no_data(decode):
    stored = np.array([[3, 0, 65535, 7]], np.uint16)
    keep = np.array([[True, True, True, False]])
    expected = np.array([[0.3, 0, np.nan, np.nan]], np.float32)
    np.testing.assert_array_equal(decoded(decode, stored, 0.1, fill=np.uint16(65535), keep=keep), expected)
    np.testing.assert_array_equal(decoded(decode, stored[:, :2], 0.0025, 203.0), np.float32([[203.0075, 203]]))
    stored = np.array([[-999.9, np.nan, 1.5]], np.float32)
    np.testing.assert_array_equal(decoded(decode, stored, fill=np.float32(-999.9)), np.float32([[np.nan, np.nan, 1.5]]))


@pytest.mark.parametrize("kind", ["u1", "u2", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (0.1, 0.0), (0.0025, 203.0)])
def test_both_give_the_same_bits(kind, scale, offset):
    random = np.random.default_rng(1)
    stored = random.integers(0, 127, (40, 30)).astype(kind)
    keep = random.random(stored.shape) < 0.6
    for part in (np.s_[:], np.s_[3:20, 5:17]):  # a part isn't contiguous
        numba, numpy = (decoded(decode, stored[part], scale, offset, stored[5, 5], keep[part]).view(np.uint32)
                        for decode in DECODERS.values())
        np.testing.assert_array_equal(numba, numpy)
