"""The simulated region as the layers and tables that a researcher would have: what algorithms on factories read."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes

from ..feature_tables import FeatureTable
from ..industry.months import first_day, month_text
from ..rasters import Grid
from .region import Region
from .region_places import UNKNOWN
from .region_plan import LAND_USES, SECTORS, ZONES

POINT, POLYGON = 1, 3  # numbers of OGC


def places_table(region: Region) -> FeatureTable:
    """Points with name, category, opened, closed, sector and employees, in the order of region.places; the last two
    are empty for places that aren't listed as factories."""
    places = region.places
    opened, closed = ([None if month == UNKNOWN else first_day(int(month)) for month in months]
                      for months in (places.opened, places.closed))
    names = [f"P{number:04d}" for number in range(1, len(places.x) + 1)]
    return _layer("FACTORIES", region.plan.grid, POINT, shapely.points(places.x, places.y), {
        "name": ("text", names), "category": ("text", [str(each) for each in places.category]),
        "opened": ("date", opened), "closed": ("date", closed),
        "sector": ("text", [SECTORS[sector] if listed else None
                            for sector, listed in zip(places.sector, places.listed_as_factory)]),
        "employees": ("integer", np.where(places.listed_as_factory, places.employees, np.nan).tolist())})


def zones_table(region: Region) -> FeatureTable:
    return _areas("ZONES", region.plan.grid, region.plan.zone, ZONES, "zone")


def land_use_table(region: Region) -> FeatureTable:
    return _areas("LANDUSE", region.plan.grid, region.plan.land_use, LAND_USES, "class")


def town_table(region: Region) -> FeatureTable:
    return _areas("URBAN_AREA", region.plan.grid, region.plan.town, ("country", "town"), "kind", region.plan.town)


def totals_table(region: Region) -> FeatureTable:
    """zone, period, value, year_to_date and price_index: current prices, January and February published together."""
    totals = np.round(region.zone_totals() * region.price, 2)
    columns: dict[str, list[Any]] = {"zone": [], "period": [], "value": [], "year_to_date": [], "price_index": []}
    for zone, values in zip(ZONES, totals.tolist()):
        since_january = 0.0
        for month, value, price in zip(region.months.tolist(), values, region.price.tolist()):
            january, february = month % 12 == 0, month % 12 == 1
            since_january = value if january else since_january + value
            if january:
                continue
            period = f"{month_text(month - 1)}..{month_text(month)[-2:]}" if february else month_text(month)
            row = (zone, period, since_january if february else value, since_january, 100 * price)
            for column, cell in zip(columns.values(), row):
                column.append(cell)
    kinds = {name: "text" if name in ("zone", "period") else "number" for name in columns}
    return FeatureTable("MONTHLY_TOTALS", _arrays(columns, kinds), kinds)


def _areas(parameter: str, grid: Grid, values: NDArray[Any], names: Sequence[str], field: str,
           mask: NDArray[np.bool_] | None = None) -> FeatureTable:
    """One polygon per connected area of a value."""
    found = list(shapes(values.astype(np.uint8), mask=mask, transform=grid.transform))
    polygons = np.array([shapely.geometry.shape(shape) for shape, _ in found], object)
    return _layer(parameter, grid, POLYGON, polygons, {field: ("text", [names[int(value)] for _, value in found])})


def _layer(parameter: str, grid: Grid, wkb_type: int, geometries: NDArray[np.object_],
           fields: Mapping[str, tuple[str, list[Any]]]) -> FeatureTable:
    kinds = {name: kind for name, (kind, _) in fields.items()}
    return FeatureTable(parameter, _arrays({name: column for name, (_, column) in fields.items()}, kinds), kinds,
                        tuple(shapely.to_wkb(geometries).tolist()), grid.crs.to_string(), wkb_type)


def _arrays(columns: Mapping[str, list[Any]], kinds: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    return {name: np.array(column, np.float64 if kinds[name] in ("number", "integer") else object)
            for name, column in columns.items()}
