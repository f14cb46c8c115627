"""The networks of a comparison: each way of training is done once, whichever methods read its outcome."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.semigtx import Graph, SemiGtx
from ..devices import pick_device
from ..progress import Progress
from .contrastive import train_simclr
from .district_inputs import fit_scaler
from .evaluation import Estimate
from .frozen_heads import FrozenHead
from .network import RECIPES, Recipe, network_estimates, new_network, region_graph, representation_of, train_network
from .region_layers import Region
from .settings import CompareRegionSettings, SemiGtxSettings
from .splits import Round
from .target_scales import TargetScale, target_scale

INNER_SHARE = 0.2
RATES = (1.0, 0.3, 3.0, 0.1)  # times the learning rate: the candidates of networks


@dataclass(frozen=True)
class Way:
    """How a network is trained on a region. laplacian, walk: whether it reads these encodings. columns: the numbers of
    the features that it reads, None = all; noise: of those that are replaced by noise of the same moments. whole: as in
    Recipe."""

    layer: str
    alpha: float
    laplacian: bool = True
    walk: bool = True
    columns: tuple[int, ...] | None = None
    noise: tuple[int, ...] = ()
    head: str = ""
    simclr: bool = False
    whole: bool = False


@dataclass(frozen=True)
class _Trained:
    """estimates: (districts, targets), standardised. rows: (districts, width) representation."""

    estimates: NDArray[np.float64]
    rows: NDArray[np.float64]


class Networks:
    """Networks on a region that methods share: trained once for a way, a seed and the masked districts."""

    def __init__(self, region: Region, settings: CompareRegionSettings) -> None:
        self.region, self.settings = region, settings
        self._graphs: dict[int, Graph] = {}
        self._trained: dict[tuple[Way, SemiGtxSettings, Recipe, bytes], _Trained] = {}

    def method(self, way: Way) -> Estimate:
        def estimate(folds: Round, seed: int, progress: Progress) -> NDArray[np.float64]:
            own = replace(self.settings.of_model, alpha=way.alpha, seed=seed, profiles=False)
            graph = self._graph(way, seed, progress)
            found = np.full(self.region.totals.shape, np.nan)
            for number, fold in enumerate(folds):
                step = progress.part(number / len(folds), (number + 1) / len(folds))
                masked = self.region.totals.copy()
                masked[fold] = np.nan
                found[fold] = self._chosen(graph, masked, way, own, step)[fold]
            return found

        return estimate

    def _graph(self, way: Way, seed: int, progress: Progress) -> Graph:
        region = self.region
        if seed not in self._graphs:
            self._graphs[seed] = region_graph(np.zeros((len(region.district), 0)), region.flows, seed,
                                              progress.part(0, 0))
        features, generator, graph = region.features.copy(), np.random.default_rng(seed), self._graphs[seed]
        for column in way.noise:
            known = np.isfinite(features[:, column])
            values = features[known, column]
            features[known, column] = generator.normal(values.mean(), values.std(), len(values))
        chosen = features if way.columns is None else features[:, list(way.columns)]
        columns = torch.from_numpy(fit_scaler(chosen).scale(chosen).astype(np.float32))
        return replace(graph, features=columns, present=graph.present & way.laplacian, returns=graph.returns * way.walk)

    def _chosen(self, graph: Graph, totals: NDArray[np.float64], way: Way, settings: SemiGtxSettings,
                progress: Progress) -> NDArray[np.float64]:
        """Totals (districts, targets) by the candidate that is best on held-out known districts, trained on all."""
        region, search = self.region, self.settings.search
        base = replace(RECIPES[settings.configuration], layer=way.layer, whole=way.whole)
        candidates = [replace(base, rate=base.rate * factor) for factor in RATES[:search]]
        if search > 1:
            known = np.flatnonzero(np.isfinite(totals).any(axis=1))
            held = np.random.default_rng(settings.seed).permutation(known)[:max(1, round(INNER_SHARE * len(known)))]
            hidden = totals.copy()
            hidden[held] = np.nan
            errors = []
            for number, recipe in enumerate(candidates):
                found = self._estimates(graph, hidden, way, settings, recipe, progress.part(
                    number / (search + 1), (number + 1) / (search + 1)))
                misses = np.sqrt(found[held] / region.counts[held, None]) - np.sqrt(
                    totals[held] / region.counts[held, None])
                errors.append(float(np.nansum((misses / np.nanstd(np.sqrt(totals / region.counts[:, None]), axis=0)
                                               )**2)))
            candidates = [candidates[int(np.argmin(errors))]]
        return self._estimates(graph, totals, way, settings, candidates[0], progress.part(search / (search + 1), 1))

    def _estimates(self, graph: Graph, totals: NDArray[np.float64], way: Way, settings: SemiGtxSettings, recipe: Recipe,
                   progress: Progress) -> NDArray[np.float64]:
        scale, counts = target_scale(settings.loss, totals, self.region.counts), self.region.counts
        key = replace(way, head=""), settings, recipe, np.isfinite(totals).tobytes()
        if key not in self._trained:
            self._trained[key] = _train(graph, self.region, totals, scale, way, settings, recipe, progress)
        trained = self._trained[key]
        if not way.head:
            return scale.totals(trained.estimates, counts)
        wanted = scale.standardise(totals, counts)
        columns = [FrozenHead(way.head, settings.seed, trained.rows[np.isfinite(column)], column[np.isfinite(column)])
                   .estimate(trained.rows) for column in wanted.T]
        return scale.totals(np.stack(columns, axis=1), counts)


def _train(graph: Graph, region: Region, totals: NDArray[np.float64], scale: TargetScale, way: Way,
           settings: SemiGtxSettings, recipe: Recipe, progress: Progress) -> _Trained:
    if way.simclr:
        network = _simclr(graph, totals.shape[1], recipe, settings, progress)
    else:
        network = train_network(graph, region.district, totals, scale, settings, progress, recipe)
    districts = len(region.districts)
    return _Trained(network_estimates(network, graph, region.district, districts, scale, settings)[0],
                    representation_of(network, graph, region.district, districts, settings).districts)


def _simclr(graph: Graph, targets: int, recipe: Recipe, settings: SemiGtxSettings, progress: Progress) -> SemiGtx:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = new_network(graph.features.shape[1], targets, recipe)
    train_simclr(network, graph, settings.epochs or recipe.epochs, recipe.rate, settings.seed, progress,
                 pick_device(settings.device, Progress()))
    return network
