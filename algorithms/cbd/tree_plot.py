"""A tree as a picture."""
from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .c50.model import Model
from .c50.tree import CUT, LEAF, SUBSETS, Node, depth

COLOURS = {"cbd": "#d7301f", "other": "#2b5c8a"}
PLAIN = "#666666"
BESIDE = 0.6  # of the way down to a branch, its test
MOST_LEAVES = 40  # that can still be read


def plot_tree(model: Model) -> Figure:
    """The first tree of a model: tests in white, leaves in the colour of their class with cases and errors."""
    root = model.trees[0]
    leaves = _leaf_count(root)
    figure = Figure(figsize=(max(3.5, min(18, 1.5 * leaves)), 0.6 + 1.0 * depth(root)))
    axes = figure.add_subplot()
    axes.set_axis_off()
    if leaves > MOST_LEAVES:
        axes.text(0.5, 0.5, f"{leaves} leaves: see the printed tree", ha="center", va="center")
        return figure
    _draw(axes, model, root, 0.0, 0.0)
    axes.set_xlim(-0.6, leaves - 0.4)
    axes.set_ylim(-depth(root) + 0.5, 0.5)
    return figure


def _leaf_count(node: Node) -> int:
    return 1 if node.kind == LEAF else sum(_leaf_count(branch) for branch in node.branches)


def _draw(axes: Axes, model: Model, node: Node, left: float, height: float) -> float:
    """Draws a node whose leaves begin at left; returns its position."""
    if node.kind == LEAF:
        name = model.classes[node.leaf]
        wrong = node.cases - float(node.counts[node.leaf])
        label = f"{name}\n{node.cases:.4g}" + (f" / {wrong:.4g}" if wrong >= 0.05 else "")
        axes.text(left, height, label, ha="center", va="center", color="white", fontsize=9,
                  bbox={"boxstyle": "round", "facecolor": COLOURS.get(name, PLAIN), "edgecolor": "none"})
        return left
    start, middles = left, []
    for branch in node.branches:
        middles.append(_draw(axes, model, branch, start, height - 1))
        start += _leaf_count(branch)
    own = (middles[0] + middles[-1]) / 2
    for number, middle in enumerate(middles):
        axes.plot([own, middle], [height, height - 1], color="#999999", linewidth=1, zorder=0)
        axes.text(own + BESIDE * (middle - own), height - BESIDE, _outcome(model, node, number), ha="center",
                  va="center", fontsize=8,
                  bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"})
    axes.text(own, height, model.attributes[node.attribute].name, ha="center", va="center", fontsize=9,
              bbox={"boxstyle": "round", "facecolor": "white", "edgecolor": "#444444"})
    return own


def _outcome(model: Model, node: Node, number: int) -> str:
    if node.kind == CUT:
        return f"{'<=' if number == 0 else '>'} {node.cut:.4g}"
    levels = model.attributes[node.attribute].levels
    group = sorted(node.subsets[number]) if node.kind == SUBSETS else [number]
    return ", ".join(levels[level] for level in group[:3]) + ("..." if len(group) > 3 else "")
