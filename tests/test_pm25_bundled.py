"""The bundled PM2.5 model: what its card says is what the stored weights do, and it warns outside what it knows."""
import sys
from dataclasses import replace

import numpy as np
import pytest
from nocturne.algorithms.air_quality.estimate_pm25 import BUNDLED
from nocturne.algorithms.air_quality.model_file import KIND, check_units, outside_ranges, read_estimator
from nocturne.algorithms.errors import InputError
from nocturne.models.registry import bundled_path, load_model
from nocturne.tests.conftest import ROOT

SHARED = ROOT / ".." / "shared" / "data" / "pm25-us-airpred-2012"


@pytest.fixture(scope="module")
def model():
    return load_model(bundled_path(BUNDLED), KIND)


def test_the_card_says_what_it_is(model):
    assert "demonstration" in model.card["title"]
    assert "ten January days" in model.card["warning"]
    assert len(model.card["inputs"]) <= 20
    assert {each["name"] for each in model.card["inputs"]} | {"pm25"} == set(model.card["units"])
    assert model.card["held_out_places"]["r2"] > 0.5
    assert 0.8 < model.card["held_out_places"]["share_in_90_percent_interval"] <= 1


def test_another_season_is_no_other_unit(model):
    names = [each["name"] for each in model.card["inputs"]]
    values = np.array([[(each["low"] + each["high"]) / 2 for each in model.card["inputs"]]], np.float32)
    values[:, names.index("day_of_year")] = 200
    check_units(model, values, "INPUT")
    values[:, names.index("temperature")] += 273.15
    with pytest.raises(InputError, match="INPUT: 'temperature' goes from 27"):
        check_units(model, values, "INPUT")


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data pm25-us-airpred-2012 is not beside the checkout")
def test_the_card_s_scores_are_those_of_the_stored_weights(model):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from bundle_pm25_demo import airpred_data, judge

    data, train, test = airpred_data()
    assert not set(data.place[train]) & set(data.place[test])
    said = {name: value for name, value in model.card["held_out_places"].items() if name != "how"}
    assert judge(read_estimator(model), data, test) == pytest.approx(said, abs=2e-3)
    rows = data.windows.target[test]
    inside = outside_ranges(model, data.site_days, rows)
    assert inside.mean() < 0.2
    summer = np.copy(data.site_days.values)
    summer[:, data.site_days.names.index("day_of_year")] = 200
    assert outside_ranges(model, replace(data.site_days, values=summer), rows).all()
