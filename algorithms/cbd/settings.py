"""Settings of the algorithms for central business districts."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, TypeVar

from ..night_lights.settings import AngularEffectsSettings, BlackMarbleSettings, UrbanCentresSettings
from ..settings import Settings, borrowed, choice, crs, flag, number, text

STRATEGIES = ("within_city", "types_zscore", "types", "zscore", "plain")  # index_names says what they are
CBD, OTHER = "cbd", "other"  # the classes of trees


@dataclass(frozen=True)
class LightIndexesSettings(Settings):
    """On which cells the light indexes are counted, and what their Z-scores refer to."""

    z_base: str = choice(
        "urban_area", ("urban_area", "boundary"), "Z-scores refer to",
        "urban_area: cells inside URBAN_AREA and, where it is given, BOUNDARY. boundary: all cells inside BOUNDARY, "
        "with forests and water.")
    target_crs: str = crs(
        "Target CRS", "Projected CRS of the cells; empty takes that of the centres, or the UTM zone where theirs has "
        "degrees. The raster's own CRS keeps its grid, and CELL_SIZE is then ignored.")
    cell_size: float = number(
        500.0, "Cell size", "In the unit of TARGET_CRS: the one that the centres were found with. A raster that has "
        "this CRS and cell size already keeps its grid.", minimum=1, maximum=100_000)


@dataclass(frozen=True)
class CityTypesSettings(Settings):
    """How cities are told apart by the mean radiance and the number of their centres with negative pixels."""

    types_by: str = choice(
        "clusters", ("clusters", "model", "published_ranges"), "Types by",
        "clusters: k-means over the cities of the layer. For a city alone or for few: model takes the types that MODEL "
        "was trained with, published_ranges those whose mean radiance and number in Jie et al. (2024) are nearest.")
    clusters: int = number(
        0, "Clusters", "Number of types; 0 takes the elbow of the curve of inertia (Kneedle).", minimum=0, maximum=20)
    normalise: str = choice(
        "min-max", ("min-max", "z-score", "log-z-score"), "Normalise",
        "How radiance and number are brought to one scale: to 0 to 1, to standard deviations, or to standard "
        "deviations of their logarithms.")
    seed: int = number(1, "Seed", "Start of the random numbers.", minimum=0, maximum=2**31 - 1)


@dataclass(frozen=True)
class C50Settings(Settings):
    """How C5.0 trees are grown and pruned. costs: (predicted class, actual class) to the cost of this error, 1 for
    those that aren't named."""

    min_cases: int = number(2, "Smallest branch", "Cases that at least two branches of a test must hold.", minimum=1,
                            maximum=1_000_000)
    confidence: float = number(
        0.25, "Confidence", "Level at which the errors of a leaf are estimated; smaller values prune more.",
        minimum=1e-6, maximum=1)
    trials: int = number(1, "Boosting trials", "Trees that vote; 1 grows a single tree.", minimum=1, maximum=100)
    global_pruning: bool = flag(
        True, "Global pruning", "Prunes the whole tree further, by one standard error. Costs turn it off.",
        advanced=True)
    subset: bool = flag(True, "Group categories", "Tests may put several categories into one branch.", advanced=True)
    costs: Mapping[tuple[str, str], float] = field(default_factory=dict, metadata={"kind": "costs"})


@dataclass(frozen=True)
class TrainCbdTreeSettings(Settings):
    """Which attributes a tree sees, how it grows, and what a missed CBD costs."""

    strategy: str = choice(
        "within_city", STRATEGIES, "Strategy",
        "within_city: Z-scored indexes, Share_A, Change_A, and where a centre stands in its city by negative pixels; "
        "no city types. types_zscore, types, zscore and plain are the strategies 4, 2, 3 and 1 of Jie et al. (2024): "
        "Z-scored or original indexes, with one tree per city type or one for all.")
    cost: float = number(
        0, "Cost of a missed CBD", "In units of a centre wrongly taken for one. 0 chooses among 1, 2, 3, 5, 8, 12 and "
        "20 the one with the highest F2 score, where a missed CBD counts more than a wrong one, on cities that the "
        "trees weren't grown from.", minimum=0, maximum=1000)
    min_cases: int = borrowed(C50Settings, "min_cases")
    confidence: float = borrowed(C50Settings, "confidence")
    trials: int = number(
        30, "Boosting trials", "Trees that vote; 1 grows a single tree as the paper did. With several, the cost "
        "decides how many votes make a CBD; with one, it weighs the cases that the tree grows from.", minimum=1,
        maximum=100)
    global_pruning: bool = borrowed(C50Settings, "global_pruning")
    min_overlap: float = number(
        0.3, "Smallest overlap", "With REFERENCE: a centre is a CBD if it shares at least this part of the smaller of "
        "the two areas with a reference outline.", minimum=0.01, maximum=1)
    clusters: int = number(
        3, "City types", "Number of types that cities are grouped into where TYPE_FIELD is empty; 0 takes the elbow.",
        minimum=0, maximum=20, advanced=True)
    normalise: str = borrowed(CityTypesSettings, "normalise", advanced=True)
    repeats: int = number(
        200, "Random splits", "How often the centres are divided at random into 80 % to train and 20 % to test, as the "
        "paper did once.", minimum=0, maximum=10_000, advanced=True)
    seed: int = borrowed(CityTypesSettings, "seed")

    def c50(self, cost: float) -> C50Settings:
        """When a missed CBD costs so much: C5.0 takes costs into a tree, but not into the votes of several."""
        costs = {} if cost == 1 or self.trials > 1 else {(OTHER, CBD): cost}
        return C50Settings(self.min_cases, self.confidence, self.trials, self.global_pruning, costs=costs)

    def types(self) -> CityTypesSettings:
        return CityTypesSettings(clusters=self.clusters, normalise=self.normalise, seed=self.seed)


@dataclass(frozen=True)
class EvolutionSettings(Settings):
    """How CBDs of several years are linked, and which changes count."""

    min_overlap: float = number(
        0.3, "Smallest overlap", "Outlines of two years are the same CBD if they share at least this part of the "
        "smaller one.", minimum=0.01, maximum=1)
    instability: float = number(
        0.25, "Instability", "Where the field 'stability' is missing or empty: 1 minus the Jaccard index that other "
        "thresholds, intervals and smoothings leave of an outline. Smaller changes don't count.", minimum=0, maximum=1)
    offset: str = text(
        "", "Offset", "Factors that bring the light of a sensor or collection to that of the others, such as "
        "noaa20=1.05, separated by commas. Needed where the fields 'sensor' or 'collection' differ between the years "
        "of a city; 1 says that they may be compared as they are.")


@dataclass(frozen=True)
class ClassifyCbdSettings(Settings):
    """What becomes of cities in which no CBD was found."""

    one_per_city: bool = flag(
        False, "At least one per city", "The most probable centre of a city in which none was found becomes its CBD, "
        "marked in 'forced'.")


Part = TypeVar("Part", bound=Settings)


@dataclass(frozen=True)
class IdentifyCbdSettings(Settings):
    """Which nights are used, how centres are cut, and which outline a CBD gets."""

    start: date | None = borrowed(BlackMarbleSettings, "start")
    end: date | None = borrowed(BlackMarbleSettings, "end")
    years: str = choice(
        "fixed", ("fixed", "best"), "Years",
        "fixed: all nights from START to END. best: of these, city by city, the two neighbouring years with the most "
        "clear nights inside its urban area.")
    cbd_boundary: str = choice(
        "centre", ("centre", "core"), "Outline of a CBD",
        "centre: the urban centre, as published. core: the contour inside it that best divides dense from sparse "
        "negative pixels; the centre where none stands out.")
    one_per_city: bool = borrowed(ClassifyCbdSettings, "one_per_city")
    threshold: str = borrowed(UrbanCentresSettings, "threshold")
    interval: str = borrowed(UrbanCentresSettings, "interval")
    smoothing: str = borrowed(UrbanCentresSettings, "smoothing")
    min_area: float = borrowed(UrbanCentresSettings, "min_area")
    min_observations: int = borrowed(AngularEffectsSettings, "min_observations")
    cell_size: float = borrowed(UrbanCentresSettings, "cell_size", advanced=True)
    alpha: float = borrowed(AngularEffectsSettings, "alpha", advanced=True)
    max_zenith: float = borrowed(AngularEffectsSettings, "max_zenith", advanced=True)
    min_rise: float = borrowed(AngularEffectsSettings, "min_rise", advanced=True)
    night_effect: str = borrowed(AngularEffectsSettings, "night_effect", advanced=True)
    quality: str = borrowed(BlackMarbleSettings, "quality", advanced=True)
    cloud: str = borrowed(BlackMarbleSettings, "cloud", advanced=True)
    snow: str = borrowed(BlackMarbleSettings, "snow", advanced=True)
    platform: str = borrowed(BlackMarbleSettings, "platform", advanced=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.centres()
        self.black_marble()

    def centres(self) -> UrbanCentresSettings:
        return self._part(UrbanCentresSettings)

    def angular(self) -> AngularEffectsSettings:
        return self._part(AngularEffectsSettings)

    def black_marble(self) -> BlackMarbleSettings:
        return self._part(BlackMarbleSettings, cell_size=None)

    def _part(self, part: type[Part], **fixed: Any) -> Part:
        """The fields that a step shares with these settings, in that step's own."""
        own = {setting.name for setting in fields(self)}
        shared = {setting.name: getattr(self, setting.name) for setting in fields(part) if setting.name in own}
        return part(**{**shared, **fixed})
