"""The nights of one pixel: the same class as the raster's, the decision in words, and stacks found again."""
from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
import statsmodels.api as sm
from affine import Affine
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.night_lights.angular_effects import classify_stacks
from nocturne.algorithms.night_lights.angular_fit import (
    NEGATIVE,
    NO_DATA,
    NONE,
    POSITIVE,
    STATISTICS,
    U_SHAPED,
    Thresholds,
)
from nocturne.algorithms.night_lights.class_origin import find_origin
from nocturne.algorithms.night_lights.pixel_nights import (
    Cell,
    PixelNights,
    cell_at,
    end_slopes,
    fit_pixel,
    read_pixel,
    window_decision,
)
from nocturne.algorithms.night_lights.pixel_words import NIGHT_COLUMNS, explain, night_rows
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.provenance import describe_run
from nocturne.algorithms.rasters import Grid, RasterInput, RasterWriter
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS
from rasterio.windows import Window

NIGHTS, ROWS, COLUMNS = 60, 9, 11
GRID = Grid(CRS.from_epsg(4326), Affine(0.25, 0, 10, 0, -0.25, 50), COLUMNS, ROWS)
DAYS = [(date(2021, 1, 1) + timedelta(3 * night)).isoformat() for night in range(NIGHTS)]


def write_stack(path, values, days=DAYS, grid=GRID):
    with RasterWriter("STACK", str(path), grid, days, "float32", np.nan) as writer:
        writer.write(values, Window(0, 0, grid.width, grid.height))


def make_stacks(folder):
    """Pixels of all kinds: every row another curve, noise growing with the column; gaps, few nights, odd ones."""
    numbers = np.random.default_rng(5)
    zenith = numbers.uniform(0, 70, (NIGHTS, ROWS, COLUMNS))
    curves = (lambda z: 80 - 0.5 * z, lambda z: 20 + 0.4 * z, lambda z: 30 + 0.03 * (z - 30)**2, lambda z: 40 + 0 * z,
              lambda z: 60 - 0.02 * (z - 30)**2, lambda z: 50 - 0.1 * z)
    radiance = np.stack([curves[row % len(curves)](zenith[:, row]) for row in range(ROWS)], axis=1)
    radiance += numbers.normal(0, 1, radiance.shape) * np.linspace(0, 12, COLUMNS)
    radiance[numbers.random(radiance.shape) < 0.2] = np.nan
    zenith[numbers.random(zenith.shape) < 0.05] = np.nan
    radiance[25:, 0, 3:6] = np.nan
    radiance[:, 1, 1] = np.nan
    zenith[:, 2, 2] = 12.5
    radiance[:, 3, 3] = 7.0
    zenith[:, 4, 4] = np.where(np.arange(NIGHTS) % 2, 10.0, 50.0)
    radiance[3, 5, 5], zenith[4, 5, 5] = np.inf, -5.0
    write_stack(folder / "radiance.tif", radiance.astype(np.float32))
    order = numbers.permutation(NIGHTS)
    write_stack(folder / "zenith.tif", zenith[order].astype(np.float32), [DAYS[night] for night in order])


def make_classes(folder, chosen):
    """The class raster and its provenance, as 'Angular effects' leaves them; returns the statistics too."""
    stacks = {name.upper(): str(folder / f"{name}.tif") for name in ("radiance", "zenith")}
    classes, statistics = folder / "classes.tif", folder / "statistics.tif"
    classify_stacks(RasterInput("RADIANCE", stacks["RADIANCE"]), RasterInput("ZENITH", stacks["ZENITH"]), str(classes),
                    str(statistics), chosen, Resources(threads=1), Progress())
    parameters = {name.upper(): value for name, value in vars(chosen).items()}
    write_provenance(classes, {**parameters, **stacks, "CLASSES": str(classes)}, stacks)
    with rasterio.open(classes) as first, rasterio.open(statistics) as second:
        return first.read(1), second.read()


def write_provenance(classes, parameters, stacks):
    document = describe_run("nocturne:angulareffects", parameters, stacks, {})
    provenance_of(classes).write_text(json.dumps(document), "utf-8")


def provenance_of(classes):
    return Path(f"{classes}.nocturne.json")


def origin_of(folder):
    classes = folder / "classes.tif"
    return find_origin(RasterInput("CLASSES", str(classes)), provenance_of(classes))


def read(folder, row, column, progress=None):
    origin = origin_of(folder)
    return read_pixel(origin, window_decision(origin, Progress()), *centre(row, column), progress or Progress())


def centre(row, column):
    return 10 + 0.25 * (column + 0.5), 50 - 0.25 * (row + 0.5)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stacks")
    make_stacks(folder)
    return folder


@pytest.fixture
def run(stacks, tmp_path):
    """A folder with stacks and classes of the defaults."""
    for name in ("radiance.tif", "zenith.tif"):
        shutil.copy(stacks / name, tmp_path)
    make_classes(tmp_path, AngularEffectsSettings())
    return tmp_path


CHOICES = (AngularEffectsSettings(), AngularEffectsSettings(u_test="adjusted-r2", max_zenith=0.0),
           AngularEffectsSettings(min_r2=0.3, min_change=0.2, min_observations=20, alpha=0.01, max_zenith=45.0),
           AngularEffectsSettings(min_rise=0.5, min_observations=20))


@pytest.mark.parametrize("chosen", CHOICES, ids=("defaults", "adjusted-r2", "strict", "late turns"))
def test_every_pixel_has_the_class_and_the_statistics_of_the_rasters(stacks, tmp_path, chosen):
    for name in ("radiance.tif", "zenith.tif"):
        shutil.copy(stacks / name, tmp_path)
    classes, statistics = make_classes(tmp_path, chosen)
    assert {NONE, NEGATIVE, POSITIVE, U_SHAPED, NO_DATA} <= set(np.unique(classes))
    origin = origin_of(tmp_path)
    assert origin.settings == chosen
    decision = window_decision(origin, Progress())
    for row, column in np.ndindex(classes.shape):
        pixel = read_pixel(origin, decision, *centre(row, column), Progress())
        assert (pixel.cell.row, pixel.cell.column) == (row, column)
        assert pixel.fit.effect == pixel.recorded == classes[row, column]
        found = [pixel.fit.statistics[name] for name in STATISTICS]
        np.testing.assert_allclose(found, statistics[:, row, column], rtol=1e-6, atol=1e-30)
        assert pixel.fit.valid.sum() == pixel.fit.statistics["observations"]
        check_words(pixel)


def test_what_the_whole_window_decides_is_followed(tmp_path):
    """Haze that all pixels share, and many flat pixels: NIGHT_EFFECT and CORRECTION change what single pixels say."""
    numbers = np.random.default_rng(3)
    grid = replace(GRID, width=24, height=24)
    zenith = numbers.uniform(0, 60, (NIGHTS, 24, 24))
    radiance = (50 - np.linspace(0, 0.4, 24) * zenith) * numbers.lognormal(0, 0.3, (NIGHTS, 1, 1))
    radiance += numbers.normal(0, 4, radiance.shape)
    write_stack(tmp_path / "radiance.tif", radiance.astype(np.float32), grid=grid)
    write_stack(tmp_path / "zenith.tif", zenith.astype(np.float32), grid=grid)
    plain, _ = make_classes(tmp_path, AngularEffectsSettings())
    classes, statistics = make_classes(tmp_path, AngularEffectsSettings(
        correction="benjamini-hochberg", night_effect="urban-median"))
    assert np.count_nonzero(classes != plain) > 20
    origin = origin_of(tmp_path)
    decision = window_decision(origin, Progress())
    assert np.ptp(decision.factors) > 0.5
    for row, column in np.argwhere(classes != plain)[:40]:
        pixel = read_pixel(origin, decision, *centre(row, column), Progress())
        assert pixel.fit.effect == pixel.recorded == classes[row, column]
        found = [pixel.fit.statistics[name] for name in STATISTICS]
        np.testing.assert_allclose(found, statistics[:, row, column], rtol=1e-6, atol=1e-30)
        check_words(pixel)
    text = " ".join(explain(pixel))
    assert "CORRECTION" in text
    assert "NIGHT_EFFECT" in text
    rows = [dict(zip(NIGHT_COLUMNS, each)) for each in night_rows(1, pixel)]
    given = [float(each["radiance"]) * float(each["factor"]) for each in rows]
    np.testing.assert_allclose(given, radiance[:, row, column], rtol=1e-5)


def check_words(pixel):
    """The words say the class, and no comparison in them is wrong."""
    effect, (verdict, *sentences) = pixel.fit.effect, explain(pixel)
    assert f"(class {effect})" in verdict
    text = " ".join(sentences)
    assert ("U-shape: yes" in text) == (effect == U_SHAPED)
    assert ("Slope: yes" in text) == (effect in (NEGATIVE, POSITIVE))
    assert ("MIN_OBSERVATIONS" in text) == (effect == NO_DATA)
    assert ("But the class raster" in text) == (pixel.recorded != effect)
    for p, sign, alpha in re.findall(r"p = (\S+) ([<≥]) ([0-9.e-]*[0-9])", text):
        assert (float(p) < float(alpha)) == (sign == "<")
    assert "nan" not in text
    assert "inf" not in text


def pixel_of(radiance, zenith, chosen=None, recorded=None):
    chosen = chosen or AngularEffectsSettings()
    radiance, zenith = np.asarray(radiance, dtype=np.float32), np.asarray(zenith, dtype=np.float32)
    fit = fit_pixel(radiance, zenith, chosen, Thresholds(len(radiance), chosen))
    days = [date(2021, 1, 1) + timedelta(night) for night in range(len(radiance))]
    return PixelNights(Cell(0, 0, (0, 0, 1, 1)), days, radiance, zenith, fit,
                       fit.effect if recorded is None else recorded, chosen)


finite = st.floats(-50, 500, width=32)
night = st.tuples(st.one_of(finite, st.just(np.nan)), st.one_of(st.floats(0, 90, width=32), st.just(np.nan)))


@settings(max_examples=150, deadline=None)
@given(nights=st.lists(night, min_size=5, max_size=60), u_test=st.sampled_from(("slopes", "adjusted-r2")),
       alpha=st.sampled_from((0.05, 0.5, 1e-9)), limit=st.sampled_from((0.0, 60.0)),
       least=st.sampled_from((0.0, 0.3)), known=st.sampled_from((None, NONE, NO_DATA, 77)))
def test_words_agree_with_the_class_whatever_the_nights_are(nights, u_test, alpha, limit, least, known):
    chosen = AngularEffectsSettings(u_test=u_test, alpha=alpha, max_zenith=limit, min_r2=least, min_change=least,
                                    min_rise=least, min_observations=5)
    check_words(pixel_of(*zip(*nights), chosen, known))


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10_000), curvature=st.floats(-0.05, 0.05), noise=st.floats(0.5, 30),
       alpha=st.sampled_from((0.01, 0.05, 0.2)))
def test_the_slopes_in_words_are_the_test_that_decides(seed, curvature, noise, alpha):
    numbers = np.random.default_rng(seed)
    zenith = numbers.uniform(0, 60, 50)
    pixel = pixel_of(100 + curvature * (zenith - 30)**2 + numbers.normal(0, noise, 50), zenith,
                     AngularEffectsSettings(alpha=alpha))
    slopes = pixel.fit.end_slopes
    assume(min(abs(slopes.p_low - alpha), abs(slopes.p_high - alpha)) > 1e-9)
    assert (pixel.fit.effect == U_SHAPED) == (slopes.p_low < alpha and slopes.p_high < alpha)


@pytest.mark.parametrize("seed", range(5))
def test_end_slopes_are_those_of_statsmodels(seed):
    numbers = np.random.default_rng(seed)
    zenith = numbers.uniform(20, 60, 40)
    radiance = 50 + 0.01 * (zenith - 40)**2 + numbers.normal(0, 3, 40)
    fitted = sm.OLS(radiance, np.stack([np.ones(40), zenith, zenith**2], axis=1)).fit()
    found = end_slopes(radiance, zenith)
    for end, slope, p, sign in ((zenith.min(), found.low, found.p_low, -1),
                                (zenith.max(), found.high, found.p_high, 1)):
        test = fitted.t_test([0, 1, 2 * end])
        assert slope == pytest.approx(float(np.squeeze(test.effect)), rel=1e-6)
        one_sided = float(test.pvalue) / 2
        assert p == pytest.approx(one_sided if np.sign(slope) == sign else 1 - one_sided, rel=1e-6)


def test_end_slopes_of_a_parabola_without_noise_are_certain():
    zenith = np.arange(0.0, 61.0, 5.0)
    found = end_slopes(0.5 * (zenith - 30)**2, zenith)
    assert found.low == pytest.approx(-30)
    assert found.high == pytest.approx(30)
    assert max(found.p_low, found.p_high) < 1e-20


# Words and rows

def test_the_words_carry_the_numbers():
    zenith = np.linspace(0, 70, 71)
    radiance = 100 - zenith + np.where(np.arange(71) % 2, 0.5, -0.5)
    radiance[:4] = np.nan
    verdict, nights, parabola, line = explain(pixel_of(radiance, zenith))
    assert verdict == "Negative: darker when seen obliquely (class 1)."
    assert nights == "57 of 71 nights are valid; 4 have no value; 10 were seen beyond 60°."
    assert parabola.startswith("U-shape: no.")
    assert line == "Slope: yes. The line falls by 1 per degree, -58% from 4.0° to 60.0° (R² = 0.999, p < 1e-38)."


def test_the_words_say_what_kept_a_slope_from_counting():
    zenith = np.linspace(0, 60, 61)
    words = explain(pixel_of(100 - 0.05 * zenith, zenith, AngularEffectsSettings(min_change=0.2)))
    assert "the change doesn't reach MIN_CHANGE = 0.2" in words[3]
    words = explain(pixel_of(100 - 0.5 * zenith + 40 * np.sin(zenith), zenith, AngularEffectsSettings(min_r2=0.9)))
    assert "R² doesn't reach MIN_R2 = 0.9" in words[2]
    assert "R² doesn't reach MIN_R2 = 0.9" in words[3]
    words = explain(pixel_of(100 + 0.05 * (zenith - 50)**2 + np.sin(zenith), zenith,
                             AngularEffectsSettings(min_rise=0.25)))
    assert words[0].startswith("Negative")
    assert re.search(r"; its rise, 0\.0\d+ of its fall, doesn't reach MIN_RISE = 0\.25\.$", words[2])


def test_a_constant_zenith_is_said():
    assert explain(pixel_of(np.arange(40), np.full(40, 30)))[2] == (
        "All of them have the zenith 30.0°, so nothing can be fitted.")


def test_a_p_that_rounds_to_alpha_keeps_its_side():
    pixel = pixel_of(100 - np.arange(40) + 5 * np.sin(np.arange(40)), np.arange(40))
    for p in (0.049999999, 0.05, 0.0500000001):
        told = replace(pixel, fit=replace(pixel.fit, statistics={**pixel.fit.statistics, "linear_p": p}))
        sign, shown = ("<", 0.049999999) if p < 0.05 else ("≥", p)
        found = re.search(r"p = (\S+) ([<≥]) 0\.05\)", explain(told)[3])
        assert found.group(2) == sign
        assert (float(found.group(1)) < 0.05) == (shown < 0.05)


def test_rows_of_nights_are_in_order_and_say_why_a_night_is_left_out():
    pixel = pixel_of([3, np.nan, 2.5, 1], [10, 20, 61, np.nan])
    pixel = replace(pixel, dates=pixel.dates[::-1])
    rows = [dict(zip(NIGHT_COLUMNS, row)) for row in night_rows(2, pixel)]
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert [row["night"] for row in rows] == ["no value", "beyond 60 degrees", "no value", "valid"]
    assert [row["radiance"] for row in rows] == ["1", "2.5", "", "3"]
    assert {(row["pixel"], row["row"], row["column"]) for row in rows} == {("2", "1", "1")}


# Cells

@settings(max_examples=200, deadline=None)
@given(row=st.integers(0, ROWS - 1), column=st.integers(0, COLUMNS - 1), right=st.floats(0.01, 0.99),
       down=st.floats(0.01, 0.99))
def test_a_point_is_in_its_cell(row, column, right, down):
    cell = cell_at(GRID, 10 + 0.25 * (column + right), 50 - 0.25 * (row + down))
    assert (cell.row, cell.column) == (row, column)
    left, top = 10 + 0.25 * column, 50 - 0.25 * row
    assert cell.bounds == pytest.approx((left, top - 0.25, left + 0.25, top))


@pytest.mark.parametrize(("x", "y"), [(9.99, 49), (12.76, 49), (11, 50.01), (11, 47.74), (np.nan, 49), (11, np.inf)])
def test_a_point_outside_is_refused(x, y):
    with pytest.raises(InputError, match="CLASSES: the point lies outside the class raster; click inside it"):
        cell_at(GRID, x, y)


# Stacks found again

def test_a_folder_that_was_moved_is_found(run):
    (run / "maps").mkdir()
    for name in ("classes.tif", "classes.tif.nocturne.json"):
        (run / name).rename(run / "maps" / name)
    classes = run / "maps" / "classes.tif"
    stacks = {name.upper(): str(run / f"{name}.tif") for name in ("radiance", "zenith")}
    write_provenance(classes, {"CLASSES": str(classes)}, stacks)
    moved = run.parent / f"{run.name}_moved"
    run.rename(moved)
    origin = origin_of(moved / "maps")
    assert Path(origin.radiance.path) == moved / "radiance.tif"
    assert Path(origin.zenith.path) == moved / "zenith.tif"
    assert origin.changed == ()


def test_relative_paths_and_names_beside_the_raster_are_found(run):
    classes = run / "classes.tif"
    for recorded in ("{}.tif", "C:\\data\\{}.tif", "/nowhere/{}.tif"):
        inputs = {name.upper(): {"path": recorded.format(name)} for name in ("radiance", "zenith")}
        provenance_of(classes).write_text(json.dumps({"inputs": inputs}), "utf-8")
        assert Path(origin_of(run).zenith.path) == run / "zenith.tif"


def test_of_two_stacks_the_recorded_one_is_taken(run):
    copy = run / "copy"
    copy.mkdir()
    for path in [each for each in run.iterdir() if each.is_file()]:
        shutil.copy(path, copy)
    (run / "radiance.tif").write_bytes(b"another file")
    assert Path(origin_of(copy).radiance.path) == copy / "radiance.tif"


def test_a_stack_that_changed_is_named_and_the_class_that_follows_differs(run):
    with rasterio.open(run / "radiance.tif", "r+") as dataset:
        dataset.write(dataset.read()[::-1])
    origin = origin_of(run)
    assert origin.changed == ("radiance.tif",)
    pixel = read(run, 0, 0)
    assert (pixel.recorded, pixel.fit.effect) == (NEGATIVE, NONE)
    assert "the class raster says 'negative: darker when seen obliquely' (1) here" in explain(pixel)[-1]


def test_numbers_that_were_given_as_texts_are_read(run):
    document = json.loads(provenance_of(run / "classes.tif").read_text("utf-8"))
    document["parameters"].update(ALPHA="0.01", MIN_OBSERVATIONS="12", U_TEST="adjusted-r2", MIN_R2=None)
    provenance_of(run / "classes.tif").write_text(json.dumps(document), "utf-8")
    assert origin_of(run).settings == AngularEffectsSettings(alpha=0.01, min_observations=12, u_test="adjusted-r2")


def spoil(run, change):
    path = provenance_of(run / "classes.tif")
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), "utf-8")


SPOILED = {
    "no provenance": (lambda run: provenance_of(run / "classes.tif").unlink(),
                      "CLASSES: 'classes.tif' has no provenance file 'classes.tif.nocturne.json'"),
    "not JSON": (lambda run: provenance_of(run / "classes.tif").write_text("{", "utf-8"),
                 "CLASSES: the provenance file 'classes.tif.nocturne.json' can't be read"),
    "a list": (lambda run: provenance_of(run / "classes.tif").write_text("[]", "utf-8"),
               "CLASSES: 'classes.tif' was made by unknown without radiance and zenith"),
    "another algorithm": (lambda run: spoil(run, lambda document: document.update(
        algorithm="nocturne:urbancentres", inputs={"RADIANCE": {"path": "light.tif"}})),
        "CLASSES: 'classes.tif' was made by nocturne:urbancentres without radiance and zenith"),
    "no folder": (lambda run: spoil(run, lambda document: document.update(inputs={"FOLDER": {"path": "daily"}})),
                  "FOLDER: the folder 'daily' that 'classes.tif' was made from can't be found"),
    "no stack": (lambda run: (run / "zenith.tif").unlink(), "ZENITH: the stack '.*zenith.tif' that 'classes.tif' was "
                 "made from can't be found, neither there nor beside the class raster"),
    "not a number": (lambda run: spoil(run, lambda document: document["parameters"].update(ALPHA="five")),
                     "ALPHA: the provenance file holds 'five'"),
    "out of bounds": (lambda run: spoil(run, lambda document: document["parameters"].update(ALPHA=3)),
                      "ALPHA: 3 was given"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_what_is_missing_is_said_in_one_sentence(run, case):
    change, sentence = SPOILED[case]
    change(run)
    with pytest.raises(InputError, match=sentence) as found:
        origin_of(run)
    assert str(found.value).count("\n") == 0
    assert str(found.value).endswith(".")


# Rasters that don't belong together

def test_a_raster_that_holds_no_classes_is_refused(run):
    shutil.copy(run / "radiance.tif", run / "classes.tif")
    with pytest.raises(InputError, match=r"CLASSES: .* has 60 band\(s\) of float32"):
        read(run, 0, 0)


def test_a_stack_of_another_grid_is_refused(run):
    other = replace(GRID, transform=Affine(0.25, 0, 11, 0, -0.25, 50))
    for name in ("radiance.tif", "zenith.tif"):
        write_stack(run / name, np.zeros((NIGHTS, ROWS, COLUMNS), dtype=np.float32), grid=other)
    with pytest.raises(InputError, match=r"RADIANCE: its grid .* isn't that of the class raster"):
        read(run, 0, 0)


def test_stacks_of_other_nights_are_refused(run):
    days = [*DAYS[:-1], "2030-01-01"]
    write_stack(run / "zenith.tif", np.zeros((NIGHTS, ROWS, COLUMNS), dtype=np.float32), days)
    with pytest.raises(InputError, match="ZENITH: its dates aren't those of RADIANCE"):
        read(run, 0, 0)


def test_a_click_elsewhere_ends_the_read(run):
    class Stopped(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        read(run, 0, 0, Stopped())
