"""The page of an explanation: which inputs, groups and neurons an estimate comes from."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import rankdata

from ..reports import Report
from .activation_maps import NeuronMaps
from .district_maps import maps
from .explain_region import ExplainedRegion
from .graph_columns import PLACE

MOST_INPUTS, MOST_CATEGORIES, MOST_NEURONS, MOST_DISTRICTS, MOST_TRACED = 15, 15, 10, 12, 5


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
        report.paragraph(_share(target, found.shares[number]))
        gap = found.explanation.gap[number]
        report.paragraph(f"Left unexplained by the finite number of steps: {gap:.2%} of the contributions' size.")
        report.figure(_bars(found, number), "Mean size of the contributions of each input, and of each group.")
        report.figure(_districts(found, number), "Contributions of groups of inputs to the largest districts.")
        if found.place_categories():
            report.figure(_categories(found, number), "Place categories: mean size of their contributions in all "
                          "units, and sums in the largest districts.")
        shown = {name: found.explanation.inputs[number][:, column].astype(float)
                 for name, column in ((found.names[each], each) for each in found.strongest(number)[:2])}
        report.figure(maps(found.region.shapes, {name: np.abs(values) for name, values in shown.items()}, target,
                           "magma_r"), "Where the two strongest inputs matter: size of their contributions.")
        report.figure(_beeswarm(found, number), "Neurons of the last hidden layer that move the estimate most: Shapley "
                      f"values of all {found.rows}s, coloured by how active the neuron is in the {found.rows}.")
        _trace(report, found, number)
        for each in (each for each in found.maps if each.target == number):
            report.figure(_street_views(each), f"Street views that raise neuron {each.neuron} of the last hidden layer "
                          f"most, and where in them. The neuron {'raises' if each.raises else 'lowers'} the estimate.")
    report.write(path)


def _share(target: str, share: float) -> str:
    if not share:
        return (f"The estimates of {target} come from kernel ridge alone, because the network didn't help known "
                "districts. Only the network is explained here: it counts for nothing in them.")
    return f"The network's share in these estimates is {share:.0%}. The rest is kernel ridge, which isn't explained."


def _trace(report: Report, found: ExplainedRegion, target: int) -> None:
    layers = found.explanation.trace(target, MOST_TRACED)
    last, first = layers[0][0][0], layers[1][0][0]
    steps = (("last hidden layer", "the estimate"), ("first hidden layer", f"neuron {last} of the last hidden layer"),
             (f"representation of a {found.rows}", f"neuron {first} of the first hidden layer"))
    made = "units' inputs" + (", the mean of a district's units" if found.rows == "district" else "")
    report.paragraph(f"The same layer by layer, from the estimate back to the representation that the network makes of "
                     f"{made}, along the strongest neuron of each layer: mean sizes of Shapley values, below 0 "
                     "where an active neuron lowers what it contributes to.")
    report.table(("Layer", "Contributes to", "Strongest neurons"),
                 [(*step, ", ".join(f"{neuron} ({strength:+.3g})" for neuron, strength in layer))
                  for step, layer in zip(steps, layers)])


def _street_views(found: NeuronMaps) -> Figure:
    """Each picture above the same picture in grey under its activation map, scaled to its own maximum."""
    count, side = len(found.pictures), found.pictures.shape[1]
    figure = Figure(figsize=(1.7 * count, 3.7))
    rows = figure.subplots(2, count, squeeze=False)
    for picture, heat, title, upper, lower in zip(found.pictures, found.maps, found.captions, *rows):
        upper.imshow(picture)
        upper.set_title(title.replace(": ", "\n"), fontsize=6)
        lower.imshow(picture.mean(axis=2), cmap="gray", vmin=0, vmax=255)
        lower.imshow(heat, cmap="inferno", vmin=0, vmax=float(heat.max()) or 1.0, alpha=0.6, interpolation="bilinear",
                     extent=(-0.5, side - 0.5, side - 0.5, -0.5))
        for axes in (upper, lower):
            axes.set_axis_off()
    figure.tight_layout(pad=0.3)
    return figure


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


def _categories(found: ExplainedRegion, target: int) -> Figure:
    """The place categories that matter most, as bars, and by district in colours."""
    sums, sizes = found.by_district(target), np.abs(found.explanation.inputs[target]).mean(axis=0)
    top = sorted(found.place_categories(), key=lambda number: -sizes[number])[:MOST_CATEGORIES]
    shown = np.argsort(-np.abs(sums).sum(axis=1), kind="stable")[:MOST_DISTRICTS]
    values = sums[shown][:, top].T
    limit = float(np.abs(values).max()) or 1.0
    figure = Figure(figsize=(9, 0.28 * len(top) + 1.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 2), sharey=True)
    left.barh(range(len(top)), sizes[top], color="#4477aa")
    left.set_yticks(range(len(top)), [found.names[each].removeprefix(PLACE) for each in top])
    left.set_xlabel("mean size of contributions", fontsize=8)
    drawn = right.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    right.set_xticks(range(len(shown)), [found.region.districts[each] for each in shown], rotation=45, ha="right")
    figure.colorbar(drawn, ax=right).set_label("contribution", fontsize=8)
    for axes in (left, right):
        axes.tick_params(labelsize=7)
    return figure


def _beeswarm(found: ExplainedRegion, target: int) -> Figure:
    """Shapley values of all rows, and their mean sizes; colours are ranks of the neuron's activation."""
    values, weights = found.explanation.last[target], found.explanation.weights[target]
    sizes = np.abs(values).mean(axis=0)
    top = np.argsort(-sizes, kind="stable")[:MOST_NEURONS][::-1]
    scatter = np.random.default_rng(0).uniform(-0.3, 0.3, len(values))
    figure = Figure(figsize=(9, 0.3 * len(top) + 1))
    left, right = figure.subplots(1, 2, width_ratios=(3, 1), sharey=True)
    for place, neuron in enumerate(top):
        active = rankdata(values[:, neuron] * np.sign(weights[neuron])) / len(values)
        dots = left.scatter(values[:, neuron], place + scatter, c=active, cmap="coolwarm", vmin=0, vmax=1, s=4)
    left.set_yticks(range(len(top)), [f"neuron {neuron}" for neuron in top], fontsize=7)
    left.axvline(0, color="#888888", linewidth=0.8)
    left.set_xlabel("Shapley value", fontsize=8)
    bar = figure.colorbar(dots, ax=left, ticks=(0, 1), pad=0.02)
    bar.ax.set_yticklabels(("inactive", "active"), fontsize=7)
    right.barh(range(len(top)), sizes[top], color="#4477aa")
    right.set_xlabel("mean size", fontsize=8)
    for axes in (left, right):
        axes.tick_params(labelsize=7)
    figure.tight_layout()
    return figure
