"""The Processing provider: lists the algorithms and the ready chains. Imports nothing heavy."""
from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .air_quality.compare_geolocation import CompareGeolocation
from .air_quality.encode_locations import EncodeLocations
from .air_quality.estimate_pm25 import EstimatePm25
from .air_quality.interpolate_pm25 import InterpolatePm25
from .air_quality.train_pm25 import TrainPm25
from .base import ICONS
from .cbd.cbd_evolution import CbdEvolution
from .cbd.city_types import CityTypes
from .cbd.classify_cbd import ClassifyCbd
from .cbd.identify_cbd import IdentifyCbd
from .cbd.light_indexes import LightIndexes
from .cbd.train_cbd_tree import TrainCbdTree
from .cbd.validate_cbd import ValidateCbd
from .districts.compare_region_models import CompareRegionModels
from .districts.encode_street_views import EncodeStreetViews
from .districts.explain_semigtx import ExplainSemiGtx
from .districts.map_district_economy import MapDistrictEconomy
from .districts.region_graph import RegionGraph
from .districts.train_semigtx import TrainSemiGtx
from .districts.train_street_view_encoder import TrainStreetViewEncoder
from .industry.estimate_gvio import EstimateGvio
from .industry.sample_factories import SampleFactories
from .industry.train_gvio import TrainGvio
from .night_lights.angular_effects import AngularEffects
from .night_lights.black_marble_angular_effects import BlackMarbleAngularEffects
from .night_lights.raster_series import RasterSeries
from .night_lights.read_black_marble import ReadBlackMarble
from .night_lights.urban_centres import UrbanCentres
from .tools.check_environment import CheckEnvironment
from .tools.create_demo import CreateDemo

ALGORITHMS = (ReadBlackMarble, RasterSeries, AngularEffects, BlackMarbleAngularEffects, UrbanCentres, LightIndexes,
              CityTypes, TrainCbdTree, ClassifyCbd, IdentifyCbd, ValidateCbd, CbdEvolution, SampleFactories,
              TrainGvio, EstimateGvio, RegionGraph, TrainStreetViewEncoder, EncodeStreetViews, TrainSemiGtx,
              MapDistrictEconomy, CompareRegionModels, ExplainSemiGtx, EncodeLocations, TrainPm25, EstimatePm25,
              CompareGeolocation, InterpolatePm25, CheckEnvironment, CreateDemo)
CHAINS = Path(__file__).resolve().parent.parent / "chains"


class NocturneProvider(QgsProcessingProvider):
    def id(self) -> str:
        return "nocturne"

    def name(self) -> str:
        return "Nocturne"

    def longName(self) -> str:
        return "Nocturne: the urban economy and the air from night lights"

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(ICONS / "nocturne.svg")

    def supportsNonFileBasedOutput(self) -> bool:
        return True

    def loadAlgorithms(self) -> None:
        # QGIS asks once before the registry knows the provider; chains name its algorithms and could not find them.
        if QgsApplication.processingRegistry().providerById(self.id()) is None:
            return
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
        for path in sorted(CHAINS.glob("*.model3")):
            chain = QgsProcessingModelAlgorithm()
            if chain.fromFile(str(path)):
                self.addAlgorithm(chain)
