"""Location features compared: folds, scores, intervals, artefacts, and the whole on planted truth."""
from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms import scores
from nocturne.algorithms.air_quality import comparison, comparison_report
from nocturne.algorithms.air_quality.artefacts import energy_beyond, find_artefacts, line_energy
from nocturne.algorithms.air_quality.block_bootstrap import BlockDraws, blocks_of, joint_level
from nocturne.algorithms.air_quality.comparison import NO_LOCATION, Variant, compare_geolocation, variants_of
from nocturne.algorithms.air_quality.comparison_report import write_report
from nocturne.algorithms.air_quality.comparison_summary import conclusions, error_points, metrics, score_rows, summarise
from nocturne.algorithms.air_quality.estimator import Data, fit_estimator, fit_networks
from nocturne.algorithms.air_quality.knndm import hull_grid, knndm, match_distances, read_map
from nocturne.algorithms.air_quality.settings import ComparisonSettings, Pm25Settings
from nocturne.algorithms.air_quality.site_days import SiteDays
from nocturne.algorithms.air_quality.spatial_scores import ALL_NAMES, all_scores, by_distance
from nocturne.algorithms.air_quality.train_pm25 import train_pm25
from nocturne.algorithms.air_quality.windows import make_windows
from nocturne.algorithms.distances import nearest_km
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks import pm25_locations
from scipy.stats import wasserstein_distance

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SETTINGS = ComparisonSettings(
    geolocations="degrees, harmonics_siren", fusions="hadamard", protocols="random_places, checkerboard, knndm",
    window=3, min_days=1, folds=2, seeds=2, epochs=2)


def simulated(sites=40, days=5, of_place=0.0):
    """of_place: by how much PM2.5 grows per degree of longitude."""
    generator = np.random.default_rng(3)
    site, day = np.repeat(np.arange(sites, dtype=np.int32), days), np.tile(np.arange(days, dtype=np.int32), sites)
    longitude, latitude = generator.uniform(-105, -85, sites), generator.uniform(30, 45, sites)
    values = generator.normal(size=(len(site), 3)).astype(np.float32)
    target = 12 + 2 * values[:, 0] + of_place * (longitude[site] + 95) + generator.normal(size=len(site))
    target[7] = 60
    return SiteDays(site, day + 734_000, longitude, latitude, values, target.astype(np.float32), ("a", "b", "c"),
                    tuple(map(str, range(sites))))


@pytest.fixture(scope="module")
def compared():
    return compare_geolocation(simulated(), SETTINGS, "", None, Resources(threads=1), Progress())


def test_every_variant_is_judged_on_the_same_folds(compared):
    assert compared.variants == [NO_LOCATION, Variant("constant", "hadamard"), Variant("degrees"),
                                 Variant("harmonics_siren", "hadamard")]
    assert compared.residual_kinds == ["none", "all", "beyond_100_km"]
    tested = {}
    for each in compared.judged:
        tested.setdefault((each.variant, each.residuals), []).append((each.seed, each.fold, each.windows.tolist()))
        assert np.isfinite(each.estimate).all()
        assert (each.estimate >= 0).all()
    assert len(tested) == 12
    assert len({str(each) for each in tested.values()}) == 1
    assert len(next(iter(tested.values()))) == 2 * (2 + 8 + 2)


def test_distances_are_those_to_the_nearest_training_place(compared):
    for each in compared.judged[::12]:
        fold = next(fold for fold in each.layout.folds if fold.name == each.fold)
        days = compared.data.site_days
        train, test = (days.site[rows] for rows in (fold.train, fold.test))
        expected = nearest_km(days.longitude[test], days.latitude[test], days.longitude[train], days.latitude[train])
        np.testing.assert_allclose(each.distance_km, expected)
        assert (each.distance_km > 0).all()


def test_donors_near_a_test_place_are_left_out(compared):
    data = dataclasses.replace(compared.data, places=None)
    wanted = Pm25Settings(window=3, min_days=1, geolocation="none", members=1, epochs=1)
    model = fit_networks(data, np.arange(100), wanted, CPU, Progress())
    donors = dataclasses.replace(model.residuals or comparison_residuals(data))
    model = dataclasses.replace(model, residuals=donors)
    kinds = dict(comparison._with_and_without(model, data, np.arange(100, 200)))
    assert kinds["none"].residuals is None
    assert len(kinds["all"].residuals.donors.value) == len(donors.donors.value)
    far = kinds["beyond_100_km"].residuals.donors
    longitude, latitude, _ = data.where(np.arange(100, 200))
    assert 0 < len(far.value) < len(donors.donors.value)
    assert nearest_km(far.longitude, far.latitude, longitude, latitude).min() >= 100


def comparison_residuals(data):
    from nocturne.algorithms.air_quality.estimator import Residuals
    from nocturne.algorithms.air_quality.neighbours import Donors

    return Residuals(Donors(*data.where(np.arange(100)), np.ones(100)), 100.0, 0.1)


def test_scores_pool_what_was_judged(compared):
    summary = summarise(compared, Progress())
    board = [each for each in compared.judged if each.layout.protocol == "checkerboard" and each.seed == 1
             and each.variant == NO_LOCATION and each.residuals == "none"]
    windows = np.concatenate([each.windows for each in board])
    assert np.bincount(windows).tolist() == [4] * len(compared.data.windows.target)
    overall = summary.overall["checkerboard", NO_LOCATION, "none"]
    assert overall.r2.value == pytest.approx(np.mean(overall.seeds))
    assert overall.r2.value == pytest.approx(np.mean(list(overall.layouts.values())))
    assert overall.seeds[0] == pytest.approx(
        scores.r2(compared.data.target[windows], np.concatenate([each.estimate for each in board])))
    rows = list(score_rows(compared))
    assert len(rows) == 12 * 2 * (2 + 8 + 2 + 6)
    assert {len(row) for row in rows} == {9 + len(ALL_NAMES)}


def test_errors_of_sites_are_means_over_folds_and_seeds(compared):
    rows = {tuple(row[:5]): (row, point) for row, point in error_points(compared)}
    assert len(rows) == 40 * 3 * 12
    parts = [each for each in compared.judged if (each.layout.protocol, each.variant, each.residuals)
             == ("random_places", Variant("degrees"), "all")]
    error = np.concatenate([(each.estimate - compared.data.target[each.windows])[compared.data.site[each.windows] == 7]
                            for each in parts])
    row, point = rows["7", "random_places", "degrees", "", "all"]
    assert row[5] == 5
    assert row[6:8] == pytest.approx([error.mean(), np.sqrt((error**2).mean())])
    site_days = compared.data.site_days
    assert shapely.from_wkb(point) == shapely.Point(site_days.longitude[7], site_days.latitude[7])


def test_the_report_ends_with_what_is_real(compared, tmp_path):
    summary = summarise(compared, Progress())
    write_report(str(tmp_path / "report.html"), compared, summary)
    text = (tmp_path / "report.html").read_text()
    sentences = conclusions(compared, summary)
    assert all(f"{protocol}: " in " ".join(sentences) for protocol in compared.protocols)
    assert text.index("Which differences are real") > text.index("Artefacts of the encoders")
    assert text.count("<img") == 1 + 1 + 3 + 1 + 1
    found = metrics(compared, summary)
    assert len(found["differences"]) == 3 * (2 * 4 + 1)
    assert found["conclusions"] == sentences


def test_nothing_is_concluded_about_locations_where_none_was_compared():
    alone = dataclasses.replace(SETTINGS, geolocations="none", protocols="random_places", seeds=1)
    found = compare_geolocation(simulated(), alone, "", None, Resources(threads=1), Progress())
    assert not any("location feature" in sentence for sentence in conclusions(found, summarise(found, Progress())))


def test_the_control_is_the_same_network_and_knows_nothing_of_the_place():
    days = simulated()
    plan = comparison.make_plan(days, SETTINGS, "", None, Resources(threads=1), Progress())
    control, located = Variant("constant", "hadamard"), Variant("harmonics_siren", "hadamard")
    assert located.control == control
    train = np.arange(100)
    modules = [comparison._fit(plan.data[each], train, SETTINGS, each, 1, CPU, Progress()).members.networks[0].module
               for each in (control, located)]
    assert modules[0].head[0].weight.shape == modules[1].network.head[0].weight.shape
    model = comparison._fit(plan.data[control], train, SETTINGS, control, 1, CPU, Progress())
    moved = dataclasses.replace(plan.data[control], site_days=dataclasses.replace(days, longitude=-days.longitude))
    for data in (plan.data[control], moved):
        assert (data.places == 0).all()
    np.testing.assert_array_equal(*(model.members.estimate(data, train, CPU, Progress())[0]
                                    for data in (plan.data[control], moved)))


def test_a_location_that_says_much_is_found_to_be_better():
    wanted = dataclasses.replace(SETTINGS, geolocations="degrees", protocols="random_places", epochs=25,
                                 residuals=False)
    found = compare_geolocation(simulated(of_place=1.0), wanted, "", None, Resources(threads=1), Progress())
    summary = summarise(found, Progress())
    assert [each.is_real for each in summary.differences] == [True]
    assert summary.differences[0].r2.low > 0.2
    assert conclusions(found, summary)[0].startswith("random_places: degrees raises R2 by ")


def test_a_city_has_too_few_blocks_to_tell_differences_from_chance(tmp_path):
    days = simulated(of_place=1.0)
    city = dataclasses.replace(days, longitude=116 + (days.longitude + 105) / 20,
                               latitude=40 + (days.latitude - 30) / 15)
    wanted = dataclasses.replace(SETTINGS, geolocations="degrees", protocols="random_places", residuals=False)
    found = compare_geolocation(city, wanted, "", None, Resources(threads=1), Progress())
    summary = summarise(found, Progress())
    assert summary.blocks == {"random_places": 1}
    assert np.isfinite([each.r2.value for each in summary.differences]).all()
    assert np.isnan([(each.r2.low, each.r2.high) for each in [*summary.differences, *summary.overall.values()]]).all()
    assert not any(each.is_real for each in summary.differences)
    sentences = conclusions(found, summary)
    assert sentences == ["random_places: too few blocks of 2 degrees to tell differences from chance: 1."]
    assert metrics(found, summary)["differences"][0]["low"] is None
    write_report(str(tmp_path / "report.html"), found, summary)
    text = (tmp_path / "report.html").read_text()
    assert sentences[0] in text
    assert "no interval" in text
    assert "nan" not in re.sub("base64,[^\"]*", "", text)


def test_the_same_seed_gives_the_same_comparison():
    wanted = dataclasses.replace(SETTINGS, protocols="random_places", seeds=1)
    runs = [compare_geolocation(simulated(), wanted, "", None, Resources(threads=1), Progress()) for _ in range(2)]
    for one, other in zip(*(run.judged for run in runs)):
        np.testing.assert_array_equal(one.estimate, other.estimate)
    for one, other in zip(*(run.artefacts.values() for run in runs)):
        np.testing.assert_array_equal(one.effect, other.effect)


def test_variants_have_a_fusion_where_features_are_joined():
    wanted = ComparisonSettings(geolocations="geoclip;none,cyclic,geoclip_full")
    assert [each.label for each in variants_of(wanted)] == [
        "none", "constant, hadamard", "constant, concatenate", "geoclip, hadamard", "geoclip, concatenate", "cyclic",
        "geoclip_full, hadamard", "geoclip_full, concatenate"]
    assert wanted.of_model("geoclip_full", "hadamard", 2).components == 0
    assert wanted.of_model("geoclip", "hadamard", 2).components == 16
    published = dataclasses.replace(wanted, configuration="published")
    assert published.of_model("geoclip", "hadamard", 2).components == 0
    names = [variant.geolocation for variant in comparison.variants_of(
        dataclasses.replace(published, geolocations="geoclip, geoclip_full", fusions="hadamard"))]
    assert names == ["none", "constant", "geoclip"], "both are the same model"


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"geolocations": "geohash"}, "GEOLOCATIONS: 'geohash' was given; choose from none, "),
    ({"fusions": ""}, "FUSIONS: nothing was given; choose from hadamard, concatenate."),
    ({"protocols": "checkerboards"}, "PROTOCOLS: 'checkerboards' was given"),
    ({"min_days": 4}, "MIN_DAYS: 4 days don't fit into a window of 3"),
])
def test_settings_that_mean_nothing_are_named(changes, sentence):
    with pytest.raises(InputError) as error:
        dataclasses.replace(SETTINGS, **changes)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(("sites", "changes", "sentence"), [
    (40, {"cell_degrees": 60.0}, "CELL_DEGREES: with 60 degrees one colour has no measured place"),
    (40, {"buffer_km": 5000.0}, "BUFFER_KM: within 5000 km of the test places lie all the others"),
    (8, {}, "INPUT: the target was measured at 8 places"),
    (12, {"folds": 20, "protocols": "knndm"}, "FOLDS: 20 folds were asked for, there are 12 places"),
    (40, {"geolocations": "satclip"}, "CHECKPOINT: SatCLIP's weights aren't part of the plugin"),
])
def test_what_cannot_be_compared_is_said_before_anything_is_trained(monkeypatch, sites, changes, sentence):
    monkeypatch.setattr(comparison, "fit_networks", lambda *_: pytest.fail("trained"))
    with pytest.raises(InputError) as error:
        compare_geolocation(simulated(sites), dataclasses.replace(SETTINGS, **changes), "", None,
                            Resources(threads=1), Progress())
    assert str(error.value).startswith(sentence)


def test_a_target_that_never_changes_is_refused():
    site_days = simulated()
    constant = dataclasses.replace(site_days, target=np.full_like(site_days.target, 7))
    for run in (lambda: compare_geolocation(constant, SETTINGS, "", None, Resources(threads=1), Progress()),
                lambda: train_pm25(constant, Pm25Settings(window=3, min_days=1), "", Resources(threads=1), Progress())):
        with pytest.raises(InputError, match=r"^TARGET_FIELD: it is 7 in all 200 site-days"):
            run()


def test_a_checkpoint_without_satclip_is_refused():
    with pytest.raises(InputError, match=r"^CHECKPOINT: SatCLIP isn't among the locations"):
        compare_geolocation(simulated(), SETTINGS, "weights.ckpt", None, Resources(threads=1), Progress())


def test_places_of_a_map_without_knndm_are_refused():
    wanted = dataclasses.replace(SETTINGS, protocols="random_places")
    with pytest.raises(InputError, match=r"^PREDICTION: knndm, which alone looks at it"):
        compare_geolocation(simulated(), wanted, "", np.zeros((3, 2)), Resources(threads=1), Progress())


def test_the_evidence_resumes_by_model(tmp_path):
    wanted = dataclasses.replace(SETTINGS, protocols="random_places", seeds=1)
    plan = comparison.make_plan(simulated(), wanted, "", None, Resources(threads=1), Progress())
    results = tmp_path / "results.jsonl"
    first = pm25_locations.judge_all(plan, plan.jobs(), results, CPU)
    lines = results.read_text().splitlines()
    assert len(lines) == 2 * 4
    results.write_text("".join(f"{line}\n" for line in lines[:4]))
    again = pm25_locations.judge_all(plan, plan.jobs(), results, CPU)
    assert len(results.read_text().splitlines()) == 2 * 4
    for one, other in zip(first, again):
        assert (one.variant, one.fold, one.residuals) == (other.variant, other.fold, other.residuals)
        np.testing.assert_array_equal(one.estimate, other.estimate)
    found = plan.compared(again, {})
    assert "| degrees | random_places | all | " in pm25_locations.table(found, summarise(found, Progress()))


def test_networks_alone_are_those_of_the_estimator():
    data = Data(simulated(), make_windows(simulated(), np.arange(200), 3, 1), None)
    wanted = Pm25Settings(window=3, min_days=1, geolocation="none", members=1, epochs=1, boosting=False, ridge=False)
    train, test = np.arange(100), np.arange(100, 200)
    one, other = (fit(data, train, wanted, CPU, Progress()) for fit in (fit_networks, fit_estimator))
    np.testing.assert_allclose(one.estimate(data, test, CPU, Progress()).value,
                               other.estimate(data, test, CPU, Progress()).value)


@settings(deadline=None, max_examples=15)
@given(st.integers(20, 60), st.integers(2, 5), st.integers(0, 5))
def test_knndm_deals_every_place_to_one_fold_that_is_not_too_large(count, folds, seed):
    generator = np.random.default_rng(seed)
    places = generator.uniform((-100, 30), (-80, 45), (count, 2))
    found = match_distances(places, hull_grid(places), folds, seed)
    sizes = np.bincount(found.fold, minlength=folds)
    assert sizes.min() > 0
    assert sizes.max() <= max(count / 2, count / folds + 1)
    assert found.gap_km == pytest.approx(wasserstein_distance(found.map_km, found.test_km))


def test_knndm_matches_clustered_monitors_better_than_places_at_random():
    """Monitors stand in six towns. A map of places far from them needs towns as folds, a map of the towns doesn't."""
    generator = np.random.default_rng(1)
    towns = np.array([[-120, 35], [-112, 45], [-104, 33], [-96, 44], [-88, 34], [-80, 42]], float)
    places = (towns[:, None] + generator.normal(0, 0.1, (6, 15, 2))).reshape(-1, 2)
    found = match_distances(places, towns + np.array([0, 30]), 3, 1)
    assert all(len(set(found.fold[15 * town:15 * town + 15])) == 1 for town in range(6))
    assert np.median(found.test_km) > 300
    assert np.median(match_distances(places, places + 0.01, 3, 1).test_km) < 20
    between = match_distances(places, hull_grid(places), 3, 1)
    assert between.gap_km < abs(between.map_km.mean() - 5)  # what folds of single places would leave


def across_180(days, by):
    """The same places, moved east by so many degrees."""
    return dataclasses.replace(days, longitude=(days.longitude + by + 180) % 360 - 180)


def test_a_region_across_180_degrees_has_the_map_of_any_other():
    days = simulated()
    moved = across_180(days, 275)  # 170 to -170
    assert moved.longitude.min() < -175
    grids = [hull_grid(np.column_stack((each.longitude, each.latitude))) for each in (days, moved)]
    np.testing.assert_allclose(grids[1], grids[0] + (275, 0))
    (_, found), (_, again) = (knndm(each, 3, None, 1) for each in (days, moved))
    assert again.gap_km == pytest.approx(found.gap_km)


def test_knndm_keeps_places_whole():
    days = simulated()
    folds, matched = knndm(days, 3, None, 1)
    assert len(matched.fold) == 40
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), days.measured)
    for fold in folds:
        assert not set(days.place()[fold.train]) & set(days.place()[fold.test])


def test_scores_per_day_and_site_are_medians_of_their_own():
    generator = np.random.default_rng(2)
    day, site = np.repeat(np.arange(7, dtype=np.int32), 9), np.tile(np.arange(9, dtype=np.int32), 7)
    truth, estimate = generator.uniform(0, 60, 63), generator.uniform(0, 60, 63)
    found = all_scores(truth, estimate, day, site)
    assert tuple(found) == ALL_NAMES
    for name in ("r2", "rmse", "mae", "mbe"):
        score = getattr(scores, name)
        high = truth >= 35
        assert found[name] == pytest.approx(score(truth, estimate))
        assert found[f"high_{name}"] == pytest.approx(score(truth[high], estimate[high]))
        assert found[f"day_{name}"] == pytest.approx(
            np.median([score(truth[day == each], estimate[day == each]) for each in range(7)]))
        assert found[f"site_{name}"] == pytest.approx(
            np.median([score(truth[site == each], estimate[site == each]) for each in range(9)]))


def test_curves_over_distance_are_drawn_without_and_with_residuals(compared):
    summary = summarise(compared, Progress())
    panels = comparison_report._distance_figure(compared, summary).axes
    assert [axes.get_title() for axes in panels] == ["without residuals of neighbours", "with residuals of neighbours"]
    for axes, residuals in zip(panels, ("none", "all")):
        for line, variant in zip(axes.lines, compared.variants):
            drawn = line.get_ydata()
            np.testing.assert_array_equal(drawn[np.isfinite(drawn)],
                                          [each.r2 for each in summary.curves[variant, residuals]])


def test_few_cases_have_no_scores_of_their_own():
    found = all_scores(np.arange(4.0), np.arange(4.0), np.zeros(4, np.int32), np.arange(4, dtype=np.int32))
    assert found["r2"] == 1
    assert np.isnan([found[name] for name in ("day_r2", "site_rmse", "high_mae")]).all()


def test_a_map_has_its_points_and_the_centres_of_its_polygons():
    shapes = (shapely.Point(-100, 35), shapely.box(-92, 38, -88, 42))
    table = FeatureTable("PREDICTION", {}, {}, tuple(map(shapely.to_wkb, shapes)), "EPSG:4326")
    np.testing.assert_allclose(read_map(table), [[-100, 35], [-90, 40]], atol=1e-9)
    assert read_map(None) is None


def test_the_curve_over_distance_has_the_scores_of_its_bins():
    truth, estimate = np.arange(30.0), np.arange(30.0) + np.repeat([0, 5], 15)
    near, far = by_distance(truth, estimate, np.repeat([5.0, 500.0], 15), np.arange(30))
    assert (near.low_km, near.high_km, near.windows, near.r2, near.rmse) == (0, 10, 15, 1, 0)
    assert (far.low_km, far.windows, far.rmse) == (400, 15, 5)
    assert far.r2 == pytest.approx(scores.r2(truth[15:], estimate[15:]))


def test_windows_of_a_curve_count_once_however_often_they_are_tested(compared):
    truth, away = np.arange(24.0), np.repeat([5.0, 500.0, 5.0], (12, 6, 6))
    window = np.r_[np.tile(np.arange(6), 2), np.tile([0, 1, 6], 2), 0:6]
    [near] = by_distance(truth, truth + 1, away, window)
    assert (near.windows, near.rmse) == (6, 1)
    count = len(compared.data.windows.target)
    apart = [each for each in compared.judged if each.layout.protocol != "random_rows"]
    for (variant, residuals), curve in summarise(compared, Progress()).curves.items():
        mine = [each for each in apart if (each.variant, each.residuals) == (variant, residuals)]
        window, away = (np.concatenate([getattr(each, name) for each in mine]) for name in ("windows", "distance_km"))
        assert [each.windows for each in curve] == [
            len(set(window[(away >= each.low_km) & (away < each.high_km)])) for each in curve]
        assert all(5 <= each.windows <= count for each in curve)


def test_intervals_of_differences_hold_as_often_as_they_say():
    """Two models with equal errors but for chance, which blocks share: 95 % of the intervals hold 0."""
    held = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        block = np.repeat(np.arange(40), 10)
        truth = generator.normal(0, 3, 400)
        errors = np.array([(generator.normal(size=40)[block] + generator.normal(size=400)) ** 2 for _ in range(2)])
        held += not BlockDraws(truth, errors, block, 1).difference(0, 1).excludes_zero
    assert 53 <= held <= 60


def test_a_difference_that_every_block_has_is_found():
    generator = np.random.default_rng(1)
    truth, block = generator.normal(size=300), np.repeat(np.arange(30), 10)
    errors = np.array([np.full(300, 0.2), np.full(300, 0.3)])
    found = BlockDraws(truth, errors, block, 1)
    assert found.difference(0, 1).value == pytest.approx(0.1 / truth.var())
    assert found.difference(0, 1, joint_level(range(20))).low > 0
    assert found.r2(0).value == pytest.approx(1 - 0.2 / truth.var())


@pytest.mark.parametrize(("blocks", "told"), [(9, False), (10, True)])
def test_fewer_than_ten_blocks_give_no_interval(blocks, told):
    block = np.repeat(np.arange(blocks), 10)
    truth = np.random.default_rng(1).normal(size=len(block))
    found = BlockDraws(truth, np.array([np.full(len(block), 0.2), np.full(len(block), 0.3)]), block, 1)
    assert found.difference(0, 1).value == pytest.approx(0.1 / truth.var())
    for each in (found.r2(0), found.difference(0, 1)):
        assert np.isfinite((each.low, each.high)).tolist() == [told, told]
        assert (each.in_words() == "no interval") != told
    assert found.difference(0, 1).excludes_zero == told


def test_blocks_are_cells_of_two_degrees():
    assert blocks_of(np.array([-0.5, 0.5, 1.9, 2.1]), np.zeros(4)).tolist() == [0, 1, 1, 2]


GRID = np.mgrid[0:70, 0:160].astype(float)
STEPS = 0.37, 0.29


def smooth(seed):
    """A random field with the same waves in all directions."""
    shape = 280, 640
    frequency = np.hypot.outer(np.fft.fftfreq(shape[0], STEPS[0]), np.fft.fftfreq(shape[1], STEPS[1]))
    waves = np.fft.fft2(np.random.default_rng(seed).normal(size=shape)) / (1 + (frequency / 0.05) ** 3)
    field = np.fft.ifft2(waves).real[:70, :160]
    return field / field.std()


def test_lines_are_found_in_stripes_and_not_in_random_fields():
    for seed in range(10):
        along, strongest, _ = line_energy(smooth(seed), STEPS)
        assert max(along, strongest) < 4
    y, x = GRID * np.array(STEPS)[:, None, None]
    along, strongest, direction = line_energy(smooth(1) + 0.3 * np.sin(2 * np.pi * x / 2), STEPS)
    assert along == strongest > 4
    assert direction == 0
    along, strongest, direction = line_energy(smooth(1) + 0.3 * np.sin(2 * np.pi * (x + y) / 2.8), STEPS)
    assert along < 3
    assert strongest > 4
    assert direction in (40, 50)


def test_energy_beyond_a_frequency_is_that_of_fast_waves():
    _, x = GRID * np.array(STEPS)[:, None, None]
    slow, fast = np.sin(2 * np.pi * x / 10), np.sin(2 * np.pi * x / 1)
    assert energy_beyond(slow + fast, STEPS, 0.5) == pytest.approx(0.5, abs=0.05)
    assert energy_beyond(slow, STEPS, 0.5) < 1e-4
    assert energy_beyond(np.ones_like(x), STEPS, 0.5) == 0


class PlantedMembers:
    """Stands in for networks: estimates a function of the place's features."""

    location = None

    def __init__(self, function):
        self.function = function

    def estimate(self, data, windows, device, progress):
        return self.function(*data.places[windows].T)[None].astype(float), None


@pytest.mark.parametrize(("function", "words"), [
    (lambda x, y: 0.2 * x + 0.1 * y, ["it jumps by 72.00 ug/m3"]),
    (lambda x, y: 5 * np.cos(np.radians(x)), []),
    (lambda x, y: 5 * np.cos(np.radians(x)) + np.sign(np.sin(6 * y)), ["% of its energy is in waves", "lines along"]),
])
def test_planted_artefacts_are_found(function, words):
    days = simulated()
    data = Data(days, make_windows(days, np.arange(200), 3, 1), np.column_stack((days.longitude, days.latitude)))
    model = dataclasses.make_dataclass("Model", ["members", "settings"])(
        PlantedMembers(function), Pm25Settings(geolocation="degrees"))
    found = find_artefacts(model, data, lambda x, y: np.column_stack((x, y)), CPU, Progress())
    assert found.effect.shape == (len(found.latitude), len(found.longitude))
    assert found.effect.mean() == pytest.approx(0, abs=1e-9)
    sayings = found.found("degrees")
    assert len(sayings) == len(words), sayings
    assert all(word in saying for word, saying in zip(words, sayings))
