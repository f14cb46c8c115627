"""A fitted model with the names and ranges of its inputs, as users keep it in a model file."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.registry import bundled_path
from ..errors import InputError
from .graph_columns import SPACING
from .region_layers import Region
from .saved_models import load_semigtx, save_semigtx
from .training import SemiGTX
from .unit_shares import unit_spacing

BUNDLED = "semigtx_new_york"


@dataclass(frozen=True)
class RegionModel:
    """names, low, high: of the features, and their ranges in training (NaN where none was known). targets: names.
    widths: (targets,) half widths of intervals of the root of a total per unit. units: ids of those learnt from, in
    their order, where the model has flow profiles, which know them only. warning: what users must know."""

    fitted: SemiGTX
    names: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    targets: tuple[str, ...]
    widths: NDArray[np.float64]
    units: tuple[str, ...] = ()
    warning: str = ""

    def features_of(self, region: Region) -> NDArray[np.float64]:
        """The model's features (units, columns) in its order; spacing is made from the units where no field has it.

        Raises InputError where the region lacks others.
        """
        columns = dict(zip(region.names, region.features.T))
        if SPACING in self.names and SPACING not in columns:
            columns[SPACING] = unit_spacing(region.centres)
        lacking = [name for name in self.names if name not in columns]
        if lacking:
            raise InputError("NODES", f"the field '{lacking[0]}' of the model isn't there ({len(lacking)} of "
                             f"{len(self.names)} are missing)", "give the features that it was trained on")
        return np.column_stack([columns[name] for name in self.names]) if self.names else region.features[:, :0]

    def arranged(self, region: Region) -> Region:
        """The region's units in the model's order, where flow profiles hold it; else as they are.

        Raises InputError where the units are others.
        """
        if self.fitted.basis is None:
            return region
        if len(self.units) != len(self.fitted.basis.origins):
            raise InputError("MODEL", "it has flow profiles but doesn't name their units", "train it again")
        row = {name: number for number, name in enumerate(region.units.names)}
        differing = sorted(row.keys() ^ set(self.units))
        if differing:
            where = "NODES" if differing[0] in row else "the model"
            raise InputError("NODES", f"{len(differing)} units differ from those of the model's flow profiles (only "
                             f"{where} has '{differing[0]}')",
                             "give the units that it was trained on, or choose a model without flow profiles")
        return region.take(np.array([row[name] for name in self.units], dtype=np.intp))


def save_region_model(path: str, model: RegionModel, about: Mapping[str, Any]) -> None:
    """Writes weights and card. about: what the card says beyond the model itself: title, scores, licence, warning."""
    save_semigtx(path, model.fitted, {
        **about,
        "unit_ids": list(model.units),
        "inputs": [{"name": name, "low": _limit(low), "high": _limit(high)}
                   for name, low, high in zip(model.names, model.low, model.high)],
        "outputs": [{"name": name, "interval_width": _limit(width)}
                    for name, width in zip(model.targets, model.widths)]})


def read_region_model(path: str) -> RegionModel:
    """path: empty takes the bundled model. Raises InputError for a file that isn't one of these models, or was changed.
    """
    fitted, card = load_semigtx(path or bundled_path(BUNDLED))
    low, high = (np.array([np.nan if each[side] is None else each[side] for each in card["inputs"]])
                 for side in ("low", "high"))
    widths = [each["interval_width"] for each in card["outputs"]]
    return RegionModel(fitted, tuple(each["name"] for each in card["inputs"]), low, high,
                       tuple(each["name"] for each in card["outputs"]),
                       np.array([np.inf if width is None else width for width in widths]),
                       tuple(card.get("unit_ids", ())), card.get("warning", ""))


def _limit(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
