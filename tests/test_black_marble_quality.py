"""The quality choices against a slow decoder that reads bit by bit."""
from types import SimpleNamespace

import numpy as np
import pytest
from nocturne.algorithms.night_lights.black_marble.granule import Field
from nocturne.algorithms.night_lights.black_marble.quality import quality_choice
from nocturne.algorithms.night_lights.settings import BlackMarbleSettings, quality_table

RADIANCE = "DNB_BRDF-Corrected_NTL"
GAP_FILLED = "Gap_Filled_DNB_BRDF-Corrected_NTL"
FILLS = {"Mandatory_Quality_Flag": np.uint8(255), "QF_Cloud_Mask": np.uint16(65535), "Snow_Flag": np.uint8(255)}


def accepted(layer, level, collection, settings, **stored):
    choice = quality_choice(layer, level, collection, settings)
    names = choice.flag_fields(SimpleNamespace(field_names=tuple(stored)))
    fields = [Field(None, 1.0, 0.0, FILLS.get(name, np.uint8(255)), "") for name in names]
    shape = next(iter(stored.values())).shape
    return choice.accepts(names, fields, [stored[name] for name in names], shape)


def bits(value, first, count):
    return value // 2**first % 2**count


@pytest.mark.parametrize("cloud", ["confident_clear", "probably_clear", "any"])
@pytest.mark.parametrize("snow", ["exclude", "include"])
def test_every_value_of_the_cloud_mask(cloud, snow):
    masks = np.arange(65536).astype(np.uint16)
    good = np.zeros(65536, np.uint8)
    kept = accepted(RADIANCE, "A2", 1, BlackMarbleSettings(cloud=cloud, snow=snow),
                    Mandatory_Quality_Flag=good, QF_Cloud_Mask=masks, Snow_Flag=good)
    for value in range(65536):
        clear = {"confident_clear": bits(value, 6, 2) == 0, "probably_clear": bits(value, 6, 2) <= 1}.get(cloud, True)
        sure = cloud == "any" or bits(value, 4, 2) == 3
        expected = clear and sure and (snow == "include" or not bits(value, 10, 1))
        if value == 65535 and not (cloud == "any" and snow == "include"):
            expected = False
        assert kept[value] == expected, value


@pytest.mark.parametrize(("level", "collection", "quality", "codes"), [
    ("A2", 1, "high", {0}), ("A2", 1, "high_and_ephemeral", {0, 1}), ("A2", 1, "all_valid", set(range(255))),
    ("A2", 2, "high", {0}), ("A2", 2, "high_and_ephemeral", {0}), ("A2", 2, "all_valid", set(range(255))),
    ("A3", 1, "high", {0}), ("A3", 2, "high", {0}), ("A4", 2, "high_and_ephemeral", {0}),
    ("A3", 2, "all_valid", set(range(255))), ("A4", 1, "all_valid", set(range(255))),
])
def test_every_quality_code_of_every_product(level, collection, quality, codes):
    layer = RADIANCE if level == "A2" else "NearNadir_Composite_Snow_Covered"
    name = "Mandatory_Quality_Flag" if level == "A2" else f"{layer}_Quality"
    kept = accepted(layer, level, collection, BlackMarbleSettings(quality=quality, cloud="any", snow="include"),
                    **{name: np.arange(256).astype(np.uint8)})
    assert set(np.flatnonzero(kept)) == codes


def test_the_deviation_and_the_composite_share_their_quality_and_counts_have_none():
    settings = BlackMarbleSettings()
    base = "AllAngle_Composite_Snow_Free"
    assert quality_choice(f"{base}_Std", "A4", 2, settings).required_fields() == [f"{base}_Quality"]
    assert quality_choice(f"{base}_Num", "A4", 2, settings).required_fields() == []
    assert quality_choice("Land_Water_Mask", "A4", 2, settings).required_fields() == []


def test_snow_flag_counts_where_it_is_there_and_its_fill_says_nothing():
    clear = np.full(3, 0b11 << 4, np.uint16)
    good, snow = np.zeros(3, np.uint8), np.array([0, 1, 255], np.uint8)
    stored = {"Mandatory_Quality_Flag": good, "QF_Cloud_Mask": clear}
    assert accepted(RADIANCE, "A2", 1, BlackMarbleSettings(), Snow_Flag=snow, **stored).tolist() == [True, False, True]
    assert accepted(RADIANCE, "A2", 1, BlackMarbleSettings(snow="include"), Snow_Flag=snow, **stored).all()
    assert accepted(RADIANCE, "A2", 1, BlackMarbleSettings(), **stored).all()


def test_flags_of_a_night_without_retrieval_do_not_mask_its_gap_filled_value():
    quality = np.array([0, 0, 2, 255, 255], np.uint8)
    cloud = np.array([48, 0, 48, 192, 65535], np.uint16)
    stored = {"Mandatory_Quality_Flag": quality, "QF_Cloud_Mask": cloud}
    settings = BlackMarbleSettings()
    assert accepted(GAP_FILLED, "A2", 1, settings, **stored).tolist() == [True, False, False, True, True]
    assert accepted(RADIANCE, "A2", 1, settings, **stored).tolist() == [True, False, False, False, False]


def test_the_help_table_says_what_the_code_accepts():
    cells = quality_table()
    assert cells[0] == ["Product", "high", "high_and_ephemeral", "all_valid", "Meaning of the codes"]
    assert [row[1:4] for row in cells[1:]] == [
        ["0", "0, 1", "0, 1, 2"], ["0", "0", "0, 1, 2, 3, 4, 5"], ["0", "0", "0, 1, 2"]]
    assert "1 high, ephemeral" in cells[1][4]
    assert "1 poor" in cells[2][4]
