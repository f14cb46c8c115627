"""The constants of the simulated districts: from which range each is drawn, in what unit, and how well it is known."""
from __future__ import annotations

from .ranges import KM, SHARE, topic

LOG_SPREAD = "standard deviation of the logarithm"
DISTRICT_RANGES = {each.name: each for each in (
    *topic(
        "Units",
        ("units of a district", 5, 35, "count", "l", "one for each, rounded; districts that are cities have 30"),
        ("spread of areas", 0.3, 0.6, LOG_SPREAD, "J", "of the units of a district"),
        ("range of the surfaces", 3, 15, KM, "J", "log-Gaussian, one each for fertility, industry, services, people"),
        ("spread of the surfaces", 0.5, 1.0, LOG_SPREAD, "J", "likewise"),
        ("half built-up", 800, 2500, "people per km2", "J", "density at which half of a unit is built up")),
    *topic(
        "Value that no input shows",
        ("tertiary value of head offices", 0.1, 0.25, SHARE, "J", "booked in few units without more places or views"),
        ("units with head offices", 0.02, 0.06, SHARE, "J", "of a district, at least one"),
        ("productivity of districts", 0.1, 0.3, LOG_SPREAD, "J", "value that the activity in a district gives, one "
         "spread for each sector"),
        ("productivity of units", 0.1, 0.4, LOG_SPREAD, "J", "likewise, between units")),
    *topic(
        "Places",
        ("places of a unit", 2000, 6000, "count", "L", "mean; 3,960,271 places in the paper's region"),
        ("popularity of categories", 0.8, 1.4, LOG_SPREAD, "J", ""),
        ("growth of places with activity", 0.6, 1, "exponent", "J", "one for each of 140 categories"),
        ("noise of places", 0.2, 0.5, LOG_SPREAD, "J", "of a category in a unit, beyond chance"),
        ("coverage of cities", 0.5, 1, SHARE, "J", "of the places that are listed, one for each city"),
        ("coverage of the countryside", 0.3, 0.8, SHARE, "J", "of that, where nothing is built up"),
        ("categories of noise", 4, 6, "count", "J", "rounded; they follow the area alone")),
    *topic(
        "Street views",
        ("latent factors", 16, 32, "count", "J", "rounded; four follow economy and people, the others nothing"),
        ("images of a unit", 20, 120, "count", "L", "mean; 68,958 in the paper's region"),
        ("noise of images", 1, 3, "standard deviations", "J", "of one image's vector, over that between units"),
        ("sight of the primary sector", 0.8, 1.2, "weight", "J", "strong"),
        ("sight of the secondary sector", 0.1, 0.3, "weight", "J", "weak"),
        ("sight of the tertiary sector", 0.4, 0.8, "weight", "J", ""),
        ("rural units without views", 0.1, 0.6, SHARE, "J", "of the units that are less than 30 % built up")),
    *topic(
        "Flows",
        ("decay with distance", 0.8, 1.6, "exponent", "l", "of a doubly constrained gravity model"),
        ("trips of a person", 0.3, 0.6, "per day", "J", ""),
        ("share of the operator", 0.2, 0.5, SHARE, "J", "of the trips that are seen, one for each city"),
        ("noise of flows", 0.2, 0.5, LOG_SPREAD, "J", "of a pair, beyond chance"),
        ("trips on weekends", 0.6, 0.9, "ratio", "J", "over those of working days"),
        ("missing days", 0.02, 0.08, SHARE, "J", "of the days in the files, unevenly over weekdays")))}
