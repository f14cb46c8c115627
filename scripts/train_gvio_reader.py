"""Trains the reader of swings on simulated regions, and writes its weights and card: half an hour on two cores.

.venv/bin/python scripts/train_gvio_reader.py [--regions 500] [--epochs 8] [--to PATH]

It is trained as it is used: a calendar is fitted to true output less what is read where months are hidden, and what is
read in the light of all months is then to tell the hidden year. No region here is used anywhere else.
"""
from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
from nocturne.algorithms.industry.calendar_terms import HARMONICS, YEAR, calendar_terms
from nocturne.algorithms.industry.course import GROWTH_SPREAD, LEVEL_SPREAD, SEASON_SPREAD, USUAL_NOISE
from nocturne.algorithms.industry.estimator import linear_signal
from nocturne.algorithms.industry.factory_shares import Scale
from nocturne.algorithms.industry.reader_inputs import CHANGE_UNIT, LINEAR_SERIES, ReaderInputs, reader_inputs
from nocturne.algorithms.industry.settings import GvioSettings
from nocturne.algorithms.industry.trained_reading import BUNDLED, KIND, LEAST_PART, MEMBER
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.provenance import plugin_version
from nocturne.algorithms.simulation.region import Region, simulate_region
from nocturne.algorithms.simulation.region_light import RegionLight
from nocturne.algorithms.simulation.region_output import LONGEST_LAG, UNIT
from nocturne.algorithms.simulation.region_plan import OFFICE, ZONES
from nocturne.benchmarks.gvio_region import region_case
from nocturne.models.registry import bundled_path, save_model
from nocturne.models.swing_reader import SwingReader

FIRST_REGION, MEMBERS = 1001, 2
LONGEST, LEAST_YEARS = 132, 5  # months that are simulated; years that are taken of them
FIRST_YEAR = 3  # that is told from the years before it
RATE, WEIGHT_DECAY, WARM_UP, TOGETHER = 2e-3, 1e-2, 0.1, 2
ZONE_PRICE, CELL_PRICE = 0.5, 2.0
CELL_FLOOR, MOST_CELL = 0.2, 1.5  # of the mean; of the logarithm
LEAST_ERROR = 0.02  # of the logarithm: smaller ones are as good as none
HOLIDAY_SPREAD = 0.3  # of the logarithm
SPREADS = (LEVEL_SPREAD, GROWTH_SPREAD, *(SEASON_SPREAD,) * 2 * HARMONICS, HOLIDAY_SPREAD)  # of the calendar's terms
FEWEST_CELLS = 0.8  # of a region's cells are seen in a step, at least
CARD = {
    "title": "Swings of output read from light",
    "warning": "Trained on simulated regions alone: it knows light and industry as the simulator draws them.",
    "licence": "GPL-3.0-or-later, as the plugin",
    "what": "Temporal convolutions over the light of cells with factories and of the brightest cells around them, to "
            "what the linear reading of swings of output lacks; docs/industry.md says what that is worth.",
}


@dataclass(frozen=True)
class Task:
    """A year of a region that is to be told. hidden, seen: the light without and with it and all months that a fit
    wouldn't see; months, train, test: (months,). target: logarithm of true output over listed shares, (zones, months),
    with weight of each zone; cells: logarithm of true output of cells over their mean, with weight of each cell."""

    hidden: ReaderInputs
    seen: ReaderInputs
    months: NDArray[np.int32]
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    target: NDArray[np.float32]
    zone_weight: NDArray[np.float32]
    cells: NDArray[np.float16]
    cell_weight: NDArray[np.float32]


def region_task(seed: int) -> Task:
    """A year inside or a year at the end of what is known."""
    generator = np.random.default_rng(seed)
    region = _part_of(simulate_region(seed, with_shock=generator.random() < 0.5, months=LONGEST), generator)
    case = region_case(region)
    months = len(region.months)
    every = np.ones(months, bool)
    samples = case.sample(every, Progress())
    settings = GvioSettings()
    by_zone, by_cell = _true_output(region, case.zones.names)
    forward = generator.random() < 0.5
    start = YEAR * int(generator.integers(FIRST_YEAR if forward else 0, months // YEAR))
    month = np.arange(months)
    train = month < start if forward else (month < start - 1) | (month > start + YEAR)
    hidden, seen = (linear_signal(samples, case.traits, case.traits.sectors, settings, train, visible, Progress(),
                                  Scale()) for visible in (train, every))
    inputs = [reader_inputs(samples, signal.share, signal.swings, case.traits.zone, settings, train, visible)
              for signal, visible in ((hidden, train), (seen, every))]
    bag = np.zeros((len(ZONES), months))
    np.add.at(bag, case.traits.zone, seen.share)
    told = (bag.min(axis=1) > 0) & (by_zone.min(axis=1) > 0)
    target = np.log(np.maximum(by_zone, 1e-9) / np.maximum(bag, 1e-9))
    target[~told] = 0
    weight = by_zone.mean(axis=1) * told / by_zone.mean(axis=1).sum()
    made = by_cell[samples.positions[inputs[1].rows]]
    mean = made.mean(axis=1, keepdims=True)
    cells = np.log((made + CELL_FLOOR * mean + 1e-7) / ((1 + CELL_FLOOR) * mean + 1e-7))
    return Task(*inputs, region.months, train, (month >= start) & (month < start + YEAR), target, weight,
                np.clip(cells, -MOST_CELL, MOST_CELL).astype(np.float16), np.sqrt(mean[:, 0] / mean.sum()))


def _part_of(region: Region, generator: np.random.Generator) -> Region:
    """Some of its years: a reader that knew where in a series it is would know of 2020 without any light."""
    years = int(generator.integers(LEAST_YEARS, LONGEST // YEAR - 2))
    start = int(generator.integers(LONGEST - YEAR * years + 1))
    part, before = slice(start, start + YEAR * years), slice(start, start + YEAR * years + LONGEST_LAG)
    output, light = region.output, region.light
    return replace(region, months=region.months[part], price=region.price[part], output=replace(
        output, made=output.made[:, before], open=output.open[:, before], oracle=output.oracle[:, part]),
        light=RegionLight(light.factories[:, part], light.clean[part], light.radiance[part], light.counts[part]))


def _true_output(region: Region, names: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of zones, in the order of names, and of cells, flat, over months: without what no light shows."""
    plan, made = region.plan, region.output.oracle / UNIT
    by_zone, by_cell = (np.zeros((count, made.shape[1])) for count in (len(ZONES), plan.land_use.size))
    place = np.array([names.index(name) for name in ZONES])
    np.add.at(by_zone, place[plan.producer_zone], made)
    lit = plan.kind != OFFICE
    np.add.at(by_cell, (plan.row * plan.land_use.shape[1] + plan.column)[lit], made[lit] / made.sum(axis=0).mean())
    return by_zone, by_cell


def train_member(number: int, regions: int, epochs: int) -> dict[str, NDArray[np.float32]]:
    """One network and its weights by name, from regions of its own."""
    torch.set_num_threads(1)
    torch.manual_seed(number)
    generator = np.random.default_rng(number)
    first = FIRST_REGION + number * regions
    tasks = [region_task(seed) for seed in range(first, first + regions)]
    reader = SwingReader()
    optimiser = torch.optim.AdamW(reader.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * regions // TOGETHER
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=WARM_UP)
    for epoch in range(epochs):
        losses = []
        for step, place in enumerate(generator.permutation(regions).tolist()):
            loss = _loss(reader, tasks[place], generator)
            (loss / TOGETHER).backward()
            losses.append(float(loss.detach()))
            if step % TOGETHER == TOGETHER - 1:
                torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                optimiser.zero_grad()
        sys.stderr.write(f"member {number}, epoch {epoch}: {np.mean(losses):.3f}\n")
    return {name: values.numpy() for name, values in reader.state_dict().items()}


def _loss(reader: SwingReader, task: Task, generator: np.random.Generator) -> Tensor:
    """Squared errors of region and zones in known months and in the hidden year, each over those of the calendar
    alone; and of single cells."""
    kept = generator.random(len(task.seen.rows)) < generator.uniform(FEWEST_CELLS, 1)
    read, cells = zip(*(_zone_swings(reader, inputs, kept, len(task.target)) for inputs in (task.hidden, task.seen)))
    fit = torch.from_numpy(_calendar_fit(calendar_terms(task.months, int(task.months[0])), task.train)).float()
    train, test = torch.from_numpy(task.train), torch.from_numpy(task.test)
    target, weight = torch.from_numpy(task.target).float(), torch.from_numpy(task.zone_weight).float()
    whole = tuple((weight[:, None] * each).sum(dim=0, keepdim=True) for each in (*read, target))
    loss = torch.zeros(())
    for price, part, (hidden, seen, truth) in ((1.0, torch.ones(1), whole), (ZONE_PRICE, weight, (*read, target))):
        calendar = (truth - hidden)[:, train] @ fit.T
        bare = truth[:, train] @ fit.T
        for months, rest in ((train, truth - hidden - calendar), (test, truth - seen - calendar)):
            error, usual = ((part[:, None] * each[:, months]**2).sum() / months.sum() for each in (rest, truth - bare))
            loss = loss + price * error / (usual + LEAST_ERROR**2)
    made = torch.from_numpy(task.cells[kept]).float()
    of_cell = torch.from_numpy(task.cell_weight[kept]).float()
    rest = ((cells[1] - made)**2).mean(dim=1)
    return loss + CELL_PRICE * (of_cell * rest).sum() / of_cell.sum()


def _zone_swings(reader: SwingReader, inputs: ReaderInputs, kept: NDArray[np.bool_],
                 zones: int) -> tuple[Tensor, Tensor]:
    """What is read for zones, (zones, months), and of single cells, (kept cells, months)."""
    listed, bright = torch.from_numpy(inputs.listed[kept]), torch.from_numpy(inputs.bright[kept])
    listed, bright = listed / listed.sum(dim=0).clamp(min=1e-6), bright / bright.sum().clamp(min=1e-6)
    found, _ = reader(torch.from_numpy(inputs.series[kept]).float(), torch.from_numpy(inputs.traits[kept]), listed,
                      bright)
    zone = torch.nn.functional.one_hot(torch.from_numpy(inputs.zone[kept]).long(), zones).float().T
    linear = CHANGE_UNIT * torch.from_numpy(inputs.series[kept, LINEAR_SERIES])
    sums = zone @ (listed * (linear + found[0]) + bright[:, None] * found[1])
    return sums / (zone @ listed).clamp(min=LEAST_PART), found[2]


def _calendar_fit(terms: NDArray[np.float64], train: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What turns logarithms of the training months into the calendar of all, (months, training months)."""
    known = terms[train] / USUAL_NOISE
    return terms @ np.linalg.solve(known.T @ known + np.diag(1 / np.square(SPREADS)), known.T) / USUAL_NOISE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", type=int, default=500, help="of each member")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--to", default=bundled_path(BUNDLED))
    chosen = parser.parse_args()
    with ProcessPoolExecutor(MEMBERS) as pool:
        futures = [pool.submit(train_member, number, chosen.regions, chosen.epochs) for number in range(MEMBERS)]
        members = [future.result() for future in futures]
    last = FIRST_REGION + MEMBERS * chosen.regions - 1
    card = {**CARD, "version": plugin_version(), "members": MEMBERS,
            "training": {"simulated_regions": [FIRST_REGION, last], "epochs": chosen.epochs}}
    save_model(chosen.to, KIND, card, {MEMBER.format(number, name): values for number, member in enumerate(members)
                                       for name, values in member.items()})


if __name__ == "__main__":
    main()
