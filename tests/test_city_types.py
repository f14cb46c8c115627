"""City types: clusters, the elbow, names by Table 6, assignment of cities that weren't clustered, and stability."""
from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.cbd.city_types import (
    PUBLISHED_RANGES,
    CityTypes,
    fit_city_types,
    inertia_curve,
    published_types,
)
from nocturne.algorithms.cbd.city_types_report import write_report
from nocturne.algorithms.cbd.clusters import bootstrap_jaccards, elbow, k_means
from nocturne.algorithms.cbd.settings import CityTypesSettings
from nocturne.algorithms.cbd.typed_cities import read_cities, type_cities
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable

MIXTURE = {"usa_like": 10, "mixed": 16, "china_like": 6}
THREE = CityTypesSettings(clusters=3)


def cities(seed=1):
    """32 cities drawn from the ranges of Table 6."""
    random = np.random.default_rng(seed)
    parts = [(random.uniform(*PUBLISHED_RANGES[name][0], number),
              random.integers(PUBLISHED_RANGES[name][1][0], PUBLISHED_RANGES[name][1][1] + 1, number))
             for name, number in MIXTURE.items()]
    return tuple(np.concatenate(column).astype(float) for column in zip(*parts))


def table(**columns):
    kinds = {name: "text" if isinstance(values[0], str) else "number" for name, values in columns.items()}
    return FeatureTable("INPUT", {name: np.array(values, dtype=object if kinds[name] == "text" else float)
                                  for name, values in columns.items()}, kinds)


def test_cities_of_the_published_ranges_get_their_types_back():
    truth = np.repeat(list(MIXTURE), list(MIXTURE.values()))
    for seed in range(5):
        means, counts = cities(seed)
        types = fit_city_types(means, counts, THREE)
        assert types.names == ("usa_like", "mixed", "china_like")
        assert (types.assign(means, counts).types == truth).mean() >= 0.7


@pytest.mark.parametrize("normalise", ["min-max", "z-score", "log-z-score"])
def test_the_elbow_of_three_plain_groups_is_three(normalise):
    random = np.random.default_rng(2)
    means = np.concatenate([random.normal(middle, 2, 8) for middle in (150, 90, 60)])
    counts = np.repeat([2.0, 6, 13], 8)
    chosen = CityTypesSettings(normalise=normalise)
    assert len(fit_city_types(means, counts, chosen).names) == 3
    assert fit_city_types(means, counts, chosen).assign(means, counts).types.tolist() == [
        name for name in ("usa_like", "mixed", "china_like") for _ in range(8)]


def test_the_elbow_is_the_point_farthest_below_the_chord():
    assert elbow([100, 40, 12, 10, 8, 6]) == 3
    assert elbow([100, 12, 10, 8]) == 2
    assert elbow([10, 8, 6, 4, 2]) == 1  # a straight line has none
    assert elbow([10, 5]) == elbow([0, 0, 0]) == 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(1, 1000), min_size=3, max_size=8), st.floats(0.01, 100), st.floats(0, 50))
def test_the_elbow_depends_on_no_unit(values, scale, shift):
    curve = np.sort(np.round(values, 2))[::-1]
    if curve[0] - curve[-1] > 1:
        first, second = (np.linspace(0, 1, len(curve)) + (c - c[-1]) / (c[0] - c[-1])
                         for c in (curve, curve * scale + shift))
        np.testing.assert_allclose(first, second, atol=1e-6)
        assert first[elbow(curve * scale + shift) - 1] == pytest.approx(first.min(), abs=1e-6)


def test_inertia_falls_with_every_cluster_and_the_same_seed_gives_the_same():
    means, counts = cities()
    curve = inertia_curve(means, counts, CityTypesSettings())
    assert (np.diff(curve) <= 1e-9).all()
    assert fit_city_types(means, counts, THREE) == fit_city_types(means, counts, THREE)


def test_k_means_finds_the_best_partition():
    points = np.array([[0, 0], [0, 1], [5, 5], [5, 6], [9, 0], [9, 1]], dtype=float)
    labels, _, inertia = k_means(points, 3, 1)
    assert [labels[0] == labels[1], labels[2] == labels[3], labels[4] == labels[5], len(set(labels))] == [1, 1, 1, 3]
    assert inertia == pytest.approx(1.5)


def test_names_follow_light_and_numbers():
    means, counts = np.array([150, 151, 60, 61, 90, 91.0]), np.array([2, 3, 12, 13, 5, 6.0])
    given = fit_city_types(means, counts, THREE).assign(means, counts)
    assert given.types.tolist() == ["usa_like"] * 2 + ["china_like"] * 2 + ["mixed"] * 2
    two = fit_city_types(means, counts, CityTypesSettings(clusters=2))
    assert two.names == ("type_1", "type_2")
    assert two.ranges[0][0][1] == 151


def test_distances_are_to_the_own_and_the_next_centroid():
    means, counts = np.array([100, 100, 0, 0.0001]), np.array([1, 1, 11, 11.0])
    types = fit_city_types(means, counts, CityTypesSettings(clusters=2))
    given = types.assign([75.0], [3.5])
    assert given.types.tolist() == ["type_1"]
    assert given.distances[0] == pytest.approx(math.hypot(0.25, 0.25), rel=1e-5)
    assert given.next_distances[0] == pytest.approx(math.hypot(0.75, 0.75), rel=1e-5)
    assert given.outside_range.tolist() == [True]
    assert not types.assign(means, counts).outside_range.any()


def test_types_survive_json_and_what_is_no_types_is_refused():
    types = fit_city_types(*cities(), CityTypesSettings(clusters=3, normalise="log-z-score"))
    document = json.loads(json.dumps(types.to_json()))
    assert CityTypes.from_json(document) == types
    for bad in ({}, {**document, "names": ["a"]}, {**document, "scale": [0, 1]}, {**document, "shift": [1, "x"]},
                {**document, "normalise": "none"}, {**document, "centroids": [[1, math.nan]] * 3}, []):
        with pytest.raises(ValueError, match="these aren't city types"):
            CityTypes.from_json(bad)


def test_the_published_ranges_type_a_city_alone():
    """Table 6; the facts' own reading: 10 or more centres are china_like, else bright ones usa_like, else mixed."""
    given = published_types().assign([150, 90, 60, 55, 200, 45, 70, np.nan], [2, 5, 12, 1, 3, 20, 4, 0])
    assert given.types.tolist() == ["usa_like", "mixed", "china_like", "mixed", "usa_like", "china_like", "mixed", None]
    assert given.outside_range.tolist() == [False, False, False, True, True, True, False, False]
    np.testing.assert_array_equal(given.distances[:3], 0)
    assert given.distances[4] == pytest.approx((200 - 174.36) / (174.36 - 50.99))
    assert given.next_distances[1] == pytest.approx(min(math.hypot((111.41 - 90) / 123.37, 1 / 14),
                                                        math.hypot((90 - 79.74) / 123.37, 5 / 14)))
    assert np.isnan(given.distances[7])


def test_a_stable_cluster_has_a_jaccard_index_near_one_and_noise_has_not():
    random = np.random.default_rng(5)
    points = np.concatenate([random.normal((x, y), 0.03, (12, 2)) for x, y in ((0, 0), (1, 0), (0, 1))])
    labels = k_means(points, 3, 1)[0]
    assert bootstrap_jaccards(points, labels, 3, 1).min() > 0.95
    noise = random.uniform(0, 1, (36, 2))
    unstable = bootstrap_jaccards(noise, k_means(noise, 5, 1)[0], 5, 1)
    assert unstable.min() < 0.75
    assert ((unstable >= 0) & (unstable <= 1)).all()


def test_centres_are_gathered_into_cities():
    layer = table(town=["a", "b", "a", "a", "c"], Mean=[100, 50, 60, 999, 70], Count_A=[3, 1, 2, 0, np.nan])
    found = read_cities(layer, "", "", "town")
    assert found.names == ["a", "b", "c"]
    np.testing.assert_array_equal(found.means, [80, 50, np.nan])
    np.testing.assert_array_equal(found.counts, [2, 1, 0])
    np.testing.assert_array_equal(found.row_of, [0, 1, 0, 0, 2])


def test_every_centre_gets_the_type_of_its_city(tmp_path):
    means, counts = cities()
    rows = [(f"city {index}", mean, 1) for index, (mean, count) in enumerate(zip(means, counts))
            for _ in range(int(count))] + [("dark", 30.0, 0)]
    town, light, count_a = (list(column) for column in zip(*rows))
    found = type_cities(table(town=town, Mean=light, Count_A=count_a), "", "", "town", "",
                        CityTypesSettings())
    alone = type_cities(table(name=[f"city {index}" for index in range(32)], mean=means, count=counts), "mean", "count",
                        "name", "", CityTypesSettings())
    assert found.types.names == ("usa_like", "mixed", "china_like")
    columns = found.columns()
    assert columns["city_type"][-1] is None
    assert columns["outside_range"][-1] is None
    by_town = dict(zip(town, columns["city_type"]))
    assert [by_town[f"city {index}"] for index in range(32)] == alone.columns()["city_type"].tolist()
    assert 0 < alone.trust.silhouette < 1
    assert set(alone.trust.agreement) == {"z-score", "log-z-score"}
    assert min(alone.trust.jaccards.values()) > 0.4
    write_report(str(tmp_path / "report.html"), found)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("data:image/png") == 2
    assert "111.4 to 174.4" in page


def test_bad_inputs_are_named():
    few = table(mean=[100, 90], count=[2, 3])

    def refused(sentence, layer=few, fields=("mean", "count", ""), **values):
        with pytest.raises(InputError, match=sentence):
            type_cities(layer, *fields, "", CityTypesSettings(**values))

    refused("^INPUT: 2 different cities with negative pixels can't be clustered; give at least 3, or choose "
            "published_ranges in TYPES_BY")
    refused("^CLUSTERS: 3 were asked for, and there are 2 different cities", clusters=3)
    refused("^INPUT: there is no field 'Count_A'", fields=("", "", ""))
    refused("^COUNT_FIELD: it is empty", fields=("mean", "", ""))
    refused("^MEAN_FIELD: there is no field 'light'", fields=("light", "count", ""))
    refused("^INPUT: it has no feature", layer=FeatureTable(
        "INPUT", {"mean": np.empty(0), "count": np.empty(0)}, {"mean": "number", "count": "number"}))
    refused("^NORMALISE: log-z-score was chosen, and a mean radiance isn't positive", normalise="log-z-score",
            layer=table(mean=[-1, 90, 80, 60], count=[2, 3, 4, 5]))
    with pytest.raises(InputError, match=r"^NORMALISE"):
        CityTypesSettings(normalise="none")


def test_two_cities_make_two_types_when_asked_for():
    found = type_cities(table(mean=[100, 90], count=[2, 3]), "mean", "count", "", "",
                        CityTypesSettings(clusters=2))
    assert found.columns()["city_type"].tolist() == ["type_1", "type_2"]
    assert math.isnan(found.trust.silhouette)


def test_types_are_taken_from_a_model(tmp_path):
    path, by_model = tmp_path / "model.json", CityTypesSettings(types_by="model")
    path.write_text(json.dumps({"city_types": fit_city_types(*cities(), THREE).to_json()}))
    found = type_cities(table(mean=[160, 10], count=[2, 40]), "mean", "count", "", str(path), by_model)
    assert found.columns()["city_type"].tolist() == ["usa_like", "china_like"]
    assert found.columns()["outside_range"].tolist() == [False, True]
    for text, sentence in (("{}", "'model.json' has no city types"), ("no JSON", "'model.json' has no city types")):
        path.write_text(text)
        with pytest.raises(InputError, match=f"^MODEL: {sentence}"):
            type_cities(table(mean=[160], count=[2]), "mean", "count", "", str(path), by_model)
    with pytest.raises(InputError, match=r"^MODEL: it is empty, and TYPES_BY is model"):
        type_cities(table(mean=[160], count=[2]), "mean", "count", "", "", by_model)
