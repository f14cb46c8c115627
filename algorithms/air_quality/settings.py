"""Settings of the air-quality algorithms."""
from __future__ import annotations

from dataclasses import dataclass

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
