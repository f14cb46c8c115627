"""The explorer's picture: radiance against zenith with both fits, and the time series, of up to five pixels."""
from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtGui import QPixmap
from qgis.PyQt.QtWidgets import QWidget

if TYPE_CHECKING:
    from ..algorithms.night_lights.pixel_nights import PixelNights

COLOURS = ("#b5179e", "#0b8a6a", "#4a3fc4", "#8c5a2b", "#30343f")  # none is the colour of a class
SCREEN_DPI = 128  # a power of two: with others rounding leaves a column of the canvas unpainted
COPY_DPI = 256
POINTS = 6.5  # of the font
CURVE_POINTS = 100
DASHES = (0, (4, 2))
TICKS = 0.05  # height of a line of ticks, as a share of the axes


class NightsPlot:
    """matplotlib is imported with the first instance."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.figure import Figure

        self._figure = Figure(figsize=(4, 4), dpi=SCREEN_DPI, constrained_layout=True)
        self._canvas = FigureCanvasQTAgg(self._figure)
        self._canvas.setMinimumSize(380, 340)

    @property
    def widget(self) -> QWidget:
        return self._canvas

    def picture(self) -> QPixmap:
        """In twice the screen's resolution."""
        stream = io.BytesIO()
        self._figure.savefig(stream, format="png", dpi=COPY_DPI)
        pixmap = QPixmap()
        pixmap.loadFromData(stream.getvalue(), "PNG")
        return pixmap

    def show(self, pixels: Sequence[PixelNights], relative: bool) -> None:
        """Draws the pixels in the order of COLOURS; none empties the picture.

        relative: the radiance over the mean of the pixel's valid nights, so that dim and bright pixels compare.
        """
        self._figure.clear()
        if pixels:
            by_zenith, by_date = self._figure.subplots(2, 1, gridspec_kw={"height_ratios": (3, 2)})
            for line, pixel in enumerate(pixels):
                scale = 1.0 / _mean(pixel) if relative else 1.0
                _draw_zenith(by_zenith, pixel, COLOURS[line], scale)
                _draw_dates(by_date, pixel, COLOURS[line], scale, -0.03 - TICKS * line)
            by_date.spines["bottom"].set_position(("axes", -0.03 - TICKS * len(pixels)))
            _label(by_zenith, by_date, pixels[0].settings.max_zenith, relative)
            _name_pixels(by_date, pixels)
        self._canvas.draw_idle()


def _mean(pixel: PixelNights) -> float:
    """Of the valid nights; 1 where there is none or it isn't a scale."""
    nights = pixel.radiance[pixel.fit.valid]
    mean = float(nights.mean()) if len(nights) else 0.0
    return mean if mean > 0.0 else 1.0


def _draw_zenith(axes: Any, pixel: PixelNights, colour: str, scale: float) -> None:
    import numpy as np

    valid, rejected = pixel.fit.valid, pixel.observed & ~pixel.fit.valid
    axes.scatter(pixel.zenith[valid], pixel.radiance[valid] * scale, s=9, color=colour, alpha=0.6, linewidths=0)
    axes.scatter(pixel.zenith[rejected], pixel.radiance[rejected] * scale, s=12, color=colour, alpha=0.6, marker="x",
                 linewidths=0.7)
    found = pixel.fit.statistics
    angles = np.linspace(found["zenith_minimum"], found["zenith_maximum"], CURVE_POINTS)
    line = found["linear_intercept"] + found["linear_slope"] * angles
    parabola = (found["quadratic_intercept"] + found["quadratic_slope"] * angles
                + found["quadratic_curvature"] * angles**2)
    axes.plot(angles, line * scale, color=colour, linewidth=1.8, alpha=0.7)
    axes.plot(angles, parabola * scale, color=colour, linewidth=1.2, linestyle=DASHES)


def _draw_dates(axes: Any, pixel: PixelNights, colour: str, scale: float, below: float) -> None:
    """Nights without a value are ticks at the height below, a share of the axes."""
    import numpy as np

    days = np.array(pixel.dates, dtype="datetime64[D]")
    order = np.argsort(days)
    days, radiance = days[order], pixel.radiance[order] * scale
    valid, observed = pixel.fit.valid[order], pixel.observed[order]
    rejected, empty = observed & ~valid, days[~observed]
    axes.plot(days[valid], radiance[valid], color=colour, alpha=0.75, linewidth=0.6, marker="o", markersize=2.2)
    axes.plot(days[rejected], radiance[rejected], color=colour, alpha=0.6, linestyle="", marker="x", markersize=3,
              markeredgewidth=0.7)
    axes.plot(empty, np.full(len(empty), below), color=colour, linestyle="", marker="|", markersize=3,
              markeredgewidth=0.5, transform=axes.get_xaxis_transform(), clip_on=False)


def _label(by_zenith: Any, by_date: Any, max_zenith: float, relative: bool) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.lines import Line2D

    locator = AutoDateLocator(maxticks=7)
    by_date.xaxis.set_major_locator(locator)
    by_date.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    by_date.xaxis.get_offset_text().set_fontsize(POINTS)
    by_zenith.set_xlabel("View zenith angle (degrees)", fontsize=POINTS)
    if max_zenith:
        by_zenith.axvline(max_zenith, color="#999999", linewidth=0.7, linestyle=":")
    for axes in (by_zenith, by_date):
        axes.set_ylabel("Radiance / mean" if relative else "Radiance (nW/cm²/sr)", fontsize=POINTS)
        axes.tick_params(labelsize=POINTS, width=0.6, length=2.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e4e4e8", linewidth=0.5)
        axes.set_axisbelow(True)
    marks = [Line2D([], [], color="#555555", label=label, **style) for label, style in (
        ("valid night", {"linestyle": "", "marker": "o", "markersize": 3}),
        ("rejected night", {"linestyle": "", "marker": "x", "markersize": 3.5, "markeredgewidth": 0.7}),
        ("no value", {"linestyle": "", "marker": "|", "markersize": 4, "markeredgewidth": 0.6}),
        ("line", {"linewidth": 1.8, "alpha": 0.7}),
        ("parabola", {"linewidth": 1.2, "linestyle": DASHES}))]
    by_zenith.legend(handles=marks, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False,
                     fontsize=POINTS, handlelength=2.4, handletextpad=0.5, columnspacing=1.5)


def _name_pixels(axes: Any, pixels: Sequence[PixelNights]) -> None:
    from matplotlib.lines import Line2D

    from ..algorithms.night_lights.pixel_words import class_name

    names = [Line2D([], [], linestyle="", marker="s", markersize=4, color=colour,
                    label=f"{pixel.cell.row + 1}/{pixel.cell.column + 1} {class_name(pixel.fit.effect).split(':')[0]}")
             for pixel, colour in zip(pixels, COLOURS)]
    axes.legend(handles=names, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=POINTS,
                handletextpad=0.1, columnspacing=1.2)
