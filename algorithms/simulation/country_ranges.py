"""The constants of the simulated country: from which range each is drawn, in what unit, and how well it is known."""
from __future__ import annotations

from .ranges import KM, SHARE, topic

PM25, PER_DAY = "ug/m3", "per day"
LOG = "standard deviation of the logarithm"
COUNTRY_RANGES = {each.name: each for each in (
    *topic(
        "Plan of the country",
        ("relief of the country", 800, 2500, "m", "J", "standard deviation of the height is a quarter of it"),
        ("size of mountains", 150, 350, KM, "J", "distance at which the correlation of heights has fallen to 0.05"),
        ("cities", 14, 26, "count", "J", "rounded; sizes fall with the rank"),
        ("fall of city sizes", 0.4, 0.8, "exponent", "l", "on the rank; Zipf's law has 1"),
        ("bearing of the dry region", 0, 360, "degrees", "J", "the side on which the ground is bare"),
        ("dry share", 0.2, 0.35, SHARE, "J", "of the country, where more than half of the ground is bare")),
    *topic(
        "Monitors",
        ("monitors", 110, 170, "count", "J", "rounded"),
        ("monitors in cities", 0.6, 0.85, SHARE, "J", "stand where much is built, the others anywhere"),
        ("every third day", 0.25, 0.4, SHARE, "L", "monitors that measure every third day, all on the same days"),
        ("every sixth day", 0.15, 0.3, SHARE, "L", "likewise every sixth day"),
        ("lost measurements", 0.02, 0.08, SHARE, "J", "of those that were due"),
        ("error of monitors", 0.5, 1.5, PM25, "l", "standard deviation; makes small values negative now and then")),
    *topic(
        "Weather",
        ("size of weather", 600, 1200, KM, "l", "distance at which correlation has fallen to 0.05"),
        ("persistence of weather", 0.6, 0.85, PER_DAY, "J", "correlation from day to day"),
        ("rainy share", 0.1, 0.3, SHARE, "J", "of days and cells"),
        ("missing AOD", 0.4, 0.7, SHARE, "L", "of days and cells, where there is cloud or snow"),
        ("error of AOD", 0.02, 0.06, "", "l", "standard deviation; a tenth of the value is added")),
    *topic(
        "PM2.5",
        ("background", 6, 11, PM25, "J", "median away from cities and smoke"),
        ("reach of the day", 300, 800, KM, "l", "of the regional field of each day: correlation 0.05"),
        ("persistence of the day", 0.6, 0.8, PER_DAY, "l", "of the same field"),
        ("strength of the day", 0.3, 0.5, LOG, "J", "of the same field, which AOD sees and no other covariate"),
        ("strength of stagnation", 0.25, 0.45, LOG, "J", "calm air below a low boundary layer"),
        ("washout", 0.2, 0.5, SHARE, "J", "of the background by heavy rain"),
        ("urban increment", 5, 12, PM25, "J", "where all is built, under a boundary layer of 600 m"),
        ("increment of inversions", 4, 12, PM25, "J", "in deep valleys on cold calm days"),
        ("days with smoke", 0.02, 0.05, SHARE, "J", "at least one"),
        ("smoke", 80, 250, PM25, "J", "where a plume is thickest; exponential beyond"),
        ("dust", 4, 10, PM25, "J", "of bare ground in strong wind, and a third of what AOD sees of it: the relation of "
         "PM2.5 to wind and AOD is another one there"),
        ("fine-scale share", 0.1, 0.3, SHARE, "J", "of the variance at monitors that no cell knows"),
        ("share of places", 0.06, 0.15, SHARE, "J", "of the variance that belongs to the place alone, where places "
         "matter"),
        ("size of places", 300, 600, KM, "J", "of the field of places: correlation 0.05")))}
