"""A simulated region as what the estimator of output learns from, with the truth that scores need."""
from __future__ import annotations

import numpy as np
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.industry.cross_estimates import Case
from nocturne.algorithms.industry.factories import FactoryFields, read_factories
from nocturne.algorithms.industry.factory_traits import read_traits
from nocturne.algorithms.industry.labels import read_labels
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.samples import FactorySamples
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import LabelSettings, SamplingSettings
from nocturne.algorithms.industry.zones import read_zones
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import Region
from nocturne.algorithms.simulation.region_tables import (
    land_use_table,
    places_table,
    totals_table,
    town_table,
    zones_table,
)

SAMPLING = SamplingSettings(duplicates="share")
FIELDS = FactoryFields("name", "category", "opened", "closed")


def region_case(region: Region, sampling: SamplingSettings = SAMPLING) -> Case:
    """Labels at constant prices, January and February together, of every zone; sizes by employees."""
    grid, places, town = region.plan.grid, places_table(region), town_table(region)
    resources = Resources(threads=1)
    factories = read_factories(places, FIELDS, None, grid, sampling.duplicates, Progress())
    light = ArrayLight(grid, region.months, region.light.radiance)
    surroundings = Surroundings(
        Boundary("URBAN_AREA", town.wkb, town.crs), None, land_use_table(region), "class")
    zones = read_zones(zones_table(region), "zone", grid.crs)
    traits = read_traits(places, "employees", "sector", factories, zones.of_points(factories.x, factories.y))
    labels = read_labels(totals_table(region), LabelSettings(), "period", "value", "zone", "", "price_index")

    def sample(reference: np.ndarray, progress: Progress) -> FactorySamples:
        return sample_factories(factories, light, surroundings, sampling, resources, progress, reference)

    return Case(labels.within(region.months, Progress()), region.months, traits, zones, sample)
