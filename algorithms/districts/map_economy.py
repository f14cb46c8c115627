"""Maps of the district economy by a trained SemiGTX model."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..devices import pick_device
from ..errors import InputError
from ..execution import torch_threads
from ..progress import Progress
from ..settings import Resources
from .adaptation import FEWEST, WAYS, Adapted, adapt
from .district_estimates import Estimates, agreeing_estimates, outside_ranges
from .district_inputs import district_blocks
from .network import keep_batches
from .region_layers import Region, refuse_negative
from .region_models import RegionModel
from .settings import MapEconomySettings
from .unit_shares import unit_spacing

Columns = dict[str, tuple[str, NDArray[np.generic]]]


@dataclass(frozen=True)
class EconomyMap:
    """region: its units in the order of the model, where that has flow profiles. outside: (units,) whether a feature
    lies outside the ranges that the model learnt from."""

    region: Region
    targets: tuple[str, ...]
    estimates: Estimates
    outside: NDArray[np.bool_]

    def unit_columns(self) -> Columns:
        """Fields of the units: estimate and interval of each target."""
        found = self.estimates
        return {**_columns(self.targets, found.units, found.units_low, found.units_high),
                "outside_range": ("flag", self.outside)}

    def district_columns(self) -> Columns:
        """Fields of the districts: name, units, estimate and interval of each target, units outside the ranges."""
        found, region = self.estimates, self.region
        outside = np.bincount(region.district, self.outside, len(region.districts))
        return {"district": ("text", np.array(region.districts, dtype=object)),
                "units": ("integer", region.counts.astype(np.int64)),
                **_columns(self.targets, found.districts, found.districts_low, found.districts_high),
                "outside_units": ("integer", outside.astype(np.int64))}

    def district_rows(self) -> Iterator[tuple[list[Any], bytes]]:
        """Values of district_columns and the outline, in degrees, of each district."""
        columns = [values.tolist() for _, values in self.district_columns().values()]
        for number, values in enumerate(zip(*columns)):
            outline = shapely.union_all(self.region.shapes[self.region.district == number])
            yield list(values), bytes(shapely.to_wkb(outline))


def map_economy(region: Region, model: RegionModel, settings: MapEconomySettings, resources: Resources,
                progress: Progress) -> EconomyMap:
    """Estimates of all units and districts.

    Raises InputError where the region lacks features of the model or has other units than its flow profiles, or has no
    totals to preserve, too few to adapt to, or negative ones.
    """
    if model.warning:
        progress.warning(model.warning)
    region = model.arranged(region)
    features = model.features_of(region)
    device = pick_device(resources.device, progress)
    fitted = replace(model.fitted, settings=replace(model.fitted.settings, device=device))
    if fitted.network is not None:
        keep_batches(region.flows, region.district, len(region.districts), fitted.settings, resources.max_memory,
                     progress)
    with torch_threads(resources):
        found = fitted.estimate(features, region.flows, region.district, None, progress,
                                unit_spacing(region.centres))
    outside = outside_ranges(features, model.low, model.high)
    if outside.any():
        progress.warning(f"{int(outside.sum())} of {len(outside)} units have a feature outside the ranges that the "
                         "model learnt from.")
    districts, widths = found.districts, model.widths
    if settings.fine_tune:
        blocks = district_blocks(fitted.scaler.scale(features), fitted.scaler.directions, region.flows, region.district,
                                 len(region.districts), None)
        adapted = adapt(districts, _to_learn(region, model.targets), region.counts, blocks)
        _say(adapted, model.targets, progress)
        districts, widths = adapted.districts, adapted.widths
    known = _known(region, model.targets, "PRESERVE_TOTALS") if settings.preserve_totals else None
    estimates = agreeing_estimates(found.units, districts, region.district, widths, known)
    return EconomyMap(region, model.targets, estimates, outside)


def _to_learn(region: Region, targets: tuple[str, ...]) -> NDArray[np.float64]:
    known = _known(region, targets, "FINE_TUNE")
    for target, column in zip(targets, np.isfinite(known).sum(axis=0)):
        if column < FEWEST:
            raise InputError("FINE_TUNE", f"'{target}' has a total in {column} districts",
                             f"give those of {FEWEST} or more, or don't adapt the model")
    return known


def _say(adapted: Adapted, targets: tuple[str, ...], progress: Progress) -> None:
    for target, chosen, errors in zip(targets, adapted.chosen, adapted.errors):
        tried = ", ".join(f"{way} {error:.4g}" for way, error in zip(WAYS, errors))
        progress.message(f"{target}: {chosen}. Errors of roots of totals per unit in known districts left out: "
                         f"{tried}.")


def _known(region: Region, targets: tuple[str, ...], parameter: str) -> NDArray[np.float64]:
    there = [target for target in targets if target in region.targets]
    if not there:
        raise InputError(parameter, f"NODES has no totals of the model's targets ({', '.join(targets)})",
                         "give them, or leave it out")
    columns = {target: region.totals[:, region.targets.index(target)] for target in there}
    for target, totals in columns.items():
        refuse_negative(target, totals)
    nothing = np.full(len(region.districts), np.nan)
    return np.column_stack([columns.get(target, nothing) for target in targets])


def _columns(targets: tuple[str, ...], middle: NDArray[np.float64], low: NDArray[np.float64],
             high: NDArray[np.float64]) -> Columns:
    found: Columns = {}
    for number, target in enumerate(targets):
        for ending, values in (("estimate", middle), ("low", low), ("high", high)):
            found[f"{target}_{ending}"] = ("number", np.where(np.isfinite(values), values, np.nan)[:, number])
    return found
