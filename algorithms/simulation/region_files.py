"""Writes the simulated region as the files that a researcher would have, with the truth beside them."""
from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from ..feature_tables import FeatureTable
from ..industry.months import first_day, month_text
from ..progress import Progress
from ..projections import WGS84, transform_points, wgs84_bounds
from ..rasters import RasterWriter
from .demo_folder import DemoSummary, count_files, make_folders, staged_part
from .region import Region, simulate_region
from .region_places import NO_FACTORY
from .region_plan import OFFICE, SECTORS, ZONES
from .region_tables import land_use_table, places_table, totals_table, town_table, zones_table
from .settings import DemoSettings
from .truth_files import CONSTANTS_FILE, feature, write_features, write_json, write_table

PART, NAME = "region", "Lumenia (simulated)"
KINDS = ("lit", "day shift", "head office")
README = """{name}: an industrial region to try Nocturne

Everything in this folder is simulated. There is no such region; no satellite has measured these lights, and nobody has
published these totals.

Seed {seed}, {months} months from {first} to {last}, cells of 500 m, effects {effects}.

radiance.tif          monthly radiance, one band per month; 0 where nothing was observed, as in real composites
coverage.tif          cloud-free observations of the same months
places.geojson        places of all kinds; factories by their category, a part is missing, wrong or listed twice;
                      with dates, sector and employees
zones.geojson         the zones that totals are published for
urban_area.geojson    the built-up area
land_use.geojson      land use by class
totals.csv            output per zone at current prices, January and February together, with a price index; as sums of
                      each row's months (value) and from January on (year_to_date)
truth/                what was planted:
    producers.geojson     all factories and head offices, with zone, sector, size and kind
    places.csv            which factory stands at each place of the layer
    output.csv            output at constant prices and light of each factory and month
    cell_output.tif       output at constant prices of each cell and month
    constants.json        every constant that the seed has drawn, and the R2 that an oracle reaches
"""


def create_region_demo(folder: str, settings: DemoSettings, progress: Progress) -> DemoSummary:
    """Writes folder/region; an earlier demonstration there is replaced. settings.effects none: light says nothing.

    The same settings write the same bytes. Raises InputError where folder/region holds something else, OutputError
    where it can't be written, Cancelled; then nothing is left and what was there before is still there.
    """
    progress.message("Simulating a region over 96 months: about 5 MB on disk.")
    with staged_part(folder, PART, CONSTANTS_FILE) as stage:
        region = simulate_region(settings.seed, null=settings.effects == "none")
        progress.report(0.2)
        make_folders(stage, ["truth"])
        _write_light(stage, region, progress.part(0.2, 0.8))
        _write_layers(stage, region)
        progress.report(0.9)
        _write_truth(stage, region, settings)
        first, last = (first_day(int(month)) for month in region.months[[0, -1]])
        with open(os.path.join(stage, "README.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write(README.format(name=NAME, seed=settings.seed, months=len(region.months), first=first, last=last,
                                     effects=settings.effects))
        files, size = count_files(stage)
        progress.report(1)
    return DemoSummary(os.path.join(folder, PART), wgs84_bounds(region.plan.grid), first, last, len(region.months),
                       files, size, {})


def _write_light(stage: str, region: Region, progress: Progress) -> None:
    grid = region.plan.grid
    days = [first_day(int(month)).isoformat() for month in region.months]
    stacks: list[tuple[str, NDArray[Any], float, str]] = [
        ("radiance.tif", np.nan_to_num(region.light.radiance, nan=0.0), np.nan, "nW/cm2/sr"),
        ("coverage.tif", region.light.counts, 255, ""),
        (os.path.join("truth", "cell_output.tif"), region.cell_output().astype(np.float32), np.nan, "")]
    for done, (name, values, nodata, unit) in enumerate(stacks):
        with RasterWriter("FOLDER", os.path.join(stage, name), grid, days, values.dtype.name, nodata, unit) as writer:
            writer.write(values, Window(0, 0, grid.width, grid.height))
        progress.report((done + 1) / len(stacks))


def _write_layers(stage: str, region: Region) -> None:
    for name, table in (("places", places_table(region)), ("zones", zones_table(region)),
                        ("land_use", land_use_table(region)), ("urban_area", town_table(region))):
        write_features(os.path.join(stage, f"{name}.geojson"), _features(table))
    totals = totals_table(region)
    write_table(os.path.join(stage, "totals.csv"), list(totals.columns), _rows(totals))


def _features(table: FeatureTable) -> list[dict[str, Any]]:
    """In degrees, as GeoJSON wants them."""
    moved = shapely.transform(shapely.from_wkb(np.array(table.wkb, object)), lambda points: np.round(
        np.column_stack(transform_points(CRS.from_user_input(table.crs), WGS84, points[:, 0], points[:, 1])), 7))
    return [feature(shapely.geometry.mapping(shape), dict(zip(table.columns, row)))
            for shape, row in zip(moved, _rows(table))]


def _rows(table: FeatureTable) -> Iterable[tuple[Any, ...]]:
    return zip(*([_cell(value, table.kinds[name]) for value in column] for name, column in table.columns.items()))


def _cell(value: Any, kind: str) -> Any:
    """As JSON and CSV hold it: numbers with three decimals, dates in ISO form."""
    if value is None or value != value:
        return None
    return int(value) if kind == "integer" else round(float(value), 3) if kind == "number" else str(value)


def _write_truth(stage: str, region: Region, settings: DemoSettings) -> None:
    plan, truth = region.plan, os.path.join(stage, "truth")
    longitude, latitude = transform_points(plan.grid.crs, WGS84, plan.x, plan.y)
    zone = plan.producer_zone
    sectors = ["" if kind == OFFICE else SECTORS[sector] for kind, sector in zip(plan.kind, plan.sector)]
    write_features(os.path.join(truth, "producers.geojson"), [
        _point(longitude[index], latitude[index], {
            "producer": index, "zone": ZONES[zone[index]], "kind": KINDS[plan.kind[index]], "sector": sectors[index],
            "size": float(plan.size[index])})
        for index in range(len(plan.size))])
    write_table(os.path.join(truth, "places.csv"), ("name", "producer"), [
        (name, "" if producer == NO_FACTORY else producer)
        for name, producer in zip(places_table(region).columns["name"], region.places.producer.tolist())])
    months = [month_text(int(month)) for month in region.months]
    write_table(os.path.join(truth, "output.csv"), ("producer", "month", "output", "light"), [
        (index, month, f"{made:.0f}", f"{light:.4f}")
        for index in range(len(plan.size))
        for month, made, light in zip(months, region.output.series[index], region.light.factories[index])])
    write_json(os.path.join(stage, CONSTANTS_FILE), {
        "simulated": True, "region": NAME, "seed": region.seed, "months": len(months), "effects": settings.effects,
        "oracle_r2": region.output.oracle_r2, "extent": [round(side, 6) for side in wgs84_bounds(plan.grid)],
        "constants": region.constants})


def _point(longitude: float, latitude: float, properties: dict[str, Any]) -> dict[str, Any]:
    return feature({"type": "Point", "coordinates": [round(float(longitude), 7), round(float(latitude), 7)]},
                   properties)
