"""nocturne:estimategvio"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterDestination,
    QgsWkbTypes,
)

from ...algorithms.industry.settings import EstimationSettings
from ..base import NocturneAlgorithm, Run
from ..factory_inputs import sampling_inputs, sampling_layers, totals_inputs, totals_layers, zones_input
from ..inputs import described

if TYPE_CHECKING:
    from ...algorithms.industry.estimate_gvio import GvioEstimates

RASTERS = ("GRID", "GRID_LOW", "GRID_HIGH", "CHANGE")


class EstimateGvio(NocturneAlgorithm):
    NAME = "estimategvio"
    TITLE = "Estimate industrial output"
    GROUP = "industry"
    SUMMARY = ("Estimates what every factory makes in every month from the light around it, by a trained model, and "
               "maps it.")
    NOTES = (
        "Estimates are in the unit of the totals that the model was trained on. The bundled model was trained on "
        "simulated regions: its levels mean nothing elsewhere, so give MONTHLY_TOTALS and PRESERVE_TOTALS, or train "
        "one on your statistics.\n\n"
        "What light says is how far it departs from its usual level, which is that of the months of the training: give "
        "these in RADIANCE too, beside new months. Fewer than 24 of them are warned of.\n\n"
        "Intervals (90 %) come from errors of sums over zones in months that the model hadn't seen. They hold for such "
        "sums; for single factories and cells they are a hint, because nobody publishes what these make. Ends of "
        "intervals are added up over factories as if all erred the same way.\n\n"
        "A factory's output lies on the cells of its buffers, in its own zone, in proportion to its part of their "
        "light (see RELATION). Cells in no factory's buffers have no data.\n\n"
        "CHANGE has ten bands: level (mean of the last twelve months), trend (percent of the mean per year, from a "
        "straight line beside a mean for every calendar month) and change (percent from the year before to the last "
        "twelve months), each with the ends of its interval, and outside_range, the part that comes from factories "
        "outside the model's ranges.\n\n"
        "TABLE parts the series of zones into trend, season and rest by STL on logarithms with a season that repeats "
        "(Cleveland et al. 1990), from two years of months on. Gini and Theil are of the year's output of the cells in "
        "factory areas.")
    TAGS = ("factory", "industry", "gvio", "industrial output", "night lights", "gini", "theil", "sa-cnn")
    LIBRARIES = ("rasterio", "shapely", "matplotlib", "safetensors", "torch")
    USES_DEVICE = True
    SETTINGS = EstimationSettings
    STYLES = {"FACTORY_GVIO": "factory_gvio", "ZONE_ECONOMY": "zone_economy", "GRID": "gvio", "GRID_LOW": "gvio",
              "GRID_HIGH": "gvio", "CHANGE": "gvio_change"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [
            *sampling_layers(),
            described(QgsProcessingParameterFile("MODEL", "Model", optional=True,
                                                 fileFilter="Models (*.json *.safetensors);;All files (*)"),
                      "A file of 'Train industrial output'; empty takes the bundled model of simulated regions."),
            described(QgsProcessingParameterField("WEIGHT_FIELD", "Size field", "", "FACTORIES", optional=True),
                      "Any measure of a factory's size, such as employees; only for models that were trained with it."),
            described(QgsProcessingParameterField("SECTOR_FIELD", "Sector field", "", "FACTORIES", optional=True),
                      "Sector of each factory; only for models that were trained with it."),
            *totals_layers(optional=True)]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        sink, raster = QgsProcessingParameterFeatureSink, QgsProcessingParameterRasterDestination
        return [
            described(sink("FACTORY_GVIO", "Factories and months", QgsProcessing.SourceType.TypeVectorPoint,
                           optional=True, createByDefault=True),
                      "A point per factory and open month with gvio, gvio_low, gvio_high and outside_range; the "
                      "temporal controller plays it. At most a million rows."),
            described(raster("GRID", "Monthly grid", optional=True, createByDefault=True),
                      "What is made on each cell, one band per month."),
            described(raster("GRID_LOW", "Monthly grid, low", optional=True, createByDefault=False),
                      "Lower end of the interval of each cell."),
            described(raster("GRID_HIGH", "Monthly grid, high", optional=True, createByDefault=False),
                      "Upper end of the interval of each cell."),
            described(raster("CHANGE", "Level, trend and change", optional=True, createByDefault=True),
                      "Ten bands, see above."),
            described(sink("TABLE", "Zones and months", QgsProcessing.SourceType.TypeVector, optional=True,
                           createByDefault=True),
                      "Table with a row per zone and month: sum of the grid with its interval, trend, season, rest."),
            described(sink("ZONE_ECONOMY", "Zones and years", QgsProcessing.SourceType.TypeVectorPolygon, optional=True,
                           createByDefault=False),
                      "The zones, once per year: output, growth, pace of the trend, Gini, Theil. Needs ZONES."),
            described(QgsProcessingParameterFileDestination("REPORT", "Report", "HTML files (*.html)", optional=True,
                                                            createByDefault=True),
                      "Series, decomposition, inequality, and two zones compared."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("FACTORY_COUNT", "Number of factories"),
                QgsProcessingOutputNumber("MONTH_COUNT", "Number of months"),
                QgsProcessingOutputNumber("OUTSIDE_SHARE", "Share of factories and months outside the model's ranges"),
                QgsProcessingOutputNumber("R2_TOTALS", "R2 of the grid and published totals before any scaling")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.industry.estimate_gvio import GvioInputs, estimate_gvio
        from ...algorithms.industry.gvio_report import write_report

        given, outputs = run.inputs, run.outputs
        inputs = GvioInputs(sampling_inputs(run), given.text("MODEL"), given.text("WEIGHT_FIELD"),
                            given.text("SECTOR_FIELD"), totals_inputs(run, run.settings.form), zones_input(run),
                            given.text("ZONE_FIELD"), outputs.is_wanted("FACTORY_GVIO"))
        paths = {name: path for name in RASTERS for path in [outputs.raster(name)] if path is not None}
        found = estimate_gvio(inputs, run.settings, paths, run.resources, run.progress.part(0, 0.8))
        for name in ("GRID_LOW", "GRID_HIGH"):
            if name in paths and not found.has_intervals:
                run.progress.warning(f"{name}: it is left out, because there are no intervals.")
                outputs.drop(name)
        report = outputs.file("REPORT")
        if report is not None:
            with outputs.writing("REPORT"):
                write_report(report, found.findings, run.progress.part(0.8, 0.9))
        self._write_rows(run, found)
        results = {"FACTORY_COUNT": len(found.samples.factories), "MONTH_COUNT": len(found.samples.months),
                   "OUTSIDE_SHARE": found.outside_share}
        return results if found.findings.published is None else {**results, "R2_TOTALS": found.findings.agreement}

    def _write_rows(self, run: Run, found: GvioEstimates) -> None:
        from ...algorithms.industry import gvio_tables

        crs = found.samples.grid.crs.to_wkt()
        sink = run.outputs.sink("FACTORY_GVIO", gvio_tables.FACTORY_FIELDS, QgsWkbTypes.Type.Point, crs)
        for attributes, point in gvio_tables.factory_rows(found.samples, found.factories) if sink is not None else ():
            sink.add(attributes, point)
        table = run.outputs.sink("TABLE", gvio_tables.MONTH_FIELDS)
        for attributes in gvio_tables.month_rows(found.findings.economy) if table is not None else ():
            table.add(attributes)
        if found.zones is None:
            if run.outputs.is_wanted("ZONE_ECONOMY"):
                run.progress.warning("ZONE_ECONOMY: it is left out, because there are no ZONES.")
            return
        zones = run.outputs.sink("ZONE_ECONOMY", gvio_tables.ZONE_FIELDS, QgsWkbTypes.Type.MultiPolygon, crs)
        rows = gvio_tables.zone_rows(found.findings.economy, found.zones)
        for attributes, shape in rows if zones is not None else ():
            zones.add(attributes, shape)
