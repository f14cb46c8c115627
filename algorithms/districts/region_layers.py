"""NODES and EDGES of a region graph as arrays."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import transform_shapes
from ..progress import Progress
from ..projections import WGS84
from .graph_columns import AREA, FEATURES, MADE, TARGET
from .units import Units, read_units

MOST_NAMES = 5  # of fields in a message


@dataclass(frozen=True)
class GraphFields:
    """Names of fields. features and targets empty: numeric ones that the region graph names so; city empty: none."""

    unit: str
    district: str
    city: str = ""
    features: Sequence[str] = ()
    targets: Sequence[str] = ()
    origin: str = "origin"
    destination: str = "destination"
    count: str = "count"


@dataclass(frozen=True)
class Region:
    """A region graph as arrays; shapes of the units are in degrees.

    district: (units,) numbers of the districts. city: (districts,) numbers of the cities, None without. features:
    (units, columns), NaN where unknown. flows: (units, units) counts without the diagonal. totals: (districts,
    targets), NaN where unknown. shapes: (units,).
    """

    units: Units
    districts: tuple[str, ...]
    district: NDArray[np.intp]
    cities: tuple[str, ...]
    city: NDArray[np.intp] | None
    names: tuple[str, ...]
    features: NDArray[np.float64]
    flows: sp.csr_matrix
    targets: tuple[str, ...]
    totals: NDArray[np.float64]
    shapes: NDArray[np.object_]

    @property
    def counts(self) -> NDArray[np.float64]:
        """Units of every district, (districts,)."""
        return np.bincount(self.district, minlength=len(self.districts)).astype(np.float64)

    @property
    def centres(self) -> NDArray[np.float64]:
        """Of the units, longitude and latitude in degrees, (units, 2)."""
        return np.asarray(shapely.get_coordinates(shapely.centroid(self.shapes)))

    @property
    def district_centres(self) -> NDArray[np.float64]:
        """Means of the centres of the units, longitude and latitude in degrees, (districts, 2)."""
        sums = np.zeros((len(self.districts), 2))
        np.add.at(sums, self.district, self.centres)
        means: NDArray[np.float64] = sums / self.counts[:, None]
        return means

    def take(self, rows: NDArray[np.intp]) -> Region:
        """All units in another order."""
        return replace(self, units=self.units.take(rows), district=self.district[rows], features=self.features[rows],
                       flows=self.flows[rows][:, rows], shapes=self.shapes[rows])


def read_region(nodes: FeatureTable, edges: FeatureTable | None, fields: GraphFields, progress: Progress) -> Region:
    """Raises InputError for units that read_units refuses, totals that differ within a district, and bad counts."""
    units = read_units(nodes, fields.unit, fields.district, fields.city, progress)
    units.have_areas("NODES")
    districts, district = units.districts()
    features = list(fields.features) or _default_features(nodes)
    columns = np.column_stack([_finite(_numbers(nodes, name, "FEATURE_FIELDS")) for name in features]) \
        if features else np.zeros((len(units), 0))
    flows = _flows(edges, fields, units.names, progress)
    if not features and not flows.nnz:
        raise InputError("NODES", "there are neither features nor flows between units",
                         "name FEATURE_FIELDS, or give EDGES")
    targets = tuple(fields.targets) or _default_targets(nodes)
    totals = np.column_stack([_totals(nodes, target, district, districts) for target in targets]) \
        if targets else np.zeros((len(districts), 0))
    cities, city = _cities(units, district, len(districts)) if fields.city else ((), None)
    others = [name for name in nodes.columns if name.startswith((*FEATURES, TARGET))
              and name not in features and name not in targets]
    progress.message(f"Features: {_listed(features)}. Totals: {_listed(targets)}. Not taken without being named: "
                     f"{_listed(others)}.")
    _say(features, columns, flows, edges is not None, progress)
    return Region(units, districts, district, cities, city, tuple(features), columns, flows, targets, totals,
                  transform_shapes(units.shapes, units.crs, WGS84))


def check_trainable(region: Region) -> None:
    """Raises InputError for a region without totals or with one district."""
    if len(region.districts) < 2:
        raise InputError("DISTRICT_FIELD", f"all units lie in the district '{region.districts[0]}'",
                         "give units of two or more districts")
    if not region.targets:
        raise InputError("TARGET_FIELDS", "no field was named and no field of NODES begins with 'target_'",
                         "name the fields with the totals of the districts")
    for target, values in zip(region.targets, region.totals.T):
        known = values[np.isfinite(values)]
        if len(known) < 2:
            raise InputError("TARGET_FIELDS", f"'{target}' has a total in {len(known)} districts",
                             "give the totals of two or more districts")
        refuse_negative(target, values)


def refuse_negative(target: str, totals: NDArray[np.float64]) -> None:
    """totals: (districts,), NaN where unknown."""
    if (totals < 0).any():
        raise InputError("TARGET_FIELDS", f"'{target}' has the total {np.nanmin(totals):g}", "give totals of 0 or more")


def _default_features(nodes: FeatureTable) -> list[str]:
    """Fields that the region graph names so, but for the user's own that hold no numbers."""
    return [name for name in nodes.columns if (name.startswith(FEATURES) or name == AREA) and _is_numeric(nodes, name)]


def _default_targets(nodes: FeatureTable) -> tuple[str, ...]:
    """Fields that the region graph names so, but for estimates and contributions that were written beside them."""
    named = [name for name in nodes.columns if name.startswith(TARGET) and _is_numeric(nodes, name)]
    return tuple(name for name in named if not name[len(TARGET):].endswith(MADE)
                 and not name.startswith(tuple(f"{other}_by_" for other in named)))


def _is_numeric(nodes: FeatureTable, field: str) -> bool:
    kind = nodes.kinds[field]
    return kind in ("integer", "number", "flag") or (kind == "text" and not any(nodes.texts(field)))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{len(names)} ({', '.join(names[:MOST_NAMES])}{more})" if names else "none"


def _numbers(nodes: FeatureTable, field: str, parameter: str) -> NDArray[np.float64]:
    """NaN for a field without any value, which GeoJSON takes for text."""
    if nodes.kinds.get(field) == "text" and not any(nodes.texts(field, parameter)):
        return np.full(len(nodes), np.nan)
    return nodes.numbers(field, parameter)


def _totals(nodes: FeatureTable, field: str, district: NDArray[np.intp],
            districts: Sequence[str]) -> NDArray[np.float64]:
    """The value that the units of a district share; units without one are passed over."""
    values = _finite(_numbers(nodes, field, "TARGET_FIELDS"))
    low, high = np.full(len(districts), np.inf), np.full(len(districts), -np.inf)
    known = np.isfinite(values)
    np.minimum.at(low, district[known], values[known])
    np.maximum.at(high, district[known], values[known])
    differing = np.flatnonzero(high - low > 1e-9 * np.abs(high))
    if len(differing):
        first = differing[0]
        raise InputError("TARGET_FIELDS", f"'{field}' has the values {low[first]:g} and {high[first]:g} in the "
                         f"district '{districts[first]}'", "write the district's total to each of its units")
    return np.where(np.isfinite(low), low, np.nan)


def _flows(edges: FeatureTable | None, fields: GraphFields, units: Sequence[str], progress: Progress) -> sp.csr_matrix:
    size = len(units)
    if edges is None:
        return sp.csr_matrix((size, size))
    index = {name: number for number, name in enumerate(units)}
    ends = [np.array([index.get(name, -1) for name in edges.texts(field, parameter)], dtype=np.intp)
            for field, parameter in ((fields.origin, "ORIGIN_FIELD"), (fields.destination, "DESTINATION_FIELD"))]
    counts = edges.numbers(fields.count, "COUNT_FIELD")
    wrong = np.flatnonzero(~(np.isfinite(counts) & (counts >= 0)))
    if len(wrong):
        value = counts[wrong[0]]
        raise InputError("COUNT_FIELD", "a count is empty" if np.isnan(value) else f"there is the count {value:g}",
                         "give counts of 0 or more")
    unknown = (ends[0] < 0) | (ends[1] < 0)
    if unknown.any():
        progress.warning(f"{unknown.sum()} of {len(counts)} edges lead to or from units that aren't among NODES and "
                         "are left out.")
    own = ~unknown & (ends[0] == ends[1]) & (counts > 0)
    if own.any():
        progress.message(f"{own.sum()} flows of units to themselves are left out.")
    kept = ~unknown & ~own & (counts > 0)
    return sp.csr_matrix((counts[kept], (ends[0][kept], ends[1][kept])), (size, size))


def _cities(units: Units, district: NDArray[np.intp], districts: int) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    names, of_unit = np.unique(np.array(units.city, dtype=str), return_inverse=True)
    city = np.zeros(districts, dtype=np.intp)
    city[district] = of_unit.ravel()
    return tuple(str(name) for name in names), city


def _say(features: Sequence[str], columns: NDArray[np.float64], flows: sp.csr_matrix, given: bool,
         progress: Progress) -> None:
    alike = [name for name, values in zip(features, columns.T) if len(np.unique(values[np.isfinite(values)])) < 2]
    if alike:
        progress.warning(f"{len(alike)} features have one value or none and say nothing, the first is '{alike[0]}'.")
    gaps = int(np.isnan(columns).sum())
    if gaps:
        progress.message(f"{gaps} of {columns.size} feature values are unknown and taken as the mean.")
    if given:
        alone = len(columns) - np.count_nonzero(np.diff(flows.indptr) + np.diff(flows.tocsc().indptr))
        progress.message(f"{flows.nnz} flows between {len(columns)} units; {alone} units have none, which "
                         "flow profiles take for zero.")
        if not flows.nnz:
            progress.warning("No edge joins two units: the graph has nodes only.")


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)
