"""nocturne:angulareffects"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)

from ...algorithms.night_lights.settings import AngularEffectsSettings
from ..base import NocturneAlgorithm, Run
from ..inputs import described

if TYPE_CHECKING:
    from ...algorithms.night_lights.angular_effects import AngularEffectCounts


class AngularEffects(NocturneAlgorithm):
    NAME = "angulareffects"
    TITLE = "Angular effects"
    GROUP = "night_lights"
    SUMMARY = ("Classifies every pixel by how its night light depends on the view zenith angle: negative (high-rise: "
               "darker when seen obliquely), positive (low-rise: brighter) or U-shaped (mid-rise).")
    NOTES = (
        "A linear and a quadratic function of the view zenith angle are fitted to the nightly radiance of each pixel "
        "by least squares. The decision, in this order: fewer valid nights than MIN_OBSERVATIONS give class 255 (no "
        "data); U-shaped where U_TEST finds it; negative or positive where the linear slope is significant and R2 and "
        "the relative change reach their least values; otherwise none (0). The order is this plugin's own: the flow "
        "chart of the published method isn't available as text.\n\n"
        "CLASSES: 0 none, 1 negative, 2 positive, 3 U-shaped, 255 no data. STATISTICS: coefficients per degree, R2 and "
        "p of both fits, the number of observations, the relative change from the lowest to the highest observed "
        "zenith by the linear fit, and these two zeniths.\n\n"
        "At the level of 0.05 about 8 % of flat pixels get a class by chance: 2.5 % negative, 2.5 % positive, 3 % "
        "U-shaped. Haze that covers the whole city on a night is shared by its pixels, so a share of negative pixels "
        "of a few percent is no evidence by itself.")
    TAGS = ("black marble", "viirs", "view zenith angle", "high-rise", "night lights", "regression")
    LIBRARIES = ("rasterio",)
    FASTER_WITH = ("numba",)
    USES_DEVICE = True
    SETTINGS = AngularEffectsSettings
    STYLES = {"CLASSES": "angular_effects", "STATISTICS": "angular_statistics"}

    def layers(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterRasterLayer("RADIANCE", "Radiance stack"),
                      "Nightly radiance in nW/cm2/sr, one band per night described by its date (YYYY-MM-DD), no data "
                      "where a night isn't valid; as 'Read Black Marble' writes it."),
            described(QgsProcessingParameterRasterLayer("ZENITH", "View zenith stack"),
                      "View zenith angles in degrees for the same nights and grid."),
        ]

    def destinations(self) -> list[QgsProcessingParameterDefinition]:
        return [
            described(QgsProcessingParameterRasterDestination("CLASSES", "Angular effects"),
                      "Class of every pixel: 0 none, 1 negative, 2 positive, 3 U-shaped, 255 no data."),
            described(QgsProcessingParameterRasterDestination(
                "STATISTICS", "Angular effect statistics", optional=True, createByDefault=True),
                "14 bands of coefficients, R2, p-values and observed angles; slopes per degree, no data is NaN."),
        ]

    def results(self) -> list[QgsProcessingOutputDefinition]:
        return [
            QgsProcessingOutputNumber("NEGATIVE_PIXELS", "Pixels with a negative effect"),
            QgsProcessingOutputNumber("POSITIVE_PIXELS", "Pixels with a positive effect"),
            QgsProcessingOutputNumber("U_SHAPED_PIXELS", "Pixels with a U-shaped effect"),
            QgsProcessingOutputNumber("FITTED_PIXELS", "Pixels with enough nights"),
        ]

    def execute(self, run: Run) -> dict[str, Any]:
        from ...algorithms.night_lights.angular_effects import classify_stacks

        return pixel_counts(classify_stacks(
            run.inputs.raster("RADIANCE"), run.inputs.raster("ZENITH"), run.outputs.required_raster("CLASSES"),
            run.outputs.raster("STATISTICS"), run.settings, run.resources, run.progress))


def pixel_counts(counts: AngularEffectCounts) -> dict[str, Any]:
    """The declared results."""
    return {"NEGATIVE_PIXELS": counts.negative, "POSITIVE_PIXELS": counts.positive,
            "U_SHAPED_PIXELS": counts.u_shaped, "FITTED_PIXELS": counts.fitted}
