"""What the evidence is measured with: bins, controls, oracle, and the place where settings act."""
import numpy as np
import pytest
from nocturne.algorithms.night_lights import angular_fit
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.simulation.cities import draw_cities
from nocturne.algorithms.simulation.scene import DISTURBANCES, Stack
from nocturne.algorithms.simulation.truth import NONE
from nocturne.benchmarks import evidence
from nocturne.benchmarks.evidence_measures import (
    Case,
    estimate,
    flat_cells,
    flat_shares,
    measure,
    oracle_negative,
    permuted,
    scene_of,
)

CELLS, NIGHTS = 100, 300
DEFAULT = AngularEffectsSettings()


def case(planted=True, disturbances=(), shared=None, family="curves"):
    return Case(draw_cities(6, 3, CELLS)[2], family, planted, disturbances, NIGHTS, shared)


@pytest.fixture(scope="module")
def planted():
    return measure(case(), {"default": DEFAULT, "rising": AngularEffectsSettings(min_rise=0.25)})


@pytest.fixture(scope="module")
def null():
    return measure(case(planted=False), {"default": DEFAULT})


def test_strong_effects_are_found_and_the_counts_agree(planted):
    called = planted.called["default"]
    assert planted.planted.sum() == planted.truth[1] > 50
    assert called.classes.sum() == planted.truth.sum()
    for part in (called.found, called.as_u, planted.straight, planted.oracle):
        assert (part <= planted.planted).all()
    assert (called.straight <= planted.straight).all()
    strong = planted.planted[:2].sum()
    assert called.found[:2].sum() / strong > 0.8
    assert planted.oracle[:2].sum() >= called.found[:2].sum()
    assert called.right == called.found.sum()
    assert planted.called["rising"].right >= called.right


def test_flat_cells_and_permuted_zeniths_stay_within_chance(null):
    called = null.called["default"]
    assert null.truth[0] == null.truth.sum() == called.flat.sum()
    assert 0.01 < called.flat[1] / called.flat.sum() < 0.04
    cells, significant, negative = null.permuted
    assert cells > 200
    assert significant / cells < 0.05 + 4 * np.sqrt(0.05 * 0.95 / cells)
    assert negative <= significant


def test_permuting_removes_a_planted_effect():
    scene = scene_of(case())
    stack = scene.stack()
    cells, significant, _ = permuted(scene, stack, DEFAULT)
    _, statistics = estimate(stack, scene.window.grid, DEFAULT)
    p = statistics[angular_fit.STATISTICS.index("linear_p")]
    assert significant / cells < 0.1 < np.nanmean(p < 0.05)


def test_the_oracle_is_right_without_noise_and_at_chance_without_effect():
    scene = scene_of(case())
    stack = scene.stack()
    used = np.isfinite(stack.radiance)
    clean = np.stack([np.where(each, scene.observe(int(night)).clean, np.nan)
                      for each, night in zip(used, stack.nights)]).astype(np.float32)
    known = oracle_negative(scene, Stack(clean, stack.zenith, stack.nights), 0.05)
    curved = ~flat_cells(scene) & (used.sum(axis=0) > 30)
    assert known[curved].mean() > 0.99
    flat = np.where(used, 10 + np.random.default_rng(1).normal(0, 1, used.shape), np.nan).astype(np.float32)
    chance = oracle_negative(scene, Stack(flat, stack.zenith, stack.nights), 0.05)
    assert chance[curved].mean() == pytest.approx(0.025, abs=0.012)


def test_settings_reach_the_estimator():
    scene = scene_of(case(planted=False, disturbances=("shared_noise",), shared=0.3))
    stack = scene.stack()
    plain, _ = estimate(stack, scene.window.grid, DEFAULT)
    strict, _ = estimate(stack, scene.window.grid, AngularEffectsSettings(alpha=1e-6))
    evened, statistics = estimate(stack, scene.window.grid, AngularEffectsSettings(
        night_effect="urban-median"))
    assert (strict == NONE).sum() > (plain == NONE).sum()
    fitted = evened != angular_fit.NO_DATA
    assert np.isfinite(statistics[0][fitted]).all()
    assert (evened[fitted] == NONE).mean() > 0.85
    assert (plain != evened).any()


def test_shared_noise_is_what_the_case_says():
    assert scene_of(case(planted=False, disturbances=("shared_noise",), shared=0.1)).noise.shared == 0.1
    shares = flat_shares(case(planted=False, disturbances=("shared_noise",), shared=0.1), {"default": DEFAULT})
    assert 0 <= shares["default"] < 0.3


def test_tables_name_gates_and_configuration(capsys, planted, null):
    """The tables of two draws that are the same: what they print is what was measured."""
    results = {(family, condition): [part, part] for condition in evidence.CONDITIONS
               for family, part in (("curves", planted), ("null", null))}
    for measures in results.values():
        for each in measures:
            for name in evidence.ESTIMATORS:
                each.called.setdefault(name, each.called["default"])
    evidence.print_gates(results)
    evidence.print_flat(results)
    evidence.print_recall("curves", "pixel noise", results["curves", "pixel noise"])
    evidence.print_f1(results)
    printed = capsys.readouterr().out
    first = evidence.NIGHT_EDGES.index(100)
    recall = planted.called["default"].found[:3, first:].sum() / planted.planted[:3, first:].sum()
    assert f"| 0.85 | {recall:.3f} | {'met' if recall >= 0.85 else 'not met'} |" in printed
    flat = null.called["default"].flat
    assert f"{flat[1] / flat.sum():.3f}" in printed
    assert f"| curves | everything | default | {planted.truth[1] / planted.truth.sum():.3f} |" in printed


def test_the_configuration_is_hashed_whole(monkeypatch):
    before = evidence.configuration_hash()
    assert before == evidence.configuration_hash()
    monkeypatch.setattr(evidence, "SEED", evidence.SEED + 1)
    assert evidence.configuration_hash() != before
    assert set(evidence.CONDITIONS["everything"]) == set(DISTURBANCES)
