"""Settings of the air-quality algorithms."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..errors import InputError
from ..settings import Settings, borrowed, choice, flag, number, text

ENCODERS = ("none", "degrees", "cyclic", "harmonics_siren", "geoclip", "satclip")
FUSIONS = ("hadamard", "concatenate")
FULL = "_full"  # marks an encoder whose features enter as they are, without principal components
SAME_EVERYWHERE = "constant"  # the network with a branch for the place, told the same of every place
GEOLOCATIONS = (*ENCODERS, f"geoclip{FULL}", f"satclip{FULL}")
BY_CONFIGURATION = "by_configuration"
OF_CONFIGURATION: Mapping[str, Mapping[str, str | int]] = {
    "default": {"geolocation": "harmonics_siren", "components": 16, "fusion": "concatenate"},
    "published": {"geolocation": "geoclip", "components": 0, "fusion": "hadamard"}}
PROTOCOLS = ("random_rows", "random_places", "held_out_places", "checkerboard", "knndm")


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
        BY_CONFIGURATION, (BY_CONFIGURATION, *ENCODERS), "Location", "Features of the place that the model sees; see "
        "'Encode locations'. degrees and cyclic enter as covariates, the others through FUSION. by_configuration takes "
        "harmonics_siren, which is learnt with the model, and geoclip where CONFIGURATION is published. Choose none "
        "where places have nothing of their own beyond the covariates.")
    components: int = number(
        -1, "Location components", "Principal components of the location features over the training places; 0 takes "
        "the features themselves. -1 takes 16, and the features themselves where CONFIGURATION is published. Not for "
        "degrees, cyclic and harmonics_siren.", minimum=-1, maximum=4096)
    fusion: str = choice(
        BY_CONFIGURATION, (BY_CONFIGURATION, *FUSIONS), "Fusion",
        "How the place and the days are joined: side by side (concatenate) or by the product of both (hadamard). "
        "by_configuration puts them side by side, and multiplies where CONFIGURATION is published.")
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
        0, "Epochs", "Passes over the training windows; 0 takes 10 where the network knows the place, 40 where it "
        "doesn't, and 100 where CONFIGURATION is published.", minimum=0, maximum=10_000, advanced=True)
    seed: int = number(1, "Seed", "The same seed gives the same model.", minimum=0, maximum=2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_days > self.window:
            raise InputError("MIN_DAYS", f"{self.min_days} days don't fit into a window of {self.window}",
                             "lower it or take a longer window")
        for name, own in OF_CONFIGURATION[self.configuration].items():
            if getattr(self, name) in (BY_CONFIGURATION, -1):
                object.__setattr__(self, name, own)


@dataclass(frozen=True)
class ComparisonSettings(Settings):
    """Which location features are compared, how they are joined, and what they are judged by."""

    geolocations: str = text(
        "none, degrees, cyclic, harmonics_siren, geoclip", "Locations",
        "Separated by commas: none, degrees, cyclic, harmonics_siren, geoclip, satclip as in 'Encode locations', or "
        "geoclip_full and satclip_full, which take all features as published and no principal components. Each is "
        "compared with none and, where it has a fusion, with constant: the same network, told the same of every place.")
    fusions: str = text(
        "hadamard, concatenate", "Fusions", "Separated by commas: hadamard, concatenate. Not for degrees and cyclic, "
        "which are covariates.")
    protocols: str = text(
        "random_places, checkerboard", "Protocols",
        "Separated by commas. random_rows, random_places and held_out_places judge within the region; checkerboard "
        "beyond it, with both colours and four offsets; knndm at the distances of the map from its monitors.")
    folds: int = number(
        5, "Folds", "Of random_rows, random_places and knndm; held_out_places holds out one part of so many.",
        minimum=2, maximum=50)
    cell_degrees: float = number(
        8, "Checkerboard cells", "Width and height of a cell.", unit="degrees", minimum=0.01, maximum=90)
    buffer_km: float = number(
        0, "Buffer", "On checkerboards, training places so near to a test place are left out.", unit="km", minimum=0,
        maximum=5000)
    seeds: int = number(
        3, "Seeds", "Models of each kind that differ by chance only; the folds stay the same.", minimum=1, maximum=100)
    window: int = borrowed(Pm25Settings, "window")
    min_days: int = borrowed(Pm25Settings, "min_days")
    direction: str = borrowed(Pm25Settings, "direction")
    components: int = borrowed(Pm25Settings, "components")
    configuration: str = choice(
        "default", ("default", "published"), "Configuration",
        "The network that is compared: published as in Karimzadeh et al. (2025), or the smaller default.")
    members: int = number(1, "Networks", "Networks that are averaged in each model.", minimum=1, maximum=50,
                          advanced=True)
    boosting: bool = flag(False, "Boosted trees", "Average with boosted trees, as 'Train PM2.5 model' does.",
                          advanced=True)
    ridge: bool = flag(False, "Ridge regression", "Average with ridge regression, as 'Train PM2.5 model' does.",
                       advanced=True)
    residuals: bool = flag(
        True, "Residuals of neighbours", "Also judge with the residuals of monitors of the same day, from all and from "
        "those at least 100 km from every test place; takes three times as long.", advanced=True)
    epochs: int = number(
        8, "Epochs", "Passes over the training windows; 0 takes as many as 'Train PM2.5 model' does.",
        minimum=0, maximum=10_000, advanced=True)
    seed: int = number(1, "Seed", "The first of the seeds; also deals the folds.", minimum=0, maximum=2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        names_in(self.geolocations, "GEOLOCATIONS", GEOLOCATIONS)
        names_in(self.fusions, "FUSIONS", FUSIONS)
        names_in(self.protocols, "PROTOCOLS", PROTOCOLS)
        self.of_model("none", FUSIONS[0], self.seed)

    def of_model(self, geolocation: str, fusion: str, seed: int) -> Pm25Settings:
        """Settings of one model; a geolocation that ends in FULL has no principal components. SAME_EVERYWHERE is
        treated as features of an encoder."""
        full = geolocation.endswith(FULL) or geolocation == SAME_EVERYWHERE
        encoder = "geoclip" if geolocation == SAME_EVERYWHERE else geolocation.replace(FULL, "")
        return Pm25Settings(
            window=self.window, min_days=self.min_days, direction=self.direction,
            geolocation=encoder, components=0 if full else self.components, fusion=fusion,
            configuration=self.configuration, members=self.members, boosting=self.boosting, ridge=self.ridge,
            residuals=self.residuals, epochs=self.epochs, seed=seed)


def names_in(listed: str, parameter: str, known: Collection[str]) -> list[str]:
    """The names of a text, separated by commas or semicolons, each once. Raises InputError for unknown ones, none."""
    names = list(dict.fromkeys(name.strip() for name in listed.replace(";", ",").split(",") if name.strip()))
    wrong = next((name for name in names if name not in known), "")
    if wrong or not names:
        raise InputError(parameter, f"'{wrong}' was given" if wrong else "nothing was given",
                         f"choose from {', '.join(known)}")
    return names
