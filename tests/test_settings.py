"""Settings: every field's bounds and options are checked, and what a refusal says."""
from __future__ import annotations

import dataclasses
import math
from datetime import date

import pytest
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings, BlackMarbleSettings, UrbanCentresSettings
from nocturne.algorithms.settings import Resources, Settings, choice, day, extent, number, parameter_name
from nocturne.algorithms.simulation.settings import DemoSettings

ALL = (AngularEffectsSettings, BlackMarbleSettings, UrbanCentresSettings, DemoSettings, Resources)


@dataclasses.dataclass(frozen=True)
class Sample(Settings):
    share: float = number(0.5, "Share", "A share.", minimum=0, maximum=1)
    distance: float = number(10.0, "Distance", "A distance.", unit="m", minimum=1)
    depth: float = number(0.0, "Depth", "A depth.", maximum=9)
    free: float = number(0.0, "Free", "Any number.")
    perhaps: float | None = number(None, "Perhaps", "A number or none.", minimum=1)
    mode: str = choice("one", ("one", "two"), "Mode", "A mode.")
    start: date | None = day("Start", "A day.")
    box: tuple[float, float, float, float] | None = extent("Box", "An extent.")


def fields_of(kind):
    return [pytest.param(settings, each, id=f"{settings.__name__}-{each.name}")
            for settings in ALL for each in dataclasses.fields(settings) if each.metadata["kind"] == kind]


@pytest.mark.parametrize("settings", ALL)
def test_defaults_are_valid_and_settings_are_frozen(settings):
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings().anything = 1


@pytest.mark.parametrize("settings", ALL)
def test_every_field_says_what_it_is(settings):
    for each in dataclasses.fields(settings):
        assert each.metadata["label"]
        assert each.metadata["help"].endswith(".")


@pytest.mark.parametrize(("settings", "field"), fields_of("number"))
def test_numbers_outside_their_bounds_are_refused_by_name(settings, field):
    low, high = field.metadata["minimum"], field.metadata["maximum"]
    beyond = ([low - 1] if low is not None else []) + ([high + 1] if high is not None else []) + [math.nan, math.inf]
    for value in beyond:
        with pytest.raises(InputError, match=f"^{parameter_name(field)}: .* was given; give a number"):
            settings(**{field.name: value})


@pytest.mark.parametrize(("settings", "field"), fields_of("choice"))
def test_unknown_choices_are_refused_with_the_known_ones(settings, field):
    assert field.default in field.metadata["options"]
    with pytest.raises(InputError, match=f"'none of them' was given; choose one of {field.metadata['options'][0]}"):
        settings(**{field.name: "none of them"})


@pytest.mark.parametrize(("given", "sentence"), [
    ({"share": 1.01}, "SHARE: 1.01 was given; give a number from 0 to 1."),
    ({"distance": 0.5}, "DISTANCE: 0.5 was given; give a number of at least 1 m."),
    ({"depth": 9.5}, "DEPTH: 9.5 was given; give a number of at most 9."),
    ({"free": math.nan}, "FREE: nan was given; give a number that is finite."),
    ({"perhaps": 0.0}, "PERHAPS: 0 was given; give a number of at least 1."),
    ({"mode": "three"}, "MODE: 'three' was given; choose one of one, two."),
    ({"start": "2024-01-01"}, "START: '2024-01-01' is not a date; give it as YYYY-MM-DD."),
    ({"box": (1, 0, 1, 2)}, "BOX: the extent (1, 0, 1, 2) is empty; give west, east, south and north in this order."),
    ({"box": (0, 3, 1, 2)}, "BOX: the extent (0, 3, 1, 2) is empty; give west, east, south and north in this order."),
])
def test_a_refusal_is_one_sentence_that_names_parameter_value_and_way_out(given, sentence):
    with pytest.raises(InputError) as caught:
        Sample(**given)
    assert str(caught.value) == sentence


def test_the_bounds_themselves_and_none_are_accepted():
    Sample(share=0)
    Sample(share=1, distance=1, depth=9, free=-1e300, perhaps=None, start=date(2024, 1, 1), box=(0, 0, 1, 1))


def test_memory_is_counted_in_mebibytes():
    assert Resources(max_memory=64).max_bytes == 64 * 1024 * 1024
    with pytest.raises(InputError, match="MAX_MEMORY: 63 was given; give a number of at least 64 MiB"):
        Resources(max_memory=63)
