"""SemiGTX beside its rivals and without its parts: the tables of the paper, on the same folds and the same inputs."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...models.graph_layers import LAYERS
from ..devices import pick_device
from ..execution import torch_threads
from ..progress import Progress
from .compared_networks import Networks, Way
from .district_inputs import district_blocks, fit_scaler
from .evaluation import Estimate, Evaluation, evaluate
from .floors import floor_inputs
from .graph_columns import FLOW, PLACE, VIEW
from .judge_semigtx import floor_method, region_rounds, semigtx_method
from .network import plan_batches
from .region_layers import Region
from .rivals import REGRESSORS, regressor_totals
from .settings import CompareRegionSettings

ALPHAS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)  # Table 4, and 1
ENCODINGS = {"none": (False, False), "LapPE": (True, False), "RWSE": (False, True),
             "LapPE+RWSE": (True, True)}  # Table 5
FROZEN_HEADS = ("ridge", "kernel_ridge", "svm", "forest", "mlp")  # Table 6, and kernel ridge
EMBEDDING_HEADS = ("ridge", "kernel_ridge")
SELF_SUPERVISED = ("simclr", "dgi")  # the paper's SimCLR and GIM; GCN and full attention, as it has them


def compare(region: Region, settings: CompareRegionSettings, progress: Progress) -> Evaluation:
    """Every method of the asked tables on the folds of SPLIT; the configuration's width, layers and epochs for all."""
    rounds = region_rounds(region, settings, settings.seed, progress)
    methods = all_methods(region, replace(settings, device=pick_device(settings.device, progress)))
    plan_batches(region.flows, region.district, len(region.districts), settings.of_model, progress)
    progress.message(f"{len(methods)} methods are fitted on {sum(map(len, rounds))} folds each.")
    with torch_threads(settings):
        return evaluate(methods, rounds, region.totals, region.counts, region.targets, settings.seed, progress)


def all_methods(region: Region, settings: CompareRegionSettings) -> dict[str, Estimate]:
    """Name to method; those of Table 4 to 6 say which part of SemiGTX they change."""
    ways: dict[str, Way] = {}
    tables = settings.chosen_tables
    if "models" in tables:
        ways.update(model_ways(settings.infomax_share))
    if "alphas" in tables:
        ways.update({f"alpha {alpha:g}": Way("semigtx", alpha, head="ridge" if alpha == 1 else "") for alpha in ALPHAS})
    if "encodings" in tables:
        ways.update({f"encodings {name}": Way("semigtx", settings.infomax_share, laplacian, walk)
                     for name, (laplacian, walk) in ENCODINGS.items()})
    if "modalities" in tables:
        ways.update({f"{name}, {head}": Way("semigtx", 1.0, columns=columns, noise=noise, head=head)
                     for name, (columns, noise) in modalities(region.names).items() for head in FROZEN_HEADS})
    networks = Networks(region, settings)
    methods = {name: networks.method(way) for name, way in ways.items()}
    if "models" in tables:
        methods.update({f"{name} on features": _regression(region, name, settings.search) for name in REGRESSORS})
    if "models" in tables and settings.configuration == "default":
        whole = replace(settings.of_model, profiles=True)
        methods["semigtx with kernel ridge"] = semigtx_method(region, whole)
        methods["kernel ridge alone"] = semigtx_method(region, replace(whole, network=False))
    floors = floor_inputs(region.features, region.flows, region.district, len(region.districts))
    return {**methods, **{name: floor_method(columns, region.totals) for name, columns in floors.items()}}


def model_ways(alpha: float) -> dict[str, Way]:
    """Table 7: supervised networks, self-supervised ones and SemiGTX, and regressions on what the last has learnt."""
    return {**{name: Way(name, 0.0) for name in LAYERS if not name.startswith("semigtx")},
            **{name: Way("semigtx-gt", 1.0, head="ridge", simclr=name == "simclr", whole=name == "dgi")
               for name in SELF_SUPERVISED},
            **{name: Way(name, alpha) for name in ("semigtx-gt", "semigtx")},
            **{f"{head} on embeddings": Way("semigtx", alpha, head=head) for head in EMBEDDING_HEADS}}


def modalities(names: Sequence[str]) -> dict[str, tuple[tuple[int, ...] | None, tuple[int, ...]]]:
    """Name of a choice of inputs to the columns that are read (None = all) and those of them that are noise."""
    groups = {label: tuple(number for number, name in enumerate(names) if name.startswith(prefix))
              for label, prefix in (("places", PLACE), ("views", VIEW), ("flow profiles", FLOW))}
    there = {label: columns for label, columns in groups.items() if columns}
    found: dict[str, tuple[tuple[int, ...] | None, tuple[int, ...]]] = {}
    if len(there) > 1:
        found.update({f"{label} only": (columns, ()) for label, columns in there.items()})
    found["all features"] = None, ()
    found.update({f"{label} as noise": (None, columns) for label, columns in there.items()})
    return found


def _regression(region: Region, name: str, search: int) -> Estimate:
    scaler = fit_scaler(region.features)
    blocks = district_blocks(scaler.scale(region.features), scaler.directions, region.flows, region.district,
                             len(region.districts), None)
    inputs = np.column_stack(list(blocks.values()))
    return lambda folds, seed, progress: regressor_totals(name, inputs, region.totals, region.counts, folds, seed,
                                                          search)
