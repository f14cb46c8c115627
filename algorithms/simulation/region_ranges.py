"""The constants of the simulated region: from which range each is drawn, in what unit, and how well it is known."""
from __future__ import annotations

from .ranges import KM, RADIANCE, SHARE, topic

YEARLY, MONTHS, METRES = "per year", "months", "m"
REGION_RANGES = {each.name: each for each in (
    *topic(
        "Factories",
        ("factories", 220, 380, "count", "J", "of which some open or close on the way"),
        ("factories in parks", 0.5, 0.8, SHARE, "J", "the others stand alone"),
        ("inequality of size", 0.6, 0.8, "Gini coefficient", "J", "of a log-normal distribution"),
        ("openings and closures", 0.01, 0.05, YEARLY, "J", "share of the factories that open, and that close"),
        ("day-shift factories", 0.1, 0.3, SHARE, "J", "of the factories: their light says nothing about output"),
        ("elasticity of light", 0.1, 0.6, "ratio of relative changes", "J", "of a factory's light to its output, one "
         "for each sector; about 0.3 nationally (Henderson et al. 2012) [L]"),
        ("lag of light", 0, 2, MONTHS, "J", "after output, one for each sector, rounded"),
        ("light by size", 0.5, 0.9, "exponent", "J", "of mean light on mean output"),
        ("efficiency of lighting", 0.3, 0.6, "standard deviation of the logarithm", "J", "between factories of one "
         "size")),
    *topic(
        "Output",
        ("growth of sectors", 0, 0.08, YEARLY, "J", "one for each"),
        ("advantage of the north", -0.02, 0.04, YEARLY, "J", "growth of the northern over that of the southern zones"),
        ("season", 0.05, 0.12, SHARE, "L", "amplitude, one for each sector: the series aren't seasonally adjusted"),
        ("loss at Spring Festival", 0.15, 0.35, SHARE, "L", "of a month that holds all of it; it moves between January "
         "and February"),
        ("spread of the business cycle", 0.01, 0.03, "standard deviation of the logarithm", "J", "of a "
         "second-order autoregression, one for each sector"),
        ("spread of a factory", 0.08, 0.2, "standard deviation of the logarithm", "J", "of a first-order "
         "autoregression of its own"),
        ("depth of the shock", 0.1, 0.35, SHARE, "J", "of 2020, at its worst"),
        ("first month of the shock", 1, 3, "months after January 2020", "J", "rounded"),
        ("fall of the shock", 0, 2, MONTHS, "J", "until it is worst, rounded"),
        ("recovery of the shock", 1, 8, MONTHS, "J", "in which a factor e of it is made up"),
        ("part that lasts", 0, 0.3, SHARE, "J", "of the shock"),
        ("output without light", 0.05, 0.15, SHARE, "J", "of the total: booked at head offices"),
        ("R2 of the oracle", 0.9, 0.98, "", "J", "of monthly totals, by one who knows factory light and elasticity; "
         "what no light shows is scaled until it holds"),
        ("price index", 0, 0.03, YEARLY, "J", "growth; published totals are at current prices")),
    *topic(
        "Other light",
        ("other light in the rings", 0.4, 0.9, SHARE, "J", "of the light within 1500 m of factories, at the start"),
        ("growth of other light", 0, 0.06, YEARLY, "J", "one for each land use"),
        ("correlation with the total", 0, 0.9, "", "J", "of the common swings of other light with the output of the "
         "region: the confounder"),
        ("common swings of other light", 0.005, 0.02, "standard deviation of the logarithm", "J", ""),
        ("zones with LED change", 0, 0.2, SHARE, "J", "probability of each; one month of change"),
        ("loss by LED", 0.1, 0.4, SHARE, "l", "the sensor is blind below 500 nm"),
        ("loss by canopy in leaf", 0.05, 0.2, SHARE, "l", "over green land, in summer"),
        ("construction sites", 2, 6, "count", "J", "rounded; 12 to 30 months each"),
        ("light of construction sites", 20, 80, RADIANCE, "J", "one for each"),
        ("flares", 1, 3, "cells", "J", "rounded"),
        ("months with flare", 0.02, 0.15, SHARE, "J", "of each such cell"),
        ("light of flares", 300, 4500, RADIANCE, "L", "up to thousands, one for each cell")),
    *topic(
        "Sensor",
        ("clear nights", 8, 16, "count", "L", "mean number of observations outside the monsoon"),
        ("clear nights in the monsoon", 0.2, 1.5, "count", "L", "mean, at its height; months without any are zeros in "
         "the files, as the real ones have them"),
        ("height of the monsoon", 6, 7.5, "month of the year", "l", ""),
        ("noise of one night", 0.1, 0.2, SHARE, "J", "falls with the square root of the observations"),
        ("additive noise", 0.1, 0.3, RADIANCE, "J", "of a cell's monthly mean"),
        ("airglow", 0.1, 0.3, RADIANCE, "J", "standard deviation of what all cells share in a month"),
        ("background taken off", 0.1, 0.4, RADIANCE, "L", "makes dark cells negative"),
        ("snowy winters", 0, 0.15, SHARE, "J", "probability that a January or February has snow"),
        ("brightening by snow", 1.05, 1.25, "factor", "J", "of a monthly mean with some nights of snow")),
    *topic(
        "Places",
        ("missing factories", 0.1, 0.4, SHARE, "J", "of the layer"),
        ("wrong factories", 0.05, 0.2, SHARE, "J", "of the layer's factories: nothing is made there, or no longer"),
        ("error of position", 50, 300, METRES, "J", "standard deviation along each axis is this over the root of 2"),
        ("points on one site", 0.02, 0.1, SHARE, "J", "factories that are listed twice, some tens of metres apart"),
        ("error of employees", 0.2, 0.5, "standard deviation of the logarithm", "J",
         "of the listed number of employees as a measure of size"),
        ("dates that are known", 0.5, 1, SHARE, "J", "of openings and closures")),
    *topic(
        "Plan of the region",
        ("radius of the town", 5, 8, KM, "J", ""),
        ("industrial parks", 8, 14, "count", "J", "rounded"),
        ("radius of parks with factories", 0.5, 1.2, KM, "J", "standard deviation of factories around its middle"),
        ("distance of parks from the town", 6, 20, KM, "J", "one for each, all around")))}
