"""Places become features: unique places are encoded once, in blocks, then standardised and reduced."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

import numpy as np
import shapely
import torch
from numpy.typing import NDArray

from ...models.location_encoders import cyclic
from ...models.location_weights import load_geoclip, load_harmonics_siren, load_satclip
from ..devices import pick_device
from ..errors import InputError
from ..execution import torch_threads
from ..feature_tables import FeatureTable
from ..geometries import shapes_in
from ..progress import Progress
from ..projections import WGS84, checked_positions
from ..settings import Resources
from .settings import LocationSettings

BLOCK = 1024  # places at a time, whose intermediate values stay in the cache

Encoder = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Places:
    """Points in degrees, shape (points,), and to which row of the layer each belongs, with its weight.

    A point has weight 1; the points of a polygon have weights that sum to 1. rows: of the layer, those without a
    geometry included.
    """

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    row: NDArray[np.intp]
    weight: NDArray[np.float64]
    rows: int


def read_places(table: FeatureTable, settings: LocationSettings) -> Places:
    """Points, and centroids or inner grids of polygons. Raises InputError for what is no position on the globe."""
    shapes = shapes_in(table, WGS84)
    here = np.flatnonzero([shape is not None and not shape.is_empty for shape in shapes])
    if len(here) == 0:
        raise InputError(table.parameter, "it has no geometry", "choose a layer of points or polygons")
    if settings.area == "mean" and (shapely.area(shapes[here]) > 0).any():
        parts = [_inner_grid(shapes[index], settings.grid_spacing) for index in here]
    else:
        parts = [shapely.get_coordinates(point) for point in shapely.centroid(shapes[here])]
    points = checked_positions(np.concatenate(parts), table.parameter)
    row = np.repeat(here, [len(part) for part in parts])
    weight = np.cos(np.radians(points[:, 1])) + 1e-9  # a grid in degrees is denser towards the poles
    weight /= np.bincount(row, weight, minlength=len(shapes))[row]
    return Places(points[:, 0], points[:, 1], row, weight, len(shapes))


def _inner_grid(shape: shapely.Geometry, spacing: float) -> NDArray[np.float64]:
    """Multiples of the spacing inside a polygon, its centroid where there are none."""
    west, south, east, north = shape.bounds
    x = np.arange(np.ceil(west / spacing), np.floor(east / spacing) + 1) * spacing
    y = np.arange(np.ceil(south / spacing), np.floor(north / spacing) + 1) * spacing
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    inside: NDArray[np.float64] = grid[shapely.contains_xy(shape, grid)] if len(grid) else grid
    return inside if len(inside) else np.asarray(shapely.get_coordinates(shape.centroid), dtype=np.float64)


def encode_layer(table: FeatureTable, settings: LocationSettings, checkpoint: str, resources: Resources,
                 progress: Progress) -> NDArray[np.float32]:
    """Features of every row, shape (rows, features), NaN where a row has no geometry.

    Raises InputError where the layer, the encoder's weights or the device can't be used, Cancelled.
    """
    encoder = load_encoder(settings.encoder, checkpoint)
    places = read_places(table, settings)
    device = pick_device(resources.device, progress, double=True)
    features = encode_places(encoder, places.longitude, places.latitude, resources, progress, device)
    values = np.zeros((places.rows, features.shape[1]))
    np.add.at(values, places.row, features * places.weight[:, None])
    known = np.bincount(places.row, minlength=places.rows) > 0
    values[~known] = np.nan
    lacking = places.rows - int(known.sum())
    if lacking:
        progress.warning(f"{lacking} features without a geometry get no values.")
    return reduce_features(values, settings).astype(np.float32)


def load_encoder(name: str, checkpoint: str) -> Encoder:
    """The function from longitude and latitude (tensors of shape (n,), degrees) to features (n, width)."""
    check_checkpoint(name, checkpoint, ("geoclip", "satclip", "harmonics_siren"))
    if name == "none":
        return lambda longitude, latitude: torch.empty(len(longitude), 0)
    if name == "degrees":
        return lambda longitude, latitude: torch.stack((longitude, latitude), dim=1)
    if name == "cyclic":
        return cyclic
    if name == "geoclip":
        return load_geoclip(checkpoint)
    return load_satclip(checkpoint) if name == "satclip" else load_harmonics_siren(checkpoint)


def check_checkpoint(encoder: str, checkpoint: str, with_weights: Sequence[str]) -> None:
    """Raises InputError for a checkpoint that the encoder wouldn't read."""
    if checkpoint and encoder not in with_weights:
        raise InputError("CHECKPOINT", f"the encoder '{encoder}' has no weights", "leave it empty")


def encode_places(encoder: Encoder, longitude: NDArray[np.float64], latitude: NDArray[np.float64],
                  resources: Resources, progress: Progress, device: str = "cpu") -> NDArray[np.float32]:
    """Features of shape (n, width); each distinct place is encoded once, on a device with double precision."""
    if isinstance(encoder, torch.nn.Module):
        encoder.to(device)
    places, which = np.unique(np.column_stack((longitude, latitude)), axis=0, return_inverse=True)
    given = torch.from_numpy(places)
    parts = []
    with torch_threads(resources), torch.inference_mode():
        for start in range(0, len(places), BLOCK):
            block = given[start:start + BLOCK].to(device)
            parts.append(encoder(block[:, 0], block[:, 1]).float().cpu().numpy())
            progress.report(min(1.0, (start + BLOCK) / len(places)))
    features: NDArray[np.float32] = np.concatenate(parts)[which.ravel()]
    return features


def reduce_features(values: NDArray[np.float64], settings: LocationSettings) -> NDArray[np.float64]:
    """Standardised features or their principal components; rows with NaN take no part and stay NaN.

    The sign of a component is the one that makes its largest loading positive.
    """
    known = np.isfinite(values).all(axis=1)
    places, width = np.unique(values[known], axis=0), values.shape[1]
    if settings.components > min(len(places) - 1, width):
        raise InputError("COMPONENTS", f"{settings.components} were asked for, {len(places)} different places have "
                         f"{width} features", f"give at most {max(0, min(len(places) - 1, width))}")
    if width == 0 or len(places) < 2:
        return values
    mean, spread = places.mean(axis=0), places.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(1, np.abs(mean)), spread, 1)
    if settings.standardise:
        values, places = (values - mean) / spread, (places - mean) / spread
    if settings.components:
        centre = places.mean(axis=0)
        _, _, loadings = np.linalg.svd(places - centre, full_matrices=False)
        loadings = loadings[:settings.components]
        largest = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, None], axis=1)
        values = (values - centre) @ (loadings * np.sign(largest)).T
    return values
