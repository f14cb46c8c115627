"""Location encoders against published values and formulas, and layers of places through them."""
from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.air_quality import locations
from nocturne.algorithms.air_quality.locations import encode_layer, encode_places, load_encoder, reduce_features
from nocturne.algorithms.air_quality.settings import LocationSettings
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.models.location_encoders import GeoClip, HarmonicsSiren, cyclic, equal_earth, spherical_harmonics
from nocturne.models.location_weights import load_geoclip, load_satclip
from nocturne.models.registry import save_model
from scipy.special import sph_harm

needs_geoclip = pytest.mark.skipif(importlib.util.find_spec("geoclip") is None, reason="geoclip isn't installed")
# The first eight features and the norm of the published encoder, by latitude and longitude.
GEOCLIP = {
    (40.7128, -74.0060): ((-0.010393, 0.007885, 0.013026, 0.002850, -0.002333, -0.017658, 0.004167, -0.001178),
                          0.22434),
    (31.2304, 121.4737): ((-0.015502, 0.012092, 0.004841, -0.014994, -0.009919, -0.020664, -0.011975, -0.017350),
                          0.34734),
    (0, 0): ((0.004656, 0.000691, 0.007355, -0.001512, -0.022802, 0.011277, 0.001111, -0.015343), 0.39523),
    (51.5074, -0.1278): ((-0.013588, 0.010984, 0.007857, 0.002775, -0.003901, -0.007852, 0.005463, -0.012391), 0.21894),
    (-23.5505, -46.6333): ((-0.008692, 0.006682, 0.012920, -0.010432, 0.018098, -0.018271, 0.000065, -0.005182),
                           0.26962),
    (-33.8688, 151.2093): ((-0.017934, 0.013718, 0.008315, -0.014337, 0.006843, -0.007479, -0.003005, -0.003571),
                           0.27192)}


def encode(name, longitude, latitude, checkpoint=""):
    return encode_places(load_encoder(name, checkpoint), np.array(longitude, float), np.array(latitude, float),
                         Resources(threads=2), Progress())


def layer(*shapes, crs="EPSG:4326"):
    wkb = tuple(None if shape is None else shapely.to_wkb(shape) for shape in shapes)
    return FeatureTable("INPUT", {}, {}, wkb, crs)


@needs_geoclip
def test_geoclip_gives_the_published_features():
    latitude, longitude = np.array(list(GEOCLIP)).T
    features = encode("geoclip", longitude, latitude)
    assert features.shape == (len(GEOCLIP), 512)
    for found, (first, norm) in zip(features, GEOCLIP.values()):
        np.testing.assert_allclose(found[:8], first, atol=5e-5)
        assert np.linalg.norm(found) == pytest.approx(norm, abs=5e-4)


@needs_geoclip
def test_geoclip_swapped_is_another_place():
    assert np.abs(encode("geoclip", [121.4737], [31.2304]) - encode("geoclip", [31.2304], [71.4737])).max() > 0.01


def test_equal_earth_is_the_published_projection():
    x, y = equal_earth(torch.tensor([-74.0060, 121.4737, 0]), torch.tensor([40.7128, 31.2304, 0])).T
    np.testing.assert_allclose(x, [-0.362762, 0.627640, 0], atol=1e-6)
    np.testing.assert_allclose(y, [0.290791, 0.227565, 0], atol=1e-6)


@pytest.mark.parametrize("condon_shortley", [False, True])
def test_harmonics_are_those_of_scipy(condon_shortley):
    numbers = np.random.default_rng(1)
    longitude, latitude = numbers.uniform(-180, 180, 50), numbers.uniform(-90, 90, 50)
    found = spherical_harmonics(torch.tensor(longitude), torch.tensor(latitude), 12, condon_shortley).numpy()
    azimuth, polar = np.radians(longitude + 180), np.radians(latitude + 90)
    for degree in range(12):
        for order in range(-degree, degree + 1):
            value = sph_harm(abs(order), degree, azimuth, polar)  # has the sign (-1)^m
            part = value.real if order >= 0 else value.imag
            expected = part * (1 if order == 0 else math.sqrt(2)) * (1 if condon_shortley else (-1) ** order)
            np.testing.assert_allclose(found[:, degree**2 + degree + order], expected, atol=1e-12)


def test_harmonics_of_degree_40_stay_orthonormal():
    # Gauss-Legendre in latitude and equal steps in longitude integrate products of degree 78 exactly.
    nodes, weights = np.polynomial.legendre.leggauss(60)
    longitude = np.arange(120) * 3.0
    latitude = np.degrees(np.arccos(nodes)) - 90
    x, y = np.meshgrid(longitude, latitude)
    values = spherical_harmonics(torch.tensor(x.ravel()), torch.tensor(y.ravel()), 40).numpy()
    area = np.repeat(weights, 120) * 2 * np.pi / 120
    np.testing.assert_allclose(values.T @ (values * area[:, None]), np.eye(1600), atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90))
def test_harmonics_and_cyclic_have_no_seam(longitude, latitude):
    here = torch.tensor([longitude, longitude + 360], dtype=torch.float64)
    there = torch.tensor([latitude, latitude], dtype=torch.float64)
    for values in (spherical_harmonics(here, there, 8), cyclic(here, there)):
        assert torch.allclose(values[0], values[1], atol=1e-9)


@pytest.fixture
def satclip(tmp_path):
    """A file of the same structure as the released checkpoints, with random weights."""
    torch.manual_seed(3)
    encoder = HarmonicsSiren(10, (64, 64), 32).double()
    path = tmp_path / "satclip-small-l10.ckpt"
    state = {f"model.location.nnet.{name}": values for name, values in encoder.state_dict().items()}
    state["model.visual.conv1.weight"] = torch.zeros(2, 2)
    sizes = {"embed_dim": 32, "legendre_polys": 10, "le_type": "sphericalharmonics", "pe_type": "siren",
             "harmonics_calculation": "analytic", "capacity": 64, "num_hidden_layers": 2, "min_radius": 1}
    torch.save({"epoch": 1, "hyper_parameters": sizes, "state_dict": state}, path)
    return path, encoder, {"hyper_parameters": sizes, "state_dict": state}


def test_satclip_is_read_with_the_sizes_in_the_file(satclip):
    path, encoder, _ = satclip
    longitude, latitude = torch.tensor([121.5, -74.0]).double(), torch.tensor([31.2, 40.7]).double()
    # Written out: SatCLIP's analytic harmonics have a factor of pi at order 0.
    harmonics = spherical_harmonics(longitude, latitude, 10)
    zonal = [degree**2 + degree for degree in range(10)]
    harmonics[:, zonal] *= math.pi
    hidden = harmonics
    for layer_, frequency in zip(encoder.layers, (30, 1)):
        hidden = torch.sin(frequency * (hidden @ layer_.weight.T + layer_.bias))
    expected = hidden @ encoder.last_layer.weight.T + encoder.last_layer.bias
    found = load_satclip(str(path))(longitude, latitude)
    np.testing.assert_allclose(found.detach(), expected.detach(), rtol=1e-12)


class Trap:
    def __reduce__(self):
        return print, ("code was run",)


def test_files_of_another_kind_are_named(satclip, tmp_path, capsys):
    path, _, content = satclip
    cases = {
        "code.ckpt": ({"hyper_parameters": Trap(), "state_dict": {}},
                      "isn't a file of weights alone, or has code in it"),
        "list.ckpt": ([1, 2], "isn't a SatCLIP checkpoint"),
        "sizes.ckpt": ({"hyper_parameters": {"le_type": "wrap"}, "state_dict": {}}, "doesn't say its pe_type"),
        "grid.ckpt": ({**content, "hyper_parameters": {**content["hyper_parameters"], "le_type": "grid"}},
                      "is made of grid and siren"),
        "short.ckpt": ({**content, "hyper_parameters": {**content["hyper_parameters"], "capacity": 65}},
                       "don't have the sizes that it says")}
    for name, (value, sentence) in cases.items():
        torch.save(value, tmp_path / name)
        with pytest.raises(InputError, match="CHECKPOINT: ") as error:
            load_encoder("satclip", str(tmp_path / name))
        assert sentence in str(error.value)
    assert capsys.readouterr().out == ""
    for name, checkpoint, sentence in (
            ("satclip", "", "SatCLIP's weights aren't part of the plugin"),
            ("satclip", str(tmp_path / "none.ckpt"), "can't be read"),
            ("harmonics_siren", "", "has no weights before it was trained"),
            ("geoclip", str(path), "isn't the weights file of GeoCLIP"),
            ("cyclic", str(path), "the encoder 'cyclic' has no weights")):
        with pytest.raises(InputError) as error:
            load_encoder(name, checkpoint)
        assert sentence in str(error.value)


@pytest.mark.parametrize("changes", [
    {"legendre_polys": None}, {"legendre_polys": "many"}, {"legendre_polys": 0}, {"legendre_polys": -3},
    {"legendre_polys": math.inf}, {"legendre_polys": 10**6}, {"capacity": [64, 64]}, {"capacity": 0}, {"embed_dim": -1},
    {"num_hidden_layers": 10**15}, [1], None])
def test_sizes_that_no_encoder_has_are_named(satclip, tmp_path, changes):
    sizes = satclip[2]["hyper_parameters"]
    content = {**satclip[2], "hyper_parameters": {**sizes, **changes} if isinstance(changes, dict) else changes}
    assert_no_satclip(tmp_path / "other.ckpt", content)


@pytest.mark.parametrize("state", [
    [torch.zeros(2)], None, {1: torch.zeros(2)}, {"nnet.layers.0.weight": "x"}, {"nnet.layers.0.weight": None},
    torch.zeros(2), {}])
def test_weights_that_no_encoder_has_are_named(satclip, tmp_path, state):
    assert_no_satclip(tmp_path / "other.ckpt", {**satclip[2], "state_dict": state})


def assert_no_satclip(path, content):
    torch.save(content, path)
    with pytest.raises(InputError, match=r"^CHECKPOINT: .*'other.ckpt' (isn't a SatCLIP|don't have the sizes)"):
        load_encoder("satclip", str(path))


def test_a_trained_siren_comes_out_of_its_model(tmp_path):
    torch.manual_seed(1)
    encoder = HarmonicsSiren(6, (16,), 8, analytic=False)
    weights = {f"network.0.location.{name}": values.numpy() for name, values in encoder.state_dict().items()}
    save_model(str(tmp_path / "pm.safetensors"), "pm25", {}, weights)
    found = encode("harmonics_siren", [10, 20], [5, 6], str(tmp_path / "pm.safetensors"))
    expected = encoder(torch.tensor([10.0, 20]), torch.tensor([5.0, 6])).detach()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_missing_weights_of_geoclip_are_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install --no-deps geoclip"):
        load_geoclip()


def test_each_place_is_encoded_once_and_polygons_by_centroid_or_mean():
    calls = []

    def encoder(longitude, latitude):
        calls.append(len(longitude))
        return torch.stack((longitude, latitude**2), dim=1)

    features = encode_places(encoder, np.array([1.0, 2, 1]), np.array([3.0, 4, 3]), Resources(), Progress())
    assert calls == [2]
    np.testing.assert_array_equal(features, [[1, 9], [2, 16], [1, 9]])
    square, tiny = shapely.box(10, 0, 11, 1), shapely.box(0.011, 0.011, 0.012, 0.012)
    plain = LocationSettings(encoder="degrees", standardise=False)
    found = encode_layer(layer(square, None, tiny), plain, "", Resources(), Progress())
    np.testing.assert_allclose(found[[0, 2]], [[10.5, 0.5], [0.0115, 0.0115]], atol=1e-6)
    assert np.isnan(found[1]).all()
    mean = LocationSettings(encoder="cyclic", standardise=False, area="mean", grid_spacing=0.1)
    found = encode_layer(layer(square, tiny), mean, "", Resources(), Progress())
    assert found[0, 3] == pytest.approx(np.cos(np.radians(10.5)), abs=1e-4)


def test_other_devices_compute_what_the_cpu_does(satclip, monkeypatch):
    """On the CPU in the place of a GPU: everything must be brought there, and the results back."""
    asked = []
    monkeypatch.setattr(locations, "pick_device", lambda wanted, _, double: asked.append((wanted, double)) or "cpu:0")
    table, settings = layer(shapely.Point(10, 20), shapely.Point(-70, 40)), LocationSettings(encoder="satclip")
    one, two = (encode_layer(table, settings, str(satclip[0]), Resources(device=device), Progress())
                for device in ("cpu", "cuda:1"))
    np.testing.assert_array_equal(one, two)
    assert asked == [("cpu", True), ("cuda:1", True)]


@pytest.mark.parametrize("encoder", [GeoClip, HarmonicsSiren])
def test_encoders_compute_where_the_places_are(encoder):
    """The device meta, which has shapes only, takes no tensor of the CPU, as a GPU does."""
    there = encoder().to("meta")
    assert there(*torch.zeros(2, 3, dtype=torch.float64, device="meta")).device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["cyclic", "satclip", pytest.param("geoclip", marks=needs_geoclip)])
def test_a_gpu_encodes_as_the_cpu_does(satclip, name):
    table, plain = layer(shapely.Point(10, 20), shapely.Point(-70, 40)), LocationSettings(name, standardise=False)
    found = [encode_layer(table, plain, str(satclip[0]) if name == "satclip" else "", Resources(device=device),
                          Progress()) for device in ("cpu", "cuda")]
    np.testing.assert_allclose(found[1], found[0], atol=1e-4)


def test_places_in_metres_are_brought_to_degrees():
    degrees = LocationSettings(encoder="degrees", standardise=False)
    found = encode_layer(layer(shapely.Point(500000, 0), crs="EPSG:32651"), degrees, "", Resources(), Progress())
    np.testing.assert_allclose(found, [[123, 0]], atol=1e-5)


@pytest.mark.parametrize(("table", "sentence"), [
    (layer(shapely.Point(10, 91)), "INPUT: a point has the latitude 91"),
    (layer(None), "INPUT: it has no geometry"),
    (layer(shapely.Point(1, 1), crs=""), "INPUT: it has no coordinate reference system"),
])
def test_places_that_cannot_be_are_named(table, sentence):
    with pytest.raises(InputError) as error:
        encode_layer(table, LocationSettings(encoder="degrees"), "", Resources(), Progress())
    assert str(error.value).startswith(sentence)


def test_components_are_uncorrelated_and_keep_their_sign():
    numbers = np.random.default_rng(4)
    values = numbers.normal(size=(60, 5)) @ numbers.normal(size=(5, 5)) + 7
    found = reduce_features(values, LocationSettings(components=3))
    np.testing.assert_allclose(np.cov(found.T), np.diag(np.var(found, axis=0, ddof=1)), atol=1e-9)
    np.testing.assert_allclose(reduce_features(values[::-1].copy(), LocationSettings(components=3))[::-1], found,
                               atol=1e-9)
    standard = reduce_features(values, LocationSettings())
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), 1)
    with pytest.raises(InputError, match="COMPONENTS: 6 were asked for"):
        reduce_features(values, LocationSettings(components=6))
