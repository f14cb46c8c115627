"""SemiGTX beside its rivals and without its parts: the tables of the paper, on the same folds and the same inputs."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.graph_layers import LAYERS
from ...models.semigtx import Graph, SemiGtx
from ..devices import pick_device
from ..execution import torch_threads
from ..progress import Progress
from .contrastive import train_simclr
from .district_inputs import district_blocks, fit_scaler
from .evaluation import Estimate, Evaluation, evaluate
from .floors import floor_inputs
from .frozen_heads import FrozenHead
from .graph_columns import FLOW, PLACE, VIEW
from .judge_semigtx import floor_method, region_rounds
from .network import RECIPES, Recipe, network_estimates, new_network, region_graph, representation_of, train_network
from .region_layers import Region
from .rivals import REGRESSORS, regressor_totals
from .settings import CompareRegionSettings, SemiGtxSettings
from .splits import Round
from .target_scales import target_scale

ALPHAS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)  # Table 4, and 1
ENCODINGS = {"none": (False, False), "LapPE": (True, False), "RWSE": (False, True),
             "LapPE+RWSE": (True, True)}  # Table 5
FROZEN_HEADS = ("ridge", "svm", "forest", "mlp")  # Table 6
SELF_SUPERVISED = ("simclr", "dgi")  # the paper's SimCLR and GIM; GCN and full attention, as it has them
INNER_SHARE = 0.2
RATES = (1.0, 0.3, 3.0, 0.1)  # times the learning rate: the candidates of networks


@dataclass(frozen=True)
class Way:
    """How a network is trained on a region. laplacian, walk: whether it reads these encodings. columns: the numbers of
    the features that it reads, None = all; noise: of those that are replaced by noise of the same moments."""

    layer: str
    alpha: float
    laplacian: bool = True
    walk: bool = True
    columns: tuple[int, ...] | None = None
    noise: tuple[int, ...] = ()
    head: str = ""
    simclr: bool = False


def compare(region: Region, settings: CompareRegionSettings, progress: Progress) -> Evaluation:
    """Every method of the asked tables on the folds of SPLIT; the configuration's width, layers and epochs for all."""
    rounds = region_rounds(region, settings, settings.seed)
    methods = all_methods(region, replace(settings, device=pick_device(settings.device, progress)))
    progress.message(f"{len(methods)} methods are fitted on {sum(map(len, rounds))} folds each.")
    with torch_threads(settings):
        return evaluate(methods, rounds, region.totals, region.counts, region.targets, settings.seed, progress)


def all_methods(region: Region, settings: CompareRegionSettings) -> dict[str, Estimate]:
    """Name to method; those of Table 4 to 6 say which part of SemiGTX they change."""
    ways: dict[str, Way] = {}
    tables = settings.chosen_tables
    if "models" in tables:
        ways.update({name: Way(name, 0.0) for name in LAYERS if not name.startswith("semigtx")})
        ways.update({name: Way("semigtx-gt", 1.0, head="ridge", simclr=name == "simclr") for name in SELF_SUPERVISED})
        ways.update({name: Way(name, settings.infomax_share) for name in ("semigtx-gt", "semigtx")})
    if "alphas" in tables:
        ways.update({f"alpha {alpha:g}": Way("semigtx", alpha, head="ridge" if alpha == 1 else "") for alpha in ALPHAS})
    if "encodings" in tables:
        ways.update({f"encodings {name}": Way("semigtx", settings.infomax_share, laplacian, walk)
                     for name, (laplacian, walk) in ENCODINGS.items()})
    if "modalities" in tables:
        ways.update({f"{name}, {head}": Way("semigtx", 1.0, columns=columns, noise=noise, head=head)
                     for name, (columns, noise) in modalities(region.names).items() for head in FROZEN_HEADS})
    methods = {name: _network_method(region, way, settings) for name, way in ways.items()}
    if "models" in tables:
        methods.update({f"{name} on features": _regression(region, name, settings.search) for name in REGRESSORS})
    floors = floor_inputs(region.features, region.district, len(region.districts))
    return {**methods, **{name: floor_method(columns, region.totals) for name, columns in floors.items()}}


def modalities(names: Sequence[str]) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Name of a choice of inputs to the columns that are read and those of them that are noise."""
    groups = {label: tuple(number for number, name in enumerate(names) if name.startswith(prefix))
              for label, prefix in (("places", PLACE), ("views", VIEW), ("flow profiles", FLOW))}
    there = {label: columns for label, columns in groups.items() if columns}
    every = tuple(range(len(names)))
    found = {f"{label} only": (columns, ()) for label, columns in there.items()} if len(there) > 1 else {}
    noise = {f"{label} as noise": (every, columns) for label, columns in there.items()}
    return {**found, "all features": (every, ()), **noise}


def _network_method(region: Region, way: Way, settings: CompareRegionSettings) -> Estimate:
    def estimate(folds: Round, seed: int, progress: Progress) -> NDArray[np.float64]:
        own = replace(settings.of_model, alpha=way.alpha, seed=seed, profiles=False)
        graph = _graph(region, way, seed, progress)
        found = np.full(region.totals.shape, np.nan)
        for number, fold in enumerate(folds):
            step = progress.part(number / len(folds), (number + 1) / len(folds))
            masked = region.totals.copy()
            masked[fold] = np.nan
            found[fold] = _fit_and_estimate(graph, region, masked, way, own, settings.search, step)[fold]
        return found

    return estimate


def _graph(region: Region, way: Way, seed: int, progress: Progress) -> Graph:
    features = region.features.copy()
    generator = np.random.default_rng(seed)
    for column in way.noise:
        known = np.isfinite(features[:, column])
        values = features[known, column]
        features[known, column] = generator.normal(values.mean(), values.std(), len(values))
    chosen = features if way.columns is None else features[:, list(way.columns)]
    graph = region_graph(fit_scaler(chosen).scale(chosen), region.flows, seed, progress.part(0, 0))
    return replace(graph, present=graph.present & way.laplacian, returns=graph.returns * way.walk)


def _fit_and_estimate(graph: Graph, region: Region, totals: NDArray[np.float64], way: Way, settings: SemiGtxSettings,
                      search: int, progress: Progress) -> NDArray[np.float64]:
    """Totals (districts, targets) by the candidate that is best on held-out known districts, trained on all of them."""
    base = replace(RECIPES[settings.configuration], layer=way.layer)
    candidates = [replace(base, rate=base.rate * factor) for factor in RATES[:search]]
    if search > 1:
        known = np.flatnonzero(np.isfinite(totals).any(axis=1))
        held = np.random.default_rng(settings.seed).permutation(known)[:max(1, round(INNER_SHARE * len(known)))]
        hidden = totals.copy()
        hidden[held] = np.nan
        errors = []
        for number, recipe in enumerate(candidates):
            found = _train_once(graph, region, hidden, way, settings, recipe, progress.part(
                number / (search + 1), (number + 1) / (search + 1)))
            misses = np.sqrt(found[held] / region.counts[held, None]) - np.sqrt(
                totals[held] / region.counts[held, None])
            errors.append(float(np.nansum((misses / np.nanstd(np.sqrt(totals / region.counts[:, None]), axis=0))**2)))
        candidates = [candidates[int(np.argmin(errors))]]
    return _train_once(graph, region, totals, way, settings, candidates[0], progress.part(search / (search + 1), 1))


def _train_once(graph: Graph, region: Region, totals: NDArray[np.float64], way: Way, settings: SemiGtxSettings,
                recipe: Recipe, progress: Progress) -> NDArray[np.float64]:
    scale, districts = target_scale(settings.loss, totals, region.counts), len(region.districts)
    if way.simclr:
        network = _simclr(graph, totals.shape[1], recipe, settings, progress)
    else:
        network = train_network(graph, region.district, totals, scale, settings, progress, recipe)
    if not way.head:
        learnt, _ = network_estimates(network, graph, region.district, districts, scale, settings)
        return scale.totals(learnt, region.counts)
    rows = representation_of(network, graph, region.district, districts, settings).districts
    wanted = scale.standardise(totals, region.counts)
    columns = [FrozenHead(way.head, settings.seed, rows[np.isfinite(column)], column[np.isfinite(column)])
               .estimate(rows) for column in wanted.T]
    return scale.totals(np.stack(columns, axis=1), region.counts)


def _simclr(graph: Graph, targets: int, recipe: Recipe, settings: SemiGtxSettings, progress: Progress) -> SemiGtx:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = new_network(graph.features.shape[1], targets, recipe)
    train_simclr(network, graph, settings.epochs or recipe.epochs, recipe.rate, settings.seed, progress,
                 pick_device(settings.device, Progress()))
    return network


def _regression(region: Region, name: str, search: int) -> Estimate:
    scaler = fit_scaler(region.features)
    blocks = district_blocks(scaler.scale(region.features), scaler.directions, region.flows, region.district,
                             len(region.districts), None)
    inputs = np.column_stack(list(blocks.values()))
    return lambda folds, seed, progress: regressor_totals(name, inputs, region.totals, region.counts, folds, seed,
                                                          search)
