"""The constants of the full simulation: from which range each is drawn, in what unit, and how well the range is known.

Marks: M measured, L literature, l literature with less certainty, J judgement.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import Constants, Generator


@dataclass(frozen=True)
class Range:
    """A constant is drawn uniformly between low and high, or several of its kind are."""

    topic: str
    name: str
    low: float
    high: float
    unit: str
    mark: str
    meaning: str


def topic(name: str, *rows: tuple[str, float, float, str, str, str]) -> list[Range]:
    return [Range(name, *row) for row in rows]


KM, RADIANCE, DEGREES, SHARE = "km", "nW/cm2/sr", "degrees", "share"
LOSS = "share of intensity lost at 60 degrees"
RANGES = {each.name: each for each in (
    *topic(
        "Orbit",
        ("longitude from the track", 0, 25.374, DEGREES, "L", "phase of the 16-day cycle at the city on the first "
         "night"),
        ("nights of the neighbouring pass", 0, 0.4, SHARE, "J", "where two passes see the city beyond 45 degrees, "
         "nights on which the more oblique one is kept")),
    *topic(
        "Weather",
        ("mean clear share", 0.05, 0.6, SHARE, "J", "of the nights of a year"),
        ("amplitude of the clear share", 0, 0.9, SHARE, "J", "of its mean, over the year"),
        ("clearest day", 0, 365, "day of the year", "J", ""),
        ("persistence of clouds", 0.5, 0.8, "per day", "J", "correlation of the cloud field from day to day"),
        ("poor retrievals", 0.01, 0.03, SHARE, "J", "cells flagged as poor away from clouds")),
    *topic(
        "Light curves",
        ("towers that darken", 0.6, 0.9, LOSS, "L",
         "negative centres: radiance (1 - c theta / 60) / cos theta"),
        ("towers with a cold spot", 0.2, 0.55, LOSS, "L",
         "centres whose radiance has a minimum between"),
        ("facades of low houses", 0.1, 0.6, "gain of radiance at 60 degrees", "J", "low houses and towns, two ends"),
        ("depth of mid-rise", 0.1, 0.4, SHARE, "J", "depth of the U between 0 and 60 degrees, two ends")),
    *topic(
        "Ray-cast blocks",
        ("height of low houses", 4, 10, "m", "J", "two ends"),
        ("height of mid-rise", 12, 26, "m", "J", "two ends"),
        ("height of towers", 60, 220, "m", "J", "two ends"),
        ("built share of lots", 0.35, 0.6, SHARE, "J", "of the area between streets"),
        ("lit facades of towers", 0.02, 0.8, SHARE, "J", "luminance over that of the street, two ends; the blocks "
         "of a city lie between"),
        ("lit facades of mid-rise", 0.5, 1.0, SHARE, "J", "likewise, two ends"),
        ("lit facades of houses", 0.7, 1.3, SHARE, "J", "likewise, two ends"),
        ("lamps seen from the side", 0.05, 0.25, SHARE, "J", "light that lamp heads send sideways over what the street "
         "sends up"),
        ("lit roofs", 0, 0.05, SHARE, "J", "luminance over that of the street")),
    *topic(
        "Time of night and azimuth",
        ("fall of light per hour", 0, 0.15, "per hour", "J", "after 01:30, one for each district type"),
        ("difference between east and west", 0, 0.2, SHARE, "J", "of the radiance at 50 degrees in street canyons, "
         "either sign"),
        ("difference outside canyons", 0.2, 0.6, SHARE, "J", "of that inside them")),
    *topic(
        "Haze",
        ("path radiance of haze", 0, 0.1, SHARE, "J", "of neighbouring light, at 60 degrees, growing with 1 / cos "
         "zenith"),
        ("forward scatter of haze", 0, 0.5, SHARE, "J", "by which one side is hazier than the mean"),
        ("spread of aerosol", 0.3, 0.8, "standard deviation of the logarithm", "J", "from night to night")),
    *topic(
        "Noise of a night",
        ("noise of bright cells", 0.08, 0.15, SHARE, "J", "per cell and night, of the radiance"),
        ("noise of dim cells", 0.15, 0.25, SHARE, "J", "likewise, far below 10 nW/cm2/sr; that dim cells vary more "
         "is literature"),
        ("noise that the city shares", 0.03, 0.15, SHARE, "J", "one factor for all cells of a night"),
        ("additive noise", 0.4, 0.6, RADIANCE, "L", "detection limit of about 0.5"),
        ("residual moonlight", 0, 1.5, RADIANCE, "J", "at full moon over the brightest ground"),
        ("nights with thin cloud", 0.02, 0.08, SHARE, "J", "that no mask shows; radiance times 0.3 to 0.9, blurred"),
        ("spikes", 5, 100, "per million cells and nights", "J", "fireworks, lightning, fires"),
        ("height of spikes", 20, 300, RADIANCE, "J", "mean of an exponential distribution"),
        ("shift of a night", 0, 0.4, "cells", "J", "largest displacement of the grid")),
    *topic(
        "Season and change",
        ("loss by canopy in leaf", 0.05, 0.2, SHARE, "l", "where trees stand, in summer"),
        ("brightening on holidays", 0.2, 0.5, SHARE, "L", "of low houses and mid-rise"),
        ("nights of holidays", 0, 30, "per year", "J", "in one run of nights"),
        ("trend over two years", -0.1, 0.15, SHARE, "J", "of all lights"),
        ("districts with LED change", 0, 0.2, SHARE, "J", "one night of change each"),
        ("loss by LED", 0.1, 0.4, SHARE, "l", "the sensor is blind below 500 nm"),
        ("nights with snow", 0, 90, "per year", "J", "times 0 below 25 to 1 above 45 degrees of latitude"),
        ("brightening by snow", 1.2, 2.5, "factor", "J", ""),
        ("snow that no flag shows", 0.05, 0.2, SHARE, "J", "of the snowy nights")),
    *topic(
        "Terrain",
        ("relief", 0, 600, "m", "J", "of the hills on one side of the city"),
        ("bearing of the hills", 0, 360, DEGREES, "J", ""),
        ("shift over high ground", 0, 1, "cells", "J", "at 60 degrees, over the highest ground")),
    *topic(
        "City plan",
        ("radius of the city", 13, 18, KM, "J", ""),
        ("light at the centre", 0.45, 0.7, SHARE, "J", "of the mean radiance of the high-rise centres"),
        ("decay of light", 9, 14, KM, "J", ""),
        ("radius of centres", 0.8, 1.4, KM, "J", "one for each"),
        ("radiance of centres", 0.85, 1.2, "factor", "J", "one for each, on the mean of the city's type: the CBD isn't "
         "always brightest"),
        ("centres with a cold spot", 0, 3, "count", "J", "beside the negative ones"),
        ("elongation of the CBD", 1.0, 1.6, "ratio", "J", ""),
        ("bearing of the CBD", 0, 180, DEGREES, "J", ""),
        ("bearing of the CBD off the centre", 0, 360, DEGREES, "J", ""),
        ("distance of the CBD off the centre", 0, 2, KM, "J", ""),
        ("distance of parks", 3, 10, KM, "J", "one for each of four"),
        ("bearing of parks", 0, 360, DEGREES, "J", "one for each of four"),
        ("radius of parks", 0.8, 1.5, KM, "J", "one for each of four"),
        ("bearing of the port", 0, 360, DEGREES, "J", ""),
        ("radiance of the port", 30, 60, RADIANCE, "J", ""),
        ("radiance of the stadium", 100, 200, RADIANCE, "J", ""),
        ("radiance of roads", 4, 8, RADIANCE, "J", ""),
        ("places of towns", -40, 40, KM, "J", "east and north"),
        ("radiance of towns", 8, 26, RADIANCE, "J", "one for each of ten"),
        ("waves of the boundary", -0.02, 0.02, SHARE, "J", "of its radius, one for each of eight")),
    *topic(
        "Uses of centres",
        ("distance of CBDs off the centre", 0, 6, KM, "J", "of the first CBD of a city"),
        ("radius of CBDs", 0.8, 1.5, KM, "J", "as a circle of the same area; those of Jie et al. (2024), Table 10, "
         "have 0.3 to 2.8 km, median 0.8 km"),
        ("radius of other business", 0.5, 0.9, KM, "J", "times the size of the type"),
        ("radius of high-rise housing", 0.5, 0.9, KM, "J", "likewise"),
        ("radius of historic centres", 0.5, 0.9, KM, "J", "likewise"),
        ("radius of houses below hills", 0.5, 0.9, KM, "J", "likewise"),
        ("radiance of CBDs", 1.2, 2.0, "factor", "J", "on the mean of the city's type; other business can be brighter"),
        ("radiance of other business", 1.1, 2.1, "factor", "J", "likewise"),
        ("radiance of high-rise housing", 0.8, 1.5, "factor", "J", "likewise"),
        ("radiance of historic centres", 1.0, 1.7, "factor", "J", "likewise"),
        ("radiance of houses below hills", 0.8, 1.2, "factor", "J", "likewise"),
        ("loss of CBDs", 0.7, 0.9, LOSS, "J", ""),
        ("loss of other business", 0.65, 0.9, LOSS, "J", ""),
        ("loss of high-rise housing", 0.6, 0.85, LOSS, "J", ""),
        ("loss of historic centres", 0.58, 0.75, LOSS, "J", "high latitudes and dense old houses"),
        ("loss of houses below hills", 0.58, 0.75, LOSS, "J", "by the hill that hides them")),
)}


class Draws:
    """Draws constants by name from a table of ranges and keeps them with the truth."""

    def __init__(self, numbers: Generator, ranges: Mapping[str, Range] = RANGES) -> None:
        self.constants = Constants(numbers)
        self._ranges = ranges

    def one(self, name: str) -> float:
        return float(self.many(name, 1)[0])

    def many(self, name: str, count: int) -> NDArray[np.float64]:
        """count numbers of shape (count,)."""
        limits = self._ranges[name]
        return self.constants.draw_many(name, limits.low, limits.high, count, limits.unit)

    def between(self, name: str) -> tuple[float, float]:
        """Two ends, the lower one first."""
        low, high = np.sort(self.many(name, 2))
        return float(low), float(high)
