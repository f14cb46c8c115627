"""nocturne:rasterseries through processing.run and the real qgis_process, on drawn and on real files."""
from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
MUMBAI, SHANGHAI, SAO_TOME = (DATA / f"viirs-{name}" for name in ("monthly-mumbai", "annual-shanghai", "dmsp-sao-tome"))
EARLIER = b"what an earlier run wrote"
LIGHT = np.float32([[-0.3, 0.0, 1.5], [0.0, 36.0, 7.25]])
MONTHLY = "SVDNB_npp_{}_75N060E_vcmcfg_v10_c201506171538.{}.tif"


def needs(folder):
    return pytest.mark.skipif(not folder.is_dir(), reason=f"the shared real data ({folder.name}) isn't there")


def put(path, values=LIGHT, **profile):
    profile = {"crs": "EPSG:4326", "transform": Affine(1 / 240, 0, 120, 0, -1 / 240, 31), "dtype": "float32", **profile}
    values = np.asarray(values, dtype=profile["dtype"])
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
                       **profile) as file:
        file.write(values, 1)
    return path


@pytest.fixture
def months(tmp_path):
    """Two months with their counts of observations."""
    folder = tmp_path / "months"
    folder.mkdir()
    for month in ("20140201-20140228", "20140101-20140131"):
        put(folder / MONTHLY.format(month, "avg_rade9h"))
        put(folder / MONTHLY.format(month, "cf_cvg"), [[3, 0, 2], [5, 4, 1]], dtype="uint16")
    return folder


def read(path):
    with rasterio.open(path) as file:
        return file.read(), [date.fromisoformat(each) for each in file.descriptions], file.crs.to_epsg(), file.units


def test_processing_runs_it(provider, months, tmp_path):
    import processing

    output = tmp_path / "series.tif"
    found = processing.run("nocturne:rasterseries", {"FILES": [str(months)], "SERIES": str(output)})
    assert (found["BANDS"], found["FIRST_DATE"], found["LAST_DATE"]) == (2, "2014-01-01", "2014-02-01")
    values, dates, epsg, units = read(output)
    expected = LIGHT.copy()
    expected[0, 1] = np.nan
    np.testing.assert_array_equal(values, np.stack([expected] * 2))
    assert dates == [date(2014, 1, 1), date(2014, 2, 1)]
    assert epsg == 4326
    assert set(units) == {"nW/cm2/sr"}
    told = json.loads(Path(f"{output}.nocturne.json").read_text("utf-8"))
    assert told["inputs"]["FILES[0]"]["files"] == 4
    assert output.with_suffix(".qml").is_file()


def test_qgis_process_runs_it_on_files_and_reports(qgis_process, months, tmp_path):
    files = sorted(months.glob("*.avg_rade9h.tif"))
    run = qgis_process("nocturne:rasterseries", FILES=files[0], DATES="2020", MIN_COVERAGE=0,
                       EXTENT="120,120.0083,30,31 [EPSG:4326]", SERIES=tmp_path / "one.tif")
    assert run.code == 0, run.stderr
    assert (run.results["BANDS"], run.results["FIRST_DATE"]) == (1, "2020-01-01")
    np.testing.assert_array_equal(read(tmp_path / "one.tif")[0][0], LIGHT[:, :2])


@pytest.mark.parametrize(("options", "parameter", "phrase"), [
    ({}, "FILES", "neither FILES nor FILE was given; give GeoTIFFs in FILES or one netCDF file in FILE"),
    ({"FILES": "{months}", "FILE": "x.nc"}, "FILES", "FILE was given too"),
    ({"FILES": "{months}/missing.tif"}, "FILES", "there is no file or folder"),
    ({"FILE": "{months}/missing.nc"}, "FILE", "there is no file"),
    ({"FILES": "{months}", "LAYER": "median"}, "LAYER", "choose one of avg_rade9h, cf_cvg"),
    ({"FILES": "{months}", "DATES": "2014-01"}, "DATES", "it has 1 dates for 2 rasters"),
    ({"FILES": "{months}", "PERIOD": "year"}, "FILES", "have the same date 2014-01-01"),
    ({"FILES": "{months}", "CRS": "EPSG:3857"}, "CRS", "leave it empty"),
    ({"FILES": "{months}", "EXTENT": "0,1,0,1 [EPSG:4326]"}, "EXTENT", "it lies outside the rasters"),
    ({"FILES": "{months}", "DUPLICATES": "both"}, "DUPLICATES", "choose one of refuse, first, last"),
    ({"FILES": "{months}", "MIN_COVERAGE": "90"}, "FILES", "no cell of 2 dates has a value here"),
], ids=lambda value: "_".join(value) if isinstance(value, dict) else "")
def test_bad_input_ends_in_one_sentence_and_leaves_what_stood_there(qgis_process, months, tmp_path, options, parameter,
                                                                    phrase):
    out = tmp_path / "out"
    out.mkdir()
    (out / "series.tif").write_bytes(EARLIER)
    run = qgis_process("nocturne:rasterseries", SERIES=out / "series.tif",
                       **{key: value.format(months=months) for key, value in options.items()})
    assert run.code == 1
    sentence = re.fullmatch(r"([A-Z_]+): [^\n]+; [^\n]+[^.]\.", run.error)
    assert sentence, run.stderr
    assert sentence[1] == parameter
    assert phrase in run.error
    assert {path.name: path.read_bytes() for path in out.rglob("*")} == {"series.tif": EARLIER}


# Real files


@needs(MUMBAI)
@pytest.mark.real_data
def test_mumbai_needs_its_crs_and_a_word_on_its_repeated_month(qgis_process, tmp_path):
    given = {"FILE": MUMBAI / "mumbai_radiance.nc", "SERIES": tmp_path / "series.tif"}
    run = qgis_process("nocturne:rasterseries", **given)
    assert run.code == 1
    assert run.error.startswith("FILE: step 8 of 'mumbai_radiance.nc' and step 9 of 'mumbai_radiance.nc' have the same "
                                "date 2012-11-01; choose DUPLICATES first or last")
    run = qgis_process("nocturne:rasterseries", DUPLICATES="first", **given)
    assert run.code == 1
    assert run.error.startswith("CRS: step 1 of 'mumbai_radiance.nc' has no coordinate reference system; name it")
    assert not (tmp_path / "series.tif").exists()


@needs(MUMBAI)
@pytest.mark.real_data
def test_mumbai_becomes_130_months_and_its_centres_are_found(qgis_process, tmp_path):
    import pyfive

    output = tmp_path / "series.tif"
    run = qgis_process("nocturne:rasterseries", FILE=MUMBAI / "mumbai_radiance.nc", CRS="EPSG:4326", SERIES=output,
                       COVERAGE_FILES=MUMBAI / "mumbai_clouds.nc", DUPLICATES="first")
    assert run.code == 0, run.stderr
    values, dates, epsg, _ = read(output)
    months = [date(2012 + number // 12, number % 12 + 1, 1) for number in range(3, 133)]
    assert dates == months
    assert epsg == 4326
    # the same numbers by another reader
    light, counts = (pyfive.File(str(MUMBAI / f"mumbai_{name}.nc"))["unnamed"][:] for name in ("radiance", "clouds"))
    expected = np.delete(np.where(counts == 0, np.float32(np.nan), light), 8, axis=0)
    np.testing.assert_array_equal(values, expected)
    with rasterio.open(output) as file:  # the coordinates in the file are cell centres
        np.testing.assert_allclose(file.xy(0, 0), (72.78333535558, 19.26666622), atol=1e-7)
    january = dates.index(date(2020, 1, 1)) + 1
    found = qgis_process("nocturne:urbancentres", RADIANCE=output, BAND=january, CENTRES=tmp_path / "centres.gpkg")
    assert found.code == 0, found.stderr
    assert found.results["CENTRE_COUNT"] >= 1


@needs(SHANGHAI)
@pytest.mark.real_data
def test_shanghai_refuses_two_rasters_of_2020_and_stacks_seven_years(provider, tmp_path):
    import processing
    from qgis.core import QgsProcessingException

    output = str(tmp_path / "series.tif")
    with pytest.raises(QgsProcessingException, match=r"'ntl_shanghai_viirs_2020.tif' and "
                                                     r"'ntl_shanghai_viirs_like_2020.tif' have the same date"):
        processing.run("nocturne:rasterseries", {"FILES": [str(SHANGHAI)], "SERIES": output})
    files = sorted(map(str, SHANGHAI.glob("ntl_shanghai_viirs_20*.tif")))
    found = processing.run("nocturne:rasterseries", {"FILES": files[::-1], "SERIES": output})
    assert found["BANDS"] == 7
    values, dates, _, _ = read(output)
    assert [day.year for day in dates] == [2013, 2015, 2016, 2017, 2019, 2020, 2022]
    for band, path in zip(values, files):
        with rasterio.open(path) as file:
            np.testing.assert_array_equal(band, file.read(1))


@needs(SAO_TOME)
@pytest.mark.real_data
def test_sao_tome_keeps_negatives_and_refuses_to_mix_dmsp_with_viirs(provider, tmp_path):
    import processing
    from qgis.core import QgsProcessingException

    output, viirs = str(tmp_path / "series.tif"), SAO_TOME / "viirs_vcmcfg_201401.tif"
    with pytest.raises(QgsProcessingException, match=r"dated by the year .* dated by the month"):
        processing.run("nocturne:rasterseries", {"FILES": [str(SAO_TOME)], "SERIES": output})
    with pytest.raises(QgsProcessingException, match="isn't that of"):
        processing.run("nocturne:rasterseries", {"FILES": [str(SAO_TOME)], "PERIOD": "year", "SERIES": output})
    found = processing.run("nocturne:rasterseries", {"FILES": [str(viirs)], "SERIES": output})
    assert (found["BANDS"], found["FIRST_DATE"]) == (1, "2014-01-01")
    values = read(output)[0][0]
    with rasterio.open(viirs) as file:
        stored = file.read(1)
    declared = stored < -1e30
    assert np.isnan(values[declared]).all()
    np.testing.assert_array_equal(values[~declared], stored[~declared])
    assert -0.16 < np.nanmin(values) < -0.14
