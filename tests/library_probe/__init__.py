"""A plugin whose one algorithm loads Nocturne's libraries in the process of QGIS and tells what came of it.

With LIBRARY_PROBE_FIRST set to a folder it imports rasterio and shapely from there at once, as another plugin may.
"""
from __future__ import annotations

import json
import os
import sys

from osgeo import osr
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsProcessingAlgorithm,
    QgsProcessingOutputString,
    QgsProcessingProvider,
    QgsProject,
)


def of_qgis():
    """What a plainly imported wheel changes: where QGIS looks for PROJ's data, the digits of its transforms."""
    transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"),
                                       QgsCoordinateReferenceSystem("EPSG:32651"), QgsProject.instance())
    point = transform.transform(QgsPointXY(121.4737, 31.2304))
    return {"proj_folders": osr.GetPROJSearchPaths(), "point": [repr(point.x()), repr(point.y())],
            "dlopen_flags": sys.getdlopenflags()}


class Look(QgsProcessingAlgorithm):
    def name(self):
        return "look"

    def displayName(self):
        return "Look"

    def createInstance(self):
        return Look()

    def initAlgorithm(self, configuration=None):
        self.addOutput(QgsProcessingOutputString("FACTS", "Facts"))

    def processAlgorithm(self, parameters, context, feedback):
        from nocturne.processing_provider import dependencies

        before = of_qgis()
        dependencies.load("rasterio", "shapely", "h5py")
        from . import facts

        libraries = facts.of_libraries()
        return {"FACTS": json.dumps({"before": before, "libraries": libraries, "after": of_qgis()})}


class Fit(QgsProcessingAlgorithm):
    """The angular fit by torch, on its CPU, against numpy's."""

    def name(self):
        return "fit"

    def displayName(self):
        return "Fit"

    def createInstance(self):
        return Fit()

    def initAlgorithm(self, configuration=None):
        self.addOutput(QgsProcessingOutputString("FACTS", "Facts"))

    def processAlgorithm(self, parameters, context, feedback):
        from nocturne.processing_provider import dependencies

        dependencies.load("rasterio", "torch")
        from . import torch_fit

        return {"FACTS": json.dumps(torch_fit.against_numpy())}


class Provider(QgsProcessingProvider):
    def id(self):
        return "library_probe"

    def name(self):
        return "Library probe"

    def loadAlgorithms(self):
        self.addAlgorithm(Look())
        self.addAlgorithm(Fit())


class Plugin:
    def initProcessing(self):
        self.provider = Provider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        self.initProcessing()

    def unload(self):
        QgsApplication.processingRegistry().removeProvider(self.provider)


def classFactory(iface):
    first = os.environ.get("LIBRARY_PROBE_FIRST")
    if first:
        sys.path.insert(0, first)
        import rasterio  # noqa: F401
        import shapely  # noqa: F401
    return Plugin()
