"""Settings of the demonstration."""
from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError
from ..settings import Settings, choice, number

FAMILIES = ("curves", "ray_cast")


@dataclass(frozen=True)
class DemoSettings(Settings):
    """What the demonstration shall contain."""

    size: str = choice(
        "small", ("small", "full"), "Size",
        "small: one simulated city on 168 x 168 cells of one Black Marble tile, about 95 MB on disk. full: three "
        "cities of three types on 200 x 200 cells each over two years, with everything that disturbs, about 1.7 GB.")
    seed: int = number(
        1, "Seed", "Draws every constant of the simulation; the same seed writes the same files.", minimum=0,
        maximum=2**31 - 1)
    nights: int = number(
        64, "Nights", "Consecutive nights that are simulated, up to the end of the year; clouds hide a part of them. "
        "SIZE full always has the nights of two years.",
        minimum=48, maximum=120, advanced=True)
    light_model: str = choice(
        "curves", FAMILIES, "Light model",
        "SIZE full: curves gives every district its own curve of radiance over the view zenith angle; ray_cast builds "
        "blocks of boxes, lamps and windows and follows the rays.", advanced=True)
    effects: str = choice(
        "planted", ("planted", "none"), "Effects",
        "SIZE full: none leaves all light independent of the view zenith angle, so that whatever is found is wrong.",
        advanced=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size == "small":
            for parameter, given, only in (("LIGHT_MODEL", self.light_model, "curves"),
                                           ("EFFECTS", self.effects, "planted")):
                if given != only:
                    raise InputError(parameter, f"'{given}' was given with SIZE small",
                                     f"choose SIZE full, or {only}")
