"""Factory sampling: reads the light once for the region's limits and once for factories and region, block by block."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..boundaries import Boundary, outside
from ..feature_tables import FeatureTable
from ..progress import Progress
from ..rasters import Grid, RasterInput
from ..settings import Resources
from .factories import Factories, FactoryFields, read_factories
from .flares import cut_flares
from .land_use import land_use_shares
from .month_effects import month_lines
from .monthly_light import MonthlyLight, RasterLight
from .months import span_text
from .neighbourhoods import find_neighbourhoods
from .radiance_histogram import RadianceHistogram
from .region_statistics import RegionStatistics, RegionSums
from .samples import FactorySamples, check_memory, check_rows, number_cells
from .settings import SamplingSettings

BLOCKS_SHARE = 0.25  # of the memory
MONTHS_TOGETHER = 16  # between two looks whether the user has stopped the run
URBAN_RADIANCE = 10.0  # nW/cm2/sr: town where no URBAN_AREA says where it is


@dataclass(frozen=True)
class Surroundings:
    """What is known about the region. urban: polygons of the built-up area. region: polygons that the statistics of the
    region are limited to. land_use: polygons with their class in land_use_field."""

    urban: Boundary | None = None
    region: Boundary | None = None
    land_use: FeatureTable | None = None
    land_use_field: str = ""


@dataclass(frozen=True)
class SamplingInputs:
    """Layers as the user named them: factories with the names of their fields, categories (None = the shipped ones),
    dated stacks of light and of observation counts."""

    layer: FeatureTable
    fields: FactoryFields
    categories: FeatureTable | None
    radiance: RasterInput
    coverage: RasterInput | None
    surroundings: Surroundings


def sample_layer(inputs: SamplingInputs, settings: SamplingSettings, resources: Resources,
                 progress: Progress) -> FactorySamples:
    """Samples of the factories of a layer, from a dated stack, few enough to be written as a layer. Raises InputError
    for what can't be used."""
    factories, light = open_layer(inputs, settings, progress)
    check_rows("SAMPLES", factories, light.months, "choose START and END or fewer factories")
    return sample_opened(inputs, factories, light, settings, resources, progress)


def open_layer(inputs: SamplingInputs, settings: SamplingSettings, progress: Progress,
               whole: bool = False) -> tuple[Factories, RasterLight]:
    """Factories, and the light that they are to be sampled from, which isn't read yet. whole: see RasterLight."""
    light = RasterLight(inputs.radiance, inputs.coverage, settings, whole)
    light.warn_of_gaps(progress)
    factories = read_factories(inputs.layer, inputs.fields, inputs.categories, light.grid, settings.duplicates,
                               progress)
    progress.message(f"Factories: {len(factories)} of {len(inputs.layer)} rows; months: {len(light.months)}, "
                     f"{span_text(int(light.months[0]), int(light.months[-1]))}; light on {light.grid}.")
    return factories, light


def sample_opened(inputs: SamplingInputs, factories: Factories, light: RasterLight, settings: SamplingSettings,
                  resources: Resources, progress: Progress) -> FactorySamples:
    """Samples of what open_layer found. Raises InputError for surroundings that can't be used."""
    samples = sample_factories(factories, light, inputs.surroundings, settings, resources, progress)
    progress.message(f"Patches of {samples.side} x {samples.side} cells on {len(samples.positions)} cells; values cut "
                     f"as flares: {samples.cut}.")
    return samples


def sample_factories(factories: Factories, light: MonthlyLight, surroundings: Surroundings, settings: SamplingSettings,
                     resources: Resources, progress: Progress,
                     reference: NDArray[np.bool_] | None = None) -> FactorySamples:
    """Samples of factories that lie on light.grid.

    reference: shape (months,), the months that the limits of flares, the usual light of a cell and, without an urban
    area, the towns are taken from, None = all: training months only where others are to be predicted. Raises InputError
    for what can't be used.
    """
    grid, months = light.grid, light.months
    known = np.ones(len(months), bool) if reference is None else reference
    radii = settings.radii()
    around = find_neighbourhoods(factories.x, factories.y, grid, radii)
    positions, cells = number_cells(around)
    is_open = factories.is_open(months)
    dated = not is_open.all()
    check_memory(around, len(positions), len(months), dated, resources)
    land_names, land = _land(surroundings, grid, positions, progress)
    floor = _flare_floor(light, known, settings, resources, progress.part(0, 0.4))
    kept, region, cut = _gather(light, known, surroundings, positions, floor, settings, resources,
                                progress.part(0.4, 0.95))
    claimed = _claimed(around.claim, cells, is_open if dated else is_open[:, :1], len(positions) + 1, progress)
    foot, slope = month_lines(kept[:-1], known)
    progress.report(1)
    return FactorySamples(factories, grid, months, radii, around.side, kept, cells, positions, around.ring,
                          around.claim, claimed, land_names, land, region, foot, slope, cut)


def _land(surroundings: Surroundings, grid: Grid, positions: NDArray[np.int32],
          progress: Progress) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    if surroundings.land_use is None:
        return (), np.zeros((len(positions) + 1, 0), np.float32)
    names, shares = land_use_shares(surroundings.land_use, surroundings.land_use_field, grid, progress)
    return names, np.concatenate((shares[positions], np.zeros((1, len(names)), np.float32)))


def _flare_floor(light: MonthlyLight, known: NDArray[np.bool_], settings: SamplingSettings, resources: Resources,
                 progress: Progress) -> float:
    """The quantile of all cells and reference months below which nothing is cut."""
    if not settings.flare_deviations:
        return float("inf")
    histogram = RadianceHistogram()
    for _, values in light.blocks(BLOCKS_SHARE * resources.max_bytes, progress):
        histogram.add(values[known])
    floor = histogram.quantile(settings.flare_quantile)
    return floor if np.isfinite(floor) else float("inf")


def _gather(light: MonthlyLight, known: NDArray[np.bool_], surroundings: Surroundings, positions: NDArray[np.int32],
            floor: float, settings: SamplingSettings, resources: Resources,
            progress: Progress) -> tuple[NDArray[np.float32], RegionStatistics, int]:
    """Light of the cells at positions and an empty one, statistics of the region, and how many values were cut."""
    grid = light.grid
    region = _inside(surroundings.region, grid)
    urban = _inside(surroundings.urban, grid) if surroundings.urban else None
    kept = np.full((len(positions) + 1, len(light.months)), np.nan, np.float32)
    sums, cut = RegionSums(len(light.months)), 0
    for window, values in light.blocks(BLOCKS_SHARE * resources.max_bytes, progress):
        cut += cut_flares(values, known, floor, settings.flare_deviations)
        here = window.toslices()
        town = urban[here] if urban is not None else _is_bright(values[known])
        sums.add(values, town & region[here], ~town & region[here])
        row, column = np.divmod(positions, grid.width)
        inside = ((row >= here[0].start) & (row < here[0].stop) & (column >= here[1].start) & (column < here[1].stop))
        kept[:-1][inside] = values[:, row[inside] - here[0].start, column[inside] - here[1].start].T
    if urban is None:
        progress.message(f"There is no URBAN_AREA: cells whose mean radiance is at least {URBAN_RADIANCE:g} nW/cm2/sr "
                         "are taken for town.")
    return kept, sums.statistics(), cut


def _inside(boundary: Boundary | None, grid: Grid) -> NDArray[np.bool_]:
    if boundary is None:
        return np.ones((grid.height, grid.width), bool)
    return ~outside(boundary.near(grid), grid)


def _is_bright(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    seen = np.isfinite(values)
    sums = np.where(seen, values, 0).sum(axis=0)
    bright: NDArray[np.bool_] = sums >= URBAN_RADIANCE * np.maximum(seen.sum(axis=0), 1)
    return bright


def _claimed(claim: NDArray[np.float32], cells: NDArray[np.int32], is_open: NDArray[np.bool_],
             rows: int, progress: Progress) -> NDArray[np.float32]:
    """Sum of the open factories' claims to each cell, shape (rows, months or 1)."""
    starts = np.arange(len(cells) + 1) * cells.shape[1]
    by_cell = csr_matrix((claim.ravel(), cells.ravel(), starts), shape=(len(cells), rows)).T
    sums = np.empty((rows, is_open.shape[1]), np.float32)
    for first in range(0, is_open.shape[1], MONTHS_TOGETHER):
        progress.check()
        group = slice(first, first + MONTHS_TOGETHER)
        sums[:, group] = by_cell @ is_open[:, group].astype(np.float32)
    return sums
