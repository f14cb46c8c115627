"""Street views: decoding, panoramas, positions, the encoder, SAM's names, training and the bundled weights."""
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from nocturne.algorithms.districts.pictures import (
    HEADINGS,
    UnusablePicture,
    View,
    cut_panorama,
    is_panorama,
    position,
    read_view,
)
from nocturne.algorithms.districts.settings import ViewTrainingSettings
from nocturne.algorithms.districts.street_view_report import write_report
from nocturne.algorithms.districts.street_view_training import save_encoder, train_on_pictures, view_shape
from nocturne.algorithms.districts.street_views import encode_views, list_views, load_encoder
from nocturne.algorithms.districts.view_table import view_table
from nocturne.algorithms.errors import Cancelled, InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.street_pictures import Street, draw_any_street, draw_street
from nocturne.models.registry import bundled_path
from nocturne.models.street_view_encoder import (
    PUBLISHED,
    StreetViewAutoencoder,
    StreetViewEncoder,
    ViewShape,
    load_sam,
    similarity,
)
from nocturne.tests.conftest import ROOT
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

PHOTOGRAPHS = ROOT / ".." / "shared" / "data" / "street-view-opensfm"
CPU = Resources(threads=1, device="cpu")
TINY = ViewShape(image=32, patch=16, width=48, depth=2, heads=6)
SHORT = {"epochs": 2, "batches": 2, "batch_size": 4, "image_size": 32}


def drawn(count, side=48, seed=1):
    numbers = np.random.default_rng(seed)
    return [draw_any_street(side, numbers) for _ in range(count)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six pictures of different kinds and five that can't be used."""
    place = tmp_path_factory.mktemp("pictures")
    picture = Image.fromarray(drawn(1)[0])
    picture.save(place / "plain.jpg")
    picture.convert("L").save(place / "grey.png")
    picture.convert("CMYK").save(place / "cmyk.jpg")
    Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(place / "deep.png")
    Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(place / "deep.tif")
    picture.convert("RGBA").save(place / "alpha.png")
    picture.resize((8, 8)).save(place / "small.png")
    (place / "cut.jpg").write_bytes((place / "plain.jpg").read_bytes()[:700])
    (place / "text.jpg").write_text("no picture")
    (place / "empty.jpg").write_bytes(b"")
    (place / "notes.txt").write_text("not looked at")
    return place


@pytest.mark.parametrize("name", ["plain.jpg", "grey.png", "cmyk.jpg", "deep.png", "deep.tif", "alpha.png"])
def test_pictures_of_all_kinds_become_colours(folder, name):
    picture = read_view(View(folder / name), 32)
    assert (picture.shape, picture.dtype) == ((32, 32, 3), np.uint8)
    plain = np.asarray(Image.open(folder / "plain.jpg").resize((32, 32), Image.BILINEAR)).astype(float)
    wanted = plain if name in ("plain.jpg", "cmyk.jpg", "alpha.png") else plain.mean(axis=2, keepdims=True)
    assert np.abs(picture - wanted).mean() < 12


@pytest.mark.parametrize(("name", "reason"), [("small.png", "only 8 x 8"), ("cut.jpg", "damaged"),
                                              ("text.jpg", "not a picture"), ("empty.jpg", "not a picture"),
                                              ("missing.jpg", "no such file")])
def test_what_is_no_picture_is_named(folder, name, reason):
    with pytest.raises(UnusablePicture, match=reason):
        read_view(View(folder / name), 32)


def test_the_camera_s_rotation_is_undone_and_its_position_read(tmp_path):
    turned = np.zeros((40, 60, 3), np.uint8)
    turned[:, :30] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is on the picture's right
    exif[0x8825] = {1: "S", 2: (IFDRational(33), IFDRational(30), IFDRational(36)),
                    3: "E", 4: (IFDRational(151), IFDRational(12), IFDRational(0))}
    Image.fromarray(turned).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    seen = read_view(View(tmp_path / "turned.jpg"), 32)
    assert seen[:12].mean() > 200 > 50 > seen[-12:].mean()
    assert position(tmp_path / "turned.jpg") == pytest.approx((151.2, -33.51))
    Image.fromarray(turned).save(tmp_path / "bare.jpg")
    assert position(tmp_path / "bare.jpg") is None


def test_panoramas_are_cut_into_four_headings(tmp_path):
    around = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    panorama = np.repeat((127 + 120 * np.cos(around[None, :, None] - np.array([0, np.pi / 2, np.pi]))), 200, axis=0)
    panorama = panorama.astype(np.uint8)  # colours tell where one looks
    Image.fromarray(panorama).save(tmp_path / "around.png")
    assert is_panorama(tmp_path / "around.png")
    views = list_views(str(tmp_path), None, "", "", "auto")
    assert [view.heading for view in views] == list(HEADINGS)
    for view in views:
        middle = read_view(view, 33)[16, 16].astype(float)
        column = int(((view.heading / 360 + 0.5) % 1) * 400)
        assert middle == pytest.approx(panorama[100, column].astype(float), abs=4)
    assert len(list_views(str(tmp_path), None, "", "", "no")) == 1


def test_a_cut_view_spans_ninety_degrees():
    panorama = np.zeros((180, 360, 3), np.uint8)
    panorama[:, 140:220] = 255  # 40 degrees to both sides of the middle
    view = cut_panorama(panorama, 0, 101)[50, :, 0] > 127
    assert view.sum() / 101 == pytest.approx(np.tan(np.radians(40)), abs=0.03)


def test_the_similarity_is_that_of_its_definition():
    """Against a direct sum over windows."""
    numbers = np.random.default_rng(1)
    first, second = numbers.uniform(size=(2, 16, 16))
    steps = np.arange(11) - 5
    window = np.exp(-(steps[:, None]**2 + steps**2) / 4.5)
    window /= window.sum()
    values = []
    for row in range(6):
        for column in range(6):
            a, b = (each[row:row + 11, column:column + 11] for each in (first, second))
            m, n = (window * a).sum(), (window * b).sum()
            s, t, c = (window * a * a).sum() - m * m, (window * b * b).sum() - n * n, (window * a * b).sum() - m * n
            values.append((2 * m * n + 1e-4) * (2 * c + 9e-4) / ((m * m + n * n + 1e-4) * (s + t + 9e-4)))
    found = similarity(*(torch.tensor(each)[None, None].double() for each in (first, second)))
    assert float(found) == pytest.approx(np.mean(values), rel=1e-5)
    assert float(similarity(torch.ones(1, 3, 20, 20), torch.ones(1, 3, 20, 20))) == pytest.approx(1)


def test_the_published_encoder_has_the_published_sizes():
    encoder = StreetViewEncoder(PUBLISHED)
    assert sum(each.numel() for each in encoder.blocks.parameters()) == pytest.approx(85.1e6, rel=0.01)
    assert encoder.blocks.layers[0].linear1.out_features == 3072
    both = StreetViewAutoencoder(TINY)
    assert len(both.decoder.blocks.layers) == 4
    assert both.decoder.blocks.layers[0].self_attn.num_heads == 6
    assert both(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)).shape == (2, 3, 32, 32)


def test_painted_patches_stand_where_they_were():
    """A decoder that returns its patches paints the picture itself."""
    both = StreetViewAutoencoder(ViewShape(image=32, patch=16, width=768, depth=1, heads=6))
    both.decoder.blocks = torch.nn.Identity()
    torch.nn.init.zeros_(both.decoder.position)
    both.decoder.paint = torch.nn.Identity()
    picture = torch.rand(1, 3, 32, 32)
    patches = torch.nn.functional.unfold(picture, 16, stride=16).transpose(1, 2)
    painted = both.decoder(torch.cat((torch.zeros(1, 1, 768), patches), dim=1))
    assert torch.equal(painted, picture)


def sam_names(width, depth, grid=64, hidden=None):
    """Names and sizes of SAM's image encoder, with numbers of our own."""
    torch.manual_seed(1)
    sizes = {"pos_embed": (1, grid, grid, width), "patch_embed.proj.weight": (width, 3, 16, 16),
             "patch_embed.proj.bias": (width,), "neck.0.weight": (256, width, 1, 1), "neck.1.weight": (256,),
             "neck.1.bias": (256,), "neck.2.weight": (256, 256, 3, 3), "neck.3.weight": (256,), "neck.3.bias": (256,)}
    for block in range(depth):
        sizes.update({f"blocks.{block}.{name}": size for name, size in {
            "norm1.weight": (width,), "norm1.bias": (width,), "attn.rel_pos_h": (27, 64), "attn.rel_pos_w": (27, 64),
            "attn.qkv.weight": (3 * width, width), "attn.qkv.bias": (3 * width,), "attn.proj.weight": (width, width),
            "attn.proj.bias": (width,), "norm2.weight": (width,), "norm2.bias": (width,),
            "mlp.lin1.weight": (4 * width, width), "mlp.lin1.bias": (4 * width,),
            "mlp.lin2.weight": (width, 4 * width), "mlp.lin2.bias": (width,)}.items()})
    state = {f"image_encoder.{name}": torch.randn(size) for name, size in sizes.items()}
    return {**state, "prompt_encoder.no_mask_embed.weight": torch.zeros(1, 256)}


def test_sam_s_weights_are_taken_by_their_names():
    encoder, sam = StreetViewEncoder(TINY), sam_names(48, 2)
    said = load_sam(encoder, sam)
    block = encoder.blocks.layers[1]
    tokens = torch.randn(1, 5, 48)
    with torch.inference_mode():
        ours = block._sa_block(tokens, None, None)
        joint = tokens @ sam["image_encoder.blocks.1.attn.qkv.weight"].T + sam["image_encoder.blocks.1.attn.qkv.bias"]
        query, key, value = joint.reshape(1, 5, 3, 6, 8).permute(2, 0, 3, 1, 4)
        mixed = torch.softmax(query @ key.transpose(-1, -2) / 8**0.5, dim=-1) @ value
        theirs = (mixed.transpose(1, 2).reshape(1, 5, 48) @ sam["image_encoder.blocks.1.attn.proj.weight"].T
                  + sam["image_encoder.blocks.1.attn.proj.bias"])
    assert torch.allclose(ours, theirs, atol=1e-3)
    assert torch.equal(encoder.patches.weight, sam["image_encoder.patch_embed.proj.weight"])
    assert encoder.position.shape == (1, 5, 48)
    assert "26 tensors" in said
    assert "from 64 x 64 to 2 x 2; left out: 4 of relative positions, 6 of the neck, 1 others" in said


@pytest.mark.parametrize(("change", "phrase"), [
    (lambda sam: sam.pop("image_encoder.blocks.1.mlp.lin1.weight"), "it has no 'image_encoder.blocks.1.mlp.lin1"),
    (lambda sam: sam.pop("image_encoder.pos_embed"), "it has no 'image_encoder.pos_embed'"),
    (lambda sam: sam.update({"image_encoder.patch_embed.proj.weight": torch.zeros(64, 3, 16, 16)}),
     "has the shape \\(64, 3, 16, 16\\) instead of \\(48, 3, 16, 16\\)")])
def test_other_checkpoints_are_refused(change, phrase):
    sam = sam_names(48, 2)
    change(sam)
    with pytest.raises(InputError, match=phrase):
        load_sam(StreetViewEncoder(TINY), sam)


def test_training_makes_painting_better_and_repeats_bit_for_bit(tmp_path):
    pictures = np.stack(drawn(30, 32)).transpose(0, 3, 1, 2)
    settings = ViewTrainingSettings(epochs=8, batches=6, batch_size=8, image_size=32, rate=2e-3)
    trained = train_on_pictures(pictures, settings, "", CPU, Progress())
    assert trained.loss[-1] < 0.75 * trained.loss[0]
    assert (trained.trained, trained.others) == (12, 18)
    assert trained.similarity_unseen > 0.25
    assert trained.similarity_first > 0.1
    write_report(str(tmp_path / "report.html"), trained)
    assert "It knows no economy" in (tmp_path / "report.html").read_text("utf-8")
    save_encoder(str(tmp_path / "model.json"), trained, "model")
    again = load_encoder(str(tmp_path / "model.json"))
    with torch.inference_mode():
        tokens = [each.vectors(torch.from_numpy(pictures[:3])) for each in (trained.encoder.eval(), again)]
    assert torch.equal(*tokens)
    short = ViewTrainingSettings(**SHORT)
    first, second = (train_on_pictures(pictures, short, "", CPU, Progress()).encoder.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_training_can_be_stopped():
    class Stopped(Progress):
        def is_cancelled(self):
            return True

    with pytest.raises(Cancelled):
        train_on_pictures(np.zeros((6, 3, 32, 32), np.uint8), ViewTrainingSettings(**SHORT), "", CPU, Stopped())


def test_sizes_are_checked_and_follow_the_configuration():
    assert view_shape(ViewTrainingSettings()).image == 128
    assert asdict(view_shape(ViewTrainingSettings(configuration="published")))["width"] == 768
    with pytest.raises(InputError, match="give a multiple of 16"):
        ViewTrainingSettings(image_size=100)


def test_vectors_stand_beside_the_rows_that_named_the_pictures(folder):
    table = FeatureTable("IMAGES", {"file": np.array(["grey.png", "text.jpg", "plain.jpg"], object),
                                    "towards": np.array([90.0, 10.0, 180.0]),
                                    "unit": np.array(["a", "b", "c"], object)},
                         {"file": "text", "towards": "number", "unit": "text"})
    views = list_views(str(folder), table, "file", "towards", "auto")
    encoded = encode_views(views, StreetViewEncoder(TINY).eval(), CPU, Progress())
    rows, added = view_table(encoded, table, str(folder), Progress())
    assert list(rows.columns["unit"]) == ["a", "c"]
    assert list(added["heading"][1]) == [90, 180]
    assert len([name for name in added if name.startswith("view_")]) == 48
    alone = encode_views(views[:1], StreetViewEncoder(TINY).eval(), CPU, Progress())
    assert alone.vectors.shape == (1, 48)


@pytest.mark.parametrize(("given", "phrase"), [
    ({"folder": ""}, "neither a folder nor IMAGES"), ({"folder": "nowhere"}, "'nowhere' isn't a folder"),
    ({"table": ["x.jpg"], "field": ""}, "PATH_FIELD: no field was named"),
    ({"table": ["x.jpg"]}, "none of 1 files is there")])
def test_missing_pictures_are_named(tmp_path, given, phrase):
    table = FeatureTable("IMAGES", {"p": np.array(given["table"], object)}, {"p": "text"}) if "table" in given else None
    with pytest.raises(InputError, match=phrase):
        list_views(given.get("folder", str(tmp_path)), table, given.get("field", "p"), "", "auto")


def test_streets_of_one_kind_are_more_alike_than_others():
    numbers = np.random.default_rng(1)
    farms, towers = ([draw_street(Street(*kind), 48, numbers).mean(axis=(0, 1)) for _ in range(12)]
                     for kind in ((0.05, 0.1, 0.05), (0.95, 0.1, 0.9)))
    greener = [each[1] - (each[0] + each[2]) / 2 for each in (np.mean(farms, axis=0), np.mean(towers, axis=0))]
    assert greener[0] > greener[1]


def test_the_bundled_encoder_is_small_and_says_what_it_knows():
    card = json.loads(Path(bundled_path("street_view_small")).read_text("utf-8"))
    assert "It knows no economy" in card["warning"]
    assert "BSD-2-Clause" in card["licence"]
    weights = ROOT / "models" / "weights" / "street_view_small.safetensors"
    assert weights.stat().st_size < 5 * 2**20
    encoder = load_encoder("")
    pictures = torch.from_numpy(np.stack(drawn(3, 128)).transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        vectors = encoder.vectors(pictures)
    assert vectors.shape == (3, 192)
    assert torch.isfinite(vectors).all()


@pytest.mark.real_data
@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="shared data street-view-opensfm is not beside the checkout")
def test_photographs_of_one_street_are_more_alike_than_of_two():
    views = list_views(str(PHOTOGRAPHS), None, "", "", "auto")
    encoded = encode_views(views, load_encoder(""), CPU, Progress())
    assert len(encoded.views) == 32
    berlin = np.array(["berlin" in view.path.name for view in encoded.views])
    unit = encoded.vectors - encoded.vectors.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    alike = unit @ unit.T
    assert alike[berlin][:, berlin].mean() > alike[berlin][:, ~berlin].mean()
