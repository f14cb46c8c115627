"""Trees that tell CBDs from other centres: labels, training, accuracies, the model's file and its decisions."""
from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from nocturne.algorithms.cbd import settings as cbd_settings
from nocturne.algorithms.cbd.accuracy import (
    floors,
    frontier,
    leave_cities_out,
    one_per_city,
    random_splits,
    score,
    splits,
)
from nocturne.algorithms.cbd.c50.model import train
from nocturne.algorithms.cbd.c50.paths import paths
from nocturne.algorithms.cbd.cbd_model import read_cbd_model, save_cbd_model
from nocturne.algorithms.cbd.classification import classify
from nocturne.algorithms.cbd.deciders import read_decider
from nocturne.algorithms.cbd.index_names import STRATEGIES
from nocturne.algorithms.cbd.labels import Labels, labels_of_field, labels_of_reference, read_labels
from nocturne.algorithms.cbd.settings import TrainCbdTreeSettings
from nocturne.algorithms.cbd.train_cbd import train_cbd
from nocturne.algorithms.cbd.training import choose_cost, decide, fields_of, grow, types_of_centres
from nocturne.algorithms.cbd.training_centres import read_training_centres
from nocturne.algorithms.cbd.training_report import metrics, write_report
from nocturne.algorithms.cbd.within_city import within_city
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.tests.cbd_centres import CENTRES, CITIES, centres
from shapely import to_wkb
from shapely.geometry import box

QUICK = TrainCbdTreeSettings(repeats=3, trials=5)


def training(table=None, attributes=(), type_field=""):
    table = table or centres()
    return read_training_centres(table, labels_of_field(table, "label"), "city", type_field, "within_city", attributes)


def trained(settings=QUICK, table=None, **more):
    table = table or centres()
    return train_cbd(table, labels_of_field(table, "label"), "city", "", more.get("attributes", ()), settings, "mine",
                     more.get("progress", Progress()))


def references(*boxes):
    return FeatureTable("REFERENCE", {}, {}, tuple(to_wkb(box(*each)) for each in boxes), "EPSG:32651", 3)


class Listening(Progress):
    def __init__(self):
        self.warnings = []

    def warning(self, text):
        self.warnings.append(text)


def test_strategies_are_the_same_in_settings_and_names():
    assert tuple(STRATEGIES) == cbd_settings.STRATEGIES


@pytest.mark.parametrize(("given", "expected"), [
    (["1", "0"], [True, False]), (["TRUE", "false"], [True, False]), (["CBD", "non-CBD"], [True, False]),
    (["yes", "No"], [True, False]), (["1.0", "0.0"], [True, False])])
def test_labels_are_read_as_people_write_them(given, expected):
    table = FeatureTable("INPUT", {"label": np.array(given, dtype=object)}, {"label": "text"})
    assert labels_of_field(table, "label").cbd.tolist() == expected


@pytest.mark.parametrize(("given", "found"), [(["1", "2"], "'2'"), (["1", None], "an empty row")])
def test_a_field_that_is_not_binary_is_refused(given, found):
    table = FeatureTable("INPUT", {"label": np.array(given, dtype=object)}, {"label": "text"})
    with pytest.raises(InputError, match=f"the field 'label' has {found}"):
        labels_of_field(table, "label")


def test_labels_by_outlines_need_a_part_of_the_smaller_area():
    table = centres(cities=2)
    reference = references((0, 0, 450, 900), (0, 1000, 200, 1900), (10_000, 3000, 12_000, 6900), (9e5, 0, 9.1e5, 100))
    found = labels_of_reference(table, reference, 0.3)
    assert np.flatnonzero(found.cbd).tolist() == [0, 1, CENTRES + 3, CENTRES + 4, CENTRES + 5]
    assert found.known == 4
    assert "Reference CBD 4 has no centre" in found.remarks[0]
    assert "Reference CBD 3 has several centres" in found.remarks[1]
    assert labels_of_reference(table, references((0, 0, 200, 2000)), 0.3).cbd.sum() == 2
    assert labels_of_reference(table, references((0, 0, 250, 9000)), 0.3).cbd.sum() == 0


def test_a_cbd_with_several_centres_is_found_once():
    """Outline 1 has two centres, outline 2 is covered by none with negative pixels, two outlines share a centre."""
    table = centres(cities=2)
    labels = labels_of_reference(table, references(
        (0, 0, 900, 1900), (0, 5000, 900, 5900), (10_000, 0, 10_450, 900), (10_450, 0, 10_900, 900)), 0.3)
    known = read_training_centres(table, labels, "city", "", "zscore", ())
    assert np.flatnonzero(known.cbd).tolist() == [0, 1, CENTRES - 1]
    found = score(known.cbd, known)
    assert (found.hits, found.labelled, found.found, found.known) == (3, 3, 3, 4)
    first = np.arange(len(known)) == 0
    assert score(first, known).found == 1
    assert score(first, known, known.city == 1).known == 2


def test_outlines_in_other_coordinates_are_brought_over():
    table = centres(cities=1)
    reference = FeatureTable("REFERENCE", {}, {}, references((0, 0, 900, 900)).wkb, "EPSG:32652", 3)
    with pytest.raises(InputError, match="none of its 1 outlines overlaps a centre"):
        labels_of_reference(table, reference, 0.3)


def test_labels_come_from_one_place():
    with pytest.raises(InputError, match="it is empty, and REFERENCE too"):
        read_labels(centres(), "", None, 0.3)
    with pytest.raises(InputError, match="it is given, and REFERENCE too"):
        read_labels(centres(), "label", references((0, 0, 1, 1)), 0.3)


def test_place_and_share_within_the_city():
    found = within_city([4, 8, 8, 2, 5], [0, 0, 0, 1, 1])
    assert found["Count_A_rank"].tolist() == [3, 1, 1, 2, 1]
    assert found["Count_A_share"].tolist() == [0.5, 1, 1, 0.4, 1]


def test_only_centres_with_negative_pixels_train():
    known = training()
    assert len(known) == CITIES * (CENTRES - 1)
    assert known.columns["Count_A"].min() > 0
    assert known.known == CITIES


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_every_strategy_learns_what_is_plain(strategy):
    settings = replace(QUICK, strategy=strategy, cost=1)
    known = training()
    fields = fields_of(settings, ())
    trees = grow(known, np.ones(len(known), bool), fields, settings, 1.0)
    cbd, probability = decide(trees, known, np.ones(len(known), bool), fields, 1.0)
    assert (cbd == known.cbd).all()
    assert (probability[known.cbd] > 0.5).all()
    calls = leave_cities_out(known, fields, settings, Progress())
    assert score(calls.cbd, known).producers > 0.9
    assert (trees.types is not None) == STRATEGIES[strategy][1]


def test_no_city_sees_its_own_labels():
    """Other labels and values of a city change nothing in the trees that judge it."""
    table = centres(cities=7, noise=0.1)
    settings = replace(QUICK, strategy="types_zscore", trials=1)
    fields = fields_of(settings, ())
    own = np.array(table.columns["city"]) == "city 3"

    def judged(labels):
        changed = replace(table, columns={**table.columns, "label": labels})
        known = training(changed)
        calls = leave_cities_out(known, fields, settings, Progress())
        return calls.cbd[known.city == 3], calls.probability[known.city == 3], calls.cost[known.city == 3]

    before = judged(table.columns["label"])
    after = judged(np.where(own, 1 - table.columns["label"], table.columns["label"]))
    for first, second in zip(before, after):
        np.testing.assert_array_equal(first, second)


def test_cost_is_given_or_one_of_those_to_choose_from():
    known = training(centres(noise=0.15))
    fields = fields_of(QUICK, ())
    every = np.ones(len(known), bool)
    assert choose_cost(known, every, fields, replace(QUICK, cost=7), Progress()) == 7
    chosen = choose_cost(known, every, fields, QUICK, Progress())
    scores = frontier(known, fields, QUICK, Progress())
    assert chosen in scores
    assert scores[20.0].called >= scores[1.0].called


def test_forced_centres_give_every_city_one():
    known = training(centres(noise=0.2))
    calls = leave_cities_out(known, fields_of(QUICK, ()), replace(QUICK, cost=1), Progress())
    with_forced = one_per_city(calls, known)
    assert (with_forced | ~calls.cbd).all()
    assert all(with_forced[known.city == city].any() for city in known.cities)


def test_floors_take_one_centre_of_each_city():
    known = training()
    found = floors(known)
    assert len(found) == 3
    assert all(called.sum() == CITIES for called in found.values())
    assert score(found["most negative pixels of the city"], known).producers == 1


def test_random_splits_repeat_the_protocol():
    known = training()
    found = random_splits(known, (), replace(QUICK, repeats=4), Progress())
    assert set(found) == set(STRATEGIES)
    assert all(values.shape == (4, 4) for values in found.values())
    assert np.nanmedian(found["plain"][:, 0]) == 1
    again = random_splits(known, (), replace(QUICK, repeats=4), Progress())
    np.testing.assert_array_equal(found["zscore"], again["zscore"])


def test_a_score_is_counted_by_hand():
    known = training()
    called = np.zeros(len(known), bool)
    called[np.flatnonzero(known.cbd)[:9]] = True
    called[np.flatnonzero(~known.cbd)[:3]] = True
    found = score(called, replace(known, known=CITIES + 3))
    assert (found.hits, found.labelled, found.called, found.known) == (9, 12, 12, 15)
    assert (found.found, found.producers, found.users, found.end_to_end) == (9, 0.75, 0.75, 0.6)
    assert found.intervals()[0] == pytest.approx((0.4677, 0.9111), abs=1e-4)  # Wilson (1927), 9 of 12


def test_the_model_survives_its_file(tmp_path):
    result = trained(replace(QUICK, strategy="types"), attributes=("places", "kind"))
    path = tmp_path / "mine.json"
    save_cbd_model(str(path), result.model)
    again = read_decider(str(path))
    table = centres(seed=5)
    first, second = (classify(table, model, "city")[0] for model in (result.model, again))
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
    content = json.loads(path.read_text("utf-8"))
    assert content["fields"]["Mean"]["unit"] == "nW/cm2/sr"
    assert content["fields"]["kind"] == {"unit": "category"}
    assert content["metrics"]["producers_accuracy"] > 0.9
    assert "city_types" in content


def test_a_model_that_was_changed_by_hand_is_refused(tmp_path):
    path = tmp_path / "mine.json"
    save_cbd_model(str(path), trained().model)
    content = json.loads(path.read_text("utf-8"))
    content["cost_of_a_missed_cbd"] = 99
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError, match="was changed after it was written"):
        read_cbd_model(str(path))


def test_decisions_say_why_and_how_sure(tmp_path):
    model = trained(replace(QUICK, strategy="plain")).model
    columns, kinds = classify(centres(seed=9), model, "city")
    place = np.tile(np.arange(CENTRES), CITIES)
    assert (columns["cbd"] == (place == 0)).all()
    assert columns["rule"][0].startswith("Count_A > ")
    assert columns["rule"][CENTRES - 1] == "it has no negative pixel"
    assert np.isnan(columns["cbd_probability"][CENTRES - 1])
    assert columns["cbd_probability"][0] > 0.9
    assert kinds["city_type"] == "text"


def test_values_that_training_never_had_are_named():
    table, progress = centres(), Listening()
    columns = {**table.columns, "Count_A": table.columns["Count_A"] * 10}
    classify(replace(table, columns=columns), trained().model, "city", progress=progress)
    assert any("'Count_A' of" in text and "lies outside" in text for text in progress.warnings)


def test_a_layer_without_a_field_of_the_model_is_refused():
    model = trained(attributes=("places",)).model
    table = centres()
    without = replace(table, columns={name: values for name, values in table.columns.items() if name != "places"})
    with pytest.raises(InputError, match="needs 'places'"):
        classify(without, model, "city")


@pytest.mark.parametrize(("change", "message"), [
    ({"label": lambda table: np.zeros(len(table))}, "are no CBDs"),
    ({"label": lambda table: np.ones(len(table))}, "are CBDs"),
    ({"city": lambda table: np.full(len(table), "one", dtype=object)}, "there is one city"),
    ({"Count_A": lambda table: np.zeros(len(table))}, "no centre has negative pixels"),
])
def test_what_cannot_train_is_refused(change, message):
    table = centres()
    columns = {**table.columns, **{name: values(table) for name, values in change.items()}}
    with pytest.raises(InputError, match=message):
        training(replace(table, columns=columns))


def test_given_types_are_kept_and_must_agree():
    table = centres()
    of_city = np.where(np.arange(len(table)) // CENTRES % 2 == 0, "north", "south").astype(object)
    with_types = replace(table, columns={**table.columns, "type": of_city}, kinds={**table.kinds, "type": "text"})
    known = training(with_types, type_field="type")
    settings = replace(QUICK, strategy="types")
    trees = grow(known, np.ones(len(known), bool), fields_of(settings, ()), settings, 1.0)
    assert set(trees.by_type) == {"all", "north", "south"}
    assert set(types_of_centres(known, trees.types)) == {"north", "south"}
    of_city[1] = "south"
    with pytest.raises(InputError, match="a city has the types 'north' and 'south'"):
        training(with_types, type_field="type")


@pytest.mark.parametrize("strategy", ["within_city", "types"])
def test_few_cities_train_or_are_refused(strategy):
    settings = replace(QUICK, strategy=strategy, trials=1, repeats=2)
    with pytest.raises(InputError, match="CLUSTERS: 3 city types were asked for, and there are 2 cities"):
        trained(settings, centres(cities=2))
    assert trained(settings, centres(cities=3)).lines[0].score.labelled == 3
    assert trained(replace(settings, clusters=0), centres(cities=3)).lines[0].score.labelled == 3


def test_a_city_without_a_type_is_refused():
    table = centres()
    types = np.where(table.columns["city"] == "city 2", None, "north")
    with pytest.raises(InputError, match="TYPE_FIELD: a city with negative pixels has no type"):
        training(replace(table, columns={**table.columns, "type": types}, kinds={**table.kinds, "type": "text"}),
                 type_field="type")


def test_splits_divide_every_given_type():
    table = centres()
    north = np.arange(len(table)) // CENTRES < 2
    types = np.where(north, "north", "south").astype(object)
    known = training(replace(table, columns={**table.columns, "type": types}, kinds={**table.kinds, "type": "text"}),
                     type_field="type")
    for inside in splits(known, replace(QUICK, repeats=3)):
        assert inside[known.given_types[known.city] == "north"].sum() == 8
        assert inside.sum() == 48


def test_paths_narrow_ranges_and_name_what_is_unknown():
    columns = {"x": np.arange(40.0), "kind": ["a", "b"] * 20}
    classes = np.where((columns["x"] > 10) & (columns["x"] <= 25), "in", "out")
    model = train(columns, classes)
    said = paths(model, {"x": np.array([5.0, 20.0, 30.0, np.nan]), "kind": ["a"] * 4})
    assert said[1] == "x > 10 and x <= 25"
    assert said[3].startswith("x unknown")


def test_the_report_and_metrics_have_what_they_promise(tmp_path):
    result = trained(replace(QUICK, strategy="types_zscore", trials=1), centres(cities=8, noise=0.1))
    path = tmp_path / "report.html"
    write_report(str(path), result)
    page = path.read_text("utf-8")
    for words in ("Producer&#x27;s accuracy", "12 of 16 = 0.75", "types_zscore, published</td><td>0.83",
                  "brightest centre of the city", "Decision tree:", "Confusion",
                  result.configuration, "The paper"):
        assert words in page
    found = metrics(result)
    assert json.loads(json.dumps(found)) == found
    assert found["accuracies"][0]["labelled"] == int(result.centres.cbd.sum())
    assert set(found["random_splits"]) == set(STRATEGIES)


def test_remarks_on_labels_are_said():
    progress = Listening()
    table = centres()
    labels = Labels(labels_of_field(table, "label").cbd, CITIES + 1, ("Reference CBD 13 has no centre.",))
    result = train_cbd(table, labels, "city", "", (), QUICK, "mine", progress)
    assert progress.warnings == ["Reference CBD 13 has no centre."]
    assert result.lines[0].score.known == CITIES + 1
