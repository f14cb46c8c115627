"""Estimates as rows of layers and tables: factories and months, zones and months, zones and years."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from .gvio_maps import FactoryEstimates
from .months import first_day
from .samples import FactorySamples
from .zone_economy import YEAR, ZoneEconomy
from .zones import Zones

SPAN = {"start": "date", "end": "date"}
VALUES = {"gvio": "number", "gvio_low": "number", "gvio_high": "number"}
FACTORY_FIELDS = {"factory": "text", **SPAN, **VALUES, "outside_range": "integer"}
MONTH_FIELDS = {"zone": "text", **SPAN, **VALUES, "trend": "number", "season": "number", "rest": "number",
                "outside_range": "number"}
ZONE_FIELDS = {"zone": "text", "year": "integer", **SPAN, "months": "integer", "gvio": "number", "growth": "number",
               "gini": "number", "theil": "number", "trend_pace": "number"}


def factory_rows(samples: FactorySamples, estimates: FactoryEstimates) -> Iterator[tuple[list[Any], bytes]]:
    """Attributes in the order of FACTORY_FIELDS, one row per open month, and the factory's point as WKB."""
    is_open = samples.factories.is_open(samples.months)
    spans = [_span(int(month), 1) for month in samples.months]
    points = shapely.to_wkb(shapely.points(samples.factories.x, samples.factories.y))
    values = np.stack((estimates.value, estimates.low, estimates.high), axis=2)
    for factory, name in enumerate(samples.factories.names):
        for month in np.flatnonzero(is_open[factory]):
            yield [name, *spans[month], *_numbers(values[factory, month]),
                   int(estimates.outside[factory, month])], points[factory]


def month_rows(economy: ZoneEconomy) -> Iterator[list[Any]]:
    """In the order of MONTH_FIELDS."""
    sums, parts = economy.sums, economy.parts
    columns = np.stack((sums.value, sums.low, sums.high, parts.trend, parts.season, parts.rest, sums.outside), axis=2)
    for name, rows in zip(economy.names, columns):
        for month, values in zip(economy.months.tolist(), rows):
            yield [name, *_span(month, 1), *_numbers(values)]


def zone_rows(economy: ZoneEconomy, zones: Zones) -> Iterator[tuple[list[Any], bytes]]:
    """Attributes in the order of ZONE_FIELDS, and the zone's polygons as WKB."""
    shapes = shapely.to_wkb(shapely.multipolygons(
        [[part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"] for shape in zones.shapes]))
    for zone, name in enumerate(economy.names):
        for index, year in enumerate(economy.years.tolist()):
            columns = (each[zone, index] for each in (economy.yearly, economy.growth, economy.gini, economy.theil))
            yield [name, year, *_span(YEAR * year, YEAR), int(economy.counted[index]),
                   *_numbers(np.array([*columns, economy.pace[zone]]))], shapes[zone]


def _span(month: int, months: int) -> tuple[date, date]:
    """First and last day of some months."""
    return first_day(month), first_day(month + months) - timedelta(1)


def _numbers(values: Any) -> list[float | None]:
    """What isn't known as None, which is no value in a layer."""
    return [value if np.isfinite(value) else None for value in values.tolist()]
