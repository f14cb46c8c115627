"""The page of an explanation: which inputs, groups and neurons an estimate comes from."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..reports import Report
from .district_maps import maps
from .explain_region import ExplainedRegion

MOST_INPUTS, MOST_NEURONS, MOST_DISTRICTS = 15, 10, 12


def write_report(path: str, found: ExplainedRegion) -> None:
    """Writes the page as HTML."""
    report = Report("SemiGTX explained")
    asked = f"the district {found.district}" if found.district else f"all {len(found.region.districts)} districts"
    report.paragraph(f"What the network's estimate for {asked} comes from. A contribution is how much an input of a "
                     "unit moves the estimate from what it would be if all units were average, in units of the target "
                     "(integrated gradients, which are Aumann-Shapley values); they add up to the whole difference. "
                     "They tell what the network uses, not what causes output.")
    for number, target in enumerate(found.targets):
        report.heading(target)
        gap = found.explanation.gap[number]
        report.paragraph(f"Left unexplained by the finite number of steps: {gap:.2%} of the contributions' size.")
        report.figure(_bars(found, number), "Mean size of the contributions of each input, and of each group.")
        report.figure(_districts(found, number), "Contributions of groups of inputs to the largest districts.")
        shown = {name: found.explanation.inputs[number][:, column].astype(float)
                 for name, column in ((found.names[each], each) for each in found.strongest(number)[:2])}
        report.figure(maps(found.region.shapes, {name: np.abs(values) for name, values in shown.items()}, target,
                           "magma_r"), "Where the two strongest inputs matter: size of their contributions.")
        report.figure(_beeswarm(found, number), "Neurons of the last hidden layer that move the estimate most: Shapley "
                      "values of all units. Colour: the strongest input that drives the layer below.")
    report.write(path)


def _bars(found: ExplainedRegion, target: int) -> Figure:
    sizes = np.abs(found.explanation.inputs[target]).mean(axis=0)
    top = found.strongest(target)[:MOST_INPUTS][::-1]
    inputs = found.explanation.inputs[target]
    groups = {label: float(np.abs(inputs[:, inside].sum(axis=1)).mean()) for label, inside in found.groups().items()}
    figure = Figure(figsize=(9, 0.25 * len(top) + 1))
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    left.barh([found.names[each] for each in top], sizes[top], color="#4477aa")
    right.barh(list(groups), list(groups.values()), color="#cc8844")
    for axes in (left, right):
        axes.tick_params(labelsize=7)
        axes.set_xlabel("mean size of contributions", fontsize=8)
    figure.tight_layout()
    return figure


def _districts(found: ExplainedRegion, target: int) -> Figure:
    values = found.by_district(target)
    shown = np.argsort(-np.abs(values).sum(axis=1), kind="stable")[:MOST_DISTRICTS][::-1]
    figure = Figure(figsize=(8, 0.28 * len(shown) + 1))
    axes = figure.add_subplot()
    places, groups = np.arange(len(shown)), found.groups()
    height = 0.8 / len(groups)
    for number, (label, inside) in enumerate(groups.items()):
        axes.barh(places + number * height, values[shown][:, inside].sum(axis=1), height, label=label)
    axes.set_yticks(places + 0.4, [found.region.districts[each] for each in shown], fontsize=7)
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.set_xlabel("contribution", fontsize=8)
    axes.legend(fontsize=7)
    figure.tight_layout()
    return figure


def _beeswarm(found: ExplainedRegion, target: int) -> Figure:
    values = found.explanation.last[target]
    top = np.argsort(-np.abs(values).mean(axis=0), kind="stable")[:MOST_NEURONS][::-1]
    drive = found.explanation.first[target]
    colour = drive[:, np.abs(drive).mean(axis=0).argmax()]
    scatter = np.random.default_rng(0).uniform(-0.3, 0.3, len(values))
    limit = float(np.abs(colour).max()) or 1.0
    figure = Figure(figsize=(7, 0.3 * len(top) + 1))
    axes = figure.add_subplot()
    for place, neuron in enumerate(top):
        axes.scatter(values[:, neuron], place + scatter, c=colour, cmap="coolwarm", vmin=-limit, vmax=limit, s=4)
    axes.set_yticks(range(len(top)), [f"neuron {neuron}" for neuron in top], fontsize=7)
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.set_xlabel("Shapley value", fontsize=8)
    figure.tight_layout()
    return figure
