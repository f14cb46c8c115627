"""C5.0 against its published output, and what must hold for any data."""
from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.cbd.c50.extra_errors import ExtraErrors
from nocturne.algorithms.cbd.c50.model import predict, probabilities, train
from nocturne.algorithms.cbd.c50.printing import print_tree
from nocturne.algorithms.cbd.c50.tree_json import from_json, to_json
from nocturne.algorithms.cbd.settings import C50Settings
from nocturne.algorithms.errors import InputError
from nocturne.tests.conftest import ROOT
from sklearn.datasets import load_iris

REFERENCE = ROOT.parent / "shared" / "data" / "c50-reference"

IRIS_TREE = """Decision tree:

Petal.Length <= 1.9: setosa (50)
Petal.Length > 1.9:
:...Petal.Width > 1.7: virginica (46/1)
    Petal.Width <= 1.7:
    :...Petal.Length <= 4.9: versicolor (48/1)
        Petal.Length > 4.9: virginica (6/2)


Evaluation on training data (150 cases):

    Decision Tree
  ----------------
  Size      Errors

     4    4( 2.7%)   <<


   (a)   (b)   (c)    <-classified as
  ----  ----  ----
    50                (a): class setosa
          47     3    (b): class versicolor
           1    49    (c): class virginica


Attribute usage:

100.00%\tPetal.Length
 66.67%\tPetal.Width"""

CREDIT_TREE = """Home in {owner,parents}: good (1946.3/421.6)
Home in {ignore,other,priv,rent}:
:...Seniority > 5: good (447.4/100.4)
    Seniority <= 5:
    :...Seniority <= 0: bad (148/46)
        Seniority > 0: good (458.4/204)
"""
BOOSTED_CREDIT_TREES = ("""Seniority > 5: good (1330.8/319.3)
Seniority <= 5:
:...Home in {ignore,other,priv,rent}: bad (666/280.5)
    Home in {owner,parents}: good (1003.2/448.8)
""", """Home in {owner,parents}: good (1113.9)
Home in {ignore,other,priv,rent}:
:...Seniority <= 0: bad (74.5)
    Seniority > 0: good (1243.5/262.2)
""")
COSTLY_CREDIT_TREE = """Seniority > 5: good (1426/217)
Seniority <= 5:
:...Home in {ignore,other,priv,rent}: bad (606.4/300.4)
    Home in {owner,parents}:
    :...Seniority <= 2: bad (606/383)
        Seniority > 2: good (361.6/82)
"""


@pytest.fixture(scope="module")
def iris():
    data = load_iris()
    names = ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width")
    return dict(zip(names, data.data.T)), data.target_names[data.target]


@pytest.fixture(scope="module")
def credit():
    """Columns and classes of the rows to train with, and columns of the others."""
    if not REFERENCE.is_dir():
        pytest.skip("the published reference data aren't here")
    with open(REFERENCE / "credit_data.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(REFERENCE / "credit_train_rows.csv", newline="") as file:
        numbers = [int(text) - 1 for line in csv.reader(file) for text in line if text.isdigit()]
    kept = set(numbers)
    train_rows, test_rows = [rows[number] for number in numbers], \
        [row for number, row in enumerate(rows) if number not in kept]

    def columns(chosen):
        return {"Home": [None if row["Home"] in ("", "NA") else row["Home"] for row in chosen],
                "Seniority": np.array([float(row["Seniority"]) for row in chosen])}

    return columns(train_rows), [row["Status"] for row in train_rows], columns(test_rows)


def squeezed(text):
    """Without the spaces and empty lines at both ends that only place a line on the page."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def test_iris_prints_as_published(iris):
    text = print_tree(train(*iris))
    assert text.splitlines()[:8] == IRIS_TREE.splitlines()[:8]
    assert squeezed(text) == squeezed(IRIS_TREE)


def test_iris_probabilities_are_the_published_ones(iris):
    columns, classes = iris
    row = {name: values[129:130] for name, values in columns.items()}
    assert probabilities(train(columns, classes), row)[0] == pytest.approx([0.04761905, 0.3333333, 0.6190476], abs=5e-8)


def test_boosted_iris_has_the_published_leaves_and_errors(iris):
    evaluation = train(*iris, C50Settings(trials=10)).evaluation
    assert evaluation.sizes == (4, 5, 3, 6, 4, 7, 3, 8, 4, 5)
    assert evaluation.errors == (4, 8, 6, 12, 5, 3, 8, 15, 3, 5)
    assert evaluation.total_errors == 0


def test_iris_without_global_pruning(iris):
    model = train(*iris, C50Settings(min_cases=1, global_pruning=False))
    assert (model.evaluation.sizes, model.evaluation.errors) == ((6,), (2,))
    assert ":...Petal.Width <= 1.5: virginica (3)" in print_tree(model)
    assert ":...Petal.Length <= 5.4: versicolor (2)" in print_tree(model)


def test_missing_categories_are_divided_as_published(credit):
    columns, classes, others = credit
    model = train(columns, classes)
    text = print_tree(model)
    assert CREDIT_TREE in text
    assert "4  772(25.7%)" in text
    assert model.evaluation.usage == pytest.approx([0.9993, 0.3517], abs=5e-5)
    assert model.evaluation.confusion == ((102, 726), (46, 2126))
    assert (predict(model, others) == "bad").sum() == 61


def test_boosting_with_categories_is_as_published(credit):
    columns, classes, others = credit
    model = train(columns, classes, C50Settings(trials=3))
    text = print_tree(model)
    assert CREDIT_TREE in text
    for tree in BOOSTED_CREDIT_TREES:
        assert tree in text
    assert (model.evaluation.errors, model.evaluation.total_errors) == ((772, 822, 772), 772)
    assert model.evaluation.usage == pytest.approx([0.9993, 1], abs=5e-5)
    assert probabilities(model, others)[:3, 0] == pytest.approx([0, 0, 0.3008402], abs=5e-8)


def test_costs_are_as_published(credit):
    columns, classes, others = credit
    model = train(columns, classes, C50Settings(costs={("good", "bad"): 2}))
    text = print_tree(model)
    assert COSTLY_CREDIT_TREE in text
    assert "4  983(32.8%)   0.43   <<" in text
    assert model.evaluation.confusion == ((529, 299), (684, 1488))
    assert model.evaluation.usage == pytest.approx([0.5243, 1], abs=5e-5)
    assert (predict(model, others) == "bad").sum() == 591


def test_extra_errors_of_leaves_without_errors_follow_the_binomial_limit():
    extra = ExtraErrors(0.25, None)
    for cases in (1.0, 6.0, 50.0):
        assert extra(cases, 0.0, 0) == pytest.approx(cases * (1 - 0.25 ** (1 / cases)), rel=1e-6)
    # Quinlan (1993), section 4.2: upper limits of 16 and of 1 case at 25 % are 0.083 and 0.750.
    assert extra(16.0, 0.0, 0) / 16 == pytest.approx(0.083, abs=5e-4)
    assert extra(1.0, 0.0, 0) == pytest.approx(0.750, abs=5e-4)


def test_a_test_has_a_branch_per_category_when_they_may_not_be_grouped():
    columns = {"shape": ["circle"] * 8 + ["square"] * 8 + ["triangle"] * 8, "value": [1, 2, 3, 4, 6, 7, 8, 9] * 3}
    classes = ["red"] * 4 + ["green"] * 8 + ["blue"] * 8 + ["red"] * 4
    model = train(columns, classes, C50Settings(subset=False))
    assert model.evaluation.total_errors == 0
    assert print_tree(model).splitlines()[2:5] == [
        "shape = circle:", ":...value <= 4: red (4)", ":   value > 4: green (4)"]


def test_weights_count_cases_again():
    columns, classes = {"x": np.zeros(6)}, ["low"] * 4 + ["high"] * 2
    assert predict(train(columns, classes), columns)[0] == "low"
    assert predict(train(columns, classes, weights=[1, 1, 1, 1, 4, 4]), columns)[0] == "high"


def test_long_trees_are_broken_into_subtrees():
    name = "an attribute with a name of some length"
    columns = {name: np.arange(1, 1025.0)}
    classes = np.where(np.floor(np.log2(columns[name])) % 2 == 0, "even", "odd")
    text = print_tree(train(columns, classes))
    assert "[S1]" in text
    assert "SubTree [S1]" in text
    assert all(len(line) <= 100 for line in text.splitlines())


small_numbers = st.integers(-8, 8).map(float)
tables = st.integers(4, 40).flatmap(lambda rows: st.fixed_dictionaries({
    "number": st.lists(st.one_of(small_numbers, st.just(np.nan)), min_size=rows, max_size=rows),
    "other": st.lists(small_numbers, min_size=rows, max_size=rows),
    "kind": st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=rows, max_size=rows),
    "class": st.lists(st.sampled_from(["no", "yes", "maybe"]), min_size=rows, max_size=rows)})).filter(
        lambda table: len(set(table["class"])) > 1)
options = st.builds(C50Settings, min_cases=st.sampled_from([1, 2, 5]), trials=st.sampled_from([1, 4]),
                    subset=st.booleans(), global_pruning=st.booleans(),
                    costs=st.sampled_from([{}]))


def split(table):
    return {name: np.array(values) if name != "kind" else values for name, values in table.items()
            if name != "class"}, table["class"]


@settings(max_examples=60, deadline=None)
@given(tables, options)
def test_probabilities_sum_to_one_and_models_survive_json(table, chosen):
    columns, classes = split(table)
    model = train(columns, classes, chosen)
    shares = probabilities(model, columns)
    assert shares.min() >= 0
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(shares)))
    again = from_json(json.loads(json.dumps(to_json(model))))
    assert (probabilities(again, columns) == shares).all()
    assert (predict(again, columns) == predict(model, columns)).all()
    assert print_tree(again) == print_tree(model)


@settings(max_examples=40, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_powers_of_two_change_nothing(table, shuffle):
    columns, classes = split(table)
    columns.pop("kind")
    columns["number"] = np.nan_to_num(columns["number"])
    before = predict(train(columns, classes), columns)
    order = list(range(len(classes)))
    shuffle.shuffle(order)
    shuffled = {name: np.array(values)[order] for name, values in columns.items()}
    assert (predict(train(shuffled, [classes[row] for row in order]), columns) == before).all()
    larger = {name: 4 * np.array(values) for name, values in columns.items()}
    assert (predict(train(larger, classes), larger) == before).all()


@settings(max_examples=40, deadline=None)
@given(tables)
def test_the_cases_of_leaves_add_up(table):
    columns, classes = split(table)
    tree = train(columns, classes).trees[0]

    def leaves(node):
        return [node] if not node.branches else [leaf for branch in node.branches for leaf in leaves(branch)]

    assert sum(leaf.cases for leaf in leaves(tree)) == pytest.approx(len(classes), rel=1e-4)


def test_three_classes_with_costs_choose_the_least_expected_cost():
    columns, classes = {"x": np.zeros(10)}, ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    assert predict(train(columns, classes), columns)[0] == "a"
    model = train(columns, classes, C50Settings(costs={("a", "c"): 10, ("b", "c"): 10}))
    assert predict(model, columns)[0] == "c"


@pytest.mark.parametrize(("columns", "classes", "chosen", "text"), [
    ({"x": [1.0, 2.0]}, ["a", "a"], {}, "all rows have the class 'a'"),
    ({"x": [1.0, 2.0]}, ["a", None], {}, "a row has no class"),
    ({"x": [1.0, 2.0], "y": [1.0]}, ["a", "b"], {}, "columns have 1 to 2 rows"),
    ({"x": [1.0, 2.0]}, ["a"], {}, "there are 2 rows and 1 classes"),
    ({}, [], {}, "there are 0 columns"),
    ({"x": [1.0, 2.0]}, ["a", "b"], {("a", "z"): 2}, "a cost names the classes a and z"),
    ({"x": [1.0, 2.0]}, ["a", "b"], {("a", "b"): 0}, "a cost of 0 was given"),
])
def test_bad_input_is_named(columns, classes, chosen, text):
    with pytest.raises(InputError) as raised:
        train(columns, classes, C50Settings(costs=chosen))
    assert text in str(raised.value)


def test_columns_of_another_kind_are_refused(iris):
    columns, classes = iris
    model = train(columns, classes)
    with pytest.raises(InputError, match=r"no column 'Petal\.Width'"):
        predict(model, {name: values for name, values in columns.items() if name != "Petal.Width"})
    with pytest.raises(InputError, match="isn't numeric"):
        predict(model, {**columns, "Petal.Width": ["wide"] * 150})


def test_a_model_that_was_damaged_is_refused(iris):
    content = to_json(train(*iris))
    del content["trees"][0]["above"]
    with pytest.raises(InputError, match="can't be read"):
        from_json(content)
