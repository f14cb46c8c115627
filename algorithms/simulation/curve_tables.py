"""The city without noise as the sensor mixes it, tabulated by zenith: what both families of light models hand on."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .city_plan import CURVES, City
from .light_curves import relative_radiance, through_footprint
from .orbit import View
from .truth import MAX_ZENITH, Truth, planted_effects

STEP = 3.0  # degrees
ZENITHS = np.arange(0, 75, STEP)
WESTERN, EASTERN = 0, 1  # sides of the table: where the sensor stands

Values = NDArray[np.float32]


@dataclass(frozen=True)
class CurveTable:
    """values: radiance in nW/cm2/sr of shape (sides, zeniths, rows, columns) at ZENITHS; one side, or west and east."""

    values: Values

    def at(self, view: View) -> Values:
        """Radiance of shape (rows, columns), linear between the tabulated zeniths."""
        sides, count, rows, columns = self.values.shape
        position = np.minimum(view.zenith / STEP, count - 1.001)
        below = position.astype(np.intp)
        side = np.where(view.azimuth > 0, EASTERN, WESTERN) if sides > 1 else 0
        cell = (side * count + below) * (rows * columns) + np.arange(rows * columns).reshape(rows, columns)
        flat = self.values.reshape(-1)
        low = flat[cell]
        return np.asarray(low + (position - below).astype(np.float32) * (flat[cell + rows * columns] - low))

    def planted(self, lowest: NDArray[np.float64], highest: NDArray[np.float64],
                inside: NDArray[np.bool_]) -> Truth:
        """The effects between the zeniths that each cell is seen under; both sides count alike.

        lowest, highest: degrees, shape (rows, columns); NaN where a cell is never seen.
        """
        used = ZENITHS <= MAX_ZENITH
        zenith = ZENITHS[used][:, None, None]
        seen = (zenith > lowest - STEP / 2) & (zenith < highest + STEP / 2)
        return planted_effects(zenith, self.values[:, used].mean(axis=0), seen, inside)

    def flat(self) -> CurveTable:
        """The null mode: the same city with the radiance of the nadir under every zenith."""
        nadir = self.values.mean(axis=0)[None, :1]
        return CurveTable(np.repeat(nadir, len(ZENITHS), axis=1))


def table_of_curves(city: City, latitude: float) -> CurveTable:
    """The first family: every district's own curve."""
    shape = CURVES[city.districts]
    return CurveTable(np.stack([
        through_footprint(city.brightness * relative_radiance(shape, city.amount, np.array(zenith)), latitude)
        for zenith in ZENITHS])[None])
