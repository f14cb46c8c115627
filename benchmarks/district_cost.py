"""Seconds and memory of SemiGTX: a default fit, a step of the published network, encodings, many units; resumes.

python -m nocturne.benchmarks.district_cost RESULTS.jsonl [--threads 1]
"""
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from nocturne.algorithms.districts.district_inputs import fit_scaler
from nocturne.algorithms.districts.network import (
    KEPT_EDGES,
    RECIPES,
    make_batches,
    plan_batches,
    region_graph,
    train_network,
)
from nocturne.algorithms.districts.positional_encodings import laplacian_encoding, return_probabilities
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.target_scales import target_scale
from nocturne.algorithms.districts.training import fit_semigtx
from nocturne.algorithms.progress import Progress
from nocturne.benchmarks.new_york import NewYork, read_new_york
from nocturne.models.semigtx import Graph
from torch import Tensor, nn
from torch_geometric.nn import GATConv, GPSConv

PER_DISTRICT, PARTNERS = 100, 20  # units of a district, flows of a unit
REACH = 300  # standard deviation of the length of flows in units
SIZES = (5_000, 15_000, 50_000)
EPOCHS, ROUNDS = 2, 5
Numbers = dict[str, float]


class Assembled(nn.Module):
    """The published layers put together as in torch_geometric's example of graph GPS, without anything of ours."""

    def __init__(self, features: int, edge_features: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.features = nn.Linear(features, width - 20)
        self.encodings = nn.Linear(20, 20)
        self.layers = nn.ModuleList(
            GPSConv(width, GATConv(width, width // heads, heads, edge_dim=edge_features, add_self_loops=False), heads,
                    attn_type="performer", attn_kwargs={"head_channels": width // heads}) for _ in range(layers))
        self.head = nn.Sequential(nn.Linear(width, width // 2), nn.ReLU(), nn.Linear(width // 2, 1))

    def forward(self, graph: Graph) -> Tensor:
        nodes = torch.cat((self.features(graph.features), self.encodings(graph.returns)), dim=1)
        for layer in self.layers:
            nodes = layer(nodes, graph.edges, edge_attr=graph.edge_features)
        return self.head(nodes)


def simulated(units: int) -> NewYork:
    """Units along a line in districts of equal size, whose flows reach their neighbours."""
    random = np.random.default_rng(0)
    origins = np.repeat(np.arange(units), PARTNERS)
    destinations = (origins + np.rint(REACH * random.normal(size=len(origins))).astype(np.intp)) % units
    counts = np.where(origins == destinations, 0, random.poisson(5, len(origins)) + 1.0)
    flows = sp.csr_matrix((counts, (origins, destinations)), (units, units))
    flows.eliminate_zeros()
    features = random.gamma(1, 1, (units, 18))
    district = np.arange(units) // PER_DISTRICT
    return NewYork(features, flows, district, np.bincount(district, features[:, 0]), np.zeros((units, 2)))


def default_fit(region: NewYork) -> Numbers:
    with measured() as found:
        fit_semigtx(region.features, region.flows, region.gdp, region.district)
    return found


def published_step(region: NewYork) -> Numbers:
    """EPOCHS on one batch, by turns with the same layers put together directly: both build the network, and read the
    graph and a corrupted one in every step."""
    settings = SemiGtxSettings(configuration="published", epochs=EPOCHS)
    graph = graph_of(region)
    batches = make_batches(graph, region.district, len(region.gdp), settings)
    fullest = max(batches, key=lambda each: len(each.districts))
    batch, district = fullest.graph, fullest.member.numpy()
    totals = region.gdp[fullest.districts.numpy(), None]
    scale = target_scale(settings.loss, totals, np.bincount(district))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        with measured() as found:
            train_network(batch, district, totals, scale, settings, Progress())
        ours.append(found)
        with measured() as found:
            assembled_steps(batch, EPOCHS)
        theirs.append(found["processor"])
    best = min(ours, key=lambda each: each["processor"])
    return {**best, "units": len(district), "batches of an epoch": len(batches), "assembled": min(theirs),
            "ratio": best["processor"] / min(theirs)}


def assembled_steps(graph: Graph, steps: int) -> None:
    recipe, generator = RECIPES["published"], torch.Generator().manual_seed(0)
    module = Assembled(graph.features.shape[1], 2, recipe.width, recipe.layers, recipe.heads)
    optimiser = torch.optim.AdamW(module.parameters())
    for _ in range(steps):
        loss = module(graph).square().mean() + module(graph.corrupt(KEPT_EDGES, generator)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()


def encodings(region: NewYork) -> Numbers:
    with measured() as found:
        laplacian_encoding(region.flows)
        return_probabilities(region.flows)
    return {**found, "units": len(region.district), "flows": region.flows.nnz}


def epochs(region: NewYork) -> Numbers:
    """A graph with its encodings, and EPOCHS of the default's network on it."""
    settings, totals = SemiGtxSettings(epochs=EPOCHS), region.gdp[:, None]
    scale = target_scale(settings.loss, totals, region.counts)
    with measured() as found:
        graph = graph_of(region)
        started = time.process_time()
        train_network(graph, region.district, totals, scale, settings, Progress())
        seconds = (time.process_time() - started) / EPOCHS
    batches = plan_batches(region.flows, region.district, len(region.gdp), settings, Progress())
    return {**found, "batches": batches, "epoch": seconds,
            "epoch per unit in microseconds": 1e6 * seconds / len(region.district)}


def graph_of(region: NewYork) -> Graph:
    return region_graph(fit_scaler(region.features).scale(region.features), region.flows, 0, Progress())


@contextmanager
def measured() -> Iterator[Numbers]:
    """Seconds by the clock and of the processor, and MiB that the process took at most (Linux only)."""
    found: Numbers = {}
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    clock, processor = time.perf_counter(), time.process_time()
    yield found
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    found.update(clock=time.perf_counter() - clock, processor=time.process_time() - processor,
                 MiB=int(peak.split()[1]) / 1024)


def costs(new_york: Callable[[], NewYork], sizes: tuple[int, ...], results: Path) -> dict[str, Numbers]:
    """What stands in the file isn't measured again."""
    jobs: dict[str, Callable[[], Numbers]] = {
        "encodings": lambda: encodings(simulated(sizes[-1])),
        **{f"epoch of {size} units": lambda size=size: epochs(simulated(size)) for size in sizes},
        "default fit": lambda: default_fit(new_york()), "published step": lambda: published_step(new_york())}
    rows = [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []
    found = {row["what"]: row["found"] for row in rows}
    for what, job in jobs.items():
        if what not in found:
            found[what] = job()
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"what": what, "found": found[what]}) + "\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for what, found in costs(read_new_york, SIZES, options.results).items():
        print(what, {name: round(value, 2) for name, value in found.items()})


if __name__ == "__main__":
    main()
