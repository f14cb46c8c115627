"""Location features compared: variants, folds, the report, and the whole on planted truth."""
from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import shapely
import torch
from nocturne.algorithms import scores
from nocturne.algorithms.air_quality import comparison, comparison_report
from nocturne.algorithms.air_quality.comparison import NO_LOCATION, Variant, compare_geolocation, variants_of
from nocturne.algorithms.air_quality.comparison_report import write_report
from nocturne.algorithms.air_quality.comparison_summary import conclusions, error_points, metrics, score_rows, summarise
from nocturne.algorithms.air_quality.estimator import Data, fit_estimator, fit_networks
from nocturne.algorithms.air_quality.settings import ComparisonSettings, Pm25Settings
from nocturne.algorithms.air_quality.spatial_scores import ALL_NAMES, by_distance
from nocturne.algorithms.air_quality.train_pm25 import train_pm25
from nocturne.algorithms.air_quality.windows import make_windows
from nocturne.algorithms.distances import nearest_km
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks import pm25_locations
from nocturne.tests.simulated_sites import simulated

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SETTINGS = ComparisonSettings(
    geolocations="degrees, harmonics_siren", fusions="hadamard", protocols="random_places, checkerboard, knndm",
    window=3, min_days=1, folds=2, seeds=2, epochs=2)


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


def test_curves_over_distance_are_drawn_without_and_with_residuals(compared):
    summary = summarise(compared, Progress())
    panels = comparison_report._distance_figure(compared, summary).axes
    assert [axes.get_title() for axes in panels] == ["without residuals of neighbours", "with residuals of neighbours"]
    for axes, residuals in zip(panels, ("none", "all")):
        for line, variant in zip(axes.lines, compared.variants):
            drawn = line.get_ydata()
            np.testing.assert_array_equal(drawn[np.isfinite(drawn)],
                                          [each.r2 for each in summary.curves[variant, residuals]])


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
