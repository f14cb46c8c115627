"""The region graph: units with their features and totals as nodes, flows between them as edges."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, transform_shapes
from ..progress import Progress
from .district_targets import district_targets
from .flow_grid import cell_shares, split_flows
from .flow_table import FlowFields, FlowMatrix, read_flows
from .graph_columns import AREA, CITY, DISTRICT, FLOW, HAS_FLOWS, PLACE, TARGET, UNIT, VIEW, VIEW_COUNT, column_names
from .places import count_places
from .settings import RegionGraphSettings
from .units import Units, read_units
from .views import pool_views

SELF_SHARE, SELF_CORRELATION = 0.3, 0.98  # beyond which flows of a unit to itself are said to be residents
FEWEST = 10  # units or districts that a correlation is taken of

Columns = dict[str, tuple[str, Any]]  # kind, and a value per row


@dataclass(frozen=True)
class GraphInputs:
    """Layers and tables as the user named them, None where there is none, and the names of their fields."""

    units: FeatureTable
    unit_field: str
    district_field: str = ""
    city_field: str = ""
    place_fields: Sequence[str] = ()
    places: FeatureTable | None = None
    category_fields: Sequence[str] = ()
    mapping: FeatureTable | None = None
    flows: FeatureTable | None = None
    flow_fields: FlowFields = field(default_factory=lambda: FlowFields("", "", ""))
    grid: FeatureTable | None = None
    grid_field: str = ""
    split: FeatureTable | None = None
    embeddings: FeatureTable | None = None
    embedding_unit_field: str = ""
    targets: FeatureTable | None = None
    target_district_field: str = ""
    target_fields: Sequence[str] = ()


@dataclass(frozen=True)
class FlowSums:
    """Where the flows of the table went; they add up to total. own: of a unit to itself, kept in edges or left out."""

    total: float
    between: float
    own: float
    outside: float
    unknown: float


@dataclass(frozen=True)
class RegionGraph:
    """columns: of NODES beside those of the units' layer, by name: kind and one value per unit. flows: (units, units)
    counts from row to column, None where no flows were given. sums: None likewise. isolated: number of units without
    any flow."""

    units: Units
    columns: Columns
    flows: sp.csr_matrix | None
    sums: FlowSums | None
    isolated: int

    def edges(self) -> Iterator[tuple[list[Any], bytes]]:
        """Values of EDGE_FIELDS and the line, in the CRS of the units' layer, of each edge by origin and destination.
        """
        if self.flows is None:
            return
        units, flows = self.units, self.flows.tocoo()
        order = np.lexsort((flows.col, flows.row))
        origin, destination, count = flows.row[order], flows.col[order], flows.data[order]
        back = np.asarray(self.flows[destination, origin]).ravel()
        centres = shapely.centroid(units.shapes)
        x, y = shapely.get_x(centres), shapely.get_y(centres)
        distance = np.hypot(x[origin] - x[destination], y[origin] - y[destination]) / 1000
        own = shapely.get_coordinates(transform_shapes(centres, units.crs, crs_of(units.table)))
        lines = shapely.to_wkb(shapely.linestrings(np.stack((own[origin], own[destination]), axis=1)))
        for row, line in enumerate(lines):
            yield [units.names[origin[row]], units.names[destination[row]], float(count[row]), float(back[row]),
                   float(np.log1p(count[row])), float(np.log1p(back[row])), float(distance[row])], line


def region_graph(inputs: GraphInputs, settings: RegionGraphSettings, progress: Progress) -> RegionGraph:
    """Nodes and edges of a region. Says what was left out and how much. Raises InputError for what can't be used."""
    units = read_units(inputs.units, inputs.unit_field, inputs.district_field, inputs.city_field, progress)
    names = units.districts()[0]
    progress.message(f"Units: {len(units)} in {len(names)} districts.")
    _warn_of_unused(inputs, settings, progress)
    if len(names) == 1:
        progress.warning(f"All units are of the district '{names[0]}': such a graph can be mapped, not trained on.")
    places = {name: units.table.numbers(name, "PLACE_FIELDS") for name in inputs.place_fields}
    progress.report(0.1)
    if inputs.places is not None:
        counts = count_places(inputs.places, inputs.category_fields, inputs.mapping, settings.categories, units,
                              progress)
        alike = sorted(places.keys() & counts.keys())
        if alike:
            raise InputError("PLACE_FIELDS", f"'{alike[0]}' is a category of PLACES too", "rename one of them")
        places.update(counts)
    columns = {**_unit_columns(units, inputs), **_numbers(PLACE, places)}
    progress.report(0.3)
    if inputs.embeddings is not None:
        vectors, images = pool_views(inputs.embeddings, inputs.embedding_unit_field, settings.pooling, units, progress)
        columns.update({f"{VIEW}{index + 1}": ("number", vectors[:, index]) for index in range(vectors.shape[1])})
        columns[VIEW_COUNT] = ("integer", images)
    if inputs.targets is not None:
        columns.update(_numbers(TARGET, district_targets(inputs.targets, inputs.target_district_field,
                                                         inputs.target_fields, units, progress)))
    progress.report(0.4)
    if inputs.flows is None:
        progress.warning("There are no FLOWS: the graph has no edges.")
        return RegionGraph(units, columns, None, None, len(units))
    flows, sums = _unit_flows(inputs.flows, inputs, units, settings, progress.part(0.4, 0.9))
    into, out = np.asarray(flows.sum(axis=0)).ravel(), np.asarray(flows.sum(axis=1)).ravel()
    isolated = into + out == 0
    columns[HAS_FLOWS] = ("flag", ~isolated)
    columns.update(_numbers(FLOW, _profiles(flows, units, isolated, settings.profiles)))
    first = f" (the first is '{units.names[int(np.argmax(isolated))]}')" if isolated.any() else ""
    progress.message(f"Edges: {flows.nnz}. Units without any flow, whose flows are missing: {int(isolated.sum())}"
                     f"{first}.")
    progress.report(1)
    return RegionGraph(units, columns, flows, sums, int(isolated.sum()))


def _warn_of_unused(inputs: GraphInputs, settings: RegionGraphSettings, progress: Progress) -> None:
    if inputs.mapping is not None and (inputs.places is None or settings.categories == "as_given"):
        progress.warning("MAPPING has no effect without PLACES whose CATEGORIES are brought to classes or categories.")
    if inputs.split is not None and (inputs.flows is None or inputs.grid is None):
        progress.warning("SPLIT has no effect without FLOWS between the cells of FLOW_GRID.")


def _unit_columns(units: Units, inputs: GraphInputs) -> Columns:
    columns: Columns = {UNIT: ("text", units.names), DISTRICT: ("text", units.district)}
    if inputs.city_field:
        columns[CITY] = ("text", units.city)
    areas = shapely.area(units.shapes) / 1e6
    if (areas > 0).all():
        columns[AREA] = ("number", areas)
    return columns


def _numbers(prefix: str, values: dict[str, NDArray[np.float64]]) -> Columns:
    return {name: ("number", column) for name, column in zip(column_names(prefix, list(values)), values.values())}


def _unit_flows(table: FeatureTable, inputs: GraphInputs, units: Units, settings: RegionGraphSettings,
                progress: Progress) -> tuple[sp.csr_matrix, FlowSums]:
    """Flows (units, units) without zeros, with the diagonal only where it was asked for."""
    grid = inputs.grid
    if grid is None:
        found = read_flows(table, inputs.flow_fields, units.names, progress)
        counts, outside = found.counts, 0.0
    else:
        units.have_areas(grid.parameter)
        cells = _cell_names(grid, inputs.grid_field)
        found = read_flows(table, inputs.flow_fields, cells, progress)
        with_outside = split_flows(found.counts, cell_shares(grid, units, inputs.split, progress))
        counts = with_outside[:len(units), :len(units)]
        outside = with_outside.sum() - counts.sum()
    own = counts.diagonal()
    between = sp.csr_matrix(counts - sp.diags(own))
    between.eliminate_zeros()
    sums = FlowSums(found.total, float(between.sum()), float(own.sum()), float(outside), found.unknown)
    _say(sums, found, settings.self_flows, progress)
    if not between.nnz:
        raise InputError(table.parameter, "no flow goes from one unit to another", "choose flows of these units")
    _warn_of_residents(own, sums, units, progress)
    if settings.self_flows:
        between = sp.csr_matrix(between + sp.diags(own))
        between.eliminate_zeros()
    return between, sums


def _cell_names(grid: FeatureTable, grid_field: str) -> list[str]:
    if not grid_field:
        raise InputError("GRID_FIELD", "no field was named", f"name the field of {grid.parameter} with the ids")
    names = [text or "" for text in grid.texts(grid_field, "GRID_FIELD")]
    if "" in names or len(set(names)) < len(names):
        raise InputError("GRID_FIELD", f"'{grid_field}' has empty values or values that repeat",
                         "choose a field with an id for every cell")
    return names


def _say(sums: FlowSums, found: FlowMatrix, keep_own: bool, progress: Progress) -> None:
    def part(value: float) -> str:
        return f"{value:,.6g} ({100 * value / sums.total if sums.total else 0:.3g} %)"

    progress.message(f"Flows: {sums.total:,.6g} in total; between units {part(sums.between)}, of units to themselves "
                     f"{part(sums.own)}, {'kept' if keep_own else 'left out'}; with an end outside all units "
                     f"{part(sums.outside)}, with an unknown end {part(sums.unknown)} in {found.unknown_rows} rows, "
                     "left out.")


def _warn_of_residents(own: NDArray[np.float64], sums: FlowSums, units: Units, progress: Progress) -> None:
    within = sums.own + sums.between
    if sums.own > SELF_SHARE * within:
        progress.warning(f"Flows of units to themselves are {100 * sums.own / within:.3g} % of the flows inside the "
                         "region: they may be residents rather than trips.")
    member = _members(units)
    for name, kind in units.table.kinds.items():
        if kind not in ("integer", "number"):
            continue
        values = np.nan_to_num(units.table.columns[name])
        alike = max(_log_correlation(own, values), _log_correlation(
            np.asarray(member @ own), np.asarray(member @ values)))
        if alike > SELF_CORRELATION:
            progress.warning(f"Flows of units to themselves follow '{name}' (correlation of logs {alike:.4f}): they "
                             "may be residents rather than trips.")


def _members(units: Units) -> sp.csr_matrix:
    """(districts, units), 1 where a unit belongs to a district."""
    names, number = units.districts()
    return sp.csr_matrix((np.ones(len(units)), (number, np.arange(len(units)))), (len(names), len(units)))


def _log_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """-1 to 1 over values above 0; 0 where there are few or all alike."""
    both = (one > 0) & (other > 0)
    if both.sum() < FEWEST or not np.ptp(one[both]) or not np.ptp(other[both]):
        return 0.0
    return float(np.corrcoef(np.log(one[both]), np.log(other[both]))[0, 1])


def _profiles(flows: sp.csr_matrix, units: Units, isolated: NDArray[np.bool_],
              profiles: str) -> dict[str, NDArray[np.float64]]:
    """Logs of flows as features; NaN in units without any."""
    if profiles == "none":
        return {}
    between = sp.csr_matrix(flows - sp.diags(flows.diagonal()))
    into, out = (np.log1p(np.asarray(between.sum(axis=axis)).ravel()) for axis in (0, 1))
    found = {"in": into, "out": out, "balance": into - out}
    if profiles == "districts":
        names, member = units.districts()[0], _members(units).T
        to, from_ = (between @ member).toarray(), (between.T @ member).toarray()
        found.update({f"to {name}": np.log1p(to[:, index]) for index, name in enumerate(names)})
        found.update({f"from {name}": np.log1p(from_[:, index]) for index, name in enumerate(names)})
    return {name: np.where(isolated, np.nan, values) for name, values in found.items()}
