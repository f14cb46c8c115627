"""A fitted model on the layers of a region: its units, what its network counts for, and what it refuses."""
from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import shapely
from nocturne.algorithms.districts import network
from nocturne.algorithms.districts.explain_region import explain_region
from nocturne.algorithms.districts.explanation_report import _categories, write_report
from nocturne.algorithms.districts.judge_semigtx import region_rounds
from nocturne.algorithms.districts.map_economy import map_economy
from nocturne.algorithms.districts.region_layers import GraphFields, Region, check_trainable, read_region
from nocturne.algorithms.districts.region_models import RegionModel, read_region_model, save_region_model
from nocturne.algorithms.districts.settings import (
    MapEconomySettings,
    SemiGtxSettings,
    SplitSettings,
    TrainSemiGtxSettings,
)
from nocturne.algorithms.districts.train_semigtx import train_region
from nocturne.algorithms.districts.train_semigtx_report import metrics
from nocturne.algorithms.districts.train_semigtx_report import write_report as train_report
from nocturne.algorithms.districts.training import fit_semigtx
from nocturne.algorithms.districts.unit_shares import unit_spacing
from nocturne.algorithms.districts.units import Units
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.feature_tables import FeatureTable
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.heard import Heard
from rasterio.crs import CRS

pytestmark = pytest.mark.usefixtures("one_thread")

UNITS, DISTRICTS = 48, 12
CPU = Resources(threads=1, device="cpu")
QUICK = SemiGtxSettings(epochs=3)


@pytest.fixture(scope="module")
def region() -> Region:
    """12 districts of 4 square units, whose totals follow a feature and the flows."""
    random = np.random.default_rng(5)
    district = np.repeat(np.arange(DISTRICTS), 4)
    west, south = 113 + 0.1 * (np.arange(UNITS) % 8), 22 + 0.1 * (np.arange(UNITS) // 8)
    shapes = shapely.box(west, south, west + 0.1, south + 0.1)
    size = random.gamma(2, 1, UNITS)
    names = tuple(f"u{number}" for number in range(UNITS))
    flows = random.poisson(np.outer(np.ones(UNITS), size)) * (1 - np.eye(UNITS))
    units = Units(names, tuple(f"d{number:02}" for number in district), ("",) * UNITS, shapes, CRS.from_epsg(4326),
                  FeatureTable("NODES", {}, {}))
    return Region(units, tuple(f"d{number:02}" for number in range(DISTRICTS)), district, (), None, ("place_a",),
                  random.poisson(9 * size)[:, None].astype(float), sp.csr_matrix(flows), ("gdp",),
                  np.bincount(district, size)[:, None], shapes)


def trained(region: Region, settings: SemiGtxSettings) -> RegionModel:
    fitted = fit_semigtx(region.features, region.flows, region.totals, region.district, settings,
                         spacing=unit_spacing(region.centres))
    nothing = np.full(len(region.names), np.nan)
    return RegionModel(fitted, region.names, nothing, nothing, region.targets, np.ones(1), region.units.names)


def mapped(region: Region, model: RegionModel) -> tuple[np.ndarray, dict[str, float]]:
    found = map_economy(region, model, MapEconomySettings(), CPU, Progress())
    return found.estimates.districts, dict(zip(found.region.units.names, found.estimates.units[:, 0]))


@pytest.mark.parametrize("settings", [SemiGtxSettings(network=False), QUICK])
def test_rows_in_another_order_give_the_same_map(region, tmp_path, settings):
    save_region_model(str(tmp_path / "model.json"), trained(region, settings), {})
    model = read_region_model(str(tmp_path / "model.json"))
    model = replace(model, fitted=replace(model.fitted, shares=np.full(1, 0.5 * settings.network)))
    order = np.random.default_rng(0).permutation(UNITS)
    districts, units = mapped(region, model)
    again, moved = mapped(region.take(order), model)
    np.testing.assert_array_equal(again, districts)
    assert moved == units


def test_other_units_are_refused(region):
    model = trained(region, SemiGtxSettings(network=False))
    renamed = replace(region, units=replace(region.units, names=("new", *region.units.names[1:])))
    with pytest.raises(InputError, match=r"NODES: 2 units differ .* NODES has 'new'"):
        mapped(renamed, model)
    with pytest.raises(InputError, match=r"MODEL: .* doesn't name their units"):
        mapped(region, replace(model, units=()))


def test_an_explanation_follows_units_in_another_order(region):
    model, order = trained(region, QUICK), np.random.default_rng(0).permutation(UNITS)
    model = replace(model, fitted=replace(model.fitted, shares=np.full(1, 0.5)))
    before, after = (explain_region(each, model, "d01", None, CPU, Progress()).explanation
                     for each in (region, region.take(order)))
    np.testing.assert_array_equal(before.inputs, after.inputs)


@pytest.mark.parametrize(("changed", "said"), [
    ({"alpha": 1}, "MODEL: its network never saw totals"),
    ({"network": False}, "MODEL: it is kernel ridge alone")])
def test_what_has_no_network_to_explain_is_refused(region, changed, said):
    model = trained(region, replace(QUICK, **changed))
    with pytest.raises(InputError, match=said):
        explain_region(region, model, "", None, CPU, Progress())


def test_maps_and_explanations_keep_the_batches_of_training(region, monkeypatch):
    monkeypatch.setattr(network, "UNIT_FLOATS", 1800)
    own, model = replace(CPU, max_memory=64), trained(region, replace(QUICK, max_memory=64))
    model = replace(model, fitted=replace(model.fitted, shares=np.ones(1)))
    maps, explained, messages = [], [], []
    for resources in (own, CPU):
        heard = Heard()
        maps.append(map_economy(region, model, MapEconomySettings(), resources, heard).estimates.districts)
        explained.append(explain_region(region, model, "", None, resources, heard).explanation)
        messages.append([text for text in heard.messages if text.startswith("Batches of the network: 2, by")])
    np.testing.assert_array_equal(*maps)
    np.testing.assert_array_equal(*(each.inputs for each in explained))
    assert explained[0].edges.shape[1] < region.flows.nnz
    assert [len(each) for each in messages] == [0, 2]


def test_a_network_without_features_is_not_explained(region):
    bare = replace(region, features=np.ones(region.features.shape))
    with pytest.raises(InputError, match="MODEL: its network reads no features"):
        explain_region(bare, trained(bare, replace(QUICK, profiles=False)), "", None, CPU, Progress())


def test_a_network_that_counts_for_nothing_is_said_to(region, tmp_path):
    heard = Heard()
    for share, sentence in ((0.0, "The estimates of gdp come from kernel ridge alone"),
                            (0.25, "The network's share in these estimates is 25%")):
        model = trained(region, QUICK)
        model = replace(model, fitted=replace(model.fitted, shares=np.full(1, share)))
        write_report(str(tmp_path / "why.html"), explain_region(region, model, "", None, CPU, heard))
        assert sentence in html.unescape((tmp_path / "why.html").read_text("utf-8"))
    assert len(heard.warnings) == 1
    assert "only the network is explained" in heard.warnings[0]


def test_place_categories_are_fields_and_bars_by_district(region):
    names = ("place_a", "place_b", *(f"view_{number}" for number in range(8)))
    many = replace(region, names=names, features=np.random.default_rng(1).normal(size=(UNITS, len(names))))
    model = trained(many, QUICK)
    found = explain_region(many, replace(model, fitted=replace(model.fitted, shares=np.full(1, 0.5))), "", None, CPU,
                           Progress())
    inputs = found.explanation.inputs[0]
    columns = found.unit_columns()
    for number in range(2):
        np.testing.assert_array_equal(columns[f"gdp_by_place_{'ab'[number]}"][1], inputs[:, number])
    bars, heat = _categories(found, 0).axes[:2]
    order = np.argsort(-np.abs(inputs[:, :2]).mean(axis=0), kind="stable")
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(np.abs(inputs).mean(axis=0)[order])
    assert [label.get_text() for label in bars.get_yticklabels()] == ["ab"[number] for number in order]
    shown = [found.region.districts.index(label.get_text()) for label in heat.get_xticklabels()]
    np.testing.assert_allclose(heat.images[0].get_array(), found.by_district(0)[np.ix_(shown, order)].T)


def test_the_report_traces_the_estimate_layer_by_layer(region, tmp_path):
    model = trained(region, QUICK)
    found = explain_region(region, replace(model, fitted=replace(model.fitted, shares=np.full(1, 0.5))), "", None, CPU,
                           Progress())
    write_report(str(tmp_path / "why.html"), found)
    page = (tmp_path / "why.html").read_text("utf-8")
    last, first, whole = (np.abs(each[0]).mean(axis=0) for each in (
        found.explanation.last, found.explanation.first, found.explanation.representation))
    for start, sizes in (("<td>the estimate", last),
                         (f"<td>neuron {last.argmax()} of the last hidden layer", first),
                         (f"<td>neuron {first.argmax()} of the first hidden layer", whole)):
        shown = re.findall(r"(\d+) \(([+-]\S+)\)", page.split(f"{start}</td><td>")[1].split("</td>")[0])
        assert [int(neuron) for neuron, _ in shown] == np.argsort(-sizes, kind="stable")[:5].tolist()
        assert [abs(float(strength)) for _, strength in shown] == pytest.approx(np.sort(sizes)[:-6:-1], rel=0.005)


@pytest.mark.parametrize("changed", [{"fine_tune": True}, {"preserve_totals": True}])
def test_negative_totals_are_refused_as_in_training(region, changed):
    wrong = replace(region, totals=np.where(np.arange(DISTRICTS)[:, None] == 3, -5.0, region.totals))
    model = trained(region, SemiGtxSettings(network=False, profiles=False))
    for use in (lambda: check_trainable(wrong),
                lambda: map_economy(wrong, model, MapEconomySettings(**changed), CPU, Progress())):
        with pytest.raises(InputError, match="TARGET_FIELDS: 'gdp' has the total -5; give totals of 0 or more"):
            use()
    map_economy(wrong, model, MapEconomySettings(), CPU, Progress())


def test_report_and_metrics_say_how_scores_are_obtained(region, tmp_path, monkeypatch):
    monkeypatch.setitem(network.RECIPES, "published", replace(network.RECIPES["default"], weighted=True))
    heard, three = Heard(), replace(region, targets=("a", "b", "c"), totals=np.repeat(region.totals, 3, axis=1))
    settings = TrainSemiGtxSettings(configuration="published", epochs=1, evaluation="inductive", loss="poisson",
                                    readout="district-embedding", folds=2, repeats=1, random_too=False, threads=1,
                                    device="cpu")
    trained = train_region(three, settings, heard)
    assert "The network's losses have the paper's weights: 0.1 (a), 0.01 (b), 0.001 (c)." in heard.messages
    assert {"evaluation": "inductive", "readout": "district-embedding", "loss": "poisson",
            "alpha": 0.5}.items() <= metrics(trained).items()
    train_report(str(tmp_path / "report.html"), trained)
    assert ("their units are removed while training (inductive); the network has readout district-embedding, loss "
            "poisson and alpha 0.5.") in html.unescape((tmp_path / "report.html").read_text("utf-8"))
    heard = Heard()
    train_region(region, replace(settings, network=False, evaluation="transductive"), heard)
    assert not [text for text in heard.messages if "the paper's weights" in text]


def test_few_holdouts_are_warned_of(region):
    heard = Heard()
    region_rounds(region, SplitSettings(split="holdout_712", repeats=2), 1, heard)
    region_rounds(region, SplitSettings(repeats=2), 1, heard)
    assert len(heard.warnings) == 1
    assert heard.warnings[0].startswith("2 rounds of holdout_712 say little")


def test_a_target_that_a_split_hides_is_named(region):
    totals = np.column_stack((region.totals, np.where(np.arange(DISTRICTS)[:, None] < 2, region.totals, np.nan)))
    sparse = replace(region, targets=("gdp", "trade"), totals=totals)
    check_trainable(sparse)
    with pytest.raises(InputError, match=r"TARGET_FIELDS: a fold of SPLIT leaves 'trade' a total in [01] districts"):
        region_rounds(sparse, SplitSettings(), 1, Progress())


def test_infinite_counts_are_refused(region):
    with pytest.raises(InputError, match="COUNT_FIELD: there is the count inf; give counts of 0 or more"):
        read_region(nodes_of(region), edges_of(("u0", "u1", np.inf)), GraphFields("unit", "district"), Progress())


def test_self_flows_are_left_out_and_counted(region):
    heard = Heard()
    edges = edges_of(("u0", "u0", 5.0), ("u0", "u1", 3.0), ("u2", "u2", 1.0), ("u3", "u3", 0.0))
    found = read_region(nodes_of(region), edges, GraphFields("unit", "district"), heard)
    assert (found.flows.nnz, found.flows.sum()) == (1, 3)
    assert "2 flows of units to themselves are left out." in heard.messages


def edges_of(*rows: tuple[str, str, float]) -> FeatureTable:
    origin, destination, count = zip(*rows)
    columns = {"origin": np.array(origin, dtype=object), "destination": np.array(destination, dtype=object),
               "count": np.array(count)}
    return FeatureTable("EDGES", columns, {"origin": "text", "destination": "text", "count": "number"})


def nodes_of(region: Region, kinds: dict[str, str] | None = None, **more) -> FeatureTable:
    columns = {"unit": np.array(region.units.names, dtype=object),
               "district": np.array(region.units.district, dtype=object), "place_a": region.features[:, 0], **more}
    kinds = dict.fromkeys(columns, "text") | {"place_a": "number"} | (kinds or {})
    return FeatureTable("NODES", columns, kinds, tuple(shapely.to_wkb(region.shapes)), "EPSG:4326", 3)


def test_default_fields_are_numeric_no_estimates_and_said(region):
    heard, number = Heard(), np.ones(UNITS)
    more = {"place_name": np.array(["Springfield"] * UNITS, dtype=object), "target_gdp": number, "target_low": number}
    made = ("target_gdp_estimate", "target_gdp_error", "target_gdp_low", "target_gdp_high", "target_gdp_by_places")
    kinds = dict.fromkeys((*made, "target_gdp", "target_low"), "number")
    nodes = nodes_of(region, kinds, **more, **dict.fromkeys(made, number))
    found = read_region(nodes, None, GraphFields("unit", "district"), heard)
    assert (found.names, found.targets) == (("place_a",), ("target_gdp", "target_low"))
    assert ("Features: 1 (place_a). Totals: 2 (target_gdp, target_low). Not taken without being named: 6 (place_name, "
            "target_gdp_estimate, target_gdp_error, target_gdp_low, target_gdp_high and 1 more).") in heard.messages
    named = read_region(nodes, None, GraphFields("unit", "district", targets=made[:1]), Progress())
    assert named.targets == made[:1]
    with pytest.raises(InputError, match="FEATURE_FIELDS: the field 'place_name' isn't numeric"):
        read_region(nodes, None, GraphFields("unit", "district", features=("place_name",)), Progress())


def test_fields_without_any_value_are_unknown(region):
    empty = np.full(UNITS, None, dtype=object)
    table = nodes_of(region, place_b=empty, target_gdp=empty)
    found = read_region(table, None, GraphFields("unit", "district"), Progress())
    assert np.isnan(found.features[:, 1]).all()
    assert np.isnan(found.totals).all()
    with pytest.raises(InputError, match="'target_gdp' has a total in 0 districts"):
        check_trainable(found)
