"""The demonstration: every step through the real qgis_process, then a project, a map, and one screen of findings."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from demo_air import MAP_DAY, estimate_air
from demo_districts import estimate_districts
from demo_steps import SCRIPTS, Steps

NONE, NEGATIVE = 0, 1


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    print("The demonstration of Nocturne: simulated cities, nothing in them was observed.")
    steps = Steps()
    made = steps.algorithm("Simulate Black Marble files", "createdemo", FOLDER=str(folder))
    city, extent = Path(made["CITY"]), made["EXTENT"]
    nights = steps.algorithm(
        "Read daily files", "readblackmarble", FOLDER=str(city / "daily"), EXTENT=extent,
        RADIANCE=str(folder / "radiance.tif"), ZENITH=str(folder / "zenith.tif"),
        COVERAGE=str(folder / "observations.tif"), NIGHTS=str(folder / "nights.gpkg"))
    effects = steps.algorithm(
        "Classify angular effects", "angulareffects", RADIANCE=str(folder / "radiance.tif"),
        ZENITH=str(folder / "zenith.tif"), CLASSES=str(folder / "angular_effects.tif"),
        STATISTICS=str(folder / "angular_statistics.tif"))
    steps.algorithm("Read the annual file", "readblackmarble", FOLDER=str(city / "annual"), PRODUCT="annual",
                    EXTENT=extent, RADIANCE=str(folder / "annual_radiance.tif"))
    centres = steps.algorithm(
        "Delineate urban centres", "urbancentres", RADIANCE=str(folder / "annual_radiance.tif"),
        BOUNDARY=str(city / "boundary.geojson"), CENTRES=str(folder / "urban_centres.gpkg"),
        TREE=str(folder / "contour_tree.gpkg"))
    three = Path(steps.algorithm("Simulate three cities of three types", "createdemo", FOLDER=str(folder),
                                 SIZE="cities")["CITY"])
    cbds = steps.algorithm(
        "Identify their CBDs", "identifycbd", FOLDER=str(three), CITY=str(three / "cities.geojson"), CITY_FIELD="city",
        URBAN_AREA=str(three / "urban_areas.geojson"), CBD_BOUNDARY="core", ONE_PER_CITY="true",
        CBD=str(folder / "cbds.gpkg"), CENTRES=str(folder / "cbd_centres.gpkg"), REPORT=str(folder / "cbd_report.html"))
    judged = steps.algorithm(
        "Compare them with the planted ones", "validatecbd", COMPUTED=str(folder / "cbds.gpkg"),
        REFERENCE=str(three / "cbd_reference.geojson"), CITY_FIELD="city", CENTRES=str(folder / "cbd_centres.gpkg"),
        TABLE=str(folder / "cbd_agreement.gpkg"), REPORT=str(folder / "cbd_validation.html"))
    learnt, gains, cells = estimate_air(steps, folder)
    region = Path(steps.algorithm("Simulate an industrial region", "createdemo", FOLDER=str(folder),
                                  PART="region")["REGION"])
    industry = steps.algorithm(
        "Estimate its industrial output", "estimategvio", FACTORIES=str(region / "places.geojson"),
        CATEGORY_FIELD="category", FACTORY_FIELD="name", OPENED="opened", CLOSED="closed", DUPLICATES="share",
        RADIANCE=str(region / "radiance.tif"), COVERAGE=str(region / "coverage.tif"),
        URBAN_AREA=str(region / "urban_area.geojson"), ZONES=str(region / "zones.geojson"), ZONE_FIELD="zone",
        MONTHLY_TOTALS=str(region / "totals.csv"), DATE_FIELD="period", VALUE_FIELD="value",
        DEFLATOR_FIELD="price_index", TOTALS_ZONE_FIELD="zone", PRESERVE_TOTALS="true", COMPARE="North 2; South 2",
        FACTORY_GVIO=str(folder / "factories.gpkg"), GRID=str(folder / "industrial_output.tif"),
        CHANGE=str(folder / "industrial_change.tif"), TABLE=str(folder / "industrial_zones.csv"),
        REPORT=str(folder / "industry_report.html"))
    districts, inside = estimate_districts(steps, folder)
    steps.run("Draw the project and the map",
              ["/usr/bin/python3", str(SCRIPTS / "demo_project.py"), str(folder), MAP_DAY],
              PATH="/usr/bin:/bin", QT_QPA_PLATFORM="offscreen")
    planted, both, chance = compare(city / "truth" / "truth_classes.tif", folder / "angular_effects.tif")
    rows = (
        ("nights used", nights["NIGHTS_USED"], ""),
        ("pixels with enough nights", effects["FITTED_PIXELS"], ""),
        ("negative (high-rise)", effects["NEGATIVE_PIXELS"],
         f"planted inside the boundary {planted}, found of these {both}; of flat pixels {chance:.1%} by chance"),
        ("positive (low-rise)", effects["POSITIVE_PIXELS"], ""),
        ("U-shaped (mid-rise)", effects["U_SHAPED_PIXELS"], ""),
        ("urban centres", centres["CENTRE_COUNT"],
         f"{centres['CENTRE_AREA']:.0f} km2, in {centres['ROOT_COUNT']:.0f} separate areas of "
         f"{centres['ROOT_AREA']:.0f} km2"),
        ("CBDs of three cities", cbds["CBD_COUNT"],
         f"planted {judged['REFERENCE_COUNT']}, located of these {judged['LOCATED_COUNT']}, "
         f"mean F1 {judged['F1']:.2f}, computed over planted area {judged['AREA_RATIO']:.1f}"),
        ("factories of a region", industry["FACTORY_COUNT"],
         f"{industry['MONTH_COUNT']} months of output, scaled to published totals of six zones"))
    print("\nWhat was found")
    for title, count, remark in rows:
        print(f"  {title:26}{count:>6.0f}   {remark}".rstrip())
    near, far = learnt["R2"], learnt["R2_BLOCKS"]
    print(f"""  PM2.5 of a country        R2 {near:.2f} at monitors left out, {far:.2f} in whole blocks
  its map of {MAP_DAY}     {cells:.0%} of the cells: planted value in the 90 % interval of monitors
  location adds to R2       {gained(gains['located'])}; where places add nothing {gained(gains['planted'])}
  value added of districts  R2 {districts['R2']:.2f} (mean of three sectors) of districts left out in blocks
  shared among their units  rank correlation with the planted tertiary value {inside:.2f} (mean of 50 districts)""")
    print(f"""Where it lies: {folder}
  demonstration.qgz         the project, opens in QGIS
  demonstration.png         the map
  *.tif, *.gpkg             the layers, each with style, metadata and provenance; city/truth has what was planted
  pm25.png, pm25_*          a daily map of PM2.5 in a simulated country, and what its model is worth
  industry_report.html      the region's output: series, trend and season, inequality, two zones compared
  district_report.html      what the model of the districts' economy is worth; district_economy.* is its map
  cbd_*.html                pages about the CBDs of the three cities and how they agree with the planted ones
Time: {sum(seconds for _, seconds in steps.seconds):.0f} s in {len(steps.seconds)} steps.""")


def gained(difference: dict[str, Any]) -> str:
    return f"{difference['value']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"


def compare(truth: Path, classes: Path) -> tuple[int, int, float]:
    """Pixels planted as negative, how many of them were found so, and the share of flat ones that were called so."""
    with rasterio.open(truth) as first, rasterio.open(classes) as second:
        planted, found = first.read(1), second.read(1) == NEGATIVE
    negative, flat = planted == NEGATIVE, planted == NONE
    return int(negative.sum()), int(np.count_nonzero(negative & found)), float(found[flat].mean())


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
