"""Location encoders: from longitude and latitude to features that a network can use.

GeoCLIP: Vivanco Cepeda et al. (2023), arXiv 2309.16020. Spherical harmonics with SIREN and SatCLIP: Russwurm et al.
(2024), arXiv 2310.06743, and Klemmer et al. (2023), arXiv 2311.17179; SIREN: Sitzmann et al. (2020).
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

EQUAL_EARTH = (1.340264, -0.081106, 0.000893, 0.003796)  # Savric et al. (2019)
GEOCLIP_SCALE = 66.50336 / 180
GEOCLIP_SIGMAS = (1.0, 16.0, 256.0)


def cyclic(longitude: Tensor, latitude: Tensor) -> Tensor:
    """Sine and cosine of latitude and longitude (degrees): shape (n, 4)."""
    angles = torch.deg2rad(torch.stack((latitude, longitude), dim=1))
    return torch.cat((angles.sin(), angles.cos()), dim=1)


def equal_earth(longitude: Tensor, latitude: Tensor) -> Tensor:
    """Equal Earth coordinates of degrees, shape (n, 2), x and y, scaled as GeoCLIP does."""
    a1, a2, a3, a4 = EQUAL_EARTH
    theta = torch.asin(math.sqrt(3) / 2 * torch.sin(torch.deg2rad(latitude)))
    slope = 9 * a4 * theta**8 + 7 * a3 * theta**6 + 3 * a2 * theta**2 + a1
    x = 2 * math.sqrt(3) * torch.deg2rad(longitude) * torch.cos(theta) / (3 * slope)
    y = a4 * theta**9 + a3 * theta**7 + a2 * theta**3 + a1 * theta
    return torch.stack((x, y), dim=1) * GEOCLIP_SCALE


def spherical_harmonics(longitude: Tensor, latitude: Tensor, degrees: int, condon_shortley: bool = False,
                        zonal_factor: float = 1.0) -> Tensor:
    """Real spherical harmonics of degrees 0 to degrees - 1, orders -l to l: shape (n, degrees**2), float64.

    Azimuth is longitude + 180 degrees, polar angle latitude + 90. condon_shortley: the sign (-1)^m. zonal_factor: by
    which harmonics of order 0 are multiplied; SatCLIP's own analytic ones have pi there.
    """
    phi, theta = torch.deg2rad(longitude.double() + 180), torch.deg2rad(latitude.double() + 90)
    cosine, sine = torch.cos(theta), torch.sin(theta)
    values = torch.empty(len(phi), degrees**2, dtype=torch.float64, device=phi.device)
    sectoral = torch.full_like(phi, math.sqrt(1 / (4 * math.pi)))  # normalised P_mm without the sign
    for m in range(degrees):
        if m:
            sectoral = math.sqrt((2 * m + 1) / (2 * m)) * sine * sectoral
        before, legendre = torch.zeros_like(phi), sectoral
        for degree in range(m, degrees):
            if degree > m:  # Holmes and Featherstone (2002), eq. 11
                a = math.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
                b = math.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
                before, legendre = legendre, a * (cosine * legendre - b * before)
            middle = degree**2 + degree
            if m == 0:
                values[:, middle] = zonal_factor * legendre
            else:
                factor = math.sqrt(2) * (-1 if condon_shortley and m % 2 else 1)
                values[:, middle + m] = factor * legendre * torch.cos(m * phi)
                values[:, middle - m] = factor * legendre * torch.sin(m * phi)
    return values


class FourierFeatures(nn.Module):
    """Cosines and sines of random projections: shape (n, 512) from (n, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.zeros(256, 2), requires_grad=False)

    def forward(self, position: Tensor) -> Tensor:
        phase = 2 * torch.pi * (position @ self.b.T)
        return torch.cat((torch.cos(phase), torch.sin(phase)), dim=1)


class GeoClipCapsule(nn.Module):
    """Random Fourier features of one scale and their network; parameters are named as in the published file."""

    def __init__(self) -> None:
        super().__init__()
        self.capsule = nn.Sequential(
            FourierFeatures(), nn.Linear(512, 1024), nn.ReLU(inplace=True), nn.Linear(1024, 1024),
            nn.ReLU(inplace=True), nn.Linear(1024, 1024), nn.ReLU(inplace=True))
        self.head = nn.Sequential(nn.Linear(1024, 512))

    def forward(self, position: Tensor) -> Tensor:
        features: Tensor = self.head(self.capsule(position))
        return features


class GeoClip(nn.Module):
    """GeoCLIP's location encoder: 512 features, the sum of three scales."""

    width = 512

    def __init__(self) -> None:
        super().__init__()
        for index in range(len(GEOCLIP_SIGMAS)):
            self.add_module(f"LocEnc{index}", GeoClipCapsule())

    def forward(self, longitude: Tensor, latitude: Tensor) -> Tensor:
        position = equal_earth(longitude.float(), latitude.float())
        features: Tensor = sum((capsule(position) for capsule in self.children()), start=position.new_zeros(1))
        return features


class SineLayer(nn.Module):
    """A layer of a SIREN: sin(frequency (W x + b)), or linear where the frequency is 0."""

    def __init__(self, inputs: int, outputs: int, frequency: float, spread: float) -> None:
        super().__init__()
        self.frequency = frequency
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-spread, spread))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-spread, spread))

    def forward(self, values: Tensor) -> Tensor:
        linear = nn.functional.linear(values, self.weight, self.bias)
        return torch.sin(self.frequency * linear) if self.frequency else linear


class HarmonicsSiren(nn.Module):
    """Spherical harmonics into a SIREN; SatCLIP's location encoder with its names of parameters.

    degrees: of the harmonics. hidden: width of each hidden layer. analytic: the harmonics as SatCLIP's analytic form
    has them, else its closed form.
    """

    def __init__(self, degrees: int = 10, hidden: Sequence[int] = (256, 256), width: int = 256,
                 analytic: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.degrees, self.width, self.analytic = degrees, width, analytic
        sizes = [degrees**2, *hidden]
        self.layers = nn.ModuleList(
            SineLayer(inputs, outputs, 1.0 if index else 30.0, math.sqrt(6 / inputs) if index else 1 / inputs)
            for index, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])))
        self.last_layer = SineLayer(sizes[-1], width, 0.0, math.sqrt(6 / sizes[-1]))
        self.dropout = nn.Dropout(dropout)

    def features(self, longitude: Tensor, latitude: Tensor) -> Tensor:
        """The harmonics, shape (n, degrees**2), in the precision of the weights."""
        harmonics = spherical_harmonics(longitude, latitude, self.degrees, not self.analytic,
                                        math.pi if self.analytic else 1.0)
        return harmonics.to(self.last_layer.weight.dtype)

    def forward(self, longitude: Tensor, latitude: Tensor) -> Tensor:
        return self.embed(self.features(longitude, latitude))

    def embed(self, features: Tensor) -> Tensor:
        for layer in self.layers:
            features = self.dropout(layer(features))
        embedding: Tensor = self.last_layer(features)
        return embedding
