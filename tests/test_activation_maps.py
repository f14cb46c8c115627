"""Neural activation maps: which parts of street views raise a neuron, and what can't be mapped."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from nocturne.algorithms.districts.activation_maps import NEURONS, PICTURES, StreetPictures, patch_maps, usual_tokens
from nocturne.algorithms.districts.district_inputs import fit_scaler
from nocturne.algorithms.districts.explain_region import ExplainedRegion, explain_region
from nocturne.algorithms.districts.explanation import Question, neuron_slopes
from nocturne.algorithms.districts.network import Batch, region_graph
from nocturne.algorithms.districts.pictures import View
from nocturne.algorithms.districts.region_models import RegionModel
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.street_views import load_encoder
from nocturne.algorithms.districts.training import fit_semigtx
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.districts import simulate_districts
from nocturne.algorithms.simulation.street_pictures import draw_any_street, write_picture
from nocturne.benchmarks.district_tables import simulated_region
from nocturne.models.semigtx import Graph, district_mean
from nocturne.tests.heard import Heard

UNITS = 24
CPU = Resources(threads=1, device="cpu")


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("")


@pytest.fixture(scope="module")
def pictures(encoder):
    numbers = np.random.default_rng(3)
    return np.stack([draw_any_street(encoder.shape.image, numbers) for _ in range(UNITS)]).transpose(0, 3, 1, 2)


@pytest.fixture(scope="module")
def vectors(encoder, pictures):
    with torch.inference_mode():
        return encoder.vectors(torch.from_numpy(pictures)).numpy()


@pytest.fixture(scope="module")
def given(tmp_path_factory, pictures):
    folder = tmp_path_factory.mktemp("streets")
    for number, picture in enumerate(pictures):
        write_picture(str(folder / f"{number}.png"), picture.transpose(1, 2, 0))
    table = FeatureTable("IMAGES", {"unit": np.array([str(number) for number in range(UNITS)], dtype=object)},
                         {"unit": "text"})
    views = [View(Path(folder / f"{number}.png"), row=number) for number in range(UNITS)]
    return StreetPictures(views, table, str(folder), "unit", "")


@pytest.fixture(scope="module")
def region(vectors):
    """6 districts of 4 units with a picture each."""
    random = np.random.default_rng(0)
    whole = simulated_region(simulate_districts(1))
    district = np.repeat(np.arange(6), 4)
    names = ("place_a", *(f"view_{number + 1}" for number in range(vectors.shape[1])))
    units = replace(whole.units, names=tuple(map(str, range(UNITS))))
    return replace(whole, units=units, districts=tuple("abcdef"), district=district, names=names,
                   features=np.column_stack((random.gamma(2, 1, UNITS), vectors)), targets=("gdp",),
                   flows=sp.csr_matrix(random.poisson(0.5, (UNITS, UNITS)) * (1 - np.eye(UNITS))),
                   totals=random.gamma(2, 1, (6, 1)))


@pytest.fixture(scope="module")
def model(region):
    fitted = fit_semigtx(region.features, region.flows, region.totals, region.district,
                         SemiGtxSettings(epochs=2, profiles=False))
    nothing = np.full(len(region.names), np.nan)
    return RegionModel(fitted, region.names, nothing, nothing, region.targets, np.ones(1))


def explained(region, model, given, district="", progress=None) -> ExplainedRegion:
    return explain_region(region, model, district, given, CPU, progress or Progress())


def graph_of(region, model) -> Graph:
    return region_graph(model.fitted.scaler.scale(region.features), region.flows, 0, Progress())


def test_the_encoder_can_be_stopped_before_its_last_block(encoder, pictures, vectors):
    with torch.no_grad():
        again = encoder.vectors_of(encoder.before_last(torch.from_numpy(pictures))).numpy()
    np.testing.assert_allclose(again, vectors, atol=1e-4)


def test_painting_over_what_the_map_shows_lowers_the_neuron_most(encoder, pictures, vectors):
    """The directions are the views' first three principal components."""
    directions = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[2][:3]
    usual, side, count = usual_tokens(encoder, pictures), encoder.shape.patch, encoder.shape.grid**2 // 5
    mean = pictures.mean(axis=0).astype(np.uint8)
    for direction in directions:
        maps = patch_maps(encoder, pictures, np.repeat(direction[None], UNITS, axis=0), usual)
        assert (maps >= 0).all()
        order = maps.reshape(UNITS, -1).argsort(axis=1, kind="stable")
        lost = []
        for patches in (order[:, -count:], order[:, :count]):
            painted = pictures.copy()
            for picture, places in zip(painted, patches):
                for row, column in zip(*np.divmod(places, encoder.shape.grid)):
                    box = np.s_[:, row * side:(row + 1) * side, column * side:(column + 1) * side]
                    picture[box] = mean[box]
            with torch.inference_mode():
                lost.append(((vectors - encoder.vectors(torch.from_numpy(painted)).numpy()) @ direction).mean())
        assert lost[0] > lost[1] + 0.1 * (vectors @ direction).std()


def test_slopes_of_scaled_columns_and_of_neurons_are_derivatives(region, model):
    features = np.random.default_rng(1).gamma(0.05, 1, (50, 3))
    scaler, step = fit_scaler(features), 1e-6
    assert (scaler.logs > 0).any()
    np.testing.assert_allclose((scaler.scale(features + step) - scaler.scale(features)) / step,
                               scaler.slopes(features), rtol=1e-2)
    network, asked = model.fitted.network.double(), torch.arange(UNITS) < 8
    question = Question(model.fitted.scale, torch.arange(UNITS) // 4, torch.arange(6) < 2, by_units=True)
    graph = graph_of(region, model)
    graph = replace(graph, **{name: value.double() for name, value in vars(graph).items()
                              if value.is_floating_point()})
    slopes = neuron_slopes(network, [Batch(torch.arange(6), torch.arange(UNITS), graph, question.district)], 0, 3,
                           question)
    moved = graph.features.clone()
    moved[5, 2] += 1e-4

    def neuron(features):
        with torch.no_grad():
            return float(network.heads[0][:3](network(replace(graph, features=features)))[asked, 3].sum())

    assert (neuron(moved) - neuron(graph.features)) / 1e-4 == pytest.approx(slopes[5, 2], rel=0.02, abs=1e-6)
    network.float()


def test_the_views_that_raise_a_neuron_most_are_mapped(region, model, given):
    heard = Heard()
    found = explained(region, model, given, progress=heard)
    assert len(found.maps) == NEURONS
    assert found.maps[0].pictures.shape == (PICTURES, 128, 128, 3)
    assert found.maps[0].maps.shape == (PICTURES, 8, 8)
    assert len({caption.split(":")[0] for caption in found.maps[0].captions}) == PICTURES, "one picture of each unit"
    assert found.maps[0].maps.max() > 0
    assert not heard.warnings
    only = explained(region, model, given, "b").maps
    assert {caption.split(":")[0] for caption in only[0].captions} == {"4", "5", "6", "7"}
    assert not explained(region, model, None).maps


def test_the_views_of_a_network_that_reads_districts_are_mapped(region, given):
    fitted = fit_semigtx(region.features, region.flows, region.totals, region.district,
                         SemiGtxSettings(epochs=2, configuration="published", readout="district-embedding"))
    nothing = np.full(len(region.names), np.nan)
    model = RegionModel(fitted, region.names, nothing, nothing, region.targets, np.ones(1))
    found = explained(region, model, given, "b")
    assert found.rows == "district"
    assert {caption.split(":")[0] for caption in found.maps[0].captions} == {"4", "5", "6", "7"}
    estimate = fitted.estimate(region.features, region.flows, region.district).districts[1, 0]
    graph = graph_of(region, model)
    average = replace(graph, features=graph.features.mean(dim=0).expand_as(graph.features))
    with torch.no_grad():
        means = district_mean(fitted.network(average), torch.arange(UNITS) // 4, 6)
        usual = fitted.scale.totals(fitted.network.read_heads(means).numpy().astype(float), np.full(6, 4.0))[1, 0]
    assert found.by_district(0).sum() == pytest.approx(estimate - usual, rel=0.02, abs=1e-6)


def test_other_vectors_are_said(region, model, given):
    features = region.features.copy()
    features[:4, 1:] *= -1
    heard = Heard()
    explained(replace(region, features=features), model, given, progress=heard)
    assert heard.warnings[0].startswith("4 of 24 units have other vectors of street views")


def test_another_encoder_and_pictures_elsewhere_are_refused(region, model, given):
    fewer = replace(model, names=tuple(name.replace("view_7", "seen_7") for name in model.names))
    renamed = replace(region, names=fewer.names)
    with pytest.raises(InputError, match="its vectors have 192 numbers and the model reads 181 of street views"):
        explained(renamed, fewer, given)
    elsewhere = replace(given.table, columns={"unit": np.array(["x"] * UNITS, dtype=object)})
    with pytest.raises(InputError, match="none of 24 pictures lies in a unit that is explained"):
        explained(region, model, replace(given, table=elsewhere))
