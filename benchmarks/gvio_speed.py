"""The estimator of output: seconds to train on a simulated region, and patches that the network reads in a second.

python benchmarks/gvio_speed.py [seed]
"""
from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.boundaries import Boundary
from nocturne.algorithms.industry.estimator import fit_estimator
from nocturne.algorithms.industry.factories import FactoryFields, read_factories
from nocturne.algorithms.industry.labels import read_labels
from nocturne.algorithms.industry.monthly_light import ArrayLight
from nocturne.algorithms.industry.network import network_adds, network_inputs
from nocturne.algorithms.industry.sampling import Surroundings, sample_factories
from nocturne.algorithms.industry.settings import GvioSettings, LabelSettings, SamplingSettings
from nocturne.algorithms.industry.traits import FactoryTraits
from nocturne.algorithms.industry.zones import read_zones
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.region import simulate_region
from nocturne.algorithms.simulation.region_tables import places_table, totals_table, town_table, zones_table
from nocturne.models.sa_cnn import SaCnn


def main(seed: int) -> None:
    region = simulate_region(seed)
    grid, places, town = region.plan.grid, places_table(region), town_table(region)
    factories = read_factories(places, FactoryFields("name", "category", "opened", "closed"), None, grid, "one",
                               Progress())
    samples = sample_factories(factories, ArrayLight(grid, region.months, region.light.radiance),
                               Surroundings(Boundary("URBAN_AREA", town.wkb, town.crs)), SamplingSettings(),
                               Resources(), Progress())
    labels = read_labels(totals_table(region), LabelSettings(), "period", "value", "zone", "", "price_index")
    zone = read_zones(zones_table(region), "zone", grid.crs).of_points(factories.x, factories.y)
    traits = FactoryTraits(zone, places.columns["employees"][factories.row].astype(float))
    settings, every = GvioSettings(), np.ones(len(samples.months), bool)
    started, used = time.perf_counter(), time.process_time()
    fit_estimator(samples, traits, labels, settings, Progress())
    print(f"training: {time.perf_counter() - started:.1f} s, {time.process_time() - used:.1f} s of processor time")
    inputs = network_inputs(samples, np.zeros((len(factories), len(samples.months))), settings, (), every, every)
    network = SaCnn(inputs.width)
    started, used = time.perf_counter(), time.process_time()
    patches = network_adds(network, inputs, "cpu", Progress()).size
    wall, busy = time.perf_counter() - started, time.process_time() - used
    print(f"estimating: {patches} patches, {patches / wall:.0f} a second, {patches / busy:.0f} a second of processor "
          "time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
