"""Model files: what is saved comes back, and what isn't a model, or isn't this one any more, is named."""
from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from nocturne.algorithms.errors import InputError
from nocturne.models import registry
from nocturne.models.registry import bundled_models, load_model, save_model

WEIGHTS = {"layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "layer.bias": np.ones(2, dtype=np.float16)}
CARD = {"what": "a test", "inputs": [{"name": "Größe", "low": 0.0, "high": 1.0}], "seed": 1}


@pytest.fixture
def model(tmp_path):
    save_model(str(tmp_path / "small.safetensors"), "gvio", CARD, WEIGHTS)
    return tmp_path / "small.json"


@pytest.mark.parametrize("ending", [".json", ".safetensors"])
def test_a_model_comes_back_by_either_file(model, ending):
    found = load_model(str(model.with_suffix(ending)), "gvio")
    assert found.name == "small"
    assert found.card["inputs"] == CARD["inputs"]
    assert {name: values.dtype for name, values in found.weights.items()} == dict.fromkeys(WEIGHTS, np.float32)
    np.testing.assert_array_equal(found.weights["layer.weight"], WEIGHTS["layer.weight"])


def test_the_same_model_has_the_same_bytes(model, tmp_path):
    save_model(str(tmp_path / "again.json"), "gvio", CARD, WEIGHTS)
    assert (tmp_path / "again.json").read_bytes() == model.read_bytes()
    assert (tmp_path / "again.safetensors").read_bytes() == model.with_suffix(".safetensors").read_bytes()


def _edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(("break_it", "sentence"), [
    (lambda path: path.unlink(), "'small.json' can't be read (No such file or directory)"),
    (lambda path: path.write_bytes(b"\x80\x04 no text"), "'small.json' isn't a model"),
    (lambda path: path.write_text("[1, 2]"), "'small.json' isn't a model"),
    (lambda path: path.write_text('{"a": 1}'), "'small.json' isn't a model"),
    (lambda path: _edit(path, nocturne_model="pm25"), "'small.json' is a model of the kind 'pm25'"),
    (lambda path: _edit(path, seed=2), "'small.json' was changed after it was written"),
    (lambda path: path.with_suffix(".safetensors").unlink(), "'small.safetensors' can't be read"),
    (lambda path: path.with_suffix(".safetensors").write_bytes(b"other"), "'small.safetensors' doesn't belong to"),
])
def test_what_cannot_be_used_is_named(model, break_it, sentence):
    break_it(model)
    with pytest.raises(InputError) as error:
        load_model(str(model), "gvio")
    assert str(error.value).startswith(f"MODEL: {sentence}")


def test_a_tree_model_is_a_card_alone(tmp_path):
    save_model(str(tmp_path / "tree.json"), "cbd_trees", {"trees": {"leaf": "cbd"}})
    assert [path.name for path in tmp_path.iterdir()] == ["tree.json"]
    assert load_model(str(tmp_path / "tree.json"), "cbd_trees").weights == {}


def test_bundled_models_are_listed_with_their_size(model, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "WEIGHTS", tmp_path)
    shutil.copy(model, tmp_path / "other.json")
    alone, weights = model.stat().st_size, model.with_suffix(".safetensors").stat().st_size
    assert [(card.name, card.size) for card in bundled_models()] == [("other", alone), ("small", alone + weights)]


def test_every_bundled_model_can_be_loaded():
    for card in bundled_models():
        assert load_model(registry.bundled_path(card.name), card.content["nocturne_model"]).card["what"]
