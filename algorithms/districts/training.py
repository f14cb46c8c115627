"""Learns district totals from a region graph, and estimates districts whose totals were never seen.

Public: fit_semigtx, SemiGTX.estimate, out_of_fold, out_of_fold_region. Saved models: saved_models.py.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from ...models.semigtx import Graph, SemiGtx
from ..errors import InputError
from ..progress import Progress
from .district_inputs import FeatureScaler, district_blocks, fit_scaler
from .flow_profiles import FlowBasis, fit_flow_basis
from .frozen_heads import FrozenHead
from .kernel_partner import KernelPartner, fit_kernel_partner
from .network import network_estimates, region_graph, representation_of, train_network
from .settings import SemiGtxSettings
from .target_scales import TargetScale, target_scale
from .unit_shares import UnitShares, fit_unit_shares

NETWORK_SHARES = (0.0, 0.25, 0.5)
INNER_SHARE = 0.2  # of the known districts, held out to choose the network's share


@dataclass(frozen=True)
class RegionEstimates:
    """On the original scale: districts (districts, targets), units (units, targets) that add up to them."""

    districts: NDArray[np.float64]
    units: NDArray[np.float64]


@dataclass(frozen=True)
class SemiGTX:
    """A fitted model. partners: one per target, none where the network is alone. shares (targets,): of the network in
    the average. heads: one per target where alpha is 1. unit_shares: how units share their district's total, None where
    the network says it."""

    settings: SemiGtxSettings
    scaler: FeatureScaler
    basis: FlowBasis | None
    scale: TargetScale
    partners: tuple[KernelPartner, ...]
    network: SemiGtx | None
    shares: NDArray[np.float64]
    heads: tuple[FrozenHead, ...]
    unit_shares: UnitShares | None

    def estimate(self, features: ArrayLike, flows: ArrayLike | sp.spmatrix | None, district: ArrayLike | None = None,
                 known_units: ArrayLike | None = None, progress: Progress | None = None,
                 spacing: ArrayLike | None = None) -> RegionEstimates:
        """All districts of a region, as in fit_semigtx. known_units: numbers of the units that were learnt from, in
        their order, where the region has others too; None = the same units. Flows among districts that weren't learnt
        from are left out, so that totals mean what they meant while learning.

        Raises InputError for other columns, and for flow profiles of units that weren't learnt from.
        """
        progress = progress or Progress()
        region = _region(features, flows, district, spacing)
        if region.columns.shape[1] != self.scaler.columns:
            raise InputError("NODES", f"{region.columns.shape[1]} features",
                             f"give the {self.scaler.columns} of the model")
        known = np.arange(region.units) if known_units is None else np.asarray(known_units, dtype=np.intp)
        if self.basis is not None and len(known) != len(self.basis.origins):
            raise InputError("NODES", f"{len(known)} units for flow profiles of {len(self.basis.origins)}",
                             "choose a model without flow profiles for another region")
        region = _without_unknown_flows(region, known)
        scaled = self.scaler.scale(region.columns)
        profile = None if self.basis is None else self.basis.profiles(region.flows, known)
        found = np.zeros((region.districts, len(self.scale.mean)))
        if self.partners:
            blocks = district_blocks(scaled, self.scaler.directions, region.flows, region.district, region.districts,
                                     profile)
            per_unit = np.stack([partner.estimate(blocks) for partner in self.partners], axis=1)
            found = self.scale.standardise(per_unit, np.ones(region.districts))
        if self.network is not None:
            graph = region_graph(_with(scaled, profile), region.flows, self.settings.seed, progress)
            learnt, sizes = _learnt(self.network, self.heads, graph, region, self.scale, self.settings)
            found = self.shares * learnt + (1 - self.shares) * found
        if self.unit_shares is not None:
            sizes = self.unit_shares.sizes(region.columns, region.spacing)
        totals = self.scale.totals(found, region.counts)
        sums = np.zeros(totals.shape)
        np.add.at(sums, region.district, sizes)
        rates = np.divide(totals, sums, out=np.zeros(totals.shape), where=sums > 0)
        return RegionEstimates(totals, sizes * rates[region.district])


@dataclass(frozen=True)
class _Region:
    columns: NDArray[np.float64]
    flows: sp.csr_matrix
    district: NDArray[np.intp]
    districts: int
    spacing: NDArray[np.float64]

    @property
    def units(self) -> int:
        return len(self.district)

    @property
    def counts(self) -> NDArray[np.float64]:
        return np.maximum(np.bincount(self.district, minlength=self.districts), 1.0)


def out_of_fold(features: ArrayLike, flows: ArrayLike | sp.spmatrix | None, targets: ArrayLike,
                folds: Sequence[ArrayLike], settings: SemiGtxSettings | None = None,
                district: ArrayLike | None = None, progress: Progress | None = None) -> NDArray[np.float64]:
    """Out-of-fold estimates on the original scale, in the shape of targets by district; NaN for districts in no fold.

    As in fit_semigtx. folds: numbers of the districts to test together. Totals of tested districts reach nothing; with
    evaluation "inductive" neither do their units.
    """
    found = out_of_fold_region(features, flows, targets, folds, settings, district, progress).districts
    return found[:, 0] if np.ndim(targets) == 1 else found


def out_of_fold_region(features: ArrayLike, flows: ArrayLike | sp.spmatrix | None, targets: ArrayLike,
                       folds: Sequence[ArrayLike], settings: SemiGtxSettings | None = None,
                       district: ArrayLike | None = None, progress: Progress | None = None,
                       spacing: ArrayLike | None = None) -> RegionEstimates:
    """out_of_fold with the units of the tested districts."""
    settings, progress = settings or SemiGtxSettings(), progress or Progress()
    region = _region(features, flows, district, spacing)
    totals = _totals(targets, region)
    found, units = np.full(totals.shape, np.nan), np.full((region.units, totals.shape[1]), np.nan)
    for number, fold in enumerate(folds):
        tested = np.asarray(fold, dtype=np.intp)
        step = progress.part(number / len(folds), (number + 1) / len(folds))
        masked = totals.copy()
        masked[tested] = np.nan
        seen = ~np.isin(region.district, tested) if settings.evaluation == "inductive" else np.ones(region.units, bool)
        kept, member = np.unique(region.district[seen], return_inverse=True)
        model = fit_semigtx(region.columns[seen], region.flows[seen][:, seen], masked[kept], member, settings, step,
                            region.spacing[seen])
        estimates = model.estimate(region.columns, region.flows, region.district, np.flatnonzero(seen),
                                   spacing=region.spacing)
        inside = np.isin(region.district, tested)
        found[tested], units[inside] = estimates.districts[tested], estimates.units[inside]
    return RegionEstimates(found, units)


def fit_semigtx(features: ArrayLike, flows: ArrayLike | sp.spmatrix | None, targets: ArrayLike,
                district: ArrayLike | None = None, settings: SemiGtxSettings | None = None,
                progress: Progress | None = None, spacing: ArrayLike | None = None) -> SemiGTX:
    """Learns from the districts whose targets aren't NaN.

    features: (units, columns), not finite where unknown. flows: (units, units) counts from row to column, dense or
    sparse, or None; those of a unit to itself are left out. targets: totals of units or districts, (n,) or (n,
    targets), NaN = unknown. district: number of every unit's district; None = units are districts. spacing: (units,) km
    to neighbours, as unit_shares.unit_spacing gives them, by which the units of a district differ too; None = unknown.
    """
    settings, progress = settings or SemiGtxSettings(), progress or Progress()
    region = _region(features, flows, district, spacing)
    totals = _totals(targets, region)
    scale = target_scale(settings.loss, totals, region.counts)
    scaler = fit_scaler(region.columns)
    scaled = scaler.scale(region.columns)
    alone = settings.configuration == "published"
    basis = fit_flow_basis(region.flows) if settings.profiles and not alone and region.flows.nnz and region.units > 3 \
        else None
    profile = None if basis is None else basis.profiles(region.flows, np.arange(region.units))
    partners: tuple[KernelPartner, ...] = ()
    if not alone or not settings.network:
        blocks = district_blocks(scaled, scaler.directions, region.flows, region.district, region.districts, profile)
        partners = tuple(_partner(blocks, column) for column in (totals / region.counts[:, None]).T)
    unit_shares = fit_unit_shares(region.columns, region.spacing, region.district, totals) if partners else None
    if not settings.network:
        return SemiGTX(settings, scaler, basis, scale, partners, None, np.zeros(len(scale.mean)), (), unit_shares)
    graph = region_graph(_with(scaled, profile), region.flows, settings.seed, progress)
    shares = np.ones(len(scale.mean))
    if not alone:
        shares = _network_shares(graph, region, totals, scale, blocks, settings, progress.part(0, 0.5))
    network, heads = _train(graph, region, totals, scale, settings, progress.part(0.0 if alone else 0.5, 1))
    return SemiGTX(settings, scaler, basis, scale, partners, network, shares, heads, unit_shares)


def clean_flows(flows: ArrayLike | sp.spmatrix | None, units: int) -> sp.csr_matrix:
    """Counts (units, units) without the diagonal. Raises InputError for other shapes, and for counts below 0 or not
    finite."""
    if flows is None:
        return sp.csr_matrix((units, units))
    counts = sp.coo_matrix(flows, dtype=np.float64)
    if counts.shape != (units, units):
        raise InputError("FLOWS", f"{counts.shape[0]} x {counts.shape[1]} flows for {units} units",
                         "give one row and one column per unit")
    if not (np.isfinite(counts.data) & (counts.data >= 0)).all():
        raise InputError("FLOWS", "negative, missing or infinite counts", "give counts of 0 or more")
    kept = (counts.row != counts.col) & (counts.data > 0)
    return sp.csr_matrix((counts.data[kept], (counts.row[kept], counts.col[kept])), counts.shape)


def _train(graph: Graph, region: _Region, totals: NDArray[np.float64], scale: TargetScale, settings: SemiGtxSettings,
           progress: Progress) -> tuple[SemiGtx, tuple[FrozenHead, ...]]:
    network = train_network(graph, region.district, totals, scale, settings, progress)
    if settings.infomax_share < 1:
        return network, ()
    rows = representation_of(network, graph, region.district, region.districts, settings).districts
    wanted = scale.standardise(totals, region.counts)
    return network, tuple(FrozenHead(settings.frozen_head, settings.seed, rows[np.isfinite(column)],
                                     column[np.isfinite(column)]) for column in wanted.T)


def _learnt(network: SemiGtx, heads: tuple[FrozenHead, ...], graph: Graph, region: _Region, scale: TargetScale,
            settings: SemiGtxSettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardised estimates (districts, targets) of the network, and sizes of the units (units, targets)."""
    if not heads:
        return network_estimates(network, graph, region.district, region.districts, scale, settings)
    rows = representation_of(network, graph, region.district, region.districts, settings)
    units = np.stack([head.estimate(rows.units) for head in heads], axis=1)
    found = np.stack([head.estimate(rows.districts) for head in heads], axis=1)
    return found, scale.totals(units, np.ones(region.units))


def _network_shares(graph: Graph, region: _Region, totals: NDArray[np.float64], scale: TargetScale,
                    blocks: dict[str, NDArray[np.float64]], settings: SemiGtxSettings,
                    progress: Progress) -> NDArray[np.float64]:
    """(targets,): what helps known districts that both a network and kernel ridge estimate without having seen them."""
    known = np.flatnonzero(np.isfinite(totals).any(axis=1))
    held = np.random.default_rng(settings.seed).permutation(known)[:max(1, round(INNER_SHARE * len(known)))]
    hidden = totals.copy()
    hidden[held] = np.nan
    if np.isfinite(hidden).sum(axis=0).min() < 2:
        return np.zeros(totals.shape[1])
    inner = target_scale(settings.loss, hidden, region.counts)
    network, heads = _train(graph, region, hidden, inner, settings, progress)
    learnt, _ = _learnt(network, heads, graph, region, inner, settings)
    by_network = scale.standardise(inner.totals(learnt, region.counts), region.counts)
    partners = [_partner(blocks, column) for column in (hidden / region.counts[:, None]).T]
    by_partner = scale.standardise(np.stack([each.estimate(blocks) for each in partners], axis=1),
                                   np.ones(region.districts))
    wanted = scale.standardise(totals, region.counts)[held]
    losses = [np.nansum((share * by_network[held] + (1 - share) * by_partner[held] - wanted)**2, axis=0)
              for share in NETWORK_SHARES]
    return np.array([NETWORK_SHARES[best] for best in np.argmin(losses, axis=0)])


def _without_unknown_flows(region: _Region, known_units: NDArray[np.intp]) -> _Region:
    if len(known_units) == region.units:
        return region
    known = np.isin(np.arange(region.units), known_units)
    flows = region.flows.tocoo()
    kept = known[flows.row] | known[flows.col] | (region.district[flows.row] == region.district[flows.col])
    left = sp.csr_matrix((flows.data[kept], (flows.row[kept], flows.col[kept])), flows.shape)
    return replace(region, flows=left)


def _partner(blocks: dict[str, NDArray[np.float64]], per_unit: NDArray[np.float64]) -> KernelPartner:
    known = np.isfinite(per_unit)
    return fit_kernel_partner({name: columns[known] for name, columns in blocks.items()}, per_unit[known])


def _with(scaled: NDArray[np.float64], profile: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return scaled if profile is None else np.column_stack((scaled, profile))


def _region(features: ArrayLike, flows: ArrayLike | sp.spmatrix | None, district: ArrayLike | None,
            spacing: ArrayLike | None = None) -> _Region:
    columns = np.asarray(features, dtype=np.float64)
    columns = np.where(np.isfinite(columns), columns, np.nan)
    of_unit = np.arange(len(columns)) if district is None else np.asarray(district, dtype=np.intp)
    if len(of_unit) != len(columns):
        raise InputError("DISTRICT_FIELD", f"{len(of_unit)} districts for {len(columns)} units", "give one per unit")
    apart = np.zeros(len(columns)) if spacing is None else np.asarray(spacing, dtype=np.float64)
    return _Region(columns, clean_flows(flows, len(columns)), of_unit, int(of_unit.max()) + 1, apart)


def _totals(targets: ArrayLike, region: _Region) -> NDArray[np.float64]:
    given = np.asarray(targets, dtype=np.float64)
    columns = given.reshape(len(given), -1)
    if len(columns) == region.districts:
        return columns
    if len(columns) != region.units:
        raise InputError("TARGET_FIELDS",
                         f"{len(columns)} rows for {region.units} units and {region.districts} districts",
                         "give one row per unit or per district")
    found = np.zeros((region.districts, columns.shape[1]))
    np.add.at(found, region.district, columns)
    return found
