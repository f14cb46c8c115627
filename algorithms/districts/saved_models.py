"""Writes a SemiGTX model to weights and a card, and reads it again."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.registry import load_model, save_model
from ...models.semigtx import SemiGtx
from .district_inputs import FeatureScaler
from .flow_profiles import FlowBasis
from .frozen_heads import FrozenHead
from .kernel_partner import KernelPartner, Member
from .network import RECIPES, new_network
from .settings import SemiGtxSettings
from .target_scales import TargetScale
from .training import SemiGTX
from .unit_shares import UnitShares

KIND = "semigtx"
SCALER = ("kept", "logs", "centre", "spread", "directions")
SCALE = ("mean", "spread", "per_unit", "deviance")
BASIS = ("origins", "destinations", "centre", "spread")
UNIT_SHARES = ("columns", "weights", "decay")
PROJECTION = "network.project.weight"  # (width, features), also of a network that reads flows alone: 0 features

Arrays = Mapping[str, NDArray[Any]]


def save_semigtx(path: str, model: SemiGTX, card: Mapping[str, Any]) -> None:
    """path: of either file. card: what else the card says."""
    arrays: dict[str, NDArray[Any]] = {"shares": model.shares}
    arrays.update({f"scaler.{name}": getattr(model.scaler, name) for name in SCALER})
    arrays.update({f"scale.{name}": getattr(model.scale, name) for name in SCALE})
    if model.basis is not None:
        arrays.update({f"basis.{name}": getattr(model.basis, name) for name in BASIS})
    if model.unit_shares is not None:
        arrays.update({f"unit_shares.{name}": getattr(model.unit_shares, name) for name in UNIT_SHARES})
    partners = []
    for number, partner in enumerate(model.partners):
        start = f"partner.{number}"
        arrays[f"{start}.coefficients"] = np.array([member.coefficients for member in partner.members])
        for name, rows in partner.blocks.items():
            arrays.update({f"{start}.rows.{name}": rows, f"{start}.centre.{name}": partner.centres[name],
                           f"{start}.spread.{name}": partner.spreads[name]})
        partners.append({"blocks": list(partner.blocks), "level": partner.level, "mean": partner.mean,
                         "spread": partner.spread,
                         "members": [{"deviance": member.deviance, "blocks": list(member.blocks),
                                      "length": member.length} for member in partner.members]})
    for number, head in enumerate(model.heads):
        arrays.update({f"head.{number}.rows": head.rows, f"head.{number}.wanted": head.wanted})
    if model.network is not None:
        arrays.update({f"network.{name}": values.numpy() for name, values in model.network.state_dict().items()})
    save_model(path, KIND, {**card, "settings": asdict(model.settings), "columns": model.scaler.columns,
                            "targets": len(model.shares), "partners": partners, "heads": len(model.heads)}, arrays)


def load_semigtx(path: str, parameter: str = "MODEL") -> tuple[SemiGTX, dict[str, Any]]:
    """The model and its card. Raises InputError for what isn't one."""
    stored = load_model(path, KIND, parameter)
    arrays, card = stored.weights, stored.card
    settings = SemiGtxSettings(**{**card["settings"], "device": "auto"})  # that of the training may not be there
    scaler = FeatureScaler(card["columns"], *(arrays[f"scaler.{name}"] for name in SCALER))
    scale = TargetScale(settings.loss, *(arrays[f"scale.{name}"] for name in SCALE))
    basis = FlowBasis(*(arrays[f"basis.{name}"] for name in BASIS)) if "basis.centre" in arrays else None
    partners = tuple(_partner(arrays, f"partner.{number}", each) for number, each in enumerate(card["partners"]))
    heads = tuple(FrozenHead(settings.frozen_head, settings.seed, arrays[f"head.{number}.rows"],
                             arrays[f"head.{number}.wanted"]) for number in range(card["heads"]))
    network = _network(arrays, card["targets"], settings) if PROJECTION in arrays else None
    unit_shares = UnitShares(*(arrays[f"unit_shares.{name}"] for name in UNIT_SHARES)) \
        if "unit_shares.decay" in arrays else None
    return SemiGTX(settings, scaler, basis, scale, partners, network, arrays["shares"], heads, unit_shares), card


def _partner(arrays: Arrays, start: str, card: Mapping[str, Any]) -> KernelPartner:
    rows, centres, spreads = ({name: arrays[f"{start}.{what}.{name}"] for name in card["blocks"]}
                              for what in ("rows", "centre", "spread"))
    members = tuple(Member(each["deviance"], tuple(each["blocks"]), each["length"], coefficients)
                    for each, coefficients in zip(card["members"], arrays[f"{start}.coefficients"]))
    return KernelPartner(rows, centres, spreads, members, card["level"], card["mean"], card["spread"])


def _network(arrays: Arrays, targets: int, settings: SemiGtxSettings) -> SemiGtx:
    start = "network."
    network = new_network(arrays[PROJECTION].shape[1], targets, RECIPES[settings.configuration])
    network.load_state_dict({name[len(start):]: torch.from_numpy(np.array(values))
                             for name, values in arrays.items() if name.startswith(start)})
    return network.eval()
