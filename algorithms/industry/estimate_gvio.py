"""Industrial output of factories by a model file, as maps and as the economy of zones."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.registry import Model, bundled_path, load_model
from ..devices import pick_device
from ..errors import InputError
from ..execution import torch_threads
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..settings import Resources
from .estimator import LEAST_MONTHS, GvioEstimator
from .factory_traits import read_traits
from .gvio_maps import Areas, FactoryEstimates, find_areas, write_maps
from .gvio_report import Findings
from .labels import WHOLE, Labels
from .model_file import KIND, read_estimator
from .months import span_text
from .preservation import agreement, preserving, zone_parts
from .ranges import outside_ranges
from .samples import FactorySamples, check_rows
from .sampling import SamplingInputs, open_layer, sample_opened
from .settings import EstimationSettings
from .traits import FactoryTraits
from .zone_economy import compared_zones, named_zones, zone_sums
from .zones import NOWHERE, Zones, read_zones

BUNDLED = "gvio_demo"
OTHER_COUNT = 0.1  # by which factories may be more or fewer than the model's before a warning
MOST_WIDTH = 20.0  # of the logarithm of an end over its estimate: beyond it nothing is known, and sums stay finite


@dataclass(frozen=True)
class GvioInputs:
    """What estimates are made from. model: either of the files of a trained one, empty = the bundled one. size_field,
    sector_field: of the factory layer, empty = none. totals: published ones, if there are any. zones: with their names
    in zone_field; None = the whole region is one. rows_wanted: whether a layer with a row per factory and month is."""

    sampling: SamplingInputs
    model: str
    size_field: str
    sector_field: str
    totals: Labels | None
    zones: FeatureTable | None
    zone_field: str
    rows_wanted: bool


@dataclass(frozen=True)
class GvioEstimates:
    """zones: in the CRS of the samples' grid; None = the whole region is one."""

    samples: FactorySamples
    factories: FactoryEstimates
    zones: Zones | None
    findings: Findings

    @property
    def has_intervals(self) -> bool:
        return bool(np.isfinite(self.factories.high).any())

    @property
    def outside_share(self) -> float:
        """Of the factories and open months."""
        return float(self.factories.outside.sum() / max(1, self.samples.factories.is_open(self.samples.months).sum()))


def estimate_gvio(inputs: GvioInputs, settings: EstimationSettings, paths: Mapping[str, str], resources: Resources,
                  progress: Progress) -> GvioEstimates:
    """Writes what paths has of GRID, GRID_LOW, GRID_HIGH and CHANGE. Raises InputError for what can't be used."""
    if settings.preserve_totals and inputs.totals is None:
        raise InputError("PRESERVE_TOTALS", "there is no MONTHLY_TOTALS", "give published totals, or switch it off")
    model = load_model(inputs.model or bundled_path(BUNDLED), KIND)
    estimator = read_estimator(model)
    if "warning" in model.card:
        progress.warning(f"MODEL: {model.card['warning']}")
    _check_buffers(estimator, settings)
    factories, light = open_layer(inputs.sampling, settings, progress, whole=True)
    if inputs.rows_wanted:
        check_rows("FACTORY_GVIO", factories, light.months, "leave it out, or choose START and END")
    zones = None if inputs.zones is None else read_zones(inputs.zones, inputs.zone_field, light.grid.crs)
    names = (WHOLE,) if zones is None else zones.names
    named_zones(names, settings.compare)
    totals = None if inputs.totals is None else _totals(inputs.totals, names, light.months, progress)
    samples = sample_opened(inputs.sampling, factories, light, settings, resources, progress.part(0, 0.4))
    areas = find_areas(samples, zones)
    homeless = int((areas.of_factory == NOWHERE).sum())
    if homeless:
        progress.warning(f"ZONES: {homeless} of {len(factories)} factories lie in none; they are on the map, and in no "
                         "zone's sum.")
    traits = read_traits(inputs.sampling.layer, inputs.size_field, inputs.sector_field, factories,
                         _zones_of_model(estimator, areas, progress))
    if estimator.sectors and traits.sector is None:
        progress.warning(f"SECTOR_FIELD: none was named, and the model knows {len(estimator.sectors)} sectors; all "
                         f"factories are taken for '{estimator.sectors[0]}'.")
    sized = model.card.get("training", {}).get("sizes")
    if sized is not None and sized != (traits.size is not None):
        progress.warning("WEIGHT_FIELD: " + ("none was named, and the model was trained with sizes of factories."
                                             if sized else "the model was trained without sizes of factories."))
    if inputs.model:  # the bundled one is of no region
        _compare_months(estimator, samples, progress)
        _compare_factories(model.card.get("training", {}), estimator, len(factories), traits, progress)
    estimates = _estimate(model, estimator, samples, traits, resources, progress.part(0.4, 0.6))
    preserved = totals if settings.preserve_totals else None
    mapped = write_maps(samples, estimates, areas, settings.relation, preserved, paths, resources,
                        progress.part(0.6, 1))
    if preserved is not None:
        estimates = _preserving(estimates, samples, areas, preserved)
    compared = compared_zones(mapped.economy, settings.compare)
    agrees = agreement(totals, areas.names, samples.months, mapped.unscaled)
    return GvioEstimates(samples, estimates, zones,
                         Findings(mapped.economy, _notes(model, samples, settings), totals, agrees, compared))


def _totals(totals: Labels, names: tuple[str, ...], months: NDArray[np.int32], progress: Progress) -> Labels:
    """Those within the months. Raises InputError for totals of zones that aren't among names."""
    within = totals.within(months, progress)
    if within.zones != (WHOLE,) and names == (WHOLE,):
        raise InputError("ZONES", "none were given, and MONTHLY_TOTALS has zones", "give their polygons")
    zone_parts(within, names)
    return within


def _check_buffers(estimator: GvioEstimator, settings: EstimationSettings) -> None:
    """Before the light is read, which may take long."""
    if settings.radii() != estimator.radii:
        raise InputError("BUFFERS", f"'{settings.buffers}' was given, and the model was trained with "
                         f"'{','.join(f'{radius:g}' for radius in estimator.radii)}'",
                         "give the same, or train another model")


def _compare_months(estimator: GvioEstimator, samples: FactorySamples, progress: Progress) -> None:
    """Warns where usual levels of light can't be those that the model has learnt from."""
    seen = samples.months[np.isfinite(samples.light).any(axis=0)]
    shared = int(np.isin(seen, estimator.months).sum())
    if shared < LEAST_MONTHS:
        span = span_text(int(estimator.months[0]), int(estimator.months[-1]))
        progress.warning(f"RADIANCE: it has light of {shared} of the months that the model was trained on ({span}), "
                         f"and usual light takes {LEAST_MONTHS}, so estimates may be shifted: give the months of the "
                         "training too.")


def _compare_factories(training: Mapping[str, Any], estimator: GvioEstimator, count: int, traits: FactoryTraits,
                       progress: Progress) -> None:
    """Warns where shares are of the factories given and these are others than the model's."""
    trained = training.get("factories")
    scaled = estimator.scale.part_sum is not None and traits.has_sizes
    if trained and not scaled and abs(count / trained - 1) > OTHER_COUNT:
        progress.warning(f"FACTORIES: {count} are given, and the model was trained with {trained}; it holds no sum of "
                         "sizes to compare with, so those given share all its output: give the same layer.")


def _estimate(model: Model, estimator: GvioEstimator, samples: FactorySamples, traits: FactoryTraits,
              resources: Resources, progress: Progress) -> FactoryEstimates:
    device = pick_device(resources.device, progress)
    with torch_threads(resources):
        found = estimator.estimate(samples, traits, progress.part(0, 0.5), device)
    value, spread = found.values.astype(np.float64), found.spread.astype(np.float64)
    relative = np.divide(spread, value, out=np.zeros_like(value), where=value > 0)
    width = np.exp(np.minimum(estimator.interval_quantile * relative, MOST_WIDTH))
    if not np.isfinite(estimator.interval_quantile):
        progress.warning("MODEL: it knows no intervals; ends of intervals stay empty.")
    outside = outside_ranges(model.card.get("ranges", {}), samples, resources, progress.part(0.5, 1))
    outside &= value > 0
    if outside.any():
        progress.warning(f"RADIANCE: {outside.sum() / (value > 0).sum():.0%} of factories and months lie outside the "
                         "light that the model was trained on; their estimates may be far off.")
    return FactoryEstimates(value, value / width, value * width, outside)


def _zones_of_model(estimator: GvioEstimator, areas: Areas, progress: Progress) -> NDArray[np.int32]:
    """Index into the model's zones of each factory; a model of one region has all in its only zone."""
    if estimator.zones == (WHOLE,):
        return np.zeros(len(areas.of_factory), np.int32)
    numbers = {name: number for number, name in enumerate(estimator.zones)}
    known = np.array([*(numbers.get(name, NOWHERE) for name in areas.names), NOWHERE], np.int32)
    zone = known[areas.of_factory]
    if (zone == NOWHERE).any():
        progress.warning(f"ZONES: {int((zone == NOWHERE).sum())} of {len(zone)} factories lie in none of the model's "
                         f"zones ({', '.join(estimator.zones[:4])}, ...) and get the level of its mean zone.")
    return zone


def _preserving(factories: FactoryEstimates, samples: FactorySamples, areas: Areas, totals: Labels) -> FactoryEstimates:
    """Estimates whose sums over the factories of each zone are the totals."""
    sums = zone_sums(factories.value, areas.of_factory, len(areas.names))
    scaling = preserving(totals, areas.names, samples.months, sums)
    inside = (areas.of_factory != NOWHERE)[:, None]
    return factories.scaled(np.where(inside, scaling.factors[areas.of_factory], 1),
                            inside & scaling.known[areas.of_factory])


def _notes(model: Model, samples: FactorySamples, settings: EstimationSettings) -> list[str]:
    """What a reader should know before the figures."""
    notes = [f"{len(samples.factories)} factories in {len(samples.months)} months from "
             f"{span_text(int(samples.months[0]), int(samples.months[-1]))}, by the model '{model.name}'. Values are "
             "in the unit of the totals that it was trained on.",
             "What lies below the level of zones isn't known to any statistics: maps and single factories follow the "
             f"light, by the relation '{settings.relation}'. Intervals (90 %) hold for sums over zones."]
    if "warning" in model.card:
        notes.append(f"Of the model: {model.card['warning']}")
    if settings.preserve_totals:
        notes.append("Sums over zones are scaled to the published totals in the months that these cover, where no "
                     "interval is left, and to their level in the others.")
    return notes
