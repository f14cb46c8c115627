"""Samples as rows of a layer: one per factory and month in which it is open."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from ..progress import Progress
from ..settings import Resources
from .land_use import field_name
from .months import first_day
from .region_statistics import NAMES, PARTS
from .samples import LAND_STATISTICS, FactorySamples, statistics_blocks


def sample_fields(samples: FactorySamples) -> dict[str, str]:
    """Name to kind of the fields of sample_rows."""
    lands = [f"land_{field_name(name)}" for name in samples.land_names]
    if len(set(lands)) < len(lands):
        lands = [f"land_{index}" for index in range(len(lands))]
    rings = samples.statistic_names[:len(samples.statistic_names) - len(lands) * len(LAND_STATISTICS)]
    numbers = (*rings, *(f"{land}_{name}" for land in lands for name in LAND_STATISTICS))
    return {"factory": "text", "month": "date", **dict.fromkeys(numbers, "number")}


def sample_rows(samples: FactorySamples, resources: Resources,
                progress: Progress) -> Iterator[tuple[list[Any], bytes]]:
    """Attributes in the order of sample_fields, and the factory's point as WKB."""
    is_open = samples.factories.is_open(samples.months)
    days = [first_day(int(month)) for month in samples.months]
    points = shapely.to_wkb(shapely.points(samples.factories.x, samples.factories.y))
    for factories, block in statistics_blocks(samples, resources, progress):
        for factory, months in zip(factories.tolist(), block):
            name = samples.factories.names[factory]
            for month in np.flatnonzero(is_open[factory]):
                yield [name, days[month], *_numbers(months[month])], points[factory]


def region_fields() -> dict[str, str]:
    """Name to kind of the fields of region_rows."""
    return {"month": "date", "part": "text", **dict.fromkeys(_part_names(), "number"), "contrast": "number"}


def region_rows(samples: FactorySamples) -> Iterator[list[Any]]:
    """One row per month and part of the region, in the order of region_fields."""
    width = len(_part_names())
    for month, row in zip(samples.months.tolist(), samples.region.values):
        for index, part in enumerate(PARTS):
            yield [first_day(month), part, *_numbers(row[index * width:(index + 1) * width]), *_numbers(row[-1:])]


def _part_names() -> list[str]:
    return [name.partition("_")[2] for name in NAMES[:-1] if name.startswith(PARTS[0])]


def _numbers(values: Any) -> list[float | None]:
    """NaN as None, which is no value in a layer."""
    return [None if value != value else value for value in values.tolist()]
