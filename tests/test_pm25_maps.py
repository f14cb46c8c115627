"""Daily maps from daily rasters: the same estimates as at points, whatever the blocks."""
from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
import rasterio
import shapely
import torch
from nocturne.algorithms.air_quality import estimate_maps as maps_room
from nocturne.algorithms.air_quality import estimator as estimator_room
from nocturne.algorithms.air_quality import location_features
from nocturne.algorithms.air_quality.covariate_rasters import find_covariate_rasters
from nocturne.algorithms.air_quality.estimate_maps import MAPS, estimate_maps
from nocturne.algorithms.air_quality.estimate_pm25 import estimate_table
from nocturne.algorithms.air_quality.estimator import PLACE, Data, Residuals, fit_estimator
from nocturne.algorithms.air_quality.location_features import site_encoder
from nocturne.algorithms.air_quality.model_file import KIND, read_estimator, save_estimator
from nocturne.algorithms.air_quality.neighbours import Donors
from nocturne.algorithms.air_quality.settings import Pm25Settings
from nocturne.algorithms.air_quality.site_days import SiteDays
from nocturne.algorithms.air_quality.windows import make_windows
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.models.registry import load_model, save_model
from rasterio.transform import from_origin

DAYS, ROWS, COLUMNS = 5, 4, 6
FIRST = date(2021, 2, 26)  # across the end of a month
CPU = torch.device("cpu")
RESOURCES = Resources(threads=1, device="cpu")


def cell_values():
    """Shape (days, bands, rows, columns): a day without anything in one cell, a cell without anything at all."""
    values = np.random.default_rng(1).normal(size=(DAYS, 2, ROWS, COLUMNS)).astype(np.float32)
    values[2, :, 1, 1] = np.nan
    values[:, :, 3, 5] = np.nan
    values[1, 0, 0, 0] = np.nan
    return values


def write_days(folder, values, names=("haze", "wind"), west=-95.0):
    folder.mkdir(exist_ok=True)
    for day, bands in enumerate(values):
        with rasterio.open(folder / f"covariates_{FIRST + timedelta(day)}.tif", "w", driver="GTiff", width=COLUMNS,
                           height=ROWS, count=2, dtype="float32", crs="EPSG:4326", nodata=-9999,
                           transform=from_origin(west, 40, 0.5, 0.5)) as dataset:
            dataset.write(np.where(np.isnan(bands[::-1]), -9999, bands[::-1]))  # wind is the first band
            dataset.descriptions = names[::-1]
    return folder


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    generator = np.random.default_rng(2)
    site, day = np.repeat(np.arange(20, dtype=np.int32), 6), np.tile(np.arange(6, dtype=np.int32), 20)
    values = generator.normal(size=(120, 2)).astype(np.float32)
    site_days = SiteDays(site, day + FIRST.toordinal(), generator.uniform(-96, -90, 20), generator.uniform(36, 41, 20),
                         values, (10 + 3 * values[:, 0]).astype(np.float32), ("haze", "wind"),
                         tuple(map(str, range(20))))
    settings = Pm25Settings(window=3, min_days=2, members=1, epochs=1, geolocation="cyclic")
    places = site_encoder("cyclic", "", RESOURCES)(site_days.longitude, site_days.latitude)
    data, every = Data(site_days, make_windows(site_days, np.arange(120), 3, 2), places), np.arange(100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimator_room, "INNER_FOLDS", 2)
        patch.setattr(estimator_room, "TREE_SEEDS", 1)
        model = fit_estimator(data, every, settings, CPU, Progress())
    model = model.with_applicability(data, every, {"haze": 3.0, "wind": 0.1, PLACE: 0.5})
    path = tmp_path_factory.mktemp("model") / "model.json"
    save_estimator(str(path), model, data, every, {"title": "test"})
    return path


def mapped(folder, model_file, tmp_path, **resources):
    paths = {name: str(tmp_path / f"{name}.tif") for name in MAPS}
    counts = estimate_maps(str(folder), str(model_file), "", paths, Resources(threads=1, device="cpu", **resources),
                           Progress())
    found = []
    for path in paths.values():
        with rasterio.open(path) as dataset:
            assert dataset.descriptions == tuple(str(FIRST + timedelta(day)) for day in range(DAYS))
            found.append(dataset.read())
    return np.array(found), counts


def test_maps_are_the_estimates_of_their_cells(model_file, tmp_path):
    values = cell_values()
    found, counts = mapped(write_days(tmp_path / "days", values), model_file, tmp_path)
    estimator = read_estimator(load_model(str(model_file), KIND))
    east, north = np.meshgrid(-94.75 + 0.5 * np.arange(COLUMNS), 39.75 - 0.5 * np.arange(ROWS))
    cells = ROWS * COLUMNS
    site_days = SiteDays(
        np.repeat(np.arange(cells, dtype=np.int32), DAYS),
        np.tile(np.arange(DAYS, dtype=np.int32) + FIRST.toordinal(), cells), east.ravel(), north.ravel(),
        values.transpose(2, 3, 0, 1).reshape(-1, 2), np.full(cells * DAYS, np.nan, np.float32), ("haze", "wind"),
        ("",) * cells)
    places = site_encoder("cyclic", "", RESOURCES)(site_days.longitude, site_days.latitude)
    data = Data(site_days, make_windows(site_days, np.arange(cells * DAYS), 3, 2), places)
    every = np.arange(len(data.windows.target))
    alone = estimator.estimate(data, every, CPU, Progress())
    expected = np.full((4, cells * DAYS), np.nan)
    expected[:, data.windows.target] = (alone.value, alone.low, alone.high, estimator.dissimilarity(data, every))
    expected = expected.reshape(4, ROWS, COLUMNS, DAYS).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-5)
    assert np.isnan(found[0, 0]).all()  # one day of two that are needed
    assert np.isnan(found[0, :, 3, 5]).all()
    assert np.isfinite(found[0, 2, 1, 1])  # its own day is masked, the two before speak
    assert counts.estimates == np.isfinite(found[0]).sum()


def test_a_monitor_speaks_in_the_cell_it_stands_in_but_not_for_itself_in_a_table(model_file, tmp_path):
    folder = write_days(tmp_path / "days", cell_values())
    without, _ = mapped(folder, model_file, tmp_path)
    model = load_model(str(model_file), KIND)
    estimator = read_estimator(model)
    at, day = (-94.748, 39.75), FIRST.toordinal() + 1  # 170 m from the centre of the first cell
    donors = Donors(np.array([at[0]]), np.array([at[1]]), np.array([day], np.int32), np.array([50.0]))
    residuals = Residuals(donors, 100.0, 0.1)
    assert residuals.at(np.array([-94.75]), np.array([39.75]), donors.day) == 0
    there = replace(estimator, residuals=residuals)
    values = cell_values()[:, :, :1, :1].transpose(2, 3, 0, 1).reshape(DAYS, 2)
    site_days = SiteDays(np.zeros(DAYS, np.int32), np.arange(DAYS, dtype=np.int32) + FIRST.toordinal(),
                         np.array([-94.75]), np.array([39.75]), values, np.full(DAYS, 9, np.float32),
                         ("haze", "wind"), ("a",))
    data = Data(site_days, make_windows(site_days, np.arange(DAYS), 3, 2),
                site_encoder("cyclic", "", RESOURCES)(site_days.longitude, site_days.latitude))
    path = tmp_path / "with.json"
    save_estimator(str(path), there, data, np.arange(len(data.windows.target)), {"title": "test"})
    found, _ = mapped(folder, path, tmp_path)
    assert found[0, 1, 0, 0] == pytest.approx(without[0, 1, 0, 0] + 50 / 1.1, rel=0.02)
    np.testing.assert_allclose(found[0, 2:], without[0, 2:], rtol=1e-4)


def at_point(values, **kinds):
    """Rows of the cell at -94.75, 39.75. values: shape (days, 2)."""
    haze, wind = (np.array([None] * DAYS, dtype=object) if name in kinds else values[:, number].astype(np.float64)
                  for number, name in enumerate(("haze", "wind")))
    days = np.array([str(FIRST + timedelta(day)) for day in range(DAYS)], dtype=object)
    sites = np.array(["a"] * DAYS, dtype=object)
    return FeatureTable("INPUT", {"site": sites, "date": days, "haze": haze, "wind": wind},
                        {"site": "text", "date": "text", "haze": "number", "wind": "number", **kinds},
                        (shapely.to_wkb(shapely.Point(-94.75, 39.75)),) * DAYS, "EPSG:4326")


def estimated(table, model_file, folder=""):
    return estimate_table(table, "date", "site", None, folder, str(model_file), "", RESOURCES, Progress())


@pytest.mark.parametrize("kinds", [{}, {"wind": "text"}])
def test_a_covariate_that_nobody_knows_is_a_gap_at_points_as_in_maps(model_file, tmp_path, kinds):
    values = cell_values()
    values[:, 1] = np.nan
    found, _ = mapped(write_days(tmp_path / "days", values), model_file, tmp_path)
    point = estimated(at_point(values[:, :, 0, 0], **kinds), model_file)
    assert point.count == DAYS - 2  # the second day has nothing at all, so two windows have one day
    np.testing.assert_allclose((point.value, point.low, point.high, point.dissimilarity), found[:, :, 0, 0], rtol=2e-5)


def test_points_whose_windows_are_all_too_short_get_no_estimate(model_file):
    table = at_point(cell_values()[:, :, 0, 0]).take(np.array([2]))
    found = estimated(table, model_file)
    assert (found.count, found.outside_count) == (0, 0)
    for values in (found.value, found.low, found.high, found.dissimilarity):
        assert np.isnan(values).tolist() == [True]


def test_missing_weights_of_a_location_name_the_model(model_file, tmp_path, monkeypatch):
    model, path = load_model(str(model_file), KIND), tmp_path / "geoclip.json"
    settings = {**model.card["settings"], "geolocation": "geoclip"}
    save_model(str(path), KIND, {**model.card, "settings": settings}, model.weights)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    folder = write_days(tmp_path / "days", cell_values())
    for run in (lambda: estimated(at_point(cell_values()[:, :, 0, 0]), path), lambda: mapped(folder, path, tmp_path)):
        with pytest.raises(InputError, match=r"^MODEL: the package geoclip, which brings .*, isn't installed"):
            run()


def test_the_encoder_is_loaded_once(model_file, tmp_path, monkeypatch):
    loaded = []
    load = location_features.load_encoder
    monkeypatch.setattr(location_features, "load_encoder", lambda *given: loaded.append(given) or load(*given))
    monkeypatch.setattr(maps_room, "TOGETHER", 2 * DAYS)
    mapped(write_days(tmp_path / "days", cell_values()), model_file, tmp_path)
    assert loaded == [("cyclic", "")]


def test_blocks_change_nothing(model_file, tmp_path, monkeypatch):
    folder = write_days(tmp_path / "days", cell_values())
    whole, counts = mapped(folder, model_file, tmp_path)
    monkeypatch.setattr(maps_room, "TOGETHER", 2 * DAYS)
    plan = maps_room.plan_windows
    monkeypatch.setattr(maps_room, "plan_windows", lambda width, height, shape, each, _: plan(
        width, height, (1, 4), each, 4 * each))
    blocks, again = mapped(folder, model_file, tmp_path)
    np.testing.assert_allclose(blocks, whole, rtol=1e-5, atol=1e-6)
    assert again == counts


def test_a_day_without_a_file_is_masked(model_file, tmp_path):
    folder = write_days(tmp_path / "days", cell_values())
    (folder / f"covariates_{FIRST + timedelta(3)}.tif").unlink()
    paths = {"ESTIMATE": str(tmp_path / "estimate.tif")}
    assert estimate_maps(str(folder), str(model_file), "", paths, RESOURCES, Progress()).days == DAYS - 1


def test_what_lies_far_from_the_training_data_is_unlike_it(model_file, tmp_path):
    values = cell_values()
    values[4, 0, 0, 2] = 60.0
    found, counts = mapped(write_days(tmp_path / "days", values), model_file, tmp_path)
    assert found[3, 4, 0, 2] > 5
    assert np.nanmedian(found[3]) < 1
    assert counts.outside > 0


def test_maps_of_other_units_are_refused_before_they_are_made(model_file, tmp_path):
    values = cell_values()
    values[:, 0] += 273.15
    with pytest.raises(InputError, match="RASTERS: 'haze' goes from 27"):
        mapped(write_days(tmp_path / "days", values), model_file, tmp_path)
    assert not list(tmp_path.glob("*.tif"))


def test_cancel_ends_the_maps(model_file, tmp_path):
    class Stopped(Progress):
        def is_cancelled(self):
            return True

    folder = write_days(tmp_path / "days", cell_values())
    with pytest.raises(Cancelled):
        estimate_maps(str(folder), str(model_file), "", {"ESTIMATE": str(tmp_path / "map.tif")}, RESOURCES, Stopped())


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda folder: (folder / "soon.tif").write_bytes(b""), "'soon.tif' says no single day"),
    (lambda folder: (folder / "x_20210227.tif").write_bytes(b""), "are of the same day"),
    (lambda folder: [path.unlink() for path in folder.iterdir()], "has no GeoTIFF"),
    (lambda folder: write_days(folder, cell_values()[:2], ("haze", "rain")),
     "no band of 'covariates_2021-02-26.tif' is described as 'wind'"),
    (lambda folder: write_days(folder, cell_values()[:2], west=-80.0), "'covariates_2021-02-28.tif' has other cells"),
])
def test_rasters_that_cannot_be_used_are_named(tmp_path, change, sentence):
    folder = write_days(tmp_path / "days", cell_values())
    change(folder)
    with pytest.raises(InputError, match="RASTERS: ") as error:
        find_covariate_rasters(str(folder), ("haze", "wind"), Progress())
    assert sentence in str(error.value)
