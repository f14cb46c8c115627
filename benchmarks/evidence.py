"""Evidence on planted truth: how much of what was planted is found, and what is found where nothing was planted.

Ten cities of all three types, 200 x 200 cells, two years, both families of light models and the null mode. Prints
tables in Markdown: python benchmarks/evidence.py [processes]
"""
from __future__ import annotations

import hashlib
import json
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
import numpy as np
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.simulation.cities import draw_cities
from nocturne.algorithms.simulation.ranges import RANGES
from nocturne.algorithms.simulation.scene import DISTURBANCES, TWO_YEARS
from nocturne.algorithms.simulation.truth import SMALLEST_EFFECT
from nocturne.benchmarks.evidence_measures import (
    CHANGE_EDGES,
    NIGHT_EDGES,
    Case,
    Measures,
    flat_shares,
    measure,
)

# The configuration, frozen before the run whose tables stand in docs/evidence.md.
SEED, DRAWS, CELLS = 2026, 10, 200
ALONE_DRAWS, ALONE_CELLS = 10, 80
FLAT_CITIES, FLAT_CELLS, FLAT_SHARED = 100, 64, 0.10
ESTIMATORS = {
    "default": AngularEffectsSettings(),
    "night effect": AngularEffectsSettings(night_effect="urban-median"),
    "MIN_RISE 0.25": AngularEffectsSettings(min_rise=0.25),
}
CONDITIONS = {"pixel noise": (), "everything": DISTURBANCES}
FAMILIES = ("curves", "ray_cast")
FEWEST_CELLS = 20  # of a draw, to take part in the spread
GATES = ((-0.2, 0.85), (-0.3, 0.95))
GATE_NIGHTS, FLAT_GATE, SHARED_GATE = 100, 0.03, 0.05


def configuration() -> dict:
    return {"seed": SEED, "draws": DRAWS, "cells": CELLS, "nights": TWO_YEARS,
            "alone": (ALONE_DRAWS, ALONE_CELLS), "flat": (FLAT_CITIES, FLAT_CELLS, FLAT_SHARED),
            "estimators": {name: asdict(each) for name, each in ESTIMATORS.items()}, "conditions": CONDITIONS,
            "families": FAMILIES, "change_edges": CHANGE_EDGES, "night_edges": NIGHT_EDGES,
            "smallest_effect": SMALLEST_EFFECT,
            "ranges": {name: (each.low, each.high) for name, each in RANGES.items()}}


def configuration_hash() -> str:
    return hashlib.sha256(json.dumps(configuration(), sort_keys=True).encode()).hexdigest()[:16]


def main(processes: int) -> None:
    start = time.perf_counter()
    cities = draw_cities(SEED, DRAWS, CELLS)
    keys = [(family, condition) for condition in CONDITIONS for family in (*FAMILIES, "null")]
    cases = [Case(city, "curves" if family == "null" else family, family != "null", CONDITIONS[condition], TWO_YEARS)
             for family, condition in keys for city in cities]
    small = draw_cities(SEED, ALONE_DRAWS, ALONE_CELLS)
    alone = [Case(city, "curves", False, used, TWO_YEARS)
             for used in ((), *((each,) for each in DISTURBANCES)) for city in small]
    flat = [Case(city, "curves", False, ("shared_noise",), TWO_YEARS, FLAT_SHARED)
            for city in draw_cities(SEED, FLAT_CITIES, FLAT_CELLS)]
    with ProcessPoolExecutor(processes) as pool:
        measured = list(pool.map(_measure, cases))
        shares = list(pool.map(_flat_shares, [*alone, *flat]))
    results = {key: measured[index * DRAWS:(index + 1) * DRAWS] for index, key in enumerate(keys)}
    line(f"Configuration {configuration_hash()}; {DRAWS} draws, {CELLS} x {CELLS} cells, {TWO_YEARS} nights; "
         f"{processes} processes, {time.perf_counter() - start:.0f} s.")
    print_cities(cities, results)
    for condition in CONDITIONS:
        for family in FAMILIES:
            print_recall(family, condition, results[family, condition])
    print_gates(results)
    print_flat(results)
    print_alone(shares[:len(alone)])
    print_shared([share for share in shares[len(alone):] if not math.isnan(share["default"])])
    print_f1(results)


def _measure(case: Case) -> Measures:
    return measure(case, ESTIMATORS)


def _flat_shares(case: Case) -> dict[str, float]:
    return flat_shares(case, ESTIMATORS)


def line(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(title: str, head: list[str], rows: list[list[str]]) -> None:
    line(f"\n{title}\n\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        line("| " + " | ".join(row) + " |")


def share(part: float, whole: float) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def spread(values: list[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{np.mean(known):.3f} ({min(known):.3f} to {max(known):.3f})" if known else "-"


def print_cities(cities, results) -> None:
    rows = []
    for index, city in enumerate(cities):
        for family in FAMILIES:
            found: Measures = results[family, "pixel noise"][index]
            everything: Measures = results[family, "everything"][index]
            rows.append([city.kind.name, f"{city.window.centre[1]:.0f}", family, f"{found.median_nights:.0f}",
                         f"{everything.median_nights:.0f}", *(share(each, found.truth.sum()) for each in found.truth),
                         " / ".join(f"{each:.2f}" for each in found.change)])
    table("What was planted, by draw: shares of the classes, and quartiles of the relative change of negative cells",
          ["type", "latitude", "family", "nights", "nights, everything", "none", "negative", "positive", "U-shaped",
           "change"], rows)


def print_recall(family: str, condition: str, measures: list[Measures]) -> None:
    """Per bin: recall of each estimator, its spread over draws, of curves that don't turn, oracle, floor, skill."""
    rows = []
    for low in range(len(CHANGE_EDGES) - 1):
        for few in range(len(NIGHT_EDGES) - 1):
            planted = sum(each.planted[low, few] for each in measures)
            if planted < FEWEST_CELLS:
                continue
            found = {name: sum(each.called[name].found[low, few] for each in measures) for name in ESTIMATORS}
            by_draw = [each.called["default"].found[low, few] / each.planted[low, few] for each in measures
                       if each.planted[low, few] >= FEWEST_CELLS]
            straight = sum(each.straight[low, few] for each in measures)
            oracle = sum(each.oracle[low, few] for each in measures) / planted
            floor = chance(measures)
            recall = found["default"] / planted
            rows.append([
                f"{CHANGE_EDGES[low]:.0%} to {CHANGE_EDGES[low + 1]:.0%}", nights_of(few), f"{planted:.0f}",
                f"{recall:.3f}", f"{min(by_draw):.2f} to {max(by_draw):.2f}" if by_draw else "-",
                share(sum(each.called["default"].as_u[low, few] for each in measures), planted),
                share(sum(each.called["default"].straight[low, few] for each in measures), straight),
                *(share(found[name], planted) for name in list(ESTIMATORS)[1:]), f"{oracle:.3f}",
                f"{(recall - floor) / (oracle - floor):.2f}" if oracle > floor else "-"])
    table(f"Recall of negative: {family}, {condition}; floor {chance(measures):.3f}",
          ["change", "nights", "cells", "recall", "over draws", "called U", "recall, no turn",
           *list(ESTIMATORS)[1:], "oracle", "skill"], rows)


def chance(measures: list[Measures]) -> float:
    """The floor: recall of who calls as many cells negative at random."""
    return sum(each.called["default"].classes[1] for each in measures) / max(
        1, sum(each.called["default"].classes.sum() for each in measures))


def nights_of(index: int) -> str:
    low, high = NIGHT_EDGES[index], NIGHT_EDGES[index + 1]
    return f"{low} to {high - 1}" if high < 10_000 else f"{low} and more"


def print_gates(results) -> None:
    rows = []
    first = NIGHT_EDGES.index(GATE_NIGHTS)
    for (family, condition), measures in results.items():
        if family == "null":
            continue
        for strongest, gate in GATES:
            last = CHANGE_EDGES.index(strongest)
            planted = sum(each.planted[:last, first:].sum() for each in measures)
            if not planted:
                continue
            straight = sum(each.straight[:last, first:].sum() for each in measures)
            default = sum(each.called["default"].found[:last, first:].sum() for each in measures)
            without_turn = sum(each.called["default"].straight[:last, first:].sum() for each in measures)
            others = [share(sum(each.called[name].found[:last, first:].sum() for each in measures), planted)
                      for name in list(ESTIMATORS)[1:]]
            rows.append([family, condition, f"{strongest:.0%} or stronger", f"{planted:.0f}", f"{gate:.2f}",
                         share(default, planted), "met" if default / planted >= gate else "not met",
                         share(without_turn, straight), *others])
    table(f"Gates of recall, cells with at least {GATE_NIGHTS} nights",
          ["family", "condition", "change", "cells", "gate", "recall", "", "recall, no turn",
           *list(ESTIMATORS)[1:]], rows)


def print_flat(results) -> None:
    rows = []
    for (family, condition), measures in results.items():
        for name in ESTIMATORS:
            calls = np.array([each.called[name].flat for each in measures])
            total = calls.sum()
            if not total:
                continue
            by_draw = [row[1] / row.sum() for row in calls if row.sum()]
            mean = calls[:, 1].sum() / total
            gated = condition == "pixel noise" and name == "default"
            verdict = ("met" if mean <= FLAT_GATE else "not met") if gated else "printed"
            rows.append([family, condition, name, f"{total:.0f}", *(share(each, total) for each in calls.sum(axis=0)),
                         f"{min(by_draw):.3f} to {max(by_draw):.3f}", verdict])
    table(f"Flat cells and what they were called (gate: negative at most {FLAT_GATE})",
          ["family", "condition", "estimator", "cells", "none", "negative", "positive", "U-shaped",
           "negative over draws", ""], rows)
    rows = []
    for (family, condition), measures in results.items():
        cells = np.array([each.permuted for each in measures], dtype=float)
        rows.append([family, condition, f"{cells[:, 0].sum():.0f}", spread(list(cells[:, 1] / cells[:, 0])),
                     spread(list(cells[:, 2] / cells[:, 0]))])
    table("Permuted zenith: share of cells with a significant slope (ALPHA 0.05), and called negative",
          ["family", "condition", "cells", "significant slope", "negative"], rows)


def print_alone(shares: list[dict[str, float]]) -> None:
    rows = []
    for index, name in enumerate(("nothing but pixel noise", *DISTURBANCES)):
        part = shares[index * ALONE_DRAWS:(index + 1) * ALONE_DRAWS]
        rows.append([name.replace("_", " "), *(spread([each[estimator] for each in part])
                                               for estimator in ("default", "night effect"))])
    table(f"Null mode with pixel noise and one disturbance at a time: share called negative, mean and range over "
          f"{ALONE_DRAWS} draws of {ALONE_CELLS} x {ALONE_CELLS} cells", ["disturbance", "default", "night effect"],
          rows)


def print_shared(shares: list[dict[str, float]]) -> None:
    rows = []
    for name in ESTIMATORS:
        values = np.array([each[name] for each in shares])
        high = float(np.quantile(values, 0.95))
        verdict = ("met" if high <= SHARED_GATE else "not met") if name == "night effect" else "printed"
        rows.append([name, str(len(values)), f"{values.mean():.3f}", f"{np.median(values):.3f}", f"{high:.3f}",
                     f"{values.max():.3f}", verdict])
    table(f"Flat cities with {FLAT_SHARED:.0%} noise shared by the city: share called negative (gate for the night "
          f"effect: 95th percentile at most {SHARED_GATE})",
          ["estimator", "cities", "mean", "median", "95th percentile", "largest", ""], rows)


def print_f1(results) -> None:
    rows = []
    for (family, condition), measures in results.items():
        if family == "null":
            continue
        for name in ESTIMATORS:
            planted = sum(each.truth[1] for each in measures)
            cells = sum(each.truth.sum() for each in measures)
            unaffected = sum(each.truth[0] for each in measures)
            called = sum(each.called[name].classes[1] for each in measures)
            right = sum(each.called[name].right for each in measures)
            flat = sum(each.called[name].flat for each in measures)
            chance_share = flat[1] / flat.sum()
            ceiling = 2 * planted / (2 * planted + chance_share * unaffected)
            rows.append([family, condition, name, share(planted, cells), share(2 * right, planted + called),
                         f"{ceiling:.3f}", share(right, called), share(right, planted)])
    table("F1 of negative with its prevalence and its ceiling: all negative cells found, and of those without effect "
          "the share that flat cells show",
          ["family", "condition", "estimator", "prevalence", "F1", "ceiling", "precision", "recall"], rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
