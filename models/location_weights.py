"""Where the weights of location encoders come from: an installed package, or files that the user names."""
from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..algorithms.errors import InputError
from .location_encoders import GeoClip, HarmonicsSiren
from .registry import load_checkpoint, load_model

GEOCLIP_FILE = "model/weights/location_encoder_weights.pth"
GEOCLIP_SHA256 = "94b80ae3af89fca78539e129dd2929d321247f5ceeeb0a31bc2c31041a253394"  # pragma: allowlist secret
SATCLIP_SOURCE = "name a SatCLIP checkpoint, such as satclip-resnet50-l40.ckpt of microsoft/SatCLIP-ResNet50-L40"


def load_geoclip(checkpoint: str = "") -> GeoClip:
    """GeoCLIP's location encoder, from the installed package or from its weights file. Raises InputError."""
    path = Path(checkpoint) if checkpoint else _installed_geoclip()
    if not path.is_file():
        raise InputError("CHECKPOINT", f"'{path}' isn't there", "give the path of location_encoder_weights.pth")
    if file_sha256(path) != GEOCLIP_SHA256:
        raise InputError("CHECKPOINT" if checkpoint else "ENCODER", f"'{path.name}' isn't the weights file of "
                         "GeoCLIP's location encoder", "install the package anew: pip install --no-deps geoclip")
    encoder = GeoClip()
    encoder.load_state_dict(load_checkpoint(str(path), "CHECKPOINT"))
    return encoder.eval()


def file_sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _installed_geoclip() -> Path:
    spec = importlib.util.find_spec("geoclip")  # finds it without running its code
    if spec is None or spec.origin is None:
        raise InputError("ENCODER", "the package geoclip, which brings GeoCLIP's weights, isn't installed",
                         "install it beside the other libraries: pip install --no-deps geoclip")
    return Path(spec.origin).parent / GEOCLIP_FILE


def load_satclip(checkpoint: str) -> HarmonicsSiren:
    """SatCLIP's location encoder in double precision; sizes are read from the file. Raises InputError."""
    if not checkpoint:
        raise InputError("CHECKPOINT", "SatCLIP's weights aren't part of the plugin", SATCLIP_SOURCE)
    content = load_checkpoint(checkpoint, "CHECKPOINT")
    if not isinstance(content, dict) or not {"hyper_parameters", "state_dict"} <= content.keys():
        raise InputError("CHECKPOINT", f"'{Path(checkpoint).name}' isn't a SatCLIP checkpoint", SATCLIP_SOURCE)
    sizes, state = content["hyper_parameters"], content["state_dict"]
    try:
        weights = {name[name.index("nnet.") + len("nnet."):]: values for name, values in state.items()
                   if "nnet." in name}
        kinds = sizes["le_type"], sizes["pe_type"]
        encoder = HarmonicsSiren(int(sizes["legendre_polys"]),
                                 [int(sizes["capacity"])] * int(sizes["num_hidden_layers"]), int(sizes["embed_dim"]),
                                 sizes.get("harmonics_calculation", "analytic") == "analytic")
    except KeyError as error:
        raise InputError("CHECKPOINT", f"'{Path(checkpoint).name}' doesn't say its {error.args[0]}",
                         SATCLIP_SOURCE) from error
    except (TypeError, ValueError, ArithmeticError, AttributeError, MemoryError, RuntimeError) as error:
        raise InputError("CHECKPOINT", f"'{Path(checkpoint).name}' isn't a SatCLIP checkpoint",
                         SATCLIP_SOURCE) from error
    if kinds != ("sphericalharmonics", "siren"):
        raise InputError("CHECKPOINT", f"'{Path(checkpoint).name}' is made of {kinds[0]} and {kinds[1]}",
                         "choose one of spherical harmonics and siren")
    return _filled(encoder, weights, checkpoint).double()


def load_harmonics_siren(checkpoint: str) -> HarmonicsSiren:
    """The location branch of a PM2.5 model that was trained with harmonics_siren. Raises InputError."""
    if not checkpoint:
        raise InputError("CHECKPOINT", "harmonics_siren has no weights before it was trained",
                         "name a model of 'Train PM2.5' with GEOLOCATION harmonics_siren")
    model = load_model(checkpoint, "pm25", "CHECKPOINT")
    prefix = "network.0.location."
    weights = {name[len(prefix):]: torch.from_numpy(values) for name, values in model.weights.items()
               if name.startswith(prefix)}
    if not weights:
        raise InputError("CHECKPOINT", f"'{Path(checkpoint).name}' was trained without harmonics_siren",
                         "choose a model of 'Train PM2.5' with GEOLOCATION harmonics_siren")
    hidden = [len(weights[name]) for name in sorted(weights) if name.startswith("layers.") and name.endswith("bias")]
    degrees = round(weights["layers.0.weight"].shape[1] ** 0.5)
    encoder = HarmonicsSiren(degrees, hidden, len(weights["last_layer.bias"]), analytic=False)
    return _filled(encoder, weights, checkpoint)


def _filled(encoder: HarmonicsSiren, weights: Mapping[str, Any], checkpoint: str) -> HarmonicsSiren:
    try:
        encoder.load_state_dict(weights)
    except (RuntimeError, TypeError) as error:
        raise InputError("CHECKPOINT", f"the weights in '{Path(checkpoint).name}' don't have the sizes that it says",
                         "download or train it again") from error
    return encoder.eval()
