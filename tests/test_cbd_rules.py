"""Rules that a person writes: what they mean, and that nothing but a condition is accepted."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.cbd.rule_expressions import parse_expression
from nocturne.algorithms.cbd.rule_files import read_rules
from nocturne.algorithms.errors import InputError
from nocturne.tests.conftest import ROOT

COLUMNS = {"a": np.array([1.0, 2.0, 3.0, np.nan]), "b": np.array([0.0, 4.0, np.nan, np.nan])}


def holds(text, columns=COLUMNS):
    values = parse_expression(text).evaluate(columns, 4)
    assert values.shape == (4,)
    return [None if math.isnan(each) else bool(each) for each in values]


@pytest.mark.parametrize(("text", "expected"), [
    ("a >= 2", [False, True, True, None]),
    ("a > 2 or a < 2", [True, False, True, None]),
    ("1 < a <= 2", [False, True, False, None]),
    ("not a == 2", [True, False, True, None]),
    ("a != 2", [True, False, True, None]),
    ("-a + 2 * (b - 1) > 3", [False, True, None, None]),
    ("a / b > 0", [None, True, None, None]),  # by zero is unknown
    ("a < 3 and b > 1", [False, True, False, None]),  # false and unknown is false
    ("a >= 3 or b > 1", [False, True, True, None]),  # true or unknown is true
    ("not (a >= 3 and b > 1)", [True, True, None, None]),
    ("a > 1 or a > 0 and b > 9", [False, True, True, None]),  # and binds closer than or
    ("2 > 1", [True] * 4),
])
def test_an_expression_means_what_it_says(text, expected):
    assert holds(text) == expected


TREES = st.recursive(
    st.builds("{} {} {:d}".format, st.sampled_from("ab"), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
              st.integers(-3, 6)),
    lambda inner: st.one_of(st.builds("({} and {})".format, inner, inner), st.builds("({} or {})".format, inner, inner),
                            st.builds("not ({})".format, inner)), max_leaves=8)


@settings(deadline=None, max_examples=60)
@given(TREES, st.lists(st.tuples(st.integers(-3, 6), st.integers(-3, 6)), min_size=4, max_size=4))
def test_known_numbers_give_what_python_gives(text, rows):
    columns = {name: np.array([row[place] for row in rows], dtype=float) for place, name in enumerate("ab")}
    assert holds(text, columns) == [eval(text, {"a": a, "b": b}) for a, b in rows]


@pytest.mark.parametrize(("text", "phrase"), [
    ("__import__('os').system('true')", "'__import__('os').system('true')' where a comparison"),
    ("a > open('x')", "'open('x')' where a number"),
    ("a.real > 1", "'a.real' where a number"),
    ("a > 1 if b > 2 else b > 3", "where a comparison"),
    ("a & b > 1", "'a & b' where a number"),
    ("a ** 99 > 1", "'a ** 99' where a number"),
    ("a in (1, 2)", "where a comparison"),
    ("a > True", "'True' where a number"),
    ("a > '1'", "where a number"),
    ("a > 2j", "where a number"),
    ("(lambda: a)() > 1", "where a number"),
    ("(b := 2) > 1", "where a number"),
    ("a", "'a' where a comparison"),
    ("a = 1", "can't be read"),
    ("a > 1; b > 2", "can't be read"),
    ("", "can't be read"),
    ("a > 1e999", "a number that is too large"),
    ("a > " + "9" * 400, "a number that is too large"),
    ("a > 1 and " * 300 + "a > 1", "has 3005 characters"),
    ("(" * 900 + "a" + ")" * 900 + " > 1", "can't be read"),
    ("not " * 400 + "a > 1", "nested too deeply"),
    ("a > " + "-" * 1900 + "1", ""),
])
def test_what_is_no_condition_is_refused_in_one_sentence(text, phrase):
    with pytest.raises(InputError) as error:
        parse_expression(text)
    assert phrase in str(error.value)
    assert str(error.value).startswith("MODEL: the expression '")
    assert "\n" not in str(error.value)


def write(folder, text):
    path = folder / "rules.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_file_has_rules_for_city_types(tmp_path):
    first, second = read_rules(write(tmp_path, (
        "\ufeff# mine\nName: high\napplies to: usa_like, mixed\nrule: a >= 2\n\n"
        "name: low\napplies_to: china_like\nrule:  a  <  2 \n")))
    assert (first.name, first.applies_to, first.expression.text) == ("high", ("usa_like", "mixed"), "a >= 2")
    assert (second.expression.text, second.expression.names) == ("a < 2", ("a",))
    assert [rule.applies("mixed") for rule in (first, second)] == [True, False]


def test_a_rule_for_all_applies_without_types(tmp_path):
    rule, = read_rules(write(tmp_path, "name: any\napplies to: All\nrule: a > 1"))
    assert rule.applies(None)
    assert rule.applies("mixed")


@pytest.mark.parametrize(("text", "phrase"), [
    (b"\x89PNG\r\n\x1a\n\xff", "is neither a model nor a rule file"),
    (b"#" * 200_000, "is neither a model nor a rule file"),
    ("", "has no rule"),
    ("once upon a time", "line 1 of 'rules.txt' isn't a line of a rule file"),
    ("name: a\nimport: os", "line 2 of 'rules.txt' isn't a line"),
    ("name: a\nrule:", "line 2 of 'rules.txt' isn't a line"),
    ("rule: a > 1", "line 1 of 'rules.txt' has a 'rule' that belongs to no rule"),
    ("name: a\nrule: a > 1\nrule: a > 2", "line 3 of 'rules.txt' has a 'rule' that"),
    ("name: a\nrule: a > 1", "the rule 'a' in 'rules.txt' has no line 'applies to:'"),
    ("name: a\napplies to: all\nrule: exec('1')", "the expression 'exec('1')' has"),
    ("name: a\napplies to: all\nrule: a > 1\nname: b\napplies to: mixed\nrule: a > 2",
     "the rules 'a' and 'b' in 'rules.txt' apply to the same city type"),
    ("name: a\napplies to: mixed, x\nrule: a > 1\nname: b\napplies to: y, mixed\nrule: a > 2",
     "the rules 'a' and 'b' in 'rules.txt' apply to the same"),
])
def test_a_file_that_is_no_rule_file_is_refused_in_one_sentence(text, phrase, tmp_path):
    with pytest.raises(InputError) as error:
        read_rules(write(tmp_path, text))
    assert phrase in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        read_rules(str(tmp_path / "none.txt"))


def test_the_example_can_be_read():
    rules = read_rules(str(ROOT / "examples" / "cbd_rules.txt"))
    assert [rule.applies_to for rule in rules] == [("usa_like",), ("mixed",), ("china_like",)]
