"""Settings of the air-quality algorithms."""
from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError
from ..settings import Settings, choice, flag, number

ENCODERS = ("none", "degrees", "cyclic", "harmonics_siren", "geoclip", "satclip")


@dataclass(frozen=True)
class LocationSettings(Settings):
    """How places become features."""

    encoder: str = choice(
        "geoclip", ENCODERS, "Encoder",
        "none adds nothing. degrees: longitude and latitude. cyclic: their sines and cosines. geoclip: 512 features "
        "that were learnt from photographs, from the installed package geoclip. satclip: features that were learnt "
        "from satellite images, from the checkpoint file that CHECKPOINT names. harmonics_siren: spherical harmonics "
        "and a network, from a model that was trained with it.")
    components: int = number(
        0, "Principal components", "So many principal components of the features over the places of the layer; 0 "
        "keeps the features themselves.", minimum=0, maximum=4096)
    standardise: bool = flag(
        True, "Standardise", "Mean 0 and standard deviation 1 of every feature over the places of the layer, before "
        "principal components are taken.")
    area: str = choice(
        "centroid", ("centroid", "mean"), "Polygons",
        "centroid: the features of the centroid. mean: the mean over a grid of points inside.", advanced=True)
    grid_spacing: float = number(
        0.05, "Grid spacing", "Of the points inside polygons.", unit="degrees", minimum=0.001, maximum=10,
        advanced=True)


@dataclass(frozen=True)
class Pm25Settings(Settings):
    """How PM2.5 is estimated from windows of days."""

    window: int = number(21, "Window", "Days that the network sees.", unit="days", minimum=1, maximum=366)
    min_days: int = number(
        3, "Fewest days", "Windows with covariates on fewer days are left out.", unit="days", minimum=1, maximum=366)
    direction: str = choice(
        "past", ("past", "centred"), "Direction",
        "past: the window ends on the day that is estimated. centred: it has that day in its middle.")
    geolocation: str = choice(
        "none", ENCODERS, "Location", "Features of the place that the model sees; see 'Encode locations'. degrees and "
        "cyclic enter as covariates, the others through FUSION.")
    components: int = number(
        16, "Location components", "Principal components of the location features over the training places; 0 takes "
        "the features themselves. Not for degrees, cyclic and harmonics_siren.", minimum=0, maximum=4096)
    fusion: str = choice(
        "hadamard", ("hadamard", "concatenate"), "Fusion",
        "How the place and the days are joined: by the product of both or side by side.")
    configuration: str = choice(
        "default", ("default", "published"), "Configuration",
        "published: the network of Karimzadeh et al. (2025), Bi-LSTM 256, 128, 128, alone. default: smaller networks, "
        "averaged with boosted trees and ridge regression, and the residuals of neighbouring monitors.")
    members: int = number(
        2, "Networks", "Networks that are averaged; the published configuration has one.", minimum=1, maximum=50,
        advanced=True)
    boosting: bool = flag(
        True, "Boosted trees", "Average with gradient boosting on the day, the days before and the window's mean.",
        advanced=True)
    ridge: bool = flag(
        True, "Ridge regression", "Average with ridge regression on the day's covariates, which goes on beyond the "
        "values of the training places.", advanced=True)
    residuals: bool = flag(
        True, "Residuals of neighbours", "Add the residuals that other monitors have on the same day, weighted by "
        "distance; length and strength are chosen within the training places.", advanced=True)
    epochs: int = number(
        0, "Epochs", "Passes over the training windows; 0 takes those of the configuration (40, published 100).",
        minimum=0, maximum=10_000, advanced=True)
    seed: int = number(1, "Seed", "The same seed gives the same model.", minimum=0, maximum=2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_days > self.window:
            raise InputError("MIN_DAYS", f"{self.min_days} days don't fit into a window of {self.window}",
                             "lower it or take a longer window")
