"""Writes docs/simulator.md from the ranges in the code: python scripts/simulator_doc.py"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".dev"))

INTRODUCTION = """# The simulator

`nocturne:createdemo` writes five demonstrations; all are drawn by SEED, and every constant is stored with its range in
`truth/constants.json`. This page is written by `scripts/simulator_doc.py` from the ranges in the code; a test compares
both.

Marks: M measured, L literature, l literature with less certainty, J judgement. A constant is drawn uniformly from its
range.

## SIZE full

Three cities (one per type of Jie et al. 2024, Table 6), 200 x 200 cells each, 731 nights from 2020-01-01, written as
VNP46A1, VNP46A2 and two VNP46A4 files of collection 001 with the planted truth, the municipality, the urban area and
the outline of the CBD of each city, with building heights, slopes and places. About 1.7 GB; the algorithm says so
before it starts. SIZE cities writes the same compactly: 130 x 130 cells, 120 nights, clear share 0.6 without season,
0.26 GB.

The same scenes on arrays, in any number, are what `benchmarks/evidence.py` (`docs/evidence.md`) and
`benchmarks/cbd_cities.py` (`docs/cbd.md`) measure on. The first takes centres that differ by chance only; files and
CBDs take centres of different uses.

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
- Centres by use: the CBD and what Jie et al. (2024), section 5.3, say is confused with it, with the same kind of curve
  but other sizes, brightness and places: other business districts, high-rise housing, historic centres, low houses
  below hills. Their sizes overlap, least in cities of the type usa_like and most in china_like, as the paper's Figure 9
  and Table 8 do; others can be brighter than the CBD. The ranges were set on two sets of cities (seeds 101 and 102):
  centres with negative pixels have about the numbers and mean radiances of Tables 6 and 8, and
  one threshold on Count_A tells CBDs from others about as well, type by type, as the training half of Table 8 says. A
  first version, in which they overlapped more than that and CBDs lay nearer to the middle, was seen with trees on other
  sets (seeds 1, 2, 3 and 11); the figures in `docs/cbd.md` come from sets that were never looked at before (21 to 25).
- `draw_published_mixture` draws 32 cities: 10 usa_like, 16 mixed and 6 china_like with 20, 88 and 72 planted negative
  centres; one city has no CBD and two have two; an eighth has a clear share below 0.08. Types, clear nights and CBDs
  are independent of each other.
- Building heights, slopes and places follow the uses, never the light; a half to all of a city's places are known.
- Of 32 and more cities drawn together (`draw_cities`) an eighth has a clear share below 0.08 whatever its type, one
  has no CBD and one has two. Types take turns, clear shares are independent of them.

"""
TYPES = """### Types of cities

Mean radiance and number of the high-rise centres with a negative effect: Jie et al. (2024), Table 6 [L]. Spread: within
which share of the city's radius they stand [J]. Cities and all centres: of a set of 32, Tables 6 and 8 [L]. Brightness
and size of others: factors where centres differ by use, on the radiance and on the radii of those that are no CBD [J].

| type | radiance, nW/cm2/sr | centres | spread | cities | all centres | brightness | size of others |
|---|---|---|---|---|---|---|---|
"""
USES = """
### Uses of centres and surroundings

Share: of the centres that are no CBD. Mean height of what stands in a cell; places per km2 before the loss of some. All
[J].

| use | share | height, m | {categories} |
|---|---|---|{rule}|
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


REGION = """
## PART region

An industrial region of 90 x 90 cells of 500 m over 96 months from January 2014, as monthly light with counts of
observations, places, six zones, land use, urban area and published totals. `simulate_region` draws the same on arrays,
in any number, in less than a second each.

- Factories in parks and alone make what their size, sector, growth, a season that isn't adjusted, the moving Spring
  Festival, a second-order business cycle, a swing of their own and the shock of 2020 say. They open and close. Head
  offices in the town book output that no light shows.
- The light of a factory is its mean times the elasticity's power of what it made, in relation to its usual output, up
  to two months before. Day-shift factories shine alike while they are open.
- The oracle knows what all factories with elastic light make, and the mean function of day-shift factories and head
  offices, but not their swings. These are scaled so that its R2 of the monthly totals is the drawn one.
- Other light has a land use, grows on a trend per land use and swings as a whole, partly with the region's output: the
  confounder that makes baselines look good. Zones change to LED, green land has leaves, greenhouses shine in winter,
  construction sites come and go.
- The sensor sees all through a Gaussian of 742 m, adds noise that falls with the number of observations, airglow and
  snow, takes off a background that leaves negatives, and meets flares. Where the monsoon leaves no observation, the
  files hold zeros, as real composites do.
- The layer of places misses factories, lists wrong ones and some twice, errs in position, and knows dates of a part.
- EFFECTS none is the null mode: factories shine alike in all months, open or closed, and other light doesn't follow
  the output. Everything else is as drawn.
- Truth is kept for factory, cell, zone and region. The code that writes it shares with the code that estimates nothing
  but the calendar.

"""
COUNTRY = """
## PART country

A country of 64 x 48 cells of 25 km over 60 winter days, with air monitors: PM2.5 where it was measured, 15 covariates
at the monitors and of all cells, and the PM2.5 of each cell. `simulate_country` draws the same on arrays, in any
number, in less than a second each.

- PM2.5 is a background that a regional field of each day and stagnant air raise and rain lowers, plus cities under low
  boundary layers, cold calm valleys, dust where the ground is bare and the wind strong, and plumes of smoke. AOD sees
  the whole column of it in damp air, with error, where neither cloud nor snow hides it: never at random.
- Bare ground covers one side of the country. There wind raises PM2.5, which it lowers nowhere else, and AOD sees mostly
  what isn't PM2.5: a model from elsewhere is wrong there.
- Monitors stand mostly where much is built; many measure every third or sixth day, all of them on the same days. What
  is finer than a cell has 10 to 30 % of the variance of their values.
- EFFECTS planted: the regional field has mean 0 over the days in every cell, so that a place says nothing on average
  that its covariates don't say; neighbours on the same day do. EFFECTS located: a smooth field of places is added that
  no covariate knows. EFFECTS none is the null mode: every monitor has a series of its own. Everything else is as drawn.
- Not in it: chemistry, transport from day to day, hours of the day, monitors that move or stand at one place.

"""
REGION_FIXED = """### Mean radiance of other light by land use, nW/cm2/sr

At the start, before it is varied; all [J].

| land use | radiance |
|---|---|
"""


DISTRICTS = """
## PART districts

Fictitious units of the 50 districts of the Pearl River Delta with their published totals (Cao et al. 2025, Appendix B:
value added of three sectors, area, population), and simulated places, views and flows. `simulate_districts` draws the
same on arrays in less than a second. Its figures say what a method can find where the truth is known, nothing about the
real districts.

- A rectangle is cut into cities, districts and units with their areas, and bent by shears, which keep areas. The units'
  people, fertility, industry and services follow log-Gaussian surfaces of their own.
- Value added: primary by open land and fertility, secondary by the root of area times people, tertiary by people, each
  times its surface, so that the units of a district add up to its published totals. A part of the tertiary value is
  booked at head offices that no input shows.
- Inputs follow the activity, which is the value over a productivity that varies between districts and units. The oracle
  sees the activity, with one factor per sector: its R2 is what no method can hope to pass by much.
- Places: 140 categories, Poisson around powers of a mixture of the three activities, thinned by a coverage that varies
  by city and is lower in the countryside; a few categories follow the area alone.
- Views: 768 numbers, through two layers, from the logs of the densities of activity and people and from factors that
  say nothing; noise falls with the number of images; a part of the rural units has none.
- Flows: a doubly constrained gravity model with trips inside units on the diagonal, seen by an operator with a share of
  its own in every city. In the files they are between cells of 500 m, one per unit, on {days} days less the missing.
- Pictures: {streets} small rendered streets in perspective, whose houses, works, shops, trees and cars follow what is
  built up and active in their unit, for the way from pictures to vectors. Vectors of all units are drawn as above,
  because pictures are expensive.
- EFFECTS none is the null mode: views are noise of the same mean and spread, flows are exchanged among units at random.
  On arrays either can be chosen alone; then the other modality must bring all the gain.

"""


def document() -> str:
    """The page."""
    from nocturne.algorithms.simulation import (
        centre_uses,
        cities,
        city_plan,
        district_files,
        disturbances,
        light_curves,
        orbit,
        region_light,
        surroundings,
        truth,
    )
    from nocturne.algorithms.simulation.country_ranges import COUNTRY_RANGES
    from nocturne.algorithms.simulation.district_ranges import DISTRICT_RANGES
    from nocturne.algorithms.simulation.ranges import RANGES
    from nocturne.algorithms.simulation.region_ranges import REGION_RANGES

    text = INTRODUCTION + range_tables(RANGES) + TYPES
    for kind in cities.CITY_TYPES:
        text += (f"| {kind.name} | {kind.radiance[0]:g} to {kind.radiance[1]:g} | {kind.centres[0]} to "
                 f"{kind.centres[1]} | {kind.spread:g} | {kind.cities} | {kind.total} | {kind.brightness:g} | "
                 f"{kind.other_size:g} |\n")
    text += USES.format(categories=" | ".join(surroundings.CATEGORIES), rule="---|" * (len(surroundings.CATEGORIES) - 1)
                        + "---")
    shares = {use.code: use.share for use in centre_uses.USES}
    for each in city_plan.DISTRICT_TYPES:
        if each.code in surroundings.HEIGHTS:
            low, high = surroundings.HEIGHTS[each.code]
            rates = surroundings.PLACES.get(each.code, (0,) * len(surroundings.CATEGORIES))
            text += (f"| {each.name} | {shares.get(each.code) or '-'} | {low} to {high} | "
                     f"{' | '.join(f'{rate:g}' for rate in rates)} |\n")
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
        ("slope around houses below hills, degrees, from", surroundings.HILL_SLOPE[0], "J"),
        ("slope around houses below hills, degrees, to", surroundings.HILL_SLOPE[1], "J"),
        ("share of the places that is known, from", surroundings.COMPLETENESS[0], "J"),
        ("share of the places that is known, to", surroundings.COMPLETENESS[1], "J"),
        ("smallest planted effect", truth.SMALLEST_EFFECT, "J"))
    text += FIXED + "".join(f"| {name} | {value:g} | {mark} |\n" for name, value, mark in rows)
    text += SMALL + "".join(small_rows())
    text += REGION + range_tables(REGION_RANGES) + REGION_FIXED
    text += "".join(f"| {name} | {value:g} |\n" for name, value in region_light.RADIANCE.items())
    text += COUNTRY + range_tables(COUNTRY_RANGES).rstrip("\n") + "\n"
    text += DISTRICTS.format(days=district_files.DAYS, streets=district_files.STREETS)
    return text + range_tables(DISTRICT_RANGES).rstrip("\n") + "\n"


def range_tables(ranges: dict[str, Any]) -> str:
    """One table per topic."""
    text = ""
    for topic in dict.fromkeys(each.topic for each in ranges.values()):
        text += f"### {topic}\n\n| constant | from | to | unit | mark | meaning |\n|---|---|---|---|---|---|\n"
        for each in ranges.values():
            if each.topic == topic:
                text += (f"| {each.name} | {each.low:g} | {each.high:g} | {each.unit} | {each.mark} | "
                         f"{each.meaning} |\n")
        text += "\n"
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
