"""Maps of what factories make: monthly grids, level, trend and yearly change, and the sums of zones."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from ..settings import Resources
from .change_maps import BANDS, last_years, trends, yearly_change
from .factory_areas import FactoryAreas
from .grid import area_radiance, cell_series, fit_lines
from .grid_file import write_cells
from .labels import WHOLE, Labels
from .months import first_day
from .preservation import Scaling, preserving
from .samples import FactorySamples
from .zone_economy import Sums, ZoneEconomy, zone_economy, zone_sums
from .zones import NOWHERE, Zones

UNIT = "unit of the totals"


@dataclass(frozen=True)
class FactoryEstimates:
    """Of factories and months, shape (factories, months): the estimate, the ends of its 90 % interval (NaN throughout
    where the model has none), and whether what it was made from lies outside the model's ranges."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    outside: NDArray[np.bool_]

    def scaled(self, factors: NDArray[np.float64], known: NDArray[np.bool_]) -> FactoryEstimates:
        """factors, known: shape (factories, months); no interval is left where the sum is known."""
        low, high = (np.where(known, np.nan, each * factors) for each in (self.low, self.high))
        return replace(self, value=self.value * factors, low=low, high=high)


@dataclass(frozen=True)
class Areas:
    """Zones of a region: names, and the zone of every factory and of every one of samples.positions, NOWHERE = in none.
    own: shape (factories, side^2), whether a cell lies in the factory's zone; all of them where no buffer reaches one.
    """

    names: tuple[str, ...]
    of_factory: NDArray[np.int32]
    of_cell: NDArray[np.int32]
    own: NDArray[np.bool_]


def find_areas(samples: FactorySamples, zones: Zones | None) -> Areas:
    """zones: in the CRS of the samples' grid; None = the whole region is one."""
    if zones is None:
        return Areas((WHOLE,), np.zeros(len(samples.factories), np.int32), np.zeros(len(samples.positions), np.int32),
                     np.ones(samples.cells.shape, bool))
    of_factory = zones.of_points(samples.factories.x, samples.factories.y)
    of_cell = zones.of_cells(samples.grid).ravel()[samples.positions]
    own = np.append(of_cell, NOWHERE)[samples.cells] == of_factory[:, None]
    own |= ~(own & (samples.claim > 0)).any(axis=1, keepdims=True)
    return Areas(zones.names, of_factory, of_cell, own)


class CellMaps:
    """Lays values of factories on samples.positions, by one relation to their areas' radiance."""

    def __init__(self, samples: FactorySamples, areas: Areas, relation: str, progress: Progress) -> None:
        self._samples, self._areas, self._relation = samples, areas, relation
        self._cells = FactoryAreas(samples, areas.own)
        self._radiance = area_radiance(self._cells, len(samples.months), progress)
        self._is_open = samples.factories.is_open(samples.months)
        self._scaling: Scaling | None = None

    def series(self, values: NDArray[np.float64], progress: Progress,
               kept: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Shape (cells, months); values: (factories, months). kept: which of them are laid down, None = all; lines are
        fitted to all of them in any case."""
        lines = fit_lines(self._relation, self._radiance, values, self._is_open, self._areas.of_factory)
        if kept is not None:
            lines = replace(lines, base=lines.base * kept, slope=lines.slope * kept)
        cells = cell_series(self._cells, lines, len(self._samples.positions), progress)
        return cells if self._scaling is None else self._scaled(cells, self._scaling.factors)

    @property
    def in_area(self) -> NDArray[np.bool_]:
        """Whether a cell lies in any factory's area, shape (cells,)."""
        cells = len(self._samples.positions)
        return np.asarray(np.bincount(self._cells.cell, minlength=cells + 1)[:cells] > 0)

    def sums(self, series: NDArray[np.float32]) -> NDArray[np.float64]:
        """Over zones, shape (zones, months)."""
        return zone_sums(series, self._areas.of_cell, len(self._areas.names))

    def preserve(self, totals: Labels, series: NDArray[np.float32]) -> None:
        """Scales series in place so that it sums up to the totals, and every further one by the same factors."""
        self._scaling = preserving(totals, self._areas.names, self._samples.months, self.sums(series))
        self._scaled(series, self._scaling.factors)

    def ends(self, values: NDArray[np.float64], progress: Progress) -> NDArray[np.float32]:
        """The series of an end of the intervals; NaN where the sum over the zone is known, which says nothing of the
        parts, and throughout where values isn't known."""
        if not np.isfinite(values).all():
            return np.full((len(self._samples.positions), values.shape[1]), np.nan, np.float32)
        cells = self.series(values, progress)
        return cells if self._scaling is None else self._scaled(cells, np.where(self._scaling.known, np.nan, 1))

    def _scaled(self, series: NDArray[np.float32], factors: NDArray[np.float64]) -> NDArray[np.float32]:
        inside = self._areas.of_cell != NOWHERE
        series[inside] *= factors[self._areas.of_cell[inside]].astype(np.float32)
        return series


@dataclass(frozen=True)
class Mapped:
    """economy: of the zones, as mapped. unscaled: sums over zones before totals were preserved, shape (zones, months).
    """

    economy: ZoneEconomy
    unscaled: NDArray[np.float64]


def write_maps(samples: FactorySamples, estimates: FactoryEstimates, areas: Areas, relation: str,
               totals: Labels | None, paths: Mapping[str, str], resources: Resources,
               progress: Progress) -> Mapped:
    """Writes what paths has of GRID, GRID_LOW, GRID_HIGH and CHANGE.

    totals: what the sums of the map over zones are scaled to, None = nothing. Ends of intervals are added up as if all
    errors went one way, and aren't written where there are none.
    """
    days = [first_day(int(month)).isoformat() for month in samples.months]
    maps = CellMaps(samples, areas, relation, progress.part(0, 0.1))
    in_area = maps.in_area

    def write(name: str, cells: NDArray[Any], bands: list[str], unit: str, part: Progress) -> None:
        if name in paths:
            write_cells(name, paths[name], samples.grid, samples.positions[in_area], cells[in_area], bands, unit,
                        resources, part)

    middle = maps.series(estimates.value, progress.part(0.1, 0.25))
    unscaled = maps.sums(middle)
    if totals is not None:
        maps.preserve(totals, middle)
    write("GRID", middle, days, UNIT, progress.part(0.25, 0.4))
    sums, years = [maps.sums(middle)], [last_years(middle)]
    for index, (name, ends) in enumerate((("GRID_LOW", estimates.low), ("GRID_HIGH", estimates.high))):
        part = progress.part(0.4 + 0.2 * index, 0.6 + 0.2 * index)
        cells = maps.ends(ends, part.part(0, 0.5))
        if np.isfinite(cells).any():
            write(name, cells, days, UNIT, part.part(0.5, 1))
        sums.append(maps.sums(cells))
        years.append(last_years(cells))
    beyond = np.zeros_like(middle)
    if estimates.outside.any():
        beyond = maps.series(estimates.value, progress.part(0.8, 0.85), estimates.outside)
    with np.errstate(invalid="ignore", divide="ignore"):
        outside = last_years(beyond)[:, :1] / years[0][:, :1]
        sums.append(maps.sums(beyond) / sums[0])
    levels = np.column_stack([each[:, 0] for each in years])
    bands = np.column_stack((levels, trends(samples.months, middle), yearly_change(*years), outside))
    write("CHANGE", bands, list(BANDS), "", progress.part(0.85, 0.95))
    economy = zone_economy(areas.names, samples.months, Sums(*sums), middle, areas.of_cell, in_area)
    progress.report(1)
    return Mapped(economy, unscaled)
