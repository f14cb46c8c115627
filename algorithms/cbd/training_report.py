"""The page about trained trees, and its figures as JSON."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..reports import Report
from ..scores import wilson_interval
from .accuracy import Score, score
from .c50.printing import print_tree
from .cbd_model import ALL
from .index_names import CHINA_LIKE, CITY_TYPES, MIXED, USA_LIKE
from .train_cbd import FLOOR, Line, Trained
from .tree_plot import COLOURS, plot_tree

# Jie et al. (2024), Table 8, by strategy 4: CBDs found, CBDs, and centres called CBD in training and in validation.
PUBLISHED_STRATEGY = "types_zscore"
PUBLISHED = {USA_LIKE: ((8, 8, 8), (2, 2, 2)), MIXED: ((12, 14, 16), (3, 3, 6)), CHINA_LIKE: ((3, 5, 3), (0, 1, 2))}
MOST_BOXES = 4
INTERVAL = (2.5, 97.5)


def metrics(trained: Trained) -> dict[str, Any]:
    """All accuracies, for other programs."""
    return {
        "configuration": trained.configuration, "strategy": trained.settings.strategy, "fields": list(trained.fields),
        "accuracies": [{"protocol": line.protocol, "method": line.method, "city_type": line.city_type,
                        "cost": line.cost, **_plain(line.score)} for line in trained.lines],
        "by_cost": {f"{cost:g}": _plain(found) for cost, found in trained.frontier.items()},
        "random_splits": {name: {"producers_median": _percentiles(values[:, 0], (50,))[0],
                                 "users_median": _percentiles(values[:, 1], (50,))[0]}
                          for name, values in trained.splits.items()},
        "trees": {name: {"leaves": list(tree.evaluation.sizes), "training_errors": tree.evaluation.total_errors}
                  for name, tree in trained.model.trees.items()}}


def write_metrics(path: str, trained: Trained) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(metrics(trained), file, indent=1)
        file.write("\n")


def write_report(path: str, trained: Trained) -> None:
    """Writes the page as HTML."""
    report = Report("CBD trees")
    centres, settings = trained.centres, trained.settings
    report.paragraph(f"{len(centres)} centres with negative pixels in {len(centres.cities)} cities, "
                     f"{centres.cbd.sum()} of them CBDs. Strategy {settings.strategy}; configuration "
                     f"{trained.configuration}.")
    for remark in trained.labels.remarks:
        report.paragraph(remark, bad=True)
    _accuracies(report, trained)
    report.figure(_frontier(trained.frontier, trained.model.cost),
                  "What a missed CBD costs decides between finding them all and calling few others a CBD; every city "
                  "by trees from the other cities. Filled: the cost of the model, where it is one of these")
    if settings.repeats:
        _splits(report, trained)
    report.heading("Trees")
    for name, tree in trained.model.trees.items():
        if name != ALL or len(trained.model.trees) == 1:
            report.figure(plot_tree(tree), f"Tree for {name}: cases, and errors after the stroke")
        report.preformatted(f"{name}\n\n{print_tree(tree)}")
    report.heading("Attributes")
    report.figure(_boxes(trained), "The attributes that decide most often, by city type: CBDs in red, others in blue")
    report.heading("Settings")
    report.table(("Setting", "Value"), [(name, str(value)) for name, value in vars(settings).items()])
    report.write(path)


def _accuracies(report: Report, trained: Trained) -> None:
    report.heading("Accuracy on cities that the trees weren't grown from")
    report.table(("Protocol", "Method", "City type", "Cost", "Producer's accuracy", "User's accuracy", "Of all CBDs"),
                 [(line.protocol, line.method, line.city_type, _cost(line), *_shown(line.score))
                  for line in trained.lines])
    found = trained.lines[0].score
    lost = found.known - len(np.unique(trained.centres.pairs[:, 1]))
    report.paragraph("In brackets: 95 % intervals (Wilson). Producer's accuracy is the share of CBDs that were found, "
                     "user's accuracy the share of found ones that are CBDs. Types and cost were found without the "
                     f"city too. CBDs without a centre with negative pixels, lost before any tree: {lost} of "
                     f"{found.known}.")
    report.heading("Confusion")
    called = trained.calls.cbd
    report.table(("City type", "CBDs found", "CBDs missed", "Others called CBD", "Others left"),
                 [(name, *_confusion(called, trained, rows)) for name, rows in _groups(trained)])


def _confusion(called: NDArray[np.bool_], trained: Trained, rows: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    found = score(called, trained.centres, rows)
    return (found.hits, found.labelled - found.hits, found.called - found.hits,
            int(rows.sum()) - found.labelled - found.called + found.hits)


def _groups(trained: Trained) -> list[tuple[str, NDArray[np.bool_]]]:
    known = {str(each) for each in trained.types}
    names = [*(name for name in CITY_TYPES if name in known), *sorted(known - set(CITY_TYPES))]
    return [*((name, trained.types == name) for name in names), ("all", np.ones(len(trained.types), bool))]


def _splits(report: Report, trained: Trained) -> None:
    report.heading("The paper's protocol")
    repeats = trained.settings.repeats
    report.paragraph(f"{repeats} random divisions of the centres into 80 % to train and 20 % to test inside each city "
                     "type, with single trees and without costs. Centres of one city stand on both sides: these "
                     "figures say how well trees know cities that they have seen. The paper made one such division "
                     "after several attempts.")
    names = ("Producer's accuracy, test", "User's accuracy, test", "Producer's accuracy, training",
             "User's accuracy, training")
    report.table(("Strategy", *names),
                 [*((name, *(_spread(column) for column in values.T)) for name, values in trained.splits.items()),
                  (f"{PUBLISHED_STRATEGY}, published", *(f"{each:.2f}" for each in _published()))])
    report.paragraph("Median and, in brackets, 95 % of the divisions.")
    report.figure(_distribution(trained.splits), "Accuracies on the test centres of all divisions; the line is what "
                  f"the paper has for its strategy {PUBLISHED_STRATEGY}")
    report.table(("Published, by city type", *names),
                 [(name, *_shares(*test), *_shares(*training)) for name, (training, test) in PUBLISHED.items()])


def _distribution(splits: Mapping[str, NDArray[np.float64]]) -> Figure:
    figure = Figure(figsize=(9, 3.2))
    for number, (name, axes) in enumerate(zip(("Producer's accuracy", "User's accuracy"), figure.subplots(1, 2))):
        shown = [values[np.isfinite(values[:, number]), number] for values in splits.values()]
        axes.violinplot([each if len(each) else [np.nan] for each in shown], vert=False, showmedians=True)
        axes.set_yticks(range(1, len(splits) + 1), list(splits))
        for position, strategy in enumerate(splits, 1):
            if strategy == PUBLISHED_STRATEGY:
                axes.plot([_published()[number]] * 2, [position - 0.4, position + 0.4], color="#d7301f")
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(name)
    figure.tight_layout()
    return figure


def _frontier(frontier: Mapping[float, Score], chosen: float) -> Figure:
    figure = Figure(figsize=(5, 3.6))
    axes = figure.add_subplot()
    costs: dict[tuple[float, float], list[float]] = {}
    for cost, found in frontier.items():
        costs.setdefault((found.producers, found.users), []).append(cost)
    axes.plot(*zip(*costs), color="#999999", zorder=0)
    for point, equal in costs.items():
        axes.scatter(*point, facecolor="#2b5c8a" if chosen in equal else "white", edgecolor="#2b5c8a", zorder=1)
        axes.annotate(", ".join(f"{cost:g}" for cost in equal), point, xytext=(4, 4), textcoords="offset points",
                      fontsize=8)
    axes.margins(0.15)
    axes.locator_params(nbins=5)
    axes.set_xlabel("Producer's accuracy")
    axes.set_ylabel("User's accuracy")
    return figure


def _boxes(trained: Trained) -> Figure:
    names = _deciding(trained)
    figure = Figure(figsize=(3.2 * len(names), 3.2))
    groups = _groups(trained)[:-1]
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        values = trained.centres.columns[name]
        for position, (_, rows) in enumerate(groups):
            for shift, kind, labelled in ((-0.2, "cbd", trained.centres.cbd), (0.2, "other", ~trained.centres.cbd)):
                _box(axes, values[rows & labelled], position + shift, COLOURS[kind])
        axes.set_xticks(range(len(groups)), [group for group, _ in groups], fontsize=8)
        axes.set_title(name, fontsize=10)
    figure.tight_layout()
    return figure


def _box(axes: Axes, values: NDArray[np.float64], position: float, colour: str) -> None:
    known = values[np.isfinite(values)]
    if len(known):
        box = axes.boxplot([known], positions=[position], widths=0.3, patch_artist=True, manage_ticks=False,
                           medianprops={"color": "#222222"}, flierprops={"markersize": 3})
        box["boxes"][0].set_facecolor(colour)


def _deciding(trained: Trained) -> list[str]:
    """The numeric attributes that decide on most cases, over all trees."""
    usage: dict[str, float] = {}
    for tree in trained.model.trees.values():
        for attribute, share in zip(tree.attributes, tree.evaluation.usage):
            if attribute.is_numeric:
                usage[attribute.name] = usage.get(attribute.name, 0) + share * tree.evaluation.cases
    ordered = sorted(usage, key=lambda name: -usage[name])
    return [name for name in ordered if usage[name] > 0][:MOST_BOXES] or ordered[:1]


def _shown(found: Score) -> list[str]:
    return [*_shares(found.hits, found.labelled, found.called), f"{found.found} of {found.known}"]


def _shares(hits: int, *wholes: int) -> list[str]:
    shown = []
    for whole in wholes:
        low, high = wilson_interval(hits, whole)
        shown.append(f"{hits} of {whole}" + (f" = {hits / whole:.2f} ({low:.2f} to {high:.2f})" if whole else ""))
    return shown


def _plain(found: Score) -> dict[str, Any]:
    return {**vars(found), "producers_accuracy": found.producers if found.labelled else None,
            "users_accuracy": found.users if found.called else None}


def _cost(line: Line) -> str:
    if line.protocol == FLOOR:
        return ""
    return "chosen" if line.cost is None else f"{line.cost:g}"


def _published() -> list[float]:
    """Producer's and user's accuracy over all types, in validation and in training."""
    training, test = np.array(list(PUBLISHED.values())).sum(axis=0)
    return [counts[0] / counts[whole] for counts in (test, training) for whole in (1, 2)]


def _spread(values: NDArray[np.float64]) -> str:
    middle, low, high = _percentiles(values, (50, *INTERVAL))
    return "" if middle is None else f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _percentiles(values: NDArray[np.float64], at: Sequence[float]) -> list[Any]:
    known = values[np.isfinite(values)]
    return [float(each) for each in np.percentile(known, at)] if len(known) else [None] * len(at)
