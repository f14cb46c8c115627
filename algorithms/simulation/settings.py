"""Settings of the demonstration."""
from __future__ import annotations

from dataclasses import dataclass

from ..settings import Settings, choice, number


@dataclass(frozen=True)
class DemoSettings(Settings):
    """What the demonstration shall contain."""

    size: str = choice(
        "small", ("small",), "Size",
        "small: one simulated city on 168 x 168 cells of one Black Marble tile, about 95 MB on disk.")
    seed: int = number(
        1, "Seed", "Draws every constant of the simulation; the same seed writes the same files.", minimum=0,
        maximum=2**31 - 1)
    nights: int = number(
        64, "Nights", "Consecutive nights that are simulated, up to the end of the year; clouds hide a part of them.",
        minimum=48, maximum=120, advanced=True)
