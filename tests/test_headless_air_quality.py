"""The air-quality algorithms through the real qgis_process."""
from __future__ import annotations

import csv
import importlib.util
import json

import numpy as np
import pytest
import torch

PLACES = {"Shanghai": (121.4737, 31.2304), "New York": (-74.0060, 40.7128), "Null Island": (0, 0)}


class Trap:
    def __reduce__(self):
        return print, ("code was run",)


@pytest.fixture
def places(tmp_path):
    features = [{"type": "Feature", "properties": {"name": name, "sites": index},
                 "geometry": {"type": "Point", "coordinates": place}}
                for index, (name, place) in enumerate(PLACES.items())]
    path = tmp_path / "places.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(importlib.util.find_spec("geoclip") is None, reason="geoclip isn't installed")
def test_geoclip_features_are_those_of_the_package(qgis_process, places, tmp_path):
    run = qgis_process("nocturne:encodelocations", INPUT=places, STANDARDISE="false", OUTPUT=tmp_path / "out.csv")
    assert run.code == 0, run.stderr
    assert run.results["FEATURE_COUNT"] == 512
    found = rows(tmp_path / "out.csv")
    assert [row["name"] for row in found] == list(PLACES)
    np.testing.assert_allclose([float(found[0][f"loc_{number}"]) for number in (1, 2, 3)],
                               [-0.015502, 0.012092, 0.004841], atol=5e-5)
    assert json.loads((tmp_path / "out.csv.nocturne.json").read_text())["algorithm"] == "nocturne:encodelocations"


def test_a_selection_of_components_is_written_to_a_layer(qgis_process, places, tmp_path):
    run = qgis_process("nocturne:encodelocations", INPUT=places, ENCODER="cyclic", COMPONENTS=2, DEVICE="cpu",
                       OUTPUT=tmp_path / "out.gpkg")
    assert run.code == 0, run.stderr
    assert run.results["FEATURE_COUNT"] == 2
    assert (tmp_path / "out.gpkg").exists()


@pytest.mark.parametrize(("parameters", "sentence"), [
    ({"ENCODER": "satclip"}, "CHECKPOINT: SatCLIP's weights aren't part of the plugin; name a SatCLIP checkpoint"),
    ({"ENCODER": "cyclic", "DEVICE": "cuda:99"}, "DEVICE: 'cuda:99' can't be used"),
    ({"ENCODER": "cyclic", "COMPONENTS": 9}, "COMPONENTS: 9 were asked for, 3 different places have 4 features"),
    ({"ENCODER": "geoclip", "CHECKPOINT": "places.geojson"}, "CHECKPOINT: 'places.geojson' isn't the weights file"),
    ({"ENCODER": "satclip", "CHECKPOINT": "places.geojson"}, "CHECKPOINT: 'places.geojson' isn't a file of weights"),
    ({"ENCODER": "satclip", "CHECKPOINT": "code.ckpt"}, "or has code in it"),
])
def test_what_cannot_be_encoded_is_said_in_one_sentence(qgis_process, places, tmp_path, parameters, sentence):
    torch.save({"hyper_parameters": Trap(), "state_dict": {}}, places.with_name("code.ckpt"))
    given = {name: places.with_name(value) if name == "CHECKPOINT" else value for name, value in parameters.items()}
    run = qgis_process("nocturne:encodelocations", INPUT=places, OUTPUT=tmp_path / "out.gpkg", **given)
    assert run.code == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert "code was run" not in run.stdout + run.stderr
    assert not list(tmp_path.glob("out*"))
