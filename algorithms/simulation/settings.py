"""Settings of the demonstration."""
from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError
from ..settings import Settings, choice, number

FAMILIES = ("curves", "ray_cast")


@dataclass(frozen=True)
class DemoSettings(Settings):
    """What the demonstration shall contain."""

    part: str = choice(
        "city", ("city", "region", "country", "districts"), "Part",
        "city: what SIZE says. region: an industrial region of 90 x 90 cells over 96 months, with factories and "
        "published totals, about 5 MB. country: 64 x 48 cells of 25 km over 60 days, with air monitors and the "
        "covariates of PM2.5, about 10 MB. districts: small units of 50 districts with places, street-view vectors "
        "and flows, about 15 MB.")
    size: str = choice(
        "small", ("small", "cities", "full"), "Size",
        "small: one simulated city on 168 x 168 cells of one Black Marble tile, about 95 MB on disk. cities: three "
        "cities of three types over 120 nights, with everything that disturbs but mostly clear, about 0.2 GB. full: "
        "the same types on 200 x 200 cells each over two years, about 1.7 GB.")
    seed: int = number(
        1, "Seed", "Draws every constant of the simulation; the same seed writes the same files.", minimum=0,
        maximum=2**31 - 1)
    nights: int = number(
        64, "Nights", "Consecutive nights that are simulated, up to the end of the year; clouds hide a part of them. "
        "SIZE cities and full have numbers of their own.",
        minimum=48, maximum=120, advanced=True)
    light_model: str = choice(
        "curves", FAMILIES, "Light model",
        "SIZE cities and full: curves gives every district its own curve of radiance over the view zenith angle; "
        "ray_cast builds blocks of boxes, lamps and windows and follows the rays.", advanced=True)
    effects: str = choice(
        "planted", ("planted", "located", "none"), "Effects",
        "SIZE cities and full: none leaves all light independent of the view zenith angle, so that whatever is found "
        "is wrong. PART region: none leaves the light of factories independent of what they make. PART country: "
        "located adds to PM2.5 what belongs to places alone and no covariate knows; none leaves it independent of all "
        "covariates. PART districts: none makes noise of views and exchanges flows among units.",
        advanced=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.effects == "located" and self.part != "country":
            raise InputError("EFFECTS", f"'located' was given with PART {self.part}", "choose PART country, or planted")
        if self.part == "city" and self.size == "small":
            for parameter, given, only in (("LIGHT_MODEL", self.light_model, "curves"),
                                           ("EFFECTS", self.effects, "planted")):
                if given != only:
                    raise InputError(parameter, f"'{given}' was given with SIZE small",
                                     f"choose SIZE cities or full, or {only}")
