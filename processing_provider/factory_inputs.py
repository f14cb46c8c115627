"""The layers and tables that algorithms on factories read."""
from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterRasterLayer,
)

from ..algorithms.errors import InputError
from .base import Run
from .inputs import described

if TYPE_CHECKING:
    from ..algorithms.feature_tables import FeatureTable
    from ..algorithms.industry.labels import Labels
    from ..algorithms.industry.sampling import SamplingInputs


def sampling_layers() -> list[QgsProcessingParameterDefinition]:
    """Factories, light and what is known about the region."""
    polygons, source = [QgsProcessing.SourceType.TypeVectorPolygon], QgsProcessingParameterFeatureSource
    field = QgsProcessingParameterField
    return [
        described(source("FACTORIES", "Factories", [QgsProcessing.SourceType.TypeVectorAnyGeometry]),
                  "Points, or polygons that count by their centroids: factories, or places of all kinds with "
                  "CATEGORY_FIELD. A selection is respected."),
        described(field("CATEGORY_FIELD", "Category field", "", "FACTORIES", optional=True),
                  "Only places with a category of factories are taken. Empty takes all features."),
        described(source("CATEGORIES", "Categories of factories", [QgsProcessing.SourceType.TypeVector],
                         optional=True),
                  "Table whose field category, or first text field, lists the categories of factories. Empty takes "
                  "examples/factory_categories.csv of the plugin: tags of OpenStreetMap and common maps' words."),
        described(field("FACTORY_FIELD", "Name field", "", "FACTORIES", optional=True),
                  "Name or number of each factory; empty takes the number of the row."),
        described(field("OPENED", "Opening date field", "", "FACTORIES", optional=True),
                  "Date of the first day of production; empty values mean before all months."),
        described(field("CLOSED", "Closing date field", "", "FACTORIES", optional=True),
                  "Date of the last day of production; empty values mean after all months."),
        described(QgsProcessingParameterRasterLayer("RADIANCE", "Monthly radiance"),
                  "Stack with one band per month, described by its date, in nW/cm2/sr."),
        described(QgsProcessingParameterRasterLayer("COVERAGE", "Observation counts", optional=True),
                  "Stack of the same cells and months; cells that were observed on no night are masked."),
        described(source("URBAN_AREA", "Urban area", polygons, optional=True),
                  "Built-up area that parts town from country. Empty takes cells with a mean of at least 10 "
                  "nW/cm2/sr for town."),
        described(source("LANDUSE", "Land use", polygons, optional=True), "Polygons with a class each."),
        described(field("LANDUSE_FIELD", "Land-use field", "", "LANDUSE", optional=True),
                  "Class of each polygon; beyond eight classes the smaller ones are taken together."),
    ]


def sampling_inputs(run: Run) -> SamplingInputs:
    """What sampling_layers() asked for. Raises InputError for what can't be opened."""
    from ..algorithms.boundaries import Boundary
    from ..algorithms.industry.factories import FactoryFields
    from ..algorithms.industry.sampling import SamplingInputs, Surroundings

    read = run.inputs
    fields = FactoryFields(read.text("FACTORY_FIELD"), read.text("CATEGORY_FIELD"), read.text("OPENED"),
                           read.text("CLOSED"))
    urban, land_use = read.polygons("URBAN_AREA"), read.features("LANDUSE")
    if land_use is not None and not read.text("LANDUSE_FIELD"):
        raise InputError("LANDUSE_FIELD", "no field was named", "name the field of LANDUSE with the class")
    surroundings = Surroundings(None if urban is None else Boundary("URBAN_AREA", *urban), None, land_use,
                                read.text("LANDUSE_FIELD"))
    return SamplingInputs(read.features("FACTORIES"), fields, read.features("CATEGORIES"),
                          read.raster("RADIANCE"), read.optional_raster("COVERAGE"), surroundings)


def totals_layers(optional: bool) -> list[QgsProcessingParameterDefinition]:
    """Published totals and the zones that they are published for. optional: whether there may be no totals."""
    polygons, source = [QgsProcessing.SourceType.TypeVectorPolygon], QgsProcessingParameterFeatureSource
    field, none = QgsProcessingParameterField, "" if optional else None
    return [
        described(source("MONTHLY_TOTALS", "Published totals", [QgsProcessing.SourceType.TypeVector],
                         optional=optional), "Table with a row per period, and per zone."),
        described(field("DATE_FIELD", "Period field", none, "MONTHLY_TOTALS", optional=optional),
                  "Month or group of months of each row: a date, 2019-03, 2019-01..02, 2019Q1 or 2019."),
        described(field("END_FIELD", "Last month field", "", "MONTHLY_TOTALS", optional=True),
                  "Last month of a group, where the period field has its first."),
        described(field("VALUE_FIELD", "Value field", none, "MONTHLY_TOTALS", optional=optional),
                  "Total of each row; thousands separators are understood."),
        described(field("DEFLATOR_FIELD", "Price index field", "", "MONTHLY_TOTALS", optional=True),
                  "Price index, 100 = base; totals are divided by it."),
        described(field("TOTALS_ZONE_FIELD", "Zone field of the totals", "", "MONTHLY_TOTALS", optional=True),
                  "Zone of each row; empty where the totals are those of the whole region."),
        described(source("ZONES", "Zones", polygons, optional=True), "Polygons that don't overlap."),
        described(field("ZONE_FIELD", "Zone field", "", "ZONES", optional=True),
                  "Name of each zone; polygons of one name are one zone."),
    ]


def totals_inputs(run: Run, form: str) -> Labels | None:
    """Published totals; None where no table was given. form: see LabelSettings."""
    from ..algorithms.industry.labels import read_labels
    from ..algorithms.industry.settings import LabelSettings

    read = run.inputs
    table = read.features("MONTHLY_TOTALS")
    if table is None:
        return None
    for parameter, what in (("DATE_FIELD", "period"), ("VALUE_FIELD", "value")):
        if not read.text(parameter):
            raise InputError(parameter, "no field was named", f"name the field of MONTHLY_TOTALS with the {what}")
    return read_labels(table, LabelSettings(form), read.text("DATE_FIELD"), read.text("VALUE_FIELD"),
                       read.text("TOTALS_ZONE_FIELD"), read.text("END_FIELD"), read.text("DEFLATOR_FIELD"))


def zones_input(run: Run) -> FeatureTable | None:
    """ZONES; None where none was given. Raises InputError where their name field isn't named."""
    zones = run.inputs.features("ZONES")
    if zones is not None and not run.inputs.text("ZONE_FIELD"):
        raise InputError("ZONE_FIELD", "no field was named", "name the field of ZONES with the names")
    return zones
