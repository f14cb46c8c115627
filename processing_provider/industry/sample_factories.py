"""nocturne:samplefactories"""
from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsWkbTypes,
)

from ...algorithms.industry.settings import SamplingSettings
from ..base import NocturneAlgorithm, Run
from ..factory_inputs import sampling_inputs, sampling_layers
from ..inputs import described


class SampleFactories(NocturneAlgorithm):
    NAME = "samplefactories"
    TITLE = "Sample factories"
    GROUP = "industry"
    SUMMARY = ("Describes the light around every factory in every month: statistics of rings around it, by land use, "
               "and what town and country are like in that month.")
    NOTES = (
        "A row per factory and open month, to be explored or put into models of your own; the temporal controller "
        "plays it. Of each ring (ring_1 is the innermost): mean, standard deviation (sd) and max of observed cells, "
        "the share of cells that were observed (valid), and sum. A cell's light is divided among the factories that "
        "have it in their buffers, nearer ones getting more, and sum adds the factory's parts up; so the sums of all "
        "factories count no light twice. Cells that weren't observed count in it with the mean of their ring.\n\n"
        "A zero with no cloud-free observation is not darkness: make the stack by 'Raster series', which masks it, or "
        "give COVERAGE. Negative radiances are noise around dark ground and are kept. Flares, fires and faults are cut "
        "where they are far above both their cell's past and nearly all of the region.\n\n"
        "Factories outside the raster are left out with a warning.")
    TAGS = ("factory", "industry", "gvio", "night lights", "buffer", "viirs", "places", "poi", "openstreetmap")
    LIBRARIES = ("rasterio", "shapely")
    SETTINGS = SamplingSettings
    STYLES = {"SAMPLES": "factory_samples"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return sampling_layers()

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterFeatureSink("SAMPLES", "Samples"),
                      "A point per factory and month with its statistics; at most a million rows."),
            described(QgsProcessingParameterFeatureSink("REGION", "Town and country",
                                                        QgsProcessing.SourceType.TypeVector, optional=True,
                                                        createByDefault=False),
                      "Table with a row per month and part (urban, rural): mean, sd, quantiles, share of lit cells "
                      "(above 1 nW/cm2/sr), share of observed cells, and the contrast of both parts."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [QgsProcessingOutputNumber("FACTORY_COUNT", "Number of factories"),
                QgsProcessingOutputNumber("MONTH_COUNT", "Number of months"),
                QgsProcessingOutputNumber("FLARE_COUNT", "Values cut as flares")]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.industry.sample_table import region_fields, region_rows, sample_fields, sample_rows
        from ...algorithms.industry.sampling import sample_layer

        samples = sample_layer(sampling_inputs(run), run.settings, run.resources, run.progress.part(0, 0.5))
        rows = sample_rows(samples, run.resources, run.progress.part(0.5, 1))
        sink = run.outputs.sink("SAMPLES", sample_fields(samples), QgsWkbTypes.Type.Point, samples.grid.crs.to_wkt())
        if sink is not None:
            for attributes, point in rows:
                sink.add(attributes, point)
        table = run.outputs.sink("REGION", region_fields())
        if table is not None:
            for attributes in region_rows(samples):
                table.add(attributes)
        return {"FACTORY_COUNT": len(samples.factories), "MONTH_COUNT": len(samples.months),
                "FLARE_COUNT": samples.cut}
