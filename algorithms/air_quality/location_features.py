"""Features of places inside a model: encoded once, standardised and reduced on the training places only."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.location_encoders import spherical_harmonics
from ..progress import Progress
from ..settings import Resources
from .locations import check_checkpoint, encode_places, load_encoder
from .network import SIREN
from .settings import Pm25Settings

AS_COVARIATES = ("degrees", "cyclic")

# Longitude and latitude, degrees, shape (n,), to features (n, width).
Encode = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float32]]


def site_encoder(encoder: str, checkpoint: str, resources: Resources) -> Encode:
    """The function from longitude and latitude to features of the place; weights are read here, once.

    The harmonics themselves for harmonics_siren, whose network is part of the model. Raises InputError.
    """
    if encoder == "harmonics_siren":
        check_checkpoint(encoder, checkpoint, ("geoclip", "satclip"))
        return _harmonics
    loaded = load_encoder(encoder, checkpoint)
    return lambda longitude, latitude: encode_places(loaded, longitude, latitude, resources, Progress())


def _harmonics(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float32]:
    values = spherical_harmonics(torch.from_numpy(longitude), torch.from_numpy(latitude), SIREN.degrees, True)
    return np.asarray(values.numpy(), dtype=np.float32)


@dataclass(frozen=True)
class LocationScaler:
    """(features - mean) / spread, times loadings where there are some. Shapes (width,), (width,), (width, k)."""

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    loadings: NDArray[np.float32]

    @classmethod
    def fit(cls, features: NDArray[np.float32], settings: Pm25Settings) -> LocationScaler:
        """features: of the training places, shape (places, width)."""
        width = features.shape[1]
        if settings.geolocation == "harmonics_siren":
            return cls(np.zeros(width, np.float32), np.ones(width, np.float32), np.zeros((width, 0), np.float32))
        mean, spread = features.mean(axis=0), features.std(axis=0)
        spread = np.where(spread > 1e-9, spread, 1)
        count = min(settings.components, width, max(len(features) - 1, 1))
        if not count or settings.geolocation in AS_COVARIATES:
            return cls(mean, spread, np.zeros((width, 0), np.float32))
        standard = ((features - mean) / spread).astype(np.float64)
        _, values, rows = np.linalg.svd(standard, full_matrices=False)
        # Components come out with standard deviation 1, as everything that the network reads.
        scale = np.maximum(values[:count], 1e-9) / np.sqrt(len(features))
        largest = np.take_along_axis(rows[:count], np.abs(rows[:count]).argmax(axis=1)[:, None], axis=1)
        loadings = (rows[:count] * np.sign(largest) / scale[:, None]).T
        return cls(mean, spread.astype(np.float32), loadings.astype(np.float32))

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        standard = (features - self.mean) / self.spread
        return np.asarray(standard @ self.loadings if self.loadings.shape[1] else standard, dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"place.mean": self.mean, "place.spread": self.spread, "place.loadings": self.loadings}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> LocationScaler:
        return cls(*(arrays[f"place.{name}"].astype(np.float32) for name in ("mean", "spread", "loadings")))
