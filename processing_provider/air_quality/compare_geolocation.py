"""nocturne:comparegeolocation"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsWkbTypes,
)

from ...algorithms.air_quality.settings import ComparisonSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described

MODEL = {"geolocation": "text", "fusion": "text", "residuals": "text", "site_days": "integer"}
ERRORS = {"site": "text", "protocol": "text", **MODEL, "mean_error": "number", "rmse": "number",
          "distance_km": "number"}


class CompareGeolocation(NocturneAlgorithm):
    NAME = "comparegeolocation"
    TITLE = "Compare location features for PM2.5"
    GROUP = "air_quality"
    SUMMARY = ("Says whether features of the place, such as coordinates or GeoCLIP, help to estimate PM2.5 within and "
               "beyond the monitored region, and which differences are more than chance.")
    NOTES = (
        "Every location is compared with none on the same folds: site-days or places at random (within the region), "
        "checkerboards of both colours and four offsets (beyond it), or folds whose test places lie as far from the "
        "training places as the map's own places do (knndm, Linnenbrink et al. 2024). The offset of a checkerboard "
        "matters more than most location features.\n\n"
        "The branch that joins the place with the days adds a layer to the network, which alone may help or harm. So "
        "each such location is also compared with constant: the same network, told the same of every place.\n\n"
        "All models are judged without the residuals of neighbouring monitors, with them, and with those of monitors "
        "at least 100 km from every test place.\n\n"
        "Intervals come from blocks of 2 degrees that are drawn again and again, the same for all models; with fewer "
        "than 10 blocks, as in a city, no difference can be told from chance. A dense grid of the location effect is "
        "searched for patterns of the encoder: waves faster than its own, lines in its directions, a jump at 180 "
        "degrees. The report ends with sentences on the differences that are real.\n\n"
        "The default trains some 1,100 networks: an hour for 4,000 site-days on two cores. For a first look take SEEDS "
        "1, EPOCHS 3, one fusion and RESIDUALS false.")
    TAGS = ("pm2.5", "geolocation", "geoclip", "satclip", "checkerboard", "cross-validation", "knndm", "bootstrap",
            "location encoder", "artefacts")
    LIBRARIES = ("rasterio", "shapely", "sklearn", "torch", "matplotlib")
    SETTINGS = ComparisonSettings
    USES_DEVICE = True
    STYLES = {"OUTPUT": "pm25_errors"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        field, points = QgsProcessingParameterField, [QgsProcessing.SourceType.TypeVectorPoint]
        return [
            described(QgsProcessingParameterFeatureSource("INPUT", "Site-days", points),
                      "Points, one row per site and day, as for 'Train PM2.5 model'. A selection is respected."),
            described(field("DATE_FIELD", "Date field", None, "INPUT"), "Dates, or text as YYYY-MM-DD."),
            described(field("SITE_FIELD", "Site field", None, "INPUT"), "Names the site of each row."),
            described(field("TARGET_FIELD", "PM2.5 field", None, "INPUT"), "Measured PM2.5 in ug/m3."),
            described(field("FEATURE_FIELDS", "Covariates", None, "INPUT", allowMultiple=True),
                      "Numeric fields without coordinates, regions and what neighbouring monitors measured."),
            described(QgsProcessingParameterFeatureSource("CALENDAR", "Covariates of further days",
                                                          [QgsProcessing.SourceType.TypeVector], optional=True),
                      "A table with the same site, date and covariate fields for days on which sites didn't measure."),
            described(QgsProcessingParameterFile("CALENDAR_RASTERS", "Rasters of further days",
                                                 QgsProcessingParameterFile.Behavior.Folder, optional=True),
                      "A folder with one GeoTIFF per day, its date in the name (2020-01-31), every band described by "
                      "the name of its covariate: gives sites the days without a row or any covariate."),
            described(QgsProcessingParameterFeatureSource(
                "PREDICTION", "Places of the map",
                [*points, QgsProcessing.SourceType.TypeVectorPolygon], optional=True),
                "Points, or polygons by their centres, where PM2.5 shall be estimated, for the protocol knndm; a grid "
                "over the region of the monitors where none are given."),
            described(QgsProcessingParameterFile("CHECKPOINT", "SatCLIP checkpoint", optional=True,
                                                 fileFilter="Weights (*.ckpt *.pth *.safetensors);;All files (*)"),
                      "For satclip and satclip_full. GeoCLIP comes with its package, see 'Encode locations'."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        file, sink = QgsProcessingParameterFileDestination, QgsProcessingParameterFeatureSink
        return [
            described(file("REPORT", "Report", "HTML files (*.html)", optional=True, createByDefault=True),
                      "Scores, curves over distance, maps of errors, artefacts and what is real."),
            described(sink("TABLE", "Scores", QgsProcessing.SourceType.TypeVector, optional=True,
                           createByDefault=False),
                      "A row per fold, seed, location, fusion and kind of residuals; fold 'all' has the folds of a "
                      "layout together. day_ and site_ are medians over days and sites, high_ is at least 35 ug/m3."),
            described(sink("OUTPUT", "Errors of sites", QgsProcessing.SourceType.TypeVectorPoint, optional=True,
                           createByDefault=False),
                      "A point per site, protocol, location, fusion and kind of residuals, to be filtered by these: "
                      "mean error, RMSE (ug/m3) and the distance to the nearest training place (km)."),
            described(file("METRICS", "Metrics", "JSON files (*.json)", optional=True, createByDefault=False),
                      "All figures for other programs."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("MODEL_COUNT", "Number of models that were judged"),
                QgsProcessingOutputNumber("DIFFERENCE_COUNT", "Number of differences"),
                QgsProcessingOutputNumber("REAL_COUNT", "Number of differences that are real")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.air_quality.comparison import compare_geolocation
        from ...algorithms.air_quality.comparison_report import write_report
        from ...algorithms.air_quality.comparison_summary import error_points, score_rows, summarise, write_metrics
        from ...algorithms.air_quality.knndm import read_map
        from ...algorithms.air_quality.raster_days import with_raster_days
        from ...algorithms.air_quality.site_days import read_site_days
        from ...algorithms.air_quality.spatial_scores import ALL_NAMES

        read = run.inputs
        site_days = read_site_days(read.features("INPUT"), read.text("DATE_FIELD"), read.text("SITE_FIELD"),
                                   read.text("TARGET_FIELD"), read.fields("FEATURE_FIELDS"), read.features("CALENDAR"),
                                   run.progress)
        site_days = with_raster_days(site_days, read.folder("CALENDAR_RASTERS"), run.progress)
        found = compare_geolocation(site_days, run.settings, read.text("CHECKPOINT"),
                                    read_map(read.features("PREDICTION", ())), run.resources, run.progress)
        summary = summarise(found, run.progress)
        for name, write in (("REPORT", write_report), ("METRICS", write_metrics)):
            path = run.outputs.file(name)
            if path is not None:
                with run.outputs.writing(name):
                    write(path, found, summary)
        table = run.outputs.sink("TABLE", {"protocol": "text", "layout": "text", "fold": "text", "seed": "integer",
                                           **MODEL, "places": "integer", **dict.fromkeys(ALL_NAMES, "number")})
        for row in score_rows(found) if table is not None else ():
            table.add(row)
        errors = run.outputs.sink("OUTPUT", ERRORS, QgsWkbTypes.Type.Point, "EPSG:4326")
        for row, point in error_points(found) if errors is not None else ():
            errors.add(row, point)
        return {"MODEL_COUNT": len(found.judged) // len(found.residual_kinds),
                "DIFFERENCE_COUNT": len(summary.differences),
                "REAL_COUNT": sum(each.is_real for each in summary.differences)}
