"""nocturne:rasterseries"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterDestination,
)

from ...algorithms.night_lights.settings import RasterSeriesSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described


class RasterSeries(NocturneAlgorithm):
    NAME = "rasterseries"
    TITLE = "Raster series"
    GROUP = "night_lights"
    SUMMARY = ("Puts dated night-light rasters (monthly and annual VIIRS composites, DMSP-OLS, any GeoTIFFs with dates "
               "in their names) or a netCDF file into one dated stack.")
    NOTES = (
        "Give either FILES or FILE. Dates come from the names (the Earth Observation Group's, Black Marble's A2018001, "
        "2018-01-31, 20180131, 201801, 2018) or from the time axis; a band is dated by the first day of its period. "
        "Values are copied, never resampled: all rasters must have the same cells.\n\n"
        "Negative radiances of the Earth Observation Group are noise around a dark sky; they are kept, because cutting "
        "them would brighten sums. A zero with no cloud-free observation (cf_cvg) is no data, not darkness: the count "
        "is looked for beside each file, or named in COVERAGE_FILES. In masked annual layers zero is background and "
        "stays zero. 255 of DMSP-OLS is no data.\n\n"
        "Cells of these products are shifted by half a cell against Black Marble, whose cell edges lie where theirs "
        "have centres: bring one onto the other's grid (bilinear) before comparing cells.")
    TAGS = ("viirs", "dmsp", "eog", "vnl", "netcdf", "time series", "stack", "night lights")
    LIBRARIES = ("rasterio",)
    SETTINGS = RasterSeriesSettings
    STYLES = {"SERIES": "radiance"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        files = QgsProcessing.SourceType.TypeFile
        return [
            described(QgsProcessingParameterMultipleLayers("FILES", "GeoTIFFs", files, optional=True),
                      "Files (.tif, .tif.gz) with one band each, or folders that are searched with the folders "
                      "inside; dates stand in the names."),
            described(QgsProcessingParameterFile(
                "FILE", "netCDF file", optional=True, fileFilter="netCDF (*.nc *.nc4 *.cdf);;All files (*)"),
                "One netCDF file with a time axis."),
            described(QgsProcessingParameterMultipleLayers(
                "COVERAGE_FILES", "Observation counts", files, optional=True),
                "Cloud-free observations of the same dates and cells: GeoTIFFs, folders, or one netCDF file. Empty "
                "takes the cf_cvg file beside each of FILES where there are any."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [described(QgsProcessingParameterRasterDestination("SERIES", "Series"),
                          "One band per date, described by it (YYYY-MM-DD), no data is NaN.")]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("BANDS", "Dates in the series"),
                QgsProcessingOutputString("FIRST_DATE", "First date"),
                QgsProcessingOutputString("LAST_DATE", "Last date")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.night_lights.raster_series import SeriesSources, write_raster_series

        sources = SeriesSources(run.inputs.files("FILES"), run.inputs.folder("FILE"),
                                run.inputs.files("COVERAGE_FILES"))
        result = write_raster_series(sources, run.outputs.required_raster("SERIES"), run.settings, run.resources,
                                     run.progress)
        return {"BANDS": len(result.dates), "FIRST_DATE": result.dates[0].isoformat(),
                "LAST_DATE": result.dates[-1].isoformat()}
