"""Writes docs/simulator.md from the ranges in the code: python scripts/simulator_doc.py"""
from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".dev"))

INTRODUCTION = """# The simulator

`nocturne:createdemo` writes two demonstrations; both are drawn by SEED, and every constant is stored with its range in
`truth/constants.json`. This page is written by `scripts/simulator_doc.py` from the ranges in the code; a test compares
both.

Marks: M measured, L literature, l literature with less certainty, J judgement. A constant is drawn uniformly from its
range.

## SIZE full

Three cities (one per type of Jie et al. 2024, Table 6), 200 x 200 cells each, 731 nights from 2020-01-01, written as
VNP46A1, VNP46A2 and two VNP46A4 files of collection 001 with the planted truth, the municipality, the urban area and
the outline of the CBD of each city. About 1.7 GB; the algorithm says so before it starts. The same scenes on arrays, in
any number, are what `benchmarks/evidence.py` measures on (`docs/evidence.md`).

- Two families of light models. `curves` gives every district its curve: radiance (1 - c theta/60)/cos theta for towers,
  a skewed half sine for mid-rise, 1 - cos theta for the facades of low houses, nothing for parks, ports, stadiums and
  roads. `ray_cast` builds blocks of 240 m from random boxes on a street grid, lit on streets, facades, roofs and lamp
  heads, and follows rays to the sensor at 12 zeniths and 8 azimuths; a cell takes one of four blocks of its kind,
  turned by the bearing of its streets. It assumes no curve: its low houses brighten, its towers fall
  steeply and then level.
- EFFECTS none is the null mode: the radiance of the nadir under every zenith, everything else as drawn.
- Orbit, weather and noise don't depend on the family, the null mode, or on which disturbance acts: each has its own
  stream of random numbers.
- Truth: the noise-free curve through the footprint, mean of both sides of the track, between the zeniths under which a
  cell was used; U-shaped, negative, positive or none by the rule in `docs/methods.md`. Time of night, azimuth, haze,
  hills and the rest are disturbances, not truth.
- Nights that can be used: confident clear, not beside a cloud, no flagged snow, zenith up to 60 degrees.
- Centres shrink together where they would cover more than 8.5 % of the city: the footprint spreads them to at most
  about 15 % of its cells. Their radiance is that of Table 6 behind the footprint, as a mean over 0 to 60 degrees.
- Light changes and hills act on the light behind the footprint, by factors that are blurred like it. Haze scatters the
  light of neighbours (Gaussian) into the view. Outside the drawn shift of the grid the footprint doesn't change with
  the zenith.
- Of 32 and more cities drawn together (`draw_cities`) an eighth has a clear share below 0.08 whatever its type, one
  has no CBD and one has two. Types take turns, clear shares are independent of them.

"""
TYPES = """### Types of cities

Mean radiance and number of the high-rise centres with a negative effect: Jie et al. (2024), Table 6 [L]. Spread: within
which share of the city's radius they stand [J].

| type | radiance, nW/cm2/sr | centres | spread |
|---|---|---|---|
"""
FIXED = """
### Fixed numbers

| number | value | mark |
|---|---|---|
"""
SMALL = """
## SIZE small

One city on 168 x 168 cells over 48 to 120 nights, with the family of curves, clouds, noise and two nights of snow. Its
plan and its shares are layout for a demonstration [J]; so are the ranges of noise, clouds and curves [J], with more
clear nights and less noise than above, so that few nights suffice. The orbit is that of above [L].

| constant | from | to | unit | how many |
|---|---|---|---|---|
"""


def document() -> str:
    """The page."""
    from nocturne.algorithms.simulation import cities, disturbances, light_curves, orbit, truth
    from nocturne.algorithms.simulation.ranges import RANGES

    text = INTRODUCTION
    for topic in dict.fromkeys(each.topic for each in RANGES.values()):
        text += f"### {topic}\n\n| constant | from | to | unit | mark | meaning |\n|---|---|---|---|---|---|\n"
        for each in RANGES.values():
            if each.topic == topic:
                text += (f"| {each.name} | {each.low:g} | {each.high:g} | {each.unit} | {each.mark} | "
                         f"{each.meaning} |\n")
        text += "\n"
    text += TYPES
    for kind in cities.CITY_TYPES:
        text += (f"| {kind.name} | {kind.radiance[0]:g} to {kind.radiance[1]:g} | {kind.centres[0]} to "
                 f"{kind.centres[1]} | {kind.spread:g} |\n")
    rows = (
        ("height of the orbit, km", orbit.ORBIT_HEIGHT_KM, "L"),
        ("spacing of tracks, degrees", orbit.TRACK_SPACING, "L"),
        ("shift of the tracks per night, degrees", orbit.NIGHTLY_SHIFT, "L"),
        ("local solar time under the track, hours", orbit.CROSSING_HOUR, "L"),
        ("half width of the swath, km", orbit.SWATH_HALF_WIDTH_KM, "L"),
        ("zenith beyond which a second pass competes, degrees", orbit.OVERLAP_ZENITH, "L"),
        ("footprint, m", light_curves.FOOTPRINT_M, "L"), ("height of a cell, m", light_curves.CELL_HEIGHT_M, "L"),
        ("reach of scattered light, cells", disturbances.HAZE_CELLS, "J"),
        ("transmission of thin cloud, from", disturbances.THIN_CLOUD[0], "J"),
        ("transmission of thin cloud, to", disturbances.THIN_CLOUD[1], "J"),
        ("administrative districts that can change to LED", disturbances.LED_DISTRICTS, "J"),
        ("latitude from which snow falls every winter, degrees", disturbances.FULL_SNOW_FROM, "J"),
        ("smallest planted effect", truth.SMALLEST_EFFECT, "J"))
    text += FIXED + "".join(f"| {name} | {value:g} | {mark} |\n" for name, value, mark in rows)
    text += SMALL + "".join(small_rows())
    return text


def small_rows() -> list[str]:
    """The ranges that the small demonstration draws from, as it draws them."""
    import numpy as np
    from nocturne.algorithms.progress import Progress
    from nocturne.algorithms.simulation.city_plan import plan_city
    from nocturne.algorithms.simulation.constants import Constants, generator
    from nocturne.algorithms.simulation.nights import simulate_nights
    from nocturne.algorithms.simulation.window import SMALL as WINDOW

    constants = Constants(generator(1, 0))
    city = plan_city(constants, generator(1, 1), WINDOW)
    simulate_nights(constants, 1, city, WINDOW, 3, Progress())
    return [f"| {name} | {record['low']:g} | {record['high']:g} | {record['unit']} | {np.size(record['value'])} |\n"
            for name, record in constants.as_records().items()]


if __name__ == "__main__":
    (ROOT / "docs" / "simulator.md").write_text(document(), encoding="utf-8", newline="\n")
