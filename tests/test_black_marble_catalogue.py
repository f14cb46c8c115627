"""Which files of a folder a run reads, and the sentence for every way in which it can't."""
from datetime import date

import numpy as np
import pytest
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.night_lights.black_marble.series import open_series
from nocturne.algorithms.night_lights.settings import BlackMarbleSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.black_marble_files import write_granule

FIRST, SECOND = date(2018, 8, 13), date(2018, 8, 14)


class Ear(Progress):
    def __init__(self):
        self.warnings = []

    def warning(self, text):
        self.warnings.append(text)


def series_of(folder, with_zenith=True, ear=None, **settings):
    return open_series(str(folder), BlackMarbleSettings(**settings), with_zenith, Resources(), ear or Ear())


def refused(series):
    return {record.radiance_file or record.zenith_file: record.reason for record in series.selection.rejected}


def test_pairs_by_tile_and_date_and_says_what_has_no_partner(tmp_path):
    for level, day, tile in (("A1", FIRST, (10, 5)), ("A2", FIRST, (10, 5)), ("A2", FIRST, (11, 5)),
                             ("A1", SECOND, (10, 5)), ("A2", date(2018, 8, 15), (10, 5))):
        write_granule(tmp_path / level, f"VNP46{level}", 1, tile, day, name=f"{level} {day} {tile[0]}.h5")
    series = series_of(tmp_path)
    assert series.dates == [FIRST]
    assert series.nights[0].light[10, 5].name == "A2/A2 2018-08-13 10.h5"
    assert series.nights[0].zenith[10, 5].name == "A1/A1 2018-08-13 10.h5"
    assert refused(series) == {
        "A1/A1 2018-08-14 10.h5": "there is no A2 file of h10v05 for this date",
        "A2/A2 2018-08-13 11.h5": "there is no A1 file of h11v05 for its zenith",
        "A2/A2 2018-08-15 10.h5": "there is no A1 file of h10v05 for its zenith"}
    without = series_of(tmp_path, with_zenith=False)
    assert without.dates == [FIRST, date(2018, 8, 15)]
    assert not without.has_zenith
    assert without.tiles == [(10, 5), (11, 5)]


def test_a2_alone_says_that_zenith_needs_a1(tmp_path):
    write_granule(tmp_path)
    ear = Ear()
    assert not series_of(tmp_path, ear=ear).has_zenith
    assert ear.warnings == ["There is no ZENITH: it needs the A1 files of the same tiles and dates."]


def test_the_newest_of_duplicates_is_read_and_the_other_named(tmp_path):
    write_granule(tmp_path, produced="2020-12-08 13:16:44.000", name="a.h5")
    write_granule(tmp_path, produced="2021-01-01 00:00:00.000", name="sub/b.H5")
    write_granule(tmp_path, produced="2019-05-05 00:00:00.000", name="c.h5")
    series = series_of(tmp_path)
    assert series.nights[0].light[10, 5].name == "sub/b.H5"
    assert refused(series) == {"a.h5": "'sub/b.H5' holds the same tile and date and is newer",
                               "c.h5": "'a.h5' holds the same tile and date and is newer"}


def test_single_bad_files_are_skipped_with_a_reason_and_a_warning(tmp_path):
    write_granule(tmp_path, name="good.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    write_granule(tmp_path, name="other.h5", short_name="VNP13A1")
    write_granule(tmp_path, "VNP46A3", name="monthly.h5")
    write_granule(tmp_path, name="poor.h5", day=SECOND, omit=("QF_Cloud_Mask",))
    ear = Ear()
    series = series_of(tmp_path, ear=ear, with_zenith=False)
    assert series.dates == [FIRST]
    assert refused(series) == {
        "text.h5": "it isn't an HDF5 file", "other.h5": "it is a VNP13A1 file and not VNP46, VJ146 or VJ246",
        "monthly.h5": "it isn't a daily file", "poor.h5": "it has no QF_Cloud_Mask"}
    assert ear.warnings[:2] == ["'other.h5' is skipped: it is a VNP13A1 file and not VNP46, VJ146 or VJ246.",
                                "'text.h5' is skipped: it isn't an HDF5 file."]
    assert series_of(tmp_path, with_zenith=False, cloud="any", snow="include").dates == [FIRST, SECOND]


def test_a_newer_file_without_the_layer_does_not_displace_an_older_one(tmp_path):
    write_granule(tmp_path, name="old.h5", produced="2019-01-01 00:00:00")
    write_granule(tmp_path, name="new.h5", omit=("QF_Cloud_Mask",))
    series = series_of(tmp_path)
    assert [each.name for each in series.nights[0].light.values()] == ["old.h5"]
    assert series.chunk_shape == (100, 2400)
    (tmp_path / "old.h5").unlink()
    with pytest.raises(InputError, match="FOLDER: no file has DNB_BRDF-Corrected_NTL and Mandatory_Quality_Flag"):
        series_of(tmp_path)


def test_platforms(tmp_path):
    write_granule(tmp_path, "VNP46A2", 2, name="n.h5")
    write_granule(tmp_path, "VJ146A2", 2, name="j.h5")
    with pytest.raises(InputError, match="PLATFORM: FOLDER mixes NOAA-20 and Suomi NPP"):
        series_of(tmp_path)
    series = series_of(tmp_path, platform="noaa20")
    assert [each.name for each in series.nights[0].light.values()] == ["j.h5"]
    assert refused(series) == {"n.h5": "it isn't of NOAA-20"}
    with pytest.raises(InputError, match="PLATFORM: FOLDER holds no file of NOAA-21, but of NOAA-20 and Suomi NPP"):
        series_of(tmp_path, platform="noaa21")


def test_collections_do_not_mix_but_the_period_can_part_them(tmp_path):
    write_granule(tmp_path, collection=1, day=FIRST)
    write_granule(tmp_path, collection=2, day=SECOND)
    with pytest.raises(InputError, match=r"FOLDER: it mixes collection 001 \('VNP46A2.A2018225"):
        series_of(tmp_path)
    assert series_of(tmp_path, start=SECOND).selection.collection == 2
    assert series_of(tmp_path, end=FIRST).selection.collection == 1


def test_period(tmp_path):
    write_granule(tmp_path, day=FIRST)
    write_granule(tmp_path, day=SECOND)
    assert series_of(tmp_path, start=FIRST, end=FIRST).dates == [FIRST]
    with pytest.raises(InputError, match=r"END: no daily file .* FOLDER holds 2018-08-13 to 2018-08-14"):
        series_of(tmp_path, end=date(2017, 1, 1))
    with pytest.raises(InputError, match="START: 2019-01-01 lies after END 2018-01-01"):
        BlackMarbleSettings(start=date(2019, 1, 1), end=date(2018, 1, 1))


def test_folder_without_anything_usable(tmp_path):
    with pytest.raises(InputError, match="FOLDER: there is no folder"):
        series_of(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"FOLDER: .* hold no .h5 file"):
        series_of(tmp_path)
    (tmp_path / "a.h5").write_text("text")
    with pytest.raises(InputError, match=r"none of 1 .h5 files can be used: of 'a.h5' it isn't an HDF5 file"):
        series_of(tmp_path)


def test_product_that_is_not_there(tmp_path):
    write_granule(tmp_path, "VJ146A4", 2)
    with pytest.raises(InputError, match="PRODUCT: FOLDER holds no monthly file, but VJ146A4"):
        series_of(tmp_path, product="monthly")


def test_a1_without_a2(tmp_path):
    write_granule(tmp_path, "VNP46A1")
    with pytest.raises(InputError, match=r"FOLDER: it holds only A1 files such as .* add their A2 files"):
        series_of(tmp_path)
    write_granule(tmp_path, "VNP46A2", day=SECOND)
    with pytest.raises(InputError, match="FOLDER: none of its A1 files has the tile and date of an A2 file"):
        series_of(tmp_path)


@pytest.mark.parametrize("collection", [1, 2])
def test_at_sensor_radiance_needs_a1_alone_under_either_name(tmp_path, collection):
    write_granule(tmp_path, "VNP46A1", collection)
    write_granule(tmp_path, "VNP46A2", collection)
    ear = Ear()
    series = series_of(tmp_path, ear=ear, layer="DNB_At_Sensor_Radiance")
    assert series.has_zenith
    assert {night.light[10, 5].level for night in series.nights} == {"A1"}
    assert "no Mandatory_Quality_Flag" in ear.warnings[0]
    assert series.selection.layer in series.nights[0].light[10, 5].field_names


def test_an_unknown_layer_lists_what_the_files_have(tmp_path):
    write_granule(tmp_path)
    with pytest.raises(InputError, match="LAYER: no file has a data set 'NTL': VNP46A2 has DNB_BRDF-Corr"):
        series_of(tmp_path, layer="NTL")


def test_tiles_must_touch_and_the_extent_must_lie_on_them(tmp_path):
    write_granule(tmp_path, tile=(10, 5))
    write_granule(tmp_path, tile=(11, 6))
    with pytest.raises(InputError, match="FOLDER: the tiles h10v05 and h11v06 don't touch"):
        series_of(tmp_path)
    assert series_of(tmp_path, extent=(-69, 25, -68, 26)).tiles == [(11, 6)]
    with pytest.raises(InputError, match="EXTENT: it touches none of the tiles h10v05, h11v06"):
        series_of(tmp_path, extent=(0, 0, 1, 1))
    write_granule(tmp_path, tile=(11, 5))
    ear = Ear()
    series = series_of(tmp_path, ear=ear, with_zenith=False)
    assert (series.grid.width, series.grid.height) == (4800, 4800)
    assert ear.warnings == ["The window holds tiles of which there is no file; they are no data."]


@pytest.mark.parametrize(("extent", "origin", "shape"), [
    ((-75, 35, -74, 36), (-75, 36), (240, 240)),
    ((-75 + 1e-9, 35 - 1e-9, -74 + 1e-9, 36), (-75, 36), (240, 240)),
    ((-75.001, 35, -74, 36.0001), (-75 - 1 / 240, 36 + 1 / 240), (241, 241)),
    ((-74.9999, 35.0001, -74.9998, 35.0002), (-75, 35 + 1 / 240), (1, 1)),
    ((-79.999, 39, -70, 45), (-80, 40), (240, 2400)),
])
def test_extents_snap_outwards_to_whole_cells_inside_the_tiles(tmp_path, extent, origin, shape):
    write_granule(tmp_path)
    grid = series_of(tmp_path, extent=extent).grid
    assert (grid.height, grid.width) == shape
    np.testing.assert_allclose((grid.transform.c, grid.transform.f), origin, atol=1e-12)
    assert grid.cell_width == 1 / 240
